/* Attempts in SQLite's own language. */
#include "contract/tables_hostile.h"

#define QUERY(sql, expected)                                                                       \
    {                                                                                              \
        ATTEMPT_QUERY, sql, NULL, expected                                                         \
    }
#define EXEC(sql, expected)                                                                        \
    {                                                                                              \
        ATTEMPT_EXEC, sql, NULL, expected                                                          \
    }

const struct tables_attempt tables_attempts_sqlite[] = {
    /* other files */
    EXEC("ATTACH 'by.db' AS other",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'attach'"),
    QUERY("ATTACH DATABASE ':memory:' AS m",
          "DENIED: query: expected a statement of SELECT, VALUES or WITH, got 'attach'"),
    EXEC("/* x */ -- y\n aTTach 'by.db' AS other",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'attach'"),
    EXEC("DETACH main",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'detach'"),
    EXEC("VACUUM INTO '/tmp/orrery-stolen.db'",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'vacuum'"),
    QUERY("SELECT secret FROM other.prices", "INVALID: query: *"),
    QUERY("SELECT secret FROM prices", "INVALID: query: *"),
    QUERY("SELECT s FROM theirs", "INVALID: query: *"),
    QUERY("SELECT readfile('/etc/passwd') AS f", "INVALID: query: *"),
    QUERY("SELECT writefile('/tmp/x', 'y') AS f", "INVALID: query: *"),
    QUERY("SELECT edit('x', 'sh') AS f", "INVALID: query: *"),
    QUERY("SELECT load_extension('/tmp/evil.so') AS f",
          "DENIED: query: the function 'load_extension' is out of a plugin's reach*"),
    QUERY("SELECT LOAD_EXTENSION ('evil', 'init') AS f",
          "DENIED: query: the function 'load_extension' is out of a plugin's reach*"),
    QUERY("SELECT fts3_tokenizer('simple') AS f",
          "DENIED: query: the function 'fts3_tokenizer' is out of a plugin's reach*"),
    /* orrery's own tables and the schema */
    QUERY("SELECT sql FROM sqlite_master",
          "DENIED: query: the table 'sqlite_master' is out of a plugin's reach*"),
    QUERY("SELECT sql FROM sqlite_schema",
          "DENIED: query: the table 'sqlite_master' is out of a plugin's reach*"),
    QUERY("SELECT count(*) AS c FROM sqlite_master",
          "DENIED: query: the table 'sqlite_master' is out of a plugin's reach*"),
    QUERY("SELECT name FROM main.sqlite_schema",
          "DENIED: query: the table 'sqlite_master' is out of a plugin's reach*"),
    QUERY("SELECT name FROM sqlite_temp_master",
          "DENIED: query: the table 'sqlite_temp_master' is out of a plugin's reach*"),
    QUERY("SELECT key FROM orrery_key",
          "DENIED: query: the table 'orrery_key' is out of a plugin's reach*"),
    QUERY("SELECT count(*) AS c FROM orrery_key",
          "DENIED: query: the table 'orrery_key' is out of a plugin's reach*"),
    QUERY("SELECT count(*) AS c FROM \"ORRERY_KEY\"",
          "DENIED: query: the table 'ORRERY_KEY' is out of a plugin's reach*"),
    QUERY("SELECT 1 AS c FROM [orrery_schema]",
          "DENIED: query: the table 'orrery_schema' is out of a plugin's reach*"),
    QUERY("SELECT 1 AS c FROM `orrery_schema`",
          "DENIED: query: the table 'orrery_schema' is out of a plugin's reach*"),
    QUERY("WITH orrery_key AS (SELECT 1 AS x) SELECT (SELECT count(*) FROM main.orrery_key) AS c",
          "DENIED: query: the table 'orrery_key' is out of a plugin's reach*"),
    EXEC("DELETE FROM orrery_key",
         "DENIED: exec: the table 'orrery_key' is out of a plugin's reach*"),
    EXEC("INSERT INTO orrery_key (key, used_at) VALUES ('k', 1)",
         "DENIED: exec: the table 'orrery_key' is out of a plugin's reach*"),
    EXEC("UPDATE orrery_schema SET plugin = 'x'",
         "DENIED: exec: the table 'orrery_schema' is out of a plugin's reach*"),
    EXEC("UPDATE sqlite_master SET sql = 'x'", "INVALID: exec: *"),
    EXEC("UPDATE log SET line = (SELECT declaration FROM orrery_schema)",
         "DENIED: exec: the table 'orrery_schema' is out of a plugin's reach*"),
    EXEC("INSERT INTO log (line) SELECT sql FROM sqlite_master",
         "DENIED: exec: the table 'sqlite_master' is out of a plugin's reach*"),
    EXEC("DELETE FROM log WHERE EXISTS (SELECT 1 FROM sqlite_master)",
         "DENIED: exec: the table 'sqlite_master' is out of a plugin's reach*"),
    QUERY("SELECT name FROM pragma_database_list",
          "DENIED: query: the table 'sqlite_master' is out of a plugin's reach*"),
    QUERY("SELECT count(*) AS c FROM pragma_table_info('orrery_key')",
          "DENIED: query: the table 'pragma_table_info' is out of a plugin's reach*"),
    QUERY("SELECT count(*) AS c FROM dbstat",
          "DENIED: query: the table 'sqlite_master' is out of a plugin's reach*"),
    QUERY("SELECT count(*) AS c FROM sqlite_stmt",
          "DENIED: query: the table 'sqlite_master' is out of a plugin's reach*"),
    /* settings and schema */
    EXEC("PRAGMA writable_schema = ON",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'pragma'"),
    QUERY("PRAGMA database_list",
          "DENIED: query: expected a statement of SELECT, VALUES or WITH, got 'pragma'"),
    EXEC("CREATE TABLE mine (x)",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'create'"),
    EXEC("CREATE TEMP TABLE mine (x)",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'create'"),
    EXEC("CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM orrery_key; END",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'create'"),
    EXEC("CREATE VIEW v AS SELECT * FROM orrery_key",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'create'"),
    EXEC("CREATE VIRTUAL TABLE v USING fts5(x)",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'create'"),
    EXEC("DROP TABLE log",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'drop'"),
    EXEC("ALTER TABLE log RENAME TO other",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'alter'"),
    EXEC("REINDEX",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'reindex'"),
    EXEC("ANALYZE",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'analyze'"),
    EXEC("VACUUM",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'vacuum'"),
    QUERY("EXPLAIN SELECT n FROM log",
          "DENIED: query: expected a statement of SELECT, VALUES or WITH, got 'explain'"),
    /* transactions */
    EXEC("BEGIN",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'begin'"),
    EXEC("COMMIT",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'commit'"),
    EXEC("ROLLBACK",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'rollback'"),
    EXEC("SAVEPOINT s",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'savepoint'"),
    EXEC("RELEASE s",
         "DENIED: exec: expected a statement of INSERT, UPDATE, DELETE or WITH, got 'release'"),
    EXEC("INSERT OR ROLLBACK INTO prices (asset, ts_ms) VALUES (NULL, 1)", "INVALID: exec: *"),
    /* several statements */
    EXEC("DELETE FROM log; DROP TABLE log",
         "DENIED: exec: expected one statement, got more after a ';'"),
    QUERY("SELECT 1; DELETE FROM log",
          "DENIED: query: expected one statement, got more after a ';'"),
    EXEC("DELETE FROM log WHERE 0; /* ; */ ; PRAGMA x",
         "DENIED: exec: expected one statement, got more after a ';'"),
    QUERY("SELECT 1 /* /* */ ; DELETE FROM log; -- */",
          "INVALID: SQL: a comment stands in a comment"),
    QUERY("SELECT '[' AS a;\n--\r\nDELETE FROM log",
          "DENIED: query: expected one statement, got more after a ';'"),
    QUERY("SELECT 1 AS [a;DELETE FROM log]",
          "DENIED: query: expected one statement, got more after a ';'"),
    /* reading that writes */
    QUERY("WITH a AS (SELECT 1) DELETE FROM log",
          "DENIED: query: the statement writes (exec writes, query reads)"),
    QUERY("WITH a AS (SELECT 1) INSERT INTO log (n) VALUES (2)",
          "DENIED: query: the statement writes (exec writes, query reads)"),
    /* bombs */
    QUERY("SELECT zeroblob(1000000000) AS z",
          "DENIED: query: the function 'zeroblob' is out of a plugin's reach*"),
    QUERY("SELECT randomblob(1000000000) AS z",
          "DENIED: query: the function 'randomblob' is out of a plugin's reach*"),
    QUERY("SELECT length(hex(zeroblob(500000000))) AS z",
          "DENIED: query: the function 'hex' is out of a plugin's reach*"),
    QUERY("SELECT printf('%1000000000d', 1) AS z",
          "DENIED: query: the function 'printf' is out of a plugin's reach*"),
    QUERY("SELECT format('%.*c', 1000000000, 'x') AS z",
          "DENIED: query: the function 'format' is out of a plugin's reach*"),
    QUERY("SELECT "
          "replace(replace(replace('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'a', "
          "'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
          "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'), 'b', "
          "'cccccccccccccccccccccccccc"
          "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc'), 'c', "
          "'dddddddd"
          "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
          "ddddd"
          "d') AS r",
          "LIMIT: query: a value or a row is too long: *"),
    QUERY("SELECT "
          "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
          "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
          "((((((("
          "((((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))))))))))))"
          ")))))"
          "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
          "))))))"
          "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))) AS d",
          "INVALID: query: *"),
    QUERY("SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' LIKE "
          "'%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%"
          "a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%"
          "a%a%"
          "a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%"
          "a%a%a%"
          "a%a%a%a%a%a%a%a%b' AS l",
          "{\"rows\":[{\"l\":0}]}"),
    QUERY("SELECT 'a' REGEXP '(a*)*b' AS r", "INVALID: query: *"),
    QUERY("SELECT 'a' MATCH 'b' AS r",
          "DENIED: query: the function 'match' is out of a plugin's reach*"),
    /* odd texts */
    QUERY("SELECT CAST(x'ff' AS text) AS t",
          "INVALID: SQL: expected plain text in '…', got 'x' before it; use a parameter"),
    QUERY("SELECT CAST(9e999 AS real) AS t",
          "INVALID: column 't' of the result: expected a finite number, got inf"),
    QUERY("SELECT \"nothing\" AS t", "INVALID: query: *"),
    QUERY("SELECT n FROM log WHERE n = :n",
          "INVALID: query: expected parameters as $1, $2 …, got ':n'"),
    QUERY("SELECT n FROM log WHERE n = @n",
          "INVALID: query: expected parameters as $1, $2 …, got '@n'"),
    QUERY("SELECT sqlite_version() AS v",
          "DENIED: query: the function 'sqlite_version' is out of a plugin's reach*"),
    QUERY("SELECT sqlite_compileoption_get(1) AS v",
          "DENIED: query: the function 'sqlite_compileoption_get' is out of a plugin's reach*"),
    QUERY("SELECT last_insert_rowid() AS v",
          "DENIED: query: the function 'last_insert_rowid' is out of a plugin's reach*"),
    QUERY("SELECT random() AS v",
          "DENIED: query: the function 'random' is out of a plugin's reach*"),
};
const size_t tables_attempt_sqlite_count =
    sizeof tables_attempts_sqlite / sizeof tables_attempts_sqlite[0];
