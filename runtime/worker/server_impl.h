/*
 * server_impl: the inside of the server, shared by server.c (dispatch, loading, snapshots) and
 * ticks.c (decide and hooks).
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

struct slot {
    UT_hash_handle hh;
    uint32_t id;
    struct plugin *plugin; /* NULL: the file failed to load */
    struct module_set *modules;
    char *broken_key;    /* of a state entry that is not JSON; NULL: none. Ticks fail until it is
                            replaced */
    struct error broken; /* what is wrong with it */
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
    struct decision decision;
    struct kv_write *writes; /* of the answer; reused */
    size_t writes_cap;
    char failure_message[1024], failure_where[512];
    struct buf text; /* of the answer: a manifest, a configuration, a URL */
};

/* ERROR_NONE: no failure. The text is the server's, valid until the next call. */
void server_failure(struct server *server, struct message_failure *out, const struct error *e);

/* Around every execution of a script: `id` is the run, or the slot while a strategy is loaded. */
void server_page_begin(struct status_page *page, uint64_t id);
void server_page_end(struct status_page *page);

/* Handlers of TICK and HOOK: run the code and append the answer. */
int server_tick(struct server *server, struct slot *slot, struct buf *out, struct error *e);
int server_hook(struct server *server, struct slot *slot, struct buf *out, struct error *e);

#endif
