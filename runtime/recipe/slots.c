/* One slot of a sequence, as the configuration says it. */
#include "recipe/parts.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "model/value.h"

static const char slot_text[] =
    "a slot ({object = …}, {market = …}, {param = …}, {argument = …}, {literal = …}, {clock = "
    "true}, {gas = true}, {sender = true} or {result = …})";

/* Which of the keys that say what a slot is, and what may stand beside it. */
struct form {
    const char *name;
    bool (*parse)(struct recipe *r, const struct scope *scope, const json_t *json,
                  struct sequence *s, struct slot *out);
    const char *beside[4];
};

static bool is_use(enum slot_kind kind, enum slot_use use, const struct slot *slot)
{
    bool value = kind == SLOT_MARKET_VALUE || kind == SLOT_EXPIRY || kind == SLOT_PARAM ||
                 kind == SLOT_ARGUMENT || kind == SLOT_LITERAL;
    bool coin = kind == SLOT_OBJECT || kind == SLOT_MARKET_OBJECT || kind == SLOT_RESULT ||
                kind == SLOT_PART;

    switch (use) {
    case USE_ARGUMENT:
        return true;
    case USE_COIN:
        return coin || kind == SLOT_GAS;
    case USE_COINS:
        return coin;
    case USE_ITEM:
        return kind != SLOT_GAS;
    case USE_AMOUNT:
        return value && slot->type == SCALAR_U64;
    case USE_RECIPIENT:
        return kind == SLOT_SENDER || (kind == SLOT_LITERAL && slot->type == SCALAR_ADDRESS);
    }
    return false;
}

static bool check_use(const struct scope *scope, const char *key, const struct slot *slot,
                      enum slot_use use)
{
    static const char *const expected[] = {
        [USE_COIN] = "a coin: {gas = true}, {object = …}, {market = …} or {result = …}",
        [USE_COINS] = "a coin or object: {object = …}, {market = …} or {result = …}",
        [USE_ITEM] = "anything but the gas coin",
        [USE_AMOUNT] = "an amount as a u64: {param = …}, {argument = …}, {market = …} or {literal "
                       "= …}",
        [USE_RECIPIENT] = "{sender = true}, or a literal of type \"address\": a strategy does not "
                          "choose the recipient",
    };

    if (is_use(slot->kind, use, slot))
        return true;
    scope_problem(scope, key, NULL, "expected %s", expected[use]);
    return false;
}

static bool parse_type(const struct scope *scope, const json_t *json, enum scalar_type *out)
{
    const json_t *value = json_object_get(json, "type");
    const char *name = json_string_value(value), *near;
    char hint[64];

    for (int i = 0; name != NULL && i < SCALAR_TYPES; i++)
        if (strcmp(scalar_names[i], name) == 0) {
            *out = (enum scalar_type)i;
            return true;
        }
    near = name ? text_nearest(name, scalar_names) : NULL;
    if (near == NULL) {
        scope_expected(scope, "type", "bool, u8, u16, u32, u64, u128, u256, address, id or string",
                       value);
        return false;
    }
    snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    scope_problem(scope, "type", hint, "unknown type '%s'", name);
    return false;
}

static bool parse_max(const struct scope *scope, const json_t *json, struct slot *out)
{
    const json_t *value = json_object_get(json, "max");

    if (value == NULL)
        return true;
    out->has_max = true;
    if (!scalar_is_integer(out->type)) {
        scope_problem(scope, "max", NULL, "a %s has no maximum", scalar_names[out->type]);
        return false;
    }
    if (value_to_u64(value, &out->max) == 0)
        return true;
    scope_expected(scope, "max", "an integer of 0 or more", value);
    return false;
}

/* An integer from 1 to `max`, as an index from 0. */
static bool parse_index(const struct scope *scope, const json_t *json, const char *key, size_t max,
                        size_t *out)
{
    const json_t *value = json_object_get(json, key);
    char expected[64];
    uint64_t number;

    if (json_is_number(value) && value_to_u64(value, &number) == 0 && number >= 1 &&
        number <= max) {
        *out = (size_t)number - 1;
        return true;
    }
    snprintf(expected, sizeof expected, "an integer from 1 to %zu", max);
    scope_expected(scope, key, expected, value);
    return false;
}

static bool parse_true(const struct scope *scope, const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);

    if (!json_is_true(value))
        scope_expected(scope, key, "true", value);
    return json_is_true(value);
}

static void keep(struct recipe *r, const void *bytes, size_t len, struct slot *out)
{
    out->bytes = (struct sui_pure){.bytes = sui_memory_copy(&r->memory, bytes, len, 1), .len = len};
}

static bool parse_object(struct recipe *r, const struct scope *scope, const json_t *json,
                         struct sequence *s, struct slot *out)
{
    const json_t *value = json_object_get(json, "object");
    const char *known[RECIPE_OBJECTS + 1] = {NULL};

    (void)s;
    out->kind = SLOT_OBJECT;
    out->name = json_string_value(value);
    if (out->name == NULL) {
        scope_expected(scope, "object", "the name of an object in 'objects'", value);
        return false;
    }
    out->index = recipe_object_named(r, out->name);
    if (out->index == RECIPE_NONE) {
        for (size_t i = 0; i < r->name_count; i++)
            known[i] = r->names[i].name;
        scope_unknown(scope, "object", out->name, known);
        return false;
    }
    if (json_object_get(json, "type") == NULL)
        return true;
    if (!parse_type(scope, json, &out->type))
        return false;
    if (!scalar_is_address(out->type)) {
        scope_problem(scope, "type", NULL,
                      "an object's value is its id: expected \"id\" or "
                      "\"address\"");
        return false;
    }
    out->kind = SLOT_LITERAL;
    keep(r, r->objects[out->index].object.id.bytes, SUI_ADDRESS_BYTES, out);
    return true;
}

/* Whether every market can have an expiry: its own, its id's, or that of the action's id. */
static bool check_expiry(const struct recipe *r, const struct scope *scope, const struct slot *slot)
{
    if (!scalar_is_integer(slot->type)) {
        scope_problem(scope, "type", NULL, "an expiry is an integer: expected \"u64\" or another");
        return false;
    }
    for (size_t i = 0; i < r->market_count; i++) {
        const struct recipe_market *m = &r->markets[i];
        if (m->has_expiry || m->is_feed)
            continue;
        scope_problem(scope, "market", "give it one: expiry = 1764547200000",
                      "the market '%s' has no expiry, and its id is not \"feed:milliseconds\"",
                      m->key);
        return false;
    }
    return true;
}

static bool has_market(enum action_kind kind)
{
    const struct action_spec *spec = action_spec(kind);

    for (size_t i = 0; i < spec->field_count; i++)
        if (strcmp(spec->fields[i].name, "market_id") == 0)
            return true;
    return false;
}

static bool parse_market(struct recipe *r, const struct scope *scope, const json_t *json,
                         struct sequence *s, struct slot *out)
{
    const json_t *value = json_object_get(json, "market");
    bool typed = json_object_get(json, "type") != NULL;

    out->name = json_string_value(value);
    if (out->name == NULL || !text_is_name(out->name)) {
        scope_expected(scope, "market", "the name of an object or value of the market", value);
        return false;
    }
    if (!has_market(s->kind)) {
        scope_problem(scope, "market", NULL, "the action %s has no market",
                      action_spec(s->kind)->name);
        return false;
    }
    if (r->market_count == 0) {
        scope_problem(scope, "market", NULL, "there is no market in 'markets'");
        return false;
    }
    if (strcmp(out->name, "expiry") == 0) {
        out->kind = SLOT_EXPIRY;
        return parse_type(scope, json, &out->type) && check_expiry(r, scope, out);
    }
    out->kind = typed ? SLOT_MARKET_VALUE : SLOT_MARKET_OBJECT;
    if (typed && !parse_type(scope, json, &out->type))
        return false;
    out->index = recipe_column(r, scope, out->name, !typed, typed ? out->type : SCALAR_BOOL);
    return out->index != RECIPE_NONE;
}

static bool field_has_type(const struct action_field *field, enum scalar_type type)
{
    switch (field->type) {
    case FIELD_U64:
        return scalar_is_integer(type);
    case FIELD_BOOL:
        return type == SCALAR_BOOL;
    case FIELD_TEXT:
        return type == SCALAR_STRING;
    default:
        return false;
    }
}

static bool parse_param(struct recipe *r, const struct scope *scope, const json_t *json,
                        struct sequence *s, struct slot *out)
{
    const json_t *value = json_object_get(json, "param");
    const struct action_spec *spec = action_spec(s->kind);
    const char *known[RECIPE_FIELDS + 1] = {NULL};

    (void)r;
    out->kind = SLOT_PARAM;
    out->name = json_string_value(value);
    if (s->kind == ACTION_CALL || spec->field_count == 0) {
        scope_problem(scope, "param", NULL, "%s",
                      s->kind == ACTION_CALL
                          ? "a generic call has arguments: expected {argument = 1, type = …}"
                          : "the action has no fields");
        return false;
    }
    for (size_t i = 0; i < spec->field_count && i < RECIPE_FIELDS; i++) {
        known[i] = spec->fields[i].name;
        if (out->name == NULL || strcmp(out->name, known[i]) != 0)
            continue;
        out->index = i;
        if (!parse_type(scope, json, &out->type))
            return false;
        if (field_has_type(&spec->fields[i], out->type))
            return parse_max(scope, json, out);
        scope_problem(scope, "type", NULL, "'%s' of %s cannot have the type %s", out->name,
                      spec->name, scalar_names[out->type]);
        return false;
    }
    if (out->name == NULL)
        scope_expected(scope, "param", "the name of a field of the action", value);
    else
        scope_unknown(scope, "field", out->name, known);
    return false;
}

static bool parse_argument(struct recipe *r, const struct scope *scope, const json_t *json,
                           struct sequence *s, struct slot *out)
{
    (void)r;
    out->kind = SLOT_ARGUMENT;
    if (s->kind != ACTION_CALL) {
        scope_problem(scope, "argument", NULL,
                      "only a generic call has arguments: expected {param = …, type = …}");
        return false;
    }
    if (!parse_index(scope, json, "argument", RECIPE_ARGUMENTS, &out->index) ||
        !parse_type(scope, json, &out->type) || !parse_max(scope, json, out))
        return false;
    if (s->argument_used[out->index] && s->argument_types[out->index] != out->type) {
        scope_problem(scope, "type", NULL, "argument %zu is a %s in a slot before", out->index + 1,
                      scalar_names[s->argument_types[out->index]]);
        return false;
    }
    s->argument_used[out->index] = true;
    s->argument_types[out->index] = out->type;
    if (out->index >= s->argument_count)
        s->argument_count = out->index + 1;
    return true;
}

static bool parse_literal(struct recipe *r, const struct scope *scope, const json_t *json,
                          struct sequence *s, struct slot *out)
{
    struct error why = ERROR_INIT;
    struct buf bytes;

    (void)s;
    out->kind = SLOT_LITERAL;
    if (!parse_type(scope, json, &out->type))
        return false;
    buf_init(&bytes, SUI_PURE_BYTES);
    if (scalar_put(&bytes, out->type, json_object_get(json, "literal"), &why) != 0)
        scope_problem(scope, "literal", NULL, "%s", why.message);
    else
        keep(r, bytes.data, bytes.len, out);
    buf_release(&bytes);
    return why.code == ERROR_NONE;
}

static bool parse_clock(struct recipe *r, const struct scope *scope, const json_t *json,
                        struct sequence *s, struct slot *out)
{
    (void)r, (void)s;
    out->kind = SLOT_CLOCK;
    return parse_true(scope, json, "clock");
}

static bool parse_gas(struct recipe *r, const struct scope *scope, const json_t *json,
                      struct sequence *s, struct slot *out)
{
    (void)r, (void)s;
    out->kind = SLOT_GAS;
    return parse_true(scope, json, "gas");
}

static bool parse_sender(struct recipe *r, const struct scope *scope, const json_t *json,
                         struct sequence *s, struct slot *out)
{
    (void)r, (void)s;
    out->kind = SLOT_SENDER;
    out->type = SCALAR_ADDRESS;
    return parse_true(scope, json, "sender");
}

/* A result that the step has: a split has one part per amount, a transfer none. */
static bool check_result(const struct scope *scope, const struct step *step,
                         const struct slot *slot)
{
    size_t parts = step->kind == SUI_SPLIT ? step->count : RECIPE_PARTS;

    if (step->kind == SUI_TRANSFER || step->kind == SUI_MERGE) {
        scope_problem(scope, "result", NULL, "command %zu has no result", slot->index + 1);
        return false;
    }
    if (slot->kind == SLOT_RESULT && step->kind == SUI_SPLIT && parts != 1) {
        scope_problem(scope, "result", "say which: part = 1", "command %zu has %zu results",
                      slot->index + 1, parts);
        return false;
    }
    if (slot->kind == SLOT_PART && (slot->part >= parts || step->kind == SUI_MAKE_VECTOR)) {
        scope_problem(scope, "part", NULL, "command %zu has no part %d", slot->index + 1,
                      slot->part + 1);
        return false;
    }
    return true;
}

static bool parse_result(struct recipe *r, const struct scope *scope, const json_t *json,
                         struct sequence *s, struct slot *out)
{
    size_t part = 0;

    (void)r;
    out->kind = SLOT_RESULT;
    if (s->count == 0) {
        scope_problem(scope, "result", NULL, "there is no command before this one");
        return false;
    }
    if (!parse_index(scope, json, "result", s->count, &out->index))
        return false;
    if (json_object_get(json, "part") != NULL) {
        out->kind = SLOT_PART;
        if (!parse_index(scope, json, "part", RECIPE_PARTS, &part))
            return false;
        out->part = (uint16_t)part;
    }
    return check_result(scope, &s->steps[out->index], out);
}

static const struct form forms[] = {
    {"object", parse_object, {"object", "type"}},
    {"market", parse_market, {"market", "type"}},
    {"param", parse_param, {"param", "type", "max"}},
    {"argument", parse_argument, {"argument", "type", "max"}},
    {"literal", parse_literal, {"literal", "type"}},
    {"clock", parse_clock, {"clock"}},
    {"gas", parse_gas, {"gas"}},
    {"sender", parse_sender, {"sender"}},
    {"result", parse_result, {"result", "part"}},
};

enum { FORMS = sizeof forms / sizeof forms[0] };

static bool check_beside(const struct scope *scope, const json_t *json, const struct form *form)
{
    const char *known[5] = {form->beside[0], form->beside[1], form->beside[2], form->beside[3]};

    return recipe_check_keys(scope, json, known);
}

/* The form of a slot; NULL after a problem. */
static const struct form *form_of(const struct scope *scope, const json_t *json)
{
    const char *known[FORMS + 1] = {NULL};
    const struct form *found = NULL;
    const json_t *value;
    const char *key;

    for (size_t i = 0; i < FORMS; i++) {
        known[i] = forms[i].name;
        if (json_object_get(json, forms[i].name) == NULL)
            continue;
        if (found != NULL) {
            scope_problem(scope, NULL, NULL, "both '%s' and '%s': expected one of them",
                          found->name, forms[i].name);
            return NULL;
        }
        found = &forms[i];
    }
    if (found != NULL)
        return found;
    json_object_foreach((json_t *)json, key, value)
    {
        scope_unknown(scope, "key", key, known);
        return NULL;
    }
    scope_problem(scope, NULL, NULL, "expected %s, got an empty table", slot_text);
    return NULL;
}

/* "gas", or the name of an object, in place of a coin's slot. */
static bool parse_short(struct recipe *r, const struct scope *scope, const char *key,
                        const char *name, struct slot *out)
{
    const char *known[RECIPE_OBJECTS + 2] = {"gas"};
    struct scope inner = scope_enter(scope, key);

    *out = (struct slot){.kind = SLOT_GAS, .name = name};
    if (strcmp(name, "gas") == 0)
        return true;
    out->kind = SLOT_OBJECT;
    out->index = recipe_object_named(r, name);
    for (size_t i = 0; i < r->name_count; i++)
        known[i + 1] = r->names[i].name;
    if (out->index == RECIPE_NONE)
        scope_unknown(&inner, "object", name, known);
    return out->index != RECIPE_NONE;
}

bool recipe_parse_slot(struct recipe *r, const struct scope *scope, const char *key,
                       const json_t *json, struct sequence *sequence, enum slot_use use,
                       struct slot *out)
{
    struct scope inner = scope_enter(scope, key);
    const struct form *form;

    *out = (struct slot){0};
    if (use == USE_COIN && json_is_string(json))
        return parse_short(r, scope, key, json_string_value(json), out);
    if (!settings_is_table(json)) {
        scope_expected(scope, key, slot_text, json);
        return false;
    }
    form = form_of(&inner, json);
    return form != NULL && check_beside(&inner, json, form) &&
           form->parse(r, &inner, json, sequence, out) && check_use(scope, key, out, use);
}
