/*
 * fuzz: deterministic mutation of inputs, in one process. Every iteration has its own seed, so that
 * a finding can be run alone.
 *
 *   ORRERY_FUZZ_ITERATIONS   how many (default: what the fuzzer asks for, about 20,000)
 *   ORRERY_FUZZ_SEED         another sequence (default 1)
 *   ORRERY_FUZZ_FIRST        the iteration to begin with (default 0)
 *   ORRERY_FUZZ_TRACE        print each iteration's number before it runs
 */
#ifndef ORRERY_TESTS_FUZZ_H
#define ORRERY_TESTS_FUZZ_H

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/random.h"
#include "base/text.h"

#define FUZZ_INPUT_BYTES 8192

/* Ends the process with the place and the iteration when `condition` does not hold. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)

static uint64_t fuzz_iteration;

static inline void fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: iteration %" PRIu64 ": %s does not hold\n", file, line, fuzz_iteration,
            condition);
    abort();
}

static inline uint64_t fuzz_setting(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    uint64_t value;

    return text != NULL && text_to_u64(text, &value) == 0 ? value : fallback;
}

/* Runs `one` with a fresh random source per iteration. */
static inline int fuzz_run(uint64_t iterations, void (*one)(struct random *r))
{
    uint64_t first = fuzz_setting("ORRERY_FUZZ_FIRST", 0);
    uint64_t end = first + fuzz_setting("ORRERY_FUZZ_ITERATIONS", iterations);
    uint64_t seed = fuzz_setting("ORRERY_FUZZ_SEED", 1);

    for (fuzz_iteration = first; fuzz_iteration < end; fuzz_iteration++) {
        struct random r;
        if (getenv("ORRERY_FUZZ_TRACE") != NULL)
            fprintf(stderr, "iteration %" PRIu64 "\n", fuzz_iteration);
        random_init(&r, random_mix(seed, fuzz_iteration));
        one(&r);
    }
    printf("%" PRIu64 " iterations\n", end - first);
    return 0;
}

static inline size_t fuzz_below(struct random *r, size_t bound)
{
    return bound ? (size_t)random_below(r, bound) : 0;
}

/* An error must say something, in inert text. */
static inline void fuzz_check_error(const struct error *e)
{
    FUZZ_CHECK(e->code != ERROR_NONE && e->message[0] != '\0');
    for (const char *c = e->message; *c != '\0'; c++)
        FUZZ_CHECK((unsigned char)*c >= 0x20 || *c == '\n' || *c == '\t');
}

/* One change of the text: a byte, a piece moved, doubled or cut, or a word of `words` (ended by
 * NULL) put in. */
static inline void fuzz_change(struct random *r, struct buf *text, const char *const *words)
{
    size_t count = 0, at = fuzz_below(r, text->len + 1), len = fuzz_below(r, 16);
    char piece[16];

    while (words[count] != NULL)
        count++;
    if (at + len > text->len)
        len = text->len - at;
    memcpy(piece, buf_text(text) + at, len);
    switch (fuzz_below(r, 6)) {
    case 0: /* another byte */
        if (at < text->len)
            text->data[at] = (char)random_next(r);
        break;
    case 1: /* cut */
        memmove(text->data + at, text->data + at + len,
                text->len - at - len + (text->data != NULL));
        text->len -= len;
        break;
    case 2: /* doubled at the end */
        buf_add(text, piece, len);
        break;
    case 3: /* cut short */
        if (fuzz_below(r, 4) == 0 && text->data != NULL) {
            text->len = at;
            text->data[at] = '\0';
        }
        break;
    default: { /* a word */
        const char *word = words[fuzz_below(r, count)];
        size_t size = strlen(word);
        if (buf_reserve(text, size) == NULL)
            break;
        memmove(text->data + at + size, text->data + at, text->len - at);
        memcpy(text->data + at, word, size);
        text->len += size;
        text->data[text->len] = '\0';
        break;
    }
    }
}

/* A seed with 0..8 changes. The caller releases `out`. */
static inline void fuzz_text(struct random *r, const char *const *seeds, size_t seed_count,
                             const char *const *words, struct buf *out)
{
    buf_init(out, FUZZ_INPUT_BYTES);
    buf_add_str(out, seeds[fuzz_below(r, seed_count)]);
    for (size_t n = fuzz_below(r, 9); n > 0; n--)
        fuzz_change(r, out, words);
}

/* A value of any kind, often an awkward one. `words` serve as strings. */
static inline json_t *fuzz_scalar(struct random *r, const char *const *words)
{
    static const double reals[] = {0.0,  -0.0, 0.5, 1e-300, 1e300, 1e18, 9223372036854775808.0,
                                   -1.0, 4.0};
    static const int64_t integers[] = {0,  1,   -1,  2,         63,        64,
                                       65, 255, 256, INT64_MAX, INT64_MIN, 1000000};
    size_t count = 0;

    while (words[count] != NULL)
        count++;
    switch (fuzz_below(r, 8)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(fuzz_below(r, 2));
    case 2:
        return json_real(reals[fuzz_below(r, sizeof reals / sizeof reals[0])]);
    case 3:
        return json_integer(integers[fuzz_below(r, sizeof integers / sizeof integers[0])]);
    case 4:
        return json_array();
    case 5:
        return fuzz_below(r, 2) ? json_object() : json_pack("{s:b}", "$function", 1);
    case 6:
        return json_stringn("a\0\x1b", fuzz_below(r, 4));
    default:
        return json_string(words[fuzz_below(r, count)]);
    }
}

/* A copy of `base` in which about one node in `rarity` is another value, gone, or has another key.
 */
static inline json_t *fuzz_json(struct random *r, const json_t *base, const char *const *words,
                                size_t rarity)
{
    const json_t *child;
    const char *key;
    size_t index, count = 0;
    json_t *out;

    while (words[count] != NULL)
        count++;
    if (fuzz_below(r, rarity) == 0)
        return fuzz_scalar(r, words);
    if (json_is_array(base)) {
        out = json_array();
        json_array_foreach(base, index, child)
        {
            size_t copies = fuzz_below(r, rarity) == 0 ? fuzz_below(r, 4) : 1;
            for (; copies > 0; copies--)
                json_array_append_new(out, fuzz_json(r, child, words, rarity));
        }
        return out;
    }
    if (!json_is_object(base))
        return json_deep_copy(base);
    out = json_object();
    json_object_foreach((json_t *)base, key, child)
    {
        const char *name = fuzz_below(r, rarity) == 0 ? words[fuzz_below(r, count)] : key;
        if (fuzz_below(r, rarity) != 0)
            json_object_set_new(out, name, fuzz_json(r, child, words, rarity));
    }
    return out;
}

#endif
