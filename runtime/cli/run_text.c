#include "cli/run_text.h"

#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "cli/format.h"
#include "model/run.h"
#include "model/value.h"

#define ACTIONS_SHOWN 4
#define PIECE_MAX     400 /* bytes of one piece of a script's text */

static void add_inert(struct buf *out, const char *text)
{
    text_add_inert(out, text, strlen(text), PIECE_MAX);
}

static void add_amount(struct buf *out, const json_t *action, const char *name)
{
    const json_t *amount = json_object_get(action, name);
    char text[FORMAT_SIZE];

    if (amount != NULL)
        buf_addf(out, " %s", format_amount(amount, text));
}

static void add_strike(struct buf *out, const json_t *action, const char *name, const char *before)
{
    char text[FORMAT_SIZE];
    uint64_t strike;

    if (value_to_u64(json_object_get(action, name), &strike) == 0)
        buf_addf(out, "%s%s", before, format_strike(strike, text));
}

static void add_word(struct buf *out, const json_t *action, const char *name)
{
    const char *word = json_string_value(json_object_get(action, name));

    if (word == NULL)
        return;
    buf_add_char(out, ' ');
    add_inert(out, word);
}

void run_text_action(struct buf *out, const json_t *action)
{
    const char *kind = json_string_value(json_object_get(action, "kind"));
    const json_t *is_up = json_object_get(action, "is_up");

    add_inert(out, kind != NULL ? kind : "?");
    add_amount(out, action, "quantity");
    add_amount(out, action, "amount");
    add_amount(out, action, "shares_amount");
    add_strike(out, action, "strike", " @");
    add_strike(out, action, "lower_strike", " @");
    add_strike(out, action, "higher_strike", "–");
    if (json_is_boolean(is_up))
        buf_add_str(out, json_is_true(is_up) ? " up" : " down");
    add_word(out, action, "topic");
    add_word(out, action, "target");
    add_word(out, action, "reason");
}

static void add_actions(struct buf *out, const json_t *actions)
{
    size_t count = json_array_size(actions), i;
    const json_t *action;

    json_array_foreach(actions, i, action)
    {
        if (i == ACTIONS_SHOWN) {
            buf_addf(out, " + %zu more", count - i);
            break;
        }
        if (i > 0)
            buf_add_str(out, " + ");
        run_text_action(out, action);
    }
}

void run_text_error(struct buf *out, const json_t *error)
{
    const char *where = json_string_value(json_object_get(error, "where"));
    const char *message = json_string_value(json_object_get(error, "message"));
    json_int_t line = json_integer_value(json_object_get(error, "line"));

    if (json_is_string(error))
        message = json_string_value(error);
    if (where != NULL && *where != '\0') {
        add_inert(out, where);
        if (line > 0)
            buf_addf(out, ":%lld", (long long)line);
        buf_add_str(out, ": ");
    }
    add_inert(out, message != NULL ? message : "no message");
}

void run_text_what(struct buf *out, const json_t *run)
{
    const json_t *error = json_object_get(run, "error"), *actions = json_object_get(run, "actions");
    const char *reason = json_string_value(json_object_get(run, "reason"));

    if (json_is_true(json_object_get(run, "dry_run")))
        buf_add_str(out, "(dry run) ");
    if (json_is_object(error) || json_is_string(error))
        run_text_error(out, error);
    else if (reason != NULL)
        add_inert(out, reason);
    else if (json_array_size(actions) > 0)
        add_actions(out, actions);
}
