/*
 * when: moments as people give them to --since and --until.
 *
 *   2026-01-02                     the beginning of that day, UTC
 *   2026-01-02T15:04:05Z           RFC 3339; also with +02:00, with a fraction, or a blank for the
 * T 90s, 20m, 2h, 1d               that long ago, by the desk's clock
 */
#ifndef ORRERY_CLI_WHEN_H
#define ORRERY_CLI_WHEN_H

#include <jansson.h>

#include "cli/options.h"

/* Adds the option's moment, when it is given, to a question of core/records.h: as `name` (ms) or
 * NAME_ago. */
int when_add(const struct options *options, const char *name, json_t *request, struct error *e);

#endif
