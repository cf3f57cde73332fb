/* The spans and the lines of a run. */
#include "unit/core/seen_desk.h"

#include "core/db_trace.h"
#include "model/span.h"

struct list {
    struct span items[20];
    size_t count;
};

static int take(void *arg, const struct span *span)
{
    struct list *list = arg;

    list->items[list->count++] = *span;
    return 0;
}

static struct list spans_of(const struct ending *ending)
{
    struct list list = {.count = 0};
    struct error e = ERROR_INIT;

    assert_int_equal(span_walk(ending->commit->run.spans, take, &list, &e), 0);
    return list;
}

static void assert_span(const struct span *s, const char *name, int64_t start, int64_t end,
                        const char *status)
{
    assert_string_equal(s->name, name);
    assert_int_equal(s->start_us, start);
    assert_int_equal(s->end_us, end);
    assert_string_equal(s->status, status);
}

static void test_a_noop(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending;
    struct list l;

    f->tick.sent_us = 2000000;
    ending = pass(f);
    l = spans_of(ending);
    assert_int_equal(l.count, 3);
    assert_span(&l.items[0], "queue", 1000000, 2000000, "ok");
    assert_span(&l.items[1], "decide", 2000000, 5000000, "ok");
    assert_span(&l.items[2], "commit", 5000000, -1, "running");
    ending_free(ending);
}

static void test_all_there_is(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending = ending_new(&f->tick);
    struct list l;

    f->tick.sent_us = 1100000;
    trace_lost(&f->tick, "killed by signal 9");
    f->tick.sent_us = 5200000;
    f->tick.db_trace = db_trace_new();
    db_trace_span(f->tick.db_trace, 5210000, 5220000, true);
    ending->decided_us = 5300000;
    ending->state_us = 5400000;
    ending->plan_us = 5400000;
    ending->execute_us = 5410000;
    ending->planned_us = 5450000;
    ending->commit->run.status = RUN_REJECTED;
    shown_us = 5460000;
    ending_finish(ending);
    l = spans_of(ending);
    assert_int_equal(l.count, 8);
    assert_span(&l.items[0], "queue", 1000000, 1100000, "ok");
    assert_span(&l.items[1], "decide", 1100000, 5000000, "lost");
    assert_span(&l.items[2], "decide", 5200000, 5300000, "ok");
    assert_string_equal(l.items[2].id, "decide#2");
    assert_span(&l.items[3], "db", 5210000, 5220000, "failed");
    assert_span(&l.items[4], "state", 5300000, 5400000, "ok");
    assert_span(&l.items[5], "plan", 5400000, 5410000, "ok");
    assert_span(&l.items[6], "execute", 5410000, 5450000, "rejected");
    assert_span(&l.items[7], "commit", 5460000, -1, "running");
    assert_string_equal(
        ending->commit->run.logs,
        "[{\"level\":\"warn\",\"message\":\"its worker was lost while it ran (killed by signal 9): "
        "dispatched again\",\"from\":\"runtime\",\"at\":1700000000000}]");
    db_trace_free(f->tick.db_trace);
    f->tick.db_trace = NULL;
    ending_free(ending);
}

/* Nothing begins before the trigger came, and nothing ends before it begins. */
static void test_a_clock_that_is_set_back(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending;
    struct list l;

    f->tick.sent_us = 400000;
    shown_us = 300000;
    ending = pass(f);
    l = spans_of(ending);
    for (size_t i = 0; i < l.count; i++) {
        assert_true(l.items[i].start_us >= 1000000);
        assert_true(l.items[i].end_us == -1 || l.items[i].end_us >= l.items[i].start_us);
    }
    ending_free(ending);
}

static void test_what_never_started(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending = ending_new(&f->tick);
    struct list l;

    ending->commit->run.status = RUN_SKIPPED;
    ending_finish(ending);
    assert_null(ending->commit->run.spans);
    ending_free(ending);

    ending = ending_new(&f->tick);
    ending->commit->run.status = RUN_FAILED; /* too late to start */
    ending_finish(ending);
    l = spans_of(ending);
    assert_int_equal(l.count, 2);
    assert_span(&l.items[0], "queue", 1000000, 5000000, "ok");
    ending_free(ending);
}

static void test_lines_are_kept_as_they_were_said(void **state)
{
    struct seen_desk *f = *state;
    struct message_log lines[] = {{LOG_WARN, "a\n\x1b[31m\"\\", {"{\"n\":1}", 7}},
                                  {LOG_INFO, "", {"[1]", 3}},
                                  {LOG_INFO, "x", {"{\"a\":1}]", 8}}};
    struct ending *ending;
    json_t *logs;

    f->decided.logs = lines;
    f->decided.log_count = 3;
    trace_say(&f->tick, LOG_ERROR, "%s", "half a character: \xc3");
    ending = pass(f);
    logs = json_loads(ending->commit->run.logs, 0, NULL);
    assert_int_equal(json_array_size(logs), 4);
    assert_string_equal(json_string_value(json_object_get(json_array_get(logs, 0), "message")),
                        "a\n\x1b[31m\"\\");
    assert_null(json_object_get(json_array_get(logs, 1), "fields"));
    assert_null(json_object_get(json_array_get(logs, 2), "fields"));
    assert_string_equal(json_string_value(json_object_get(json_array_get(logs, 3), "message")),
                        "half a character: \\xc3");
    assert_string_equal(json_string_value(json_object_get(json_array_get(logs, 3), "from")),
                        "runtime");
    json_decref(logs);
    ending_free(ending);
}

static void test_a_thousand_lines_and_the_drop(void **state)
{
    struct seen_desk *f = *state;
    struct message_log *lines = mem_zero(LIMIT_LOG_LINES, sizeof *lines);
    struct ending *ending;
    json_t *logs;

    for (size_t i = 0; i < LIMIT_LOG_LINES; i++)
        lines[i].message = "line";
    f->decided.logs = lines;
    f->decided.log_count = LIMIT_LOG_LINES;
    f->decided.logs_dropped = 9000;
    ending = pass(f);
    logs = json_loads(ending->commit->run.logs, 0, NULL);
    assert_int_equal(json_array_size(logs), LIMIT_LOG_LINES + 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(logs, 0), "dropped")), 9000);
    json_decref(logs);
    ending_free(ending);
    free(lines);
}

static void test_the_runtime_does_not_talk_for_ever(void **state)
{
    struct seen_desk *f = *state;
    struct ending *ending;
    json_t *logs;

    for (int i = 0; i < 1000; i++)
        trace_lost(&f->tick, "again");
    ending = pass(f);
    logs = json_loads(ending->commit->run.logs, 0, NULL);
    assert_int_equal(json_array_size(logs), 20);
    assert_true(spans_of(ending).count <= 12);
    json_decref(logs);
    ending_free(ending);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, seen_desk_open, seen_desk_close)
    const struct CMUnitTest tests[] = {
        TEST(test_a_noop),
        TEST(test_all_there_is),
        TEST(test_a_clock_that_is_set_back),
        TEST(test_what_never_started),
        TEST(test_lines_are_kept_as_they_were_said),
        TEST(test_a_thousand_lines_and_the_drop),
        TEST(test_the_runtime_does_not_talk_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
