/*
 * property: random recipes, actions and changes of transactions; and actions read back from a
 * transaction that matches, without the matcher's help as far as values go.
 *
 * What must hold: a transaction that matches is one that some actions become. So the actions that
 * are read from it, built again, give its commands with exactly its values.
 */
#ifndef ORRERY_TESTS_RECIPE_PROPERTY_H
#define ORRERY_TESTS_RECIPE_PROPERTY_H

#include "unit/recipe/support.h"

#include "base/random.h"
#include "recipe/match.h"

static inline size_t pick(struct random *r, size_t bound)
{
    return bound ? (size_t)random_below(r, bound) : 0;
}

/* ---- random recipes: sequences of random commands over a few names ---- */

static const char *const property_kinds[] = {"mint_binary",  "redeem_binary", "mint_range",
                                             "redeem_range", "pm_deposit",    "supply_plp"};

static const char *const property_objects[] = {"predict", "manager", "usdc", "vault", "registry"};

/* A slot that gives a value which the action says; `field` counts through them. */
static inline void put_field_slot(struct random *r, struct buf *out, const struct action_field *f)
{
    static const char *const integers[] = {"u64", "u64", "u128", "u256"};
    const char *type = f->type == FIELD_BOOL   ? "bool"
                       : f->type == FIELD_TEXT ? "string"
                                               : integers[pick(r, 4)];

    buf_addf(out, "{'param': '%s', 'type': '%s'%s}", f->name, type,
             f->type == FIELD_U64 && pick(r, 4) == 0 ? ", 'max': 1000000" : "");
}

static inline void put_any_slot(struct random *r, struct buf *out, const struct action_spec *spec,
                                bool has_market)
{
    switch (pick(r, has_market ? 11 : 7)) {
    case 0:
    case 1:
        buf_addf(out, "{'object': '%s'}", property_objects[pick(r, 5)]);
        break;
    case 2:
        buf_add_str(out, "{'clock': true}");
        break;
    case 3:
        buf_add_str(out, pick(r, 2) ? "{'sender': true}" : "{'gas': true}");
        break;
    case 4:
        buf_addf(out, "{'literal': %zu, 'type': 'u8'}", pick(r, 3));
        break;
    case 5:
    case 6:
        put_field_slot(r, out, &spec->fields[pick(r, spec->field_count)]);
        break;
    case 7:
        buf_add_str(out, "{'market': 'oracle'}");
        break;
    case 8:
        buf_add_str(out, "{'market': 'oracle', 'type': 'id'}");
        break;
    case 9:
        buf_add_str(out, "{'market': 'expiry', 'type': 'u64'}");
        break;
    default:
        buf_add_str(out, pick(r, 2) ? "{'market': 'underlying', 'type': 'string'}"
                                    : "{'market': 'lot', 'type': 'u16'}");
    }
}

static inline void put_call(struct random *r, struct buf *out, const struct action_spec *spec,
                            bool has_market, size_t before)
{
    static const char *const types[] = {"", "'u64'", "'0x2::sui::SUI', 'vector<u8>'"};
    size_t count = pick(r, 5);

    buf_addf(out, "{'target': '0x%zu::m::f%zu', 'type_arguments': [%s], 'arguments': [",
             1 + pick(r, 2), pick(r, 3), types[pick(r, 3)]);
    for (size_t i = 0; i < count; i++) {
        buf_add_str(out, i > 0 ? ", " : "");
        if (before > 0 && pick(r, 4) == 0)
            buf_addf(out, "{'result': %zu%s}", 1 + pick(r, before),
                     pick(r, 2) ? ", 'part': 1" : "");
        else
            put_any_slot(r, out, spec, has_market);
    }
    buf_add_str(out, "]}");
}

/* Every field of the action is in some slot, so that the action can be read back in full. */
static inline void put_all_fields(struct random *r, struct buf *out, const struct action_spec *spec)
{
    buf_addf(out, "{'target': '0x3::m::f%zu', 'arguments': [", pick(r, 3));
    for (size_t i = 0; i < spec->field_count; i++) {
        buf_add_str(out, i > 0 ? ", " : "");
        put_field_slot(r, out, &spec->fields[i]);
    }
    buf_add_str(out, "]}");
}

static inline void put_sequence(struct random *r, struct buf *out, const char *name)
{
    enum action_kind kind;
    const struct action_spec *spec;
    bool has_market, amount = strcmp(name, "pm_deposit") == 0;
    size_t count = pick(r, 3);

    assert_int_equal(action_kind_parse(name, &kind), 0);
    spec = action_spec(kind);
    has_market = !amount && kind != ACTION_SUPPLY_PLP;
    buf_addf(out, "'%s': [", name);
    put_all_fields(r, out, spec);
    for (size_t i = 0; i < count; i++) {
        buf_add_str(out, ", ");
        put_call(r, out, spec, has_market, 0);
    }
    if (amount || pick(r, 3) == 0)
        buf_addf(out,
                 ", {'split': '%s', 'amounts': [{'param': '%s', 'type': 'u64'}]}, {'transfer': "
                 "[{'result': %zu, 'part': 1}], 'to': %s}",
                 pick(r, 2) ? "gas" : "usdc", has_market ? "quantity" : "amount", count + 2,
                 pick(r, 2) ? "{'sender': true}" : "{'literal': '0xf1', 'type': 'address'}");
    else
        buf_add_str(out, ", "), put_call(r, out, spec, has_market, 1);
    buf_add_char(out, ']');
}

static inline struct recipe *random_recipe(struct random *r)
{
    struct recipe *recipe;
    struct buf json;

    buf_init(&json, 1 << 20);
    buf_add_str(&json, "{" SAMPLE_OBJECTS ", " SAMPLE_MARKETS ", 'calls': {");
    for (size_t i = 0; i < 6; i++) {
        buf_add_str(&json, i > 0 ? ", " : "");
        put_sequence(r, &json, property_kinds[i]);
    }
    buf_add_str(&json, "}}");
    recipe = recipe_of(buf_text(&json));
    buf_release(&json);
    return recipe;
}

/* ---- random actions ---- */

static inline void random_action(struct random *r, struct buf *out)
{
    static const char *const markets[] = {"btc:1764547200000", "eth:1764547200001", "sol:99",
                                          "sol:100"};
    const char *name = property_kinds[pick(r, 6)];
    size_t small_number = 1 + pick(r, 3);

    buf_init(out, 1024);
    buf_addf(out, "{'kind': '%s'", name);
    if (strstr(name, "_binary") || strstr(name, "_range"))
        buf_addf(out, ", 'market_id': '%s', 'quantity': %zu", markets[pick(r, 4)], small_number);
    else
        buf_addf(out, ", 'amount': %zu", small_number);
    if (strstr(name, "_binary"))
        buf_addf(out, ", 'strike': %zu, 'is_up': %s", 1 + pick(r, 3),
                 pick(r, 2) ? "true" : "false");
    if (strstr(name, "_range"))
        buf_addf(out, ", 'lower_strike': %zu, 'higher_strike': %zu", small_number,
                 small_number + 1 + pick(r, 2));
    if (strncmp(name, "mint", 4) == 0)
        buf_addf(out, ", 'skip_auto_fund': %s", pick(r, 2) ? "true" : "false");
    buf_add_char(out, '}');
}

/* ---- a transaction with its inputs in the builder's order ---- */

static inline struct sui_argument renumber(struct sui_builder *b, const struct sui_transaction *tx,
                                           struct sui_argument a)
{
    const struct sui_input *in = a.kind == SUI_INPUT ? &tx->inputs[a.index] : NULL;
    struct sui_argument out = a;

    if (in == NULL)
        return a;
    if (in->kind == SUI_INPUT_PURE)
        WORKS(sui_builder_pure(b, in->as.pure.bytes, in->as.pure.len, &out, e));
    else if (in->kind == SUI_INPUT_OWNED)
        WORKS(sui_builder_owned(b, &in->as.object, &out, e));
    else
        WORKS(sui_builder_shared(b, &in->as.shared.id, in->as.shared.initial_version,
                                 in->as.shared.is_mutable, &out, e));
    return out;
}

static inline void rebuild(const struct sui_transaction *tx, struct sui_builder *b)
{
    begin(b);
    for (size_t i = 0; i < tx->command_count; i++) {
        struct sui_command c = tx->commands[i];
        const struct sui_argument *alone;
        struct sui_arguments list = sui_command_arguments(&c, &alone);
        struct sui_argument items[64], one = {0};
        if (c.kind == SUI_SPLIT || c.kind == SUI_MERGE)
            one = renumber(b, tx, *alone);
        for (size_t k = 0; k < list.count; k++)
            items[k] = renumber(b, tx, list.items[k]);
        if (c.kind == SUI_TRANSFER) {
            one = renumber(b, tx, *alone);
            WORKS(sui_builder_transfer(b, items, list.count, one, NULL, e));
        } else if (c.kind == SUI_SPLIT) {
            WORKS(sui_builder_split(b, one, items, list.count, NULL, e));
        } else if (c.kind == SUI_MERGE) {
            WORKS(sui_builder_merge(b, one, items, list.count, NULL, e));
        } else if (c.kind == SUI_CALL) {
            c.as.call.arguments = (struct sui_arguments){items, list.count};
            WORKS(sui_builder_call(b, &c.as.call, NULL, e));
        } else {
            WORKS(sui_builder_vector(b, c.as.vector.type, items, list.count, NULL, e));
        }
    }
}

/* ---- the actions of a transaction ---- */

/* The value of the field in the sequence's first command, where all of them stand. */
static inline void put_read_field(const struct sui_transaction *tx, size_t command, size_t place,
                                  const struct action_field *f, struct buf *out)
{
    const struct sui_argument *alone;
    struct sui_argument a = sui_command_arguments(&tx->commands[command], &alone).items[place];
    const struct sui_pure *p = &tx->inputs[a.index].as.pure;
    uint64_t number = 0;

    for (size_t i = 0; i < 8 && i < p->len; i++)
        number |= (uint64_t)p->bytes[i] << (8 * i);
    if (f->type == FIELD_TEXT)
        buf_addf(out, ", '%s': '%.*s'", f->name, (int)p->len - 1, (const char *)p->bytes + 1);
    else if (f->type == FIELD_BOOL)
        buf_addf(out, ", '%s': %s", f->name, p->bytes[0] ? "true" : "false");
    else
        buf_addf(out, ", '%s': '%llu'", f->name, (unsigned long long)number);
}

/* The transaction of the actions that `tx` (of a random recipe) is. */
static inline void build_again(const struct recipe *r, const struct sui_transaction *tx,
                               const struct sequence *const *ways, struct sui_builder *b)
{
    begin(b);
    for (size_t at = 0; at < tx->command_count; at += ways[at]->count) {
        const struct action_spec *spec = action_spec(ways[at]->kind);
        struct buf json;
        buf_init(&json, 4096);
        buf_addf(&json, "{'kind': '%s'", spec->name);
        for (size_t i = 0; i < spec->field_count; i++)
            put_read_field(tx, at, i, &spec->fields[i], &json);
        buf_add_char(&json, '}');
        build(r, buf_text(&json), b);
        buf_release(&json);
    }
}

/* ---- one change ---- */

static inline struct sui_argument random_argument(struct random *r,
                                                  const struct sui_transaction *tx, size_t command)
{
    struct sui_argument a = {.kind = SUI_INPUT, .index = (uint16_t)pick(r, tx->input_count)};

    if (command > 0 && pick(r, 3) == 0) {
        a = (struct sui_argument){.kind = SUI_RESULT, .index = (uint16_t)pick(r, command)};
        return pick(r, 2) ? a : sui_part(a, (uint16_t)pick(r, 2));
    }
    return pick(r, 8) ? a : sui_gas_coin();
}

static inline void change_argument(struct random *r, struct sui_transaction *tx)
{
    size_t at = pick(r, tx->command_count);
    const struct sui_argument *alone;
    struct sui_arguments list = sui_command_arguments(&tx->commands[at], &alone);

    if (alone != NULL && pick(r, 2) == 0)
        *(struct sui_argument *)alone = random_argument(r, tx, at);
    else if (list.count > 0)
        ((struct sui_argument *)list.items)[pick(r, list.count)] = random_argument(r, tx, at);
}

static inline void change_pure(struct random *r, struct sui_transaction *tx, struct sui_pure *p)
{
    uint8_t *bytes = sui_memory_take(&tx->memory, p->len + 1, 1);

    if (p->len > 0)
        memcpy(bytes, p->bytes, p->len);
    if (pick(r, 6) == 0)
        p->len += pick(r, 2) ? 1 : p->len > 0 ? (size_t)-1 : 0;
    else if (p->len > 0)
        bytes[pick(r, 2) ? 0 : pick(r, p->len)] = (uint8_t)pick(r, pick(r, 2) ? 4 : 256);
    p->bytes = bytes;
}

static inline void change_input(struct random *r, struct sui_transaction *tx)
{
    struct sui_input *in = &tx->inputs[pick(r, tx->input_count)];
    static const uint8_t ids[] = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xb1, 0xb2, 0xb3, 6, 7};

    if (in->kind == SUI_INPUT_PURE) {
        change_pure(r, tx, &in->as.pure);
    } else if (in->kind == SUI_INPUT_SHARED) {
        if (pick(r, 3) == 0)
            in->as.shared.is_mutable = !in->as.shared.is_mutable;
        else if (pick(r, 2) == 0)
            in->as.shared.initial_version += 1;
        else
            in->as.shared.id = small(ids[pick(r, 10)]);
    } else {
        in->as.object.id = small(ids[pick(r, 10)]);
    }
}

static inline void change_command(struct random *r, struct sui_transaction *tx)
{
    size_t at = pick(r, tx->command_count), with = pick(r, tx->command_count);
    struct sui_command *c = &tx->commands[at], kept = *c;
    static const char *const names[] = {"f0", "f1", "f2", "f3"};

    switch (pick(r, 4)) {
    case 0:
        *c = tx->commands[with];
        tx->commands[with] = kept;
        break;
    case 1:
        *c = tx->commands[with];
        break;
    case 2:
        tx->command_count = 1 + pick(r, tx->command_count);
        break;
    default:
        if (c->kind == SUI_CALL && pick(r, 2) == 0)
            c->as.call.function = names[pick(r, 4)];
        else if (c->kind == SUI_CALL && pick(r, 2) == 0)
            c->as.call.package = small((uint8_t)(1 + pick(r, 4)));
        else if (c->kind == SUI_CALL && c->as.call.type_count > 0)
            c->as.call.type_count--;
    }
}

static inline void random_change(struct random *r, struct sui_transaction *tx)
{
    switch (pick(r, 4)) {
    case 0:
        change_command(r, tx);
        break;
    case 1:
        change_argument(r, tx);
        break;
    default:
        if (tx->input_count > 0)
            change_input(r, tx);
    }
}

#endif
