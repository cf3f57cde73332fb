/*
 * tx_input: the bytes of a transaction as somebody hands them over: Base64 or hex (with or without
 * 0x) on the command line, in a file (@FILE) or on the standard input ("-", or nothing); in the
 * last two also the bare bytes. Blanks and line breaks in texts do not count.
 */
#ifndef ORRERY_CLI_TX_INPUT_H
#define ORRERY_CLI_TX_INPUT_H

#include "base/buf.h"

struct error;

/* `out` is made on success; the caller releases it. INVALID, LIMIT, NOT_FOUND, IO. */
int tx_input_read(const char *word_or_null, struct buf *out, struct error *e);

#endif
