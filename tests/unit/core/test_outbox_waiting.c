/* While what came of a batch is unknown, or none can be prepared: what is asked again and when, who
 * waits, who is told, and what commands see of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "unit/core/fake_session.h"

static void assert_has(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, text ? text : "(nothing)");
}

/* ---- unknown ---- */

static int64_t wait_ms(struct session *s)
{
    return (s->engine->outbox->open->next_ns - clock_mono_ns(&s->engine->clock) + 999999) / 1000000;
}

static void assert_waits(struct session *s, int64_t ms)
{
    int64_t left = wait_ms(s);

    if (left > ms || left < ms - 150)
        fail_msg("it waits for %lld ms instead of %lld", (long long)left, (long long)ms);
}

static void test_unknown(void **state)
{
    static const int64_t waits[] = {200, 400, 800, 1600, 3200, 6400, 10000, 10000, 10000};
    struct session *s = session_open();
    uint64_t id, other;

    (void)state;
    session_start(s);
    id = arrive(s, s->p, TRIGGER_EVENT, ACT);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D1");
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        UNTIL(s, s->v->pursuing != NULL);
        assert_int_equal(s->v->fresh, 1);
        answer_unknown(s->v, "no answer", 0);
        assert_waits(s, waits[i]);
        if (i == 0) { /* it does ask again by itself */
            turns(s, 3);
            assert_null(s->v->pursuing);
        } else {
            session_skip(s, waits[i]);
        }
    }
    UNTIL(s, s->v->pursuing != NULL);
    answer_unknown(s->v, "come back later", 25000);
    assert_waits(s, 25000);
    assert_int_equal(status_of(s, id), RUN_UNKNOWN);
    assert_string_equal(submission_of(s, id), "D1 open");
    assert_int_equal(log_count(s, "what came of a transaction is not known"), 1);
    assert_has(session_log(s), "D1");
    assert_int_equal(times_told("tx[status submitted,status unknown]"), 1);

    /* its vault waits, another goes on */
    arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);
    other = arrive(s, s->q, TRIGGER_EVENT, ACT);
    UNTIL(s, s->w->preparing != NULL);
    answer_ready(s->w, "D2");
    UNTIL(s, s->w->pursuing != NULL);
    answer_pursuit(s->w, PURSUIT_EXECUTED);
    UNTIL(s, s->q->counters.ended[RUN_COMPLETED] == 1);
    assert_int_equal(status_of(s, other), RUN_COMPLETED);
    assert_int_equal(s->v->prepared, 1);
    assert_int_equal(s->p->counters.open, 2);

    session_skip(s, 25000);
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->v->preparing != NULL); /* whose turn it is now */
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    answer_ready(s->v, "D3");
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.ended[RUN_COMPLETED] == 2);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* Several decisions were under way in the worker when the first became a batch: they take turns. */
static void test_one_at_a_time(void **state)
{
    static const char *const digests[] = {"D1", "D2", "D3"};
    struct session *s = session_open();

    (void)state;
    session_start(s);
    for (size_t i = 0; i < 3; i++)
        arrive(s, s->p, TRIGGER_EVENT, ACT);
    for (size_t i = 0; i < 3; i++) {
        UNTIL(s, s->v->preparing != NULL);
        turns(s, 5);
        answer_ready(s->v, digests[i]);
        UNTIL(s, s->v->pursuing != NULL);
        answer_unknown(s->v, "no answer", 0);
        turns(s, 5);
        assert_int_equal(s->v->prepared, i + 1);
        session_skip(s, 200);
        UNTIL(s, s->v->pursuing != NULL);
        answer_pursuit(s->v, i == 1 ? PURSUIT_REFUSED : PURSUIT_EXECUTED);
    }
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(s->p->counters.ended[RUN_COMPLETED], 2);
    assert_int_equal(s->p->counters.ended[RUN_FAILED], 1);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

static struct run newest_skipped(struct session *s)
{
    uint64_t id = 0;

    for (size_t i = 0; i < s->ended_count; i++)
        if (s->ended[i].status == RUN_SKIPPED)
            id = s->ended[i].id;
    return run_of(s, id);
}

static void test_patience_with_the_unknown(void **state)
{
    struct session *s = session_open();
    struct run run;

    (void)state;
    session_start(s);
    arrive(s, s->p, TRIGGER_EVENT, ACT);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    answer_unknown(s->v, "the line is dead", 60000);
    turn(s);
    assert_true(arrive(s, s->p, TRIGGER_CRON, NULL) != 0); /* waits */
    session_skip(s, OUTBOX_PATIENCE_MS + 100);
    assert_true(arrive(s, s->p, TRIGGER_CRON, NULL) == 0);
    assert_true(arrive(s, s->q, TRIGGER_CRON, NULL) != 0);
    UNTIL(s, s->p->counters.ended[RUN_SKIPPED] == 1);
    run = newest_skipped(s);
    assert_has(run.reason, "D1");
    assert_has(run.reason, "the line is dead");
    run_release(&run);
    arrive_recorded(s, s->p, TRIGGER_EVENT, NULL, NULL); /* on record: waits */
    assert_int_equal(s->p->counters.ended[RUN_SKIPPED], 1);
    assert_int_equal(s->p->queued, 2);
    session_skip(s, 60000);
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.ended[RUN_NOOP] == 2);
    assert_true(arrive(s, s->p, TRIGGER_CRON, NULL) != 0);
    UNTIL(s, s->p->counters.ended[RUN_NOOP] == 3);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

static void test_kick(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = arrive(s, s->p, TRIGGER_EVENT, ACT);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    answer_unknown(s->v, "no answer", 3600000);
    turns(s, 5);
    assert_null(s->v->pursuing);
    assert_int_equal(outbox_kick(s->engine, id + 1), 0);
    turns(s, 5);
    assert_null(s->v->pursuing);
    assert_int_equal(outbox_kick(s->engine, id), 1);
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(outbox_kick(s->engine, 0), 1); /* while it is asked: once more after that */
    answer_unknown(s->v, "no answer", 3600000);
    UNTIL(s, s->v->pursuing != NULL);
    answer_unknown(s->v, "no answer", 0);
    assert_waits(s, 400); /* from the start again */
    assert_int_equal(outbox_kick(s->engine, 0), 1);
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    assert_int_equal(outbox_kick(s->engine, 0), 0); /* known: nothing is left to ask */
    UNTIL(s, s->p->counters.ended[RUN_COMPLETED] == 1);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* ---- obstacles ---- */

static void test_obstacles(void **state)
{
    struct session *s = session_open();
    struct run run;

    (void)state;
    session_start(s);
    fake_hinder(s->v, "the chain has not answered yet", true);
    assert_true(arrive(s, s->p, TRIGGER_CRON, ACT) != 0);
    turns(s, 10);
    assert_int_equal(s->v->prepared, 0);
    fake_hinder(s->v, "halted: says the test", true);
    fake_hinder(s->v, "more than was said", false); /* the text is the executor's again */
    arrive_recorded(s, s->p, TRIGGER_MANUAL, ACT, NULL);
    turns(s, 10);
    assert_int_equal(s->p->queued, 2); /* it may soon be over */
    session_skip(s, OUTBOX_ASKED_MS + 100);
    UNTIL(s, s->p->counters.ended[RUN_SKIPPED] == 1); /* somebody waits for it */
    run = newest_skipped(s);
    assert_has(run.reason, "more than was said");
    run_release(&run);
    arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);
    assert_int_equal(s->p->queued, 2);
    session_skip(s, OUTBOX_PATIENCE_MS + 100);
    assert_true(arrive(s, s->p, TRIGGER_CRON, ACT) == 0);
    arrive_recorded(s, s->p, TRIGGER_EVENT, ACT,
                    NULL); /* on record: it waits as long as it takes */
    UNTIL(s, s->p->counters.ended[RUN_SKIPPED] == 2);
    assert_int_equal(s->p->queued, 3);
    assert_int_equal(s->v->prepared, 0);

    fake_hinder(s->v, NULL, true);
    for (uint64_t i = 1; i <= 3; i++) {
        UNTIL(s, s->v->preparing != NULL);
        answer_not_prepared(s->v, PREPARED_REJECTED, "CAP_SPEND");
        UNTIL(s, s->p->counters.ended[RUN_REJECTED] == i);
    }
    assert_int_equal(s->p->counters.open, 0);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* ---- what commands see ---- */

static void test_json(void **state)
{
    struct session *s = session_open();
    json_t *o, *one;
    uint64_t id;
    char text[ID_TEXT_SIZE];

    (void)state;
    session_start(s);
    o = outbox_json(s->engine);
    assert_int_equal(json_integer_value(json_object_get(o, "open")), 0);
    assert_int_equal(json_array_size(json_object_get(o, "list")), 0);
    json_decref(o);
    id = arrive(s, s->p, TRIGGER_EVENT, ACT);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    answer_unknown(s->v, "the line is dead", 60000);
    session_skip(s, 5000);
    fake_hinder(s->w, "halted", true);

    o = outbox_json(s->engine);
    assert_int_equal(json_integer_value(json_object_get(o, "open")), 1);
    assert_true(json_integer_value(json_object_get(o, "oldest_ms")) >= 5000);
    one = json_array_get(json_object_get(o, "list"), 0);
    assert_string_equal(json_string_value(json_object_get(one, "id")), id_format(id, text));
    assert_string_equal(json_string_value(json_object_get(one, "digest")), "D1");
    assert_string_equal(json_string_value(json_object_get(one, "vault")), "v");
    assert_string_equal(json_string_value(json_object_get(one, "account")), "account-v");
    assert_string_equal(json_string_value(json_object_get(one, "why")), "the line is dead");
    assert_int_equal(json_integer_value(json_object_get(one, "tries")), 1);
    assert_true(json_integer_value(json_object_get(one, "age_ms")) >= 5000);
    json_decref(o);

    o = outbox_vaults_json(s->engine);
    assert_int_equal(json_array_size(o), 2);
    one = json_array_get(o, 0);
    assert_string_equal(json_string_value(json_object_get(one, "vault")), "v");
    assert_string_equal(json_string_value(json_object_get(one, "executor")), "fake");
    assert_string_equal(json_string_value(json_object_get(one, "account")), "account-v");
    assert_true(json_is_true(json_object_get(one, "live")));
    assert_null(json_object_get(one, "obstacle"));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(one, "status"), "prepared")), 1);
    one = json_array_get(o, 1);
    assert_string_equal(json_string_value(json_object_get(one, "obstacle")), "halted");
    json_decref(o);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* What a strategy decides while its batch is prepared would be committed ahead of it, and then be
 * overwritten; with state apart, a kill would lose both. */
static void check_order(bool apart)
{
    struct session *s = session_open();

    s->apart = apart;
    session_start(s);
    fake_hinder(s->v, "halted", true); /* so that all are there together */
    arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);
    arrive_recorded(s, s->p, TRIGGER_EVENT, NULL, NULL);
    arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);
    fake_hinder(s->v, NULL, true);
    UNTIL(s, s->v->preparing != NULL);
    turns(s, 20);
    assert_null(s->engine->vaults[0].decided);
    assert_int_equal(s->p->queued, 2);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(s->p->counters.ended[RUN_NOOP], 0);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.ended[RUN_NOOP] == 1 && s->v->preparing != NULL);
    answer_ready(s->v, "D2");
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.ended[RUN_COMPLETED] == 2);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

static void test_decisions_in_their_order(void **state)
{
    (void)state;
    check_order(false);
    check_order(true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_decisions_in_their_order),
        cmocka_unit_test(test_patience_with_the_unknown),
        cmocka_unit_test(test_kick),
        cmocka_unit_test(test_obstacles),
        cmocka_unit_test(test_json),
    };

    session_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
