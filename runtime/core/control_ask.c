#include "core/control_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/entries.h"

void ask_fail(struct request *r, enum error_code code, const char *message)
{
    struct error e = ERROR_INIT;

    error_set(&e, code, "%s", message);
    request_fail(r, &e);
}

void ask_free(struct ask *ask)
{
    struct ask **place = &ask->engine->asks;

    while (*place != ask)
        place = &(*place)->next;
    *place = ask->next;
    json_decref(ask->data);
    json_decref(ask->value);
    entries_free(ask->entries);
    free(ask);
}

void ask_answered(struct query *query, struct engine *engine)
{
    struct ask *ask = (struct ask *)query;

    (void)engine;
    if (ask->request == NULL)
        ; /* nobody waits any more */
    else if (query->result < 0)
        request_fail(ask->request, &query->error);
    else if (ask->data == NULL)
        ask_fail(ask->request, ERROR_NOT_FOUND,
                 ask->id ? "no run has that id" : "the key is not set (or has expired)");
    else
        request_answer(ask->request, json_incref(ask->data));
    ask_free(ask);
}

struct ask *ask_new(struct request *r, struct store *store, ask_work_fn *work)
{
    struct ask *ask = mem_zero(1, sizeof *ask);

    ask->engine = request_engine(r);
    ask->next = ask->engine->asks;
    ask->engine->asks = ask;
    ask->request = r;
    ask->query.store = store;
    ask->query.work = work;
    ask->query.done = ask_answered;
    ask->now_ms = clock_now_ms(&request_engine(r)->clock);
    return ask;
}

static void fail_away(struct request *r, const struct store *store, const char *outcome)
{
    struct error e = ERROR_INIT;

    error_set(&e, ERROR_STORE_DOWN, "the state store %s is away: %s%s", store->label, store->stall,
              outcome);
    error_hint(&e, "`orrery status` shows when it works again");
    request_fail(r, &e);
}

static void fail_unknown(struct request *r)
{
    struct error e = ERROR_INIT;

    error_set(&e, ERROR_NOT_FOUND, "no strategy of that name is running");
    error_hint(&e, "state of a strategy that the desk does not have (any more) can be read and "
                   "changed while its daemon is stopped");
    request_fail(r, &e);
}

struct ask *ask_of_state(struct request *r, ask_work_fn *work, bool with_key)
{
    const char *name = json_string_value(json_object_get(request_json(r), "plugin"));
    const json_t *key = json_object_get(request_json(r), "key");
    struct plugin *plugin = name ? engine_plugin(request_engine(r), name) : NULL;
    struct ask *ask;

    if (plugin == NULL) {
        fail_unknown(r);
        return NULL;
    }
    if (with_key && (json_string_length(key) == 0 || json_string_length(key) > LIMIT_KEY_BYTES)) {
        ask_fail(r, ERROR_INVALID, "key: expected 1 to 256 bytes of text");
        return NULL;
    }
    if (plugin->state->stalled && store_is_apart(plugin->state)) {
        fail_away(r, plugin->state, "");
        return NULL;
    }
    ask = ask_new(r, plugin->state, work);
    ask->owner = plugin;
    snprintf(ask->plugin, sizeof ask->plugin, "%s", plugin->name);
    if (with_key) {
        ask->key_len = json_string_length(key);
        memcpy(ask->key, json_string_value(key), ask->key_len);
    }
    return ask;
}

/* ---- changes ---- */

bool ask_refused(struct ask *ask, const struct plugin *p)
{
    char text[400];

    if (!p->state->is_server || p->token != 0)
        return false;
    if (p->stage == STAGE_STANDBY)
        snprintf(text, sizeof text, "another daemon runs this strategy: %s: change its state there",
                 p->holder);
    else
        snprintf(text, sizeof text, "%s",
                 plugin_is_dry(p)
                     ? "a dry run changes nothing in a store that other daemons use"
                     : "this daemon does not have the strategy's lease (yet): try again");
    ask_fail(ask->request, ERROR_STORE_FENCED, text);
    ask_free(ask);
    return true;
}

void ask_change(struct ask *ask, void (*apply)(struct state_change *change, struct plugin *plugin))
{
    struct plugin *p = engine_plugin(ask->engine, ask->plugin);
    struct state_change *change = mem_zero(1, sizeof *change);

    change->apply = apply;
    change->arg = ask;
    ask->change = change;
    ask->owner = p;
    plugin_change_state(p, change);
}

void ask_end_change(struct ask *ask)
{
    free(ask->change);
    ask->change = NULL;
}

void ask_withdraw(struct ask *ask)
{
    struct state_change **place = &ask->owner->changes;

    while (*place != ask->change)
        place = &(*place)->next;
    *place = ask->change->next;
    ask_end_change(ask);
}

struct commit *ask_commit(struct ask *ask, const struct plugin *p, commit_done_fn *done)
{
    struct commit *c = commit_new(ask->query.store, done, ask);

    memcpy(c->plugin, ask->plugin, sizeof c->plugin);
    c->fence = p->token;
    ask->committing = true;
    return c;
}

bool ask_committed(struct ask *ask, const struct commit *c)
{
    if (ask->request == NULL) /* nobody waits any more */
        return false;
    if (c->failed)
        ask_fail(ask->request, ERROR_STORE, "the store could not be written");
    else if (c->fenced)
        ask_fail(ask->request, ERROR_STORE_FENCED,
                 "another daemon owns this strategy now: nothing was written");
    return !c->failed && !c->fenced;
}

void ask_tell_worker(struct plugin *p, const struct write_set *writes)
{
    struct message m = {.type = MESSAGE_STATE_ENTRY};

    for (size_t i = 0; i < writes->count && p->stage == STAGE_READY; i++) {
        const struct kv_write *w = &writes->items[i];
        m.as.state_entry = (struct message_state_entry){
            p->slot, {w->key, w->key_len}, {w->value, w->value_len}, w->expires_ms};
        link_tell(&p->worker->link, &m);
    }
}

/* ---- a store that went away ---- */

static void tell_asker(struct ask *ask)
{
    struct request *r = ask->request;
    const struct store *store = ask->query.store;

    ask->request = NULL;
    if (ask->reading) { /* rows_read() ends it */
        fail_away(r, store, "; nothing was changed");
    } else if (ask->change != NULL) {
        ask_withdraw(ask);
        fail_away(r, store, "; nothing was changed");
        ask_free(ask);
    } else {
        fail_away(r, store,
                  ask->committing ? "; the change is under way: it is written when the store works "
                                    "again, unless the daemon stops before"
                                  : "");
    }
}

void control_store_away(struct store *store)
{
    struct ask *next;

    for (struct ask *ask = store->engine->asks; ask != NULL; ask = next) {
        next = ask->next;
        if (ask->query.store == store && ask->owner != NULL && ask->request != NULL)
            tell_asker(ask);
    }
}
