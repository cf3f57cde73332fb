/* runs_show: `orrery runs show ID`: one run in full. */
#ifndef ORRERY_CLI_RUNS_SHOW_H
#define ORRERY_CLI_RUNS_SHOW_H

#include "cli/command.h"

int runs_show(struct context *c, struct error *e);

#endif
