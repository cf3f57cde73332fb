/* Objects and markets of a recipe: what the configuration names. */
#include "recipe/parts.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "model/market.h"
#include "model/value.h"

#define MARKET_ID_BYTES 96

static const char *const object_keys[] = {"id", "shared", "mutable", "owned", NULL};
static const char name_text[] = "a name (1 to 64 of a-z, 0-9, '_', '-')";

bool recipe_check_keys(const struct scope *scope, const json_t *json, const char *const *known)
{
    const json_t *value;
    const char *key;
    bool ok = true;

    json_object_foreach((json_t *)json, key, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0)
            i++;
        if (known[i] == NULL)
            scope_unknown(scope, "key", key, known);
        ok = ok && known[i] != NULL;
    }
    return ok;
}

static bool parse_id(const struct scope *scope, const json_t *json, struct sui_address *out)
{
    const json_t *value = json_object_get(json, "id");
    struct sui_address clock = sui_address_small(6);
    struct error why = ERROR_INIT;

    if (!json_is_string(value) ||
        sui_address_parse(json_string_value(value), json_string_length(value), out, &why) != 0) {
        scope_expected(scope, "id", "an object's id (0x and 1 to 64 hex digits)", value);
        return false;
    }
    if (!sui_address_equal(out, &clock))
        return true;
    scope_problem(scope, "id", "a slot asks for it with {clock = true}",
                  "0x6 is the clock, which needs no name");
    return false;
}

/* `shared`: true, or the initial version. */
static bool parse_shared(const struct scope *scope, const json_t *value, uint64_t *version)
{
    uint64_t number = 0;

    if (json_is_true(value) || (value_to_u64(value, &number) == 0 && number > 0)) {
        *version = number;
        return true;
    }
    scope_expected(scope, "shared", "true, or the initial version (an integer of 1 or more)",
                   value);
    return false;
}

static bool parse_kind(const struct scope *scope, const json_t *json, struct recipe_object *out)
{
    const json_t *shared = json_object_get(json, "shared"), *owned = json_object_get(json, "owned");
    const json_t *mutable = json_object_get(json, "mutable");

    if ((shared == NULL) == (owned == NULL)) {
        scope_problem(scope, NULL, NULL,
                      "expected either shared = true (or its initial version) or owned = true");
        return false;
    }
    if (owned != NULL && !json_is_true(owned)) {
        scope_expected(scope, "owned", "true", owned);
        return false;
    }
    if (mutable != NULL && (owned != NULL || !json_is_boolean(mutable))) {
        scope_expected(scope, "mutable", "true or false, of a shared object only", mutable);
        return false;
    }
    out->is_shared = shared != NULL;
    out->is_mutable = json_is_true(mutable);
    return shared == NULL || parse_shared(scope, shared, &out->initial_version);
}

static bool same(const struct recipe_object *a, const struct recipe_object *b)
{
    return a->is_shared == b->is_shared && a->initial_version == b->initial_version &&
           a->is_mutable == b->is_mutable;
}

/* One object has one description, however many names. */
static size_t add_object(struct recipe *r, const struct scope *scope,
                         const struct recipe_object *object, const char *label)
{
    for (size_t i = 0; i < r->object_count; i++) {
        if (!sui_address_equal(&r->objects[i].object.id, &object->id))
            continue;
        if (same(&r->objects[i].object, object))
            return i;
        scope_problem(scope, "id", NULL,
                      "the same object is described otherwise before (as '%s'): expected the same "
                      "shared, mutable and owned",
                      r->objects[i].label);
        return RECIPE_NONE;
    }
    if (r->object_count == RECIPE_OBJECTS) {
        scope_problem(scope, NULL, NULL,
                      "more than %d objects, with those of the markets: at most that many",
                      RECIPE_OBJECTS);
        return RECIPE_NONE;
    }
    r->objects[r->object_count] = (struct named_object){.object = *object, .label = label};
    return r->object_count++;
}

size_t recipe_parse_object(struct recipe *r, const struct scope *scope, const json_t *json,
                           const char *label)
{
    struct recipe_object object = {0};
    bool ok;

    recipe_check_keys(scope, json, object_keys);
    ok = parse_id(scope, json, &object.id);
    ok = parse_kind(scope, json, &object) && ok;
    return ok ? add_object(r, scope, &object, label) : RECIPE_NONE;
}

size_t recipe_object_named(const struct recipe *r, const char *name)
{
    for (size_t i = 0; i < r->name_count; i++)
        if (strcmp(r->names[i].name, name) == 0)
            return r->names[i].object;
    return RECIPE_NONE;
}

static bool name_ok(const struct scope *scope, const char *key)
{
    if (text_is_name(key))
        return true;
    scope_problem(scope, key, NULL, "expected %s as the key", name_text);
    return false;
}

void recipe_parse_objects(struct recipe *r, const struct scope *outer)
{
    const json_t *table = scope_table(outer, r->json, "objects"), *value;
    struct scope scope = scope_enter(outer, "objects");
    const char *key;

    json_object_foreach((json_t *)table, key, value)
    {
        struct scope inner = scope_enter(&scope, key);
        size_t object;
        if (!name_ok(&scope, key))
            continue;
        if (strcmp(key, "gas") == 0) {
            scope_problem(&scope, key, NULL, "'gas' is the gas coin's name: choose another");
        } else if (!settings_is_table(value)) {
            scope_expected(&scope, key, "an object ({id = \"0x…\", shared = true})", value);
        } else {
            object = recipe_parse_object(r, &inner, value, key);
            if (object != RECIPE_NONE && r->name_count < RECIPE_OBJECTS)
                r->names[r->name_count++] = (struct object_name){.name = key, .object = object};
            else if (object != RECIPE_NONE)
                scope_problem(&scope, key, NULL, "more than %d names: at most that many",
                              RECIPE_OBJECTS);
        }
    }
}

/* ---- markets ---- */

static void parse_expiry(const struct scope *scope, const json_t *value, struct recipe_market *m)
{
    char feed[LIMIT_NAME_BYTES + 1];
    int64_t at;

    if (value != NULL) {
        m->has_expiry = value_to_u64(value, &m->expiry) == 0;
        if (!m->has_expiry)
            scope_expected(scope, "expiry", "an integer of 0 or more", value);
    } else if (market_id_parse(m->key, feed, &at) == 0) {
        m->has_expiry = true;
        m->expiry = (uint64_t)at;
    }
}

static void parse_entry(struct recipe *r, const struct scope *scope, const char *key,
                        const json_t *value, struct recipe_market *m)
{
    struct scope inner = scope_enter(scope, key);
    struct market_entry entry = {.name = key, .value = value, .is_object = json_is_object(value)};

    if (!name_ok(scope, key))
        return;
    if (entry.is_object) {
        if (!settings_is_table(value)) {
            scope_expected(scope, key, "an object or a value", value);
            return;
        }
        entry.object = recipe_parse_object(r, &inner, value, key);
        if (entry.object == RECIPE_NONE)
            return;
    } else if (!json_is_string(value) && !json_is_number(value) && !json_is_boolean(value)) {
        scope_expected(scope, key,
                       "an object ({id = \"0x…\", shared = true}) or a value (text, an integer, "
                       "true or false)",
                       value);
        return;
    }
    m->entries[m->entry_count++] = entry;
}

static void parse_market(struct recipe *r, const struct scope *scope, const char *key,
                         const json_t *table)
{
    struct recipe_market *m = &r->markets[r->market_count];
    size_t count = json_object_size(table);
    const json_t *value;
    const char *name;

    *m = (struct recipe_market){.key = key, .is_feed = text_is_name(key)};
    if (count > RECIPE_ENTRIES) {
        scope_problem(scope, NULL, NULL, "%zu entries: at most %d", count, RECIPE_ENTRIES);
        return;
    }
    m->entries = sui_memory_take(&r->memory, count, sizeof *m->entries);
    parse_expiry(scope, json_object_get(table, "expiry"), m);
    json_object_foreach((json_t *)table, name, value)
    {
        if (strcmp(name, "expiry") != 0)
            parse_entry(r, scope, name, value, m);
    }
    r->market_count++;
}

void recipe_parse_markets(struct recipe *r, const struct scope *outer)
{
    const json_t *table = scope_table(outer, r->json, "markets"), *value;
    struct scope scope = scope_enter(outer, "markets");
    const char *key;

    if (json_object_size(table) > RECIPE_MARKETS) {
        scope_problem(outer, "markets", NULL, "%zu markets: at most %d", json_object_size(table),
                      RECIPE_MARKETS);
        return;
    }
    r->markets = sui_memory_take(&r->memory, json_object_size(table), sizeof *r->markets);
    json_object_foreach((json_t *)table, key, value)
    {
        struct scope inner = scope_enter(&scope, key);
        size_t len = strlen(key);
        if (len == 0 || len > MARKET_ID_BYTES || !text_is_printable(key, len))
            scope_problem(&scope, key, NULL,
                          "expected a market id or a feed's name (1 to %d printable bytes) as the "
                          "key",
                          MARKET_ID_BYTES);
        else if (!settings_is_table(value))
            scope_expected(&scope, key, "a market ({oracle = {id = …}, …})", value);
        else
            parse_market(r, &inner, key, value);
    }
}

static size_t market_with_key(const struct recipe *r, const char *key)
{
    for (size_t i = 0; i < r->market_count; i++)
        if (strcmp(r->markets[i].key, key) == 0)
            return i;
    return RECIPE_NONE;
}

size_t recipe_market_of(const struct recipe *r, const char *id)
{
    char feed[LIMIT_NAME_BYTES + 1];
    size_t market = market_with_key(r, id);
    int64_t at;

    if (market == RECIPE_NONE && market_id_parse(id, feed, &at) == 0)
        return market_with_key(r, feed);
    return market;
}

/* ---- columns ---- */

static const struct market_entry *entry_of(const struct recipe_market *m, const char *name)
{
    for (size_t i = 0; i < m->entry_count; i++)
        if (strcmp(m->entries[i].name, name) == 0)
            return &m->entries[i];
    return NULL;
}

static void missing(const struct scope *scope, const struct recipe_market *m, const char *name)
{
    const char *known[RECIPE_ENTRIES + 1] = {NULL};
    const char *near;
    char hint[128];

    for (size_t i = 0; i < m->entry_count; i++)
        known[i] = m->entries[i].name;
    near = text_nearest(name, known);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    scope_problem(scope, "market", near ? hint : NULL, "the market '%s' has no '%s'", m->key, name);
}

static struct sui_pure keep(struct recipe *r, const struct buf *bytes)
{
    return (struct sui_pure){.bytes = sui_memory_copy(&r->memory, bytes->data, bytes->len, 1),
                             .len = bytes->len};
}

static bool fill_value(struct recipe *r, const struct scope *scope, const struct column *column,
                       const struct recipe_market *m, const struct market_entry *entry,
                       struct cell *cell)
{
    struct error why = ERROR_INIT;
    struct buf bytes;
    bool ok;

    buf_init(&bytes, SUI_PURE_BYTES);
    if (entry->is_object && scalar_is_address(column->type))
        buf_add(&bytes, r->objects[entry->object].object.id.bytes, SUI_ADDRESS_BYTES);
    else if (entry->is_object)
        error_set(&why, ERROR_CONFIG, "it is an object: expected type = \"id\"");
    else
        scalar_put(&bytes, column->type, entry->value, &why);
    ok = why.code == ERROR_NONE;
    if (ok)
        cell->bytes = keep(r, &bytes);
    else
        scope_problem(scope, "market", NULL, "'%s' of the market '%s': %s", column->name, m->key,
                      why.message);
    buf_release(&bytes);
    return ok;
}

static bool fill(struct recipe *r, const struct scope *scope, const struct column *column,
                 size_t market)
{
    const struct recipe_market *m = &r->markets[market];
    const struct market_entry *entry = entry_of(m, column->name);
    struct cell *cell = &column->cells[market];

    if (entry == NULL) {
        missing(scope, m, column->name);
        return false;
    }
    cell->object = entry->object;
    if (!column->is_object)
        return fill_value(r, scope, column, m, entry, cell);
    if (!entry->is_object)
        scope_problem(scope, "market", NULL,
                      "'%s' of the market '%s' is a value: expected a type with it", column->name,
                      m->key);
    return entry->is_object;
}

size_t recipe_column(struct recipe *r, const struct scope *scope, const char *name, bool is_object,
                     enum scalar_type type)
{
    struct column *column;

    for (size_t i = 0; i < r->column_count; i++) {
        column = &r->columns[i];
        if (strcmp(column->name, name) == 0 && column->is_object == is_object &&
            column->type == type)
            return i;
    }
    if (r->column_count == RECIPE_COLUMNS) {
        scope_problem(scope, "market", NULL, "more than %d different values of markets in use",
                      RECIPE_COLUMNS);
        return RECIPE_NONE;
    }
    column = &r->columns[r->column_count];
    *column = (struct column){.name = name, .is_object = is_object, .type = type};
    column->cells = sui_memory_take(&r->memory, r->market_count, sizeof *column->cells);
    for (size_t i = 0; i < r->market_count; i++)
        if (!fill(r, scope, column, i))
            return RECIPE_NONE;
    return r->column_count++;
}
