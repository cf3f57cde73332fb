/*
 * csv: the rows of a file, each at its own time. One row is read ahead, so that the time of the
 * next one is known; a row that cannot be read is reported when its turn comes, after all rows
 * before it have been seen.
 *
 * Times must not go back. Rows of equal time are allowed: each counts, the last one stays.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "feed/csv_reader.h"
#include "feed/feed.h"
#include "feed/rules.h"
#include "feed/timestamp.h"

#define BARS_UNTIL_STALE 5
#define BARS_LOOKED_AT   32     /* from which the bars' length is taken */
#define STALE_DEFAULT_MS 300000 /* for a file of one row */

enum column { TIME, PRICE, OPEN, HIGH, LOW, CLOSE, VOLUME, COLUMNS };

struct row {
    int64_t at_ms;
    double
        value[COLUMNS]; /* TIME is not used; columns that the file lacks: the price, or volume 0 */
};

struct feed_csv {
    struct feed base; /* first */
    struct csv_reader reader;
    const char *names[COLUMNS];
    char *time_name, *price_name;
    int column[COLUMNS]; /* index in a record, or -1 */
    size_t width;        /* fields in each record */
    struct row next;
    bool have_next;
    struct error broken; /* why there is no next row, unless the file has ended */
    int64_t last_ms, first_ms;
    uint64_t rows;
};

static struct feed_csv *csv_of(const struct feed *feed)
{
    return (struct feed_csv *)(uintptr_t)feed;
}

/* ---- columns ---- */

static int find_column(struct feed_csv *csv, enum column which, struct error *e)
{
    const char *name = csv->names[which];

    csv->column[which] = -1;
    for (size_t i = 0; i < csv->reader.count; i++) {
        if (strcasecmp(csv->reader.fields[i], name) != 0)
            continue;
        if (csv->column[which] >= 0) {
            error_set(e, ERROR_INVALID, "two columns are called \"%s\"", name);
            error_locate(e, csv->reader.path, csv->reader.line);
            return -1;
        }
        csv->column[which] = (int)i;
    }
    return 0;
}

static int column_missing(struct feed_csv *csv, const char *name, struct error *e)
{
    const char *candidates[CSV_FIELDS + 1], *nearest;
    char list[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < csv->reader.count; i++) {
        candidates[i] = csv->reader.fields[i];
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
                                     csv->reader.fields[i]);
    }
    candidates[csv->reader.count] = NULL;
    error_set(e, ERROR_INVALID, "expected a column \"%s\"; the first line names: %s", name, list);
    error_locate(e, csv->reader.path, csv->reader.line);
    nearest = text_nearest(name, candidates);
    if (nearest != NULL)
        error_hint(e, "did you mean \"%s\"?", nearest);
    return -1;
}

/* Reads the first line: where each column is. */
static int read_header(struct feed_csv *csv, struct error *e)
{
    int got = csv_next(&csv->reader, e);

    if (got < 0)
        return -1;
    if (got == 0)
        return error_set(e, ERROR_INVALID,
                         "%s is empty; expected a first line with the columns' names",
                         csv->reader.path);
    for (enum column c = TIME; c < COLUMNS; c++)
        if (find_column(csv, c, e) != 0)
            return -1;
    for (enum column c = TIME; c <= PRICE; c++)
        if (csv->column[c] < 0)
            return column_missing(csv, csv->names[c], e);
    csv->width = csv->reader.count;
    return 0;
}

/* ---- rows ---- */

static int refuse(struct feed_csv *csv, struct error *e)
{
    error_locate(e, csv->reader.path, csv->reader.line);
    return -1;
}

static int read_number(struct feed_csv *csv, enum column which, double *out, struct error *e)
{
    const char *text = csv->reader.fields[csv->column[which]];
    double value;

    if (text_to_double(text, &value) != 0 || value < 0 || (value <= 0 && which != VOLUME)) {
        error_set(e, ERROR_INVALID, "column \"%s\": expected a number %s, got \"%.60s\"",
                  csv->names[which], which == VOLUME ? "of at least 0" : "above 0", text);
        return refuse(csv, e);
    }
    *out = value;
    return 0;
}

static int read_values(struct feed_csv *csv, struct row *row, struct error *e)
{
    for (enum column c = PRICE; c < COLUMNS; c++) {
        row->value[c] = c == VOLUME ? 0 : row->value[PRICE];
        if (csv->column[c] >= 0 && read_number(csv, c, &row->value[c], e) != 0)
            return -1;
    }
    if (row->value[HIGH] < row->value[LOW]) {
        error_set(e, ERROR_INVALID, "the high (%g) is below the low (%g)", row->value[HIGH],
                  row->value[LOW]);
        return refuse(csv, e);
    }
    return 0;
}

static int check_order(struct feed_csv *csv, const struct row *row, struct error *e)
{
    char now[32], last[32];

    if (row->at_ms >= csv->last_ms)
        return 0;
    error_set(e, ERROR_INVALID, "time goes back: %s comes after %s", clock_format(row->at_ms, now),
              clock_format(csv->last_ms, last));
    return refuse(csv, e);
}

/* 1: `row` is filled; 0: the end; -1. */
static int read_row(struct feed_csv *csv, struct row *row, struct error *e)
{
    int got = csv_next(&csv->reader, e);
    const char *time;

    if (got <= 0)
        return got;
    if (csv->reader.count != csv->width) {
        error_set(e, ERROR_INVALID, "expected %zu fields as in the first line, got %zu", csv->width,
                  csv->reader.count);
        return refuse(csv, e);
    }
    time = csv->reader.fields[csv->column[TIME]];
    if (timestamp_parse(time, &row->at_ms) != 0) {
        error_set(e, ERROR_INVALID, "column \"%s\": expected " TIMESTAMP_FORMS ", got \"%.60s\"",
                  csv->names[TIME], time);
        return refuse(csv, e);
    }
    if (read_values(csv, row, e) != 0 || check_order(csv, row, e) != 0)
        return -1;
    csv->last_ms = row->at_ms;
    return 1;
}

static void read_ahead(struct feed_csv *csv)
{
    error_clear(&csv->broken);
    csv->have_next = read_row(csv, &csv->next, &csv->broken) > 0;
}

/* ---- the feed ---- */

static int64_t csv_next_due(struct feed *feed)
{
    struct feed_csv *csv = csv_of(feed);

    if (csv->have_next)
        return csv->next.at_ms;
    return csv->broken.code != ERROR_NONE ? csv->last_ms : INT64_MAX;
}

static void apply(struct feed_csv *csv)
{
    struct market *m = &csv->base.market;
    const double *value = csv->next.value;

    rules_price(&csv->base, csv->next.at_ms, value[PRICE]);
    m->open = value[OPEN];
    m->high = value[HIGH];
    m->low = value[LOW];
    m->close = value[CLOSE];
    m->volume = value[VOLUME];
}

static int csv_poll(struct feed *feed, int64_t now_ms, struct error *e)
{
    struct feed_csv *csv = csv_of(feed);
    int changed = 0;

    if (csv->broken.code != ERROR_NONE) {
        rules_failed(feed, "%s:%d: %s", csv->broken.where, csv->broken.line, csv->broken.message);
        if (e != NULL && e->code == ERROR_NONE)
            *e = csv->broken;
        return -1;
    }
    for (; csv->have_next && csv->next.at_ms <= now_ms; changed = 1) {
        apply(csv);
        read_ahead(csv);
    }
    return changed;
}

static bool csv_ended(struct feed *feed)
{
    return !csv_of(feed)->have_next && csv_of(feed)->broken.code == ERROR_NONE;
}

static void csv_feed_close(struct feed *feed)
{
    struct feed_csv *csv = csv_of(feed);

    csv_close(&csv->reader);
    free(csv->time_name);
    free(csv->price_name);
    free(csv);
}

static const struct feed_ops csv_ops = {
    .name = "csv",
    .next_due = csv_next_due,
    .poll = csv_poll,
    .ended = csv_ended,
    .close = csv_feed_close,
};

/* ---- opening ---- */

/* The environment's path is as the user typed it, from the current folder; the configuration's is
 * from the desk. */
static char *full_path(const struct feed_config *config, const struct feed_env *env)
{
    const char *typed = config->path_env != NULL ? getenv(config->path_env) : NULL;
    const char *path = config->path;
    bool relative;
    char *full;
    size_t size;

    if (typed != NULL && typed[0] != '\0')
        return mem_strdup(typed);
    if (path == NULL || path[0] == '\0')
        return NULL;
    relative = path[0] != '/' && env->desk != NULL && env->desk[0] != '\0';
    size = strlen(path) + (relative ? strlen(env->desk) : 0) + 2;
    full = mem_alloc(size);
    snprintf(full, size, "%s%s%s", relative ? env->desk : "", relative ? "/" : "", path);
    return full;
}

static int no_path(const struct feed_config *config, struct error *e)
{
    if (config->path_env == NULL)
        return error_set(e, ERROR_CONFIG, "a csv feed needs the path of a file");
    error_set(e, ERROR_CONFIG,
              "the environment variable %s, which should name a CSV file, is not set",
              config->path_env);
    error_hint(e, "set it (%s=prices.csv), or give the feed a path", config->path_env);
    return -1;
}

static void name_columns(struct feed_csv *csv, const struct feed_config *config)
{
    csv->time_name = mem_strdup(config->time_column != NULL ? config->time_column : "timestamp");
    csv->price_name = mem_strdup(config->price_column != NULL ? config->price_column : "close");
    csv->names[TIME] = csv->time_name;
    csv->names[PRICE] = csv->price_name;
    csv->names[OPEN] = "open";
    csv->names[HIGH] = "high";
    csv->names[LOW] = "low";
    csv->names[CLOSE] = "close";
    csv->names[VOLUME] = "volume";
}

/* A bar is as long as the shortest step between the first rows: gaps in the data do not stretch it.
 */
static int measure_bars(struct feed_csv *csv, int64_t *bar_ms, struct error *e)
{
    struct row row;
    int64_t before = 0, shortest = INT64_MAX;
    int got = 1;

    for (int i = 0; i < BARS_LOOKED_AT && (got = read_row(csv, &row, e)) > 0; i++) {
        if (i == 0)
            csv->first_ms = row.at_ms;
        else if (row.at_ms > before && row.at_ms - before < shortest)
            shortest = row.at_ms - before;
        before = row.at_ms;
    }
    if (got < 0)
        return -1;
    *bar_ms = shortest;
    return 0;
}

/* Header, first rows, number of rows; then back to the first row. */
static int survey(struct feed_csv *csv, struct error *e)
{
    int64_t bar_ms, *stale_ms = &csv->base.rules.stale_after_ms;

    if (read_header(csv, e) != 0 || csv_count(&csv->reader, &csv->rows, e) != 0)
        return -1;
    if (csv->rows == 0)
        return error_set(e, ERROR_INVALID, "%s has no rows below its first line", csv->reader.path);
    if (csv_rewind(&csv->reader, e) != 0 || csv_next(&csv->reader, e) < 0 ||
        measure_bars(csv, &bar_ms, e) != 0)
        return -1;
    if (*stale_ms <= 0)
        *stale_ms = bar_ms == INT64_MAX ? STALE_DEFAULT_MS : BARS_UNTIL_STALE * bar_ms;
    csv->last_ms = 0;
    if (csv_rewind(&csv->reader, e) != 0 || csv_next(&csv->reader, e) < 0)
        return -1;
    read_ahead(csv);
    return 0;
}

int feed_csv_open(struct feed **out, const struct feed_config *config, const struct feed_env *env,
                  struct error *e)
{
    struct feed_csv *csv = mem_zero(1, sizeof *csv);
    char *path = full_path(config, env);
    bool failed;

    name_columns(csv, config);
    failed = path == NULL ? no_path(config, e) != 0
                          : rules_init(&csv->base, &csv_ops, config, e) != 0 ||
                                csv_open(&csv->reader, path, e) != 0 || survey(csv, e) != 0;
    free(path);
    if (failed) {
        csv_feed_close(&csv->base);
        return -1;
    }
    *out = &csv->base;
    return 0;
}

int64_t feed_csv_start(const struct feed *feed)
{
    return csv_of(feed)->first_ms;
}

uint64_t feed_csv_rows(const struct feed *feed)
{
    return csv_of(feed)->rows;
}
