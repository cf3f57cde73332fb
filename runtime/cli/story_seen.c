#include "cli/story_seen.h"

#include <string.h>

#include "base/buf.h"
#include "cli/format.h"
#include "cli/run_text.h"

#define KEYS_SHOWN  20 /* of state, before and after */
#define CALLS_SHOWN 20

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static void say(struct labelled *l, const char *label, struct buf *text)
{
    if (text->len > 0)
        labelled_line(l, label, buf_text(text));
    buf_release(text);
}

static void add_amount(struct buf *out, const json_t *o, const char *name, const char *before)
{
    const json_t *amount = json_object_get(o, name);
    char text[FORMAT_SIZE];

    if (amount != NULL)
        buf_addf(out, "%s%s", before, format_amount(amount, text));
}

/* "vault v: worth 999,997, quote 997,420, PM 2,579, 2 open positions" */
static void say_vault(struct labelled *l, const json_t *vault)
{
    json_int_t positions = json_integer_value(json_object_get(vault, "open_positions"));
    struct buf text;

    if (!json_is_object(vault))
        return;
    buf_init(&text, RUN_TEXT_MAX);
    buf_add_str(&text, "vault ");
    labelled_add_text(&text, text_of(vault, "id") ? text_of(vault, "id") : "");
    if (text_of(vault, "id") == NULL) {
        labelled_add_value(&text, vault);
        say(l, "saw", &text);
        return;
    }
    add_amount(&text, vault, "nav", ": worth ");
    add_amount(&text, vault, "quote_balance", ", quote ");
    add_amount(&text, vault, "pm_balance", ", PM ");
    if (positions > 0)
        buf_addf(&text, ", %lld open position%s", (long long)positions, positions == 1 ? "" : "s");
    if (json_is_true(json_object_get(vault, "is_frozen")))
        buf_add_str(&text, ", frozen");
    say(l, "saw", &text);
}

/* "btc: 100,017.32, 250 ms old" */
static void say_feed(struct labelled *l, const char *feed, const json_t *market, json_int_t now)
{
    json_int_t at = json_integer_value(json_object_get(market, "at"));
    char amount[FORMAT_SIZE], span[FORMAT_SIZE];
    struct buf text;

    buf_init(&text, RUN_TEXT_MAX);
    buf_add_str(&text, "market ");
    labelled_add_text(&text, feed);
    if (json_is_number(json_object_get(market, "spot")))
        buf_addf(&text, " at %s", format_amount(json_object_get(market, "spot"), amount));
    else if (text_of(market, "missing_snapshot") != NULL)
        buf_add_str(&text, ": not kept any more");
    else
        buf_add_str(&text, ": no price yet");
    if (at > 0 && now > at)
        buf_addf(&text, ", %s old", format_span(now - at, span));
    if (json_is_true(json_object_get(market, "stale")))
        buf_add_str(&text, ", stale");
    say(l, "saw", &text);
}

static void say_value(struct labelled *l, const char *name, const json_t *value)
{
    struct buf text;

    if (value == NULL || json_is_null(value) ||
        (json_is_object(value) && json_object_size(value) == 0) ||
        (json_is_array(value) && json_array_size(value) == 0))
        return;
    buf_init(&text, RUN_TEXT_MAX);
    buf_addf(&text, "%s ", name);
    labelled_add_value(&text, value);
    say(l, "saw", &text);
}

/* "last: submitted by the run 38fw…" */
static void say_last(struct labelled *l, const json_t *last)
{
    const char *outcome = text_of(last, "outcome"), *run = text_of(last, "run_id");
    const json_t *error = json_object_get(last, "error");
    struct buf text;

    if (outcome == NULL) {
        say_value(l, "last", last);
        return;
    }
    buf_init(&text, RUN_TEXT_MAX);
    buf_add_str(&text, "last outcome: ");
    labelled_add_text(&text, outcome);
    if (run != NULL) {
        buf_add_str(&text, ", of the run ");
        labelled_add_text(&text, run);
    }
    if (json_is_object(error)) {
        buf_add_str(&text, ": ");
        run_text_error(&text, error);
    }
    say(l, "saw", &text);
}

/* "spot = 100012.5, until 10:17:02"; null: there is no such key. `expires`: or NULL. */
static void say_keys(struct labelled *l, const char *label, const json_t *keys,
                     const json_t *expires, const char *absent)
{
    json_t *value, *o = (json_t *)(uintptr_t)keys;
    const char *key;
    char when[FORMAT_SIZE];
    size_t shown = 0;
    struct buf text;

    json_object_foreach(o, key, value)
    {
        if (shown++ == KEYS_SHOWN) {
            labelled_linef(l, label, "… and %zu more", json_object_size(keys) - KEYS_SHOWN);
            return;
        }
        buf_init(&text, RUN_TEXT_MAX);
        labelled_add_text(&text, key);
        buf_add_str(&text, json_is_null(value) ? absent : " = ");
        if (!json_is_null(value))
            labelled_add_value(&text, value);
        if (json_is_integer(json_object_get(expires, key)))
            buf_addf(&text, ", until %s",
                     format_time(json_integer_value(json_object_get(expires, key)), when));
        say(l, label, &text);
    }
}

/* What a table's call was about: its table, or its statement. */
static void add_call(struct buf *out, const json_t *call)
{
    const char *name = text_of(call, "call"), *about = text_of(call, "table");

    if (json_is_string(call)) {
        labelled_add_text(out, json_string_value(call));
        return;
    }
    if (about == NULL)
        about = text_of(call, "sql");
    labelled_add_text(out, name ? name : "call");
    if (about != NULL) {
        buf_add_char(out, ' ');
        labelled_add_text(out, about);
    }
}

/* "select price_history: 12 rows" */
static void say_db(struct labelled *l, const json_t *one)
{
    const json_t *result = json_object_get(one, "result"), *error = json_object_get(one, "error");
    const json_t *rows = json_object_get(result, "rows");
    const json_t *changed = json_object_get(result, "changed");
    size_t count = json_array_size(rows);
    struct buf text;

    buf_init(&text, RUN_TEXT_MAX);
    add_call(&text, json_object_get(one, "call"));
    buf_add_str(&text, ": ");
    if (error != NULL && !json_is_null(error))
        run_text_error(&text, error);
    else if (json_is_array(rows))
        buf_addf(&text, "%zu row%s", count, count == 1 ? "" : "s");
    else if (json_is_integer(changed))
        buf_addf(&text, "%lld changed%s", (long long)json_integer_value(changed),
                 json_is_true(json_object_get(result, "repeated")) ? ", done before" : "");
    else
        labelled_add_value(&text, result);
    if (count == 1) {
        buf_add_char(&text, ' ');
        labelled_add_value(&text, json_array_get(rows, 0));
    }
    say(l, "tables", &text);
}

static void say_calls(struct labelled *l, const json_t *calls)
{
    const json_t *one;
    size_t i;

    json_array_foreach(calls, i, one)
    {
        if (i == CALLS_SHOWN) {
            labelled_linef(l, "tables", "… and %zu more calls", json_array_size(calls) - i);
            return;
        }
        say_db(l, one);
    }
}

/* What it saw beyond what is on record. */
static void say_gaps(struct labelled *l, const json_t *seen)
{
    static const struct {
        const char *name, *text;
    } gaps[] = {
        {"truncated", "state: it read more than is kept"},
        {"full", "state: it was full, a write was refused"},
        {"mixed", "state: another run wrote while this one waited for its tables"},
    };

    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++)
        if (json_is_true(json_object_get(seen, gaps[i].name)))
            labelled_toned(l, "besides", gaps[i].text, TONE_DIM);
}

/* Whether it came as far as a decision. */
static bool has_started(const json_t *run)
{
    return json_integer_value(json_object_get(run, "started_ms")) > 0;
}

void story_seen(struct labelled *l, const json_t *run)
{
    const json_t *seen = json_object_get(run, "seen");
    json_t *market = json_object_get(seen, "market"), *one;
    const char *feed;

    if (!json_is_object(seen)) {
        if (has_started(run))
            labelled_toned(l, "saw", "not recorded", TONE_DIM);
        return;
    }
    say_vault(l, json_object_get(seen, "vault"));
    json_object_foreach(market, feed, one)
        say_feed(l, feed, one, json_integer_value(json_object_get(run, "started_ms")));
    say_value(l, "params", json_object_get(seen, "params"));
    say_last(l, json_object_get(seen, "last"));
    say_value(l, "closures", json_object_get(seen, "closures"));
    say_value(l, "the keys", json_object_get(seen, "keys"));
    say_keys(l, "state read", json_object_get(seen, "reads"), NULL, " was not set");
    say_calls(l, json_object_get(seen, "db"));
    say_gaps(l, seen);
}

void story_after(struct labelled *l, const json_t *run)
{
    const json_t *seen = json_object_get(run, "seen"), *writes = json_object_get(seen, "writes");

    if (json_is_string(writes))
        labelled_line(l, "state left", "more than is kept: its digest only");
    say_keys(l, "state left", writes, json_object_get(seen, "expires"), " was removed");
}
