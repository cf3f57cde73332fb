/* What every cmocka test includes, in the order that cmocka wants; hex, and a first transaction. */
#ifndef ORRERY_TESTS_SUI_SUPPORT_H
#define ORRERY_TESTS_SUI_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "sui/address.h"
#include "sui/builder.h"

/* The call works; else its error is shown. */
#define WORKS(call)                                                                                \
    do {                                                                                           \
        struct error e_ = ERROR_INIT, *e = &e_;                                                    \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", error_name(e_.code), e_.message);                                   \
    } while (0)

/* The call fails with this code, and a message that has `part` in it. */
#define FAILS(call, expected, part)                                                                \
    do {                                                                                           \
        struct error e_ = ERROR_INIT, *e = &e_;                                                    \
        assert_int_equal(call, -1);                                                                \
        if (e_.code != (expected) || strstr(e_.message, part) == NULL)                             \
            fail_msg("%s: %s", error_name(e_.code), e_.message);                                   \
    } while (0)

static inline char *to_hex(const void *data, size_t len) /* free() it */
{
    const uint8_t *bytes = data;
    char *text = mem_alloc(2 * len + 1);

    text[0] = '\0';
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

static inline struct buf from_hex(const char *hex)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    for (size_t i = 0; hex[i] != '\0'; i += 2) {
        char pair[3] = {hex[i], hex[i + 1], '\0'};
        buf_add_char(&out, (char)strtoul(pair, NULL, 16));
    }
    return out;
}

static inline void assert_hex(const void *data, size_t len, const char *expected)
{
    char *got = to_hex(data, len);

    assert_string_equal(got, expected);
    free(got);
}

static inline struct sui_address filled(uint8_t byte)
{
    struct sui_address a;

    memset(a.bytes, byte, sizeof a.bytes);
    return a;
}

static inline struct sui_digest filled_digest(uint8_t byte)
{
    struct sui_digest d;

    memset(d.bytes, byte, sizeof d.bytes);
    return d;
}

static inline struct sui_argument pure_u64(struct sui_builder *b, uint64_t value)
{
    struct sui_argument out = {0};
    struct buf bytes;

    buf_init(&bytes, 8);
    bcs_put_u64(&bytes, value);
    WORKS(sui_builder_pure(b, bytes.data, bytes.len, &out, e));
    buf_release(&bytes);
    return out;
}

static inline struct sui_argument pure_bytes(struct sui_builder *b, const char *hex)
{
    struct sui_argument out = {0};
    struct buf bytes = from_hex(hex);

    WORKS(sui_builder_pure(b, bytes.data, bytes.len, &out, e));
    buf_release(&bytes);
    return out;
}

static inline struct sui_argument pure_address(struct sui_builder *b, struct sui_address a)
{
    struct sui_argument out = {0};

    WORKS(sui_builder_pure(b, a.bytes, sizeof a.bytes, &out, e));
    return out;
}

static inline struct sui_argument shared(struct sui_builder *b, struct sui_address id,
                                         uint64_t version, bool is_mutable)
{
    struct sui_argument out = {0};

    WORKS(sui_builder_shared(b, &id, version, is_mutable, &out, e));
    return out;
}

/* A call with arguments and at most one type argument, which is a text or NULL. */
static inline struct sui_argument call_with(struct sui_builder *b, struct sui_address package,
                                            const char *module, const char *function,
                                            const char *type, const struct sui_argument *arguments,
                                            size_t count)
{
    struct sui_argument out = {0};
    struct sui_memory memory;
    struct sui_type parsed;
    struct sui_call call = {.package = package,
                            .module = module,
                            .function = function,
                            .types = &parsed,
                            .type_count = type != NULL,
                            .arguments = {arguments, count}};

    sui_memory_init(&memory);
    if (type != NULL)
        WORKS(sui_type_parse(&memory, type, &parsed, e));
    WORKS(sui_builder_call(b, &call, &out, e));
    sui_memory_release(&memory);
    return out;
}

static inline void set_gas(struct sui_builder *b, uint64_t price, uint64_t budget)
{
    struct sui_object_ref coin = {.id = filled(0x22), .version = 7, .digest = filled_digest(3)};
    struct sui_gas gas = {
        .coins = &coin, .coin_count = 1, .owner = b->tx.sender, .price = price, .budget = budget};

    WORKS(sui_builder_gas(b, &gas, e));
}

#endif
