/* Hrana as text: what is asked, what may be answered, where a stream may go on, what is said about
 * refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "state/hrana.h"
#include "state/hrana_error.h"

/* ---- requests ---- */

static json_t *request_json(const struct hrana_batch *batch, const char *baton, bool last)
{
    struct error e = ERROR_INIT;
    struct buf text;
    json_t *root;

    buf_init(&text, 1 << 20);
    assert_int_equal(hrana_request(batch, baton, last, &text, &e), 0);
    root = json_loadb(buf_text(&text), text.len, JSON_ALLOW_NUL, NULL);
    if (root == NULL)
        fail_msg("not JSON: %s", buf_text(&text));
    buf_release(&text);
    return root;
}

static json_t *at(json_t *value, const char *key)
{
    json_t *found = json_object_get(value, key);

    assert_non_null(found);
    return found;
}

static json_t *nth(json_t *value, size_t index)
{
    json_t *found = json_array_get(value, index);

    assert_non_null(found);
    return found;
}

static void assert_text(json_t *value, const char *key, const char *expected)
{
    assert_string_equal(json_string_value(at(value, key)), expected);
}

static void a_request_has_steps_conditions_and_values(void **unused)
{
    const struct hrana_value values[] = {HRANA_INTEGER(INT64_MIN), HRANA_INTEGER(INT64_MAX),
                                         HRANA_NULL, HRANA_TEXT("x")};
    struct hrana_batch b;
    json_t *root, *steps, *args;
    int commit;

    (void)unused;
    hrana_batch_begin(&b);
    assert_int_equal(hrana_step(&b, -1, "BEGIN", 0, NULL), 0);
    assert_int_equal(hrana_step(&b, 0, "INSERT", 4, values), 1);
    commit = hrana_step(&b, 1, "COMMIT", 0, NULL);
    assert_int_equal(hrana_step_unless(&b, commit, "ROLLBACK"), 3);
    root = request_json(&b, NULL, true);
    assert_true(json_is_null(at(root, "baton")));
    assert_int_equal(json_array_size(at(root, "requests")), 2);
    assert_text(nth(at(root, "requests"), 1), "type", "close");
    steps = at(at(nth(at(root, "requests"), 0), "batch"), "steps");
    assert_int_equal(json_array_size(steps), 4);
    assert_null(json_object_get(nth(steps, 0), "condition"));
    assert_text(at(nth(steps, 1), "condition"), "type", "ok");
    assert_int_equal(json_integer_value(at(at(nth(steps, 1), "condition"), "step")), 0);
    assert_text(at(nth(steps, 3), "condition"), "type", "not");
    assert_int_equal(json_integer_value(at(at(at(nth(steps, 3), "condition"), "cond"), "step")),
                     commit);
    args = at(at(nth(steps, 1), "stmt"), "args");
    assert_text(nth(args, 0), "value", "-9223372036854775808");
    assert_text(nth(args, 1), "value", "9223372036854775807");
    assert_text(nth(args, 1), "type", "integer");
    assert_text(nth(args, 2), "type", "null");
    assert_text(nth(args, 3), "type", "text");
    json_decref(root);
    root = request_json(&b, "ba\"ton", false);
    assert_text(root, "baton", "ba\"ton");
    assert_int_equal(json_array_size(at(root, "requests")), 1);
    json_decref(root);
    hrana_batch_release(&b);
}

static void every_byte_of_a_text_arrives(void **unused)
{
    char text[400];
    size_t len = 0;
    struct hrana_value value;
    struct hrana_batch b;
    json_t *root, *got;

    (void)unused;
    for (int c = 0; c < 0x80; c++)
        text[len++] = (char)c;
    memcpy(text + len, "gr\xc3\xbc\xe2\x82\xac\xf0\x9d\x84\x9e", 11);
    len += 11;
    value = HRANA_BYTES(text, len);
    hrana_batch_begin(&b);
    hrana_step(&b, -1, "SELECT \"q\" -- \\ '", 1, &value);
    root = request_json(&b, NULL, true);
    got = at(
        nth(at(at(nth(at(at(nth(at(root, "requests"), 0), "batch"), "steps"), 0), "stmt"), "args"),
            0),
        "value");
    assert_int_equal(json_string_length(got), len);
    assert_memory_equal(json_string_value(got), text, len);
    json_decref(root);
    hrana_batch_release(&b);
}

static void text_that_is_not_utf8_is_refused(void **unused)
{
    const struct hrana_value value = HRANA_TEXT("a\xff");
    struct error e = ERROR_INIT;
    struct hrana_batch b;
    struct buf out;

    (void)unused;
    buf_init(&out, 1 << 16);
    hrana_batch_begin(&b);
    hrana_step(&b, -1, "SELECT ?1", 1, &value);
    assert_int_equal(hrana_request(&b, NULL, true, &out, &e), -1);
    assert_int_equal(e.code, ERROR_INVALID);
    hrana_batch_release(&b);
    buf_release(&out);
}

static void a_request_that_does_not_fit_is_a_limit(void **unused)
{
    struct error e = ERROR_INIT;
    struct hrana_batch b;
    struct buf out;

    (void)unused;
    buf_init(&out, 40);
    hrana_batch_begin(&b);
    hrana_step(&b, -1, "SELECT 1", 0, NULL);
    assert_int_equal(hrana_request(&b, NULL, true, &out, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    hrana_batch_release(&b);
    buf_release(&out);
}

/* ---- answers ---- */

#define RESULT(results) "{\"baton\":null,\"base_url\":null,\"results\":[" results "]}"
#define BATCH(steps, errors)                                                                       \
    RESULT("{\"type\":\"ok\",\"response\":{\"type\":\"batch\",\"result\":{\"step_results\":"       \
           "[" steps "],\"step_errors\":[" errors "]}}}")
#define ROWS(rows) "{\"cols\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"rows\":[" rows "]}"
#define TWO(a, b)  BATCH(ROWS("[" a "," b "]"), "null")
#define INTEGER(n) "{\"type\":\"integer\",\"value\":\"" n "\"}"
#define TEXT(t)    "{\"type\":\"text\",\"value\":\"" t "\"}"

static int parse(const char *text, int steps, struct hrana_answer *a, struct error *e)
{
    return hrana_parse(a, text, strlen(text), steps, e);
}

static void rows_are_read(void **unused)
{
    static const char text[] =
        BATCH(ROWS("[" TEXT("x\\u0000y") "," INTEGER("-9223372036854775808") "],[" TEXT(
                  "") ","
                      "{\"type\":\"null\"}]") ",null",
              "null,{\"message\":\"no\",\"code\":\"SQLITE_BUSY\"}");
    struct error e = ERROR_INIT;
    struct hrana_answer a;
    struct hrana_fault fault;
    const char *got;
    size_t len;

    (void)unused;
    assert_int_equal(parse(text, 2, &a, &e), 0);
    assert_true(hrana_executed(&a, 0));
    assert_false(hrana_executed(&a, 1));
    assert_false(hrana_executed(&a, 2));
    assert_false(hrana_executed(&a, -1));
    assert_int_equal(hrana_expect(&a, 0, "tI", &e), 0);
    assert_int_equal(hrana_rows(&a, 0), 2);
    got = hrana_text(&a, 0, 0, 0, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(got, "x\0y", 3);
    assert_true(hrana_integer(&a, 0, 0, 1, 7) == INT64_MIN);
    assert_true(hrana_integer(&a, 0, 1, 1, 7) == 7);
    assert_true(hrana_failed(&a, &fault));
    assert_int_equal(fault.step, 1);
    assert_string_equal(fault.code, "SQLITE_BUSY");
    assert_string_equal(fault.message, "no");
    hrana_answer_release(&a);
}

static void rows_that_were_not_expected_are_corrupt(void **unused)
{
    static const struct {
        const char *types, *words;
    } cases[] = {
        {"tt", "column 2: expected text, got integer"},
        {"ii", "column 1: expected integer"},
        {"t", "2 columns, expected 1"},
        {"tii", "2 columns, expected 3"},
        {"", "expected 0"},
    };
    struct hrana_answer a;
    struct error e = ERROR_INIT;

    (void)unused;
    assert_int_equal(parse(TWO(TEXT("a"), INTEGER("1")), 1, &a, &e), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        error_clear(&e);
        assert_int_equal(hrana_expect(&a, 0, cases[i].types, &e), -1);
        assert_int_equal(e.code, ERROR_STORE_CORRUPT);
        if (strstr(e.message, cases[i].words) == NULL)
            fail_msg("'%s' in '%s'", cases[i].words, e.message);
    }
    error_clear(&e);
    assert_int_equal(hrana_expect_one(&a, 0, "ti", &e), 0);
    assert_int_equal(hrana_expect(&a, 1, "ti", &e), -1);
    hrana_answer_release(&a);
    error_clear(&e);
    assert_int_equal(parse(BATCH(ROWS(""), "null"), 1, &a, &e), 0);
    assert_int_equal(hrana_expect(&a, 0, "ti", &e), 0);
    assert_int_equal(hrana_expect_one(&a, 0, "ti", &e), -1);
    hrana_answer_release(&a);
}

static void a_batch_may_be_refused_as_a_whole(void **unused)
{
    struct error e = ERROR_INIT;
    struct hrana_answer a;
    struct hrana_fault fault;

    (void)unused;
    assert_int_equal(parse(RESULT("{\"type\":\"error\",\"error\":{\"message\":\"too late\","
                                  "\"code\":\"TRANSACTION_TIMEOUT\"}}"),
                           3, &a, &e),
                     0);
    assert_true(hrana_failed(&a, &fault));
    assert_int_equal(fault.step, -1);
    assert_string_equal(fault.message, "too late");
    for (int i = -1; i < 4; i++)
        assert_false(hrana_executed(&a, i));
    assert_int_equal(hrana_expect(&a, 0, "", &e), -1);
    hrana_answer_release(&a);
}

static void what_is_not_hrana_is_told(void **unused)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "no JSON text"},
        {"<html>", "no JSON text"},
        {"{\"results\":[", "no JSON text"},
        {"[]", "no JSON object"},
        {"{}", "no result of the batch"},
        {"{\"results\":null}", "no result of the batch"},
        {"{\"results\":{}}", "no result of the batch"},
        {RESULT(""), "no result of the batch"},
        {RESULT("1"), "no result of the batch"},
        {RESULT("{\"type\":1}"), "no result of the batch"},
        {RESULT("{\"type\":\"ok\"}"), "not that of a batch"},
        {RESULT("{\"type\":\"ok\",\"response\":{\"type\":\"execute\"}}"), "not that of a batch"},
        {RESULT("{\"type\":\"error\"}"), "error is malformed"},
        {RESULT("{\"type\":\"error\",\"error\":{\"message\":5}}"), "error is malformed"},
        {BATCH("", ""), "not one result"},
        {BATCH("null,null", "null,null"), "not one result"},
        {BATCH("null", "null,null"), "not one result"},
        {BATCH("5", "null"), "rows are malformed"},
        {BATCH("{}", "null"), "rows are malformed"},
        {BATCH("{\"cols\":[],\"rows\":5}", "null"), "rows are malformed"},
        {BATCH("{\"cols\":[],\"rows\":[[" INTEGER("1") "]]}", "null"), "rows are malformed"},
        {BATCH(ROWS("[" INTEGER("1") "]"), "null"), "rows are malformed"},
        {BATCH(ROWS("{}"), "null"), "rows are malformed"},
        {TWO(INTEGER("1"), "null"), "rows are malformed"},
        {TWO(INTEGER("1"), "{\"type\":\"integer\",\"value\":1}"), "rows are malformed"},
        {TWO(INTEGER("1"), INTEGER("9223372036854775808")), "rows are malformed"},
        {TWO(INTEGER("1"), INTEGER("1\\u0000")), "rows are malformed"},
        {TWO(INTEGER("1"), INTEGER("")), "rows are malformed"},
        {TWO(INTEGER("1"), "{\"type\":\"text\",\"value\":1}"), "rows are malformed"},
        {TWO(INTEGER("1"), "{\"type\":\"text\"}"), "rows are malformed"},
        {TWO(INTEGER("1"), "{\"type\":\"blob\"}"), "rows are malformed"},
        {TWO(INTEGER("1"), "{\"type\":\"float\",\"value\":\"1.5\"}"), "rows are malformed"},
        {TWO(INTEGER("1"), "{\"type\":\"date\",\"value\":\"1\"}"), "rows are malformed"},
        {BATCH("null", "5"), "error is malformed"},
        {BATCH("null", "{\"message\":null}"), "error is malformed"},
        {BATCH("null", "{\"message\":\"x\",\"code\":5}"), "error is malformed"},
        {BATCH(ROWS(""), "{\"message\":\"x\"}"), "both rows and an error"},
        {"{\"baton\":5,\"results\":[]}", "baton"},
        {"{\"baton\":\"a\\u0000b\",\"results\":[]}", "baton"},
        {"{\"base_url\":[],\"results\":[]}", "base_url"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error e = ERROR_INIT;
        struct hrana_answer a = {0};
        if (parse(cases[i].text, 1, &a, &e) == 0)
            fail_msg("accepted: %s", cases[i].text);
        assert_null(a.root);
        assert_int_equal(e.code, ERROR_STORE_DOWN);
        if (strstr(e.message, cases[i].words) == NULL)
            fail_msg("%s: '%s' in '%s'", cases[i].text, cases[i].words, e.message);
    }
}

static void batons_have_a_limit(void **unused)
{
    char text[2 * HRANA_BATON_BYTES], baton[HRANA_BATON_BYTES + 2];
    struct error e = ERROR_INIT;
    struct hrana_answer a;

    (void)unused;
    memset(baton, 'b', sizeof baton);
    baton[HRANA_BATON_BYTES + 1] = '\0';
    snprintf(text, sizeof text, "{\"baton\":\"%s\"}", baton);
    assert_int_equal(parse(text, 1, &a, &e), -1);
    assert_non_null(strstr(e.message, "baton"));
}

/* ---- where a stream may go on ---- */

static void assert_base(const char *host, bool tls, const char *base_url, bool allowed)
{
    struct hrana h = {.host = (char *)(uintptr_t)host, .tls = tls};

    if (hrana_base_allowed(&h, base_url) != allowed)
        fail_msg("%s with %s%s is %s", base_url, host, tls ? " (TLS)" : "",
                 allowed ? "refused" : "allowed");
}

static void a_stream_stays_on_the_host_and_is_not_less_protected(void **unused)
{
    (void)unused;
    assert_base("db.example.com", true, "https://db.example.com", true);
    assert_base("db.example.com", true, "https://DB.example.com:8443/base/", true);
    assert_base("db.example.com", true, "https://node7.db.example.com", true);
    assert_base("db.example.com", false, "http://db.example.com:1", true);
    assert_base("db.example.com", false, "https://db.example.com", true);
    assert_base("127.0.0.1", false, "http://127.0.0.1:9", true);
    assert_base("::1", true, "https://[::1]:8080/x", true);

    assert_base("db.example.com", true, "http://db.example.com", false);
    assert_base("db.example.com", true, "https://evil.com", false);
    assert_base("db.example.com", true, "https://evildb.example.com", false);
    assert_base("db.example.com", true, "https://db.example.com.evil.com", false);
    assert_base("db.example.com", true, "https://example.com", false);
    assert_base("db.example.com", true, "https://db.example.com@evil.com/", false);
    assert_base("db.example.com", true, "https://evil.com/?db.example.com", false);
    assert_base("db.example.com", true, "https://evil.com#db.example.com", false);
    assert_base("db.example.com", true, "https://evil.com\\db.example.com", false);
    assert_base("db.example.com", true, "https://evil.com/db.example.com", false);
    assert_base("db.example.com", true, "https://db.example.com\r\nX-Evil: 1", false);
    assert_base("db.example.com", true, "https://", false);
    assert_base("db.example.com", true, "", false);
    assert_base("db.example.com", true, "file:///db.example.com", false);
    assert_base("db.example.com", true, "ftp://db.example.com", false);
    assert_base("db.example.com", true, "//db.example.com", false);
    assert_base("127.0.0.1", false, "http://evil.127.0.0.1", false);
    assert_base("127.0.0.1", false, "http://127.0.0.1.evil.com", false);
    assert_base("::1", true, "https://[fe80::1]", false);
    assert_base("::1", true, "https://[::1", false);
}

/* ---- refusals ---- */

static struct hrana speaker(void)
{
    return (struct hrana){.base = (char *)(uintptr_t) "http://db:8080",
                          .secret = (char *)(uintptr_t) "geheim"};
}

static void faults_become_errors(void **unused)
{
    static const struct {
        const char *code, *message;
        enum error_code expected;
    } cases[] = {
        {"SQLITE_FULL", "SQLite error: database or disk is full", ERROR_STORE_FULL},
        {"BLOCKED", "Operation was blocked: quota", ERROR_STORE_FULL},
        {"SQLITE_READONLY", "attempt to write", ERROR_STORE_READONLY},
        {"SQLITE_BUSY", "locked", ERROR_STORE_LOCKED},
        {"SQLITE_CORRUPT", "x", ERROR_STORE_CORRUPT},
        {"SQLITE_NOTADB", "x", ERROR_STORE_CORRUPT},
        {"SQLITE_AUTH", "x", ERROR_STORE_DENIED},
        {"SQLITE_UNKNOWN", "SQLite error: no such table: plugin_state", ERROR_STORE_SCHEMA},
        {"SQLITE_UNKNOWN", "SQLite error: no such column: value", ERROR_STORE_SCHEMA},
        {"PROXY_ERROR", "error executing a request on the primary: database or disk is full",
         ERROR_STORE_FULL},
        {"TRANSACTION_TIMEOUT", "Transaction timed out", ERROR_STORE},
        {"", "anything", ERROR_STORE},
    };
    struct hrana h = speaker();

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hrana_fault fault = {0, cases[i].code, cases[i].message};
        struct error e = ERROR_INIT;
        assert_int_equal(hrana_error(&h, &fault, &e), -1);
        if (e.code != cases[i].expected)
            fail_msg("%s: %s", cases[i].message, error_name(e.code));
        assert_non_null(strstr(e.message, "http://db:8080"));
        assert_non_null(strstr(e.message, cases[i].message));
    }
}

static void the_token_is_not_repeated(void **unused)
{
    struct hrana h = speaker();
    struct hrana_fault fault = {0, "geheim", "Bearer geheim was geheimgeheim"};
    struct error e = ERROR_INIT;
    char body[2000];

    (void)unused;
    hrana_error(&h, &fault, &e);
    assert_null(strstr(e.message, "geheim"));
    assert_non_null(strstr(e.message, "Bearer *** was ******"));
    for (size_t lead = 200; lead < 260; lead++) { /* cut in the middle of it, too */
        error_clear(&e);
        memset(body, 'x', lead);
        snprintf(body + lead, sizeof body - lead, "geheim and more");
        buf_init(&h.answer, sizeof body);
        buf_add_str(&h.answer, body);
        hrana_status_error(&h, 502, &e);
        assert_null(strstr(e.message, "geh"));
        buf_release(&h.answer);
    }
    error_clear(&e);
    hrana_stray_error(&h, "http://evil/geheim", &e);
    assert_null(strstr(e.message, "geheim"));
}

static void statuses_become_errors(void **unused)
{
    static const struct {
        int status;
        enum error_code expected;
    } cases[] = {
        {400, ERROR_STORE},         {401, ERROR_STORE_DENIED}, {403, ERROR_STORE_DENIED},
        {404, ERROR_STORE_MISSING}, {408, ERROR_STORE_DOWN},   {413, ERROR_STORE},
        {429, ERROR_STORE},         {302, ERROR_STORE},        {418, ERROR_STORE},
        {500, ERROR_STORE_DOWN},    {503, ERROR_STORE_DOWN},   {204, ERROR_STORE},
    };
    struct hrana h = speaker();

    (void)unused;
    buf_init(&h.answer, 100);
    buf_add_str(&h.answer, "\x1b[31m\nwords\xff");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error e = ERROR_INIT;
        char number[8];
        hrana_status_error(&h, cases[i].status, &e);
        assert_int_equal(e.code, cases[i].expected);
        snprintf(number, sizeof number, "%d", cases[i].status);
        assert_non_null(strstr(e.message, number));
        assert_null(strchr(e.message, '\x1b'));
        assert_null(strchr(e.message, '\xff'));
    }
    buf_release(&h.answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_has_steps_conditions_and_values),
        cmocka_unit_test(every_byte_of_a_text_arrives),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
        cmocka_unit_test(a_request_that_does_not_fit_is_a_limit),
        cmocka_unit_test(rows_are_read),
        cmocka_unit_test(rows_that_were_not_expected_are_corrupt),
        cmocka_unit_test(a_batch_may_be_refused_as_a_whole),
        cmocka_unit_test(what_is_not_hrana_is_told),
        cmocka_unit_test(batons_have_a_limit),
        cmocka_unit_test(a_stream_stays_on_the_host_and_is_not_less_protected),
        cmocka_unit_test(faults_become_errors),
        cmocka_unit_test(the_token_is_not_repeated),
        cmocka_unit_test(statuses_become_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
