/*
 * The end of a tick. With state in the journal's database:
 *     decided -> record -> plan (executes in memory) -> one commit -> ended
 * with state apart:
 *     decided -> record -> commit of the state -> plan -> commit of the journal -> ended
 * so that state is durable before any action, and ledger changes reach the journal in the order
 * they were executed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/ending.h"
#include "core/engine.h"
#include "core/leases.h"
#include "core/outbox.h"
#include "core/seen.h"
#include "core/tail.h"
#include "core/trace.h"
#include "model/value.h"

/* What one plugin may print: bursts of 100 lines, 20 a second in the long run. All lines are in the
 * run's record. */
#define PRINT_BURST      100
#define PRINT_PER_SECOND 20

static bool may_print(struct plugin *plugin)
{
    int64_t now = clock_mono_ns(&plugin->engine->clock);
    int64_t step = 1000000000 / PRINT_PER_SECOND;
    char count[24];

    if (plugin->print_ns < now - PRINT_BURST * step)
        plugin->print_ns = now - PRINT_BURST * step;
    if (plugin->print_ns + step > now) {
        plugin->unprinted++;
        return false;
    }
    plugin->print_ns += step;
    if (plugin->unprinted > 0) {
        snprintf(count, sizeof count, "%llu", (unsigned long long)plugin->unprinted);
        log_write(plugin->engine->log, LOG_WARN,
                  "too many lines: some were not printed, `orrery runs show` has them", "plugin",
                  plugin->name, "lines", count, NULL);
        plugin->unprinted = 0;
    }
    return true;
}

static void log_lines(const struct tick *tick, const struct message_log *logs, size_t count)
{
    const struct engine *engine = tick->plugin->engine;
    char id[ID_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        if ((enum log_level)logs[i].level < engine->log->level || !may_print(tick->plugin))
            continue;
        char *fields =
            logs[i].fields.data ? mem_strndup(logs[i].fields.data, logs[i].fields.len) : NULL;
        log_write(engine->log, (enum log_level)logs[i].level, logs[i].message, "plugin",
                  tick->plugin->name, "run", id_format(tick->id, id), "fields", fields, NULL);
        free(fields);
    }
}

static void start_events(struct engine *engine, const struct commit *c)
{
    for (size_t i = 0; i < c->add_count; i++)
        life_start_pending(engine, &c->add[i]);
}

char *life_last_text(const struct run *run)
{
    json_t *error;
    json_t *result = ending_result(run, &error);
    char *text = value_text(result);

    json_decref(result);
    json_decref(error);
    return text;
}

static void remember_last(struct plugin *plugin, const struct run *run)
{
    struct message m = {.type = MESSAGE_LAST};

    if ((run->status != RUN_COMPLETED && run->status != RUN_REJECTED) || run->actions == NULL ||
        run->dry_run)
        return;
    free(plugin->last);
    plugin->last = life_last_text(run);
    seen_last_changed(plugin);
    if (plugin->stage != STAGE_READY)
        return; /* it is sent with the next load */
    m.as.last.slot = plugin->slot;
    m.as.last.json = (struct text){plugin->last, strlen(plugin->last)};
    link_tell(&plugin->worker->link, &m);
}

static void count_end(struct plugin *plugin, const struct run *run)
{
    struct engine *engine = plugin->engine;

    engine->counters.ended[run->status]++;
    engine->counters.open--;
    plugin->counters.ended[run->status]++;
    plugin->counters.open--;
    notices_count(plugin, run);
    if (run->status == RUN_NOOP)
        plugin_count_reason(plugin, run->reason);
    if (run->status == RUN_FAILED || run->status == RUN_REJECTED) {
        free(plugin->last_error);
        plugin->last_error = mem_strdup(run->error);
    }
}

void life_recorded(struct plugin *plugin, const struct run *run)
{
    struct engine *engine = plugin->engine;

    engine->counters.received++;
    engine->counters.open++;
    plugin->counters.received++;
    plugin->counters.open++;
    count_end(plugin, run);
    if (engine->options.view.run_ended != NULL)
        engine->options.view.run_ended(engine->options.view.arg, run, plugin->vault->nav);
}

static bool wants_hooks(const struct plugin *plugin, const struct run *run)
{
    if (run->status == RUN_SKIPPED || run->status == RUN_CANCELLED || run->dry_run ||
        plugin->removed)
        return false;
    return plugin->manifest.has_on_executed ||
           (plugin->manifest.has_on_error &&
            (run->status == RUN_FAILED || run->status == RUN_REJECTED));
}

/* The commit is durable: the run has ended. */
static void ended(struct commit *c, struct engine *engine)
{
    struct tick *tick = c->arg;
    struct plugin *plugin = tick->plugin;

    if (c->failed) { /* not recorded: as if the daemon had been killed before */
        tick_leave(tick);
        commit_free(c);
        return;
    }
    count_end(plugin, &c->run);
    dead_buried(engine, c);
    tail_run(engine, &c->run);
    start_events(engine, c);
    if (tick->waiter != NULL) {
        tick->waiter->ended(tick->waiter, &c->run);
        tick->waiter = NULL;
    }
    if (engine->options.view.run_ended != NULL)
        engine->options.view.run_ended(engine->options.view.arg, &c->run, plugin->vault->nav);
    tick_release(tick);
    commit_free(c);
}

/* With state apart from the journal, hooks and ctx.last wait for the journal's commit. */
static void ended_apart(struct commit *c, struct engine *engine)
{
    struct tick *tick = c->arg;

    if (c->failed) {
        ended(c, engine);
        return;
    }
    remember_last(tick->plugin, &c->run);
    if (wants_hooks(tick->plugin, &c->run)) {
        tick->holds++;
        hooks_run(tick, &c->run);
    }
    ended(c, engine);
}

void life_settled(struct commit *c, struct tick *tick, struct engine *engine)
{
    c->arg = tick;
    if (tick != NULL) {
        ended_apart(c, engine);
        return;
    }
    engine->counters.received++; /* by this session: nobody else has told of its end */
    engine->counters.ended[c->run.status]++;
    start_events(engine, c);
    commit_free(c);
}

/*
 * With state in the journal's database, whatever a hook writes is committed behind this commit: a
 * crash can lose both or the hook's writes, never the outcome alone. So the hooks need not wait for
 * the disk, and nor does a replay.
 */
void life_hand_in(struct ending *ending)
{
    struct tick *tick = ending->tick;
    struct plugin *plugin = tick->plugin;
    struct commit *c = ending->commit;
    bool apart = store_is_apart(plugin->state);

    ending_finish(ending);
    c->done = apart ? ended_apart : ended;
    tick->awaits_commit = apart || c->add_count > 0 || tick->waiter != NULL;
    ending->commit = NULL;
    ending_free(ending);
    if (!apart) {
        remember_last(plugin, &c->run);
        if (wants_hooks(plugin, &c->run)) {
            tick->holds++;
            hooks_run(tick, &c->run);
        }
    }
    if (tick->holds == 1 && !tick->awaits_commit)
        tick_unobserve(tick);
    dead_bury(c, tick);
    commits_push(c);
}

/* Closures that a script has seen are delivered; after a failed decide() the next tick gets them
 * again, before newer ones. */
static void return_closures(struct tick *tick)
{
    struct plugin *plugin = tick->plugin;

    if (tick->closures == NULL)
        return;
    if (plugin->closures != NULL)
        json_array_extend(tick->closures, plugin->closures);
    json_decref(plugin->closures);
    plugin->closures = tick->closures;
    tick->closures = NULL;
}

static void plan_and_hand_in(struct ending *ending)
{
    if (ending->commit->run.status == RUN_FAILED)
        return_closures(ending->tick);
    ending_plan(ending);
    if (ending->outside)
        outbox_take(ending);
    else
        life_hand_in(ending);
}

/* Refused by the store: another daemon owns the plugin. Nothing was written, so nothing may be
 * executed. */
static void fenced(struct ending *ending)
{
    trace_say(ending->tick, LOG_ERROR, "its writes were refused: another daemon owns it now");
    ending_refuse(ending, error_text(error_name(ERROR_STORE_FENCED),
                                     "another daemon owns this strategy now: nothing of this "
                                     "decision was written or executed",
                                     NULL, 0));
    leases_lost(ending->tick->plugin);
}

static void state_is_durable(struct commit *c, struct engine *engine)
{
    struct ending *ending = c->arg;
    struct plugin *plugin = ending->tick->plugin;
    bool failed = c->failed;

    ending->state_us = clock_wall_us(&engine->clock);
    plugin->writing--;
    if (c->fenced)
        fenced(ending);
    commit_free(c);
    if (failed) {
        tick_leave(ending->tick);
        ending_free(ending);
        return;
    }
    plan_and_hand_in(ending);
    if (plugin->vault->is_outside) /* its next tick has waited for this */
        plugin_pump(plugin);
}

static void judge_health(struct plugin *plugin, const struct run *run)
{
    json_t *o;

    if (run->status != RUN_FAILED) {
        plugin_set_health(plugin, true, NULL);
        return;
    }
    o = json_loads(run->error, 0, NULL);
    plugin_set_health(plugin, false, json_string_value(json_object_get(o, "message")));
    json_decref(o);
}

static void set_writes(struct commit *c, const struct plugin *plugin, const struct kv_write *writes,
                       size_t count)
{
    snprintf(c->plugin, sizeof c->plugin, "%s", plugin->name);
    c->fence = plugin->token;
    write_set_copy(&c->writes, writes, count);
}

int life_decided(struct tick *tick, const struct message_decided *decided, struct error *e)
{
    struct plugin *plugin = tick->plugin;
    struct ending *ending = ending_new(tick);
    bool dry = plugin_is_dry(plugin);

    if (ending_record(ending, decided, e) < 0) {
        ending_free(ending);
        return -1;
    }
    plugin->state_keys = decided->state_keys;
    plugin->cost_us = (3 * plugin->cost_us + decided->cpu_us) / 4;
    log_lines(tick, decided->logs, decided->log_count);
    judge_health(plugin, &ending->commit->run);
    if (!store_is_apart(plugin->state) || dry) {
        set_writes(ending->commit, plugin, decided->writes, dry ? 0 : decided->write_count);
        plan_and_hand_in(ending);
    } else {
        struct commit *state = commit_new(plugin->state, state_is_durable, ending);
        set_writes(state, plugin, decided->writes, decided->write_count);
        plugin->writing++;
        commits_push(state);
    }
    return 0;
}

void life_end(struct tick *tick, enum run_status status, const char *reason, char *error)
{
    struct ending *ending = ending_new(tick);
    struct run *run = &ending->commit->run;

    run->status = status;
    run->reason = mem_strdup(reason);
    run->error = error;
    return_closures(tick);
    life_hand_in(ending);
}

void life_skip(struct tick *tick, const char *reason)
{
    life_end(tick, RUN_SKIPPED, reason, NULL);
}

void life_fail(struct tick *tick, enum error_code code, const char *message)
{
    life_end(tick, RUN_FAILED, NULL, error_text(error_name(code), message, NULL, 0));
}

static void orphan_done(struct commit *c, struct engine *engine)
{
    if (!c->failed) {
        engine->counters.received++;
        engine->counters.ended[RUN_SKIPPED]++;
    }
    commit_free(c);
}

/* A pending trigger whose plugin is not part of the desk any more: skipped, with its reason. */
static void skip_orphan(struct engine *engine, const struct pending *p)
{
    struct commit *c = commit_new(engine->commits.journal, orphan_done, NULL);

    c->remove_pending = p->id;
    c->run.id = p->id;
    snprintf(c->run.plugin, sizeof c->run.plugin, "%s", p->plugin);
    c->run.status = RUN_SKIPPED;
    c->run.trigger = p->kind;
    c->run.topic = mem_strdup(p->topic);
    c->run.payload = mem_strdup(p->payload);
    c->run.scheduled_ms = p->scheduled_ms;
    c->run.finished_ms = clock_now_ms(&engine->clock);
    c->run.parent = p->parent;
    c->run.depth = p->depth;
    c->run.reason = mem_strdup("no strategy of that name is loaded");
    commits_push(c);
}

static void start_pending(struct engine *engine, const struct pending *p, bool is_old)
{
    struct plugin *plugin = engine_plugin(engine, p->plugin);

    if (plugin == NULL)
        skip_orphan(engine, p);
    else
        engine_arrive(plugin, &(struct arrival){.kind = p->kind,
                                                .topic = p->topic,
                                                .payload = p->payload,
                                                .scheduled_ms = p->scheduled_ms,
                                                .deadline_ms = p->deadline_ms,
                                                .parent = p->parent,
                                                .depth = p->depth,
                                                .id = p->id,
                                                .is_counted = is_old});
}

void life_start_pending(struct engine *engine, const struct pending *p)
{
    start_pending(engine, p, false);
}

void life_take_up(struct engine *engine, const struct pending *p)
{
    start_pending(engine, p, true);
}
