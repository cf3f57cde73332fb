/* The summary lines: what was counted, by reason, bounded and inert; and what silence waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "unit/core/fake_waiting.h"

static struct waiting *open_desk_that_tells(void)
{
    struct waiting *w = waiting_open();

    w->desk->blueprint.config.summary_ms = 600000;
    w->engine->started_mono_ns = clock_mono_ns(&w->engine->clock);
    return w;
}

static void end_run(struct waiting *w, enum run_status status, const char *reason,
                    const char *error)
{
    struct run run = {.status = status};

    run.reason = mem_strdup(reason);
    run.error = mem_strdup(error);
    notices_count(w->plugins[0], &run);
    run_release(&run);
}

/* The line of `plugin` that was written last. */
static const char *line_of(struct waiting *w, const char *plugin)
{
    static char line[4096];
    char key[80];
    const char *log = desk_log(w->desk), *at = NULL;

    snprintf(key, sizeof key, "plugin=%s ", plugin);
    for (const char *next = strstr(log, key); next != NULL; next = strstr(next + 1, key))
        at = next;
    assert_non_null(at);
    while (at > log && at[-1] != '\n')
        at--;
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

static void expect(struct waiting *w, const char *part)
{
    if (strstr(line_of(w, "p"), part) == NULL)
        fail_msg("'%s' is not in: %s", part, line_of(w, "p"));
}

static void a_line_says_what_the_ticks_came_to(void **state)
{
    struct waiting *w = open_desk_that_tells();

    (void)state;
    for (int i = 0; i < 5; i++)
        end_run(w, RUN_NOOP, "no edge", NULL);
    end_run(w, RUN_NOOP, "cooling down", NULL);
    end_run(w, RUN_COMPLETED, NULL, NULL);
    end_run(w, RUN_SKIPPED, "unhealthy: boom", NULL);
    end_run(w, RUN_FAILED, NULL, "{\"code\":\"SCRIPT\",\"message\":\"boom \\u001b[31m\"}");
    w->plugins[0]->counters.missed = 4;
    notices_finish(w->engine);
    expect(w, "ticks=6 noop, 1 batch, 1 failed, 1 skipped");
    expect(w, "noop=5 x no edge; 1 x cooling down");
    expect(w, "skipped=1 x unhealthy: boom");
    expect(w, "last error=boom \\x1b[31m");
    expect(w, "missed=4");
    assert_null(strchr(desk_log(w->desk), 27));
    w->plugins[0]->counters.missed = 0;
    waiting_close(w);
}

static void each_line_begins_anew(void **state)
{
    struct waiting *w = open_desk_that_tells();

    (void)state;
    end_run(w, RUN_NOOP, "first", NULL);
    notices_finish(w->engine);
    expect(w, "noop=1 x first");
    end_run(w, RUN_NOOP, "second", NULL);
    notices_finish(w->engine);
    expect(w, "noop=1 x second");
    assert_null(strstr(line_of(w, "p"), "first"));
    waiting_close(w);
}

static void reasons_that_differ_in_numbers_are_one(void **state)
{
    struct waiting *w = open_desk_that_tells();
    char reason[64];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(reason, sizeof reason, "edge 0.%d below 0.%d", i, i * 7);
        end_run(w, RUN_NOOP, reason, NULL);
    }
    notices_finish(w->engine);
    expect(w, "noop=1000 x edge 0.999 below 0.6993 or with other numbers");
    waiting_close(w);
}

static void memory_is_bounded(void **state)
{
    struct waiting *w = open_desk_that_tells();
    char reason[2048];

    (void)state;
    for (int i = 0; i < 5000; i++) {
        memset(reason, 'a' + i % 26, sizeof reason - 1);
        reason[i % 1000 + 1] = (char)('A' + i % 20);
        reason[sizeof reason - 1] = '\0';
        end_run(w, RUN_NOOP, reason, NULL);
    }
    notices_finish(w->engine);
    expect(w, "ticks=5000 noop");
    expect(w, "other reasons");
    assert_true(strlen(line_of(w, "p")) < 3000);
    waiting_close(w);
}

static void silence_says_what_it_waits_for(void **state)
{
    struct waiting *w = open_desk_that_tells();

    (void)state;
    notices_finish(w->engine);
    expect(w, "no trigger fired");
    expect(w, "waits for event topic topic");
    expect(w, "waits to be fired by hand");
    waiting_close(w);
}

static void what_waits_is_no_silence(void **state)
{
    struct waiting *w = open_desk_that_tells();

    (void)state;
    waiting_emit(w, w->plugins[0], 1000, 0);
    notices_finish(w->engine);
    expect(w, "ticks=none has ended");
    expect(w, "waiting=1");
    waiting_close(w);
}

static void lines_come_at_the_chosen_interval(void **state)
{
    struct waiting *w = open_desk_that_tells();

    (void)state;
    notices_watch(w->engine);
    assert_null(strstr(desk_log(w->desk), "summary"));
    w->engine->started_mono_ns -= 600 * 1000000000LL;
    notices_watch(w->engine);
    assert_int_equal(count_of(desk_log(w->desk), "summary"), 2); /* p and q */
    notices_watch(w->engine);
    assert_int_equal(count_of(desk_log(w->desk), "summary"), 2);
    w->desk->blueprint.config.summary_ms = 0;
    notices_finish(w->engine);
    assert_int_equal(count_of(desk_log(w->desk), "summary"), 2);
    waiting_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_what_the_ticks_came_to),
        cmocka_unit_test(each_line_begins_anew),
        cmocka_unit_test(reasons_that_differ_in_numbers_are_one),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(silence_says_what_it_waits_for),
        cmocka_unit_test(what_waits_is_no_silence),
        cmocka_unit_test(lines_come_at_the_chosen_interval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
