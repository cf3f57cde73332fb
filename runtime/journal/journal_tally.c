#include "journal/journal_tally.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "db/sqlite_db.h"

#define CODES 16 /* status codes in use are far below */

/* Of one plugin; plugin 0 is all of them together (it has slots only). Index 0 of `slots` is any
 * status. */
struct plugin_tally {
    UT_hash_handle hh;
    int64_t plugin;
    int64_t slots[CODES]; /* the last written; -1: none */
    uint64_t added[CODES];
    bool dirty;
    struct plugin_tally *next_dirty;
};

struct journal_tally {
    struct sqlite_db *db;
    struct plugin_tally *plugins;
    struct plugin_tally *dirty;
    int64_t totals[TOTAL_COUNT]; /* not written yet */
};

static const char *const total_names[TOTAL_COUNT] = {
    [TOTAL_TRIMMED] = "trimmed",
    [TOTAL_SNAPSHOTS] = "snapshots",
    [TOTAL_SNAPSHOT_BYTES] = "snapshot_bytes",
};

struct journal_tally *journal_tally_new(struct sqlite_db *db)
{
    struct journal_tally *tally = mem_zero(1, sizeof *tally);

    tally->db = db;
    return tally;
}

void journal_tally_forget(struct journal_tally *tally)
{
    struct plugin_tally *each, *next;

    HASH_ITER(hh, tally->plugins, each, next)
    {
        HASH_DEL(tally->plugins, each);
        free(each);
    }
    tally->dirty = NULL;
    memset(tally->totals, 0, sizeof tally->totals);
}

void journal_tally_free(struct journal_tally *tally)
{
    if (tally == NULL)
        return;
    journal_tally_forget(tally);
    free(tally);
}

static struct plugin_tally *need(struct journal_tally *tally, int64_t plugin)
{
    struct plugin_tally *found;

    HASH_FIND(hh, tally->plugins, &plugin, sizeof plugin, found);
    if (found == NULL) {
        found = mem_zero(1, sizeof *found);
        found->plugin = plugin;
        memset(found->slots, 0xff, sizeof found->slots);
        HASH_ADD(hh, tally->plugins, plugin, sizeof found->plugin, found);
    }
    return found;
}

static int mark_slot(struct journal_tally *tally, struct plugin_tally *plugin, int code,
                     int64_t slot, struct error *e)
{
    sqlite3_stmt *stmt;

    if (plugin->slots[code] == slot)
        return 0;
    plugin->slots[code] = slot;
    stmt = sqlite_db_prepare(tally->db, "INSERT OR IGNORE INTO run_slots VALUES(?1, ?2, ?3)", e);
    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, plugin->plugin);
    sqlite3_bind_int(stmt, 2, code);
    sqlite3_bind_int64(stmt, 3, slot);
    return sqlite_db_run(tally->db, stmt, e);
}

int journal_tally_add(struct journal_tally *tally, int64_t plugin, uint64_t id, int code,
                      struct error *e)
{
    struct plugin_tally *own = need(tally, plugin);
    int64_t slot = (int64_t)(id >> JOURNAL_SLOT_SHIFT);

    own->added[code]++;
    if (!own->dirty) {
        own->dirty = true;
        own->next_dirty = tally->dirty;
        tally->dirty = own;
    }
    if (mark_slot(tally, own, 0, slot, e) != 0 || mark_slot(tally, own, code, slot, e) != 0)
        return -1;
    return mark_slot(tally, need(tally, 0), code, slot, e);
}

int journal_tally_mark(struct journal_tally *tally, int64_t plugin, uint64_t id, struct error *e)
{
    return mark_slot(tally, need(tally, plugin), 0, (int64_t)(id >> JOURNAL_SLOT_SHIFT), e);
}

void journal_tally_total(struct journal_tally *tally, enum journal_total total, int64_t more)
{
    tally->totals[total] += more;
}

static int write_total(struct journal_tally *tally, int total, struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(tally->db, "UPDATE totals SET value = value + ?2 WHERE name = ?1", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, total_names[total], -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, tally->totals[total]);
    if (sqlite_db_run(tally->db, stmt, e) != 0)
        return -1;
    tally->totals[total] = 0;
    return 0;
}

static int write_count(struct journal_tally *tally, struct plugin_tally *plugin, int code,
                       struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(tally->db,
                          "INSERT INTO run_counts VALUES(?1, ?2, ?3)"
                          " ON CONFLICT DO UPDATE SET count = count + excluded.count",
                          e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, plugin->plugin);
    sqlite3_bind_int(stmt, 2, code);
    sqlite3_bind_int64(stmt, 3, (int64_t)plugin->added[code]);
    if (sqlite_db_run(tally->db, stmt, e) != 0)
        return -1;
    plugin->added[code] = 0;
    return 0;
}

int journal_tally_flush(struct journal_tally *tally, struct error *e)
{
    struct plugin_tally *plugin;

    while ((plugin = tally->dirty) != NULL) {
        for (int code = 0; code < CODES; code++)
            if (plugin->added[code] != 0 && write_count(tally, plugin, code, e) != 0)
                return -1;
        tally->dirty = plugin->next_dirty;
        plugin->dirty = false;
    }
    for (int total = 0; total < (int)TOTAL_COUNT; total++)
        if (tally->totals[total] != 0 && write_total(tally, total, e) != 0)
            return -1;
    return 0;
}
