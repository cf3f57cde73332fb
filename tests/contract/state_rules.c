/* All rules: one file per chapter, in the order of state/state.h. */
#include "contract/state_rules.h"

const struct state_chapter *const state_chapters[] = {
    &state_values, &state_keys,    &state_expiry, &state_transactions, &state_history,
    &state_facts,  &state_stamps,  &state_fences, &state_leases,       &state_races,
    &state_cuts,   &state_outages, NULL,
};
