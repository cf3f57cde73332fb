/*
 * What the database itself refuses a plugin's role, should a statement ever get past the guards
 * before it: here nothing is before it. PostgreSQL alone.
 */
#include "base/mem.h"
#include "contract/tables_postgres.h"
#include "contract/tables_suite.h"
#include "db/postgres_session.h"
#include "model/store_url.h"

static int take_text(void *arg, const struct pg_row *row)
{
    size_t len;
    const char *text = pg_text(row, 0, &len);

    free(*(char **)arg);
    *(char **)arg = mem_strndup(text, len);
    return 0;
}

/* A connection as the role of plugin "p", with a password that the superuser gives it. */
static void log_in(struct pg_session *s)
{
    char *role = tables_postgres_sql("SELECT rolname FROM pg_roles WHERE rolname LIKE"
                                     " 'orrery\\_p\\_%'");
    char *schema = tables_postgres_schema("p"), sql[300], *done;
    struct error e = ERROR_INIT;
    struct store_url url;

    snprintf(sql, sizeof sql, "ALTER ROLE \"%s\" PASSWORD 'known'", role);
    done = tables_postgres_sql(sql);
    free(done);
    assert_int_equal(store_url_parse(getenv("ORRERY_POSTGRES_URL"), &url, &e), 0);
    free(url.user);
    url.user = role;
    assert_int_equal(pg_session_init(s, &url, "known", &e), 0);
    if (pg_connect(s, &e) < 0)
        fail_msg("%s", e.message);
    snprintf(sql, sizeof sql, "SET search_path = \"%s\"", schema);
    assert_int_equal(pg_script(s, sql, NULL, NULL, &e), 0);
    store_url_release(&url);
    free(schema);
}

static void the_database_refuses_the_role(void **state)
{
    static const char *const denied[] = {
        "SELECT * FROM orrery_key",
        "DELETE FROM orrery_key",
        "SELECT * FROM orrery_schema",
        "UPDATE orrery_schema SET plugin = 'x'",
        "SELECT nextval('orrery_key_seq_seq')",
        "SELECT rolpassword FROM pg_authid",
        "SELECT passwd FROM pg_shadow",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT lo_import('/etc/passwd')",
        "COPY log TO '/tmp/orrery-stolen'",
        "COPY log FROM PROGRAM 'id'",
        "SET ROLE orrery",
        "SET SESSION AUTHORIZATION orrery",
        "SELECT set_config('role', 'orrery', false)",
        "ALTER ROLE orrery SUPERUSER",
        "ALTER ROLE CURRENT_USER CREATEROLE",
        "CREATE ROLE other",
        "CREATE DATABASE other",
        "CREATE SCHEMA other",
        "CREATE TABLE mine (x int)",
        "CREATE TABLE public.mine (x int)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE EXTENSION dblink",
        "CREATE VIEW v AS SELECT 1",
        "ALTER TABLE log ADD COLUMN x2 text",
        "DROP TABLE log",
        "TRUNCATE log",
        "CREATE INDEX i ON log (n)",
        "CREATE TRIGGER t BEFORE INSERT ON log EXECUTE FUNCTION tsvector_update_trigger()",
        "GRANT SELECT ON log TO PUBLIC",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orrery'",
        "SELECT pg_reload_conf()",
        "ALTER SYSTEM SET fsync = off",
        "SET session_replication_role = replica",
        "SET temp_file_limit = -1",
        "SELECT pg_create_physical_replication_slot('x')",
        "CHECKPOINT",
        "VACUUM FULL pg_class",
    };
    struct pg_session s;
    struct tables *by;
    char *schema, sql[300];

    (void)state;
    if (!suite.backend->is_postgres)
        return;
    by = suite_open("by", "{'theirs': {'columns': {'s': 'text'}}}");
    schema = tables_postgres_schema("by");
    log_in(&s);
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\".theirs", schema);
    for (size_t i = 0; i <= sizeof denied / sizeof denied[0]; i++) {
        const char *text = i < sizeof denied / sizeof denied[0] ? denied[i] : sql;
        char *got = mem_strdup("");
        struct error e = ERROR_INIT;
        bool refused = pg_script(&s, text, take_text, &got, &e) < 0;
        /* VACUUM and some GRANTs only warn; then nothing was done. */
        if (!refused && strncmp(text, "VACUUM", 6) != 0 && strncmp(text, "GRANT", 5) != 0)
            fail_msg("'%s' is not refused: %s", text, got);
        if (refused && e.code != ERROR_STORE_DENIED && strstr(e.message, "must be") == NULL &&
            strstr(e.message, "ermission") == NULL)
            fail_msg("'%s': %s", text, e.message);
        free(got);
    }
    pg_session_release(&s);
    free(schema);
    tables_close(by);
    EXEC("INSERT INTO log (n) VALUES (1)", NULL, "{\"changed\":1}");
}

/* Where the database is open by default, the guards before it are what there is: these work for the
 * role, and are gone with the call. */
static void what_a_call_leaves_in_the_session_is_gone_with_it(void **state)
{
    char *got;

    (void)state;
    if (!suite.backend->is_postgres)
        return;
    for (int i = 0; i < 3; i++)
        QUERY("SELECT n FROM log", NULL, "{\"rows\":[]}");
    got = tables_postgres_sql(
        "SELECT (SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE"
        " a.usename LIKE 'orrery\\_p\\_%') || ' ' || (SELECT count(*) FROM pg_stat_activity WHERE"
        " usename LIKE 'orrery\\_p\\_%' AND state = 'idle' AND query = 'DISCARD ALL')");
    suite_expect(got, "0 1", __FILE__, __LINE__);
}

const struct CMUnitTest tables_role_rules[] = {
    RULE(the_database_refuses_the_role),
    RULE(what_a_call_leaves_in_the_session_is_gone_with_it),
};
const size_t tables_role_rule_count = sizeof tables_role_rules / sizeof tables_role_rules[0];
