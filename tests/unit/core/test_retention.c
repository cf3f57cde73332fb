/* Old runs leave the journal: by age and by number, in slices, never the open ones; and what status
 * says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "unit/core/fake_waiting.h"

#define NOW 1700000000000
#define DAY 86400000LL

static uint64_t id_at(int64_t ms)
{
    struct id_source ids = {0};

    return id_next(&ids, ms);
}

static int put_runs(struct commit *c, struct journal *j, struct error *e)
{
    int count = (int)(intptr_t)c->also_arg;

    for (int i = 0; i < count; i++) {
        struct run run = {.id = id_at(NOW + i * DAY),
                          .plugin = "p",
                          .status = RUN_NOOP,
                          .scheduled_ms = NOW + i * DAY,
                          .finished_ms = NOW + i * DAY};
        if (journal_put_run(j, &run, e) < 0)
            return -1;
    }
    return journal_create_run(j,
                              &(struct run){.id = id_at(NOW - DAY),
                                            .plugin = "p",
                                            .status = RUN_SUBMITTED,
                                            .scheduled_ms = NOW - DAY},
                              e);
}

static void put_done(struct commit *c, struct engine *engine)
{
    (void)engine;
    assert_false(c->failed);
    commit_free(c);
}

/* A desk at day 10 with a run of each of the ten days before, and one that is open since day -1. */
static struct waiting *open_desk_with_runs(void)
{
    struct waiting *w = waiting_open();
    struct commit *c = commit_new(w->engine->commits.journal, put_done, NULL);

    c->also = put_runs;
    c->also_arg = (void *)(intptr_t)10;
    commits_push(c);
    waiting_settle(w);
    return w;
}

static struct journal_stats stats_of(struct waiting *w)
{
    struct journal_stats stats;
    struct error e = ERROR_INIT;

    waiting_settle(w);
    assert_int_equal(journal_stats(w->engine->commits.journal->journal, &stats, &e), 0);
    return stats;
}

/* Turns the loop until a round has ended. */
static bool round_ended(void *arg)
{
    struct engine *engine = arg;
    json_t *o;
    bool ended;

    retention_watch(engine);
    o = retention_json(engine);
    ended = json_is_integer(json_object_get(o, "ended_at"));
    json_decref(o);
    return ended;
}

static json_int_t said(struct waiting *w, const char *key)
{
    json_t *o = retention_json(w->engine);
    json_int_t n = json_integer_value(json_object_get(o, key));

    json_decref(o);
    return n;
}

static void by_number_the_oldest_go(void **state)
{
    struct waiting *w = open_desk_with_runs();

    (void)state;
    w->desk->blueprint.config.retention =
        (struct retention_config){.runs = 4, .every_ms = 86400000};
    turn_until(w->desk, round_ended, w->engine);
    assert_int_equal(stats_of(w).runs, 4);
    assert_int_equal(stats_of(w).open_runs, 1);
    assert_true(stats_of(w).oldest == id_at(NOW + 6 * DAY));
    assert_int_equal(said(w, "removed"), 6);
    assert_int_equal(said(w, "last_removed"), 6);
    waiting_close(w);
}

static void by_age_of_the_desks_clock(void **state)
{
    struct waiting *w = open_desk_with_runs();
    struct clock real = w->engine->clock;

    (void)state;
    /* Days 8 and 9 are younger than two and a half days, as of now: the machine's clock. */
    w->desk->blueprint.config.retention = (struct retention_config){
        .age_ms = clock_now_ms(&real) - NOW - 8 * DAY + DAY / 2, .every_ms = 86400000};
    turn_until(w->desk, round_ended, w->engine);
    assert_int_equal(stats_of(w).runs, 2);
    assert_int_equal(stats_of(w).open_runs, 1);
    waiting_close(w);
}

static void without_limits_nothing_is_asked_of_the_journal(void **state)
{
    struct waiting *w = open_desk_with_runs();

    (void)state;
    w->desk->blueprint.config.retention = (struct retention_config){.every_ms = 1000};
    retention_watch(w->engine);
    assert_int_equal(said(w, "slices"), 0);
    w->desk->blueprint.config.retention = (struct retention_config){.runs = 1};
    retention_watch(w->engine); /* every 0: never */
    assert_int_equal(said(w, "slices"), 0);
    assert_int_equal(stats_of(w).runs, 10);
    waiting_close(w);
}

static bool surveyed(void *arg)
{
    struct engine *engine = arg;

    survey_soon(engine);
    survey_watch(engine);
    return survey_stats(engine) != NULL;
}

static void status_shows_what_the_journal_holds(void **state)
{
    struct waiting *w = open_desk_with_runs();
    json_t *o;

    (void)state;
    o = survey_json(w->engine);
    assert_true(json_is_null(o)); /* nobody has looked yet */
    json_decref(o);
    w->desk->blueprint.config.retention.runs = 7;
    turn_until(w->desk, surveyed, w->engine);
    o = survey_json(w->engine);
    assert_int_equal(json_integer_value(json_object_get(o, "kept")), 10);
    assert_int_equal(json_integer_value(json_object_get(o, "open")), 1);
    assert_true(json_integer_value(json_object_get(o, "oldest")) == NOW);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "ended"), "noop")), 10);
    json_decref(o);
    assert_int_equal(said(w, "backlog"), 3);
    waiting_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_number_the_oldest_go),
        cmocka_unit_test(by_age_of_the_desks_clock),
        cmocka_unit_test(without_limits_nothing_is_asked_of_the_journal),
        cmocka_unit_test(status_shows_what_the_journal_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
