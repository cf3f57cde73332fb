#include "core/commits.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"
#include "core/leases.h"

/* Both job types begin with a store_job; which one it is shows in its `done`. */
static void commit_finished(struct store_job *job, void *arg);
static void query_finished(struct store_job *job, void *arg);

bool job_is_query(const struct store_job *job)
{
    return job->done == query_finished;
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
    out->size = bytes;
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

static bool has_key(const struct write_set *set, const struct kv_write *w)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].key_len == w->key_len &&
            memcmp(set->items[i].key, w->key, w->key_len) == 0)
            return true;
    return false;
}

void write_set_drop(struct write_set *set, const struct write_set *newer)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++)
        if (!has_key(newer, &set->items[i]))
            set->items[kept++] = set->items[i];
    set->count = kept;
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
    for (size_t i = 0; i < c->snapshot_count; i++)
        free(c->snapshots[i].text);
    free(c->snapshots);
    dead_letter_release(&c->dead);
    if (c->submission != NULL)
        submission_release(c->submission);
    free(c->submission);
    free(c);
}

/* A commit to a state store apart tells its owner that it was fenced; of one with a run it has been
 * dealt with (jobs.c), and what remains is that the lease is lost. */
static void commit_finished(struct store_job *job, void *arg)
{
    struct commit *c = (struct commit *)job;
    struct plugin *plugin =
        c->fenced && c->store->is_journal ? engine_plugin(arg, c->plugin) : NULL;

    if (plugin != NULL)
        leases_lost(plugin);
    c->done(c, arg);
}

static void query_finished(struct store_job *job, void *arg)
{
    struct query *q = (struct query *)job;

    q->done(q, arg);
}

/* ---- the stores ---- */

static int add_store(struct store *s, struct error *e)
{
    struct commits *c = &s->engine->commits;

    if (c->running && store_run(s, e) < 0)
        return -1;
    c->items = mem_resize(c->items, (c->count + 1) * sizeof(struct store *));
    c->items[c->count++] = s;
    return 0;
}

int commits_run(struct engine *engine, struct error *e)
{
    struct commits *c = &engine->commits;

    for (size_t i = 0; i < c->count; i++)
        if (store_run(c->items[i], e) < 0)
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

static int open_local(struct engine *engine, struct store *s, struct error *e)
{
    if (engine->registry->open_journal(engine->stores, s->url, STORE_CREATE,
                                       clock_now_ms(&engine->clock), &s->journal, e) < 0)
        return -1;
    journal_cache_versions(s->journal, &engine->clock);
    return join_state(engine, s, e);
}

/* It knows this desk by its identity: what a killed daemon of it has left there is ended. */
static int open_on_server(struct engine *engine, struct store *s, struct error *e)
{
    if (leases_open(engine, e) < 0)
        return -1;
    if (engine->registry->stores_own != NULL)
        engine->registry->stores_own(engine->stores, engine->owner);
    return store_await(s, engine->options.wait_for_state_ms, e);
}

static int is_on_server(const char *url, bool *is_server, struct error *e)
{
    struct store_url parsed;

    if (store_url_parse(url, &parsed, e) < 0)
        return -1;
    *is_server = store_url_is_server(&parsed);
    store_url_release(&parsed);
    return 0;
}

int commits_open(struct engine *engine, struct error *e)
{
    const struct config *config = &engine->blueprint->config;
    struct store *s = store_new(engine, config->journal, 0);

    s->is_journal = true;
    engine->commits.group_max = config->group_commit > 0 ? config->group_commit : 1;
    engine->stores = engine->registry->stores_new(engine->options.desk);
    if (is_on_server(s->url, &s->is_server, e) < 0 ||
        (s->is_server ? open_on_server(engine, s, e) : open_local(engine, s, e)) < 0 ||
        add_store(s, e) < 0) {
        store_free(s);
        return -1;
    }
    engine->commits.journal = s;
    return 0;
}

static struct store *find_store(const struct commits *c, const char *url, unsigned shard)
{
    for (size_t i = 0; i < c->count; i++) {
        struct store *s = c->items[i];
        if (strcmp(s->url, url) == 0 && s->shard == shard && (s->is_server || s->state != NULL))
            return s;
    }
    return NULL;
}

static int add_local(struct engine *engine, const char *url, struct store **out, struct error *e)
{
    struct state_store *state;
    bool joined;

    if (engine->registry->open_state(engine->stores, url, STORE_CREATE,
                                     clock_now_ms(&engine->clock), &state, &joined, e) < 0)
        return -1;
    if (joined) { /* the journal's database under another spelling */
        state_close(state);
        *out = engine->commits.journal;
        return 0;
    }
    *out = store_new(engine, url, 0);
    (*out)->state = state;
    return 0;
}

/* Which connection of the pool serves the plugin; false for a store without a server. */
static int find_shard(const char *url, const char *plugin, bool *is_server, unsigned *shard,
                      struct error *e)
{
    struct store_url parsed;

    if (store_url_parse(url, &parsed, e) < 0)
        return -1;
    *is_server = store_url_is_server(&parsed);
    *shard = *is_server ? (unsigned)(random_hash(plugin) % parsed.pool) : 0;
    store_url_release(&parsed);
    return 0;
}

int commits_state_store(struct engine *engine, const char *url, const char *plugin,
                        struct store **out, struct error *e)
{
    struct store *s;
    bool is_server;
    unsigned shard;

    if (find_shard(url, plugin, &is_server, &shard, e) < 0)
        return -1;
    *out = find_store(&engine->commits, url, shard);
    if (*out != NULL)
        return 0;
    if (is_server && engine->registry->state_joins != NULL &&
        engine->registry->state_joins(engine->stores, url)) {
        *out = engine->commits.journal; /* under whatever spelling, with whatever pool */
        return 0;
    }
    if (is_server) {
        if (leases_open(engine, e) < 0)
            return -1;
        s = store_new(engine, url, shard); /* opened by stores_await(), or by its thread */
        s->is_server = true;
    } else if (add_local(engine, url, &s, e) < 0) {
        return -1;
    }
    if (!s->is_journal && add_store(s, e) < 0) {
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
    c->now_ms = clock_now_ms(&c->store->engine->clock);
    store_push(c->store, &c->job);
}

void commits_query(struct query *q)
{
    q->job.done = query_finished;
    store_push(q->store, &q->job);
}

size_t commits_depth(const struct engine *engine)
{
    size_t depth = 0;

    for (size_t i = 0; i < engine->commits.count; i++)
        depth += store_depth(engine->commits.items[i]);
    return depth;
}

static void abandon_all(struct commits *c)
{
    for (size_t i = 0; i < c->count; i++) {
        atomic_store(&c->items[i]->abandon, true);
        if (c->items[i]->thread != NULL)
            store_thread_give_up(c->items[i]->thread);
    }
}

bool commits_close(struct engine *engine, bool abandon)
{
    struct commits *c = &engine->commits;
    bool all = true;

    if (abandon)
        abandon_all(c);
    /* State stores first: what they finish may still be handed to the journal. */
    for (size_t i = c->count; i-- > 0;) {
        c->items[i]->left = !store_end(c->items[i], abandon);
        all &= !c->items[i]->left;
    }
    for (size_t i = 0; i < c->count; i++)
        if (!c->items[i]->left)
            store_free(c->items[i]);
    free(c->items);
    c->items = NULL;
    c->count = 0;
    if (all && engine->stores != NULL) {
        engine->registry->stores_close(engine->stores);
        engine->stores = NULL;
    }
    return all;
}
