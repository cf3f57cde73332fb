/*
 * journal_suite: the contract of journal/journal.h as rules that any backend must keep. Made like
 * state_suite.h, which see.
 */
#ifndef ORRERY_TESTS_JOURNAL_SUITE_H
#define ORRERY_TESTS_JOURNAL_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "journal/journal.h"

struct journal_backend {
    const char *name;
    bool durable;
    size_t keeps; /* runs, at least; SIZE_MAX: all */
    void *(*set_up)(void);
    struct journal *(*open)(void *where);
    void (*close)(struct journal *journal, void *where);
    void (*tear_down)(void *where);
};

extern const struct journal_backend journal_backends[]; /* those that need no server */
extern const size_t journal_backend_count;

/* On a real server (journal_backend_postgres.c); its address comes from ORRERY_POSTGRES_URL. Run by
 * `contract_journal postgres`. */
extern const struct journal_backend journal_backend_postgres;

struct journal_fixture {
    const struct journal_backend *backend;
    void *where;
    struct journal *journal;
};

typedef const char *journal_rule_fn(struct journal_fixture *fixture);

struct journal_rule {
    const char *name;
    journal_rule_fn *check;
};

extern const struct journal_rule journal_rules[];
extern const size_t journal_rule_count;

const char *journal_suite_run(const struct journal_backend *backend,
                              const struct journal_rule *rule);

/* For rules: returns a sentence with the place unless `condition` holds. */
#define KEEPS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return journal_suite_broken(__FILE__, __LINE__, #condition);                           \
    } while (0)

const char *journal_suite_broken(const char *file, int line, const char *condition);
void journal_suite_reopen(struct journal_fixture *fixture);

/* True on success; a failure is printed. */
bool suite_begin(struct journal *j);
bool suite_commit(struct journal *j);
bool suite_run(struct journal *j, uint64_t id, const char *plugin, enum run_status status);
bool suite_pending(struct journal *j, uint64_t id, const char *plugin);
bool suite_change(struct journal *j, uint64_t run, int64_t at_ms,
                  const struct ledger_change *change);

/* Everything that can be read, as text; valid until the fourth next call. Runs as lists of
 * "id:plugin:status". */
const char *suite_runs(struct journal *j, const char *plugin, int status, uint64_t before,
                       size_t limit);
const char *suite_counts(struct journal *j);
const char *suite_pendings(struct journal *j);
const char *suite_vault(struct journal *j, const char *vault);
const char *suite_everything(struct journal *j); /* of vaults "v" and "w" */

/* All fields of one run, as text; "" when there is none. */
const char *suite_whole_run(struct journal *j, uint64_t id);
const char *suite_text_of(const struct run *run);

#endif
