/* From what a worker answered to the record of the run: pure steps on data, on a vault that does as
 * the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/ending.h"
#include "model/value.h"

#define NOW_MS  1700000000000
#define PLUGINS 40

/* A vault that settles, rejects or fails, and counts. */
struct fake_executor {
    struct executor base;
    enum { SETTLES, REJECTS, FAILS } behaviour;
    int executed, dry;
    uint64_t version;
};

static int fake_execute(struct executor *x, const struct action_list *actions, uint64_t run,
                        int64_t now_ms, bool dry_run, struct execution *out, struct error *e)
{
    struct fake_executor *f = (struct fake_executor *)x;
    struct ledger_entry entry = {.kind = "mint_binary", .pm_delta = -5, .cost_delta = 5};

    (void)actions, (void)run, (void)now_ms;
    f->executed++;
    f->dry += dry_run;
    if (f->behaviour == FAILS)
        return error_set(e, ERROR_INTERNAL, "the machinery failed");
    if (f->behaviour == REJECTS) {
        out->status = EXECUTION_REJECTED;
        out->index = 2;
        snprintf(out->code, sizeof out->code, "CAP_SPEND");
        snprintf(out->message, sizeof out->message, "CAP_SPEND: action=2 spend=7 cap=5");
        return 0;
    }
    out->status = EXECUTION_SETTLED;
    out->actions = json_array();
    out->events = json_array();
    snprintf(out->digest, sizeof out->digest, "paper-digest");
    snprintf(out->change.account.id, sizeof out->change.account.id, "v");
    ledger_change_add_entry(&out->change, &entry);
    f->version++;
    return 0;
}

static int fake_settle(struct executor *x, int64_t now_ms, struct ledger_change *change,
                       json_t **closures, struct error *e)
{
    (void)x, (void)now_ms, (void)change, (void)closures, (void)e;
    return 0;
}

static int64_t fake_next_expiry(struct executor *x)
{
    (void)x;
    return INT64_MAX;
}

static json_t *fake_snapshot(struct executor *x, int64_t now_ms)
{
    (void)x, (void)now_ms;
    return json_pack("{s:i}", "nav", 1000);
}

static uint64_t fake_version(struct executor *x)
{
    return ((struct fake_executor *)x)->version;
}

static void fake_close(struct executor *x)
{
    (void)x;
}

static const struct executor_ops fake_ops = {.name = "fake",
                                             .execute = fake_execute,
                                             .settle = fake_settle,
                                             .next_expiry = fake_next_expiry,
                                             .snapshot = fake_snapshot,
                                             .version = fake_version,
                                             .close = fake_close};

struct fixture {
    struct engine engine;
    struct store journal;
    struct vault vault;
    struct vault_config vault_config;
    struct fake_executor executor;
    struct plugin plugins[PLUGINS]; /* all but the first subscribe to "topic" */
    struct plugin *list[PLUGINS];
    struct trigger trigger;
    struct tick tick;
    struct message_decided decided;
    struct message_log lines[4];
};

static void setup_plugins(struct fixture *f)
{
    f->trigger.kind = TRIGGER_EVENT;
    snprintf(f->trigger.topic, sizeof f->trigger.topic, "topic");
    for (size_t i = 0; i < PLUGINS; i++) {
        struct plugin *p = f->list[i] = &f->plugins[i];
        p->engine = &f->engine;
        p->vault = &f->vault;
        snprintf(p->name, sizeof p->name, "p%zu", i);
        snprintf(p->version, sizeof p->version, "0123456789abcdef");
        p->manifest.triggers = &f->trigger;
        p->manifest.trigger_count = i > 0;
    }
    f->engine.plugins = f->list;
    f->engine.plugin_count = 3;
}

static int setup(void **state)
{
    struct fixture *f = mem_zero(1, sizeof *f);

    clock_init_manual(&f->engine.clock, NOW_MS);
    f->engine.commits.journal = &f->journal;
    snprintf(f->vault_config.id, sizeof f->vault_config.id, "v");
    f->executor.base.ops = &fake_ops;
    f->vault.engine = &f->engine;
    f->vault.config = &f->vault_config;
    f->vault.executor = &f->executor.base;
    setup_plugins(f);
    f->tick.plugin = f->list[0];
    f->tick.id = id_next(&f->engine.ids, NOW_MS);
    f->tick.now_ms = NOW_MS;
    f->tick.attempts = 1;
    f->decided = (struct message_decided){.run = f->tick.id, .cpu_us = 12, .logs = f->lines};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->vault.snapshot);
    free(f);
    return 0;
}

static struct ending *record(struct fixture *f)
{
    struct ending *ending = ending_new(&f->tick);
    struct error e = ERROR_INIT;

    if (ending_record(ending, &f->decided, &e) < 0)
        fail_msg("not recorded: %s", e.message);
    return ending;
}

static struct ending *plan(struct fixture *f, const char *actions)
{
    struct ending *ending;

    f->decided.outcome = DECIDED_ACTIONS;
    f->decided.actions = (struct text){actions, strlen(actions)};
    ending = record(f);
    ending_plan(ending);
    return ending;
}

#define MINT                                                                                       \
    "{\"kind\":\"mint_binary\",\"market_id\":\"btc:1\",\"strike\":100,\"is_up\":true,"             \
    "\"quantity\":5}"
#define NEGATIVE                                                                                   \
    "[{\"kind\":\"mint_binary\",\"market_id\":\"btc:1\",\"strike\":100,\"is_up\":true,"            \
    "\"quantity\":-5}]"
#define EMIT "{\"kind\":\"emit\",\"topic\":\"topic\",\"payload\":{\"a\":1}}"

static void test_a_noop_is_recorded_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct ending *ending;

    f->tick.durable = true;
    f->decided.outcome = DECIDED_NOOP;
    f->decided.reason = "cooling down";
    ending = record(f);
    ending_plan(ending);
    assert_int_equal(ending->commit->run.status, RUN_NOOP);
    assert_string_equal(ending->commit->run.reason, "cooling down");
    assert_string_equal(ending->commit->run.plugin, "p0");
    assert_string_equal(ending->commit->run.vault, "v");
    assert_int_equal(ending->commit->run.id, f->tick.id);
    assert_int_equal(ending->commit->run.cpu_us, 12);
    assert_int_equal(ending->commit->remove_pending, f->tick.id);
    assert_false(ending->commit->has_change);
    assert_int_equal(f->executor.executed, 0);
    ending_free(ending);
}

static void refused(struct fixture *f, const char *word)
{
    struct ending *ending = ending_new(&f->tick);
    struct error e = ERROR_INIT;

    assert_int_equal(ending_record(ending, &f->decided, &e), -1);
    if (strstr(e.message, word) == NULL)
        fail_msg("expected '%s' in '%s'", word, e.message);
    ending_free(ending);
}

/* What our own worker never sends: the answer counts as a violation, nothing is recorded. */
static void test_impossible_answers_are_refused(void **state)
{
    struct fixture *f = *state;
    struct kv_write write = {"k", 1, "{\"a\":", 5, 0};
    static const char *const lists[] = {"",       "null",        "{}",
                                        "[]",     "[17]",        "[{\"kind\":\"steal\"}]",
                                        "[" MINT, "[" MINT "]x", NEGATIVE};

    f->decided.outcome = DECIDED_NOOP;
    refused(f, "without a reason");
    f->decided.reason = "";
    refused(f, "without a reason");
    f->decided.outcome = DECIDED_FAILED;
    refused(f, "without an error");
    f->decided.outcome = DECIDED_ACTIONS;
    refused(f, "without actions");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        f->decided.actions = (struct text){lists[i], strlen(lists[i])};
        refused(f, "");
    }
    f->decided.outcome = DECIDED_NOOP;
    f->decided.reason = "fine";
    f->decided.writes = &write;
    f->decided.write_count = 1;
    refused(f, "");
    f->decided.write_count = 0;
    f->decided.outcome = (enum decided_outcome)99;
    refused(f, "unknown outcome");
}

static void test_actions_settle_with_their_change(void **state)
{
    struct fixture *f = *state;
    struct ending *ending = plan(f, "[" MINT "]");
    struct commit *c = ending->commit;

    assert_int_equal(c->run.status, RUN_COMPLETED);
    assert_true(c->has_change);
    assert_int_equal(c->change_id, f->tick.id);
    assert_int_equal(c->change.entry_count, 1);
    assert_non_null(strstr(c->run.result, "paper-digest"));
    assert_int_equal(f->vault.batches, 1);
    assert_int_equal(f->vault.snapshot_version, 2);
    ending_free(ending);
}

static void test_a_dry_run_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct ending *ending;

    f->engine.options.dry_run = true;
    ending = plan(f, "[" MINT "," EMIT "]");
    assert_int_equal(ending->commit->run.status, RUN_COMPLETED);
    assert_true(ending->commit->run.dry_run);
    assert_false(ending->commit->has_change);
    assert_int_equal(ending->commit->add_count, 0);
    assert_int_equal(f->executor.dry, 1);
    assert_int_equal(f->vault.batches, 0);
    ending_free(ending);
}

static void test_a_rejection_takes_the_events_with_it(void **state)
{
    struct fixture *f = *state;
    struct ending *ending;
    struct run *run;

    f->executor.behaviour = REJECTS;
    ending = plan(f, "[" EMIT "," MINT "]");
    run = &ending->commit->run;
    assert_int_equal(run->status, RUN_REJECTED);
    assert_string_equal(run->reason, "CAP_SPEND: action=2 spend=7 cap=5");
    assert_non_null(strstr(run->error, "\"action\":2"));
    assert_non_null(strstr(run->error, "\"code\":\"CAP_SPEND\""));
    assert_non_null(run->actions); /* what was refused is on record */
    assert_int_equal(ending->commit->add_count, 0);
    assert_false(ending->commit->has_change);
    ending_free(ending);
}

static void test_a_failing_executor_fails_the_run(void **state)
{
    struct fixture *f = *state;
    struct ending *ending;

    f->executor.behaviour = FAILS;
    ending = plan(f, "[" MINT "," EMIT "]");
    assert_int_equal(ending->commit->run.status, RUN_FAILED);
    assert_non_null(strstr(ending->commit->run.error, "the machinery failed"));
    assert_int_equal(ending->commit->add_count, 0);
    ending_free(ending);
}

static void test_events_go_to_every_subscriber(void **state)
{
    struct fixture *f = *state;
    struct ending *ending;

    f->tick.depth = 3;
    f->plugins[2].removed = true;
    ending = plan(f, "[" EMIT "," EMIT "]");
    assert_int_equal(ending->commit->run.status, RUN_COMPLETED);
    assert_int_equal(f->executor.executed, 0); /* emits alone are not the executor's business */
    assert_int_equal(ending->commit->add_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct pending *p = &ending->commit->add[i];
        assert_string_equal(p->plugin, "p1");
        assert_string_equal(p->topic, "topic");
        assert_string_equal(p->payload, "{\"a\":1}");
        assert_int_equal(p->kind, TRIGGER_EVENT);
        assert_int_equal(p->parent, f->tick.id);
        assert_int_equal(p->depth, 4);
        assert_true(p->id > f->tick.id);
    }
    assert_true(ending->commit->add[1].id > ending->commit->add[0].id);
    ending_free(ending);
}

static void test_chains_of_events_end(void **state)
{
    struct fixture *f = *state;
    struct ending *ending;

    f->tick.depth = LIMIT_DEPTH - 1;
    ending = plan(f, "[" EMIT "]");
    assert_int_equal(ending->commit->run.status, RUN_COMPLETED);
    assert_int_equal(ending->commit->add[0].depth, LIMIT_DEPTH);
    ending_free(ending);
    f->tick.depth = LIMIT_DEPTH;
    ending = plan(f, "[" EMIT "]");
    assert_int_equal(ending->commit->run.status, RUN_REJECTED);
    assert_non_null(strstr(ending->commit->run.reason, "EMIT_DEPTH"));
    assert_int_equal(ending->commit->add_count, 0);
    ending_free(ending);
    ending = plan(f, "[" MINT "]"); /* the last of the chain may still act */
    assert_int_equal(ending->commit->run.status, RUN_COMPLETED);
    ending_free(ending);
}

static void test_events_fan_out_so_far(void **state)
{
    struct fixture *f = *state;
    struct ending *ending;
    struct buf list;

    buf_init(&list, 65536);
    buf_add_str(&list, "[" EMIT);
    for (size_t i = 1; i < LIMIT_ACTIONS; i++)
        buf_add_str(&list, "," EMIT);
    buf_add_str(&list, "]");
    f->engine.plugin_count = 17; /* 16 subscribers x 64 events = 1024 */
    ending = plan(f, buf_text(&list));
    assert_int_equal(ending->commit->run.status, RUN_COMPLETED);
    assert_int_equal(ending->commit->add_count, 1024);
    ending_free(ending);
    f->engine.plugin_count = 18;
    ending = plan(f, buf_text(&list));
    assert_int_equal(ending->commit->run.status, RUN_REJECTED);
    assert_non_null(strstr(ending->commit->run.reason, "EMIT_FANOUT"));
    assert_int_equal(ending->commit->add_count, 0);
    ending_free(ending);
    buf_release(&list);
}

static struct ending *plan_large_events(struct fixture *f, int count)
{
    struct ending *ending;
    struct buf list;

    buf_init(&list, 256 * 1024);
    for (int i = 0; i < count; i++)
        buf_addf(&list, "%s{\"kind\":\"emit\",\"topic\":\"topic\",\"payload\":\"%015000d\"}",
                 i ? "," : "[", i);
    buf_add_str(&list, "]");
    ending = plan(f, buf_text(&list));
    buf_release(&list);
    return ending;
}

static void test_events_carry_so_much(void **state)
{
    struct fixture *f = *state;
    struct ending *ending;

    f->engine.plugin_count = 17; /* 16 subscribers x 15,002 bytes: four events fit into 1 MiB */
    ending = plan_large_events(f, 4);
    assert_int_equal(ending->commit->run.status, RUN_COMPLETED);
    assert_int_equal(ending->commit->add_count, 64);
    ending_free(ending);
    ending = plan_large_events(f, 5);
    assert_int_equal(ending->commit->run.status, RUN_REJECTED);
    assert_non_null(strstr(ending->commit->run.reason, "1 MiB"));
    assert_int_equal(ending->commit->add_count, 0);
    ending_free(ending);
}

static void test_what_hooks_see(void **state)
{
    struct fixture *f = *state;
    struct ending *ending = plan(f, "[" MINT "]");
    json_t *error, *result = ending_result(&ending->commit->run, &error);

    assert_null(error);
    assert_string_equal(json_string_value(json_object_get(result, "outcome")), "submitted");
    assert_string_equal(json_string_value(json_object_get(result, "digest")), "paper-digest");
    assert_true(json_is_array(json_object_get(result, "actions")));
    json_decref(result);
    ending_free(ending);

    f->executor.behaviour = REJECTS;
    ending = plan(f, "[" MINT "]");
    result = ending_result(&ending->commit->run, &error);
    assert_string_equal(json_string_value(json_object_get(result, "outcome")), "failed");
    assert_string_equal(json_string_value(json_object_get(error, "phase")), "client");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "CAP_SPEND");
    json_decref(error);
    json_decref(result);
    ending_free(ending);
}

/* A message that was cut to a length may end in the middle of a character. */
static void test_an_error_is_json_whatever_it_says(void **state)
{
    char *text = error_text("CODE", "cut \xe2\x82", NULL, 0);

    (void)state;
    assert_string_equal(text, "{\"code\":\"CODE\",\"message\":\"cut \\\\xe2\\\\x82\"}");
    free(text);
    text = error_text("CODE", "\xe2\x82\xac", "f.lua", 7);
    assert_string_equal(text, "{\"code\":\"CODE\",\"line\":7,\"message\":\"\xe2\x82\xac\","
                              "\"where\":\"f.lua\"}");
    free(text);
}

static void test_logs_and_failures_are_kept(void **state)
{
    struct fixture *f = *state;
    struct ending *ending;
    json_t *logs;

    f->decided.outcome = DECIDED_FAILED;
    f->decided.failure = (struct message_failure){"SCRIPT", "it threw", "strategies/p0.lua", 12};
    f->decided.logs[0] = (struct message_log){LOG_WARN, "careful", {"{\"n\":1}", 7}};
    f->decided.logs[1] = (struct message_log){LOG_INFO, "broken fields", {"{", 1}};
    f->decided.log_count = 2;
    f->decided.logs_dropped = 7;
    ending = record(f);
    assert_string_equal(ending->commit->run.error,
                        "{\"code\":\"SCRIPT\",\"line\":12,\"message\":\"it threw\","
                        "\"where\":\"strategies/p0.lua\"}");
    ending_finish(ending);
    logs = json_loads(ending->commit->run.logs, 0, NULL);
    assert_int_equal(json_array_size(logs), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(logs, 0), "dropped")), 7);
    assert_string_equal(json_string_value(json_object_get(json_array_get(logs, 0), "from")),
                        "runtime");
    assert_int_equal(json_integer_value(
                         json_object_get(json_object_get(json_array_get(logs, 1), "fields"), "n")),
                     1);
    assert_null(json_object_get(json_array_get(logs, 2), "fields"));
    json_decref(logs);
    ending_free(ending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_noop_is_recorded_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_impossible_answers_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_actions_settle_with_their_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_dry_run_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_rejection_takes_the_events_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failing_executor_fails_the_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_go_to_every_subscriber, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chains_of_events_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_fan_out_so_far, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_carry_so_much, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_hooks_see, setup, teardown),
        cmocka_unit_test(test_an_error_is_json_whatever_it_says),
        cmocka_unit_test_setup_teardown(test_logs_and_failures_are_kept, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
