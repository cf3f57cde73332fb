/*
 * stopped: a desk that no daemon runs, through its files: the configuration (evaluated in a
 * throw-away worker), the journal and the state stores.
 *
 * Reading needs nothing. Writing takes the daemon's lock (DESK/<data>/orrery.lock), so that nobody
 * writes beside a daemon, and no daemon starts beside a writer.
 */
#ifndef ORRERY_CLI_STOPPED_H
#define ORRERY_CLI_STOPPED_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/claims.h"
#include "cli/command.h"
#include "core/desk.h"
#include "core/registry.h"

struct error;

/* `name` inside the desk, unless it is absolute: a new string. */
char *desk_path(const char *desk, const char *name);

/* desk_session_open() with its problems folded into one error. */
int desk_session_begin(const char *desk, struct desk_session **out, struct error *e);

struct stopped {
    const char *desk;
    char *data; /* the folder with the lock */
    const struct registry *registry;
    const struct config *config;
    struct desk_session *session;
    struct stores *stores;
    struct journal *journal;   /* opened on demand */
    struct state_store *state; /* the last one opened */
    enum store_mode mode;      /* of every store opened here: databases are shared by URL */
    int lock;                  /* -1: not held */
};

/* `lock`: take the daemon's lock first; ERROR_STORE_LOCKED when somebody has it. */
int stopped_open(const struct context *c, enum store_mode mode, bool lock, struct stopped *out,
                 struct error *e);
/* The same with the lock, or, with `force`, without it when somebody has it. */
int stopped_open_forced(const struct context *c, enum store_mode mode, bool force,
                        struct stopped *out, struct error *e);
void stopped_close(struct stopped *s);

/* Open a store; owned by `s`. A memory store is ERROR_NOT_RUNNING: it keeps nothing. A journal on a
 * server is opened for writing only while `s` has the desk's lock: its daemon may be running. */
int stopped_journal(struct stopped *s, struct journal **out, struct error *e);
int stopped_journal_url(struct stopped *s, const char *url, struct journal **out,
                        struct error *e); /* the first one asked for stays open */
int stopped_state(struct stopped *s, const char *plugin, struct state_store **out, struct error *e);
int stopped_state_url(struct stopped *s, const char *url, struct state_store **out,
                      struct error *e);

/* A store apart from the above, closed by the caller before `s`. */
int stopped_state_own(struct stopped *s, const char *url, enum store_mode mode,
                      struct state_store **out, struct error *e);
int stopped_journal_own(struct stopped *s, const char *url, enum store_mode mode,
                        struct journal **out, struct error *e);

/* Who this command is in stores that others share. `role`: "orrery db copy". `force`: takes leases
 * from others. */
int stopped_claimant(const struct stopped *s, const char *role, bool force, struct claimant *out,
                     struct error *e);

/* What the desk's clock showed last: now, or, for a desk that replays history, the end of its
 * newest run. TTLs are judged by it. */
int64_t stopped_now_ms(struct stopped *s);

#endif
