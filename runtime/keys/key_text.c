#include "keys/key_text.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "keys/bech32.h"
#include "keys/locked.h"

#define BASE64_CHARS 44 /* of KEY_RAW_BYTES */

struct reader {
    const char *at, *end;
    unsigned char *raw;
    key_text_fn *each;
    void *arg;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && is_blank(*r->at))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* Base64 of flag || seed. `what`: "the text", "key 3". */
static int read_base64(struct reader *r, const char *text, size_t len, const char *what,
                       struct error *e)
{
    size_t got = 0;

    if (len != BASE64_CHARS)
        return error_set(e, ERROR_INVALID,
                         "%s: expected %d characters of Base64 (a flag and 32 bytes), got %zu",
                         what, BASE64_CHARS, len);
    if (base64_decode(text, len, r->raw, KEY_RAW_BYTES, &got, NULL) < 0 || got != KEY_RAW_BYTES)
        return error_set(e, ERROR_INVALID, "%s is not the Base64 of a flag and 32 bytes", what);
    return r->each(r->arg, r->raw, e);
}

/* One string of the list, behind its opening quote. */
static int read_string(struct reader *r, size_t number, struct error *e)
{
    const char *close = memchr(r->at, '"', (size_t)(r->end - r->at)), *text = r->at;
    char what[32];

    snprintf(what, sizeof what, "key %zu of the list", number);
    if (close == NULL)
        return error_set(e, ERROR_INVALID, "%s does not end: a closing quote is missing", what);
    r->at = close + 1;
    return read_base64(r, text, (size_t)(close - text), what, e);
}

/* Behind the opening bracket. */
static int read_list(struct reader *r, struct error *e)
{
    for (size_t number = 1;; number++) {
        int result;
        if (number == 1 && take(r, ']'))
            return error_set(e, ERROR_INVALID, "the list of keys is empty");
        if (!take(r, '"'))
            return error_set(e, ERROR_INVALID, "key %zu of the list: expected a string in quotes",
                             number);
        result = read_string(r, number, e);
        if (result != 0)
            return result;
        if (take(r, ']'))
            break;
        if (!take(r, ','))
            return error_set(e, ERROR_INVALID, "behind key %zu of the list: expected ',' or ']'",
                             number);
    }
    skip_blanks(r);
    if (r->at == r->end)
        return 0;
    return error_set(e, ERROR_INVALID, "more text follows behind the list of keys");
}

static int read_one(struct reader *r, struct error *e)
{
    size_t len = (size_t)(r->end - r->at);

    if (len == 0)
        return error_set(e, ERROR_INVALID, "it is empty: expected a key");
    if (key_bech32_begins(r->at, len)) {
        if (key_bech32_decode(r->at, len, r->raw, e) < 0)
            return -1;
        return r->each(r->arg, r->raw, e);
    }
    if (len == BASE64_CHARS)
        return read_base64(r, r->at, len, "the text", e);
    error_set(e, ERROR_INVALID,
              "expected a key: " KEY_BECH32_PREFIX
              "… text, or a list of Base64 as in sui.keystore; got %zu characters of neither",
              len);
    error_hint(e, "`sui keytool export` and `sui keytool convert` print the " KEY_BECH32_PREFIX
                  " form of a key");
    return -1;
}

int key_text_read(const char *text, size_t len, unsigned char raw[KEY_RAW_BYTES], key_text_fn *each,
                  void *arg, struct error *e)
{
    struct reader r = {text, text + len, raw, each, arg};
    int result;

    skip_blanks(&r);
    while (r.end > r.at && is_blank(r.end[-1]))
        r.end--;
    result = r.at < r.end && *r.at == '[' ? (r.at++, read_list(&r, e)) : read_one(&r, e);
    sodium_memzero(raw, KEY_RAW_BYTES);
    locked_scrub_stack();
    return result;
}
