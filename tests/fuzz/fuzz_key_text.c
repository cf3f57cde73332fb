/* Any text holds keys or is an error. What is accepted can be written again as itself; and no error
 * tells anything of the text. */
#include "fuzz/fuzz.h"

#include <sodium.h>
#include <strings.h>

#include "base/base64.h"
#include "keys/bech32.h"
#include "keys/key_source.h"
#include "keys/key_text.h"

#define BECH32 "suiprivkey1qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv2p29shrqv35xcur50p74yefn7"
#define BASE64 "AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define OTHER  "AP//////////////////////////////////////////"
#define SECP   "AS9Mx4NOwGUOf09YAVhBa9YtnN9tZgSwiTPktBPYWMEe"

static const char *const seeds[] = {
    BECH32,
    " " BECH32 "\n",
    "SUIPRIVKEY1QQQQZQSRQSZSVPCGPY9QKRQDPC83QYGJZV2P29SHRQV35XCUR50P74YEFN7",
    BASE64,
    "[\"" BASE64 "\"]",
    "[\n  \"" OTHER "\",\n  \"" SECP "\",\n  \"" BASE64 "\"\n]\n",
    "file:suiprivkey1qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv2p29shrqv35xcur50p74yefn7",
    "env:KEY",
    "credential:operator",
};

static const char *const words[] = {
    BECH32, BASE64,  "suiprivkey1", "suiprivkey", "SUIPRIVKEY1", "[",    "]",
    "\"",   "\",\"", ",",           " ",          "\n",          "=",    "/",
    "+",    "q1",    "bi",          "file:",      "env:",        "\xff", NULL,
};

struct collected {
    unsigned char raw[512][KEY_RAW_BYTES];
    size_t count;
};

static int collect(void *arg, const unsigned char raw[KEY_RAW_BYTES], struct error *e)
{
    struct collected *c = arg;

    (void)e;
    FUZZ_CHECK(c->count < 512);
    memcpy(c->raw[c->count++], raw, KEY_RAW_BYTES);
    return 0;
}

/* Digits, and one letter after another, are part of every sentence; a run of 9 of the key is not.
 */
static void check_silent(const struct error *e, const struct buf *text)
{
    char said[sizeof e->message + sizeof e->hint + 1];

    snprintf(said, sizeof said, "%s\n%s", e->message, e->hint);
    for (size_t i = 0; i + 9 <= text->len; i++) {
        bool key = memmem(&BECH32[11], 59, text->data + i, 9) != NULL ||
                   memmem(BASE64, 44, text->data + i, 9) != NULL;
        FUZZ_CHECK(!key || memmem(said, strlen(said), text->data + i, 9) == NULL);
    }
}

static bool stands_in(const struct buf *text, const char *word, size_t len, bool any_case)
{
    for (size_t at = 0; at + len <= text->len; at++)
        if (any_case ? strncasecmp(text->data + at, word, len) == 0
                     : memcmp(text->data + at, word, len) == 0)
            return true;
    return false;
}

/* Each key stands in the text, as it is written by ourselves. */
static void check_keys(const struct collected *c, const struct buf *text)
{
    for (size_t i = 0; i < c->count; i++) {
        char bech32[KEY_BECH32_CHARS], base64[64];
        unsigned char again[KEY_RAW_BYTES];
        struct error e = ERROR_INIT;
        size_t got = 0;
        key_bech32_encode(c->raw[i][0], c->raw[i] + 1, bech32);
        FUZZ_CHECK(key_bech32_decode(bech32, sizeof bech32, again, &e) == 0);
        FUZZ_CHECK(memcmp(again, c->raw[i], sizeof again) == 0);
        sodium_bin2base64(base64, sizeof base64, c->raw[i], KEY_RAW_BYTES,
                          sodium_base64_VARIANT_ORIGINAL);
        FUZZ_CHECK(base64_decode(base64, strlen(base64), again, sizeof again, &got, NULL) == 0 &&
                   got == sizeof again);
        FUZZ_CHECK(memcmp(again, c->raw[i], sizeof again) == 0);
        FUZZ_CHECK(stands_in(text, base64, strlen(base64), false) ||
                   stands_in(text, bech32, sizeof bech32, true));
    }
}

static void check_source(const struct buf *text)
{
    struct key_source source;
    struct error e = ERROR_INIT;

    if (key_source_parse(buf_text(text), &source, &e) == 0) {
        FUZZ_CHECK(strcmp(source.label, buf_text(text)) == 0 && source.name[0] != '\0');
        FUZZ_CHECK(strcasestr(source.label, "suiprivkey1") == NULL);
        key_source_release(&source);
        return;
    }
    fuzz_check_error(&e);
    if (strcasestr(buf_text(text), "suiprivkey1") != NULL)
        check_silent(&e, text);
}

static void one(struct random *r)
{
    static struct collected c;
    unsigned char raw[KEY_RAW_BYTES], zeros[KEY_RAW_BYTES] = {0};
    struct error e = ERROR_INIT;
    struct buf input;

    c.count = 0;
    fuzz_text(r, seeds, sizeof seeds / sizeof seeds[0], words, &input);
    if (key_text_read(buf_text(&input), input.len, raw, collect, &c, &e) == 0) {
        FUZZ_CHECK(c.count > 0);
        check_keys(&c, &input);
    } else {
        fuzz_check_error(&e);
        check_silent(&e, &input);
    }
    FUZZ_CHECK(memcmp(raw, zeros, sizeof raw) == 0);
    check_source(&input);
    buf_release(&input);
}

int main(void)
{
    return sodium_init() < 0 ? 1 : fuzz_run(20000, one);
}
