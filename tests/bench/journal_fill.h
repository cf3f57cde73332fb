/*
 * journal_fill: a journal as it is after a month of many strategies, made as fast as the journal
 * takes it.
 *
 * Runs lie evenly over the last thirty days. Strategies differ: a tenth of them makes most of the
 * runs, one ("rare") makes next to none. Each has twenty versions, one after the other. Four of
 * five runs are noops; failures are rare, cancellations very rare; three of a hundred were caused
 * by another run. Texts have the lengths that real ones have: reasons, logs, actions, what was
 * seen. The same seed makes the same runs.
 */
#ifndef ORRERY_BENCH_JOURNAL_FILL_H
#define ORRERY_BENCH_JOURNAL_FILL_H

#include <stdint.h>

#include "base/random.h"
#include "journal/journal.h"

#define FILL_VERSIONS 20

struct filling {
    uint64_t runs;
    uint64_t plugins; /* beside the rare one */
    uint64_t rare;    /* one run of so many is the rare strategy's */
    uint64_t group;   /* runs in one transaction */
    int64_t from_ms, to_ms;
    void (*progress)(uint64_t done, uint64_t runs); /* or NULL */
};

/* The names that the runs have. */
void fill_plugin(uint64_t index, char out[LIMIT_NAME_BYTES + 1]); /* UINT64_MAX: the rare one */
void fill_version(uint64_t plugin, uint64_t number, char out[DIGEST_TEXT_SIZE]);
/* The id of the run at `index`, and of the first one at or after an instant. */
uint64_t fill_id(const struct filling *filling, uint64_t index);
/* Which strategy makes most runs. */
uint64_t fill_draw_plugin(struct random *random, uint64_t plugins);

int fill_journal(struct journal *journal, const struct filling *filling, struct error *e);

#endif
