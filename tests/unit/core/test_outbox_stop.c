/* What becomes of batches on their way outside when the session ends, however it does, and when the
 * journal does not take them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/ending.h"
#include "unit/core/fake_session.h"

#define EARLIER 1000 /* an id of long ago */

/* A start that fails forgets what its stores have never begun; all else is accounted for. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:versions_record\n";
}

static void assert_has(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, text ? text : "(nothing)");
}

static size_t waited, waited_in_vain;

static void waiter_ended(struct waiter *waiter, const struct run *run)
{
    free(waiter);
    waited++;
    waited_in_vain += run == NULL;
}

/* Somebody who has to be told, or leaks. */
static struct waiter *waiter_new(void)
{
    struct waiter *waiter = mem_zero(1, sizeof *waiter);

    waiter->ended = waiter_ended;
    return waiter;
}

static uint64_t decide(struct session *s)
{
    uint64_t id;

    waited = waited_in_vain = 0;
    id = arrive_recorded(s, s->p, TRIGGER_MANUAL, ACT_EMIT, waiter_new());
    UNTIL(s, s->v->preparing != NULL);
    return id;
}

static uint64_t send_out(struct session *s, const char *digest)
{
    uint64_t id = decide(s);

    answer_ready(s->v, digest);
    UNTIL(s, s->v->pursuing != NULL);
    return id;
}

/* ---- the drain ---- */

static void test_unknown_is_left(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = send_out(s, "D1");
    answer_unknown(s->v, "no answer", 0);
    turn(s);
    engine_stop(s->engine, "the test wants it");
    assert_int_equal(s->engine->live_ticks, 0); /* nothing to wait for */
    assert_int_equal(waited_in_vain, 1);
    assert_int_equal(session_end(s), 0);
    assert_int_equal(times_told("pursue v;"), 0);
    assert_int_equal(times_told("settled"), 0);
    assert_string_equal(submission_of(s, id), "D1 open");
    assert_int_equal(status_of(s, id), RUN_UNKNOWN);
    session_close(s);
}

static void test_an_answer_while_stopping(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = send_out(s, "D1");
    engine_stop(s->engine, "the test wants it");
    turns(s, 20);
    assert_false(s->over);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    assert_int_equal(session_end(s), 0);
    assert_int_equal(waited, 1);
    assert_int_equal(waited_in_vain, 0);
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    assert_string_equal(submission_of(s, id), "D1 done success");
    assert_int_equal(pendings(s), 1); /* what it emitted is the next session's */
    assert_true(log_has(s, "hook {"));

    session_start(s);
    UNTIL(s, s->r->counters.ended[RUN_NOOP] == 1);
    id = send_out(s, "D2");
    engine_stop(s->engine, "the test wants it");
    turns(s, 5);
    answer_unknown(s->v, "no answer", 0);
    assert_int_equal(s->engine->live_ticks, 0);
    assert_int_equal(session_end(s), 0);
    assert_int_equal(waited_in_vain, 1);
    assert_string_equal(submission_of(s, id), "D2 open");
    session_close(s);
}

/* Decided before the stop: it still goes out, and the stop waits for what comes of it. */
static void test_prepared_while_stopping(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = decide(s);
    engine_stop(s->engine, "the test wants it");
    turns(s, 20);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    assert_int_equal(session_end(s), 0);
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    session_close(s);
}

static void test_no_answer_until_the_limit(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = send_out(s, "D1");
    assert_int_equal(session_cut(s), 0); /* left open as it should be: nothing is lost */
    assert_int_equal(waited_in_vain, 1);
    assert_string_equal(submission_of(s, id), "D1 open");
    assert_int_equal(status_of(s, id), RUN_PREPARED);
    session_close(s);
}

/* Several decisions, the first of which is never prepared. */
static void test_never_prepared(void **state)
{
    struct session *s = session_open();

    (void)state;
    session_start(s);
    waited = waited_in_vain = 0;
    for (size_t i = 0; i < 3; i++)
        arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, waiter_new());
    UNTIL(s, s->v->preparing != NULL);
    turns(s, 20);
    assert_int_equal(session_cut(s), -1);
    assert_int_equal(s->error.code, ERROR_TIMEOUT);
    assert_int_equal(waited, 3);
    assert_int_equal(waited_in_vain, 3);
    assert_int_equal(times_told("submission"), 0);
    assert_int_equal(pendings(s), 3); /* for the next session */
    session_close(s);
}

/* The same with state in a store of its own: it counts what is under way. */
static void test_never_prepared_apart(void **state)
{
    struct session *s = session_open();

    (void)state;
    s->apart = true;
    session_start(s);
    decide(s);
    assert_int_equal(session_cut(s), -1);
    assert_int_equal(waited_in_vain, 1);
    assert_int_equal(pendings(s), 1);
    session_close(s);
}

/* Decisions of several strategies: the one behind the first waits for its turn. Of one strategy
 * there is one at a time. */
static void test_never_its_turn(void **state)
{
    struct session *s = session_open();

    (void)state;
    session_start(s);
    waited = waited_in_vain = 0;
    fake_hinder(s->w, "halted", true); /* so that all are decided together */
    for (size_t i = 0; i < 2; i++)
        arrive_recorded(s, s->q, TRIGGER_EVENT, ACT, waiter_new());
    arrive_recorded(s, s->r, TRIGGER_EVENT, ACT, waiter_new());
    fake_hinder(s->w, NULL, true);
    UNTIL(s, s->w->preparing != NULL);
    UNTIL(s, s->engine->vaults[1].decided != NULL);
    assert_null(s->engine->vaults[1].decided->next);
    assert_ptr_not_equal(s->engine->vaults[1].decided->tick->plugin,
                         s->engine->vaults[1].delivery->tick->plugin);
    assert_int_equal(s->q->queued, 1);
    answer_ready(s->w, "D1");
    UNTIL(s, s->w->pursuing != NULL);
    assert_int_equal(session_cut(s), -1);
    assert_int_equal(waited_in_vain, 3);
    assert_int_equal(pendings(s), 2);
    session_close(s);
}

/* Durable only when nobody hears any more what comes of it: it is not sent by this session. */
static void test_journaled_too_late(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = decide(s);
    fake_journal_hold(true);
    answer_ready(s->v, "D1");
    UNTIL(s, fake_journal_holds());
    told.hold_until_status = true;
    session_cut(s);
    assert_int_equal(waited_in_vain, 1);
    assert_int_equal(times_told("pursue"), 0);
    assert_int_equal(times_told("abandon"), 0);
    assert_string_equal(submission_of(s, id), "D1 open");
    told.hold_until_status = false;

    session_start(s);
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* ---- the journal does not take it ---- */

static void test_journal_fails_for_good(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = decide(s);
    told.refuses = ERROR_INTERNAL;
    answer_ready(s->v, "D1");
    assert_int_equal(session_end(s), -1);
    assert_int_equal(s->error.code, ERROR_INTERNAL);
    assert_int_equal(waited_in_vain, 1);
    assert_int_equal(times_told("abandon v;"), 1);
    assert_int_equal(times_told("pursue"), 0);
    assert_int_equal(times_told("settled"), 0);
    assert_string_equal(submission_of(s, id), "");
    assert_int_equal(status_of(s, id), 0);
    assert_int_equal(pendings(s), 1);

    told.refuses = ERROR_NONE;
    session_start(s); /* it is decided again */
    UNTIL(s, s->v->preparing != NULL);
    assert_true(s->v->preparing->run == id);
    answer_ready(s->v, "D2");
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* Away, and not back before the daemon stops: nothing was sent. */
static void test_journal_away_until_the_stop(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = decide(s);
    told.refuses = ERROR_STORE_DOWN;
    answer_ready(s->v, "D1");
    turns(s, 20);
    assert_int_equal(s->v->pursued, 0);
    session_cut(s);
    assert_int_equal(times_told("abandon v;"), 1);
    assert_int_equal(times_told("pursue"), 0);
    assert_int_equal(waited_in_vain, 1);
    told.refuses = ERROR_NONE;
    assert_string_equal(submission_of(s, id), "");
    assert_int_equal(pendings(s), 1);
    session_close(s);
}

/* Away for a while: sent when it is durable. */
static void test_journal_away_for_a_while(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = decide(s);
    told.refuses = ERROR_STORE_DOWN;
    answer_ready(s->v, "D1");
    turns(s, 20);
    assert_int_equal(s->v->pursued, 0);
    told.refuses = ERROR_NONE;
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(s->v->abandoned, 0);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

static void test_lease_lost(void **state)
{
    struct session *s = session_open();
    struct run run;
    uint64_t id;

    (void)state;
    session_start(s);
    s->p->token = 5; /* as in a shared store */
    id = decide(s);
    s->p->token = 0; /* the lease's own life is not what this is about */
    arrive_recorded(s, s->p, TRIGGER_EVENT, ACT, NULL);
    told.fenced = true;
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->abandoned == 1);
    told.fenced = false;
    UNTIL(s, s->p->counters.ended[RUN_FAILED] == 1);
    UNTIL(s, log_has(s, "hook error {"));
    assert_int_equal(waited, 1);
    assert_int_equal(waited_in_vain, 0);
    run = run_of(s, id);
    assert_int_equal(run.status, RUN_FAILED);
    assert_has(run.error, "STORE_FENCED");
    run_release(&run);
    assert_has(letter_of(s, id), "STORE_FENCED");
    assert_string_equal(submission_of(s, id), "");
    assert_int_equal(times_told("spend"), 0);
    assert_int_equal(times_told("state p"), 0);
    assert_int_equal(s->v->pursued, 0);
    UNTIL(s, s->v->preparing != NULL); /* the vault goes on with its next */
    answer_not_prepared(s->v, PREPARED_FAILED, "RPC");
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* Its end is known, and cannot be recorded: the next session learns it again. */
static void test_end_not_recorded(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = send_out(s, "D1");
    told.refuses_ends = true;
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    assert_int_equal(session_end(s), -1);
    assert_int_equal(waited_in_vain, 1);
    assert_int_equal(times_told("settled"), 0);
    assert_string_equal(submission_of(s, id), "D1 open");
    assert_int_equal(status_of(s, id), RUN_PREPARED);
    assert_false(log_has(s, "hook {"));

    told.refuses_ends = false;
    session_start(s);
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, log_has(s, "hook {"));
    assert_int_equal(status_of(s, id), RUN_COMPLETED);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* Upkeep that is not journaled is given back; taken up, it is simply left at a stop. */
static void test_upkeep(void **state)
{
    struct session *s = session_open();
    struct submission out;

    (void)state;
    session_start(s);
    out = fake_submission(s->v->env->next_id(s->v->env->arg), "v", "U1");
    out.vault[0] = '\0';
    assert_true(s->v->env->upkeep(s->v->env->arg, &s->v->base, &out));
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(session_stop(s), 0); /* nobody waits for it */
    session_start(s);
    UNTIL(s, s->v->pursuing != NULL);
    told.refuses = ERROR_INTERNAL;
    out = fake_submission(s->v->env->next_id(s->v->env->arg), "w", "U2");
    out.vault[0] = '\0';
    assert_true(s->w->env->upkeep(s->w->env->arg, &s->w->base, &out));
    assert_int_equal(session_end(s), -1);
    assert_int_equal(times_told("abandon w;"), 1);
    assert_int_equal(times_told("pursue w"), 0);
    session_close(s);
}

/* ---- a start that fails ---- */

static void test_a_start_that_fails(void **state)
{
    struct session *s = session_open();

    (void)state;
    leave_open(s, EARLIER, "p", "v", "account-v", "D9");
    leave_open(s, EARLIER + 1, NULL, "", "account-w", "U9");
    told.lists_nothing = true;
    session_begin(s);
    assert_int_equal(session_end(s), -1);
    assert_int_equal(s->error.code, ERROR_STORE);
    assert_int_equal(times_told("adopt"), 2);
    assert_int_equal(times_told("pursue"), 0);
    told.lists_nothing = false;
    assert_string_equal(submission_of(s, EARLIER), "D9 open");
    session_close(s);
}

static void test_faults_that_are_none(void **state)
{
    struct session *s = session_open();

    (void)state;
    s->faults = "outbox.journaled=explode";
    session_begin(s);
    assert_int_equal(session_end(s), -1);
    assert_int_equal(s->error.code, ERROR_CONFIG);
    s->faults = "outbox.never=kill,another=stop@2";
    session_start(s);
    send_out(s, "D1");
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, waited == 1);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_is_left),
        cmocka_unit_test(test_an_answer_while_stopping),
        cmocka_unit_test(test_prepared_while_stopping),
        cmocka_unit_test(test_no_answer_until_the_limit),
        cmocka_unit_test(test_never_prepared),
        cmocka_unit_test(test_never_prepared_apart),
        cmocka_unit_test(test_never_its_turn),
        cmocka_unit_test(test_journaled_too_late),
        cmocka_unit_test(test_journal_fails_for_good),
        cmocka_unit_test(test_journal_away_until_the_stop),
        cmocka_unit_test(test_journal_away_for_a_while),
        cmocka_unit_test(test_lease_lost),
        cmocka_unit_test(test_end_not_recorded),
        cmocka_unit_test(test_upkeep),
        cmocka_unit_test(test_a_start_that_fails),
        cmocka_unit_test(test_faults_that_are_none),
    };

    session_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
