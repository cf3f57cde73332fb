/* The wrappers: what is the same for every backend is checked here, once. */
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/limits.h"

static bool complete(const struct state_ops *ops)
{
    return ops != NULL && ops->name && ops->begin && ops->commit && ops->rollback && ops->put &&
           ops->remove && ops->load && ops->list && ops->sweep && ops->close;
}

void state_store_init(struct state_store *store, const struct state_ops *ops)
{
    if (!complete(ops))
        abort();
    store->ops = ops;
    store->open = false;
}

int state_begin(struct state_store *store, struct error *e)
{
    if (store->open)
        return error_set(e, ERROR_INTERNAL, "begin of a state transaction inside another");
    if (store->ops->begin(store, e) != 0)
        return -1;
    store->open = true;
    return 0;
}

int state_commit(struct state_store *store, struct error *e)
{
    if (!store->open)
        return error_set(e, ERROR_INTERNAL, "commit of state without a transaction");
    if (store->ops->commit(store, e) != 0)
        return -1;
    store->open = false;
    return 0;
}

void state_rollback(struct state_store *store)
{
    if (!store->open)
        return;
    store->ops->rollback(store);
    store->open = false;
}

static int check_plugin(const char *plugin, struct error *e)
{
    size_t length = strlen(plugin);

    if (length == 0)
        return error_set(e, ERROR_INVALID, "state: expected a plugin's name, got an empty text");
    if (length > LIMIT_NAME_BYTES)
        return error_set(e, ERROR_LIMIT, "state: a plugin's name of %zu bytes, at most %d", length,
                         LIMIT_NAME_BYTES);
    return 0;
}

static int check_write(const struct state_store *store, const char *plugin, size_t key_len,
                       struct error *e)
{
    if (!store->open)
        return error_set(e, ERROR_INTERNAL, "a write of state outside of a transaction");
    if (check_plugin(plugin, e) != 0)
        return -1;
    if (key_len == 0)
        return error_set(e, ERROR_INVALID, "state of %s: expected a key, got an empty text",
                         plugin);
    if (key_len > LIMIT_KEY_BYTES)
        return error_set(e, ERROR_LIMIT, "state of %s: a key of %zu bytes, at most %d", plugin,
                         key_len, LIMIT_KEY_BYTES);
    return 0;
}

int state_put(struct state_store *store, const char *plugin, const struct state_row *row,
              struct error *e)
{
    if (check_write(store, plugin, row->key_len, e) != 0)
        return -1;
    if (row->expires_ms < 0)
        return error_set(e, ERROR_INVALID, "state of %s: a negative expiry", plugin);
    return store->ops->put(store, plugin, row, e);
}

int state_remove(struct state_store *store, const char *plugin, const char *key, size_t key_len,
                 struct error *e)
{
    if (check_write(store, plugin, key_len, e) != 0)
        return -1;
    return store->ops->remove(store, plugin, key, key_len, e);
}

int state_load(struct state_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
               void *arg, struct error *e)
{
    if (check_plugin(plugin, e) != 0)
        return -1;
    return store->ops->load(store, plugin, now_ms, each, arg, e);
}

int state_list(struct state_store *store, state_name_fn *each, void *arg, struct error *e)
{
    return store->ops->list(store, each, arg, e);
}

int state_sweep(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                struct error *e)
{
    size_t count = 0;

    if (store->open)
        return store->ops->sweep(store, now_ms, limit, removed, e);
    if (state_begin(store, e) != 0)
        return -1;
    if (store->ops->sweep(store, now_ms, limit, &count, e) != 0 || state_commit(store, e) != 0) {
        state_rollback(store);
        return -1;
    }
    *removed = count;
    return 0;
}

void state_close(struct state_store *store)
{
    if (store == NULL)
        return;
    state_rollback(store);
    store->ops->close(store);
}

const char *state_name(const struct state_store *store)
{
    return store->ops->name;
}
