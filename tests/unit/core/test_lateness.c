/* Triggers that did not start in time, runs on record past their deadline, and runs taken out of a
 * queue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "unit/core/fake_waiting.h"

#define NOW 1700000000000

static struct waiting *open_at_now(void)
{
    struct waiting *w = waiting_open();

    clock_init_manual(&w->engine->clock, NOW);
    return w;
}

/* The test's clock may stand still only while nobody waits for it. */
static void close_all(struct waiting *w)
{
    clock_init_real(&w->engine->clock);
    waiting_close(w);
}

static uint64_t failed(const struct waiting *w)
{
    return w->engine->counters.ended[RUN_FAILED];
}

static bool three_failed(void *arg)
{
    return failed(arg) == 3;
}

static bool one_failed(void *arg)
{
    return failed(arg) == 1;
}

static int see_run(void *arg, const struct run *run)
{
    json_t **out = arg;

    *out = run_to_json(run);
    json_object_set_new(*out, "was_late", json_boolean(run->timed_out));
    json_object_set_new(*out, "by", json_integer(run->deadline_ms));
    return 0;
}

static json_t *recorded(struct waiting *w, uint64_t id)
{
    struct error e = ERROR_INIT;
    json_t *run = NULL;

    waiting_settle(w);
    assert_int_equal(journal_get_run(w->engine->commits.journal->journal, id, see_run, &run, &e),
                     0);
    assert_non_null(run);
    return run;
}

static void what_waits_too_long_fails_at_its_time(void **state)
{
    struct waiting *w = open_at_now();
    struct plugin *p = w->plugins[0];
    uint64_t first = waiting_emit(w, p, NOW, 5000)->id;
    json_t *run;

    (void)state;
    waiting_emit(w, p, NOW, 3000);
    waiting_emit(w, p, NOW, 0);
    waiting_emit(w, p, NOW, 9000);
    clock_set(&w->engine->clock, NOW + 3000);
    lateness_watch(w->engine);
    assert_int_equal(p->queued, 4); /* 3 s after is in time */
    clock_set(&w->engine->clock, NOW + 5001);
    lateness_watch(w->engine);
    assert_int_equal(p->queued, 2);
    assert_int_equal(w->engine->waiting, 2);
    assert_true(p->late_ms == NOW + 9000);
    clock_set(&w->engine->clock, NOW + 9001);
    lateness_watch(w->engine);
    assert_true(p->late_ms == 0 && p->queued == 1);
    turn_until(w->desk, three_failed, w);
    run = recorded(w, first);
    assert_string_equal(json_string_value(json_object_get(run, "status")), "failed");
    assert_true(json_is_true(json_object_get(run, "was_late")));
    assert_true(json_integer_value(json_object_get(run, "by")) == NOW + 5000);
    assert_string_equal(json_string_value(json_object_get(json_object_get(run, "error"), "code")),
                        "TIMED_OUT");
    assert_non_null(strstr(
        json_string_value(json_object_get(json_object_get(run, "error"), "message")), "5.001 s"));
    json_decref(run);
    close_all(w);
}

static void the_declaration_in_force_judges_what_was_on_record(void **state)
{
    struct waiting *w = open_at_now();
    struct pending old = {
        .id = 1, .plugin = "p", .kind = TRIGGER_EVENT, .scheduled_ms = NOW - 9000};
    static char topic[] = "topic";

    (void)state;
    old.topic = topic;
    life_start_pending(w->engine, &old);
    assert_int_equal(w->plugins[0]->queued, 1); /* any time */
    w->triggers[0].deadline_ms = 9001;
    old.id = 2;
    life_start_pending(w->engine, &old);
    assert_int_equal(w->plugins[0]->queued, 2);
    w->triggers[0].deadline_ms = 8999;
    old.id = 3;
    life_start_pending(w->engine, &old);
    assert_int_equal(w->plugins[0]->queued, 2);
    turn_until(w->desk, one_failed, w);
    assert_int_equal(w->engine->buried, 1); /* it is not forgotten */
    close_all(w);
}

static void what_has_started_once_is_not_late(void **state)
{
    struct waiting *w = open_at_now();
    struct plugin *p = w->plugins[0];
    struct tick *tick = waiting_emit(w, p, NOW, 10);

    (void)state;
    tick_withdraw(tick);
    tick->attempts = 1; /* its worker was lost */
    engine_requeue(tick);
    clock_set(&w->engine->clock, NOW + 1000);
    lateness_watch(w->engine);
    assert_int_equal(p->queued, 1);
    close_all(w);
}

static void ticks_leave_the_queue_from_anywhere(void **state)
{
    struct waiting *w = open_at_now();
    struct plugin *p = w->plugins[0];
    struct tick *t[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        t[i] = waiting_emit(w, p, NOW + i, 0);
    tick_withdraw(t[3]);
    tick_withdraw(t[0]);
    assert_ptr_equal(p->queue, t[1]);
    assert_ptr_equal(p->queue_tail, &t[2]->next);
    tick_withdraw(t[1]);
    tick_withdraw(t[2]);
    assert_null(p->queue);
    assert_ptr_equal(p->queue_tail, &p->queue);
    assert_true(p->queued == 0 && w->engine->waiting == 0);
    for (int i = 0; i < 4; i++)
        life_end(t[i], RUN_CANCELLED, "by the test", NULL);
    waiting_settle(w);
    assert_int_equal(p->counters.ended[RUN_CANCELLED], 4);
    assert_int_equal(w->engine->buried, 0);
    close_all(w);
}

static void an_operators_retry_is_not_skipped(void **state)
{
    struct waiting *w = open_at_now();
    struct plugin *p = w->plugins[0];
    struct arrival a = {.kind = TRIGGER_MANUAL, .scheduled_ms = NOW, .id = 77, .insists = true};

    (void)state;
    for (int i = 0; i < WAITING_QUEUE; i++)
        waiting_emit(w, p, NOW, 0);
    assert_null(waiting_emit(w, p, NOW, 0)); /* full */
    p->health = UNHEALTHY;
    p->skip_left = 3;
    assert_non_null(engine_arrive(p, &a));
    assert_int_equal(p->skip_left, 3);
    p->health = QUARANTINED;
    a.id = 78;
    assert_null(engine_arrive(p, &a)); /* but no quarantine is broken */
    p->health = HEALTHY;
    close_all(w);
}

static bool knows_one_open(void *arg)
{
    struct engine *engine = arg;

    survey_soon(engine);
    survey_watch(engine);
    return survey_stats(engine) != NULL && survey_stats(engine)->open_runs == 1;
}

static bool expired(void *arg)
{
    struct engine *engine = arg;

    lateness_watch(engine);
    return engine->counters.ended[RUN_FAILED] == 1;
}

static int put_open(struct commit *c, struct journal *j, struct error *e)
{
    (void)c;
    return journal_create_run(j,
                              &(struct run){.id = 9,
                                            .plugin = "p",
                                            .status = RUN_RUNNING,
                                            .trigger = TRIGGER_MANUAL,
                                            .scheduled_ms = NOW,
                                            .deadline_ms = NOW + 1},
                              e);
}

static void put_done(struct commit *c, struct engine *engine)
{
    (void)engine;
    commit_free(c);
}

static int count_letter(void *arg, const struct dead_letter *d)
{
    *(int *)arg += d->state == DEAD_OPEN && strstr(d->error, "deadline") != NULL;
    return 0;
}

static void an_open_run_past_its_deadline_fails_and_leaves_a_letter(void **state)
{
    struct waiting *w = waiting_open();
    struct commit *c = commit_new(w->engine->commits.journal, put_done, NULL);
    struct error e = ERROR_INIT;
    int letters = 0;
    json_t *run, *open;

    (void)state;
    c->also = put_open;
    commits_push(c);
    turn_until(w->desk, knows_one_open, w->engine);
    open = lateness_json(w->engine);
    assert_int_equal(json_array_size(open), 1);
    json_decref(open);
    turn_until(w->desk, expired, w->engine);
    run = recorded(w, 9);
    assert_string_equal(json_string_value(json_object_get(run, "status")), "failed");
    json_decref(run);
    assert_int_equal(
        journal_get_dead(w->engine->commits.journal->journal, 9, count_letter, &letters, &e), 0);
    assert_int_equal(letters, 1);
    waiting_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_too_long_fails_at_its_time),
        cmocka_unit_test(the_declaration_in_force_judges_what_was_on_record),
        cmocka_unit_test(what_has_started_once_is_not_late),
        cmocka_unit_test(ticks_leave_the_queue_from_anywhere),
        cmocka_unit_test(an_operators_retry_is_not_skipped),
        cmocka_unit_test(an_open_run_past_its_deadline_fails_and_leaves_a_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
