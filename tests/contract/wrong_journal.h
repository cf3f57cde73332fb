/*
 * wrong_journal: journals that are wrong on purpose, one mistake each, made by replacing operations
 * of the memory journal. The suite must catch every one of them.
 */
#ifndef ORRERY_TESTS_WRONG_JOURNAL_H
#define ORRERY_TESTS_WRONG_JOURNAL_H

#include "contract/journal_suite.h"

struct wrong_journal {
    const char *mistake;
    void (*spoil)(struct journal_ops *ops);
};

extern const struct wrong_journal wrong_journals[];
extern const size_t wrong_journal_count;

/* A backend with this mistake (NULL: none); valid until the next call. */
const struct journal_backend *wrong_journal_backend(const struct wrong_journal *wrong);

#endif
