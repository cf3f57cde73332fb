/* The URLs of stores: what is understood, what is refused, and that no secret is ever shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "model/store_url.h"

static struct store_url parsed(const char *text)
{
    struct store_url url = {0};
    struct error e = ERROR_INIT;

    if (store_url_parse(text, &url, &e) != 0)
        fail_msg("%s: %s", text, e.message);
    return url;
}

static void refuses(const char *text, const char *expected)
{
    struct store_url url = {.port = 77};
    struct error e = ERROR_INIT;

    assert_int_equal(store_url_parse(text, &url, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_int_equal(url.port, 77);
    if (strstr(e.message, expected) == NULL && strstr(e.hint, expected) == NULL)
        fail_msg("%s: '%s' is not in '%s' (%s)", text, expected, e.message, e.hint);
    assert_null(strstr(e.message, "s3cret"));
    assert_null(strstr(e.hint, "s3cret"));
}

static void labels(const char *text, const char *expected)
{
    char *label = store_url_label(text);

    assert_string_equal(label, expected);
    free(label);
}

static void test_local(void **state)
{
    struct store_url url = parsed("sqlite:data/a b?.db");

    (void)state;
    assert_int_equal(url.kind, STORE_SQLITE);
    assert_string_equal(url.path, "data/a b?.db");
    assert_false(store_url_is_server(&url));
    store_url_release(&url);
    url = parsed("memory:");
    assert_int_equal(url.kind, STORE_MEMORY);
    assert_string_equal(url.label, "memory:");
    store_url_release(&url);
}

static void test_all_parts(void **state)
{
    struct store_url url = parsed("postgresql://al%40ice:p%2Fw%3a@db.example.com:6432/trading"
                                  "?pool=4&connect_timeout=250ms&schema=a%26b&timeout=2m");

    (void)state;
    assert_int_equal(url.kind, STORE_POSTGRES);
    assert_string_equal(url.scheme, "postgres");
    assert_string_equal(url.user, "al@ice");
    assert_string_equal(url.password, "p/w:");
    assert_string_equal(url.host, "db.example.com");
    assert_int_equal(url.port, 6432);
    assert_string_equal(url.path, "trading");
    assert_int_equal(url.pool, 4);
    assert_int_equal(url.connect_timeout_ms, 250);
    assert_int_equal(url.timeout_ms, 120000);
    assert_string_equal(store_url_option(&url, "schema"), "a&b");
    assert_null(store_url_option(&url, "prefix"));
    assert_false(url.local);
    assert_string_equal(url.label, "postgresql://al%40ice:***@db.example.com:6432/trading"
                                   "?pool=4&connect_timeout=250ms&schema=a%26b&timeout=2m");
    store_url_release(&url);
}

static void test_defaults_and_forms(void **state)
{
    struct store_url url = parsed("redis://[::1]:7000/3");

    (void)state;
    assert_string_equal(url.host, "::1");
    assert_true(url.local);
    assert_string_equal(url.path, "3");
    assert_int_equal(url.pool, 1);
    assert_int_equal(url.connect_timeout_ms, 5000);
    store_url_release(&url);
    url = parsed("rediss://:pw@cache");
    assert_true(url.tls);
    assert_null(url.user);
    assert_string_equal(url.password, "pw");
    assert_int_equal(url.port, 0);
    store_url_release(&url);
    url = parsed("redis+unix:///run/redis.sock?db=2");
    assert_string_equal(url.path, "/run/redis.sock");
    assert_true(url.local);
    store_url_release(&url);
    url = parsed("postgres:///desk?host=/run/postgresql");
    assert_null(url.host);
    assert_true(url.local);
    store_url_release(&url);
    url = parsed("libsql+https://db.turso.example?auth_token_env=T");
    assert_true(url.tls);
    assert_true(store_url_is_server(&url));
    store_url_release(&url);
}

static void test_refusals(void **state)
{
    (void)state;
    refuses("sqlite:", "expected a path");
    refuses("postgress://h/d", "did you mean 'postgres:'?");
    refuses("mysql://u:s3cret@h/d", "known are");
    refuses("postgres://u:s3cret@h", "database's name");
    refuses("postgres://u:s3cret@/d", "needs a host");
    refuses("postgres://u:s3cret@h:0/d", "port");
    refuses("postgres://u:s3cret@h:70000/d", "port");
    refuses("postgres://u:s3cret@h:x/d", "port");
    refuses("postgres://u:s3cret@h/d?pol=3", "did you mean 'pool'?");
    refuses("postgres://u:s3cret@h/d?pool=0", "1 to 16");
    refuses("postgres://u:s3cret@h/d?pool=17", "1 to 16");
    refuses("postgres://u:s3cret@h/d?pool=2&pool=3", "twice");
    refuses("postgres://u:s3cret@h/d?schema=", "no value");
    refuses("postgres://u:s3cret@h/d?timeout=1h", "100ms to 5m");
    refuses("postgres://u:s3cret%@h/d", "'%'");
    refuses("postgres://u:s3cret%00@h/d", "'%'");
    refuses("postgres://u:s3cret%ff@h/d", "UTF-8");
    refuses("postgres://u:s3cret@h h/d", "host");
    refuses("postgres://u:s3c?ret@h/d", "must be escaped");
    refuses("postgres://u:s3c/ret@h/d", "%2F");
    refuses("postgres://u?s3cret:x@h/d", "must be escaped");
    refuses("redis://[::1/3", "[ADDRESS]");
    refuses("redis+unix://h/x", "three slashes");
    refuses("libsql+http://s3cret@h", "no user");
    refuses("libsql+http://h/db", "no path");
    refuses("libsql+http://h?authToken=s3cret", "unknown option");
    refuses("rediss://h?tls_verify=no", "on or off");
    refuses("postgres://u@h/d?sslmode=prefer", "disable, require, verify-ca or verify-full");
}

static void test_labels(void **state)
{
    (void)state;
    labels("memory:", "memory:");
    labels("sqlite:x:y@z", "sqlite:x:y@z");
    labels("redis:/:pw@h", "redis:***@h");
    labels("redis//:p@w@h", "redis//:***@h");
    labels("u@h:1", "u@h:1");
    labels("redis://h", "redis://h");
    labels("redis://u@h/1?db=1", "redis://u@h/1?db=1");
    labels("redis://u:p@ss/w?rd@h/1", "redis://u:***@h/1");
    labels("redis://:pw@h", "redis://:***@h");
    labels("weird://u:pw@h?x", "weird://u:***@h?x");
    labels("libsql+https://to:ken@h", "libsql+https://:***@h");
    labels("libsql+https://token@h", "libsql+https://:***@h");
    labels("libsql://h?authToken=abc&pool=2", "libsql://h?authToken=***&pool=2");
    labels("postgres://u:pw@h/d?host=a@b", "postgres://u:***@b");
}

static void test_too_long(void **state)
{
    char text[STORE_URL_BYTES + 32] = "sqlite:";

    (void)state;
    memset(text + 7, 'x', STORE_URL_BYTES);
    refuses(text, "at most");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_all_parts),
        cmocka_unit_test(test_defaults_and_forms),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
