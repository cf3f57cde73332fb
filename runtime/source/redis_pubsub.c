/* Redis Pub/Sub: what is published while we listen. */
#include <string.h>

#include "base/error.h"
#include "source/payload.h"
#include "source/redis_source.h"

#define MS         INT64_C(1000000)
#define SILENCE_MS 15000 /* then the server is asked whether it is still there */

/* Heard only when the server has said so. */
static int subscribe(struct redis_source *s, struct error *e)
{
    const struct redis_reply *reply;

    redis_cmd(&s->link, "SUBSCRIBE");
    redis_text(&s->link, s->config.topic);
    redis_end(&s->link);
    if (redis_send(&s->link, e) != 0 || redis_get(&s->link, &reply, e) != 0)
        return redis_source_failed(s, e);
    if (reply->kind != REPLY_ARRAY) {
        redis_source_refused(reply, "subscribing", e);
        return redis_source_failed(s, e);
    }
    s->heard_ns = source_now_ns();
    s->pinged = false;
    return 0;
}

static bool is_message(const struct redis_reply *r)
{
    return r->kind == REPLY_ARRAY && r->count == 3 && reply_is_text(&r->items[0], "message") &&
           r->items[2].kind == REPLY_TEXT;
}

/* The answers to SUBSCRIBE and PING are arrays, too. */
static int take(struct redis_source *s, const struct redis_reply *reply, source_event_fn *each,
                void *arg, size_t *given, struct error *e)
{
    struct payload payload;
    struct source_event event;

    s->heard_ns = source_now_ns();
    s->pinged = false;
    if (!is_message(reply)) {
        if (reply->kind == REPLY_ARRAY)
            return 0;
        redis_source_refused(reply, "subscribing", e);
        return redis_source_failed(s, e);
    }
    payload_loose(&payload, reply->items[2].text, reply->items[2].count, s->config.id_field);
    event = payload_event(&payload, NULL);
    each(arg, &event);
    payload_release(&payload);
    ++*given;
    return 0;
}

static int look_for_life(struct redis_source *s, struct error *e)
{
    int64_t silent_ms = (source_now_ns() - s->heard_ns) / MS;

    if (silent_ms >= SILENCE_MS + s->address.request_ms) {
        error_set(e, ERROR_STORE_DOWN, "the server has not answered for %lld ms",
                  (long long)(silent_ms - SILENCE_MS));
        return redis_source_failed(s, e);
    }
    if (silent_ms < SILENCE_MS || s->pinged)
        return 0;
    s->pinged = true;
    redis_plain(&s->link, "PING");
    return redis_send(&s->link, e) != 0 ? redis_source_failed(s, e) : 0;
}

int redis_pubsub_poll(struct source *base, const char *cursor, size_t max, int64_t wait_ms,
                      source_event_fn *each, void *arg, struct source_news *news, struct error *e)
{
    struct redis_source *s = (struct redis_source *)base;
    int64_t deadline_ns = source_now_ns() + wait_ms * MS;
    const struct redis_reply *reply;
    size_t given = 0;
    bool is_new;
    int got;

    (void)cursor;
    (void)news;
    if (redis_source_connect(s, &is_new, e) < 0 || (is_new && subscribe(s, e) < 0))
        return -1;
    do {
        int64_t until = given > 0 ? 0 : deadline_ns;
        if (look_for_life(s, e) < 0)
            return -1;
        got = redis_source_await(s, until, &reply, e);
        if (got < 0 || (got > 0 && take(s, reply, each, arg, &given, e) < 0))
            return -1;
    } while (got > 0 && given < max);
    return 0;
}
