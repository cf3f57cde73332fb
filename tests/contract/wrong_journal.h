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

struct wrong_journals {
    const struct wrong_journal *items;
    size_t count;
};
extern const struct wrong_journals wrong_originals; /* that the project's predecessors made */
extern const struct wrong_journals wrong_others;
extern const struct wrong_journals wrong_outbox; /* with what is sent outside */

extern struct journal_ops wrong_journal_right; /* for mistakes: what a right journal does */
void wrong_originals_forget(void);             /* what they know of a journal */

/* For tables of mistakes. */
#define SPOILS(operation, mistake)                                                                 \
    static void spoil_##mistake(struct journal_ops *ops)                                           \
    {                                                                                              \
        ops->operation = mistake;                                                                  \
    }
#define LINE(operation, mistake) {#mistake, spoil_##mistake},

/* A backend with this mistake (NULL: none); valid until the next call. */
const struct journal_backend *wrong_journal_backend(const struct wrong_journal *wrong);

#endif
