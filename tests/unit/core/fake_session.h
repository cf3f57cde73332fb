/*
 * fake_session: the whole daemon (runtime_run) with a worker of the test's own and vaults whose
 * executors are fake_outside.h's. The daemon has a thread; it and the test take turns: in the
 * test's turn the loop stands still in a timer, and all of the engine may be looked at and touched.
 *
 * The strategies and their worker are fake_script.h's.
 */
#ifndef ORRERY_TEST_FAKE_SESSION_H
#define ORRERY_TEST_FAKE_SESSION_H

#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "core/engine.h"
#include "core/outbox.h"
#include "core/registry.h"
#include "core/runtime.h"
#include "unit/core/fake_outside.h"
#include "unit/core/fake_script.h"

#define TURNS_S   20 /* a condition that does not come about by then never will */
#define ACT       "[{\"kind\":\"refresh_nav_snapshot\"}]"
#define ACT_EMIT  "[{\"kind\":\"refresh_nav_snapshot\"},{\"kind\":\"emit\",\"topic\":\"done\"}]"
#define ENDED_MAX 64
#define SECOND_NS 1000000000LL

/* ---- the session ---- */

struct ended_run {
    uint64_t id;
    char plugin[16];
    enum run_status status;
};

struct session {
    /* for all sessions of a test */
    char dir[32];
    struct journal *journal;
    struct state_store *state;
    bool live, dry_run;
    bool apart; /* state is in another store than the journal */
    const char *faults;
    /* of the one that runs */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool test_turn, over;
    int result;
    struct error error;
    struct runtime_summary summary;
    struct log log;
    FILE *log_file;
    char *log_text;
    size_t log_len;
    uv_timer_t step;
    struct engine *engine;
    struct fake_outside *v, *w;
    struct plugin *p, *q, *r;
    struct ended_run ended[ENDED_MAX];
    size_t ended_count;
};

static struct session *session; /* the test's */
static _Atomic int64_t session_skew_ns;

static inline int64_t skewed_mono_ns(const struct clock *clock)
{
    struct timespec t;

    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec + session_skew_ns;
}

/* ---- taking turns ---- */

static inline void give_turn(uv_timer_t *timer)
{
    struct session *s = session;

    (void)timer;
    pthread_mutex_lock(&s->lock);
    s->test_turn = true;
    pthread_cond_broadcast(&s->changed);
    while (s->test_turn)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* One turn of the loop, at least. */
static inline void turn(struct session *s)
{
    pthread_mutex_lock(&s->lock);
    s->test_turn = s->over;
    pthread_cond_broadcast(&s->changed);
    while (!s->test_turn)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static inline void turns(struct session *s, int count)
{
    while (count-- > 0)
        turn(s);
}

static inline const char *session_log(struct session *s)
{
    fflush(s->log_file);
    return s->log_text;
}

static inline bool log_has(struct session *s, const char *text)
{
    return strstr(session_log(s), text) != NULL;
}

static inline size_t log_count(struct session *s, const char *text)
{
    size_t count = 0;

    for (const char *at = strstr(session_log(s), text); at != NULL; at = strstr(at + 1, text))
        count++;
    return count;
}

#define UNTIL(s, condition)                                                                        \
    do {                                                                                           \
        int64_t until_s = time(NULL) + TURNS_S;                                                    \
        while (!(condition)) {                                                                     \
            if ((s)->over || time(NULL) > until_s)                                                 \
                fail_msg("not so: %s\n%s\n%s", #condition, told.text, session_log(s));             \
            turn(s);                                                                               \
        }                                                                                          \
    } while (0)

/* ---- the registry ---- */

struct outsides {
    const struct outside_env *env;
};

static inline int session_open_outsides(const struct config *config, const struct outside_env *env,
                                        struct outsides **out, struct error *e)
{
    (void)config, (void)e;
    *out = mem_zero(1, sizeof **out);
    (*out)->env = env;
    session->engine = env->arg;
    session->engine->clock.mono_ns = skewed_mono_ns;
    uv_timer_init(env->loop, &session->step);
    uv_timer_start(&session->step, give_turn, 1, 1);
    return 0;
}

static inline void session_close_outsides(struct outsides *outsides)
{
    uv_close((uv_handle_t *)&session->step, NULL);
    free(outsides);
}

static inline int session_open_executor(const struct vault_config *config,
                                        const struct vault_record *record,
                                        const struct market_source *markets,
                                        const struct outside_env *env, struct outsides *outsides,
                                        int64_t now_ms, struct ledger_change *opening,
                                        struct executor **out, struct error *e)
{
    struct fake_outside *x = fake_outside_new(config->id, env);

    (void)record, (void)markets, (void)outsides, (void)now_ms, (void)opening, (void)e;
    if (config->id[0] == 'v')
        session->v = x;
    else
        session->w = x;
    *out = &x->base;
    return 0;
}

struct stores {
    int unused;
};

static inline struct stores *session_stores_new(const char *desk)
{
    (void)desk;
    return mem_zero(1, sizeof(struct stores));
}

static inline void session_stores_close(struct stores *stores)
{
    free(stores);
}

static inline int session_open_journal(struct stores *stores, const char *url, enum store_mode mode,
                                       int64_t now_ms, struct journal **out, struct error *e)
{
    (void)stores, (void)url, (void)mode, (void)now_ms, (void)e;
    *out = session->journal;
    return 0;
}

static inline int session_open_state(struct stores *stores, const char *url, enum store_mode mode,
                                     int64_t now_ms, struct state_store **out, bool *joined,
                                     struct error *e)
{
    (void)stores, (void)url, (void)mode, (void)now_ms, (void)e;
    *joined = !session->apart;
    *out = session->state;
    return 0;
}

static inline int session_check_url(const char *url, struct error *e)
{
    (void)url, (void)e;
    return 0;
}

static inline int session_open_feed(const struct feed_config *config, const struct feed_env *env,
                                    int64_t start_ms, struct feed **out, struct error *e)
{
    return feed_sim_open(out, config, env, start_ms, e);
}

static const struct registry session_registry = {.stores_new = session_stores_new,
                                                 .stores_close = session_stores_close,
                                                 .open_journal = session_open_journal,
                                                 .open_state = session_open_state,
                                                 .check_journal_url = session_check_url,
                                                 .check_state_url = session_check_url,
                                                 .check_tables_url = session_check_url,
                                                 .open_outsides = session_open_outsides,
                                                 .close_outsides = session_close_outsides,
                                                 .open_executor = session_open_executor,
                                                 .open_feed = session_open_feed,
                                                 .version = "test"};

/* ---- a desk ---- */

static inline void session_file(const struct session *s, const char *name, bool there)
{
    char path[96];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", s->dir, name);
    if (!there) {
        if (unlink(path) < 0 && rmdir(path) < 0)
            fail_msg("%s is still there", path);
        return;
    }
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("-- the worker makes it up", file);
    fclose(file);
}

static inline struct session *session_open(void)
{
    struct session *s = session = mem_zero(1, sizeof *s);
    char path[64];

    snprintf(s->dir, sizeof s->dir, "outbox_desk.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(path, sizeof path, "%s/strategies", s->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    session_file(s, "orrery.lua", true);
    session_file(s, "strategies/p.lua", true);
    session_file(s, "strategies/q.lua", true);
    session_file(s, "strategies/r.lua", true);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->journal = fake_journal_open();
    s->state = fake_state_open();
    s->live = true;
    session_skew_ns = 0;
    return s;
}

static inline void session_close(struct session *s)
{
    static const char *const names[] = {"strategies/p.lua",
                                        "strategies/q.lua",
                                        "strategies/r.lua",
                                        "strategies",
                                        "orrery.lua",
                                        "data/orrery.lock",
                                        "data",
                                        ""};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        session_file(s, names[i], false);
    fake_journal_close(s->journal, s->state);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    if (s->log_file != NULL)
        fclose(s->log_file);
    free(s->log_text);
    free(s);
    session = NULL;
}

/* ---- its daemon ---- */

static inline void note_ended(void *arg, const struct run *run, const char *nav)
{
    struct session *s = arg;
    struct ended_run *ended = &s->ended[s->ended_count++ % ENDED_MAX];

    (void)nav;
    ended->id = run->id;
    snprintf(ended->plugin, sizeof ended->plugin, "%s", run->plugin);
    ended->status = run->status;
    tell_of("ended", run->plugin, run->status == RUN_COMPLETED ? " completed" : "");
}

static inline void *run_session(void *arg)
{
    struct session *s = arg;
    struct runtime_options options = {.desk = s->dir,
                                      .live = s->live,
                                      .dry_run = s->dry_run,
                                      .faults = s->faults,
                                      .log = &s->log};

    options.view.run_ended = note_ended;
    options.view.arg = s;
    s->result = runtime_run(&options, &session_registry, &s->summary, &s->error);
    pthread_mutex_lock(&s->lock);
    s->over = s->test_turn = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static inline void session_begin(struct session *s)
{
    struct clock clock;

    if (s->log_file != NULL)
        fclose(s->log_file);
    free(s->log_text);
    s->log_text = NULL;
    s->log_file = open_memstream(&s->log_text, &s->log_len);
    s->test_turn = s->over = false;
    s->ended_count = 0;
    s->summary.json = NULL;
    s->v = s->w = NULL;
    s->engine = NULL;
    error_clear(&s->error);
    tell_forget();
    clock_init_real(&clock);
    log_init(&s->log, s->log_file, &clock);
    s->log.clock = mem_alloc(sizeof clock);
    *(struct clock *)s->log.clock = clock;
    assert_int_equal(pthread_create(&s->thread, NULL, run_session, s), 0);
    pthread_mutex_lock(&s->lock);
    while (!s->test_turn)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    if (s->over)
        return;
    s->p = engine_plugin(s->engine, "p");
    s->q = engine_plugin(s->engine, "q");
    s->r = engine_plugin(s->engine, "r");
}

/* With its strategies loaded. */
static inline void session_start(struct session *s)
{
    session_begin(s);
    if (s->over)
        fail_msg("no start: %s\n%s", s->error.message, session_log(s));
    UNTIL(s,
          s->p->stage == STAGE_READY && s->q->stage == STAGE_READY && s->r->stage == STAGE_READY);
}

static inline json_int_t counted(const json_t *owner, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(owner, "counters"), name));
}

static inline void check_sum(const json_t *owner)
{
    assert_int_equal(counted(owner, "received"),
                     counted(owner, "noop") + counted(owner, "completed") +
                         counted(owner, "rejected") + counted(owner, "failed") +
                         counted(owner, "skipped") + counted(owner, "cancelled") +
                         counted(owner, "running") + counted(owner, "queued"));
}

static inline void check_summary(const char *text)
{
    json_t *status = json_loads(text, 0, NULL);
    json_t *plugin;
    size_t i;

    assert_non_null(status);
    check_sum(status);
    json_array_foreach(json_object_get(status, "plugins"), i, plugin)
    {
        check_sum(plugin);
    }
    json_decref(status);
}

/* Waits for its end. runtime_run's result. */
static inline int session_end(struct session *s)
{
    int64_t until_s = time(NULL) + TURNS_S;

    while (!s->over) {
        if (time(NULL) > until_s)
            fail_msg("it does not end\n%s", session_log(s));
        turn(s);
    }
    pthread_join(s->thread, NULL);
    if (s->summary.json != NULL)
        check_summary(s->summary.json);
    free(s->summary.json);
    s->summary.json = NULL;
    free((void *)s->log.clock);
    return s->result;
}

static inline int session_stop(struct session *s)
{
    engine_stop(s->engine, "the test wants it");
    return session_end(s);
}

/* A stop in which something is never finished: its limit has passed. */
static inline int session_cut(struct session *s)
{
    engine_stop(s->engine, "the test wants it");
    turns(s, 5);
    assert_false(s->over);
    uv_timer_start(&s->engine->drain_timer, s->engine->drain_timer.timer_cb, 0, 0);
    return session_end(s);
}

/* As if so much time had gone by. */
static inline void session_skip(struct session *s, int64_t ms)
{
    session_skew_ns += ms * 1000000;
    outbox_wake(s->engine->outbox);
}

/* ---- triggers ---- */

/* Not on record, as of a timer. */
static inline uint64_t arrive(struct session *s, struct plugin *p, enum trigger_kind kind,
                              const char *payload)
{
    struct tick *tick =
        engine_arrive(p, &(struct arrival){.kind = kind,
                                           .topic = kind == TRIGGER_EVENT ? "t" : NULL,
                                           .payload = payload,
                                           .scheduled_ms = clock_now_ms(&s->engine->clock)});

    return tick != NULL ? tick->id : 0;
}

static struct waiter *arriving;

static inline void arrived(struct commit *c, struct engine *engine)
{
    const struct pending *p = &c->add[0];

    if (!c->failed)
        engine_arrive(engine_plugin(engine, p->plugin),
                      &(struct arrival){.kind = p->kind,
                                        .topic = p->topic,
                                        .payload = p->payload,
                                        .scheduled_ms = p->scheduled_ms,
                                        .id = p->id,
                                        .waiter = arriving});
    arriving = NULL;
    commit_free(c);
}

static inline void fill_pending(struct pending *out, uint64_t id, const char *plugin,
                                enum trigger_kind kind, const char *payload)
{
    *out = (struct pending){.id = id, .kind = kind, .scheduled_ms = 1700000000000};
    snprintf(out->plugin, sizeof out->plugin, "%s", plugin);
    out->topic = mem_strdup(kind == TRIGGER_EVENT ? "t" : NULL);
    out->payload = mem_strdup(payload);
}

/* On record, as an operator's or an event's: its id. */
static inline uint64_t arrive_recorded(struct session *s, struct plugin *p, enum trigger_kind kind,
                                       const char *payload, struct waiter *waiter)
{
    struct commit *c = commit_new(s->engine->commits.journal, arrived, NULL);
    uint64_t id = id_next(&s->engine->ids, clock_now_ms(&s->engine->clock));

    c->add = mem_zero(1, sizeof *c->add);
    c->add_count = 1;
    fill_pending(&c->add[0], id, p->name, kind, payload);
    arriving = waiter;
    commits_push(c);
    UNTIL(s, commits_depth(s->engine) == 0);
    turn(s);
    return id;
}

/* ---- what is on record ---- */

/* The stores' threads have nothing to do: the journal may be read. */
static inline struct journal *quiet_journal(struct session *s)
{
    if (!s->over)
        UNTIL(s, commits_depth(s->engine) == 0);
    return s->journal;
}

static inline int copy_run(void *arg, const struct run *run)
{
    struct run *to = arg;

    *to = *run;
    to->topic = to->logs = to->seen = to->metadata = NULL;
    to->payload = mem_strdup(run->payload);
    to->reason = mem_strdup(run->reason);
    to->error = mem_strdup(run->error);
    to->actions = mem_strdup(run->actions);
    to->result = mem_strdup(run->result);
    to->spans = mem_strdup(run->spans);
    return 0;
}

/* run_release() it; id 0: none. */
static inline struct run run_of(struct session *s, uint64_t id)
{
    struct run run = {0};
    struct error e = ERROR_INIT;

    assert_int_equal(journal_get_run(quiet_journal(s), id, copy_run, &run, &e), 0);
    return run;
}

static inline enum run_status status_of(struct session *s, uint64_t id)
{
    struct run run = run_of(s, id);
    enum run_status status = run.status;

    run_release(&run);
    return status;
}

static inline int note_submission(void *arg, const struct submission *s)
{
    snprintf(arg, 200, "%s %s%s", s->digest, submission_state_name(s->state),
             s->state == SUBMISSION_OPEN ? ""
             : s->success                ? " success"
                                         : " failure");
    return 0;
}

/* "DIGEST open", "DIGEST done success", …; "" for none. */
static inline const char *submission_of(struct session *s, uint64_t id)
{
    static char text[200];
    struct error e = ERROR_INIT;

    text[0] = '\0';
    assert_int_equal(journal_get_submission(quiet_journal(s), id, NULL, note_submission, text, &e),
                     0);
    return text;
}

static inline int count_pending(void *arg, const struct pending *p)
{
    (void)p;
    ++*(size_t *)arg;
    return 0;
}

static inline size_t pendings(struct session *s)
{
    size_t count = 0;
    struct error e = ERROR_INIT;

    assert_int_equal(journal_list_pending(quiet_journal(s), count_pending, &count, &e), 0);
    return count;
}

static inline int note_letter(void *arg, const struct dead_letter *d)
{
    snprintf(arg, 400, "%s %s", d->payload, d->error);
    return 0;
}

/* "" for none. */
static inline const char *letter_of(struct session *s, uint64_t run)
{
    static char text[400];
    struct error e = ERROR_INIT;

    text[0] = '\0';
    assert_int_equal(journal_get_dead(quiet_journal(s), run, note_letter, text, &e), 0);
    return text;
}

/* As an earlier session would have left it: an open run (`plugin` NULL: upkeep, without one) and
 * its submission. Between sessions. */
static inline void leave_open(struct session *s, uint64_t id, const char *plugin, const char *vault,
                              const char *account, const char *digest)
{
    struct submission out = fake_submission(id, vault, digest);
    struct run run = {.id = id, .status = RUN_PREPARED, .trigger = TRIGGER_EVENT, .attempts = 1};
    struct error e = ERROR_INIT;

    snprintf(out.account, sizeof out.account, "%s", account);
    snprintf(out.plugin, sizeof out.plugin, "%s", plugin ? plugin : "");
    snprintf(run.plugin, sizeof run.plugin, "%s", plugin ? plugin : "");
    snprintf(run.vault, sizeof run.vault, "%s", vault);
    run.topic = (char *)"t";
    run.payload = (char *)ACT;
    run.actions = (char *)ACT;
    run.result = (char *)"{\"digest\":\"D\",\"emits\":[{\"topic\":\"done\"}]}";
    assert_int_equal(journal_begin(s->journal, &e), 0);
    if (plugin != NULL)
        assert_int_equal(journal_create_run(s->journal, &run, &e), 0);
    assert_int_equal(journal_put_submission(s->journal, &out, &e), 0);
    assert_int_equal(journal_commit(s->journal, &e), 0);
    submission_release(&out);
}

#endif
