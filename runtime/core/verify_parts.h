/*
 * verify_parts: between verify.c (what is compared) and verify_session.c (how it is executed).
 */
#ifndef ORRERY_CORE_VERIFY_PARTS_H
#define ORRERY_CORE_VERIFY_PARTS_H

#include "core/verify.h"

struct evidence {
    const json_t *run, *seen, *content, *snapshots; /* borrowed */
};

/* What the decision was: {outcome, reason | error | actions, writes?, expires?, calls}: `calls` is
 * how often it asked its tables. Or {call: N, recorded, executed} where it asked something else. */
int verify_execute(const struct evidence *ev, json_t **out, struct error *e);

#endif
