/* Rows behind a cursor, whoever writes and in whatever order they commit. Beside the server of
 * ORRERY_POSTGRES_URL. */
#include "listening.h"

#include <pthread.h>

#include "db/postgres_session.h"
#include "source/source.h"

static struct store_url url;
static struct pg_session a, b, c; /* writers */

static void run_sql(struct pg_session *s, const char *sql)
{
    struct error e = ERROR_INIT;

    if (pg_script(s, sql, NULL, NULL, &e) != 0)
        fail_msg("%s: %s", sql, e.message);
}

static void open_writer(struct pg_session *s)
{
    struct error e = ERROR_INIT;

    if (pg_session_init(s, &url, NULL, &e) < 0 || pg_connect(s, &e) < 0)
        fail_msg("%s", e.message);
}

static int set_up(void **state)
{
    (void)state;
    parse_url("ORRERY_POSTGRES_URL", &url);
    open_writer(&a);
    open_writer(&b);
    open_writer(&c);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pg_session_release(&a);
    pg_session_release(&b);
    pg_session_release(&c);
    store_url_release(&url);
    return 0;
}

static struct source *open_source(const struct event_source *config)
{
    struct source *source = NULL;

    cursor[0] = '\0';
    if (source_postgres_open(&source, config, &url, NULL, &error) < 0)
        fail_msg("%s", error.message);
    return source;
}

static char columns[300];

/* A fresh table t(id …, p text), read from its start. */
static struct source *fresh(const char *id)
{
    struct event_source config = {.kind = EVENT_SOURCE_POSTGRES_TABLE,
                                  .url = "u",
                                  .topic = "t_new",
                                  .table = "t",
                                  .cursor_column = "id",
                                  .payload_column = "p",
                                  .from_start = true,
                                  .poll_ms = 20,
                                  .queue = 100};
    struct source *source;

    snprintf(columns, sizeof columns,
             "DROP TABLE IF EXISTS t CASCADE; CREATE TABLE t (id %s, p text)", id);
    run_sql(&a, columns);
    source = open_source(&config);
    assert_string_equal(poll_once(source, 0), "@^");
    assert_string_equal(poll_once(source, 0), "");
    return source;
}

#define SERIAL "bigserial PRIMARY KEY"

static void rows_come_in_order_and_once(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "INSERT INTO t(p) VALUES ('1'), ('2'), ('3')");
    assert_string_equal(poll_max(s, 2, 0), ":=1:1 :=2:2");
    assert_string_equal(poll_max(s, 2, 0), ":=3:3");
    assert_string_equal(poll_max(s, 2, 0), "");
    assert_int_equal(news.lag, 0);
    snprintf(cursor, sizeof cursor, "=1"); /* as after a restart from an older cursor */
    assert_string_equal(poll_once(s, 0), ":=2:2 :=3:3");
    source_close(s);
}

/* The number 1 is given to a, 2 to b; b commits first. A reader that goes by numbers would pass 1
 * over. */
static void a_lower_number_that_commits_later_is_not_passed_over(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "BEGIN; INSERT INTO t(p) VALUES ('1')");
    run_sql(&b, "INSERT INTO t(p) VALUES ('2')");
    assert_string_equal(poll_once(s, 60), "");
    assert_string_equal(poll_once(s, 60), "");
    run_sql(&a, "COMMIT");
    assert_string_equal(poll_until(s), ":=1:1 :=2:2");
    source_close(s);
}

/* b's transaction is older than a's, but its row is younger: comparing rows with the oldest
 * transaction under way would give 2 before 1. */
static void nor_one_of_a_younger_transaction(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "CREATE TABLE IF NOT EXISTS other (x int)");
    run_sql(&b, "BEGIN; INSERT INTO other VALUES (1)");  /* has its transaction number now */
    run_sql(&a, "BEGIN; INSERT INTO t(p) VALUES ('1')"); /* a higher one, and row 1 */
    run_sql(&b, "INSERT INTO t(p) VALUES ('2'); COMMIT");
    assert_string_equal(poll_once(s, 60), "");
    run_sql(&a, "COMMIT");
    assert_string_equal(poll_until(s), ":=1:1 :=2:2");
    source_close(s);
}

static void one_that_rolls_back_is_no_event(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "BEGIN; INSERT INTO t(p) VALUES ('1')");
    run_sql(&b, "INSERT INTO t(p) VALUES ('2')");
    assert_string_equal(poll_once(s, 60), "");
    run_sql(&a, "ROLLBACK");
    assert_string_equal(poll_until(s), ":=2:2");
    source_close(s);
}

/* c begins while a is waited for: it is younger than what was seen, and holds nothing up. */
static void writers_that_come_later_are_not_waited_for(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "BEGIN; INSERT INTO t(p) VALUES ('1')");
    run_sql(&b, "INSERT INTO t(p) VALUES ('2')");
    assert_string_equal(poll_once(s, 30), "");
    run_sql(&c, "BEGIN; INSERT INTO t(p) VALUES ('3')");
    run_sql(&a, "COMMIT");
    assert_string_equal(poll_until(s), ":=1:1 :=2:2");
    run_sql(&b, "INSERT INTO t(p) VALUES ('4')");
    assert_string_equal(poll_once(s, 60), "");
    run_sql(&c, "COMMIT");
    assert_string_equal(poll_until(s), ":=3:3 :=4:4");
    source_close(s);
}

static void open_transactions_elsewhere_hold_nothing_up(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "DROP TABLE IF EXISTS other; CREATE TABLE other (x int)");
    run_sql(&a, "BEGIN; INSERT INTO other VALUES (1); SELECT * FROM t");
    run_sql(&b, "INSERT INTO t(p) VALUES ('1')");
    assert_string_equal(poll_once(s, 0), ":=1:1");
    run_sql(&a, "COMMIT");
    source_close(s);
}

static void a_writer_that_stays_open_is_named(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "BEGIN; INSERT INTO t(p) VALUES ('1')");
    run_sql(&b, "INSERT INTO t(p) VALUES ('2')");
    for (int i = 0; i < 100 && news.note[0] == '\0'; i++)
        assert_string_equal(poll_once(s, 50), "");
    assert_non_null(strstr(news.note, "a transaction that has written to the table is still open"));
    run_sql(&a, "COMMIT");
    assert_string_equal(poll_until(s), ":=1:1 :=2:2");
    assert_string_equal(news.note, "");
    source_close(s);
}

/* Many writers at once, with pauses between getting a number and committing. */
#define WRITERS 4
#define EACH    60

static void *write_many(void *arg)
{
    struct pg_session s;
    char sql[200];
    long first = (long)arg;

    open_writer(&s);
    for (long i = 0; i < EACH; i++) {
        snprintf(sql, sizeof sql,
                 "BEGIN; INSERT INTO t(p) VALUES ('%ld'); SELECT pg_sleep(random() * 0.004);"
                 " COMMIT",
                 first * EACH + i);
        run_sql(&s, sql);
    }
    pg_session_release(&s);
    return NULL;
}

static void nothing_is_missed_among_many_writers(void **unused)
{
    struct source *s = fresh(SERIAL);
    pthread_t threads[WRITERS];
    bool seen[WRITERS * EACH] = {false};
    int count = 0, polls = 0;

    (void)unused;
    for (long i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, (void *)i), 0);
    while (count < WRITERS * EACH && polls++ < 2000) {
        poll_max(s, 7, 50);
        assert_int_equal(error.code, ERROR_NONE);
        for (char *rest, *word = strtok_r(heard, " ", &rest); word;
             word = strtok_r(NULL, " ", &rest)) {
            long n = strtol(strrchr(word, ':') + 1, NULL, 10);
            assert_false(seen[n]);
            seen[n] = true;
            count++;
        }
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count, WRITERS * EACH);
    assert_string_equal(poll_once(s, 0), "");
    source_close(s);
}

static void cursors_of_every_type_are_exact(void **unused)
{
    static const struct {
        const char *type, *rows, *first, *rest;
    } cases[] = {
        {"bigint PRIMARY KEY", "(9223372036854775807,'2'),(-9223372036854775808,'1')",
         ":=-9223372036854775808:1", ":=9223372036854775807:2"},
        {"int PRIMARY KEY", "(10,'3'),(9,'2'),(-1,'1')", ":=-1:1", ":=9:2 :=10:3"},
        {"smallint PRIMARY KEY", "(32767,'1')", ":=32767:1", ""},
        {"numeric PRIMARY KEY", "(0.1,'1'),(123456789012345678901234567890,'2')", ":=0.1:1",
         ":=123456789012345678901234567890:2"},
        {"text PRIMARY KEY", "('','1'),('a','2'),('ä''\"','3')", ":=:1", ":=a:2 :=ä'\":3"},
        {"varchar(9) PRIMARY KEY", "('b','2'),('a','1')", ":=a:1", ":=b:2"},
        {"uuid PRIMARY KEY",
         "('ffffffff-0000-0000-0000-000000000000','2'),('00000000-0000-0000-0000-000000000001','1'"
         ")",
         ":=00000000-0000-0000-0000-000000000001:1", ":=ffffffff-0000-0000-0000-000000000000:2"},
        {"timestamptz DEFAULT clock_timestamp() PRIMARY KEY",
         "('2026-01-01 00:00:00.000002+02','2'),('2026-01-01 00:00:00.000001+02','1')",
         ":=2025-12-31 22:00:00.000001+00:1", ":=2025-12-31 22:00:00.000002+00:2"},
        {"timestamp PRIMARY KEY", "('2026-01-01 00:00:00.000001','1'),('infinity','2')",
         ":=2026-01-01 00:00:00.000001:1", ":=infinity:2"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct source *s = fresh(cases[i].type);
        char sql[400];
        snprintf(sql, sizeof sql, "INSERT INTO t(id, p) VALUES %s", cases[i].rows);
        run_sql(&a, sql);
        assert_string_equal(poll_max(s, 1, 0), cases[i].first);
        assert_string_equal(poll_once(s, 0), cases[i].rest);
        assert_string_equal(poll_once(s, 0), "");
        source_close(s);
    }
}

static void now_is_behind_all_that_was_decided(void **unused)
{
    struct event_source config = {.kind = EVENT_SOURCE_POSTGRES_TABLE,
                                  .url = "u",
                                  .table = "t",
                                  .cursor_column = "id",
                                  .payload_column = "p",
                                  .poll_ms = 20,
                                  .queue = 100};
    struct source *s;

    (void)unused;
    source_close(fresh(SERIAL));
    s = open_source(&config);
    assert_string_equal(poll_once(s, 0), "@^"); /* an empty table */
    run_sql(&a, "INSERT INTO t(p) VALUES ('1')");
    cursor[0] = '\0';
    run_sql(&b, "BEGIN; INSERT INTO t(p) VALUES ('2')");
    run_sql(&a, "INSERT INTO t(p) VALUES ('3')");
    assert_string_equal(poll_once(s, 60), ""); /* 2 may still come */
    run_sql(&b, "COMMIT");
    assert_string_equal(poll_until(s), "@=3");
    run_sql(&a, "INSERT INTO t(p) VALUES ('4')");
    assert_string_equal(poll_until(s), ":=4:4");
    source_close(s);
}

static void ids_and_whole_rows(void **unused)
{
    struct event_source config = {.kind = EVENT_SOURCE_POSTGRES_TABLE,
                                  .url = "u",
                                  .schema = "public",
                                  .table = "t",
                                  .cursor_column = "id",
                                  .id_column = "p",
                                  .from_start = true,
                                  .poll_ms = 20,
                                  .queue = 100};
    struct source *s;

    (void)unused;
    source_close(fresh(SERIAL));
    run_sql(&a, "INSERT INTO t(p) VALUES ('one'), (NULL), (repeat('x', 201))");
    s = open_source(&config);
    assert_string_equal(poll_once(s, 0), "@^");
    poll_once(s, 0);
    assert_non_null(
        strstr(heard, "one:=1:{\"id\":1,\"p\":\"one\"} :=2:{\"id\":2,\"p\":null} md5:"));
    source_close(s);
}

static void large_and_broken_payloads_are_given_as_problems(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "INSERT INTO t(p) VALUES (to_json(repeat('x', 65534))::text),"
                " (to_json(repeat('x', 65535))::text), ('{'), (NULL), ('1 2'), (repeat('[', 99))");
    assert_int_equal(strlen(poll_max(s, 1, 0)), strlen(":=1:") + SOURCE_PAYLOAD_BYTES);
    assert_string_equal(poll_once(s, 0), ":=2:!PAYLOAD_SIZE :=3:!PAYLOAD_JSON :=4:- "
                                         ":=5:!PAYLOAD_JSON :=6:!PAYLOAD_JSON");
    source_close(s);
}

static void partitions_are_part_of_their_table(void **unused)
{
    struct event_source config = {.kind = EVENT_SOURCE_POSTGRES_TABLE,
                                  .url = "u",
                                  .table = "t",
                                  .cursor_column = "id",
                                  .payload_column = "p",
                                  .from_start = true,
                                  .poll_ms = 20,
                                  .queue = 100};
    struct source *s;

    (void)unused;
    run_sql(&a, "DROP TABLE IF EXISTS t CASCADE; DROP SEQUENCE IF EXISTS ids; CREATE SEQUENCE ids;"
                "CREATE TABLE t (id bigint DEFAULT nextval('ids') PRIMARY KEY, p text)"
                " PARTITION BY RANGE (id);"
                "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (2);"
                "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (2) TO (100)");
    s = open_source(&config);
    assert_string_equal(poll_once(s, 0), "@^");
    run_sql(&a, "BEGIN; INSERT INTO t1(p) VALUES ('1')"); /* straight into the partition */
    run_sql(&b, "INSERT INTO t(p) VALUES ('2')");
    assert_string_equal(poll_once(s, 60), "");
    run_sql(&a, "COMMIT");
    assert_string_equal(poll_until(s), ":=1:1 :=2:2");
    source_close(s);
}

/* Names are data, whatever they say. */
static void odd_names(void **unused)
{
    struct event_source config = {.kind = EVENT_SOURCE_POSTGRES_TABLE,
                                  .url = "u",
                                  .topic = "it's; -- a channel",
                                  .table = "t'; DROP TABLE t; --",
                                  .cursor_column = "the id",
                                  .payload_column = "p'",
                                  .from_start = true,
                                  .poll_ms = 3600000,
                                  .queue = 100};
    struct source *s;

    (void)unused;
    run_sql(
        &a,
        "DROP TABLE IF EXISTS \"t'; DROP TABLE t; --\";"
        "CREATE TABLE \"t'; DROP TABLE t; --\" (\"the id\" bigserial PRIMARY KEY, \"p'\" text)");
    s = open_source(&config);
    assert_string_equal(poll_once(s, 0), "@^");
    assert_string_equal(poll_once(s, 0), "");
    run_sql(&a, "INSERT INTO \"t'; DROP TABLE t; --\"(\"p'\") VALUES ('1');"
                "NOTIFY \"it's; -- a channel\"");
    assert_string_equal(poll_once(s, 10000), ":=1:1"); /* woken: it looks once an hour */
    source_close(s);
}

static void *interrupt_soon(void *arg)
{
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    source_interrupt(arg);
    return NULL;
}

static void an_interruption_ends_the_poll(void **unused)
{
    struct source *s = fresh(SERIAL);
    int64_t before = source_now_ns();
    pthread_t thread;

    (void)unused;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, s), 0);
    assert_string_equal(poll_once(s, 30000), "");
    assert_true(source_now_ns() - before < INT64_C(10000000000));
    assert_string_equal(poll_once(s, 30000), ""); /* the next one, too */
    assert_true(source_now_ns() - before < INT64_C(10000000000));
    pthread_join(thread, NULL);
    source_close(s);
}

static void a_table_that_was_made_anew_is_noticed(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "INSERT INTO t(p) SELECT 'null' FROM generate_series(1, 50)");
    poll_once(s, 0);
    assert_string_equal(cursor, "=50");
    source_close(s);
    run_sql(&a, "TRUNCATE t RESTART IDENTITY; INSERT INTO t(p) VALUES ('1')");
    s = open_source(&(struct event_source){.kind = EVENT_SOURCE_POSTGRES_TABLE,
                                           .url = "u",
                                           .table = "t",
                                           .cursor_column = "id",
                                           .payload_column = "p",
                                           .poll_ms = 20,
                                           .queue = 100});
    snprintf(cursor, sizeof cursor, "=50");
    assert_string_equal(poll_once(s, 0), "");
    assert_non_null(strstr(news.note, "the table's newest row, 1, is before the cursor, 50"));
    source_close(s);
}

static void the_ends_of_tables_and_connections_are_errors(void **unused)
{
    struct source *s = fresh(SERIAL);

    (void)unused;
    run_sql(&a, "DROP TABLE t");
    assert_string_equal(poll_once(s, 0), "STORE_SCHEMA");
    source_close(s);
    s = fresh(SERIAL);
    run_sql(&a, "ALTER TABLE t DROP COLUMN p; INSERT INTO t DEFAULT VALUES");
    assert_string_equal(poll_once(s, 0), "STORE_SCHEMA");
    source_close(s);
    s = fresh(SERIAL);
    run_sql(&a, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'orrery events'");
    for (int i = 0; i < 100 && poll_once(s, 50)[0] == '\0'; i++)
        ;
    assert_int_equal(error.code, ERROR_STORE_DOWN);
    source_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_order_and_once),
        cmocka_unit_test(a_lower_number_that_commits_later_is_not_passed_over),
        cmocka_unit_test(nor_one_of_a_younger_transaction),
        cmocka_unit_test(one_that_rolls_back_is_no_event),
        cmocka_unit_test(writers_that_come_later_are_not_waited_for),
        cmocka_unit_test(open_transactions_elsewhere_hold_nothing_up),
        cmocka_unit_test(a_writer_that_stays_open_is_named),
        cmocka_unit_test(nothing_is_missed_among_many_writers),
        cmocka_unit_test(cursors_of_every_type_are_exact),
        cmocka_unit_test(now_is_behind_all_that_was_decided),
        cmocka_unit_test(ids_and_whole_rows),
        cmocka_unit_test(large_and_broken_payloads_are_given_as_problems),
        cmocka_unit_test(partitions_are_part_of_their_table),
        cmocka_unit_test(odd_names),
        cmocka_unit_test(an_interruption_ends_the_poll),
        cmocka_unit_test(a_table_that_was_made_anew_is_noticed),
        cmocka_unit_test(the_ends_of_tables_and_connections_are_errors),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
