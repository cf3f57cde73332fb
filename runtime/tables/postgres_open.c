/* The ways to the server: as the desk, to make everything ready, and as the plugin's role. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/postgres_server.h"
#include "tables/compose.h"
#include "tables/postgres_store.h"

#define LOCK "738292019" /* with a hash of the schema: one opening of a plugin at a time */

/* ---- as the role ---- */

/* Every call begins with these, within its transaction: whatever a statement has set before, the
 * limits hold. */
static char *settings_text(const struct pg_tables *t)
{
    struct buf sql, path;
    char *text;

    buf_init(&path, 256);
    compose_name(&path, t->name);
    buf_init(&sql, 4096);
    buf_addf(&sql,
             "SELECT set_config('statement_timeout', '%lld', true),"
             " set_config('lock_timeout', '%lld', true), set_config('search_path', ",
             (long long)t->limits.time_ms, (long long)t->limits.time_ms);
    pg_quote(&sql, buf_text(&path));
    buf_add_str(&sql, ", true), set_config('work_mem', '4MB', true),"
                      " set_config('hash_mem_multiplier', '1', true),"
                      " set_config('max_parallel_workers_per_gather', '0', true),"
                      " set_config('jit', 'off', true), set_config('timezone', 'UTC', true),"
                      " set_config('datestyle', 'ISO, YMD', true),"
                      " set_config('extra_float_digits', '1', true),"
                      " set_config('standard_conforming_strings', 'on', true),"
                      " set_config('idle_in_transaction_session_timeout', '10s', true)");
    text = buf_steal(&sql);
    buf_release(&path);
    return text;
}

struct identity {
    char user[PG_OUR_NAME];
    bool superuser;
};

static int take_identity(void *arg, const struct pg_row *row)
{
    struct identity *identity = arg;

    pg_copy(row, 0, identity->user, sizeof identity->user);
    identity->superuser = pg_boolean(row, 1);
    return 0;
}

/* A server may map logins to other users. */
static int check_identity(struct pg_tables *t, struct error *e)
{
    struct identity identity = {"", false};

    if (pg_script(&t->session, "SELECT session_user, current_setting('is_superuser') = 'on'",
                  take_identity, &identity, e) < 0)
        return -1;
    if (strcmp(identity.user, t->role) == 0 && !identity.superuser)
        return 0;
    error_set(e, ERROR_STORE_DENIED, "PostgreSQL at %s: the login of role \"%s\" became user '%s'",
              t->session.where, t->role, identity.user);
    error_hint(e, "look at the server's pg_hba.conf and pg_ident.conf");
    pg_drop(&t->session);
    return -1;
}

static int take_relations(void *arg, const struct pg_row *row)
{
    char **out = arg;
    size_t len;
    const char *text = pg_text(row, 0, &len);

    free(*out);
    *out = mem_strndup(text, len);
    return 0;
}

static int read_relations(struct pg_tables *t, struct error *e)
{
    struct buf sql;
    int result;

    buf_init(&sql, 1024);
    buf_add_str(&sql, "SELECT array_agg(c.oid)::text FROM pg_class c JOIN pg_namespace n"
                      " ON n.oid = c.relnamespace WHERE n.nspname = ");
    pg_quote(&sql, t->name);
    result = pg_script(&t->session, buf_text(&sql), take_relations, &t->relations, e);
    buf_release(&sql);
    return result;
}

static int connect_as_role(struct pg_tables *t, struct error *e)
{
    free(t->session.password);
    t->session.password = mem_strdup(t->secret);
    if (pg_connect(&t->session, e) < 0)
        return -1;
    if (check_identity(t, e) < 0 || read_relations(t, e) < 0 || pg_pipeline(&t->session, e) < 0) {
        pg_drop(&t->session);
        return -1;
    }
    t->since_check = SIZE_MAX / 2;
    return 0;
}

/* ---- as the desk ---- */

static int connect_as_desk(struct pg_tables *t, struct error *e)
{
    char warnings[1024];
    struct buf sql;
    int result;

    if (pg_connect(&t->desk, e) < 0 ||
        pg_server_open(&t->desk, STORE_OPEN, warnings, sizeof warnings, e) < 0)
        return -1;
    buf_init(&sql, 1024);
    buf_add_str(&sql, "SELECT pg_advisory_lock(" LOCK ", hashtext(");
    pg_quote(&sql, t->name);
    buf_add_str(&sql, "))");
    result = pg_script(&t->desk, buf_text(&sql), NULL, NULL, e);
    buf_release(&sql);
    return result;
}

/* The lock lasts until the role has logged in: nobody gives it another password before. */
int pg_tables_prepare(struct pg_tables *t, struct error *e)
{
    int result = -1;

    if (t->settings == NULL)
        t->settings = settings_text(t);
    if (connect_as_desk(t, e) == 0 && pg_tables_role(t, e) == 0 && pg_tables_migrate(t, e) == 0)
        result = connect_as_role(t, e);
    if (result < 0 && e->code == ERROR_STORE_DENIED && t->secret[0] != '\0')
        error_hint(e, "pg_hba.conf must let the role \"%s\" in with its password (scram-sha-256)",
                   t->role);
    pg_drop(&t->desk);
    return result;
}

/* Somebody else who has opened the same tables has given the role another password, perhaps. */
int pg_tables_connect(struct pg_tables *t, struct error *e)
{
    struct error why = ERROR_INIT;

    if (pg_stands(&t->session))
        return 0;
    pg_drop(&t->session);
    if (connect_as_role(t, &why) == 0)
        return 0;
    if (why.code == ERROR_STORE_DENIED)
        return pg_tables_prepare(t, e);
    *e = e->code == ERROR_NONE ? why : *e;
    return -1;
}
