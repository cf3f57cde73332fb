#include "tables/compose.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/value.h"
#include "tables/compose_value.h"
#include "tables/request.h"

#define SQL_BYTES (128 * 1024)

void compose_name(struct buf *sql, const char *name)
{
    buf_add_char(sql, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            buf_add_char(sql, '"');
        buf_add_char(sql, *name);
    }
    buf_add_char(sql, '"');
}

static void add_quoted(struct buf *sql, const char *text)
{
    buf_add_char(sql, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_add_char(sql, '\'');
        buf_add_char(sql, *text);
    }
    buf_add_char(sql, '\'');
}

void compose_literal(struct buf *sql, const struct column *column, bool is_postgres)
{
    char *text;

    if (column->type == COLUMN_TEXT) {
        add_quoted(sql, json_string_value(column->by_default));
        return;
    }
    if (column->type == COLUMN_BOOLEAN && !is_postgres) {
        buf_add_char(sql, json_is_true(column->by_default) ? '1' : '0');
        return;
    }
    text = value_text(column->by_default);
    if (column->type == COLUMN_JSON)
        add_quoted(sql, text);
    else
        buf_add_str(sql, text);
    free(text);
}

static const struct column *find_column(const struct request *r, const char *name,
                                        const char *where, struct error *e)
{
    const char *known[COLUMNS_MAX + 1] = {NULL}, *near;
    const struct column *c = table_column(r->table, name);

    if (c != NULL)
        return c;
    for (size_t i = 0; i < r->table->column_count; i++)
        known[i] = r->table->columns[i].name;
    near = text_nearest(name, known);
    error_set(e, ERROR_INVALID, "%s: %s: '%s' has no column '%.60s'", call_name(r->kind), where,
              r->table->name, name);
    if (near != NULL)
        error_hint(e, "did you mean '%s'?", near);
    return NULL;
}

/* ---- insert and upsert ---- */

static bool is_given(const struct request *r, const struct column *c)
{
    return json_object_get(r->row, c->name) != NULL;
}

/* What the row says, else the default; NULL: neither. */
static const json_t *value_of(const struct request *r, const struct column *c)
{
    const json_t *value = json_object_get(r->row, c->name);

    return value ? value : c->by_default;
}

static int check_row(const struct request *r, struct error *e)
{
    const char *name;
    const json_t *value;

    json_object_foreach((json_t *)r->row, name,
                        value) if (find_column(r, name, "row", e) == NULL) return -1;
    for (size_t i = 0; i < r->table->column_count; i++) {
        const struct column *c = &r->table->columns[i];
        value = value_of(r, c);
        if (c->not_null && (value == NULL || json_is_null(value)))
            return value_wrong(r, c, "a value, as it is not null", value, e);
    }
    return 0;
}

static int add_values(struct statement *s, const struct request *r, struct error *e)
{
    const char *separator = "";

    for (size_t i = 0; i < r->table->column_count; i++) {
        const struct column *c = &r->table->columns[i];
        const json_t *value = value_of(r, c);
        if (value == NULL)
            continue;
        if (json_is_null(value))
            value_next(s);
        else if (value_bind_column(s, r, c, value, e) < 0)
            return -1;
        buf_addf(&s->sql, "%s$%zu", separator, s->bind_count);
        separator = ", ";
    }
    return 0;
}

static void add_columns(struct statement *s, const struct request *r)
{
    const char *separator = "";

    for (size_t i = 0; i < r->table->column_count; i++) {
        if (value_of(r, &r->table->columns[i]) == NULL)
            continue;
        buf_add_str(&s->sql, separator);
        compose_name(&s->sql, r->table->columns[i].name);
        separator = ", ";
    }
}

static void add_key(struct buf *sql, const struct table *t)
{
    for (size_t i = 0; i < t->primary_key.count; i++) {
        buf_add_str(sql, i ? ", " : "");
        compose_name(sql, t->columns[t->primary_key.columns[i]].name);
    }
}

static bool is_of_key(const struct table *t, size_t column)
{
    for (size_t i = 0; i < t->primary_key.count; i++)
        if (t->primary_key.columns[i] == column)
            return true;
    return false;
}

/* What is there keeps the columns that the row does not name. */
static void add_on_conflict(struct statement *s, const struct request *r)
{
    const char *separator = " DO UPDATE SET ";

    buf_add_str(&s->sql, " ON CONFLICT (");
    add_key(&s->sql, r->table);
    buf_add_char(&s->sql, ')');
    for (size_t i = 0; i < r->table->column_count; i++) {
        const char *name = r->table->columns[i].name;
        if (is_of_key(r->table, i) || !is_given(r, &r->table->columns[i]))
            continue;
        buf_add_str(&s->sql, separator);
        compose_name(&s->sql, name);
        buf_add_str(&s->sql, " = excluded.");
        compose_name(&s->sql, name);
        separator = ", ";
    }
    if (separator[0] == ' ')
        buf_add_str(&s->sql, " DO NOTHING");
}

static int compose_insert(const struct request *r, struct statement *s, struct error *e)
{
    bool any = false;

    if (check_row(r, e) < 0)
        return -1;
    for (size_t i = 0; i < r->table->column_count; i++)
        any = any || value_of(r, &r->table->columns[i]) != NULL;
    buf_add_str(&s->sql, "INSERT INTO ");
    compose_name(&s->sql, r->table->name);
    if (!any) {
        buf_add_str(&s->sql, " DEFAULT VALUES");
        return 0;
    }
    buf_add_str(&s->sql, " (");
    add_columns(s, r);
    buf_add_str(&s->sql, ") VALUES (");
    if (add_values(s, r, e) < 0)
        return -1;
    buf_add_char(&s->sql, ')');
    if (r->kind == CALL_UPSERT)
        add_on_conflict(s, r);
    return 0;
}

/* ---- where ---- */

static const char *const operators[] = {"=", "!=", "<", "<=", ">", ">=", NULL};

static int check_operator(const struct request *r, const struct column *c, const char *op,
                          struct error *e)
{
    for (int i = 0; operators[i] != NULL; i++)
        if (strcmp(operators[i], op) == 0 && (c->type != COLUMN_JSON || i < 2))
            return 0;
    return error_set(e, ERROR_INVALID,
                     "%s: where: column '%s': expected an operator of %s, got '%.20s'",
                     call_name(r->kind), c->name,
                     c->type == COLUMN_JSON ? "= != (as it is json)" : "= != < <= > >=", op);
}

static int add_null_condition(struct statement *s, const struct request *r, const struct column *c,
                              const char *op, struct error *e)
{
    if (op[0] != '=' && op[0] != '!')
        return error_set(e, ERROR_INVALID,
                         "%s: where: column '%s': expected a value after %s, got null",
                         call_name(r->kind), c->name, op);
    compose_name(&s->sql, c->name);
    buf_add_str(&s->sql, op[0] == '=' ? " IS NULL" : " IS NOT NULL");
    return 0;
}

/* `count`: conditions before. */
static int add_condition(struct statement *s, const struct request *r, const struct column *c,
                         const char *op, const json_t *value, size_t *count, struct error *e)
{
    if (check_operator(r, c, op, e) < 0)
        return -1;
    if (*count == TABLE_PARAMS_MAX)
        return error_set(e, ERROR_LIMIT, "%s: where: expected at most %d conditions, got more",
                         call_name(r->kind), TABLE_PARAMS_MAX);
    buf_add_str(&s->sql, (*count)++ ? " AND " : " WHERE ");
    if (json_is_null(value))
        return add_null_condition(s, r, c, op, e);
    if (value_bind_column(s, r, c, value, e) < 0)
        return -1;
    if (c->type == COLUMN_JSON) {
        s->binds[s->bind_count - 1].kind = BIND_TEXT;
        buf_add_str(&s->sql, "CAST(");
        compose_name(&s->sql, c->name);
        buf_add_str(&s->sql, " AS TEXT)");
    } else {
        compose_name(&s->sql, c->name);
    }
    buf_addf(&s->sql, " %s $%zu", op, s->bind_count);
    return 0;
}

static int add_conditions(struct statement *s, const struct request *r, const struct column *c,
                          const json_t *value, size_t *count, struct error *e)
{
    const char *op;
    const json_t *operand;

    if (json_is_array(value) && json_array_size(value) == 0)
        return value_wrong(r, c, "a value or a table like { [\">=\"] = value }", value, e);
    if (!json_is_object(value))
        return add_condition(s, r, c, "=", value, count, e);
    if (json_object_size(value) == 0)
        return value_wrong(r, c, "a value or a table like { [\">=\"] = value }", value, e);
    json_object_foreach((json_t *)value, op,
                        operand) if (add_condition(s, r, c, op, operand, count, e) < 0) return -1;
    return 0;
}

static int add_where(struct statement *s, const struct request *r, struct error *e)
{
    const char *name;
    const json_t *value;
    size_t count = 0;

    json_object_foreach((json_t *)r->where, name, value)
    {
        const struct column *c = find_column(r, name, "where", e);
        if (c == NULL || add_conditions(s, r, c, value, &count, e) < 0)
            return -1;
    }
    return 0;
}

/* ---- select ---- */

static int add_names(struct statement *s, const struct request *r, struct error *e)
{
    size_t count = json_array_size(r->names);
    bool seen[COLUMNS_MAX] = {false};

    for (size_t i = 0; i < (count ? count : r->table->column_count); i++) {
        const json_t *item = json_array_get(r->names, i);
        const struct column *c = &r->table->columns[i < r->table->column_count ? i : 0];
        char described[128];
        if (count > 0 &&
            (!json_is_string(item) || strlen(json_string_value(item)) != json_string_length(item)))
            return error_set(e, ERROR_INVALID, "select: columns: expected names of columns, got %s",
                             value_describe(item, described, sizeof described));
        if (count > 0 && (c = find_column(r, json_string_value(item), "columns", e)) == NULL)
            return -1;
        if (seen[c - r->table->columns])
            return error_set(e, ERROR_INVALID,
                             "select: columns: expected each column once, got '%s' twice", c->name);
        seen[c - r->table->columns] = true;
        buf_add_str(&s->sql, i ? ", " : "");
        compose_name(&s->sql, c->name);
    }
    return 0;
}

/* "column", "column asc" or "column desc". */
static int add_order(struct statement *s, const struct request *r, const json_t *item, bool first,
                     struct error *e)
{
    static const char expected[] = "\"column\" or \"column desc\"";
    const char *text = json_string_value(item), *space;
    char name[TABLE_NAME_BYTES + 1], described[128];
    const struct column *c;
    bool down;

    if (text == NULL)
        return error_set(e, ERROR_INVALID, "select: order_by: expected %s, got %s", expected,
                         value_describe(item, described, sizeof described));
    space = strchr(text, ' ');
    down = space != NULL && strcmp(space, " desc") == 0;
    if ((space != NULL && !down && strcmp(space, " asc") != 0) ||
        strlen(text) != json_string_length(item) ||
        (size_t)(space ? space - text : 0) > TABLE_NAME_BYTES)
        return error_set(e, ERROR_INVALID, "select: order_by: expected %s, got %s", expected,
                         value_describe(item, described, sizeof described));
    if (space != NULL) {
        memcpy(name, text, (size_t)(space - text));
        name[space - text] = '\0';
        text = name;
    }
    c = find_column(r, text, "order_by", e);
    if (c == NULL)
        return -1;
    if (c->type == COLUMN_JSON)
        return error_set(e, ERROR_INVALID,
                         "select: order_by: expected a column that has an order, '%s' is json",
                         c->name);
    buf_add_str(&s->sql, first ? " ORDER BY " : ", ");
    compose_name(&s->sql, c->name);
    buf_addf(&s->sql, "%s%s", down ? " DESC" : "",
             c->not_null ? ""
             : down      ? " NULLS LAST"
                         : " NULLS FIRST");
    return 0;
}

static int add_orders(struct statement *s, const struct request *r, struct error *e)
{
    size_t count = json_array_size(r->order_by);

    if (json_is_string(r->order_by))
        return add_order(s, r, r->order_by, true, e);
    if (count > KEY_COLUMNS_MAX)
        return error_set(e, ERROR_LIMIT, "select: order_by: expected at most %d columns, got %zu",
                         KEY_COLUMNS_MAX, count);
    for (size_t i = 0; i < count; i++)
        if (add_order(s, r, json_array_get(r->order_by, i), i == 0, e) < 0)
            return -1;
    return 0;
}

static int compose_select(const struct request *r, struct statement *s, struct error *e)
{
    buf_add_str(&s->sql, "SELECT ");
    if (add_names(s, r, e) < 0)
        return -1;
    buf_add_str(&s->sql, " FROM ");
    compose_name(&s->sql, r->table->name);
    if (add_where(s, r, e) < 0 || add_orders(s, r, e) < 0)
        return -1;
    buf_addf(&s->sql, " LIMIT %zu", r->limit);
    return 0;
}

static int compose_delete(const struct request *r, struct statement *s, struct error *e)
{
    buf_add_str(&s->sql, "DELETE FROM ");
    compose_name(&s->sql, r->table->name);
    return add_where(s, r, e);
}

/* ---- the whole ---- */

static void statement_init(struct statement *s)
{
    buf_init(&s->sql, SQL_BYTES);
    s->bind_count = s->bound_bytes = 0;
}

int compose(const struct request *request, struct statement *out, struct error *e)
{
    statement_init(out);
    if (request->kind == CALL_SELECT)
        return compose_select(request, out, e);
    if (request->kind == CALL_DELETE)
        return compose_delete(request, out, e);
    return compose_insert(request, out, e);
}

int compose_params(const struct request *request, struct statement *out, struct error *e)
{
    statement_init(out);
    buf_add(&out->sql, request->sql, request->sql_len);
    for (size_t i = 0; i < json_array_size(request->params); i++)
        if (value_bind_param(out, request, i + 1, json_array_get(request->params, i), e) < 0)
            return -1;
    return 0;
}

void statement_release(struct statement *statement)
{
    for (size_t i = 0; i < statement->bind_count; i++)
        free(statement->binds[i].owned);
    buf_release(&statement->sql);
}
