/*
 * intake_check: what a desk must be like for a strategy's event sources.
 */
#ifndef ORRERY_CORE_INTAKE_CHECK_H
#define ORRERY_CORE_INTAKE_CHECK_H

#include <stddef.h>

struct blueprint;
struct blueprint_plugin;
struct registry;

/* -1 with its problems added: a server that orrery.lua does not name, or of another kind; the same
 * source twice; a desk whose clock is not the real one. Connects nowhere. */
int intake_check(struct blueprint *blueprint, const struct blueprint_plugin *plugin,
                 const struct registry *registry);

/* Of the whole desk: at most EVENT_SOURCES_MAX. */
void intake_check_count(struct blueprint *blueprint);

#endif
