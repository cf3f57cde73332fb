#include "core/commits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"

/* Ticks in one transaction: large enough to share an fsync well, small enough to bound the latency
 * of the first. */
#define GROUP_MAX    1024
#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 2000

enum job_kind { JOB_COMMIT, JOB_QUERY };

/* Both job types begin with a store_job; which one it is shows in its `done`. */
static void commit_finished(struct store_job *job, void *arg);
static void query_finished(struct store_job *job, void *arg);

static enum job_kind kind_of(const struct store_job *job)
{
    return job->done == commit_finished ? JOB_COMMIT : JOB_QUERY;
}

void write_set_copy(struct write_set *out, const struct kv_write *writes, size_t count)
{
    size_t bytes = 0;
    char *at;

    *out = (struct write_set){0};
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        bytes += writes[i].key_len + writes[i].value_len;
    out->items = mem_alloc(count * sizeof *writes + bytes);
    out->count = count;
    at = out->bytes = (char *)(out->items + count);
    for (size_t i = 0; i < count; i++) {
        out->items[i] = writes[i];
        out->items[i].key = memcpy(at, writes[i].key, writes[i].key_len);
        at += writes[i].key_len;
        if (writes[i].value != NULL) {
            out->items[i].value = memcpy(at, writes[i].value, writes[i].value_len);
            at += writes[i].value_len;
        }
    }
}

void write_set_release(struct write_set *set)
{
    free(set->items);
    *set = (struct write_set){0};
}

struct commit *commit_new(struct store *store, commit_done_fn *done, void *arg)
{
    struct commit *c = mem_zero(1, sizeof *c);

    c->job.done = commit_finished;
    c->store = store;
    c->done = done;
    c->arg = arg;
    return c;
}

void commit_free(struct commit *c)
{
    if (c == NULL)
        return;
    run_release(&c->run);
    write_set_release(&c->writes);
    ledger_change_release(&c->change);
    for (size_t i = 0; i < c->add_count; i++)
        pending_release(&c->add[i]);
    free(c->add);
    free(c);
}

static void commit_finished(struct store_job *job, void *arg)
{
    struct commit *c = (struct commit *)job;

    c->done(c, arg);
}

static void query_finished(struct store_job *job, void *arg)
{
    struct query *q = (struct query *)job;

    q->done(q, arg);
}

/* ---- on the store's thread ---- */

static int apply_writes(struct commit *c, struct error *e)
{
    for (size_t i = 0; i < c->writes.count; i++) {
        const struct kv_write *w = &c->writes.items[i];
        struct state_row row = {w->key, w->key_len, w->value, w->value_len, w->expires_ms};
        int result = w->value != NULL ? state_put(c->state, c->plugin, &row, e)
                                      : state_remove(c->state, c->plugin, w->key, w->key_len, e);
        if (result < 0)
            return -1;
    }
    return 0;
}

static int apply_journal(struct journal *j, struct commit *c, struct error *e)
{
    if (c->run.id != 0 && journal_put_run(j, &c->run, e) < 0)
        return -1;
    if (c->has_change && journal_put_change(j, c->change_id, c->change_ms, &c->change, e) < 0)
        return -1;
    for (size_t i = 0; i < c->add_count; i++)
        if (journal_put_pending(j, &c->add[i], e) < 0)
            return -1;
    if (c->remove_pending != 0 && journal_remove_pending(j, c->remove_pending, e) < 0)
        return -1;
    return 0;
}

/* A state store in the journal's database joins its transaction: its own begin and commit nest
 * inside. */
static int begin(struct store *s, struct error *e)
{
    if (s->is_journal && journal_begin(s->journal, e) < 0)
        return -1;
    if (s->state == NULL || state_begin(s->state, clock_now_ms(&s->engine->clock), e) == 0)
        return 0;
    if (s->is_journal)
        journal_rollback(s->journal);
    return -1;
}

static int end(struct store *s, struct error *e)
{
    if (s->state != NULL && state_commit(s->state, e) < 0)
        return -1;
    return s->is_journal ? journal_commit(s->journal, e) : 0;
}

static void undo(struct store *s)
{
    if (s->state != NULL)
        state_rollback(s->state);
    if (s->is_journal)
        journal_rollback(s->journal);
}

/* One transaction for the jobs from `first` up to `stop`. */
static int try_group(struct store *s, struct store_job *first, const struct store_job *stop,
                     struct error *e)
{
    if (begin(s, e) < 0)
        return -1;
    for (struct store_job *job = first; job != stop; job = job->next) {
        struct commit *c = (struct commit *)job;
        if ((c->state != NULL && apply_writes(c, e) < 0) ||
            (s->is_journal && apply_journal(s->journal, c, e) < 0))
            goto fail;
    }
    if (end(s, e) == 0)
        return 0;
fail:
    undo(s);
    return -1;
}

/* A failure that no retry can mend: a bug of ours, or data that the store refuses as such. */
static bool is_final(const struct error *e)
{
    return e->code == ERROR_INTERNAL || e->code == ERROR_INVALID || e->code == ERROR_LIMIT;
}

/* On the loop. Works again only when all stores do. */
static void tell_loop(void *arg)
{
    struct engine *engine = arg;
    const struct commits *c = &engine->commits;
    char stall[sizeof c->journal->stall] = "";

    for (size_t i = 0; i < c->count; i++) {
        struct store *s = c->items[i];
        struct error fatal;
        uv_mutex_lock(&s->lock);
        if (stall[0] == '\0')
            memcpy(stall, s->stall, sizeof stall);
        fatal = s->fatal;
        uv_mutex_unlock(&s->lock);
        if (fatal.code != ERROR_NONE)
            engine_fatal(engine, &fatal);
    }
    engine_stall(engine, stall[0] ? stall : NULL);
}

static void set_stall(struct store *s, const struct error *e)
{
    uv_mutex_lock(&s->lock);
    s->stall[0] = '\0';
    if (e != NULL) {
        snprintf(s->stall, sizeof s->stall, "%.60s: %.180s", s->url, e->message);
        if (is_final(e))
            s->fatal = *e;
    }
    uv_mutex_unlock(&s->lock);
    store_thread_notify(s->thread, tell_loop, s->engine);
}

static void give_up(struct store *s, struct store_job *first, const struct store_job *stop)
{
    s->broken = true; /* nothing may be committed behind what was not */
    for (struct store_job *job = first; job != stop; job = job->next)
        ((struct commit *)job)->failed = true;
}

/* Until it works: nothing that was decided is dropped while the process lives. Given up only when
 * no retry can mend it, or when the daemon stops and one more try has failed. */
static void commit_group(struct store *s, struct store_job *first, const struct store_job *stop)
{
    int wait = RETRY_MIN_MS;
    bool stalled = false;

    while (!s->broken) {
        struct error e = ERROR_INIT;
        if (try_group(s, first, stop, &e) == 0) {
            if (stalled)
                set_stall(s, NULL);
            atomic_fetch_add(&s->commits, 1);
            return;
        }
        set_stall(s, &e);
        stalled = true;
        if (is_final(&e) || atomic_load(&s->abandon))
            break;
        store_thread_pause(s->thread, wait);
        wait = wait * 2 < RETRY_MAX_MS ? wait * 2 : RETRY_MAX_MS;
    }
    give_up(s, first, stop);
}

static void process(void *arg, struct store_job *list)
{
    struct store *s = arg;

    while (list != NULL) {
        struct store_job *stop = list;
        size_t count = 0;
        if (kind_of(list) == JOB_QUERY) {
            struct query *q = (struct query *)list;
            q->result = q->work(q, s, &q->error);
            list = list->next;
            continue;
        }
        while (stop != NULL && kind_of(stop) == JOB_COMMIT && count < GROUP_MAX) {
            stop = stop->next;
            count++;
        }
        commit_group(s, list, stop);
        atomic_fetch_add(&s->ticks, count);
        list = stop;
    }
}

/* ---- on the loop ---- */

static struct store *store_new(struct engine *engine, const char *url)
{
    struct store *s = mem_zero(1, sizeof *s);

    s->engine = engine;
    s->url = mem_strdup(url);
    s->held_tail = &s->held;
    atomic_init(&s->abandon, false);
    uv_mutex_init(&s->lock);
    return s;
}

static void store_free(struct store *s)
{
    state_close(s->state);
    journal_close(s->journal);
    uv_mutex_destroy(&s->lock);
    free(s->url);
    free(s);
}

static void push(struct store *s, struct store_job *job)
{
    if (s->thread != NULL) {
        store_thread_push(s->thread, job);
        return;
    }
    job->next = NULL;
    *s->held_tail = job;
    s->held_tail = &job->next;
}

static int run_store(struct store *s, struct error *e)
{
    struct store_thread_hooks hooks = {.process = process, .arg = s, .done_arg = s->engine};
    struct store_job *job = s->held;

    if (store_thread_start(&s->thread, &s->engine->loop, &hooks, e) < 0)
        return -1;
    s->held = NULL;
    s->held_tail = &s->held;
    while (job != NULL) {
        struct store_job *next = job->next;
        store_thread_push(s->thread, job);
        job = next;
    }
    return 0;
}

static int add_store(struct store *s, struct error *e)
{
    struct commits *c = &s->engine->commits;

    if (c->running && run_store(s, e) < 0)
        return -1;
    c->items = mem_resize(c->items, (c->count + 1) * sizeof(struct store *));
    c->items[c->count++] = s;
    return 0;
}

int commits_run(struct engine *engine, struct error *e)
{
    struct commits *c = &engine->commits;

    for (size_t i = 0; i < c->count; i++)
        if (run_store(c->items[i], e) < 0)
            return -1;
    c->running = true;
    return 0;
}

/* The state in the journal's database, if that can hold one: opened now, while nobody else uses the
 * database; a reload may need it later. */
static int join_state(struct engine *engine, struct store *s, struct error *e)
{
    struct state_store *state;
    bool joined;

    if (engine->registry->open_state(engine->stores, s->url, STORE_CREATE,
                                     clock_now_ms(&engine->clock), &state, &joined, e) < 0)
        return -1;
    if (joined)
        s->state = state;
    else
        state_close(state);
    return 0;
}

int commits_open(struct engine *engine, struct error *e)
{
    const char *url = engine->blueprint->config.journal;
    struct store *s = store_new(engine, url);

    s->is_journal = true;
    engine->stores = engine->registry->stores_new(engine->options.desk);
    if (engine->registry->open_journal(engine->stores, url, STORE_CREATE,
                                       clock_now_ms(&engine->clock), &s->journal, e) < 0 ||
        join_state(engine, s, e) < 0 || add_store(s, e) < 0) {
        store_free(s);
        return -1;
    }
    engine->commits.journal = s;
    return 0;
}

int commits_state_store(struct engine *engine, const char *url, struct store **out, struct error *e)
{
    struct commits *c = &engine->commits;
    struct state_store *state;
    struct store *s;
    bool joined;

    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->items[i]->url, url) == 0 && c->items[i]->state != NULL) {
            *out = c->items[i];
            return 0;
        }
    }
    if (engine->registry->open_state(engine->stores, url, STORE_CREATE,
                                     clock_now_ms(&engine->clock), &state, &joined, e) < 0)
        return -1;
    if (joined) { /* the journal's database under another spelling */
        state_close(state);
        *out = c->journal;
        return 0;
    }
    s = store_new(engine, url);
    s->state = state;
    if (add_store(s, e) < 0) {
        store_free(s);
        return -1;
    }
    *out = s;
    return 0;
}

bool store_is_apart(const struct store *store)
{
    return !store->is_journal;
}

void commits_push(struct commit *c)
{
    push(c->store, &c->job);
}

void commits_query(struct query *q)
{
    q->job.done = query_finished;
    push(q->store, &q->job);
}

size_t commits_depth(const struct engine *engine)
{
    size_t depth = 0;

    for (size_t i = 0; i < engine->commits.count; i++)
        if (engine->commits.items[i]->thread != NULL)
            depth += store_thread_depth(engine->commits.items[i]->thread);
    return depth;
}

void commits_close(struct engine *engine, bool abandon)
{
    struct commits *c = &engine->commits;

    /* State stores first: what they finish may still be handed to the journal. */
    for (size_t i = c->count; i-- > 0;) {
        if (abandon)
            atomic_store(&c->items[i]->abandon, true);
        if (c->items[i]->thread != NULL)
            store_thread_stop(c->items[i]->thread, abandon);
    }
    for (size_t i = 0; i < c->count; i++)
        store_free(c->items[i]);
    free(c->items);
    *c = (struct commits){0};
    if (engine->stores != NULL)
        engine->registry->stores_close(engine->stores);
    engine->stores = NULL;
}
