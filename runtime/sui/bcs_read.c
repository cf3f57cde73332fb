#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sui/bcs.h"

void bcs_reader_init(struct bcs_reader *r, const void *data, size_t len, struct error *e)
{
    *r = (struct bcs_reader){.data = data, .len = len, .error = e};
}

void bcs_fail(struct bcs_reader *r, enum error_code code, const char *format, ...)
{
    char text[512];
    va_list arguments;

    if (r->failed)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error_set(r->error, code, "byte %zu: %s", r->at, text);
    r->failed = true;
}

const uint8_t *bcs_take_bytes(struct bcs_reader *r, size_t len, const char *what)
{
    const uint8_t *place;

    if (!r->failed && len > r->len - r->at)
        bcs_fail(r, ERROR_INVALID, "%s has %zu bytes, but only %zu are left", what, len,
                 r->len - r->at);
    if (r->failed)
        return NULL;
    place = r->data + r->at;
    r->at += len;
    return place;
}

void bcs_take_copy(struct bcs_reader *r, void *out, size_t len, const char *what)
{
    const uint8_t *place = bcs_take_bytes(r, len, what);

    if (place != NULL)
        memcpy(out, place, len);
    else
        memset(out, 0, len);
}

static uint64_t take_number(struct bcs_reader *r, size_t bytes, const char *what)
{
    const uint8_t *place = bcs_take_bytes(r, bytes, what);
    uint64_t value = 0;

    for (size_t i = 0; place != NULL && i < bytes; i++)
        value |= (uint64_t)place[i] << (8 * i);
    return value;
}

uint8_t bcs_take_u8(struct bcs_reader *r, const char *what)
{
    return (uint8_t)take_number(r, 1, what);
}

uint16_t bcs_take_u16(struct bcs_reader *r, const char *what)
{
    return (uint16_t)take_number(r, 2, what);
}

uint32_t bcs_take_u32(struct bcs_reader *r, const char *what)
{
    return (uint32_t)take_number(r, 4, what);
}

uint64_t bcs_take_u64(struct bcs_reader *r, const char *what)
{
    return take_number(r, 8, what);
}

bool bcs_take_bool(struct bcs_reader *r, const char *what)
{
    uint64_t value = take_number(r, 1, what);

    if (value > 1) {
        r->at--;
        bcs_fail(r, ERROR_INVALID, "%s must be 00 or 01, got %02x", what, (unsigned)value);
        return false;
    }
    return value == 1;
}

uint32_t bcs_take_uleb(struct bcs_reader *r, const char *what)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t byte = bcs_take_u8(r, what);
        if (r->failed)
            return 0;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (byte == 0 && shift > 0)
            bcs_fail(r, ERROR_INVALID, "%s is not in its shortest form (ULEB128)", what);
        else if (value > UINT32_MAX)
            break;
        return r->failed ? 0 : (uint32_t)value;
    }
    bcs_fail(r, ERROR_INVALID, "%s does not fit into 32 bits (ULEB128)", what);
    return 0;
}

bool bcs_take_option_u64(struct bcs_reader *r, uint64_t *out, const char *what)
{
    bool present = bcs_take_bool(r, what);

    *out = present ? bcs_take_u64(r, what) : 0;
    return present && !r->failed;
}

size_t bcs_take_count(struct bcs_reader *r, size_t max, size_t least, const char *what)
{
    size_t count = bcs_take_uleb(r, what), left = r->len - r->at;

    if (count > max)
        bcs_fail(r, ERROR_LIMIT, "%s: at most %zu, got %zu", what, max, count);
    else if (least > 0 && count > left / least)
        bcs_fail(r, ERROR_INVALID, "%s: %zu of them cannot be in the %zu bytes that are left", what,
                 count, left);
    return r->failed ? 0 : count;
}

unsigned bcs_take_tag(struct bcs_reader *r, unsigned count, const char *what)
{
    size_t at = r->at;
    uint32_t tag = bcs_take_uleb(r, what);

    if (tag < count)
        return tag;
    r->at = at;
    bcs_fail(r, ERROR_INVALID, "%s: a tag below %u expected, got %u", what, count, tag);
    return 0;
}

int bcs_end(struct bcs_reader *r, const char *what)
{
    if (!r->failed && r->at != r->len)
        bcs_fail(r, ERROR_INVALID, "%zu bytes behind the end of the %s", r->len - r->at, what);
    return r->failed ? -1 : 0;
}
