#include "model/action_fields.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "model/value.h"

#define MARKET_ID_BYTES 96
#define TARGET_BYTES    256

/* The texts below say these numbers. */
_Static_assert(LIMIT_TOPIC_BYTES == 128 && LIMIT_REASON_BYTES == 512, "update the texts");
_Static_assert(LIMIT_ACTION_BYTES == 16384 && LIMIT_VALUE_DEPTH == 32, "update the texts");

static const char amount_text[] =
    "an amount above 0 (an integer, or a decimal string above 2^63-1)";
static const char json_text[] = "a value of at most 16384 bytes as JSON, nested at most 32 levels";
static const char array_text[] =
    "an array of at most 16384 bytes as JSON, nested at most 32 levels";

bool action_topic_ok(const char *topic)
{
    static const char legal[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
    size_t len = strspn(topic, legal);

    return len > 0 && len <= LIMIT_TOPIC_BYTES && topic[len] == '\0';
}

static bool is_topic(const char *text, size_t len)
{
    return strlen(text) == len && action_topic_ok(text);
}

static bool is_reason(const char *text, size_t len)
{
    return strlen(text) == len && strspn(text, " \t\r\n\v\f") < len && text_is_utf8(text, len);
}

#define FIELD(member, kind, needed)                                                                \
    .name = #member, .type = kind, .required = needed, .offset = offsetof(struct action, member)
#define TEXT(member, bytes, check, text)                                                           \
    {                                                                                              \
        FIELD(member, FIELD_TEXT, true), .max = bytes, .text_ok = check, .expected = text          \
    }
#define AMOUNT(member)                                                                             \
    {                                                                                              \
        FIELD(member, FIELD_U64, true), .expected = amount_text                                    \
    }
#define BOOL(member, needed)                                                                       \
    {                                                                                              \
        FIELD(member, FIELD_BOOL, needed), .expected = "true or false"                             \
    }
#define ARRAY(member)                                                                              \
    {                                                                                              \
        FIELD(member, FIELD_JSON_ARRAY, false), .max = LIMIT_ACTION_BYTES, .expected = array_text  \
    }
#define MARKET                                                                                     \
    TEXT(market_id, MARKET_ID_BYTES, text_is_printable, "a market id (1 to 96 printable bytes)")
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const struct action_field fields_NOOP[] = {
    TEXT(reason, LIMIT_REASON_BYTES, is_reason, "a reason (1 to 512 bytes of UTF-8, not blank)"),
    END};

static const struct action_field fields_EMIT[] = {
    TEXT(topic, LIMIT_TOPIC_BYTES, is_topic,
         "a topic (1 to 128 letters, digits and '_', '.', ':', '-')"),
    {FIELD(payload, FIELD_JSON, false), .max = LIMIT_ACTION_BYTES, .expected = json_text},
    END};

static const struct action_field fields_CALL[] = {
    TEXT(target, TARGET_BYTES, text_is_printable,
         "the name of a function (1 to 256 printable bytes)"),
    ARRAY(type_arguments), ARRAY(arguments), END};

static const struct action_field fields_MINT_BINARY[] = {
    MARKET, AMOUNT(strike), BOOL(is_up, true), AMOUNT(quantity), BOOL(skip_auto_fund, false), END};

static const struct action_field fields_REDEEM_BINARY[] = {
    MARKET, AMOUNT(strike), BOOL(is_up, true), AMOUNT(quantity), END};

static const struct action_field fields_MINT_RANGE[] = {
    MARKET,           AMOUNT(lower_strike),        AMOUNT(higher_strike),
    AMOUNT(quantity), BOOL(skip_auto_fund, false), END};

static const struct action_field fields_REDEEM_RANGE[] = {
    MARKET, AMOUNT(lower_strike), AMOUNT(higher_strike), AMOUNT(quantity), END};

static const struct action_field fields_SUPPLY_PLP[] = {AMOUNT(amount), END};
static const struct action_field fields_WITHDRAW_PLP[] = {AMOUNT(shares_amount), END};
static const struct action_field fields_PM_DEPOSIT[] = {AMOUNT(amount), END};
static const struct action_field fields_PM_WITHDRAW[] = {AMOUNT(amount), END};
static const struct action_field fields_REFRESH_NAV_SNAPSHOT[] = {END};
static const struct action_field fields_CRYSTALLIZE_FEES[] = {END};

static const struct action_spec specs[ACTION_KIND_COUNT] = {
#define X(symbol, kind, lua_space, bit)                                                            \
    [ACTION_##symbol] = {.name = kind,                                                             \
                         .space = lua_space,                                                       \
                         .permission = bit,                                                        \
                         .fields = fields_##symbol,                                                \
                         .field_count = sizeof fields_##symbol / sizeof *fields_##symbol - 1},
    ACTION_KINDS(X)
#undef X
};

const struct action_spec *action_spec(enum action_kind kind)
{
    return &specs[kind];
}

int action_kind_parse(const char *name, enum action_kind *out)
{
    for (size_t i = 0; i < ACTION_KIND_COUNT; i++) {
        if (strcmp(specs[i].name, name) == 0) {
            *out = (enum action_kind)i;
            return 0;
        }
    }
    return -1;
}

static int read_u64(const json_t *value, uint64_t *place, json_t **normal)
{
    uint64_t amount;

    if (value_to_u64(value, &amount) < 0 || amount == 0)
        return -1;
    *place = amount;
    *normal = json_is_integer(value) ? json_incref((json_t *)value) : value_from_u64(amount);
    return 0;
}

static int read_text(const struct action_field *field, const json_t *value, const char **place)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (text == NULL || len == 0 || len > field->max || !field->text_ok(text, len))
        return -1;
    *place = text;
    return 0;
}

static int read_json(const struct action_field *field, const json_t *value, const json_t **place)
{
    if (field->type == FIELD_JSON_ARRAY && !json_is_array(value))
        return -1;
    if (value_deeper_than(value, LIMIT_VALUE_DEPTH))
        return -1;
    *place = value;
    return 0;
}

int action_field_read(const struct action_field *field, const json_t *value, struct action *action)
{
    void *place = (char *)action + field->offset;
    json_t *normal = NULL;
    int result = -1;

    switch (field->type) {
    case FIELD_U64:
        result = read_u64(value, place, &normal);
        break;
    case FIELD_BOOL:
        if (json_is_boolean(value)) {
            *(bool *)place = json_is_true(value);
            result = 0;
        }
        break;
    case FIELD_TEXT:
        result = read_text(field, value, place);
        break;
    case FIELD_JSON:
    case FIELD_JSON_ARRAY:
        result = read_json(field, value, place);
        break;
    }
    if (result < 0)
        return -1;
    if (normal == NULL)
        normal = json_incref((json_t *)value); /* immutable from here on: shared, not copied */
    json_object_set_new_nocheck(action->json, field->name, normal);
    return 0;
}
