/* The daemon's start, its loop, and its end. */
#include "core/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/control.h"
#include "core/db_calls.h"
#include "core/db_tables.h"
#include "core/engine.h"
#include "core/intake.h"
#include "core/leases.h"
#include "core/outbox.h"
#include "core/seen.h"
#include "core/tail.h"
#include "io/watch.h"

#define WATCHDOG_MS    50
#define WATCH_QUIET_MS 40

/* ---- the data folder and its lock ---- */

static int make_folder(const char *path, struct error *e)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    return error_set(e, ERROR_IO, "cannot make the data folder %s: %s", path, strerror(errno));
}

static int take_lock(struct engine *engine, struct error *e)
{
    char folder[4096], path[4160];
    char pid[16] = "";
    ssize_t n;

    snprintf(folder, sizeof folder, "%s/%s", engine->options.desk, engine->origin->config.data);
    snprintf(path, sizeof path, "%s/%s", folder, CONTROL_LOCK);
    if (make_folder(folder, e) < 0)
        return -1;
    engine->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (engine->lock_fd < 0)
        return error_set(e, ERROR_IO, "cannot open the lock %s: %s", path, strerror(errno));
    if (flock(engine->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        n = read(engine->lock_fd, pid, sizeof pid - 1);
        pid[n > 0 ? n : 0] = '\0';
        pid[strcspn(pid, "\n")] = '\0';
        error_set(e, ERROR_STORE_LOCKED, "another orrery (process %s) runs this desk already",
                  pid[0] ? pid : "?");
        error_hint(e, "one daemon per data folder: stop it first, or use another desk");
        return -1;
    }
    snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(engine->lock_fd, 0) < 0 || pwrite(engine->lock_fd, pid, strlen(pid), 0) < 0)
        return error_set(e, ERROR_IO, "cannot write the lock %s: %s", path, strerror(errno));
    return 0;
}

/* ---- signals ---- */

/* Nobody waits for the answer, and the log has it; but it was asked for, so all or nothing. */
static void reloaded(void *arg, json_t *data, const struct error *e)
{
    (void)arg;
    (void)data;
    (void)e;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct engine *engine = handle->data;

    if (number == SIGHUP) {
        reload_start(engine, NULL, reloaded, NULL);
        return;
    }
    if (engine->draining && engine->signalled)
        _exit(130); /* the second one: at once, as kill -9 would; the journal is made for that */
    engine->signalled = true;
    engine_stop(engine, number == SIGINT ? "interrupted" : "asked to by SIGTERM");
}

static void on_end_timer(uv_timer_t *timer)
{
    engine_stop(timer->data, "the time given with --for is over");
}

/* ---- every turn of the loop ---- */

static void before_blocking(uv_prepare_t *prepare)
{
    struct engine *engine = prepare->data;

    if (engine->waiting > 0)
        engine_pump(engine);
    for (size_t i = 0; i < engine->crew_count; i++)
        link_flush(&engine->crew[i].link);
    stopping_look(engine);
}

static void on_watchdog(uv_timer_t *timer)
{
    stores_watch(timer->data);
    crew_watch(timer->data);
    db_watch(timer->data);
    intake_watch(timer->data);
    lateness_watch(timer->data);
    dead_watch(timer->data);
    survey_watch(timer->data);
    retention_watch(timer->data);
    notices_watch(timer->data);
    tail_watch(timer->data);
    outbox_watch(timer->data);
}

static void on_files_changed(void *arg)
{
    reload_start(arg, NULL, NULL, NULL);
}

static int start_watch(struct engine *engine, struct error *e)
{
    const char *folders[] = {".", engine->origin->config.strategies, "lib"};
    char path[4096];

    if (!engine->options.watch)
        return 0;
    if (watch_new(&engine->watch, &engine->loop, WATCH_QUIET_MS, on_files_changed, engine, e) < 0)
        return -1;
    watch_only(engine->watch, ".lua");
    for (size_t i = 0; i < 3; i++) {
        struct error ignored = ERROR_INIT;
        snprintf(path, sizeof path, "%s/%s", engine->options.desk, folders[i]);
        if (watch_add(engine->watch, path, i < 2 ? e : &ignored) < 0 && i < 2)
            return -1;
    }
    return 0;
}

static void start_signal(struct engine *engine, uv_signal_t *handle, int number)
{
    uv_signal_init(&engine->loop, handle);
    handle->data = engine;
    uv_signal_start(handle, on_signal, number);
}

static void start_handles(struct engine *engine)
{
    uv_prepare_init(&engine->loop, &engine->turn);
    uv_timer_init(&engine->loop, &engine->watchdog);
    uv_timer_init(&engine->loop, &engine->end_timer);
    uv_timer_init(&engine->loop, &engine->drain_timer);
    leases_start(engine);
    sweeps_start(engine);
    survey_start(engine);
    retention_start(engine);
    engine->turn.data = engine->watchdog.data = engine->end_timer.data = engine->drain_timer.data =
        engine;
    uv_prepare_start(&engine->turn, before_blocking);
    uv_timer_start(&engine->watchdog, on_watchdog, WATCHDOG_MS, WATCHDOG_MS);
    if (engine->options.run_for_ms > 0)
        uv_timer_start(&engine->end_timer, on_end_timer, (uint64_t)engine->options.run_for_ms, 0);
    start_signal(engine, &engine->sigterm, SIGTERM);
    start_signal(engine, &engine->sigint, SIGINT);
    start_signal(engine, &engine->sighup, SIGHUP);
    engine->handles_open = true;
}

/* ---- start ---- */

static int make_origin(struct engine *engine, struct error *e)
{
    const struct problems *problems;

    if (blueprint_make(engine->options.desk, engine->registry, &engine->origin, e) < 0)
        return -1;
    engine->blueprint = engine->origin;
    problems = &engine->origin->problems;
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].warning)
            log_write(engine->log, LOG_WARN, problems->items[i].message, "at",
                      problems->items[i].file, "hint", problems->items[i].hint, NULL);
    return problems->errors > 0 ? problems_to_error(problems, e) : 0;
}

static int keep_last(void *arg, const struct run *run)
{
    struct run *best = arg;

    if (run->id <= best->id || run->actions == NULL || run->dry_run)
        return 0;
    run_release(best);
    memset(best, 0, sizeof *best);
    best->id = run->id;
    best->status = run->status;
    best->actions = mem_strdup(run->actions);
    best->result = mem_strdup(run->result);
    best->error = mem_strdup(run->error);
    return 0;
}

#define LAST_LOOK 100 /* dry runs are no executed ones: this far behind them */

/* ctx.last survives a restart: the newest run whose actions reached the executor. */
static void restore_last(struct engine *engine, struct plugin *p)
{
    static const enum run_status statuses[] = {RUN_COMPLETED, RUN_REJECTED};
    struct run best = {0};

    for (size_t i = 0; i < 2; i++) {
        struct run_filter filter = {.plugin = p->name, .status = (int)statuses[i], .limit = LAST_LOOK};
        struct error ignored = ERROR_INIT;
        journal_list_runs(engine->commits.journal->journal, &filter, keep_last, &best, &ignored);
    }
    if (best.id != 0)
        p->last = life_last_text(&best);
    run_release(&best);
}

static int start_plugins(struct engine *engine, struct error *e)
{
    struct blueprint *b = engine->origin;

    engine->plugins = mem_zero(b->plugin_count, sizeof(struct plugin *));
    for (size_t i = 0; i < b->plugin_count; i++) {
        struct plugin *p = strategy_new(engine, &b->plugins[i], i, e);
        if (p == NULL)
            return -1;
        engine->plugins[engine->plugin_count++] = p;
        restore_last(engine, p);
    }
    versions_record(engine, engine->plugins, engine->plugin_count, "start");
    return 0;
}

/* Live, a plugin's cron starts now; a replay goes through its present instant (see replay.c). */
static void arm_plugins(struct engine *engine)
{
    int64_t after = clock_now_ms(&engine->clock) - (engine->data_clock ? 1 : 0);

    for (size_t i = 0; i < engine->plugin_count; i++)
        plugin_arm(engine->plugins[i], after);
}

struct pending_list {
    struct pending *items;
    size_t count;
};

static int collect_pending(void *arg, const struct pending *p)
{
    struct pending_list *list = arg;
    struct pending *copy;

    list->items = mem_resize(list->items, (list->count + 1) * sizeof *list->items);
    copy = &list->items[list->count++];
    *copy = *p;
    copy->topic = mem_strdup(p->topic);
    copy->payload = mem_strdup(p->payload);
    return 0;
}

/* Triggers that were taken on but whose runs had not ended when the last daemon did. */
static int requeue_pending(struct engine *engine, struct error *e)
{
    struct pending_list list = {0};
    int result = journal_list_pending(engine->commits.journal->journal, collect_pending, &list, e);

    for (size_t i = 0; i < list.count; i++) {
        if (result == 0) {
            engine->counters.requeued++;
            life_take_up(engine, &list.items[i]);
        }
        pending_release(&list.items[i]);
    }
    if (result == 0 && list.count > 0) {
        char count[24];
        snprintf(count, sizeof count, "%zu", list.count);
        log_write(engine->log, LOG_INFO, "triggers of the last session are taken up again", "count",
                  count, NULL);
    }
    free(list.items);
    return result;
}

static int check_options(const struct engine *engine, struct error *e)
{
    if (!engine->options.until_feeds_end || engine->data_clock)
        return 0;
    error_set(e, ERROR_CONFIG, "--until-feeds-end: no feed of this desk ends");
    error_hint(e, "it is for desks with a feed of kind \"csv\"");
    return -1;
}

static int start(struct engine *engine, struct error *e)
{
    if (make_origin(engine, e) < 0 || take_lock(engine, e) < 0 || feeds_open(engine, e) < 0 ||
        check_options(engine, e) < 0 || commits_open(engine, e) < 0 ||
        journal_last_id(engine->commits.journal->journal, &engine->ids.last, e) < 0)
        return -1;
    if (replay_open(engine, e) < 0 || outbox_open(engine, e) < 0 || vaults_open(engine, e) < 0 ||
        feeds_start(engine, e) < 0)
        return -1;
    if (engine->data_clock && feeds_ended(engine))
        log_write(engine->log, LOG_WARN,
                  "nothing is left to replay: every row is older than the newest recorded run; "
                  "move the data "
                  "folder away to replay from the start",
                  NULL);
    crew_open(engine);
    if (start_plugins(engine, e) < 0 || outbox_adopt(engine, e) < 0 ||
        stores_await(engine, engine->options.wait_for_state_ms, e) < 0 ||
        crew_start(engine, e) < 0 || intake_open(engine, e) < 0 || control_start(engine, e) < 0 ||
        start_watch(engine, e) < 0)
        return -1;
    start_handles(engine);
    outbox_start(engine);
    arm_plugins(engine);
    advance_start(engine);
    /* Events of an instant come after its cron times. Up to here the stores were read from this
     * thread; from here on they belong to theirs. */
    if (requeue_pending(engine, e) < 0)
        return -1;
    return commits_run(engine, e);
}

/* ---- end ---- */

static void close_handles(struct engine *engine)
{
    uv_handle_t *handles[] = {
        (uv_handle_t *)&engine->turn,      (uv_handle_t *)&engine->watchdog,
        (uv_handle_t *)&engine->end_timer, (uv_handle_t *)&engine->drain_timer,
        (uv_handle_t *)&engine->sigterm,   (uv_handle_t *)&engine->sigint,
        (uv_handle_t *)&engine->sighup};

    if (!engine->handles_open)
        return;
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        uv_close(handles[i], NULL);
}

static void free_plugins(struct engine *engine)
{
    for (size_t i = 0; i < engine->plugin_count; i++)
        strategy_free(engine->plugins[i]);
    while (engine->retired != NULL) {
        struct plugin *next = engine->retired->next_retired;
        strategy_free(engine->retired);
        engine->retired = next;
    }
    free(engine->plugins);
}

/* The end. False: a thread hangs in a call to a server, and uses the engine until the process ends.
 */
static bool stop(struct engine *engine, struct runtime_summary *summary)
{
    bool all;

    engine->draining = engine->stopping = true;
    if (engine->handles_open && summary != NULL) {
        json_t *status = status_json(engine);
        summary->json = json_dumps(status, JSON_COMPACT);
        json_decref(status);
    }
    notices_finish(engine);
    advance_stop(engine);
    control_stop(engine);
    watch_free(engine->watch);
    crew_stop(engine);
    feeds_close(engine);
    leases_release_all(engine);
    all = intake_await_end(engine);
    all &= db_stop(engine);
    all &= commits_close(engine, true);
    if (all)
        intake_free(engine);
    leases_stop(engine);
    sweeps_stop(engine);
    retention_stop(engine);
    outbox_stop(engine);
    close_handles(engine);
    uv_run(&engine->loop, UV_RUN_DEFAULT);
    survey_free(engine);
    seen_free(engine);
    tail_free(engine);
    reload_free(engine);
    control_free(engine);
    outbox_free(engine);
    vaults_close(engine);
    free_plugins(engine);
    crew_free(engine);
    timeline_release(&engine->timeline);
    replay_free(engine);
    if (engine->blueprint != engine->origin)
        blueprint_free(engine->blueprint);
    blueprint_free(engine->origin);
    if (engine->lock_fd >= 0)
        close(engine->lock_fd);
    if (all)
        uv_loop_close(&engine->loop);
    return all;
}

/* Unlike any other session's, on whatever machine: it names this daemon's commits in stores that
 * are shared. */
static void name_session(struct engine *engine)
{
    uint64_t words[2];

    if (getrandom(words, sizeof words, 0) != (ssize_t)sizeof words) {
        words[0] = (uint64_t)engine->started_ms;
        words[1] = (uint64_t)engine->started_mono_ns ^ (uint64_t)getpid() << 40;
    }
    snprintf(engine->session, sizeof engine->session, "%016llx%016llx",
             (unsigned long long)words[0], (unsigned long long)words[1]);
}

int runtime_run(const struct runtime_options *options, const struct registry *registry,
                struct runtime_summary *summary, struct error *e)
{
    struct engine *engine = mem_zero(1, sizeof *engine);
    int result = -1;

    signal(SIGPIPE, SIG_IGN);
    engine->options = *options;
    engine->registry = registry;
    engine->log = options->log;
    engine->lock_fd = -1;
    clock_init_real(&engine->clock);
    engine->started_ms = clock_now_ms(&engine->clock);
    engine->started_mono_ns = clock_mono_ns(&engine->clock);
    uv_loop_init(&engine->loop);
    name_session(engine);
    if (start(engine, e) == 0) {
        log_write(engine->log, LOG_INFO, "running", "desk", options->desk, NULL);
        announce_vaults(engine);
        uv_run(&engine->loop, UV_RUN_DEFAULT);
        result = engine->exit_code == 0
                     ? 0
                     : error_set(e, ERROR_TIMEOUT, "the stop took too long: see above");
        if (engine->fatal.code != ERROR_NONE) {
            error_clear(e);
            *e = engine->fatal;
            result = -1;
        }
    }
    if (stop(engine, summary))
        free(engine);
    return result;
}
