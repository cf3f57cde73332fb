/* Reading runs: one, and lists of them, newest first.
 *
 * A page costs what it shows, never what lies between: children and open runs come from tables of
 * their own, and plugins, statuses and versions from the slots in which they occur
 * (journal_tally.h, journal_ranges.h), which are walked from the newest until the page is full. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "journal/journal_parts.h"
#include "journal/journal_sqlite.h"

static void read_run(sqlite3_stmt *stmt, struct run *run)
{
    memset(run, 0, sizeof *run);
    run->id = (uint64_t)sqlite3_column_int64(stmt, 0);
    journal_copy_at(stmt, 1, run->plugin, sizeof run->plugin);
    run->status = journal_status_of(sqlite3_column_int(stmt, 2));
    journal_copy_at(stmt, 3, run->vault, sizeof run->vault);
    run->trigger = journal_trigger_of(sqlite3_column_int(stmt, 4));
    run->dry_run = sqlite3_column_int(stmt, 5) != 0;
    run->attempts = (uint32_t)sqlite3_column_int64(stmt, 6);
    run->depth = (uint32_t)sqlite3_column_int64(stmt, 7);
    journal_copy_at(stmt, 8, run->version, sizeof run->version);
    run->cpu_us = (uint32_t)sqlite3_column_int64(stmt, 9);
    run->scheduled_ms = sqlite3_column_int64(stmt, 10);
    run->started_ms = sqlite3_column_int64(stmt, 11);
    run->finished_ms = sqlite3_column_int64(stmt, 12);
    run->seed = (uint64_t)sqlite3_column_int64(stmt, 13);
    run->parent = (uint64_t)sqlite3_column_int64(stmt, 14);
    run->topic = journal_text_at(stmt, 15);
    run->reason = journal_text_at(stmt, 16);
    run->payload = journal_text_at(stmt, 17);
    run->error = journal_text_at(stmt, 18);
    run->actions = journal_text_at(stmt, 19);
    run->result = journal_text_at(stmt, 20);
    run->logs = journal_text_at(stmt, 21);
    run->commit_us = sqlite3_column_int64(stmt, 22);
    run->deadline_ms = sqlite3_column_int64(stmt, 23);
    run->timed_out = sqlite3_column_int(stmt, 24) != 0;
    run->metadata = journal_text_at(stmt, 25);
    run->spans = journal_text_at(stmt, 26);
    run->seen = journal_text_at(stmt, 27);
}

int journal_sqlite_walk_runs(struct sqlite_db *db, sqlite3_stmt *stmt, run_fn *each, void *arg,
                             struct error *e)
{
    struct run run;
    int rc;

    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        read_run(stmt, &run);
        rc = each(arg, &run);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

int journal_sqlite_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db, JOURNAL_RUN_COLUMNS " r.seen FROM runs r WHERE r.id = ?1", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    return journal_sqlite_walk_runs(db, stmt, each, arg, e);
}

/* A list under way. Numbers are those of the tables; 0: any. */
struct listing {
    struct journal_sqlite *journal;
    int64_t plugin, version, parent;
    int status;
    int64_t low, high;     /* of ids, both included */
    int64_t offset, limit; /* still to be skipped, and given */
    run_fn *each;
    void *arg;
    int64_t given; /* by the last statement */
};

static int64_t clamp(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int give_one(void *arg, const struct run *run)
{
    struct listing *list = arg;

    list->given++;
    return list->each(list->arg, run);
}

#define PAGE " ORDER BY r.id DESC LIMIT ?7 OFFSET ?8"
#define MATCHES                                                                                    \
    " r.id BETWEEN ?1 AND ?2 AND (?3 = 0 OR r.plugin = ?3) AND (?4 = 0 OR r.status = ?4)"          \
    " AND (?5 = 0 OR r.version = ?5)"
#define FROM_RUNS JOURNAL_RUN_COLUMNS " NULL FROM runs r WHERE"

static void bind_listing(sqlite3_stmt *stmt, const struct listing *list, int64_t low, int64_t high)
{
    sqlite3_bind_int64(stmt, 1, low);
    sqlite3_bind_int64(stmt, 2, high);
    sqlite3_bind_int64(stmt, 3, list->plugin);
    sqlite3_bind_int(stmt, 4, list->status);
    sqlite3_bind_int64(stmt, 5, list->version);
}

/* One statement that gives the whole page, or what a slot has of it. */
static int give_page(struct listing *list, const char *sql, int64_t low, int64_t high,
                     struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(list->journal->db, sql, e);

    if (stmt == NULL)
        return -1;
    bind_listing(stmt, list, low, high);
    if (list->parent != 0)
        sqlite3_bind_int64(stmt, 6, list->parent);
    sqlite3_bind_int64(stmt, 7, list->limit);
    sqlite3_bind_int64(stmt, 8, list->offset);
    list->given = 0;
    return journal_sqlite_walk_runs(list->journal->db, stmt, give_one, list, e);
}

/* How many of a slot's runs match: those that a page's offset skips. */
static int skip_slot(struct listing *list, int64_t low, int64_t high, int64_t *found,
                     struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        list->journal->db, "SELECT count(*) FROM (SELECT 1 FROM runs r WHERE" MATCHES " LIMIT ?6)",
        e);

    if (stmt == NULL)
        return -1;
    bind_listing(stmt, list, low, high);
    sqlite3_bind_int64(stmt, 6, list->offset);
    return journal_one_row(list->journal->db, stmt, found, 1, e) < 0 ? -1 : 0;
}

static int give_slot(struct listing *list, int64_t low, int64_t high, struct error *e)
{
    int64_t skipped = 0;
    int rc;

    if (list->offset > 0) {
        if (skip_slot(list, low, high, &skipped, e) != 0)
            return -1;
        if (skipped < list->offset) {
            list->offset -= skipped;
            return 0;
        }
    }
    rc = give_page(list, FROM_RUNS MATCHES PAGE, low, high, e);
    list->offset = 0;
    list->limit -= list->given;
    return rc;
}

/* ---- slots ---- */

/* Where one plugin (0: all) may have what is wanted: its ranges of ids from the newest, and the
 * newest slot in them that is not given yet; -1: none is left. */
struct stream {
    int64_t plugin;
    const struct version_range *ranges;
    size_t count;
    int64_t slot;
};

static int newest_slot(struct listing *list, int64_t plugin, int64_t at_most, int64_t *slot,
                       struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(list->journal->db,
                                           "SELECT slot FROM run_slots WHERE plugin = ?1"
                                           " AND status = ?2 AND slot <= ?3"
                                           " ORDER BY slot DESC LIMIT 1",
                                           e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_int64(stmt, 1, plugin);
    sqlite3_bind_int(stmt, 2, list->status);
    sqlite3_bind_int64(stmt, 3, at_most);
    *slot = -1;
    return journal_one_row(list->journal->db, stmt, slot, 1, e) < 0 ? -1 : 0;
}

/* Moves a stream to its newest slot at or below `at_most`. */
static int advance(struct listing *list, struct stream *stream, int64_t at_most, struct error *e)
{
    while (stream->count > 0) {
        const struct version_range *range = stream->ranges;
        int64_t top = (range->last < list->high ? range->last : list->high) >> JOURNAL_SLOT_SHIFT;
        int64_t low = (range->first > list->low ? range->first : list->low) >> JOURNAL_SLOT_SHIFT;

        if (newest_slot(list, stream->plugin, top < at_most ? top : at_most, &stream->slot, e) != 0)
            return -1;
        if (stream->slot >= low)
            return 0;
        stream->ranges++;
        stream->count--;
    }
    stream->slot = -1;
    return 0;
}

static int64_t newest(const struct stream *streams, size_t count)
{
    int64_t slot = -1;

    for (size_t i = 0; i < count; i++)
        if (streams[i].slot > slot)
            slot = streams[i].slot;
    return slot;
}

static int walk_slots(struct listing *list, struct stream *streams, size_t count, struct error *e)
{
    int64_t slot;
    int rc = 0;

    for (size_t i = 0; i < count; i++)
        if (advance(list, &streams[i], INT64_MAX, e) != 0)
            return -1;
    while (list->limit > 0 && (slot = newest(streams, count)) >= 0) {
        int64_t low = slot << JOURNAL_SLOT_SHIFT;
        int64_t high = low | (((int64_t)1 << JOURNAL_SLOT_SHIFT) - 1);

        rc = give_slot(list, low > list->low ? low : list->low,
                       high < list->high ? high : list->high, e);
        for (size_t i = 0; rc == 0 && i < count; i++)
            if (streams[i].slot == slot)
                rc = advance(list, &streams[i], slot - 1, e);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* One stream per plugin that ran as the version. */
static int list_version(struct listing *list, struct error *e)
{
    struct version_range *ranges = NULL;
    struct stream *streams;
    size_t count = 0, plugins = 0;
    int rc;

    if (journal_ranges_load(list->journal->ranges, list->version, list->plugin, &ranges, &count,
                            e) != 0)
        return -1;
    streams = mem_zero(count + 1, sizeof *streams);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || ranges[i].plugin != ranges[i - 1].plugin)
            streams[plugins++] = (struct stream){ranges[i].plugin, &ranges[i], 0, -1};
        streams[plugins - 1].count++;
    }
    rc = walk_slots(list, streams, plugins, e);
    free(streams);
    free(ranges);
    return rc;
}

/* ---- what is asked for ---- */

static int list_any(struct listing *list, struct error *e)
{
    static const char all[] = FROM_RUNS " r.id BETWEEN ?1 AND ?2" PAGE;
    static const char children[] = JOURNAL_RUN_COLUMNS
        " NULL FROM run_children c CROSS JOIN runs r ON r.id = c.run"
        " WHERE c.parent = ?6 AND c.run BETWEEN ?1 AND ?2 AND r.parent = ?6 AND" MATCHES
        " ORDER BY c.run DESC LIMIT ?7 OFFSET ?8";
    static const char open_ones[] = JOURNAL_RUN_COLUMNS
        " NULL FROM open_runs o CROSS JOIN runs r ON r.id = o.id"
        " WHERE o.id BETWEEN ?1 AND ?2 AND" MATCHES " ORDER BY o.id DESC LIMIT ?7 OFFSET ?8";
    const struct version_range whole = {0, 0, INT64_MAX};
    struct stream one = {list->plugin, &whole, 1, -1};

    if (list->parent != 0)
        return give_page(list, children, list->low, list->high, e);
    if (list->status >= JOURNAL_OPEN_CODES)
        return give_page(list, open_ones, list->low, list->high, e);
    if (list->version != 0)
        return list_version(list, e);
    if (list->plugin == 0 && list->status == 0)
        return give_page(list, all, list->low, list->high, e);
    return walk_slots(list, &one, 1, e);
}

/* 1, or 0 when the name occurs nowhere. */
static int number_of(struct listing *list, const char *name, int64_t *number, struct error *e)
{
    if (name == NULL)
        return 1;
    if (journal_names_find(list->journal->names, name, number, e) != 0)
        return -1;
    return *number != 0;
}

int journal_sqlite_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each,
                             void *arg, struct error *e)
{
    struct listing list = {.journal = journal_sqlite_of(j),
                           .parent = (int64_t)filter->parent,
                           .offset = clamp(filter->offset),
                           .limit = clamp(filter->limit),
                           .each = each,
                           .arg = arg};
    int rc;

    if (!journal_filter_ids(filter, &list.low, &list.high))
        return 0;
    if (filter->status >= 0)
        list.status = journal_status_code((enum run_status)filter->status);
    rc = number_of(&list, filter->plugin, &list.plugin, e);
    if (rc == 1)
        rc = number_of(&list, filter->version, &list.version, e);
    return rc == 1 ? list_any(&list, e) : rc;
}
