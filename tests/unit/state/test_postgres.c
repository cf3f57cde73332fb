/* What the contract does not say of a PostgreSQL store: its tables, who may open them, and how they
 * are read. Runs beside the server of ORRERY_POSTGRES_URL. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres_place.h"

/* ---- tables ---- */

static void the_tables_are_the_documented_ones(void **unused)
{
    const struct state_row timed = {"b", 1, "true", 4, 1700000000000};

    (void)unused;
    store = open_url(url, STORE_CREATE);
    put(store, "a", "{\"z\":1e308,\"a\":\"\\u0000\"}");
    assert_int_equal(state_begin(store, 1, &e), 0);
    assert_int_equal(state_put(store, "p", &timed, &e), 0);
    assert_int_equal(state_commit(store, &e), 0);
    assert_string_equal(SQL(IN_SCHEMA "SELECT concat_ws('|', plugin_name, key, value, expires_at)"
                                      " FROM plugin_state ORDER BY key",
                            schema),
                        "p|a|{\"z\":1e308,\"a\":\"\\u0000\"},p|b|true|1700000000000");
    assert_string_equal(SQL(IN_SCHEMA "SELECT concat_ws('|', component, version, name, applied_at)"
                                      " FROM schema_migrations",
                            schema),
                        "state|1|plugin_state|1700000000000");
}

static void rows_from_outside_are_read(void **unused)
{
    (void)unused;
    store = open_url(url, STORE_CREATE);
    SQL(IN_SCHEMA "INSERT INTO plugin_state VALUES('p', 'e', '', 99), ('p', 'd', '', 2),"
                  " ('p', '\"{x},\\', '5', NULL), ('p', 'NULL', 'NULL', NULL)",
        schema);
    assert_string_equal(rows(store), "\"{x},\\=5;NULL=NULL;e=;");
}

static void a_store_that_nobody_made_is_refused(void **unused)
{
    (void)unused;
    refused(url, STORE_OPEN, ERROR_STORE_SCHEMA, "has no state tables");
    refused(url, STORE_INSPECT, ERROR_STORE_SCHEMA, "has no state tables");
    tell(server, "CREATE SCHEMA %s", schema);
    refused(url, STORE_OPEN, ERROR_STORE_SCHEMA, "has no state tables");
    assert_string_equal(
        SQL(IN_SCHEMA "SELECT count(*) FROM pg_tables WHERE schemaname = '%s'", schema, schema),
        "0");
}

static void a_newer_store_is_refused(void **unused)
{
    static const enum store_mode modes[] = {STORE_CREATE, STORE_OPEN, STORE_INSPECT};

    (void)unused;
    store = open_url(url, STORE_CREATE);
    SQL(IN_SCHEMA "INSERT INTO schema_migrations VALUES('state', 7, 'later', 1)", schema);
    for (int i = 0; i < 3; i++)
        refused(url, modes[i], ERROR_STORE_NEWER, "is version 7, this orrery knows up to 1");
}

static void other_columns_are_refused(void **unused)
{
    (void)unused;
    store = open_url(url, STORE_CREATE);
    SQL(IN_SCHEMA "ALTER TABLE plugin_state ALTER value TYPE jsonb USING value::jsonb,"
                  " ALTER expires_at SET NOT NULL, ADD note varchar(20)",
        schema);
    refused(url, STORE_OPEN, ERROR_STORE_SCHEMA, "column value is jsonb, expected text");
    refused(url, STORE_OPEN, ERROR_STORE_SCHEMA,
            "column expires_at is NOT NULL, expected that it may be NULL");
    refused(url, STORE_OPEN, ERROR_STORE_SCHEMA, "unexpected column note (character varying(20))");
    SQL(IN_SCHEMA "ALTER TABLE plugin_state DROP note, DROP expires_at,"
                  " ALTER value TYPE text, ALTER value DROP NOT NULL",
        schema);
    refused(url, STORE_CREATE, ERROR_STORE_SCHEMA, "column expires_at (bigint) is missing");
    refused(url, STORE_INSPECT, ERROR_STORE_SCHEMA,
            "column value may be NULL, expected that it is NOT NULL");
    SQL(IN_SCHEMA "DROP TABLE plugin_state", schema);
    refused(url, STORE_CREATE, ERROR_STORE_SCHEMA, "table plugin_state is missing");
}

static void every_table_is_compared(void **unused)
{
    (void)unused;
    store = open_url(url, STORE_CREATE);
    SQL(IN_SCHEMA "ALTER TABLE plugin_lease DROP token", schema);
    refused(url, STORE_OPEN, ERROR_STORE_SCHEMA, "table plugin_lease is not the one orrery made");
    SQL(IN_SCHEMA "ALTER TABLE plugin_lease ADD token bigint NOT NULL;"
                  "ALTER TABLE plugin_state_writer ALTER number TYPE integer",
        schema);
    refused(url, STORE_OPEN, ERROR_STORE_SCHEMA, "column number is integer, expected bigint");
}

/* Of a program that has tables of the same names. */
static void foreign_tables_are_left_alone(void **unused)
{
    (void)unused;
    tell(server, "CREATE SCHEMA %s", schema);
    SQL(IN_SCHEMA "CREATE TABLE schema_migrations(version varchar NOT NULL)", schema);
    refused(url, STORE_CREATE, ERROR_STORE_SCHEMA, "table schema_migrations is not the one");
    SQL(IN_SCHEMA "DROP TABLE schema_migrations; CREATE TABLE plugin_state(a int)", schema);
    refused(url, STORE_CREATE, ERROR_STORE_SCHEMA, "unexpected column a (integer)");
    SQL(IN_SCHEMA "DROP TABLE plugin_state; CREATE VIEW plugin_state_expiry AS SELECT 1", schema);
    refused(url, STORE_CREATE, ERROR_STORE_SCHEMA, "has a table of that name already");
    SQL(IN_SCHEMA "DROP VIEW plugin_state_expiry; CREATE TABLE plugin_state(a int)", schema);
    assert_string_equal(SQL(IN_SCHEMA "SELECT string_agg(tablename, ' ') FROM pg_tables"
                                      " WHERE schemaname = '%s'",
                            schema, schema),
                        "plugin_state");
}

static void *create(void *arg)
{
    struct error *why = arg;
    struct state_store *mine = NULL;

    try_open(&mine, url, STORE_CREATE, why);
    state_close(mine);
    return NULL;
}

static void daemons_that_start_together_make_one_store(void **unused)
{
    struct error errors[6] = {0};
    pthread_t threads[6];

    (void)unused;
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, create, &errors[i]), 0);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 6; i++)
        if (errors[i].code != ERROR_NONE)
            help_fail("one of six", &errors[i]);
    assert_string_equal(SQL(IN_SCHEMA "SELECT count(*) FROM schema_migrations", schema), "1");
}

static void a_schema_of_any_name(void **unused)
{
    char text[700];

    (void)unused;
    snprintf(text, sizeof text, "%s?schema=%s%%20%%22x%%27%%5C", server, schema);
    store = open_url(text, STORE_CREATE);
    put(store, "a", "1");
    second = open_url(text, STORE_OPEN);
    assert_string_equal(rows(second), "a=1;");
    tell(server, "SET client_min_messages = error; DROP SCHEMA \"%s \"\"x'\\\" CASCADE", schema);
}

/* ---- who may ---- */

static const char *as(const char *user)
{
    static char text[1000];
    const char *at = strchr(server, '@');

    assert_non_null(at);
    snprintf(text, sizeof text, "postgres://%s:geheim%s?schema=%s", user, at, schema);
    return text;
}

static void rights_that_lack_are_named(void **unused)
{
    (void)unused;
    store = open_url(url, STORE_CREATE);
    tell(server, "DROP ROLE IF EXISTS orrery_few; CREATE ROLE orrery_few LOGIN;"
                 "DROP ROLE IF EXISTS orrery_out; CREATE ROLE orrery_out NOLOGIN");
    refused(as("orrery_out"), STORE_OPEN, ERROR_STORE_DENIED, "refuses the login");
    refused(as("orrery_few"), STORE_OPEN, ERROR_STORE_DENIED, "USAGE on schema");
    tell(server, "GRANT USAGE ON SCHEMA %s TO orrery_few", schema);
    refused(as("orrery_few"), STORE_OPEN, ERROR_STORE_DENIED, "schema_migrations");
    tell(server, "GRANT SELECT ON ALL TABLES IN SCHEMA %s TO orrery_few", schema);
    refused(as("orrery_few"), STORE_OPEN, ERROR_STORE_DENIED, "INSERT on plugin_state");
    second = open_url(as("orrery_few"), STORE_INSPECT);
    assert_string_equal(rows(second), "");
    state_close(second);
    tell(server, "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO orrery_few", schema);
    second = open_url(as("orrery_few"), STORE_CREATE);
    tell(server, "REVOKE INSERT ON %s.plugin_state FROM orrery_few", schema);
    assert_int_equal(put_stamped(second, "w", 1, "a", "1", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DENIED);
    assert_string_equal(rows(second), "");
    state_close(second);
    second = NULL;
    tell(server, "DROP OWNED BY orrery_few; DROP ROLE orrery_few; DROP ROLE orrery_out");
}

static const char *database(const char *name, const char *options)
{
    static char text[1000];
    const char *slash = strrchr(server, '/');

    snprintf(text, sizeof text, "%.*s/%s?%s", (int)(slash - server), server, name, options);
    return text;
}

static void a_missing_database_is_named(void **unused)
{
    (void)unused;
    refused(database("orrery_nowhere", "pool=1"), STORE_CREATE, ERROR_STORE_MISSING,
            "orrery_nowhere");
}

static void databases_of_the_wrong_kind(void **unused)
{
    char name[40];

    (void)unused;
    snprintf(name, sizeof name, "orrery_%d", (int)getpid());
    tell(server, "CREATE DATABASE %s ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", name);
    refused(database(name, "pool=1"), STORE_CREATE, ERROR_STORE_SCHEMA, "encoding is LATIN1");
    tell(server, "DROP DATABASE %s", name);
    tell(server, "CREATE DATABASE %s ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0", name);
    store = open_url(database(name, "pool=1"), STORE_CREATE);
    put(store, "a", "1");
    state_close(store);
    store = NULL;
    tell(server,
         "ALTER DATABASE %s SET default_transaction_read_only = on;"
         "ALTER DATABASE %s SET default_transaction_isolation = 'serializable'",
         name, name);
    refused(database(name, "pool=1"), STORE_OPEN, ERROR_STORE_READONLY, "takes no writes");
    store = open_url(database(name, "pool=1"), STORE_INSPECT);
    assert_string_equal(rows(store), "a=1;");
    state_close(store);
    store = NULL;
    tell(server, "DROP DATABASE %s WITH (FORCE)", name);
}

/* ---- reads ---- */

static int add_name(void *arg, const char *plugin)
{
    buf_addf(arg, "%s ", plugin);
    return 0;
}

static void list_reads_the_names_only(void **unused)
{
    struct buf names;
    int64_t before, after;

    (void)unused;
    store = open_url(url, STORE_CREATE);
    SQL(IN_SCHEMA "INSERT INTO plugin_state SELECT 'p' || i %% 3, i::text, 'x'"
                  " FROM generate_series(1, 60000) i",
        schema);
    tell(server, "VACUUM ANALYZE %s.plugin_state", schema);
    buf_init(&names, 1000);
    assert_int_equal(state_list(store, add_name, &names, &e), 0);
    assert_string_equal(buf_text(&names), "p0 p1 p2 ");
    buf_release(&names);
    before = strtoll(tell(server,
                          "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables"
                          " WHERE schemaname = '%s'",
                          schema),
                     NULL, 10);
    for (int i = 0; i < 20; i++) {
        buf_init(&names, 1000);
        assert_int_equal(state_list(store, add_name, &names, &e), 0);
        buf_release(&names);
    }
    state_close(store); /* its counts are reported at the latest now */
    store = NULL;
    await_true(server, "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name ="
                       " 'orrery'");
    after = strtoll(tell(server,
                         "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables"
                         " WHERE schemaname = '%s'",
                         schema),
                    NULL, 10);
    assert_true(after - before < 1000); /* of 1,200,000 */
}

static void describe_counts(void **unused)
{
    struct state_facts facts;

    (void)unused;
    store = open_url(url, STORE_CREATE);
    SQL(IN_SCHEMA "INSERT INTO plugin_state SELECT 'p' || i %% 3, i::text, 'x',"
                  " CASE WHEN i %% 2 = 0 THEN i END FROM generate_series(1, 100) i",
        schema);
    assert_int_equal(state_describe(store, 50, &facts, &e), 0);
    assert_int_equal(strncmp(facts.server, "PostgreSQL 1", 12), 0);
    assert_int_equal(facts.schema_version, 1);
    assert_int_equal(facts.plugins, 3);
    assert_int_equal(facts.expired, 25);
    assert_int_equal(facts.live, 75);
    assert_true(facts.bytes > 0);
}

static void sweep_forgets_old_writers(void **unused)
{
    size_t removed = 9;

    (void)unused;
    store = open_url(url, STORE_CREATE);
    assert_int_equal(put_stamped(store, "new", 1, "k", "1", &e), 0);
    assert_int_equal(put_stamped(store, "old", 1, "k", "1", &e), 0);
    SQL(IN_SCHEMA "UPDATE plugin_state_writer SET seen_at = seen_at - interval '170 hours'"
                  " WHERE writer = 'old'",
        schema);
    assert_int_equal(state_sweep(store, 1, 100, &removed, &e), 0);
    assert_int_equal(removed, 0);
    assert_string_equal(SQL(IN_SCHEMA "SELECT writer FROM plugin_state_writer", schema), "new");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_tables_are_the_documented_ones),
        TEST(rows_from_outside_are_read),
        TEST(a_store_that_nobody_made_is_refused),
        TEST(a_newer_store_is_refused),
        TEST(other_columns_are_refused),
        TEST(every_table_is_compared),
        TEST(foreign_tables_are_left_alone),
        TEST(daemons_that_start_together_make_one_store),
        TEST(a_schema_of_any_name),
        TEST(rights_that_lack_are_named),
        TEST(a_missing_database_is_named),
        TEST(databases_of_the_wrong_kind),
        TEST(list_reads_the_names_only),
        TEST(describe_counts),
        TEST(sweep_forgets_old_writers),
    };

    if (no_server())
        return 77;
    return cmocka_run_group_tests_name("state: postgres", tests, NULL, NULL);
}
