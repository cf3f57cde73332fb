/* The closing summary of `orrery run`, from an answer in the shape of "status". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/status_text.h"

static char *print(const char *status, const char *desk, bool next)
{
    json_t *json = json_loads(status, 0, NULL);
    char *text;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    struct output output;

    assert_non_null(json);
    output_init(&output, stream, stream, false);
    summary_print(&output, json, desk, next);
    fclose(stream);
    json_decref(json);
    return text;
}

static void test_summary(void **state)
{
    char *text = print(
        "{\"uptime_ms\":20000,\"counters\":{\"received\":1204,\"completed\":9,\"noop\":1190,"
        "\"rejected\":1,\"failed\":0,\"skipped\":4},\"noop_reasons\":[{\"plugin\":\"first\","
        "\"reason\":\"resting\\u001b[2J\",\"count\":1180},{\"plugin\":\"b\",\"reason\":\"r\","
        "\"count\":10}],\"vaults\":[{\"id\":\"paper\",\"nav\":1000045972170,\"quote_balance\":5,"
        "\"pm_balance\":6,\"open_positions\":2}],\"plugins\":[{\"name\":\"first\",\"state_keys\":3,"
        "\"state_url\":\"sqlite:data/orrery.db\"},{\"name\":\"b\",\"state_keys\":0,\"state_url\":"
        "\"memory:\"}]}",
        "my-desk", true);

    (void)state;
    assert_string_equal(
        text,
        "\n"
        "Summary  1,204 ticks in 20.0 s\n"
        "  transactions           9\n"
        "  noops              1,190\n"
        "                     1,180 × first: resting\\x1b[2J\n"
        "                        10 × b: r\n"
        "  rejected               1\n"
        "  failed                 0\n"
        "  skipped                4\n"
        "\n"
        "  VAULT                NAV  QUOTE  POSITION MANAGER  OPEN\n"
        "  paper  1,000,045,972,170      5                 6     2\n"
        "\n"
        "  STATE OF  KEYS  KEPT IN\n"
        "  first        3  sqlite:data/orrery.db\n"
        "  b            0  memory: (gone now)\n"
        "\n"
        "What to try next\n"
        "  orrery runs --status completed -C my-desk              what was traded\n"
        "  orrery state keys first -C my-desk                     what that strategy remembers\n"
        "  orrery run --watch my-desk                             keep it running; edit a strategy "
        "and see it reload\n"
        "  orrery new my-desk                                     a desk of your own\n");
    free(text);
}

static void test_empty_summary(void **state)
{
    char *text = print("{\"dry_run\":true}", ".", true);

    (void)state;
    assert_non_null(strstr(text, "Summary  - ticks in 0 ms, dry run: nothing was executed\n"));
    assert_non_null(strstr(text, "  orrery run --watch     "));
    free(text);
}

static void test_many_reasons_and_plugins(void **state)
{
    json_t *reasons = json_array(), *plugins = json_array();
    json_t *status;
    char *line, *text;

    (void)state;
    for (int i = 0; i < 20; i++) {
        json_array_append_new(
            reasons, json_pack("{s:s, s:s, s:i}", "plugin", "p", "reason", "r", "count", 20 - i));
        json_array_append_new(plugins, json_pack("{s:s}", "name", "p"));
    }
    status = json_pack("{s:o, s:o}", "noop_reasons", reasons, "plugins", plugins);
    line = json_dumps(status, 0);
    text = print(line, ".", false);
    assert_non_null(strstr(text, "… and 15 other reasons\n"));
    assert_non_null(strstr(text, "  … and 8 more plugins\n"));
    assert_null(strstr(text, "What to try next"));
    free(text);
    free(line);
    json_decref(status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_empty_summary),
        cmocka_unit_test(test_many_reasons_and_plugins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
