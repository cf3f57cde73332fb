/*
 * A changed desk becomes the running one. The desk is read and checked on a pool thread (a hanging
 * file must not stall anybody); what changed is then loaded beside the old and swapped in plugin by
 * plugin.
 *
 * Asked for (command, SIGHUP): any error refuses the whole. Watched: a broken file keeps its old
 * version, the others go on. Vaults, feeds, stores and workers are built once: changing them needs
 * a restart, and says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"
#include "core/loading.h"
#include "core/update.h"

typedef void reload_done_fn(void *arg, json_t *data, const struct error *e);

struct asker {
    struct asker *next;
    reload_done_fn *done; /* NULL: the watcher */
    void (*begins)(void *arg, const struct blueprint *blueprint); /* or NULL */
    void *arg;
    char *plugin; /* or NULL: all */
};

struct reload {
    uv_work_t work; /* first */
    struct engine *engine;
    struct asker *askers, *waiting; /* of this round, of the next */
    bool running;
    struct blueprint *blueprint;
    struct error error;
    int result;
};

static void run_round(struct reload *r);

static void read_desk(uv_work_t *work)
{
    struct reload *r = (struct reload *)work;

    error_clear(&r->error);
    r->result =
        blueprint_make(r->engine->options.desk, r->engine->registry, &r->blueprint, &r->error);
}

/* The settings that the running daemon is built on. */
static const char *restart_needed(const struct blueprint *old, const struct blueprint *new)
{
    static const char *const keys[] = {"journal", "state",  "tables", "data",
                                       "workers", "vaults", "feeds",  "strategies",
                                       "seed",    "limits", "lease",  "sweep_every"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *a = json_object_get(old->config_json, keys[i]),
                     *b = json_object_get(new->config_json, keys[i]);
        if (a != b && !json_equal(a, b))
            return keys[i];
    }
    return NULL;
}

static bool asked_for(const struct reload *r)
{
    for (const struct asker *a = r->askers; a != NULL; a = a->next)
        if (a->done != NULL)
            return true;
    return false;
}

/* SIGHUP asks, but there is nobody to tell (no `arg`): the log has to say it. */
static bool is_told(const struct reload *r)
{
    for (const struct asker *a = r->askers; a != NULL; a = a->next)
        if (a->arg != NULL)
            return true;
    return false;
}

static void log_problems(const struct engine *engine, const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];
        char place[300];
        snprintf(place, sizeof place, p->line > 0 ? "%s:%d" : "%s", p->file, p->line);
        log_write(engine->log, p->warning ? LOG_WARN : LOG_ERROR, p->message, "at", place, "hint",
                  p->hint, NULL);
    }
}

static int judge(struct reload *r, struct error *e)
{
    const char *key;

    if (r->result < 0) {
        *e = r->error;
        return -1;
    }
    if (!is_told(r)) /* else the answer says it */
        log_problems(r->engine, &r->blueprint->problems);
    if (!r->blueprint->config_ok || (asked_for(r) && r->blueprint->problems.errors > 0))
        return problems_to_error(&r->blueprint->problems, e);
    key = restart_needed(r->engine->origin, r->blueprint);
    if (key == NULL)
        return 0;
    error_set(e, ERROR_CONFIG, "`%s` has changed, which a running daemon cannot take over", key);
    error_hint(e, "restart it: `orrery run` continues where it stopped");
    error_locate(e, "orrery.lua", 0);
    return -1;
}

static bool wanted(const struct reload *r, const char *name, bool *forced)
{
    bool all = false;

    *forced = false;
    for (const struct asker *a = r->askers; a != NULL; a = a->next) {
        all |= a->plugin == NULL;
        *forced |= a->plugin != NULL && strcmp(a->plugin, name) == 0;
    }
    return all || *forced;
}

static struct plugin_update *make_update(struct blueprint_plugin *from)
{
    struct plugin_update *u = mem_zero(1, sizeof *u);

    u->file.path = mem_strdup(from->file->path);
    u->file.source = mem_strndup(from->file->source, from->file->len);
    u->file.len = from->file->len;
    u->part.file = &u->file;
    u->part.manifest = from->manifest;
    memset(&from->manifest, 0, sizeof from->manifest);
    u->part.params = json_incref(from->params);
    u->part.content = mem_strdup(from->content);
    memcpy(u->part.version, from->version, sizeof u->part.version);
    return u;
}

static void lift_quarantine(struct plugin *p)
{
    if (p->health == QUARANTINED)
        p->health = UNHEALTHY;
    p->skip_left = 0;
    if (p->stage == STAGE_BROKEN)
        p->stage = STAGE_DOWN;
}

/* A plugin that declares its first tables takes them where they are. */
static bool tables_moved(struct plugin *p, const struct blueprint_plugin *from)
{
    if (p->tables_url == NULL)
        p->tables_url = mem_strdup(from->tables_url);
    return from->tables_url != NULL && strcmp(p->tables_url, from->tables_url) != 0;
}

/* Whether the plugin gets a new version. */
static bool change_plugin(struct engine *engine, struct plugin *p, struct blueprint_plugin *from,
                          bool forced)
{
    bool down;

    if (strcmp(p->version, from->version) == 0 && json_equal(p->params, from->params) && !forced &&
        p->stage != STAGE_BROKEN)
        return false;
    if (strcmp(p->vault->config->id, from->manifest.vault_id) != 0 ||
        strcmp(p->state_url, from->state_url) != 0 || tables_moved(p, from)) {
        log_write(engine->log, LOG_ERROR,
                  "its vault, its state or its tables have moved: restart to take that over",
                  "plugin", p->name, NULL);
        return false;
    }
    down = p->stage == STAGE_BROKEN;
    lift_quarantine(p);
    loading_update(p, make_update(from));
    if (down && p->worker->link.ready)
        crew_load(p);
    return true;
}

static bool add_plugin(struct engine *engine, struct blueprint_plugin *from)
{
    struct error e = ERROR_INIT;
    struct plugin *p = strategy_new(engine, from, engine->plugin_count, &e);

    if (p == NULL) {
        log_write(engine->log, LOG_ERROR, "a new strategy could not be added", "error", e.message,
                  NULL);
        return false;
    }
    engine->plugins =
        mem_resize(engine->plugins, (engine->plugin_count + 1) * sizeof(struct plugin *));
    engine->plugins[engine->plugin_count++] = p;
    log_write(engine->log, LOG_INFO, "a strategy was added", "plugin", p->name, NULL);
    versions_record(engine, &p, 1, "reload");
    if (p->worker->link.ready)
        crew_load(p);
    plugin_arm(p, clock_now_ms(&engine->clock));
    return true;
}

static bool still_there(const struct blueprint *b, const struct plugin *p)
{
    for (size_t i = 0; i < b->plugin_count; i++) {
        const struct blueprint_plugin *from = &b->plugins[i];
        if (from->ok ? strcmp(from->manifest.name, p->name) == 0 ||
                           strcmp(from->file->path, p->file.path) == 0
                     : strcmp(from->file->path, p->file.path) == 0)
            return from->ok ? strcmp(from->manifest.name, p->name) == 0 : true;
    }
    return false;
}

/* Its running ticks finish; what waited is skipped. The record stays until the end: ticks point to
 * it. */
static void remove_plugin(struct engine *engine, size_t index)
{
    struct plugin *p = engine->plugins[index];

    memmove(&engine->plugins[index], &engine->plugins[index + 1],
            (engine->plugin_count - index - 1) * sizeof(struct plugin *));
    engine->plugin_count--;
    p->removed = true;
    p->next_retired = engine->retired;
    engine->retired = p;
    plugin_disarm(p);
    plugin_flush_queue(p, "the strategy was removed");
    log_write(engine->log, LOG_INFO, "a strategy was removed", "plugin", p->name, NULL);
    hooks_waiting(p);
    plugin_quiet(p);
}

static json_t *apply_plugins(struct reload *r)
{
    struct engine *engine = r->engine;
    struct blueprint *b = r->blueprint;
    json_t *list = json_array();

    for (size_t i = engine->plugin_count; i-- > 0;)
        if (!still_there(b, engine->plugins[i]))
            remove_plugin(engine, i);
    for (size_t i = 0; i < b->plugin_count; i++) {
        struct blueprint_plugin *from = &b->plugins[i];
        struct plugin *p = from->ok ? engine_plugin(engine, from->manifest.name) : NULL;
        char version[DIGEST_TEXT_SIZE], name[LIMIT_NAME_BYTES + 1];
        bool forced, changed;
        if (!from->ok || !wanted(r, from->manifest.name, &forced))
            continue;
        memcpy(version, from->version, sizeof version);
        memcpy(name, from->manifest.name, sizeof name);
        changed = p ? change_plugin(engine, p, from, forced) : add_plugin(engine, from);
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "plugin", name, "version", version,
                                              "changed", changed));
    }
    return json_pack("{s:o}", "reloaded", list);
}

/* What takes effect without a new version. */
static void take_settings(struct engine *engine)
{
    for (size_t i = 0; i < engine->plugin_count; i++)
        engine->plugins[i]->recording =
            config_recording(&engine->blueprint->config, engine->plugins[i]->name);
}

static json_t *apply(struct reload *r)
{
    struct engine *engine = r->engine;
    json_t *data;

    if (engine->blueprint != engine->origin)
        blueprint_free(engine->blueprint);
    engine->blueprint = r->blueprint;
    take_settings(engine);
    for (struct asker *a = r->askers; a != NULL; a = a->next)
        if (a->begins != NULL)
            a->begins(a->arg, r->blueprint);
    for (size_t i = 0; i < engine->crew_count; i++)
        if (engine->crew[i].link.ready)
            crew_send_modules(&engine->crew[i]);
    if (r->blueprint->problems.errors > 0)
        log_write(engine->log, LOG_WARN, "what is broken goes on in its old version", NULL);
    data = apply_plugins(r);
    r->blueprint = NULL;
    return data;
}

static void answer(struct reload *r, json_t *data, const struct error *e)
{
    while (r->askers != NULL) {
        struct asker *a = r->askers;
        r->askers = a->next;
        if (a->done != NULL)
            a->done(a->arg, json_incref(data), e);
        free(a->plugin);
        free(a);
    }
    json_decref(data);
}

static void desk_was_read(uv_work_t *work, int status)
{
    struct reload *r = (struct reload *)work;
    struct error e = ERROR_INIT;

    r->running = false;
    if (status == 0 && !r->engine->draining && judge(r, &e) == 0) {
        answer(r, apply(r), NULL);
    } else {
        if (e.code == ERROR_NONE)
            error_set(&e, ERROR_NOT_RUNNING, "the daemon is stopping");
        log_write(r->engine->log, LOG_ERROR, "not reloaded: the running version goes on", "error",
                  e.message, "at", e.where[0] ? e.where : NULL, NULL);
        answer(r, NULL, &e);
        blueprint_free(r->blueprint);
        r->blueprint = NULL;
    }
    run_round(r);
}

static void run_round(struct reload *r)
{
    if (r->running || r->waiting == NULL)
        return;
    r->askers = r->waiting;
    r->waiting = NULL;
    r->running = true;
    uv_queue_work(&r->engine->loop, &r->work, read_desk, desk_was_read);
}

void reload_start(struct engine *engine, const char *plugin, reload_done_fn *done, void *arg)
{
    reload_deploy(engine, plugin, NULL, done, arg);
}

void reload_deploy(struct engine *engine, const char *plugin,
                   void (*begins)(void *arg, const struct blueprint *blueprint),
                   reload_done_fn *done, void *arg)
{
    struct asker *a = mem_zero(1, sizeof *a);

    if (engine->reload == NULL) {
        engine->reload = mem_zero(1, sizeof *engine->reload);
        engine->reload->engine = engine;
    }
    a->done = done;
    a->begins = begins;
    a->arg = arg;
    a->plugin = mem_strdup(plugin);
    a->next = engine->reload->waiting;
    engine->reload->waiting = a;
    run_round(engine->reload);
}

/* After the loop has run out: a round under way has finished by then. */
void reload_free(struct engine *engine)
{
    struct reload *r = engine->reload;

    if (r == NULL)
        return;
    r->askers = r->askers ? r->askers : r->waiting;
    while (r->askers != NULL) {
        struct asker *a = r->askers;
        r->askers = a->next;
        free(a->plugin);
        free(a);
    }
    blueprint_free(r->blueprint);
    free(r);
    engine->reload = NULL;
}
