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
extern const struct journal_chapter journal_trims;    /* what is thrown away, and stats */
extern const struct journal_chapter journal_whole;    /* texts, stamps, rollback, reopening */

#endif
