#include "recipe/scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/value.h"
#include "sui/bcs.h"

const char *const scalar_names[SCALAR_TYPES + 1] = {
    [SCALAR_BOOL] = "bool",    [SCALAR_U8] = "u8",           [SCALAR_U16] = "u16",
    [SCALAR_U32] = "u32",      [SCALAR_U64] = "u64",         [SCALAR_U128] = "u128",
    [SCALAR_U256] = "u256",    [SCALAR_ADDRESS] = "address", [SCALAR_ID] = "id",
    [SCALAR_STRING] = "string"};

bool scalar_is_integer(enum scalar_type type)
{
    return type >= SCALAR_U8 && type <= SCALAR_U256;
}

bool scalar_is_address(enum scalar_type type)
{
    return type == SCALAR_ADDRESS || type == SCALAR_ID;
}

/* Bytes of every type but a string. */
static size_t size_of(enum scalar_type type)
{
    if (scalar_is_address(type))
        return SUI_ADDRESS_BYTES;
    return type == SCALAR_BOOL ? 1 : (size_t)1 << (type - SCALAR_U8);
}

static int refuse(enum scalar_type type, const json_t *value, struct error *e)
{
    char got[192];
    const char *expected = "text";

    if (type == SCALAR_BOOL)
        expected = "true or false";
    else if (scalar_is_address(type))
        expected = "an address (0x and 1 to 64 hex digits)";
    else if (scalar_is_integer(type))
        expected = "an integer of 0 or more (or one as decimal digits)";
    return error_set(e, ERROR_INVALID, "expected %s as %s, got %s", expected, scalar_names[type],
                     value_describe(value, got, sizeof got));
}

/* The digits of an integer, or NULL. */
static const char *digits_of(const json_t *value, char room[32])
{
    double real = json_real_value(value);

    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        size_t len = strspn(text, "0123456789");
        bool plain = len > 0 && len == json_string_length(value) && (len == 1 || text[0] != '0');
        return plain ? text : NULL;
    }
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        snprintf(room, 32, "%" PRId64, (int64_t)json_integer_value(value));
    else if (json_is_real(value) && real >= 0 && real < 0x1p63 && real == floor(real))
        snprintf(room, 32, "%" PRId64, (int64_t)real);
    else
        return NULL;
    return room;
}

static int put_integer(struct buf *out, enum scalar_type type, const char *digits, struct error *e)
{
    struct error why = ERROR_INIT;

    if (bcs_put_decimal(out, digits, size_of(type), &why) == 0)
        return 0;
    return error_set(e, ERROR_LIMIT, "expected a number that fits %s, got %.80s",
                     scalar_names[type], digits);
}

static int put_address(struct buf *out, enum scalar_type type, const json_t *value, struct error *e)
{
    struct sui_address a;
    struct error why = ERROR_INIT;

    if (!json_is_string(value) ||
        sui_address_parse(json_string_value(value), json_string_length(value), &a, &why) != 0)
        return refuse(type, value, e);
    return buf_add(out, a.bytes, sizeof a.bytes);
}

static int put_string(struct buf *out, const json_t *value, struct error *e)
{
    size_t len = json_string_length(value);

    if (!json_is_string(value))
        return refuse(SCALAR_STRING, value, e);
    if (len > SUI_PURE_BYTES - 3) /* of the length in front */
        return error_set(e, ERROR_LIMIT, "a string has at most %d bytes, got %zu",
                         SUI_PURE_BYTES - 3, len);
    bcs_put_vector(out, json_string_value(value), len);
    return 0;
}

int scalar_put(struct buf *out, enum scalar_type type, const json_t *value, struct error *e)
{
    char room[32];
    const char *digits;

    if (type == SCALAR_STRING)
        return put_string(out, value, e);
    if (scalar_is_address(type))
        return put_address(out, type, value, e);
    if (type == SCALAR_BOOL) {
        if (!json_is_boolean(value))
            return refuse(type, value, e);
        bcs_put_bool(out, json_is_true(value));
        return 0;
    }
    digits = digits_of(value, room);
    return digits ? put_integer(out, type, digits, e) : refuse(type, value, e);
}

int scalar_put_u64(struct buf *out, enum scalar_type type, uint64_t value, struct error *e)
{
    char digits[32];

    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return put_integer(out, type, digits, e);
}

static bool string_fits(const struct sui_pure *pure)
{
    struct error why = ERROR_INIT;
    struct bcs_reader reader;
    const uint8_t *text;
    uint32_t len;

    bcs_reader_init(&reader, pure->bytes, pure->len, &why);
    len = bcs_take_uleb(&reader, "length");
    text = bcs_take_bytes(&reader, len, "text");
    return bcs_end(&reader, "string") == 0 && text_is_utf8((const char *)text, len);
}

bool scalar_fits(enum scalar_type type, const struct sui_pure *pure)
{
    if (type == SCALAR_STRING)
        return string_fits(pure);
    return pure->len == size_of(type) && (type != SCALAR_BOOL || pure->bytes[0] <= 1);
}

bool scalar_u64(const struct sui_pure *pure, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < pure->len; i++) {
        if (i < 8)
            value |= (uint64_t)pure->bytes[i] << (8 * i);
        else if (pure->bytes[i] != 0)
            return false;
    }
    *out = value;
    return true;
}

const char *scalar_text(const struct sui_pure *pure, size_t *len)
{
    size_t prefix = 0;

    while (pure->bytes[prefix++] & 0x80)
        ;
    *len = pure->len - prefix;
    return (const char *)pure->bytes + prefix;
}
