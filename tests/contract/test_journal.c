/* The journal contract on every backend, and on journals that are wrong on purpose, each of which
 * must be caught. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/journal_suite.h"

/* What this run is about: the backends named, or all that need no server. */
static const struct journal_backend *subjects[8];
static size_t subject_count;
static bool verbose;

static bool add_subject(const char *name)
{
    size_t before = subject_count;

    for (size_t i = 0; i < journal_backend_count; i++)
        if (name == NULL || strcmp(journal_backends[i].name, name) == 0)
            subjects[subject_count++] = &journal_backends[i];
#ifdef JOURNAL_POSTGRES
    if (name != NULL && strcmp(name, "postgres") == 0)
        subjects[subject_count++] = &journal_backend_postgres;
#endif
    return subject_count > before;
}

static void every_backend_keeps_every_rule(void **unused)
{
    size_t broken_rules = 0;

    (void)unused;
    for (size_t b = 0; b < subject_count; b++)
        for (size_t r = 0; r < journal_rule_count; r++) {
            const char *broken = journal_suite_run(subjects[b], &journal_rules[r]);
            if (verbose)
                print_message("%s: %s\n", subjects[b]->name, journal_rules[r].name);
            if (broken == NULL)
                continue;
            print_error("%s breaks %s: %s\n", subjects[b]->name, journal_rules[r].name, broken);
            broken_rules++;
        }
    assert_int_equal(broken_rules, 0);
}

/* One mistake each, made by replacing one operation of the memory journal. */
static const struct journal_ops *right;
static struct journal_ops wrong;

static int put_run_swallows(struct journal *j, const struct run *run, struct error *e)
{
    struct error ignored = ERROR_INIT;

    (void)e;
    right->put_run(j, run, &ignored);
    return 0;
}

static int put_run_forgets_the_seed(struct journal *j, const struct run *run, struct error *e)
{
    struct run copy = *run;

    copy.seed &= INT64_MAX;
    return right->put_run(j, &copy, e);
}

static int list_ignores_before(struct journal *j, const struct run_filter *filter, run_fn *each,
                               void *arg, struct error *e)
{
    struct run_filter all = *filter;

    all.before = 0;
    return right->list_runs(j, &all, each, arg, e);
}

static int list_ignores_status(struct journal *j, const struct run_filter *filter, run_fn *each,
                               void *arg, struct error *e)
{
    struct run_filter all = *filter;

    all.status = -1;
    return right->list_runs(j, &all, each, arg, e);
}

static int remove_pending_forgets(struct journal *j, uint64_t id, struct error *e)
{
    (void)j;
    (void)id;
    (void)e;
    return 0;
}

static int change_keeps_closed_positions(struct journal *j, uint64_t run, int64_t at_ms,
                                         const struct ledger_change *change, struct error *e)
{
    struct ledger_change without = *change;

    if (without.position_count > 0 && without.positions[0].quantity == 0)
        without.position_count = 0;
    return right->put_change(j, run, at_ms, &without, e);
}

static int spend_ignores_the_window(struct journal *j, const char *vault, int64_t since_ms,
                                    spend_fn *each, void *arg, struct error *e)
{
    (void)since_ms;
    return right->load_spend(j, vault, 0, each, arg, e);
}

static void rollback_commits(struct journal *j)
{
    struct error e = ERROR_INIT;

    right->commit(j, &e);
}

static int last_id_is_late(struct journal *j, uint64_t *id, struct error *e)
{
    int rc = right->last_id(j, id, e);

    *id += *id != 0;
    return rc;
}

static struct journal *open_wrong(void *where)
{
    struct journal *journal = journal_backends[0].open(where);

    journal->ops = &wrong;
    return journal;
}

static size_t rules_broken(void)
{
    struct journal_backend backend = journal_backends[0];
    size_t broken = 0;

    backend.open = open_wrong;
    for (size_t r = 0; r < journal_rule_count; r++)
        broken += journal_suite_run(&backend, &journal_rules[r]) != NULL;
    return broken;
}

static void every_wrong_journal_is_caught(void **unused)
{
    struct journal *journal = journal_backends[0].open(NULL);

    (void)unused;
    right = journal->ops;
    journal_close(journal);
    wrong = *right;
    assert_int_equal(rules_broken(), 0);
#define CAUGHT(operation, mistake)                                                                 \
    do {                                                                                           \
        wrong = *right;                                                                            \
        wrong.operation = mistake;                                                                 \
        if (rules_broken() == 0)                                                                   \
            fail_msg("a journal with %s passes the suite", #mistake);                              \
    } while (0)
    CAUGHT(put_run, put_run_swallows);
    CAUGHT(put_run, put_run_forgets_the_seed);
    CAUGHT(list_runs, list_ignores_before);
    CAUGHT(list_runs, list_ignores_status);
    CAUGHT(remove_pending, remove_pending_forgets);
    CAUGHT(put_change, change_keeps_closed_positions);
    CAUGHT(load_spend, spend_ignores_the_window);
    CAUGHT(rollback, rollback_commits);
    CAUGHT(last_id, last_id_is_late);
#undef CAUGHT
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_backend_keeps_every_rule),
    };
    const struct CMUnitTest suite_tests[] = {
        cmocka_unit_test(every_wrong_journal_is_caught),
    };
    bool named = false;
    int failed;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-v") == 0) {
            verbose = true;
            continue;
        }
        named = true;
        if (add_subject(argv[i]))
            continue;
        fprintf(stderr, "usage: contract_journal [-v] [memory|sqlite|postgres]…\n");
        return 1;
    }
    if (!named)
        add_subject(NULL);
    failed = cmocka_run_group_tests_name("contract: journal", tests, NULL, NULL);
    if (!named) /* these need no server: once is enough */
        failed +=
            cmocka_run_group_tests_name("contract: the suite itself", suite_tests, NULL, NULL);
    return failed;
}
