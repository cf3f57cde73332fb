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

#define DEFAULT_PORT 6379

/* ---- the URL ---- */

static int read_number(const char *text, const char *what, int64_t *out, struct error *e)
{
    uint64_t value;

    if (text_to_u64(text, &value) != 0 || value > INT32_MAX) {
        error_set(e, ERROR_CONFIG, "the store's URL: %s: expected a database's number, got '%.40s'",
                  what, text);
        error_hint(e, "as in redis://host:6379/2 or ?db=2");
        return -1;
    }
    *out = (int64_t)value;
    return 0;
}

static int read_db(struct redis_store *s, const struct store_url *url, struct error *e)
{
    const char *option = store_url_option(url, "db");
    const char *path = s->socket == NULL ? url->path : NULL;
    int64_t by_path = 0;

    if (path != NULL && read_number(path, "path", &by_path, e) != 0)
        return -1;
    s->db = by_path;
    if (option == NULL)
        return 0;
    if (read_number(option, "db", &s->db, e) != 0)
        return -1;
    if (path != NULL && by_path != s->db)
        return error_set(e, ERROR_CONFIG,
                         "the store's URL: the path says database %lld, db says %lld",
                         (long long)by_path, (long long)s->db);
    return 0;
}

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

static int read_url(struct redis_store *s, const struct store_url *url, const char *secret,
                    struct error *e)
{
    const char *verify = store_url_option(url, "tls_verify");

    s->label = mem_strdup(url->label);
    s->user = mem_strdup(url->user);
    s->secret = mem_strdup(secret != NULL ? secret : url->password);
    s->tls_ca = mem_strdup(store_url_option(url, "tls_ca"));
    if (url->host == NULL)
        s->socket = mem_strdup(url->path);
    else
        s->host = mem_strdup(url->host);
    s->target = (struct stream_target){
        .host = s->host,
        .port = url->port != 0 ? url->port : DEFAULT_PORT,
        .socket_path = s->socket,
        .tls = url->tls,
        .tls_ca = s->tls_ca,
        .tls_unverified = verify != NULL && strcmp(verify, "off") == 0,
    };
    s->connect_ms = url->connect_timeout_ms;
    s->request_ms = url->timeout_ms;
    s->is_local = url->local;
    if (!url->tls && (s->tls_ca != NULL || verify != NULL)) {
        error_set(e, ERROR_CONFIG, "the store's URL: %s:// has no TLS, but the URL has %s",
                  url->scheme, s->tls_ca != NULL ? "tls_ca" : "tls_verify");
        error_hint(e, "rediss:// is Redis over TLS");
        return -1;
    }
    return read_db(s, url, e) != 0 ? -1 : read_prefix(s, url, e);
}

/* ---- the store ---- */

static void redis_free(struct redis_store *s)
{
    remote_release(&s->remote);
    redis_link_release(&s->link);
    redis_known_clear(&s->known);
    if (s->secret != NULL)
        explicit_bzero(s->secret, strlen(s->secret));
    free(s->secret);
    free(s->user);
    free(s->host);
    free(s->socket);
    free(s->tls_ca);
    free(s->label);
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
    if (redis_link_init(&s->link, e) != 0 || read_url(s, url, secret, e) != 0)
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
