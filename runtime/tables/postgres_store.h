/*
 * postgres_store: one plugin's tables on a PostgreSQL server: a schema of their own, and a login
 * role that can read and write these tables and nothing else. Private to tables/.
 *
 * Two connections. The desk's user (of the URL) owns everything, and is connected only while the
 * handle is opened: it makes schema, role and tables, and gives the role a new random password. The
 * plugin's statements run on a connection that has logged in as the role: one that had only been
 * narrowed with SET ROLE could widen itself again.
 */
#ifndef ORRERY_TABLES_POSTGRES_STORE_H
#define ORRERY_TABLES_POSTGRES_STORE_H

#include "base/buf.h"
#include "base/clock.h"
#include "db/postgres_session.h"
#include "model/store_url.h"
#include "tables/tables.h"

struct request;
struct statement;

#define PG_OUR_NAME   64 /* PostgreSQL cuts at 63 bytes */
#define PG_OUR_SECRET 65

struct pg_tables {
    struct tables base;
    char *plugin;
    struct table_schema schema;
    struct tables_limits limits;
    struct clock own_clock;
    const struct clock *clock;
    char name[PG_OUR_NAME]; /* of the schema */
    char role[PG_OUR_NAME];
    char secret[PG_OUR_SECRET]; /* the role's password; "" none yet */
    struct pg_session desk;     /* as the URL's user */
    struct pg_session session;  /* as the role */
    char *settings;             /* SQL that begins every call */
    char *relations;            /* '{oid,…}' of all that is in the schema */
    size_t since_check;         /* bytes and calls since the size was looked at */
};

/* ---- postgres_names.c ---- */

/* Readable beginnings, and digests that no two plugins, databases or desks share. */
void pg_tables_name(struct pg_tables *t, const struct store_url *url);
void pg_quote(struct buf *sql, const char *text); /* 'text' */
void pg_random_secret(char out[PG_OUR_SECRET]);

/* ---- postgres_role.c ---- */

/* On the desk's connection: the role is there, can do nothing more than it should, and has a new
 * password (`t->secret`). */
int pg_tables_role(struct pg_tables *t, struct error *e);

/* ---- postgres_schema.c ---- */

/* On the desk's connection: schema and tables are as declared, and the role may use them. */
int pg_tables_migrate(struct pg_tables *t, struct error *e);

/* ---- postgres_open.c ---- */

/* A connection as the role stands. */
int pg_tables_connect(struct pg_tables *t, struct error *e);
/* The first time: everything of the above. */
int pg_tables_prepare(struct pg_tables *t, struct error *e);

/* ---- postgres_call.c ---- */

int pg_tables_run(struct pg_tables *t, const struct request *r, const struct statement *s,
                  json_t **answer, struct error *e);

#endif
