#include "tables/sqlite_guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "db/sqlite_memory.h"
#include "model/table.h"
#include "tables/answer.h"
#include "tables/sqlite_functions.h"
#include "tables/tables.h"

/* A program is looked at every so many instructions, where it jumps back. What stands in a line
 * is executed to its end: so it may not have many functions, and none may take long. */
#define INSTRUCTIONS 25
#define CALLS        100

/* Sorting, recursion and the like happen in memory, not in files. */
#define MEMORY_BYTES (64LL * 1024 * 1024)

/* ---- the authorizer ---- */

static int deny(struct sqlite_guard *g, const char *what, const char *name)
{
    if (g->denied[0] == '\0')
        snprintf(g->denied, sizeof g->denied, "%s%s%.80s%s", what, name ? " '" : "",
                 name ? name : "", name ? "'" : "");
    return SQLITE_DENY;
}

static bool is_hidden(const struct sqlite_guard *g, const char *name)
{
    static const char *const prefixes[] = {"sqlite_", "pragma_", "orrery_"};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    for (size_t i = 0; i < g->hidden_count; i++)
        if (strcasecmp(name, g->hidden[i]) == 0)
            return true;
    return false;
}

/* `column` is "" when none of the table's are used: only then is the question asked also of names
 * that the statement has made itself (WITH name AS …), which have no database. */
static int judge_table(struct sqlite_guard *g, const char *table, const char *column,
                       const char *database)
{
    bool is_main = database == NULL || strcmp(database, "main") == 0;

    if (is_main && table != NULL &&
        (table_find(g->schema, table) != NULL || strcmp(table, "json_each") == 0 ||
         strcmp(table, "json_tree") == 0))
        return SQLITE_OK;
    if (table != NULL && database == NULL && column != NULL && column[0] == '\0' &&
        !is_hidden(g, table))
        return SQLITE_OK;
    return deny(g, "the table", table ? table : "");
}

static int judge_function(struct sqlite_guard *g, const char *name)
{
    if (!sqlite_function_is_allowed(name))
        return deny(g, "the function", name);
    if (++g->calls <= CALLS)
        return SQLITE_OK;
    g->ended = GUARD_CALLS;
    return SQLITE_DENY;
}

static const char *action_name(int action)
{
    switch (action) {
    case SQLITE_ATTACH:
        return "ATTACH";
    case SQLITE_DETACH:
        return "DETACH";
    case SQLITE_PRAGMA:
        return "PRAGMA";
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return "a transaction of its own";
    default:
        return "a change of the schema";
    }
}

static int authorize(void *arg, int action, const char *first, const char *second,
                     const char *database, const char *trigger)
{
    struct sqlite_guard *g = arg;

    (void)trigger;
    if (!g->on)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return judge_table(g, first, second, database);
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return judge_table(g, first, NULL, database);
    case SQLITE_FUNCTION:
        return judge_function(g, second);
    default:
        return deny(g, action_name(action), NULL);
    }
}

/* ---- time and memory ---- */

bool sqlite_guard_is_late(const struct sqlite_guard *g)
{
    return clock_mono_ns(g->clock) - g->begun_ns >= g->time_ms * 1000000;
}

bool sqlite_guard_look(struct sqlite_guard *g)
{
    if (!g->on)
        return false;
    if (sqlite_guard_is_late(g))
        g->ended = GUARD_TIME;
    else if (sqlite_memory_used() - g->memory_before > MEMORY_BYTES)
        g->ended = GUARD_MEMORY;
    return g->ended != GUARD_RUNS;
}

static int look(void *arg)
{
    return sqlite_guard_look(arg);
}

void sqlite_guard_begin(struct sqlite_guard *g)
{
    g->ended = GUARD_RUNS;
    g->denied[0] = '\0';
    g->calls = 0;
    g->begun_ns = clock_mono_ns(g->clock);
    g->memory_before = sqlite_memory_used();
    g->on = true;
}

void sqlite_guard_end(struct sqlite_guard *g)
{
    g->on = false;
}

int sqlite_guard_verdict(const struct sqlite_guard *g, const char *call, struct error *e)
{
    if (g->ended == GUARD_TIME)
        return error_set(e, ERROR_DEADLINE, "%s: took longer than %lld ms", call,
                         (long long)g->time_ms);
    if (g->ended == GUARD_MEMORY)
        return error_set(e, ERROR_LIMIT, "%s: needs more than %lld bytes of memory", call,
                         MEMORY_BYTES);
    if (g->ended == GUARD_CALLS)
        return error_set(e, ERROR_LIMIT, "%s: expected at most %d calls of functions, got more",
                         call, CALLS);
    if (g->denied[0] == '\0')
        return 0;
    error_set(e, ERROR_DENIED, "%s: %s is out of a plugin's reach", call, g->denied);
    error_hint(e, "docs/tables.md says what is within");
    return -1;
}

/* ---- limits ---- */

static void set_limits(sqlite3 *handle)
{
    static const struct {
        int which, value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, TABLE_CALL_BYTES + 65536},
        {SQLITE_LIMIT_SQL_LENGTH, 2 * TABLE_SQL_BYTES},
        {SQLITE_LIMIT_COLUMN, ANSWER_COLUMNS},
        {SQLITE_LIMIT_EXPR_DEPTH, 200},
        {SQLITE_LIMIT_COMPOUND_SELECT, 50},
        {SQLITE_LIMIT_VDBE_OP, 100000},
        {SQLITE_LIMIT_FUNCTION_ARG, 32},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256},
        {SQLITE_LIMIT_VARIABLE_NUMBER, TABLE_PARAMS_MAX},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 0},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        sqlite3_limit(handle, limits[i].which, limits[i].value);
}

static int read_hidden(struct sqlite_guard *g, sqlite3 *handle, struct error *e)
{
    static const char sql[] = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
                              " UNION SELECT name FROM pragma_module_list";
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);

    while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        g->hidden = mem_resize(g->hidden, (g->hidden_count + 1) * sizeof *g->hidden);
        g->hidden[g->hidden_count++] = mem_strdup((const char *)sqlite3_column_text(stmt, 0));
    }
    if (sqlite3_finalize(stmt) == SQLITE_OK && rc == SQLITE_OK)
        return 0;
    return error_set(e, ERROR_STORE, "cannot list the tables: %s", sqlite3_errmsg(handle));
}

void sqlite_guard_release(struct sqlite_guard *g)
{
    for (size_t i = 0; i < g->hidden_count; i++)
        free(g->hidden[i]);
    free(g->hidden);
}

int sqlite_guard_install(struct sqlite_guard *g, sqlite3 *handle, struct error *e)
{
    if (read_hidden(g, handle, e) < 0)
        return -1;
    set_limits(handle);
    sqlite3_progress_handler(handle, INSTRUCTIONS, look, g);
    if (sqlite3_set_authorizer(handle, authorize, g) == SQLITE_OK)
        return 0;
    return error_set(e, ERROR_INTERNAL, "SQLite takes no authorizer");
}
