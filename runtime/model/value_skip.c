/* The grammar of JSON, without building anything: on the path of every tick. */
#include <string.h>

#include "base/text.h"
#include "model/limits.h"
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

static const char *skip_escape(const char *at, const char *end)
{
    if (at >= end)
        return NULL;
    if (*at != 'u')
        return strchr("\"\\/bfnrt", *at) != NULL && *at != '\0' ? at + 1 : NULL;
    for (int i = 1; i <= 4; i++)
        if (end - at <= i || (!is_digit(at[i]) && !(at[i] >= 'a' && at[i] <= 'f') &&
                              !(at[i] >= 'A' && at[i] <= 'F')))
            return NULL;
    return at + 5;
}

/* Behind its opening quote. */
static const char *skip_string(const char *at, const char *end)
{
    while (at != NULL && at < end && *at != '"') {
        if ((unsigned char)*at < 0x20)
            return NULL;
        at = *at == '\\' ? skip_escape(at + 1, end) : at + 1;
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
    at = skip_string(at + 1, end);
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
        return skip_string(at + 1, end);
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

const char *value_skip(const char *at, const char *end)
{
    const char *behind = skip_any(at, end, LIMIT_VALUE_DEPTH);

    return behind != NULL && text_is_utf8(at, (size_t)(behind - at)) ? behind : NULL;
}
