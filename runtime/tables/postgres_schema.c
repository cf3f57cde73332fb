/* The schema of a plugin: its tables, ours beside them, and who may do what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "db/postgres_error.h"
#include "tables/compose.h"
#include "tables/plan.h"
#include "tables/postgres_store.h"

#define FORMAT    1
#define SQL_BYTES (256 * 1024)

/* ---- pieces ---- */

static int run_buf(struct pg_tables *t, struct buf *sql, pg_row_fn *each, void *arg,
                   struct error *e)
{
    int result = pg_script(&t->desk, buf_text(sql), each, arg, e);

    buf_release(sql);
    return result;
}

/* Every '@' is the schema's name, every '#' the role's, in quotes. */
static int run_named(struct pg_tables *t, const char *text, struct error *e)
{
    struct buf sql;

    buf_init(&sql, SQL_BYTES);
    for (; *text != '\0'; text++) {
        if (*text == '@')
            compose_name(&sql, t->name);
        else if (*text == '#')
            compose_name(&sql, t->role);
        else
            buf_add_char(&sql, *text);
    }
    return run_buf(t, &sql, NULL, NULL, e);
}

/* ---- the schema ---- */

struct standing {
    bool exists, ours, may_create;
    char user[PG_OUR_NAME], database[PG_OUR_NAME];
};

static int take_standing(void *arg, const struct pg_row *row)
{
    struct standing *s = arg;

    s->exists = pg_boolean(row, 0);
    s->ours = pg_boolean(row, 1);
    s->may_create = pg_boolean(row, 2);
    pg_copy(row, 3, s->user, sizeof s->user);
    pg_copy(row, 4, s->database, sizeof s->database);
    return 0;
}

static int look(struct pg_tables *t, struct standing *out, struct error *e)
{
    struct buf sql;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, "SELECT n.oid IS NOT NULL, coalesce(pg_has_role(n.nspowner, 'USAGE'), false),"
                      " has_database_privilege(current_database(), 'CREATE'), current_user,"
                      " current_database() FROM (SELECT) one LEFT JOIN pg_namespace n"
                      " ON n.nspname = ");
    pg_quote(&sql, t->name);
    return run_buf(t, &sql, take_standing, out, e);
}

static int make_schema(struct pg_tables *t, struct error *e)
{
    struct standing s = {false};

    if (look(t, &s, e) < 0)
        return -1;
    if (s.exists && !s.ours)
        return error_set(
            e, ERROR_STORE_DENIED,
            "PostgreSQL at %s: the schema \"%s\" of plugin '%s' belongs to another user",
            t->desk.where, t->name, t->plugin);
    if (s.exists)
        return 0;
    if (!s.may_create) {
        error_set(e, ERROR_STORE_DENIED,
                  "PostgreSQL at %s: the user '%s' may not make the schema of plugin '%s'",
                  t->desk.where, s.user, t->plugin);
        error_hint(e, "as the database's owner: GRANT CREATE ON DATABASE \"%s\" TO \"%s\"",
                   s.database, s.user);
        return -1;
    }
    return run_named(t, "CREATE SCHEMA @", e);
}

/* The function is how the plugin's connection uses a key in the transaction of its write: the table
 * itself it can neither read nor change. */
static const char make_internal[] =
    "CREATE TABLE IF NOT EXISTS @.orrery_schema(id integer PRIMARY KEY CHECK (id = 1),"
    " format integer NOT NULL, plugin text NOT NULL, declaration text NOT NULL,"
    " applied_at bigint NOT NULL);"
    "CREATE TABLE IF NOT EXISTS @.orrery_key(seq bigserial PRIMARY KEY, key text NOT NULL UNIQUE,"
    " used_at bigint NOT NULL);"
    "CREATE OR REPLACE FUNCTION @.orrery_use_key(wanted text, now_ms bigint, age_ms bigint,"
    " kept bigint) RETURNS boolean LANGUAGE sql SECURITY DEFINER"
    " SET search_path = pg_catalog, pg_temp AS $$"
    " DELETE FROM @.orrery_key WHERE seq IN (SELECT seq FROM @.orrery_key ORDER BY seq LIMIT 16"
    " FOR UPDATE SKIP LOCKED)"
    " AND (used_at < now_ms - age_ms OR seq <= (SELECT max(seq) FROM @.orrery_key) - kept);"
    " WITH made AS (INSERT INTO @.orrery_key(key, used_at) SELECT wanted, now_ms"
    " WHERE NOT EXISTS (SELECT FROM @.orrery_key WHERE key = wanted)"
    " ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) = 1 FROM made $$;"
    "REVOKE ALL ON SCHEMA @ FROM PUBLIC;"
    "REVOKE ALL ON ALL TABLES IN SCHEMA @ FROM PUBLIC;"
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA @ FROM PUBLIC";

struct record {
    long long format;
    char plugin[LIMIT_NAME_BYTES + 1];
};

static int take_record(void *arg, const struct pg_row *row)
{
    struct record *record = arg;

    record->format = pg_integer(row, 0, 0);
    pg_copy(row, 1, record->plugin, sizeof record->plugin);
    return 0;
}

static int check_record(struct pg_tables *t, struct error *e)
{
    struct record record = {0, ""};
    struct buf sql;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, "SELECT format, plugin FROM ");
    compose_name(&sql, t->name);
    buf_add_str(&sql, ".orrery_schema");
    if (run_buf(t, &sql, take_record, &record, e) < 0)
        return -1;
    if (record.format > FORMAT)
        return error_set(
            e, ERROR_STORE_NEWER,
            "PostgreSQL at %s: the tables of plugin '%s' were written by a newer orrery",
            t->desk.where, t->plugin);
    if (record.plugin[0] != '\0' && strcmp(record.plugin, t->plugin) != 0)
        return error_set(e, ERROR_STORE_SCHEMA,
                         "PostgreSQL at %s: the schema \"%s\" holds the tables of plugin '%s'",
                         t->desk.where, t->name, record.plugin);
    return 0;
}

static int record(struct pg_tables *t, struct error *e)
{
    char *text = plan_text(&t->schema);
    struct buf sql;

    buf_init(&sql, SQL_BYTES * 2);
    buf_add_str(&sql, "INSERT INTO ");
    compose_name(&sql, t->name);
    buf_addf(&sql, ".orrery_schema VALUES (1, %d, ", FORMAT);
    pg_quote(&sql, t->plugin);
    buf_add_str(&sql, ", ");
    pg_quote(&sql, text);
    buf_addf(&sql,
             ", %lld) ON CONFLICT (id) DO UPDATE SET format = excluded.format,"
             " declaration = excluded.declaration, applied_at = excluded.applied_at"
             " WHERE orrery_schema.declaration <> excluded.declaration",
             (long long)clock_now_ms(t->clock));
    free(text);
    return run_buf(t, &sql, NULL, NULL, e);
}

/* ---- what is there, for plan.h ---- */

static int run_plan(void *arg, const char *sql, struct error *e)
{
    return pg_script(&((struct pg_tables *)arg)->desk, sql, NULL, NULL, e);
}

static int take_column(void *arg, const struct pg_row *row)
{
    struct found_table *out = arg;
    struct found_column *column = &out->columns[out->count];

    if (out->count == PLAN_COLUMNS)
        return 1;
    out->count++;
    pg_copy(row, 0, column->name, sizeof column->name);
    pg_copy(row, 1, column->type, sizeof column->type);
    column->not_null = pg_boolean(row, 2);
    column->key = (size_t)pg_integer(row, 3, 0);
    return 0;
}

static int find_table(void *arg, const char *name, struct found_table *out, struct error *e)
{
    struct pg_tables *t = arg;
    struct buf sql;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
                      " array_position(i.indkey::int2[], a.attnum) + 1"
                      " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
                      " JOIN pg_namespace n ON n.oid = c.relnamespace"
                      " LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
                      " WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname = ");
    pg_quote(&sql, t->name);
    buf_add_str(&sql, " AND c.relname = ");
    pg_quote(&sql, name);
    buf_add_str(&sql, " ORDER BY a.attnum");
    return run_buf(t, &sql, take_column, out, e);
}

static int take_index(void *arg, const struct pg_row *row)
{
    struct found_indexes *out = arg;

    if (out->count == PLAN_INDEXES)
        return 1;
    pg_copy(row, 0, out->items[out->count].name, sizeof out->items[0].name);
    out->count++;
    return 0;
}

static int find_indexes(void *arg, struct found_indexes *out, struct error *e)
{
    struct pg_tables *t = arg;
    struct buf sql;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, "SELECT indexname FROM pg_indexes WHERE left(indexname, 10) = "
                      "'" PLAN_INDEX_PREFIX "' AND schemaname = ");
    pg_quote(&sql, t->name);
    return run_buf(t, &sql, take_index, out, e);
}

/* ---- rights ---- */

/* First nothing at all, then what is declared: a table that is not any more stays out of reach. */
static int grant(struct pg_tables *t, struct error *e)
{
    struct buf sql;

    if (run_named(t,
                  "REVOKE ALL ON ALL TABLES IN SCHEMA @ FROM #;"
                  "REVOKE ALL ON ALL SEQUENCES IN SCHEMA @ FROM #;"
                  "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA @ FROM #;"
                  "REVOKE ALL ON SCHEMA @ FROM #;"
                  "GRANT USAGE ON SCHEMA @ TO #;"
                  "GRANT EXECUTE ON FUNCTION @.orrery_use_key(text, bigint, bigint, bigint) TO #",
                  e) < 0)
        return -1;
    if (t->schema.count == 0)
        return 0;
    buf_init(&sql, SQL_BYTES);
    for (size_t i = 0; i < t->schema.count; i++) {
        buf_add_str(&sql, i ? ", " : "GRANT SELECT, INSERT, UPDATE, DELETE ON ");
        compose_name(&sql, t->name);
        buf_add_char(&sql, '.');
        compose_name(&sql, t->schema.tables[i].name);
    }
    buf_add_str(&sql, " TO ");
    compose_name(&sql, t->role);
    return run_buf(t, &sql, NULL, NULL, e);
}

static int migrate(struct pg_tables *t, struct error *e)
{
    struct plan_database db = {.is_postgres = true,
                               .where = t->desk.where,
                               .schema = t->name,
                               .arg = t,
                               .run = run_plan,
                               .find_table = find_table,
                               .find_indexes = find_indexes};

    if (make_schema(t, e) < 0 || run_named(t, make_internal, e) < 0 || check_record(t, e) < 0 ||
        plan_apply(&db, &t->schema, e) < 0 || record(t, e) < 0 || grant(t, e) < 0)
        return -1;
    return pg_script(&t->desk, "COMMIT", NULL, NULL, e);
}

int pg_tables_migrate(struct pg_tables *t, struct error *e)
{
    struct error ignored = ERROR_INIT;

    if (pg_script(&t->desk, "BEGIN", NULL, NULL, e) < 0)
        return -1;
    if (migrate(t, e) == 0)
        return 0;
    if (t->desk.conn != NULL)
        pg_script(&t->desk, "ROLLBACK", NULL, NULL, &ignored);
    return -1;
}
