/*
 * db_tables: one plugin's own tables, open: its lane of the pool, and what is known of how they do.
 *
 * Opening brings the tables to the declaration; a refused declaration is told to `opened`. When the
 * database is away that is no failure of the plugin: the next call opens them, and says what is
 * wrong until it can.
 *
 * All on the loop; the handle itself (tables/tables.h) is the pool's threads'.
 */
#ifndef ORRERY_CORE_DB_TABLES_H
#define ORRERY_CORE_DB_TABLES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "core/db_pool.h"
#include "model/table.h"

struct engine;
struct manifest;
struct plugin;
struct tables;

struct db_stats {
    uint64_t calls, errors;
    double latency_us; /* of a call that was worked on, moving average */
    char last_error[320];
};

struct db_tables {
    struct engine *engine;
    char *url, *label, *plugin;
    struct db_lane *lane;
    struct table_schema schema;
    json_t *declaration; /* own copy: what `schema` shares with it belongs to the pool's threads */
    struct db_stats stats;
    bool dry_run;          /* as its strategy */
    struct tables *handle; /* a thread's, while a task of the lane is under way; NULL: not open */
};

/* For a manifest with a schema. -1: CONFIG (the URL), or the pool's threads could not be started.
 */
int db_tables_new(const struct plugin *plugin, const char *url, const struct manifest *manifest,
                  struct db_tables **out, struct error *e);

/* Frees it once everything pushed before is done; NULL is legal. */
void db_tables_close(struct db_tables *db);

/* Opens it, on a thread. `opened` gets NULL when the plugin may go on (also when its database is
 * away: then the log has it), else why it may not. */
void db_tables_open(struct db_tables *db, void (*opened)(void *arg, const struct error *e),
                    void *arg);

/* On a thread of the pool, in a task of its lane: the handle, opened if need be. NULL: `e`. */
struct tables *db_tables_handle(struct db_tables *db, struct error *e);

/* After the end of the plugins' updates: closes all, and the pool. False: see db_pool_stop(). */
bool db_stop(struct engine *engine);

#endif
