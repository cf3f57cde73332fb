/* What may be an event's payload, and why something else may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "source/payload.h"

static void check_json(const char *text, size_t len, const char *problem, const char *kept)
{
    struct payload p;

    payload_json(&p, text, len, NULL);
    assert_string_equal(p.problem ? p.problem : "", problem ? problem : "");
    if (kept == NULL)
        assert_null(p.text);
    else
        assert_string_equal(p.text, kept);
    payload_release(&p);
}

static void json_is_kept_as_it_is(void **unused)
{
    static const char *const good[] = {
        "1", "\"\"", "null", "{\"b\":1, \"a\":[]}", "9223372036854775807", " [0.1] "};

    (void)unused;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check_json(good[i], strlen(good[i]), NULL, good[i]);
    check_json(NULL, 0, NULL, NULL);
}

static void what_is_none_is_refused(void **unused)
{
    static const char *const bad[] = {
        "", "{", "x", "1 2", "{\"a\":1,\"a\":2}", "\xff", "9223372036854775808", "1e999", "'a'"};

    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_json(bad[i], strlen(bad[i]), "PAYLOAD_JSON", NULL);
    check_json("1\0", 2, "PAYLOAD_JSON", NULL);
}

static void nesting_is_bounded(void **unused)
{
    char text[200];

    (void)unused;
    for (int levels = 32; levels <= 33; levels++) {
        memset(text, '[', (size_t)levels);
        memset(text + levels, ']', (size_t)levels);
        text[2 * levels] = '\0';
        check_json(text, strlen(text), levels == 32 ? NULL : "PAYLOAD_JSON",
                   levels == 32 ? text : NULL);
    }
}

static void size_is_bounded(void **unused)
{
    size_t max = SOURCE_PAYLOAD_BYTES;
    char *text = mem_alloc(max + 2);

    (void)unused;
    memset(text, 'x', max + 2);
    text[0] = text[max - 1] = '"';
    text[max] = '\0';
    check_json(text, max, NULL, text);
    text[max - 1] = 'x';
    text[max] = '"';
    text[max + 1] = '\0';
    check_json(text, max + 1, "PAYLOAD_SIZE", NULL);
    free(text);
}

static void check_loose(const char *text, const char *problem, const char *kept)
{
    struct payload p;

    payload_loose(&p, text, strlen(text), NULL);
    assert_true((p.problem == NULL) == (problem == NULL));
    assert_true((p.text == NULL) == (kept == NULL));
    if (kept != NULL)
        assert_string_equal(p.text, kept);
    payload_release(&p);
}

static void text_becomes_a_string(void **unused)
{
    (void)unused;
    check_loose("", NULL, NULL);
    check_loose("{\"a\":1}", NULL, "{\"a\":1}");
    check_loose("12", NULL, "12");
    check_loose("plain \"text\"\n", NULL, "\"plain \\\"text\\\"\\u000a\"");
    check_loose("{\"a\":", "PAYLOAD_JSON", NULL);
    check_loose("[1", "PAYLOAD_JSON", NULL);
    check_loose("\xff\xfe", "PAYLOAD_JSON", NULL);
}

static void ids_come_from_a_field(void **unused)
{
    static const struct {
        const char *json, *id;
    } cases[] = {{"{\"id\":\"a\"}", "a"}, {"{\"id\":-7}", "-7"}, {"{\"id\":1.5}", ""},
                 {"{\"id\":null}", ""},   {"{\"other\":1}", ""}, {"[\"id\"]", ""},
                 {"{\"id\":\"\"}", ""}};
    struct payload p, q;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        payload_json(&p, cases[i].json, strlen(cases[i].json), "id");
        assert_string_equal(p.id, cases[i].id);
        payload_release(&p);
    }
    payload_json(&p, "{\"id\":\"a\\u0000b\"}", strlen("{\"id\":\"a\\u0000b\"}"), "id");
    payload_json(&q, "{\"id\":\"a\\u0000c\"}", strlen("{\"id\":\"a\\u0000c\"}"), "id");
    assert_int_equal(strncmp(p.id, "digest:", 7), 0);
    assert_string_not_equal(p.id, q.id);
    payload_release(&p);
    payload_release(&q);
}

static void long_ids_go_by_their_digest(void **unused)
{
    char text[SOURCE_ID_BYTES + 2];
    struct payload p = {0};

    (void)unused;
    memset(text, 'i', sizeof text);
    payload_set_id(&p, text, SOURCE_ID_BYTES);
    assert_int_equal(strlen(p.id), SOURCE_ID_BYTES);
    payload_set_id(&p, text, SOURCE_ID_BYTES + 1);
    assert_int_equal(strncmp(p.id, "digest:", 7), 0);
}

static void what_was_refused_is_quoted_inert(void **unused)
{
    struct payload p;

    (void)unused;
    payload_json(&p, "{\x1b[31m", strlen("{\x1b[31m"), NULL);
    assert_non_null(strstr(p.message, "\\x1b[31m"));
    payload_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_kept_as_it_is),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(text_becomes_a_string),
        cmocka_unit_test(ids_come_from_a_field),
        cmocka_unit_test(long_ids_go_by_their_digest),
        cmocka_unit_test(what_was_refused_is_quoted_inert),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
