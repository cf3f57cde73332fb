#include "cli/status_text.h"

#include <string.h>

#include "base/buf.h"
#include "cli/format.h"
#include "cli/run_text.h"
#include "cli/status_parts.h"

static void print_head(const struct output *o, const json_t *status)
{
    const char *state = status_string(status, "state"), *desk = status_string(status, "desk");
    const char *version = status_string(status, "version"), *stall = status_string(status, "stall");
    char span[FORMAT_SIZE];

    fputs("orrery ", o->out);
    output_inert(o->out, version ? version : "-");
    fprintf(o->out, "  %s%s%s, pid %lld, up %s, ",
            output_tone(o->colour, output_status_tone(state ? state : "")), state ? state : "-",
            output_plain(o->colour), (long long)status_number(status, "pid"),
            format_span(status_number(status, "uptime_ms"), span));
    output_inert(o->out, desk ? desk : "-");
    if (json_is_true(json_object_get(status, "dry_run")))
        fputs(", dry run: nothing is executed", o->out);
    else if (json_is_true(json_object_get(status, "live")) &&
             json_array_size(json_object_get(status, "outside")) > 0)
        fprintf(o->out, ", %slive%s", output_tone(o->colour, TONE_BOLD), output_plain(o->colour));
    fputc('\n', o->out);
    if (stall != NULL) {
        fprintf(o->out, "%sstalled:%s ", output_tone(o->colour, TONE_BAD), output_plain(o->colour));
        output_inert(o->out, stall);
        fputc('\n', o->out);
    }
    if (status_string(status, "clock") != NULL &&
        strcmp(status_string(status, "clock"), "data") == 0)
        fprintf(o->out, "the desk's clock is the data's: %s\n",
                format_time(status_number(status, "now"), span));
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
        if (status_number(counters, "cancelled") > 0)
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
    json_int_t dead = status_number(journal, "dead_open"),
               backlog = status_number(retention, "backlog");
    const char *error = status_string(retention, "error");
    char text[FORMAT_SIZE];

    if (!json_is_object(journal))
        return;
    fprintf(o->out, "kept  %s runs", format_amount(json_object_get(journal, "kept"), text));
    if (status_number(journal, "oldest") > 0)
        fprintf(o->out, " since %s", format_time(status_number(journal, "oldest"), text));
    if (status_number(journal, "bytes") > 0)
        fprintf(o->out, ", %s", format_bytes((uint64_t)status_number(journal, "bytes"), text));
    if (status_number(journal, "open") > 0)
        fprintf(o->out, ", %lld open", (long long)status_number(journal, "open"));
    if (status_number(retention, "removed") > 0)
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
        table_add(&t, status_string(one, "run"));
        table_add(&t, status_string(one, "plugin"));
        table_add(&t, status_string(one, "status"));
        table_add(&t, format_span(status_number(one, "ms"), text));
    }
    status_finish(&t, o);
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
    const char *health = status_string(plugin, "health");
    json_int_t skips = status_number(plugin, "skip_left");

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
    json_int_t keys = status_number(plugin, "state_keys");
    char text[FORMAT_SIZE];

    table_add(t, status_string(plugin, "name"));
    add_health(t, plugin);
    table_add(t, status_string(plugin, "vault"));
    add_triggers(t, json_object_get(plugin, "triggers"));
    status_add_age(t, status_number(plugin, "next_due"), now);
    status_add_amount(t, counters, "completed");
    status_add_amount(t, counters, "noop");
    status_add_amount(t, counters, "failed");
    table_addf(t, "%lld key%s", (long long)keys, keys == 1 ? "" : "s");
    table_add(t, format_bytes((uint64_t)status_number(plugin, "memory"), text));
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
        add_plugin(&t, one, status_number(status, "now"));
    status_finish(&t, o);
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
        /* What is somewhere outside may not be known; the vault has a line below. */
        if (!status_vault_is_known(one))
            continue;
        table_add(&t, status_string(one, "id"));
        status_add_amount(&t, one, "nav");
        status_add_amount(&t, one, "quote_balance");
        status_add_amount(&t, one, "pm_balance");
        status_add_amount(&t, one, "exposure");
        status_add_amount(&t, one, "open_positions");
        table_add(&t, frozen ? "frozen" : NULL);
        table_tone(&t, frozen ? TONE_WARN : TONE_PLAIN);
    }
    status_finish(&t, o);
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
        table_add(&t, status_string(one, "name"));
        table_add(&t, status_string(one, "kind"));
        status_add_amount(&t, one, "spot");
        if (status_number(one, "at") > 0)
            format_age(status_number(status, "now") - status_number(one, "at"), age);
        table_addf(&t, "%s%s", age, stale ? ", stale" : "");
        table_tone(&t, stale ? TONE_WARN : TONE_PLAIN);
        status_add_amount(&t, one, "updates");
        status_add_amount(&t, one, "failures");
        table_add(&t, status_string(one, "last_error"));
    }
    status_finish(&t, o);
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
        table_addf(&t, "%lld", (long long)status_number(one, "index"));
        table_addf(&t, "%lld", (long long)status_number(one, "pid"));
        status_add_amount(&t, one, "plugins");
        status_add_amount(&t, one, "restarts");
        table_add(&t, format_span(status_number(one, "cpu_ms"), span));
    }
    status_finish(&t, o);
}

void status_print(const struct output *o, const json_t *status)
{
    print_head(o, status);
    print_counters(o, json_object_get(status, "counters"));
    print_journal(o, status);
    print_plugins(o, status);
    print_vaults(o, status);
    status_print_outside(o, status);
    status_print_open(o, status);
    print_feeds(o, status);
    status_print_sources(o, status);
    status_print_stores(o, status);
    status_print_tables(o, status);
    print_workers(o, status);
    print_long(o, status);
    status_print_warnings(o, status);
}
