/* The writer of value.h: canonical, and on the path of every tick. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/value.h"

static int write_any(struct buf *out, const json_t *value);

#define KEYS_ON_STACK 32

struct member {
    const char *key;
    size_t len;
    const json_t *value;
};

/* Digits of `value` before `end`; returns where they begin. */
static char *write_digits(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

int value_write_integer(struct buf *out, int64_t value)
{
    char text[24];
    char *end = text + sizeof text;
    char *at = write_digits(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

    if (value < 0)
        *--at = '-';
    return buf_add(out, at, (size_t)(end - at));
}

/*
 * Prices and percentages: a number of at most 15 digits with at most six behind the point is
 * written from two integers. Dividing them gives the bits that reading the text would give, so the
 * test proves the round trip; and 15 digits are few enough for the shortest form to be unique.
 * Returns the length, or 0 when `value` is not of this kind.
 */
static size_t write_short_decimal(char text[32], double value)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    double size = fabs(value);
    char *end = text + 32, *at;

    if (!(size >= 1e-4 && size < 1e15))
        return 0;
    for (int k = 0; k <= 6 && size * powers[k] < 1e15; k++) {
        uint64_t scaled = (uint64_t)(size * powers[k] + 0.5);
        uint64_t unit = (uint64_t)powers[k];
        if (scaled >= 1000000000000000u || (double)scaled / powers[k] != size)
            continue;
        /* The added unit keeps the zeros right behind the point; its own digit is skipped. */
        at = k == 0 ? write_digits(end, 0) : write_digits(end, scaled % unit + unit) + 1;
        *--at = '.';
        at = write_digits(at, scaled / unit);
        if (value < 0)
            *--at = '-';
        memmove(text, at, (size_t)(end - at));
        return (size_t)(end - at);
    }
    return 0;
}

/* The general case. A locale's decimal comma is undone, an integral text gets its ".0". */
static size_t write_shortest(char text[32], double value)
{
    bool is_float = false;
    size_t len;

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    for (char *c = text; *c != '\0'; c++) {
        if (*c == ',')
            *c = '.';
        is_float = is_float || *c == '.' || *c == 'e';
    }
    len = strlen(text);
    if (!is_float) {
        memcpy(text + len, ".0", 3);
        len += 2;
    }
    return len;
}

static int write_real(struct buf *out, double value)
{
    char text[32];
    size_t len = write_short_decimal(text, value);

    if (len == 0)
        len = write_shortest(text, value);
    return buf_add(out, text, len);
}

static int write_escape(struct buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (c != '"' && c != '\\')
        return buf_add(out, text, 6);
    text[1] = (char)c;
    return buf_add(out, text, 2);
}

int value_write_string(struct buf *out, const char *text, size_t len)
{
    size_t start = 0;

    buf_add_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(out, text + start, i - start);
        write_escape(out, c);
        start = i + 1;
    }
    buf_add(out, text + start, len - start);
    return buf_add_char(out, '"');
}

static int write_array(struct buf *out, const json_t *array)
{
    size_t index;
    const json_t *item;

    buf_add_char(out, '[');
    json_array_foreach(array, index, item)
    {
        if (index > 0)
            buf_add_char(out, ',');
        if (write_any(out, item) < 0)
            return -1;
    }
    return buf_add_char(out, ']');
}

static int member_order(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);

    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static void sort_members(struct member *members, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (member_order(&members[i - 1], &members[i]) > 0) {
            qsort(members, count, sizeof *members, member_order);
            return;
        }
    }
}

static int write_members(struct buf *out, const struct member *members, size_t count)
{
    buf_add_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        value_write_string(out, members[i].key, members[i].len);
        buf_add_char(out, ':');
        if (write_any(out, members[i].value) < 0)
            return -1;
    }
    return buf_add_char(out, '}');
}

static int write_object(struct buf *out, const json_t *object)
{
    struct member few[KEYS_ON_STACK];
    struct member *members = few;
    json_t *readable = (json_t *)object; /* jansson's iterators are not const-correct */
    size_t count = json_object_size(object), i = 0;
    int result;

    if (count > KEYS_ON_STACK)
        members = mem_alloc(count * sizeof *members);
    for (void *at = json_object_iter(readable); at != NULL;
         at = json_object_iter_next(readable, at), i++)
        members[i] = (struct member){json_object_iter_key(at), json_object_iter_key_len(at),
                                     json_object_iter_value(at)};
    sort_members(members, count);
    result = write_members(out, members, count);
    if (members != few)
        free(members);
    return result;
}

static int write_any(struct buf *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_INTEGER:
        return value_write_integer(out, json_integer_value(value));
    case JSON_REAL:
        return write_real(out, json_real_value(value));
    case JSON_STRING:
        return value_write_string(out, json_string_value(value), json_string_length(value));
    case JSON_OBJECT:
        return write_object(out, value);
    case JSON_ARRAY:
        return write_array(out, value);
    case JSON_TRUE:
        return buf_add(out, "true", 4);
    case JSON_FALSE:
        return buf_add(out, "false", 5);
    case JSON_NULL:
        break;
    }
    return buf_add(out, "null", 4);
}

int value_write(struct buf *out, const json_t *value)
{
    write_any(out, value);
    return out->overflow ? -1 : 0;
}
