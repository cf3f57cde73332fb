/*
 * live: asks the daemon that runs the context's desk.
 *
 * The socket is looked for in DESK/data, and, when nobody answers there, in the folder that
 * orrery.lua names.
 */
#ifndef ORRERY_CLI_LIVE_H
#define ORRERY_CLI_LIVE_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/command.h"

struct client;
struct error;

/* 1: connected; 0: no daemon runs for this desk; -1 on any other failure. */
int live_try_open(const struct context *c, struct client **out, struct error *e);

/* One question to the daemon, which must be running (else ERROR_NOT_RUNNING). Takes over `request`;
 * `*data` is a new reference. */
int live_ask(const struct context *c, json_t *request, json_t **data, struct error *e);

#endif
