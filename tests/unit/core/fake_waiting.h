/*
 * fake_waiting: a desk (fake_desk.h) with plugins whose worker never comes: what they receive waits
 * in their queues until a test ends it.
 */
#ifndef ORRERY_TEST_FAKE_WAITING_H
#define ORRERY_TEST_FAKE_WAITING_H

#include "unit/core/fake_desk.h"

#define WAITING_PLUGINS 2
#define WAITING_QUEUE   8

struct waiting {
    struct desk_fixture *desk;
    struct engine *engine;
    struct crew_member member;
    struct vault vault;
    struct vault_config vault_config;
    struct plugin *plugins[WAITING_PLUGINS];
    struct trigger triggers[2]; /* of all of them: event "topic", manual */
};

static inline struct plugin *waiting_plugin(struct waiting *w, const char *name)
{
    struct plugin *p = mem_zero(1, sizeof *p);

    p->engine = w->engine;
    p->queue_tail = &p->queue;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->vault = &w->vault;
    p->worker = &w->member;
    p->state = w->engine->commits.journal;
    p->manifest.queue = WAITING_QUEUE;
    p->manifest.triggers = w->triggers;
    p->manifest.trigger_count = 2;
    w->plugins[w->engine->plugin_count++] = p;
    return p;
}

/* The journal is in memory, the threads run, and the desk's clock is the test's. */
static inline struct waiting *waiting_open(void)
{
    struct waiting *w = mem_zero(1, sizeof *w);
    struct error e = ERROR_INIT;

    w->desk = desk_open();
    w->engine = &w->desk->engine;
    snprintf(w->vault_config.id, sizeof w->vault_config.id, "v");
    w->vault.config = &w->vault_config;
    w->vault.engine = w->engine;
    w->member.engine = w->engine;
    w->engine->plugins = w->plugins;
    w->engine->alarm_fd = -1;
    w->engine->handles_open = true; /* as in a session that runs */
    w->triggers[0].kind = TRIGGER_EVENT;
    snprintf(w->triggers[0].topic, sizeof w->triggers[0].topic, "topic");
    w->triggers[1].kind = TRIGGER_MANUAL;
    waiting_plugin(w, "p");
    waiting_plugin(w, "q");
    uv_timer_init(&w->engine->loop, &w->engine->wake);
    w->engine->wake.data = w->engine;
    w->engine->started = true;
    survey_start(w->engine);
    retention_start(w->engine);
    assert_int_equal(commits_run(w->engine, &e), 0);
    return w;
}

static inline bool waiting_idle(void *arg)
{
    return commits_depth(arg) == 0;
}

static inline void waiting_settle(struct waiting *w)
{
    turn_until(w->desk, waiting_idle, w->engine);
}

/* received == ended + open, for every plugin and for all. */
static inline void waiting_check(const struct waiting *w)
{
    const struct counters *all = &w->engine->counters;
    uint64_t sum = all->open;

    for (int i = 0; i < RUN_STATUS_COUNT; i++)
        sum += all->ended[i];
    assert_true(all->received == sum);
    for (size_t i = 0; i < WAITING_PLUGINS; i++) {
        const struct counters *c = &w->plugins[i]->counters;
        sum = c->open;
        for (int s = 0; s < RUN_STATUS_COUNT; s++)
            sum += c->ended[s];
        assert_true(c->received == sum);
    }
}

static inline void waiting_close(struct waiting *w)
{
    waiting_settle(w);
    waiting_check(w);
    for (size_t i = 0; i < WAITING_PLUGINS; i++)
        plugin_flush_queue(w->plugins[i], "the test is over");
    waiting_settle(w);
    w->engine->draining = w->engine->stopping = true;
    assert_true(commits_close(w->engine, true));
    retention_stop(w->engine);
    survey_free(w->engine);
    uv_close((uv_handle_t *)&w->engine->wake, NULL);
    assert_int_equal(w->engine->live_ticks, 0);
    assert_null(w->engine->live);
    for (size_t i = 0; i < WAITING_PLUGINS; i++) {
        w->plugins[i]->manifest.triggers = NULL; /* the fixture's */
        w->plugins[i]->manifest.trigger_count = 0;
        strategy_free(w->plugins[i]);
    }
    desk_close(w->desk);
    free(w);
}

/* An event from outside. The tick, or NULL when it ended at once. */
static inline struct tick *waiting_emit(struct waiting *w, struct plugin *p, int64_t scheduled_ms,
                                        int64_t deadline_ms)
{
    uint64_t id = id_next(&w->engine->ids, scheduled_ms);

    return engine_arrive(p, &(struct arrival){.kind = TRIGGER_EVENT,
                                              .topic = "topic",
                                              .payload = "{\"n\":1}",
                                              .scheduled_ms = scheduled_ms,
                                              .deadline_ms = deadline_ms,
                                              .id = id});
}

#endif
