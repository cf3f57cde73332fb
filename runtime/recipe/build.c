/* Actions become commands. */
#include "recipe/parts.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "model/market.h"
#include "model/value.h"

/* One action on its way into the builder. */
struct making {
    const struct recipe *r;
    const struct sequence *s;
    const struct action *action;
    const struct recipe_world *world;
    struct sui_builder *b;
    struct error *e;
    size_t first;  /* the command that is the sequence's first */
    size_t market; /* NONE: the action has none, or it is none of the recipe's */
    bool has_expiry;
    uint64_t expiry;
};

static const char *kind_name(const struct action *action)
{
    return action_spec(action->kind)->name;
}

/* ---- which sequence, which market ---- */

static int refuse_target(const struct recipe *r, const struct action *action, struct error *e)
{
    const char *known[RECIPE_SEQUENCES + 1] = {NULL};
    char shown[RECIPE_SHOWN_BYTES];
    const char *near;
    size_t count = 0;

    for (size_t i = 0; i < r->sequence_count; i++)
        if (r->sequences[i].kind == ACTION_CALL)
            known[count++] = r->sequences[i].target;
    near = text_nearest(action->target, known);
    error_set(e, ERROR_UNSUPPORTED,
              "call: field 'target': the vault has no such target in calls.call, got \"%s\"",
              recipe_shown(action->target, shown));
    if (near != NULL)
        error_hint(e, "did you mean '%s'?", recipe_shown(near, shown));
    return -1;
}

static int refuse_kind(const struct recipe *r, const struct action *action, struct error *e)
{
    char list[160] = "";
    size_t used = 0;

    if (action->kind == ACTION_CALL && recipe_has(r, ACTION_CALL))
        return refuse_target(r, action, e);
    for (size_t i = 0; i < r->sequence_count && used < sizeof list; i++)
        if (r->sequences[i].kind != ACTION_CALL)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                                     action_spec(r->sequences[i].kind)->name);
    error_set(e, ERROR_UNSUPPORTED, "%s: this vault has no sequence of commands for it (calls.%s)",
              kind_name(action), kind_name(action));
    error_hint(e, "it can: %s", used ? list : "nothing");
    return -1;
}

/* The expiry of the market: its own, or that of the action's market id. They agree. */
static int find_expiry(struct making *m, const struct recipe_market *market)
{
    char feed[LIMIT_NAME_BYTES + 1];
    int64_t at = 0;
    bool said = strcmp(market->key, m->action->market_id) != 0 &&
                market_id_parse(m->action->market_id, feed, &at) == 0;

    m->has_expiry = said || market->has_expiry;
    m->expiry = market->has_expiry ? market->expiry : (uint64_t)at;
    if (said && m->expiry != (uint64_t)at)
        return error_set(m->e, ERROR_INVALID,
                         "%s: field 'market_id': the market '%s' expires at %llu, got \"%.100s\"",
                         kind_name(m->action), market->key, (unsigned long long)market->expiry,
                         m->action->market_id);
    return 0;
}

static int find_market(struct making *m)
{
    const char *id = m->action->market_id;

    m->market = RECIPE_NONE;
    if (id == NULL || m->r->market_count == 0)
        return 0;
    m->market = recipe_market_of(m->r, id);
    if (m->market == RECIPE_NONE)
        return error_set(m->e, ERROR_NOT_FOUND,
                         "%s: field 'market_id': the vault has no market \"%.100s\"",
                         kind_name(m->action), id);
    return find_expiry(m, &m->r->markets[m->market]);
}

/* What a generic call says besides its target. */
static int check_call(const struct making *m)
{
    const struct action *a = m->action;
    const struct sui_call *call = NULL;
    size_t given = json_array_size(a->arguments), types = json_array_size(a->type_arguments);
    struct error why = ERROR_INIT;
    struct sui_memory memory;
    bool same;

    if (given != m->s->argument_count)
        return error_set(m->e, ERROR_INVALID, "call: field 'arguments': expected %zu, got %zu",
                         m->s->argument_count, given);
    for (size_t i = 0; i < m->s->count; i++)
        if (m->s->steps[i].kind == SUI_CALL)
            call = &m->s->steps[i].call;
    if (types == 0)
        return 0;
    sui_memory_init(&memory);
    same = call != NULL && call->type_count == types;
    for (size_t i = 0; same && i < types; i++) {
        const char *text = json_string_value(json_array_get(a->type_arguments, i));
        struct sui_type type;
        same = text != NULL && sui_type_parse(&memory, text, &type, &why) == 0 &&
               sui_type_equal(&type, &call->types[i]);
    }
    sui_memory_release(&memory);
    if (!same)
        return error_set(m->e, ERROR_INVALID,
                         "call: field 'type_arguments': expected none, or those that the target is "
                         "configured with");
    return 0;
}

/* ---- slots ---- */

static int add_object(const struct making *m, size_t index, struct sui_argument *out)
{
    const struct named_object *named = &m->r->objects[index];
    const struct recipe_object *object = &named->object;
    struct sui_object_ref ref = {.id = object->id};
    uint64_t version = object->initial_version;
    char id[SUI_ADDRESS_TEXT_SIZE];

    if (!object->is_shared || version == 0) {
        if (!m->world->find(m->world->arg, &object->id, &ref, &version) ||
            (object->is_shared && version == 0))
            return error_set(m->e, ERROR_NOT_FOUND,
                             "the object '%s' (%s) is not known on the chain", named->label,
                             sui_address_text(&object->id, id));
        ref.id = object->id;
    }
    if (object->is_shared)
        return sui_builder_shared(m->b, &object->id, version, object->is_mutable, out, m->e);
    return sui_builder_owned(m->b, &ref, out, m->e);
}

static int put_param(const struct making *m, const struct slot *slot, struct buf *out)
{
    const struct action_field *field = &action_spec(m->action->kind)->fields[slot->index];
    const void *place = (const char *)m->action + field->offset;

    if (field->type == FIELD_U64)
        return scalar_put_u64(out, slot->type, *(const uint64_t *)place, m->e);
    if (field->type == FIELD_BOOL)
        bcs_put_bool(out, *(const bool *)place);
    else
        bcs_put_text(out, *(const char *const *)place);
    return 0;
}

static int put_expiry(const struct making *m, const struct slot *slot, struct buf *out)
{
    if (!m->has_expiry)
        return error_set(m->e, ERROR_INVALID,
                         "expected a market id with its expiry (\"feed:milliseconds\"), got "
                         "\"%.100s\"",
                         m->action->market_id);
    return scalar_put_u64(out, slot->type, m->expiry, m->e);
}

static int put_value(const struct making *m, const struct slot *slot, struct buf *out)
{
    const struct sui_pure *fixed = &slot->bytes;

    switch (slot->kind) {
    case SLOT_PARAM:
        return put_param(m, slot, out);
    case SLOT_ARGUMENT:
        return scalar_put(out, slot->type, json_array_get(m->action->arguments, slot->index), m->e);
    case SLOT_EXPIRY:
        return put_expiry(m, slot, out);
    case SLOT_SENDER:
        return buf_add(out, m->world->sender.bytes, SUI_ADDRESS_BYTES);
    case SLOT_MARKET_VALUE:
        fixed = &m->r->columns[slot->index].cells[m->market].bytes;
        break;
    default:
        break;
    }
    return buf_add(out, fixed->bytes, fixed->len);
}

static int check_max(const struct slot *slot, const struct buf *bytes, struct error *e)
{
    struct sui_pure pure = {.bytes = (const uint8_t *)bytes->data, .len = bytes->len};
    uint64_t value;

    if (!slot->has_max || (scalar_u64(&pure, &value) && value <= slot->max))
        return 0;
    return error_set(e, ERROR_LIMIT, "expected at most %llu, got more",
                     (unsigned long long)slot->max);
}

static int add_value(const struct making *m, const struct slot *slot, struct sui_argument *out)
{
    struct buf bytes;
    int result;

    buf_init(&bytes, SUI_PURE_BYTES);
    result = put_value(m, slot, &bytes);
    if (result == 0)
        result = check_max(slot, &bytes, m->e);
    if (result == 0)
        result = sui_builder_pure(m->b, bytes.data, bytes.len, out, m->e);
    buf_release(&bytes);
    return result;
}

static int add_slot(const struct making *m, const struct slot *slot, struct sui_argument *out)
{
    struct sui_argument result = {.kind = SUI_RESULT, .index = (uint16_t)(m->first + slot->index)};

    switch (slot->kind) {
    case SLOT_OBJECT:
        return add_object(m, slot->index, out);
    case SLOT_MARKET_OBJECT:
        return add_object(m, m->r->columns[slot->index].cells[m->market].object, out);
    case SLOT_CLOCK:
        return sui_builder_clock(m->b, out, m->e);
    case SLOT_GAS:
        *out = sui_gas_coin();
        return 0;
    case SLOT_RESULT:
        *out = result;
        return 0;
    case SLOT_PART:
        *out = sui_part(result, slot->part);
        return 0;
    default:
        return add_value(m, slot, out);
    }
}

/* Says which slot an error is about. */
static int blame(const struct making *m, size_t step, const char *where, size_t place,
                 const struct slot *slot)
{
    char text[128];

    if (place > 0)
        error_prefix(m->e, "%s: command %zu, %s %zu (%s): ", kind_name(m->action), step + 1, where,
                     place, recipe_slot_text(m->r, slot, text, sizeof text));
    else
        error_prefix(m->e, "%s: command %zu, %s (%s): ", kind_name(m->action), step + 1, where,
                     recipe_slot_text(m->r, slot, text, sizeof text));
    return -1;
}

/* ---- commands ---- */

static int add_command(const struct making *m, const struct step *step, struct sui_argument alone,
                       const struct sui_argument *list)
{
    struct sui_call call = step->call;

    switch (step->kind) {
    case SUI_CALL:
        call.arguments = (struct sui_arguments){list, step->count};
        return sui_builder_call(m->b, &call, NULL, m->e);
    case SUI_TRANSFER:
        return sui_builder_transfer(m->b, list, step->count, alone, NULL, m->e);
    case SUI_SPLIT:
        return sui_builder_split(m->b, alone, list, step->count, NULL, m->e);
    case SUI_MERGE:
        return sui_builder_merge(m->b, alone, list, step->count, NULL, m->e);
    case SUI_MAKE_VECTOR:
        return sui_builder_vector(m->b, step->type, list, step->count, NULL, m->e);
    }
    return -1;
}

static bool has_alone(const struct step *step)
{
    return step->kind == SUI_TRANSFER || step->kind == SUI_SPLIT || step->kind == SUI_MERGE;
}

static int add_alone(const struct making *m, size_t index, struct sui_argument *out)
{
    const struct step *step = &m->s->steps[index];
    const char *where = step->kind == SUI_TRANSFER ? "recipient" : "coin";

    if (add_slot(m, &step->alone, out) == 0)
        return 0;
    return blame(m, index, where, 0, &step->alone);
}

/* Inputs in the official SDK's order: a coin stands before the list, a recipient behind it. */
static int add_step(const struct making *m, size_t index)
{
    const struct step *step = &m->s->steps[index];
    struct sui_argument list[RECIPE_ARGUMENTS], alone = {0};
    bool first = has_alone(step) && step->kind != SUI_TRANSFER;

    if (first && add_alone(m, index, &alone) != 0)
        return -1;
    for (size_t i = 0; i < step->count; i++)
        if (add_slot(m, &step->slots[i], &list[i]) != 0)
            return blame(m, index, "argument", i + 1, &step->slots[i]);
    if (has_alone(step) && !first && add_alone(m, index, &alone) != 0)
        return -1;
    return add_command(m, step, alone, list);
}

int recipe_build(const struct recipe *r, const struct action *action,
                 const struct recipe_world *world, struct sui_builder *b, struct error *e)
{
    struct making m = {.r = r,
                       .action = action,
                       .world = world,
                       .b = b,
                       .e = e,
                       .s = recipe_sequence(r, action->kind, action->target),
                       .first = b->tx.command_count};

    if (m.s == NULL)
        return refuse_kind(r, action, e);
    if (action->kind == ACTION_CALL && check_call(&m) != 0)
        return -1;
    if (find_market(&m) != 0)
        return -1;
    for (size_t i = 0; i < m.s->count; i++)
        if (add_step(&m, i) != 0)
            return -1;
    return 0;
}
