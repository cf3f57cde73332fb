/* state_rules: the chapters of the contract, one per file state_rules_<chapter>.c. */
#ifndef ORRERY_TESTS_STATE_RULES_H
#define ORRERY_TESTS_STATE_RULES_H

#include "contract/state_suite.h"

extern const struct state_chapter state_values;       /* values come back exactly */
extern const struct state_chapter state_keys;         /* keys and plugins are bytes */
extern const struct state_chapter state_expiry;       /* deadlines, clocks, sweeps */
extern const struct state_chapter state_transactions; /* begin, commit, rollback, reads within */
extern const struct state_chapter state_history;      /* long random histories */
extern const struct state_chapter state_facts;        /* lists, walks, numbers, misuse */
extern const struct state_chapter state_stamps;
extern const struct state_chapter state_fences;
extern const struct state_chapter state_leases;
extern const struct state_chapter state_races;   /* two daemons at once */
extern const struct state_chapter state_cuts;    /* connections that break in every place */
extern const struct state_chapter state_outages; /* servers that are away, or do not answer */

#endif
