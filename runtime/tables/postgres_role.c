/* The login role of a plugin: made, looked at, and given a password. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "db/postgres_error.h"
#include "tables/compose.h"
#include "tables/postgres_store.h"

#define SQL_BYTES 8192

struct standing {
    bool superuser, may_create_roles, exists, too_mighty, is_member, may_connect;
    char user[PG_OUR_NAME], database[PG_OUR_NAME];
};

static int take_standing(void *arg, const struct pg_row *row)
{
    struct standing *s = arg;

    s->superuser = pg_boolean(row, 0);
    s->may_create_roles = pg_boolean(row, 1);
    s->exists = pg_boolean(row, 2);
    s->too_mighty = pg_boolean(row, 3);
    s->is_member = pg_boolean(row, 4);
    s->may_connect = pg_boolean(row, 5);
    pg_copy(row, 6, s->user, sizeof s->user);
    pg_copy(row, 7, s->database, sizeof s->database);
    return 0;
}

static int look(struct pg_tables *t, struct standing *out, struct error *e)
{
    struct buf sql;
    int result;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, "SELECT me.rolsuper, me.rolcreaterole, r.oid IS NOT NULL,"
                      " coalesce(r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication"
                      " OR r.rolbypassrls, false),"
                      " EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid),"
                      " r.oid IS NULL OR has_database_privilege(r.oid, current_database(),"
                      " 'CONNECT'), current_user, current_database()"
                      " FROM pg_roles me LEFT JOIN pg_roles r ON r.rolname = ");
    pg_quote(&sql, t->role);
    buf_add_str(&sql, " WHERE me.rolname = current_user");
    result = pg_script(&t->desk, buf_text(&sql), take_standing, out, e);
    buf_release(&sql);
    return result;
}

static int run_about_role(struct pg_tables *t, const char *before, const char *after,
                          struct error *e)
{
    struct buf sql;
    int result;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, before);
    compose_name(&sql, t->role);
    buf_add_str(&sql, after);
    result = pg_script(&t->desk, buf_text(&sql), NULL, NULL, e);
    explicit_bzero(sql.data, sql.len);
    buf_release(&sql);
    return result;
}

static int create_role(struct pg_tables *t, const struct standing *s, struct error *e)
{
    if (!s->superuser && !s->may_create_roles) {
        error_set(e, ERROR_STORE_DENIED,
                  "PostgreSQL at %s: the user '%s' may not make the role of plugin '%s'",
                  t->desk.where, s->user, t->plugin);
        error_hint(e,
                   "as a superuser: ALTER ROLE \"%s\" CREATEROLE; GRANT CREATE ON DATABASE \"%s\""
                   " TO \"%s\"",
                   s->user, s->database, s->user);
        return -1;
    }
    return run_about_role(t, "CREATE ROLE ",
                          " LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION"
                          " NOBYPASSRLS CONNECTION LIMIT 16",
                          e);
}

static int refuse(const struct pg_tables *t, const char *what, struct error *e)
{
    error_set(
        e, ERROR_STORE_DENIED,
        "PostgreSQL at %s: the role \"%s\" of plugin '%s' %s: its statements would reach more "
        "than its tables",
        t->desk.where, t->role, t->plugin, what);
    error_hint(e, "take that from it; it needs LOGIN and nothing else");
    return -1;
}

/* What was given to it by hand since. */
static int check_role(struct pg_tables *t, struct standing *s, struct error *e)
{
    if (s->too_mighty)
        return refuse(t, "has rights of an administrator", e);
    if (s->is_member)
        return refuse(t, "is a member of other roles", e);
    if (s->may_connect)
        return 0;
    return run_about_role(t,
                          "DO $$BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I',"
                          " current_database(), '",
                          "'); END$$", e);
}

/* SCRAM is computed here: the server, and its log, see a verifier. */
static int set_password(struct pg_tables *t, const struct standing *s, struct error *e)
{
    char *verifier;
    struct buf sql;
    int result;

    pg_random_secret(t->secret);
    verifier = t->desk.pq.encryptPasswordConn(t->desk.conn, t->secret, t->role, "scram-sha-256");
    if (verifier == NULL)
        return error_set(e, ERROR_STORE, "libpq cannot make a SCRAM verifier");
    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, " LOGIN PASSWORD ");
    pg_quote(&sql, verifier);
    t->desk.pq.freemem(verifier);
    result = run_about_role(t, "ALTER ROLE ", buf_text(&sql), e);
    buf_release(&sql);
    if (result == 0 && s->superuser) /* only then may it be set */
        result = run_about_role(t, "ALTER ROLE ", " SET temp_file_limit = '64MB'", e);
    return result;
}

int pg_tables_role(struct pg_tables *t, struct error *e)
{
    struct standing s = {false};

    if (look(t, &s, e) < 0)
        return -1;
    if (!s.exists && (create_role(t, &s, e) < 0 || look(t, &s, e) < 0))
        return -1;
    return check_role(t, &s, e) < 0 ? -1 : set_password(t, &s, e);
}
