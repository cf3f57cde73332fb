/*
 * What is handed to the stores: order, retries, stalls, and what is given up. The journal is the
 * memory one behind a wrapper whose commit fails as often as the test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/commits.h"
#include "core/engine.h"

#define JOBS 50

struct stores {
    struct journal *journal;
};

static struct {
    atomic_int failures; /* so many commits fail, with `code` */
    enum error_code code;
    struct journal *journal; /* the one that is open */
    atomic_int state_failures;
} plan;

/* The memory journal with another commit. */
static const struct journal_ops *right;
static struct journal_ops shaky;

static int shaky_commit(struct journal *j, struct error *e)
{
    if (atomic_fetch_sub(&plan.failures, 1) > 0)
        return error_set(e, plan.code, "the disk is full, says the test");
    return right->commit(j, e);
}

static struct stores *test_stores_new(const char *desk)
{
    (void)desk;
    return mem_zero(1, sizeof(struct stores));
}

static void test_stores_close(struct stores *stores)
{
    free(stores);
}

static int test_open_journal(struct stores *stores, const char *url, enum store_mode mode,
                             int64_t now_ms, struct journal **out, struct error *e)
{
    (void)url, (void)mode, (void)now_ms;
    if (journal_memory_open(out, e) < 0)
        return -1;
    right = (*out)->ops;
    shaky = *right;
    shaky.commit = shaky_commit;
    (*out)->ops = &shaky;
    stores->journal = plan.journal = *out;
    return 0;
}

static int test_open_state(struct stores *stores, const char *url, enum store_mode mode,
                           int64_t now_ms, struct state_store **out, bool *joined, struct error *e)
{
    (void)stores, (void)mode, (void)now_ms;
    *joined = strcmp(url, "sqlite:journal") == 0; /* a memory store nests anywhere */
    return state_memory_open(out, e);
}

static const struct registry registry = {.stores_new = test_stores_new,
                                         .stores_close = test_stores_close,
                                         .open_journal = test_open_journal,
                                         .open_state = test_open_state,
                                         .version = "test"};

struct fixture {
    struct engine engine;
    struct blueprint blueprint;
    struct log log;
    FILE *log_file;
    char *log_text;
    size_t log_len;
    uint64_t done[2 * JOBS]; /* ids in the order of their dones */
    bool failed[2 * JOBS];
    size_t done_count;
    bool saw_stall; /* while nothing was done yet */
};

static struct fixture *fixture_new(int failures, enum error_code code)
{
    struct fixture *f = mem_zero(1, sizeof *f);
    struct error e = ERROR_INIT;

    atomic_store(&plan.failures, failures);
    plan.code = code;
    f->log_file = open_memstream(&f->log_text, &f->log_len);
    clock_init_manual(&f->engine.clock, 1000);
    log_init(&f->log, f->log_file, &f->engine.clock);
    f->engine.log = &f->log;
    f->engine.registry = &registry;
    f->engine.options.desk = "/nowhere";
    f->engine.lock_fd = -1;
    f->blueprint.config.journal = mem_strdup("sqlite:journal");
    f->engine.blueprint = &f->blueprint;
    uv_loop_init(&f->engine.loop);
    assert_int_equal(commits_open(&f->engine, &e), 0);
    return f;
}

static void fixture_end(struct fixture *f)
{
    uv_run(&f->engine.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->engine.loop), 0);
    fclose(f->log_file);
    free(f->log_text);
    free(f->blueprint.config.journal);
    free(f);
}

static void noted(struct commit *c, struct engine *engine)
{
    struct fixture *f = (struct fixture *)engine;

    f->done[f->done_count] = (uint64_t)(uintptr_t)c->arg;
    f->failed[f->done_count++] = c->failed;
    f->saw_stall |= engine->stalled;
    commit_free(c);
}

static struct commit *run_commit(struct fixture *f, uint64_t id)
{
    struct commit *c = commit_new(f->engine.commits.journal, noted, (void *)(uintptr_t)id);

    c->run.id = id;
    snprintf(c->run.plugin, sizeof c->run.plugin, "p");
    c->run.status = RUN_NOOP;
    c->run.reason = mem_strdup("test");
    return c;
}

static int count_one(void *arg, const struct run *run)
{
    uint64_t *ids = arg;

    ids[++ids[0]] = run->id;
    return 0;
}

/* Ids of all runs in the journal, newest first, after their count. Before the stores are closed. */
static void recorded(uint64_t ids[2 * JOBS + 1])
{
    struct run_filter filter = {.status = -1, .limit = 2 * JOBS};
    struct error e = ERROR_INIT;

    ids[0] = 0;
    assert_int_equal(journal_list_runs(plan.journal, &filter, count_one, ids, &e), 0);
}

static void push_all(struct fixture *f, uint64_t from, uint64_t to)
{
    for (uint64_t id = from; id <= to; id++)
        commits_push(run_commit(f, id));
}

static void test_order_is_kept_and_pushes_before_the_start_are_not_lost(void **state)
{
    struct fixture *f = fixture_new(0, ERROR_STORE);
    struct error e = ERROR_INIT;
    uint64_t ids[2 * JOBS + 1];

    (void)state;
    push_all(f, 1, JOBS);
    assert_int_equal(f->done_count, 0);
    assert_int_equal(commits_run(&f->engine, &e), 0);
    push_all(f, JOBS + 1, 2 * JOBS);
    while (commits_depth(&f->engine) > 0)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    recorded(ids);
    assert_int_equal(ids[0], 2 * JOBS);
    assert_int_equal(f->done_count, 2 * JOBS);
    for (uint64_t i = 0; i < 2 * JOBS; i++) {
        assert_int_equal(f->done[i], i + 1);
        assert_false(f->failed[i]);
    }
    assert_false(f->saw_stall);
    commits_close(&f->engine, false);
    fixture_end(f);
}

static void test_a_failing_store_is_retried_reported_and_works_again(void **state)
{
    struct fixture *f = fixture_new(4, ERROR_STORE_FULL);
    struct error e = ERROR_INIT;
    bool stalled = false;
    uint64_t ids[2 * JOBS + 1];

    (void)state;
    assert_int_equal(commits_run(&f->engine, &e), 0);
    push_all(f, 1, JOBS);
    while (commits_depth(&f->engine) > 0) {
        uv_run(&f->engine.loop, UV_RUN_ONCE);
        if (f->engine.stalled && !stalled) {
            stalled = true;
            assert_int_equal(f->done_count, 0); /* nothing is durable yet */
            assert_non_null(strstr(f->engine.commits.journal->stall, "the disk is full"));
            push_all(f, JOBS + 1, 2 * JOBS); /* what comes meanwhile waits behind it */
        }
    }
    assert_true(stalled);
    assert_false(f->engine.stalled);
    recorded(ids);
    assert_int_equal(ids[0], 2 * JOBS);
    for (uint64_t i = 0; i < 2 * JOBS; i++)
        assert_true(f->done[i] == i + 1 && !f->failed[i]);
    assert_int_equal(f->engine.fatal.code, ERROR_NONE);
    fflush(f->log_file);
    assert_non_null(strstr(f->log_text, "works again"));
    commits_close(&f->engine, false);
    fixture_end(f);
}

/* What no retry can mend stops the daemon; nothing is committed behind what was not. */
static void gives_up(enum error_code code)
{
    struct fixture *f = fixture_new(1, code);
    struct error e = ERROR_INIT;
    uint64_t ids[2 * JOBS + 1];

    assert_int_equal(commits_run(&f->engine, &e), 0);
    push_all(f, 1, JOBS);
    while (f->engine.fatal.code == ERROR_NONE)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    push_all(f, JOBS + 1, 2 * JOBS); /* the store would work now: too late */
    while (commits_depth(&f->engine) > 0)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    assert_int_equal(f->engine.fatal.code, code);
    assert_true(f->engine.stopping);
    recorded(ids);
    assert_int_equal(ids[0], 0);
    assert_int_equal(f->done_count, 2 * JOBS);
    for (size_t i = 0; i < 2 * JOBS; i++)
        assert_true(f->failed[i]);
    commits_close(&f->engine, true);
    fixture_end(f);
}

static void test_what_cannot_be_mended_stops_the_daemon(void **state)
{
    (void)state;
    gives_up(ERROR_INTERNAL);
    gives_up(ERROR_INVALID);
    gives_up(ERROR_LIMIT);
}

/* The same id twice is a bug of ours; the second must not be swallowed. */
static void test_a_run_is_never_recorded_twice(void **state)
{
    struct fixture *f = fixture_new(0, ERROR_STORE);
    struct error e = ERROR_INIT;
    uint64_t ids[2 * JOBS + 1];

    (void)state;
    assert_int_equal(commits_run(&f->engine, &e), 0);
    push_all(f, 1, 3);
    while (commits_depth(&f->engine) > 0)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    push_all(f, 3, 4);
    while (commits_depth(&f->engine) > 0)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    assert_int_equal(f->engine.fatal.code, ERROR_INTERNAL);
    recorded(ids);
    assert_int_equal(ids[0], 3);
    assert_true(f->failed[3]);
    commits_close(&f->engine, true);
    fixture_end(f);
}

static void test_a_stop_during_a_stall_ends_and_says_what_was_given_up(void **state)
{
    struct fixture *f = fixture_new(1000000, ERROR_STORE_FULL);
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(commits_run(&f->engine, &e), 0);
    push_all(f, 1, JOBS);
    while (!f->engine.stalled)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    commits_close(&f->engine, true);
    assert_int_equal(f->done_count, JOBS);
    for (size_t i = 0; i < JOBS; i++)
        assert_true(f->failed[i]);
    fixture_end(f);
}

/* A second store that works must not hide that the first does not. */
static void test_a_stall_is_over_when_every_store_works(void **state)
{
    struct fixture *f = fixture_new(1000000, ERROR_STORE);
    struct store *other;
    struct error e = ERROR_INIT;
    struct commit *c;

    (void)state;
    assert_int_equal(commits_state_store(&f->engine, "memory:", "p", &other, &e), 0);
    assert_ptr_not_equal(other, f->engine.commits.journal);
    assert_int_equal(commits_run(&f->engine, &e), 0);
    push_all(f, 1, 1);
    while (!f->engine.stalled)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    c = commit_new(other, noted, (void *)(uintptr_t)77);
    commits_push(c);
    while (f->done_count == 0)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    assert_int_equal(f->done[0], 77);
    assert_true(f->engine.stalled);
    atomic_store(&plan.failures, 0);
    while (f->engine.stalled)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    commits_close(&f->engine, false);
    assert_int_equal(f->done_count, 2);
    assert_false(f->failed[1]);
    fixture_end(f);
}

static int find_value(void *arg, const struct state_row *row)
{
    *(int *)arg += row->value_len == 1 && row->value[0] == '5';
    return 0;
}

static int read_state(struct query *query, struct store *store, struct error *e)
{
    return state_load(store->state, "p", 1000, find_value, query->arg, e);
}

static void query_done(struct query *query, struct engine *engine)
{
    (void)engine;
    free(query);
}

/* State in the journal's database is part of the run's transaction; a read comes behind it. */
static void test_joined_state_and_a_read_behind_it(void **state)
{
    struct fixture *f = fixture_new(2, ERROR_STORE);
    struct kv_write write = {"k", 1, "5", 1, 0};
    struct query *query = mem_zero(1, sizeof *query);
    struct error e = ERROR_INIT;
    struct store *store;
    struct commit *c;
    int found = 0;

    (void)state;
    assert_int_equal(commits_state_store(&f->engine, "sqlite:journal", "p", &store, &e), 0);
    assert_ptr_equal(store, f->engine.commits.journal);
    assert_false(store_is_apart(store));
    assert_int_equal(commits_run(&f->engine, &e), 0);
    c = run_commit(f, 9);
    snprintf(c->plugin, sizeof c->plugin, "p");
    write_set_copy(&c->writes, &write, 1);
    commits_push(c);
    *query = (struct query){.store = store, .work = read_state, .done = query_done, .arg = &found};
    commits_query(query);
    while (commits_depth(&f->engine) > 0)
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    assert_int_equal(found, 1);
    commits_close(&f->engine, false);
    fixture_end(f);
}

static void test_writes_are_copied(void **state)
{
    char key[] = "key", value[] = "17";
    struct kv_write writes[2] = {{key, 3, value, 2, 99}, {key, 2, NULL, 0, 0}};
    struct write_set set;

    (void)state;
    write_set_copy(&set, writes, 2);
    memset(key, 'x', 3);
    memset(value, 'x', 2);
    assert_int_equal(set.count, 2);
    assert_memory_equal(set.items[0].key, "key", 3);
    assert_memory_equal(set.items[0].value, "17", 2);
    assert_int_equal(set.items[0].expires_ms, 99);
    assert_memory_equal(set.items[1].key, "ke", 2);
    assert_null(set.items[1].value);
    write_set_release(&set);
    assert_int_equal(set.count, 0);
}

/* ---- what is written ---- */

static void test_what_is_newer_stays(void **state)
{
    const struct kv_write old[] = {{"a", 1, "1", 1, 0}, {"b", 1, "1", 1, 0}, {"ab", 2, "1", 1, 0}};
    const struct kv_write new[] = {{"b", 1, NULL, 0, 0}, {"c", 1, "2", 1, 0}};
    struct write_set set, newer;

    (void)state;
    write_set_copy(&set, old, 3);
    write_set_copy(&newer, new, 2);
    write_set_drop(&set, &newer);
    assert_int_equal(set.count, 2);
    assert_memory_equal(set.items[0].key, "a", 1);
    assert_memory_equal(set.items[1].key, "ab", 2);
    write_set_drop(&set, &set);
    assert_int_equal(set.count, 0);
    write_set_release(&set);
    write_set_release(&newer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_kept_and_pushes_before_the_start_are_not_lost),
        cmocka_unit_test(test_a_failing_store_is_retried_reported_and_works_again),
        cmocka_unit_test(test_what_cannot_be_mended_stops_the_daemon),
        cmocka_unit_test(test_a_run_is_never_recorded_twice),
        cmocka_unit_test(test_a_stop_during_a_stall_ends_and_says_what_was_given_up),
        cmocka_unit_test(test_a_stall_is_over_when_every_store_works),
        cmocka_unit_test(test_joined_state_and_a_read_behind_it),
        cmocka_unit_test(test_writes_are_copied),
        cmocka_unit_test(test_what_is_newer_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
