/*
 * status_text: the answer to "status" (core/control.h), for people: the tables of `orrery status`,
 * and the closing summary of `orrery run`, which has the same shape. Members that are absent are
 * shown as "-".
 */
#ifndef ORRERY_CLI_STATUS_TEXT_H
#define ORRERY_CLI_STATUS_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/output.h"

void status_print(const struct output *o, const json_t *status);

/* What a run of the daemon has done: ticks, reasons of noops, transactions, NAV, state kept. `desk`
 * is how commands name it; with `next` three commands to try follow. */
void summary_print(const struct output *o, const json_t *status, const char *desk, bool next);

#endif
