/* Any value as a declaration of tables: names that are safe in SQL, or problems that say why. */
#include "fuzz/fuzz.h"

#include "model/problem.h"
#include "model/table.h"
#include "model/value.h"

static const char declaration[] =
    "{\"a\":{\"columns\":{\"x\":\"text not null default 'x'\",\"y\":\"bigint default 5\","
    "\"z\":\"real\",\"j\":\"json default '{}'\",\"b\":\"boolean default true\"},"
    "\"primary_key\":[\"x\",\"y\"],\"indexes\":{\"i\":[\"z\"],\"k\":[\"b\",\"x\"]}},"
    "\"b\":{\"columns\":{\"x\":\"text\"}}}";

static const char *const words[] = {
    "columns", "primary_key", "indexes", "x",      "y",          "text",
    "bigint",  "real",        "default", "select", "\"; drop",   "a\x1b[31m",
    "pg_x",    "rowid",       "",        "X",      "not null '", NULL,
};

static const char *const texts[] = {"text not null default 'it''s'", "bigint default -5 not null",
                                    "json default '{\"a\":[1]}'", "boolean default true"};
static const char *const pieces[] = {"'",    "''",  " ",    "null", "not ", "default ",
                                     "text", "9e9", "--",   ";",    "real", "json",
                                     "\t",   "é",   "true", "(",    "\xff", NULL};

static void check_index(const struct table *t, const struct table_index *index)
{
    FUZZ_CHECK(index->count <= KEY_COLUMNS_MAX);
    for (size_t i = 0; i < index->count; i++)
        FUZZ_CHECK(index->columns[i] < t->column_count);
}

static void check_table(const struct table *t)
{
    FUZZ_CHECK(table_name_valid(t->name) && t->column_count > 0);
    for (size_t i = 0; i < t->column_count; i++) {
        FUZZ_CHECK(table_name_valid(t->columns[i].name));
        FUZZ_CHECK(table_column(t, t->columns[i].name) == &t->columns[i]);
        FUZZ_CHECK(!json_is_null(t->columns[i].by_default));
    }
    check_index(t, &t->primary_key);
    for (size_t i = 0; i < t->index_count; i++)
        check_index(t, &t->indexes[i]);
}

static void check(const json_t *json)
{
    struct problems list = {0};
    struct table_schema schema;
    int result = table_schema_parse(json, &schema, &list);

    FUZZ_CHECK((result == 0) == (list.errors == 0));
    for (size_t i = 0; i < schema.count; i++) {
        check_table(&schema.tables[i]);
        FUZZ_CHECK(table_find(&schema, schema.tables[i].name) == &schema.tables[i]);
    }
    for (size_t i = 0; i < list.count; i++)
        for (const char *c = list.items[i].message; *c != '\0'; c++)
            FUZZ_CHECK((unsigned char)*c >= 0x20);
    problems_release(&list);
    table_schema_release(&schema);
}

static void one(struct random *r)
{
    struct error e = ERROR_INIT;
    json_t *base = value_parse(declaration, strlen(declaration), SIZE_MAX, &e);
    json_t *json = fuzz_json(r, base, words, 4 + fuzz_below(r, 60));
    struct buf text;

    check(json);
    json_decref(json);
    fuzz_text(r, texts, sizeof texts / sizeof texts[0], pieces, &text);
    json = json_stringn(buf_text(&text), text.len);
    if (json != NULL) {
        json_object_set_new(json_object_get(json_object_get(base, "a"), "columns"), "x", json);
        check(base);
    }
    buf_release(&text);
    json_decref(base);
}

int main(void)
{
    return fuzz_run(20000, one);
}
