/*
 * State in Redis (or Valkey). Where things lie: redis_keys.h. How a transaction stays whole, and
 * happens once: redis_apply.c.
 *
 *   redis_keys     the layout: names of keys
 *   redis_reader   answers within limits       \
 *   redis_link     a connection with deadlines  | the protocol
 *   redis_error    the server's errors         /
 *   redis_login    connecting, and what the operator should know about the server
 *   redis_store    what the operations share: expected answers, WATCH … MULTI … EXEC
 *   redis_known    what a connection need not ask twice
 *   redis_apply, redis_txn, redis_write   a transaction: judging, and writing
 *   redis_read, redis_scan, redis_lease   the other operations
 *
 * A user with few rights needs
 *     ~PREFIX:* +@read +@write +@transaction +select +type +time +info +config|get
 * where the last two only serve the warnings.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "state/redis_store.h"

/* ---- the URL ---- */

static int read_prefix(struct redis_store *s, const struct store_url *url, struct error *e)
{
    const char *prefix = store_url_option(url, "prefix");

    if (prefix == NULL)
        prefix = REDIS_PREFIX_DEFAULT;
    if (redis_prefix_check(prefix, e) != 0)
        return -1;
    memcpy(s->prefix, prefix, strlen(prefix) + 1);
    return 0;
}

/* ---- the store ---- */

static void redis_free(struct redis_store *s)
{
    remote_release(&s->remote);
    redis_link_release(&s->link);
    redis_known_clear(&s->known);
    redis_address_release(&s->address);
    free(s);
}

static void redis_close(struct state_store *store)
{
    redis_free(redis_of(store));
}

static const struct state_ops ops = {
    REMOTE_STATE_OPS,           .name = "redis", .describe = redis_describe, .close = redis_close,
    .leases = &redis_lease_ops,
};

static const struct remote_ops remote_ops = {
    .apply = redis_apply,
    .load = redis_load,
    .list = redis_list,
    .expired = redis_expired,
};

static int open_first(struct redis_store *s, const struct store_url *url, const char *secret,
                      struct error *e)
{
    if (redis_link_init(&s->link, e) != 0 || redis_address_init(&s->address, url, secret, e) != 0 ||
        read_prefix(s, url, e) != 0)
        return -1;
    return redis_finish(s, redis_ready(s, e), e);
}

int state_redis_open(struct state_store **out, const struct store_url *url, const char *secret,
                     enum store_mode mode, int64_t now_ms, struct error *e)
{
    struct redis_store *s = mem_zero(1, sizeof *s);

    (void)now_ms;
    remote_init(&s->remote, &ops, &remote_ops);
    s->mode = mode;
    if (open_first(s, url, secret, e) != 0) {
        redis_free(s);
        return -1;
    }
    *out = &s->remote.base;
    return 0;
}
