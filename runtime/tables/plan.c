#include "tables/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/value.h"
#include "tables/compose.h"

#define SQL_BYTES (256 * 1024)

/* ---- the words of each database ---- */

/* SQLite's decide how it converts values (INT, TEXT, REAL in the name), and say of a result's
 * column what it was declared as. */
static const char *type_name(const struct plan_database *db, enum column_type type)
{
    static const char *const sqlite[] = {
        [COLUMN_TEXT] = "TEXT",           [COLUMN_BIGINT] = "BIGINT",  [COLUMN_REAL] = "REAL",
        [COLUMN_BOOLEAN] = "BOOLEAN INT", [COLUMN_JSON] = "JSON TEXT",
    };
    static const char *const postgres[] = {
        [COLUMN_TEXT] = "text",
        [COLUMN_BIGINT] = "bigint",
        [COLUMN_REAL] = "double precision",
        [COLUMN_BOOLEAN] = "boolean",
        [COLUMN_JSON] = "json",
    };

    return db->is_postgres ? postgres[type] : sqlite[type];
}

/* SQLite takes any value in any column; these keep exec from what insert would refuse.
 * (json_valid() is none of the functions that it lets a schema call that it does not trust.) %s:
 * the column. */
static const char *check_text(const struct plan_database *db, enum column_type type)
{
    static const char *const sqlite[] = {
        [COLUMN_TEXT] = "typeof(%s) IN ('text', 'null')",
        [COLUMN_BIGINT] = "typeof(%s) IN ('integer', 'null')",
        [COLUMN_REAL] = "typeof(%s) IN ('real', 'null') AND %s > -9e999 AND %s < 9e999",
        [COLUMN_BOOLEAN] = "typeof(%s) IN ('integer', 'null') AND %s IN (0, 1)",
        [COLUMN_JSON] = "typeof(%s) IN ('text', 'null')",
    };

    if (!db->is_postgres)
        return sqlite[type];
    return type == COLUMN_REAL ? "%s > '-Infinity' AND %s < 'Infinity'" : NULL;
}

static void add_check(struct buf *sql, const struct plan_database *db, const struct column *c)
{
    const char *text = check_text(db, c->type);

    if (text == NULL)
        return;
    buf_add_str(sql, " CHECK (");
    for (; *text != '\0'; text++) {
        if (strncmp(text, "%s", 2) == 0) {
            compose_name(sql, c->name);
            text++;
        } else {
            buf_add_char(sql, *text);
        }
    }
    buf_add_char(sql, ')');
}

static void add_column(struct buf *sql, const struct plan_database *db, const struct column *c)
{
    compose_name(sql, c->name);
    buf_addf(sql, " %s", type_name(db, c->type));
    if (db->is_postgres && c->type == COLUMN_TEXT)
        buf_add_str(sql, " COLLATE \"C\"");
    if (c->not_null)
        buf_add_str(sql, " NOT NULL");
    if (c->by_default != NULL) {
        buf_add_str(sql, " DEFAULT ");
        compose_literal(sql, c, db->is_postgres);
    }
    add_check(sql, db, c);
}

static void add_table_name(struct buf *sql, const struct plan_database *db, const char *name)
{
    if (db->schema != NULL) {
        compose_name(sql, db->schema);
        buf_add_char(sql, '.');
    }
    compose_name(sql, name);
}

static int run(const struct plan_database *db, struct buf *sql, struct error *e)
{
    int result = db->run(db->arg, buf_text(sql), e);

    buf_release(sql);
    return result;
}

/* ---- tables ---- */

static int create_table(const struct plan_database *db, const struct table *t, struct error *e)
{
    struct buf sql;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, "CREATE TABLE ");
    add_table_name(&sql, db, t->name);
    for (size_t i = 0; i < t->column_count; i++) {
        buf_add_str(&sql, i ? ", " : " (");
        add_column(&sql, db, &t->columns[i]);
    }
    for (size_t i = 0; i < t->primary_key.count; i++) {
        buf_add_str(&sql, i ? ", " : ", PRIMARY KEY (");
        compose_name(&sql, t->columns[t->primary_key.columns[i]].name);
    }
    buf_add_str(&sql, t->primary_key.count ? "))" : ")");
    return run(db, &sql, e);
}

static int add_missing_column(const struct plan_database *db, const struct table *t,
                              const struct column *c, struct error *e)
{
    struct buf sql;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, "ALTER TABLE ");
    add_table_name(&sql, db, t->name);
    buf_add_str(&sql, " ADD COLUMN ");
    add_column(&sql, db, c);
    return run(db, &sql, e);
}

/* ---- what differs ---- */

struct differences {
    const struct plan_database *db;
    struct buf text;
    char hint[192]; /* what to do about the first */
};

static void differs(struct differences *d, const char *hint, const char *text)
{
    buf_addf(&d->text, "%s%s", d->text.len ? "; " : "", text);
    if (d->hint[0] == '\0')
        snprintf(d->hint, sizeof d->hint, "%s", hint);
}

static size_t key_position(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->primary_key.count; i++)
        if (strcmp(t->columns[t->primary_key.columns[i]].name, name) == 0)
            return i + 1;
    return 0;
}

static const struct found_column *found_of(const struct found_table *found, const char *name)
{
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->columns[i].name, name) == 0)
            return &found->columns[i];
    return NULL;
}

static void compare_column(struct differences *d, const struct table *t, const struct column *c,
                           const struct found_column *found)
{
    const char *type = type_name(d->db, c->type);
    char text[320], hint[192];

    if (strcmp(found->type, type) != 0) {
        snprintf(text, sizeof text, "column '%s' of '%s' is %s, declared is %s", c->name, t->name,
                 found->type, column_type_name(c->type));
        differs(d, "declare it as it is, or a new column of the new type and copy by exec", text);
    }
    if (found->not_null == c->not_null)
        return;
    snprintf(text, sizeof text, "column '%s' of '%s' is %s, declared is %s", c->name, t->name,
             found->not_null ? "not null" : "without not null",
             c->not_null ? "not null" : "without it");
    snprintf(hint, sizeof hint, "declare it as it is%s",
             d->db->is_postgres ? ", or ALTER TABLE … ALTER COLUMN … SET or DROP NOT NULL by hand"
                                : ", or a new column, and copy by exec");
    differs(d, hint, text);
}

static void compare_missing(struct differences *d, const struct table *t, const struct column *c)
{
    char text[256];

    if (!c->not_null || c->by_default != NULL)
        return;
    snprintf(text, sizeof text,
             "new column '%s' of '%s' is not null and has no default for the rows that are there",
             c->name, t->name);
    differs(d, "give it a default, or leave out not null", text);
}

static void compare_key(struct differences *d, const struct table *t,
                        const struct found_table *found)
{
    bool same = true;
    char text[256];

    for (size_t i = 0; i < found->count; i++)
        same = same && found->columns[i].key == key_position(t, found->columns[i].name);
    for (size_t i = 0; i < t->primary_key.count; i++)
        same = same && found_of(found, t->columns[t->primary_key.columns[i]].name) != NULL;
    if (same)
        return;
    snprintf(text, sizeof text, "table '%s' has another primary key than is declared", t->name);
    differs(d, "declare the key as it was, or a new table with the new key, and copy by exec",
            text);
}

static void compare_table(struct differences *d, const struct table *t,
                          const struct found_table *found)
{
    char text[256], hint[192];

    for (size_t i = 0; i < found->count; i++) {
        const char *name = found->columns[i].name;
        if (table_column(t, name) != NULL)
            continue;
        snprintf(text, sizeof text, "column '%s' of '%s' is not declared any more", name, t->name);
        snprintf(hint, sizeof hint,
                 "declare it again, or drop it by hand: ALTER TABLE %s DROP COLUMN %s", t->name,
                 name);
        differs(d, hint, text);
    }
    for (size_t i = 0; i < t->column_count; i++) {
        const struct found_column *there = found_of(found, t->columns[i].name);
        if (there != NULL)
            compare_column(d, t, &t->columns[i], there);
        else
            compare_missing(d, t, &t->columns[i]);
    }
    compare_key(d, t, found);
}

static int refuse(struct differences *d, struct error *e)
{
    int result = 0;

    if (d->text.len > 0) {
        result =
            error_set(e, ERROR_STORE_SCHEMA, "the declared tables differ, nothing was changed: %s",
                      buf_text(&d->text));
        error_locate(e, d->db->where, 0);
        error_hint(e, "%s", d->hint);
    }
    buf_release(&d->text);
    return result;
}

/* ---- indexes ---- */

static void index_name(const struct table *t, const struct table_index *index,
                       char out[PLAN_NAME_BYTES])
{
    char digest[DIGEST_TEXT_SIZE];
    struct buf text;

    buf_init(&text, 8192);
    buf_add_str(&text, t->name);
    for (size_t i = 0; i < index->count; i++)
        buf_addf(&text, ",%s", t->columns[index->columns[i]].name);
    snprintf(out, PLAN_NAME_BYTES, PLAN_INDEX_PREFIX "%s",
             digest_text(buf_text(&text), text.len, digest));
    buf_release(&text);
}

/* Nulls first: the order that select asks for. */
static int create_index(const struct plan_database *db, const struct table *t,
                        const struct table_index *index, const char *name, struct error *e)
{
    struct buf sql;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, "CREATE INDEX ");
    compose_name(&sql, name);
    buf_add_str(&sql, " ON ");
    add_table_name(&sql, db, t->name);
    for (size_t i = 0; i < index->count; i++) {
        const struct column *c = &t->columns[index->columns[i]];
        buf_add_str(&sql, i ? ", " : " (");
        compose_name(&sql, c->name);
        if (db->is_postgres && !c->not_null)
            buf_add_str(&sql, " NULLS FIRST");
    }
    buf_add_char(&sql, ')');
    return run(db, &sql, e);
}

static int drop_index(const struct plan_database *db, const char *name, struct error *e)
{
    struct buf sql;

    buf_init(&sql, SQL_BYTES);
    buf_add_str(&sql, "DROP INDEX ");
    add_table_name(&sql, db, name);
    return run(db, &sql, e);
}

/* Forgets what is still wanted, so that the rest can go. */
static bool take_index(struct found_indexes *found, const char *name)
{
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->items[i].name, name) == 0) {
            found->items[i] = found->items[--found->count];
            return true;
        }
    return false;
}

static int make_indexes(const struct plan_database *db, const struct table *t,
                        struct found_indexes *found, struct error *e)
{
    char names[INDEXES_MAX][PLAN_NAME_BYTES];

    for (size_t i = 0; i < t->index_count; i++) {
        bool twice = false;
        index_name(t, &t->indexes[i], names[i]);
        for (size_t j = 0; j < i; j++)
            twice = twice || strcmp(names[i], names[j]) == 0;
        if (!twice && !take_index(found, names[i]) &&
            create_index(db, t, &t->indexes[i], names[i], e) < 0)
            return -1;
    }
    return 0;
}

/* Those of undeclared tables go too: they hold no data, and come back with the declaration. */
static int apply_indexes(const struct plan_database *db, const struct table_schema *schema,
                         struct error *e)
{
    struct found_indexes *found = mem_zero(1, sizeof *found);
    int result = db->find_indexes(db->arg, found, e);

    for (size_t i = 0; i < schema->count && result == 0; i++)
        result = make_indexes(db, &schema->tables[i], found, e);
    for (size_t i = 0; i < found->count && result == 0; i++)
        result = drop_index(db, found->items[i].name, e);
    free(found);
    return result;
}

/* ---- the whole ---- */

static int compare_all(const struct plan_database *db, const struct table_schema *schema,
                       struct found_table *found, struct error *e)
{
    struct differences d = {.db = db};

    buf_init(&d.text, 4096);
    for (size_t i = 0; i < schema->count; i++) {
        if (db->find_table(db->arg, schema->tables[i].name, &found[i], e) < 0) {
            buf_release(&d.text);
            return -1;
        }
        if (found[i].count > 0)
            compare_table(&d, &schema->tables[i], &found[i]);
    }
    return refuse(&d, e);
}

static int change(const struct plan_database *db, const struct table *t,
                  const struct found_table *found, struct error *e)
{
    if (found->count == 0)
        return create_table(db, t, e);
    for (size_t i = 0; i < t->column_count; i++)
        if (found_of(found, t->columns[i].name) == NULL &&
            add_missing_column(db, t, &t->columns[i], e) < 0)
            return -1;
    return 0;
}

int plan_apply(const struct plan_database *db, const struct table_schema *schema, struct error *e)
{
    struct found_table *found = mem_zero(schema->count + 1, sizeof *found);
    int result = compare_all(db, schema, found, e);

    for (size_t i = 0; i < schema->count && result == 0; i++)
        result = change(db, &schema->tables[i], &found[i], e);
    if (result == 0)
        result = apply_indexes(db, schema, e);
    free(found);
    return result;
}

static json_t *names_of(const struct table *t, const struct table_index *index)
{
    json_t *names = json_array();

    for (size_t i = 0; i < index->count; i++)
        json_array_append_new(names, json_string(t->columns[index->columns[i]].name));
    return names;
}

static json_t *table_json(const struct table *t)
{
    json_t *columns = json_object(), *indexes = json_object();

    for (size_t i = 0; i < t->column_count; i++) {
        const struct column *c = &t->columns[i];
        json_t *column =
            json_pack("{s:s,s:b}", "type", column_type_name(c->type), "not_null", c->not_null);
        if (c->by_default != NULL)
            json_object_set(column, "default", c->by_default);
        json_object_set_new(columns, c->name, column);
    }
    for (size_t i = 0; i < t->index_count; i++)
        json_object_set_new(indexes, t->indexes[i].name, names_of(t, &t->indexes[i]));
    return json_pack("{s:o,s:o,s:o}", "columns", columns, "primary_key",
                     names_of(t, &t->primary_key), "indexes", indexes);
}

char *plan_text(const struct table_schema *schema)
{
    json_t *tables = json_object();
    char *text;

    for (size_t i = 0; i < schema->count; i++)
        json_object_set_new(tables, schema->tables[i].name, table_json(&schema->tables[i]));
    text = value_text(tables);
    json_decref(tables);
    return text;
}
