#include "core/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/ending.h"
#include "core/loading.h"
#include "model/value.h"

void outbox_stage(struct engine *engine, const char *name)
{
    faults_at(engine->outbox->faults, name);
}

const char *delivery_vault(const struct delivery *d)
{
    return d->submission.vault[0] != '\0' ? d->submission.vault : NULL;
}

void delivery_free(struct delivery *d)
{
    ending_free(d->ending);
    json_decref(d->preparation.executed);
    json_decref(d->preparation.result);
    submission_release(&d->preparation.submission);
    submission_release(&d->submission);
    run_release(&d->run);
    free(d);
}

/* ---- who waits ---- */

bool outbox_holds(const struct vault *v)
{
    return v->delivery != NULL || v->decided != NULL || v->obstacle != NULL;
}

static bool is_over(const struct vault *v, int64_t since_ns, int64_t patience_ms)
{
    return clock_mono_ns(&v->engine->clock) - since_ns > patience_ms * 1000000;
}

bool outbox_refuses(const struct vault *v, bool asked, char *text, size_t size)
{
    const struct delivery *d = v->delivery;
    int64_t patience_ms = asked ? OUTBOX_ASKED_MS : OUTBOX_PATIENCE_MS;

    if (v->obstacle != NULL && is_over(v, v->obstacle_ns, patience_ms)) {
        snprintf(text, size, "vault '%s': %s", v->config->id, v->obstacle);
        return true;
    }
    if (d == NULL || !d->told || !is_over(v, d->since_ns, patience_ms))
        return false;
    snprintf(text, size, "vault '%s': what came of transaction %s is not known yet: %s",
             v->config->id, d->submission.digest, d->why);
    return true;
}

static void pump(struct vault *v)
{
    for (size_t i = 0; i < v->engine->plugin_count; i++)
        if (v->engine->plugins[i]->vault == v)
            plugin_pump(v->engine->plugins[i]);
}

static void look(struct vault *v)
{
    const char *obstacle = v->executor->outside->obstacle(v->executor);
    bool was = v->obstacle != NULL;

    if (obstacle == NULL || !was || strcmp(obstacle, v->obstacle) != 0) {
        free(v->obstacle);
        v->obstacle = mem_strdup(obstacle);
    }
    if (obstacle != NULL && !was)
        v->obstacle_ns = clock_mono_ns(&v->engine->clock);
    vault_refresh(v);
    if (obstacle == NULL && was)
        pump(v);
}

void outbox_look(struct engine *engine)
{
    for (size_t i = 0; i < engine->vault_count; i++)
        if (engine->vaults[i].executor != NULL && engine->vaults[i].is_outside)
            look(&engine->vaults[i]);
}

#define TELL_NS 1000000000LL /* what is over by then is no news */

static void tell(struct vault *v)
{
    const char *told = v->obstacle_told;

    if (v->obstacle == NULL && told != NULL)
        log_write(v->engine->log, LOG_INFO, "nothing is in the way of the vault any more", "vault",
                  v->config->id, NULL);
    else if (v->obstacle != NULL && (told == NULL || strcmp(told, v->obstacle) != 0) &&
             clock_mono_ns(&v->engine->clock) - v->obstacle_ns > TELL_NS)
        log_write(v->engine->log, LOG_WARN, "the vault cannot act: its strategies wait", "vault",
                  v->config->id, "why", v->obstacle, NULL);
    else
        return;
    free(v->obstacle_told);
    v->obstacle_told = mem_strdup(v->obstacle);
}

/* An operator who waits for an answer is told why there is none. */
static void answer_asked(struct plugin *plugin)
{
    char why[1024];

    if (!outbox_refuses(plugin->vault, true, why, sizeof why))
        return;
    for (struct tick *tick = plugin->queue, *next; tick != NULL; tick = next) {
        next = tick->next;
        if (tick->kind != TRIGGER_MANUAL)
            continue;
        tick_withdraw(tick);
        life_skip(tick, why);
    }
}

void outbox_watch(struct engine *engine)
{
    outbox_look(engine);
    for (size_t i = 0; i < engine->vault_count; i++)
        if (engine->vaults[i].is_outside)
            tell(&engine->vaults[i]);
    for (size_t i = 0; i < engine->plugin_count; i++)
        if (engine->plugins[i]->vault->is_outside)
            answer_asked(engine->plugins[i]);
}

/* ---- preparing ---- */

/* What a decision wrote is with the store now: its state may be read from there again. */
static void handed_over(struct plugin *plugin)
{
    if (--plugin->preparing > 0)
        return;
    if (plugin->load_waits && plugin->worker->link.ready)
        crew_load(plugin);
    plugin_quiet(plugin);
}

/* The end of a batch that has not left: its run ends as its ending says. */
static void hand_in(struct delivery *d)
{
    struct plugin *plugin = d->tick->plugin;
    struct ending *ending = d->ending;
    struct vault *v = d->vault;

    d->ending = NULL;
    v->delivery = NULL;
    delivery_free(d);
    life_hand_in(ending);
    handed_over(plugin);
    outbox_turn(v);
    pump(v);
}

static void spend(const struct delivery *d, struct commit *c)
{
    struct vault_account *account = &d->vault->account;
    struct ledger_entry entry = {.kind = "submit"};

    if (d->preparation.spend == 0)
        return;
    account->version++;
    c->has_change = true;
    c->change_id = c->run.id;
    c->change_ms = d->preparation.now_ms;
    c->change.account = *account;
    c->change.spend = d->preparation.spend;
    ledger_change_add_entry(&c->change, &entry);
}

static void journal(struct delivery *d)
{
    struct commit *c = d->ending->commit;

    outbox_stage(d->engine, "outbox.prepared");
    ending_finish(d->ending);
    d->ending->commit = NULL;
    ending_free(d->ending);
    d->ending = NULL;
    spend(d, c);
    d->submission = d->preparation.submission;
    memset(&d->preparation.submission, 0, sizeof d->preparation.submission);
    d->tick->awaits_commit = true;
    delivery_journal(d, c);
    handed_over(d->tick->plugin);
}

static void prepared(struct preparation *p)
{
    struct delivery *d = p->arg;

    ending_prepared(d->ending, p);
    if (p->status == PREPARED_READY)
        journal(d);
    else
        hand_in(d);
}

static void begin(struct vault *v, struct ending *ending)
{
    struct engine *engine = v->engine;
    struct delivery *d = mem_zero(1, sizeof *d);

    d->engine = engine;
    d->vault = v;
    d->executor = v->executor;
    d->ending = ending;
    d->tick = ending->tick;
    v->delivery = d;
    d->preparation = (struct preparation){.actions = ending->actions,
                                          .plugin = ending->tick->plugin->name,
                                          .run = ending->tick->id,
                                          .now_ms = clock_now_ms(&engine->clock),
                                          .live = !ending->commit->run.dry_run,
                                          .done = prepared,
                                          .arg = d};
    outbox_stage(engine, "outbox.decided");
    v->executor->outside->prepare(v->executor, &d->preparation);
}

void outbox_turn(struct vault *v)
{
    struct ending *ending = v->decided;

    if (v->delivery != NULL || ending == NULL || v->engine->stopping)
        return;
    v->decided = ending->next;
    if (v->decided == NULL)
        v->last = &v->decided;
    begin(v, ending);
}

void outbox_take(struct ending *ending)
{
    struct vault *v = ending->tick->plugin->vault;

    ending->tick->plugin->preparing++;
    ending->next = NULL;
    if (v->decided == NULL)
        v->last = &v->decided;
    *v->last = ending;
    v->last = &ending->next;
    outbox_turn(v);
}

static void outdate(struct ending *ending, const struct plugin *plugin,
                    const struct write_set *newer)
{
    if (ending->tick->plugin == plugin)
        write_set_drop(&ending->commit->writes, newer);
}

void outbox_outdate(struct plugin *plugin, const struct write_set *newer)
{
    const struct vault *v = plugin->vault;

    if (plugin->preparing == 0 || newer->count == 0)
        return;
    if (v->delivery != NULL && v->delivery->ending != NULL)
        outdate(v->delivery->ending, plugin, newer);
    for (struct ending *ending = v->decided; ending != NULL; ending = ending->next)
        outdate(ending, plugin, newer);
}

/* ---- the commit with what will be sent ---- */

static void enlist(struct delivery *d)
{
    struct delivery **place = &d->engine->outbox->open;

    while (*place != NULL)
        place = &(*place)->next;
    d->next = NULL;
    *place = d;
}

/* It will not be sent: another daemon owns the strategy, or the journal did not take it. */
static void drop(struct delivery *d)
{
    struct vault *v = d->vault;

    d->executor->outside->abandon(d->executor, &d->submission);
    delivery_free(d);
    if (v == NULL)
        return;
    v->delivery = NULL;
    outbox_turn(v);
    pump(v);
}

static void refused(struct delivery *d, struct commit *c)
{
    struct engine *engine = d->engine;
    struct tick *tick = d->tick;
    bool failed = c->failed;

    drop(d);
    if (tick == NULL) {
        commit_free(c);
    } else if (failed) { /* as if the daemon had been killed before */
        tick_leave(tick);
        commit_free(c);
    } else {
        life_settled(c, tick, engine);
    }
}

static void journaled(struct commit *c, struct engine *engine)
{
    struct delivery *d = c->arg;

    if (c->failed || c->fenced) {
        refused(d, c);
        return;
    }
    d->journal_us[1] = clock_wall_us(&engine->clock);
    d->run = c->run;
    memset(&c->run, 0, sizeof c->run);
    commit_free(c);
    d->since_ns = clock_mono_ns(&engine->clock);
    enlist(d);
    outbox_stage(engine, "outbox.journaled");
    d->pursuit.fresh = true;
    if (!engine->stopping) /* else the next session sends it: this one would not hear of it */
        delivery_pursue(d);
}

void delivery_journal(struct delivery *d, struct commit *c)
{
    d->journal_us[0] = clock_wall_us(&d->engine->clock);
    c->submission = mem_zero(1, sizeof *c->submission);
    submission_copy(c->submission, &d->submission);
    c->done = journaled;
    c->arg = d;
    commits_push(c);
}
