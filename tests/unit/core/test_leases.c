/*
 * Leases: taken before a plugin is loaded, renewed, lost, released, taken over. The worker is a
 * link without a process: what core tells it is in the link's buffer, its answers are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/ending.h"
#include "core/loading.h"
#include "unit/core/fake_desk.h"

#define OTHER "elsewhere:/srv/desk (pid 4242)"

struct fixture {
    struct desk_fixture *desk;
    struct crew_member member;
    struct vault vault;
    struct vault_config vault_config;
    struct plugin *plugins[4];
};

static struct plugin *plugin_new(struct fixture *f, const char *name)
{
    struct plugin *p = mem_zero(1, sizeof *p);

    p->engine = &f->desk->engine;
    p->queue_tail = &p->queue;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->vault = &f->vault;
    p->worker = &f->member;
    p->state = desk_store(f->desk, FIRST, name);
    p->params = json_object();
    p->file.path = mem_strdup("x.lua");
    p->file.source = mem_strdup("return {}");
    p->file.len = strlen(p->file.source);
    p->manifest.queue = 3;
    f->plugins[f->desk->engine.plugin_count++] = p;
    return p;
}

static void set_up_limits(struct blueprint *b)
{
    b->config.limits.memory = 1 << 20;
    b->config.limits.soft_ms = 100;
    b->config.limits.value_bytes = b->config.limits.state_bytes = 1 << 16;
}

/* One plugin "p" on a shared store; the worker is ready. */
static struct fixture *fixture_new(void)
{
    struct fixture *f = mem_zero(1, sizeof *f);
    struct engine *engine;
    struct error e = ERROR_INIT;

    f->desk = desk_open();
    engine = &f->desk->engine;
    set_up_limits(&f->desk->blueprint);
    snprintf(f->vault_config.id, sizeof f->vault_config.id, "v");
    f->vault.config = &f->vault_config;
    f->vault.engine = engine;
    f->member.engine = engine;
    link_init(&f->member.link, &engine->loop, &(struct link_hooks){0});
    f->member.link.ready = true;
    engine->plugins = f->plugins;
    engine->started = true; /* advance.c may nap, nothing is due */
    engine->alarm_fd = -1;
    uv_timer_init(&engine->loop, &engine->wake);
    engine->wake.data = engine;
    plugin_new(f, "p");
    leases_start(engine);
    assert_int_equal(commits_run(engine, &e), 0);
    return f;
}

static void release_link(struct link *link)
{
    while (link->first != NULL) {
        struct question *q = link->first;
        link->first = q->next;
        loading_forget(q);
    }
    link_close(link);
}

static void fixture_end(struct fixture *f)
{
    struct engine *engine = &f->desk->engine;

    engine->draining = engine->stopping = true;
    release_link(&f->member.link);
    leases_release_all(engine);
    assert_true(commits_close(engine, true));
    leases_stop(engine);
    uv_close((uv_handle_t *)&engine->wake, NULL);
    assert_int_equal(engine->live_ticks, 0);
    for (size_t i = 0; i < engine->plugin_count; i++)
        strategy_free(f->plugins[i]);
    while (engine->retired != NULL) {
        struct plugin *next = engine->retired->next_retired;
        strategy_free(engine->retired);
        engine->retired = next;
    }
    desk_close(f->desk);
    free(f);
}

/* ---- conditions ---- */

static bool is_loading(void *arg)
{
    return ((struct plugin *)arg)->stage == STAGE_LOADING;
}

static bool is_ready(void *arg)
{
    return ((struct plugin *)arg)->stage == STAGE_READY;
}

static bool is_standby(void *arg)
{
    return ((struct plugin *)arg)->stage == STAGE_STANDBY;
}

static bool is_lost(void *arg)
{
    return ((struct plugin *)arg)->lease_lost;
}

static bool is_stalled(void *arg)
{
    return ((struct plugin *)arg)->state->stalled;
}

static bool is_idle(void *arg)
{
    return commits_depth(arg) == 0;
}

static void settle(struct fixture *f)
{
    turn_until(f->desk, is_idle, &f->desk->engine);
}

/* The worker has loaded what was asked for first. */
static void answer_load(struct fixture *f)
{
    struct link *link = &f->member.link;
    struct question *q = link->first;
    struct message_loaded *loaded = mem_zero(1, sizeof *loaded);

    assert_non_null(q);
    assert_int_equal(q->expected, MESSAGE_LOADED);
    link->first = q->next;
    if (link->first == NULL)
        link->last = NULL;
    link->outstanding--;
    loaded->slot = (uint32_t)q->id;
    loading_answered(q, loaded);
    free(loaded);
}

static void make_ready(struct fixture *f, struct plugin *p)
{
    crew_load(p);
    turn_until(f->desk, is_loading, p);
    answer_load(f);
    turn_until(f->desk, is_ready, p);
}

static struct fake_lease held(const char *plugin)
{
    struct fake_lease lease;

    pthread_mutex_lock(&servers[0].lock);
    lease = *fake_lease(&servers[0], plugin);
    pthread_mutex_unlock(&servers[0].lock);
    return lease;
}

static bool is_free(const char *plugin)
{
    return held(plugin).until_ms <= servers[0].now_ms;
}

static void pass(int64_t ms)
{
    pthread_mutex_lock(&servers[0].lock);
    servers[0].now_ms += ms;
    pthread_mutex_unlock(&servers[0].lock);
}

static void check_counters(const struct fixture *f, const struct plugin *p)
{
    const struct counters *all[2] = {&p->counters, &f->desk->engine.counters};

    for (size_t i = 0; i < 2; i++) {
        uint64_t ended = 0;
        for (int s = 0; s < RUN_STATUS_COUNT; s++)
            ended += all[i]->ended[s];
        assert_int_equal(all[i]->received, ended + all[i]->open);
    }
}

static struct tick *trigger(struct plugin *p)
{
    return engine_receive(p, TRIGGER_MANUAL, NULL, NULL, 1, 0, 0, 0, NULL);
}

/* The newest run on record with this status. */
struct found {
    char reason[400], error[400];
    size_t count;
};

static int note_run(void *arg, const struct run *run)
{
    struct found *found = arg;

    snprintf(found->reason, sizeof found->reason, "%s", run->reason ? run->reason : "");
    snprintf(found->error, sizeof found->error, "%s", run->error ? run->error : "");
    found->count++;
    return 0;
}

/* Of the runs on record; the journal is idle. */
static struct found runs(struct fixture *f, enum run_status status)
{
    struct run_filter filter = {.status = (int)status, .limit = 100};
    struct found found = {.count = 0};
    struct error e = ERROR_INIT;

    settle(f);
    assert_int_equal(
        journal_list_runs(f->desk->engine.commits.journal->journal, &filter, note_run, &found, &e),
        0);
    return found;
}

/* ---- taking ---- */

static void test_a_free_lease_is_taken_then_the_strategy_is_loaded(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];

    (void)state;
    crew_load(p);
    crew_load(p); /* asked once */
    assert_int_equal(p->stage, STAGE_DOWN);
    assert_null(f->member.link.first);
    turn_until(f->desk, is_loading, p);
    assert_int_equal(held("p").token, 1);
    assert_int_equal(p->token, 1);
    assert_string_equal(held("p").owner, f->desk->engine.owner);
    assert_int_equal(held("p").until_ms, servers[0].now_ms + 1000);
    assert_true(servers[0].retake);
    answer_load(f);
    turn_until(f->desk, is_ready, p);
    fixture_end(f);
}

static void test_without_the_server_it_waits_and_is_bounded(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];
    struct found skipped;

    (void)state;
    fake_set(&servers[0], ERROR_STORE_DOWN, false);
    crew_load(p);
    turn_until(f->desk, is_stalled, p);
    for (int i = 0; i < 5; i++)
        trigger(p);
    assert_int_equal(p->queued, 3);
    check_counters(f, p);
    fake_set(&servers[0], ERROR_NONE, false);
    turn_until(f->desk, is_loading, p);
    skipped = runs(f, RUN_SKIPPED);
    assert_int_equal(skipped.count, 2);
    assert_non_null(strstr(skipped.reason, "state store redis://127.0.0.1:1"));
    assert_non_null(strstr(skipped.reason, "ill"));
    assert_int_equal(p->queued, 3); /* the others wait on, for its loading */
    plugin_flush_queue(p, "the test is over");
    settle(f);
    check_counters(f, p);
    fixture_end(f);
}

static void test_another_owner_means_standby(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];
    struct found skipped;

    (void)state;
    fake_grant(&servers[0], "p", OTHER, 1000);
    crew_load(p);
    trigger(p); /* waits for the answer */
    assert_int_equal(p->queued, 1);
    turn_until(f->desk, is_standby, p);
    assert_int_equal(p->queued, 0);
    assert_null(trigger(p));
    skipped = runs(f, RUN_SKIPPED);
    assert_int_equal(skipped.count, 2);
    assert_string_equal(skipped.reason, "another daemon runs this strategy: " OTHER);
    check_counters(f, p);
    assert_int_equal(p->token, 0);
    assert_null(f->member.link.first);
    fixture_end(f);
}

static bool has_looked(void *arg)
{
    bool looked;

    pthread_mutex_lock(&servers[0].lock);
    looked = servers[0].looks >= *(size_t *)arg;
    pthread_mutex_unlock(&servers[0].lock);
    return looked;
}

static void test_what_was_released_is_taken(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];
    size_t looks = 3;

    (void)state;
    fake_grant(&servers[0], "p", OTHER, 1000);
    crew_load(p);
    turn_until(f->desk, is_standby, p);
    turn_until(f->desk, has_looked, &looks);
    assert_int_equal(p->stage, STAGE_STANDBY);
    fake_grant(&servers[0], "p", "a third one", 1000); /* who it is now is known, too */
    looks += 2;
    turn_until(f->desk, has_looked, &looks);
    settle(f);
    assert_string_equal(p->holder, "a third one");
    pass(1000); /* expired, at exactly this moment */
    turn_until(f->desk, is_loading, p);
    assert_int_equal(p->token, 3);
    assert_non_null(strstr(desk_log(f->desk), "this daemon runs the strategy now"));
    fixture_end(f);
}

static void test_the_worker_may_die_while_it_is_asked_for(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];

    (void)state;
    crew_load(p);
    f->member.link.ready = false;
    settle(f);
    assert_int_equal(p->token, 1);
    assert_int_equal(p->stage, STAGE_DOWN);
    f->member.link.ready = true;
    crew_load(p); /* as when the next one is ready */
    assert_int_equal(p->stage, STAGE_LOADING);
    assert_int_equal(held("p").token, 1);
    fixture_end(f);
}

static void test_granted_to_a_daemon_that_stops_it_is_released(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];

    (void)state;
    crew_load(p);
    f->desk->engine.draining = true;
    settle(f);
    assert_int_equal(p->token, 0);
    assert_int_equal(held("p").token, 1);
    assert_true(is_free("p"));
    fixture_end(f);
}

/* ---- keeping ---- */

static bool is_renewed(void *arg)
{
    bool renewed;

    pthread_mutex_lock(&servers[0].lock);
    renewed = servers[0].renewals >= *(size_t *)arg;
    pthread_mutex_unlock(&servers[0].lock);
    return renewed;
}

static void test_leases_are_renewed_together(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0], *q = plugin_new(f, "q");
    size_t renewals = 3;

    (void)state;
    make_ready(f, p);
    make_ready(f, q);
    pass(900);
    turn_until(f->desk, is_renewed, &renewals);
    assert_int_equal(held("p").until_ms, servers[0].now_ms + 1000);
    assert_int_equal(held("q").until_ms, servers[0].now_ms + 1000);
    assert_true(p->stage == STAGE_READY && q->stage == STAGE_READY);
    fixture_end(f);
    assert_true(servers[0].renewals < 12); /* one for both */
}

static void test_a_stop_releases(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];
    struct engine *engine = &f->desk->engine;

    (void)state;
    make_ready(f, p);
    assert_false(is_free("p"));
    leases_release_all(engine);
    settle(f);
    assert_true(is_free("p"));
    assert_int_equal(held("p").token, 1);
    fixture_end(f);
}

static void retire(struct fixture *f, struct plugin *p)
{
    struct engine *engine = &f->desk->engine;

    assert_ptr_equal(f->plugins[engine->plugin_count - 1], p);
    engine->plugin_count--;
    p->removed = true;
    p->next_retired = engine->retired;
    engine->retired = p;
    plugin_quiet(p);
}

static void test_a_removed_strategy_releases_when_it_has_ended(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0], *again;

    (void)state;
    make_ready(f, p);
    p->running = 1; /* a tick at the worker */
    retire(f, p);
    again = plugin_new(f, "p"); /* it is added again meanwhile: it must not read the state yet */
    crew_load(again);
    settle(f);
    assert_true(again->token == 0 && !again->lease_asked);
    assert_false(is_free("p"));
    p->running = 0;
    plugin_quiet(p);
    turn_until(f->desk, is_loading, again);
    assert_int_equal(p->token, 0);
    assert_int_equal(again->token, 2);
    assert_null(strstr(desk_log(f->desk), "taken it over"));
    fixture_end(f);
}

static void test_a_strategy_that_is_removed_while_it_waits_keeps_nothing(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];

    (void)state;
    crew_load(p);
    retire(f, p);
    settle(f);
    assert_int_equal(held("p").token, 1);
    assert_true(is_free("p"));
    assert_int_equal(p->token, 0);
    assert_null(f->member.link.first);
    fixture_end(f);
}

/* ---- losing ---- */

static void test_lost_by_renewal(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];

    (void)state;
    make_ready(f, p);
    pass(1000);
    fake_grant(&servers[0], "p", OTHER, 1000);
    turn_until(f->desk, is_standby, p);
    assert_string_equal(p->holder, OTHER);
    assert_int_equal(p->token, 0);
    assert_false(servers[0].retake); /* no snatching to and fro */
    assert_non_null(strstr(desk_log(f->desk), "another daemon has taken it over"));
    pass(1000);
    turn_until(f->desk, is_loading, p);
    assert_int_equal(p->token, 3);
    assert_false(p->lease_taken);
    fixture_end(f);
}

/* A tick that was sent to the worker. */
static struct tick *under_way(struct plugin *p)
{
    struct tick *tick = trigger(p);

    assert_ptr_equal(p->queue, tick);
    p->queue = NULL;
    p->queue_tail = &p->queue;
    p->queued--;
    p->engine->waiting--;
    p->running++;
    tick->attempts++;
    return tick;
}

/* Its answer: a deposit, and a state write. */
static void decide(struct tick *tick)
{
    static const char actions[] = "[{\"kind\":\"pm_deposit\",\"amount\":5}]";
    struct kv_write write = {"n", 1, "7", 1, 0};
    struct message_decided *d = mem_zero(1, sizeof *d);
    struct plugin *p = tick->plugin;
    struct error e = ERROR_INIT;

    d->run = tick->id;
    d->outcome = DECIDED_ACTIONS;
    d->actions = (struct text){actions, sizeof actions - 1};
    d->writes = &write;
    d->write_count = 1;
    p->running--;
    if (life_decided(tick, d, &e) < 0)
        fail_msg("%s", e.message);
    plugin_quiet(p);
    free(d);
}

/* There is no executor here: anything executed would be the end of the test. */
static void test_lost_by_commit(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];
    struct tick *one, *two;
    struct found failed;

    (void)state;
    make_ready(f, p);
    one = under_way(p);
    two = under_way(p);
    pass(1000);
    fake_grant(&servers[0], "p", OTHER, 1000);
    decide(one);
    trigger(p); /* waits until it is known who has it */
    decide(two);
    turn_until(f->desk, is_standby, p);
    failed = runs(f, RUN_FAILED);
    assert_int_equal(failed.count, 2);
    assert_non_null(strstr(failed.error, "STORE_FENCED"));
    assert_non_null(strstr(failed.error, "nothing of this decision was written or executed"));
    assert_string_equal(servers[0].history, "");
    assert_string_equal(runs(f, RUN_SKIPPED).reason, "another daemon runs this strategy: " OTHER);
    assert_int_equal(count_of(desk_log(f->desk), "another daemon has taken it over"), 1);
    check_counters(f, p);
    assert_int_equal(p->counters.open, 0);
    fixture_end(f);
}

/* What ran when the lease was lost ends first; nothing new is sent. */
static void test_standby_waits_for_what_runs(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];
    struct tick *tick;

    (void)state;
    make_ready(f, p);
    tick = under_way(p);
    fake_grant(&servers[0], "p", OTHER, 1000);
    turn_until(f->desk, is_lost, p);
    assert_int_equal(p->stage, STAGE_READY);
    decide(tick);
    turn_until(f->desk, is_standby, p);
    assert_int_equal(runs(f, RUN_FAILED).count, 1);
    fixture_end(f);
}

static void test_lost_while_it_is_being_loaded(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];

    (void)state;
    crew_load(p);
    turn_until(f->desk, is_loading, p);
    fake_grant(&servers[0], "p", OTHER, 1000);
    turn_until(f->desk, is_standby, p);
    answer_load(f); /* comes too late */
    settle(f);
    assert_int_equal(p->stage, STAGE_STANDBY);
    pass(1000);
    turn_until(f->desk, is_loading, p);
    answer_load(f);
    turn_until(f->desk, is_ready, p);
    fixture_end(f);
}

/* Somebody deleted it, or it was released by hand: it is taken again, and what waited goes on. */
static void test_a_lease_that_vanished_is_taken_again(void **state)
{
    struct fixture *f = fixture_new();
    struct plugin *p = f->plugins[0];

    (void)state;
    make_ready(f, p);
    trigger(p);
    fake_grant(&servers[0], "p", OTHER, 0);
    turn_until(f->desk, is_loading, p);
    assert_int_equal(p->token, 3);
    assert_int_equal(p->queued, 1);
    plugin_flush_queue(p, "the test is over");
    fixture_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_free_lease_is_taken_then_the_strategy_is_loaded),
        cmocka_unit_test(test_without_the_server_it_waits_and_is_bounded),
        cmocka_unit_test(test_another_owner_means_standby),
        cmocka_unit_test(test_what_was_released_is_taken),
        cmocka_unit_test(test_the_worker_may_die_while_it_is_asked_for),
        cmocka_unit_test(test_granted_to_a_daemon_that_stops_it_is_released),
        cmocka_unit_test(test_leases_are_renewed_together),
        cmocka_unit_test(test_a_stop_releases),
        cmocka_unit_test(test_a_removed_strategy_releases_when_it_has_ended),
        cmocka_unit_test(test_a_strategy_that_is_removed_while_it_waits_keeps_nothing),
        cmocka_unit_test(test_lost_by_renewal),
        cmocka_unit_test(test_lost_by_commit),
        cmocka_unit_test(test_standby_waits_for_what_runs),
        cmocka_unit_test(test_lost_while_it_is_being_loaded),
        cmocka_unit_test(test_a_lease_that_vanished_is_taken_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
