/*
 * run_text: runs in words, from their JSON form (run_to_json of model/run.h).
 */
#ifndef ORRERY_CLI_RUN_TEXT_H
#define ORRERY_CLI_RUN_TEXT_H

#include <jansson.h>

#include "base/buf.h"

#define RUN_TEXT_MAX (256 * 1024)

/* Appends what a run (JSON form) did, in one inert line: its actions, its noop's reason, why it was
 * refused, or its error: mint_binary 5,000,000 @100,000 up + mint_range 2,000,000 @99,000–101,000
 *     cooling down
 *     strategies/first.lua:12: attempt to index a nil value */
void run_text_what(struct buf *out, const json_t *run);

/* Appends an error: {code, message, where, line} or plain text. */
void run_text_error(struct buf *out, const json_t *error);

/* Appends one action: "pm_deposit 1,000". */
void run_text_action(struct buf *out, const json_t *action);

#endif
