#include "cli/tx_outcome.h"

#include <string.h>

#include "base/buf.h"
#include "cli/format.h"
#include "cli/run_text.h"
#include "cli/tx.h"

static void say(struct labelled *l, const char *label, struct buf *text, enum tone tone)
{
    if (text->len > 0)
        labelled_toned(l, label, buf_text(text), tone);
    buf_release(text);
}

static void add_amount(struct buf *out, const char *before, const json_t *o, const char *name)
{
    const json_t *amount = json_object_get(o, name);
    char text[FORMAT_SIZE];

    if (json_is_number(amount) || json_is_string(amount))
        buf_addf(out, "%s%s", before, format_amount(amount, text));
}

/* ---- what came of it ---- */

/* "1,955,548 MIST: computation 1,000,000, storage 4,514,400, rebate 3,558,852" */
static void say_gas(struct labelled *l, const json_t *outcome)
{
    const json_t *parts = json_object_get(outcome, "gas");
    struct buf text;

    buf_init(&text, RUN_TEXT_MAX);
    add_amount(&text, "", outcome, "gas_used");
    if (text.len > 0 && json_is_object(parts)) {
        buf_add_str(&text, " MIST");
        add_amount(&text, ": computation ", parts, "computation");
        add_amount(&text, ", storage ", parts, "storage");
        add_amount(&text, ", rebate ", parts, "rebate");
    }
    say(l, "gas used", &text, TONE_PLAIN);
}

/* "in epoch 500, checkpoint 12" */
static void say_where(struct labelled *l, const json_t *outcome)
{
    const json_t *epoch = json_object_get(outcome, "epoch"),
                 *checkpoint = json_object_get(outcome, "checkpoint");
    struct buf text;

    buf_init(&text, RUN_TEXT_MAX);
    if (json_is_integer(epoch))
        buf_addf(&text, "in epoch %lld", (long long)json_integer_value(epoch));
    if (json_is_integer(checkpoint))
        buf_addf(&text, "%scheckpoint %lld", text.len > 0 ? ", " : "in ",
                 (long long)json_integer_value(checkpoint));
    say(l, "executed", &text, TONE_PLAIN);
}

static void say_rest(struct labelled *l, const json_t *outcome)
{
    static const char *const said[] = {"error",  "gas_used",   "gas",     "epoch",  "checkpoint",
                                       "status", "gas_object", "objects", "created"};
    json_t *rest = json_copy((json_t *)(uintptr_t)outcome);
    size_t created = json_array_size(json_object_get(outcome, "created"));

    if (created > 0)
        labelled_linef(l, "created", "%zu coin%s", created, created == 1 ? "" : "s");
    if (json_is_object(json_object_get(outcome, "gas")))
        for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
            json_object_del(rest, said[i]);
    json_object_del(rest, "error");
    json_object_del(rest, "gas_used");
    if (json_object_size(rest) > 0)
        labelled_json(l, "outcome", rest);
    json_decref(rest);
}

void tx_outcome_print(struct labelled *l, const json_t *s)
{
    const json_t *outcome = json_object_get(s, "outcome");
    struct buf text;

    if (!json_is_object(outcome))
        return;
    buf_init(&text, RUN_TEXT_MAX);
    tx_add_error(&text, outcome);
    say(l, "error", &text, TONE_BAD);
    say_gas(l, outcome);
    if (json_is_object(json_object_get(outcome, "gas")))
        say_where(l, outcome);
    say_rest(l, outcome);
}

/* ---- what it holds ---- */

static void say_held(struct labelled *l, const char *label, const json_t *one, bool coin)
{
    const char *id = json_string_value(json_object_get(one, "id"));
    struct buf text;

    buf_init(&text, RUN_TEXT_MAX);
    labelled_add_text(&text, id != NULL ? id : "-");
    buf_add_str(&text, coin ? " gas coin, version " : " object, version ");
    labelled_add_value(&text, json_object_get(one, "version"));
    add_amount(&text, ", ", one, "balance");
    if (json_object_get(one, "balance") != NULL)
        buf_add_str(&text, " MIST");
    say(l, label, &text, TONE_PLAIN);
}

void tx_holds_print(struct labelled *l, const json_t *s)
{
    const json_t *holds = json_object_get(s, "holds"), *one;
    const char *label = strcmp(tx_state_word(s), "open") == 0 ? "holds" : "held";
    const json_t *gas = json_object_get(holds, "gas");
    size_t i;

    if (!json_is_object(json_array_get(gas, 0))) {
        labelled_json(l, label, holds);
        return;
    }
    json_array_foreach(gas, i, one) say_held(l, label, one, true);
    json_array_foreach(json_object_get(holds, "owned"), i, one) say_held(l, label, one, false);
}
