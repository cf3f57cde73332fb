/*
 * journal_suite: the contract of journal/journal.h as rules that any backend must keep. Made like
 * state_suite.h, which see.
 */
#ifndef ORRERY_TESTS_JOURNAL_SUITE_H
#define ORRERY_TESTS_JOURNAL_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

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
    bool stamps; /* a commit can be repeated under its stamp */
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

/* The rules of one file, journal_rules_<chapter>.c. */
struct journal_chapter {
    const char *name;
    const struct journal_rule *rules;
    size_t count;
};
extern const struct journal_chapter *const journal_chapters[]; /* ends with NULL */

#define RULE(rule)                                                                                 \
    {                                                                                              \
#rule, rule                                                                                \
    }
#define CHAPTER(chapter)                                                                           \
    const struct journal_chapter journal_##chapter = {#chapter, rules,                             \
                                                      sizeof rules / sizeof rules[0]}

#define SAME(a, b) (strcmp((a), (b)) == 0)

const char *journal_suite_run(const struct journal_backend *backend,
                              const struct journal_rule *rule);

/* Runs all; `told` hears of each rule, how it broke or NULL, and returns whether to go on. The
 * number of rules that broke. */
typedef bool journal_told_fn(void *arg, const struct journal_rule *rule, const char *how);
size_t journal_suite_run_all(const struct journal_backend *backend, journal_told_fn *told,
                             void *arg);

/* For rules: returns a sentence with the place unless `condition` holds. */
#define KEEPS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return journal_suite_broken(__FILE__, __LINE__, #condition);                           \
    } while (0)

const char *journal_suite_broken(const char *file, int line, const char *condition);
void journal_suite_reopen(struct journal_fixture *fixture);

/* Whether a call succeeded; a failure is printed. */
bool suite_ok(int rc, struct error *e);
/* Whether a call failed with this code and a message; clears `e`. */
bool suite_refused(int rc, struct error *e, enum error_code code);

/* In rules with a journal `j` and an error `e`. */
#define DONE(call) KEEPS(suite_ok((call), &e))
/* A call that succeeds, or fails, in a transaction of its own, which is committed, or undone. */
#define COMMITS(call)                                                                              \
    do {                                                                                           \
        KEEPS(suite_begin(j));                                                                     \
        DONE(call);                                                                                \
        KEEPS(suite_commit(j));                                                                    \
    } while (0)
#define REFUSES(call, code)                                                                        \
    do {                                                                                           \
        KEEPS(suite_begin(j));                                                                     \
        KEEPS(suite_refused((call), &e, code));                                                    \
        journal_rollback(j);                                                                       \
    } while (0)

/* True on success; a failure is printed. */
bool suite_begin(struct journal *j);
bool suite_commit(struct journal *j);
bool suite_run(struct journal *j, uint64_t id, const char *plugin, enum run_status status);
bool suite_pending(struct journal *j, uint64_t id, const char *plugin);
bool suite_change(struct journal *j, uint64_t run, int64_t at_ms,
                  const struct ledger_change *change);

/* Everything that can be read, as text; valid until the eighth next call. Runs as lists of
 * "id:plugin:status". */
const char *suite_runs(struct journal *j, const char *plugin, int status, uint64_t before,
                       size_t limit);
const char *suite_filtered(struct journal *j, const struct run_filter *filter); /* "id " */
const char *suite_counts(struct journal *j);
const char *suite_open_ones(struct journal *j, int64_t before_ms, size_t limit); /* "id:status " */
const char *suite_results(struct journal *j, uint64_t run, const uint32_t *indices, size_t count);
const char *suite_logs(struct journal *j, uint64_t run);  /* "at:level:from:message:fields " */
const char *suite_trace(struct journal *j, uint64_t run); /* "id:name:start:end:status:metadata " */
const char *suite_versions(struct journal *j, const char *strategy, uint32_t before, size_t limit);
const char *suite_version(struct journal *j, const char *strategy, uint32_t number);
const char *suite_strategies(struct journal *j, bool active_only, size_t limit, uint64_t offset);
const char *suite_snapshot(struct journal *j, const char *digest); /* "-": none */
const char *suite_cursors(struct journal *j, const char *source);
const char *suite_dead(struct journal *j, const char *plugin, int state, uint64_t before,
                       size_t limit); /* "run:plugin:state:retry " */
const char *suite_stats(struct journal *j);
/* journal_suite_outbox.c; valid until the fourth next call. */
const char *suite_text_of_submission(const struct submission *s); /* all fields, a line */
const char *suite_submission(struct journal *j, uint64_t id, const char *digest); /* "": none */
const char *suite_whole_outbox(struct journal *j);
const char *suite_outbox(struct journal *j,
                         const struct submission_filter *filter); /* "id:state "; NULL: all */
/* One of account "0xab" and vault "v", or upkeep where the plugin is "". */
struct submission suite_make_submission(uint64_t id, const char *plugin);
bool suite_submit(struct journal *j, uint64_t id, const char *plugin);
/* "0", "1": which of the events (space-separated) were new, in a transaction of its own. */
const char *suite_note(struct journal *j, const char *source, const char *events, int64_t at_ms);
/* Opens a run "p" with this status, in a transaction of its own. */
bool suite_open(struct journal *j, uint64_t id, enum run_status status);
const char *suite_pendings(struct journal *j);
const char *suite_vault(struct journal *j, const char *vault);
const char *suite_everything(struct journal *j); /* of vaults "v" and "w" */

/* All fields of one run, as text; "" when there is none. */
const char *suite_whole_run(struct journal *j, uint64_t id);
const char *suite_text_of(const struct run *run);

#endif
