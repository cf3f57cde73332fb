#include "db/postgres_migrate.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "db/postgres_session.h"

static const struct column_spec migration_columns[] = {
    {"component", "text", false},
    {"version", "integer", false},
    {"name", "text", false},
    {"applied_at", "bigint", false},
};
static const struct pg_table migrations = PG_TABLE("schema_migrations", migration_columns);

/* ---- columns ---- */

struct found {
    struct column_spec items[COLUMNS_MAX];
    size_t count;
};

static int take_column(void *arg, const struct pg_row *row)
{
    struct found *found = arg;
    struct column_spec *c = &found->items[found->count];

    if (found->count == COLUMNS_MAX)
        return 1;
    found->count++;
    pg_copy(row, 0, c->name, sizeof c->name);
    pg_copy(row, 1, c->type, sizeof c->type);
    c->nullable = pg_boolean(row, 2);
    return 0;
}

/* What the table has that an unqualified name means; none when there is no such table. */
static int read_columns(struct pg_session *s, const char *table, struct found *found,
                        struct error *e)
{
    char sql[400];

    found->count = 0;
    snprintf(sql, sizeof sql,
             "SELECT attname, format_type(atttypid, atttypmod), NOT attnotnull"
             " FROM pg_attribute WHERE attrelid = to_regclass('%s')"
             " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
             table);
    return pg_script(s, sql, take_column, found, e);
}

static int compare_columns(struct pg_session *s, const struct pg_table *table,
                           const struct found *found, struct error *e)
{
    struct error why = ERROR_INIT;

    if (columns_check(table->name, table->columns, table->count, found->items, found->count,
                      &why) == 0)
        return 0;
    error_prefix(&why, "PostgreSQL at %s: ", s->where);
    *e = why;
    return -1;
}

/* Before they are made (not `must_exist`), somebody else's tables of these names are looked for. */
static int check_tables(struct pg_session *s, const struct pg_component *c, bool must_exist,
                        struct error *e)
{
    struct found found;

    for (size_t i = 0; i < c->table_count; i++)
        if (read_columns(s, c->tables[i].name, &found, e) < 0 ||
            ((must_exist || found.count > 0) && compare_columns(s, &c->tables[i], &found, e) < 0))
            return -1;
    return 0;
}

static int take_lack(void *arg, const struct pg_row *row)
{
    pg_copy(row, 0, arg, 128);
    return 0;
}

/* Said at the start, not at the first commit. */
static int check_rights(struct pg_session *s, const struct pg_component *c, struct error *e)
{
    char lack[128] = "";
    struct buf sql;
    int result;

    buf_init(&sql, 16384);
    buf_add_str(&sql, "SELECT p || ' on ' || t FROM unnest(ARRAY[");
    for (size_t i = 0; i < c->table_count; i++)
        buf_addf(&sql, "%s'%s'", i > 0 ? "," : "", c->tables[i].name);
    buf_add_str(&sql, "]) AS t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p"
                      " WHERE NOT has_table_privilege(t, p) LIMIT 1");
    result = pg_script(s, buf_text(&sql), take_lack, lack, e);
    buf_release(&sql);
    if (result < 0 || lack[0] == '\0')
        return result;
    error_set(e, ERROR_STORE_DENIED, "PostgreSQL at %s lacks a permission: %s", s->where, lack);
    error_hint(e, "GRANT SELECT, INSERT, UPDATE, DELETE, as the owner of the tables");
    return -1;
}

/* ---- migrations ---- */

static int take_number(void *arg, const struct pg_row *row)
{
    *(int64_t *)arg = pg_integer(row, 0, 0);
    return 0;
}

/* 0 when there is nothing of ours. Other programs have a table of this name, too. */
static int read_version(struct pg_session *s, const struct pg_component *c, int *version,
                        struct error *e)
{
    int64_t number = 0;
    struct found found;
    char sql[160];

    if (read_columns(s, migrations.name, &found, e) < 0)
        return -1;
    snprintf(sql, sizeof sql, "SELECT max(version) FROM schema_migrations WHERE component = '%s'",
             c->name);
    if (found.count > 0 && (compare_columns(s, &migrations, &found, e) < 0 ||
                            pg_script(s, sql, take_number, &number, e) < 0))
        return -1;
    *version = (int)number;
    return 0;
}

static int newer(const struct pg_session *s, const struct pg_component *c, int version,
                 struct error *e)
{
    error_set(e, ERROR_STORE_NEWER,
              "PostgreSQL at %s: the %s schema is version %d, this orrery knows up to %d", s->where,
              c->name, version, c->step_count);
    error_hint(e, "it was written by a newer orrery: use that one");
    return -1;
}

static int apply_step(struct pg_session *s, const struct pg_component *c, int version,
                      int64_t now_ms, struct error *e)
{
    const struct migration *step = &c->steps[version];
    struct buf sql;
    int result;

    buf_init(&sql, 65536);
    buf_addf(&sql,
             "CREATE TABLE IF NOT EXISTS schema_migrations("
             " component text NOT NULL, version integer NOT NULL, name text NOT NULL,"
             " applied_at bigint NOT NULL, PRIMARY KEY (component, version));"
             "%s; INSERT INTO schema_migrations VALUES('%s', %d, '%s', %lld); COMMIT",
             step->sql, c->name, step->version, step->name, (long long)now_ms);
    result = pg_script(s, buf_text(&sql), NULL, NULL, e);
    buf_release(&sql);
    if (result < 0)
        error_prefix(e, "migration %d (%s) of the %s schema: ", step->version, step->name, c->name);
    return result;
}

static int roll_back(struct pg_session *s)
{
    struct error ignored = ERROR_INIT;

    return s->conn == NULL ? -1 : pg_script(s, "ROLLBACK", NULL, NULL, &ignored);
}

/* The next step, in a transaction of its own. The version is read under the lock: another daemon
 * may have been first. */
static int migrate_one(struct pg_session *s, const struct pg_component *c, int64_t now_ms,
                       int *version, struct error *e)
{
    if (pg_script(s,
                  "BEGIN ISOLATION LEVEL READ COMMITTED;"
                  "SELECT pg_advisory_xact_lock(" PG_SCHEMA_LOCK ")",
                  NULL, NULL, e) == 0 &&
        read_version(s, c, version, e) == 0) {
        if (*version >= c->step_count)
            return roll_back(s);
        if (apply_step(s, c, *version, now_ms, e) == 0) {
            ++*version;
            return 0;
        }
    }
    roll_back(s);
    return -1;
}

static int ensure_version(struct pg_session *s, const struct pg_component *c, enum store_mode mode,
                          int64_t now_ms, struct error *e)
{
    bool may_make = mode == STORE_CREATE, may_upgrade = mode != STORE_INSPECT;
    int version;

    if (read_version(s, c, &version, e) < 0 ||
        (version == 0 && may_make && check_tables(s, c, false, e) < 0))
        return -1;
    while (version < c->step_count && (may_make || (may_upgrade && version > 0)))
        if (migrate_one(s, c, now_ms, &version, e) < 0)
            return -1;
    if (version > c->step_count)
        return newer(s, c, version, e);
    if (version == c->step_count)
        return 0;
    if (version == 0)
        error_set(e, ERROR_STORE_SCHEMA,
                  "PostgreSQL at %s has no %s tables (schema version %d, expected %d)", s->where,
                  c->name, version, c->step_count);
    else
        error_set(e, ERROR_STORE_SCHEMA,
                  "PostgreSQL at %s: the %s schema is version %d, expected %d", s->where, c->name,
                  version, c->step_count);
    error_hint(e, version == 0 ? "run: orrery db init" : "run: orrery db upgrade");
    return -1;
}

int pg_component_open(struct pg_session *s, const struct pg_component *c, enum store_mode mode,
                      int64_t now_ms, struct error *e)
{
    if (ensure_version(s, c, mode, now_ms, e) < 0 || check_tables(s, c, true, e) < 0)
        return -1;
    return mode == STORE_INSPECT ? 0 : check_rights(s, c, e);
}
