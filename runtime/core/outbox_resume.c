/* Submissions that an earlier session has left open; upkeep; and what commands see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/ending.h"
#include "core/outbox.h"

/* ---- what executors are given ---- */

static uint64_t next_id(void *arg)
{
    struct engine *engine = arg;

    return id_next(&engine->ids, clock_now_ms(&engine->clock));
}

static bool upkeep(void *arg, struct executor *x, struct submission *s)
{
    struct engine *engine = arg;
    struct delivery *d;

    if (engine->draining || !engine->commits.running || engine->stalled)
        return false;
    d = mem_zero(1, sizeof *d);
    d->engine = engine;
    d->executor = x;
    d->submission = *s;
    memset(s, 0, sizeof *s);
    delivery_journal(d, commit_new(engine->commits.journal, NULL, NULL));
    return true;
}

static bool stopping(void *arg)
{
    return ((const struct engine *)arg)->draining;
}

static void changed(void *arg)
{
    outbox_look(arg);
}

static void say(void *arg, enum log_level level, const char *vault, const char *message)
{
    const struct engine *engine = arg;

    log_write(engine->log, level, message, "vault", vault[0] != '\0' ? vault : NULL, NULL);
}

static void stage(void *arg, const char *name)
{
    outbox_stage(arg, name);
}

struct telling {
    void (*each)(void *to, const struct submission *s);
    void *to;
    size_t left;
};

static int tell_ended(void *arg, const struct submission *s)
{
    struct telling *t = arg;

    if (s->state == SUBMISSION_OPEN)
        return 0;
    t->each(t->to, s);
    return --t->left == 0;
}

#define OPEN_BETWEEN 1000 /* submissions that are open, among those that are not */

static int history(void *arg, const char *account, size_t limit,
                   void (*each)(void *to, const struct submission *s), void *to, struct error *e)
{
    struct engine *engine = arg;
    struct submission_filter filter = {
        .state = -1, .account = account, .limit = limit + OPEN_BETWEEN};
    struct telling t = {each, to, limit};
    int result = 0;

    if (limit > 0)
        result =
            journal_list_submissions(engine->commits.journal->journal, &filter, tell_ended, &t, e);
    return result < 0 ? -1 : 0;
}

int outbox_open(struct engine *engine, struct error *e)
{
    struct outbox *outbox = mem_zero(1, sizeof *outbox);
    bool live = engine->options.live && !engine->options.dry_run;

    engine->outbox = outbox;
    outbox->engine = engine;
    outbox->env = (struct outside_env){.loop = &engine->loop,
                                       .clock = &engine->clock,
                                       .desk = engine->options.desk,
                                       .live = live,
                                       .dry_run = engine->options.dry_run,
                                       .arg = engine,
                                       .next_id = next_id,
                                       .upkeep = upkeep,
                                       .stopping = stopping,
                                       .changed = changed,
                                       .say = say,
                                       .stage = stage,
                                       .history = history};
    if (faults_parse(engine->options.faults, &outbox->faults, e) < 0)
        return -1;
    return engine->registry->open_outsides == NULL
               ? 0
               : engine->registry->open_outsides(&engine->origin->config, &outbox->env,
                                                 &outbox->outsides, e);
}

/* ---- taking up ---- */

struct found {
    struct submission *items;
    size_t count;
};

static int keep(void *arg, const struct submission *s)
{
    struct found *f = arg;

    f->items = mem_resize(f->items, (f->count + 1) * sizeof *s);
    submission_copy(&f->items[f->count++], s);
    return 0;
}

static int keep_run(void *arg, const struct run *run)
{
    struct run *to = arg;

    *to = *run;
    to->topic = mem_strdup(run->topic);
    to->payload = mem_strdup(run->payload);
    to->reason = mem_strdup(run->reason);
    to->error = mem_strdup(run->error);
    to->actions = mem_strdup(run->actions);
    to->result = mem_strdup(run->result);
    to->logs = mem_strdup(run->logs);
    to->spans = mem_strdup(run->spans);
    to->seen = mem_strdup(run->seen);
    to->metadata = mem_strdup(run->metadata);
    return 0;
}

/* Who can end it: its vault, or any vault of the same account. */
static struct executor *find_executor(struct engine *engine, const struct submission *s)
{
    for (size_t i = 0; i < engine->vault_count; i++) {
        struct executor *x = engine->vaults[i].executor;
        if (x->outside != NULL && strcmp(x->ops->name, s->executor) == 0 &&
            strcmp(x->outside->account(x), s->account) == 0 &&
            (s->vault[0] == '\0' || strcmp(engine->vaults[i].config->id, s->vault) == 0))
            return x;
    }
    for (size_t i = 0; i < engine->vault_count; i++) {
        struct executor *x = engine->vaults[i].executor;
        if (x->outside != NULL && strcmp(x->ops->name, s->executor) == 0 &&
            strcmp(x->outside->account(x), s->account) == 0)
            return x;
    }
    return NULL;
}

static void say_taken_up(struct engine *engine, const struct delivery *d)
{
    char id[ID_TEXT_SIZE];

    id_format(d->submission.id, id);
    if (d->executor != NULL)
        log_write(engine->log, LOG_INFO,
                  "a transaction of the last session is open: it is resolved before its vault "
                  "decides again",
                  "digest", d->submission.digest, "vault", delivery_vault(d), "run", id, NULL);
    else
        log_write(
            engine->log, LOG_ERROR,
            "a transaction is open, and no vault of this desk has its account: it stays open, "
            "and its vault does nothing",
            "digest", d->submission.digest, "vault", delivery_vault(d), "account",
            d->submission.account, NULL);
}

/* Also one that has another account by now: what was sent for it may still be executed. */
static void hold_vault(struct delivery *d, struct vault *v)
{
    if (v == NULL || !v->is_outside)
        return;
    d->vault = v;
    if (v->delivery == NULL)
        v->delivery = d;
    if (d->executor != NULL)
        return;
    d->told = true;
    snprintf(d->why, sizeof d->why,
             "it was sent from account %s, which no vault of this desk has any more: put it back",
             d->submission.account);
}

/* Whose batch it was. One that is called otherwise by now is found by its strategy, which must not
 * decide either before it is known what came of its last decision. */
static struct vault *vault_of(struct engine *engine, const struct submission *s)
{
    struct vault *v = engine_vault(engine, s->vault);
    const struct plugin *plugin = engine_plugin(engine, s->plugin);

    return v == NULL && plugin != NULL ? plugin->vault : v;
}

static int adopt(struct engine *engine, struct submission *s, struct error *e)
{
    struct delivery *d = mem_zero(1, sizeof *d), **place = &engine->outbox->open;
    struct plugin *plugin = engine_plugin(engine, s->plugin);

    d->engine = engine;
    d->submission = *s;
    memset(s, 0, sizeof *s);
    d->since_ns = clock_mono_ns(&engine->clock);
    d->executor = find_executor(engine, &d->submission);
    while (*place != NULL)
        place = &(*place)->next;
    *place = d;
    if (journal_get_run(engine->commits.journal->journal, d->submission.id, keep_run, &d->run, e) <
        0)
        return -1;
    say_taken_up(engine, d);
    hold_vault(d, vault_of(engine, &d->submission));
    if (d->executor == NULL)
        return 0;
    if (d->run.id != 0 && plugin != NULL)
        d->tick = tick_resume(plugin, &d->run);
    d->executor->outside->adopt(d->executor, &d->submission);
    return 0;
}

int outbox_adopt(struct engine *engine, struct error *e)
{
    struct submission_filter filter = {.state = SUBMISSION_OPEN, .limit = OUTBOX_OPEN_MAX};
    struct found found = {0};
    int result =
        journal_list_submissions(engine->commits.journal->journal, &filter, keep, &found, e);

    for (size_t i = found.count; i-- > 0;) { /* the oldest first */
        if (result == 0)
            result = adopt(engine, &found.items[i], e);
        submission_release(&found.items[i]);
    }
    free(found.items);
    outbox_look(engine);
    return result;
}

/* ---- beginning and end ---- */

void outbox_start(struct engine *engine)
{
    struct outbox *outbox = engine->outbox;

    uv_timer_init(&engine->loop, &outbox->timer);
    outbox->timer.data = outbox;
    outbox->timer_open = true;
    outbox_wake(outbox);
}

/* The books of its source and of its store are closed already. */
static void let_go(struct tick *tick)
{
    if (tick == NULL)
        return;
    tick->intake = NULL;
    tick->inflight = NULL;
    tick_leave(tick);
}

/* What has not ended is not this session's any more: who waits for it is told so. */
static void let_all_go(struct engine *engine)
{
    for (struct delivery *d = engine->outbox->open; d != NULL; d = d->next) {
        let_go(d->tick);
        d->tick = NULL;
    }
    for (size_t i = 0; i < engine->vault_count; i++) {
        const struct vault *v = &engine->vaults[i];
        if (v->delivery != NULL && v->delivery->ending != NULL)
            let_go(v->delivery->tick);
        for (const struct ending *ending = v->decided; ending != NULL; ending = ending->next)
            let_go(ending->tick);
    }
}

void outbox_stop(struct engine *engine)
{
    struct outbox *outbox = engine->outbox;

    if (outbox == NULL)
        return;
    let_all_go(engine);
    if (outbox->timer_open)
        uv_close((uv_handle_t *)&outbox->timer, NULL);
    outbox->timer_open = false;
    for (size_t i = 0; i < engine->vault_count; i++) {
        struct executor *x = engine->vaults[i].executor;
        if (x == NULL || x->outside == NULL)
            continue;
        executor_close(x);
        engine->vaults[i].executor = NULL;
    }
    if (outbox->outsides != NULL)
        engine->registry->close_outsides(outbox->outsides);
    outbox->outsides = NULL;
}

/* What had not been journaled. */
static void free_vault(struct vault *v)
{
    if (v->delivery != NULL && v->delivery->ending != NULL) /* else it is in the list */
        delivery_free(v->delivery);
    while (v->decided != NULL) {
        struct ending *next = v->decided->next;
        ending_free(v->decided);
        v->decided = next;
    }
    v->delivery = NULL;
    free(v->obstacle);
    free(v->obstacle_told);
    v->obstacle = v->obstacle_told = NULL;
}

void outbox_free(struct engine *engine)
{
    struct outbox *outbox = engine->outbox;

    if (outbox == NULL)
        return;
    for (size_t i = 0; i < engine->vault_count; i++)
        free_vault(&engine->vaults[i]);
    while (outbox->open != NULL) {
        struct delivery *next = outbox->open->next;
        delivery_free(outbox->open);
        outbox->open = next;
    }
    faults_free(outbox->faults);
    free(outbox);
    engine->outbox = NULL;
}

/* ---- what commands see ---- */

size_t outbox_kick(struct engine *engine, uint64_t id)
{
    size_t count = 0;

    for (struct delivery *d = engine->outbox->open; d != NULL; d = d->next) {
        if ((id != 0 && d->submission.id != id) || d->settling || d->executor == NULL)
            continue;
        d->next_ns = 0;
        d->knocked = d->pursuing;
        d->tries = 0;
        count++;
    }
    outbox_wake(engine->outbox);
    return count;
}

static json_t *delivery_json(const struct delivery *d, int64_t now_ns)
{
    char id[ID_TEXT_SIZE];
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:I, s:i}", "id", id_format(d->submission.id, id),
                          "digest", d->submission.digest, "vault", d->submission.vault, "account",
                          d->submission.account, "age_ms",
                          (json_int_t)((now_ns - d->since_ns) / 1000000), "tries", (int)d->tries);

    if (d->told)
        json_object_set_new(o, "why", json_string(d->why));
    if (d->executor == NULL)
        json_object_set_new(o, "why", json_string("no vault of this desk has its account"));
    return o;
}

#define SHOWN 20

json_t *outbox_json(const struct engine *engine)
{
    const struct outbox *outbox = engine->outbox;
    int64_t now = clock_mono_ns(&engine->clock), oldest = 0;
    json_t *list = json_array();
    size_t open = 0;

    for (const struct delivery *d = outbox->open; d != NULL; d = d->next) {
        if (open++ < SHOWN)
            json_array_append_new(list, delivery_json(d, now));
        if (now - d->since_ns > oldest)
            oldest = now - d->since_ns;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:o}", "open", (json_int_t)open, "oldest_ms",
                     (json_int_t)(oldest / 1000000), "settled", (json_int_t)outbox->settled, "dead",
                     (json_int_t)outbox->dead, "list", list);
}

json_t *outbox_vaults_json(struct engine *engine)
{
    json_t *list = json_array();

    for (size_t i = 0; i < engine->vault_count; i++) {
        struct vault *v = &engine->vaults[i];
        struct executor *x = v->executor;
        json_t *o;
        if (x == NULL || x->outside == NULL)
            continue;
        o = json_pack("{s:s, s:s, s:s, s:b, s:o}", "vault", v->config->id, "executor", x->ops->name,
                      "account", x->outside->account(x), "live",
                      engine->options.live && !engine->options.dry_run, "status",
                      x->outside->status(x));
        if (v->obstacle != NULL)
            json_object_set_new(o, "obstacle", json_string(v->obstacle));
        json_array_append_new(list, o);
    }
    return list;
}
