/* What a plugin does within one step of the database, where nothing looks at the clock; and what
 * its neighbours notice of it. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/buf.h"
#include "contract/tables_suite.h"

/* A call that takes so much longer than its limit is taken for a database that hangs: the other
 * plugins of the same database are sent away (DB_OVERDUE_MS of core/db_pool.h). */
#define TOO_LONG_S 1.5

#define KEYS 40000

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void reopen(int64_t time_ms)
{
    suite.limits.time_ms = time_ms;
    tables_close(suite.t);
    suite.t = suite_open("p", TABLES_DECLARED);
}

/* The opening bracket, `before`0`after`, `before`1`after` …, the closing one. */
static json_t *series(const char brackets[3], const char *before, const char *after)
{
    struct buf text;
    json_t *out;

    buf_init(&text, TABLE_CALL_BYTES);
    for (int i = 0; i < KEYS; i++)
        buf_addf(&text, "%c%s%d%s", i ? ',' : brackets[0], before, i, after);
    buf_add_char(&text, brackets[1]);
    assert_false(text.overflow);
    out = json_stringn(text.data, text.len);
    buf_release(&text);
    return out;
}

static json_t *repeated(const char *piece, size_t count, const char *end)
{
    struct buf text;
    json_t *out;

    buf_init(&text, TABLE_CALL_BYTES);
    for (size_t i = 0; i < count; i++)
        buf_add_str(&text, piece);
    buf_add_str(&text, end);
    out = json_stringn(text.data, text.len);
    buf_release(&text);
    return out;
}

static int late;

/* Refused, or ended in time: never answered late. */
static void ends_soon(const char *sql, json_t *first, json_t *second)
{
    double begun = seconds(), took;
    char *got = suite_send(suite.t, json_pack("{s:s,s:s,s:[o,o]}", "call", "query", "sql", sql,
                                              "params", first, second));

    took = seconds() - begun;
    if (getenv("ORRERY_SHOW_ATTEMPTS") != NULL)
        print_message("%.60s: %.2f s: %.100s\n", sql, took, got);
    free(got);
    if (took > TOO_LONG_S)
        print_error("%s: took %.1f s\n", sql, took);
    late += took > TOO_LONG_S;
}

#define MATCH(how, wild, name) "$1 " how " '" wild "' || $2 || '" name "' AS " name
#define MATCHES(how, wild)                                                                         \
    "SELECT " MATCH(how, wild, "a") ", " MATCH(how, wild, "b") ", " MATCH(                         \
        how, wild,                                                                                 \
        "c") ", " MATCH(how, wild,                                                                 \
                        "d") ", " MATCH(how, wild,                                                 \
                                        "e") ", " MATCH(how, wild,                                 \
                                                        "f") ", " MATCH(how, wild,                 \
                                                                        "g") ", " MATCH(how, wild, \
                                                                                        "h")
#define LIKES MATCHES("LIKE", "%")
#define GLOBS MATCHES("GLOB", "*")

static void one_step_is_short_on_sqlite(void)
{
    ends_soon("SELECT length(json_patch($1, $2)) AS n", series("{}", "\"a", "\":1"),
              series("{}", "\"b", "\":1"));
    ends_soon(LIKES, repeated("a", 1000000, ""), repeated("a_", 120, "z"));
    ends_soon(LIKES, repeated("a", 1000000, ""), repeated("a_", 28, "z"));
    ends_soon(GLOBS, repeated("a", 1000000, ""), repeated("a?", 120, "z"));
}

static void one_step_is_short_on_postgres(void)
{
    ends_soon("SELECT ($1::jsonb - $2::text[]) IS NULL AS n", series("{}", "\"a", "\":1"),
              series("{}", "b", ""));
    ends_soon("SELECT $1::jsonb @> $2::jsonb AS n", series("[]", "\"a", "\""),
              series("[]", "\"a", "\""));
    ends_soon("SELECT $1::text[] @> $2::text[] AS n", series("{}", "a", ""), series("{}", "a", ""));
    ends_soon("SELECT $1::numeric / $2::numeric AS n", repeated("7", 120000, ""),
              repeated("3", 60000, ""));
    ends_soon("SELECT ln(round($1::numeric / 3, 16000)) + $2::numeric AS n",
              repeated("7", 100000, ""), repeated("3", 60000, ""));
    ends_soon("SELECT $1 LIKE $2 AS n", repeated("a", 1000000, ""), repeated("%a_", 100, "z"));
    ends_soon("SELECT length(replace($1, 'a', $2)) AS n", repeated("a", 100000, ""),
              repeated("bbbbbbbbbb", 1000, "z"));
    ends_soon("SELECT $1 ~ $2 AS n", repeated("a", 100000, ""), repeated("(a*)*", 100, "z"));
}

static void one_step_is_short(void **state)
{
    (void)state;
    late = 0;
    reopen(50);
    if (suite.backend->is_postgres)
        one_step_is_short_on_postgres();
    else
        one_step_is_short_on_sqlite();
    assert_int_equal(late, 0);
    QUERY("SELECT count(*) AS c FROM log", NULL, "{\"rows\":[{\"c\":0}]}");
}

/* As SQLite's own LIKE has it. */
static void like_is_as_sqlites(void **state)
{
    static const struct {
        const char *condition, *expected;
    } cases[] = {
        {"'abc' LIKE 'ABC'", "1"},
        {"'abc' LIKE 'a%'", "1"},
        {"'abc' LIKE '%c'", "1"},
        {"'abc' LIKE '%b'", "0"},
        {"'abc' LIKE 'a_c'", "1"},
        {"'abc' LIKE 'a_'", "0"},
        {"'abc' LIKE '____'", "0"},
        {"'' LIKE '%'", "1"},
        {"'' LIKE ''", "1"},
        {"'a' LIKE ''", "0"},
        {"'aXbXc' LIKE 'a%x%c'", "1"},
        {"'abab' LIKE '%ab'", "1"},
        {"'mississippi' LIKE '%is%ip%i'", "1"},
        {"'mississippi' LIKE '%is%pi%s'", "0"},
        {"'h\xc3\xa9llo' LIKE 'h_llo'", "1"},
        {"'\xc3\x89' LIKE '\xc3\xa9'", "0"},
        {"'\xf0\x9f\x98\x80!' LIKE '_!'", "1"},
        {"'50%' LIKE '50x%' ESCAPE 'x'", "1"},
        {"'500' LIKE '50x%' ESCAPE 'x'", "0"},
        {"'a_b' LIKE 'a\xc3\xa9_b' ESCAPE '\xc3\xa9'", "1"},
        {"'axb' LIKE 'axxb' ESCAPE 'x'", "1"},
        {"'a' LIKE 'ax' ESCAPE 'x'", "0"},
        {"12 LIKE '1%'", "1"},
        {"NULL LIKE 'a'", "null"},
        {"'a' LIKE NULL", "null"},
        {"'a' LIKE 'a' ESCAPE NULL", "null"},
        {"'a' NOT LIKE 'b'", "1"},
    };

    (void)state;
    if (suite.backend->is_postgres)
        skip();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sql[200], expected[60];
        snprintf(sql, sizeof sql, "SELECT %s AS x", cases[i].condition);
        snprintf(expected, sizeof expected, "{\"rows\":[{\"x\":%s}]}", cases[i].expected);
        QUERY(sql, NULL, expected);
    }
    QUERY("SELECT 'a' LIKE 'a' ESCAPE 'xx' AS x", NULL,
          "INVALID: query: ESCAPE expression must be a single character");
    EXEC("INSERT INTO log (line) VALUES ('one'), ('two'), (NULL)", NULL, "{\"changed\":3}");
    QUERY("SELECT line FROM log WHERE line LIKE $1", "['T%']", "{\"rows\":[{\"line\":\"two\"}]}");
}

/* What stands in a line is executed to its end. */
static void calls_of_functions_are_counted(void **state)
{
    struct buf sql;

    (void)state;
    if (suite.backend->is_postgres)
        skip();
    buf_init(&sql, TABLE_SQL_BYTES);
    buf_add_str(&sql, "SELECT abs(0)");
    for (int i = 1; i < 100; i++)
        buf_add_str(&sql, "+abs(1)");
    QUERY(buf_text(&sql), NULL, "{\"rows\":[{*");
    buf_add_str(&sql, "+abs(1)");
    QUERY(buf_text(&sql), NULL, "LIMIT: query: expected at most 100 calls of functions, got more");
    buf_release(&sql);
}

/* ---- the neighbours' memory ---- */

#define NEIGHBOURS 3

struct neighbour {
    struct tables *t;
    atomic_bool done;
};

/* Just within what a statement may have. */
static void *fill_memory(void *arg)
{
    struct neighbour *n = arg;
    static const char sql[] =
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 30000000)"
        " SELECT count(*) AS c FROM (SELECT DISTINCT n, replace('01', '0', $1) || n AS s FROM r)";

    while (!atomic_load(&n->done)) {
        json_t *answer = NULL, *call = json_pack("{s:s,s:s,s:[o]}", "call", "query", "sql", sql,
                                                 "params", repeated("y", 5000, ""));
        struct error e = ERROR_INIT;
        if (tables_call(n->t, call, &answer, &e) == 0)
            json_decref(answer);
        json_decref(call);
    }
    return NULL;
}

static void memory_is_each_plugins_own(void **state)
{
    static const char small[] = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r"
                                " WHERE n < 400000) SELECT max(n) AS c FROM r";
    struct neighbour neighbours[NEIGHBOURS];
    pthread_t threads[NEIGHBOURS];
    int wrong = 0;

    (void)state;
    if (suite.backend->is_postgres) /* each has a process of its own there */
        skip();
    reopen(20000);
    for (int i = 0; i < NEIGHBOURS; i++) {
        char name[8];
        snprintf(name, sizeof name, "by%d", i);
        neighbours[i].t = suite_open(name, TABLES_DECLARED);
        atomic_init(&neighbours[i].done, false);
        assert_int_equal(pthread_create(&threads[i], NULL, fill_memory, &neighbours[i]), 0);
    }
    for (int i = 0; i < 5; i++) {
        char *got = suite_query(suite.t, small, NULL);
        if (strcmp(got, "{\"rows\":[{\"c\":400000}]}") != 0) {
            print_error("call %d: %s\n", i, got);
            wrong++;
        }
        free(got);
    }
    for (int i = 0; i < NEIGHBOURS; i++) {
        atomic_store(&neighbours[i].done, true);
        pthread_join(threads[i], NULL);
        tables_close(neighbours[i].t);
    }
    assert_int_equal(wrong, 0);
}

const struct CMUnitTest tables_step_rules[] = {
    RULE(one_step_is_short),
    RULE(like_is_as_sqlites),
    RULE(calls_of_functions_are_counted),
    RULE(memory_is_each_plugins_own),
};
const size_t tables_step_rule_count = sizeof tables_step_rules / sizeof tables_step_rules[0];
