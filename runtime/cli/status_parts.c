#include "cli/status_parts.h"

#include <string.h>

#include "base/buf.h"
#include "cli/format.h"
#include "cli/run_text.h"

const char *status_string(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

json_int_t status_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

void status_add_amount(struct table *t, const json_t *object, const char *name)
{
    char text[FORMAT_SIZE];

    table_add(t, format_amount(json_object_get(object, name), text));
}

void status_add_age(struct table *t, json_int_t at, json_int_t now)
{
    char text[FORMAT_SIZE];

    table_add(t, at > 0 ? format_age(now - at, text) : NULL);
}

/* Prints a table that has rows, with an empty line before it. */
void status_finish(struct table *t, const struct output *o)
{
    if (t->count > 0) {
        fputc('\n', o->out);
        table_print(t, o, 0);
    }
    table_release(t);
}

static void add_count(struct buf *out, const json_t *source, const char *name)
{
    if (status_number(source, name) > 0)
        buf_addf(out, "%s%lld %s", out->len > 0 ? "; " : "", (long long)status_number(source, name),
                 status_number(source, name) == 1 && strcmp(name, "gaps") == 0 ? "gap" : name);
}

/* What is lost, and why nothing comes. */
static void add_source_trouble(struct table *t, const json_t *source)
{
    static const char *const counts[] = {"lost", "gaps", "dropped", "refused"};
    const char *why = status_string(source, "note");
    struct buf text;

    if (strcmp(status_string(source, "state"), "away") == 0)
        why = status_string(source, "last_error");
    buf_init(&text, RUN_TEXT_MAX);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        add_count(&text, source, counts[i]);
    if (why != NULL)
        buf_addf(&text, "%s%s", text.len > 0 ? "; " : "", why);
    table_add(t, text.len > 0 ? buf_text(&text) : NULL);
    buf_release(&text);
}

static enum tone source_tone(const json_t *source)
{
    if (strcmp(status_string(source, "state"), "away") == 0)
        return TONE_BAD;
    return status_string(source, "note") != NULL || status_number(source, "lost") > 0 ? TONE_WARN
                                                                                      : TONE_PLAIN;
}

void status_print_sources(const struct output *o, const json_t *status)
{
    static const struct column columns[] = {
        {"SOURCE", false, 48}, {"PLUGIN", false, 24},   {"IS", false, 0},
        {"EVENTS", true, 0},   {"DUPLICATES", true, 0}, {"OPEN", true, 0},
        {"BEHIND", true, 0},   {"TROUBLE", false, 0},   {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(json_object_get(status, "sources"), i, one)
    {
        if (status_string(one, "state") == NULL)
            continue;
        table_add(&t, status_string(one, "source"));
        table_add(&t, status_string(one, "plugin"));
        table_add(&t, status_string(one, "state"));
        status_add_amount(&t, one, "received");
        status_add_amount(&t, one, "duplicates");
        status_add_amount(&t, one, "open");
        status_add_amount(&t, one, "lag");
        add_source_trouble(&t, one);
        table_tone(&t, source_tone(one));
    }
    status_finish(&t, o);
}

/* Why it stands still, or what went wrong last and when. */
static void add_store_trouble(struct table *t, const json_t *store)
{
    const char *stall = status_string(store, "stall"), *last = status_string(store, "last_error");
    int64_t at = status_number(store, "last_error_at");
    char when[FORMAT_SIZE];

    if (stall != NULL)
        table_add(t, stall);
    else if (last != NULL && at != 0)
        table_addf(t, "%s: %s", format_time(at, when), last);
    else
        table_add(t, last);
}

void status_print_stores(const struct output *o, const json_t *status)
{
    static const struct column columns[] = {
        {"STORE", false, 40}, {"ROLE", false, 0},    {"IS", false, 0},
        {"COMMITS", true, 0}, {"TICKS", true, 0},    {"QUEUE", true, 0},
        {"LATENCY", true, 0}, {"TROUBLE", false, 0}, {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(json_object_get(status, "stores"), i, one)
    {
        table_add(&t, status_string(one, "url"));
        table_add(&t, status_string(one, "role"));
        table_add(&t, json_is_true(json_object_get(one, "degraded")) &&
                              !json_is_true(json_object_get(one, "stalled"))
                          ? "degraded"
                          : status_string(one, "state"));
        status_add_amount(&t, one, "commits");
        status_add_amount(&t, one, "ticks");
        status_add_amount(&t, one, "depth");
        table_addf(&t, "%.1f ms", (double)status_number(one, "latency_us") / 1000);
        add_store_trouble(&t, one);
        table_tone(&t, json_is_true(json_object_get(one, "stalled"))    ? TONE_BAD
                       : json_is_true(json_object_get(one, "degraded")) ? TONE_WARN
                                                                        : TONE_PLAIN);
    }
    status_finish(&t, o);
}

/* Of the plugins that have some. */
void status_print_tables(const struct output *o, const json_t *status)
{
    static const struct column columns[] = {
        {"TABLES OF", false, 24}, {"KEPT IN", false, 48},
        {"CALLS", true, 0},       {"ERRORS", true, 0},
        {"QUEUE", true, 0},       {"LATENCY", true, 0},
        {"LAST ERROR", false, 0}, {0},
    };
    const json_t *plugin;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(json_object_get(status, "plugins"), i, plugin)
    {
        const json_t *db = json_object_get(plugin, "db");
        if (!json_is_object(db))
            continue;
        table_add(&t, status_string(plugin, "name"));
        table_add(&t, status_string(db, "url"));
        status_add_amount(&t, db, "calls");
        status_add_amount(&t, db, "errors");
        status_add_amount(&t, db, "waiting");
        table_addf(&t, "%.1f ms", (double)status_number(db, "latency_us") / 1000);
        table_add(&t, status_string(db, "last_error"));
    }
    status_finish(&t, o);
}

/* What the operator should know about a store although it works. */
void status_print_warnings(const struct output *o, const json_t *status)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(status, "stores"), i, one)
    {
        const char *at = status_string(one, "warnings");
        while (at != NULL && *at != '\0') {
            size_t len = strcspn(at, "\n");
            char line[512];
            snprintf(line, sizeof line, "%.*s", (int)len, at);
            fprintf(o->out, "%swarning:%s ", output_tone(o->colour, TONE_WARN),
                    output_plain(o->colour));
            output_inert(o->out, status_string(one, "url"));
            fputs(": ", o->out);
            output_inert(o->out, line);
            fputc('\n', o->out);
            at += len + (at[len] == '\n');
        }
    }
}
