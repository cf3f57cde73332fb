#include "core/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/random.h"
#include "core/intake_parts.h"
#include "core/leases.h"

#define END_MS     1500                /* how long readers are waited for at the stop */
#define PATIENT_NS INT64_C(1000000000) /* between two events for a strategy that keeps failing */

/* ---- one source ---- */

static void intake_release(struct intake *intake)
{
    event_source_release(&intake->config);
    free(intake->key);
    free(intake->text);
    explicit_bzero(intake->url, strlen(intake->url));
    free(intake->url);
    free(intake->label);
    free(intake->cursor);
    free(intake);
}

static void unlink_intake(struct intakes *all, struct intake *intake)
{
    struct intake **place = &all->first;

    while (*place != NULL && *place != intake)
        place = &(*place)->next;
    if (*place != NULL)
        *place = intake->next;
}

void intake_settle(struct intake *intake)
{
    if (!intake->stopping || intake->asking || intake->committing)
        return;
    unlink_intake(intake->plugin->engine->intakes, intake);
    intake_release(intake);
}

static void detach_ticks(struct intake *intake)
{
    for (struct tick *tick = intake->plugin->engine->live; tick != NULL; tick = tick->next_live) {
        if (tick->intake != intake)
            continue;
        tick->intake = NULL;
        intake->plugin->sourced--;
    }
}

static void stop_intake(struct intake *intake)
{
    if (intake->stopping)
        return;
    intake->stopping = true;
    detach_ticks(intake);
    if (intake->reader != NULL) {
        reader_stop(intake->reader);
        reader_leave(intake->reader);
        intake->reader = NULL;
    }
}

/* ---- starting: the cursor first ---- */

struct ask_cursor {
    struct query query; /* first */
    struct intake *intake;
    char *key;
    char *value;
    uint64_t events;
};

static int take_cursor(void *arg, const struct cursor *cursor)
{
    struct ask_cursor *ask = arg;

    free(ask->value);
    ask->value = mem_strdup(cursor->value);
    ask->events = cursor->events;
    return 0;
}

static int work_cursor(struct query *query, struct store *store, struct error *e)
{
    struct ask_cursor *ask = (struct ask_cursor *)query;

    return journal_list_cursors(store->journal, ask->key, take_cursor, ask, e);
}

static void run_reader(struct intake *intake)
{
    struct engine *engine = intake->plugin->engine;
    struct error e = ERROR_INIT;
    struct reader_setup setup = {
        .registry = engine->registry,
        .desk = engine->options.desk,
        .url = intake->url,
        .config = &intake->config,
        .cursor = intake->cursor,
        .seed = random_mix(random_hash(intake->key), (uint64_t)clock_mono_ns(&engine->clock)),
    };

    intake_adopt(intake);
    setup.used = intake_under_way(intake);
    intake->limit = intake->config.queue;
    if (reader_start(&intake->reader, &setup, engine->intakes->bell, &e) == 0)
        return;
    log_write(engine->log, LOG_ERROR, "an event source could not be started", "plugin",
              intake->plugin->name, "error", e.message, NULL);
    stop_intake(intake); /* the next watch tries again */
}

static void cursor_read(struct query *query, struct engine *engine)
{
    struct ask_cursor *ask = (struct ask_cursor *)query;
    struct intake *intake = ask->intake;

    intake->asking = false;
    if (query->result == 0 && !intake->stopping && !engine->draining) {
        free(intake->cursor);
        intake->cursor = ask->value ? ask->value : mem_strdup("");
        ask->value = NULL;
        intake->events = ask->events;
        run_reader(intake);
    } else {
        stop_intake(intake);
    }
    free(ask->value);
    free(ask->key);
    free(ask);
    intake_settle(intake);
}

static void ask_cursor(struct intake *intake)
{
    struct ask_cursor *ask = mem_zero(1, sizeof *ask);

    ask->intake = intake;
    ask->key = mem_strdup(intake->key);
    ask->query.store = intake->plugin->engine->commits.journal;
    ask->query.work = work_cursor;
    ask->query.done = cursor_read;
    ask->query.patient = true;
    intake->asking = true;
    commits_query(&ask->query);
}

static char *full_text(const struct event_source *source, const char *url)
{
    char *text = event_source_text(source);
    size_t size = strlen(text) + strlen(url) + 2;
    char *full = mem_alloc(size);

    snprintf(full, size, "%s %s", text, url);
    free(text);
    return full;
}

static void start_intake(struct plugin *plugin, const struct trigger *trigger,
                         const struct event_server *server)
{
    struct intakes *all = plugin->engine->intakes;
    struct intake *intake = mem_zero(1, sizeof *intake);

    intake->plugin = plugin;
    memcpy(intake->topic, trigger->topic, sizeof intake->topic);
    event_source_copy(trigger->source, &intake->config);
    intake->key = event_source_key(trigger->source, plugin->name, server->name);
    intake->text = full_text(trigger->source, server->url);
    intake->url = mem_strdup(server->url);
    intake->label = mem_strdup(server->label);
    intake->cursor = mem_strdup("");
    intake->wanted = true;
    intake->next = all->first;
    all->first = intake;
    ask_cursor(intake);
}

/* ---- what should be read, and what is ---- */

/* One that waits (for its worker, for a newer version) keeps what it has, but starts nothing. */
static bool may_read(const struct plugin *p)
{
    return !p->removed && !p->deactivated && p->health != QUARANTINED &&
           p->stage != STAGE_STANDBY && p->stage != STAGE_BROKEN && !leases_missing(p) &&
           !p->lease_lost;
}

static struct intake *find_intake(const struct intakes *all, const struct plugin *plugin,
                                  const struct trigger *trigger, const struct event_server *server)
{
    for (struct intake *i = all->first; i != NULL; i = i->next) {
        char *text;
        bool same;
        if (i->stopping || i->plugin != plugin || strcmp(i->topic, trigger->topic) != 0)
            continue;
        text = full_text(trigger->source, server->url);
        same = strcmp(text, i->text) == 0;
        free(text);
        if (same)
            return i;
    }
    return NULL;
}

/* A predecessor with the same cursor that has not let go of it. */
static bool is_held(const struct intakes *all, const struct plugin *plugin)
{
    for (const struct intake *i = all->first; i != NULL; i = i->next)
        if (i->stopping && strcmp(i->plugin->name, plugin->name) == 0)
            return true;
    return false;
}

static void watch_trigger(struct plugin *plugin, const struct trigger *trigger)
{
    struct engine *engine = plugin->engine;
    const struct event_server *server =
        event_server_of(&engine->blueprint->config.sources, trigger->source);
    struct intake *intake = server ? find_intake(engine->intakes, plugin, trigger, server) : NULL;

    if (intake != NULL)
        intake->wanted = true;
    else if (server != NULL && plugin->stage == STAGE_READY && !is_held(engine->intakes, plugin))
        start_intake(plugin, trigger, server);
}

static void watch_plugin(struct plugin *plugin)
{
    for (size_t i = 0; i < plugin->manifest.trigger_count; i++)
        if (plugin->manifest.triggers[i].source != NULL)
            watch_trigger(plugin, &plugin->manifest.triggers[i]);
}

/* A strategy that fails at every event should not work through all of them. */
static void watch_limit(struct intake *intake)
{
    const struct plugin *plugin = intake->plugin;
    int64_t now = clock_mono_ns(&plugin->engine->clock);
    size_t limit = intake->config.queue;

    if (plugin->health == UNHEALTHY && event_source_is_durable(&intake->config)) {
        limit = now >= intake->hold_ns ? 1 : 0;
        if (limit == 1)
            intake->hold_ns = now + PATIENT_NS;
    }
    if (limit == intake->limit)
        return;
    intake->limit = limit;
    reader_set_limit(intake->reader, limit);
}

static void stop_unwanted(struct intakes *all)
{
    struct intake *next;

    for (struct intake *i = all->first; i != NULL; i = next) {
        next = i->next;
        if (!i->wanted)
            stop_intake(i);
        intake_settle(i);
    }
}

static void rung(void *arg)
{
    struct engine *engine = arg;

    for (struct intake *i = engine->intakes->first; i != NULL; i = i->next) {
        if (i->reader == NULL)
            continue;
        intake_tell(i);
        intake_take(i);
    }
}

void intake_watch(struct engine *engine)
{
    struct intakes *all = engine->intakes;

    if (!engine->commits.running || engine->draining)
        return;
    for (struct intake *i = all->first; i != NULL; i = i->next)
        i->wanted = false;
    for (size_t i = 0; i < engine->plugin_count; i++)
        if (may_read(engine->plugins[i]))
            watch_plugin(engine->plugins[i]);
    stop_unwanted(all);
    for (struct intake *i = all->first; i != NULL; i = i->next)
        if (i->reader != NULL)
            watch_limit(i);
}

/* ---- life ---- */

int intake_open(struct engine *engine, struct error *e)
{
    engine->intakes = mem_zero(1, sizeof *engine->intakes);
    return reader_bell_new(&engine->intakes->bell, &engine->loop, rung, engine, e);
}

void intake_stop(struct engine *engine)
{
    for (struct intake *i = engine->intakes ? engine->intakes->first : NULL; i != NULL; i = i->next)
        if (i->reader != NULL)
            reader_stop(i->reader);
}

static bool have_ended(const struct intakes *all)
{
    for (const struct intake *i = all->first; i != NULL; i = i->next)
        if (i->reader != NULL && !reader_has_ended(i->reader))
            return false;
    return true;
}

bool intake_await_end(struct engine *engine)
{
    struct intakes *all = engine->intakes;
    bool ended;

    if (all == NULL)
        return true;
    intake_stop(engine);
    for (int ms = 0; !have_ended(all) && ms < END_MS; ms += 5)
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    ended = have_ended(all);
    for (struct intake *i = all->first; i != NULL; i = i->next)
        stop_intake(i);
    reader_bell_close(all->bell);
    all->bell = NULL;
    return ended;
}

void intake_free(struct engine *engine)
{
    struct intakes *all = engine->intakes;

    while (all != NULL && all->first != NULL) {
        struct intake *intake = all->first;
        all->first = intake->next;
        intake_release(intake);
    }
    free(all);
    engine->intakes = NULL;
}
