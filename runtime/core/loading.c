#include "core/loading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/db_tables.h"
#include "core/leases.h"
#include "core/update.h"
#include "model/value.h"

/* An outstanding LOAD. */
struct load {
    struct question question; /* first */
    struct plugin *plugin;
    bool for_update;
};

/* The plugin's live entries on their way from the store's thread. */
struct entries {
    struct query query; /* first */
    struct plugin *plugin;
    uint64_t seq;
    int64_t now_ms;
    char name[LIMIT_NAME_BYTES + 1];
    struct buf frames; /* STATE_ENTRY messages, encoded */
    uint32_t slot;
    uint64_t count;
};

static void send_load(struct plugin *p, const struct desk_file *file, uint32_t slot,
                      bool for_update)
{
    const struct script_limits *limits = &p->engine->blueprint->config.limits;
    struct message m = {.type = MESSAGE_LOAD};
    struct load *load = mem_zero(1, sizeof *load);
    struct error e = ERROR_INIT;

    load->plugin = p;
    load->for_update = for_update;
    load->question.expected = MESSAGE_LOADED;
    load->question.id = slot;
    m.as.load = (struct message_load){.slot = slot,
                                      .file = file->path,
                                      .source = {file->source, file->len},
                                      .memory = limits->memory,
                                      .soft_ms = (uint32_t)limits->soft_ms,
                                      .value_bytes = limits->value_bytes,
                                      .state_bytes = limits->state_bytes};
    if (link_send(&p->worker->link, &m, &load->question, &e) < 0)
        loading_lost(&load->question, true, false, e.message);
}

static void unload(struct plugin *p, uint32_t slot)
{
    struct message m = {.type = MESSAGE_UNLOAD};

    m.as.unload.slot = slot;
    link_tell(&p->worker->link, &m);
}

/* Gives up the version that waits. One that is loaded leaves the worker now, one whose answer is
 * still to come when that has come (update_loaded). */
static void drop_update(struct plugin *p)
{
    if (p->stage == STAGE_SWAPPING) {
        unload(p, p->update->slot);
        p->stage = STAGE_READY;
    }
    update_free(p->update);
    p->update = NULL;
}

/* One that was removed, and whose last ticks still write the same state. */
static bool namesake_drains(const struct plugin *p)
{
    const struct plugin *q = p->engine->retired;

    while (q != NULL && (q->stage == STAGE_BROKEN || strcmp(q->name, p->name) != 0))
        q = q->next_retired;
    return q != NULL;
}

/* The new version's tables take the place of the old one's. */
static void adopt_tables(struct plugin *p, struct plugin_update *update)
{
    if (p->tables != NULL && update->tables != NULL)
        update->tables->stats = p->tables->stats;
    db_tables_close(p->tables);
    p->tables = update->tables;
    update->tables = NULL;
}

void crew_load(struct plugin *p)
{
    p->load_waits = p->preparing > 0;
    if (p->load_waits)
        return;
    if (p->update != NULL) {
        plugin_adopt(p, &p->update->part);
        versions_record(p->engine, &p, 1, "reload");
        adopt_tables(p, p->update);
        update_free(p->update);
        p->update = NULL;
        plugin_arm(p, clock_now_ms(&p->engine->clock));
    }
    if (p->stage == STAGE_BROKEN || namesake_drains(p))
        return;
    if (leases_missing(p)) { /* its state may be another daemon's until then */
        leases_take(p);
        return;
    }
    p->stage = STAGE_LOADING;
    p->load_seq++;
    p->slot = ++p->worker->next_slot;
    send_load(p, &p->file, p->slot, false);
}

void loading_update(struct plugin *p, struct plugin_update *update)
{
    drop_update(p);
    p->update = update;
    if (!p->worker->link.ready || p->stage == STAGE_DOWN || p->stage == STAGE_STANDBY)
        return; /* crew_load() takes it when the worker is back */
    update->slot = ++p->worker->next_slot;
    send_load(p, &update->file, update->slot, true);
}

void loading_leave(struct plugin *p)
{
    if (p->stage == STAGE_SWAPPING)
        unload(p, p->update->slot);
    if (p->update != NULL)
        p->update->slot = 0; /* an answer to its LOAD finds nobody, and it is unloaded */
    if (p->stage == STAGE_READY || p->stage == STAGE_LOADING || p->stage == STAGE_SWAPPING)
        unload(p, p->slot);
    if (p->stage != STAGE_BROKEN)
        p->stage = p->removed ? STAGE_BROKEN : STAGE_DOWN;
    p->slot = 0;
    p->load_seq++;
}

static void broken(struct plugin *p, const char *why)
{
    log_write(p->engine->log, LOG_ERROR, "a strategy could not be loaded", "plugin", p->name,
              "error", why, NULL);
    p->stage = STAGE_BROKEN;
    free(p->last_error);
    p->last_error = mem_strdup(why);
    plugin_flush_queue(p, why);
    hooks_waiting(p);
    plugin_quiet(p);
}

static void send_bind(struct plugin *p)
{
    struct message m = {.type = MESSAGE_BIND};
    char *params = value_text(p->params);

    m.as.bind =
        (struct message_bind){p->slot, p->name, p->vault->config->id, {params, strlen(params)}};
    link_tell(&p->worker->link, &m);
    free(params);
    if (p->last == NULL)
        return;
    m = (struct message){.type = MESSAGE_LAST};
    m.as.last.slot = p->slot;
    m.as.last.json = (struct text){p->last, strlen(p->last)};
    link_tell(&p->worker->link, &m);
}

/* ---- state ---- */

static int add_entry(void *arg, const struct state_row *row)
{
    struct entries *entries = arg;
    struct message m = {.type = MESSAGE_STATE_ENTRY};

    m.as.state_entry = (struct message_state_entry){
        entries->slot, {row->key, row->key_len}, {row->value, row->value_len}, row->expires_ms};
    entries->count++;
    return message_encode(&entries->frames, &m, &entries->query.error) < 0 ? -1 : 0;
}

static int read_entries(struct query *query, struct store *store, struct error *e)
{
    struct entries *entries = (struct entries *)query;

    buf_clear(&entries->frames); /* of a try that failed half-way */
    entries->count = 0;
    return state_load(store->state, entries->name, entries->now_ms, add_entry, entries, e);
}

static void free_entries(struct entries *entries)
{
    buf_release(&entries->frames);
    free(entries);
}

static void entries_read(struct query *query, struct engine *engine)
{
    struct entries *entries = (struct entries *)query;
    struct plugin *p = entries->plugin;

    if (entries->seq != p->load_seq || p->stage != STAGE_LOADING) {
        free_entries(entries);
        return; /* the worker died meanwhile: a newer load is under way */
    }
    if (query->result != 0 && engine->draining) {
        free_entries(entries);
        return; /* nobody waited for the store any more */
    }
    if (query->result != 0) {
        error_prefix(&query->error, "reading its state: ");
        broken(p, query->error.message);
        free_entries(entries);
        return;
    }
    link_tell_frames(&p->worker->link, &entries->frames);
    p->state_keys = entries->count;
    free_entries(entries);
    send_bind(p);
    p->stage = STAGE_READY;
    hooks_waiting(p);
    plugin_quiet(p);
    plugin_pump(p);
}

/* Behind everything the plugin has committed so far: the queue is in order. */
static void ask_entries(struct plugin *p)
{
    struct entries *entries = mem_zero(1, sizeof *entries);

    entries->plugin = p;
    entries->seq = p->load_seq;
    entries->slot = p->slot;
    entries->now_ms = clock_now_ms(&p->engine->clock);
    memcpy(entries->name, p->name, sizeof entries->name);
    buf_init(&entries->frames, 4 * LIMIT_STATE_BYTES);
    entries->query.store = p->state;
    entries->query.work = read_entries;
    entries->query.patient = true;
    entries->query.done = entries_read;
    commits_query(&entries->query);
}

/* ---- its own tables ---- */

/* Tables on their way to being open, for the plugin or for the version that waits. */
struct opening {
    struct plugin *plugin;
    uint64_t seq;
    uint32_t slot;
};

static struct opening *opening_new(struct plugin *p, uint32_t slot)
{
    struct opening *o = mem_zero(1, sizeof *o);

    *o = (struct opening){p, p->load_seq, slot};
    return o;
}

static void tables_refused(struct plugin *p, const struct error *e)
{
    unload(p, p->slot);
    db_tables_close(p->tables);
    p->tables = NULL;
    broken(p, e->message);
}

static void tables_opened(void *arg, const struct error *e)
{
    struct opening *o = arg;
    struct plugin *p = o->plugin;
    bool current = o->seq == p->load_seq && p->stage == STAGE_LOADING && !p->engine->stopping;

    free(o);
    if (!current)
        return;
    if (e != NULL)
        tables_refused(p, e);
    else
        ask_entries(p);
}

static void open_tables(struct plugin *p)
{
    struct error e = ERROR_INIT;

    if (p->manifest.schema == NULL || p->tables != NULL)
        ask_entries(p);
    else if (db_tables_new(p, p->tables_url, &p->manifest, &p->tables, &e) < 0)
        tables_refused(p, &e);
    else
        db_tables_open(p->tables, tables_opened, opening_new(p, p->slot));
}

/* ---- answers ---- */

static void leave_worker(struct plugin *p)
{
    struct plugin *next = engine_plugin(p->engine, p->name);

    if (p->update != NULL)
        drop_update(p);
    if (p->stage == STAGE_LOADING)
        return; /* its loading ends here again */
    if (p->stage == STAGE_READY)
        unload(p, p->slot);
    p->stage = STAGE_BROKEN;
    leases_release(p);
    if (next != NULL && next->stage == STAGE_DOWN && next->worker->link.ready)
        crew_load(next); /* it waited for this */
}

/* The old version has no tick and no hook left: the new one takes its place. */
void reload_swap_ready(struct plugin *p)
{
    struct plugin_update *update = p->update;

    if (p->running > 0 || p->hooking > 0 || p->preparing > 0)
        return;
    if (p->removed)
        leave_worker(p);
    if (p->stage != STAGE_SWAPPING)
        return;
    unload(p, p->slot);
    p->slot = update->slot;
    plugin_adopt(p, &update->part);
    versions_record(p->engine, &p, 1, "reload");
    adopt_tables(p, update);
    update_free(update);
    p->update = NULL;
    if (p->health != HEALTHY) { /* new code gets a new chance */
        p->health = HEALTHY;
        p->skip_left = p->skip_next = 0;
    }
    plugin_arm(p, clock_now_ms(&p->engine->clock));
    p->stage = STAGE_LOADING;
    p->load_seq++;
    log_write(p->engine->log, LOG_INFO, "reloaded", "plugin", p->name, "version", p->version, NULL);
    ask_entries(p);
}

static void refuse_update(struct plugin *p, uint32_t slot, const char *why)
{
    log_write(p->engine->log, LOG_ERROR, "the new version could not be loaded: the old one goes on",
              "plugin", p->name, "error", why, NULL);
    unload(p, slot);
    drop_update(p);
    plugin_pump(p);
}

static void update_tables_opened(void *arg, const struct error *e)
{
    struct opening *o = arg;
    struct plugin *p = o->plugin;
    bool current = p->update != NULL && p->update->slot == o->slot && !p->engine->stopping;

    free(o);
    if (!current)
        return;
    if (e != NULL) {
        refuse_update(p, p->update->slot, e->message);
        return;
    }
    p->stage = STAGE_SWAPPING;
    reload_swap_ready(p);
}

static void open_update_tables(struct plugin *p, struct plugin_update *update)
{
    struct error e = ERROR_INIT;

    if (update->part.manifest.schema == NULL)
        update_tables_opened(opening_new(p, update->slot), NULL);
    else if (db_tables_new(p, p->tables_url, &update->part.manifest, &update->tables, &e) < 0)
        refuse_update(p, update->slot, e.message);
    else
        db_tables_open(update->tables, update_tables_opened, opening_new(p, update->slot));
}

static void update_loaded(struct plugin *p, const struct message_loaded *loaded)
{
    if (p->update == NULL || p->update->slot != loaded->slot) {
        unload(p, loaded->slot); /* a still newer version has taken its place */
        return;
    }
    if (loaded->failure.code != NULL) {
        refuse_update(p, loaded->slot, loaded->failure.message);
        return;
    }
    p->memory = loaded->memory;
    open_update_tables(p, p->update);
}

void loading_answered(struct question *question, const struct message_loaded *loaded)
{
    struct load *load = (struct load *)question;
    struct plugin *p = load->plugin;
    bool for_update = load->for_update;

    free(load);
    if (for_update) {
        update_loaded(p, loaded);
        return;
    }
    if (p->slot != loaded->slot)
        return;
    if (loaded->failure.code != NULL) {
        unload(p, loaded->slot);
        broken(p, loaded->failure.message);
        return;
    }
    p->memory = loaded->memory;
    p->load_suspect = 0;
    open_tables(p);
}

void loading_lost(struct question *question, bool culprit, bool suspect, const char *why)
{
    struct load *load = (struct load *)question;
    struct plugin *p = load->plugin;

    if (suspect && ++p->load_suspect >= SUSPECT_MAX)
        culprit = true;
    if (culprit && load->for_update) {
        update_free(p->update);
        p->update = NULL;
        p->load_suspect = 0;
    } else if (culprit) {
        broken(p, why);
    }
    free(load);
}

void loading_forget(struct question *question)
{
    free((struct load *)question);
}

void update_free(struct plugin_update *update)
{
    if (update == NULL)
        return;
    manifest_release(&update->part.manifest);
    json_decref(update->part.params);
    free(update->part.content);
    db_tables_close(update->tables);
    free(update->file.path);
    free(update->file.source);
    free(update);
}
