/* The grammar of JSON, without building anything: on the path of every tick. */
#include <string.h>

#include "base/text.h"
#include "model/value.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at, const char *end)
{
    const char *start = at;

    while (at < end && is_digit(*at))
        at++;
    return at > start ? at : NULL;
}

static const char *skip_number(const char *at, const char *end)
{
    if (*at == '-')
        at++;
    if (at < end && *at == '0')
        at++;
    else
        at = skip_digits(at, end);
    if (at != NULL && at < end && *at == '.')
        at = skip_digits(at + 1, end);
    if (at != NULL && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = skip_digits(at, end);
    }
    return at;
}

/* The number of a \uXXXX that begins at `at`; -1 when there is none. */
static int unit_at(const char *at, const char *end)
{
    static const char digits[] = "0123456789abcdef";
    int unit = 0;

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char low = at[i] >= 'A' && at[i] <= 'F' ? (char)(at[i] + 'a' - 'A') : at[i];
        const char *digit = low != '\0' ? strchr(digits, low) : NULL;
        if (digit == NULL)
            return -1;
        unit = unit << 4 | (int)(digit - digits);
    }
    return unit;
}

/* At its backslash. Surrogates come in pairs; no key has a NUL. */
static const char *skip_escape(const char *at, const char *end, bool is_key)
{
    int unit, low;

    if (end - at < 2)
        return NULL;
    if (at[1] != 'u')
        return strchr("\"\\/bfnrt", at[1]) != NULL && at[1] != '\0' ? at + 2 : NULL;
    unit = unit_at(at, end);
    if (unit < 0 || (unit == 0 && is_key) || (unit >= 0xdc00 && unit <= 0xdfff))
        return NULL;
    if (unit < 0xd800 || unit > 0xdfff)
        return at + 6;
    low = unit_at(at + 6, end);
    return low >= 0xdc00 && low <= 0xdfff ? at + 12 : NULL;
}

/* Behind its opening quote. */
static const char *skip_string(const char *at, const char *end, bool is_key)
{
    while (at != NULL && at < end && *at != '"') {
        if ((unsigned char)*at < 0x20)
            return NULL;
        at = *at == '\\' ? skip_escape(at, end, is_key) : at + 1;
    }
    return at != NULL && at < end ? at + 1 : NULL;
}

static const char *skip_word(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);

    return (size_t)(end - at) >= len && memcmp(at, word, len) == 0 ? at + len : NULL;
}

static const char *skip_any(const char *at, const char *end, int levels);

static const char *skip_item(const char *at, const char *end, bool is_member, int levels)
{
    if (!is_member)
        return skip_any(at, end, levels);
    if (at >= end || *at != '"')
        return NULL;
    at = skip_string(at + 1, end, true);
    return at != NULL && at < end && *at == ':' ? skip_any(at + 1, end, levels) : NULL;
}

/* An array or object, at its opening bracket. */
static const char *skip_items(const char *at, const char *end, int levels)
{
    bool is_object = *at == '{';
    char close = is_object ? '}' : ']';

    if (levels <= 0)
        return NULL;
    if (end - at > 1 && at[1] == close)
        return at + 2;
    do {
        at = skip_item(at + 1, end, is_object, levels - 1);
    } while (at != NULL && at < end && *at == ',');
    return at != NULL && at < end && *at == close ? at + 1 : NULL;
}

static const char *skip_any(const char *at, const char *end, int levels)
{
    if (at >= end)
        return NULL;
    switch (*at) {
    case '{':
    case '[':
        return skip_items(at, end, levels);
    case '"':
        return skip_string(at + 1, end, false);
    case 't':
        return skip_word(at, end, "true");
    case 'f':
        return skip_word(at, end, "false");
    case 'n':
        return skip_word(at, end, "null");
    default:
        return *at == '-' || is_digit(*at) ? skip_number(at, end) : NULL;
    }
}

const char *value_skip(const char *at, const char *end, int levels)
{
    const char *behind = skip_any(at, end, levels);

    return behind != NULL && text_is_utf8(at, (size_t)(behind - at)) ? behind : NULL;
}
