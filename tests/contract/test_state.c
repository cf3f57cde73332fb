/*
 * The state contract on every backend; on backends that are wrong on purpose, each of which must be
 * caught; and all-or-nothing with every single call failing once.
 *
 *     contract_state [-v] [memory|sqlite|shared|postgres|redis|libsql]…
 *
 * Without names: those that need no server. -v says how long each rule took, and which rule caught
 * which mistake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "contract/faulty_state.h"
#include "contract/state_suite.h"
#include "contract/wrong_state.h"

static const struct state_backend *subjects[16];
static size_t subject_count;
static bool verbose;

static bool add_subject(const char *name)
{
    size_t before = subject_count;

    for (size_t b = 0; b < state_backend_count; b++)
        if (name == NULL || strcmp(state_backends[b].name, name) == 0)
            subjects[subject_count++] = &state_backends[b];
    for (size_t b = 0; name != NULL && b < server_backend_count; b++)
        if (strcmp(server_backends[b].name, name) == 0)
            subjects[subject_count++] = &server_backends[b];
    return subject_count > before;
}

static double seconds(void)
{
    struct clock clock;

    clock_init_real(&clock);
    return (double)clock_mono_ns(&clock) / 1e9;
}

/* ---- every backend keeps every rule ---- */

static size_t rules_broken(const struct state_backend *backend)
{
    size_t broken_rules = 0, rules = 0;
    double begun = seconds();

    for (const struct state_chapter *const *chapter = state_chapters; *chapter != NULL; chapter++)
        for (size_t r = 0; r < (*chapter)->count; r++) {
            const struct state_rule *rule = &(*chapter)->rules[r];
            double rule_begun = seconds();
            const char *broken = state_suite_run(backend, rule);
            rules++;
            if (verbose)
                print_message("  %-8s %-50s %6.2f s\n", backend->name, rule->name,
                              seconds() - rule_begun);
            if (broken == NULL)
                continue;
            print_error("%s breaks %s (%s)\n    %s\n", backend->name, rule->name, (*chapter)->name,
                        broken);
            broken_rules++;
        }
    print_message("%s: %zu rules in %.1f s, %zu broken\n", backend->name, rules, seconds() - begun,
                  broken_rules);
    return broken_rules;
}

static void every_backend_keeps_every_rule(void **unused)
{
    size_t broken = 0;

    (void)unused;
    for (size_t b = 0; b < subject_count; b++)
        broken += rules_broken(subjects[b]);
    assert_int_equal(broken, 0);
}

/* ---- a faultless wrapper is a backend like any other ---- */

static const struct state_backend *wrapped;

static struct state_store *faultless_open(void *where)
{
    return faulty_state_new(wrapped->open(where), 0, FAULT_BEFORE, ERROR_STORE);
}

static void faultless_close(struct state_store *store, void *where)
{
    wrapped->close(faulty_state_unwrap(store), where);
}

static bool print_broken(void *arg, const struct state_rule *rule, const char *how)
{
    (void)arg;
    print_error("%s: %s\n", rule->name, how);
    return true;
}

static void a_wrapper_without_faults_keeps_every_rule(void **unused)
{
    struct state_backend backend;

    (void)unused;
    for (size_t b = 0; b < state_backend_count; b++) {
        wrapped = &state_backends[b];
        backend = *wrapped;
        backend.open = faultless_open;
        backend.close = faultless_close;
        assert_int_equal(state_suite_run_all(&backend, print_broken, NULL), 0);
    }
}

/* ---- wrong on purpose ---- */

static bool remember_first(void *arg, const struct state_rule *rule, const char *how)
{
    (void)how;
    *(const char **)arg = rule->name;
    return false;
}

static size_t wrong_ones_escaped(const struct wrong_table *table, bool shared)
{
    size_t escaped = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct wrong_state *wrong = &table->items[i];
        const char *rule = NULL;
        state_suite_run_all(wrong_state_backend(wrong, shared), remember_first, &rule);
        if (verbose)
            print_message("  %-30s caught by %s\n", wrong->mistake, rule ? rule : "nobody");
        if (rule != NULL)
            continue;
        print_error("a store with %s passes the suite\n", wrong->mistake);
        escaped++;
    }
    return escaped;
}

static void every_wrong_backend_is_caught(void **unused)
{
    (void)unused;
    for (int shared = 0; shared < 2; shared++)
        assert_int_equal(state_suite_run_all(wrong_state_backend(NULL, shared), print_broken, NULL),
                         0);
    assert_int_equal(wrong_ones_escaped(&wrong_rows, false), 0);
    assert_int_equal(wrong_ones_escaped(&wrong_shared, true), 0);
}

/* ---- all or nothing, with every call failing once ---- */

static const enum error_code store_errors[] = {
    ERROR_STORE_DOWN,     ERROR_STORE_FULL,    ERROR_STORE,        ERROR_STORE_DENIED,
    ERROR_STORE_READONLY, ERROR_STORE_MISSING, ERROR_STORE_SCHEMA, ERROR_STORE_NEWER,
    ERROR_STORE_CORRUPT,  ERROR_STORE_LOCKED,  ERROR_STORE_FENCED,
};
#define STORE_ERRORS (sizeof store_errors / sizeof store_errors[0])

static int ignore_row(void *arg, const struct state_row *row)
{
    (void)arg;
    (void)row;
    return 0;
}

static int ignore_name(void *arg, const char *plugin)
{
    (void)arg;
    (void)plugin;
    return 0;
}

static int write_rows(struct state_store *s, struct error *e)
{
    struct state_row rows[] = {{"a", 1, "10", 2, 0}, {"b", 1, "20", 2, 500}, {"a", 1, "30", 2, 0}};
    size_t removed;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (state_put(s, i == 1 ? "q" : "p", &rows[i], e) != 0)
            return -1;
    if (state_load(s, "p", 1, ignore_row, NULL, e) != 0 || state_remove(s, "p", "c", 1, e) != 0)
        return -1;
    if (state_sweep(s, 50, 10, &removed, e) != 0)
        return -1;
    assert_true(removed <= 1); /* 0 when the batch is repeated after it was applied */
    return state_list(s, ignore_name, NULL, e);
}

#define OWN_CALLS    9  /* of a batch: begin, three puts, load, remove, sweep, list, commit */
#define SHARED_CALLS 11 /* and a stamp and a fence */

static int write_batch(struct state_fixture *f, uint64_t token, struct error *e)
{
    struct state_store *s = f->store;

    if (state_begin(s, 1, e) != 0)
        return -1;
    if (state_is_shared(s) &&
        (state_stamp(s, f->writer, 1, e) != 0 || state_fence(s, "p", token, e) != 0))
        return -1;
    return write_rows(s, e) != 0 ? -1 : state_commit(s, e);
}

static void dump_all(struct state_fixture *f, char *out, size_t size)
{
    snprintf(out, size, "%s|%s|%s", suite_dump(f, "p", 0), suite_dump(f, "q", 0), suite_names(f));
}

struct trial {
    size_t nth;
    enum fault_when when;
    enum error_code code;
};

/* The batch with call `nth` failing; true when no call failed. */
static bool batch_is_whole(const struct state_backend *backend, struct trial t)
{
    static const char done[] = "a=30@0\n|b=20@500\n|p\nq\n";
    static unsigned next;
    struct state_fixture f = {.backend = backend, .where = backend->set_up()};
    struct error e = ERROR_INIT;
    char before[256], after[256];
    uint64_t token = 0;
    bool clean;

    snprintf(f.writer, sizeof f.writer, "batch-%u", next++);
    f.store = faulty_state_new(backend->open(f.where), 0, t.when, t.code);
    assert_true(suite_put(&f, "p", "a", "1", 0) && suite_put(&f, "p", "c", "2", 0) &&
                suite_put(&f, "q", "dead", "3", 50));
    if (state_is_shared(f.store))
        token = suite_grant(&f, "p", "me", 60000);
    dump_all(&f, before, sizeof before);
    faulty_state_arm(f.store, t.nth);
    clean = write_batch(&f, token, &e) == 0;
    faulty_state_arm(f.store, 0);
    if (!clean) {
        bool lost_answer = t.when == FAULT_AFTER && t.code == ERROR_STORE_DOWN &&
                           t.nth == (state_is_shared(f.store) ? SHARED_CALLS : OWN_CALLS);
        assert_int_equal(e.code, t.code);
        state_rollback(f.store);
        dump_all(&f, after, sizeof after);
        assert_string_equal(after, lost_answer ? done : before);
        error_clear(&e);
        assert_int_equal(write_batch(&f, token, &e), 0);
    }
    dump_all(&f, after, sizeof after);
    assert_string_equal(after, done);
    backend->close(faulty_state_unwrap(f.store), f.where);
    backend->tear_down(f.where);
    return clean;
}

static void every_fault_leaves_all_or_nothing(void **unused)
{
    (void)unused;
    for (size_t b = 0; b < subject_count; b++) {
        const struct state_backend *backend = subjects[b];
        size_t codes = backend->port == NULL ? STORE_ERRORS : 2; /* a place on a server is dear */
        for (size_t i = 0; i < 2 * codes; i++) {
            struct trial t = {1, i % 2 ? FAULT_BEFORE : FAULT_AFTER, store_errors[i / 2]};
            while (!batch_is_whole(backend, t))
                t.nth++;
            assert_true(t.nth == OWN_CALLS + 1 || t.nth == SHARED_CALLS + 1);
        }
    }
}

/* ---- leases, with every call failing once ---- */

static int count_lease(void *arg, const struct state_lease *lease)
{
    (void)lease;
    ++*(int *)arg;
    return 0;
}

/* take, renew, list, release; -1 as soon as one fails, with nothing given by it. */
static int lease_calls(struct state_store *s, struct state_lease *lease, struct error *e)
{
    struct state_claim claim = {"me", "a test", 60000, true};
    struct state_hold hold = {"p", 0, false};
    bool granted = false;
    int listed = 0;

    if (state_lease_take(s, "p", &claim, &granted, lease, e) != 0) {
        assert_false(granted);
        return -1;
    }
    assert_true(granted);
    hold.token = lease->token;
    if (state_lease_renew(s, &hold, 1, 60000, e) != 0) {
        assert_false(hold.held);
        return -1;
    }
    assert_true(hold.held);
    if (state_lease_list(s, count_lease, &listed, e) != 0)
        return -1;
    assert_true(listed > 0);
    return state_lease_release(s, &hold, 1, e);
}

static bool leases_pass(const struct state_backend *backend, struct trial t)
{
    void *where = backend->set_up();
    struct state_store *s = faulty_state_new(backend->open(where), t.nth, t.when, t.code);
    struct state_lease lease = {.token = 0}, again;
    struct error e = ERROR_INIT;
    bool clean = lease_calls(s, &lease, &e) == 0;

    if (!clean) {
        assert_int_equal(e.code, t.code);
        assert_true((lease.token == 0) == (t.nth == 1));
        faulty_state_arm(s, 0);
        error_clear(&e);
        again = lease;
        assert_int_equal(lease_calls(s, &again, &e), 0);
        assert_true(again.token > lease.token);
    }
    backend->close(faulty_state_unwrap(s), where);
    backend->tear_down(where);
    return clean;
}

static void every_fault_of_a_lease_is_survived(void **unused)
{
    (void)unused;
    for (size_t b = 0; b < subject_count; b++) {
        void *where = subjects[b]->set_up();
        struct state_store *s = subjects[b]->open(where);
        bool is_shared = state_is_shared(s);
        subjects[b]->close(s, where);
        subjects[b]->tear_down(where);
        for (int when = FAULT_BEFORE; is_shared && when <= FAULT_AFTER; when++) {
            struct trial t = {1, (enum fault_when)when, ERROR_STORE_DOWN};
            while (!leases_pass(subjects[b], t))
                t.nth++;
            assert_int_equal(t.nth, 5);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_backend_keeps_every_rule),
        cmocka_unit_test(every_fault_leaves_all_or_nothing),
        cmocka_unit_test(every_fault_of_a_lease_is_survived),
    };
    const struct CMUnitTest suite_tests[] = {
        cmocka_unit_test(a_wrapper_without_faults_keeps_every_rule),
        cmocka_unit_test(every_wrong_backend_is_caught),
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
        fprintf(stderr,
                "usage: contract_state [-v] [memory|sqlite|shared|postgres|redis|libsql]…\n");
        return 1;
    }
    if (!named)
        add_subject(NULL);
    failed = cmocka_run_group_tests_name("contract: state", tests, NULL, NULL);
    if (!named) /* these need no server: once is enough */
        failed +=
            cmocka_run_group_tests_name("contract: the suite itself", suite_tests, NULL, NULL);
    return failed;
}
