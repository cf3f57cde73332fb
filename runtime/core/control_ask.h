/*
 * control_ask: one request of the control socket that reads a store or changes a plugin's state.
 *
 *     ask_new / ask_of_state ── commits_query(&ask->query) ── ask_answered
 *              └── ask_change ── (between two ticks) apply ── commits_push … ── request_answer,
 * ask_free
 *
 * Nobody who asks for state waits for a store that is away: then the asker is told so at once
 * (control_store_away), and what may happen to a change all the same; `request` is NULL from then
 * on.
 *
 * A change must be seen by the store and by the worker between the same two ticks. So it waits
 * until no tick and no hook of the plugin is under way; then its commit is queued and the worker is
 * told in the same turn of the loop.
 */
#ifndef ORRERY_CORE_CONTROL_ASK_H
#define ORRERY_CORE_CONTROL_ASK_H

#include "core/control_server.h"

struct entries;

struct ask {
    struct query query; /* first */
    struct ask *next;   /* in engine.asks */
    struct engine *engine;
    struct request *request;     /* NULL: answered already, its store went away */
    struct plugin *owner;        /* of the state; NULL: the journal is asked */
    struct state_change *change; /* waits for a moment between two ticks */
    json_t *data;
    struct run_filter filter;
    uint64_t id;
    char plugin[LIMIT_NAME_BYTES + 1];
    char key[LIMIT_KEY_BYTES + 1];
    size_t key_len;
    int64_t now_ms;
    json_t *value; /* state_set */
    int64_t ttl_ms;
    bool write, existed, committing;

    /* state_import */
    struct entries *entries;
    bool replace;
    bool reading;   /* the plugin's rows, while `change` holds its ticks */
    uint64_t hooks; /* plugin.hooks_begun when that began */
};

typedef int ask_work_fn(struct query *query, struct store *store, struct error *e);

struct ask *ask_new(struct request *request, struct store *store, ask_work_fn *work);
void ask_free(struct ask *ask);

/* The ask for the plugin (and key) of the request, or NULL after having failed it. */
struct ask *ask_of_state(struct request *request, ask_work_fn *work, bool with_key);

/* The query's `done` of a read: answers with `data`, and frees. */
void ask_answered(struct query *query, struct engine *engine);

void ask_fail(struct request *request, enum error_code code, const char *message);

/* Queues the change: `apply` is called between two ticks, with `ask->change` as it was. */
void ask_change(struct ask *ask, void (*apply)(struct state_change *change, struct plugin *plugin));
/* The change is not queued (any more) and is forgotten. */
void ask_end_change(struct ask *ask);
/* Takes it out of the plugin's list first: it has not happened. */
void ask_withdraw(struct ask *ask);

/* In a store that others use, only who runs the strategy may change its state. True after having
 * failed the request and freed the ask. */
bool ask_refused(struct ask *ask, const struct plugin *plugin);

/* A commit of the change, to be given its writes and pushed. */
struct commit *ask_commit(struct ask *ask, const struct plugin *plugin, commit_done_fn *done);
/* Whether the commit is what was asked for; if not, the request has been failed. */
bool ask_committed(struct ask *ask, const struct commit *commit);

/* In the turn in which the commit is pushed. */
void ask_tell_worker(struct plugin *plugin, const struct write_set *writes);

#endif
