/* Every message survives encode + decode; anything malformed is refused and nothing crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "ipc/frame.h"
#include "ipc/message.h"
#include "ipc/prescan.h"
#include "model/table.h"

static struct text text_of(const char *s)
{
    return (struct text){s, s ? strlen(s) : 0};
}

static struct message *make_decided(void)
{
    static struct kv_write writes[2] = {{"a", 1, "5", 1, 0}, {"b\1c", 3, NULL, 0, 0}};
    static struct message_log line;
    static struct message m;

    memset(&m, 0, sizeof m);
    m.type = MESSAGE_DECIDED;
    m.as.decided = (struct message_decided){.run = UINT64_MAX,
                                            .outcome = DECIDED_NOOP,
                                            .reason = "nothing to do",
                                            .cpu_us = 17,
                                            .writes = writes,
                                            .write_count = 2,
                                            .logs = &line,
                                            .log_count = 1,
                                            .logs_dropped = 3,
                                            .reads = text_of("{\"reads\":{}}")};
    line = (struct message_log){1, "hello", text_of("{\"a\":1}")};
    return &m;
}

static struct message *make_tick(void)
{
    static struct message m;

    memset(&m, 0, sizeof m);
    m.type = MESSAGE_TICK;
    m.as.tick = (struct message_tick){.slot = 7,
                                      .run = 99,
                                      .now_ms = -5,
                                      .seed = 1,
                                      .trigger = TRIGGER_EVENT,
                                      .topic = "price.btc",
                                      .payload = text_of("{}"),
                                      .scheduled_ms = 1234567890123,
                                      .dry_run = true};
    return &m;
}

static struct message *make_loaded(void)
{
    static struct message m;

    memset(&m, 0, sizeof m);
    m.type = MESSAGE_LOADED;
    m.as.loaded.slot = 3;
    m.as.loaded.failure = (struct message_failure){"SCRIPT", "oops", "strategies/x.lua", 12};
    m.as.loaded.modules[0] = "risk";
    m.as.loaded.module_count = 1;
    return &m;
}

static struct message *make_db_call(void)
{
    static struct message m;

    memset(&m, 0, sizeof m);
    m.type = MESSAGE_DB_CALL;
    m.as.db_call = (struct message_db_call){77, 3, text_of("{\"call\":\"query\",\"sql\":\"x\"}")};
    return &m;
}

static struct message *make_db_result(void)
{
    static struct message m;

    memset(&m, 0, sizeof m);
    m.type = MESSAGE_DB_RESULT;
    m.as.db_result = (struct message_db_result){
        .slot = 5, .run = 77, .call = 3, .json = text_of("{\"rows\":[]}")};
    return &m;
}

static struct message decoded;

static int round_trip(const struct message *in, enum message_side from, struct message_decoder **d)
{
    struct error e = ERROR_INIT;
    static struct buf out;

    buf_release(&out);
    buf_init(&out, 1 << 24);
    assert_int_equal(message_encode(&out, in, &e), 0);
    *d = message_decoder_new(from);
    return message_decode(*d, out.data + 4, out.len - 4, &decoded, &e);
}

static void test_decided(void **state)
{
    struct message_decoder *d;
    const struct message_decided *m = &decoded.as.decided;

    (void)state;
    assert_int_equal(round_trip(make_decided(), SIDE_WORKER, &d), 0);
    assert_int_equal(decoded.type, MESSAGE_DECIDED);
    assert_true(m->run == UINT64_MAX && m->outcome == DECIDED_NOOP && m->cpu_us == 17);
    assert_string_equal(m->reason, "nothing to do");
    assert_null(m->actions.data);
    assert_null(m->failure.code);
    assert_int_equal(m->write_count, 2);
    assert_memory_equal(m->writes[1].key, "b\1c", 3);
    assert_null(m->writes[1].value);
    assert_int_equal(m->log_count, 1);
    assert_string_equal(m->logs[0].message, "hello");
    assert_int_equal(m->logs_dropped, 3);
    assert_memory_equal(m->reads.data, "{\"reads\":{}}", m->reads.len);
    message_decoder_free(d);
}

static void test_tick_and_loaded(void **state)
{
    struct message_decoder *d;

    (void)state;
    assert_int_equal(round_trip(make_tick(), SIDE_CORE, &d), 0);
    assert_true(decoded.as.tick.now_ms == -5 && decoded.as.tick.dry_run);
    assert_string_equal(decoded.as.tick.topic, "price.btc");
    assert_null(decoded.as.tick.closures.data);
    message_decoder_free(d);
    assert_int_equal(round_trip(make_loaded(), SIDE_WORKER, &d), 0);
    assert_string_equal(decoded.as.loaded.failure.code, "SCRIPT");
    assert_int_equal(decoded.as.loaded.failure.line, 12);
    assert_string_equal(decoded.as.loaded.modules[0], "risk");
    message_decoder_free(d);
}

static void test_db(void **state)
{
    struct message *m = make_db_result();
    struct message_decoder *d;

    (void)state;
    assert_int_equal(round_trip(make_db_call(), SIDE_WORKER, &d), 0);
    assert_true(decoded.as.db_call.run == 77 && decoded.as.db_call.call == 3);
    assert_int_equal(decoded.as.db_call.json.len, 26);
    message_decoder_free(d);
    assert_int_equal(round_trip(m, SIDE_CORE, &d), 0);
    assert_true(decoded.as.db_result.slot == 5 && !decoded.as.db_result.ends);
    assert_null(decoded.as.db_result.failure.code);
    assert_int_equal(decoded.as.db_result.json.len, 11);
    message_decoder_free(d);
    m->as.db_result.json.data = NULL;
    m->as.db_result.ends = true;
    m->as.db_result.failure = (struct message_failure){"DEADLINE", "waited", NULL, 0};
    assert_int_equal(round_trip(m, SIDE_CORE, &d), 0);
    assert_true(decoded.as.db_result.ends && decoded.as.db_result.json.data == NULL);
    assert_string_equal(decoded.as.db_result.failure.message, "waited");
    message_decoder_free(d);
}

static void test_db_limits(void **state)
{
    struct message *call = make_db_call(), *result = make_db_result();
    char *large = calloc(1, DB_BYTES_MAX + 1);
    struct message_decoder *d;

    (void)state;
    call->as.db_call.json = (struct text){large, TABLE_CALL_BYTES};
    assert_int_equal(round_trip(call, SIDE_WORKER, &d), 0);
    message_decoder_free(d);
    call->as.db_call.json.len++;
    assert_int_equal(round_trip(call, SIDE_WORKER, &d), -1);
    message_decoder_free(d);
    result->as.db_result.json = (struct text){large, DB_BYTES_MAX};
    assert_int_equal(round_trip(result, SIDE_CORE, &d), 0);
    message_decoder_free(d);
    result->as.db_result.json.len++;
    assert_int_equal(round_trip(result, SIDE_CORE, &d), -1);
    message_decoder_free(d);
    free(large);
}

static void test_wrong_side_is_refused(void **state)
{
    struct message_decoder *d;

    (void)state;
    assert_int_equal(round_trip(make_db_call(), SIDE_CORE, &d), -1);
    message_decoder_free(d);
    assert_int_equal(round_trip(make_db_result(), SIDE_WORKER, &d), -1);
    message_decoder_free(d);
    assert_int_equal(round_trip(make_tick(), SIDE_WORKER, &d), -1);
    message_decoder_free(d);
    assert_int_equal(round_trip(make_decided(), SIDE_CORE, &d), -1);
    message_decoder_free(d);
}

static void test_limits_are_refused(void **state)
{
    struct message *m = make_tick();
    struct message_decoder *d;
    char topic[LIMIT_TOPIC_BYTES + 2];

    (void)state;
    memset(topic, 'a', sizeof topic);
    topic[sizeof topic - 1] = '\0';
    m->as.tick.topic = topic;
    assert_int_equal(round_trip(m, SIDE_CORE, &d), -1);
    message_decoder_free(d);
    topic[1] = (char)0xff; /* not UTF-8 */
    topic[2] = '\0';
    assert_int_equal(round_trip(m, SIDE_CORE, &d), -1);
    message_decoder_free(d);
}

static void test_prescan(void **state)
{
    static const char huge[] = "\xdd\xff\xff\xff\xff\x01";
    static const char map[] = "\x91\x81\x01\x01";
    static const char deep[] = "\x91\x91\x91\x01";
    static const char good[] = "\x93\x01\x92\xa1x\xc0\xcb\0\0\0\0\0\0\0";

    (void)state;
    assert_false(prescan_frame(huge, sizeof huge - 1));
    assert_false(prescan_frame(map, sizeof map - 1));
    assert_false(prescan_frame(deep, sizeof deep - 1));
    assert_true(prescan_frame(good, sizeof good));
    assert_false(prescan_frame(good, sizeof good - 1));
    assert_false(prescan_frame("", 0));
}

static void test_frames(void **state)
{
    struct frame_reader r;
    struct error e = ERROR_INIT;
    const char *data;
    size_t len;

    (void)state;
    frame_reader_init(&r, 10);
    memcpy(frame_reader_room(&r, 9), "\3\0\0\0abc\1\0", 9);
    frame_received(&r, 9);
    assert_int_equal(frame_next(&r, &data, &len, &e), 1);
    assert_true(len == 3 && memcmp(data, "abc", 3) == 0);
    assert_int_equal(frame_next(&r, &data, &len, &e), 0);
    memcpy(frame_reader_room(&r, 7), "\0\0x\13\0\0\0", 7);
    frame_received(&r, 7);
    assert_int_equal(frame_next(&r, &data, &len, &e), 1);
    assert_true(len == 1 && *data == 'x');
    assert_int_equal(frame_next(&r, &data, &len, &e), -1);
    assert_int_equal(e.code, ERROR_PROTOCOL);
    frame_reader_release(&r);
}

/* Mutated frames: decoding answers, whatever comes. */
static void test_fuzz(void **state)
{
    struct message *seeds[] = {make_decided(), make_tick(), make_loaded(), make_db_call(),
                               make_db_result()};
    enum message_side sides[] = {SIDE_WORKER, SIDE_CORE, SIDE_WORKER, SIDE_WORKER, SIDE_CORE};
    const char *count = getenv("ORRERY_FUZZ");
    long rounds = count ? strtol(count, NULL, 10) : 50000;
    struct random random;
    long accepted = 0;

    (void)state;
    random_init(&random, 1);
    for (long i = 0; i < rounds; i++) {
        struct error e = ERROR_INIT;
        int pick = (int)random_below(&random, 5);
        struct message_decoder *d = message_decoder_new(sides[pick]);
        struct buf out;
        buf_init(&out, 1 << 20);
        assert_int_equal(message_encode(&out, seeds[pick], &e), 0);
        for (uint64_t n = random_below(&random, 4); n > 0; n--)
            out.data[4 + random_below(&random, out.len - 4)] = (char)random_next(&random);
        size_t len = random_below(&random, 4) ? out.len - 4 : random_below(&random, out.len - 4);
        char *exact = malloc(len + 1); /* exact size: ASan sees an overread */
        memcpy(exact, out.data + 4, len);
        char *frame = realloc(exact, len ? len : 1);
        accepted += message_decode(d, frame, len, &decoded, &e) == 0;
        free(frame);
        message_decoder_free(d);
        buf_release(&out);
    }
    assert_true(accepted > 0 && accepted < rounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decided),
        cmocka_unit_test(test_tick_and_loaded),
        cmocka_unit_test(test_db),
        cmocka_unit_test(test_db_limits),
        cmocka_unit_test(test_wrong_side_is_refused),
        cmocka_unit_test(test_limits_are_refused),
        cmocka_unit_test(test_prescan),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_fuzz),
    };
    return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
