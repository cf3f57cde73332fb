/* The vaults: opened from the journal's record, settled when positions expire, shown to scripts as
 * snapshots. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"
#include "core/outbox.h"
#include "core/seen.h"
#include "model/value.h"

struct vault *engine_vault(const struct engine *engine, const char *id)
{
    for (size_t i = 0; i < engine->vault_count; i++)
        if (strcmp(engine->vaults[i].config->id, id) == 0)
            return &engine->vaults[i];
    return NULL;
}

void vault_refresh(struct vault *v)
{
    uint64_t version = executor_version(v->executor) + 1;
    json_t *snapshot, *nav;
    uint64_t amount = 0;

    if (version == v->snapshot_version)
        return;
    snapshot = executor_snapshot(v->executor, clock_now_ms(&v->engine->clock));
    nav = json_object_get(snapshot, "nav");
    if (nav != NULL && value_to_u64(nav, &amount) == 0)
        snprintf(v->nav, sizeof v->nav, "%llu", (unsigned long long)amount);
    free(v->snapshot);
    v->snapshot = value_text(snapshot);
    v->snapshot_version = version;
    json_decref(snapshot);
    /* When a price at or after the expiry is still to come, the feed's next update settles (see
     * vault_settle). */
    if (executor_next_expiry(v->executor) > clock_now_ms(&v->engine->clock))
        timeline_arm(&v->engine->timeline, &v->settle, executor_next_expiry(v->executor));
}

static void settled(struct commit *c, struct engine *engine)
{
    (void)engine;
    commit_free(c);
}

static void give_closures(struct vault *v, json_t *closures)
{
    for (size_t i = 0; i < v->engine->plugin_count; i++) {
        struct plugin *p = v->engine->plugins[i];
        if (p->vault != v || json_array_size(p->closures) > 1000)
            continue;
        if (p->closures == NULL)
            p->closures = json_array();
        json_array_extend(p->closures, closures);
    }
}

void vault_settle(struct vault *v)
{
    struct engine *engine = v->engine;
    int64_t now = clock_now_ms(&engine->clock);
    struct ledger_change change;
    struct error e = ERROR_INIT;
    json_t *closures = NULL;
    struct commit *c;
    int result;

    if (engine->options.dry_run || executor_next_expiry(v->executor) > now)
        return;
    memset(&change, 0, sizeof change);
    result = executor_settle(v->executor, now, &change, &closures, &e);
    if (result < 0)
        log_write(engine->log, LOG_ERROR, "settlement failed", "vault", v->config->id, "error",
                  e.message, NULL);
    if (result <= 0)
        return;
    c = commit_new(engine->commits.journal, settled, NULL);
    c->has_change = true; /* and no run: change_id stays 0 */
    c->change_ms = now;
    c->change = change;
    commits_push(c);
    give_closures(v, closures);
    json_decref(closures);
    vault_refresh(v);
}

static void settle_due(struct timer *timer, int64_t now_ms)
{
    (void)now_ms;
    vault_settle(timer->arg);
}

/* ---- opening ---- */

struct record {
    struct vault_account account;
    struct position *positions;
    size_t position_count;
    struct spend *spends;
    size_t spend_count;
};

static int add_position(void *arg, const struct position *position)
{
    struct record *r = arg;

    r->positions = mem_resize(r->positions, (r->position_count + 1) * sizeof *position);
    r->positions[r->position_count++] = *position;
    return 0;
}

static int add_spend(void *arg, const struct spend *spend)
{
    struct record *r = arg;

    r->spends = mem_resize(r->spends, (r->spend_count + 1) * sizeof *spend);
    r->spends[r->spend_count++] = *spend;
    return 0;
}

static int read_record(struct engine *engine, const struct vault_config *config, struct record *r,
                       struct error *e)
{
    struct journal *j = engine->commits.journal->journal;
    /* Somewhat more than the window: the executor counts in slots of 1/4096 of it. */
    int64_t window = config->caps.spend_window_ms + config->caps.spend_window_ms / 4096 + 1;
    int64_t since = clock_now_ms(&engine->clock) - window;
    bool found;

    if (journal_load_account(j, config->id, &found, &r->account, e) < 0 ||
        journal_load_positions(j, config->id, add_position, r, e) < 0 ||
        journal_load_spend(j, config->id, since, add_spend, r, e) < 0)
        return -1;
    if (!found)
        r->account.id[0] = '\0';
    return 0;
}

static void commit_opening(struct engine *engine, struct ledger_change *opening)
{
    struct commit *c;

    if (opening->entry_count == 0)
        return;
    c = commit_new(engine->commits.journal, settled, NULL);
    c->has_change = true;
    c->change_ms = clock_now_ms(&engine->clock);
    c->change = *opening;
    memset(opening, 0, sizeof *opening);
    commits_push(c);
}

static int open_vault(struct engine *engine, struct vault *v, struct record *r, struct error *e)
{
    struct vault_record record = {r->account, r->positions, r->position_count, r->spends,
                                  r->spend_count};
    struct ledger_change opening;

    memset(&opening, 0, sizeof opening);
    if (engine->registry->open_executor(v->config, &record, &engine->markets, &engine->outbox->env,
                                        engine->outbox->outsides, clock_now_ms(&engine->clock),
                                        &opening, &v->executor, e) < 0)
        return -1;
    v->is_outside = v->executor->outside != NULL;
    if (v->is_outside && engine->data_clock) {
        executor_close(v->executor);
        return error_set(e, ERROR_CONFIG,
                         "vault '%s': its executor works in real time, and a csv feed makes the "
                         "desk's clock the data's: use executor = \"paper\" to replay history",
                         v->config->id);
    }
    if (!engine->options.dry_run)
        commit_opening(engine, &opening);
    ledger_change_release(&opening);
    v->engine = engine;
    v->account = r->account;
    snprintf(v->account.id, sizeof v->account.id, "%s", v->config->id);
    v->settle = (struct timer){.rank = RANK_SETTLE, .fire = settle_due, .arg = v};
    return 0;
}

/* Before the stores' threads have work: the journal may be read from here. */
int vaults_open(struct engine *engine, struct error *e)
{
    const struct config *config = &engine->origin->config;
    struct record *records = mem_zero(config->vault_count, sizeof *records);
    int result = 0;

    for (size_t i = 0; i < config->vault_count && result == 0; i++)
        result = read_record(engine, &config->vaults[i], &records[i], e);
    engine->vaults = mem_zero(config->vault_count, sizeof *engine->vaults);
    for (size_t i = 0; i < config->vault_count && result == 0; i++) {
        engine->vaults[i].config = &config->vaults[i];
        result = open_vault(engine, &engine->vaults[i], &records[i], e);
        engine->vault_count += result == 0;
    }
    for (size_t i = 0; i < config->vault_count; i++) {
        free(records[i].positions);
        free(records[i].spends);
    }
    free(records);
    for (size_t i = 0; i < engine->vault_count; i++)
        vault_refresh(&engine->vaults[i]);
    return result;
}

void vaults_close(struct engine *engine)
{
    for (size_t i = 0; i < engine->vault_count; i++) {
        timeline_disarm(&engine->timeline, &engine->vaults[i].settle);
        executor_close(engine->vaults[i].executor);
        free(engine->vaults[i].snapshot);
        seen_scene_drop(engine->vaults[i].scene);
    }
    free(engine->vaults);
    engine->vaults = NULL;
    engine->vault_count = 0;
}
