/*
 * Stores on servers: commits that are repeated and those that are refused, back-off, patience,
 * stalls that concern nobody else, servers that hang, and the wait at the start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "unit/core/fake_desk.h"

#define COMMITS 8

/* Commits of the test, in the order of their dones. */
static struct {
    size_t count;
    int id[4 * COMMITS];
    bool failed[4 * COMMITS], fenced[4 * COMMITS];
} done;

static void noted(struct commit *c, struct engine *engine)
{
    (void)engine;
    done.id[done.count] = (int)(intptr_t)c->arg;
    done.failed[done.count] = c->failed;
    done.fenced[done.count++] = c->fenced;
    commit_free(c);
}

static void push(struct store *store, const char *plugin, int id, uint64_t fence)
{
    struct commit *c = commit_new(store, noted, (void *)(intptr_t)id);
    char value[16];
    struct kv_write write = {"k", 1, value, (size_t)snprintf(value, sizeof value, "%d", id), 0};

    snprintf(c->plugin, sizeof c->plugin, "%s", plugin);
    c->fence = fence;
    write_set_copy(&c->writes, &write, 1);
    commits_push(c);
}

static bool all_done(void *arg)
{
    return done.count >= *(size_t *)arg;
}

static void await_dones(struct desk_fixture *f, size_t count)
{
    turn_until(f, all_done, &count);
}

static bool is_stalled(void *store)
{
    return ((struct store *)store)->stalled;
}

static bool works(void *store)
{
    return !((struct store *)store)->stalled;
}

static struct desk_fixture *open_desk(void)
{
    memset(&done, 0, sizeof done);
    return desk_open();
}

static void run_desk(struct desk_fixture *f)
{
    struct error e = ERROR_INIT;

    assert_int_equal(commits_run(&f->engine, &e), 0);
}

static void end(struct desk_fixture *f)
{
    assert_true(commits_close(&f->engine, true));
    desk_close(f);
}

/* ---- commits ---- */

static bool is_held(void *arg)
{
    bool held;

    (void)arg;
    pthread_mutex_lock(&servers[0].lock);
    held = servers[0].tries > 0;
    pthread_mutex_unlock(&servers[0].lock);
    return held;
}

/* What is pushed until release() is one transaction: the thread is held at the one before, number
 * 0 of plugin "first". */
static void hold(struct desk_fixture *f, struct store *store)
{
    f->engine.commits.group_max = 100;
    fake_set(&servers[0], ERROR_NONE, true);
    run_desk(f);
    push(store, "first", 0, 0);
    turn_until(f, is_held, NULL);
}

static void release(void)
{
    fake_set(&servers[0], ERROR_NONE, false);
}

static void test_a_lost_acknowledgement_is_repeated_and_applied_once(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");

    (void)state;
    servers[0].lose = 2;
    hold(f, store);
    for (int i = 1; i <= 3; i++) {
        char plugin[8];
        snprintf(plugin, sizeof plugin, "p%d", i);
        push(store, plugin, i, 0);
    }
    release();
    await_dones(f, 4);
    assert_string_equal(servers[0].history, "first:k=0;p1:k=1;p2:k=2;p3:k=3;");
    assert_int_equal(servers[0].applied, 2);
    assert_int_equal(servers[0].stamps[0].number, 2);
    push(store, "p1", 4, 0);
    await_dones(f, 5);
    assert_string_equal(servers[0].history, "first:k=0;p1:k=1;p2:k=2;p3:k=3;p1:k=4;");
    assert_int_equal(servers[0].stamps[0].number, 3);
    assert_string_equal(servers[0].stamps[1].writer, "");
    for (size_t i = 0; i < 5; i++)
        assert_true(done.id[i] == (int)i && !done.failed[i] && !done.fenced[i]);
    end(f);
}

static void test_connections_have_writers_of_their_own(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *one = desk_store(f, FIRST "?pool=2", "a"), *two = one;
    char plugin[8] = "a";

    (void)state;
    while (two == one && plugin[0]++ < 'z')
        two = desk_store(f, FIRST "?pool=2", plugin);
    assert_ptr_not_equal(one, two);
    assert_int_not_equal(one->shard, two->shard);
    assert_ptr_equal(desk_store(f, FIRST "?pool=2", "a"), one);
    run_desk(f);
    push(one, "a", 1, 0);
    push(two, plugin, 2, 0);
    await_dones(f, 2);
    assert_string_not_equal(servers[0].stamps[0].writer, servers[0].stamps[1].writer);
    assert_true(servers[0].stamps[0].number == 1 && servers[0].stamps[1].number == 1);
    end(f);
}

static void test_one_plugin_of_a_group_is_fenced_off(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");
    struct store_health h;

    (void)state;
    fake_grant(&servers[0], "mine", "us", 1000);
    fake_grant(&servers[0], "gone", "us", 1000);
    fake_grant(&servers[0], "gone", "them", 1000);
    hold(f, store);
    push(store, "mine", 1, 1);
    push(store, "gone", 2, 1);
    push(store, "mine", 3, 1);
    push(store, "gone", 4, 1);
    release();
    await_dones(f, 5);
    /* The last one per key is what is sent. */
    assert_string_equal(servers[0].history, "first:k=0;mine:k=3;");
    for (size_t i = 0; i < 5; i++) {
        assert_false(done.failed[i]);
        assert_int_equal(done.fenced[i], i > 0 && i % 2 == 0);
    }
    store_health_get(store, &h);
    assert_false(h.stalled);
    assert_int_equal(h.failures, 0);
    push(store, "gone", 5, 2); /* with the lease's new token */
    await_dones(f, 6);
    assert_false(done.fenced[5]);
    end(f);
}

static void taken_over(struct fake_server *s)
{
    fake_lease(s, "p")->token++;
}

/* Applied, its answer lost, then the plugin was taken over: it is done, not refused. */
static void test_what_was_applied_before_a_take_over_counts(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");

    (void)state;
    fake_grant(&servers[0], "p", "us", 1000);
    servers[0].lose = 1;
    servers[0].on_lose = taken_over;
    run_desk(f);
    push(store, "p", 1, 1);
    await_dones(f, 1);
    assert_false(done.fenced[0]);
    push(store, "p", 2, 1);
    await_dones(f, 2);
    assert_true(done.fenced[1]);
    assert_string_equal(servers[0].history, "p:k=1;");
    end(f);
}

static void test_tries_are_further_and_further_apart(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *one = desk_store(f, FIRST, "p"), *two = desk_store(f, SECOND, "p");
    bool differ = false;

    (void)state;
    for (int i = 0; i < 2; i++) {
        servers[i].fail = 5;
        servers[i].fail_code = ERROR_STORE_DOWN;
    }
    run_desk(f);
    push(one, "p", 1, 0);
    push(two, "p", 2, 0);
    await_dones(f, 2);
    for (int i = 0, wait = 50; i < 5; i++, wait *= 2) {
        int64_t a = (servers[0].try_ns[i + 1] - servers[0].try_ns[i]) / 1000000,
                b = (servers[1].try_ns[i + 1] - servers[1].try_ns[i]) / 1000000;
        assert_true(a >= wait / 2 && b >= wait / 2);
        assert_true(a < wait + 500 && b < wait + 500); /* a busy machine */
        differ |= a - b > wait / 20 || b - a > wait / 20;
    }
    assert_true(differ);
    end(f);
}

/* Whatever waits: no transaction grows without bound, and one large commit is one nevertheless. */
static void test_groups_are_bounded_by_their_bytes(void **state)
{
    static char value[5 * 1024 * 1024];
    struct kv_write write = {"k", 1, value, sizeof value, 0};
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");
    static const struct {
        size_t size, groups; /* of three commits */
    } cases[] = {{100, 1}, {2 * 1024 * 1024, 1}, {3 * 1024 * 1024, 2}, {5 * 1024 * 1024, 3}};
    size_t total = 1;

    (void)state;
    memset(value, '7', sizeof value);
    hold(f, store);
    release();
    await_dones(f, total);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t before;
        fake_set(&servers[0], ERROR_NONE, true);
        servers[0].tries = 0;
        push(store, "first", 0, 0);
        turn_until(f, is_held, NULL);
        before = servers[0].applied + 1;
        write.value_len = cases[i].size;
        for (int n = 0; n < 3; n++) {
            struct commit *c = commit_new(store, noted, NULL);
            snprintf(c->plugin, sizeof c->plugin, "p%d", n);
            write_set_copy(&c->writes, &write, 1);
            commits_push(c);
        }
        release();
        total += 4;
        await_dones(f, total);
        assert_int_equal(servers[0].applied - before, cases[i].groups);
    }
    end(f);
}

/* ---- queries ---- */

static struct {
    size_t count;
    int result;
    enum error_code code;
} asked;

static void answered(struct query *q, struct engine *engine)
{
    (void)engine;
    asked.count++;
    asked.result = q->result;
    asked.code = q->error.code;
    free(q);
}

static int no_row(void *arg, const struct state_row *row)
{
    (void)arg, (void)row;
    return 0;
}

static int work(struct query *q, struct store *store, struct error *e)
{
    (void)q;
    return state_load(store->state, "p", 0, no_row, NULL, e);
}

static void ask(struct store *store, bool patient)
{
    struct query *q = mem_zero(1, sizeof *q);

    asked.count = 0;
    *q = (struct query){.store = store, .work = work, .done = answered, .patient = patient};
    commits_query(q);
}

static bool is_answered(void *arg)
{
    (void)arg;
    return asked.count > 0;
}

static void fail_calls(int count, enum error_code code)
{
    pthread_mutex_lock(&servers[0].lock);
    servers[0].fail = count;
    servers[0].fail_code = code;
    pthread_mutex_unlock(&servers[0].lock);
}

static void test_a_patient_query_waits_for_its_answer(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");

    (void)state;
    run_desk(f);
    ask(store, false);
    turn_until(f, is_answered, NULL);
    assert_int_equal(asked.result, 0);

    fail_calls(1, ERROR_STORE_DOWN);
    ask(store, false);
    turn_until(f, is_answered, NULL);
    assert_int_equal(asked.code, ERROR_STORE_DOWN);

    fail_calls(3, ERROR_STORE_DENIED);
    ask(store, true);
    turn_until(f, is_answered, NULL);
    assert_int_equal(asked.result, 0);

    fail_calls(1000, ERROR_STORE_CORRUPT); /* no use in asking again */
    ask(store, true);
    turn_until(f, is_answered, NULL);
    assert_int_equal(asked.code, ERROR_STORE_CORRUPT);

    fail_calls(1000, ERROR_STORE_DOWN);
    ask(store, true);
    turn_until(f, is_stalled, store);
    assert_int_equal(asked.count, 0);
    atomic_store(&store->draining, true);
    turn_until(f, is_answered, NULL);
    assert_int_equal(asked.code, ERROR_STORE_DOWN);
    end(f);
}

/* Nobody commits while a store is away: it must be found to be back all the same. */
static void test_a_store_that_failed_a_question_is_probed(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");

    (void)state;
    run_desk(f);
    fake_set(&servers[0], ERROR_STORE_DOWN, false);
    ask(store, false);
    turn_until(f, is_stalled, store);
    assert_int_equal(asked.count, 1);
    fake_set(&servers[0], ERROR_NONE, false);
    turn_until(f, works, store);
    assert_int_equal(count_of(desk_log(f), "does not take commits"), 1);
    assert_int_equal(count_of(desk_log(f), "works again"), 1);
    end(f);
}

/* ---- stalls ---- */

static void test_a_stall_concerns_its_own_store(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *one = desk_store(f, FIRST, "p"), *two = desk_store(f, SECOND, "p");
    struct store_health h;

    (void)state;
    run_desk(f);
    fake_set(&servers[0], ERROR_STORE_READONLY, false);
    push(one, "p", 1, 0);
    turn_until(f, is_stalled, one);
    assert_false(two->stalled);
    assert_false(f->engine.stalled);
    push(two, "p", 2, 0);
    push(f->engine.commits.journal, "p", 3, 0);
    await_dones(f, 2);
    assert_true(done.id[0] + done.id[1] == 5);
    store_health_get(one, &h);
    assert_true(h.stalled && h.failures > 0 && h.error_ms > 1000000 && !h.is_final);
    assert_int_equal(h.error.code, ERROR_STORE_READONLY);
    assert_non_null(strstr(one->stall, "ill"));
    store_health_get(two, &h);
    assert_true(!h.stalled && h.opened && h.failures == 0 && h.latency_us > 0);

    fake_set(&servers[0], ERROR_STORE_FULL, false); /* another trouble is another line */
    pthread_mutex_lock(&servers[0].lock);
    servers[0].tries = 0;
    pthread_mutex_unlock(&servers[0].lock);
    for (size_t tries = 0; tries < 2;) {
        uv_run(&f->engine.loop, UV_RUN_NOWAIT);
        pthread_mutex_lock(&servers[0].lock);
        tries = servers[0].tries;
        pthread_mutex_unlock(&servers[0].lock);
    }
    fake_set(&servers[0], ERROR_NONE, false);
    await_dones(f, 3);
    turn_until(f, works, one);
    assert_int_equal(count_of(desk_log(f), "does not take commits"), 2);
    assert_int_equal(count_of(desk_log(f), "works again"), 1);
    end(f);
}

static bool has_warned(void *arg)
{
    return count_of(desk_log(arg), "nothing is kept") > 0;
}

/* What a backend warns of when it connects is in the log, once for all connections. */
static void test_warnings_are_said_once(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store[4];
    struct store_health h;

    (void)state;
    memcpy(servers[0].warning, "nothing is kept", 16);
    for (int i = 0; i < 4; i++)
        store[i] = desk_store(f, FIRST "?pool=4", (char[]){(char)('a' + i), '\0'});
    run_desk(f);
    for (int i = 0; i < 4; i++)
        push(store[i], "p", i, 0);
    await_dones(f, 4);
    turn_until(f, has_warned, f);
    assert_int_equal(count_of(desk_log(f), "nothing is kept"), 1);
    store_health_get(store[0], &h);
    assert_string_equal(h.warnings, "nothing is kept");
    end(f);
}

static void test_a_server_that_hangs_is_away(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");
    int64_t start = fake_mono_ns();

    (void)state;
    run_desk(f);
    fake_set(&servers[0], ERROR_NONE, true);
    push(store, "p", 1, 0);
    turn_until(f, is_stalled, store);
    assert_in_range(fake_mono_ns() - start, 1400000000LL, 4000000000LL);
    assert_non_null(strstr(store->stall, "does not answer"));
    fake_set(&servers[0], ERROR_NONE, false);
    turn_until(f, works, store);
    await_dones(f, 1);
    assert_false(done.failed[0]);
    end(f);
}

/* ---- the end ---- */

static void test_what_cannot_be_written_is_given_up_at_the_end(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");
    int64_t start;

    (void)state;
    run_desk(f);
    fake_set(&servers[0], ERROR_STORE_DOWN, false);
    for (int i = 1; i <= COMMITS; i++)
        push(store, "p", i, 0);
    turn_until(f, is_stalled, store);
    ask(store, true);
    start = fake_mono_ns();
    assert_true(commits_close(&f->engine, true));
    assert_in_range(fake_mono_ns() - start, 0, 1000000000LL);
    assert_int_equal(done.count, COMMITS);
    for (size_t i = 0; i < COMMITS; i++)
        assert_true(done.failed[i] && done.id[i] == (int)i + 1);
    assert_int_equal(asked.code, ERROR_STORE_DOWN);
    assert_string_equal(servers[0].history, "");
    desk_close(f);
}

static void test_a_store_that_works_finishes_at_the_end(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");

    (void)state;
    run_desk(f);
    servers[0].lose = 1;
    for (int i = 1; i <= COMMITS; i++)
        push(store, "p", i, 0);
    assert_true(commits_close(&f->engine, true));
    assert_int_equal(done.count, COMMITS);
    assert_false(done.failed[COMMITS - 1]);
    assert_int_equal(servers[0].applied, servers[0].stamps[0].number);
    desk_close(f);
}

static struct desk_fixture *left_desk; /* what a thread that was left behind uses, for ever */
static struct store *left_store;

/* The thread hangs in a call: the end does not wait for it. In a process of its own, which ends as
 * a daemon would. */
static void test_a_thread_that_hangs_is_left_behind(void **state)
{
    int64_t start;

    (void)state;
    left_desk = open_desk();
    left_store = desk_store(left_desk, FIRST, "p");
    run_desk(left_desk);
    push(desk_store(left_desk, SECOND, "p"), "p", 1, 0);
    fake_set(&servers[0], ERROR_NONE, true);
    push(left_store, "p", 2, 0);
    turn_until(left_desk, is_stalled, left_store);
    start = fake_mono_ns();
    assert_false(commits_close(&left_desk->engine, true));
    assert_in_range(fake_mono_ns() - start, 0, 1000000000LL);
    assert_int_equal(done.count, 1);
    assert_non_null(strstr(desk_log(left_desk), "does not answer"));
    uv_run(&left_desk->engine.loop, UV_RUN_DEFAULT); /* ends, although a job is not done */
    fake_set(&servers[0], ERROR_NONE, false);        /* too late */
    while (atomic_load(&left_store->ticks) == 0)
        uv_run(&left_desk->engine.loop, UV_RUN_NOWAIT);
    assert_int_equal(done.count, 1);
}

/* ---- at the start ---- */

static int await(struct desk_fixture *f, int64_t ms, struct error *e)
{
    return stores_await(&f->engine, ms, e);
}

static void test_the_start_waits_for_a_server(void **state)
{
    struct desk_fixture *f = open_desk();
    struct store *store = desk_store(f, FIRST, "p");
    struct error e = ERROR_INIT;
    struct store_health h;

    (void)state;
    fail_calls(3, ERROR_STORE_DOWN);
    assert_int_equal(await(f, 10000, &e), 0);
    assert_non_null(store->state);
    assert_int_equal(servers[0].tries, 4);
    assert_int_equal(count_of(desk_log(f), "waiting for a state store"), 3);
    assert_int_equal(count_of(desk_log(f), "is there"), 1);
    store_health_get(store, &h);
    assert_true(h.opened && !h.stalled);
    end(f);
}

static void test_the_start_gives_up_after_a_while(void **state)
{
    struct desk_fixture *f = open_desk();
    struct error e = ERROR_INIT;
    int64_t start = fake_mono_ns();

    (void)state;
    desk_store(f, "redis://u:secret@127.0.0.1:1", "other");
    desk_store(f, FIRST, "p");
    fake_set(&servers[0], ERROR_STORE_DOWN, false);
    assert_int_equal(await(f, 400, &e), -1);
    assert_in_range(fake_mono_ns() - start, 400000000LL, 2000000000LL);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_non_null(strstr(e.message, "state: the server is ill"));
    assert_non_null(strstr(e.message, "waited 0."));
    assert_non_null(strstr(e.hint, "--wait-for-state"));
    assert_null(strstr(desk_log(f), "secret"));
    end(f);
}

static void test_the_start_does_not_wait_for_what_waiting_cannot_mend(void **state)
{
    static const enum error_code codes[] = {ERROR_STORE_DENIED, ERROR_STORE_MISSING,
                                            ERROR_STORE_SCHEMA, ERROR_STORE_NEWER, ERROR_CONFIG};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct desk_fixture *f = open_desk();
        struct error e = ERROR_INIT;
        desk_store(f, FIRST, "p");
        fail_calls(1, codes[i]);
        assert_int_equal(await(f, 60000, &e), -1);
        assert_int_equal(e.code, codes[i]);
        assert_int_equal(servers[0].tries, 1);
        end(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lost_acknowledgement_is_repeated_and_applied_once),
        cmocka_unit_test(test_connections_have_writers_of_their_own),
        cmocka_unit_test(test_one_plugin_of_a_group_is_fenced_off),
        cmocka_unit_test(test_what_was_applied_before_a_take_over_counts),
        cmocka_unit_test(test_tries_are_further_and_further_apart),
        cmocka_unit_test(test_groups_are_bounded_by_their_bytes),
        cmocka_unit_test(test_a_patient_query_waits_for_its_answer),
        cmocka_unit_test(test_a_store_that_failed_a_question_is_probed),
        cmocka_unit_test(test_a_stall_concerns_its_own_store),
        cmocka_unit_test(test_warnings_are_said_once),
        cmocka_unit_test(test_a_server_that_hangs_is_away),
        cmocka_unit_test(test_what_cannot_be_written_is_given_up_at_the_end),
        cmocka_unit_test(test_a_store_that_works_finishes_at_the_end),
        cmocka_unit_test(test_the_start_waits_for_a_server),
        cmocka_unit_test(test_the_start_gives_up_after_a_while),
        cmocka_unit_test(test_the_start_does_not_wait_for_what_waiting_cannot_mend),
        cmocka_unit_test(test_a_thread_that_hangs_is_left_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
