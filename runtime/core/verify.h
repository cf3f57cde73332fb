/*
 * verify: executes a decision again, in a throw-away jailed worker, from what is on record of it,
 * and compares.
 *
 * Given are the version's own text with exactly the modules that it required, params, vault,
 * market, ctx.last, trigger, time, seed, and of ctx.state and ctx.db what the run has read. What is
 * compared is the outcome, the reason or the error, the actions and the writes to ctx.state, in the
 * text form in which equal values are equal (model/value.h). A strategy that keeps anything in Lua
 * variables from one tick to the next decides by more than is on record, and differs.
 *
 * The standard library is this program's. Blocking, as session.h.
 */
#ifndef ORRERY_CORE_VERIFY_H
#define ORRERY_CORE_VERIFY_H

#include <jansson.h>
#include <stdbool.h>

struct error;

struct verdict {
    bool same;
    char what[64]; /* differs: "outcome", "actions", "writes", … */
    json_t *recorded, *executed;
    char warning[200]; /* or "" */
};

/* `evidence`: the answer to run_evidence (core/records.h). `orrery`: this program's version. -1:
 * the run cannot be executed again, and `e` says why. */
int verify_run(const json_t *evidence, const char *orrery, struct verdict *out, struct error *e);
void verdict_release(struct verdict *verdict);

#endif
