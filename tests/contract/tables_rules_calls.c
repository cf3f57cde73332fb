/* What each call does, and what it says to one that is wrong. */
#include <math.h>

#include "base/mem.h"
#include "contract/tables_suite.h"

#define ROW(asset, ts, rest)                                                                       \
    "{'call': 'insert', 'table': 'prices', 'row': {'asset': '" asset "', 'ts_ms': " #ts rest "}}"

static void insert_and_select(void **state)
{
    (void)state;
    EXPECT(ROW("btc", 5, ", 'spot': 1.5, 'note': {'b': [1, null], 'a': 'x'}"), "{\"changed\":1}");
    EXPECT(ROW("btc", 3, ""), "{\"changed\":1}");
    EXPECT(ROW("eth", 4, ", 'live': false, 'spot': 7"), "{\"changed\":1}");
    EXPECT("{'call': 'select', 'table': 'prices', 'order_by': 'ts_ms'}",
           "{\"rows\":["
           "{\"asset\":\"btc\",\"live\":true,\"note\":null,\"spot\":null,\"ts_ms\":3},"
           "{\"asset\":\"eth\",\"live\":false,\"note\":null,\"spot\":7.0,\"ts_ms\":4},"
           "{\"asset\":\"btc\",\"live\":true,\"note\":{\"a\":\"x\",\"b\":[1,null]},\"spot\":1.5,"
           "\"ts_ms\":5}]}");
    EXPECT("{'call': 'select', 'table': 'prices', 'where': {'asset': 'btc'}, 'columns': ['ts_ms'],"
           " 'order_by': ['asset', 'ts_ms desc'], 'limit': 1}",
           "{\"rows\":[{\"ts_ms\":5}]}");
    EXPECT("{'call': 'select', 'table': 'prices', 'limit': 0}", "{\"rows\":[]}");
    EXPECT("{'call': 'select', 'table': 'log', 'where': [], 'columns': [], 'order_by': []}",
           "{\"rows\":[]}");
}

static void conditions(void **state)
{
    static const struct {
        const char *where, *found;
    } cases[] = {
        {"{'ts_ms': {'>=': 2, '<': 4}}", "2,3"},
        {"{'ts_ms': {'>': 2, '<=': 4}}", "3,4"},
        {"{'ts_ms': {'!=': 2}}", "1,3,4"},
        {"{'ts_ms': {'=': 2}}", "2"},
        {"{'ts_ms': 2, 'asset': 'a'}", "2"},
        {"{'ts_ms': 2, 'asset': 'b'}", ""},
        {"{'spot': null}", "1"},
        {"{'spot': {'!=': null}}", "2,3,4"},
        {"{'spot': {'=': null}}", "1"},
        {"{'spot': 3}", "3"},
        {"{'spot': {'>': 2.5}}", "3,4"},
        {"{'live': false}", "4"},
        {"{'note': {'=': {'k': 2}}}", "2"},
        {"{'note': {'!=': {'k': 2}}}", "3"},
        {"{'note': 5}", "3"},
        {"{'asset': {'>': 'A'}}", "1,2,3,4"},
        {"{'asset': {'>': 'a'}}", ""},
    };
    char sql[300], expected[200];

    (void)state;
    EXPECT(ROW("a", 1, ""), "{\"changed\":1}");
    EXPECT(ROW("a", 2, ", 'spot': 2, 'note': {'k': 2}"), "{\"changed\":1}");
    EXPECT(ROW("a", 3, ", 'spot': 3, 'note': 5"), "{\"changed\":1}");
    EXPECT(ROW("a", 4, ", 'spot': 4, 'live': false"), "{\"changed\":1}");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t used = (size_t)snprintf(expected, sizeof expected, "{\"rows\":[");
        for (const char *c = cases[i].found; *c != '\0'; c++)
            if (*c != ',')
                used += (size_t)snprintf(expected + used, sizeof expected - used,
                                         "%s{\"ts_ms\":%c}", c == cases[i].found ? "" : ",", *c);
        snprintf(expected + used, sizeof expected - used, "]}");
        snprintf(sql, sizeof sql,
                 "{'call': 'select', 'table': 'prices', 'columns': ['ts_ms'], 'order_by': 'ts_ms',"
                 " 'where': %s}",
                 cases[i].where);
        EXPECT(sql, expected);
    }
}

static void null_comes_first_and_text_is_ordered_by_bytes(void **state)
{
    (void)state;
    EXPECT("{'call': 'insert', 'table': 'log', 'row': {'line': 'b', 'n': 2}}", "{\"changed\":1}");
    EXPECT("{'call': 'insert', 'table': 'log', 'row': {'line': 'B', 'n': 1}}", "{\"changed\":1}");
    EXPECT("{'call': 'insert', 'table': 'log', 'row': {'line': 'é'}}", "{\"changed\":1}");
    EXPECT("{'call': 'insert', 'table': 'log', 'row': {'line': null, 'n': 3}}", "{\"changed\":1}");
    EXPECT("{'call': 'select', 'table': 'log', 'columns': ['line'], 'order_by': 'line'}",
           "{\"rows\":[{\"line\":null},{\"line\":\"B\"},{\"line\":\"b\"},{\"line\":\"é\"}]}");
    EXPECT("{'call': 'select', 'table': 'log', 'columns': ['line'], 'order_by': 'line desc'}",
           "{\"rows\":[{\"line\":\"é\"},{\"line\":\"b\"},{\"line\":\"B\"},{\"line\":null}]}");
    EXPECT("{'call': 'select', 'table': 'log', 'columns': ['n'], 'order_by': 'n asc'}",
           "{\"rows\":[{\"n\":null},{\"n\":1},{\"n\":2},{\"n\":3}]}");
}

static void upsert_changes_what_it_names(void **state)
{
    (void)state;
    EXPECT("{'call': 'upsert', 'table': 'prices', 'row': {'asset': 'a', 'ts_ms': 1, 'spot': 1,"
           " 'live': false}}",
           "{\"changed\":1}");
    EXPECT("{'call': 'upsert', 'table': 'prices', 'row': {'asset': 'a', 'ts_ms': 1, 'spot': 2}}",
           "{\"changed\":1}");
    EXPECT("{'call': 'upsert', 'table': 'prices', 'row': {'asset': 'a', 'ts_ms': 1}}",
           "{\"changed\":0}");
    EXPECT("{'call': 'select', 'table': 'prices', 'columns': ['spot', 'live']}",
           "{\"rows\":[{\"live\":false,\"spot\":2.0}]}");
    EXPECT("{'call': 'upsert', 'table': 'log', 'row': {'n': 1}}",
           "INVALID: upsert: expected a table with a primary key, 'log' is declared without one");
    EXPECT("{'call': 'upsert', 'table': 'prices', 'row': {'asset': 'a'}}",
           "INVALID: upsert: column 'ts_ms' of 'prices' (bigint): expected a value, as it is not "
           "null, got nothing");
}

static void a_key_that_is_there_is_a_conflict(void **state)
{
    (void)state;
    EXPECT(ROW("a", 1, ""), "{\"changed\":1}");
    EXPECT(ROW("a", 1, ", 'spot': 5"), "CONFLICT: insert: a row with that key is there already: *");
    EXPECT("{'call': 'select', 'table': 'prices', 'columns': ['spot']}",
           "{\"rows\":[{\"spot\":null}]}");
}

static void delete_what_is_meant(void **state)
{
    (void)state;
    EXPECT(ROW("a", 1, ""), "{\"changed\":1}");
    EXPECT(ROW("a", 2, ""), "{\"changed\":1}");
    EXPECT(ROW("b", 2, ""), "{\"changed\":1}");
    EXPECT("{'call': 'delete', 'table': 'prices', 'where': {}}",
           "INVALID: delete: where: expected at least one condition, got none (to delete all rows: "
           "ctx.db:exec(\"DELETE FROM prices\"))");
    EXPECT("{'call': 'delete', 'table': 'prices'}", "INVALID: delete: where: *");
    EXPECT("{'call': 'delete', 'table': 'prices', 'where': []}", "INVALID: delete: where: *");
    EXPECT("{'call': 'delete', 'table': 'prices', 'where': {'ts_ms': {'>=': 2}}}",
           "{\"changed\":2}");
    EXPECT("{'call': 'delete', 'table': 'prices', 'where': {'asset': 'z'}}", "{\"changed\":0}");
    EXEC("DELETE FROM prices", NULL, "{\"changed\":1}");
}

static void sql_with_parameters(void **state)
{
    (void)state;
    EXEC("INSERT INTO log (line, n, x, b) VALUES ($1, $2, $3, $4), ($1, $2 + 1, $3, NULL)",
         "['its', 9007199254740993, 0.5, true]", "{\"changed\":2}");
    QUERY("SELECT line, n, x, b FROM log WHERE n >= $1 ORDER BY n", "[5]",
          "{\"rows\":[{\"b\":true,\"line\":\"its\",\"n\":9007199254740993,\"x\":0.5},"
          "{\"b\":null,\"line\":\"its\",\"n\":9007199254740994,\"x\":0.5}]}");
    EXEC("UPDATE log SET n = 1 WHERE b", "[]", "{\"changed\":1}");
    EXEC("update log set x = $1 where n = $2;  -- done", "[1, 1]", "{\"changed\":1}");
    QUERY(" /* a */ WITH a AS (SELECT n, x FROM log) SELECT count(*) AS c, max(x) AS m FROM a",
          "{}", "{\"rows\":[{\"c\":2,\"m\":1.0}]}");
    QUERY("VALUES (1)", NULL, "{\"rows\":[{\"column1\":1}]}");
    QUERY("SELECT n FROM log WHERE line = $2 AND n = $1", "[1, 'nobody']", "{\"rows\":[]}");
    EXEC("WITH a AS (SELECT max(n) AS m FROM log) DELETE FROM log WHERE n = (SELECT m FROM a)",
         NULL, "{\"changed\":1}");
    EXEC("DELETE FROM log WHERE n = $1 RETURNING line", "[1]", "{\"changed\":1}");
    EXEC("DELETE FROM log", NULL, "{\"changed\":0}");
}

static void sql_that_is_wrong(void **state)
{
    (void)state;
    QUERY("SELEC 1", NULL,
          "DENIED: query: expected a statement of SELECT, VALUES or WITH, got "
          "'selec'");
    QUERY("", NULL, "INVALID: query: expected a statement of SELECT, VALUES or WITH, got nothing");
    QUERY(" -- nothing", NULL, "INVALID: query: expected a statement *");
    QUERY("SELECT FROM WHERE", NULL, "INVALID: query: *");
    QUERY("SELECT nope FROM log", NULL, "INVALID: query: *");
    QUERY("SELECT n FROM nope", NULL, "INVALID: query: *");
    QUERY("SELECT n FROM log WHERE n = $1", NULL,
          "INVALID: query: expected 1 parameter ($1 to $1), got 0");
    QUERY("SELECT n FROM log WHERE n = $1", "[1, 2]",
          "INVALID: query: expected 1 parameter ($1 to $1), got 2");
    QUERY("SELECT n FROM log WHERE n = ?", "[1]",
          "INVALID: query: expected parameters as $1, $2 …, got '?'");
    QUERY("SELECT n, n FROM log", NULL, "INVALID: two columns of the result are named 'n': *");
    QUERY("SELECT 'a", NULL, "INVALID: SQL: a ' is not closed");
    QUERY("SELECT \"a", NULL, "INVALID: SQL: a \" is not closed");
    QUERY("SELECT 1 /* x", NULL, "INVALID: SQL: a comment is not ended");
    QUERY("SELECT n FROM log", "{'a': 1}",
          "INVALID: query: params: expected an array of values, "
          "got object");
    QUERY("DELETE FROM log", NULL,
          "DENIED: query: expected a statement of SELECT, VALUES or WITH, "
          "got 'delete' (exec writes, query reads)");
    EXEC("SELECT 1", NULL,
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, "
         "got 'select' (query reads, exec writes)");
    EXEC("WITH a AS (SELECT 1 AS x) SELECT x FROM a", NULL,
         "DENIED: exec: the statement writes "
         "nothing (query reads, exec writes)");
    EXEC("INSERT INTO prices (asset, ts_ms) VALUES ('a', NULL)", NULL, "INVALID: exec: *");
    EXEC("INSERT INTO log (n) VALUES ('abc')", NULL, "INVALID: exec: *");
    EXEC("INSERT INTO log (j) VALUES ('{')", NULL, "INVALID: exec: *");
    EXEC("INSERT INTO log (n, j) VALUES (1, '[1]'), (2, 'x')", NULL, "INVALID: exec: *");
    QUERY("SELECT count(*) AS c FROM log", NULL, "{\"rows\":[{\"c\":0}]}");
    EXEC("INSERT INTO log (n, j) VALUES (1, '[1]'), (2, NULL)", NULL, "{\"changed\":2}");
    EXEC("UPDATE log SET j = 'no' WHERE n = 2", NULL, "INVALID: exec: *");
    EXEC("UPDATE log SET j = '{\"a\":2}' WHERE n = 2", NULL, "{\"changed\":1}");
    QUERY("SELECT j FROM log ORDER BY n", NULL, "{\"rows\":[{\"j\":[1]},{\"j\":{\"a\":2}}]}");
}

/* ---- every type ---- */

static void goes_through(const char *column, json_t *value, const char *expected)
{
    json_t *row = json_pack("{s:O}", column, value);
    json_t *call = json_pack("{s:s,s:s,s:o}", "call", "insert", "table", "log", "row", row);
    char text[400], select[200];

    EXEC("DELETE FROM log", NULL, "{\"changed\":*");
    suite_expect(suite_send(suite.t, call), "{\"changed\":1}", column, 0);
    snprintf(text, sizeof text, "{\"rows\":[{\"%s\":%s}]}", column, expected);
    snprintf(select, sizeof select, "{'call': 'select', 'table': 'log', 'columns': ['%s']}",
             column);
    EXPECT(select, text);
    snprintf(select, sizeof select, "SELECT %s FROM log", column);
    QUERY(select, NULL, text);
    json_decref(value);
}

static void values_come_back_as_they_were(void **state)
{
    static const double reals[] = {0.1 + 0.2,
                                   1e308,
                                   -1e308,
                                   5e-324,
                                   2.2250738585072014e-308,
                                   1.7976931348623157e308,
                                   1.0 / 3,
                                   123456789012345680.0,
                                   1e21,
                                   -1.5e-7,
                                   9007199254740993.0};
    static const int64_t integers[] = {0, -1, INT64_MAX, INT64_MIN, 9007199254740993};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        snprintf(text, sizeof text, "%lld", (long long)integers[i]);
        goes_through("n", json_integer(integers[i]), text);
    }
    goes_through("x", json_real(0.1 + 0.2), "0.30000000000000004");
    goes_through("x", json_real(-0.0), "0.0");
    goes_through("x", json_integer(1LL << 53), "9007199254740992.0");
    goes_through("b", json_true(), "true");
    goes_through("b", json_false(), "false");
    goes_through("line", json_string(""), "\"\"");
    goes_through("line", json_string("'; DROP TABLE log; --"), "\"'; DROP TABLE log; --\"");
    goes_through("line", json_string("naïve \xf0\x9f\x98\x80 \\ \x01 \xe2\x80\xae"),
                 "\"naïve \xf0\x9f\x98\x80 \\\\ \\u0001 \xe2\x80\xae\"");
    goes_through("line", json_string("123"), "\"123\"");
    goes_through("j", suite_json("{'z': [1, 2.0, true, null, {'a': ''}], 'a': -0.5}"),
                 "{\"a\":-0.5,\"z\":[1,2.0,true,null,{\"a\":\"\"}]}");
    goes_through("j", json_string("123"), "\"123\"");
    goes_through("j", json_integer(123), "123");
    goes_through("j", json_real(1e308), "1e+308");
    goes_through("j", json_integer(INT64_MIN), "-9223372036854775808");
    goes_through("j", json_false(), "false");
    goes_through("j", json_array(), "[]");
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        char sql[64];
        json_t *call =
            json_pack("{s:s,s:s,s:{s:f}}", "call", "insert", "table", "log", "row", "x", reals[i]);
        json_t *answer = NULL, *params = json_array();
        struct error e = ERROR_INIT;
        EXEC("DELETE FROM log", NULL, "{\"changed\":1}");
        suite_expect(suite_send(suite.t, call), "{\"changed\":1}", "real", (int)i);
        snprintf(sql, sizeof sql, "SELECT x FROM log WHERE x = $1");
        json_array_append_new(params, json_real(reals[i]));
        call = json_pack("{s:s,s:s,s:o}", "call", "query", "sql", sql, "params", params);
        assert_int_equal(tables_call(suite.t, call, &answer, &e), 0);
        assert_true(json_real_value(json_object_get(
                        json_array_get(json_object_get(answer, "rows"), 0), "x")) == reals[i]);
        json_decref(answer);
        json_decref(call);
    }
}

static void wrong_types_are_named(void **state)
{
    static const struct {
        const char *row, *error;
    } cases[] = {
        {"{'line': 5}", "column 'line' of 'log' (text): expected text, got integer 5"},
        {"{'line': 'a\\u0000b'}",
         "column 'line' of 'log' (text): expected text without a NUL, got *"},
        {"{'n': 1.0}", "column 'n' of 'log' (bigint): expected an integer, got number 1.0"},
        {"{'n': '1'}", "column 'n' of 'log' (bigint): expected an integer, got string \"1\""},
        {"{'n': true}", "column 'n' of 'log' (bigint): expected an integer, got true"},
        {"{'x': '1'}", "column 'x' of 'log' (real): expected a number, got string \"1\""},
        {"{'x': 9007199254740993}", "column 'x' of 'log' (real): expected a number that a 64-bit "
                                    "float can hold exactly, got integer 9007199254740993"},
        {"{'b': 1}", "column 'b' of 'log' (boolean): expected true or false, got integer 1"},
        {"{'b': 'true'}", "column 'b' of 'log' (boolean): expected true or false, got string "
                          "\"true\""},
        {"{'j': ['a\\u0000']}", "column 'j' of 'log' (json): expected JSON without a NUL in its "
                                "texts, got array of 1"},
        {"{'line': {}}", "column 'line' of 'log' (text): expected text, got object"},
        {"{'liné': 'x'}", "row: 'log' has no column 'lin*"},
        {"{'LINE': 'x'}", "row: 'log' has no column 'LINE'"},
        {"{'limes': 'x'}", "row: 'log' has no column 'limes' (did you mean 'line'?)"},
    };
    char call[200], expected[300];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(call, sizeof call, "{'call': 'insert', 'table': 'log', 'row': %s}", cases[i].row);
        snprintf(expected, sizeof expected, "INVALID: insert: %s", cases[i].error);
        EXPECT(call, expected);
    }
    EXPECT("{'call': 'select', 'table': 'log', 'where': {'n': 'x'}}",
           "INVALID: select: column 'n' of 'log' (bigint): expected an integer, got string \"x\"");
    EXPECT("{'call': 'insert', 'table': 'prices', 'row': {'asset': null, 'ts_ms': 1}}",
           "INVALID: insert: column 'asset' of 'prices' (text): expected a value, as it is not "
           "null, got null");
    EXPECT("{'call': 'select', 'table': 'log'}", "{\"rows\":[]}");
}

static void nul_and_depth_are_refused_in_parameters(void **state)
{
    json_t *deep = json_array(), *params = json_array();

    (void)state;
    EXEC("INSERT INTO log (line) VALUES ($1)", "['a\\u0000b']",
         "INVALID: exec: parameter $1: expected text without a NUL");
    for (int i = 0; i < 40; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, deep);
        deep = outer;
    }
    json_array_append_new(params, deep);
    suite_expect(
        suite_send(suite.t, json_pack("{s:s,s:s,s:o}", "call", "exec", "sql",
                                      "INSERT INTO log (j) VALUES ($1)", "params", params)),
        "LIMIT: exec: parameter $1: expected JSON nested at most 32 levels", __FILE__, __LINE__);
    EXEC("INSERT INTO log (j) VALUES ($1)", "[{'a': [1]}]", "{\"changed\":1}");
    QUERY("SELECT j FROM log", NULL, "{\"rows\":[{\"j\":{\"a\":[1]}}]}");
}

static void calls_that_are_none(void **state)
{
    static const struct {
        const char *call, *error;
    } cases[] = {
        {"{}", "expected a call of insert, upsert, select, delete, query or exec"},
        {"{'call': 'drop'}", "expected a call of *"},
        {"{'call': 5}", "expected a call of *"},
        {"{'call': 'select'}", "select: table: expected the name of a table, got nothing"},
        {"{'call': 'select', 'table': 5}", "select: table: expected the name of a table, got *"},
        {"{'call': 'select', 'table': 'price'}",
         "select: the plugin declares no table 'price' (did you mean 'prices'?)"},
        {"{'call': 'select', 'table': 'prices', 'wher': {}}",
         "select: unknown option 'wher' (did you mean 'where'?)"},
        {"{'call': 'select', 'table': 'prices', 'where': 'x'}",
         "select: where: expected a table like { column = value }, got string \"x\""},
        {"{'call': 'select', 'table': 'prices', 'where': {'spots': 1}}",
         "select: where: 'prices' has no column 'spots' (did you mean 'spot'?)"},
        {"{'call': 'select', 'table': 'prices', 'where': {'spot': {'~': 1}}}",
         "select: where: column 'spot': expected an operator of = != < <= > >=, got '~'"},
        {"{'call': 'select', 'table': 'prices', 'where': {'note': {'<': 1}}}",
         "select: where: column 'note': expected an operator of = != (as it is json), got '<'"},
        {"{'call': 'select', 'table': 'prices', 'where': {'spot': {'<': null}}}",
         "select: where: column 'spot': expected a value after <, got null"},
        {"{'call': 'select', 'table': 'prices', 'where': {'spot': {}}}",
         "select: column 'spot' of 'prices' (real): expected a value or a table like *"},
        {"{'call': 'select', 'table': 'prices', 'limit': -1}",
         "select: limit: expected an integer from 0 to 1000, got integer -1"},
        {"{'call': 'select', 'table': 'prices', 'limit': 1001}",
         "select: limit: expected an integer from 0 to 1000, got integer 1001"},
        {"{'call': 'select', 'table': 'prices', 'limit': '1; DROP'}",
         "select: limit: expected an integer from 0 to 1000, got string \"1; DROP\""},
        {"{'call': 'select', 'table': 'prices', 'limit': 1.0}", "select: limit: *"},
        {"{'call': 'select', 'table': 'prices', 'order_by': 5}",
         "select: order_by: expected \"column\", \"column desc\" or an array of these, got integer "
         "5"},
        {"{'call': 'select', 'table': 'prices', 'order_by': 'spot down'}",
         "select: order_by: expected \"column\" or \"column desc\", got string \"spot down\""},
        {"{'call': 'select', 'table': 'prices', 'order_by': 'note'}",
         "select: order_by: expected a column that has an order, 'note' is json"},
        {"{'call': 'select', 'table': 'prices', 'columns': 'spot'}",
         "select: columns: expected an array of names of columns, got string \"spot\""},
        {"{'call': 'select', 'table': 'prices', 'columns': ['spot', 'spot']}",
         "select: columns: expected each column once, got 'spot' twice"},
        {"{'call': 'select', 'table': 'prices', 'columns': [5]}",
         "select: columns: expected names of columns, got integer 5"},
        {"{'call': 'insert', 'table': 'prices'}",
         "insert: row: expected a table like { column = value }, got nothing"},
        {"{'call': 'insert', 'table': 'prices', 'row': [1]}", "insert: row: expected a table *"},
        {"{'call': 'insert', 'table': 'log', 'row': {}, 'key': ''}",
         "insert: key: expected text of 1 to 128 bytes, got 0"},
        {"{'call': 'insert', 'table': 'log', 'row': {}, 'key': 5}",
         "insert: key: expected text of 1 to 128 bytes, got integer 5"},
        {"{'call': 'insert', 'table': 'log', 'row': {}, 'key': 'a\\u0000'}",
         "insert: key: expected text, got one with a NUL in it"},
        {"{'call': 'query', 'sql': 5}", "query: sql: expected SQL text, got integer 5"},
        {"{'call': 'query', 'sql': 'SELECT 1\\u0000'}",
         "query: sql: expected SQL text, got one with a NUL in it"},
        {"{'call': 'query', 'sql': 'SELECT 1', 'key': 'k'}", "query: unknown option 'key'"},
    };
    char expected[300];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(expected, sizeof expected, "INVALID: %s", cases[i].error);
        EXPECT(cases[i].call, expected);
    }
    suite_expect(suite_send(suite.t, json_array()),
                 "INVALID: expected a call of ctx.db as an object", __FILE__, __LINE__);
}

static void defaults_are_filled_in(void **state)
{
    struct tables *t =
        suite_open("d", "{'t': {'columns': {'a': 'text default \\u0027\\u0027', 'k': 'text',"
                        " 'n': 'bigint not null default -5', 'x': 'real default 0.1',"
                        " 'b': 'boolean default false'}}}");
    static const char row[] = "{\"a\":\"\",\"b\":false,\"k\":null,\"n\":-5,\"x\":0.1}";
    char expected[300];

    (void)state;
    (void)row;
    suite_expect(suite_call(t, "{'call': 'insert', 'table': 't', 'row': {}}"), "{\"changed\":1}",
                 __FILE__, __LINE__);
    suite_expect(suite_exec(t, "INSERT INTO t (k) VALUES (NULL)", NULL), "{\"changed\":1}",
                 __FILE__, __LINE__);
    snprintf(expected, sizeof expected, "{\"rows\":[%s,%s]}", row, row);
    suite_expect(suite_call(t, "{'call': 'select', 'table': 't'}"), expected, __FILE__, __LINE__);
    suite_expect(suite_call(t, "{'call': 'insert', 'table': 't', 'row': {'a': null, 'x': null}}"),
                 "{\"changed\":1}", __FILE__, __LINE__);
    suite_expect(suite_query(t, "SELECT count(*) AS c FROM t WHERE a IS NULL AND x IS NULL", NULL),
                 "{\"rows\":[{\"c\":1}]}", __FILE__, __LINE__);
    tables_close(t);
}

/* ---- keys ---- */

static void a_key_is_used_once(void **state)
{
    static const char insert[] =
        "{'call': 'insert', 'table': 'log', 'row': {'n': 1}, 'key': 'run-1'}";

    (void)state;
    EXPECT(insert, "{\"changed\":1}");
    EXPECT(insert, "{\"changed\":0,\"repeated\":true}");
    EXPECT("{'call': 'exec', 'sql': 'DELETE FROM log', 'key': 'run-1'}",
           "{\"changed\":0,\"repeated\":true}");
    EXPECT("{'call': 'delete', 'table': 'log', 'where': {'n': 7}, 'key': 'run-2'}",
           "{\"changed\":0}");
    EXPECT("{'call': 'delete', 'table': 'log', 'where': {'n': 1}, 'key': 'run-2'}",
           "{\"changed\":0,\"repeated\":true}");
    tables_close(suite.t);
    suite.t = suite_open("p", TABLES_DECLARED);
    EXPECT(insert, "{\"changed\":0,\"repeated\":true}");
    QUERY("SELECT count(*) AS c FROM log", NULL, "{\"rows\":[{\"c\":1}]}");
}

static void a_failed_write_does_not_use_its_key(void **state)
{
    (void)state;
    EXPECT("{'call': 'exec', 'sql': 'INSERT INTO prices (asset) VALUES (NULL)', 'key': 'k'}",
           "INVALID: exec: *");
    EXPECT("{'call': 'insert', 'table': 'log', 'row': {'n': 'x'}, 'key': 'k'}", "INVALID: *");
    EXPECT("{'call': 'insert', 'table': 'log', 'row': {'n': 1}, 'key': 'k'}", "{\"changed\":1}");
}

static void keys_are_forgotten_after_a_week(void **state)
{
    static const char insert[] = "{'call': 'insert', 'table': 'log', 'row': {'n': 1}, 'key': 'a'}";

    (void)state;
    EXPECT(insert, "{\"changed\":1}");
    clock_set(&suite.clock, 1700000000000 + TABLE_KEYS_AGE_MS - 1000);
    EXPECT(insert, "{\"changed\":0,\"repeated\":true}");
    clock_set(&suite.clock, 1700000000000 + TABLE_KEYS_AGE_MS + 1000);
    EXPECT(insert, "{\"changed\":1}");
}

static void keys_are_the_plugins_own(void **state)
{
    struct tables *other = suite_open("q", TABLES_DECLARED);
    static const char insert[] = "{'call': 'insert', 'table': 'log', 'row': {'n': 1}, 'key': 'a'}";

    (void)state;
    EXPECT(insert, "{\"changed\":1}");
    suite_expect(suite_call(other, insert), "{\"changed\":1}", __FILE__, __LINE__);
    QUERY("SELECT count(*) AS c FROM log", NULL, "{\"rows\":[{\"c\":1}]}");
    tables_close(other);
}

const struct CMUnitTest tables_call_rules[] = {
    RULE(insert_and_select),
    RULE(conditions),
    RULE(null_comes_first_and_text_is_ordered_by_bytes),
    RULE(upsert_changes_what_it_names),
    RULE(a_key_that_is_there_is_a_conflict),
    RULE(delete_what_is_meant),
    RULE(sql_with_parameters),
    RULE(sql_that_is_wrong),
    RULE(values_come_back_as_they_were),
    RULE(wrong_types_are_named),
    RULE(nul_and_depth_are_refused_in_parameters),
    RULE(calls_that_are_none),
    RULE(defaults_are_filled_in),
    RULE(a_key_is_used_once),
    RULE(a_failed_write_does_not_use_its_key),
    RULE(keys_are_forgotten_after_a_week),
    RULE(keys_are_the_plugins_own),
};
const size_t tables_call_rule_count = sizeof tables_call_rules / sizeof tables_call_rules[0];
