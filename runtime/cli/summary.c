/* The closing summary of `orrery run`. */
#include <string.h>

#include "cli/format.h"
#include "cli/status_text.h"
#include "cli/table.h"

#define REASONS_SHOWN 5
#define STATES_SHOWN  12

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void print_title(const struct output *o, const json_t *status)
{
    const json_t *counters = json_object_get(status, "counters");
    char span[FORMAT_SIZE], ticks[FORMAT_SIZE];

    fprintf(o->out, "\n%sSummary%s  %s ticks in %s%s\n", output_tone(o->colour, TONE_BOLD),
            output_plain(o->colour), format_amount(json_object_get(counters, "received"), ticks),
            format_span(json_integer_value(json_object_get(status, "uptime_ms")), span),
            json_is_true(json_object_get(status, "dry_run")) ? ", dry run: nothing was executed"
                                                             : "");
}

/* The most common reasons, one line each, under the number of noops. */
static void print_reasons(const struct output *o, const json_t *reasons)
{
    const json_t *one;
    size_t i;

    json_array_foreach(reasons, i, one)
    {
        const char *plugin = text_of(one, "plugin"), *reason = text_of(one, "reason");
        char count[FORMAT_SIZE];
        if (i == REASONS_SHOWN) {
            fprintf(o->out, "  %26s… and %zu other reasons\n", "", json_array_size(reasons) - i);
            break;
        }
        fprintf(o->out, "  %24s × ", format_amount(json_object_get(one, "count"), count));
        output_inert(o->out, plugin ? plugin : "-");
        fputs(": ", o->out);
        output_inert(o->out, reason ? reason : "-");
        fputc('\n', o->out);
    }
}

static void print_counts(const struct output *o, const json_t *status)
{
    static const struct {
        const char *name, *label;
    } rows[] = {
        {"completed", "transactions"}, {"noop", "noops"},      {"rejected", "rejected"},
        {"failed", "failed"},          {"skipped", "skipped"},
    };
    const json_t *counters = json_object_get(status, "counters");
    char count[FORMAT_SIZE];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fprintf(o->out, "  %-14s %9s\n", rows[i].label,
                format_amount(json_object_get(counters, rows[i].name), count));
        if (strcmp(rows[i].name, "noop") == 0)
            print_reasons(o, json_object_get(status, "noop_reasons"));
    }
}

static void print_vaults(const struct output *o, const json_t *vaults)
{
    static const struct column columns[] = {
        {"VAULT", false, 24},        {"NAV", true, 0},
        {"QUOTE", true, 0},          {"POSITION MANAGER", true, 0},
        {"OPEN POSITIONS", true, 0}, {0},
    };
    static const char *const names[] = {"nav", "quote_balance", "pm_balance", "open_positions"};
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(vaults, i, one)
    {
        char text[FORMAT_SIZE];
        table_add(&t, text_of(one, "id"));
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
            table_add(&t, format_amount(json_object_get(one, names[n]), text));
    }
    if (i > 0) {
        fputc('\n', o->out);
        table_print(&t, o, 2);
    }
    table_release(&t);
}

static void print_state(const struct output *o, const json_t *plugins)
{
    static const struct column columns[] = {
        {"STATE OF", false, 32}, {"KEYS", true, 0}, {"KEPT IN", false, 0}, {0}};
    const json_t *one;
    struct table t;
    size_t i, shown = 0;

    table_init(&t, columns);
    json_array_foreach(plugins, i, one)
    {
        const char *url = text_of(one, "state_url");
        char text[FORMAT_SIZE];
        if (shown++ >= STATES_SHOWN)
            continue;
        table_add(&t, text_of(one, "name"));
        table_add(&t, format_amount(json_object_get(one, "state_keys"), text));
        table_addf(&t, "%s%s", url ? url : "-",
                   url && strncmp(url, "memory:", 7) == 0 ? " (gone now)" : "");
    }
    if (t.count > 0) {
        fputc('\n', o->out);
        table_print(&t, o, 2);
    }
    if (shown > STATES_SHOWN)
        fprintf(o->out, "  … and %zu more plugins\n", shown - STATES_SHOWN);
    table_release(&t);
}

/* One command, padded, with what it is for. */
static void print_try(const struct output *o, const char *command, const char *purpose)
{
    fputs("  ", o->out);
    output_inert(o->out, command);
    fprintf(o->out, "%*s  %s\n", (int)(format_width(command) < 52 ? 52 - format_width(command) : 0),
            "", purpose);
}

static void print_next(const struct output *o, const json_t *status, const char *desk)
{
    const json_t *first = json_array_get(json_object_get(status, "plugins"), 0);
    const char *plugin = text_of(first, "name");
    bool here = strcmp(desk, ".") == 0;
    char command[512];

    fprintf(o->out, "\n%sWhat to try next%s\n", output_tone(o->colour, TONE_BOLD),
            output_plain(o->colour));
    snprintf(command, sizeof command, "orrery runs --status completed%s%s", here ? "" : " -C ",
             here ? "" : desk);
    print_try(o, command, "what was traded");
    snprintf(command, sizeof command, "orrery state keys %s%s%s", plugin ? plugin : "PLUGIN",
             here ? "" : " -C ", here ? "" : desk);
    print_try(o, command, "what that strategy remembers");
    snprintf(command, sizeof command, "orrery run --watch%s%s", here ? "" : " ", here ? "" : desk);
    print_try(o, command, "keep it running; edit a strategy and see it reload");
}

void summary_print(const struct output *o, const json_t *status, const char *desk, bool next)
{
    print_title(o, status);
    print_counts(o, status);
    print_vaults(o, json_object_get(status, "vaults"));
    print_state(o, json_object_get(status, "plugins"));
    if (next)
        print_next(o, status, desk);
}
