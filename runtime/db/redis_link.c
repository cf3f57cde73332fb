#include "db/redis_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/stream.h"

#define MIB           ((size_t)1024 * 1024)
#define OUT_BYTES     (960 * MIB) /* Redis cuts a client off that sends 1 GiB */
#define IN_BYTES      (64 * MIB)
#define REPLY_BYTES   (64 * MIB)
#define LARGE_BYTES   (512 * MIB)
#define KEPT_BYTES    MIB /* of a buffer, between uses */
#define RECEIVE_BYTES (64 * 1024)
#define FEED_BYTES    (16 * 1024) /* the parser moves what is left of it after each reply */
#define NS_PER_MS     1000000
#define NOT_OURS_HINT "is it a Redis server, and is its port the one for TLS (rediss://) or not?"

/* ---- life ---- */

int redis_link_init(struct redis_link *l, struct error *e)
{
    *l = (struct redis_link){0};
    if (hiredis_api_open(&l->api, e) != 0)
        return -1;
    redis_reader_init(&l->reader, &l->api);
    buf_init(&l->out, OUT_BYTES);
    buf_init(&l->in, IN_BYTES);
    buf_init(&l->args, OUT_BYTES);
    return 0;
}

void redis_link_release(struct redis_link *l)
{
    redis_link_close(l);
    redis_reader_release(&l->reader);
    buf_release(&l->out);
    buf_release(&l->in);
    buf_release(&l->args);
    free(l->lengths);
    free(l->places);
}

void redis_link_limit(struct redis_link *l, int64_t timeout_ms)
{
    l->deadline_ns = stream_now_ns() + timeout_ms * NS_PER_MS;
}

/* The network's errors as a store's. */
static int lost(struct redis_link *l, const struct error *why, struct error *e)
{
    enum error_code code = why->code;

    if (code == ERROR_NETWORK || code == ERROR_TIMEOUT)
        code = ERROR_STORE_DOWN;
    else if (code == ERROR_CONFIG) /* certificates */
        code = ERROR_STORE_DENIED;
    redis_link_close(l);
    error_set(e, code, "%s", why->message);
    if (why->hint[0] != '\0')
        error_hint(e, "%s", why->hint);
    return -1;
}

int redis_link_open(struct redis_link *l, const struct stream_target *target, int64_t timeout_ms,
                    struct error *e)
{
    struct error why = ERROR_INIT;

    redis_link_close(l);
    redis_link_limit(l, timeout_ms);
    if (stream_open(&l->stream, target, timeout_ms, &why) != 0)
        return lost(l, &why, e);
    return 0;
}

void redis_link_close(struct redis_link *l)
{
    stream_close(l->stream);
    l->stream = NULL;
    if (l->reader.parser != NULL)
        redis_reader_reset(&l->reader);
    buf_clear(&l->out);
    buf_clear(&l->in);
    l->sent = l->pending = 0;
}

/* ---- commands ---- */

void redis_cmd(struct redis_link *l, const char *name)
{
    buf_clear(&l->args);
    l->count = 0;
    redis_text(l, name);
}

void redis_arg(struct redis_link *l, const void *data, size_t len)
{
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 64;
        l->lengths = mem_resize(l->lengths, l->room * sizeof *l->lengths);
        l->places = mem_resize(l->places, l->room * sizeof *l->places);
    }
    buf_add(&l->args, data, len);
    l->lengths[l->count++] = len;
}

void redis_text(struct redis_link *l, const char *text)
{
    redis_arg(l, text, strlen(text));
}

void redis_number(struct redis_link *l, int64_t number)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", (long long)number);

    redis_arg(l, text, (size_t)len);
}

void redis_end(struct redis_link *l)
{
    const char *at = buf_text(&l->args);
    char *command = NULL;
    int len;

    l->out.overflow |= l->args.overflow;
    if (l->out.overflow)
        return;
    for (size_t i = 0; i < l->count; i++) {
        l->places[i] = at;
        at += l->lengths[i];
    }
    len = l->api.redisFormatCommandArgv(&command, (int)l->count, l->places, l->lengths);
    if (len < 0)
        abort(); /* no memory */
    buf_add(&l->out, command, (size_t)len);
    l->api.redisFreeCommand(command);
    l->pending++;
}

void redis_plain(struct redis_link *l, const char *name)
{
    redis_cmd(l, name);
    redis_end(l);
}

/* ---- sending ---- */

static void shrink(struct buf *b)
{
    if (b->cap > KEPT_BYTES && b->len == 0)
        buf_release(b);
}

static int receive(struct redis_link *l, size_t *got, struct error *e)
{
    size_t room = l->in.max - l->in.len;
    char *place = buf_reserve(&l->in, room < RECEIVE_BYTES ? room : RECEIVE_BYTES);

    if (stream_receive(l->stream, place, room < RECEIVE_BYTES ? room : RECEIVE_BYTES, got, e) != 0)
        return -1;
    l->in.len += *got;
    return 0;
}

/* Waits until more can be sent; takes in what comes meanwhile. */
static int make_way(struct redis_link *l, struct error *e)
{
    bool can_read = l->in.len < l->in.max;
    size_t got = 0;

    if (can_read && receive(l, &got, e) != 0)
        return -1;
    if (got > 0)
        return 0;
    return stream_wait(l->stream, STREAM_WRITE | (can_read ? STREAM_READ : 0), l->deadline_ns, e);
}

static int send_all(struct redis_link *l, struct error *e)
{
    while (l->sent < l->out.len) {
        size_t sent;
        if (stream_send(l->stream, l->out.data + l->sent, l->out.len - l->sent, &sent, e) != 0)
            return -1;
        l->sent += sent;
        if (sent == 0 && make_way(l, e) != 0)
            return -1;
    }
    return 0;
}

int redis_send(struct redis_link *l, struct error *e)
{
    struct error why = ERROR_INIT;

    if (l->stream == NULL)
        return error_set(e, ERROR_STORE_DOWN, "there is no connection");
    if (l->out.overflow) {
        redis_link_close(l);
        return error_set(e, ERROR_LIMIT, "a transaction of more than %zu MiB", OUT_BYTES / MIB);
    }
    if (send_all(l, &why) != 0)
        return lost(l, &why, e);
    buf_clear(&l->out);
    buf_clear(&l->args);
    shrink(&l->out);
    shrink(&l->args);
    l->sent = 0;
    return 0;
}

/* ---- answers ---- */

/* More bytes for the parser: from what has come, or from the server. */
static int feed(struct redis_link *l, struct error *e)
{
    size_t got = 0, part;

    while (l->in.len == 0) {
        if (stream_now_ns() >= l->deadline_ns) /* also when there is always something to read */
            return error_set(e, ERROR_TIMEOUT, "no whole answer in the time allowed");
        if (receive(l, &got, e) != 0)
            return -1;
        if (got == 0 && stream_wait(l->stream, STREAM_READ, l->deadline_ns, e) != 0)
            return -1;
    }
    part = l->in.len < FEED_BYTES ? l->in.len : FEED_BYTES;
    redis_reader_feed(&l->reader, l->in.data, part);
    buf_drop(&l->in, part);
    shrink(&l->in);
    return 0;
}

static int get(struct redis_link *l, size_t max_bytes, const struct redis_reply **reply,
               struct error *e)
{
    struct error why = ERROR_INIT;
    int got;

    if (l->stream == NULL || l->pending == 0)
        return error_set(e, ERROR_INTERNAL, "an answer of Redis that was not asked for");
    while ((got = redis_reader_next(&l->reader, max_bytes, reply, &why)) == 0)
        if (feed(l, &why) != 0)
            return lost(l, &why, e);
    if (got < 0) {
        if (why.code == ERROR_STORE_CORRUPT)
            error_hint(&why, NOT_OURS_HINT);
        return lost(l, &why, e);
    }
    l->pending--;
    return 0;
}

int redis_get(struct redis_link *l, const struct redis_reply **reply, struct error *e)
{
    return get(l, REPLY_BYTES, reply, e);
}

int redis_get_large(struct redis_link *l, const struct redis_reply **reply, struct error *e)
{
    return get(l, LARGE_BYTES, reply, e);
}

int redis_take(struct redis_link *l, const struct redis_reply **reply, struct error *e)
{
    struct error why = ERROR_INIT;
    size_t came = 0;
    int got;

    if (l->stream == NULL)
        return error_set(e, ERROR_STORE_DOWN, "there is no connection");
    while ((got = redis_reader_next(&l->reader, REPLY_BYTES, reply, &why)) == 0) {
        if (l->in.len == 0 && receive(l, &came, &why) != 0)
            return lost(l, &why, e);
        if (l->in.len == 0)
            return 0;
        if (feed(l, &why) != 0)
            return lost(l, &why, e);
    }
    if (got < 0)
        return lost(l, &why, e);
    l->pending -= l->pending > 0;
    return 1;
}

int redis_drain(struct redis_link *l, struct error *e)
{
    const struct redis_reply *reply;

    while (l->pending > 0)
        if (redis_get_large(l, &reply, e) != 0)
            return -1;
    return 0;
}
