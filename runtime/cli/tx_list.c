/* orrery tx list. */
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/desk_records.h"
#include "cli/format.h"
#include "cli/run_text.h"
#include "cli/table.h"
#include "cli/tx.h"

#define DEFAULT_LIMIT 20
#define WIDE          140 /* columns that show whole digests */
#define BEGINNING     12

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

const char *tx_state_word(const json_t *s)
{
    const char *state = text_of(s, "state");

    if (state == NULL || strcmp(state, "done") != 0)
        return state != NULL ? state : "-";
    return json_is_true(json_object_get(s, "success")) ? "executed" : "failed";
}

enum tone tx_state_tone(const json_t *s)
{
    const char *word = tx_state_word(s);

    if (strcmp(word, "executed") == 0)
        return TONE_GOOD;
    if (strcmp(word, "failed") == 0)
        return TONE_BAD;
    return strcmp(word, "open") == 0 ? TONE_WARN : TONE_DIM;
}

void tx_add_error(struct buf *out, const json_t *outcome)
{
    const json_t *error = json_object_get(outcome, "error");
    const char *code = text_of(error, "code");
    struct buf text;

    if (error == NULL || json_is_null(error))
        return;
    buf_init(&text, RUN_TEXT_MAX);
    run_text_error(&text, error);
    /* Many messages begin with their code. */
    if (code != NULL && strncmp(buf_text(&text), code, strlen(code)) != 0) {
        text_add_inert(out, code, strlen(code), 100);
        buf_add_str(out, ": ");
    }
    buf_add_str(out, buf_text(&text));
    buf_release(&text);
}

static bool has_error(const json_t *list)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (json_object_get(json_object_get(one, "outcome"), "error") != NULL)
            return true;
    }
    return false;
}

static void add_row(struct table *table, const json_t *s, bool with_error)
{
    const char *vault = text_of(s, "vault");
    char when[FORMAT_SIZE];
    struct buf error;

    table_add(table, text_of(s, "id"));
    table_add(table, format_time(json_integer_value(json_object_get(s, "created")), when));
    table_add(table, vault != NULL ? vault : "(upkeep)");
    table_add(table, tx_state_word(s));
    table_tone(table, tx_state_tone(s));
    table_add(table, text_of(s, "digest"));
    if (!with_error)
        return;
    buf_init(&error, RUN_TEXT_MAX);
    tx_add_error(&error, json_object_get(s, "outcome"));
    table_add(table, buf_text(&error));
    buf_release(&error);
}

void tx_print_list(const struct output *o, const json_t *list, const char *nothing)
{
    bool with_error = has_error(list);
    /* On a terminal the beginning of a digest, which `tx show` takes as well. */
    const struct column columns[] = {
        {"RUN", false, 0},
        {"TIME (UTC)", false, 0},
        {"VAULT", false, 24},
        {"STATE", false, 0},
        {"DIGEST", false, o->width > 0 && o->width < WIDE ? BEGINNING : 64},
        {with_error ? "ERROR" : NULL, false, 0},
        {0},
    };
    struct table table;
    const json_t *one;
    size_t i;

    table_init(&table, columns);
    json_array_foreach(list, i, one) add_row(&table, one, with_error);
    if (i > 0)
        table_print(&table, o, 0);
    else
        fprintf(o->out, "%s\n", nothing);
    table_release(&table);
}

static void add_option(const struct context *c, const char *option, json_t *request)
{
    const char *value = options_text(&c->options, option);

    if (value != NULL)
        json_object_set_new(request, option, json_string(value));
}

/* Pages of the question have cursors; those of the command are the ids that people see. */
static void name_next(json_t *data)
{
    const json_t *list = json_object_get(data, "transactions");
    size_t count = json_array_size(list);

    if (count > 0 && json_is_string(json_object_get(data, "next")))
        json_object_set(data, "next", json_object_get(json_array_get(list, count - 1), "id"));
}

static void print_next(const struct output *o, const json_t *data)
{
    const char *next = text_of(data, "next");

    if (next == NULL)
        return;
    fprintf(o->out, "%smore with --before ", output_tone(o->colour, TONE_DIM));
    output_inert(o->out, next);
    fprintf(o->out, "%s\n", output_plain(o->colour));
}

int tx_list(struct context *c, struct error *e)
{
    json_t *request = json_pack("{s:s}", "op", "tx_list"), *data;
    bool open = options_given(&c->options, "open");

    if (open)
        json_object_set_new(request, "state", json_string("open"));
    add_option(c, "vault", request);
    add_option(c, "account", request);
    add_option(c, "before", request);
    if (desk_records_pages(c, request, "transactions",
                           options_count(&c->options, "limit", DEFAULT_LIMIT), &data, e) < 0)
        return -1;
    name_next(data);
    if (c->output.json) {
        output_data(&c->output, data);
    } else {
        tx_print_list(&c->output, json_object_get(data, "transactions"),
                      open ? "no open transactions" : "no transactions");
        print_next(&c->output, data);
    }
    json_decref(data);
    return 0;
}
