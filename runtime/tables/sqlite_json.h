/*
 * sqlite_json: checks what exec has put into json columns, where SQLite itself would take any text:
 * the rows that a statement changes are noted, and looked at before the commit. Private to tables/.
 */
#ifndef ORRERY_TABLES_SQLITE_JSON_H
#define ORRERY_TABLES_SQLITE_JSON_H

#include <sqlite3.h>
#include <stddef.h>

struct error;
struct table_schema;

struct json_row {
    size_t table; /* of the schema */
    sqlite3_int64 rowid;
};

struct json_watch {
    const struct table_schema *schema;
    sqlite3 *handle;
    struct json_row *rows;
    size_t count, room;
};

/* Begins to note; `watch` stays where it is until the end. */
void sqlite_json_begin(struct json_watch *watch, sqlite3 *handle,
                       const struct table_schema *schema);

/* INVALID for a row with text that is no JSON; SQLite's own result code otherwise: SQLITE_OK, or
 * what interrupted the look. */
int sqlite_json_check(struct json_watch *watch, const char *call, struct error *e);
void sqlite_json_end(struct json_watch *watch);

#endif
