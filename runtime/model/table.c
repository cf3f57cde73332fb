/* The declaration of a plugin's tables: see table.h. */
#include "model/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/problem.h"
#include "model/settings.h"
#include "model/table_column.h"
#include "model/table_words.h"

static const struct setting table_settings[] = {
    {.name = "columns", .type = SETTING_OTHER},
    {.name = "primary_key", .type = SETTING_OTHER},
    {.name = "indexes", .type = SETTING_OTHER},
    END_OF_SETTINGS,
};

/* ---- names ---- */

static bool is_spelled_right(const char *name)
{
    static const char rest[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    size_t len = strlen(name);

    return len > 0 && len <= TABLE_NAME_BYTES && strspn(name, rest) == len &&
           (name[0] < '0' || name[0] > '9');
}

bool table_name_valid(const char *name)
{
    return is_spelled_right(name) && !table_word_is_reserved(name);
}

static bool check_spelling(const struct scope *scope, const char *name, const char *what)
{
    if (!is_spelled_right(name)) {
        scope_problem(scope, name, NULL,
                      "expected %s's name of 1 to %d small letters, digits and '_', no digit first",
                      what, TABLE_NAME_BYTES);
        return false;
    }
    if (table_word_is_reserved(name)) {
        scope_problem(scope, name, "add a letter or '_' to it",
                      "expected %s's name, got a word that SQL reserves", what);
        return false;
    }
    return true;
}

static bool check_table_name(const struct scope *scope, const char *name)
{
    const char *prefix = table_word_foreign_prefix(name);

    if (prefix != NULL)
        scope_problem(scope, name, NULL, "expected a table's name that does not begin with %s",
                      prefix);
    return prefix == NULL && check_spelling(scope, name, "a table");
}

static bool check_column_name(const struct scope *scope, const char *name)
{
    if (table_word_is_hidden_column(name)) {
        scope_problem(scope, name, "add a letter or '_' to it",
                      "expected a column's name, got one that every table of SQLite or PostgreSQL "
                      "has already");
        return false;
    }
    return check_spelling(scope, name, "a column");
}

/* The keys of an object, sorted; the caller frees the array. */
static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted_keys(const json_t *object)
{
    const char **keys = mem_zero(json_object_size(object) + 1, sizeof *keys), *key;
    const json_t *value;
    size_t count = 0;

    json_object_foreach((json_t *)object, key, value) keys[count++] = key;
    qsort(keys, count, sizeof *keys, by_text);
    return keys;
}

/* ---- columns ---- */

static void read_column(const struct scope *scope, const char *name, const json_t *value,
                        struct table *out)
{
    struct column *column = &out->columns[out->column_count];
    const char *text = json_string_value(value);

    if (!check_column_name(scope, name))
        return;
    if (text == NULL) {
        scope_expected(scope, name, "text like \"bigint not null\"", value);
        return;
    }
    if (json_string_length(value) > COLUMN_TEXT_MAX ||
        !text_is_printable(text, json_string_length(value))) {
        scope_problem(scope, name, NULL,
                      "expected text of at most %d bytes without control characters",
                      COLUMN_TEXT_MAX);
        return;
    }
    if (!table_column_read(scope, name, text, column))
        return;
    memcpy(column->name, name, strlen(name) + 1);
    out->column_count++;
}

static void read_columns(const struct scope *scope, const json_t *json, struct table *out)
{
    const json_t *columns = scope_table(scope, json, "columns");
    struct scope inner = scope_enter(scope, "columns");
    size_t count = json_object_size(columns);
    const char **keys;

    if (json_object_get(json, "columns") != NULL && columns == NULL)
        return;
    if (count == 0 || count > COLUMNS_MAX) {
        scope_problem(scope, "columns",
                      count ? NULL : "for example: columns = { asset = \"text not null\" }",
                      "expected 1 to %d columns, got %zu", COLUMNS_MAX, count);
        return;
    }
    out->columns = mem_zero(count, sizeof *out->columns);
    keys = sorted_keys(columns);
    for (size_t i = 0; i < count; i++)
        read_column(&inner, keys[i], json_object_get(columns, keys[i]), out);
    free(keys);
}

/* ---- keys and indexes ---- */

static size_t position(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return i;
    return table->column_count;
}

/* One that is declared, but wrongly, has had its problem already. */
static void no_such_column(const struct scope *scope, const char *key, const json_t *declared,
                           const struct table *table, const char *name)
{
    const char *known[COLUMNS_MAX + 1] = {NULL}, *near;
    char hint[TABLE_NAME_BYTES + 32];

    if (json_object_get(declared, name) != NULL)
        return;
    for (size_t i = 0; i < table->column_count; i++)
        known[i] = table->columns[i].name;
    near = text_nearest(name, known);
    snprintf(hint, sizeof hint, "did you mean '%s'?", near ? near : "");
    scope_problem(scope, key, near ? hint : NULL, "expected a column of the table, got '%.60s'",
                  name);
}

static void read_key_column(const struct scope *scope, const char *key, const json_t *declared,
                            const struct table *table, const json_t *item, struct table_index *out)
{
    const char *name = json_string_value(item);
    size_t at;

    if (name == NULL || strlen(name) != json_string_length(item)) {
        scope_expected(scope, key, "names of columns", item);
        return;
    }
    at = position(table, name);
    if (at == table->column_count) {
        no_such_column(scope, key, declared, table, name);
        return;
    }
    for (size_t i = 0; i < out->count; i++)
        if (out->columns[i] == at) {
            scope_problem(scope, key, NULL, "expected each column once, got '%s' twice", name);
            return;
        }
    if (table->columns[at].type == COLUMN_JSON)
        scope_problem(scope, key, NULL, "expected columns that can be compared, '%s' is json",
                      name);
    else
        out->columns[out->count++] = at;
}

/* `columns`: an array of names. */
static void read_key(const struct scope *scope, const char *key, const json_t *declared,
                     const struct table *table, const json_t *columns, struct table_index *out)
{
    const json_t *item;
    size_t index, count = json_array_size(columns);

    if (count == 0 || count > KEY_COLUMNS_MAX) {
        if (json_is_array(columns))
            scope_problem(scope, key, NULL, "expected 1 to %d names of columns, got %zu",
                          KEY_COLUMNS_MAX, count);
        else
            scope_expected(scope, key, "an array of names of columns", columns);
        return;
    }
    json_array_foreach(columns, index, item)
        read_key_column(scope, key, declared, table, item, out);
}

static void read_primary_key(const struct scope *scope, const json_t *json, struct table *out)
{
    const json_t *key = json_object_get(json, "primary_key");

    if (key == NULL)
        return;
    read_key(scope, "primary_key", json_object_get(json, "columns"), out, key, &out->primary_key);
    for (size_t i = 0; i < out->primary_key.count; i++)
        out->columns[out->primary_key.columns[i]].not_null = true;
}

static void read_indexes(const struct scope *scope, const json_t *json, struct table *out)
{
    const json_t *indexes = scope_table(scope, json, "indexes");
    struct scope inner = scope_enter(scope, "indexes");
    size_t count = json_object_size(indexes);
    const char **keys;

    if (count > INDEXES_MAX)
        scope_problem(scope, "indexes", NULL, "expected at most %d indexes, got %zu", INDEXES_MAX,
                      count);
    if (count == 0 || count > INDEXES_MAX)
        return;
    out->indexes = mem_zero(count, sizeof *out->indexes);
    keys = sorted_keys(indexes);
    for (size_t i = 0; i < count; i++) {
        struct table_index *index = &out->indexes[out->index_count];
        if (!check_spelling(&inner, keys[i], "an index"))
            continue;
        memcpy(index->name, keys[i], strlen(keys[i]) + 1);
        out->index_count++;
        read_key(&inner, keys[i], json_object_get(json, "columns"), out,
                 json_object_get(indexes, keys[i]), index);
    }
    free(keys);
}

/* ---- tables ---- */

static void read_table(const struct scope *schema, const char *name, const json_t *json,
                       struct table *out)
{
    struct scope scope = scope_enter(schema, name);

    if (!check_table_name(schema, name))
        return;
    if (!settings_is_table(json)) {
        scope_expected(schema, name, "a table like { columns = { … }, primary_key = { … } }", json);
        return;
    }
    memcpy(out->name, name, strlen(name) + 1);
    settings_check_keys(&scope, json, table_settings);
    read_columns(&scope, json, out);
    read_primary_key(&scope, json, out);
    read_indexes(&scope, json, out);
}

static void read_tables(const struct scope *outer, const json_t *declaration,
                        struct table_schema *out)
{
    struct scope scope = scope_enter(outer, "schema");
    size_t count = json_object_size(declaration);
    const char **keys;

    if (count > TABLES_MAX) {
        scope_problem(&scope, NULL, NULL, "expected at most %d tables, got %zu", TABLES_MAX, count);
        return;
    }
    out->tables = count ? mem_zero(count, sizeof *out->tables) : NULL;
    keys = sorted_keys(declaration);
    for (; out->count < count; out->count++)
        read_table(&scope, keys[out->count], json_object_get(declaration, keys[out->count]),
                   &out->tables[out->count]);
    free(keys);
}

int table_schema_read(const struct scope *outer, const json_t *declaration,
                      struct table_schema *out)
{
    size_t before = outer->problems->errors;

    *out = (struct table_schema){0};
    if (declaration == NULL || (json_is_array(declaration) && json_array_size(declaration) == 0))
        return 0;
    if (!settings_is_table(declaration))
        scope_expected(outer, "schema", "a table with names of tables as keys", declaration);
    else
        read_tables(outer, declaration, out);
    if (outer->problems->errors == before)
        return 0;
    table_schema_release(out);
    return -1;
}

int table_schema_parse(const json_t *declaration, struct table_schema *out,
                       struct problems *problems)
{
    struct scope scope;

    scope_init(&scope, NULL, NULL, problems);
    return table_schema_read(&scope, declaration, out);
}

void table_schema_release(struct table_schema *schema)
{
    for (size_t t = 0; t < schema->count; t++) {
        for (size_t c = 0; c < schema->tables[t].column_count; c++)
            json_decref(schema->tables[t].columns[c].by_default);
        free(schema->tables[t].columns);
        free(schema->tables[t].indexes);
    }
    free(schema->tables);
    *schema = (struct table_schema){0};
}

/* ---- looking up ---- */

const struct table *table_find(const struct table_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->tables[i].name, name) == 0)
            return &schema->tables[i];
    return NULL;
}

const struct column *table_column(const struct table *table, const char *name)
{
    size_t at = position(table, name);

    return at < table->column_count ? &table->columns[at] : NULL;
}
