/* The wrappers: what is the same for every backend is checked here, once. */
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/limits.h"

static bool complete_leases(const struct state_lease_ops *ops)
{
    return ops->take && ops->renew && ops->release && ops->list && ops->fence && ops->stamp;
}

static bool complete(const struct state_ops *ops)
{
    return ops != NULL && ops->name && ops->begin && ops->commit && ops->rollback && ops->put &&
           ops->remove && ops->load && ops->list && ops->sweep && ops->describe && ops->close &&
           (ops->leases == NULL || complete_leases(ops->leases));
}

void state_store_init(struct state_store *store, const struct state_ops *ops)
{
    if (!complete(ops))
        abort();
    store->ops = ops;
    store->open = false;
    store->warnings[0] = '\0';
}

int state_begin(struct state_store *store, int64_t now_ms, struct error *e)
{
    if (store->open)
        return error_set(e, ERROR_INTERNAL, "begin of a state transaction inside another");
    if (store->ops->begin(store, now_ms, e) != 0)
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

static int check_write(const struct state_store *store, const char *plugin, const char *key,
                       size_t key_len, struct error *e)
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
    if (memchr(key, '\0', key_len) != NULL || !text_is_utf8(key, key_len))
        return error_set(e, ERROR_INVALID,
                         "state of %s: expected a key in UTF-8 without NUL, got other bytes",
                         plugin);
    return 0;
}

int state_put(struct state_store *store, const char *plugin, const struct state_row *row,
              struct error *e)
{
    if (check_write(store, plugin, row->key, row->key_len, e) != 0)
        return -1;
    if (row->expires_ms < 0)
        return error_set(e, ERROR_INVALID, "state of %s: a negative expiry", plugin);
    return store->ops->put(store, plugin, row, e);
}

int state_remove(struct state_store *store, const char *plugin, const char *key, size_t key_len,
                 struct error *e)
{
    if (check_write(store, plugin, key, key_len, e) != 0)
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
    if (state_begin(store, now_ms, e) != 0)
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

int state_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                   struct error *e)
{
    return store->ops->describe(store, now_ms, facts, e);
}

/* ---- stores that others share ---- */

bool state_is_shared(const struct state_store *store)
{
    return store->ops->leases != NULL;
}

static int check_shared(const struct state_store *store, bool inside, struct error *e)
{
    if (!state_is_shared(store))
        return error_set(e, ERROR_INTERNAL, "a %s store has no leases", store->ops->name);
    if (store->open != inside)
        return error_set(e, ERROR_INTERNAL, "a lease of state %s a transaction",
                         inside ? "outside of" : "inside");
    return 0;
}

int state_stamp(struct state_store *store, const char *writer, uint64_t number, struct error *e)
{
    if (check_shared(store, true, e) != 0)
        return -1;
    return store->ops->leases->stamp(store, writer, number, e);
}

int state_fence(struct state_store *store, const char *plugin, uint64_t token, struct error *e)
{
    if (check_shared(store, true, e) != 0 || check_plugin(plugin, e) != 0)
        return -1;
    return store->ops->leases->fence(store, plugin, token, e);
}

int state_lease_take(struct state_store *store, const char *plugin, const struct state_claim *claim,
                     bool *granted, struct state_lease *lease, struct error *e)
{
    if (check_shared(store, false, e) != 0 || check_plugin(plugin, e) != 0)
        return -1;
    return store->ops->leases->take(store, plugin, claim, granted, lease, e);
}

int state_lease_renew(struct state_store *store, struct state_hold *holds, size_t count,
                      int64_t ttl_ms, struct error *e)
{
    if (check_shared(store, false, e) != 0)
        return -1;
    return count == 0 ? 0 : store->ops->leases->renew(store, holds, count, ttl_ms, e);
}

int state_lease_release(struct state_store *store, const struct state_hold *holds, size_t count,
                        struct error *e)
{
    if (check_shared(store, false, e) != 0)
        return -1;
    return count == 0 ? 0 : store->ops->leases->release(store, holds, count, e);
}

int state_lease_list(struct state_store *store, state_lease_fn *each, void *arg, struct error *e)
{
    if (check_shared(store, false, e) != 0)
        return -1;
    return store->ops->leases->list(store, each, arg, e);
}
