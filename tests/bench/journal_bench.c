/*
 * journal_bench: how long filtered pages of a large journal take.
 *
 *     journal_bench [--runs N] [--plugins N] [--dir DIR] [--url postgres://…] [--file PATH]
 *                   [--rounds N] [--group N] [--clone N]
 *
 * Fills a journal (journal_fill.h) in a SQLite file in a scratch folder of DIR, or in the database
 * of --url (its tables are left there; with --clone all but every Nth run are copied inside the
 * server, see journal_clone.h), then asks for pages of 50 runs the way
 * `orrery runs` does, each kind of question --rounds times with drawn arguments. --file keeps the
 * SQLite file there, and a file that is there already is not filled again. Prints one JSON
 * document: milliseconds per page, and `over`: the questions whose p99 is above floor_ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"
#include "bench/journal_clone.h"
#include "bench/journal_fill.h"
#include "db/postgres_joint.h"
#include "db/sqlite_db.h"
#include "journal/journal_postgres.h"
#include "support/scratch.h"

#define PAGE     50
#define FLOOR_MS 50.0
#define DAY_MS   86400000LL
#define HOUR_MS  3600000LL

struct options {
    int64_t runs, plugins, rounds, group, clone;
    const char *url, *file;
};

struct bench {
    struct options options;
    struct clock clock;
    struct random random;
    struct filling filling;
    struct journal *journal;
    struct sqlite_db *db;
    struct pg_joint *joint;
    const char *path; /* of the SQLite file */
    bool filled;      /* before */
    double fill_s;
    json_t *lists, *over;
};

static void check(int rc, const struct error *e)
{
    char text[1200];

    if (rc == 0)
        return;
    fprintf(stderr, "journal_bench: %s\n", error_format(e, text, sizeof text));
    exit(1);
}

static double now_ms(const struct bench *b)
{
    return (double)clock_mono_ns(&b->clock) / 1e6;
}

/* ---- the questions ---- */

/* One kind of question: draws its filter. Texts live in `b` until the next draw. */
struct draw {
    struct run_filter filter;
    char plugin[LIMIT_NAME_BYTES + 1];
    char version[DIGEST_TEXT_SIZE];
};

static void any_plugin(struct bench *b, struct draw *d)
{
    fill_plugin(random_below(&b->random, b->filling.plugins), d->plugin);
    d->filter.plugin = d->plugin;
}

static void rare_plugin(struct draw *d)
{
    fill_plugin(UINT64_MAX, d->plugin);
    d->filter.plugin = d->plugin;
}

static void any_version(struct bench *b, struct draw *d)
{
    uint64_t plugin = random_below(&b->random, b->filling.plugins);

    fill_version(plugin, random_below(&b->random, FILL_VERSIONS), d->version);
    d->filter.version = d->version;
}

static void any_cursor(struct bench *b, struct draw *d)
{
    d->filter.before = fill_id(&b->filling, random_below(&b->random, b->filling.runs));
}

static void window(struct bench *b, struct draw *d, int64_t span_ms)
{
    int64_t rest = b->filling.to_ms - b->filling.from_ms - span_ms;

    d->filter.from_ms = b->filling.from_ms + (int64_t)random_below(&b->random, (uint64_t)rest);
    d->filter.to_ms = d->filter.from_ms + span_ms;
}

static void draw_newest(struct bench *b, struct draw *d)
{
    (void)b, (void)d;
}

static void draw_plugin_cursor(struct bench *b, struct draw *d)
{
    any_plugin(b, d);
    any_cursor(b, d);
}

static void draw_rare(struct bench *b, struct draw *d)
{
    (void)b;
    rare_plugin(d);
}

static void draw_rare_failed(struct bench *b, struct draw *d)
{
    (void)b;
    rare_plugin(d);
    d->filter.status = RUN_FAILED;
}

static void draw_unknown_plugin(struct bench *b, struct draw *d)
{
    (void)b;
    d->filter.plugin = "nobody";
}

static void draw_failed(struct bench *b, struct draw *d)
{
    (void)b;
    d->filter.status = RUN_FAILED;
}

static void draw_failed_cursor(struct bench *b, struct draw *d)
{
    d->filter.status = RUN_FAILED;
    any_cursor(b, d);
}

static void draw_cancelled(struct bench *b, struct draw *d)
{
    d->filter.status = RUN_CANCELLED;
    any_cursor(b, d);
}

static void draw_plugin_status(struct bench *b, struct draw *d)
{
    any_plugin(b, d);
    d->filter.status = RUN_REJECTED;
    any_cursor(b, d);
}

static void draw_plugin_cancelled(struct bench *b, struct draw *d)
{
    any_plugin(b, d);
    d->filter.status = RUN_CANCELLED;
}

static void draw_version_status(struct bench *b, struct draw *d)
{
    any_version(b, d);
    d->filter.status = RUN_FAILED;
}

static void draw_version_cursor(struct bench *b, struct draw *d)
{
    any_version(b, d);
    any_cursor(b, d);
}

static void draw_wrong_version(struct bench *b, struct draw *d)
{
    any_version(b, d);
    rare_plugin(d);
}

static void draw_unknown_version(struct bench *b, struct draw *d)
{
    (void)b;
    d->filter.version = "00000000000000000000000000000000";
}

static void draw_hour(struct bench *b, struct draw *d)
{
    window(b, d, HOUR_MS);
}

static void draw_hour_plugin(struct bench *b, struct draw *d)
{
    window(b, d, HOUR_MS);
    any_plugin(b, d);
}

static void draw_day_rare(struct bench *b, struct draw *d)
{
    window(b, d, DAY_MS);
    rare_plugin(d);
}

static void draw_week_cancelled(struct bench *b, struct draw *d)
{
    window(b, d, 7 * DAY_MS);
    d->filter.status = RUN_CANCELLED;
}

static void draw_all_of_it(struct bench *b, struct draw *d)
{
    window(b, d, 7 * DAY_MS);
    any_plugin(b, d);
    any_version(b, d);
    d->filter.status = RUN_REJECTED;
}

static void draw_parent(struct bench *b, struct draw *d)
{
    d->filter.parent = fill_id(&b->filling, random_below(&b->random, b->filling.runs));
}

static void draw_parent_plugin(struct bench *b, struct draw *d)
{
    draw_parent(b, d);
    any_plugin(b, d);
}

static void draw_offset(struct bench *b, struct draw *d)
{
    any_cursor(b, d);
    d->filter.offset = 1000;
}

static void draw_plugin_offset(struct bench *b, struct draw *d)
{
    any_plugin(b, d);
    d->filter.offset = 1000;
}

static const struct {
    const char *name;
    void (*draw)(struct bench *b, struct draw *d);
} questions[] = {
    {"newest", draw_newest},
    {"cursor", any_cursor},
    {"plugin", any_plugin},
    {"plugin, cursor", draw_plugin_cursor},
    {"rare plugin", draw_rare},
    {"rare plugin, failed", draw_rare_failed},
    {"unknown plugin", draw_unknown_plugin},
    {"failed", draw_failed},
    {"failed, cursor", draw_failed_cursor},
    {"cancelled, cursor", draw_cancelled},
    {"plugin, rejected, cursor", draw_plugin_status},
    {"plugin, cancelled", draw_plugin_cancelled},
    {"version", any_version},
    {"version, failed", draw_version_status},
    {"version, cursor", draw_version_cursor},
    {"version of another plugin", draw_wrong_version},
    {"unknown version", draw_unknown_version},
    {"hour", draw_hour},
    {"hour, plugin", draw_hour_plugin},
    {"day, rare plugin", draw_day_rare},
    {"week, cancelled", draw_week_cancelled},
    {"week, plugin, version, rejected", draw_all_of_it},
    {"parent", draw_parent},
    {"parent, plugin", draw_parent_plugin},
    {"cursor, offset 1000", draw_offset},
    {"plugin, offset 1000", draw_plugin_offset},
};

/* ---- measuring ---- */

static int count_row(void *arg, const struct run *run)
{
    (void)run;
    ++*(uint64_t *)arg;
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void report(struct bench *b, const char *name, double *took, uint64_t rows)
{
    size_t n = (size_t)b->options.rounds;
    double p99;

    qsort(took, n, sizeof *took, by_value);
    p99 = took[(size_t)((double)(n - 1) * 0.99)];
    json_array_append_new(b->lists, json_pack("{s:s, s:f, s:f, s:f, s:f}", "list", name, "p50_ms",
                                              took[n / 2], "p99_ms", p99, "max_ms", took[n - 1],
                                              "rows", (double)rows / (double)n));
    if (p99 > FLOOR_MS)
        json_array_append_new(b->over, json_string(name));
    fprintf(stderr, "%-34s p50 %8.3f  p99 %8.3f  max %8.3f ms\n", name, took[n / 2], p99,
            took[n - 1]);
}

static void measure_lists(struct bench *b)
{
    double *took = mem_alloc((size_t)b->options.rounds * sizeof *took);

    for (size_t q = 0; q < sizeof questions / sizeof questions[0]; q++) {
        uint64_t rows = 0;
        for (int64_t i = 0; i < b->options.rounds; i++) {
            struct draw d = {.filter = {.status = -1, .limit = PAGE}};
            struct error e = ERROR_INIT;
            double start;
            questions[q].draw(b, &d);
            start = now_ms(b);
            check(journal_list_runs(b->journal, &d.filter, count_row, &rows, &e), &e);
            took[i] = now_ms(b) - start;
        }
        report(b, questions[q].name, took, rows);
    }
    free(took);
}

static int no_count(void *arg, const char *plugin, enum run_status status, uint64_t count)
{
    (void)plugin, (void)status;
    *(uint64_t *)arg += count;
    return 0;
}

static void measure_rest(struct bench *b)
{
    double *took = mem_alloc((size_t)b->options.rounds * sizeof *took), start;
    uint64_t rows = 0;

    for (int64_t i = 0; i < b->options.rounds; i++) {
        struct error e = ERROR_INIT;
        uint64_t id = fill_id(&b->filling, random_below(&b->random, b->filling.runs));
        start = now_ms(b);
        check(journal_get_run(b->journal, id, count_row, &rows, &e), &e);
        took[i] = now_ms(b) - start;
    }
    report(b, "one run", took, rows);
    for (int64_t i = 0; i < b->options.rounds; i++) {
        struct error e = ERROR_INIT;
        struct journal_stats stats;
        uint64_t count = 0;
        start = now_ms(b);
        check(journal_stats(b->journal, &stats, &e), &e);
        check(journal_count_runs(b->journal, no_count, &count, &e), &e);
        took[i] = now_ms(b) - start;
        if (count != b->filling.runs || stats.runs != b->filling.runs) {
            fprintf(stderr, "journal_bench: %llu runs counted, %llu kept, %llu expected\n",
                    (unsigned long long)count, (unsigned long long)stats.runs,
                    (unsigned long long)b->filling.runs);
            exit(1);
        }
    }
    report(b, "stats and counts", took, 0);
    free(took);
}

/* ---- the journal ---- */

static void open_sqlite(struct bench *b)
{
    struct error e = ERROR_INIT;
    struct stat st;

    b->filled = stat(b->path, &st) == 0;
    check(sqlite_db_open(&b->db, b->path, SQLITE_DB_CREATE, &e), &e);
    check(journal_sqlite_migrate(b->db, 1, &e), &e);
    check(journal_sqlite_open(&b->journal, b->db, &e), &e);
}

static void open_postgres(struct bench *b)
{
    struct store_url url;
    struct error e = ERROR_INIT;

    check(store_url_parse(b->options.url, &url, &e), &e);
    check(pg_joint_new(&b->joint, &url, NULL, NULL, STORE_CREATE, &e), &e);
    store_url_release(&url);
    check(journal_postgres_open(&b->journal, b->joint, 1, &e), &e);
}

static int take_first(void *arg, const struct run *run)
{
    *(uint64_t *)arg = run->id;
    return 0;
}

/* What a journal that was filled before has: its last run says when. */
static void adopt(struct bench *b)
{
    struct run_filter newest = {.status = -1, .limit = 1};
    struct journal_stats stats;
    struct error e = ERROR_INIT;
    uint64_t last = 0;

    check(journal_stats(b->journal, &stats, &e), &e);
    check(journal_list_runs(b->journal, &newest, take_first, &last, &e), &e);
    b->filled = stats.runs > 0;
    if (!b->filled)
        return;
    b->filling.runs = stats.runs;
    b->filling.from_ms = id_time_ms(stats.oldest);
    b->filling.to_ms = id_time_ms(last) + 1;
}

static void say_progress(uint64_t done, uint64_t runs)
{
    if (done % 500000 == 0 || done == runs)
        fprintf(stderr, "%llu of %llu runs\n", (unsigned long long)done, (unsigned long long)runs);
}

/* Written are the originals; the rest of the runs are copies beside them. */
static void clone(struct bench *b)
{
    struct filling *f = &b->filling;
    struct store_url url;
    struct error e = ERROR_INIT;

    f->runs = (uint64_t)(b->options.runs / b->options.clone);
    check(fill_journal(b->journal, f, &e), &e);
    check(store_url_parse(b->options.url, &url, &e), &e);
    check(journal_clone_postgres(&url, (uint64_t)b->options.clone - 1,
                                 (f->to_ms - f->from_ms) / (int64_t)f->runs, &e),
          &e);
    store_url_release(&url);
    journal_close(b->journal); /* what it remembers of counts is not true any more */
    pg_joint_free(b->joint);
    open_postgres(b);
    f->runs *= (uint64_t)b->options.clone;
}

static void fill(struct bench *b)
{
    struct error e = ERROR_INIT;
    int64_t now = clock_now_ms(&b->clock);
    double start = now_ms(b);

    b->filling = (struct filling){.runs = (uint64_t)b->options.runs,
                                  .plugins = (uint64_t)b->options.plugins,
                                  .rare = 100000,
                                  .group = (uint64_t)b->options.group,
                                  .from_ms = now - 30 * DAY_MS,
                                  .to_ms = now,
                                  .progress = say_progress};
    adopt(b);
    if (b->filled)
        return;
    if (b->options.url != NULL && b->options.clone > 1)
        clone(b);
    else
        check(fill_journal(b->journal, &b->filling, &e), &e);
    b->fill_s = (now_ms(b) - start) / 1e3;
}

static void print(const struct bench *b)
{
    struct journal_stats stats;
    struct error e = ERROR_INIT;
    json_t *o;

    check(journal_stats(b->journal, &stats, &e), &e);
    o = json_pack("{s:s, s:s, s:I, s:I, s:o, s:I, s:f, s:f, s:O, s:O}", "bench", "journal",
                  "engine", journal_name(b->journal), "runs", (json_int_t)b->filling.runs,
                  "plugins", (json_int_t)b->options.plugins, "runs_per_s",
                  b->fill_s > 0 ? json_real((double)b->filling.runs / b->fill_s) : json_null(),
                  "bytes", (json_int_t)stats.bytes, "bytes_per_run",
                  (double)stats.bytes / (double)b->filling.runs, "floor_ms", FLOOR_MS, "over",
                  b->over, "lists", b->lists);
    json_dumpf(o, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(5));
    putchar('\n');
    json_decref(o);
}

static int parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        int bad = 1;
        if (strcmp(argv[i], "--runs") == 0)
            bad = text_to_i64(value, &o->runs);
        else if (strcmp(argv[i], "--plugins") == 0)
            bad = text_to_i64(value, &o->plugins);
        else if (strcmp(argv[i], "--rounds") == 0)
            bad = text_to_i64(value, &o->rounds);
        else if (strcmp(argv[i], "--group") == 0)
            bad = text_to_i64(value, &o->group);
        else if (strcmp(argv[i], "--clone") == 0)
            bad = text_to_i64(value, &o->clone);
        else if (strcmp(argv[i], "--dir") == 0)
            bad = setenv("TMPDIR", value, 1);
        else if (strcmp(argv[i], "--url") == 0)
            bad = (o->url = value)[0] == '\0';
        else if (strcmp(argv[i], "--file") == 0)
            bad = (o->file = value)[0] == '\0';
        if (bad)
            return -1;
    }
    return o->runs >= 1000 && o->plugins > 0 && o->rounds > 0 && o->group > 0 && o->clone >= 0 ? 0
                                                                                               : -1;
}

int main(int argc, char **argv)
{
    struct bench b = {.options = {.runs = 300000, .plugins = 200, .rounds = 200, .group = 10000}};
    struct scratch scratch;

    if (parse(argc, argv, &b.options) != 0) {
        fprintf(stderr, "usage: journal_bench [--runs N] [--plugins N] [--dir DIR] [--url URL]"
                        " [--file PATH] [--rounds N] [--group N] [--clone N]\n");
        return 1;
    }
    scratch_make(&scratch);
    clock_init_real(&b.clock);
    random_init(&b.random, 7);
    b.lists = json_array();
    b.over = json_array();
    b.path = b.options.file != NULL ? b.options.file : scratch_path(&scratch, "journal.db");
    if (b.options.url != NULL)
        open_postgres(&b);
    else
        open_sqlite(&b);
    fill(&b);
    measure_lists(&b);
    measure_rest(&b);
    print(&b);
    json_decref(b.lists);
    json_decref(b.over);
    journal_close(b.journal);
    pg_joint_free(b.joint);
    sqlite_db_close(b.db);
    scratch_remove(&scratch);
    return 0;
}
