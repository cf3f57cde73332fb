/* runs: the actions of `orrery runs`, and what they share. */
#ifndef ORRERY_CLI_RUNS_H
#define ORRERY_CLI_RUNS_H

#include <jansson.h>

#include "cli/command.h"

int runs_show(struct context *c, struct error *e);
int runs_logs(struct context *c, struct error *e);
int runs_trace(struct context *c, struct error *e);
int runs_cancel(struct context *c, struct error *e);
int runs_verify(struct context *c, struct error *e);

/* The daemon's end is the end of what there is to follow, and no failure: 0 for that, said. */
int logs_end_with_daemon(struct context *c, struct error *e);

/* Adds the value of the option, when it is given, under its own name. */
void runs_add_option(const struct context *c, const char *option, json_t *request);
/* --level, checked here so that a stopped desk's answer is as good; -1 with the nearest one. */
int runs_add_level(const struct context *c, json_t *request, struct error *e);

#endif
