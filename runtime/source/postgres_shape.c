/*
 * Whether a table can be read by its cursor: there is such a table and column, no value stands
 * twice, none is missing, and what fills the column by itself does so in order.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "source/postgres_source.h"

struct shape {
    bool found, has_column, not_null, unique, has_payload, has_id;
    char kind;
    char type[80], fills[200];
    int64_t cache;
};

static const char shape_sql[] =
    "SELECT c.relkind, a.attnum IS NOT NULL, format_type(a.atttypid, NULL), a.attnotnull,"
    " EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid"
    "  AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum AND i.indpred IS NULL),"
    " $3::text IS NULL OR EXISTS (SELECT 1 FROM pg_attribute p WHERE p.attrelid = c.oid"
    "  AND p.attname = $3::text AND p.attnum > 0 AND NOT p.attisdropped),"
    " $4::text IS NULL OR EXISTS (SELECT 1 FROM pg_attribute p WHERE p.attrelid = c.oid"
    "  AND p.attname = $4::text AND p.attnum > 0 AND NOT p.attisdropped),"
    " (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid"
    "  AND d.adnum = a.attnum),"
    " (SELECT max(q.seqcache) FROM pg_depend x JOIN pg_sequence q ON q.seqrelid = x.objid"
    "  WHERE x.refobjid = c.oid AND x.refobjsubid = a.attnum"
    "  AND x.classid = 'pg_class'::regclass AND x.refclassid = 'pg_class'::regclass)"
    " FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2::text"
    "  AND a.attnum > 0 AND NOT a.attisdropped WHERE c.oid = to_regclass($1::text)";

static int take_shape(void *arg, const struct pg_row *row)
{
    struct shape *shape = arg;
    char kind[4];

    shape->found = true;
    pg_copy(row, 0, kind, sizeof kind);
    shape->kind = kind[0];
    shape->has_column = pg_boolean(row, 1);
    pg_copy(row, 2, shape->type, sizeof shape->type);
    shape->not_null = pg_boolean(row, 3);
    shape->unique = pg_boolean(row, 4);
    shape->has_payload = pg_boolean(row, 5);
    shape->has_id = pg_boolean(row, 6);
    pg_copy(row, 7, shape->fills, sizeof shape->fills);
    shape->cache = pg_integer(row, 8, 1);
    return 0;
}

static const char *find_type(const char *type)
{
    static const char *const known[] = {"bigint",
                                        "integer",
                                        "smallint",
                                        "numeric",
                                        "text",
                                        "character varying",
                                        "uuid",
                                        "timestamp with time zone",
                                        "timestamp without time zone"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], type) == 0)
            return known[i];
    return NULL;
}

/* Values that fill a column by themselves, but are no order of arrival. */
static const char *find_disorder(const char *fills)
{
    static const char *const bad[][2] = {
        {"clock_timestamp()", NULL},
        {"statement_timestamp()", "the time at which a statement began"},
        {"now()", "the time at which a transaction began"},
        {"CURRENT_TIMESTAMP", "the time at which a transaction began"},
        {"LOCALTIMESTAMP", "the time at which a transaction began"},
        {"transaction_timestamp()", "the time at which a transaction began"},
        {"gen_random_uuid()", "random"},
        {"uuid_generate_v4()", "random"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (strstr(fills, bad[i][0]) != NULL)
            return bad[i][1];
    return NULL;
}

static int wrong(const struct pg_source *s, const char *hint, struct error *e, const char *what)
{
    error_set(e, ERROR_STORE_SCHEMA, "PostgreSQL at %s: table %s: %s", s->session.where,
              buf_text(&s->table), what);
    if (hint != NULL)
        error_hint(e, "%s", hint);
    return -1;
}

static int no_column(const struct pg_source *s, const char *column, struct error *e)
{
    char what[120];

    snprintf(what, sizeof what, "it has no column \"%s\"", column);
    return wrong(s, "reading goes on when the column is back", e, what);
}

static int check_columns(const struct pg_source *s, const struct shape *shape, struct error *e)
{
    if (!shape->found)
        return wrong(s,
                     "reading goes on when it is back; names are exact: `Trades` is not `trades`",
                     e, "there is no such table");
    if (shape->kind != 'r' && shape->kind != 'p')
        return wrong(s, "name the table itself", e, "it is a view or a foreign table");
    if (!shape->has_column)
        return no_column(s, s->config.cursor_column, e);
    if (!shape->has_payload)
        return no_column(s, s->config.payload_column, e);
    return shape->has_id ? 0 : no_column(s, s->config.id_column, e);
}

static int check_cursor(const struct pg_source *s, const struct shape *shape, struct error *e)
{
    const char *disorder = find_disorder(shape->fills);
    char what[320];

    snprintf(what, sizeof what, "its column %s ", buf_text(&s->column));
    if (find_type(shape->type) == NULL) {
        snprintf(what + strlen(what), sizeof what - strlen(what), "is of type %s", shape->type);
        return wrong(s,
                     "a cursor is a bigint, integer, smallint, numeric, text, varchar, uuid or "
                     "timestamp",
                     e, what);
    }
    if (!shape->unique || !shape->not_null) {
        snprintf(what + strlen(what), sizeof what - strlen(what),
                 "is not unique and not null: rows could be missed");
        return wrong(s,
                     "a cursor needs NOT NULL and a unique index of its own (bigint GENERATED "
                     "ALWAYS AS IDENTITY PRIMARY KEY)",
                     e, what);
    }
    if (disorder != NULL) {
        snprintf(what + strlen(what), sizeof what - strlen(what),
                 "is filled by %.60s, which is %s: rows could be missed", shape->fills, disorder);
        return wrong(s, "use a bigint identity, or clock_timestamp()", e, what);
    }
    if (shape->cache > 1) {
        snprintf(what + strlen(what), sizeof what - strlen(what),
                 "has a sequence with CACHE %lld: its values are not handed out in order, rows "
                 "could be missed",
                 (long long)shape->cache);
        return wrong(s, "ALTER SEQUENCE ... CACHE 1", e, what);
    }
    return 0;
}

int pg_table_examine(struct pg_source *s, struct error *e)
{
    const char *const values[] = {buf_text(&s->table), s->config.cursor_column,
                                  s->config.payload_column, s->config.id_column};
    struct shape shape = {0};

    if (pg_query(&s->session, PG_NOT_PREPARED, shape_sql, 4, values, take_shape, &shape, e) < 0 ||
        check_columns(s, &shape, e) < 0 || check_cursor(s, &shape, e) < 0)
        return -1;
    s->type = find_type(shape.type);
    return 0;
}
