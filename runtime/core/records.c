/* The table of questions, and what their arguments and answers have in common. */
#include "core/records.h"

#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "core/pages.h"
#include "core/records_parts.h"
#include "model/value.h"

#include <stdlib.h>

#define DEFAULT_LIMIT 20

static const struct {
    const char *op;
    record_fn *answer;
} questions[] = {
    {"runs_list", record_runs_list},
    {"run_show", record_run_show},
    {"run_logs", record_run_logs},
    {"run_trace", record_run_trace},
    {"versions_list", record_versions_list},
    {"strategies_list", record_strategies_list},
    {"version_show", record_version_show},
    {"dead_page", record_dead_page},
    {"dead_show", record_dead_show},
    {"logs_page", record_logs_page},
    {"run_evidence", record_run_evidence},
    {"tx_list", record_tx_list},
    {"tx_show", record_tx_show},
};

#define QUESTIONS (sizeof questions / sizeof questions[0])

static size_t find(const char *op)
{
    size_t i = 0;

    while (i < QUESTIONS && strcmp(questions[i].op, op) != 0)
        i++;
    return i;
}

bool records_has(const char *op)
{
    return find(op) < QUESTIONS;
}

int records_answer(const struct record_ask *ask, json_t **data, struct error *e)
{
    const char *op = record_text(ask, "op");
    size_t i = find(op ? op : "");

    if (i == QUESTIONS)
        return error_set(e, ERROR_INVALID, "unknown question '%.60s'", op ? op : "");
    return questions[i].answer(ask, data, e);
}

/* ---- arguments ---- */

const char *record_text(const struct record_ask *ask, const char *name)
{
    return json_string_value(json_object_get(ask->request, name));
}

int record_limit(const struct record_ask *ask, size_t *out, struct error *e)
{
    const json_t *limit = json_object_get(ask->request, "limit");

    *out = DEFAULT_LIMIT;
    if (limit == NULL || json_is_null(limit))
        return 0;
    if (!json_is_integer(limit) || json_integer_value(limit) < 1 ||
        json_integer_value(limit) > RECORDS_PAGE)
        return error_set(e, ERROR_INVALID, "limit: expected an integer from 1 to %d", RECORDS_PAGE);
    *out = (size_t)json_integer_value(limit);
    return 0;
}

int record_level(const struct record_ask *ask, enum log_level *out, struct error *e)
{
    const char *level = record_text(ask, "level");

    *out = LOG_DEBUG;
    if (level == NULL || log_level_parse(level, out) == 0)
        return 0;
    return error_set(e, ERROR_INVALID, "level: expected debug, info, warn or error, got '%.40s'",
                     level);
}

int record_plugin(const struct record_ask *ask, const char **out, struct error *e)
{
    const json_t *plugin = json_object_get(ask->request, "plugin");

    *out = NULL;
    if (plugin == NULL || json_is_null(plugin))
        return 0;
    if (!json_is_string(plugin) || !text_is_name(json_string_value(plugin)))
        return error_set(
            e, ERROR_INVALID,
            "plugin: expected a strategy's name, [a-z0-9][a-z0-9_-]{0,63}, got '%.80s'",
            json_is_string(plugin) ? json_string_value(plugin) : "no text");
    *out = json_string_value(plugin);
    return 0;
}

/* What the cursors of a question belong to: all of it but the page's own arguments. */
static char *scope_of(const struct record_ask *ask)
{
    json_t *scope = json_copy((json_t *)ask->request);
    char *text;

    json_object_del(scope, "limit");
    json_object_del(scope, "after");
    text = value_text(scope);
    json_decref(scope);
    return text;
}

int record_after(const struct record_ask *ask, uint64_t *at, uint32_t *within, struct error *e)
{
    const json_t *after = json_object_get(ask->request, "after");
    char *scope;
    int result;

    *at = 0;
    *within = 0;
    if (after == NULL || json_is_null(after))
        return 0;
    if (!json_is_string(after))
        return error_set(e, ERROR_INVALID, "after: expected a cursor, which is text");
    scope = scope_of(ask);
    result = page_cursor_read(json_string_value(after), scope, at, within, e);
    free(scope);
    return result;
}

json_t *record_next(const struct record_ask *ask, uint64_t at, uint32_t within)
{
    char cursor[PAGE_CURSOR_SIZE], *scope = scope_of(ask);

    page_cursor(scope, at, within, cursor);
    free(scope);
    return json_string(cursor);
}

int record_no_run(const char *id, struct error *e)
{
    error_set(e, ERROR_NOT_FOUND, "there is no run '%.40s'", id);
    error_hint(e, "`orrery runs` lists the newest");
    return -1;
}

int record_run_id(const struct record_ask *ask, const char *name, uint64_t *out, struct error *e)
{
    const char *id = record_text(ask, name);

    if (id == NULL)
        return error_set(e, ERROR_INVALID, "%s: expected a run's id, which is text", name);
    return id_parse(id, out) < 0 || *out == 0 ? record_no_run(id, e) : 0;
}

/* ---- answers ---- */

json_t *record_parsed(const char *text)
{
    struct error ignored = ERROR_INIT;
    json_t *value = text ? value_parse_around(text, strlen(text), SIZE_MAX, &ignored) : NULL;

    return value ? value : json_null();
}

json_t *record_line(const struct run_log *log)
{
    json_t *o = json_pack("{s:I, s:s, s:I, s:s, s:s}", "seq", (json_int_t)log->seq, "level",
                          log_level_name(log->level), "at_ms", (json_int_t)log->at_ms, "from",
                          log->from ? log->from : "script", "message", log->message);

    if (log->fields != NULL)
        json_object_set_new(o, "fields", record_parsed(log->fields));
    return o;
}

static size_t len(const char *text)
{
    return text ? strlen(text) : 0;
}

size_t record_weight(const struct run *run)
{
    return 512 + len(run->topic) + len(run->payload) + len(run->reason) + len(run->error) +
           len(run->actions) + len(run->result) + len(run->logs);
}

int record_stopped(int walked)
{
    return walked < 0 ? -1 : 0;
}
