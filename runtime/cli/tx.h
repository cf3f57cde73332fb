/*
 * tx: the verbs of `orrery tx`, one file each.
 */
#ifndef ORRERY_CLI_TX_H
#define ORRERY_CLI_TX_H

#include <jansson.h>

#include "cli/command.h"

int tx_decode(struct context *c, struct error *e);
int tx_list(struct context *c, struct error *e);
int tx_show(struct context *c, struct error *e);
int tx_resume(struct context *c, struct error *e);

/* A table of submissions (their JSON form). */
void tx_print_list(const struct output *o, const json_t *list, const char *nothing);

/* How a submission stands, in a word: "open", "executed", "failed", "dead". */
const char *tx_state_word(const json_t *submission);
enum tone tx_state_tone(const json_t *submission);

/* Appends what a submission's outcome says went wrong, inert: "MoveAbort …"; nothing when nothing
 * did. */
void tx_add_error(struct buf *out, const json_t *outcome);

/* Of signature text over the bytes: {address, holds, by: "sender" | "gas owner" | "somebody else"}.
 * A new reference. */
int tx_signature_json(const void *bytes, size_t len, const json_t *transaction,
                      const char *signature, json_t **out, struct error *e);

#endif
