/*
 * story: one run as people read it: what set it off, what it saw, what it decided and why, what was
 * sent, what came back, and what it left behind. From the answer to run_show (core/records.h).
 *
 * Every text of a script, a payload or a store is inert. Long values are cut, `--json` has them
 * whole.
 */
#ifndef ORRERY_CLI_STORY_H
#define ORRERY_CLI_STORY_H

#include "cli/output.h"

void story_print(const struct output *o, const json_t *run);

#endif
