/* What every test of keys includes, in the order that cmocka wants, and a few shorthands. */
#ifndef ORRERY_TESTS_KEYS_SUPPORT_H
#define ORRERY_TESTS_KEYS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/error.h"
#include "vectors.h"

static inline void from_hex(const char *hex, unsigned char *out, size_t size)
{
    size_t len;

    assert_int_equal(sodium_hex2bin(out, size, hex, strlen(hex), NULL, &len, NULL), 0);
    assert_int_equal(len, size);
}

/* Nothing of what is secret in the vectors may be told: no run of 6 characters of a text form. */
static inline void assert_silent(const struct error *e, const char *secret)
{
    const char *skip = strstr(secret, "suiprivkey1") == secret ? secret + 11 : secret;
    char said[sizeof e->where + sizeof e->message + sizeof e->hint + 4], run[7];

    snprintf(said, sizeof said, "%s\n%s\n%s", e->where, e->message, e->hint);
    for (size_t i = 0; i + 6 <= strlen(skip); i++) {
        snprintf(run, sizeof run, "%s", skip + i);
        if (strcasestr(said, run) != NULL)
            fail_msg("'%s' of a key is in the error: %s", run, said);
    }
}

#endif
