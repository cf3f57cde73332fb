/* The state contract on every backend; on backends that are wrong on purpose, each of which must be
 * caught; and all-or-nothing with every single call failing once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/faulty_state.h"
#include "contract/state_suite.h"

/* The backends under test: those named on the command line, or all that need no server. */
static const struct state_backend *subjects[16];
static size_t subject_count;

static void add_subject(const char *name)
{
    for (size_t b = 0; b < state_backend_count; b++)
        if (name == NULL || strcmp(state_backends[b].name, name) == 0)
            subjects[subject_count++] = &state_backends[b];
    for (size_t b = 0; name != NULL && b < server_backend_count; b++)
        if (strcmp(server_backends[b].name, name) == 0)
            subjects[subject_count++] = &server_backends[b];
}

static void every_backend_keeps_every_rule(void **unused)
{
    size_t broken_rules = 0;

    (void)unused;
    for (size_t b = 0; b < subject_count; b++)
        for (size_t r = 0; r < state_rule_count; r++) {
            const char *broken = state_suite_run(subjects[b], &state_rules[r]);
            if (broken == NULL)
                continue;
            print_error("%s breaks %s: %s\n", subjects[b]->name, state_rules[r].name, broken);
            broken_rules++;
        }
    assert_int_equal(broken_rules, 0);
}

/* A faultless wrapper is a backend like any other ------------------------------------------------
 */

static const struct state_backend *wrapped = &state_backends[0];

static void *wrapped_set_up(void)
{
    return wrapped->set_up();
}

static void wrapped_tear_down(void *where)
{
    wrapped->tear_down(where);
}

static struct state_store *faultless_open(void *where)
{
    return faulty_state_new(wrapped->open(where), 0, FAULT_BEFORE, ERROR_STORE);
}

static void faultless_close(struct state_store *store, void *where)
{
    wrapped->close(faulty_state_unwrap(store), where);
}

static void a_wrapper_without_faults_keeps_every_rule(void **unused)
{
    const struct state_backend backend = {.name = "faultless",
                                          .set_up = wrapped_set_up,
                                          .open = faultless_open,
                                          .close = faultless_close,
                                          .tear_down = wrapped_tear_down};

    (void)unused;
    for (size_t r = 0; r < state_rule_count; r++)
        assert_null(state_suite_run(&backend, &state_rules[r]));
}

/* Wrong on purpose -------------------------------------------------------------------------------
 */

/* One mistake each, made by replacing one operation of the memory store. */
static const struct state_ops *right;
static struct state_ops wrong;

static int put_keeps_old_expiry(struct state_store *s, const char *plugin,
                                const struct state_row *row, struct error *e)
{
    struct state_row without = *row;

    without.expires_ms = row->expires_ms == 0 ? 12345 : row->expires_ms;
    return right->put(s, plugin, &without, e);
}

/* What a server with a careless protocol does to a line feed. */
static int put_cuts_keys_at_lines(struct state_store *s, const char *plugin,
                                  const struct state_row *row, struct error *e)
{
    const char *end = memchr(row->key, '\n', row->key_len);
    struct state_row cut = *row;

    if (end != NULL && end > row->key)
        cut.key_len = (size_t)(end - row->key);
    return right->put(s, plugin, &cut, e);
}

static int put_shares_plugins(struct state_store *s, const char *plugin,
                              const struct state_row *row, struct error *e)
{
    (void)plugin;
    return right->put(s, "p", row, e);
}

static int load_is_late(struct state_store *s, const char *plugin, int64_t now_ms,
                        state_row_fn *each, void *arg, struct error *e)
{
    return right->load(s, plugin, now_ms - 1, each, arg, e);
}

static int remove_does_nothing(struct state_store *s, const char *plugin, const char *key,
                               size_t key_len, struct error *e)
{
    (void)s;
    (void)plugin;
    (void)key;
    (void)key_len;
    (void)e;
    return 0;
}

static void rollback_commits(struct state_store *s)
{
    struct error e = ERROR_INIT;

    right->commit(s, &e);
}

static int commit_rolls_back(struct state_store *s, struct error *e)
{
    (void)e;
    right->rollback(s);
    return 0;
}

static int sweep_ignores_its_limit(struct state_store *s, int64_t now_ms, size_t limit,
                                   size_t *removed, struct error *e)
{
    (void)limit;
    return right->sweep(s, now_ms, SIZE_MAX, removed, e);
}

static int sweep_is_early(struct state_store *s, int64_t now_ms, size_t limit, size_t *removed,
                          struct error *e)
{
    return right->sweep(s, now_ms + 1, limit, removed, e);
}

static int list_knows_nothing(struct state_store *s, state_name_fn *each, void *arg,
                              struct error *e)
{
    (void)s;
    (void)each;
    (void)arg;
    (void)e;
    return 0;
}

static struct state_store *open_wrong(void *where)
{
    struct state_store *store = state_backends[0].open(where);

    store->ops = &wrong;
    return store;
}

/* How many rules a memory store with these ops breaks. */
static size_t rules_broken(void)
{
    struct state_backend backend = state_backends[0];
    size_t broken = 0;

    backend.name = "wrong";
    backend.open = open_wrong;
    for (size_t r = 0; r < state_rule_count; r++)
        broken += state_suite_run(&backend, &state_rules[r]) != NULL;
    return broken;
}

static void every_wrong_backend_is_caught(void **unused)
{
    struct state_store *store = state_backends[0].open(NULL);

    (void)unused;
    right = store->ops;
    state_close(store);
    wrong = *right;
    assert_int_equal(rules_broken(), 0);
#define CAUGHT(operation, mistake)                                                                 \
    do {                                                                                           \
        wrong = *right;                                                                            \
        wrong.operation = mistake;                                                                 \
        if (rules_broken() == 0)                                                                   \
            fail_msg("a store with %s passes the suite", #mistake);                                \
    } while (0)
    CAUGHT(put, put_keeps_old_expiry);
    CAUGHT(put, put_cuts_keys_at_lines);
    CAUGHT(put, put_shares_plugins);
    CAUGHT(load, load_is_late);
    CAUGHT(remove, remove_does_nothing);
    CAUGHT(rollback, rollback_commits);
    CAUGHT(commit, commit_rolls_back);
    CAUGHT(sweep, sweep_ignores_its_limit);
    CAUGHT(sweep, sweep_is_early);
    CAUGHT(list, list_knows_nothing);
#undef CAUGHT
}

/* All or nothing ---------------------------------------------------------------------------------
 */

static int write_batch(struct state_store *s, struct error *e)
{
    struct state_row rows[] = {{"a", 1, "10", 2, 0}, {"b", 1, "20", 2, 500}, {"a", 1, "30", 2, 0}};
    size_t removed;

    if (state_begin(s, 1, e) != 0)
        return -1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (state_put(s, i == 1 ? "q" : "p", &rows[i], e) != 0)
            return -1;
    if (state_remove(s, "p", "c", 1, e) != 0 || state_sweep(s, 50, 10, &removed, e) != 0)
        return -1;
    return state_commit(s, e);
}

static void dump_all(struct state_store *s, char *out, size_t size)
{
    snprintf(out, size, "%s|%s|%s", suite_dump(s, "p", 0), suite_dump(s, "q", 0), suite_names(s));
}

/* The batch with call `nth` failing; true when no call failed. */
static bool batch_is_whole(const struct state_backend *backend, size_t nth, enum fault_when when)
{
    void *where = backend->set_up();
    struct state_store *s = faulty_state_new(backend->open(where), 0, when, ERROR_STORE_FULL);
    struct error e = ERROR_INIT;
    char before[256], after[256];
    bool clean;

    assert_true(suite_put(s, "p", "a", "1", 0) && suite_put(s, "p", "c", "2", 0) &&
                suite_put(s, "q", "dead", "3", 50));
    dump_all(s, before, sizeof before);
    faulty_state_arm(s, nth);
    clean = write_batch(s, &e) == 0;
    faulty_state_arm(s, 0);
    if (!clean) {
        assert_int_equal(e.code, ERROR_STORE_FULL);
        state_rollback(s);
        dump_all(s, after, sizeof after);
        assert_string_equal(after, before);
        error_clear(&e);
        assert_int_equal(write_batch(s, &e), 0);
    }
    dump_all(s, after, sizeof after);
    assert_string_equal(after, "a=30@0\n|b=20@500\n|p\nq\n");
    backend->close(faulty_state_unwrap(s), where);
    backend->tear_down(where);
    return clean;
}

static void every_fault_leaves_all_or_nothing(void **unused)
{
    (void)unused;
    for (size_t b = 0; b < subject_count; b++)
        for (int when = FAULT_BEFORE; when <= FAULT_AFTER; when++) {
            size_t nth = 1;
            while (!batch_is_whole(subjects[b], nth, (enum fault_when)when))
                nth++;
            assert_int_equal(nth, 8); /* begin, five writes and commit have failed once each */
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_backend_keeps_every_rule),
        cmocka_unit_test(a_wrapper_without_faults_keeps_every_rule),
        cmocka_unit_test(every_wrong_backend_is_caught),
        cmocka_unit_test(every_fault_leaves_all_or_nothing),
    };

    for (int i = 1; i < argc; i++)
        add_subject(argv[i]);
    if (argc < 2)
        add_subject(NULL);
    if (subject_count < (size_t)argc - 1) {
        fprintf(stderr, "usage: contract_state [memory|sqlite|postgres|redis|libsql]…\n");
        return 1;
    }
    return cmocka_run_group_tests_name("contract: state", tests, NULL, NULL);
}
