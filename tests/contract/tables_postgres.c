/*
 * Where the suite keeps tables on PostgreSQL: the server of ORRERY_POSTGRES_URL (see
 * tests/support/with_servers.py), which is first made to ask for passwords (SCRAM), as a real one
 * does: else nothing would show that the plugins' roles log in with theirs.
 */
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "contract/tables_postgres.h"
#include "contract/tables_suite.h"
#include "db/postgres_session.h"
#include "model/store_url.h"

static bool asks_for_passwords;

static struct store_url url_of(const char *options, const char *secret)
{
    const char *base = getenv("ORRERY_POSTGRES_URL");
    struct error e = ERROR_INIT;
    struct store_url url;
    char text[1024];

    if (base == NULL) {
        fprintf(stderr,
                "ORRERY_POSTGRES_URL is not set: run through tests/support/with_servers.py\n");
        exit(1);
    }
    snprintf(text, sizeof text, "%s?schema=%s", base, options);
    if (store_url_parse(text, &url, &e) != 0)
        fail_msg("%s: %s", text, e.message);
    url.connect_timeout_ms = 10000;
    url.timeout_ms = 20000;
    free(url.password);
    url.password = mem_strdup(secret);
    return url;
}

static int take_text(void *arg, const struct pg_row *row)
{
    size_t len;
    const char *text = pg_text(row, 0, &len);

    free(*(char **)arg);
    *(char **)arg = mem_strndup(text, len);
    return 0;
}

/* One connection for all: logging in costs more than most tests. */
char *tables_postgres_sql(const char *sql)
{
    static struct pg_session s;
    char *out = mem_strdup("");
    struct error e = ERROR_INIT;

    if (s.where == NULL) {
        struct store_url url = url_of("any", TABLES_PG_PASSWORD);
        assert_int_equal(pg_session_init(&s, &url, TABLES_PG_PASSWORD, &e), 0);
        store_url_release(&url);
    }
    if ((!pg_stands(&s) && pg_connect(&s, &e) < 0) ||
        pg_script(&s, "RESET ALL", NULL, NULL, &e) < 0 ||
        pg_script(&s, sql, take_text, &out, &e) < 0)
        fail_msg("%s: %s", sql, e.message);
    return out;
}

/* As if the server's machine had lost power: all its processes but the first die at once, and it
 * recovers from its log. Done by the superuser, over SQL. */
void tables_postgres_crash(void)
{
    struct store_url url = url_of("any", TABLES_PG_PASSWORD);
    struct error e = ERROR_INIT;
    struct pg_session s;

    assert_int_equal(pg_session_init(&s, &url, TABLES_PG_PASSWORD, &e), 0);
    assert_int_equal(pg_connect(&s, &e), 0);
    assert_int_equal(pg_script(&s,
                               "DO $$BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L',"
                               " 'kill -9 ' || pg_backend_pid()); END$$",
                               NULL, NULL, &e),
                     -1);
    for (int i = 0; i < 2000; i++) {
        struct timespec pause = {0, 5000000};
        error_clear(&e);
        if (pg_connect(&s, &e) == 0)
            break;
        nanosleep(&pause, NULL);
    }
    assert_non_null(s.conn);
    pg_session_release(&s);
    store_url_release(&url);
}

static void run(const char *sql)
{
    free(tables_postgres_sql(sql));
}

/* The superuser rewrites pg_hba.conf over SQL. */
static void ask_for_passwords(void)
{
    if (asks_for_passwords)
        return;
    run("SET password_encryption = 'scram-sha-256'; ALTER ROLE orrery PASSWORD '" TABLES_PG_PASSWORD
        "'; DO $$BEGIN EXECUTE format('COPY (SELECT ''local all all trust'' UNION ALL SELECT"
        " ''host all all 127.0.0.1/32 scram-sha-256'') TO %L', current_setting('hba_file')); END$$;"
        " SELECT pg_reload_conf()");
    for (int i = 0; i < 1000; i++) {
        struct timespec pause = {0, 5000000};
        struct store_url url = url_of("any", "wrong");
        struct error e = ERROR_INIT;
        struct pg_session s;
        bool refused;
        assert_int_equal(pg_session_init(&s, &url, "wrong", &e), 0);
        refused = pg_connect(&s, &e) < 0 && e.code == ERROR_STORE_DENIED;
        pg_session_release(&s);
        store_url_release(&url);
        if (refused) {
            asks_for_passwords = true;
            return;
        }
        nanosleep(&pause, NULL);
    }
    fail_msg("the server does not begin to ask for passwords");
}

struct place {
    char name[32];
};

static void *set_up(void)
{
    static unsigned next;
    struct place *place = mem_zero(1, sizeof *place);

    ask_for_passwords();
    snprintf(place->name, sizeof place->name, "t%d_%u", (int)getpid(), next++);
    return place;
}

int tables_postgres_open_as(void *where, const char *user, const char *secret, const char *plugin,
                            const struct table_schema *schema, const struct tables_limits *limits,
                            struct tables **out, struct error *e)
{
    struct place *place = where;
    struct store_url url = url_of(place->name, secret);
    int rc;

    free(url.user);
    url.user = mem_strdup(user);
    rc = tables_postgres_open(out, &url, secret, plugin, schema, limits, e);
    store_url_release(&url);
    return rc;
}

static int open_tables(void *where, const char *plugin, const struct table_schema *schema,
                       const struct tables_limits *limits, struct tables **out, struct error *e)
{
    return tables_postgres_open_as(where, "orrery", TABLES_PG_PASSWORD, plugin, schema, limits, out,
                                   e);
}

/* All schemas and roles of plugins. */
static void tear_down(void *where)
{
    run("DO $$DECLARE n text; BEGIN"
        " FOR n IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'orrery\\_%' LOOP"
        " EXECUTE format('DROP SCHEMA %I CASCADE', n); END LOOP;"
        " FOR n IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'orrery\\_%' LOOP"
        " EXECUTE format('DROP OWNED BY %I; DROP ROLE %I', n, n); END LOOP; END$$");
    free(where);
}

char *tables_postgres_schema(const char *plugin)
{
    char sql[300];

    snprintf(sql, sizeof sql,
             "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'orrery\\_%.20s\\_%%'"
             " ORDER BY oid DESC LIMIT 1",
             plugin);
    return tables_postgres_sql(sql);
}

static char *by_hand(void *where, const char *plugin, const char *sql)
{
    char text[4096], *schema = tables_postgres_schema(plugin), *out;

    (void)where;
    snprintf(text, sizeof text, "SET search_path = \"%s\"; %s", schema, sql);
    out = tables_postgres_sql(text);
    free(schema);
    return out;
}

const struct tables_backend tables_postgres_backend = {
    .name = "postgres",
    .is_postgres = true,
    .set_up = set_up,
    .open = open_tables,
    .tear_down = tear_down,
    .by_hand = by_hand,
};
