/* Ended runs, pendings, counts. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "contract/journal_rules.h"

static const char *runs_come_back_whole(struct journal_fixture *f)
{
    struct error e = ERROR_INIT;
    struct run run = {.id = INT64_MAX,
                      .plugin = "momentum",
                      .vault = "btc-vault",
                      .status = RUN_FAILED,
                      .trigger = TRIGGER_EVENT,
                      .topic = "price.btc",
                      .payload = "{\"x\":\"\\u0000 \xc3\xa9\"}",
                      .scheduled_ms = 1700000000000,
                      .started_ms = 1700000000001,
                      .finished_ms = 1700000000002,
                      .seed = UINT64_MAX,
                      .parent = 77,
                      .depth = 10,
                      .attempts = 4000000000u,
                      .dry_run = true,
                      .reason = "it's \"quoted\"; DROP TABLE runs",
                      .error = "{\"code\":\"SCRIPT\"}",
                      .actions = "[]",
                      .result = "{}",
                      .logs = "[1]",
                      .version = "00112233445566ff",
                      .cpu_us = 4294967295u,
                      .spans = "{\"at\":1,\"spans\":[]}",
                      .seen = "{\"vault\":\"00\"}",
                      .metadata = "{\"a\":1}",
                      .commit_us = 1700000000000123,
                      .deadline_ms = 1700000060000,
                      .timed_out = true};
    struct run bare = {.id = 1, .plugin = "p", .status = RUN_NOOP};

    KEEPS(suite_begin(f->journal));
    KEEPS(journal_put_run(f->journal, &run, &e) == 0);
    KEEPS(journal_put_run(f->journal, &bare, &e) == 0);
    KEEPS(suite_commit(f->journal));
    KEEPS(SAME(suite_whole_run(f->journal, INT64_MAX), suite_text_of(&run)));
    KEEPS(SAME(suite_whole_run(f->journal, 1), suite_text_of(&bare)));
    KEEPS(SAME(suite_whole_run(f->journal, 2), ""));
    KEEPS(SAME(suite_runs(f->journal, NULL, -1, 0, 1), "9223372036854775807:momentum:failed "));
    KEEPS(SAME(suite_runs(f->journal, NULL, RUN_FAILED, UINT64_MAX, 1),
               "9223372036854775807:momentum:failed "));
    KEEPS(SAME(suite_whole_run(f->journal, 0), ""));
    KEEPS(SAME(suite_whole_run(f->journal, UINT64_MAX), ""));
    return NULL;
}

static const char *empty_texts_are_absent(struct journal_fixture *f)
{
    struct error e = ERROR_INIT;
    struct run run = {.id = 5, .plugin = "p", .status = RUN_NOOP, .reason = "", .payload = ""};
    struct run expected = {.id = 5, .plugin = "p", .status = RUN_NOOP};

    KEEPS(suite_begin(f->journal));
    KEEPS(journal_put_run(f->journal, &run, &e) == 0);
    KEEPS(suite_commit(f->journal));
    KEEPS(SAME(suite_whole_run(f->journal, 5), suite_text_of(&expected)));
    return NULL;
}

static const char *large_texts_fit(struct journal_fixture *f)
{
    size_t size = 64 * 16 * 1024;
    struct error e = ERROR_INIT;
    struct run run = {.id = 9, .plugin = "p", .status = RUN_COMPLETED};
    bool same;

    run.actions = mem_alloc(size + 1);
    for (size_t i = 0; i < size; i++)
        run.actions[i] = (char)('a' + i % 26);
    run.actions[size] = '\0';
    same = suite_begin(f->journal) && journal_put_run(f->journal, &run, &e) == 0 &&
           suite_commit(f->journal) && SAME(suite_whole_run(f->journal, 9), suite_text_of(&run));
    free(run.actions);
    KEEPS(same);
    return NULL;
}

static const char *a_run_is_recorded_once(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 7, .plugin = "p", .status = RUN_NOOP};

    KEEPS(suite_begin(j));
    KEEPS(suite_run(j, 7, "p", RUN_COMPLETED));
    KEEPS(suite_refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    journal_rollback(j);
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 10), ""));
    KEEPS(suite_begin(j) && suite_run(j, 7, "p", RUN_COMPLETED) && suite_commit(j));
    KEEPS(suite_begin(j) && suite_run(j, 8, "p", RUN_COMPLETED));
    KEEPS(suite_refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    journal_rollback(j);
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 10), "7:p:completed "));
    KEEPS(SAME(suite_counts(j), "p:completed:1 "));
    return NULL;
}

static const char *lists_are_newest_first(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(suite_begin(j));
    KEEPS(suite_run(j, 30, "b", RUN_NOOP) && suite_run(j, 10, "a", RUN_NOOP));
    KEEPS(suite_run(j, 20, "a", RUN_FAILED) && suite_run(j, 50, "a", RUN_NOOP));
    KEEPS(suite_commit(j));
    KEEPS(suite_begin(j) && suite_run(j, 40, "c", RUN_SKIPPED) && suite_commit(j));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 10),
               "50:a:noop 40:c:skipped 30:b:noop 20:a:failed 10:a:noop "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 2), "50:a:noop 40:c:skipped "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 40, 2), "30:b:noop 20:a:failed "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 41, 1), "40:c:skipped "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 10, 9), ""));
    KEEPS(SAME(suite_runs(j, NULL, -1, 1, 9), ""));
    KEEPS(SAME(suite_runs(j, NULL, -1, UINT64_MAX, SIZE_MAX),
               "50:a:noop 40:c:skipped 30:b:noop 20:a:failed 10:a:noop "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 0), ""));
    return NULL;
}

static const char *filters_combine(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(suite_begin(j));
    KEEPS(suite_run(j, 30, "b", RUN_NOOP) && suite_run(j, 10, "a", RUN_NOOP));
    KEEPS(suite_run(j, 20, "a", RUN_FAILED) && suite_run(j, 50, "a", RUN_NOOP));
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_runs(j, "a", -1, 0, 9), "50:a:noop 20:a:failed 10:a:noop "));
    KEEPS(SAME(suite_runs(j, "a", -1, 50, 1), "20:a:failed "));
    KEEPS(SAME(suite_runs(j, NULL, RUN_NOOP, 0, 9), "50:a:noop 30:b:noop 10:a:noop "));
    KEEPS(SAME(suite_runs(j, NULL, RUN_NOOP, 30, 9), "10:a:noop "));
    KEEPS(SAME(suite_runs(j, "a", RUN_NOOP, 0, 9), "50:a:noop 10:a:noop "));
    KEEPS(SAME(suite_runs(j, "a", RUN_NOOP, 0, 1), "50:a:noop "));
    KEEPS(SAME(suite_runs(j, "b", RUN_FAILED, 0, 9), ""));
    KEEPS(SAME(suite_runs(j, "nobody", -1, 0, 9), ""));
    KEEPS(SAME(suite_runs(j, "a%", -1, 0, 9), ""));
    KEEPS(SAME(suite_runs(j, NULL, RUN_RUNNING, 0, 9), ""));
    KEEPS(SAME(suite_runs(j, "a", RUN_NOOP, 0, 0), ""));
    return NULL;
}

/* Runs over hours, some late by hours, against a table that is filtered by hand. */
#define MANY 600
struct sample {
    uint64_t id;
    int plugin;
    enum run_status status;
};

static int by_id_descending(const void *a, const void *b)
{
    uint64_t x = ((const struct sample *)a)->id, y = ((const struct sample *)b)->id;

    return x > y ? -1 : x < y;
}

static const char *expected_list(const struct sample *samples, int plugin, int status,
                                 uint64_t before, size_t limit)
{
    static char text[MANY * 40];
    size_t at = 0;
    size_t given = 0;

    text[0] = '\0';
    for (size_t i = 0; i < MANY && given < limit; i++) {
        const struct sample *s = &samples[i];
        if ((plugin >= 0 && s->plugin != plugin) || (status >= 0 && (int)s->status != status) ||
            (before != 0 && s->id >= before))
            continue;
        at += (size_t)snprintf(text + at, sizeof text - at, "%llu:p%d:%s ",
                               (unsigned long long)s->id, s->plugin, run_status_name(s->status));
        given++;
    }
    return text;
}

static bool put_samples(struct journal *j, struct sample *samples)
{
    struct random random;
    uint64_t ms = 1700000000000;
    char plugin[8];

    random_init(&random, 7);
    for (int i = 0; i < MANY; i++) {
        struct sample *s = &samples[i];
        ms += random_below(&random, 4) ? random_below(&random, 50) : random_below(&random, 60000);
        s->id = ((ms - (i % 50 == 49 ? 3600000 : 0)) << 21) + (uint64_t)i;
        s->plugin = (int)random_below(&random, 100) == 0 ? 9 : (int)random_below(&random, 4);
        s->status = (enum run_status)(RUN_NOOP + (int)random_below(&random, 6));
        snprintf(plugin, sizeof plugin, "p%d", s->plugin);
        if ((i % 20 == 0 && !suite_begin(j)) || !suite_run(j, s->id, plugin, s->status) ||
            (i % 20 == 19 && !suite_commit(j)))
            return false;
    }
    qsort(samples, MANY, sizeof *samples, by_id_descending);
    return true;
}

static const char *pages_of_a_long_history_are_right(struct journal_fixture *f)
{
    static const int plugins[] = {-1, 0, 3, 9};
    static struct sample samples[MANY];
    char name[8];

    KEEPS(put_samples(f->journal, samples));
    for (size_t p = 0; p < sizeof plugins / sizeof plugins[0]; p++)
        for (int status = RUN_NOOP - 1; status < (int)RUN_STATUS_COUNT; status++)
            for (size_t from = 0; from <= MANY; from += 60) {
                int wanted = status < (int)RUN_NOOP ? -1 : status;
                uint64_t before = from == 0 ? 0 : samples[from - 1].id;
                snprintf(name, sizeof name, "p%d", plugins[p]);
                KEEPS(SAME(suite_runs(f->journal, plugins[p] < 0 ? NULL : name, wanted, before, 13),
                           expected_list(samples, plugins[p], wanted, before, 13)));
            }
    return NULL;
}

static const char *counts_add_up(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    uint64_t id = 1;

    KEEPS(SAME(suite_counts(j), ""));
    KEEPS(suite_begin(j));
    for (int i = 0; i < 5; i++)
        KEEPS(suite_run(j, id++, "b", RUN_NOOP));
    KEEPS(suite_run(j, id++, "a", RUN_SKIPPED) && suite_run(j, id++, "a", RUN_NOOP));
    KEEPS(SAME(suite_counts(j), "a:noop:1 a:skipped:1 b:noop:5 "));
    KEEPS(suite_run(j, id++, "b", RUN_NOOP) && suite_run(j, id++, "a", RUN_FAILED));
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_counts(j), "a:noop:1 a:failed:1 a:skipped:1 b:noop:6 "));
    KEEPS(suite_begin(j) && suite_run(j, id++, "c", RUN_NOOP) && suite_run(j, id++, "b", RUN_NOOP));
    journal_rollback(j);
    KEEPS(SAME(suite_counts(j), "a:noop:1 a:failed:1 a:skipped:1 b:noop:6 "));
    KEEPS(suite_begin(j) && suite_run(j, id++, "c", RUN_NOOP) && suite_commit(j));
    KEEPS(SAME(suite_counts(j), "a:noop:1 a:failed:1 a:skipped:1 b:noop:6 c:noop:1 "));
    return NULL;
}

static const char *old_runs_may_go_but_are_counted(struct journal_fixture *f)
{
    size_t total = JOURNAL_MEMORY_RUNS + 500;
    char expected[64];

    for (size_t i = 1; i <= total; i += 100) {
        KEEPS(suite_begin(f->journal));
        for (size_t n = i; n < i + 100; n++)
            KEEPS(suite_run(f->journal, n, "p", RUN_NOOP));
        KEEPS(suite_commit(f->journal));
    }
    snprintf(expected, sizeof expected, "p:noop:%zu ", total);
    KEEPS(SAME(suite_counts(f->journal), expected));
    snprintf(expected, sizeof expected, "%zu:p:noop ", total);
    KEEPS(SAME(suite_runs(f->journal, NULL, -1, 0, 1), expected));
    KEEPS(SAME(suite_whole_run(f->journal, total - JOURNAL_MEMORY_RUNS + 1), "") == false);
    if (f->backend->keeps >= total)
        KEEPS(SAME(suite_runs(f->journal, NULL, -1, 2, 9), "1:p:noop "));
    else
        KEEPS(SAME(suite_whole_run(f->journal, total - f->backend->keeps), ""));
    return NULL;
}

static const char *pendings_wait_oldest_first(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct pending whole = {.id = 9,
                            .plugin = "p",
                            .kind = TRIGGER_EVENT,
                            .topic = "t",
                            .payload = "{\"a\":1}",
                            .scheduled_ms = 3,
                            .parent = 4,
                            .depth = 5,
                            .deadline_ms = 2678400000};

    KEEPS(suite_begin(j));
    KEEPS(journal_put_pending(j, &whole, &e) == 0 && suite_pending(j, 2, "q"));
    KEEPS(SAME(suite_pendings(j),
               "2:q:manual:-:-:2:0:0 9:p:event:t:{\"a\":1}:3:4:5:within 2678400000 "));
    KEEPS(suite_commit(j));
    KEEPS(suite_begin(j));
    KEEPS(suite_refused(journal_put_pending(j, &whole, &e), &e, ERROR_INTERNAL));
    journal_rollback(j);
    KEEPS(suite_begin(j) && suite_run(j, 2, "q", RUN_NOOP));
    KEEPS(journal_remove_pending(j, 2, &e) == 0 && journal_remove_pending(j, 2, &e) == 0);
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_pendings(j), "9:p:event:t:{\"a\":1}:3:4:5:within 2678400000 "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "2:q:noop "));
    return NULL;
}

static bool last_is(struct journal *j, uint64_t expected)
{
    struct error e = ERROR_INIT;
    uint64_t id = 12345;

    return journal_last_id(j, &id, &e) == 0 && id == expected;
}

static const char *last_id_is_the_greatest(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(last_is(j, 0));
    KEEPS(suite_begin(j) && suite_run(j, 5, "p", RUN_NOOP) && suite_run(j, 3, "p", RUN_NOOP));
    KEEPS(suite_commit(j) && last_is(j, 5));
    KEEPS(suite_begin(j) && suite_pending(j, 8, "p") && suite_commit(j) && last_is(j, 8));
    KEEPS(suite_begin(j) && suite_run(j, 11, "p", RUN_NOOP) && last_is(j, 11));
    journal_rollback(j);
    KEEPS(last_is(j, 8));
    KEEPS(suite_begin(j) && journal_remove_pending(j, 8, &e) == 0);
    KEEPS(suite_run(j, 8, "p", RUN_NOOP) && suite_commit(j) && last_is(j, 8));
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(runs_come_back_whole),
    RULE(empty_texts_are_absent),
    RULE(large_texts_fit),
    RULE(a_run_is_recorded_once),
    RULE(lists_are_newest_first),
    RULE(filters_combine),
    RULE(pages_of_a_long_history_are_right),
    RULE(counts_add_up),
    RULE(old_runs_may_go_but_are_counted),
    RULE(pendings_wait_oldest_first),
    RULE(last_id_is_the_greatest),
};
CHAPTER(runs);
