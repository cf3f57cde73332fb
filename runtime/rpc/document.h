/*
 * document: an answer of the GraphQL service as a whole: {"data": …, "errors": […]}. Pure.
 *
 * Limits: RPC_ANSWER_BYTES, DOCUMENT_DEPTH levels, DOCUMENT_ERRORS errors. An object with the same
 * key twice is no JSON here: who reads the first and who reads the last would see two answers.
 */
#ifndef ORRERY_RPC_DOCUMENT_H
#define ORRERY_RPC_DOCUMENT_H

#include <jansson.h>

#include "rpc/fault.h"

#define DOCUMENT_DEPTH  64
#define DOCUMENT_ERRORS 16

struct document {
    json_t *root;
    json_t *data;        /* of root; NULL: null or missing */
    struct fault errors; /* FAULT_NONE, or FAULT_ERRORS: there are errors[] */
};

/* -1: GARBAGE. Errors are no fault here: with them there may still be data. */
int document_open(struct document *d, const char *text, size_t len, struct fault *f);

/* The same, for questions that take no half answers: errors[] are the fault, and there is data. */
int document_open_whole(struct document *d, const char *text, size_t len, struct fault *f);

void document_close(struct document *d);

#endif
