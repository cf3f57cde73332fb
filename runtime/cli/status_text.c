#include "cli/status_text.h"

#include <string.h>

#include "base/buf.h"
#include "cli/format.h"
#include "cli/run_text.h"
#include "cli/table.h"

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void add_amount(struct table *t, const json_t *object, const char *name)
{
    char text[FORMAT_SIZE];

    table_add(t, format_amount(json_object_get(object, name), text));
}

static void add_age(struct table *t, json_int_t at, json_int_t now)
{
    char text[FORMAT_SIZE];

    table_add(t, at > 0 ? format_age(now - at, text) : NULL);
}

/* Prints a table that has rows, with an empty line before it. */
static void finish(struct table *t, const struct output *o)
{
    if (t->count > 0) {
        fputc('\n', o->out);
        table_print(t, o, 0);
    }
    table_release(t);
}

static void print_head(const struct output *o, const json_t *status)
{
    const char *state = text_of(status, "state"), *desk = text_of(status, "desk");
    const char *version = text_of(status, "version"), *stall = text_of(status, "stall");
    char span[FORMAT_SIZE];

    fputs("orrery ", o->out);
    output_inert(o->out, version ? version : "-");
    fprintf(o->out, "  %s%s%s, pid %lld, up %s, ",
            output_tone(o->colour, output_status_tone(state ? state : "")), state ? state : "-",
            output_plain(o->colour), (long long)number_of(status, "pid"),
            format_span(number_of(status, "uptime_ms"), span));
    output_inert(o->out, desk ? desk : "-");
    if (json_is_true(json_object_get(status, "dry_run")))
        fputs(", dry run: nothing is executed", o->out);
    fputc('\n', o->out);
    if (stall != NULL) {
        fprintf(o->out, "%sstalled:%s ", output_tone(o->colour, TONE_BAD), output_plain(o->colour));
        output_inert(o->out, stall);
        fputc('\n', o->out);
    }
    if (text_of(status, "clock") != NULL && strcmp(text_of(status, "clock"), "data") == 0)
        fprintf(o->out, "the desk's clock is the data's: %s\n",
                format_time(number_of(status, "now"), span));
}

static void print_counters(const struct output *o, const json_t *counters)
{
    static const struct {
        const char *name, *after;
    } parts[] = {
        {"received", " received: "}, {"completed", " completed, "}, {"noop", " noop, "},
        {"rejected", " rejected, "}, {"failed", " failed, "},       {"skipped", " skipped"},
        {"running", " running, "},   {"queued", " queued\n"},
    };
    char text[FORMAT_SIZE];

    fputs("runs  ", o->out);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        fprintf(o->out, "%s%s", format_amount(json_object_get(counters, parts[i].name), text),
                parts[i].after);
        if (strcmp(parts[i].name, "skipped") != 0)
            continue;
        if (number_of(counters, "cancelled") > 0)
            fprintf(o->out, ", %s cancelled",
                    format_amount(json_object_get(counters, "cancelled"), text));
        fputs("\n      ", o->out);
    }
}

/* What the journal keeps, and what somebody should look at. */
static void print_journal(const struct output *o, const json_t *status)
{
    const json_t *journal = json_object_get(status, "journal"),
                 *retention = json_object_get(status, "retention");
    json_int_t dead = number_of(journal, "dead_open"), backlog = number_of(retention, "backlog");
    const char *error = text_of(retention, "error");
    char text[FORMAT_SIZE];

    if (!json_is_object(journal))
        return;
    fprintf(o->out, "kept  %s runs", format_amount(json_object_get(journal, "kept"), text));
    if (number_of(journal, "oldest") > 0)
        fprintf(o->out, " since %s", format_time(number_of(journal, "oldest"), text));
    if (number_of(journal, "bytes") > 0)
        fprintf(o->out, ", %s", format_bytes((uint64_t)number_of(journal, "bytes"), text));
    if (number_of(journal, "open") > 0)
        fprintf(o->out, ", %lld open", (long long)number_of(journal, "open"));
    if (number_of(retention, "removed") > 0)
        fprintf(o->out, "; %s removed", format_amount(json_object_get(retention, "removed"), text));
    if (backlog > 0)
        fprintf(o->out, ", %lld to be removed", (long long)backlog);
    fputc('\n', o->out);
    if (error != NULL) {
        fprintf(o->out, "%sretention:%s ", output_tone(o->colour, TONE_WARN),
                output_plain(o->colour));
        output_inert(o->out, error);
        fputc('\n', o->out);
    }
    if (dead > 0)
        fprintf(o->out, "%sdead  %lld trigger%s failed for good:%s `orrery dead list`\n",
                output_tone(o->colour, TONE_WARN), (long long)dead, dead == 1 ? "" : "s",
                output_plain(o->colour));
}

static void print_long(const struct output *o, const json_t *status)
{
    static const struct column columns[] = {
        {"RUNS LONG", false, 0}, {"PLUGIN", false, 32}, {"IS", false, 0}, {"FOR", true, 0}, {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(json_object_get(status, "long_running"), i, one)
    {
        char text[FORMAT_SIZE];
        table_add(&t, text_of(one, "run"));
        table_add(&t, text_of(one, "plugin"));
        table_add(&t, text_of(one, "status"));
        table_add(&t, format_span(number_of(one, "ms"), text));
    }
    finish(&t, o);
}

/* "every 5s, manual" */
static void add_triggers(struct table *t, const json_t *triggers)
{
    struct buf text;
    const json_t *one;
    size_t i;

    buf_init(&text, 4096);
    json_array_foreach(triggers, i, one) buf_addf(
        &text, "%s%s", i > 0 ? ", " : "", json_is_string(one) ? json_string_value(one) : "?");
    table_add(t, buf_text(&text));
    buf_release(&text);
}

static void add_health(struct table *t, const json_t *plugin)
{
    const char *health = text_of(plugin, "health");
    json_int_t skips = number_of(plugin, "skip_left");

    if (skips > 0)
        table_addf(t, "%s, skips %lld", health ? health : "-", (long long)skips);
    else
        table_add(t, health);
    table_tone(t, output_status_tone(health ? health : ""));
}

/* Why the plugin is not well, else its last error, else nothing. */
static void add_trouble(struct table *t, const json_t *plugin)
{
    const json_t *trouble = json_object_get(plugin, "last_error");
    const json_t *reason = json_object_get(plugin, "reason");
    struct buf text;

    buf_init(&text, RUN_TEXT_MAX);
    if (json_is_object(trouble) || json_string_length(trouble) > 0)
        run_text_error(&text, trouble);
    else if (json_is_string(reason))
        run_text_error(&text, reason);
    table_add(t, buf_text(&text));
    buf_release(&text);
}

static void add_plugin(struct table *t, const json_t *plugin, json_int_t now)
{
    const json_t *counters = json_object_get(plugin, "counters");
    json_int_t keys = number_of(plugin, "state_keys");
    char text[FORMAT_SIZE];

    table_add(t, text_of(plugin, "name"));
    add_health(t, plugin);
    table_add(t, text_of(plugin, "vault"));
    add_triggers(t, json_object_get(plugin, "triggers"));
    add_age(t, number_of(plugin, "next_due"), now);
    add_amount(t, counters, "completed");
    add_amount(t, counters, "noop");
    add_amount(t, counters, "failed");
    table_addf(t, "%lld key%s", (long long)keys, keys == 1 ? "" : "s");
    table_add(t, format_bytes((uint64_t)number_of(plugin, "memory"), text));
    add_trouble(t, plugin);
}

static void print_plugins(const struct output *o, const json_t *status)
{
    static const struct column columns[] = {
        {"PLUGIN", false, 32},   {"HEALTH", false, 0},     {"VAULT", false, 24},
        {"TRIGGERS", false, 40}, {"NEXT", false, 0},       {"DONE", true, 0},
        {"NOOP", true, 0},       {"FAILED", true, 0},      {"STATE", true, 0},
        {"MEMORY", true, 0},     {"LAST ERROR", false, 0}, {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(json_object_get(status, "plugins"), i, one)
        add_plugin(&t, one, number_of(status, "now"));
    finish(&t, o);
}

static void print_vaults(const struct output *o, const json_t *status)
{
    static const struct column columns[] = {
        {"VAULT", false, 24},  {"NAV", true, 0},  {"QUOTE", true, 0}, {"POSITION MANAGER", true, 0},
        {"EXPOSURE", true, 0}, {"OPEN", true, 0}, {"NOTE", false, 0}, {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(json_object_get(status, "vaults"), i, one)
    {
        bool frozen = json_is_true(json_object_get(one, "is_frozen"));
        table_add(&t, text_of(one, "id"));
        add_amount(&t, one, "nav");
        add_amount(&t, one, "quote_balance");
        add_amount(&t, one, "pm_balance");
        add_amount(&t, one, "exposure");
        add_amount(&t, one, "open_positions");
        table_add(&t, frozen ? "frozen" : NULL);
        table_tone(&t, frozen ? TONE_WARN : TONE_PLAIN);
    }
    finish(&t, o);
}

static void print_feeds(const struct output *o, const json_t *status)
{
    static const struct column columns[] = {
        {"FEED", false, 24},  {"KIND", false, 0},    {"SPOT", true, 0},        {"PRICE", false, 0},
        {"UPDATES", true, 0}, {"FAILURES", true, 0}, {"LAST ERROR", false, 0}, {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(json_object_get(status, "feeds"), i, one)
    {
        bool stale = json_is_true(json_object_get(one, "stale"));
        char age[FORMAT_SIZE] = "none yet";
        table_add(&t, text_of(one, "name"));
        table_add(&t, text_of(one, "kind"));
        add_amount(&t, one, "spot");
        if (number_of(one, "at") > 0)
            format_age(number_of(status, "now") - number_of(one, "at"), age);
        table_addf(&t, "%s%s", age, stale ? ", stale" : "");
        table_tone(&t, stale ? TONE_WARN : TONE_PLAIN);
        add_amount(&t, one, "updates");
        add_amount(&t, one, "failures");
        table_add(&t, text_of(one, "last_error"));
    }
    finish(&t, o);
}

static void add_count(struct buf *out, const json_t *source, const char *name)
{
    if (number_of(source, name) > 0)
        buf_addf(out, "%s%lld %s", out->len > 0 ? "; " : "", (long long)number_of(source, name),
                 name);
}

/* What is lost, and why nothing comes. */
static void add_source_trouble(struct table *t, const json_t *source)
{
    static const char *const counts[] = {"lost", "gaps", "dropped", "refused"};
    const char *why = text_of(source, "note");
    struct buf text;

    if (strcmp(text_of(source, "state"), "away") == 0)
        why = text_of(source, "last_error");
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
    if (strcmp(text_of(source, "state"), "away") == 0)
        return TONE_BAD;
    return text_of(source, "note") != NULL || number_of(source, "lost") > 0 ? TONE_WARN
                                                                            : TONE_PLAIN;
}

static void print_sources(const struct output *o, const json_t *status)
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
        if (text_of(one, "state") == NULL)
            continue;
        table_add(&t, text_of(one, "source"));
        table_add(&t, text_of(one, "plugin"));
        table_add(&t, text_of(one, "state"));
        add_amount(&t, one, "received");
        add_amount(&t, one, "duplicates");
        add_amount(&t, one, "open");
        add_amount(&t, one, "lag");
        add_source_trouble(&t, one);
        table_tone(&t, source_tone(one));
    }
    finish(&t, o);
}

/* Why it stands still, or what went wrong last and when. */
static void add_store_trouble(struct table *t, const json_t *store)
{
    const char *stall = text_of(store, "stall"), *last = text_of(store, "last_error");
    int64_t at = number_of(store, "last_error_at");
    char when[FORMAT_SIZE];

    if (stall != NULL)
        table_add(t, stall);
    else if (last != NULL && at != 0)
        table_addf(t, "%s: %s", format_time(at, when), last);
    else
        table_add(t, last);
}

static void print_stores(const struct output *o, const json_t *status)
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
        table_add(&t, text_of(one, "url"));
        table_add(&t, text_of(one, "role"));
        table_add(&t, json_is_true(json_object_get(one, "degraded")) &&
                              !json_is_true(json_object_get(one, "stalled"))
                          ? "degraded"
                          : text_of(one, "state"));
        add_amount(&t, one, "commits");
        add_amount(&t, one, "ticks");
        add_amount(&t, one, "depth");
        table_addf(&t, "%.1f ms", (double)number_of(one, "latency_us") / 1000);
        add_store_trouble(&t, one);
        table_tone(&t, json_is_true(json_object_get(one, "stalled"))    ? TONE_BAD
                       : json_is_true(json_object_get(one, "degraded")) ? TONE_WARN
                                                                        : TONE_PLAIN);
    }
    finish(&t, o);
}

/* What the operator should know about a store although it works. */
static void print_warnings(const struct output *o, const json_t *status)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(status, "stores"), i, one)
    {
        const char *at = text_of(one, "warnings");
        while (at != NULL && *at != '\0') {
            size_t len = strcspn(at, "\n");
            char line[512];
            snprintf(line, sizeof line, "%.*s", (int)len, at);
            fprintf(o->out, "%swarning:%s ", output_tone(o->colour, TONE_WARN),
                    output_plain(o->colour));
            output_inert(o->out, text_of(one, "url"));
            fputs(": ", o->out);
            output_inert(o->out, line);
            fputc('\n', o->out);
            at += len + (at[len] == '\n');
        }
    }
}

static void print_workers(const struct output *o, const json_t *status)
{
    static const struct column columns[] = {
        {"WORKER", true, 0},   {"PID", true, 0},  {"PLUGINS", true, 0},
        {"RESTARTS", true, 0}, {"CPU", false, 0}, {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(json_object_get(status, "workers"), i, one)
    {
        char span[FORMAT_SIZE];
        table_addf(&t, "%lld", (long long)number_of(one, "index"));
        table_addf(&t, "%lld", (long long)number_of(one, "pid"));
        add_amount(&t, one, "plugins");
        add_amount(&t, one, "restarts");
        table_add(&t, format_span(number_of(one, "cpu_ms"), span));
    }
    finish(&t, o);
}

void status_print(const struct output *o, const json_t *status)
{
    print_head(o, status);
    print_counters(o, json_object_get(status, "counters"));
    print_journal(o, status);
    print_plugins(o, status);
    print_vaults(o, status);
    print_feeds(o, status);
    print_sources(o, status);
    print_stores(o, status);
    print_workers(o, status);
    print_long(o, status);
    print_warnings(o, status);
}
