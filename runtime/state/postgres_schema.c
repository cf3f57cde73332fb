#include "state/postgres_schema.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "db/sqlite_db.h"
#include "state/columns.h"
#include "state/postgres_session.h"

/* Held while a schema is made or upgraded: two daemons that start together wait for each other. */
#define SCHEMA_LOCK "738292018"

static const struct migration steps[] = {
    {1, "plugin_state",
     "CREATE TABLE plugin_state("
     " plugin_name text COLLATE \"C\" NOT NULL,"
     " key text COLLATE \"C\" NOT NULL,"
     " value text NOT NULL,"
     " expires_at bigint," /* ms since the epoch; NULL: none */
     " PRIMARY KEY (plugin_name, key));"
     "CREATE INDEX plugin_state_expiry ON plugin_state(expires_at) WHERE expires_at IS NOT NULL;"
     "CREATE TABLE plugin_state_writer("
     " writer text COLLATE \"C\" PRIMARY KEY,"
     " number bigint NOT NULL," /* of the last commit; NOT NULL is the guard: see apply */
     " seen_at timestamptz NOT NULL);"
     "CREATE TABLE plugin_lease("
     " plugin_name text COLLATE \"C\" PRIMARY KEY,"
     " owner text NOT NULL,"
     " label text NOT NULL,"
     " token bigint NOT NULL,"
     " expires_at bigint NOT NULL)"}, /* ms since the epoch by the server's clock; 0: released */
};
#define STEP_COUNT ((int)(sizeof steps / sizeof steps[0]))

static const struct column_spec columns[] = {
    {"plugin_name", "text", false},
    {"key", "text", false},
    {"value", "text", false},
    {"expires_at", "bigint", true},
};

int pg_schema_version(void)
{
    return STEP_COUNT;
}

/* ---- the server ---- */

struct server {
    bool read_only, replica, utf8, fsync, synchronous;
    char encoding[32];
};

static bool is_on(const struct pg_row *row, int column)
{
    size_t len;
    const char *text = pg_text(row, column, &len);

    return text[0] == 't' || strcmp(text, "on") == 0;
}

static int take_server(void *arg, const struct pg_row *row)
{
    struct server *server = arg;
    size_t len;

    server->read_only = is_on(row, 0);
    server->replica = is_on(row, 1);
    snprintf(server->encoding, sizeof server->encoding, "%s", pg_text(row, 2, &len));
    server->utf8 = strcmp(server->encoding, "UTF8") == 0;
    server->fsync = is_on(row, 3);
    server->synchronous = strcmp(pg_text(row, 4, &len), "off") != 0;
    return 0;
}

static void warn(char *warnings, size_t size, const char *text)
{
    size_t used = strlen(warnings);

    snprintf(warnings + used, size - used, "%s%s", used ? "\n" : "", text);
}

static void collect_warnings(const struct pg_session *s, const struct server *server,
                             char *warnings, size_t size)
{
    bool local = s->host[0] == '/' || strcmp(s->host, "localhost") == 0 ||
                 strncmp(s->host, "127.", 4) == 0 || strcmp(s->host, "::1") == 0;

    warnings[0] = '\0';
    if (!local && strcmp(s->sslmode, "disable") == 0)
        warn(warnings, size,
             "the connection is not encrypted (sslmode=disable): whoever is on the way can read "
             "and change state, and learn the password");
    else if (!local && strcmp(s->sslmode, "require") == 0)
        warn(warnings, size,
             "the server's certificate is not verified (sslmode=require): whoever is on the way "
             "can pretend to be the server");
    else if (!local && strcmp(s->sslmode, "verify-ca") == 0)
        warn(warnings, size,
             "the server's name is not verified (sslmode=verify-ca): any holder of a certificate "
             "of that authority can pretend to be the server");
    if (!server->fsync)
        warn(warnings, size,
             "the server has fsync=off: a crash of its machine may destroy all state");
    if (!server->synchronous)
        warn(
            warnings, size,
            "the server has synchronous_commit=off: a crash of it may lose the last commits, whose "
            "actions were executed already");
}

static int check_server(struct pg_session *s, enum store_mode mode, char *warnings, size_t size,
                        struct error *e)
{
    struct server server = {0};

    if (pg_script(s,
                  "SELECT current_setting('transaction_read_only'), pg_is_in_recovery(),"
                  " current_setting('server_encoding'), current_setting('fsync'),"
                  " current_setting('synchronous_commit')",
                  take_server, &server, e) < 0)
        return -1;
    if (!server.utf8)
        return error_set(e, ERROR_STORE_SCHEMA,
                         "PostgreSQL at %s: the database's encoding is %s; orrery needs UTF8",
                         s->where, server.encoding);
    if (mode != STORE_INSPECT && (server.read_only || server.replica)) {
        error_set(e, ERROR_STORE_READONLY, "PostgreSQL at %s takes no writes: %s", s->where,
                  server.replica ? "it is a replica" : "default_transaction_read_only is on");
        error_hint(e, "use the primary");
        return -1;
    }
    collect_warnings(s, &server, warnings, size);
    return 0;
}

/* ---- the session ---- */

static void add_quoted(struct buf *sql, const char *name)
{
    buf_add_char(sql, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            buf_add_char(sql, '"');
        buf_add_char(sql, *name);
    }
    buf_add_char(sql, '"');
}

/* Limits on the server's side too: what an abandoned connection holds is let go. */
static int set_up(struct pg_session *s, enum store_mode mode, struct error *e)
{
    long long ms = (long long)s->timeout_ms;
    struct buf sql;
    int result;

    buf_init(&sql, 4096);
    buf_addf(&sql,
             "SET statement_timeout = %lld; SET lock_timeout = %lld;"
             " SET idle_in_transaction_session_timeout = %lld;",
             ms, ms / 2, ms);
    if (s->schema != NULL) {
        if (mode == STORE_CREATE) {
            buf_add_str(&sql, "SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS ");
            add_quoted(&sql, s->schema);
            buf_add_str(&sql, "; ");
        }
        buf_add_str(&sql, "SET search_path TO ");
        add_quoted(&sql, s->schema);
    }
    result = pg_script(s, buf_text(&sql), NULL, NULL, e);
    buf_release(&sql);
    return result;
}

/* ---- migrations ---- */

static int take_number(void *arg, const struct pg_row *row)
{
    *(int64_t *)arg = pg_integer(row, 0, 0);
    return 0;
}

static int read_version(struct pg_session *s, int *version, struct error *e)
{
    int64_t has = 0, number = 0;

    if (pg_script(s,
                  "SELECT count(*) FROM information_schema.tables"
                  " WHERE table_schema = current_schema() AND table_name = 'schema_migrations'",
                  take_number, &has, e) < 0 ||
        (has > 0 && pg_script(s,
                              "SELECT coalesce(max(version), 0) FROM schema_migrations"
                              " WHERE component = 'state'",
                              take_number, &number, e) < 0))
        return -1;
    *version = (int)number;
    return 0;
}

static int newer(const struct pg_session *s, int version, struct error *e)
{
    error_set(e, ERROR_STORE_NEWER,
              "PostgreSQL at %s: the state schema is version %d, this orrery knows up to %d",
              s->where, version, STEP_COUNT);
    error_hint(e, "it was written by a newer orrery: use that one");
    return -1;
}

static int apply_step(struct pg_session *s, int version, int64_t now_ms, struct error *e)
{
    const struct migration *step = &steps[version];
    struct buf sql;
    int result;

    buf_init(&sql, 16384);
    buf_addf(&sql, "%s; INSERT INTO schema_migrations VALUES('state', %d, '%s', %lld); COMMIT",
             step->sql, step->version, step->name, (long long)now_ms);
    result = pg_script(s, buf_text(&sql), NULL, NULL, e);
    buf_release(&sql);
    if (result < 0) {
        struct error ignored = ERROR_INIT;
        error_prefix(e, "migration %d (%s) of the state schema: ", step->version, step->name);
        if (s->conn != NULL)
            pg_script(s, "ROLLBACK", NULL, NULL, &ignored);
    }
    return result;
}

/* Each step in its own transaction; the version is read again under the lock, as another daemon may
 * have been first. */
static int migrate(struct pg_session *s, int64_t now_ms, struct error *e)
{
    struct error ignored = ERROR_INIT;
    int version = 0;

    do {
        if (pg_script(s,
                      "BEGIN; SELECT pg_advisory_xact_lock(" SCHEMA_LOCK ");"
                      "SET LOCAL client_min_messages = warning;"
                      "CREATE TABLE IF NOT EXISTS schema_migrations("
                      " component text NOT NULL, version integer NOT NULL, name text NOT NULL,"
                      " applied_at bigint NOT NULL, PRIMARY KEY (component, version))",
                      NULL, NULL, e) < 0 ||
            read_version(s, &version, e) < 0) {
            if (s->conn != NULL)
                pg_script(s, "ROLLBACK", NULL, NULL, &ignored);
            return -1;
        }
        if (version >= STEP_COUNT) {
            pg_script(s, "ROLLBACK", NULL, NULL, &ignored);
            return version > STEP_COUNT ? newer(s, version, e) : 0;
        }
        if (apply_step(s, version, now_ms, e) < 0)
            return -1;
    } while (version + 1 < STEP_COUNT);
    return 0;
}

static int ensure_version(struct pg_session *s, enum store_mode mode, int64_t now_ms,
                          struct error *e)
{
    int version;

    if (read_version(s, &version, e) < 0)
        return -1;
    if (version > STEP_COUNT)
        return newer(s, version, e);
    if (version == STEP_COUNT)
        return 0;
    if (mode == STORE_CREATE || (mode == STORE_OPEN && version > 0))
        return migrate(s, now_ms, e);
    error_set(e, ERROR_STORE_SCHEMA,
              version == 0 ? "PostgreSQL at %s has no state tables (schema version %d, expected %d)"
                           : "PostgreSQL at %s: the state schema is version %d, expected %d",
              s->where, version, STEP_COUNT);
    error_hint(e, version == 0 ? "run: orrery db init" : "run: orrery db upgrade");
    return -1;
}

/* ---- columns ---- */

struct found {
    struct column_spec items[COLUMNS_MAX];
    size_t count;
};

static int take_column(void *arg, const struct pg_row *row)
{
    struct found *found = arg;
    struct column_spec *c = &found->items[found->count];
    size_t len;

    if (found->count == COLUMNS_MAX)
        return 1;
    found->count++;
    snprintf(c->name, sizeof c->name, "%s", pg_text(row, 0, &len));
    snprintf(c->type, sizeof c->type, "%s", pg_text(row, 1, &len));
    c->nullable = is_on(row, 2);
    return 0;
}

static int check_columns(struct pg_session *s, struct error *e)
{
    struct found found = {.count = 0};

    if (pg_script(s,
                  "SELECT column_name, data_type, is_nullable = 'YES'"
                  " FROM information_schema.columns"
                  " WHERE table_schema = current_schema() AND table_name = 'plugin_state'"
                  " ORDER BY ordinal_position",
                  take_column, &found, e) < 0)
        return -1;
    return columns_check("plugin_state", columns, sizeof columns / sizeof columns[0], found.items,
                         found.count, e);
}

int pg_schema_open(struct pg_session *s, enum store_mode mode, int64_t now_ms, char *warnings,
                   size_t warnings_size, struct error *e)
{
    if (check_server(s, mode, warnings, warnings_size, e) < 0 || set_up(s, mode, e) < 0 ||
        ensure_version(s, mode, now_ms, e) < 0)
        return -1;
    return check_columns(s, e);
}
