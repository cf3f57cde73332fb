/*
 * tx_outcome: what came of a submission and what it holds until then, for people: from its JSON
 * form (model/submission.h). What is known of a chain has lines of its own; anything else is JSON.
 */
#ifndef ORRERY_CLI_TX_OUTCOME_H
#define ORRERY_CLI_TX_OUTCOME_H

#include <jansson.h>

#include "cli/labelled.h"

void tx_outcome_print(struct labelled *l, const json_t *submission);
void tx_holds_print(struct labelled *l, const json_t *submission);

#endif
