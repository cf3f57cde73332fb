/*
 * fake_desk: an engine with stores but without workers and feeds: the journal in memory, state on
 * fake servers (fake_shared.h) by URL: redis://127.0.0.1:1 is the first, :2 the second. The loop
 * runs as long as the test turns it.
 */
#ifndef ORRERY_TEST_FAKE_DESK_H
#define ORRERY_TEST_FAKE_DESK_H

#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "core/engine.h"
#include "core/leases.h"
#include "journal/journal_memory.h"
#include "unit/core/fake_shared.h"

#define SERVERS 2
#define FIRST   "redis://127.0.0.1:1"
#define SECOND  "redis://127.0.0.1:2"

static struct fake_server servers[SERVERS];

struct stores {
    int unused;
};

struct desk_fixture {
    struct engine engine;
    struct blueprint blueprint;
    struct log log;
    FILE *log_file;
    char *log_text;
    size_t log_len;
    char folder[32];
};

static inline struct stores *fake_stores_new(const char *desk)
{
    (void)desk;
    return mem_zero(1, sizeof(struct stores));
}

static inline void fake_stores_close(struct stores *stores)
{
    free(stores);
}

static inline int fake_open_journal(struct stores *stores, const char *url, enum store_mode mode,
                                    int64_t now_ms, struct journal **out, struct error *e)
{
    (void)stores, (void)url, (void)mode, (void)now_ms;
    return journal_memory_open(out, e);
}

static inline int fake_open_state(struct stores *stores, const char *url, enum store_mode mode,
                                  int64_t now_ms, struct state_store **out, bool *joined,
                                  struct error *e)
{
    (void)stores, (void)mode, (void)now_ms;
    *joined = false;
    if (strncmp(url, FIRST, strlen(FIRST)) == 0)
        return fake_open(&servers[0], out, e);
    if (strncmp(url, SECOND, strlen(SECOND)) == 0)
        return fake_open(&servers[1], out, e);
    return state_memory_open(out, e);
}

static const struct registry fake_registry = {.stores_new = fake_stores_new,
                                              .stores_close = fake_stores_close,
                                              .open_journal = fake_open_journal,
                                              .open_state = fake_open_state,
                                              .version = "test"};

static inline void desk_folder(struct desk_fixture *f)
{
    char path[64];

    snprintf(f->folder, sizeof f->folder, "fake_desk.%d", (int)getpid());
    mkdir(f->folder, 0700);
    snprintf(path, sizeof path, "%s/data", f->folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/data/orrery.lock", f->folder);
    f->engine.lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(f->engine.lock_fd >= 0);
}

static inline struct desk_fixture *desk_open(void)
{
    struct desk_fixture *f = mem_zero(1, sizeof *f);
    struct engine *engine = &f->engine;
    struct error e = ERROR_INIT;

    for (int i = 0; i < SERVERS; i++)
        fake_init(&servers[i]);
    f->log_file = open_memstream(&f->log_text, &f->log_len);
    clock_init_real(&engine->clock);
    log_init(&f->log, f->log_file, &engine->clock);
    engine->log = &f->log;
    engine->registry = &fake_registry;
    desk_folder(f);
    engine->options.desk = f->folder;
    f->blueprint.config.journal = mem_strdup("memory:");
    f->blueprint.config.data = mem_strdup("data");
    f->blueprint.config.lease_ms = 1000;
    engine->blueprint = engine->origin = &f->blueprint;
    snprintf(engine->session, sizeof engine->session, "0123456789abcdef0123456789abcdef");
    uv_loop_init(&engine->loop);
    assert_int_equal(commits_open(engine, &e), 0);
    return f;
}

/* The text of the log so far. */
static inline const char *desk_log(struct desk_fixture *f)
{
    fflush(f->log_file);
    return f->log_text;
}

static inline size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

/* After commits_close(): frees the desk. */
static inline void desk_close(struct desk_fixture *f)
{
    char path[64];

    uv_run(&f->engine.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->engine.loop), 0);
    fclose(f->log_file);
    free(f->log_text);
    close(f->engine.lock_fd);
    snprintf(path, sizeof path, "%s/data/orrery.lock", f->folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/data/desk.id", f->folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/data", f->folder);
    rmdir(path);
    rmdir(f->folder);
    free(f->blueprint.config.journal);
    free(f->blueprint.config.data);
    for (int i = 0; i < SERVERS; i++)
        fake_destroy(&servers[i]);
    free(f);
}

static inline struct store *desk_store(struct desk_fixture *f, const char *url, const char *plugin)
{
    struct error e = ERROR_INIT;
    struct store *store = NULL;

    if (commits_state_store(&f->engine, url, plugin, &store, &e) < 0)
        fail_msg("%s: %s", url, e.message);
    return store;
}

static inline void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Turns the loop until `condition(arg)`; fails after ten seconds. What the watchdog does in a
 * daemon is done here. */
static inline void turn_until(struct desk_fixture *f, bool (*condition)(void *arg), void *arg)
{
    int64_t deadline = fake_mono_ns() + 10000000000LL;
    uv_timer_t tick;

    uv_timer_init(&f->engine.loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    while (!condition(arg)) {
        if (fake_mono_ns() > deadline)
            fail_msg("the condition did not come about; the log:\n%s", desk_log(f));
        stores_watch(&f->engine);
        uv_run(&f->engine.loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&f->engine.loop, UV_RUN_NOWAIT);
}

#endif
