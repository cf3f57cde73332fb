/* Streams behind a cursor, with what was trimmed, and channels. Beside the server of
 * ORRERY_REDIS_URL. */
#include "listening.h"

#include <pthread.h>

#include "db/redis_address.h"
#include "db/redis_link.h"

static struct store_url url;
static struct redis_address address;
static struct redis_link link_; /* of the writer */

static int set_up(void **state)
{
    (void)state;
    parse_url("ORRERY_REDIS_URL", &url);
    if (redis_link_init(&link_, &error) != 0 ||
        redis_address_init(&address, &url, NULL, &error) != 0 ||
        redis_link_open(&link_, &address.target, 5000, &error) != 0)
        fail_msg("%s", error.message);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redis_link_release(&link_);
    redis_address_release(&address);
    store_url_release(&url);
    return 0;
}

/* Words apart by spaces. */
static void command(const char *text)
{
    const struct redis_reply *reply;
    struct error e = ERROR_INIT;
    char copy[1000], *rest, *word;

    snprintf(copy, sizeof copy, "%s", text);
    redis_link_limit(&link_, 10000);
    word = strtok_r(copy, " ", &rest);
    redis_cmd(&link_, word);
    while ((word = strtok_r(NULL, " ", &rest)) != NULL)
        redis_text(&link_, word);
    redis_end(&link_);
    if (redis_send(&link_, &e) != 0 || redis_get(&link_, &reply, &e) != 0)
        fail_msg("%s: %s", text, e.message);
    if (reply->kind == REPLY_ERROR)
        fail_msg("%s: %s", text, reply->text);
}

static void add_bytes(const char *id, const char *field, const void *data, size_t len)
{
    const struct redis_reply *reply;
    struct error e = ERROR_INIT;

    redis_link_limit(&link_, 30000);
    redis_cmd(&link_, "XADD");
    redis_text(&link_, "s");
    redis_text(&link_, id);
    redis_text(&link_, field);
    redis_arg(&link_, data, len);
    redis_end(&link_);
    if (redis_send(&link_, &e) != 0 || redis_get(&link_, &reply, &e) != 0)
        fail_msg("%s", e.message);
}

static struct source *open_stream(bool from_start)
{
    struct event_source config = {.kind = EVENT_SOURCE_REDIS_STREAM,
                                  .url = "u",
                                  .topic = "s",
                                  .id_field = "id",
                                  .from_start = from_start,
                                  .queue = 100};
    struct source *source = NULL;

    cursor[0] = '\0';
    if (source_redis_open(&source, &config, &url, NULL, &error) < 0)
        fail_msg("%s", error.message);
    return source;
}

static void entries_come_in_order_and_once(void **unused)
{
    struct source *s = open_stream(true);

    (void)unused;
    command("DEL s");
    assert_string_equal(poll_once(s, 0), "@0-0 0");
    assert_string_equal(poll_once(s, 0), "");
    command("XADD s 1-1 n 1 m x");
    command("XADD s 1-2 payload {\"n\":2} other 5");
    command("XADD s 2-0 id e3 n 3");
    assert_string_equal(poll_max(s, 2, 0), ":1-1 1:{\"m\":\"x\",\"n\":\"1\"} :1-2 2:{\"n\":2}");
    assert_int_equal(news.lag, 1);
    assert_string_equal(poll_max(s, 2, 0), "e3:2-0 3:{\"id\":\"e3\",\"n\":\"3\"}");
    assert_int_equal(news.lag, 0);
    assert_string_equal(poll_once(s, 0), "");
    source_close(s);
}

static void now_is_behind_what_is_there(void **unused)
{
    struct source *s = open_stream(false);

    (void)unused;
    command("DEL s");
    command("XADD s 5-0 n 1");
    assert_string_equal(poll_once(s, 0), "@5-0 1");
    command("XADD s 6-0 n 2");
    assert_string_equal(poll_once(s, 0), ":6-0 2:{\"n\":\"2\"}");
    source_close(s);
}

static void what_was_trimmed_unread_is_counted_once(void **unused)
{
    struct source *s = open_stream(true);
    char text[80];

    (void)unused;
    command("DEL s");
    assert_string_equal(poll_once(s, 0), "@0-0 0");
    for (int i = 1; i <= 10; i++) {
        snprintf(text, sizeof text, "XADD s %d-0 n %d", i, i);
        command(text);
    }
    poll_max(s, 3, 0);
    assert_string_equal(cursor, "3-0 3");
    command("XTRIM s MINID 7-0"); /* 4, 5 and 6 are gone */
    assert_string_equal(poll_max(s, 1, 0), ":7-0 7:{\"n\":\"7\"}");
    assert_int_equal(news.lost, 3);
    assert_int_equal(news.lag, 3);
    command("XDEL s 9-0"); /* in the middle: known when all is read */
    assert_string_equal(poll_once(s, 0), ":8-0 8:{\"n\":\"8\"} :10-0 9:{\"n\":\"10\"}");
    assert_string_equal(poll_once(s, 0), "@10-0 10");
    assert_int_equal(news.lost, 1);
    assert_string_equal(poll_once(s, 0), "");
    assert_int_equal(news.lost, 0);
    command("XADD s 11-0 n 11");
    command("XTRIM s MAXLEN 0"); /* all gone, the stream is there */
    assert_string_equal(poll_once(s, 0), "@10-0 11");
    assert_int_equal(news.lost, 1);
    source_close(s);
}

static void a_stream_that_was_made_anew_is_noticed(void **unused)
{
    struct source *s = open_stream(true);

    (void)unused;
    command("DEL s");
    command("XADD s 9-0 n 9");
    assert_string_equal(poll_once(s, 0), "@0-0 0");
    assert_string_equal(poll_once(s, 0), ":9-0 1:{\"n\":\"9\"}");
    command("DEL s");
    poll_once(s, 0);
    assert_non_null(strstr(news.note, "the stream is gone"));
    command("XADD s 1-0 n 1");
    poll_once(s, 0);
    assert_non_null(strstr(news.note, "the stream's newest id, 1-0, is before the cursor, 9-0"));
    command("XADD s 10-0 n 10");
    assert_non_null(strstr(poll_once(s, 0), ":10-0 "));
    source_close(s);
}

static void large_and_broken_entries_are_given_as_problems(void **unused)
{
    struct source *s = open_stream(true);
    size_t size = SOURCE_PAYLOAD_BYTES + 1;
    char *large = mem_alloc(size);

    (void)unused;
    memset(large, 'x', size);
    command("DEL s");
    add_bytes("1-0", "n", large, size);
    add_bytes("2-0", "payload", large, size);
    add_bytes("3-0", "payload", "{", 1);
    add_bytes("4-0", "n", "\xff", 1);
    add_bytes("5-0", "payload", "{\"id\":7}", 8);
    assert_string_equal(poll_once(s, 0), "@0-0 0");
    assert_string_equal(poll_once(s, 0),
                        ":1-0 1:!PAYLOAD_SIZE :2-0 2:!PAYLOAD_SIZE :3-0 3:!PAYLOAD_JSON "
                        ":4-0 4:!PAYLOAD_JSON 7:5-0 5:{\"id\":7}");
    free(large);
    source_close(s);
}

/* More than one answer may have: they are fetched one by one; those behind them are not. */
static void very_large_entries_hold_nothing_up(void **unused)
{
    struct source *s = open_stream(true);
    size_t size = (size_t)40 * 1024 * 1024;
    char *large = mem_alloc(size), id[16];

    (void)unused;
    memset(large, 'x', size);
    command("DEL s");
    for (int i = 1; i <= 2; i++) {
        snprintf(id, sizeof id, "%d-0", i);
        add_bytes(id, "n", large, size);
    }
    for (int i = 3; i <= 5; i++) {
        snprintf(id, sizeof id, "%d-0", i);
        add_bytes(id, "n", "x", 1);
    }
    assert_string_equal(poll_max(s, 3, 0), "@0-0 0");
    assert_string_equal(poll_max(s, 3, 0), ":1-0 1:!PAYLOAD_SIZE");
    assert_string_equal(poll_max(s, 3, 0), ":2-0 2:!PAYLOAD_SIZE");
    assert_string_equal(poll_max(s, 3, 0), ":3-0 3:{\"n\":\"x\"}");
    assert_string_equal(poll_max(s, 3, 0), ":4-0 4:{\"n\":\"x\"} :5-0 5:{\"n\":\"x\"}");
    free(large);
    command("DEL s");
    source_close(s);
}

static void *add_soon(void *arg)
{
    (void)arg;
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    command("XADD s 7-0 n 7");
    return NULL;
}

static void an_entry_ends_the_waiting(void **unused)
{
    struct source *s = open_stream(true);
    pthread_t thread;

    (void)unused;
    command("DEL s");
    assert_string_equal(poll_once(s, 0), "@0-0 0");
    assert_int_equal(pthread_create(&thread, NULL, add_soon, NULL), 0);
    assert_string_equal(poll_once(s, 20000), ":7-0 1:{\"n\":\"7\"}");
    pthread_join(thread, NULL);
    source_close(s);
}

static void *interrupt_soon(void *arg)
{
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    source_interrupt(arg);
    return NULL;
}

static void an_interruption_ends_it_too(void **unused)
{
    struct source *s = open_stream(true);
    int64_t before = source_now_ns();
    pthread_t thread;

    (void)unused;
    command("DEL s");
    assert_string_equal(poll_once(s, 0), "@0-0 0");
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, s), 0);
    assert_string_equal(poll_once(s, 30000), "");
    assert_true(source_now_ns() - before < INT64_C(10000000000));
    pthread_join(thread, NULL);
    source_close(s);
}

static void another_kind_of_key_is_an_error(void **unused)
{
    struct source *s = open_stream(true);

    (void)unused;
    command("DEL s");
    command("SET s text");
    assert_string_equal(poll_once(s, 0), "STORE_SCHEMA");
    source_close(s);
    command("DEL s");
}

static void a_cursor_that_is_none_is_refused(void **unused)
{
    static const char *const bad[] = {"x", "1-0", "1-0 x", "1 0", "=5", "1-0-0 3", "-1-0 3"};

    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct source *s = open_stream(true);
        snprintf(cursor, sizeof cursor, "%s", bad[i]);
        assert_string_equal(poll_once(s, 0), "STORE_CORRUPT");
        source_close(s);
    }
}

static struct source *open_channel(void)
{
    struct event_source config = {
        .kind = EVENT_SOURCE_REDIS_PUBSUB, .url = "u", .topic = "ch", .drop_oldest = true};
    struct source *source = NULL;

    cursor[0] = '\0';
    if (source_redis_open(&source, &config, &url, NULL, &error) < 0)
        fail_msg("%s", error.message);
    return source;
}

static void messages_come_while_one_listens(void **unused)
{
    struct source *s = open_channel();

    (void)unused;
    command("PUBLISH ch before");
    assert_string_equal(poll_once(s, 0), "");
    command("PUBLISH ch {\"n\":1}");
    command("PUBLISH ch word");
    command("PUBLISH other 3");
    command("PUBLISH ch {");
    for (int i = 0; i < 100 && strstr(heard, "!") == NULL; i++) {
        char so_far[200];
        snprintf(so_far, sizeof so_far, "%s", heard);
        poll_once(s, 50);
        if (so_far[0] != '\0') {
            char now[200];
            snprintf(now, sizeof now, "%s", heard);
            snprintf(heard, sizeof heard, "%s%s%s", so_far, now[0] ? " " : "", now);
        }
    }
    assert_string_equal(heard, "::{\"n\":1} ::\"word\" ::!PAYLOAD_JSON");
    command("CLIENT KILL TYPE pubsub");
    for (int i = 0; i < 100 && poll_once(s, 50)[0] == '\0'; i++)
        ;
    assert_int_equal(error.code, ERROR_STORE_DOWN);
    source_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_in_order_and_once),
        cmocka_unit_test(now_is_behind_what_is_there),
        cmocka_unit_test(what_was_trimmed_unread_is_counted_once),
        cmocka_unit_test(a_stream_that_was_made_anew_is_noticed),
        cmocka_unit_test(large_and_broken_entries_are_given_as_problems),
        cmocka_unit_test(very_large_entries_hold_nothing_up),
        cmocka_unit_test(an_entry_ends_the_waiting),
        cmocka_unit_test(an_interruption_ends_it_too),
        cmocka_unit_test(another_kind_of_key_is_an_error),
        cmocka_unit_test(a_cursor_that_is_none_is_refused),
        cmocka_unit_test(messages_come_while_one_listens),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
