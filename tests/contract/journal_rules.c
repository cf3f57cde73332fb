/* All rules: one file per chapter, in the order of journal/journal.h, but for the slow lists. */
#include "contract/journal_rules.h"

const struct journal_chapter *const journal_chapters[] = {
    &journal_runs,     &journal_vaults, &journal_open,   &journal_parts,
    &journal_versions, &journal_kept,   &journal_outbox, &journal_sent,
    &journal_lists,    &journal_trims,  &journal_whole,  NULL,
};
