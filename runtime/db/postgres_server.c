#include "db/postgres_server.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "db/postgres_session.h"

/* ---- the server ---- */

struct server {
    bool read_only, replica, fsync, synchronous;
    char encoding[32];
};

static int take_server(void *arg, const struct pg_row *row)
{
    struct server *server = arg;
    char commit[16];

    server->read_only = pg_boolean(row, 0);
    server->replica = pg_boolean(row, 1);
    pg_copy(row, 2, server->encoding, sizeof server->encoding);
    server->fsync = pg_boolean(row, 3);
    pg_copy(row, 4, commit, sizeof commit);
    server->synchronous = strcmp(commit, "off") != 0;
    return 0;
}

/* Settings of the session, and what the server is like. What an abandoned connection holds is let
 * go: the server ends statements and transactions that take longer than we would wait, and notices
 * a peer that is gone. */
static int look_at_server(struct pg_session *s, enum store_mode mode, struct server *server,
                          struct error *e)
{
    long long ms = (long long)s->timeout_ms;
    int version = s->pq.serverVersion(s->conn);
    struct buf sql;
    int result;

    buf_init(&sql, 4096);
    buf_addf(&sql,
             "SET statement_timeout = %lld; SET lock_timeout = %lld;"
             "SET idle_in_transaction_session_timeout = %lld;"
             "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;"
             "SET tcp_keepalives_count = 3; SET client_min_messages = warning;"
             "SET standard_conforming_strings = on;"
             "SET default_transaction_isolation = 'read committed';",
             ms, ms / 2, ms);
    if (version >= 140000)
        buf_add_str(&sql, "SET idle_session_timeout = 0;");
    if (version >= 170000)
        buf_addf(&sql, "SET transaction_timeout = %lld;", 2 * ms);
    buf_add_str(&sql, "SELECT current_setting('transaction_read_only'), pg_is_in_recovery(),"
                      " current_setting('server_encoding'), current_setting('fsync'),"
                      " current_setting('synchronous_commit')");
    if (mode == STORE_INSPECT)
        buf_add_str(&sql, "; SET default_transaction_read_only = on");
    result = pg_script(s, buf_text(&sql), take_server, server, e);
    buf_release(&sql);
    return result;
}

static void warn(char *warnings, size_t size, const char *text)
{
    size_t used = strlen(warnings);

    snprintf(warnings + used, size - used, "%s%s", used ? "\n" : "", text);
}

/* On this machine a line in the clear is as it should be; one that was asked to be verified only in
 * part may well lead elsewhere, through a tunnel. */
static void warn_of_line(const struct pg_session *s, char *warnings, size_t size)
{
    static const struct {
        const char *mode, *text;
    } dangers[] = {
        {"disable", "the connection is not encrypted (sslmode=disable): whoever is on the way can "
                    "read and change state"},
        {"require", "the server's certificate is not verified (sslmode=require): whoever is on the "
                    "way can pretend to be the server"},
        {"verify-ca", "the server's name is not verified (sslmode=verify-ca): any holder of a "
                      "certificate of that authority can pretend to be the server"},
    };

    for (size_t i = s->local ? 1 : 0; i < sizeof dangers / sizeof dangers[0]; i++)
        if (strcmp(s->sslmode, dangers[i].mode) == 0)
            warn(warnings, size, dangers[i].text);
}

static void collect_warnings(const struct pg_session *s, const struct server *server,
                             char *warnings, size_t size)
{
    warnings[0] = '\0';
    warn_of_line(s, warnings, size);
    if (!server->fsync)
        warn(warnings, size,
             "the server has fsync=off: a crash of its machine may destroy all state");
    if (!server->synchronous)
        warn(warnings, size,
             "the server has synchronous_commit=off: a crash of it may lose the last commits, "
             "whose actions were executed already");
}

static int check_server(struct pg_session *s, const struct server *server, enum store_mode mode,
                        struct error *e)
{
    if (strcmp(server->encoding, "UTF8") != 0) {
        error_set(e, ERROR_STORE_SCHEMA,
                  "PostgreSQL at %s: the database's encoding is %s, orrery needs UTF8", s->where,
                  server->encoding);
        error_hint(e, "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0");
        return -1;
    }
    if (mode != STORE_INSPECT && (server->read_only || server->replica)) {
        error_set(e, ERROR_STORE_READONLY, "PostgreSQL at %s takes no writes: %s", s->where,
                  server->replica ? "it is a replica" : "default_transaction_read_only is on");
        error_hint(e, "use the primary");
        return -1;
    }
    return 0;
}

/* ---- the schema that names are looked up in ---- */

static void add_quoted(struct buf *sql, const char *name, char quote)
{
    buf_add_char(sql, quote);
    for (; *name != '\0'; name++) {
        if (*name == quote)
            buf_add_char(sql, quote);
        buf_add_char(sql, *name);
    }
    buf_add_char(sql, quote);
}

struct place {
    bool exists, usable;
};

static int take_place(void *arg, const struct pg_row *row)
{
    *(struct place *)arg = (struct place){.exists = true, .usable = pg_boolean(row, 0)};
    return 0;
}

static int find_place(struct pg_session *s, struct place *place, struct error *e)
{
    struct buf sql;
    int result;

    buf_init(&sql, 4096);
    buf_add_str(&sql, "SET search_path TO ");
    add_quoted(&sql, s->schema, '"');
    buf_add_str(&sql, "; SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace"
                      " WHERE nspname = ");
    add_quoted(&sql, s->schema, '\'');
    result = pg_script(s, buf_text(&sql), take_place, place, e);
    buf_release(&sql);
    return result;
}

static int make_place(struct pg_session *s, struct error *e)
{
    struct buf sql;
    int result;

    buf_init(&sql, 4096);
    buf_add_str(&sql, "SELECT pg_advisory_xact_lock(" PG_SCHEMA_LOCK ");"
                      "CREATE SCHEMA IF NOT EXISTS ");
    add_quoted(&sql, s->schema, '"');
    result = pg_script(s, buf_text(&sql), NULL, NULL, e);
    buf_release(&sql);
    return result;
}

static int enter_schema(struct pg_session *s, enum store_mode mode, struct error *e)
{
    struct place place = {false, false};

    if (s->schema == NULL)
        return 0;
    if (find_place(s, &place, e) < 0)
        return -1;
    if (!place.exists)
        return mode == STORE_CREATE ? make_place(s, e) : 0; /* 0: it has no tables, then */
    if (place.usable)
        return 0;
    error_set(e, ERROR_STORE_DENIED, "PostgreSQL at %s lacks a permission: USAGE on schema %s",
              s->where, s->schema);
    error_hint(e, "GRANT USAGE ON SCHEMA, as its owner");
    return -1;
}

int pg_server_open(struct pg_session *s, enum store_mode mode, char *warnings, size_t warnings_size,
                   struct error *e)
{
    struct server server = {0};

    if (look_at_server(s, mode, &server, e) < 0 || check_server(s, &server, mode, e) < 0 ||
        enter_schema(s, mode, e) < 0)
        return -1;
    collect_warnings(s, &server, warnings, warnings_size);
    return 0;
}
