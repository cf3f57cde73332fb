/* The view of `orrery run`, from synthetic runs; and runs in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli/run_text.h"
#include "cli/view.h"
#include "model/run.h"

#define START 1641024300000 /* 2022-01-01 08:05:00 */

struct screen {
    char *out, *err;
    size_t out_len, err_len;
    FILE *out_stream, *err_stream;
    struct output output;
    struct view *view;
};

static void screen_init(struct screen *s, bool progress)
{
    memset(s, 0, sizeof *s);
    s->out_stream = open_memstream(&s->out, &s->out_len);
    s->err_stream = open_memstream(&s->err, &s->err_len);
    output_init(&s->output, s->out_stream, s->err_stream, false);
    s->view = view_new(&s->output, START, progress);
}

static void screen_finish(struct screen *s)
{
    view_finish(s->view);
    view_free(s->view);
    fclose(s->out_stream);
    fclose(s->err_stream);
}

static void screen_release(struct screen *s)
{
    free(s->out);
    free(s->err);
}

static void end_run(struct screen *s, const char *plugin, int64_t at, enum run_status status,
                    const char *reason)
{
    struct run run = {.id = 5, .status = status, .finished_ms = at};

    snprintf(run.plugin, sizeof run.plugin, "%s", plugin);
    if (status == RUN_COMPLETED)
        run.actions = mem_strdup(reason);
    else if (status == RUN_FAILED)
        run.error = mem_strdup(reason);
    else
        run.reason = mem_strdup(reason);
    view_run_ended(s->view, &run, "999997412000");
    run_release(&run);
}

static void test_stories(void **state)
{
    struct screen s;

    (void)state;
    screen_init(&s, false);
    end_run(&s, "first", START, RUN_NOOP, "cooling down");
    end_run(&s, "first", START + 1000, RUN_NOOP, "cooling down");
    end_run(&s, "other", START + 1000, RUN_NOOP, "cooling down");
    end_run(&s, "first", START + 2000, RUN_NOOP, "cooling down");
    end_run(&s, "first", START + 3000, RUN_COMPLETED,
            "[{\"kind\":\"mint_binary\",\"is_up\":true,\"quantity\":5000000,\"strike\":"
            "100000000000000}]");
    end_run(&s, "first", START + 4000, RUN_COMPLETED, "[{\"kind\":\"pm_deposit\",\"amount\":5}]");
    end_run(&s, "first", START + 5000, RUN_FAILED,
            "{\"code\":\"SCRIPT\",\"message\":\"attempt to index nil\",\"where\":\"strategies/"
            "first.lua\",\"line\":12}");
    end_run(&s, "first", START + 6000, RUN_SKIPPED, "unhealthy");
    end_run(&s, "first", START + 7000, RUN_SKIPPED, "unhealthy");
    end_run(&s, "first", START + 86400000, RUN_NOOP, "cooling\033[2J down");
    end_run(&s, "other", START + 86401000, RUN_NOOP, "cooling down");
    screen_finish(&s);
    assert_string_equal(
        s.out, "08:05:00  first         noop       cooling down\n"
               "08:05:01  other         noop       cooling down\n"
               "          first         noop       … 2 more times\n"
               "08:05:03  first         completed  mint_binary 5,000,000 @100,000 up   NAV "
               "999,997,412,000\n"
               "08:05:04  first         completed  pm_deposit 5   NAV 999,997,412,000\n"
               "08:05:05  first         failed     strategies/first.lua:12: attempt to index nil\n"
               "08:05:06  first         skipped    unhealthy\n"
               "          first         skipped    … 1 more time\n"
               "── 2022-01-02 ──\n"
               "08:05:00  first         noop       cooling\\x1b[2J down\n"
               "          other         noop       … 1 more time\n");
    assert_string_equal(s.err, "");
    screen_release(&s);
}

static void test_progress(void **state)
{
    struct screen s;

    (void)state;
    screen_init(&s, true);
    view_progress(s.view, 22515, 45031);
    view_progress(s.view, 22516, 45031);
    end_run(&s, "first", START, RUN_NOOP, "waiting");
    view_progress(s.view, 45031, 45031);
    screen_finish(&s);
    assert_string_equal(s.err, "\r[###########.............]  49 %  22,515 of 45,031 rows\033[K\r"
                               "\r[############............]  50 %  22,516 of 45,031 rows\033[K\r"
                               "\r\033[K"
                               "\r[########################] 100 %  45,031 of 45,031 rows\033[K\r"
                               "\r\033[K");
    screen_release(&s);
}

static void test_no_progress_without_a_terminal(void **state)
{
    struct screen s;

    (void)state;
    screen_init(&s, false);
    view_progress(s.view, 1, 2);
    screen_finish(&s);
    assert_string_equal(s.err, "");
    assert_string_equal(s.out, "");
    screen_release(&s);
}

static void check_what(const char *run, const char *expected)
{
    json_t *json = json_loads(run, 0, NULL);
    struct buf text;

    assert_non_null(json);
    buf_init(&text, RUN_TEXT_MAX);
    run_text_what(&text, json);
    assert_string_equal(buf_text(&text), expected);
    buf_release(&text);
    json_decref(json);
}

static void test_words(void **state)
{
    (void)state;
    check_what("{\"actions\":[{\"kind\":\"mint_range\",\"quantity\":\"18446744073709551615\","
               "\"lower_strike\":99000000000000,\"higher_strike\":101000500000000}]}",
               "mint_range 18,446,744,073,709,551,615 @99,000–101,000.5");
    check_what("{\"actions\":[{\"kind\":\"emit\",\"topic\":\"a.b\"},{\"kind\":\"call\",\"target\":"
               "\"0x2::x\"},{\"kind\":\"withdraw_plp\",\"shares_amount\":7},{\"kind\":\"redeem_"
               "binary\",\"quantity\":1,\"strike\":1000000000,\"is_up\":false},{\"kind\":\"noop\","
               "\"reason\":\"r\"},{}]}",
               "emit a.b + call 0x2::x + withdraw_plp 7 + redeem_binary 1 @1 down + 2 more");
    check_what("{\"reason\":\"CAP: action=2\",\"actions\":[{\"kind\":\"x\"}],\"dry_run\":true}",
               "(dry run) CAP: action=2");
    check_what("{\"error\":\"plain\"}", "plain");
    check_what("{\"error\":{\"message\":5}}", "no message");
    check_what("{}", "");
}

static void test_json_form(void **state)
{
    struct run run = {.id = 1,
                      .status = RUN_FAILED,
                      .trigger = TRIGGER_EVENT,
                      .parent = 0,
                      .seed = UINT64_MAX,
                      .dry_run = true};
    json_t *json;

    (void)state;
    run.payload = mem_strdup("5");
    run.error = mem_strdup("not json");
    json = run_to_json(&run);
    assert_string_equal(json_string_value(json_object_get(json, "id")), "0000000000001");
    assert_string_equal(json_string_value(json_object_get(json, "status")), "failed");
    assert_string_equal(json_string_value(json_object_get(json, "trigger")), "event");
    assert_int_equal(json_integer_value(json_object_get(json, "payload")), 5);
    assert_true(json_is_null(json_object_get(json, "error")));
    assert_true(json_is_null(json_object_get(json, "parent")));
    assert_true(json_is_true(json_object_get(json, "dry_run")));
    assert_string_equal(json_string_value(json_object_get(json, "seed")), "18446744073709551615");
    assert_int_equal(json_object_size(json), 22);
    json_decref(json);
    run_release(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_no_progress_without_a_terminal),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_json_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
