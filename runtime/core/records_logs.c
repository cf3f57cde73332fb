/* run_logs, and logs_page: the newest lines of the whole desk, run by run. */
#include <string.h>

#include "base/id.h"
#include "core/pages.h"
#include "core/records_parts.h"

struct lines {
    json_t *list;
    enum log_level level;
    uint64_t after, last;
};

static int take_line(void *arg, const struct run_log *log)
{
    struct lines *l = arg;

    if (log->seq > l->last)
        l->last = log->seq;
    if (log->seq > l->after && log->level >= l->level)
        json_array_append_new(l->list, record_line(log));
    return 0;
}

int record_lines(struct journal *j, uint64_t run, enum log_level level, uint64_t after_seq,
                 json_t *lines, uint64_t *dropped, uint64_t *last, struct error *e)
{
    struct lines l = {lines, level, after_seq, after_seq};

    if (record_stopped(journal_list_logs(j, run, take_line, &l, dropped, e)) < 0)
        return -1;
    *last = l.last;
    return 0;
}

static int read_after_seq(const struct record_ask *ask, uint64_t *out, struct error *e)
{
    const json_t *after = json_object_get(ask->request, "after_seq");

    *out = 0;
    if (after == NULL || json_is_null(after))
        return 0;
    if (!json_is_integer(after) || json_integer_value(after) < 0)
        return error_set(e, ERROR_INVALID, "after_seq: expected an integer from 0");
    *out = (uint64_t)json_integer_value(after);
    return 0;
}

int record_run_logs(const struct record_ask *ask, json_t **data, struct error *e)
{
    struct record_run run;
    enum log_level level;
    json_t *lines;
    uint64_t id, after, dropped = 0, last;
    int result = 0;

    if (record_run_id(ask, "run", &id, e) < 0 || record_level(ask, &level, e) < 0 ||
        read_after_seq(ask, &after, e) < 0 || record_get_run(ask, id, &run, e) < 0)
        return -1;
    lines = json_array();
    last = after;
    if (run.on_record)
        result = record_lines(ask->journal, id, level, after, lines, &dropped, &last, e);
    if (result == 0)
        *data =
            json_pack("{s:O, s:O, s:O, s:b, s:O, s:I, s:I}", "run", json_object_get(run.json, "id"),
                      "plugin", json_object_get(run.json, "plugin"), "status",
                      json_object_get(run.json, "status"), "ended", run_status_terminal(run.status),
                      "lines", lines, "dropped", (json_int_t)dropped, "last_seq", (json_int_t)last);
    json_decref(lines);
    record_run_release(&run);
    return result;
}

/* ---- the whole desk's ---- */

struct scanned_run {
    uint64_t id;
    char plugin[LIMIT_NAME_BYTES + 1];
};

struct scan {
    struct scanned_run runs[RECORDS_SCAN];
    size_t count;
};

static int take_run(void *arg, const struct run *run)
{
    struct scan *scan = arg;
    struct scanned_run *to = &scan->runs[scan->count++];

    to->id = run->id;
    memcpy(to->plugin, run->plugin, sizeof to->plugin);
    return 0;
}

struct logs_page {
    json_t *lines; /* newest first while it is filled */
    size_t limit, bytes;
    uint64_t at; /* where the next page begins: this run, `within` lines of it were given */
    uint32_t within;
};

/* The run's lines, newest first, without the `skip` newest; false: the page is full. */
static bool add_lines(struct logs_page *page, const struct scanned_run *run, const json_t *lines,
                      uint32_t skip)
{
    char id[ID_TEXT_SIZE];
    size_t count = json_array_size(lines);

    page->at = run->id;
    for (page->within = skip; page->within < count; page->within++) {
        json_t *line = json_array_get(lines, count - 1 - page->within);
        if (json_array_size(page->lines) == page->limit || page->bytes > RECORDS_BYTES) {
            page->at += page->within == 0; /* none of it */
            return false;
        }
        page->bytes += 256 + json_string_length(json_object_get(line, "message"));
        json_object_set_new(line, "run", json_string(id_format(run->id, id)));
        json_object_set_new(line, "plugin", json_string(run->plugin));
        json_array_append(page->lines, line);
    }
    page->within = 0; /* all of it */
    return true;
}

/* 1: the page is full. */
static int scan_run(const struct record_ask *ask, const struct scanned_run *run,
                    enum log_level level, uint32_t skip, struct logs_page *page, struct error *e)
{
    json_t *lines = json_array();
    uint64_t dropped, last;
    int result = record_lines(ask->journal, run->id, level, 0, lines, &dropped, &last, e);

    if (result == 0)
        result = add_lines(page, run, lines, skip) ? 0 : 1;
    json_decref(lines);
    return result;
}

static int scan_runs(const struct record_ask *ask, const struct scan *scan, enum log_level level,
                     uint64_t at, uint32_t within, struct logs_page *page, struct error *e)
{
    int result = 0;

    for (size_t i = 0; i < scan->count && result == 0; i++)
        result = scan_run(ask, &scan->runs[i], level, scan->runs[i].id == at ? within : 0, page, e);
    return result;
}

static json_t *oldest_first(const json_t *lines)
{
    json_t *list = json_array();

    for (size_t i = json_array_size(lines); i > 0; i--)
        json_array_append(list, json_array_get(lines, i - 1));
    return list;
}

int record_logs_page(const struct record_ask *ask, json_t **data, struct error *e)
{
    struct run_filter filter = {.status = -1, .limit = RECORDS_SCAN};
    struct scan scan = {.count = 0};
    struct logs_page page = {0};
    enum log_level level;
    uint32_t within;
    uint64_t at;
    int result;

    if (record_plugin(ask, &filter.plugin, e) < 0 || record_level(ask, &level, e) < 0 ||
        record_limit(ask, &page.limit, e) < 0 || record_after(ask, &at, &within, e) < 0)
        return -1;
    filter.before = within > 0 ? at + 1 : at;
    if (journal_list_runs(ask->journal, &filter, take_run, &scan, e) < 0)
        return -1;
    if (scan.count == 0 && at == 0 && filter.plugin != NULL &&
        record_check_plugin(ask, filter.plugin, e) < 0)
        return -1;
    page.lines = json_array();
    result = scan_runs(ask, &scan, level, at, within, &page, e);
    if (result >= 0)
        *data = json_pack("{s:o, s:o, s:I}", "lines", oldest_first(page.lines), "next",
                          result == 1 || scan.count == RECORDS_SCAN
                              ? record_next(ask, page.at, page.within)
                              : json_null(),
                          "runs", (json_int_t)scan.count);
    json_decref(page.lines);
    return result < 0 ? -1 : 0;
}
