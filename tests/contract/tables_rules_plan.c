/* What opening with another declaration does, and what it refuses. */
#include <sys/stat.h>
#include <unistd.h>

#include "contract/tables_postgres.h"
#include "contract/tables_suite.h"

#define ONE "{'t': {'columns': {'a': 'text not null', 'n': 'bigint'}, 'primary_key': ['a']}}"

static void write_one(void)
{
    struct tables *t = suite_open("m", ONE);

    suite_expect(suite_call(t, "{'call': 'insert', 'table': 't', 'row': {'a': 'x', 'n': 1}}"),
                 "{\"changed\":1}", __FILE__, __LINE__);
    tables_close(t);
}

static void expect_rows(struct tables *t, const char *rows, int line)
{
    suite_expect(suite_call(t, "{'call': 'select', 'table': 't'}"), rows, __FILE__, line);
}

static void what_only_adds_happens_by_itself(void **state)
{
    struct tables *t;

    (void)state;
    write_one();
    t = suite_open("m",
                   "{'t': {'columns': {'a': 'text not null', 'n': 'bigint', 'x': 'real',"
                   " 'b': 'boolean not null default true', 'j': 'json default \\u0027[1]\\u0027',"
                   " 's': 'text not null default \\u0027it\\u0027\\u0027s\\u0027'},"
                   " 'primary_key': ['a'], 'indexes': {'i': ['x', 'n'], 'k': ['b']}},"
                   " 'u': {'columns': {'z': 'text'}}}");
    expect_rows(t,
                "{\"rows\":[{\"a\":\"x\",\"b\":true,\"j\":[1],\"n\":1,\"s\":\"it's\",\"x\":null}]}",
                __LINE__);
    suite_expect(suite_call(t, "{'call': 'insert', 'table': 'u', 'row': {'z': 'z'}}"),
                 "{\"changed\":1}", __FILE__, __LINE__);
    tables_close(t);
}

static char *count_indexes(void)
{
    return suite.backend->by_hand(
        suite.where, "m",
        suite.backend->is_postgres
            ? "SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema()"
              " AND indexname LIKE 'orrery_ix%'"
            : "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name LIKE 'orrery_ix%'");
}

static void indexes_come_and_go(void **state)
{
    static const char *const declared[][2] = {
        {"{'t': {'columns': {'a': 'text', 'n': 'bigint'}, 'indexes': {'i': ['a'], 'k': ['a', 'n'],"
         " 'same': ['a']}}}",
         "2"},
        {"{'t': {'columns': {'a': 'text', 'n': 'bigint'}, 'indexes': {'i': ['n']}}}", "1"},
        {"{'t': {'columns': {'a': 'text', 'n': 'bigint'}}}", "0"},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        tables_close(suite_open("m", declared[i][0]));
        suite_expect(count_indexes(), declared[i][1], __FILE__, __LINE__);
    }
}

static void what_would_lose_data_is_refused(void **state)
{
    static const struct {
        const char *declared, *error;
    } cases[] = {
        {"{'t': {'columns': {'a': 'text not null'}, 'primary_key': ['a']}}",
         "column 'n' of 't' is not declared any more (declare it again, or drop it by hand: ALTER "
         "TABLE t DROP COLUMN n)"},
        {"{'t': {'columns': {'a': 'text not null', 'n': 'real'}, 'primary_key': ['a']}}",
         "column 'n' of 't' is *"},
        {"{'t': {'columns': {'a': 'text not null', 'n': 'bigint not null'}, 'primary_key': ['a']}}",
         "column 'n' of 't' is without not null, declared is not null (declare it as it is*"},
        {"{'t': {'columns': {'a': 'text not null', 'n': 'bigint'}}}",
         "table 't' has another primary key than is declared (declare the key as it was*"},
        {"{'t': {'columns': {'a': 'text', 'n': 'bigint not null'}, 'primary_key': ['a', 'n']}}",
         "column 'n' of 't' is without not null, declared is not null; table 't' has another "
         "primary key*"},
        {"{'t': {'columns': {'a': 'text not null', 'n': 'bigint', 'm': 'text not null'},"
         " 'primary_key': ['a']}}",
         "new column 'm' of 't' is not null and has no default for the rows that are there (give "
         "it "
         "a default, or leave out not null)"},
        {"{'new': {'columns': {'a': 'text'}}, 't': {'columns': {'a': 'bigint', 'added': 'text'}}}",
         "column 'n' of 't' is not declared any more; column 'a' of 't' is *"},
    };
    struct tables *t = NULL;
    char expected[400];

    (void)state;
    write_one();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = suite_try_open("m", cases[i].declared, &t);
        snprintf(expected, sizeof expected,
                 "STORE_SCHEMA: the declared tables differ, nothing was changed: %s",
                 cases[i].error);
        suite_expect(strdup(why), expected, __FILE__, __LINE__);
        assert_null(t);
    }
    t = suite_open("m", ONE);
    expect_rows(t, "{\"rows\":[{\"a\":\"x\",\"n\":1}]}", __LINE__);
    suite_expect(suite_query(t, "SELECT added FROM t", NULL), "INVALID: query: *", __FILE__,
                 __LINE__);
    tables_close(t);
}

static void a_table_no_longer_declared_is_kept_out_of_reach(void **state)
{
    struct tables *t;

    (void)state;
    write_one();
    t = suite_open("m", "{'u': {'columns': {'z': 'text'}}}");
    suite_expect(suite_call(t, "{'call': 'select', 'table': 't'}"),
                 "INVALID: select: the plugin declares no table 't'", __FILE__, __LINE__);
    suite_expect(suite_query(t, "SELECT a FROM t", NULL), "DENIED: query: *", __FILE__, __LINE__);
    suite_expect(suite_exec(t, "DELETE FROM t", NULL), "DENIED: exec: *", __FILE__, __LINE__);
    suite_expect(suite_exec(t, "INSERT INTO u (z) SELECT a FROM t", NULL), "DENIED: exec: *",
                 __FILE__, __LINE__);
    tables_close(t);
    t = suite_open("m", ONE);
    expect_rows(t, "{\"rows\":[{\"a\":\"x\",\"n\":1}]}", __LINE__);
    tables_close(t);
}

static void the_declaration_is_recorded(void **state)
{
    (void)state;
    write_one();
    suite_expect(suite.backend->by_hand(suite.where, "m", "SELECT declaration FROM orrery_schema"),
                 "{\"t\":{\"columns\":{\"a\":{\"not_null\":true,\"type\":\"text\"},\"n\":{\"not_"
                 "null\":false,\"type\":\"bigint\"}},\"indexes\":{},\"primary_key\":[\"a\"]}}",
                 __FILE__, __LINE__);
}

static void what_a_newer_or_another_has_written_is_left_alone(void **state)
{
    struct tables *t = NULL;

    (void)state;
    write_one();
    free(suite.backend->by_hand(suite.where, "m", "UPDATE orrery_schema SET plugin = 'other'"));
    suite_expect(strdup(suite_try_open("m", ONE, &t)), "STORE_SCHEMA: *", __FILE__, __LINE__);
    free(suite.backend->by_hand(suite.where, "m",
                                "UPDATE orrery_schema SET plugin = 'm', format = 99"));
    suite_expect(strdup(suite_try_open("m", ONE, &t)), "STORE_NEWER: *", __FILE__, __LINE__);
    assert_null(t);
}

static void plugins_without_tables_open_too(void **state)
{
    struct tables *t = suite_open("none", "{}");

    (void)state;
    suite_expect(suite_query(t, "SELECT 1 AS one", NULL), "{\"rows\":[{\"one\":1}]}", __FILE__,
                 __LINE__);
    suite_expect(suite_exec(t, "INSERT INTO t VALUES (1)", NULL), "INVALID: exec: *", __FILE__,
                 __LINE__);
    tables_close(t);
}

static void names_of_plugins_do_not_collide(void **state)
{
    static const char *const names[] = {
        "a-very-long-name-of-a-plugin-that-goes-on-and-on-until-the-end-a",
        "a-very-long-name-of-a-plugin-that-goes-on-and-on-until-the-end-b", "a-b", "a_b"};
    struct tables *t[4];
    char call[100], expected[100];

    (void)state;
    for (int i = 0; i < 4; i++) {
        t[i] = suite_open(names[i], ONE);
        snprintf(call, sizeof call, "{'call': 'insert', 'table': 't', 'row': {'a': 'x', 'n': %d}}",
                 i);
        suite_expect(suite_call(t[i], call), "{\"changed\":1}", __FILE__, __LINE__);
    }
    for (int i = 0; i < 4; i++) {
        snprintf(expected, sizeof expected, "{\"rows\":[{\"a\":\"x\",\"n\":%d}]}", i);
        expect_rows(t[i], expected, __LINE__);
        tables_close(t[i]);
    }
}

static void names_that_are_none_are_refused(void **state)
{
    static const char *const names[] = {"", "../p", "a/b", "A", "x\"; DROP", "a b", ".", "p\n"};
    struct tables *t = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        suite_expect(strdup(suite_try_open(names[i], ONE, &t)),
                     "INVALID: expected the name of a plugin, got *", __FILE__, (int)i);
    assert_null(t);
}

/* ---- SQLite alone ---- */

static void a_link_in_the_files_place_is_refused(void **state)
{
    char path[300], target[300];
    struct tables *t = NULL;

    (void)state;
    if (suite.backend->is_postgres)
        return;
    write_one();
    snprintf(path, sizeof path, "%s/n.db", (char *)suite.where);
    snprintf(target, sizeof target, "%s/m.db", (char *)suite.where);
    assert_int_equal(symlink(target, path), 0);
    suite_expect(strdup(suite_try_open("n", ONE, &t)),
                 "IO: expected a file of its own, found a symbolic link (move it away; *", __FILE__,
                 __LINE__);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(target, path), 0);
    suite_expect(strdup(suite_try_open("n", ONE, &t)),
                 "IO: expected a file of its own, found one that has other names, too *", __FILE__,
                 __LINE__);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    suite_expect(strdup(suite_try_open("n", ONE, &t)), "IO: *", __FILE__, __LINE__);
    assert_null(t);
}

static void a_file_that_is_somebody_elses_is_left_alone(void **state)
{
    char path[300];
    struct tables *t = NULL;
    FILE *f;

    (void)state;
    if (suite.backend->is_postgres)
        return;
    free(suite.backend->by_hand(suite.where, "foreign", "CREATE TABLE mine(x)"));
    suite_expect(
        strdup(suite_try_open("foreign", ONE, &t)),
        "STORE_SCHEMA: the tables of plugin 'foreign' cannot be kept here: the database has "
        "other tables, none of a plugin (the file was left as it is*",
        __FILE__, __LINE__);
    suite_expect(
        suite.backend->by_hand(suite.where, "foreign", "SELECT count(*) FROM sqlite_master"), "1",
        __FILE__, __LINE__);
    snprintf(path, sizeof path, "%s/broken.db", (char *)suite.where);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(
        "this is no database, and never was one; it is a text of more than a hundred bytes, which "
        "is what a header has",
        f);
    fclose(f);
    suite_expect(strdup(suite_try_open("broken", ONE, &t)), "STORE_CORRUPT: *", __FILE__, __LINE__);
    assert_null(t);
}

/* ---- PostgreSQL alone ---- */

static const char *open_as(const char *user, const char *secret, struct tables **out)
{
    static char text[1200];
    struct table_schema none = {0};
    struct error e = ERROR_INIT;

    text[0] = '\0';
    if (tables_postgres_open_as(suite.where, user, secret, "rights", &none, &suite.limits, out,
                                &e) < 0)
        snprintf(text, sizeof text, "%s: %s (%s)", error_name(e.code), e.message, e.hint);
    return text;
}

static void run_sql(const char *sql)
{
    free(tables_postgres_sql(sql));
}

static void a_user_without_rights_is_told_what_to_do(void **state)
{
    struct tables *t = NULL;

    (void)state;
    if (!suite.backend->is_postgres)
        return;
    run_sql("DROP ROLE IF EXISTS desk; CREATE ROLE desk LOGIN PASSWORD 'x'");
    suite_expect(strdup(open_as("desk", "x", &t)), "STORE_DENIED: PostgreSQL at *", __FILE__,
                 __LINE__);
    assert_non_null(strstr(open_as("desk", "x", &t),
                           "the user 'desk' may not make the role of plugin 'rights' (as a "
                           "superuser: ALTER ROLE \"desk\" CREATEROLE; GRANT CREATE ON DATABASE "
                           "\"postgres\" TO \"desk\")"));
    run_sql("ALTER ROLE desk CREATEROLE");
    assert_non_null(strstr(open_as("desk", "x", &t),
                           "the user 'desk' may not make the schema of plugin 'rights' (as the "
                           "database's owner: GRANT CREATE ON DATABASE \"postgres\" TO \"desk\")"));
    run_sql("GRANT CREATE ON DATABASE postgres TO desk");
    assert_string_equal(open_as("desk", "x", &t), "");
    suite_expect(suite_query(t, "SELECT 1 AS one", NULL), "{\"rows\":[{\"one\":1}]}", __FILE__,
                 __LINE__);
    tables_close(t);
    run_sql(
        "DO $$DECLARE n text; BEGIN FOR n IN SELECT nspname FROM pg_namespace WHERE nspname LIKE"
        " 'orrery\\_rights%' LOOP EXECUTE format('DROP SCHEMA %I CASCADE', n); END LOOP; END$$;"
        " REVOKE CREATE ON DATABASE postgres FROM desk; DROP OWNED BY desk; DROP ROLE desk");
}

static void a_role_that_was_given_more_is_refused(void **state)
{
    static const struct {
        const char *give, *take;
    } gifts[] = {
        {"ALTER ROLE %I CREATEDB", "ALTER ROLE %I NOCREATEDB"},
        {"ALTER ROLE %I SUPERUSER", "ALTER ROLE %I NOSUPERUSER"},
        {"GRANT pg_read_all_data TO %I", "REVOKE pg_read_all_data FROM %I"},
    };
    struct tables *t = NULL;
    char sql[400];

    (void)state;
    if (!suite.backend->is_postgres)
        return;
    for (size_t i = 0; i < sizeof gifts / sizeof gifts[0]; i++) {
        for (int step = 0; step < 2; step++) {
            snprintf(sql, sizeof sql,
                     "DO $$BEGIN EXECUTE format('%s', (SELECT rolname FROM pg_roles WHERE rolname"
                     " LIKE 'orrery\\_p\\_%%')); END$$",
                     step == 0 ? gifts[i].give : gifts[i].take);
            run_sql(sql);
            if (step == 0)
                assert_non_null(strstr(suite_try_open("p", TABLES_DECLARED, &t),
                                       "its statements would reach more than its tables"));
            else
                tables_close(suite_open("p", TABLES_DECLARED));
        }
    }
}

static void the_role_has_what_it_needs_and_nothing_else(void **state)
{
    (void)state;
    if (!suite.backend->is_postgres)
        return;
    suite_expect(
        tables_postgres_sql("SELECT string_agg(table_name || ' ' || privilege_type, ', ' ORDER BY"
                            " table_name, privilege_type) FROM information_schema.role_table_grants"
                            " WHERE grantee LIKE 'orrery\\_p\\_%'"),
        "log DELETE, log INSERT, log SELECT, log UPDATE, prices DELETE, prices INSERT, "
        "prices SELECT, prices UPDATE",
        __FILE__, __LINE__);
    suite_expect(tables_postgres_sql(
                     "SELECT concat_ws(',', rolsuper, rolcreaterole, rolcreatedb, rolinherit,"
                     " rolreplication, rolbypassrls, has_schema_privilege(oid, (SELECT oid FROM"
                     " pg_namespace WHERE nspname LIKE 'orrery\\_p\\_%'), 'CREATE'),"
                     " (SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid a WHERE a.oid ="
                     " r.oid)) FROM pg_roles r WHERE rolname LIKE 'orrery\\_p\\_%'"),
                 "f,f,f,f,f,f,f,t", __FILE__, __LINE__);
}

/* The second opening gives the role another password; both handles go on, also after their
 * connections were ended. */
static void openings_do_not_lock_each_other_out(void **state)
{
    struct tables *other;

    (void)state;
    if (!suite.backend->is_postgres)
        return;
    other = suite_open("p", TABLES_DECLARED);
    EXEC("INSERT INTO log (n) VALUES (1)", NULL, "{\"changed\":1}");
    for (int i = 0; i < 3; i++) {
        run_sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename LIKE"
                " 'orrery\\_p\\_%'");
        for (int tries = 0; tries < 2; tries++) { /* the first may meet the end of the connection */
            char *got = suite_query(suite.t, "SELECT count(*) AS c FROM log", NULL);
            bool down = strncmp(got, "STORE_DOWN", 10) == 0;
            free(got);
            if (!down)
                break;
        }
        QUERY("SELECT count(*) AS c FROM log", NULL, "{\"rows\":[{\"c\":1}]}");
        for (int tries = 0; tries < 2; tries++)
            free(suite_query(other, "SELECT 1 AS one", NULL));
        suite_expect(suite_query(other, "SELECT count(*) AS c FROM log", NULL),
                     "{\"rows\":[{\"c\":1}]}", __FILE__, __LINE__);
    }
    tables_close(other);
}

/* What was answered is there, and its key is remembered. */
static void the_server_may_crash_in_between(void **state)
{
    char call[200], expected[100];

    (void)state;
    if (!suite.backend->is_postgres)
        return;
    for (int i = 1; i <= 3; i++) {
        char *got;
        snprintf(call, sizeof call,
                 "{'call': 'insert', 'table': 'log', 'row': {'n': %d}, 'key': 'k%d'}", i, i);
        EXPECT(call, "{\"changed\":1}");
        tables_postgres_crash();
        got = suite_call(suite.t, call); /* which may still meet the old connection */
        if (strncmp(got, "STORE_DOWN", 10) == 0) {
            free(got);
            got = suite_call(suite.t, call);
        }
        suite_expect(got, "{\"changed\":0,\"repeated\":true}", __FILE__, __LINE__);
        snprintf(expected, sizeof expected, "{\"rows\":[{\"c\":%d}]}", i);
        QUERY("SELECT count(*) AS c FROM log", NULL, expected);
    }
}

const struct CMUnitTest tables_plan_rules[] = {
    RULE(what_only_adds_happens_by_itself),
    RULE(indexes_come_and_go),
    RULE(what_would_lose_data_is_refused),
    RULE(a_table_no_longer_declared_is_kept_out_of_reach),
    RULE(the_declaration_is_recorded),
    RULE(what_a_newer_or_another_has_written_is_left_alone),
    RULE(plugins_without_tables_open_too),
    RULE(names_of_plugins_do_not_collide),
    RULE(names_that_are_none_are_refused),
    RULE(a_link_in_the_files_place_is_refused),
    RULE(a_file_that_is_somebody_elses_is_left_alone),
    RULE(a_user_without_rights_is_told_what_to_do),
    RULE(a_role_that_was_given_more_is_refused),
    RULE(the_role_has_what_it_needs_and_nothing_else),
    RULE(openings_do_not_lock_each_other_out),
    RULE(the_server_may_crash_in_between),
};
const size_t tables_plan_rule_count = sizeof tables_plan_rules / sizeof tables_plan_rules[0];
