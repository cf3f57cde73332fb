#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "feed/csv_reader.h"
#include "feed_help.h"

#define FIRST INT64_C(1640991660000) /* 2021-12-31T23:01:00Z */

static char folder[] = "/tmp/orrery-test-csv-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/data.csv", folder);
    unlink(path);
    return rmdir(folder);
}

static void write_file(const char *data, size_t len)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/data.csv", folder);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static struct feed_config config_for(const char *path)
{
    struct feed_config config = feed_defaults(FEED_CSV);

    config.path = (char *)(uintptr_t)path;
    return config;
}

static int try_open(struct feed **out, const char *text, struct error *e)
{
    struct feed_config config = config_for("data.csv");
    struct feed_env env = {.desk = folder};

    write_file(text, strlen(text));
    return feed_csv_open(out, &config, &env, e);
}

static struct feed *open_text(const char *text)
{
    struct error e = ERROR_INIT;
    struct feed *feed = NULL;

    if (try_open(&feed, text, &e) != 0)
        fail_msg("%s:%d %s", e.where, e.line, e.message);
    return feed;
}

/* Polls as core does, until the feed has nothing more by itself; the number of prices. */
static uint64_t run_to_end(struct feed *feed, struct error *e)
{
    while (!feed_ended(feed)) {
        int64_t due = feed_next_due(feed);

        assert_true(due != INT64_MAX);
        if (feed_poll(feed, due, e) < 0)
            break;
    }
    return feed->updates;
}

static void test_bars(void **state)
{
    struct feed *feed = open_text("timestamp,open,high,low,close,volume\n"
                                  "2021-12-31 23:01:00.000000,1,4,0.5,2,100.5\n"
                                  "2021-12-31 23:02:00.000000,2,5,1.5,3,0\n");
    struct error e = ERROR_INIT;
    const struct market *m = &feed->market;

    (void)state;
    assert_int_equal(feed_csv_rows(feed), 2);
    assert_true(feed_csv_start(feed) == FIRST);
    assert_true(feed_next_due(feed) == FIRST);
    assert_true(m->stale && m->at_ms == 0);
    assert_int_equal(feed_poll(feed, FIRST - 1, &e), 1); /* the expiry is known before any price */
    assert_int_equal(feed_poll(feed, FIRST, &e), 1);
    assert_true(m->at_ms == FIRST && m->spot == 2 && m->forward == 2 && !m->stale);
    assert_true(m->open == 1 && m->high == 4 && m->low == 0.5 && m->close == 2 &&
                m->volume == 100.5);
    assert_true(m->expiry_ms == INT64_C(1640995200000));
    assert_true(feed_next_due(feed) == FIRST + 60000);
    assert_false(feed_ended(feed));
    assert_int_equal(feed_poll(feed, FIRST + 59999, &e), 0);
    assert_int_equal(feed_poll(feed, FIRST + 60000, &e), 1);
    assert_true(m->spot == 3 && m->volume == 0);
    assert_true(feed_ended(feed));
    assert_int_equal(feed->updates, 2);
    feed_close(feed);
}

/* Five bars without a price is stale; the feed asks to be polled then. */
static void test_stale(void **state)
{
    struct feed *feed = open_text("timestamp,close\n1640991660,1\n1640991720,2\n1640999999,3\n");
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(feed_poll(feed, FIRST + 60000, &e), 1);
    assert_int_equal(feed->updates, 2);
    assert_true(feed_next_due(feed) == FIRST + 60000 + 300001);
    assert_int_equal(feed_poll(feed, FIRST + 360000, &e), 0);
    assert_int_equal(feed_poll(feed, FIRST + 360001, &e), 1);
    assert_true(feed->market.stale);
    assert_int_equal(run_to_end(feed, &e), 3);
    assert_false(feed->market.stale);
    assert_true(feed->market.at_ms == INT64_C(1640999999000));
    feed_close(feed);
}

/* Quotes, CRLF, a byte order mark, blank lines, blanks around fields, a last line without a line
 * feed. */
static void test_dialects(void **state)
{
    struct feed *feed = open_text("\xef\xbb\xbf\"timestamp\" , note,\"Close\"\r\n"
                                  "\r\n"
                                  " 1640991660 ,\"a, \"\"b\"\", c\", \"1.5\"\t\r\n"
                                  "   \r\n"
                                  "\"2021-12-31T23:02:00Z\",,2.5");
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(feed_csv_rows(feed), 2);
    assert_int_equal(run_to_end(feed, &e), 2);
    assert_true(feed->market.spot == 2.5 && feed->market.high == 2.5);
    assert_true(feed->market.at_ms == FIRST + 60000);
    feed_close(feed);
}

static void test_chosen_columns(void **state)
{
    struct feed_config config = config_for("data.csv");
    struct feed_env env = {.desk = folder};
    const char *text = "time,mid,close\n1640991660,7,1\n";
    struct error e = ERROR_INIT;
    struct feed *feed;
    char time_name[] = "time", price_name[] = "mid";

    (void)state;
    config.time_column = time_name;
    config.price_column = price_name;
    config.stale_after_ms = 1234;
    write_file(text, strlen(text));
    assert_int_equal(feed_csv_open(&feed, &config, &env, &e), 0);
    assert_int_equal(feed_poll(feed, FIRST, &e), 1);
    assert_true(feed->market.spot == 7 && feed->market.close == 1 && feed->market.open == 7);
    assert_true(feed_next_due(feed) == FIRST + 1235);
    feed_close(feed);
}

static void test_equal_times(void **state)
{
    struct feed *feed = open_text("timestamp,close\n1640991660,1\n1640991660,2\n1640991661,3\n");
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(feed_poll(feed, FIRST, &e), 1);
    assert_true(feed->market.spot == 2);
    assert_int_equal(feed->updates, 2);
    feed_close(feed);
}

/* Refused at open: what is wrong, and the line. */
static void refused(const char *text, int line, const char *words)
{
    struct error e = ERROR_INIT;
    struct feed *feed = NULL;

    if (try_open(&feed, text, &e) == 0)
        fail_msg("accepted: %s", text);
    assert_null(feed);
    if (strstr(e.message, words) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", e.message, words);
    assert_int_equal(e.line, line);
    if (line > 0)
        assert_non_null(strstr(e.where, "data.csv"));
}

static void test_refused(void **state)
{
    (void)state;
    refused("", 0, "is empty");
    refused("timestamp,close\n", 0, "no rows");
    refused("timestamp,price\n1,2\n", 1,
            "expected a column \"close\"; the first line names: timestamp, price");
    refused("timestmap,close\n1,2\n", 1, "expected a column \"timestamp\"");
    refused("timestamp,close,CLOSE\n1,2,3\n", 1, "two columns are called \"close\"");
    refused("timestamp,close\n1640991660,1\n1640991661\n", 3,
            "expected 2 fields as in the first line, got 1");
    refused("timestamp,close\n1640991660,1,\n", 2, "got 3");
    refused("timestamp,close\n\n31.12.2021,1\n", 3, "got \"31.12.2021\"");
    refused("timestamp,close\n1640991660,abc\n", 2,
            "column \"close\": expected a number above 0, got \"abc\"");
    refused("timestamp,close\n1640991660,\n", 2, "got \"\"");
    refused("timestamp,close\n1640991660,0\n", 2, "above 0");
    refused("timestamp,close\n1640991660,-1\n", 2, "above 0");
    refused("timestamp,close\n1640991660,nan\n", 2, "above 0");
    refused("timestamp,close\n1640991660,inf\n", 2, "above 0");
    refused("timestamp,close,volume\n1640991660,1,-1\n", 2, "of at least 0");
    refused("timestamp,close,high,low\n1640991660,1,2,3\n", 2, "the high (2) is below the low (3)");
    refused("timestamp,close\n1640991661,1\n1640991660,1\n", 3,
            "time goes back: 2021-12-31T23:01:00.000Z comes after 2021-12-31T23:01:01.000Z");
    refused("timestamp,close\n1640991660,\"1\n", 2, "quoted field");
    refused("timestamp,close\n1640991660,\"1\"x\n", 2, "quoted field");
}

static void test_hint(void **state)
{
    struct error e = ERROR_INIT;
    struct feed *feed;

    (void)state;
    assert_int_equal(try_open(&feed, "timestmap,close\n1,2\n", &e), -1);
    assert_string_equal(e.hint, "did you mean \"timestmap\"?");
}

static void test_bad_files(void **state)
{
    static const char *const paths[] = {"none.csv", ".", "/dev/null", "", NULL};
    static const char *const words[] = {"No such file", "a folder", "not a regular file",
                                        "needs the path", "needs the path"};
    struct feed_env env = {.desk = folder};
    char *big = malloc(CSV_LINE_BYTES + 100);
    struct feed *feed;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct feed_config config = config_for(paths[i]);
        struct error e = ERROR_INIT;

        assert_int_equal(feed_csv_open(&feed, &config, &env, &e), -1);
        if (strstr(e.message, words[i]) == NULL)
            fail_msg("\"%s\" does not contain \"%s\"", e.message, words[i]);
    }
    memset(big, 'x', CSV_LINE_BYTES + 99);
    big[CSV_LINE_BYTES + 99] = '\0';
    refused(big, 1, "longer than 65536 bytes");
    memset(big, ',', 300);
    big[300] = '\0';
    refused(big, 1, "more than 256 fields");
    free(big);
}

/* The variable wins over the path, but only when it says something. */
static void test_path_from_environment(void **state)
{
    const char *text = "timestamp,close\n1640991660,1\n";
    struct feed_config config = config_for("none.csv");
    struct feed_env env = {.desk = "/nowhere"};
    struct error e = ERROR_INIT;
    char name[] = "ORRERY_TEST_PRICES", path[128];
    struct feed *feed;

    (void)state;
    config.path_env = name;
    write_file(text, strlen(text));
    snprintf(path, sizeof path, "%s/data.csv", folder);
    assert_int_equal(setenv(name, path, 1), 0);
    assert_int_equal(feed_csv_open(&feed, &config, &env, &e), 0);
    assert_int_equal(feed_csv_rows(feed), 1);
    feed_close(feed);
    assert_int_equal(setenv(name, "", 1), 0);
    assert_int_equal(feed_csv_open(&feed, &config, &env, &e), -1);
    assert_non_null(strstr(e.message, "/nowhere/none.csv"));
    error_clear(&e);
    config.path = NULL;
    assert_int_equal(feed_csv_open(&feed, &config, &env, &e), -1);
    assert_non_null(strstr(e.message, "ORRERY_TEST_PRICES"));
    unsetenv(name);
}

static void test_fifo(void **state)
{
    struct feed_config config = config_for("pipe.csv");
    struct feed_env env = {.desk = folder};
    struct error e = ERROR_INIT;
    struct feed *feed;
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/pipe.csv", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(feed_csv_open(&feed, &config, &env, &e), -1);
    assert_non_null(strstr(e.message, "not a regular file"));
    assert_int_equal(unlink(path), 0);
}

static void test_binary(void **state)
{
    static const char data[] = "timestamp,close\n1640991660,1\n16409\0"
                               "91661,2\n";
    struct feed_config config = config_for("data.csv");
    struct feed_env env = {.desk = folder};
    struct error e = ERROR_INIT;
    struct feed *feed;

    (void)state;
    write_file(data, sizeof data - 1);
    assert_int_equal(feed_csv_open(&feed, &config, &env, &e), -1);
    assert_non_null(strstr(e.message, "NUL byte"));
    assert_int_equal(e.line, 3);
}

/* A bad row far down: everything before it is delivered, then the feed ends with the reason. */
static void test_bad_row_later(void **state)
{
    struct buf text;
    struct feed *feed;
    struct error e = ERROR_INIT;

    (void)state;
    buf_init(&text, 1 << 20);
    buf_add_str(&text, "timestamp,close\n");
    for (int i = 0; i < 100; i++)
        buf_addf(&text, "%d,%d\n", 1640991660 + i * 60, i + 1);
    buf_add_str(&text, "1640999999,oops\n1641000000,5\n");
    feed = open_text(buf_text(&text));
    assert_int_equal(feed_csv_rows(feed), 102);
    assert_int_equal(run_to_end(feed, &e), 100);
    assert_true(feed->market.spot == 100);
    assert_int_equal(e.code, ERROR_INVALID);
    assert_int_equal(e.line, 102);
    assert_non_null(strstr(e.message, "got \"oops\""));
    assert_non_null(strstr(feed->last_error, "data.csv:102: column \"close\""));
    assert_int_equal(feed->failures, 1);
    assert_false(feed_ended(feed));
    feed_close(feed);
    buf_release(&text);
}

/* Lines at every offset of the reader's blocks. */
static void test_block_borders(void **state)
{
    struct buf text;
    struct feed *feed;
    struct error e = ERROR_INIT;

    (void)state;
    buf_init(&text, 8 << 20);
    buf_add_str(&text, "timestamp,close,note\n");
    for (int i = 0; i < 20000; i++)
        buf_addf(&text, "%d,%d,%.*s\n", 1640991660 + i, i + 1, i % 53,
                 "----------------------------------------------------------");
    feed = open_text(buf_text(&text));
    assert_int_equal(feed_csv_rows(feed), 20000);
    assert_int_equal(run_to_end(feed, &e), 20000);
    assert_true(feed->market.spot == 20000);
    feed_close(feed);
    buf_release(&text);
}

static void test_real_file(void **state)
{
    static const char path[] = ORRERY_SOURCE_DIR "/../shared/data/btc-perp-1m-2022-01.csv";
    struct feed_config config = config_for(path);
    struct feed_env env = {.desk = folder};
    struct error e = ERROR_INIT;
    struct feed *feed;
    clock_t from;

    (void)state;
    if (access(path, R_OK) != 0) {
        print_message("skipped: the price history is not beside this source tree\n");
        skip();
    }
    from = clock();
    if (feed_csv_open(&feed, &config, &env, &e) != 0)
        fail_msg("%s:%d: %s", e.where, e.line, e.message);
    assert_int_equal(feed_csv_rows(feed), 45031);
    assert_true(feed_csv_start(feed) == FIRST);
    assert_int_equal(run_to_end(feed, &e), 45031);
    assert_int_equal(e.code, ERROR_NONE);
    assert_true(feed->rules.stale_after_ms == 300000);
    print_message("45,031 rows in %.0f ms\n", (double)(clock() - from) * 1000 / CLOCKS_PER_SEC);
    feed_close(feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars),          cmocka_unit_test(test_stale),
        cmocka_unit_test(test_dialects),      cmocka_unit_test(test_chosen_columns),
        cmocka_unit_test(test_equal_times),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_hint),          cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_fifo),          cmocka_unit_test(test_path_from_environment),
        cmocka_unit_test(test_binary),        cmocka_unit_test(test_bad_row_later),
        cmocka_unit_test(test_block_borders), cmocka_unit_test(test_real_file),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
