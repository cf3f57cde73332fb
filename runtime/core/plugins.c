/* One strategy in the daemon: its record, its timers, its health. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/engine.h"
#include "core/leases.h"
#include "core/seen.h"
#include "core/update.h"

void plugin_adopt(struct plugin *p, struct blueprint_plugin *from)
{
    free(p->file.path);
    free(p->file.source);
    manifest_release(&p->manifest);
    json_decref(p->params);
    p->file.path = mem_strdup(from->file->path);
    p->file.source = mem_strndup(from->file->source, from->file->len);
    p->file.len = from->file->len;
    p->manifest = from->manifest;
    memset(&from->manifest, 0, sizeof from->manifest); /* ours now */
    p->params = json_incref(from->params);
    seen_params_changed(p);
    memcpy(p->version, from->version, sizeof p->version);
    free(p->content);
    p->content = mem_strdup(from->content);
    p->recording = config_recording(&p->engine->blueprint->config, p->name);
}

struct plugin *strategy_new(struct engine *engine, struct blueprint_plugin *from, size_t index,
                            struct error *e)
{
    struct plugin *p = mem_zero(1, sizeof *p);

    p->engine = engine;
    p->queue_tail = &p->queue;
    snprintf(p->name, sizeof p->name, "%s", from->manifest.name);
    p->vault = engine_vault(engine, from->manifest.vault_id);
    p->state_url = mem_strdup(from->state_url);
    p->tables_url = mem_strdup(from->tables_url);
    plugin_adopt(p, from);
    if (commits_state_store(engine, p->state_url, p->name, &p->state, e) < 0) {
        error_prefix(e, "state of plugin '%s': ", p->name);
        strategy_free(p);
        return NULL;
    }
    p->worker = crew_assign(engine, index, p->vault);
    return p;
}

void strategy_free(struct plugin *p)
{
    if (p == NULL)
        return;
    free(p->file.path);
    free(p->file.source);
    free(p->state_url);
    free(p->tables_url);
    manifest_release(&p->manifest);
    json_decref(p->params);
    json_decref(p->closures);
    free(p->content);
    seen_params_changed(p);
    seen_last_changed(p);
    update_free(p->update);
    free(p->timers);
    free(p->health_reason);
    notices_free(p);
    free(p->last);
    free(p->last_error);
    for (size_t i = 0; i < REASONS; i++)
        free(p->reasons[i].reason);
    free(p);
}

/* After a stall or a stepped clock: this many missed times are counted one by one, then the rest is
 * jumped over (a clock that starts in 1970 would have millions). */
#define MISSED_MAX 10000

/* The times from `next` up to now are folded: counted, the newest of them in `*due`. Returns the
 * first one to come. */
static int64_t fold_missed(struct plugin *p, const struct cron *cron, int64_t next, int64_t now_ms,
                           int64_t *due)
{
    for (int i = 0; next <= now_ms; i++) {
        int64_t skipped = cron->every_ms > 0 ? (now_ms - next) / cron->every_ms : 0;
        plugin_miss(p, (uint64_t)skipped + 1);
        *due = next + skipped * cron->every_ms;
        next = cron_next(cron, i < MISSED_MAX ? *due : now_ms);
    }
    return next;
}

static void cron_fired(struct timer *timer, int64_t now_ms)
{
    struct cron_timer *t = (struct cron_timer *)timer;
    struct plugin *p = t->plugin;
    int64_t due = timer->due_ms, next = cron_next(&t->cron, due);
    bool late = next <= now_ms;

    next = fold_missed(p, &t->cron, next, now_ms, &due);
    timeline_arm(&p->engine->timeline, timer, next);
    if ((late && t->trigger->catch_up == CATCH_UP_SKIP) || engine_backlogged(p->engine))
        plugin_miss(p, 1);
    else if (!replay_answered(p->engine, p, TRIGGER_CRON, NULL, due))
        engine_receive(p, TRIGGER_CRON, NULL, NULL, due, 0, 0, 0, NULL);
}

static bool same_cron(const struct cron *a, const struct cron *b)
{
    return a->every_ms == b->every_ms && a->minutes == b->minutes && a->hours == b->hours &&
           a->days == b->days && a->months == b->months && a->weekdays == b->weekdays &&
           strcmp(a->tz, b->tz) == 0;
}

/* When the same trigger was due already in the version before, so that a reload neither loses nor
 * repeats a tick. */
static int64_t inherited_due(const struct cron_timer *old, size_t old_count,
                             const struct trigger *trigger)
{
    for (size_t i = 0; i < old_count; i++)
        if (old[i].trigger != NULL && same_cron(&old[i].cron, &trigger->cron))
            return old[i].timer.due_ms;
    return 0;
}

void plugin_disarm(struct plugin *p)
{
    for (size_t i = 0; i < p->timer_count; i++)
        timeline_disarm(&p->engine->timeline, &p->timers[i].timer);
}

/* At one instant plugin by plugin, in an order that does not depend on when they were armed: a
 * replay that is taken up again has the order of an undisturbed one. */
static int cron_rank(const struct plugin *p)
{
    size_t index = 0;

    while (index < p->engine->plugin_count && p->engine->plugins[index] != p)
        index++;
    return RANK_CRON + (int)index;
}

void plugin_arm(struct plugin *p, int64_t after_ms)
{
    int rank = cron_rank(p);
    struct cron_timer *old = p->timers;
    size_t old_count = p->timer_count;

    plugin_disarm(p);
    p->timers = mem_zero(p->manifest.trigger_count, sizeof *p->timers);
    p->timer_count = p->manifest.trigger_count;
    for (size_t i = 0; i < p->timer_count; i++) {
        struct cron_timer *t = &p->timers[i];
        int64_t due;
        if (p->manifest.triggers[i].kind != TRIGGER_CRON)
            continue;
        t->plugin = p;
        t->trigger = &p->manifest.triggers[i];
        t->cron = t->trigger->cron;
        t->timer.fire = cron_fired;
        t->timer.rank = rank;
        due = inherited_due(old, old_count, t->trigger);
        timeline_arm(&p->engine->timeline, &t->timer, due ? due : cron_next(&t->cron, after_ms));
    }
    free(old);
    advance_kick(p->engine);
}

/* Its next times are reckoned from now on: else nothing would fire until the clock is where it was.
 */
void plugin_clock_set_back(struct plugin *p, int64_t now_ms)
{
    for (size_t i = 0; i < p->timer_count; i++) {
        struct cron_timer *t = &p->timers[i];
        if (t->trigger != NULL)
            timeline_arm(&p->engine->timeline, &t->timer, cron_next(&t->cron, now_ms));
    }
}

void plugin_count_reason(struct plugin *p, const char *reason)
{
    for (size_t i = 0; i < REASONS - 1; i++) {
        struct reason_count *r = &p->reasons[i];
        if (r->reason == NULL)
            r->reason = mem_strdup(reason);
        if (strcmp(r->reason, reason) == 0) {
            r->count++;
            return;
        }
    }
    if (p->reasons[REASONS - 1].reason == NULL)
        p->reasons[REASONS - 1].reason = mem_strdup("(other reasons)");
    p->reasons[REASONS - 1].count++;
}

static void set_reason(struct plugin *p, const char *reason)
{
    free(p->health_reason);
    p->health_reason = mem_strdup(reason);
}

void plugin_set_health(struct plugin *p, bool success, const char *reason)
{
    const struct config *config = &p->engine->blueprint->config;

    if (p->health == QUARANTINED)
        return;
    if (success) {
        if (p->health == UNHEALTHY)
            log_write(p->engine->log, LOG_INFO, "healthy again", "plugin", p->name, NULL);
        p->health = HEALTHY;
        p->skip_left = p->skip_next = 0;
        set_reason(p, NULL);
        return;
    }
    /* Ticks that ran side by side and failed together count as one failure. */
    if (p->health == UNHEALTHY && p->skip_left > 0)
        return;
    p->skip_next = p->health == HEALTHY ? config->health_skip : p->skip_next * 2;
    if (p->skip_next > config->health_skip_max)
        p->skip_next = config->health_skip_max;
    p->skip_left = p->skip_next;
    p->health = UNHEALTHY;
    set_reason(p, reason);
    char skips[16];
    snprintf(skips, sizeof skips, "%u", p->skip_left);
    log_write(p->engine->log, LOG_WARN, "unhealthy: its next ticks are skipped", "plugin", p->name,
              "skips", skips, "error", reason, NULL);
}

void plugin_flush_queue(struct plugin *p, const char *reason)
{
    while (p->queue != NULL) {
        struct tick *tick = p->queue;
        p->queue = tick->next;
        p->queued--;
        p->engine->waiting--;
        life_skip(tick, reason);
    }
    p->queue_tail = &p->queue;
}

void plugin_quarantine(struct plugin *p, const char *why)
{
    char reason[400];

    p->health = QUARANTINED;
    set_reason(p, why);
    snprintf(reason, sizeof reason, "quarantined: %s", why);
    log_write(p->engine->log, LOG_ERROR, "quarantined until it is reloaded", "plugin", p->name,
              "reason", why, NULL);
    plugin_flush_queue(p, reason);
    hooks_waiting(p);
}

/* Between two ticks: state changes from outside first, then a waiting version. */
void plugin_quiet(struct plugin *p)
{
    bool loading = p->stage == STAGE_LOADING || p->stage == STAGE_SWAPPING;

    if (p->running > 0 || p->hooking > 0 || p->preparing > 0)
        return;
    leases_quiet(p);
    while (p->changes != NULL && !p->changes->holds && !loading) {
        struct state_change *change = p->changes;
        p->changes = change->next;
        change->apply(change, p);
    }
    reload_swap_ready(p);
}

void plugin_change_state(struct plugin *p, struct state_change *change)
{
    struct state_change **place = &p->changes;

    while (*place != NULL)
        place = &(*place)->next;
    *place = change;
    plugin_quiet(p);
    plugin_pump(p);
}

bool plugin_subscribes(const struct plugin *plugin, const char *topic)
{
    for (size_t i = 0; i < plugin->manifest.trigger_count; i++) {
        const struct trigger *t = &plugin->manifest.triggers[i];
        if (t->kind == TRIGGER_EVENT && strcmp(t->topic, topic) == 0)
            return !plugin->removed;
    }
    return false;
}

bool engine_has_subscriber(const struct engine *engine, const char *topic)
{
    for (size_t i = 0; i < engine->plugin_count; i++)
        if (plugin_subscribes(engine->plugins[i], topic))
            return true;
    return false;
}
