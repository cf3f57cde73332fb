/* The workers: start, death and restart, and what each has been told. Loading of plugins is in
 * loading.c, deadlines are in deadlines.c. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/db_calls.h"
#include "core/engine.h"
#include "core/loading.h"
#include "core/trace.h"
#include "core/update.h"

#define CALM_NS                                                                                    \
    (10LL * 1000000000) /* a worker that lived this long restarts at once when it dies */
#define RESTART_FIRST_MS 20
#define RESTART_MAX_MS   5000

void crew_send_modules(struct crew_member *member)
{
    const struct desk *desk = &member->engine->blueprint->desk;
    struct message *m = mem_zero(1, sizeof *m);

    m->type = MESSAGE_MODULES;
    m->as.modules.count = desk->modules.count;
    for (size_t i = 0; i < desk->modules.count; i++) {
        const struct desk_file *file = &desk->modules.items[i];
        m->as.modules.items[i] =
            (struct message_module){file->name, file->path, {file->source, file->len}};
    }
    link_tell(&member->link, m);
    free(m);
}

static void sync_market(struct crew_member *member, size_t index)
{
    struct feed_slot *slot = &member->engine->feeds[index];
    struct message m = {.type = MESSAGE_MARKET};

    if (member->feed_versions[index] == slot->feed->market.version)
        return;
    feed_refresh(slot);
    m.as.market.feed = slot->config->name;
    m.as.market.json = (struct text){slot->text, strlen(slot->text)};
    link_tell(&member->link, &m);
    member->feed_versions[index] = slot->feed->market.version;
}

void crew_sync(struct crew_member *member, struct vault *vault)
{
    size_t index = (size_t)(vault - member->engine->vaults);
    struct message m = {.type = MESSAGE_VAULT};

    for (size_t i = 0; i < member->engine->feed_count; i++)
        sync_market(member, i);
    vault_refresh(vault);
    if (member->vault_versions[index] == vault->snapshot_version)
        return;
    m.as.vault.vault = vault->config->id;
    m.as.vault.json = (struct text){vault->snapshot, strlen(vault->snapshot)};
    link_tell(&member->link, &m);
    member->vault_versions[index] = vault->snapshot_version;
}

/*
 * Live, plugins are spread over the workers. In a replay all plugins of a vault share one, which
 * answers in order: so the order in which a vault's batches execute is the same in every replay.
 */
struct crew_member *crew_assign(struct engine *engine, size_t plugin_index,
                                const struct vault *vault)
{
    size_t key = engine->data_clock ? (size_t)(vault - engine->vaults) : plugin_index;

    return &engine->crew[key % engine->crew_count];
}

static void on_ready(void *arg, struct link *link)
{
    struct crew_member *member = arg;
    struct engine *engine = member->engine;

    (void)link;
    crew_send_modules(member);
    for (size_t i = 0; i < engine->plugin_count; i++)
        if (engine->plugins[i]->worker == member)
            crew_load(engine->plugins[i]);
}

static void blame(struct tick *tick, enum error_code code, const char *why)
{
    struct plugin *plugin = tick->plugin;
    char reason[300];

    snprintf(reason, sizeof reason, "%.250s", why);
    life_fail(tick, code, reason);
    if (plugin->health != QUARANTINED)
        plugin_quarantine(plugin, reason);
}

static void requeue(struct tick *tick, const char *why)
{
    trace_lost(tick, why);
    engine_requeue(tick);
}

static int decided(struct tick *tick, const struct message_decided *m, struct error *e)
{
    struct plugin *plugin = tick->plugin;

    plugin->running--;
    if (life_decided(tick, m, e) < 0) {
        /* The worker cannot be trusted any more, but the trigger must not be lost. */
        plugin->worker->charged = true;
        if (++tick->suspect >= SUSPECT_MAX)
            blame(tick, ERROR_PROTOCOL, "its worker broke the protocol three times while it ran");
        else
            requeue(tick, e->message);
        return -1;
    }
    plugin_quiet(plugin);
    plugin_pump(plugin);
    return 0;
}

static int on_call(void *arg, struct link *link, struct question *q,
                   const struct message_db_call *m, struct error *e)
{
    (void)arg, (void)link;
    return db_called(q, m, e);
}

static int on_answer(void *arg, struct link *link, struct question *q, struct message *m,
                     struct error *e)
{
    (void)arg;
    (void)link;
    switch (m->type) {
    case MESSAGE_DECIDED:
        return decided((struct tick *)q, &m->as.decided, e);
    case MESSAGE_HOOKED:
        return hooks_answered(q, &m->as.hooked, e);
    case MESSAGE_LOADED:
        loading_answered(q, &m->as.loaded);
        return 0;
    default:
        return error_set(e, ERROR_PROTOCOL, "an answer of a kind that is never asked for");
    }
}

/* ---- death ---- */

/* What is known about a death: which of the outstanding questions it concerns. Ids are runs' or,
 * while a strategy is loaded, its slot's; 0: none. */
struct death {
    const char *why;
    uint64_t culprit; /* took the worker down: held to account at once */
    uint64_t suspect; /* was under way: held to account when it happens again and again */
    bool overran;
};

/* A SIGKILL that core did not send comes from outside (an operator, the kernel's out-of-memory
 * killer), as does a stop signal. */
static bool from_outside(const struct link *link, const char *why)
{
    static const char *const signals[] = {"killed by signal 9 ", "killed by signal 15 ",
                                          "killed by signal 2 "};

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (strncmp(why, signals[i], strlen(signals[i])) == 0)
            return link->why[0] == '\0';
    return false;
}

static struct death examine(const struct crew_member *member, const char *why)
{
    const struct link *link = &member->link;
    const struct question *now = link_under_way(link), *due = link_next_due(link);
    struct death d = {why, member->culprit, now ? now->id : 0, member->culprit != 0};

    if (member->charged) /* the answer that broke the rules: its tick answers for it, nobody else */
        return (struct death){.why = why};

    if (member->culprit != 0 || from_outside(link, why))
        return d;
    /* Killed by core without a culprit: it broke the protocol, or burnt no time and gave no answer.
     * Else it crashed, and what it was executing is to blame. When it names nothing, whatever comes
     * next has to answer for that in the end, or it would go on for ever. */
    if (link->why[0] == '\0')
        d.culprit = d.suspect;
    if (link->violator != 0)
        d.suspect = link->violator;
    if (d.suspect == 0 && (due != NULL || link->loose != NULL))
        d.suspect = due != NULL ? due->id : link->loose->id;
    return d;
}

static void tick_lost(struct tick *tick, const struct death *d)
{
    tick->plugin->running--;
    if (tick->id == d->culprit)
        blame(tick, d->overran ? ERROR_DEADLINE : ERROR_SCRIPT, d->why);
    else if (tick->id == d->suspect && ++tick->suspect >= SUSPECT_MAX)
        blame(tick, ERROR_SCRIPT, "its worker died three times while it ran");
    else if (tick->plugin->removed)
        life_skip(tick, "the strategy was removed while its worker died");
    else if (tick->plugin->health == QUARANTINED)
        life_skip(tick, "quarantined while it waited");
    else
        requeue(tick, d->why);
}

/* Later questions first, so that requeueing at the head keeps their order. */
static struct question *reverse(struct question *q)
{
    struct question *out = NULL;

    while (q != NULL) {
        struct question *next = q->next;
        q->next = out;
        out = q;
        q = next;
    }
    return out;
}

static void take_back(struct crew_member *member, const char *why)
{
    struct death d = examine(member, why);
    struct question *q = reverse(link_take_all(&member->link));

    while (q != NULL) {
        struct question *next = q->next;
        db_lost(q);
        if (q->expected == MESSAGE_DECIDED)
            tick_lost((struct tick *)q, &d);
        else if (q->expected == MESSAGE_HOOKED)
            hooks_lost(q, q->id == d.culprit, q->id == d.suspect, why);
        else
            loading_lost(q, q->id == d.culprit, q->id == d.suspect, why);
        q = next;
    }
}

static void stage_down(struct plugin *p)
{
    if (p->stage == STAGE_STANDBY && !p->removed)
        return; /* it was not there */
    if (p->stage != STAGE_BROKEN)
        p->stage = p->removed ? STAGE_BROKEN : STAGE_DOWN; /* what is removed is not loaded again */
}

/* Nothing of the plugin is under way now: whatever waited for that goes on. */
static void after_death(struct plugin *p)
{
    hooks_waiting(p);
    plugin_quiet(p);
}

static void each_plugin(const struct crew_member *member, void (*call)(struct plugin *p))
{
    const struct engine *engine = member->engine;

    for (size_t i = 0; i < engine->plugin_count; i++)
        if (engine->plugins[i]->worker == member)
            call(engine->plugins[i]);
    for (struct plugin *p = engine->retired; p != NULL; p = p->next_retired)
        if (p->worker == member)
            call(p);
}

static void on_restart(uv_timer_t *timer);

static void schedule_restart(struct crew_member *member)
{
    int64_t lived = clock_mono_ns(&member->engine->clock) - member->started_ns;

    if (lived > CALM_NS || member->link.restarts < 3)
        member->restart_delay_ms = 0;
    else
        member->restart_delay_ms =
            member->restart_delay_ms ? member->restart_delay_ms * 2 : RESTART_FIRST_MS;
    if (member->restart_delay_ms > RESTART_MAX_MS)
        member->restart_delay_ms = RESTART_MAX_MS;
    if (lived > CALM_NS)
        member->link.restarts = 0;
    member->link.restarts++;
    member->deaths++;
    if (member->engine->draining && member->restart_delay_ms > RESTART_FIRST_MS)
        member->restart_delay_ms = RESTART_FIRST_MS;
    uv_timer_start(&member->restart, on_restart, member->restart_delay_ms, 0);
}

void crew_hurry(struct engine *engine)
{
    for (size_t i = 0; i < engine->crew_count; i++)
        if (uv_is_active((uv_handle_t *)&engine->crew[i].restart))
            uv_timer_start(&engine->crew[i].restart, on_restart, 0, 0);
}

static void on_death(void *arg, struct link *link, const char *why)
{
    struct crew_member *member = arg;
    struct engine *engine = member->engine;
    char index[16];

    (void)link;
    snprintf(index, sizeof index, "%d", member->index);
    log_write(engine->log, LOG_ERROR, "a worker died and is started again", "worker", index, "why",
              why, NULL);
    each_plugin(member, stage_down);
    take_back(member, why);
    each_plugin(member, after_death);
    member->culprit = 0;
    member->charged = false;
    if (engine->draining && engine->live_ticks == 0)
        return;
    schedule_restart(member);
}

static int start_member(struct crew_member *member, struct error *e)
{
    struct engine *engine = member->engine;

    memset(member->feed_versions, 0, engine->feed_count * sizeof *member->feed_versions);
    memset(member->vault_versions, 0, engine->vault_count * sizeof *member->vault_versions);
    member->seen_answers = member->seen_calls = 0;
    member->started_ns = member->seen_mono_ns = member->checked_ns = clock_mono_ns(&engine->clock);
    member->seen_cpu_ns = 0;
    return link_start(&member->link, e);
}

static void on_restart(uv_timer_t *timer)
{
    struct crew_member *member = timer->data;
    struct error e = ERROR_INIT;

    if (member->engine->stopping || start_member(member, &e) == 0)
        return;
    log_write(member->engine->log, LOG_ERROR, "a worker could not be started", "error", e.message,
              NULL);
    schedule_restart(member);
}

static void init_member(struct engine *engine, size_t index)
{
    struct crew_member *member = &engine->crew[index];
    struct link_hooks hooks = {on_answer, on_ready, on_death, member, on_call};

    member->engine = engine;
    member->index = (int)index;
    member->feed_versions = mem_zero(engine->feed_count, sizeof *member->feed_versions);
    member->vault_versions = mem_zero(engine->vault_count, sizeof *member->vault_versions);
    link_init(&member->link, &engine->loop, &hooks);
    uv_timer_init(&engine->loop, &member->restart);
    member->restart.data = member;
    member->restart_open = true;
}

/* Members must exist before plugins are assigned to them: made by crew_open(), started by
 * crew_start(). */
void crew_open(struct engine *engine)
{
    size_t count = (size_t)engine->blueprint->config.workers;

    engine->crew = mem_zero(count, sizeof *engine->crew);
    engine->crew_count = count;
    for (size_t i = 0; i < count; i++)
        init_member(engine, i);
}

int crew_start(struct engine *engine, struct error *e)
{
    for (size_t i = 0; i < engine->crew_count; i++)
        if (start_member(&engine->crew[i], e) < 0)
            return -1;
    return 0;
}

/* A stop need not wait for strategies that are being loaded. */
static void forget_loads(struct link *link)
{
    struct question *q = link_take_all(link);

    while (q != NULL) {
        struct question *next = q->next;
        db_lost(q);
        if (q->expected == MESSAGE_LOADED)
            loading_forget(q);
        q = next;
    }
}

void crew_stop(struct engine *engine)
{
    for (size_t i = 0; i < engine->crew_count; i++) {
        struct crew_member *member = &engine->crew[i];
        link_close(&member->link);
        forget_loads(&member->link);
        if (member->restart_open)
            uv_close((uv_handle_t *)&member->restart, NULL);
        member->restart_open = false;
    }
}

void crew_free(struct engine *engine)
{
    for (size_t i = 0; i < engine->crew_count; i++) {
        free(engine->crew[i].feed_versions);
        free(engine->crew[i].vault_versions);
    }
    free(engine->crew);
    engine->crew = NULL;
    engine->crew_count = 0;
}
