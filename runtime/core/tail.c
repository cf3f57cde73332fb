#include "core/tail.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/control_server.h"
#include "model/value.h"

#define ANSWER_LINES 500

struct tail_line {
    uint64_t number;
    enum log_level level;
    char plugin[LIMIT_NAME_BYTES + 1];
    json_t *json;
    size_t bytes;
};

/* Somebody who waits for lines behind `after`. */
struct follower {
    struct follower *next;
    struct request *request;
    uint64_t after;
    int64_t until_ns;
    enum log_level level;
    char plugin[LIMIT_NAME_BYTES + 1]; /* "": any */
};

struct tail {
    bool active;
    int64_t asked_ns;
    uint64_t last;                      /* number of the newest line ever */
    uint64_t gap;                       /* lines up to this number are not known: nobody followed */
    struct tail_line lines[TAIL_LINES]; /* a ring: `count` from `first` on */
    size_t first, count, bytes;
    struct follower *followers;
};

static struct tail_line *line_at(struct tail *t, size_t i)
{
    return &t->lines[(t->first + i) % TAIL_LINES];
}

static void drop_oldest(struct tail *t)
{
    struct tail_line *line = line_at(t, 0);

    json_decref(line->json);
    t->bytes -= line->bytes;
    t->first = (t->first + 1) % TAIL_LINES;
    t->count--;
}

static void give_up(struct tail *t)
{
    while (t->count > 0)
        drop_oldest(t);
    t->active = false;
}

/* ---- answering ---- */

static bool is_wanted(const struct follower *f, const struct tail_line *line)
{
    return line->number > f->after && line->level >= f->level &&
           (f->plugin[0] == '\0' || strcmp(f->plugin, line->plugin) == 0);
}

static json_int_t lost(struct tail *t, uint64_t after)
{
    uint64_t oldest = t->count > 0 ? line_at(t, 0)->number : t->last + 1;

    if (after < t->gap)
        return -1;
    return oldest > after + 1 ? (json_int_t)(oldest - after - 1) : 0;
}

/* The lines for the follower; `*last` is how far that reads. */
static json_t *collect(struct tail *t, const struct follower *f, uint64_t *last)
{
    json_t *lines = json_array();

    *last = t->last;
    for (size_t i = 0; i < t->count; i++) {
        const struct tail_line *line = line_at(t, i);
        if (!is_wanted(f, line))
            continue;
        if (json_array_size(lines) == ANSWER_LINES) {
            *last = line->number - 1;
            break;
        }
        json_array_append(lines, line->json);
    }
    return lines;
}

static void answer(struct tail *t, const struct follower *f)
{
    uint64_t last;
    json_t *lines = collect(t, f, &last);

    request_answer(f->request, json_pack("{s:o, s:I, s:I}", "lines", lines, "last",
                                         (json_int_t)last, "lost", lost(t, f->after)));
}

static bool has_news(struct tail *t, const struct follower *f)
{
    if (lost(t, f->after) != 0)
        return true;
    for (size_t i = t->count; i > 0; i--) { /* the newest first: what came last is wanted */
        const struct tail_line *line = line_at(t, i - 1);
        if (line->number <= f->after)
            return false;
        if (is_wanted(f, line))
            return true;
    }
    return false;
}

/* Who has news, or has waited long enough, is answered. */
static void answer_ready(struct engine *engine, int64_t now_ns)
{
    struct tail *t = engine->tail;
    struct follower **place = &t->followers;

    while (*place != NULL) {
        struct follower *f = *place;
        if (now_ns < f->until_ns && !has_news(t, f)) {
            place = &f->next;
            continue;
        }
        *place = f->next;
        answer(t, f);
        free(f);
    }
}

/* ---- lines ---- */

static void add_line(struct tail *t, const struct run *run, json_t *json, size_t seq)
{
    const char *level = json_string_value(json_object_get(json, "level"));
    char id[ID_TEXT_SIZE];
    struct tail_line *line;

    while (t->count == TAIL_LINES || (t->count > 0 && t->bytes > TAIL_BYTES))
        drop_oldest(t);
    line = line_at(t, t->count++);
    *line = (struct tail_line){.number = ++t->last, .level = LOG_INFO, .json = json};
    memcpy(line->plugin, run->plugin, sizeof line->plugin);
    if (level != NULL)
        (void)log_level_parse(level, &line->level);
    line->bytes = 256 + json_string_length(json_object_get(json, "message"));
    t->bytes += line->bytes;
    json_object_set_new(json, "n", json_integer((json_int_t)line->number));
    json_object_set_new(json, "seq", json_integer((json_int_t)seq));
    json_object_set_new(json, "run", json_string(id_format(run->id, id)));
    json_object_set_new(json, "plugin", json_string(run->plugin));
}

/* The same members as a line of the journal has (core/records.h). */
static json_t *line_json(const struct run *run, const json_t *said)
{
    const char *level = json_string_value(json_object_get(said, "level"));
    const char *from = json_string_value(json_object_get(said, "from"));
    const char *message = json_string_value(json_object_get(said, "message"));
    const json_t *at = json_object_get(said, "at"), *fields = json_object_get(said, "fields");
    int64_t at_ms = run->started_ms != 0 ? run->started_ms : run->scheduled_ms;
    json_t *o = json_pack("{s:s, s:I, s:s, s:s}", "level", level ? level : "info", "at_ms",
                          json_is_integer(at) ? json_integer_value(at) : (json_int_t)at_ms, "from",
                          from ? from : "script", "message", message ? message : "");

    if (fields != NULL && !json_is_null(fields))
        json_object_set(o, "fields", (json_t *)fields);
    return o;
}

void tail_run(struct engine *engine, const struct run *run)
{
    struct tail *t = engine->tail;
    struct error ignored = ERROR_INIT;
    json_t *lines;

    if (t == NULL || run->logs == NULL)
        return;
    if (!t->active) {
        t->gap = ++t->last;
        return;
    }
    lines = value_parse_around(run->logs, strlen(run->logs), SIZE_MAX, &ignored);
    for (size_t i = 0; i < json_array_size(lines); i++)
        add_line(t, run, line_json(run, json_array_get(lines, i)), i + 1);
    json_decref(lines);
    if (t->followers != NULL)
        answer_ready(engine, clock_mono_ns(&engine->clock));
}

void tail_watch(struct engine *engine)
{
    struct tail *t = engine->tail;
    int64_t now = clock_mono_ns(&engine->clock);

    if (t == NULL)
        return;
    if (t->followers != NULL)
        answer_ready(engine, now);
    else if (t->active && now - t->asked_ns > TAIL_IDLE_MS * (int64_t)1000000)
        give_up(t);
}

void tail_free(struct engine *engine)
{
    struct tail *t = engine->tail;

    if (t == NULL)
        return;
    give_up(t);
    while (t->followers != NULL) {
        struct follower *f = t->followers;
        t->followers = f->next;
        free(f);
    }
    free(t);
    engine->tail = NULL;
}

/* ---- the operation ---- */

static int read_level(const json_t *q, struct follower *f, struct error *e)
{
    const char *level = json_string_value(json_object_get(q, "level"));

    f->level = LOG_DEBUG;
    if (level == NULL || log_level_parse(level, &f->level) == 0)
        return 0;
    return error_set(e, ERROR_INVALID, "level: expected debug, info, warn or error, got '%.40s'",
                     level);
}

static int read_plugin(const json_t *q, const struct engine *engine, struct follower *f,
                       struct error *e)
{
    const char *plugin = json_string_value(json_object_get(q, "plugin"));

    if (plugin == NULL)
        return 0;
    if (!text_is_name(plugin) || engine_plugin(engine, plugin) == NULL)
        return error_set(e, ERROR_NOT_FOUND, "no strategy named '%.64s' is running", plugin);
    memcpy(f->plugin, plugin, strlen(plugin) + 1);
    return 0;
}

/* An integer from 0 to `max`, or `absent`. */
static int read_number(const json_t *q, const char *name, json_int_t max, json_int_t absent,
                       json_int_t *out, struct error *e)
{
    const json_t *value = json_object_get(q, name);

    *out = absent;
    if (value == NULL || json_is_null(value))
        return 0;
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= 0 && *out <= max)
        return 0;
    return error_set(e, ERROR_INVALID, "%s: expected an integer from 0 to %" JSON_INTEGER_FORMAT,
                     name, max);
}

static int read_follower(struct request *r, struct follower *f, bool *now, struct error *e)
{
    const json_t *q = request_json(r);
    const struct engine *engine = request_engine(r);
    json_int_t after, wait;

    if (read_level(q, f, e) < 0 || read_plugin(q, engine, f, e) < 0 ||
        read_number(q, "after", INT64_MAX, -1, &after, e) < 0 ||
        read_number(q, "wait_ms", TAIL_WAIT_MS, 0, &wait, e) < 0)
        return -1;
    *now = after < 0;
    f->request = r;
    f->after = *now || (uint64_t)after > engine->tail->last ? engine->tail->last : (uint64_t)after;
    f->until_ns = clock_mono_ns(&engine->clock) + (*now ? 0 : wait * 1000000);
    return 0;
}

void control_log_tail(struct request *r)
{
    struct engine *engine = request_engine(r);
    struct follower *f = mem_zero(1, sizeof *f);
    struct error e = ERROR_INIT;
    bool now;

    if (engine->tail == NULL)
        engine->tail = mem_zero(1, sizeof *engine->tail);
    if (read_follower(r, f, &now, &e) < 0) {
        request_fail(r, &e);
        free(f);
        return;
    }
    engine->tail->active = true;
    engine->tail->asked_ns = clock_mono_ns(&engine->clock);
    f->next = engine->tail->followers;
    engine->tail->followers = f;
    answer_ready(engine, engine->tail->asked_ns);
}
