/* The connection of a Redis source. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/redis_error.h"
#include "model/store_url.h"
#include "source/redis_source.h"

int redis_source_failed(const struct redis_source *s, struct error *e)
{
    error_prefix(e, "%.200s: ", s->address.label);
    return -1;
}

int redis_source_refused(const struct redis_reply *reply, const char *doing, struct error *e)
{
    redis_fail(reply, doing, e);
    if (reply->kind == REPLY_ERROR && strncmp(reply->text, "NOPERM", 6) == 0) {
        e->hint[0] = '\0'; /* that is about state */
        error_hint(e, "a stream needs +xread +xinfo +multi +exec on its key, a channel &CHANNEL "
                      "+subscribe +ping");
    }
    return -1;
}

int redis_source_connect(struct redis_source *s, bool *is_new, struct error *e)
{
    *is_new = s->link.stream == NULL;
    if (*is_new) {
        if (redis_link_open(&s->link, &s->address.target, s->address.connect_ms, e) != 0)
            return redis_source_failed(s, e);
        redis_ask_login(&s->link, &s->address);
        if (redis_send(&s->link, e) != 0 || redis_hear_login(&s->link, &s->address, e) != 0) {
            redis_link_close(&s->link);
            return redis_source_failed(s, e);
        }
    }
    redis_link_limit(&s->link, s->address.request_ms);
    return 0;
}

int redis_source_await(struct redis_source *s, int64_t deadline_ns,
                       const struct redis_reply **reply, struct error *e)
{
    for (;;) {
        int got = redis_take(&s->link, reply, e);
        if (got != 0)
            return got < 0 ? redis_source_failed(s, e) : 1;
        if (source_wait(&s->base, stream_descriptor(s->link.stream), deadline_ns) == 0)
            return 0;
    }
}

static void close_source(struct source *base)
{
    struct redis_source *s = (struct redis_source *)base;

    redis_link_release(&s->link);
    redis_address_release(&s->address);
    event_source_release(&s->config);
    source_release(base);
    free(s);
}

static const struct source_ops stream_ops = {
    .name = "redis stream", .poll = redis_stream_poll, .close = close_source};
static const struct source_ops pubsub_ops = {
    .name = "redis pubsub", .poll = redis_pubsub_poll, .close = close_source};

int source_redis_open(struct source **out, const struct event_source *config,
                      const struct store_url *url, const char *secret, struct error *e)
{
    struct redis_source *s = mem_zero(1, sizeof *s);
    bool is_stream = config->kind == EVENT_SOURCE_REDIS_STREAM;

    event_source_copy(config, &s->config);
    if (source_init(&s->base, is_stream ? &stream_ops : &pubsub_ops, e) < 0 ||
        redis_link_init(&s->link, e) != 0 || redis_address_init(&s->address, url, secret, e) != 0) {
        close_source(&s->base);
        return -1;
    }
    *out = &s->base;
    return 0;
}
