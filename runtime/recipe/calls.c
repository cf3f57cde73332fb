/* The sequences of a recipe: their commands, as the configuration says them. */
#include "recipe/parts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define TARGET_BYTES 256

const char *recipe_place(size_t index, char out[RECIPE_PLACE_BYTES])
{
    snprintf(out, RECIPE_PLACE_BYTES, "%zu", index + 1);
    return out;
}

/* Lua has one empty table for both. */
static bool is_empty(const json_t *array)
{
    return (json_is_array(array) && json_array_size(array) == 0) ||
           (json_is_object(array) && json_object_size(array) == 0);
}

size_t recipe_items(const struct scope *scope, const char *key, const json_t *array, size_t max,
                    const char *what)
{
    size_t count = json_array_size(array);

    if (is_empty(array))
        return 0;
    if (!json_is_array(array)) {
        scope_expected(scope, key, what, array);
    } else if (count > max) {
        scope_problem(scope, key, NULL, "expected at most %zu, got %zu", max, count);
        count = 0;
    }
    return count;
}

/* ---- one command ---- */

static bool refuse_target(const struct scope *scope, const struct error *why)
{
    scope_problem(scope, "target", NULL, "expected \"0x…::module::function\": %s", why->message);
    return false;
}

/* "0x…::module::function" */
static bool parse_target(struct recipe *r, const struct scope *scope, const json_t *json,
                         struct sui_call *out)
{
    const json_t *value = json_object_get(json, "target");
    const char *text = json_string_value(value), *module, *function;
    struct error why = ERROR_INIT;
    size_t module_len;

    module = text ? strstr(text, "::") : NULL;
    function = module ? strstr(module + 2, "::") : NULL;
    if (function == NULL || strlen(text) != json_string_length(value)) {
        scope_expected(scope, "target", "\"0x…::module::function\"", value);
        return false;
    }
    module_len = (size_t)(function - module) - 2;
    if (sui_address_parse(text, (size_t)(module - text), &out->package, &why) != 0 ||
        sui_name_check(module + 2, module_len, "module", &why) != 0 ||
        sui_name_check(function + 2, strlen(function + 2), "function", &why) != 0)
        return refuse_target(scope, &why);
    out->module = sui_memory_text(&r->memory, module + 2, module_len);
    out->function = function + 2;
    return true;
}

static bool parse_type(struct recipe *r, const struct scope *scope, const char *key,
                       const json_t *value, struct sui_type *out)
{
    const char *text = json_string_value(value);
    struct error why = ERROR_INIT;

    if (text == NULL || strlen(text) != json_string_length(value)) {
        scope_expected(scope, key, "a type (\"0x2::sui::SUI\", \"u64\")", value);
        return false;
    }
    if (sui_type_parse(&r->memory, text, out, &why) != 0 || sui_type_check(out, &why) != 0) {
        scope_problem(scope, key, NULL, "%s", why.message);
        return false;
    }
    return true;
}

static bool parse_types(struct recipe *r, const struct scope *scope, const json_t *json,
                        struct sui_call *out)
{
    const json_t *array = json_object_get(json, "type_arguments");
    struct scope inner = scope_enter(scope, "type_arguments");
    size_t count = array ? recipe_items(scope, "type_arguments", array, SUI_TYPE_ARGUMENTS,
                                        "an array of types")
                         : 0;
    struct sui_type *types = sui_memory_take(&r->memory, count, sizeof *types);
    bool ok = array == NULL || json_is_array(array) || json_is_object(array);
    char place[RECIPE_PLACE_BYTES];

    for (size_t i = 0; i < count; i++)
        ok = parse_type(r, &inner, recipe_place(i, place), json_array_get(array, i), &types[i]) &&
             ok;
    out->types = types;
    out->type_count = count;
    return ok;
}

static bool parse_slots(struct recipe *r, const struct scope *scope, const char *key,
                        const json_t *json, struct sequence *s, enum slot_use use, struct step *out)
{
    const json_t *array = json_object_get(json, key);
    size_t count = array || use != USE_ARGUMENT
                       ? recipe_items(scope, key, array, RECIPE_ARGUMENTS, "an array of slots")
                       : 0;
    struct scope inner = scope_enter(scope, key);
    char place[RECIPE_PLACE_BYTES];
    bool ok = true;

    out->slots = sui_memory_take(&r->memory, count, sizeof *out->slots);
    out->count = count;
    for (size_t i = 0; i < count; i++)
        ok = recipe_parse_slot(r, &inner, recipe_place(i, place), json_array_get(array, i), s, use,
                               &out->slots[i]) &&
             ok;
    if (use == USE_ARGUMENT || use == USE_ITEM)
        return ok;
    if (is_empty(array))
        scope_problem(scope, key, NULL, "expected at least one slot");
    return ok && count > 0;
}

static bool parse_call(struct recipe *r, const struct scope *scope, const json_t *json,
                       struct sequence *s, struct step *out)
{
    bool ok = parse_target(r, scope, json, &out->call);

    ok = parse_types(r, scope, json, &out->call) && ok;
    return parse_slots(r, scope, "arguments", json, s, USE_ARGUMENT, out) && ok;
}

static bool parse_split(struct recipe *r, const struct scope *scope, const json_t *json,
                        struct sequence *s, struct step *out)
{
    bool ok = recipe_parse_slot(r, scope, "split", json_object_get(json, "split"), s, USE_COIN,
                                &out->alone);

    return parse_slots(r, scope, "amounts", json, s, USE_AMOUNT, out) && ok;
}

static bool parse_merge(struct recipe *r, const struct scope *scope, const json_t *json,
                        struct sequence *s, struct step *out)
{
    bool ok = recipe_parse_slot(r, scope, "merge", json_object_get(json, "merge"), s, USE_COIN,
                                &out->alone);

    return parse_slots(r, scope, "coins", json, s, USE_COINS, out) && ok;
}

static bool parse_transfer(struct recipe *r, const struct scope *scope, const json_t *json,
                           struct sequence *s, struct step *out)
{
    bool ok = parse_slots(r, scope, "transfer", json, s, USE_COINS, out);

    return recipe_parse_slot(r, scope, "to", json_object_get(json, "to"), s, USE_RECIPIENT,
                             &out->alone) &&
           ok;
}

static bool is_value(enum slot_kind kind)
{
    return kind == SLOT_MARKET_VALUE || kind == SLOT_EXPIRY || kind == SLOT_PARAM ||
           kind == SLOT_ARGUMENT || kind == SLOT_LITERAL || kind == SLOT_SENDER;
}

static bool parse_vector(struct recipe *r, const struct scope *scope, const json_t *json,
                         struct sequence *s, struct step *out)
{
    const json_t *type = json_object_get(json, "type");
    struct sui_type *element = sui_memory_take(&r->memory, 1, sizeof *element);
    bool ok = parse_slots(r, scope, "vector", json, s, USE_ITEM, out), needed = out->count == 0;

    for (size_t i = 0; i < out->count; i++)
        needed = needed || is_value(out->slots[i].kind);
    if (type != NULL) {
        out->type = element;
        return parse_type(r, scope, "type", type, element) && ok;
    }
    if (ok && needed)
        scope_problem(scope, "type", NULL,
                      "is missing: an empty vector, or one of values, needs the type of its items");
    return ok && !needed;
}

static const struct {
    const char *name;
    enum sui_command_kind kind;
    bool (*parse)(struct recipe *, const struct scope *, const json_t *, struct sequence *,
                  struct step *);
    const char *known[4];
} forms[] = {
    {"target", SUI_CALL, parse_call, {"target", "type_arguments", "arguments", NULL}},
    {"split", SUI_SPLIT, parse_split, {"split", "amounts", NULL}},
    {"merge", SUI_MERGE, parse_merge, {"merge", "coins", NULL}},
    {"transfer", SUI_TRANSFER, parse_transfer, {"transfer", "to", NULL}},
    {"vector", SUI_MAKE_VECTOR, parse_vector, {"vector", "type", NULL}},
};

enum { FORMS = sizeof forms / sizeof forms[0] };

bool recipe_parse_step(struct recipe *r, const struct scope *scope, const json_t *json,
                       struct sequence *sequence, struct step *out)
{
    static const char *const every[] = {"target", "split", "merge", "transfer", "vector", NULL};

    *out = (struct step){0};
    for (size_t i = 0; i < FORMS; i++) {
        if (json_object_get(json, forms[i].name) == NULL)
            continue;
        out->kind = forms[i].kind;
        return recipe_check_keys(scope, json, forms[i].known) &&
               forms[i].parse(r, scope, json, sequence, out);
    }
    if (json_object_size(json) == 0)
        scope_problem(scope, NULL, NULL,
                      "expected a command: target, split, merge, transfer or vector");
    return recipe_check_keys(scope, json, every) && false;
}

/* ---- sequences ---- */

/* A coin that was split off must go somewhere: it cannot be dropped. */
static bool check_parts(const struct scope *scope, const struct sequence *s)
{
    bool ok = true;

    for (size_t i = 0; i < s->count; i++) {
        for (size_t part = 0; s->steps[i].kind == SUI_SPLIT && part < s->steps[i].count; part++) {
            bool used = false;
            for (size_t k = i + 1; k < s->count; k++) {
                const struct step *step = &s->steps[k];
                for (size_t n = 0; n <= step->count; n++) {
                    const struct slot *slot = n < step->count ? &step->slots[n] : &step->alone;
                    used = used ||
                           (slot->index == i && (slot->kind == SLOT_RESULT ||
                                                 (slot->kind == SLOT_PART && slot->part == part)));
                }
            }
            if (!used)
                scope_problem(scope, NULL, NULL,
                              "part %zu of command %zu is used nowhere: a coin that is split off "
                              "must go somewhere",
                              part + 1, i + 1);
            ok = ok && used;
        }
    }
    return ok;
}

static bool check_arguments(const struct scope *scope, const struct sequence *s)
{
    for (size_t i = 0; i < s->argument_count; i++)
        if (!s->argument_used[i]) {
            scope_problem(scope, NULL, NULL, "argument %zu is used nowhere, though a later one is",
                          i + 1);
            return false;
        }
    return true;
}

static bool uses(const struct sequence *s, size_t field, bool is_market)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t k = 0; k < s->steps[i].count; k++) {
            const struct slot *slot = &s->steps[i].slots[k];
            if ((slot->kind == SLOT_PARAM && slot->index == field) ||
                (is_market && (slot->kind == SLOT_MARKET_OBJECT ||
                               slot->kind == SLOT_MARKET_VALUE || slot->kind == SLOT_EXPIRY)))
                return true;
        }
    return false;
}

/* What a strategy must say and nothing asks for. */
static void warn_unused(const struct scope *scope, const struct sequence *s)
{
    const struct action_spec *spec = action_spec(s->kind);

    for (size_t i = 0; s->kind != ACTION_CALL && i < spec->field_count; i++)
        if (spec->fields[i].required && !uses(s, i, strcmp(spec->fields[i].name, "market_id") == 0))
            scope_warn(scope, NULL, NULL, "the action's '%s' is used nowhere",
                       spec->fields[i].name);
}

static void parse_sequence(struct recipe *r, const struct scope *outer, const char *key,
                           const json_t *array, enum action_kind kind)
{
    struct scope scope = scope_enter(outer, key);
    struct sequence *s = &r->sequences[r->sequence_count];
    size_t count =
        recipe_items(outer, key, array, RECIPE_COMMANDS, "a sequence: an array of commands");
    char place[RECIPE_PLACE_BYTES];
    bool ok = true;

    *s = (struct sequence){.kind = kind, .target = kind == ACTION_CALL ? key : NULL};
    s->steps = sui_memory_take(&r->memory, count, sizeof *s->steps);
    for (size_t i = 0; i < count; i++) {
        const json_t *json = json_array_get(array, i);
        struct scope inner = scope_enter(&scope, recipe_place(i, place));
        if (!json_is_object(json)) {
            scope_expected(&scope, place, "a command (a table)", json);
            ok = false;
        } else {
            ok = recipe_parse_step(r, &inner, json, s, &s->steps[i]) && ok;
        }
        s->count++;
    }
    if (is_empty(array))
        scope_problem(outer, key, NULL, "expected at least one command");
    if (count > 0 && ok && check_parts(&scope, s) && check_arguments(&scope, s))
        warn_unused(&scope, s);
    r->sequence_count++;
}

/* What a generic action may name: {["0x…::m::f"] = sequence}. */
static void parse_targets(struct recipe *r, const struct scope *outer, const json_t *calls)
{
    const json_t *table = scope_table(outer, calls, "call"), *value;
    struct scope scope = scope_enter(outer, "call");
    const char *key;

    json_object_foreach((json_t *)table, key, value)
    {
        size_t len = strlen(key);
        if (len == 0 || len > TARGET_BYTES || !text_is_printable(key, len))
            scope_problem(&scope, key, NULL,
                          "expected a target (1 to %d printable bytes) as the "
                          "key",
                          TARGET_BYTES);
        else
            parse_sequence(r, &scope, key, value, ACTION_CALL);
    }
}

static void parse_kind(struct recipe *r, const struct scope *scope, const json_t *calls,
                       const char *key, const json_t *value)
{
    const char *known[ACTION_KIND_COUNT + 1] = {NULL};
    enum action_kind kind;
    size_t count = 0;

    if (action_kind_parse(key, &kind) == 0 && kind == ACTION_CALL) {
        parse_targets(r, scope, calls);
        return;
    }
    if (action_kind_parse(key, &kind) == 0 && kind != ACTION_NOOP && kind != ACTION_EMIT) {
        parse_sequence(r, scope, key, value, kind);
        return;
    }
    for (int i = 0; i < ACTION_KIND_COUNT; i++)
        if (i != ACTION_NOOP && i != ACTION_EMIT)
            known[count++] = action_spec((enum action_kind)i)->name;
    scope_unknown(scope, "action", key, known);
}

void recipe_parse_calls(struct recipe *r, const struct scope *outer)
{
    const json_t *calls = scope_table(outer, r->json, "calls"), *value;
    const json_t *targets = json_object_get(calls, "call");
    size_t count = json_object_size(calls) - (targets != NULL);
    struct scope scope = scope_enter(outer, "calls");
    const char *key;

    count += json_is_object(targets) ? json_object_size(targets) : 0;
    if (count > RECIPE_SEQUENCES) {
        scope_problem(outer, "calls", NULL, "%zu sequences: at most %d", count, RECIPE_SEQUENCES);
        return;
    }
    r->sequences = sui_memory_take(&r->memory, count, sizeof *r->sequences);
    json_object_foreach((json_t *)calls, key, value)
    {
        parse_kind(r, &scope, calls, key, value);
    }
}
