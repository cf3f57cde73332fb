/* A batch's way outside in one session: journaled, sent, ended; refused, dead; never prepared; in
 * company. */
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

static void assert_lacks(const char *text, const char *part)
{
    if (text != NULL && strstr(text, part) != NULL)
        fail_msg("'%s' is in '%s'", part, text);
}

/* In this order, with anything between. */
static void assert_told(const char *first, const char *second)
{
    const char *at = strstr(told.text, first);

    if (at == NULL || strstr(at + strlen(first), second) == NULL)
        fail_msg("'%s', then '%s': not in '%s'", first, second, told.text);
}

static size_t waited;
static enum run_status waited_status;

static void waiter_ended(struct waiter *waiter, const struct run *run)
{
    (void)waiter;
    waited++;
    waited_status = run != NULL ? run->status : RUN_QUEUED;
    tell_of("waiter", "", "");
}

/* ---- executed ---- */

static void check_spans(const struct run *run)
{
    static const char *const order[] = {"queue",   "decide", "plan",    "simulate", "sign",
                                        "journal", "submit", "confirm", "commit"};
    json_t *o = json_loads(run->spans ? run->spans : "", 0, NULL);
    const json_t *spans = json_object_get(o, "spans");

    assert_int_equal(json_array_size(spans), 9);
    for (size_t i = 0; i < 9; i++) {
        const json_t *span = json_array_get(spans, i);
        assert_string_equal(json_string_value(json_array_get(span, 0)), order[i]);
        assert_true(json_integer_value(json_array_get(span, 1)) >= 0);
        if (i < 8)
            assert_true(json_integer_value(json_array_get(span, 2)) >=
                        json_integer_value(json_array_get(span, 1)));
    }
    assert_true(json_is_null(json_array_get(json_array_get(spans, 8), 2)));
    json_decref(o);
}

static void check_prepared(struct session *s, uint64_t id)
{
    struct run run = run_of(s, id);

    assert_int_equal(run.status, RUN_PREPARED);
    assert_int_equal(run.finished_ms, 0);
    assert_has(run.result, "\"digest\":\"D1\"");
    assert_has(run.actions, "as executed");
    assert_string_equal(submission_of(s, id), "D1 open");
    assert_int_equal(pendings(s), 0);
    run_release(&run);
}

static void check_completed(struct session *s, uint64_t id)
{
    struct run run = run_of(s, id);

    assert_int_equal(run.status, RUN_COMPLETED);
    assert_true(run.finished_ms > 0);
    assert_has(run.result, "\"digest\":\"D1\"");
    assert_has(run.result, "\"gas_used\":42");
    assert_has(run.result, "\"effects_status\":\"success\"");
    assert_has(run.actions, "as executed");
    assert_null(run.error);
    check_spans(&run);
    assert_string_equal(submission_of(s, id), "D1 done success");
    run_release(&run);
}

static void test_executed(void **state)
{
    struct session *s = session_open();
    struct waiter waiter = {.ended = waiter_ended};
    uint64_t id;

    (void)state;
    waited = 0;
    session_start(s);
    id = arrive_recorded(s, s->p, TRIGGER_MANUAL, ACT, &waiter);
    UNTIL(s, s->v->preparing != NULL);
    assert_true(s->v->live);
    assert_string_equal(s->v->preparing->plugin, "p");
    assert_true(s->v->preparing->run == id);
    fake_journal_hold(true);
    answer_ready(s->v, "D1");
    UNTIL(s, fake_journal_holds());
    turns(s, 20);
    assert_int_equal(s->v->pursued, 0); /* not before it is durable */
    fake_journal_hold(false);
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(s->v->fresh, 1);
    assert_int_equal(times_told("tx[state p,run prepared,submission,spend,unpend];pursue v fresh;"),
                     1);
    check_prepared(s, id);
    assert_int_equal(s->p->counters.ended[RUN_COMPLETED], 0);
    assert_int_equal(s->p->hooks_begun, 0);
    assert_null(s->p->last);
    assert_int_equal(waited, 0);

    answer_pursuit(s->v, PURSUIT_EXECUTED);
    assert_int_equal(s->p->hooks_begun, 0);
    UNTIL(s, log_has(s, "hook {"));
    assert_told("tx[run completed,settle done];settled v;", "waiter ;");
    assert_int_equal(waited, 1);
    assert_int_equal(waited_status, RUN_COMPLETED);
    check_completed(s, id);
    assert_has(session_log(s), "hook {");
    assert_has(s->v->last, "D1 done success {\"");
    assert_has(s->p->last, "\"effects_status\":\"success\"");
    assert_has(s->p->last, "\"gas_used\":42");
    assert_int_equal(s->engine->vaults[0].batches, 1);
    assert_int_equal(s->v->abandoned, 0);

    arrive(s, s->p, TRIGGER_CRON, NULL); /* sees it */
    UNTIL(s, log_has(s, "last {"));
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* Events that a batch emits are events of what has happened. */
static void test_emits_wait_for_success(void **state)
{
    struct session *s = session_open();

    (void)state;
    session_start(s);
    arrive(s, s->p, TRIGGER_EVENT, ACT_EMIT);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(pendings(s), 0);
    assert_int_equal(s->r->counters.received, 0);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->r->counters.ended[RUN_NOOP] == 1);
    assert_int_equal(times_told("tx[run completed,pend r,settle done]"), 1);

    arrive(s, s->p, TRIGGER_EVENT, ACT_EMIT);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D2");
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_REFUSED);
    UNTIL(s, s->p->counters.ended[RUN_FAILED] == 1);
    turns(s, 10);
    assert_int_equal(s->r->counters.received, 1);

    arrive(s, s->p, TRIGGER_EVENT, ACT_EMIT);
    UNTIL(s, s->v->preparing != NULL);
    answer_not_prepared(s->v, PREPARED_FAILED, "RPC");
    UNTIL(s, s->p->counters.ended[RUN_FAILED] == 2);
    arrive(s, s->p, TRIGGER_EVENT, ACT_EMIT);
    UNTIL(s, s->v->preparing != NULL);
    answer_not_prepared(s->v, PREPARED_REJECTED, "CAP_SPEND");
    UNTIL(s, s->p->counters.ended[RUN_REJECTED] == 1);
    turns(s, 10);
    assert_int_equal(pendings(s), 0);
    assert_int_equal(s->r->counters.received, 1);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* ---- refused, dead ---- */

static void fails(struct session *s, enum pursuit_result result, const char *submission)
{
    struct run run;
    uint64_t id = arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);
    uint64_t failed = s->p->counters.ended[RUN_FAILED];

    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, submission[1] == 'r' ? "Dr" : "Dd");
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, result);
    UNTIL(s, s->p->counters.ended[RUN_FAILED] == failed + 1);
    run = run_of(s, id);
    assert_int_equal(run.status, RUN_FAILED);
    assert_has(run.error, "\"phase\":\"chain\"");
    assert_has(run.error, "\"code\":\"ABORT\"");
    assert_has(run.error, "predict::mint 3");
    assert_has(run.result, "\"gas_used\":17");
    run_release(&run);
    assert_string_equal(submission_of(s, id), submission);
    assert_has(letter_of(s, id), ACT " {");
    assert_has(letter_of(s, id), "ABORT");
}

static void test_refused_and_dead(void **state)
{
    struct session *s = session_open();
    json_t *o;
    uint64_t id;

    (void)state;
    session_start(s);
    fails(s, PURSUIT_REFUSED, "Dr done failure");
    UNTIL(s, log_has(s, "hook error {"));
    assert_has(session_log(s), "chain");
    assert_has(session_log(s), "effects_status");
    fails(s, PURSUIT_DEAD, "Dd dead failure");
    UNTIL(s, log_count(s, "hook error {") == 2);
    assert_null(s->p->last);
    o = outbox_json(s->engine);
    assert_int_equal(json_integer_value(json_object_get(o, "settled")), 2);
    assert_int_equal(json_integer_value(json_object_get(o, "dead")), 1);
    assert_int_equal(json_integer_value(json_object_get(o, "open")), 0);
    json_decref(o);

    id = arrive(s, s->p, TRIGGER_CRON, ACT); /* comes again by itself: no letter */
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "Dc");
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_REFUSED);
    UNTIL(s, s->p->counters.ended[RUN_FAILED] == 3);
    assert_int_equal(status_of(s, id), RUN_FAILED);
    assert_string_equal(letter_of(s, id), "");

    id = arrive(s, s->p, TRIGGER_EVENT, ACT); /* a price's, which is not on record either */
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "Dp");
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_REFUSED);
    UNTIL(s, s->p->counters.ended[RUN_FAILED] == 4);
    assert_string_equal(letter_of(s, id), "");
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* What an executor says of the end does not get in the end's way. */
static void ends_saying(struct session *s, const char *digest, json_t *said)
{
    struct pursuit *p;
    uint64_t id = arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);

    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, digest);
    UNTIL(s, s->v->pursuing != NULL);
    p = fake_pursued(s->v);
    p->result = PURSUIT_EXECUTED;
    p->outcome = said;
    p->done(p);
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    assert_has(submission_of(s, id), " done success");
}

static void test_outcomes_of_all_kinds(void **state)
{
    struct session *s = session_open();
    char *text = mem_alloc(SUBMISSION_TEXT_BYTES + 100);
    json_t *deep = json_array();

    (void)state;
    session_start(s);
    ends_saying(s, "D1", NULL);
    assert_has(s->v->last, " -");
    memset(text, 'x', SUBMISSION_TEXT_BYTES + 99);
    text[SUBMISSION_TEXT_BYTES + 99] = '\0';
    ends_saying(s, "D2", json_pack("{s:s}", "long", text));
    assert_has(s->v->last, "too long");
    for (int i = 0; i < 100; i++)
        deep = json_pack("[o]", deep);
    ends_saying(s, "D3", json_pack("{s:o}", "deep", deep));
    assert_has(s->v->last, "too long");
    ends_saying(s, "D4", json_pack("[s]", "a list"));
    ends_saying(s, "D5",
                json_pack("{s:s, s:s, s:s}", "events", "no list", "gas_used", "no number", "error",
                          "no object"));
    free(text);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* ---- never prepared ---- */

static void test_not_prepared(void **state)
{
    struct session *s = session_open();
    struct run run;
    uint64_t id;

    (void)state;
    session_start(s);
    id = arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);
    UNTIL(s, s->v->preparing != NULL);
    answer_not_prepared(s->v, PREPARED_REJECTED, "CAP_SPEND");
    UNTIL(s, s->p->counters.ended[RUN_REJECTED] == 1);
    run = run_of(s, id);
    assert_has(run.error, "\"code\":\"CAP_SPEND\"");
    assert_has(run.error, "\"action\":1");
    run_release(&run);

    id = arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);
    UNTIL(s, s->v->preparing != NULL);
    answer_not_prepared(s->v, PREPARED_FAILED, "RPC");
    UNTIL(s, s->p->counters.ended[RUN_FAILED] == 1);
    run = run_of(s, id);
    assert_has(run.error, "\"code\":\"RPC\"");
    run_release(&run);
    assert_has(letter_of(s, id), "RPC");
    UNTIL(s, log_count(s, "hook error {") == 2);
    assert_int_equal(times_told("submission"), 0);
    assert_int_equal(times_told("spend"), 0);
    assert_int_equal(s->v->pursued + s->v->abandoned + s->v->settled, 0);
    assert_null(s->engine->outbox->open);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

static void dry(struct session *s)
{
    struct run run;
    uint64_t id;

    session_start(s);
    id = arrive_recorded(s, s->p, TRIGGER_EVENT, ACT_EMIT, NULL);
    UNTIL(s, s->v->preparing != NULL);
    assert_false(s->v->live);
    answer_simulated(s->v);
    UNTIL(s, s->p->counters.ended[RUN_COMPLETED] == 1);
    turns(s, 10);
    run = run_of(s, id);
    assert_true(run.dry_run);
    assert_has(run.actions, "as simulated");
    assert_has(run.result, "\"gas\":7");
    run_release(&run);
    assert_string_equal(submission_of(s, id), "");
    assert_int_equal(times_told("state p"), 0);
    assert_int_equal(times_told("submission"), 0);
    assert_int_equal(times_told("spend"), 0);
    assert_int_equal(s->p->hooks_begun, 0);
    assert_null(s->p->last);
    assert_int_equal(s->r->counters.received, 0);
    assert_int_equal(s->engine->vaults[0].batches, 0);
    assert_int_equal(session_stop(s), 0);
    assert_lacks(session_log(s), "hook {");
}

static void test_simulated(void **state)
{
    struct session *s = session_open();

    (void)state;
    s->live = false;
    dry(s);
    session_close(s);
    s = session_open();
    s->dry_run = true;
    dry(s);
    session_close(s);
}

/* ---- in company ---- */

/* State in a store of its own is durable before anything is prepared. */
static void test_state_apart(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    s->apart = true;
    session_start(s);
    id = arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);
    UNTIL(s, s->v->preparing != NULL);
    assert_int_equal(s->p->state->inflight, 1);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(times_told("tx[run prepared,submission,spend,unpend];pursue v fresh;"), 1);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, log_has(s, "hook {"));
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    UNTIL(s, s->p->state->inflight == 0);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* The executor's own is on its way beside a batch of its vault. */
static void test_upkeep_beside_a_batch(void **state)
{
    struct session *s = session_open();
    struct submission out;

    (void)state;
    session_start(s);
    arrive(s, s->p, TRIGGER_EVENT, ACT);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    out = fake_submission(s->v->env->next_id(s->v->env->arg), "v", "U1");
    out.vault[0] = '\0';
    assert_true(s->v->env->upkeep(s->v->env->arg, &s->v->base, &out));
    UNTIL(s, s->v->behind != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.ended[RUN_COMPLETED] == 1);
    arrive(s, s->p, TRIGGER_EVENT, ACT);
    UNTIL(s, s->v->preparing != NULL); /* upkeep holds no vault */
    answer_ready(s->v, "D2");
    UNTIL(s, s->v->behind != NULL);
    answer_pursuit(s->v, PURSUIT_REFUSED);
    UNTIL(s, s->v->settled == 2);
    assert_int_equal(s->p->counters.open, 1);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.ended[RUN_COMPLETED] == 2);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* Its worker dies while it is out: nothing of it is the worker's any more. */
static void test_a_worker_is_lost(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = arrive(s, s->p, TRIGGER_EVENT, ACT);
    UNTIL(s, s->v->preparing != NULL);
    link_kill(&s->engine->crew[0].link, "the test wants it");
    UNTIL(s, s->p->stage != STAGE_READY);
    /* Its successor is not given the state of the store before what was decided is there. */
    UNTIL(s, s->engine->crew[0].link.ready);
    turns(s, 20);
    assert_true(s->p->load_waits);
    assert_int_equal(s->p->stage, STAGE_DOWN);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    UNTIL(s, s->p->stage == STAGE_READY);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.ended[RUN_COMPLETED] == 1);
    UNTIL(s, log_has(s, "hook {")); /* by its successor */
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    assert_int_equal(s->v->prepared, 1);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

static bool reloaded;

static void note_reload(void *arg, json_t *data, const struct error *e)
{
    (void)arg;
    if (e != NULL)
        print_message("%s\n", e->message);
    json_decref(data);
    reloaded = true;
}

/* Its strategy leaves the desk while it is out. */
static void test_a_strategy_is_removed(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = arrive(s, s->p, TRIGGER_EVENT, ACT_EMIT);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    session_file(s, "strategies/p.lua", false);
    reloaded = false;
    reload_start(s->engine, NULL, note_reload, NULL);
    UNTIL(s, reloaded && engine_plugin(s->engine, "p") == NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->engine->counters.ended[RUN_COMPLETED] == 1);
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    UNTIL(s, s->r->counters.ended[RUN_NOOP] == 1);
    assert_int_equal(session_stop(s), 0);
    session_file(s, "strategies/p.lua", true);
    session_close(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_executed),         cmocka_unit_test(test_emits_wait_for_success),
        cmocka_unit_test(test_refused_and_dead), cmocka_unit_test(test_outcomes_of_all_kinds),
        cmocka_unit_test(test_not_prepared),     cmocka_unit_test(test_simulated),
        cmocka_unit_test(test_state_apart),      cmocka_unit_test(test_upkeep_beside_a_batch),
        cmocka_unit_test(test_a_worker_is_lost), cmocka_unit_test(test_a_strategy_is_removed),
    };

    session_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
