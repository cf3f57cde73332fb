/*
 * server_impl: the inside of the server, shared by server.c (dispatch, loading, snapshots) and
 * ticks.c (decide and hooks).
 *
 * A job is one TICK or HOOK until its answer. Most end at once; one whose script asks its tables is
 * kept by its slot until DB_RESULT comes, while other messages are handled.
 */
#ifndef ORRERY_WORKER_SERVER_IMPL_H
#define ORRERY_WORKER_SERVER_IMPL_H

#include <stdint.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/error.h"
#include "bindings/plugin.h"
#include "ipc/message.h"

struct config_script;
struct module_set;
struct snapshots;
struct status_page;

struct job {
    struct job *next; /* of the slot's waiting, or of the spare ones */
    bool is_hook;
    uint64_t run;
    uint32_t calls;           /* of ctx.db, so far */
    struct plugin_call *call; /* waits; NULL: it has ended */
    int64_t cpu_ns;           /* of all its parts */
    struct decision decision;
};

struct slot {
    UT_hash_handle hh;
    uint32_t id;
    struct plugin *plugin; /* NULL: the file failed to load */
    struct module_set *modules;
    char *broken_key;    /* of a state entry that is not JSON; NULL: none. Ticks fail until it is
                            replaced */
    struct error broken; /* what is wrong with it */
    struct job *waiting;
};

struct server {
    struct status_page *page;
    struct message_decoder *decoder;
    struct module_set *modules; /* of later loads */
    struct module_set *config_modules;
    struct config_script *config; /* NULL: none, or it failed */
    struct slot *slots;
    struct snapshots *markets, *vaults;
    struct message in, answer; /* large: not on the stack */
    struct job *spare;
    struct kv_write *writes; /* of the answer; reused */
    size_t writes_cap;
    struct message_log *logs; /* likewise */
    size_t logs_cap;
    struct buf reads; /* likewise */
    char failure_message[1024], failure_where[512];
    struct buf text; /* of the answer: a manifest, a configuration, a URL */
};

/* ERROR_NONE: no failure. The text is the server's, valid until the next call. */
void server_failure(struct server *server, struct message_failure *out, const struct error *e);

/* Around every execution of a script: `id` is the run, or the slot while a strategy is loaded. */
void server_page_begin(struct status_page *page, uint64_t id);
void server_page_end(struct status_page *page);

/* Handlers of TICK, HOOK and DB_RESULT: run the code and append the answer, or a DB_CALL. */
int server_tick(struct server *server, struct slot *slot, struct buf *out, struct error *e);
int server_hook(struct server *server, struct slot *slot, struct buf *out, struct error *e);
int server_db_result(struct server *server, struct slot *slot, struct buf *out, struct error *e);

/* Frees the jobs that wait, after their plugin, and the spare ones. */
void server_drop_waiting(struct server *server, struct slot *slot);
void server_free_spare(struct server *server);

#endif
