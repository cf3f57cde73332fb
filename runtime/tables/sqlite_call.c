/* One call on SQLite: the plugin's statement under guard, within our transaction. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "tables/answer.h"
#include "tables/compose.h"
#include "tables/request.h"
#include "tables/sqlite_json.h"
#include "tables/sqlite_store.h"

#define DISK_SPARE (1024 * 1024) /* bytes: a disk with less is full */

/* ---- errors ---- */

static int full(const struct sqlite_tables *t, const char *call, struct error *e)
{
    error_set(e, ERROR_LIMIT, "%s: the tables of the plugin are full: %llu bytes", call,
              (unsigned long long)t->limits.size_bytes);
    error_hint(e, "delete rows; limits are set in orrery.lua");
    return -1;
}

/* SQLite says the same of a full disk and of its own limit. */
static bool is_disk_full(const struct sqlite_tables *t)
{
    int os = sqlite3_system_errno(t->db->handle);
    struct statvfs fs;

    if (os == ENOSPC || os == EDQUOT)
        return true;
    return statvfs(t->db->path, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < DISK_SPARE;
}

/* What SQLite said of the plugin's statement, which is over with this. */
static int failed(struct sqlite_tables *t, const struct request *r, struct error *e)
{
    sqlite3 *handle = t->db->handle;
    int rc = sqlite3_extended_errcode(handle);
    const char *call = call_name(r->kind), *words = sqlite3_errmsg(handle);

    sqlite_guard_end(&t->guard);
    if (sqlite_guard_verdict(&t->guard, call, e) < 0)
        return -1;
    if (rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_UNIQUE ||
        rc == SQLITE_CONSTRAINT_ROWID)
        return error_set(e, ERROR_CONFLICT, "%s: a row with that key is there already: %s", call,
                         words);
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
        return error_set(e, ERROR_INVALID, "%s: %s", call, words);
    case SQLITE_TOOBIG:
        return error_set(e, ERROR_LIMIT, "%s: a value or a row is too long: %s", call, words);
    case SQLITE_FULL:
        return is_disk_full(t) ? sqlite_db_error(t->db, call, e) : full(t, call, e);
    default:
        return sqlite_db_error(t->db, call, e);
    }
}

/* ---- binding ---- */

static int bind_one(sqlite3_stmt *stmt, int at, const struct bind *b)
{
    switch (b->kind) {
    case BIND_NULL:
        return sqlite3_bind_null(stmt, at);
    case BIND_INTEGER:
    case BIND_BOOLEAN:
        return sqlite3_bind_int64(stmt, at, b->integer);
    case BIND_REAL:
        return sqlite3_bind_double(stmt, at, b->real);
    case BIND_TEXT:
    case BIND_JSON:
        return sqlite3_bind_text64(stmt, at, b->text, b->len, SQLITE_STATIC, SQLITE_UTF8);
    }
    return SQLITE_MISUSE;
}

/* To SQLite $1 is a name; its own number says only in which order they appear. */
static int bind_all(struct sqlite_tables *t, const struct request *r, const struct statement *s,
                    sqlite3_stmt *stmt, struct error *e)
{
    char name[16];

    for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++) {
        const char *found = sqlite3_bind_parameter_name(stmt, i);
        size_t number = 0;
        for (size_t n = 1; n <= s->bind_count && number == 0 && found != NULL; n++) {
            snprintf(name, sizeof name, "$%zu", n);
            number = strcmp(name, found) == 0 ? n : 0;
        }
        if (number == 0)
            return error_set(e, ERROR_INVALID, "%s: expected parameters as $1, $2 …, got '%.20s'",
                             call_name(r->kind), found ? found : "?");
        if (bind_one(stmt, i, &s->binds[number - 1]) != SQLITE_OK)
            return failed(t, r, e);
    }
    return 0;
}

/* Finalised by the caller. Nothing may follow the statement: SQLite has the last word on that. */
static int prepare(struct sqlite_tables *t, const struct request *r, const struct statement *s,
                   sqlite3_stmt **out, struct error *e)
{
    const char *tail = NULL;

    if (sqlite3_prepare_v3(t->db->handle, buf_text(&s->sql), (int)s->sql.len, 0, out, &tail) !=
        SQLITE_OK)
        return failed(t, r, e);
    if (*out == NULL)
        return error_set(e, ERROR_INVALID, "%s: expected a statement, got nothing",
                         call_name(r->kind));
    if (tail < buf_text(&s->sql) + s->sql.len)
        return error_set(e, ERROR_DENIED, "%s: expected one statement, got more",
                         call_name(r->kind));
    if (sqlite3_stmt_isexplain(*out))
        return error_set(e, ERROR_DENIED, "%s: EXPLAIN is out of a plugin's reach",
                         call_name(r->kind));
    if (!call_writes(r->kind) && !sqlite3_stmt_readonly(*out)) {
        error_set(e, ERROR_DENIED, "%s: the statement writes", call_name(r->kind));
        error_hint(e, "exec writes, query reads");
        return -1;
    }
    if (r->kind == CALL_EXEC && sqlite3_stmt_readonly(*out)) {
        error_set(e, ERROR_DENIED, "%s: the statement writes nothing", call_name(r->kind));
        error_hint(e, "query reads, exec writes");
        return -1;
    }
    return bind_all(t, r, s, *out, e);
}

/* ---- rows ---- */

static bool is_declared(sqlite3_stmt *stmt, int column, const char *type)
{
    const char *declared = sqlite3_column_decltype(stmt, column);

    return declared != NULL && strcmp(declared, type) == 0;
}

static json_t *value_of(sqlite3_stmt *stmt, int column, struct error *e)
{
    const char *name = sqlite3_column_name(stmt, column), *text;

    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_NULL:
        return json_null();
    case SQLITE_INTEGER:
        if (is_declared(stmt, column, "BOOLEAN INT"))
            return json_boolean(sqlite3_column_int64(stmt, column) != 0);
        return json_integer(sqlite3_column_int64(stmt, column));
    case SQLITE_FLOAT:
        return answer_real(name, sqlite3_column_double(stmt, column), e);
    case SQLITE_TEXT:
        text = (const char *)sqlite3_column_text(stmt, column);
        if (is_declared(stmt, column, "JSON TEXT"))
            return answer_json(name, text, (size_t)sqlite3_column_bytes(stmt, column), e);
        return answer_text(name, text, (size_t)sqlite3_column_bytes(stmt, column), e);
    default:
        error_set(e, ERROR_INVALID,
                  "column '%.60s' of the result: expected text, a number or null, "
                  "got bytes",
                  name);
        return NULL;
    }
}

static json_t *row_of(sqlite3_stmt *stmt, struct error *e)
{
    json_t *row = json_object();

    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        json_t *value = value_of(stmt, i, e);
        if (value == NULL) {
            json_decref(row);
            return NULL;
        }
        json_object_set_new(row, sqlite3_column_name(stmt, i), value);
    }
    return row;
}

static int check_names(sqlite3_stmt *stmt, struct error *e)
{
    const char *names[ANSWER_COLUMNS];
    int count = sqlite3_column_count(stmt);

    for (int i = 0; i < count && i < ANSWER_COLUMNS; i++)
        names[i] = sqlite3_column_name(stmt, i);
    return answer_check_names(names, (size_t)count, e);
}

static int read_rows(struct sqlite_tables *t, const struct request *r, sqlite3_stmt *stmt,
                     struct answer *answer, struct error *e)
{
    int rc;

    if (check_names(stmt, e) < 0)
        return -1;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        json_t *row = row_of(stmt, e);
        if (row == NULL || answer_add(answer, row, e) < 0)
            return -1;
    }
    return rc == SQLITE_DONE ? 0 : failed(t, r, e);
}

int sqlite_tables_read(struct sqlite_tables *t, const struct request *r, const struct statement *s,
                       json_t **out, struct error *e)
{
    struct answer answer;
    sqlite3_stmt *stmt = NULL;
    int result;

    answer_init(&answer, &t->limits);
    sqlite_guard_begin(&t->guard);
    result = prepare(t, r, s, &stmt, e);
    if (result == 0)
        result = read_rows(t, r, stmt, &answer, e);
    sqlite_guard_end(&t->guard);
    sqlite3_finalize(stmt);
    if (result == 0)
        *out = answer_take(&answer);
    answer_release(&answer);
    return result;
}

/* ---- writing ---- */

/* Forgets the keys that are too many or too old; the oldest first, a few at a time. */
static int trim_keys(struct sqlite_tables *t, int64_t now, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        t->db,
        "DELETE FROM orrery_key WHERE seq IN (SELECT seq FROM orrery_key ORDER BY seq"
        " LIMIT 16) AND (used_at < ?1 OR seq <= (SELECT max(seq) FROM orrery_key) - ?2)",
        e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, now - TABLE_KEYS_AGE_MS);
    sqlite3_bind_int64(stmt, 2, TABLE_KEYS_KEPT);
    return sqlite_db_run(t->db, stmt, e);
}

/* 1: it was used before. */
static int use_key(struct sqlite_tables *t, const struct request *r, struct error *e)
{
    int64_t now = clock_now_ms(t->clock);
    sqlite3_stmt *stmt;

    if (trim_keys(t, now, e) < 0)
        return -1;
    stmt = sqlite_db_prepare(t->db,
                             "INSERT INTO orrery_key(key, used_at) VALUES (?1, ?2)"
                             " ON CONFLICT DO NOTHING",
                             e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, r->key, (int)r->key_len, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, now);
    if (sqlite_db_run(t->db, stmt, e) < 0)
        return -1;
    sqlite3_clear_bindings(stmt);
    return sqlite3_changes(t->db->handle) == 0;
}

/* Rows that RETURNING gives are nobody's. */
static int run(struct sqlite_tables *t, const struct request *r, sqlite3_stmt *stmt,
               struct error *e)
{
    int rc;

    do {
        rc = sqlite3_step(stmt);
    } while (rc == SQLITE_ROW);
    return rc == SQLITE_DONE ? 0 : failed(t, r, e);
}

/* What exec has written is looked at before it is kept. */
static int run_checked(struct sqlite_tables *t, const struct request *r, sqlite3_stmt *stmt,
                       long long *changed, struct error *e)
{
    struct json_watch watch;
    int result;

    sqlite_json_begin(&watch, t->db->handle, &t->schema);
    result = run(t, r, stmt, e);
    *changed = sqlite3_changes(t->db->handle);
    if (result == 0 && r->kind == CALL_EXEC &&
        sqlite_json_check(&watch, call_name(r->kind), e) != SQLITE_OK)
        result = failed(t, r, e);
    sqlite_json_end(&watch);
    return result < 0 || e->code != ERROR_NONE ? -1 : 0;
}

static int guarded_write(struct sqlite_tables *t, const struct request *r,
                         const struct statement *s, long long *changed, struct error *e)
{
    sqlite3_stmt *stmt = NULL;
    int result;

    sqlite_guard_begin(&t->guard);
    result = prepare(t, r, s, &stmt, e);
    if (result == 0)
        result = run_checked(t, r, stmt, changed, e);
    if (result == 0 && sqlite_guard_is_late(&t->guard)) {
        t->guard.ended = GUARD_TIME;
        result = sqlite_guard_verdict(&t->guard, call_name(r->kind), e);
    }
    sqlite_guard_end(&t->guard);
    sqlite3_finalize(stmt);
    return result;
}

static int write_within(struct sqlite_tables *t, const struct request *r, const struct statement *s,
                        long long *changed, struct error *e)
{
    int used = r->key ? use_key(t, r, e) : 0;

    if (used != 0)
        return used;
    return guarded_write(t, r, s, changed, e);
}

int sqlite_tables_write(struct sqlite_tables *t, const struct request *r, const struct statement *s,
                        json_t **answer, struct error *e)
{
    long long changed = 0;
    int result;

    if (sqlite_db_begin(t->db, e) < 0)
        return -1;
    result = write_within(t, r, s, &changed, e);
    if (result == 0 && !t->limits.dry_run)
        result = sqlite_db_commit(t->db, e);
    if (result != 0 || t->limits.dry_run)
        sqlite_db_rollback(t->db);
    if (result < 0)
        return -1;
    *answer = result == 1 ? answer_repeated() : answer_changed(changed);
    return 0;
}
