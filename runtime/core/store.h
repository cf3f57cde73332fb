/*
 * store: one open store of a running daemon, and the thread that works on it.
 *
 * The journal's store has the journal and, if its database can hold one, a state store beside it;
 * every other store has a state store only. A store on a server may have several connections
 * (?pool=N): then each is a store of its own here, and plugins are spread over them by name; but
 * the journal has one connection, and so has the state that is beside it.
 *
 * Life of a store on a server: it may be away at any time. It is opened by stores_await() at the
 * start and by its own thread when a reload adds it; a job that meets STORE_DOWN, or any other
 * error that somebody can mend, is tried again with back-off and jitter until it works or the
 * daemon stops. Meanwhile the store is `stalled`: the plugins whose state is there get no ticks,
 * all others go on; a stalled journal holds all of them. While nobody has work for it, a probe
 * keeps asking (stalls.c). A journal on a server is one daemon's: when another one has its lock, or
 * has written meanwhile (STORE_LOCKED), or the server has lost what it had acknowledged
 * (STORE_CORRUPT), what is in memory is not true any more, and the daemon stops.
 *
 * Every group of commits to a store on a server carries a stamp (this connection's writer name and
 * `number`), so that a commit whose acknowledgement was lost is repeated without being done twice.
 * State beside a journal is covered by the journal's.
 *
 * A run says when its transaction began (commit_us); how long that took is known at its end, and
 * goes into the journal with the next transaction.
 *
 * Threads: fields are the loop's unless they say otherwise.
 */
#ifndef ORRERY_CORE_STORE_H
#define ORRERY_CORE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/random.h"
#include "io/store_thread.h"
#include "journal/journal.h"
#include "state/state.h"

struct engine;

#define STORE_SLOW_US     1000000 /* a commit that takes longer: the store is degraded */
#define STORE_DEGRADED_MS 60000   /* and for so long afterwards */

/* How it goes: written by the thread under the store's lock, read by the loop. */
struct store_health {
    bool stalled;
    bool opened;
    bool is_final;      /* no retry can mend it: the daemon stops */
    struct error error; /* the last one; kept after the store works again */
    int64_t error_ms;   /* when, by the real clock; 0: never */
    uint64_t failures;  /* tries that failed, since the start */
    double latency_us;  /* of a try that worked, moving average */
    int64_t slow_ms;    /* the last one that took more than STORE_SLOW_US ended then, real clock */
    int64_t slow_us;    /* how long it took */
    char warnings[1024];
    uint64_t warned; /* how often these have changed */
};

struct store {
    struct engine *engine;
    char *url, *label; /* label: to be shown, without secrets */
    unsigned shard;
    bool is_journal, is_server;
    struct store_thread *thread;         /* NULL until commits_run() */
    struct store_job *held, **held_tail; /* pushed before that */
    struct journal *journal;             /* the journal's store only */
    bool stalled;                        /* as the loop was told last */
    enum error_code stall_code;
    char stall[320];   /* why, for people */
    bool slow;         /* no answer for a while: counts as stalled */
    bool sweeping;     /* expired rows are being removed */
    bool renewing;     /* its leases are being renewed */
    bool looking;      /* who holds leases there is being asked */
    bool probing;      /* it is being asked until it answers */
    bool left;         /* at the end: its thread hangs */
    uint64_t warned;   /* of health, as the log has it */
    uint64_t inflight; /* ticks of plugins with state here, apart from the journal */

    /* the thread's own, once it runs */
    struct state_store *state; /* own, or joined to the journal; NULL: not opened yet */
    bool broken;               /* a group was given up: nothing may be committed behind it */
    char writer[40];
    uint64_t number;                 /* of the last stamp */
    int64_t group_us, group_took_us; /* the last transaction with runs: when it began by the real
                                        clock, and how long it took; 0: none, or told already */
    struct random jitter;

    atomic_ullong commits, ticks; /* transactions; jobs in them */
    atomic_llong busy_since_ns;   /* a try is under way since then; 0: none */
    atomic_bool draining;         /* patient queries end */
    atomic_bool abandon;          /* the daemon stops: no more retries */

    uv_mutex_t lock;
    struct store_health health; /* under the lock */
};

struct store *store_new(struct engine *engine, const char *url, unsigned shard);
void store_free(struct store *store); /* its thread has been stopped */

/* Starts the thread; what was held back is pushed. */
int store_run(struct store *store, struct error *e);
void store_push(struct store *store, struct store_job *job);
size_t store_depth(const struct store *store); /* jobs that are not done */
/* Ends the thread of a daemon that stops. False: it hangs in a call to its server, and is left
 * behind (see io/store_thread.h). */
bool store_end(struct store *store, bool abandon);

/* Opens what is on a server, if it is not open: in the thread, or before it runs. */
int store_open(struct store *store, struct error *e);

/* The health as of now, a copy. */
void store_health_get(struct store *store, struct store_health *out);
/* It works, but takes long. */
bool store_is_degraded(const struct store *store, const struct store_health *health);

/* ---- in the store's thread ---- */

/* Notes a try's outcome (NULL: it worked) and tells the loop when that changes something. */
void store_note(struct store *store, const struct error *e);
void store_try_begins(struct store *store);
void store_try_ends(struct store *store, bool worked);
/* Waits before the next try; `*wait_ms` starts at 0 and grows. True: give up, the daemon stops and
 * one more try has failed. */
bool store_backs_off(struct store *store, int *wait_ms);
/* A failure that no retry can mend: a bug of ours, data that the store refuses as such, or a
 * journal that is not this daemon's any more. */
bool store_error_is_final(const struct store *store, const struct error *e);
int64_t store_wall_us(void); /* the real clock */

/* ---- on the loop ---- */

/* Waits, blocking, until every store on a server is open; before the loop runs. Only STORE_DOWN is
 * waited for, everything else fails at once; so does the end of `wait_ms`. */
int stores_await(struct engine *engine, int64_t wait_ms, struct error *e);
/* The same for one, which is the journal's. */
int store_await(struct store *store, int64_t wait_ms, struct error *e);
void stores_watch(struct engine *engine); /* from the watchdog: stores that do not answer */
/* Whether a drain has to wait for it: not for the questions of nobody to a store that is away. */
bool store_holds_drain(const struct store *store);

#endif
