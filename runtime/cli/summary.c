/* The closing summary of `orrery run`. */
#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "cli/format.h"
#include "cli/status_parts.h"
#include "cli/status_text.h"
#include "cli/table.h"
#include "model/limits.h"

#define REASONS_SHOWN 5
#define STATES_SHOWN  12
#define TRY_WIDTH     53  /* of a command to try */
#define TRY_COLUMNS   108 /* a narrower terminal has what it is for below */

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void print_title(const struct output *o, const json_t *status)
{
    const json_t *counters = json_object_get(status, "counters");
    char span[FORMAT_SIZE], ticks[FORMAT_SIZE];

    fprintf(o->out, "\n%sSummary%s  %s tick%s in %s%s\n", output_tone(o->colour, TONE_BOLD),
            output_plain(o->colour), format_amount(json_object_get(counters, "received"), ticks),
            strcmp(ticks, "1") == 0 ? "" : "s",
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
            fprintf(o->out, "  %26s… and %zu other reason%s\n", "", json_array_size(reasons) - i,
                    json_array_size(reasons) - i == 1 ? "" : "s");
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
        {"failed", "failed"},          {"skipped", "skipped"}, {"cancelled", "cancelled"},
    };
    const json_t *counters = json_object_get(status, "counters");
    char count[FORMAT_SIZE];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, "cancelled") == 0 &&
            json_integer_value(json_object_get(counters, "cancelled")) == 0)
            continue;
        fprintf(o->out, "  %-14s %9s\n", rows[i].label,
                format_amount(json_object_get(counters, rows[i].name), count));
        if (strcmp(rows[i].name, "noop") == 0)
            print_reasons(o, json_object_get(status, "noop_reasons"));
    }
}

static void print_vaults(const struct output *o, const json_t *vaults)
{
    static const struct column columns[] = {
        {"VAULT", false, 24},          {"NAV", true, 0},  {"QUOTE", true, 0},
        {"POSITION MANAGER", true, 0}, {"OPEN", true, 0}, {0},
    };
    static const char *const names[] = {"nav", "quote_balance", "pm_balance", "open_positions"};
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(vaults, i, one)
    {
        char text[FORMAT_SIZE];
        if (!status_vault_is_known(one))
            continue;
        table_add(&t, text_of(one, "id"));
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
            table_add(&t, format_amount(json_object_get(one, names[n]), text));
    }
    if (t.count > 0) {
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
        fprintf(o->out, "  … and %zu more plugin%s\n", shown - STATES_SHOWN,
                shown - STATES_SHOWN == 1 ? "" : "s");
    table_release(&t);
}

/* "orrery runs -C DESK" and what it is for: beside it, or below where the terminal is too narrow.
 */
static void print_try(const struct output *o, const char *command, const char *before,
                      const char *desk, const char *purpose)
{
    struct buf line;
    size_t width;

    buf_init(&line, 4 * PATH_MAX);
    buf_addf(&line, "orrery %s", command);
    if (strcmp(desk, ".") != 0) {
        buf_addf(&line, " %s", before);
        format_add_word(&line, desk);
    }
    width = format_width(buf_text(&line));
    fputs("  ", o->out);
    output_inert(o->out, buf_text(&line));
    if (o->width > 0 && o->width < TRY_COLUMNS)
        fprintf(o->out, "\n      %s\n", purpose);
    else
        fprintf(o->out, "%*s  %s\n", (int)(width < TRY_WIDTH ? TRY_WIDTH - width : 0), "", purpose);
    buf_release(&line);
}

static void print_next(const struct output *o, const json_t *status, const char *desk)
{
    const json_t *first = json_array_get(json_object_get(status, "plugins"), 0);
    const char *plugin = text_of(first, "name");
    char keys[64 + LIMIT_NAME_BYTES];

    fprintf(o->out, "\n%sWhat to try next%s\n", output_tone(o->colour, TONE_BOLD),
            output_plain(o->colour));
    snprintf(keys, sizeof keys, "state keys %s", plugin ? plugin : "PLUGIN");
    print_try(o, "runs --status completed", "-C ", desk, "what was traded");
    print_try(o, keys, "-C ", desk, "what that strategy remembers");
    print_try(o, "run --watch", "", desk, "keep it running; edit a strategy and see it reload");
    print_try(o, "new my-desk", "", ".", "a desk of your own");
}

/* What the end has left open outside. */
static void print_open(const struct output *o, const json_t *transactions)
{
    long long open = (long long)json_integer_value(json_object_get(transactions, "open"));

    if (open > 0)
        fprintf(o->out,
                "\n  %s%lld transaction%s open:%s the next `orrery run --live` resolves %s first\n",
                output_tone(o->colour, TONE_WARN), open, open == 1 ? " is" : "s are",
                output_plain(o->colour), open == 1 ? "it" : "them");
}

void summary_print(const struct output *o, const json_t *status, const char *desk, bool next)
{
    print_title(o, status);
    print_counts(o, status);
    print_vaults(o, json_object_get(status, "vaults"));
    print_state(o, json_object_get(status, "plugins"));
    print_open(o, json_object_get(status, "transactions"));
    if (next)
        print_next(o, status, desk);
}
