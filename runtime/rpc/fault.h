/*
 * fault: why an answer of the GraphQL service is not what was asked for.
 *
 *   GARBAGE   no answer to the question: not JSON, a field missing or of another type, another
 *             transaction's digest
 *   ERRORS    the service answered with errors[]
 *
 * The first fault wins. Its text is inert: what the service said has no control characters.
 */
#ifndef ORRERY_RPC_FAULT_H
#define ORRERY_RPC_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "rpc/rpc.h"

#define FAULT_TEXT_SIZE 512

struct fault {
    enum { FAULT_NONE, FAULT_GARBAGE, FAULT_ERRORS } kind;
    bool ours;     /* ERRORS: the service blames the question, so that others would, too */
    bool rejected; /* ERRORS: all of them are known rejections before execution (rpc/reject.h) */
    enum rpc_rejection rejection;
    char text[FAULT_TEXT_SIZE];
};

/* Always -1. `f` may be NULL. */
int fault_garbage(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes at most `size` - 1 bytes, inert. */
void fault_say(char *out, size_t size, const char *text, size_t len);

#endif
