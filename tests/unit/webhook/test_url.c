#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "webhook/url.h"

static void test_accepted(void **state)
{
    static const char *const urls[] = {
        "https://executor.example",
        "https://executor.example:8443/orrery/batches?token=x",
        "https://10.0.0.1/x",
        "https://[2001:db8::1]:443/",
        "http://127.0.0.1:8080/batches",
        "http://127.9.9.9/",
        "http://[::1]:80/x",
        "http://localhost/x",
        "https://h/{key}/x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct error e = ERROR_INIT;
        if (webhook_url_check(urls[i], &e) < 0)
            fail_msg("%s: %s", urls[i], e.message);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *url, *message;
    } cases[] = {
        {"", "expected an address like"},
        {"https://", "expected an address like"},
        {"https:///x", "expected an address like"},
        {"ftp://h/x", "expected an address like"},
        {"HTTPS://h/x", "expected an address like"},
        {"https://h/x y", "expected an address like"},
        {"https://h/x\n", "expected an address like"},
        {"https://h/#x", "expected an address like"},
        {"https://h:/x", "expected an address like"},
        {"https://h:0/x", "expected an address like"},
        {"https://h:65536/x", "expected an address like"},
        {"https://h:123456/x", "expected an address like"},
        {"https://h:8x/x", "expected an address like"},
        {"https://h_x/x", "expected an address like"},
        {"https://[::1/x", "expected an address like"},
        {"https://[]/x", "expected an address like"},
        {"https://[::1]x/x", "expected an address like"},
        {"https://me:pw@h/x", "an address with a user name or password"},
        {"http://me@127.0.0.1/x", "an address with a user name or password"},
        {"http://executor.example/x", "http:// is for this machine only"},
        {"http://10.0.0.1/x", "http:// is for this machine only"},
        {"http://127.0.0.1.evil.example/x", "http:// is for this machine only"},
        {"http://127.evil/x", "http:// is for this machine only"},
        {"http://localhost.evil/x", "http:// is for this machine only"},
        {"http://[::2]/x", "http:// is for this machine only"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error e = ERROR_INIT;
        if (webhook_url_check(cases[i].url, &e) == 0)
            fail_msg("accepted: %s", cases[i].url);
        assert_int_equal(e.code, ERROR_INVALID);
        if (strncmp(e.message, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("%s: %s", cases[i].url, e.message);
    }
}

static void test_too_long(void **state)
{
    struct error e = ERROR_INIT;
    char url[WEBHOOK_URL_BYTES + 2];

    (void)state;
    memset(url, 'a', sizeof url);
    memcpy(url, "https://", 8);
    url[sizeof url - 1] = '\0';
    assert_int_equal(webhook_url_check(url, &e), -1);
    assert_string_equal(e.message, "expected at most 1024 bytes, got 1025");
}

static void test_parts(void **state)
{
    char *filled = webhook_url_fill("https://h/a/{key}?b", "00ff");

    (void)state;
    assert_string_equal(filled, "https://h/a/00ff?b");
    free(filled);
    assert_int_equal(webhook_url_public("https://h/a?token=x"), 11);
    assert_int_equal(webhook_url_public("https://h/a"), 11);
    assert_int_equal(webhook_url_marks("https://h/{key}{key}"), 2);
    assert_int_equal(webhook_url_marks("https://h/{ke}"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
