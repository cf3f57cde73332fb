/* Answers of any kind, whole and byte by byte, and those that no server should give; and the names
 * of keys. No server is needed. */
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
#include "db/redis_error.h"
#include "state/redis_keys.h"
#include "db/redis_reader.h"

#define MIB ((size_t)1024 * 1024)

static struct hiredis_api api;
static struct redis_reader reader;
static struct error e;

static int set_up(void **unused)
{
    (void)unused;
    error_clear(&e);
    if (hiredis_api_open(&api, &e) != 0)
        return -1;
    redis_reader_init(&reader, &api);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    redis_reader_release(&reader);
    return 0;
}

/* "[ok 'text' 12 nil !error]" */
static void show(struct buf *out, const struct redis_reply *r)
{
    switch (r->kind) {
    case REPLY_NIL:
        buf_add_str(out, "nil");
        break;
    case REPLY_STATUS:
        buf_addf(out, "%s", r->text);
        break;
    case REPLY_ERROR:
        buf_addf(out, "!%s", r->text);
        break;
    case REPLY_INTEGER:
        buf_addf(out, "%lld", r->number);
        break;
    case REPLY_TEXT:
        buf_addf(out, "'%s'", r->text);
        break;
    case REPLY_ARRAY:
        buf_add_char(out, '[');
        for (size_t i = 0; i < r->count; i++) {
            buf_add_str(out, i > 0 ? " " : "");
            show(out, &r->items[i]);
        }
        buf_add_char(out, ']');
    }
}

/* Everything that `wire` gives when fed in pieces of `step` bytes; "-> CODE" at an error. */
static const char *parse(const char *wire, size_t len, size_t step)
{
    static struct buf out;
    const struct redis_reply *reply;
    int rc = 0;

    buf_release(&out);
    buf_init(&out, MIB);
    redis_reader_reset(&reader);
    error_clear(&e);
    for (size_t at = 0; at < len && rc >= 0; at += step) {
        redis_reader_feed(&reader, wire + at, len - at < step ? len - at : step);
        while ((rc = redis_reader_next(&reader, MIB, &reply, &e)) == 1) {
            show(&out, reply);
            buf_add_char(&out, ';');
        }
    }
    if (rc < 0)
        buf_addf(&out, "-> %s", error_name(e.code));
    return buf_text(&out);
}

static void every_kind_of_answer(void **unused)
{
    static const char wire[] = "+OK\r\n-ERR no\r\n:-42\r\n$5\r\nhe\r\no\r\n$-1\r\n*-1\r\n*0\r\n"
                               "*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n-WRONGTYPE x\r\n$0\r\n\r\n";
    static const char expected[] =
        "OK;!ERR no;-42;'he\r\no';nil;nil;[];['a' [1 nil] !WRONGTYPE x];'';";

    (void)unused;
    for (size_t step = 1; step < sizeof wire; step++)
        assert_string_equal(parse(wire, sizeof wire - 1, step), expected);
}

static void answers_that_cannot_be(void **unused)
{
    static const char *const wires[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "$-2\r\n",
        "$99999999999999999999999\r\n",
        "$x\r\n",
        "*-7\r\n",
        "*99999999999999999999\r\n",
        "*4294967296\r\n",
        ":12a\r\n",
        ":99999999999999999999\r\n",
        "\x15\x03\x03\r\n",
        "\r\n",
        /* deeper than anything we ask for */
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
    };

    (void)unused;
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        assert_string_equal(parse(wires[i], strlen(wires[i]), 1000), "-> STORE_CORRUPT");
        assert_string_equal(parse(wires[i], strlen(wires[i]), 1), "-> STORE_CORRUPT");
        assert_non_null(strstr(e.message, "does not speak Redis's protocol"));
    }
}

static void a_cut_answer_is_waited_for(void **unused)
{
    static const char *const wires[] = {
        "", "+OK", "+OK\r", "$5\r\nhell", "$5\r\nhello", "*2\r\n:1\r\n", "*2\r\n:1\r\n$3", "$"};

    (void)unused;
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++)
        assert_string_equal(parse(wires[i], strlen(wires[i]), 3), "");
}

static void an_announced_array_takes_no_memory_to_speak_of(void **unused)
{
    (void)unused;
    assert_string_equal(parse("*2147483647\r\n", 13, 100), "-> STORE");
    assert_non_null(strstr(e.message, "larger than 1 MiB"));
    assert_in_range(reader.taken, 0, 3 * MIB);
    /* Each of them would fit, all of them do not. */
    assert_string_equal(parse("*100000\r\n*100000\r\n*100000\r\n", 27, 100), "-> STORE");
    assert_in_range(reader.taken, 0, 3 * MIB);
}

/* `head`, then `filler` without an end. */
static void never_ends(const char *head, const char *filler, enum error_code code)
{
    const struct redis_reply *reply;
    size_t sent = 0;
    int rc = 0;

    redis_reader_reset(&reader);
    error_clear(&e);
    redis_reader_feed(&reader, head, strlen(head));
    while (rc == 0 && sent < 16 * MIB) {
        redis_reader_feed(&reader, filler, strlen(filler));
        sent += strlen(filler);
        rc = redis_reader_next(&reader, MIB, &reply, &e);
    }
    assert_int_equal(rc, -1);
    assert_int_equal(e.code, code);
    assert_in_range(sent, 0, 2 * MIB);
    assert_in_range(reader.taken, 0, 3 * MIB);
}

static void an_answer_without_an_end_is_given_up(void **unused)
{
    char filler[4097];

    (void)unused;
    memset(filler, 'x', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    never_ends("$9000000000000000000\r\n", filler, ERROR_STORE);
    never_ends("$1073741824\r\n", filler, ERROR_STORE);
    never_ends("+", filler, ERROR_STORE_CORRUPT);
    never_ends("-", filler, ERROR_STORE_CORRUPT);
    never_ends("*30000\r\n", "$50\r\n01234567890123456789012345678901234567890123456789\r\n",
               ERROR_STORE);
    never_ends("*2000000000\r\n", ":1\r\n", ERROR_STORE);
}

static void many_answers_leave_no_memory_behind(void **unused)
{
    const struct redis_reply *reply;
    char *large = mem_alloc(512 * 1024);

    (void)unused;
    memset(large, 'a', 512 * 1024);
    for (int i = 0; i < 200; i++) {
        redis_reader_feed(&reader, "$524288\r\n", 9);
        redis_reader_feed(&reader, large, 512 * 1024);
        redis_reader_feed(&reader, "\r\n", 2);
        assert_int_equal(redis_reader_next(&reader, MIB, &reply, &e), 1);
        assert_int_equal(reply->count, 512 * 1024);
        assert_int_equal(redis_reader_next(&reader, MIB, &reply, &e), 0);
        assert_int_equal(reader.taken, 0);
    }
    free(large);
}

/* ---- errors ---- */

static struct redis_reply error_reply(const char *text)
{
    return (struct redis_reply){.kind = REPLY_ERROR, .count = strlen(text), .text = text};
}

static void errors_of_the_server_have_their_codes(void **unused)
{
    static const struct {
        const char *text;
        enum error_code code;
    } cases[] = {
        {"NOAUTH Authentication required.", ERROR_STORE_DENIED},
        {"WRONGPASS invalid username-password pair or user is disabled.", ERROR_STORE_DENIED},
        {"NOPERM this user has no permissions", ERROR_STORE_DENIED},
        {"DENIED Redis is running in protected mode", ERROR_STORE_DENIED},
        {"READONLY You can't write against a read only replica.", ERROR_STORE_READONLY},
        {"OOM command not allowed when used memory > 'maxmemory'.", ERROR_STORE_FULL},
        {"MISCONF Redis is configured to save RDB snapshots", ERROR_STORE_FULL},
        {"LOADING Redis is loading the dataset in memory", ERROR_STORE_DOWN},
        {"BUSY Redis is busy running a script.", ERROR_STORE_DOWN},
        {"MASTERDOWN Link with MASTER is down", ERROR_STORE_DOWN},
        {"CLUSTERDOWN Hash slot not served", ERROR_STORE_DOWN},
        {"MOVED 3999 127.0.0.1:6381", ERROR_STORE},
        {"WRONGTYPE Operation against a key", ERROR_STORE_SCHEMA},
        {"ERR DB index is out of range", ERROR_STORE_MISSING},
        {"ERR max number of clients reached", ERROR_STORE_DOWN},
        {"ERR syntax error", ERROR_STORE},
        {"BUSYGROUP of streams, which we do not use", ERROR_STORE},
        {"", ERROR_STORE},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_reply reply = error_reply(cases[i].text);
        error_clear(&e);
        assert_int_equal(redis_fail(&reply, "testing", &e), -1);
        assert_int_equal(e.code, cases[i].code);
        assert_non_null(strstr(e.message, cases[i].text));
    }
}

static void a_refused_login_does_not_repeat_the_password(void **unused)
{
    struct redis_reply unknown =
        error_reply("ERR unknown command 'AUTH', with args beginning with: 'me' 'the-secret' ");
    struct redis_reply known = error_reply("WRONGPASS the-secret is wrong");

    (void)unused;
    redis_fail_login(&unknown, &e);
    assert_int_equal(e.code, ERROR_STORE_DENIED);
    assert_null(strstr(e.message, "the-secret"));
    error_clear(&e);
    redis_fail_login(&known, &e);
    assert_int_equal(e.code, ERROR_STORE_DENIED);
    assert_null(strstr(e.message, "the-secret"));
}

/* ---- keys ---- */

static void keys_are_readable_and_unambiguous(void **unused)
{
    struct redis_key a, b;

    (void)unused;
    assert_string_equal(redis_key_one(&a, "orrery", "schema")->text, "orrery:schema");
    assert_string_equal(redis_key_of(&a, "orrery", "keys", "rsi-7_b")->text, "orrery:keys:rsi-7_b");
    assert_string_equal(redis_key_entry(&a, "x", "p", "a:b {c}*\n", 9)->text,
                        "x:state:p:a:b {c}*\n");
    assert_string_equal(redis_key_entry(&a, "x", "a:b %\xc3\xa9", "k", 1)->text,
                        "x:state:a%3Ab%20%25%C3%A9:k");
    redis_key_entry(&a, "x", "a:b", "c", 1);
    redis_key_entry(&b, "x", "a", "b:c", 3);
    assert_string_not_equal(a.text, b.text);
}

static void the_longest_key_fits(void **unused)
{
    char prefix[REDIS_PREFIX_BYTES + 1], plugin[LIMIT_NAME_BYTES + 1], entry[LIMIT_KEY_BYTES];
    struct redis_key key;

    (void)unused;
    memset(prefix, 'x', sizeof prefix);
    memset(plugin, ':', sizeof plugin);
    memset(entry, 'k', sizeof entry);
    prefix[REDIS_PREFIX_BYTES] = plugin[LIMIT_NAME_BYTES] = '\0';
    redis_key_entry(&key, prefix, plugin, entry, sizeof entry);
    assert_int_equal(key.len, REDIS_PREFIX_BYTES + 7 + 3 * LIMIT_NAME_BYTES + 1 + LIMIT_KEY_BYTES);
    assert_int_equal(key.text[key.len - 1], 'k');
    assert_int_equal(key.text[key.len], '\0');
}

static void prefixes_are_checked(void **unused)
{
    static const char *const good[] = {"orrery", "a", "app:prod", "x.y-z/1", "~"};
    static const char *const bad[] = {"",       " ",           "a b",   "{a}",
                                      "a\n",    "caf\xc3\xa9", "state", "a:state",
                                      "keys:b", "a:lease:b",   "a\\"};
    char longest[REDIS_PREFIX_BYTES + 2];

    (void)unused;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(redis_prefix_check(good[i], &e), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        error_clear(&e);
        assert_int_equal(redis_prefix_check(bad[i], &e), -1);
        assert_int_equal(e.code, ERROR_CONFIG);
    }
    memset(longest, 'a', sizeof longest);
    longest[REDIS_PREFIX_BYTES + 1] = '\0';
    error_clear(&e);
    assert_int_equal(redis_prefix_check(longest, &e), -1);
    longest[REDIS_PREFIX_BYTES] = '\0';
    error_clear(&e);
    assert_int_equal(redis_prefix_check(longest, &e), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_of_answer),
        TEST(answers_that_cannot_be),
        TEST(a_cut_answer_is_waited_for),
        TEST(an_announced_array_takes_no_memory_to_speak_of),
        TEST(an_answer_without_an_end_is_given_up),
        TEST(many_answers_leave_no_memory_behind),
        TEST(errors_of_the_server_have_their_codes),
        TEST(a_refused_login_does_not_repeat_the_password),
        TEST(keys_are_readable_and_unambiguous),
        TEST(the_longest_key_fits),
        TEST(prefixes_are_checked),
    };

    return cmocka_run_group_tests_name("state: redis, what it says", tests, NULL, NULL);
}
