/* journal_rules: the chapters of the contract, one per file journal_rules_<chapter>.c. */
#ifndef ORRERY_TESTS_JOURNAL_RULES_H
#define ORRERY_TESTS_JOURNAL_RULES_H

#include "contract/journal_suite.h"

extern const struct journal_chapter journal_runs;     /* ended runs, pendings, counts */
extern const struct journal_chapter journal_vaults;   /* vaults, and transactions over all of it */
extern const struct journal_chapter journal_open;     /* runs that have not ended */
extern const struct journal_chapter journal_lists;    /* filters, pages, cursors */
extern const struct journal_chapter journal_parts;    /* results, metadata, logs, spans */
extern const struct journal_chapter journal_versions; /* strategies and their versions */
extern const struct journal_chapter journal_kept;     /* snapshots, cursors, events, dead letters */
extern const struct journal_chapter journal_outbox;   /* submissions */
extern const struct journal_chapter journal_sent;     /* submissions and their runs */
extern const struct journal_chapter journal_trims;    /* what is thrown away, and stats */
extern const struct journal_chapter journal_whole;    /* texts, stamps, rollback, reopening */

/* One of each write there is, in a transaction that the caller has begun, on runs `id` (open) and
 * `id + 1`; `round` (0 or 1) makes them differ. NULL, or what broke. */
const char *journal_write_all(struct journal *j, uint64_t id, int round);
/* What changes or removes what an earlier transaction so wrote in round 0. */
const char *journal_change_all(struct journal *j, uint64_t id);

#endif
