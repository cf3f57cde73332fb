/*
 * engine: the data of a running daemon, shared by the files of core/. All of it belongs to the
 * loop's thread.
 *
 * Who does what
 *   runtime.c    start, the loop, what is freed at the end
 *   stopping.c   the drain, and the end of the loop
 *   advance.c    moves the desk's clock and fires what is due
 *   dispatch.c   trigger received -> queued -> sent to the worker
 *   life.c       decided -> planned -> executed -> committed -> ended
 *   hooks.c      on_executed and on_error after the outcome
 *   commits.c    jobs for the store threads
 *   jobs.c       what these threads do with them
 *   store.c      a store, its health, its retries
 *   leases.c     one owner per plugin in stores that several daemons share
 *   standby.c    plugins that wait for a lease
 *   sweeps.c     expired state rows
 *   retention.c  old runs leave the journal
 *   notices.c    a line per plugin: what it did, and why not
 *   dead.c       triggers that failed for good: kept, retried, discarded
 *   cancel.c     runs that an operator ends
 *   lateness.c   runs that did not start in time, or have been open for too long
 *   survey.c     what the journal holds, looked at now and then for status
 *   stalls.c     stores that are away, and who waits for them
 *   seen.c       what a tick is going to see, and its record
 *   trace.c      what a run took, and what there is to say of it
 *   versions*.c  the texts that strategies run as, on record
 *   crew.c       workers: start, death, what they have been told
 *   loading.c    plugins into workers, newer versions swapped in
 *   deadlines.c  scripts that cannot be interrupted
 *   db_*.c       the plugins' own tables: calls from the workers, their threads
 *   plugins.c    timers and health of one plugin
 *   intake*.c    events from outside: sources, their threads, batches into the journal
 *   vaults.c     executors, settlement, snapshots
 *   outbox*.c    batches on their way outside: journaled, pursued, ended; taken up after a start
 *   announce.c   what the start says about vaults
 *   feeds.c      feeds on the timeline
 *   reload.c     a changed desk becomes the running one
 *   replay.c     an interrupted replay goes on in the middle of an instant
 *   control_*.c  the socket and its operations
 *   records*.c   questions about what the journal holds, also of a stopped desk
 *   tail.c       log lines for those who follow along
 *   status.c     what status says
 *
 * The life of a tick: engine_receive() makes it; it waits in its plugin's queue; dispatch sends it;
 * the worker's answer ends its time in `running`; life.c hands its commit to the store and runs its
 * hooks (ahead of the disk only where hand_in() says so); with both done it is freed. `engine.busy`
 * counts ticks whose outcome a script could still observe; while history is replayed the clock
 * stands still until it is 0.
 */
#ifndef ORRERY_CORE_ENGINE_H
#define ORRERY_CORE_ENGINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "core/blueprint.h"
#include "core/commits.h"
#include "core/link.h"
#include "core/registry.h"
#include "core/runtime.h"
#include "core/timeline.h"
#include "model/manifest.h"
#include "model/run.h"

struct db_pool;
struct db_tables;
struct db_trace;
struct engine;
struct hook;
struct intake;
struct intakes;
struct plugin;
struct ask;
struct control;
struct delivery;
struct ending;
struct outbox;
struct seen;
struct seen_scene;
struct seen_text;
struct tick_notes;
struct watch;

/* Who waits for a run's end (a control connection). `run` NULL: not in this session, the trigger
 * stays on record for the next. */
struct waiter {
    void (*ended)(struct waiter *waiter, const struct run *run);
};

/* One trigger on its way to its run's end. */
struct tick {
    struct question question;            /* first: the link gives it back */
    struct tick *next;                   /* in the plugin's queue */
    struct tick *next_live, **prev_live; /* in engine.live */
    struct plugin *plugin;
    uint64_t id;
    enum trigger_kind kind;
    char *topic, *payload; /* or NULL */
    int64_t scheduled_ms;
    int64_t deadline_ms;          /* to start by; 0: none */
    int64_t sent_ns;              /* to the worker, of the monotonic clock; 0: it waits */
    int64_t now_ms;               /* ctx.now */
    int64_t received_us, sent_us; /* of the real clock; 0: not yet */
    uint64_t parent;
    uint32_t depth;
    uint32_t attempts;
    uint32_t suspect; /* workers lost from outside while it ran */
    uint64_t seed;
    bool durable;              /* a pending row exists */
    bool timed_out;            /* its deadline passed before it could start */
    uint32_t holds;            /* its commit, and its hooks while they are under way */
    bool awaits_commit;        /* a script can see when the commit is durable */
    bool observed;             /* counts in engine.busy */
    struct store *inflight;    /* counted in its `inflight` */
    json_t *closures;          /* handed to this tick, or NULL */
    struct db_trace *db_trace; /* what it asked of its tables; NULL: nothing */
    enum recording recording;  /* of its plugin, when it came */
    struct seen_scene *scene;  /* what it sees, when all of that is recorded; see seen.h */
    struct seen_text *seen_params, *seen_last;
    struct tick_notes *notes; /* of the runtime's; NULL: none */
    struct waiter *waiter;
    struct intake *intake; /* the source it came from; NULL: none that still is */
    size_t intake_bytes;
};

enum health { HEALTHY, UNHEALTHY, QUARANTINED };
enum plugin_stage {
    STAGE_DOWN,    /* its worker is starting */
    STAGE_LOADING, /* LOAD sent, or its state is being read */
    STAGE_READY,
    STAGE_SWAPPING, /* a new version waits until the running ticks are done */
    STAGE_STANDBY,  /* another daemon has its lease: triggers are skipped */
    STAGE_BROKEN    /* could not be loaded: triggers are skipped */
};

/* received == the sum of ended + open; open == running + queued. */
struct counters {
    uint64_t received;
    uint64_t open; /* not yet durably ended */
    uint64_t ended[RUN_STATUS_COUNT];
    uint64_t requeued; /* dispatched again after a worker was lost, or found pending at start */
    uint64_t missed; /* cron times that passed during a stall and were folded into one or dropped */
};

/* Counts of the most frequent noop reasons; the rest is "other". */
#define REASONS 24
struct reason_count {
    char *reason;
    uint64_t count;
};

/* A change of ctx.state from outside that waits for a moment between two ticks. */
struct state_change {
    struct state_change *next;
    void (*apply)(struct state_change *change, struct plugin *plugin); /* frees it */
    void *arg;
    bool holds; /* its moment has come, and it needs an answer first: no tick starts before it has
                   been applied */
};

struct cron_timer {
    struct timer timer; /* first */
    struct plugin *plugin;
    const struct trigger *trigger; /* NULL: not a cron trigger */
    struct cron cron;              /* own copy: outlives a reload's manifest */
};

struct plugin {
    struct engine *engine;
    struct plugin *next_retired;
    char name[LIMIT_NAME_BYTES + 1];
    struct vault *vault;
    struct crew_member *worker;
    struct store *state; /* where ctx.state lives */
    char *state_url;
    char *tables_url;
    struct db_tables *tables; /* its own, of the present version; NULL: none, or not opened yet */
    uint64_t token;           /* of its lease, in a shared store; 0: none */
    bool lease_asked;         /* a lease's request is under way */
    bool lease_lost;          /* and the plugin has not left its worker yet */
    bool lease_taken;         /* somebody has taken it over from us, and we have not got it back */
    char holder[STATE_OWNER_BYTES]; /* who has it, in standby */

    /* the strategy as loaded: replaced as a whole by a reload */
    struct desk_file file; /* own copies */
    struct manifest manifest;
    json_t *params;
    char version[DIGEST_TEXT_SIZE];
    char *content;       /* of that version, model/version.h */
    uint32_t unrecorded; /* versions on their way to the journal: until then nothing runs */
    bool deactivated;    /* by an operator: its triggers are skipped */
    enum recording recording;
    struct seen_text *seen_params, *seen_last; /* NULL: to be made when needed */

    enum plugin_stage stage;
    uint32_t slot;                /* generation in the worker */
    uint64_t load_seq;            /* guards late store answers against a newer load */
    uint32_t load_suspect;        /* workers lost while it was being loaded */
    uint64_t memory;              /* bytes of its Lua heap after loading */
    struct plugin_update *update; /* the version that waits to be swapped in */
    bool removed;                 /* its file is gone: drains, then is freed */

    struct tick *queue, **queue_tail;
    struct hook *hooks; /* waiting until the plugin is ready again */
    uint32_t queued, running, hooking;
    uint32_t preparing; /* decided, and not handed to the store: what they wrote is in its worker's
                           memory only, so nobody may read its state from the store meanwhile */
    bool load_waits;    /* for that */
    uint32_t writing;   /* decided, and what they wrote is on its way to a state store apart */
    uint32_t sourced;     /* its ticks from sources, which bound what waits by themselves */
    int64_t late_ms;      /* none of the queue is late before; 0: none has a deadline */
    uint64_t hooks_begun; /* since the start */
    struct state_change *changes;
    struct cron_timer *timers;
    size_t timer_count;

    enum health health;
    uint32_t skip_left, skip_next;
    char *health_reason;

    json_t *closures; /* for the next tick */
    char *last;       /* JSON of ctx.last, or NULL */
    char *last_error;
    struct counters counters;
    struct reason_count reasons[REASONS];
    struct notice *notice; /* since its last summary line; NULL: nothing yet */
    uint32_t cost_us;      /* CPU time of a decide(), moving average */
    int64_t print_ns;      /* of the rate limit on its log lines */
    uint64_t unprinted;
    uint64_t state_keys; /* live entries as of the last tick */
};

struct vault {
    struct engine *engine;
    const struct vault_config *config;
    struct executor *executor;
    struct timer settle;
    uint64_t batches;
    char *snapshot;            /* JSON text of `snapshot_version` */
    uint64_t snapshot_version; /* executor_version() + 1, so that 0 means none */
    struct seen_scene *scene;  /* newest one that a tick saw, or NULL */
    char nav[24];
    bool is_outside;                /* its executor has one */
    struct vault_account account;   /* of an outside one: as last put on record */
    struct delivery *delivery;      /* its batch on its way outside; NULL: none */
    struct ending *decided, **last; /* batches that wait for their turn */
    char *obstacle;                 /* why none can be prepared; NULL: nothing is in the way */
    int64_t obstacle_ns;            /* since when, of the monotonic clock */
    char *obstacle_told;            /* by the log */
};

struct feed_slot {
    struct engine *engine;
    const struct feed_config *config;
    struct feed *feed;
    struct timer timer;
    char *text; /* JSON of the market at text_version */
    uint64_t text_version;
    struct seen_text *seen; /* of the text at seen_version; NULL: none yet */
    uint64_t seen_version;
    uint64_t announced; /* updates that were announced as price events */
};

/* One worker process and what it has been told. */
struct crew_member {
    struct engine *engine;
    struct link link;
    int index;
    uint32_t next_slot;
    uint64_t *feed_versions;  /* sent, per feed */
    uint64_t *vault_versions; /* sent, per vault */
    /* deadline watch */
    uint64_t seen_answers, seen_calls;
    int64_t seen_cpu_ns, seen_mono_ns, checked_ns;
    uint64_t restart_delay_ms;
    int64_t started_ns;
    uv_timer_t restart;
    bool restart_open;
    uint64_t deaths;
    uint64_t culprit; /* run or slot that core killed it for, 0: none */
    bool charged;     /* its end is accounted for: a tick's answer broke the rules */
};

/* The newest recorded instant of a replay that was interrupted, and its triggers that have been
 * answered. */
struct replay {
    int64_t instant_ms; /* 0: none */
    struct replayed *items;
    size_t count;
};

struct engine {
    uv_loop_t loop;
    struct runtime_options options;
    const struct registry *registry;
    struct log *log;
    struct blueprint *origin;    /* of the start: vaults, feeds and stores are built on it */
    struct blueprint *blueprint; /* in force, after reloads */
    struct stores *stores;
    struct commits commits;
    char session[33];                               /* random */
    char owner[64], owner_label[STATE_OWNER_BYTES]; /* this daemon, in leases */
    uv_timer_t lease_timer, standby_timer, sweep_timer;
    bool leases_open, sweeps_open;
    struct clock clock;
    bool data_clock; /* history is replayed: the clock is the data's */
    bool data_ended;
    struct replay replay;
    bool started; /* the timeline runs */
    double speed; /* data seconds per real second; 0: as fast as ticks complete */
    int64_t data_start_ms, real_start_ns; /* anchor of a replay at finite speed */
    int64_t shown_ms;                     /* live: what the clock showed when it was last asked */
    struct id_source ids;
    struct timeline timeline;
    uv_timer_t wake;   /* real time of the next due timer, in a replay */
    uv_poll_t alarm;   /* the same, live: a timerfd, without the loop's grain of 1 ms */
    int alarm_fd;      /* -1: none, the wake timer does its work */
    uv_idle_t spin;    /* replay at full speed: advance on every turn */
    uv_prepare_t turn; /* before the loop blocks: dispatch, flush, end of a drain */
    uv_timer_t watchdog;
    uv_signal_t sigterm, sigint, sighup;
    uv_timer_t end_timer, drain_timer;

    struct crew_member *crew;
    size_t crew_count;
    struct plugin **plugins;
    size_t plugin_count;
    struct plugin *retired;
    struct vault *vaults;
    size_t vault_count;
    struct feed_slot *feeds;
    size_t feed_count;
    struct market_source markets;

    struct intakes *intakes;
    struct db_pool *db_pool; /* NULL: no plugin has had tables */
    uint64_t busy;           /* see the head of this file */
    struct tick *live;       /* all ticks, the newest first */
    uint64_t live_ticks;     /* how many: waiting in a queue, at a worker, or for their commit */
    uint64_t waiting;        /* of these, in the queues */
    uint64_t apart; /* of these, sent out for plugins whose state is apart from the journal */
    size_t pump_first;
    bool stalled; /* the journal fails: nothing is dispatched */
    struct counters counters;
    int64_t started_ms, started_mono_ns;
    int lock_fd;
    struct control *control;
    struct ask *asks; /* of the control socket, under way at a store */
    struct retention *retention;
    struct survey *survey;
    struct outbox *outbox;
    struct seen *seen;    /* NULL: nothing was recorded in full yet */
    struct tail *tail;    /* of log lines; NULL: nobody has followed them */
    int64_t summary_ns;   /* of the monotonic clock: the last summary lines */
    int64_t expire_ns;    /* likewise: open runs were looked at */
    uint64_t buried;      /* dead letters made in this session */
    uint64_t buried_said; /* of these, the log has told */
    int64_t buried_ns;    /* when it did so last */
    struct watch *watch;
    struct reload *reload; /* under way, or NULL */
    bool reload_again;
    bool draining, stopping, signalled, handles_open;
    bool unhurried;      /* a replay's own end: it drains as long as it gets on */
    uint64_t drain_left; /* ticks, when that was looked at last */
    int exit_code;
    struct error fatal;
};

/* dispatch.c */
/* A trigger as it comes in. `id` 0: it gets one, and has no pending row. `deadline_ms` to start
 * within, after scheduled_ms; 0: as the strategy declares. Strings are copied. */
struct arrival {
    enum trigger_kind kind;
    const char *topic, *payload; /* or NULL */
    int64_t scheduled_ms, deadline_ms;
    uint64_t parent;
    uint32_t depth;
    uint64_t id;
    struct waiter *waiter; /* or NULL */
    bool insists;          /* an operator wants it, or it must not get lost: also while unhealthy,
                              or with a full queue */
    bool is_counted;       /* how many wait is bounded elsewhere: also with a full queue */
};
/* The tick, or NULL when it has ended already: skipped, or too late. */
struct tick *engine_arrive(struct plugin *plugin, const struct arrival *arrival);
struct tick *engine_receive(struct plugin *plugin, enum trigger_kind kind, const char *topic,
                            const char *payload, int64_t scheduled_ms, uint64_t parent,
                            uint32_t depth, uint64_t id, struct waiter *waiter);
void engine_requeue(struct tick *tick); /* after a lost worker: back to the head of the queue */
void plugin_pump(struct plugin *plugin);
void engine_pump(struct engine *engine);
void tick_release(struct tick *tick); /* gives up one hold; the last one frees */
void tick_unobserve(struct tick *tick);
/* Takes a tick that waits out of its plugin's queue, for somebody who ends it. */
void tick_withdraw(struct tick *tick);
struct plugin *engine_plugin(const struct engine *engine, const char *name);
/* The tick of a run that an earlier session has left open: it is in no queue, and holds itself. */
struct tick *tick_resume(struct plugin *plugin, const struct run *run);
/* Whether nothing that the plugin decides is executed: its ticks are dry runs. */
bool plugin_is_dry(const struct plugin *plugin);
void tick_leave(struct tick *tick); /* not ended here: its pending row brings it back */
bool engine_backlogged(const struct engine *engine); /* the journal is too far behind for more */
void plugin_miss(struct plugin *plugin, uint64_t count); /* times without a tick */

/* life.c */
int life_decided(struct tick *tick, const struct message_decided *decided, struct error *e);
void life_skip(struct tick *tick, const char *reason);
void life_fail(struct tick *tick, enum error_code code, const char *message);
/* Ends a tick that is in no queue without a decide(). `error`: JSON text, stolen, or NULL. */
void life_end(struct tick *tick, enum run_status status, const char *reason, char *error);
void life_start_pending(struct engine *engine, const struct pending *pending);
/* The last session had taken it on: it is taken up again, however many wait. */
void life_take_up(struct engine *engine, const struct pending *pending);
/* A trigger whose ended run was recorded without ever being a tick. */
void life_recorded(struct plugin *plugin, const struct run *run);

/* What was planned is complete: its commit is handed in. */
void life_hand_in(struct ending *ending);
/* The end of a run that was open, durable with this commit (freed): hooks, ctx.last, who waits.
 * `tick` NULL: its strategy is not part of the desk any more. */
void life_settled(struct commit *commit, struct tick *tick, struct engine *engine);

char *life_last_text(const struct run *run); /* ctx.last for an executed run, as JSON */

/* hooks.c */
void hooks_run(struct tick *tick, struct run *run); /* takes the tick */
int hooks_answered(struct question *question, const struct message_hooked *hooked, struct error *e);
void hooks_lost(struct question *question, bool culprit, bool suspect, const char *why);
struct tick *hooks_tick(struct question *question); /* of a HOOK */
void hooks_waiting(struct plugin *plugin); /* the plugin is ready again: send what waited */

/* crew.c */
#define SUSPECT_MAX 3 /* lost workers under one question before it is held to be the cause */
void crew_open(struct engine *engine);
int crew_start(struct engine *engine, struct error *e);
void crew_free(struct engine *engine);
void crew_stop(struct engine *engine);
void crew_hurry(struct engine *engine); /* a drain: workers that wait to be started do not */
void crew_watch(struct engine *engine); /* deadlines: called by the watchdog timer */
void crew_sync(struct crew_member *member, struct vault *vault); /* snapshots that changed */
void crew_send_modules(struct crew_member *member);
void plugin_quarantine(struct plugin *plugin, const char *why);
struct crew_member *crew_assign(struct engine *engine, size_t plugin_index,
                                const struct vault *vault);

/* vaults.c */
int vaults_open(struct engine *engine, struct error *e);
void vaults_close(struct engine *engine);
struct vault *engine_vault(const struct engine *engine, const char *id);
void vault_settle(struct vault *vault);  /* when something has expired and has its price */
void vault_refresh(struct vault *vault); /* brings snapshot and settlement timer up to date */

/* announce.c */
void announce_vaults(const struct engine *engine); /* in the log: which are live */

/* feeds.c */
int feeds_open(struct engine *engine, struct error *e);
int feeds_start(struct engine *engine, struct error *e);
void feeds_announce(struct engine *engine); /* a replay's first instant: its prices */
void feeds_close(struct engine *engine);
bool feeds_ended(const struct engine *engine);
void feed_refresh(struct feed_slot *slot);

/* replay.c */
int replay_open(struct engine *engine, struct error *e); /* sets the clock to that instant */
void replay_free(struct engine *engine);
/* Whether such a trigger has its run on record; each one is counted once. */
bool replay_answered(struct engine *engine, const struct plugin *plugin, enum trigger_kind kind,
                     const char *topic, int64_t scheduled_ms);

/* advance.c */
void advance_start(struct engine *engine); /* fires what is due in a replay's first instant */
void advance_stop(struct engine *engine);
void advance_kick(struct engine *engine); /* something may have become due, or idle */

/* plugins.c */
struct plugin *strategy_new(struct engine *engine, struct blueprint_plugin *from, size_t index,
                            struct error *e);
void plugin_adopt(struct plugin *plugin,
                  struct blueprint_plugin *from); /* takes file, manifest, params, version */
void strategy_free(struct plugin *plugin);
void plugin_arm(struct plugin *plugin,
                int64_t after_ms); /* its cron timers; those that were armed keep their time */
bool plugin_subscribes(const struct plugin *plugin, const char *topic);
bool engine_has_subscriber(const struct engine *engine, const char *topic);
void plugin_clock_set_back(struct plugin *plugin, int64_t now_ms);
void plugin_flush_queue(struct plugin *plugin, const char *reason); /* skips what waits */
void plugin_disarm(struct plugin *plugin);
void plugin_quiet(struct plugin *plugin); /* a tick or hook is done: does what waited for quiet */
void plugin_change_state(struct plugin *plugin, struct state_change *change);
void plugin_count_reason(struct plugin *plugin, const char *reason);
void plugin_set_health(struct plugin *plugin, bool success, const char *reason);

/* sweeps.c */
void sweeps_start(struct engine *engine);
void sweeps_stop(struct engine *engine);

/* survey.c: the watchdog lets it look; what it saw last is for status */
void survey_start(struct engine *engine);
void survey_free(struct engine *engine);
void survey_watch(struct engine *engine);
void survey_soon(struct engine *engine); /* somebody wants to know how it is now */
const struct journal_stats *survey_stats(const struct engine *engine); /* NULL: not looked yet */
json_t *survey_json(const struct engine *engine); /* new references; null before the first look */
json_t *survey_open_json(const struct engine *engine); /* open runs that began long ago */

/* retention.c: looked after by the watchdog; see core/retention.c */
void retention_start(struct engine *engine);
void retention_stop(struct engine *engine);
void retention_watch(struct engine *engine);
json_t *retention_json(const struct engine *engine); /* for status: new reference */

/* notices.c */
void notices_count(struct plugin *plugin, const struct run *run); /* a run has ended */
void notices_watch(struct engine *engine);
void notices_finish(struct engine *engine); /* the last lines, at the stop */
void notices_free(struct plugin *plugin);

/* dead.c */
/* Before the commit that records the run is pushed: a durable trigger that failed becomes a dead
 * letter with it. */
void dead_bury(struct commit *commit, const struct tick *tick);
void dead_buried(struct engine *engine, const struct commit *commit); /* it is durable */
void dead_watch(struct engine *engine); /* tells of those that were not told of one by one */

/* lateness.c */
bool tick_is_late(const struct tick *tick);
void tick_expire(struct tick *tick); /* fails it; it is in no queue */
void lateness_watch(struct engine *engine);
json_t *lateness_json(const struct engine *engine); /* runs that take long: new reference */

/* loading.c */
void reload_swap_ready(struct plugin *plugin); /* swaps if no tick of the plugin runs any more */

/* versions.c */
#define DEACTIVATED "deactivated by an operator: `orrery deploy` activates it again"
struct version_batch;
/* Puts the plugins' present versions on record, before anything of them runs. `note`: why. */
void versions_record(struct engine *engine, struct plugin *const *plugins, size_t count,
                     const char *note);

/* reload.c */
/* Reads the desk again, on a pool thread; `plugin` NULL: all that changed. `done` gets the answer
 * to "reload" (stolen) or the error. */
void reload_start(struct engine *engine, const char *plugin,
                  void (*done)(void *arg, json_t *data, const struct error *e), void *arg);
/* The same, and `begins` is called when the new desk is in force, before any plugin has changed. */
void reload_deploy(struct engine *engine, const char *plugin,
                   void (*begins)(void *arg, const struct blueprint *blueprint),
                   void (*done)(void *arg, json_t *data, const struct error *e), void *arg);
void reload_free(struct engine *engine);

/* status.c */
json_t *status_json(struct engine *engine);

/* control_server.c */
int control_start(struct engine *engine, struct error *e);
void control_stop(struct engine *engine);
void control_free(struct engine *engine);

/* control_ask.c */
void control_store_away(struct store *store); /* who asked for state there is told at once */

/* stopping.c */
void engine_stop(struct engine *engine, const char *why); /* drain, then end the loop */
void engine_fatal(struct engine *engine, const struct error *e);
void stopping_look(struct engine *engine); /* each turn: whether the drain is over */

/* stalls.c */
void engine_store_told(struct store *store, const struct store_health *health);
void engine_store_warns(struct store *store); /* its new warnings into the log */
/* The store that its ticks wait for, or NULL; why is in its `stall`. */
const struct store *plugin_stalled_by(const struct plugin *plugin);

#endif
