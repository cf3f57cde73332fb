#include "journal/journal_ranges.h"

#include <stdbool.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/mem.h"
#include "db/sqlite_db.h"

#define GOING_ON INT64_MAX

/* The open range of a plugin; version 0: it has none. */
struct current {
    UT_hash_handle hh;
    int64_t plugin, version, first;
};

struct journal_ranges {
    struct sqlite_db *db;
    struct current *plugins;
};

struct journal_ranges *journal_ranges_new(struct sqlite_db *db)
{
    struct journal_ranges *ranges = mem_zero(1, sizeof *ranges);

    ranges->db = db;
    return ranges;
}

void journal_ranges_forget(struct journal_ranges *ranges)
{
    struct current *each, *next;

    HASH_ITER(hh, ranges->plugins, each, next)
    {
        HASH_DEL(ranges->plugins, each);
        free(each);
    }
}

void journal_ranges_free(struct journal_ranges *ranges)
{
    if (ranges == NULL)
        return;
    journal_ranges_forget(ranges);
    free(ranges);
}

static int load_current(struct journal_ranges *ranges, struct current *current, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(ranges->db,
                                           "SELECT version, first FROM version_ranges"
                                           " WHERE plugin = ?1 AND last = 9223372036854775807",
                                           e);
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, current->plugin);
    rc = sqlite_db_step(ranges->db, stmt, e);
    if (rc < 0)
        return -1;
    if (rc == 1) {
        current->version = sqlite3_column_int64(stmt, 0);
        current->first = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    return 0;
}

static struct current *need(struct journal_ranges *ranges, int64_t plugin, struct error *e)
{
    struct current *found;

    HASH_FIND(hh, ranges->plugins, &plugin, sizeof plugin, found);
    if (found != NULL)
        return found;
    found = mem_zero(1, sizeof *found);
    found->plugin = plugin;
    if (load_current(ranges, found, e) != 0) {
        free(found);
        return NULL;
    }
    HASH_ADD(hh, ranges->plugins, plugin, sizeof found->plugin, found);
    return found;
}

static int run_with(struct journal_ranges *ranges, const char *sql, const int64_t *values,
                    struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(ranges->db, sql, e);

    if (stmt == NULL)
        return -1;
    for (int i = 0; i < sqlite3_bind_parameter_count(stmt); i++)
        sqlite3_bind_int64(stmt, i + 1, values[i]);
    return sqlite_db_run(ranges->db, stmt, e);
}

static int add_range(struct journal_ranges *ranges, int64_t version, int64_t plugin, int64_t first,
                     int64_t last, struct error *e)
{
    static const char sql[] = "INSERT OR REPLACE INTO version_ranges VALUES(?1, ?2, ?3, ?4)";

    return run_with(ranges, sql, (int64_t[]){version, plugin, first, last}, e);
}

/* Whether a range of an earlier version has the id already: 1, 0 or -1. */
static int is_covered(struct journal_ranges *ranges, int64_t version, int64_t plugin, int64_t id,
                      struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(ranges->db,
                          "SELECT 1 FROM version_ranges WHERE version = ?1 AND plugin = ?2"
                          " AND first <= ?3 AND last >= ?3 LIMIT 1",
                          e);
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, version);
    sqlite3_bind_int64(stmt, 2, plugin);
    sqlite3_bind_int64(stmt, 3, id);
    rc = sqlite_db_step(ranges->db, stmt, e);
    if (rc == 1)
        sqlite3_reset(stmt);
    return rc;
}

/* A deployment: the range that was open ends with the greatest id there is. */
static int switch_to(struct journal_ranges *ranges, struct current *current, int64_t version,
                     int64_t id, struct error *e)
{
    static const char close_range[] =
        "UPDATE version_ranges SET last = max(?4, (SELECT max(id) FROM runs))"
        " WHERE version = ?1 AND plugin = ?2 AND first = ?3";

    if (current->version != 0 &&
        run_with(ranges, close_range,
                 (int64_t[]){current->version, current->plugin, current->first, id}, e) != 0)
        return -1;
    if (add_range(ranges, version, current->plugin, id, GOING_ON, e) != 0)
        return -1;
    current->version = version;
    current->first = id;
    return 0;
}

/* A run that waited: the range begins earlier than it was thought to. */
static int begin_earlier(struct journal_ranges *ranges, struct current *current, int64_t id,
                         struct error *e)
{
    static const char sql[] = "UPDATE OR REPLACE version_ranges SET first = ?4"
                              " WHERE version = ?1 AND plugin = ?2 AND first = ?3";

    if (run_with(ranges, sql, (int64_t[]){current->version, current->plugin, current->first, id},
                 e) != 0)
        return -1;
    current->first = id;
    return 0;
}

int journal_ranges_saw(struct journal_ranges *ranges, int64_t plugin, int64_t version, uint64_t id,
                       struct error *e)
{
    struct current *current;
    int covered;

    if (version == 0)
        return 0;
    current = need(ranges, plugin, e);
    if (current == NULL)
        return -1;
    if (current->version == version)
        return (int64_t)id >= current->first ? 0 : begin_earlier(ranges, current, (int64_t)id, e);
    covered = is_covered(ranges, version, plugin, (int64_t)id, e);
    if (covered != 0)
        return covered < 0 ? -1 : 0;
    if (current->version != 0 && (int64_t)id < current->first)
        return add_range(ranges, version, plugin, (int64_t)id, (int64_t)id, e);
    return switch_to(ranges, current, version, (int64_t)id, e);
}

/* Rows come by plugin, from the greatest `last`; one that touches the one before becomes part of
 * it.
 */
static void append(struct version_range **out, size_t *count, size_t *capacity,
                   const struct version_range *range)
{
    struct version_range *last = *count > 0 ? &(*out)[*count - 1] : NULL;

    if (last != NULL && last->plugin == range->plugin && range->last >= last->first) {
        if (range->first < last->first)
            last->first = range->first;
        return;
    }
    if (*count == *capacity) {
        *capacity = *capacity > 0 ? 2 * *capacity : 8;
        *out = mem_resize(*out, *capacity * sizeof **out);
    }
    (*out)[(*count)++] = *range;
}

int journal_ranges_load(struct journal_ranges *ranges, int64_t version, int64_t plugin,
                        struct version_range **out, size_t *count, struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(ranges->db,
                          "SELECT plugin, first, last FROM version_ranges WHERE version = ?1"
                          " AND (?2 = 0 OR plugin = ?2) ORDER BY plugin, last DESC",
                          e);
    struct version_range *found = NULL;
    size_t capacity = 0;
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, version);
    sqlite3_bind_int64(stmt, 2, plugin);
    *count = 0;
    while ((rc = sqlite_db_step(ranges->db, stmt, e)) == 1) {
        struct version_range range = {sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
                                      sqlite3_column_int64(stmt, 2)};
        append(&found, count, &capacity, &range);
    }
    if (rc < 0) {
        free(found);
        return -1;
    }
    *out = found;
    return 0;
}

int journal_ranges_trim(struct journal_ranges *ranges, uint64_t oldest, struct error *e)
{
    return run_with(ranges, "DELETE FROM version_ranges WHERE last < ?1",
                    (int64_t[]){(int64_t)oldest}, e);
}
