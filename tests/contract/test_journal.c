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
#include "contract/wrong_journal.h"

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
    if (name != NULL && strcmp(name, "postgres") == 0)
        subjects[subject_count++] = &journal_backend_postgres;
    return subject_count > before;
}

static bool told(void *arg, const struct journal_rule *rule, const char *how)
{
    const struct journal_backend *backend = arg;

    if (how == NULL && verbose)
        print_message("%s keeps %s\n", backend->name, rule->name);
    if (how != NULL)
        print_error("%s breaks %s: %s\n", backend->name, rule->name, how);
    return true;
}

static void every_backend_keeps_every_rule(void **unused)
{
    size_t broken_rules = 0;

    (void)unused;
    for (size_t b = 0; b < subject_count; b++)
        broken_rules += journal_suite_run_all(subjects[b], told, (void *)(uintptr_t)subjects[b]);
    assert_int_equal(broken_rules, 0);
}

/* ---- the suite itself ---- */

static bool until_broken(void *arg, const struct journal_rule *rule, const char *how)
{
    const char **caught_by = arg;

    if (how != NULL)
        *caught_by = rule->name;
    return how == NULL;
}

static const char *caught_by(const struct wrong_journal *wrong)
{
    const char *rule = NULL;

    journal_suite_run_all(wrong_journal_backend(wrong), until_broken, &rule);
    return rule;
}

static void a_right_one_in_disguise_is_not_caught(void **unused)
{
    (void)unused;
    assert_null(caught_by(NULL));
}

static void each_is_caught(const struct wrong_journals *wrong)
{
    for (size_t i = 0; i < wrong->count; i++) {
        const char *rule = caught_by(&wrong->items[i]);
        if (rule == NULL)
            fail_msg("a journal whose mistake is '%s' passes the suite", wrong->items[i].mistake);
        if (verbose)
            print_message("%s: caught by %s\n", wrong->items[i].mistake, rule);
    }
}

static void every_wrong_journal_is_caught(void **unused)
{
    (void)unused;
    each_is_caught(&wrong_originals);
    each_is_caught(&wrong_others);
    each_is_caught(&wrong_outbox);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_backend_keeps_every_rule),
    };
    const struct CMUnitTest suite_tests[] = {
        cmocka_unit_test(a_right_one_in_disguise_is_not_caught),
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
