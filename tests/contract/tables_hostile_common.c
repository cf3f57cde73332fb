/* Attempts that are the same on both engines: names and values of every argument. */
#include "contract/tables_hostile.h"

#define CALL(json, expected)                                                                       \
    {                                                                                              \
        ATTEMPT_CALL, json, NULL, expected                                                         \
    }
#define QUERY(sql, params, expected)                                                               \
    {                                                                                              \
        ATTEMPT_QUERY, sql, params, expected                                                       \
    }
#define EXEC(sql, params, expected)                                                                \
    {                                                                                              \
        ATTEMPT_EXEC, sql, params, expected                                                        \
    }

const struct tables_attempt tables_attempts_common[] = {
    /* tables */
    CALL("{'call': 'select', 'table': 'log; DROP TABLE log'}",
         "INVALID: select: the plugin declares no table 'log; DROP TABLE log'"),
    CALL("{'call': 'select', 'table': 'log\\\" UNION SELECT 1 --'}",
         "INVALID: select: the plugin declares no table*"),
    CALL("{'call': 'select', 'table': 'theirs'}",
         "INVALID: select: the plugin declares no table 'theirs'"),
    CALL("{'call': 'select', 'table': 'orrery_key'}",
         "INVALID: select: the plugin declares no table 'orrery_key'"),
    CALL("{'call': 'delete', 'table': 'orrery_schema', 'where': {'id': 1}}",
         "INVALID: delete: the plugin declares no table 'orrery_schema'"),
    CALL("{'call': 'select', 'table': 'LOG'}",
         "INVALID: select: the plugin declares no table 'LOG'"),
    CALL("{'call': 'select', 'table': 'log\\u0000'}",
         "INVALID: select: table: expected the name of a table, got *"),
    CALL("{'call': 'insert', 'table': 'plugin_state', 'row': {'value': 'x'}}",
         "INVALID: insert: the plugin declares no table 'plugin_state'"),
    CALL("{'call': 'select', 'table': ['log']}",
         "INVALID: select: table: expected the name of a table, got array of 1"),
    CALL("{'call': 'select', 'table': 'lоg'}",
         "INVALID: select: the plugin declares no table *"), /* a Cyrillic o */
    CALL("{'call': 'select', 'table': 'ｌｏｇ'}",
         "INVALID: select: the plugin declares no table *"), /* full width */
    /* columns */
    CALL("{'call': 'insert', 'table': 'log', 'row': {'n) VALUES (1); DROP TABLE log; --': 1}}",
         "INVALID: insert: row: 'log' has no column 'n) VALUES*"),
    CALL("{'call': 'insert', 'table': 'log', 'row': {'n\\\"': 1}}",
         "INVALID: insert: row: 'log' has no column *"),
    CALL("{'call': 'insert', 'table': 'log', 'row': {'rowid': 1}}",
         "INVALID: insert: row: 'log' has no column 'rowid'"),
    CALL("{'call': 'insert', 'table': 'log', 'row': {'ctid': '(0,1)'}}",
         "INVALID: insert: row: 'log' has no column 'ctid'"),
    CALL("{'call': 'upsert', 'table': 'prices', 'row': {'asset': 'a', 'ts_ms': 1, 'spot = 1; --': "
         "1}}",
         "INVALID: upsert: row: 'prices' has no column *"),
    CALL("{'call': 'select', 'table': 'log', 'columns': ['n, (SELECT secret FROM prices)']}",
         "INVALID: select: columns: 'log' has no column 'n, (SELECT*"),
    CALL("{'call': 'select', 'table': 'log', 'columns': ['*']}",
         "INVALID: select: columns: 'log' has no column '*'"),
    CALL("{'call': 'select', 'table': 'log', 'columns': ['n\\u0000x']}",
         "INVALID: select: columns: *"),
    /* where: names and operators */
    CALL("{'call': 'delete', 'table': 'log', 'where': {'1=1 OR n': 1}}",
         "INVALID: delete: where: 'log' has no column '1=1 OR n'*"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'n': {'= 1 OR 1 =': 1}}}",
         "INVALID: delete: where: column 'n': expected an operator of = != < <= > >=, got '= 1 OR "
         "1 ='"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'n': {'IN': [1]}}}",
         "INVALID: delete: where: column 'n': expected an operator of *"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'n': {'<>': 0}}}",
         "INVALID: delete: where: column 'n': expected an operator of *"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'': 1}}",
         "INVALID: delete: where: 'log' has no column ''"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'n': '1 OR 1=1'}}",
         "INVALID: delete: column 'n' of 'log' (bigint): expected an integer, got *"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'n': {'=': {'=': 1}}}}",
         "INVALID: delete: column 'n' of 'log' (bigint): expected an integer, got object"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'n': []}}",
         "INVALID: delete: column 'n' of 'log' (bigint): expected a value or *"),
    CALL("{'call': 'delete', 'table': 'log', 'where': 'true'}",
         "INVALID: delete: where: expected a table like *"),
    /* values: bound, whatever is in them */
    CALL("{'call': 'delete', 'table': 'log', 'where': {'line': 'x\\u0027 OR "
         "\\u00271\\u0027=\\u00271'}}",
         "{\"changed\":0}"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'line': '$1) OR (1=1'}}", "{\"changed\":0}"),
    CALL(
        "{'call': 'delete', 'table': 'log', 'where': {'line': '\\\\\\u0027; DELETE FROM log; --'}}",
        "{\"changed\":0}"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'line': '\\u02bc OR 1=1 --'}}",
         "{\"changed\":0}"),
    EXEC("DELETE FROM log WHERE line = $1", "['x\\u0027 OR 1=1 --']", "{\"changed\":0}"),
    QUERY("SELECT n FROM log WHERE line = $1", "['mine\\u0027 UNION SELECT 1 --']",
          "{\"rows\":[]}"),
    /* order_by, limit */
    CALL("{'call': 'select', 'table': 'log', 'order_by': 'n; DROP TABLE log'}",
         "INVALID: select: order_by: expected \"column\" or \"column desc\", got *"),
    CALL("{'call': 'select', 'table': 'log', 'order_by': 'n desc, (SELECT 1)'}",
         "INVALID: select: order_by: expected *"),
    CALL("{'call': 'select', 'table': 'log', 'order_by': ['n desc', '(SELECT 1) desc']}",
         "INVALID: select: order_by: *"),
    CALL("{'call': 'select', 'table': 'log', 'order_by': 'n  desc'}",
         "INVALID: select: order_by: expected *"),
    CALL("{'call': 'select', 'table': 'log', 'order_by': 'n desc\\u0000'}",
         "INVALID: select: order_by: expected *"),
    CALL("{'call': 'select', 'table': 'log', 'limit': '1 OFFSET 0'}",
         "INVALID: select: limit: expected an integer *"),
    CALL("{'call': 'select', 'table': 'log', 'limit': 9223372036854775807}",
         "INVALID: select: limit: expected an integer *"),
    /* keys */
    CALL("{'call': 'delete', 'table': 'log', 'where': {'n': 5}, 'key': '\\u0027); DROP TABLE "
         "orrery_key; --'}",
         "{\"changed\":0}"),
    CALL("{'call': 'delete', 'table': 'log', 'where': {'n': 1}, 'key': {'a': 1}}",
         "INVALID: delete: key: expected text of 1 to 128 bytes, got object"),
    /* other calls and options */
    CALL("{'call': 'migrate'}", "INVALID: expected a call of *"),
    CALL("{'call': 'exec', 'sql': ['DELETE FROM log']}",
         "INVALID: exec: sql: expected SQL text, got array of 1"),
    CALL("{'call': 'select', 'table': 'log', 'sql': 'DELETE FROM log'}",
         "INVALID: select: unknown option 'sql'*"),
};
const size_t tables_attempt_common_count =
    sizeof tables_attempts_common / sizeof tables_attempts_common[0];
