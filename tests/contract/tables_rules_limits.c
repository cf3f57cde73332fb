/* What a plugin can use up: time, rows, bytes, memory, room. And several handles at once. */
#include <pthread.h>
#include <time.h>

#include "base/mem.h"
#include "contract/tables_suite.h"

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void reopen(void)
{
    tables_close(suite.t);
    suite.t = suite_open("p", TABLES_DECLARED);
}

static void fill_log(int rows)
{
    EXEC(suite.backend->is_postgres
             ? "INSERT INTO log (n, line) SELECT g, 'line' FROM generate_series(1, $1) g"
             : "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < $1)"
               " INSERT INTO log (n, line) SELECT n, 'line' FROM g",
         rows == 1000   ? "[1000]"
         : rows == 1001 ? "[1001]"
                        : "[100]",
         "{\"changed\":1*");
}

static void rows_are_limited(void **state)
{
    char *got;

    (void)state;
    fill_log(1000);
    got = suite_query(suite.t, "SELECT n FROM log", NULL);
    assert_true(strncmp(got, "{\"rows\":[{\"n\":", 13) == 0);
    free(got);
    EXPECT("{'call': 'select', 'table': 'log', 'limit': 1, 'order_by': 'n', 'columns': ['n']}",
           "{\"rows\":[{\"n\":1}]}");
    EXEC("INSERT INTO log (n) VALUES (0)", NULL, "{\"changed\":1}");
    QUERY("SELECT n FROM log", NULL,
          "LIMIT: the answer has more than 1000 rows; ask for fewer (LIMIT)");
    EXPECT("{'call': 'select', 'table': 'log', 'columns': ['n']}",
           "LIMIT: the answer has more than 1000 rows; ask for fewer (LIMIT)");
    QUERY("SELECT count(*) AS c FROM log", NULL, "{\"rows\":[{\"c\":1001}]}");
}

/* One row of `bytes` of text. */
static char *insert_line(size_t bytes)
{
    char *line = mem_alloc(bytes + 1), *got;

    memset(line, 'x', bytes);
    line[bytes] = '\0';
    got = suite_send(suite.t, json_pack("{s:s,s:s,s:{s:s}}", "call", "insert", "table", "log",
                                        "row", "line", line));
    free(line);
    return got;
}

static void bytes_are_limited(void **state)
{
    (void)state;
    suite_expect(insert_line(60000), "{\"changed\":1}", __FILE__, __LINE__);
    QUERY("SELECT length(line) AS c FROM log", NULL, "{\"rows\":[{\"c\":60000}]}");
    suite_expect(insert_line(60000), "{\"changed\":1}", __FILE__, __LINE__);
    QUERY("SELECT line FROM log", NULL,
          "LIMIT: the answer has more than 100000 bytes; ask for fewer rows or columns");
    EXPECT("{'call': 'select', 'table': 'log'}",
           "LIMIT: the answer has more than 100000 bytes; ask for fewer rows or columns");
    QUERY("SELECT count(*) AS c FROM log", NULL, "{\"rows\":[{\"c\":2}]}");
    suite_expect(insert_line(900000), "{\"changed\":1}", __FILE__, __LINE__);
    QUERY("SELECT line FROM log WHERE length(line) > 100000", NULL, "LIMIT: the answer *");
}

static void time_is_limited(void **state)
{
    static const char *const endless[] = {
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) AS c FROM "
        "r",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT max(n) AS c FROM r",
        "SELECT count(*) AS c FROM log a, log b, log c, log d, log e",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r"
        " WHERE n < 0",
    };

    (void)state;
    fill_log(1000);
    suite.limits.time_ms = 50;
    reopen();
    for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++) {
        double begun = seconds();
        QUERY(endless[i], NULL, "DEADLINE: query: took longer than 50 ms");
        assert_true(seconds() - begun < 5);
    }
    EXEC("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"
         " INSERT INTO log (n) SELECT n FROM r",
         NULL, "DEADLINE: exec: took longer than 50 ms");
    EXEC("UPDATE log SET n = (SELECT count(*) FROM log a, log b, log c)", NULL,
         "DEADLINE: exec: took longer than 50 ms");
    QUERY("SELECT count(*) AS c FROM log", NULL, "{\"rows\":[{\"c\":1000}]}");
}

static void memory_is_limited(void **state)
{
    static const char doubling[] =
        "WITH RECURSIVE r(s) AS (SELECT CAST('xxxxxxxxxxxxxxxx' AS text) UNION ALL SELECT s || s"
        " FROM r) SELECT max(length(s)) AS c FROM r";
    static const char sorting[] =
        "WITH RECURSIVE r(n, s) AS (SELECT 1, CAST($1 AS text) UNION ALL SELECT n + 1, s FROM r"
        " WHERE n < 100000000) SELECT n FROM r ORDER BY s, n DESC LIMIT 1";
    char params[5010], *got;
    double begun = seconds();

    (void)state;
    suite.limits.time_ms = 1000;
    reopen();
    got = suite_query(suite.t, doubling, NULL);
    assert_true(strncmp(got, "LIMIT: ", 7) == 0 || strncmp(got, "DEADLINE: ", 10) == 0);
    free(got);
    memset(params, 'y', sizeof params);
    memcpy(params, "['", 2);
    memcpy(params + 5000, "']", 3);
    got = suite_query(suite.t, sorting, params);
    assert_true(strncmp(got, "LIMIT: ", 7) == 0 || strncmp(got, "DEADLINE: ", 10) == 0);
    free(got);
    assert_true(seconds() - begun < 60);
    QUERY("SELECT count(*) AS c FROM log", NULL, "{\"rows\":[{\"c\":0}]}");
}

static void room_is_limited(void **state)
{
    char *got;
    int written = 0;

    (void)state;
    suite.limits.size_bytes = 2 * 1024 * 1024;
    reopen();
    /* text that does not compress */
    for (bool full = false; !full && written < 1000; written++) {
        char line[20001];
        for (size_t i = 0; i < sizeof line - 1; i++)
            line[i] = (char)('!' + (rand() % 90)); // NOLINT
        line[sizeof line - 1] = '\0';
        got = suite_send(suite.t, json_pack("{s:s,s:s,s:{s:s}}", "call", "insert", "table", "log",
                                            "row", "line", line));
        full = strncmp(got, "LIMIT: insert: the tables of the plugin are full: 2097152 bytes",
                       60) == 0;
        if (!full && strcmp(got, "{\"changed\":1}") != 0)
            fail_msg("%s", got);
        free(got);
    }
    assert_true(written > 20 && written < 250);
    EXPECT("{'call': 'select', 'table': 'log', 'limit': 0}", "{\"rows\":[]}");
    got = suite_exec(suite.t, "DELETE FROM log", NULL);
    assert_true(strncmp(got, "{\"changed\":", 11) == 0);
    free(got);
}

static void texts_and_parameters_are_limited(void **state)
{
    char *sql = mem_alloc(TABLE_SQL_BYTES + 100);
    json_t *params = json_array();

    (void)state;
    memset(sql, ' ', TABLE_SQL_BYTES + 99);
    sql[TABLE_SQL_BYTES + 99] = '\0';
    memcpy(sql, "SELECT 1", 8);
    QUERY(sql, NULL, "LIMIT: query: sql: expected at most 65536 bytes, got 65635");
    free(sql);
    for (int i = 0; i < 101; i++)
        json_array_append_new(params, json_integer(i));
    suite_expect(suite_send(suite.t, json_pack("{s:s,s:s,s:o}", "call", "query", "sql", "SELECT $1",
                                               "params", params)),
                 "LIMIT: query: params: expected at most 100, got 101", __FILE__, __LINE__);
    suite_expect(
        suite_send(suite.t,
                   json_pack("{s:s,s:s,s:{},s:s%}", "call", "insert", "table", "log", "row", "key",
                             "0123456789012345678901234567890123456789012345678901"
                             "2345678901234567890123456789012345678901234567890123"
                             "456789012345678901234567890",
                             (size_t)129)),
        "INVALID: insert: key: expected text of 1 to 128 bytes, got 129", __FILE__, __LINE__);
}

/* A query of as many columns, conditions and names as are allowed. */
static void the_largest_statements_go_through(void **state)
{
    json_t *tables = json_object(), *columns = json_object(), *row = json_object(),
           *where = json_object();
    struct tables *t;
    char *declared, name[60], *got;

    (void)state;
    for (int i = 0; i < COLUMNS_MAX; i++) {
        snprintf(name, sizeof name, "c_%040d_%02d", 0, i);
        json_object_set_new(columns, name, json_string("text default 'd'"));
        json_object_set_new(row, name, json_string("v"));
        json_object_set_new(where, name, json_string("v"));
    }
    json_object_set_new(tables, "wide", json_pack("{s:o}", "columns", columns));
    declared = json_dumps(tables, 0);
    for (char *c = declared; *c != '\0'; c++)
        *c = *c == '\'' ? '`' : *c; /* no quotes within quotes here */
    json_decref(tables);
    for (char *at = strstr(declared, " default `d`"); at != NULL; at = strstr(at, " default `d`"))
        memset(at, ' ', 12);
    t = suite_open("wide", declared);
    free(declared);
    suite_expect(
        suite_send(t, json_pack("{s:s,s:s,s:o}", "call", "insert", "table", "wide", "row", row)),
        "{\"changed\":1}", __FILE__, __LINE__);
    got = suite_send(t,
                     json_pack("{s:s,s:s,s:o}", "call", "select", "table", "wide", "where", where));
    assert_true(strlen(got) > COLUMNS_MAX * 50);
    free(got);
    tables_close(t);
}

/* ---- several at once ---- */

#define WRITES 100

static void *write_many(void *arg)
{
    struct tables *t = arg;
    char call[160];

    for (int i = 0; i < WRITES; i++) {
        json_t *request, *answer = NULL;
        struct error e = ERROR_INIT;
        snprintf(call, sizeof call,
                 "{'call': 'insert', 'table': 'log', 'row': {'n': %d},"
                 " 'key': 'k%d'}",
                 i, i);
        request = suite_json(call);
        if (tables_call(t, request, &answer, &e) < 0)
            print_error("write %d: %s\n", i, e.message);
        json_decref(answer);
        json_decref(request);
    }
    return NULL;
}

/* Two handles write with the same keys: each key once. */
static void two_handles_write_at_once(void **state)
{
    struct tables *other = suite_open("p", TABLES_DECLARED);
    pthread_t threads[2];

    (void)state;
    assert_int_equal(pthread_create(&threads[0], NULL, write_many, suite.t), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, write_many, other), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    QUERY("SELECT count(*) AS c, count(DISTINCT n) AS d FROM log", NULL,
          "{\"rows\":[{\"c\":100,\"d\":100}]}");
    tables_close(other);
}

const struct CMUnitTest tables_limit_rules[] = {
    RULE(rows_are_limited),
    RULE(bytes_are_limited),
    RULE(time_is_limited),
    RULE(memory_is_limited),
    RULE(room_is_limited),
    RULE(texts_and_parameters_are_limited),
    RULE(the_largest_statements_go_through),
    RULE(two_handles_write_at_once),
};
const size_t tables_limit_rule_count = sizeof tables_limit_rules / sizeof tables_limit_rules[0];
