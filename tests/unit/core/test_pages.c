/* Cursors: whole and unchanged, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "core/pages.h"

static void test_there_and_back(void **state)
{
    static const uint64_t positions[] = {0, 1, 31, 1ull << 40, INT64_MAX};
    char text[PAGE_CURSOR_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
        for (uint32_t within = 0; within <= PAGE_WITHIN_MAX; within += 13107) {
            struct error e = ERROR_INIT;
            uint64_t at = 7;
            uint32_t found = 7;
            page_cursor("scope", positions[i], within, text);
            assert_int_equal(strlen(text), PAGE_CURSOR_SIZE - 1);
            assert_int_equal(page_cursor_read(text, "scope", &at, &found, &e), 0);
            assert_int_equal(at, positions[i]);
            assert_int_equal(found, within);
        }
    }
}

static void refused(const char *text, const char *scope, const char *message)
{
    struct error e = ERROR_INIT;
    uint64_t at = 7;
    uint32_t within = 8;

    assert_int_equal(page_cursor_read(text, scope, &at, &within, &e), -1);
    assert_int_equal(e.code, ERROR_INVALID);
    assert_non_null(strstr(e.message, message));
    assert_non_null(e.hint);
    assert_int_equal(at, 7);
    assert_int_equal(within, 8);
}

static void test_every_changed_character_is_refused(void **state)
{
    static const char others[] = "0123456789abcdefghjkmnpqrstvwxyzAZ -~\x01\x1b\xff";
    char text[PAGE_CURSOR_SIZE], changed[PAGE_CURSOR_SIZE];

    (void)state;
    page_cursor("scope", 123456789012345ull, 17, text);
    for (size_t i = 0; i < PAGE_CURSOR_SIZE - 1; i++) {
        for (const char *c = others; *c != '\0'; c++) {
            memcpy(changed, text, sizeof changed);
            changed[i] = *c;
            if (*c != text[i])
                refused(changed, "scope", "is no cursor");
        }
    }
}

static void test_other_texts_are_refused(void **state)
{
    char text[PAGE_CURSOR_SIZE];

    (void)state;
    page_cursor("scope", 99, 0, text);
    refused(text, "other scope", "is no cursor of this list");
    refused("", "scope", "'' is no cursor");
    refused("38fw4z60g0001", "scope", "'38fw4z60g0001' is no cursor");
    text[PAGE_CURSOR_SIZE - 2] = '\0';
    refused(text, "scope", "is no cursor");
    refused("0000000000000000000000000", "scope", "is no cursor of this list");
    refused("zzzzzzzzzzzzz000000000000", "scope", "is no cursor"); /* beyond 2^63 */
    refused("'; DROP TABLE runs; --   ", "scope", "is no cursor");
    refused("a text that is much longer than any cursor could ever be, and then some", "scope",
            "is no cursor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_every_changed_character_is_refused),
        cmocka_unit_test(test_other_texts_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
