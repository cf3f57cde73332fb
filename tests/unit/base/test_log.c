/* One line per event, inert, in both forms. */
#include "unit/base/support.h"

#include "base/clock.h"
#include "base/log.h"

/* What one event looks like. free() it. */
static char *written(bool json, enum log_level level)
{
    struct clock clock;
    struct log log;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    clock_init_manual(&clock, 1641031201250);
    log_init(&log, out, &clock);
    log.json = json;
    log.colour = false;
    log.level = LOG_INFO;
    log_write(&log, level, "placed 2\n", "plugin", "mom\"entum", "run", "a b\x1b", NULL);
    fclose(out);
    return text;
}

static void json_form(void **state)
{
    char *text = written(true, LOG_WARN);

    (void)state;
    assert_string_equal(text, "{\"ts\":\"2022-01-01T10:00:01.250Z\",\"level\":\"warn\","
                              "\"msg\":\"placed 2\\\\x0a\",\"plugin\":\"mom\\\"entum\","
                              "\"run\":\"a b\\\\x1b\"}\n");
    free(text);
}

static void human_form(void **state)
{
    char *text = written(false, LOG_ERROR);

    (void)state;
    assert_memory_equal(text, "10:00:01.250 error", 18);
    assert_non_null(strstr(text, "placed 2\\x0a"));
    assert_null(strchr(text, '\x1b'));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

static void lower_levels_are_dropped(void **state)
{
    char *text = written(false, LOG_DEBUG);

    (void)state;
    assert_string_equal(text, "");
    free(text);
}

static void levels(void **state)
{
    enum log_level level;

    (void)state;
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        assert_int_equal(log_level_parse(log_level_name((enum log_level)i), &level), 0);
        assert_int_equal(level, i);
    }
    assert_int_equal(log_level_parse("loud", &level), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_form),
        cmocka_unit_test(human_form),
        cmocka_unit_test(lower_levels_are_dropped),
        cmocka_unit_test(levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
