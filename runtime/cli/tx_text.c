#include "cli/tx_text.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/format.h"

#define TEXT_MAX     (1024 * 1024)
#define HEX_SHOWN    128 /* characters of a pure value */
#define ADDRESS_HEX  64
#define SHORT_ZEROES 48 /* an address that begins with so many is shown as a number */

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text != NULL ? text : "-";
}

static bool is(const json_t *o, const char *name, const char *value)
{
    return strcmp(text_of(o, name), value) == 0;
}

static void add_number(struct buf *out, const json_t *o, const char *name)
{
    char text[FORMAT_SIZE];

    buf_add_str(out, format_amount(json_object_get(o, name), text));
}

/* Versions, epochs and the like: names more than amounts. */
static void add_plain(struct buf *out, const json_t *o, const char *name)
{
    const json_t *value = json_object_get(o, name);

    if (json_is_string(value))
        buf_add_str(out, json_string_value(value));
    else
        buf_addf(out, "%lld", (long long)json_integer_value(value));
}

static void say(struct labelled *l, const char *label, struct buf *text)
{
    labelled_line(l, label, buf_text(text));
    buf_release(text);
}

/* Targets and types, of which the decoder has checked that they are ASCII. */
static void add_named(struct buf *out, const char *text)
{
    while (*text != '\0') {
        size_t hex = strncmp(text, "0x", 2) == 0 ? strspn(text + 2, "0123456789abcdef") : 0;
        size_t zeroes = hex == ADDRESS_HEX ? strspn(text + 2, "0") : 0;
        if (zeroes < SHORT_ZEROES) {
            buf_add_char(out, *text++);
            continue;
        }
        if (zeroes == ADDRESS_HEX)
            zeroes--;
        buf_addf(out, "0x%.*s", (int)(ADDRESS_HEX - zeroes), text + 2 + zeroes);
        text += 2 + ADDRESS_HEX;
    }
}

/* ---- who pays, until when ---- */

static void say_gas(struct labelled *l, const json_t *tx)
{
    const json_t *gas = json_object_get(tx, "gas"), *coin;
    struct buf text;
    size_t i;

    buf_init(&text, TEXT_MAX);
    buf_add_str(&text, "at most ");
    add_number(&text, gas, "budget");
    buf_add_str(&text, " MIST, at ");
    add_number(&text, gas, "price");
    buf_add_str(&text, " per unit");
    if (strcmp(text_of(gas, "owner"), text_of(tx, "sender")) != 0)
        buf_addf(&text, ", paid by %s", text_of(gas, "owner"));
    say(l, "gas", &text);
    json_array_foreach(json_object_get(gas, "coins"), i, coin)
    {
        buf_init(&text, TEXT_MAX);
        add_named(&text, text_of(coin, "id"));
        buf_add_str(&text, " version ");
        add_plain(&text, coin, "version");
        buf_addf(&text, ", %s", text_of(coin, "digest"));
        say(l, "gas coin", &text);
    }
}

static void add_bound(struct buf *out, const json_t *x, const char *name, const char *before)
{
    if (json_object_get(x, name) == NULL)
        return;
    buf_addf(out, "%s%s ", out->len > 0 ? ", " : "", before);
    add_plain(out, x, name);
}

static void say_expiration(struct labelled *l, const json_t *tx)
{
    const json_t *x = json_object_get(tx, "expiration");
    struct buf text;

    buf_init(&text, TEXT_MAX);
    if (is(x, "kind", "never"))
        buf_add_str(&text, "never");
    else if (is(x, "kind", "epoch"))
        add_bound(&text, x, "epoch", "after epoch");
    else {
        add_bound(&text, x, "min_epoch", "not before epoch");
        add_bound(&text, x, "max_epoch", "after epoch");
        add_bound(&text, x, "min_timestamp", "not before timestamp");
        add_bound(&text, x, "max_timestamp", "after timestamp");
        buf_addf(&text, "%sonly on the chain %s, nonce ", text.len > 0 ? ", " : "",
                 text_of(x, "chain"));
        add_plain(&text, x, "nonce");
    }
    say(l, "expires", &text);
}

/* ---- inputs ---- */

/* "7 u64", or what is known of it: "40420f0000000000 pure, 8 bytes" */
static void add_pure(struct buf *out, const json_t *input)
{
    const char *hex = text_of(input, "hex");
    const json_t *value = json_object_get(input, "value");
    size_t len = strlen(hex);

    if (json_is_string(value)) {
        text_add_inert(out, json_string_value(value), json_string_length(value), LABELLED_VALUE);
        buf_add_char(out, ' ');
        add_named(out, text_of(input, "type"));
        return;
    }
    if (len == 0)
        buf_add_str(out, "(empty)");
    buf_addf(out, "%.*s%s pure, %zu byte%s", HEX_SHOWN, hex, len > HEX_SHOWN ? "…" : "", len / 2,
             len == 2 ? "" : "s");
}

static void add_object(struct buf *out, const json_t *input)
{
    add_named(out, text_of(input, "id"));
    if (is(input, "kind", "shared")) {
        buf_addf(out, " shared, %s, since version ",
                 json_is_true(json_object_get(input, "mutable")) ? "mutable" : "read only");
        add_plain(out, input, "initial_version");
        return;
    }
    buf_addf(out, " %s, version ",
             is(input, "kind", "receiving") ? "to be received" : "owned or immutable");
    add_plain(out, input, "version");
    buf_addf(out, ", %s", text_of(input, "digest"));
}

static void add_withdrawal(struct buf *out, const json_t *input)
{
    buf_add_str(out, "withdrawal of at most ");
    add_number(out, input, "amount");
    buf_add_char(out, ' ');
    add_named(out, text_of(input, "type"));
    buf_addf(out, " from the %s", text_of(input, "from"));
    if (json_object_get(input, "funder") != NULL)
        buf_addf(out, " %s of %s", text_of(input, "allowance"), text_of(input, "funder"));
}

static void say_inputs(struct labelled *l, const json_t *tx)
{
    const json_t *input;
    char label[32];
    struct buf text;
    size_t i;

    json_array_foreach(json_object_get(tx, "inputs"), i, input)
    {
        buf_init(&text, TEXT_MAX);
        if (is(input, "kind", "pure"))
            add_pure(&text, input);
        else if (is(input, "kind", "withdrawal"))
            add_withdrawal(&text, input);
        else
            add_object(&text, input);
        snprintf(label, sizeof label, "input %zu", i);
        l->last = NULL; /* the label lives here only */
        say(l, label, &text);
    }
    l->last = NULL;
}

/* ---- commands ---- */

static void add_argument(struct buf *out, const json_t *a)
{
    const json_t *input = json_object_get(a, "input"), *part = json_object_get(a, "part");

    if (json_object_get(a, "gas_coin") != NULL) {
        buf_add_str(out, "gas coin");
        return;
    }
    buf_addf(out, "%s %lld", input != NULL ? "input" : "result",
             (long long)json_integer_value(input ? input : json_object_get(a, "result")));
    if (part != NULL)
        buf_addf(out, ".%lld", (long long)json_integer_value(part));
}

static void add_list(struct buf *out, const json_t *c, const char *name)
{
    const json_t *one;
    size_t i;

    buf_add_char(out, '(');
    json_array_foreach(json_object_get(c, name), i, one)
    {
        if (i > 0)
            buf_add_str(out, ", ");
        add_argument(out, one);
    }
    buf_add_char(out, ')');
}

static void add_call(struct buf *out, const json_t *c)
{
    const json_t *types = json_object_get(c, "type_arguments"), *one;
    size_t i;

    add_named(out, text_of(c, "target"));
    json_array_foreach(types, i, one)
    {
        buf_add_str(out, i > 0 ? ", " : " of ");
        add_named(out, json_string_value(one));
    }
    buf_add_char(out, ' ');
    add_list(out, c, "arguments");
}

static void add_command(struct buf *out, const json_t *c)
{
    buf_addf(out, "%s ", text_of(c, "kind"));
    if (is(c, "kind", "MoveCall")) {
        add_call(out, c);
    } else if (is(c, "kind", "TransferObjects")) {
        add_list(out, c, "objects");
        buf_add_str(out, " to ");
        add_argument(out, json_object_get(c, "to"));
    } else if (is(c, "kind", "SplitCoins")) {
        add_argument(out, json_object_get(c, "coin"));
        buf_add_str(out, " into ");
        add_list(out, c, "amounts");
    } else if (is(c, "kind", "MergeCoins")) {
        add_list(out, c, "coins");
        buf_add_str(out, " into ");
        add_argument(out, json_object_get(c, "into"));
    } else {
        if (json_object_get(c, "type") != NULL) {
            buf_add_str(out, "of ");
            add_named(out, text_of(c, "type"));
            buf_add_char(out, ' ');
        }
        add_list(out, c, "items");
    }
}

static void say_commands(struct labelled *l, const json_t *tx)
{
    const json_t *command;
    char label[32];
    struct buf text;
    size_t i;

    json_array_foreach(json_object_get(tx, "commands"), i, command)
    {
        buf_init(&text, TEXT_MAX);
        add_command(&text, command);
        /* The greatest index leaves no blank behind the whole word. */
        snprintf(label, sizeof label, i < 1000 ? "command %zu" : "comm. %zu", i);
        l->last = NULL;
        say(l, label, &text);
    }
    l->last = NULL;
}

void tx_text_print(struct labelled *l, const json_t *tx)
{
    labelled_line(l, "sender", text_of(tx, "sender"));
    say_gas(l, tx);
    say_expiration(l, tx);
    say_inputs(l, tx);
    say_commands(l, tx);
}
