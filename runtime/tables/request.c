#include "tables/request.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/value.h"
#include "tables/tables.h"

static const char *const call_names[] = {
    [CALL_INSERT] = "insert",
    [CALL_UPSERT] = "upsert",
    [CALL_SELECT] = "select",
    [CALL_DELETE] = "delete",
    [CALL_QUERY] = "query",
    [CALL_EXEC] = "exec",
    NULL,
};

/* The keys that each call has besides "call". */
static const char *const call_keys[][7] = {
    [CALL_INSERT] = {"table", "row", "key", NULL},
    [CALL_UPSERT] = {"table", "row", "key", NULL},
    [CALL_SELECT] = {"table", "where", "order_by", "limit", "columns", NULL},
    [CALL_DELETE] = {"table", "where", "key", NULL},
    [CALL_QUERY] = {"sql", "params", NULL},
    [CALL_EXEC] = {"sql", "params", "key", NULL},
};

const char *call_name(enum call_kind kind)
{
    return call_names[kind];
}

bool call_writes(enum call_kind kind)
{
    return kind != CALL_SELECT && kind != CALL_QUERY;
}

static int expected(struct error *e, const struct request *r, const char *key, const char *what,
                    const json_t *value)
{
    char described[128];

    return error_set(e, ERROR_INVALID, "%s: %s: expected %s, got %s", call_name(r->kind), key, what,
                     value_describe(value, described, sizeof described));
}

static bool is_empty_array(const json_t *value)
{
    return json_is_array(value) && json_array_size(value) == 0;
}

static int read_kind(const json_t *call, struct request *out, struct error *e)
{
    const char *name = json_string_value(json_object_get(call, "call"));

    for (int i = 0; name != NULL && call_names[i] != NULL; i++)
        if (strcmp(call_names[i], name) == 0) {
            out->kind = (enum call_kind)i;
            return 0;
        }
    return error_set(e, ERROR_INVALID,
                     "expected a call of insert, upsert, select, delete, query or exec");
}

static int check_keys(const struct request *r, const json_t *call, struct error *e)
{
    const char *const *known = call_keys[r->kind], *key;
    const json_t *value;

    json_object_foreach((json_t *)call, key, value)
    {
        bool ok = strcmp(key, "call") == 0;
        for (size_t i = 0; known[i] != NULL && !ok; i++)
            ok = strcmp(known[i], key) == 0;
        if (!ok) {
            const char *near = text_nearest(key, known);
            error_set(e, ERROR_INVALID, "%s: unknown option '%.60s'", call_name(r->kind), key);
            if (near != NULL)
                error_hint(e, "did you mean '%s'?", near);
            return -1;
        }
    }
    return 0;
}

static int read_table(const json_t *call, const struct table_schema *schema, struct request *out,
                      struct error *e)
{
    const json_t *value = json_object_get(call, "table");
    const char *name = json_string_value(value), *known[TABLES_MAX + 1] = {NULL}, *near;

    if (name == NULL || strlen(name) != json_string_length(value))
        return expected(e, out, "table", "the name of a table", value);
    out->table = table_find(schema, name);
    if (out->table != NULL)
        return 0;
    for (size_t i = 0; i < schema->count; i++)
        known[i] = schema->tables[i].name;
    near = text_nearest(name, known);
    error_set(e, ERROR_INVALID, "%s: the plugin declares no table '%.60s'", call_name(out->kind),
              name);
    if (near != NULL)
        error_hint(e, "did you mean '%s'?", near);
    else if (schema->count == 0)
        error_hint(e, "the strategy declares its tables under `schema`");
    return -1;
}

/* Lua has one empty table: [] is {} where an object is expected, and nothing where a list is. */
static int read_object(const json_t *call, const char *key, const char *what,
                       const struct request *r, const json_t **out, struct error *e)
{
    const json_t *value = json_object_get(call, key);

    if (value != NULL && !json_is_object(value) && !is_empty_array(value))
        return expected(e, r, key, what, value);
    *out = value;
    return 0;
}

static int read_limit(const json_t *call, const struct tables_limits *limits, struct request *out,
                      struct error *e)
{
    const json_t *value = json_object_get(call, "limit");
    json_int_t limit = json_integer_value(value);
    char described[128];

    out->limit = limits->rows + 1; /* one more shows that there are too many */
    if (value == NULL)
        return 0;
    if (!json_is_integer(value) || limit < 0 || (uint64_t)limit > limits->rows)
        return error_set(e, ERROR_INVALID,
                         "select: limit: expected an integer from 0 to %zu, got %s", limits->rows,
                         value_describe(value, described, sizeof described));
    out->limit = (size_t)limit;
    return 0;
}

static int read_select(const json_t *call, const struct tables_limits *limits, struct request *out,
                       struct error *e)
{
    out->order_by = json_object_get(call, "order_by");
    out->names = json_object_get(call, "columns");
    if (out->order_by != NULL && !json_is_string(out->order_by) && !json_is_array(out->order_by))
        return expected(e, out, "order_by", "\"column\", \"column desc\" or an array of these",
                        out->order_by);
    if (out->names != NULL && !json_is_array(out->names))
        return expected(e, out, "columns", "an array of names of columns", out->names);
    return read_limit(call, limits, out, e);
}

static int read_where(const json_t *call, struct request *out, struct error *e)
{
    if (read_object(call, "where", "a table like { column = value }", out, &out->where, e) < 0)
        return -1;
    if (out->kind != CALL_DELETE || json_object_size(out->where) > 0)
        return 0;
    error_set(e, ERROR_INVALID, "delete: where: expected at least one condition, got none");
    error_hint(e, "to delete all rows: ctx.db:exec(\"DELETE FROM %s\")", out->table->name);
    return -1;
}

static int read_row(const json_t *call, struct request *out, struct error *e)
{
    const json_t *row = json_object_get(call, "row");

    if (row == NULL || is_empty_array(row) || !json_is_object(row)) {
        if (!is_empty_array(row))
            return expected(e, out, "row", "a table like { column = value }", row);
    }
    out->row = row;
    if (out->kind == CALL_UPSERT && out->table->primary_key.count == 0)
        return error_set(
            e, ERROR_INVALID,
            "upsert: expected a table with a primary key, '%s' is declared without one",
            out->table->name);
    return 0;
}

static int read_sql(const json_t *call, struct request *out, struct error *e)
{
    const json_t *sql = json_object_get(call, "sql"), *params = json_object_get(call, "params");

    if (!json_is_string(sql))
        return expected(e, out, "sql", "SQL text", sql);
    out->sql = json_string_value(sql);
    out->sql_len = json_string_length(sql);
    if (out->sql_len > TABLE_SQL_BYTES)
        return error_set(e, ERROR_LIMIT, "%s: sql: expected at most %d bytes, got %zu",
                         call_name(out->kind), TABLE_SQL_BYTES, out->sql_len);
    if (strlen(out->sql) != out->sql_len)
        return error_set(e, ERROR_INVALID, "%s: sql: expected SQL text, got one with a NUL in it",
                         call_name(out->kind));
    if (params != NULL && !json_is_array(params) &&
        json_object_size(params) + json_is_object(params) != 1)
        return expected(e, out, "params", "an array of values", params);
    if (json_array_size(params) > TABLE_PARAMS_MAX)
        return error_set(e, ERROR_LIMIT, "%s: params: expected at most %d, got %zu",
                         call_name(out->kind), TABLE_PARAMS_MAX, json_array_size(params));
    out->params = json_is_array(params) ? params : NULL;
    return 0;
}

static int read_key(const json_t *call, struct request *out, struct error *e)
{
    const json_t *key = json_object_get(call, "key");

    if (key == NULL)
        return 0;
    out->key = json_string_value(key);
    out->key_len = json_string_length(key);
    if (out->key == NULL)
        return expected(e, out, "key", "text of 1 to 128 bytes", key);
    if (out->key_len == 0 || out->key_len > TABLE_KEY_BYTES)
        return error_set(e, ERROR_INVALID, "%s: key: expected text of 1 to %d bytes, got %zu",
                         call_name(out->kind), TABLE_KEY_BYTES, out->key_len);
    if (strlen(out->key) != out->key_len)
        return error_set(e, ERROR_INVALID, "%s: key: expected text, got one with a NUL in it",
                         call_name(out->kind));
    return 0;
}

static int read_parts(const json_t *call, const struct table_schema *schema,
                      const struct tables_limits *limits, struct request *r, struct error *e)
{
    if (r->kind == CALL_QUERY || r->kind == CALL_EXEC)
        return read_sql(call, r, e);
    if (read_table(call, schema, r, e) < 0)
        return -1;
    if (r->kind == CALL_INSERT || r->kind == CALL_UPSERT)
        return read_row(call, r, e);
    if (read_where(call, r, e) < 0)
        return -1;
    return r->kind == CALL_SELECT ? read_select(call, limits, r, e) : 0;
}

int request_read(const json_t *call, const struct table_schema *schema,
                 const struct tables_limits *limits, struct request *out, struct error *e)
{
    struct request r = {0};

    if (read_kind(call, &r, e) < 0 || check_keys(&r, call, e) < 0 ||
        read_parts(call, schema, limits, &r, e) < 0 || read_key(call, &r, e) < 0)
        return -1;
    *out = r;
    return 0;
}
