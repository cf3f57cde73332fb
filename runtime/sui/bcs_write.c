#include <string.h>

#include "sui/bcs.h"

static void put_number(struct buf *out, uint64_t value, size_t bytes)
{
    uint8_t raw[8];

    for (size_t i = 0; i < bytes; i++)
        raw[i] = (uint8_t)(value >> (8 * i));
    buf_add(out, raw, bytes);
}

void bcs_put_u8(struct buf *out, uint8_t value)
{
    put_number(out, value, 1);
}

void bcs_put_u16(struct buf *out, uint16_t value)
{
    put_number(out, value, 2);
}

void bcs_put_u32(struct buf *out, uint32_t value)
{
    put_number(out, value, 4);
}

void bcs_put_u64(struct buf *out, uint64_t value)
{
    put_number(out, value, 8);
}

void bcs_put_bool(struct buf *out, bool value)
{
    put_number(out, value, 1);
}

void bcs_put_uleb(struct buf *out, uint32_t value)
{
    uint8_t raw[5];
    size_t len = 0;

    for (; value >= 0x80; value >>= 7)
        raw[len++] = (uint8_t)(value | 0x80);
    raw[len++] = (uint8_t)value;
    buf_add(out, raw, len);
}

void bcs_put_vector(struct buf *out, const void *data, size_t len)
{
    if (len > UINT32_MAX) {
        out->overflow = true;
        return;
    }
    bcs_put_uleb(out, (uint32_t)len);
    buf_add(out, data, len);
}

void bcs_put_text(struct buf *out, const char *text)
{
    bcs_put_vector(out, text, strlen(text));
}

void bcs_put_option_u64(struct buf *out, bool present, uint64_t value)
{
    bcs_put_bool(out, present);
    if (present)
        bcs_put_u64(out, value);
}

/* number = number * 10 + digit; false when it does not fit. */
static bool times_ten(uint8_t *number, size_t bytes, unsigned digit)
{
    unsigned carry = digit;

    for (size_t i = 0; i < bytes; i++) {
        carry += number[i] * 10U;
        number[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

int bcs_put_decimal(struct buf *out, const char *text, size_t bytes, struct error *e)
{
    uint8_t number[BCS_DECIMAL_BYTES] = {0};
    size_t len = strlen(text);

    if (bytes > sizeof number)
        return error_set(e, ERROR_INTERNAL, "there is no integer of %zu bytes", bytes);
    if (len == 0 || (text[0] == '0' && len > 1) || strspn(text, "0123456789") != len)
        return error_set(e, ERROR_INVALID,
                         "decimal digits without leading zeros expected, got \"%.40s\"", text);
    for (size_t i = 0; i < len; i++)
        if (!times_ten(number, bytes, (unsigned)(text[i] - '0')))
            return error_set(e, ERROR_LIMIT, "%.90s does not fit into a u%zu", text, bytes * 8);
    buf_add(out, number, bytes);
    return 0;
}
