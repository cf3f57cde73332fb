#include "core/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "core/engine.h"
#include "core/jobs.h"

#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 2000
#define LAST_TRY     (-1)                   /* instead of a wait */
#define SLOW_NS      (1500LL * 1000 * 1000) /* a try that takes longer is no working store */

/* How long one try may still take when the daemon ends: of a store that worked, of one that did
 * not. */
#define LAST_TRY_NS (2000LL * 1000 * 1000)
#define LOST_TRY_NS (300LL * 1000 * 1000)

struct store *store_new(struct engine *engine, const char *url, unsigned shard)
{
    struct store *s = mem_zero(1, sizeof *s);

    s->engine = engine;
    s->url = mem_strdup(url);
    s->label = store_url_label(url);
    s->shard = shard;
    s->held_tail = &s->held;
    atomic_init(&s->abandon, false);
    snprintf(s->writer, sizeof s->writer, "%.24s-%u", engine->session, engine->commits.made++);
    random_init(&s->jitter, random_mix(random_hash(s->writer), shard));
    uv_mutex_init(&s->lock);
    return s;
}

/* What a daemon that did not come up would have committed: the openings of its vaults. */
static void drop_held(struct store *s)
{
    struct store_job *next;

    for (struct store_job *job = s->held; job != NULL; job = next) {
        next = job->next;
        if (!job_is_query(job))
            commit_free((struct commit *)job);
    }
}

void store_free(struct store *s)
{
    drop_held(s);
    state_close(s->state);
    journal_close(s->journal);
    uv_mutex_destroy(&s->lock);
    explicit_bzero(s->url, strlen(s->url));
    free(s->url);
    free(s->label);
    free(s);
}

void store_push(struct store *s, struct store_job *job)
{
    if (s->thread != NULL) {
        store_thread_push(s->thread, job);
        return;
    }
    job->next = NULL;
    *s->held_tail = job;
    s->held_tail = &job->next;
}

int store_run(struct store *s, struct error *e)
{
    struct store_thread_hooks hooks = {.process = jobs_process, .arg = s, .done_arg = s->engine};
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

static int64_t mono_ns(const struct store *s)
{
    return clock_mono_ns(&s->engine->clock);
}

int64_t store_wall_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t wall_ms(void)
{
    return store_wall_us() / 1000;
}

size_t store_depth(const struct store *s)
{
    return s->thread != NULL ? store_thread_depth(s->thread) : 0;
}

/* What the backend has to say may be another thing after each connect. Under the lock. */
static bool note_warnings(struct store *s)
{
    if (s->state == NULL || strcmp(s->health.warnings, s->state->warnings) == 0)
        return false;
    memcpy(s->health.warnings, s->state->warnings, sizeof s->health.warnings);
    s->health.warned++;
    return true;
}

static void tell_loop(void *arg);

static void note_opened(struct store *s)
{
    bool warned;

    uv_mutex_lock(&s->lock);
    s->health.opened = true;
    warned = note_warnings(s);
    uv_mutex_unlock(&s->lock);
    if (warned && s->thread != NULL)
        store_thread_notify(s->thread, tell_loop, s->engine);
}

static int open_journal(struct store *s, struct error *e)
{
    struct engine *engine = s->engine;

    if (!s->is_journal || s->journal != NULL)
        return 0;
    if (engine->registry->open_journal(engine->stores, s->url, STORE_CREATE, wall_ms(), &s->journal,
                                       e) < 0)
        return -1;
    journal_cache_versions(s->journal, &engine->clock);
    return 0;
}

int store_open(struct store *s, struct error *e)
{
    struct engine *engine = s->engine;
    bool joined;

    if (s->state != NULL || !s->is_server)
        return 0;
    if (open_journal(s, e) < 0)
        return -1;
    if (engine->registry->open_state(engine->stores, s->url, STORE_CREATE, wall_ms(), &s->state,
                                     &joined, e) < 0)
        return -1;
    note_opened(s);
    return 0;
}

void store_health_get(struct store *s, struct store_health *out)
{
    uv_mutex_lock(&s->lock);
    *out = s->health;
    uv_mutex_unlock(&s->lock);
}

bool store_error_is_final(const struct store *s, const struct error *e)
{
    if (s->is_journal && s->is_server &&
        (e->code == ERROR_STORE_LOCKED || e->code == ERROR_STORE_CORRUPT))
        return true;
    return e->code == ERROR_INTERNAL || e->code == ERROR_INVALID || e->code == ERROR_LIMIT;
}

bool store_is_degraded(const struct store *s, const struct store_health *h)
{
    int64_t since = atomic_load(&s->busy_since_ns);

    return h->latency_us > STORE_SLOW_US ||
           (since != 0 && mono_ns(s) - since > (int64_t)STORE_SLOW_US * 1000) ||
           (h->slow_ms != 0 && wall_ms() - h->slow_ms < STORE_DEGRADED_MS);
}

/* ---- in the store's thread ---- */

/* On the loop: what the threads have told. Works again only when all stores do. */
static void tell_loop(void *arg)
{
    struct engine *engine = arg;
    struct commits *c = &engine->commits;

    for (size_t i = 0; i < c->count; i++) {
        struct store_health h;
        store_health_get(c->items[i], &h);
        if (h.is_final && engine->fatal.code == ERROR_NONE)
            engine_fatal(engine, &h.error);
        engine_store_told(c->items[i], &h);
    }
}

void store_note(struct store *s, const struct error *e)
{
    bool changed;

    uv_mutex_lock(&s->lock);
    changed = s->health.stalled != (e != NULL) || (e != NULL && e->code != s->health.error.code);
    s->health.stalled = e != NULL;
    if (e != NULL) {
        s->health.error = *e;
        s->health.error_ms = wall_ms();
        s->health.failures++;
        s->health.is_final = store_error_is_final(s, e);
    } else {
        changed |= note_warnings(s);
    }
    uv_mutex_unlock(&s->lock);
    if (changed && s->thread != NULL)
        store_thread_notify(s->thread, tell_loop, s->engine);
}

void store_try_begins(struct store *s)
{
    atomic_store(&s->busy_since_ns, mono_ns(s));
}

void store_try_ends(struct store *s, bool worked)
{
    double took = (double)(mono_ns(s) - atomic_load(&s->busy_since_ns)) / 1000;

    atomic_store(&s->busy_since_ns, 0);
    if (!worked)
        return;
    uv_mutex_lock(&s->lock);
    s->health.latency_us += (took - s->health.latency_us) / (s->health.latency_us > 0 ? 16 : 1);
    if (took > STORE_SLOW_US) {
        s->health.slow_us = (int64_t)took;
        s->health.slow_ms = wall_ms();
    }
    uv_mutex_unlock(&s->lock);
}

/* Half of the wait is random: daemons that lost the same server do not come back as one. */
static int next_wait(struct store *s, int *wait_ms)
{
    int wait = *wait_ms == 0 ? RETRY_MIN_MS : 2 * *wait_ms;

    *wait_ms = wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS;
    return *wait_ms / 2 + (int)random_below(&s->jitter, (uint64_t)*wait_ms / 2 + 1);
}

bool store_backs_off(struct store *s, int *wait_ms)
{
    if (*wait_ms == LAST_TRY)
        return true;
    if (!atomic_load(&s->abandon))
        store_thread_pause(s->thread, next_wait(s, wait_ms));
    if (atomic_load(&s->abandon))
        *wait_ms = LAST_TRY; /* one more: the last one may have been applied and its answer lost */
    return false;
}

/* ---- at the start ---- */

static int gave_up(const struct store *s, int64_t waited_ns, struct error *e)
{
    char first[sizeof e->message];

    if (e->code != ERROR_STORE_DOWN)
        return -1;
    memcpy(first, e->message, sizeof first);
    error_clear(e);
    error_set(e, ERROR_STORE_DOWN, "%s (waited %.1f s for %.200s)", first, (double)waited_ns / 1e9,
              s->label);
    error_hint(e, "is the server up, and its address right? `--wait-for-state TIME` waits longer");
    return -1;
}

static int await_one(struct store *s, int64_t start_ns, int64_t deadline_ns, struct error *e)
{
    const struct log *log = s->engine->log;
    int wait = 0;
    char left[32];

    for (;;) {
        struct error why = ERROR_INIT;
        int64_t now, pause;
        if (store_open(s, &why) == 0)
            break;
        now = mono_ns(s);
        if (why.code != ERROR_STORE_DOWN || now >= deadline_ns) {
            *e = why;
            return gave_up(s, now - start_ns, e);
        }
        snprintf(left, sizeof left, "%.1f s", (double)(deadline_ns - now) / 1e9);
        log_write(log, LOG_WARN,
                  s->is_journal ? "waiting for the journal" : "waiting for a state store", "store",
                  s->label, "error", why.message, "giving up in", left, NULL);
        pause = next_wait(s, &wait);
        if (pause * 1000000 > deadline_ns - now)
            pause = (deadline_ns - now) / 1000000 + 1;
        nanosleep(&(struct timespec){pause / 1000, pause % 1000 * 1000000}, NULL);
    }
    if (wait > 0)
        log_write(log, LOG_INFO,
                  s->is_journal ? "the journal is there" : "the state store is there", "store",
                  s->label, NULL);
    return 0;
}

int store_await(struct store *s, int64_t wait_ms, struct error *e)
{
    int64_t start_ns = mono_ns(s);
    struct error why = ERROR_INIT;

    if (await_one(s, start_ns, start_ns + wait_ms * 1000000, &why) == 0)
        return 0;
    *e = why;
    error_prefix(e, "journal: ");
    return -1;
}

int stores_await(struct engine *engine, int64_t wait_ms, struct error *e)
{
    struct commits *c = &engine->commits;
    int64_t start_ns = clock_mono_ns(&engine->clock), deadline_ns = start_ns + wait_ms * 1000000;

    for (size_t i = 0; i < c->count; i++) {
        struct store *s = c->items[i];
        struct error why = ERROR_INIT;
        if (!s->is_server)
            continue;
        if (await_one(s, start_ns, deadline_ns, &why) < 0) {
            *e = why;
            error_prefix(e, "state: ");
            return -1;
        }
        engine_store_warns(s);
    }
    return 0;
}

/* ---- while it runs ---- */

void stores_watch(struct engine *engine)
{
    struct commits *c = &engine->commits;
    int64_t now = clock_mono_ns(&engine->clock);

    for (size_t i = 0; i < c->count; i++) {
        struct store *s = c->items[i];
        int64_t since = atomic_load(&s->busy_since_ns);
        bool slow = since != 0 && now - since > SLOW_NS && s->is_server;
        struct store_health h;
        if (slow == s->slow)
            continue;
        s->slow = slow;
        store_health_get(s, &h);
        engine_store_told(s, &h);
    }
}

/* ---- the end ---- */

bool store_holds_drain(const struct store *s)
{
    return store_depth(s) > 0 && (s->is_journal || !s->stalled);
}

/* False: it has been at one try for too long. */
static bool await_end(struct store *s)
{
    int64_t limit = s->stalled ? LOST_TRY_NS : LAST_TRY_NS;

    while (!store_thread_end(s->thread, 20)) {
        int64_t since = atomic_load(&s->busy_since_ns);
        if (since != 0 && mono_ns(s) - since > limit)
            return false;
    }
    return true;
}

bool store_end(struct store *s, bool abandon)
{
    if (s->thread == NULL)
        return true;
    if (abandon && s->is_server && !await_end(s)) {
        log_write(s->engine->log, LOG_WARN,
                  s->is_journal
                      ? "the journal does not answer: what is on its way there is given up"
                      : "a state store does not answer: what is on its way there is given up",
                  "store", s->label, NULL);
        store_thread_leave(s->thread);
        return false;
    }
    store_thread_stop(s->thread, abandon);
    return true;
}
