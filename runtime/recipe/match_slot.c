/* Whether what stands in an argument is what its slot says, alone and with the slots before it. */
#include <string.h>

#include "base/text.h"
#include "model/market.h"
#include "recipe/match.h"

#define CLOCK_ID     6
#define TEXT_MAX     96 /* of a market id: see model/action.h */
#define REFUSE(...)  return recipe_slot_mismatch(a, __VA_ARGS__)
#define EXPIRY_MAX   ((uint64_t)INT64_MAX)
#define EXPIRY_LEAST 1

static const char *what(struct sui_argument got, const struct sui_transaction *tx)
{
    static const char *const inputs[] = {[SUI_INPUT_PURE] = "a value",
                                         [SUI_INPUT_OWNED] = "an owned object",
                                         [SUI_INPUT_SHARED] = "a shared object",
                                         [SUI_INPUT_RECEIVING] = "a receiving object",
                                         [SUI_INPUT_WITHDRAWAL] = "a withdrawal"};

    if (got.kind == SUI_GAS_COIN)
        return "the gas coin";
    if (got.kind == SUI_INPUT)
        return inputs[tx->inputs[got.index].kind];
    return "a command's result";
}

/* What does not even have the kind of its slot. */
static bool wrong_kind(struct attempt *a, struct sui_argument got, const char *expected)
{
    enum recipe_mismatch_code code = RECIPE_ARGUMENT;

    if (got.kind == SUI_RESULT || got.kind == SUI_NESTED_RESULT)
        code = RECIPE_RESULT;
    REFUSE(code, "expected %s, got %s", expected, what(got, a->tx));
}

/* ---- objects ---- */

static const struct sui_input *input_of(const struct attempt *a, struct sui_argument got)
{
    return got.kind == SUI_INPUT ? &a->tx->inputs[got.index] : NULL;
}

static bool is_named(const struct recipe *r, const struct sui_address *id)
{
    struct sui_address clock = sui_address_small(CLOCK_ID);

    for (size_t i = 0; i < r->object_count; i++)
        if (sui_address_equal(&r->objects[i].object.id, id))
            return true;
    return sui_address_equal(id, &clock);
}

/* MATCHES, or how the input differs from the object. */
static enum recipe_mismatch_code compare(const struct recipe_object *object,
                                         const struct sui_input *input)
{
    const struct sui_address *id = sui_input_object(input);

    if (id == NULL || !sui_address_equal(id, &object->id))
        return RECIPE_ARGUMENT;
    if (input->kind != (object->is_shared ? SUI_INPUT_SHARED : SUI_INPUT_OWNED))
        return RECIPE_OBJECT;
    if (!object->is_shared)
        return RECIPE_MATCHES;
    if (object->initial_version != 0 && object->initial_version != input->as.shared.initial_version)
        return RECIPE_OBJECT;
    if (input->as.shared.is_mutable == object->is_mutable)
        return RECIPE_MATCHES;
    return object->is_mutable ? RECIPE_OBJECT : RECIPE_WRITABLE;
}

static bool refuse_object(struct attempt *a, enum recipe_mismatch_code code,
                          const struct sui_input *input)
{
    const struct sui_address *id = sui_input_object(input);
    char text[SUI_ADDRESS_TEXT_SIZE];

    sui_address_text(id, text);
    if (!is_named(a->r, id))
        REFUSE(RECIPE_OBJECT, "%s is not a named object", text);
    if (code == RECIPE_WRITABLE)
        REFUSE(code, "%s is named as readable only, and came as mutable", text);
    if (code == RECIPE_OBJECT)
        REFUSE(code,
               "%s came with another kind, initial version or mutability than it is named "
               "with",
               text);
    REFUSE(RECIPE_ARGUMENT, "%s is another object", text);
}

static bool match_object(struct attempt *a, const struct recipe_object *object,
                         struct sui_argument got)
{
    const struct sui_input *input = input_of(a, got);
    enum recipe_mismatch_code code;

    if (input == NULL || sui_input_object(input) == NULL)
        return wrong_kind(a, got, "an object");
    code = compare(object, input);
    return code == RECIPE_MATCHES || refuse_object(a, code, input);
}

/* ---- markets: a set shrinks with every slot ---- */

static bool has(const struct reading *reading, size_t market)
{
    return (reading->markets[market / 64] >> (market % 64)) & 1;
}

static void drop(struct reading *reading, size_t market)
{
    reading->markets[market / 64] &= ~(UINT64_C(1) << (market % 64));
}

size_t recipe_reading_market(const struct recipe *r, const struct reading *reading)
{
    for (size_t i = 0; i < r->market_count; i++)
        if (has(reading, i))
            return i;
    return RECIPE_NONE;
}

static bool match_market_object(struct attempt *a, const struct slot *slot, struct sui_argument got)
{
    const struct column *column = &a->r->columns[slot->index];
    const struct sui_input *input = input_of(a, got);
    enum recipe_mismatch_code best = RECIPE_ARGUMENT;

    if (input == NULL || sui_input_object(input) == NULL)
        return wrong_kind(a, got, "an object");
    for (size_t i = 0; i < a->r->market_count; i++) {
        enum recipe_mismatch_code code;
        if (!has(&a->reading, i))
            continue;
        code = compare(&a->r->objects[column->cells[i].object].object, input);
        if (code != RECIPE_MATCHES)
            drop(&a->reading, i);
        if (code != RECIPE_MATCHES && code != RECIPE_ARGUMENT)
            best = code;
    }
    return recipe_reading_market(a->r, &a->reading) != RECIPE_NONE || refuse_object(a, best, input);
}

static bool match_market_value(struct attempt *a, const struct slot *slot,
                               const struct sui_pure *pure)
{
    const struct column *column = &a->r->columns[slot->index];

    for (size_t i = 0; i < a->r->market_count; i++) {
        const struct sui_pure *cell = &column->cells[i].bytes;
        if (cell->len != pure->len || memcmp(cell->bytes, pure->bytes, pure->len) != 0)
            drop(&a->reading, i);
    }
    if (recipe_reading_market(a->r, &a->reading) != RECIPE_NONE)
        return true;
    REFUSE(RECIPE_ARGUMENT, "it is not the value of the market that the other slots speak of");
}

/* Whether the feed's market, whose expiry is open, can have this one: another market with the whole
 * id would have been meant instead. */
static bool feed_may_expire(const struct recipe *r, const struct recipe_market *m, uint64_t expiry)
{
    char id[LIMIT_NAME_BYTES + 24];

    if (expiry < EXPIRY_LEAST || expiry > EXPIRY_MAX)
        return false;
    market_id_format(m->key, (int64_t)expiry, id);
    return &r->markets[recipe_market_of(r, id)] == m;
}

static bool match_expiry(struct attempt *a, const struct sui_pure *pure)
{
    uint64_t expiry = 0;
    bool fits = scalar_u64(pure, &expiry) && !a->reading.no_expiry;

    if (a->reading.has_expiry && (!fits || a->reading.expiry != expiry))
        REFUSE(RECIPE_ARGUMENT, "expected %llu as in another slot, got %llu",
               (unsigned long long)a->reading.expiry, (unsigned long long)expiry);
    for (size_t i = 0; i < a->r->market_count; i++) {
        const struct recipe_market *m = &a->r->markets[i];
        if (has(&a->reading, i) &&
            !(fits && (m->has_expiry ? m->expiry == expiry : feed_may_expire(a->r, m, expiry))))
            drop(&a->reading, i);
    }
    a->reading.has_expiry = true;
    a->reading.expiry = expiry;
    if (recipe_reading_market(a->r, &a->reading) != RECIPE_NONE)
        return true;
    REFUSE(RECIPE_ARGUMENT, "%llu is not the expiry of the market that the other slots speak of",
           (unsigned long long)expiry);
}

/* Whether the market, which the id means, has the expiry that other slots said, and the id's. From
 * here on the expiry is known. */
static bool id_agrees(struct reading *reading, const struct recipe_market *m, const char *id)
{
    char feed[LIMIT_NAME_BYTES + 1];
    int64_t at;

    if (strcmp(m->key, id) == 0) {
        if (!m->has_expiry && reading->has_expiry)
            return false;
        reading->no_expiry = !m->has_expiry;
        return true; /* where it has one, the slots were compared with that */
    }
    if (market_id_parse(id, feed, &at) != 0 || (m->has_expiry && m->expiry != (uint64_t)at) ||
        (reading->has_expiry && reading->expiry != (uint64_t)at))
        return false;
    reading->has_expiry = true;
    reading->expiry = (uint64_t)at;
    return true;
}

/* A market id as text: the market it means, and no other. */
static bool match_market_id(struct attempt *a, const char *text, size_t len)
{
    char id[TEXT_MAX + 1];
    size_t market;

    if (a->r->market_count == 0)
        return true;
    memcpy(id, text, len);
    id[len] = '\0';
    market = recipe_market_of(a->r, id);
    for (size_t i = 0; i < a->r->market_count; i++)
        if (i != market || !id_agrees(&a->reading, &a->r->markets[i], id))
            drop(&a->reading, i);
    if (recipe_reading_market(a->r, &a->reading) != RECIPE_NONE)
        return true;
    REFUSE(RECIPE_ARGUMENT, "it is not the id of the market that the other slots speak of");
}

/* ---- values of the action ---- */

static bool match_max(struct attempt *a, const struct slot *slot, const struct sui_pure *pure)
{
    uint64_t value = 0;

    if (!slot->has_max || (scalar_u64(pure, &value) && value <= slot->max))
        return true;
    REFUSE(RECIPE_AMOUNT, "expected at most %llu, got more", (unsigned long long)slot->max);
}

static bool match_number(struct attempt *a, const struct slot *slot, const struct sui_pure *pure,
                         uint64_t least)
{
    struct reading *reading = &a->reading;
    uint64_t value = 0;

    if (!scalar_u64(pure, &value) || value < least)
        REFUSE(RECIPE_ARGUMENT, "expected a number from %llu to 2^64 - 1",
               (unsigned long long)least);
    if (reading->known[slot->index] && reading->numbers[slot->index] != value)
        REFUSE(RECIPE_ARGUMENT, "expected %llu as in another slot, got %llu",
               (unsigned long long)reading->numbers[slot->index], (unsigned long long)value);
    reading->known[slot->index] = true;
    reading->numbers[slot->index] = value;
    return true;
}

static bool match_text(struct attempt *a, const struct slot *slot, const struct sui_pure *pure)
{
    struct sui_pure *before = &a->reading.texts[slot->index];
    size_t len;
    const char *text = scalar_text(pure, &len);

    if (len == 0 || len > TEXT_MAX || !text_is_printable(text, len))
        REFUSE(RECIPE_ARGUMENT, "expected 1 to %d printable bytes", TEXT_MAX);
    if (before->bytes != NULL &&
        (before->len != pure->len || memcmp(before->bytes, pure->bytes, pure->len) != 0))
        REFUSE(RECIPE_ARGUMENT, "it is another text than in another slot");
    *before = *pure;
    a->reading.known[slot->index] = true;
    return match_market_id(a, text, len); /* the only text that an action has */
}

static bool match_param(struct attempt *a, const struct slot *slot, const struct sui_pure *pure)
{
    if (slot->type == SCALAR_STRING)
        return match_text(a, slot, pure);
    return match_number(a, slot, pure, slot->type == SCALAR_BOOL ? 0 : 1);
}

static bool match_argument(struct attempt *a, const struct slot *slot, const struct sui_pure *pure)
{
    struct sui_pure *before = &a->reading.arguments[slot->index];

    if (before->bytes != NULL &&
        (before->len != pure->len || memcmp(before->bytes, pure->bytes, pure->len) != 0))
        REFUSE(RECIPE_ARGUMENT, "it is another value than in another slot");
    *before = *pure;
    return true;
}

static bool match_fixed(struct attempt *a, enum recipe_mismatch_code code,
                        const struct sui_pure *expected, const struct sui_pure *pure)
{
    if (expected->len == pure->len && memcmp(expected->bytes, pure->bytes, pure->len) == 0)
        return true;
    REFUSE(code, "it is another value than the one configured");
}

static bool match_sender(struct attempt *a, const struct sui_pure *pure)
{
    struct sui_address address;
    char own[SUI_ADDRESS_TEXT_SIZE], text[SUI_ADDRESS_TEXT_SIZE];

    memcpy(address.bytes, pure->bytes, sizeof address.bytes);
    if (sui_address_equal(&address, a->own))
        return true;
    REFUSE(RECIPE_RECIPIENT, "expected %.20s…, got %s", sui_address_text(a->own, own),
           sui_address_text(&address, text));
}

static bool is_recipient(const struct attempt *a)
{
    return a->s->steps[a->step].kind == SUI_TRANSFER && a->place == 0;
}

static bool match_value(struct attempt *a, const struct slot *slot, struct sui_argument got)
{
    const struct sui_input *input = input_of(a, got);
    const struct sui_pure *pure;

    if (input == NULL || input->kind != SUI_INPUT_PURE) {
        if (is_recipient(a))
            REFUSE(RECIPE_RECIPIENT, "expected an address, got %s", what(got, a->tx));
        return wrong_kind(a, got, scalar_names[slot->type]);
    }
    pure = &input->as.pure;
    if (!scalar_fits(slot->type, pure))
        REFUSE(is_recipient(a) ? RECIPE_RECIPIENT : RECIPE_ARGUMENT,
               "expected the bytes of a value of type %s, got %zu bytes that are none",
               scalar_names[slot->type], pure->len);
    if (!match_max(a, slot, pure))
        return false;
    switch (slot->kind) {
    case SLOT_PARAM:
        return match_param(a, slot, pure);
    case SLOT_ARGUMENT:
        return match_argument(a, slot, pure);
    case SLOT_EXPIRY:
        return match_expiry(a, pure);
    case SLOT_MARKET_VALUE:
        return match_market_value(a, slot, pure);
    case SLOT_SENDER:
        return match_sender(a, pure);
    default:
        return match_fixed(a, is_recipient(a) ? RECIPE_RECIPIENT : RECIPE_ARGUMENT, &slot->bytes,
                           pure);
    }
}

/* ---- results ---- */

static bool match_result(struct attempt *a, const struct slot *slot, struct sui_argument got)
{
    uint16_t kind = slot->kind == SLOT_PART ? SUI_NESTED_RESULT : SUI_RESULT;
    size_t command = a->first + slot->index;

    if (got.kind != SUI_RESULT && got.kind != SUI_NESTED_RESULT)
        return wrong_kind(a, got, "a result");
    if (got.kind == kind && got.index == command && got.part == slot->part)
        return true;
    REFUSE(RECIPE_RESULT, "expected that of the transaction's command %zu, got %s %d of command %d",
           command + 1, got.kind == SUI_RESULT ? "the whole result, not part" : "part",
           got.part + 1, got.index + 1);
}

static bool match_clock(struct attempt *a, struct sui_argument got)
{
    const struct recipe_object clock = {
        .id = sui_address_small(CLOCK_ID), .is_shared = true, .initial_version = 1};

    return match_object(a, &clock, got);
}

bool recipe_match_slot(struct attempt *a, const struct slot *slot, struct sui_argument got)
{
    switch (slot->kind) {
    case SLOT_OBJECT:
        return match_object(a, &a->r->objects[slot->index].object, got);
    case SLOT_MARKET_OBJECT:
        return match_market_object(a, slot, got);
    case SLOT_CLOCK:
        return match_clock(a, got);
    case SLOT_GAS:
        return got.kind == SUI_GAS_COIN || wrong_kind(a, got, "the gas coin");
    case SLOT_RESULT:
    case SLOT_PART:
        return match_result(a, slot, got);
    default:
        return match_value(a, slot, got);
    }
}
