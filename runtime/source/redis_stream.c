/*
 * Entries of a Redis stream, read behind a cursor.
 *
 * A cursor is "ID N": the entry's id, and how many entries the stream had been given up to it (its
 * `entries-added`, Redis 7). Entries that are gone before they could be read (MAXLEN, XTRIM, XDEL)
 * show in that number: when all that is left is behind the cursor, or nothing is, what was added
 * since and is not there is lost. "ID -" with an older server, which does not count.
 *
 * One look is a transaction (MULTI … EXEC) of XINFO and XREAD, so that both say the same; between
 * two looks an XREAD that blocks is the wake-up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "source/payload.h"
#include "source/redis_source.h"

#define MS       INT64_C(1000000)
#define BLOCK_MS 5000
#define ID_SIZE  44 /* two numbers of 64 bits and a dash */

struct id {
    uint64_t ms, seq;
};

struct place {
    char text[ID_SIZE];
    bool is_counted;
    uint64_t count;
};

struct info {
    bool exists, is_counted;
    uint64_t length, added;
    char first[ID_SIZE], last[ID_SIZE]; /* "" : none */
};

/* ---- ids ---- */

static int read_id(const char *text, struct id *out)
{
    char ms[24];
    const char *dash = strchr(text, '-');

    if (dash == NULL || (size_t)(dash - text) >= sizeof ms)
        return -1;
    snprintf(ms, sizeof ms, "%.*s", (int)(dash - text), text);
    return text_to_u64(ms, &out->ms) == 0 && text_to_u64(dash + 1, &out->seq) == 0 ? 0 : -1;
}

/* -1, 0 or 1; ids are checked before. */
static int compare(const char *a, const char *b)
{
    struct id x = {0, 0}, y = {0, 0};

    read_id(a, &x);
    read_id(b, &y);
    if (x.ms != y.ms)
        return x.ms < y.ms ? -1 : 1;
    return x.seq == y.seq ? 0 : x.seq < y.seq ? -1 : 1;
}

static int copy_id(const struct redis_reply *reply, char out[ID_SIZE])
{
    struct id id;

    if (reply->kind != REPLY_TEXT || reply->count >= ID_SIZE || read_id(reply->text, &id) != 0)
        return -1;
    memcpy(out, reply->text, reply->count + 1);
    return 0;
}

/* ---- cursors ---- */

static int read_cursor(const char *cursor, struct place *out, struct error *e)
{
    const char *space = strchr(cursor, ' ');
    struct id id;

    if (space == NULL || (size_t)(space - cursor) >= sizeof out->text)
        return error_set(e, ERROR_STORE_CORRUPT, "'%.60s' is no cursor of a stream", cursor);
    snprintf(out->text, sizeof out->text, "%.*s", (int)(space - cursor), cursor);
    out->is_counted = strcmp(space + 1, "-") != 0;
    out->count = 0;
    if (read_id(out->text, &id) != 0 ||
        (out->is_counted && text_to_u64(space + 1, &out->count) != 0))
        return error_set(e, ERROR_STORE_CORRUPT, "'%.60s' is no cursor of a stream", cursor);
    return 0;
}

static void write_cursor(const struct place *p, char *out, size_t size)
{
    if (p->is_counted)
        snprintf(out, size, "%s %" PRIu64, p->text, p->count);
    else
        snprintf(out, size, "%s -", p->text);
}

static void give_position(const struct place *p, source_event_fn *each, void *arg)
{
    char cursor[SOURCE_CURSOR_BYTES];
    struct source_event event = {.is_position = true, .cursor = cursor};

    write_cursor(p, cursor, sizeof cursor);
    each(arg, &event);
}

/* ---- XINFO ---- */

static void take_count(const struct redis_reply *value, uint64_t *out)
{
    if (value->kind == REPLY_INTEGER && value->number >= 0)
        *out = (uint64_t)value->number;
}

static int take_info(const struct redis_reply *reply, struct info *info, struct error *e)
{
    *info = (struct info){0};
    if (reply->kind == REPLY_ERROR && strstr(reply->text, "no such key") != NULL)
        return 0;
    if (reply->kind != REPLY_ARRAY)
        return redis_source_refused(reply, "looking at the stream", e);
    info->exists = true;
    for (size_t i = 0; i + 1 < reply->count; i += 2) {
        const struct redis_reply *name = &reply->items[i], *value = &reply->items[i + 1];
        if (reply_is_text(name, "length"))
            take_count(value, &info->length);
        else if (reply_is_text(name, "entries-added")) {
            take_count(value, &info->added);
            info->is_counted = true;
        } else if (reply_is_text(name, "last-generated-id"))
            copy_id(value, info->last);
        else if (reply_is_text(name, "first-entry") && value->kind == REPLY_ARRAY &&
                 value->count > 0)
            copy_id(&value->items[0], info->first);
    }
    return 0;
}

/* Entries that were added behind the place, and are not there any more; moves its count past them.
 */
static uint64_t find_lost(struct place *p, const struct info *info)
{
    bool none_left = !info->exists || info->last[0] == '\0' || compare(info->last, p->text) <= 0;
    bool all_behind = info->first[0] == '\0' || compare(info->first, p->text) > 0;
    uint64_t there = none_left ? 0 : info->length, lost = 0;

    if (!info->is_counted || !p->is_counted || (!none_left && !all_behind))
        return 0;
    if (info->added >= there + p->count)
        lost = info->added - there - p->count;
    p->count = info->added - there; /* also down: a server that lost its newest entries */
    return lost;
}

static void note_odd(const struct place *p, const struct info *info, struct source_news *news)
{
    if (!info->exists && strcmp(p->text, "0-0") != 0)
        snprintf(news->note, sizeof news->note,
                 "the stream is gone; new entries will be read from %s on", p->text);
    else if (info->exists && info->last[0] != '\0' && compare(info->last, p->text) < 0)
        snprintf(
            news->note, sizeof news->note,
            "the stream's newest id, %s, is before the cursor, %s: entries up to there will be "
            "passed over; if it was made anew, give the source another `cursor` name",
            info->last, p->text);
}

/* ---- entries ---- */

static bool is_field(const struct redis_reply *name, const char *field)
{
    return field != NULL && name->count == strlen(field) &&
           memcmp(name->text, field, name->count) == 0;
}

static void object_payload(const struct redis_reply *fields, const char *id_field,
                           struct payload *out)
{
    json_t *object = json_object();
    size_t bytes = 0;

    for (size_t i = 0; i + 1 < fields->count; i += 2) {
        const struct redis_reply *name = &fields->items[i], *value = &fields->items[i + 1];
        bytes += name->count + value->count;
        if (bytes > SOURCE_PAYLOAD_BYTES) {
            json_decref(object);
            payload_too_large(out, bytes);
            return;
        }
        if (strlen(name->text) != name->count ||
            json_object_set_new(object, name->text, json_stringn(value->text, value->count)) != 0) {
            json_decref(object);
            *out = (struct payload){0};
            payload_refuse(out, "PAYLOAD_JSON", "expected fields of UTF-8, the %zu. is not",
                           i / 2 + 1);
            return;
        }
    }
    payload_value(out, object, id_field);
}

static void read_fields(const struct redis_reply *fields, const char *id_field, struct payload *out)
{
    const struct redis_reply *payload = NULL, *id = NULL;

    for (size_t i = 0; i + 1 < fields->count; i += 2) {
        if (is_field(&fields->items[i], "payload"))
            payload = &fields->items[i + 1];
        if (is_field(&fields->items[i], id_field))
            id = &fields->items[i + 1];
    }
    if (payload != NULL)
        payload_json(out, payload->text, payload->count, id_field);
    else
        object_payload(fields, id_field, out);
    if (id != NULL)
        payload_set_id(out, id->text, id->count);
}

static bool are_texts(const struct redis_reply *fields)
{
    if (fields->kind != REPLY_ARRAY || fields->count % 2 != 0)
        return false;
    for (size_t i = 0; i < fields->count; i++)
        if (fields->items[i].kind != REPLY_TEXT)
            return false;
    return true;
}

static int give_entry(struct redis_source *s, const struct redis_reply *entry, struct place *p,
                      source_event_fn *each, void *arg, struct error *e)
{
    char cursor[SOURCE_CURSOR_BYTES];
    struct payload payload;
    struct source_event event;

    if (entry->kind != REPLY_ARRAY || entry->count != 2 ||
        copy_id(&entry->items[0], p->text) != 0 || !are_texts(&entry->items[1]))
        return redis_source_refused(entry, "reading the stream", e);
    p->count++;
    write_cursor(p, cursor, sizeof cursor);
    read_fields(&entry->items[1], s->config.id_field, &payload);
    event = payload_event(&payload, cursor);
    each(arg, &event);
    payload_release(&payload);
    return 0;
}

/* XREAD's answer: nil, or [[key, [entry, …]]]. */
static int give_entries(struct redis_source *s, const struct redis_reply *reply, struct place *p,
                        size_t *given, source_event_fn *each, void *arg, struct error *e)
{
    const struct redis_reply *entries;

    if (reply->kind == REPLY_NIL)
        return 0;
    if (reply->kind != REPLY_ARRAY || reply->count != 1 || reply->items[0].kind != REPLY_ARRAY ||
        reply->items[0].count != 2 || reply->items[0].items[1].kind != REPLY_ARRAY)
        return redis_source_refused(reply, "reading the stream", e);
    entries = &reply->items[0].items[1];
    for (; *given < entries->count; ++*given)
        if (give_entry(s, &entries->items[*given], p, each, arg, e) < 0)
            return -1;
    return 0;
}

/* ---- one look ---- */

static void ask(struct redis_source *s, const char *from, size_t max)
{
    redis_plain(&s->link, "MULTI");
    redis_cmd(&s->link, "XINFO");
    redis_text(&s->link, "STREAM");
    redis_text(&s->link, s->config.topic);
    redis_end(&s->link);
    if (from != NULL) {
        redis_cmd(&s->link, "XREAD");
        redis_text(&s->link, "COUNT");
        redis_number(&s->link, (int64_t)max);
        redis_text(&s->link, "STREAMS");
        redis_text(&s->link, s->config.topic);
        redis_text(&s->link, from);
        redis_end(&s->link);
    }
    redis_plain(&s->link, "EXEC");
}

/* The answer to EXEC; that of a command that was refused before goes first. */
static int hear(struct redis_source *s, size_t commands, const struct redis_reply **reply,
                struct error *e)
{
    struct error first = ERROR_INIT;

    for (size_t i = 0; i < commands + 1; i++) {
        if (redis_get(&s->link, reply, e) != 0)
            return -1;
        if ((*reply)->kind == REPLY_ERROR)
            redis_source_refused(*reply, "reading the stream", &first);
    }
    if ((s->one_by_one > 0 ? redis_get_large : redis_get)(&s->link, reply, e) != 0)
        return -1;
    if (first.code != ERROR_NONE) {
        *e = first;
        return -1;
    }
    if ((*reply)->kind != REPLY_ARRAY || (*reply)->count != commands)
        return redis_source_refused(*reply, "reading the stream", e);
    return 0;
}

static int begin(struct redis_source *s, source_event_fn *each, void *arg, struct error *e)
{
    const struct redis_reply *reply;
    struct info info;
    struct place p = {.text = "0-0"};

    ask(s, NULL, 0);
    if (redis_send(&s->link, e) != 0 || hear(s, 1, &reply, e) < 0 ||
        take_info(&reply->items[0], &info, e) < 0)
        return redis_source_failed(s, e);
    p.is_counted = info.is_counted || !info.exists;
    p.count = s->config.from_start ? info.added - info.length : info.added;
    if (!s->config.from_start && info.last[0] != '\0')
        memcpy(p.text, info.last, sizeof p.text);
    give_position(&p, each, arg);
    return 0;
}

/* 1: something was given. */
static int look(struct redis_source *s, struct place *p, size_t max, source_event_fn *each,
                void *arg, struct source_news *news, struct error *e)
{
    const struct redis_reply *reply;
    struct info info;
    size_t given = 0;
    uint64_t lost;

    ask(s, p->text, s->one_by_one > 0 ? 1 : max);
    if (redis_send(&s->link, e) != 0 || hear(s, 2, &reply, e) < 0 ||
        take_info(&reply->items[0], &info, e) < 0)
        return redis_source_failed(s, e);
    lost = find_lost(p, &info);
    news->lost += lost;
    note_odd(p, &info, news);
    if (give_entries(s, &reply->items[1], p, &given, each, arg, e) < 0)
        return redis_source_failed(s, e);
    if (given > 0 && s->one_by_one > 0)
        s->one_by_one--;
    if (p->is_counted && info.is_counted && info.added >= p->count)
        news->lag = (int64_t)(info.added - p->count);
    if (given == 0 && lost > 0)
        give_position(p, each, arg);
    return given > 0 || lost > 0;
}

/* Several entries that are too large for one answer: they are fetched one by one. */
static bool was_too_large(struct redis_source *s, size_t max, const struct error *e)
{
    if (e->code != ERROR_STORE || s->one_by_one > 0 || s->link.stream != NULL)
        return false;
    s->one_by_one = max;
    return true;
}

/* Until there is something behind the place (1), or the deadline or an interruption (0). */
static int await_entry(struct redis_source *s, const struct place *p, int64_t deadline_ns,
                       struct error *e)
{
    int64_t left_ms = (deadline_ns - source_now_ns()) / MS;
    const struct redis_reply *reply;
    int got;

    if (left_ms <= 0 || source_is_interrupted(&s->base))
        return 0;
    left_ms = left_ms < BLOCK_MS ? left_ms : BLOCK_MS;
    redis_cmd(&s->link, "XREAD");
    redis_text(&s->link, "COUNT");
    redis_number(&s->link, 1);
    redis_text(&s->link, "BLOCK");
    redis_number(&s->link, left_ms);
    redis_text(&s->link, "STREAMS");
    redis_text(&s->link, s->config.topic);
    redis_text(&s->link, p->text);
    redis_end(&s->link);
    if (redis_send(&s->link, e) != 0)
        return redis_source_failed(s, e);
    got =
        redis_source_await(s, source_now_ns() + (left_ms + s->address.request_ms) * MS, &reply, e);
    if (got > 0)
        return 1;
    redis_link_close(&s->link); /* its answer would come later */
    if (got < 0)
        return -1;
    if (source_is_interrupted(&s->base))
        return 0;
    error_set(e, ERROR_STORE_DOWN, "no answer within %lld ms", (long long)s->address.request_ms);
    return redis_source_failed(s, e);
}

int redis_stream_poll(struct source *base, const char *cursor, size_t max, int64_t wait_ms,
                      source_event_fn *each, void *arg, struct source_news *news, struct error *e)
{
    struct redis_source *s = (struct redis_source *)base;
    int64_t deadline_ns = source_now_ns() + wait_ms * MS;
    struct place p;
    bool is_new;

    if (cursor[0] != '\0' && read_cursor(cursor, &p, e) < 0)
        return -1;
    for (;;) {
        struct error why = ERROR_INIT;
        int got = -1;
        if (redis_source_connect(s, &is_new, &why) == 0)
            got = cursor[0] == '\0' ? begin(s, each, arg, &why)
                                    : look(s, &p, max, each, arg, news, &why);
        if (got < 0 && was_too_large(s, max, &why))
            continue;
        if (got < 0)
            *e = why;
        if (got != 0 || cursor[0] == '\0')
            return got < 0 ? -1 : 0;
        got = await_entry(s, &p, deadline_ns, e);
        if (got <= 0)
            return got;
    }
}
