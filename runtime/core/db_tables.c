#include "core/db_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"
#include "model/problem.h"
#include "tables/tables.h"

/* ---- on a thread ---- */

static void set_limits(const struct db_tables *db, struct tables_limits *out)
{
    const struct script_limits *limits = &db->engine->origin->config.limits;

    *out = (struct tables_limits){.time_ms = limits->db_ms,
                                  .rows = limits->db_rows,
                                  .answer_bytes = limits->db_bytes,
                                  .size_bytes = limits->db_size,
                                  .dry_run = db->dry_run};
}

struct tables *db_tables_handle(struct db_tables *db, struct error *e)
{
    struct tables_limits limits;

    if (db->handle != NULL)
        return db->handle;
    set_limits(db, &limits);
    if (db->engine->registry->open_tables(db->engine->options.desk, db->url, db->plugin,
                                          &db->schema, &limits, &db->handle, e) < 0)
        return NULL;
    return db->handle;
}

/* ---- its life ---- */

static void free_tables(struct db_tables *db)
{
    db_lane_free(db->lane);
    table_schema_release(&db->schema);
    json_decref(db->declaration);
    free(db->url);
    free(db->label);
    free(db->plugin);
    free(db);
}

static int parse_schema(struct db_tables *db, const struct manifest *manifest, struct error *e)
{
    struct problems problems = {0};
    int result;

    db->declaration = json_deep_copy(manifest->schema_json);
    result = table_schema_parse(db->declaration, &db->schema, &problems);
    if (result < 0)
        problems_to_error(&problems, e);
    problems_release(&problems);
    return result;
}

int db_tables_new(const struct plugin *plugin, const char *url, const struct manifest *manifest,
                  struct db_tables **out, struct error *e)
{
    struct engine *engine = plugin->engine;
    struct db_tables *db;
    struct store_url parsed;

    if (engine->db_pool == NULL &&
        db_pool_start(&engine->db_pool, &engine->loop, &engine->clock, e) < 0)
        return -1;
    if (store_url_parse(url, &parsed, e) < 0)
        return -1;
    db = mem_zero(1, sizeof *db);
    db->engine = engine;
    db->plugin = mem_strdup(plugin->name);
    db->dry_run = plugin_is_dry(plugin);
    db->url = mem_strdup(url);
    db->label = mem_strdup(parsed.label);
    db->lane = db_lane_new(engine->db_pool, db->label, store_url_is_server(&parsed));
    store_url_release(&parsed);
    if (parse_schema(db, manifest, e) < 0) {
        free_tables(db);
        return -1;
    }
    *out = db;
    return 0;
}

struct closing {
    struct db_task task; /* first */
    struct db_tables *db;
};

static void close_handle(struct db_task *task)
{
    struct db_tables *db = ((struct closing *)task)->db;

    tables_close(db->handle);
    db->handle = NULL;
}

static void closed(struct db_task *task)
{
    struct closing *closing = (struct closing *)task;

    tables_close(closing->db->handle); /* refused, at the end: nothing else uses it */
    free_tables(closing->db);
    free(closing);
}

void db_tables_close(struct db_tables *db)
{
    struct closing *closing;

    if (db == NULL)
        return;
    closing = mem_zero(1, sizeof *closing);
    closing->db = db;
    closing->task.work = close_handle;
    closing->task.done = closed;
    db_push(db->lane, &closing->task);
}

struct opening {
    struct db_task task; /* first */
    struct db_tables *db;
    void (*opened)(void *arg, const struct error *e);
    void *arg;
};

static void open_handle(struct db_task *task)
{
    db_tables_handle(((struct opening *)task)->db, &task->error);
}

/* What waiting cannot mend, and the strategy or the desk must. */
static bool is_final(enum error_code code)
{
    switch (code) {
    case ERROR_STORE_SCHEMA:
    case ERROR_STORE_NEWER:
    case ERROR_STORE_CORRUPT:
    case ERROR_CONFIG:
    case ERROR_INVALID:
    case ERROR_LIMIT:
    case ERROR_DENIED:
    case ERROR_UNSUPPORTED:
        return true;
    default:
        return false;
    }
}

static void was_opened(struct db_task *task)
{
    struct opening *opening = (struct opening *)task;
    struct db_tables *db = opening->db;
    bool final = is_final(task->error.code);

    if (task->error.code != ERROR_NONE)
        error_prefix(&task->error, "its tables in %s: ", db->label);
    if (task->error.code != ERROR_NONE && !final && !task->refused)
        log_write(db->engine->log, LOG_WARN,
                  "the database of a strategy's own tables is away: its ctx.db will say so",
                  "plugin", db->plugin, "database", db->label, "error", task->error.message, NULL);
    opening->opened(opening->arg, final ? &task->error : NULL);
    free(opening);
}

void db_tables_open(struct db_tables *db, void (*opened)(void *arg, const struct error *e),
                    void *arg)
{
    struct opening *opening = mem_zero(1, sizeof *opening);

    opening->db = db;
    opening->opened = opened;
    opening->arg = arg;
    opening->task.work = open_handle;
    opening->task.done = was_opened;
    db_push(db->lane, &opening->task);
}

bool db_stop(struct engine *engine)
{
    bool all;

    for (size_t i = 0; i < engine->plugin_count; i++) {
        db_tables_close(engine->plugins[i]->tables);
        engine->plugins[i]->tables = NULL;
    }
    for (struct plugin *p = engine->retired; p != NULL; p = p->next_retired) {
        db_tables_close(p->tables);
        p->tables = NULL;
    }
    all = db_pool_stop(engine->db_pool);
    engine->db_pool = NULL;
    if (!all)
        log_write(engine->log, LOG_WARN,
                  "a database of strategies' own tables does not answer: the call is given up",
                  NULL);
    return all;
}
