/* Submissions that a session leaves open, and the next one takes up before anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "unit/core/fake_session.h"

#define EARLIER 1000 /* an id of long ago */

static void assert_has(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, text ? text : "(nothing)");
}

/* A session that ends while what came of D1 is unknown. */
static uint64_t leave_unknown(struct session *s, const char *payload)
{
    uint64_t id;

    session_start(s);
    id = arrive_recorded(s, s->p, TRIGGER_EVENT, payload, NULL);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    answer_unknown(s->v, "no answer", 3600000);
    turn(s);
    assert_int_equal(session_stop(s), 0);
    return id;
}

/* ---- taken up ---- */

static void test_taken_up(void **state)
{
    struct session *s = session_open();
    struct pending pending;
    struct error e = ERROR_INIT;
    struct run run;
    uint64_t id;

    (void)state;
    id = leave_unknown(s, ACT_EMIT);
    assert_int_equal(status_of(s, id), RUN_UNKNOWN);
    assert_string_equal(submission_of(s, id), "D1 open");
    assert_int_equal(pendings(s), 0);
    fill_pending(&pending, id + 1, "p", TRIGGER_EVENT, ACT); /* waits on record */
    assert_int_equal(journal_begin(s->journal, &e), 0);
    assert_int_equal(journal_put_pending(s->journal, &pending, &e), 0);
    assert_int_equal(journal_commit(s->journal, &e), 0);
    pending_release(&pending);

    session_start(s);
    assert_int_equal(s->v->adopted, 1);
    UNTIL(s, s->v->pursuing != NULL);
    assert_true(log_has(s, "a transaction of the last session is open"));
    assert_string_equal(s->v->pursuing->submission->digest, "D1");
    assert_int_equal(s->v->pursuing->submission->len, 5);
    assert_memory_equal(s->v->pursuing->submission->bytes, "bytes", 5);
    assert_string_equal(s->v->pursuing->submission->signature, "signature");
    assert_string_equal(s->v->pursuing->submission->holds, "{\"coin\":\"1\"}");
    assert_int_equal(s->v->fresh, 0);
    turns(s, 20);
    assert_int_equal(s->p->queued, 1); /* it does not decide before that is known */
    assert_int_equal(s->v->prepared, 0);
    assert_int_equal(s->p->counters.open, 2);
    answer_unknown(s->v, "no answer", 0);
    assert_int_equal(status_of(s, id), RUN_UNKNOWN);
    assert_int_equal(s->engine->outbox->open->tries, 1);
    session_skip(s, 200);
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->r->counters.ended[RUN_NOOP] == 1); /* what it emitted then is fired now */
    assert_int_equal(times_told("tx[run completed,pend r,settle done];settled v;"), 1);
    UNTIL(s, log_has(s, "hook {"));
    run = run_of(s, id);
    assert_int_equal(run.status, RUN_COMPLETED);
    assert_int_equal(run.attempts, 1);
    assert_has(run.payload, "refresh");
    assert_has(run.result, "\"gas_used\":42");
    assert_has(run.spans, "\"sign\"");
    assert_has(run.spans, "\"confirm\"");
    run_release(&run);
    assert_string_equal(submission_of(s, id), "D1 done success");
    assert_has(s->p->last, "D1");
    UNTIL(s, s->v->preparing != NULL); /* and now it decides */
    UNTIL(s, log_has(s, "last {"));
    answer_not_prepared(s->v, PREPARED_REJECTED, "CAP_SPEND");
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(session_stop(s), 0);

    session_start(s); /* it has ended for all sessions */
    turns(s, 20);
    assert_int_equal(s->v->adopted + s->v->pursued, 0);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* What is refused in a later session fails its run, with a letter and on_error. */
static void test_refused_later(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    id = leave_unknown(s, ACT_EMIT);
    session_start(s);
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_DEAD);
    UNTIL(s, log_has(s, "hook error {"));
    assert_int_equal(status_of(s, id), RUN_FAILED);
    assert_string_equal(submission_of(s, id), "D1 dead failure");
    assert_has(letter_of(s, id), ACT_EMIT " {");
    assert_int_equal(s->r->counters.received, 0);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* A timer's comes again by itself: no letter, in whatever session it fails. */
static void test_cron_refused_later(void **state)
{
    struct session *s = session_open();
    uint64_t id;

    (void)state;
    session_start(s);
    id = arrive(s, s->p, TRIGGER_CRON, ACT);
    UNTIL(s, s->v->preparing != NULL);
    answer_ready(s->v, "D1");
    UNTIL(s, s->v->pursuing != NULL);
    answer_unknown(s->v, "no answer", 3600000);
    assert_int_equal(session_stop(s), 0);
    session_start(s);
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_REFUSED);
    UNTIL(s, s->p->counters.ended[RUN_FAILED] == 1);
    assert_int_equal(status_of(s, id), RUN_FAILED);
    assert_string_equal(letter_of(s, id), "");
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* Journaled and not sent, for all that this session knows: it may have been. */
static void test_prepared_is_not_fresh(void **state)
{
    struct session *s = session_open();

    (void)state;
    leave_open(s, EARLIER, "p", "v", "account-v", "D9");
    session_start(s);
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(s->v->fresh, 0);
    assert_false(log_has(s, "what came of a transaction is not known"));
    answer_unknown(s->v, "no answer", 3600000);
    assert_int_equal(log_count(s, "what came of a transaction is not known"), 1);
    assert_int_equal(status_of(s, EARLIER), RUN_UNKNOWN);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* ---- what is not there any more ---- */

static void test_plugin_gone(void **state)
{
    struct session *s = session_open();

    (void)state;
    leave_open(s, EARLIER, "gone", "v", "account-v", "D9");
    session_start(s);
    UNTIL(s, s->v->pursuing != NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->r->counters.ended[RUN_NOOP] == 1);
    assert_int_equal(status_of(s, EARLIER), RUN_COMPLETED);
    assert_string_equal(submission_of(s, EARLIER), "D9 done success");
    assert_int_equal(s->engine->counters.ended[RUN_COMPLETED], 1);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

static void test_vault_gone_account_not(void **state)
{
    struct session *s = session_open();

    (void)state;
    leave_open(s, EARLIER, "p", "gone", "account-w", "D9");
    session_start(s);
    UNTIL(s, s->w->pursuing != NULL);
    assert_int_equal(s->w->adopted, 1);
    assert_int_equal(s->v->adopted + s->v->pursued, 0);
    arrive(s, s->p, TRIGGER_EVENT, ACT); /* of the strategy that it is from */
    turns(s, 20);
    assert_null(s->v->preparing);
    answer_pursuit(s->w, PURSUIT_REFUSED);
    UNTIL(s, s->p->counters.ended[RUN_FAILED] == 1);
    assert_int_equal(status_of(s, EARLIER), RUN_FAILED);
    assert_int_equal(s->w->settled, 1);
    UNTIL(s, s->v->preparing != NULL);
    answer_not_prepared(s->v, PREPARED_FAILED, "RPC");
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* Its vault has another account now: who had it is asked, and until that is known the vault waits.
 */
static void test_vault_with_another_account(void **state)
{
    struct session *s = session_open();

    (void)state;
    leave_open(s, EARLIER, "p", "v", "account-w", "D9");
    session_start(s);
    UNTIL(s, s->w->pursuing != NULL);
    arrive(s, s->p, TRIGGER_EVENT, ACT);
    turns(s, 20);
    assert_null(s->v->preparing);
    answer_pursuit(s->w, PURSUIT_EXECUTED);
    UNTIL(s, s->v->preparing != NULL);
    answer_not_prepared(s->v, PREPARED_FAILED, "RPC");
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

static void test_account_gone(void **state)
{
    struct session *s = session_open();
    json_t *o, *one;

    (void)state;
    leave_open(s, EARLIER, "p", "v", "account-of-nobody", "D9");
    session_start(s);
    assert_true(log_has(s, "no vault of this desk has its account"));
    assert_true(log_has(s, "account-of-nobody"));
    turns(s, 20);
    assert_int_equal(s->v->adopted + s->v->pursued + s->w->adopted + s->w->pursued, 0);
    assert_int_equal(outbox_kick(s->engine, 0), 0);
    o = outbox_json(s->engine);
    one = json_array_get(json_object_get(o, "list"), 0);
    assert_has(json_string_value(json_object_get(one, "why")), "no vault of this desk");
    json_decref(o);
    arrive(s, s->p, TRIGGER_EVENT, ACT);
    turns(s, 20);
    assert_null(s->v->preparing); /* it could still be executed there */
    assert_int_equal(session_stop(s), 0);
    assert_string_equal(submission_of(s, EARLIER), "D9 open");
    assert_int_equal(status_of(s, EARLIER), RUN_PREPARED);
    session_close(s);
}

/* Two of one vault, as when its account was changed and changed back: both are known before it
 * decides. */
static void test_two_of_one_vault(void **state)
{
    struct session *s = session_open();

    (void)state;
    leave_open(s, EARLIER, "p", "v", "account-v", "D1");
    leave_open(s, EARLIER + 1, "p", "v", "account-v", "D2");
    leave_open(s, EARLIER + 2, "p", "gone", "account-w", "D3");
    session_start(s);
    UNTIL(s, s->v->behind != NULL && s->w->pursuing != NULL);
    assert_string_equal(s->v->pursuing->submission->digest, "D1");
    assert_string_equal(s->v->behind->submission->digest, "D2");
    assert_string_equal(s->w->pursuing->submission->digest, "D3");
    arrive(s, s->p, TRIGGER_EVENT, ACT);
    answer_pursuit(s->w, PURSUIT_EXECUTED);
    UNTIL(s, s->w->settled == 1);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->v->settled == 1);
    turns(s, 10);
    assert_int_equal(s->v->prepared, 0);
    assert_int_equal(s->p->queued, 1);
    answer_pursuit(s->v, PURSUIT_DEAD);
    UNTIL(s, s->v->preparing != NULL);
    answer_not_prepared(s->v, PREPARED_FAILED, "RPC");
    UNTIL(s, s->p->counters.open == 0);
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

/* ---- upkeep ---- */

static void test_upkeep(void **state)
{
    struct session *s = session_open();
    struct submission out;
    uint64_t id;

    (void)state;
    session_start(s);
    id = s->v->env->next_id(s->v->env->arg);
    out = fake_submission(id, "v", "U1");
    out.vault[0] = '\0';
    assert_true(s->v->env->upkeep(s->v->env->arg, &s->v->base, &out));
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(s->v->fresh, 1);
    assert_int_equal(times_told("tx[submission];pursue v fresh;"), 1);
    assert_string_equal(submission_of(s, id), "U1 open");
    arrive(s, s->q, TRIGGER_EVENT, NULL);
    answer_pursuit(s->v, PURSUIT_EXECUTED);
    UNTIL(s, s->v->settled == 1);
    assert_string_equal(submission_of(s, id), "U1 done success");
    UNTIL(s, s->q->counters.ended[RUN_NOOP] == 1);

    id = s->v->env->next_id(s->v->env->arg);
    out = fake_submission(id, "v", "U2");
    out.vault[0] = '\0';
    assert_true(s->v->env->upkeep(s->v->env->arg, &s->v->base, &out));
    UNTIL(s, s->v->pursuing != NULL);
    answer_unknown(s->v, "no answer", 3600000);
    assert_int_equal(log_count(s, "what came of a transaction is not known"), 1);
    assert_int_equal(session_stop(s), 0);
    assert_string_equal(submission_of(s, id), "U2 open");

    session_start(s);
    assert_int_equal(s->v->adopted, 1);
    UNTIL(s, s->v->pursuing != NULL);
    assert_int_equal(s->v->fresh, 0);
    answer_pursuit(s->v, PURSUIT_DEAD);
    UNTIL(s, s->v->settled == 1);
    assert_string_equal(submission_of(s, id), "U2 dead failure");
    assert_int_equal(session_stop(s), 0);
    out = fake_submission(1, "v", "U3");
    session_begin(s); /* its stop begins at once: nothing is taken on any more */
    engine_stop(s->engine, "the test wants it");
    assert_false(s->v->env->upkeep(s->v->env->arg, &s->v->base, &out));
    assert_int_equal(session_end(s), 0);
    assert_string_equal(out.digest, "U3"); /* still its maker's */
    submission_release(&out);
    session_close(s);
}

/* What an executor learns of the past, while it is opened: the newest first, ended ones only. */
static struct {
    char digests[4][8];
    size_t count;
} learnt;

static void learn(void *to, const struct submission *submission)
{
    assert_ptr_equal(to, &learnt);
    snprintf(learnt.digests[learnt.count++ % 4], 8, "%s", submission->digest);
}

static void test_history(void **state)
{
    static const char *const digests[] = {"D1", "D2", "D3"};
    struct session *s = session_open();
    struct error e = ERROR_INIT;

    (void)state;
    session_start(s);
    for (size_t i = 0; i < 3; i++) {
        arrive(s, s->p, TRIGGER_EVENT, ACT);
        UNTIL(s, s->v->preparing != NULL);
        answer_ready(s->v, digests[i]);
        UNTIL(s, s->v->pursuing != NULL);
        if (i < 2)
            answer_pursuit(s->v, PURSUIT_EXECUTED);
        else
            answer_unknown(s->v, "no answer", 3600000);
    }
    quiet_journal(s);
    assert_int_equal(s->v->env->history(s->v->env->arg, "account-v", 10, learn, &learnt, &e), 0);
    assert_int_equal(learnt.count, 2);
    assert_string_equal(learnt.digests[0], "D2");
    assert_string_equal(learnt.digests[1], "D1");
    assert_int_equal(s->v->env->history(s->v->env->arg, "account-w", 10, learn, &learnt, &e), 0);
    assert_int_equal(learnt.count, 2);
    assert_int_equal(s->v->env->history(s->v->env->arg, "account-v", 1, learn, &learnt, &e), 0);
    assert_int_equal(learnt.count, 3);
    assert_string_equal(learnt.digests[2], "D2");
    assert_int_equal(session_stop(s), 0);
    session_close(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_up),
        cmocka_unit_test(test_refused_later),
        cmocka_unit_test(test_cron_refused_later),
        cmocka_unit_test(test_prepared_is_not_fresh),
        cmocka_unit_test(test_plugin_gone),
        cmocka_unit_test(test_vault_gone_account_not),
        cmocka_unit_test(test_vault_with_another_account),
        cmocka_unit_test(test_account_gone),
        cmocka_unit_test(test_two_of_one_vault),
        cmocka_unit_test(test_upkeep),
        cmocka_unit_test(test_history),
    };

    session_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
