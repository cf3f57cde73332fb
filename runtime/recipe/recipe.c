#include "recipe/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/problem.h"

/* The three tables alone. */
static json_t *tables_of(const json_t *vault)
{
    static const char *const keys[] = {"objects", "markets", "calls"};
    json_t *out = json_object();

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *value = json_object_get(vault, keys[i]);
        if (value != NULL)
            json_object_set_new(out, keys[i], json_deep_copy(value));
    }
    return out;
}

struct recipe *recipe_parse(const struct scope *scope, const json_t *vault)
{
    struct recipe *r = mem_zero(1, sizeof *r);
    size_t before = scope->problems->errors;

    sui_memory_init(&r->memory);
    r->json = tables_of(vault);
    recipe_parse_objects(r, scope);
    recipe_parse_markets(r, scope);
    if (scope->problems->errors == before) /* else every name that is missing would be one more */
        recipe_parse_calls(r, scope);
    if (scope->problems->errors == before)
        return r;
    recipe_free(r);
    return NULL;
}

struct recipe *recipe_read(const json_t *json, struct error *e)
{
    static const char *const known[] = {"objects", "markets", "calls", NULL};
    struct problems problems = {0};
    struct recipe *r = NULL;
    struct scope scope;
    const json_t *value;
    const char *key;

    scope_init(&scope, "recipe", NULL, &problems);
    if (!json_is_object(json))
        scope_expected(&scope, NULL, "a recipe (a table)", json);
    json_object_foreach((json_t *)json, key, value)
    {
        if (strcmp(key, known[0]) != 0 && strcmp(key, known[1]) != 0 && strcmp(key, known[2]) != 0)
            scope_unknown(&scope, "key", key, known);
    }
    if (problems.errors == 0)
        r = recipe_parse(&scope, json);
    problems_to_error(&problems, e);
    problems_release(&problems);
    return r;
}

json_t *recipe_json(const struct recipe *r)
{
    return json_deep_copy(r->json);
}

void recipe_free(struct recipe *r)
{
    if (r == NULL)
        return;
    sui_memory_release(&r->memory);
    json_decref(r->json);
    free(r);
}

bool recipe_has(const struct recipe *r, enum action_kind kind)
{
    for (size_t i = 0; i < r->sequence_count; i++)
        if (r->sequences[i].kind == kind)
            return true;
    return false;
}

const struct sequence *recipe_sequence(const struct recipe *r, enum action_kind kind,
                                       const char *target)
{
    for (size_t i = 0; i < r->sequence_count; i++) {
        const struct sequence *s = &r->sequences[i];
        if (s->kind == kind && (kind != ACTION_CALL || strcmp(s->target, target) == 0))
            return s;
    }
    return NULL;
}

size_t recipe_object_count(const struct recipe *r)
{
    return r->object_count;
}

const struct recipe_object *recipe_object_at(const struct recipe *r, size_t index)
{
    return index < r->object_count ? &r->objects[index].object : NULL;
}

const char *recipe_shown(const char *text, char out[RECIPE_SHOWN_BYTES])
{
    struct buf shown;

    buf_init(&shown, RECIPE_SHOWN_BYTES - 1);
    text_add_inert(&shown, text, strlen(text), 64);
    snprintf(out, RECIPE_SHOWN_BYTES, "%s", buf_text(&shown));
    buf_release(&shown);
    return out;
}

const char *recipe_slot_text(const struct recipe *r, const struct slot *slot, char *out,
                             size_t size)
{
    const char *name = slot->name ? slot->name : "";

    switch (slot->kind) {
    case SLOT_OBJECT:
        snprintf(out, size, "object '%s'", r->objects[slot->index].label);
        break;
    case SLOT_MARKET_OBJECT:
    case SLOT_MARKET_VALUE:
    case SLOT_EXPIRY:
        snprintf(out, size, "market '%s'", name);
        break;
    case SLOT_PARAM:
        snprintf(out, size, "param '%s'", name);
        break;
    case SLOT_ARGUMENT:
        snprintf(out, size, "argument %zu of the action", slot->index + 1);
        break;
    case SLOT_LITERAL:
        if (slot->name != NULL)
            snprintf(out, size, "id of object '%s'", name);
        else
            snprintf(out, size, "a literal");
        break;
    case SLOT_CLOCK:
        snprintf(out, size, "the clock");
        break;
    case SLOT_GAS:
        snprintf(out, size, "the gas coin");
        break;
    case SLOT_SENDER:
        snprintf(out, size, "the sender");
        break;
    case SLOT_RESULT:
        snprintf(out, size, "result of command %zu", slot->index + 1);
        break;
    case SLOT_PART:
        snprintf(out, size, "part %d of command %zu", slot->part + 1, slot->index + 1);
        break;
    }
    return out;
}
