/*
 * store_bench: what a durable tick costs in the store thread, through the real state and journal
 * API on one SQLite database.
 *
 *     store_bench [--seconds S] [--plugins N] [--dir DIR] [--rate TICKS_PER_SECOND]
 *
 * A tick is one run record, one state upsert, and a second one on 30 % of the ticks; `group` ticks
 * share one commit (synchronous=FULL). With --rate the groups are what has come due since the last
 * commit ended, and the line tells how long ticks waited. Prints one JSON line per measurement:
 *   us_per_tick      wall clock, waiting for the disk included
 *   cpu_us_per_tick  of this process: what the store thread takes from a core
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/sqlite_db.h"
#include "journal/journal.h"
#include "state/state.h"
#include "support/scratch.h"

struct options {
    double seconds;
    int64_t plugins;
    double rate; /* 0: as fast as it goes */
};

struct bench {
    struct clock clock;
    struct id_source ids;
    struct sqlite_db *db;
    struct state_store *state;
    struct journal *journal;
    const struct options *options;
    uint64_t ticks;
    uint64_t writes;
};

static void check(int rc, const struct error *e)
{
    char text[1200];

    if (rc == 0)
        return;
    fprintf(stderr, "store_bench: %s\n", error_format(e, text, sizeof text));
    exit(1);
}

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void bench_open(struct bench *b, const struct options *options, const char *path)
{
    struct error e = ERROR_INIT;

    memset(b, 0, sizeof *b);
    b->options = options;
    clock_init_real(&b->clock);
    check(sqlite_db_open(&b->db, path, SQLITE_DB_CREATE, &e), &e);
    check(state_sqlite_migrate(b->db, clock_now_ms(&b->clock), &e), &e);
    check(journal_sqlite_migrate(b->db, clock_now_ms(&b->clock), &e), &e);
    check(state_sqlite_open(&b->state, b->db, &e), &e);
    check(journal_sqlite_open(&b->journal, b->db, &e), &e);
}

static void bench_close(struct bench *b)
{
    state_close(b->state);
    journal_close(b->journal);
    sqlite_db_close(b->db);
}

static void write_state(struct bench *b, const char *plugin, const char *key, int64_t value)
{
    struct error e = ERROR_INIT;
    char text[32];
    int length = snprintf(text, sizeof text, "%lld", (long long)value);
    struct state_row row = {key, strlen(key), text, (size_t)length, 0};

    check(state_put(b->state, plugin, &row, &e), &e);
    b->writes++;
}

static void tick(struct bench *b)
{
    static char waiting[] = "no trade yet", cooling[] = "cooling down";
    uint64_t count = b->ticks / (uint64_t)b->options->plugins;
    int64_t now = clock_now_ms(&b->clock);
    struct error e = ERROR_INIT;
    struct run run = {.id = id_next(&b->ids, now),
                      .vault = "btc-vault",
                      .version = "0123456789abcdef",
                      .status = RUN_NOOP,
                      .trigger = TRIGGER_CRON,
                      .attempts = 1,
                      .scheduled_ms = now,
                      .started_ms = now,
                      .finished_ms = now,
                      .seed = b->ticks * 0x9e3779b97f4a7c15u,
                      .cpu_us = 40,
                      .reason = count % 10 < 3 ? waiting : cooling};

    snprintf(run.plugin, sizeof run.plugin, "plugin-%03d",
             (int)(b->ticks % (uint64_t)b->options->plugins));
    write_state(b, run.plugin, "count", (int64_t)count);
    if (count % 10 < 3)
        write_state(b, run.plugin, "last_trade_ms", now);
    check(journal_put_run(b->journal, &run, &e), &e);
    b->ticks++;
}

static void commit_group(struct bench *b, uint64_t group)
{
    struct error e = ERROR_INIT;

    check(journal_begin(b->journal, &e), &e);
    check(state_begin(b->state, 1, &e), &e);
    for (uint64_t i = 0; i < group; i++)
        tick(b);
    check(state_commit(b->state, &e), &e);
    check(journal_commit(b->journal, &e), &e);
}

static long long file_bytes(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (long long)st.st_size : 0;
}

static void measure_group(const struct options *options, const struct scratch *scratch,
                          uint64_t group)
{
    char name[32];
    const char *path;
    struct bench b;
    double cpu, wall;
    int64_t start;

    snprintf(name, sizeof name, "group-%d.db", (int)group);
    path = scratch_path(scratch, name);
    bench_open(&b, options, path);
    commit_group(&b, (uint64_t)options->plugins); /* names and first rows are there */
    b.ticks = b.writes = 0;
    cpu = cpu_us();
    start = clock_mono_ns(&b.clock);
    do
        commit_group(&b, group);
    while ((double)(clock_mono_ns(&b.clock) - start) < options->seconds * 1e9);
    wall = (double)(clock_mono_ns(&b.clock) - start) / 1e3;
    cpu = cpu_us() - cpu;
    bench_close(&b);
    printf("{\"bench\": \"store\", \"group\": %d, \"plugins\": %d, \"ticks\": %llu,"
           " \"ticks_per_s\": %.0f, \"us_per_tick\": %.2f, \"cpu_us_per_tick\": %.2f,"
           " \"writes_per_tick\": %.2f, \"bytes_per_tick\": %.0f}\n",
           (int)group, (int)options->plugins, (unsigned long long)b.ticks,
           (double)b.ticks / wall * 1e6, wall / (double)b.ticks, cpu / (double)b.ticks,
           (double)b.writes / (double)b.ticks, (double)file_bytes(path) / (double)b.ticks);
    fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Ticks come due at a steady rate; each waits for the commit that holds it. */
static void measure_rate(const struct options *options, const struct scratch *scratch)
{
    size_t capacity = (size_t)(options->rate * options->seconds) + 1000000;
    double *waits = mem_alloc(capacity * sizeof *waits);
    uint64_t done = 0;
    struct bench b;
    int64_t start, now;

    bench_open(&b, options, scratch_path(scratch, "rate.db"));
    commit_group(&b, (uint64_t)options->plugins);
    start = clock_mono_ns(&b.clock);
    while ((now = clock_mono_ns(&b.clock)) - start < (int64_t)(options->seconds * 1e9)) {
        uint64_t due = (uint64_t)((double)(now - start) / 1e9 * options->rate);
        if (due <= done)
            continue;
        commit_group(&b, due - done);
        now = clock_mono_ns(&b.clock);
        for (; done < due && done < capacity; done++)
            waits[done] = (double)(now - start) / 1e6 - (double)(done + 1) / options->rate * 1e3;
    }
    bench_close(&b);
    qsort(waits, done, sizeof *waits, by_value);
    printf("{\"bench\": \"store-latency\", \"rate\": %.0f, \"ticks\": %llu, \"p50_ms\": %.3f,"
           " \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
           options->rate, (unsigned long long)done, waits[done / 2],
           waits[(size_t)((double)done * 0.99)], waits[done - 1]);
    free(waits);
}

static int parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        int bad = 1;
        if (strcmp(argv[i], "--seconds") == 0)
            bad = text_to_double(value, &options->seconds);
        else if (strcmp(argv[i], "--plugins") == 0)
            bad = text_to_i64(value, &options->plugins);
        else if (strcmp(argv[i], "--rate") == 0)
            bad = text_to_double(value, &options->rate);
        else if (strcmp(argv[i], "--dir") == 0)
            bad = setenv("TMPDIR", value, 1);
        if (bad)
            return -1;
    }
    return options->seconds > 0 && options->plugins > 0 && options->rate >= 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    static const uint64_t groups[] = {1, 64, 512};
    struct options options = {.seconds = 2, .plugins = 100};
    struct scratch scratch;

    if (parse(argc, argv, &options) != 0) {
        fprintf(stderr, "usage: store_bench [--seconds S] [--plugins N] [--dir DIR] [--rate R]\n");
        return 1;
    }
    scratch_make(&scratch);
    if (options.rate > 0)
        measure_rate(&options, &scratch);
    for (size_t i = 0; options.rate <= 0 && i < sizeof groups / sizeof groups[0]; i++)
        measure_group(&options, &scratch, groups[i]);
    scratch_remove(&scratch);
    return 0;
}
