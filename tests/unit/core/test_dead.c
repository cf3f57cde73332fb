/* Dead letters: made with the run that failed, settled once each, retried in one transaction with
 * their new trigger; and operators' cancellations on record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/cancel.h"
#include "core/dead.h"
#include "core/ending.h"
#include "unit/core/fake_waiting.h"

#define NOW 1700000000000

static struct journal *open_journal(void)
{
    struct journal *j;
    struct error e = ERROR_INIT;

    assert_int_equal(journal_memory_open(&j, &e), 0);
    return j;
}

static uint64_t id_at(int64_t ms, unsigned n)
{
    struct id_source ids = {0};
    uint64_t id = 0;

    for (unsigned i = 0; i <= n; i++)
        id = id_next(&ids, ms);
    return id;
}

static void put_letter(struct journal *j, uint64_t run, const char *plugin)
{
    static char topic[] = "t", payload[] = "0", error[] = "{\"code\":\"SCRIPT\"}";
    struct dead_letter d = {.run = run,
                            .trigger = TRIGGER_EVENT,
                            .topic = topic,
                            .payload = payload,
                            .error = error,
                            .attempts = 1,
                            .depth = 3,
                            .parent = 7,
                            .at_ms = NOW};
    struct error e = ERROR_INIT;

    snprintf(d.plugin, sizeof d.plugin, "%s", plugin);
    assert_int_equal(journal_begin(j, &e), 0);
    assert_int_equal(journal_put_dead(j, &d, &e), 0);
    assert_int_equal(journal_commit(j, &e), 0);
}

struct seen {
    size_t count;
    struct pending last;
    char topic[16], payload[16];
};

static int see_pending(void *arg, const struct pending *p)
{
    struct seen *s = arg;

    s->count++;
    s->last = *p;
    snprintf(s->topic, sizeof s->topic, "%s", p->topic ? p->topic : "-");
    snprintf(s->payload, sizeof s->payload, "%s", p->payload ? p->payload : "-");
    return 0;
}

static struct seen pendings(struct journal *j)
{
    struct seen s = {0};
    struct error e = ERROR_INIT;

    assert_int_equal(journal_list_pending(j, see_pending, &s, &e), 0);
    return s;
}

static int settle(struct journal *j, uint64_t run, const char *plugin, enum dead_state to,
                  struct dead_batch *b, struct error *e)
{
    *b = (struct dead_batch){.to = to, .now_ms = NOW + 5};
    return dead_settle_stopped(j, run, plugin, b, e);
}

static void a_retry_fires_the_same_trigger_once(void **state)
{
    struct journal *j = open_journal();
    struct error e = ERROR_INIT, again = ERROR_INIT;
    struct dead_batch b;
    struct seen s;

    (void)state;
    put_letter(j, id_at(NOW, 0), "p");
    assert_int_equal(settle(j, id_at(NOW, 0), NULL, DEAD_RETRIED, &b, &e), 0);
    assert_int_equal(b.items[0].outcome, DEAD_DONE);
    s = pendings(j);
    assert_int_equal(s.count, 1);
    assert_true(s.last.id == b.items[0].retry && s.last.id > id_at(NOW, 0));
    assert_string_equal(s.last.plugin, "p");
    assert_string_equal(s.topic, "t");
    assert_string_equal(s.payload, "0");
    assert_true(s.last.kind == TRIGGER_EVENT && s.last.depth == 3 && s.last.parent == 7);
    assert_true(s.last.scheduled_ms == NOW + 5);
    dead_batch_release(&b);

    assert_int_equal(settle(j, id_at(NOW, 0), NULL, DEAD_RETRIED, &b, &again), -1);
    assert_int_equal(again.code, ERROR_CONFLICT);
    assert_non_null(strstr(again.message, "retried before"));
    assert_int_equal(pendings(j).count, 1);
    dead_batch_release(&b);
    journal_close(j);
}

static void a_discarded_one_is_not_retried(void **state)
{
    struct journal *j = open_journal();
    struct error e = ERROR_INIT;
    struct dead_batch b;

    (void)state;
    put_letter(j, id_at(NOW, 0), "p");
    assert_int_equal(settle(j, id_at(NOW, 0), NULL, DEAD_DISCARDED, &b, &e), 0);
    dead_batch_release(&b);
    assert_int_equal(settle(j, id_at(NOW, 0), NULL, DEAD_RETRIED, &b, &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    assert_non_null(strstr(e.message, "discarded before"));
    assert_int_equal(pendings(j).count, 0);
    dead_batch_release(&b);
    journal_close(j);
}

static void an_unknown_one_is_not_found(void **state)
{
    struct journal *j = open_journal();
    struct error e = ERROR_INIT;
    struct dead_batch b;

    (void)state;
    assert_int_equal(settle(j, 12345, NULL, DEAD_RETRIED, &b, &e), -1);
    assert_int_equal(e.code, ERROR_NOT_FOUND);
    assert_int_equal(pendings(j).count, 0);
    dead_batch_release(&b);
    journal_close(j);
}

static void all_of_one_plugin_the_oldest_first(void **state)
{
    struct journal *j = open_journal();
    struct error e = ERROR_INIT;
    struct dead_batch b;
    json_t *o;

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        put_letter(j, id_at(NOW, i), i % 2 ? "p" : "q");
    assert_int_equal(settle(j, 0, "p", DEAD_RETRIED, &b, &e), 0);
    assert_int_equal(b.count, 3);
    assert_true(b.items[0].run == id_at(NOW, 1) && b.items[2].run == id_at(NOW, 5));
    assert_true(b.items[0].retry < b.items[1].retry && b.items[1].retry < b.items[2].retry);
    assert_int_equal(pendings(j).count, 3);
    o = dead_batch_json(&b);
    assert_int_equal(json_array_size(json_object_get(o, "settled")), 3);
    assert_true(json_is_false(json_object_get(o, "more")));
    json_decref(o);
    dead_batch_release(&b);
    assert_int_equal(settle(j, 0, NULL, DEAD_DISCARDED, &b, &e), 0);
    assert_int_equal(b.count, 3); /* q's */
    dead_batch_release(&b);
    assert_int_equal(settle(j, 0, NULL, DEAD_DISCARDED, &b, &e), 0);
    assert_int_equal(b.count, 0);
    dead_batch_release(&b);
    journal_close(j);
}

static void a_transaction_that_is_rolled_back_is_simply_applied_again(void **state)
{
    struct journal *j = open_journal();
    struct dead_batch b = {.to = DEAD_RETRIED, .now_ms = NOW};
    struct id_source ids = {.last = id_at(NOW, 10)};
    struct error e = ERROR_INIT;

    (void)state;
    put_letter(j, id_at(NOW, 0), "p");
    assert_int_equal(dead_find(j, 0, NULL, &b, &e), 0);
    dead_number(&b, &ids);
    assert_int_equal(journal_begin(j, &e), 0);
    assert_int_equal(dead_apply(j, &b, &e), 0);
    journal_rollback(j);
    assert_int_equal(pendings(j).count, 0);
    assert_int_equal(journal_begin(j, &e), 0);
    assert_int_equal(dead_apply(j, &b, &e), 0);
    assert_int_equal(journal_commit(j, &e), 0);
    assert_int_equal(b.items[0].outcome, DEAD_DONE);
    assert_int_equal(pendings(j).count, 1);
    dead_batch_release(&b);
    journal_close(j);
}

/* Its acknowledgement was lost: what the next try finds there is its own. */
static void a_transaction_that_was_applied_already_is_done(void **state)
{
    struct journal *j = open_journal();
    struct dead_batch b = {.to = DEAD_RETRIED, .now_ms = NOW};
    struct id_source ids = {.last = id_at(NOW, 10)};
    struct error e = ERROR_INIT;

    (void)state;
    put_letter(j, id_at(NOW, 0), "p");
    assert_int_equal(dead_find(j, 0, NULL, &b, &e), 0);
    dead_number(&b, &ids);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(journal_begin(j, &e), 0);
        assert_int_equal(dead_apply(j, &b, &e), 0);
        assert_int_equal(journal_commit(j, &e), 0);
        assert_int_equal(b.items[0].outcome, DEAD_DONE);
        assert_string_equal(b.items[0].pending.topic, "t");
        assert_int_equal(b.items[0].pending.id, b.items[0].retry);
    }
    assert_int_equal(pendings(j).count, 1);
    dead_number(&b, &ids); /* another retry than the one on record */
    assert_int_equal(journal_begin(j, &e), 0);
    assert_int_equal(dead_apply(j, &b, &e), 0);
    assert_int_equal(b.items[0].outcome, DEAD_SETTLED);
    journal_rollback(j);
    dead_batch_release(&b);
    journal_close(j);
}

static int see_letter(void *arg, const struct dead_letter *d)
{
    json_t **out = arg;

    *out = dead_to_json(d);
    return 0;
}

static bool one_is_buried(void *arg)
{
    return ((struct engine *)arg)->buried > 0;
}

static void a_durable_trigger_that_fails_becomes_one(void **state)
{
    struct waiting *w = waiting_open();
    struct tick *tick = waiting_emit(w, w->plugins[0], 1000, 0), *cron;
    uint64_t id = tick->id;
    struct error e = ERROR_INIT;
    json_t *letter = NULL;

    (void)state;
    cron = engine_receive(w->plugins[0], TRIGGER_CRON, NULL, NULL, 1000, 0, 0, 0, NULL);
    tick_withdraw(tick);
    tick_withdraw(cron);
    life_fail(cron, ERROR_MEMORY, "not durable");
    life_fail(tick, ERROR_MEMORY, "it went \033[31mwrong");
    turn_until(w->desk, one_is_buried, w->engine);
    waiting_settle(w);
    assert_int_equal(w->engine->buried, 1);
    assert_int_equal(count_of(desk_log(w->desk), "failed for good"), 1);
    assert_null(strchr(desk_log(w->desk), 27));
    assert_int_equal(
        journal_get_dead(w->engine->commits.journal->journal, id, see_letter, &letter, &e), 0);
    assert_non_null(letter);
    assert_string_equal(json_string_value(json_object_get(letter, "state")), "open");
    assert_string_equal(json_string_value(json_object_get(letter, "topic")), "topic");
    assert_true(json_is_object(json_object_get(letter, "payload")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(letter, "error"), "code")), "MEMORY");
    json_decref(letter);
    waiting_close(w);
}

/* ---- cancelling on record ---- */

static void put_pending(struct journal *j, uint64_t id)
{
    struct pending p = {.id = id, .plugin = "p", .kind = TRIGGER_MANUAL, .scheduled_ms = NOW};
    struct error e = ERROR_INIT;

    assert_int_equal(journal_begin(j, &e), 0);
    assert_int_equal(journal_put_pending(j, &p, &e), 0);
    assert_int_equal(journal_commit(j, &e), 0);
}

static int see_run(void *arg, const struct run *run)
{
    json_t **out = arg;

    *out = run_to_json(run);
    return 0;
}

static void a_pending_run_is_cancelled_on_a_stopped_desk(void **state)
{
    struct journal *j = open_journal();
    struct error e = ERROR_INIT, again = ERROR_INIT, unknown = ERROR_INIT;
    json_t *run = NULL;

    (void)state;
    put_pending(j, id_at(NOW, 0));
    put_pending(j, id_at(NOW, 1));
    assert_int_equal(cancel_stopped(j, id_at(NOW, 0), "not now", NOW + 9, &e), 0);
    assert_int_equal(pendings(j).count, 1);
    assert_int_equal(journal_get_run(j, id_at(NOW, 0), see_run, &run, &e), 0);
    assert_string_equal(json_string_value(json_object_get(run, "status")), "cancelled");
    assert_string_equal(json_string_value(json_object_get(run, "reason")), "not now");
    json_decref(run);
    assert_int_equal(cancel_stopped(j, id_at(NOW, 0), "again", NOW, &again), -1);
    assert_int_equal(again.code, ERROR_CONFLICT);
    assert_int_equal(cancel_stopped(j, id_at(NOW, 7), "x", NOW, &unknown), -1);
    assert_int_equal(unknown.code, ERROR_NOT_FOUND);
    journal_close(j);
}

static void put_open(struct journal *j, uint64_t id, enum run_status status)
{
    struct run run = {.id = id, .plugin = "p", .status = status, .scheduled_ms = NOW};
    struct error e = ERROR_INIT;

    assert_int_equal(journal_begin(j, &e), 0);
    assert_int_equal(journal_create_run(j, &run, &e), 0);
    assert_int_equal(journal_commit(j, &e), 0);
}

static void an_open_run_is_cancelled_unless_something_outside_has_it(void **state)
{
    struct journal *j = open_journal();
    struct error e = ERROR_INIT;

    (void)state;
    put_open(j, id_at(NOW, 0), RUN_PAUSED);
    assert_int_equal(cancel_stopped(j, id_at(NOW, 0), "no", NOW, &e), 0);
    for (int status = RUN_PREPARED; status <= (int)RUN_UNKNOWN; status++) {
        put_open(j, id_at(NOW, status), (enum run_status)status);
        assert_int_equal(cancel_stopped(j, id_at(NOW, status), "no", NOW, &e), -1);
        assert_int_equal(e.code, ERROR_CONFLICT);
        assert_non_null(strstr(e.message, "running"));
        error_clear(&e);
    }
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_fires_the_same_trigger_once),
        cmocka_unit_test(a_discarded_one_is_not_retried),
        cmocka_unit_test(an_unknown_one_is_not_found),
        cmocka_unit_test(all_of_one_plugin_the_oldest_first),
        cmocka_unit_test(a_transaction_that_is_rolled_back_is_simply_applied_again),
        cmocka_unit_test(a_transaction_that_was_applied_already_is_done),
        cmocka_unit_test(a_durable_trigger_that_fails_becomes_one),
        cmocka_unit_test(a_pending_run_is_cancelled_on_a_stopped_desk),
        cmocka_unit_test(an_open_run_is_cancelled_unless_something_outside_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
