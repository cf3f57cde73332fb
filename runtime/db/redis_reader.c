#include "db/redis_reader.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

#define CHUNK_BYTES (64 * 1024)
#define DEPTH       8             /* of arrays in arrays; we ask for 6 at most */
#define LINE_BYTES  (64 * 1024)   /* of a status, an error, or a length */
#define OVERHEAD    (1024 * 1024) /* small answers may announce a little more than they hold */

/* ---- counted memory ---- */

struct reply_chunk {
    struct reply_chunk *next;
    size_t used, size;
    max_align_t data[];
};

static void drop_chunks(struct redis_reader *r, struct reply_chunk *keep)
{
    while (r->chunks != keep) {
        struct reply_chunk *c = r->chunks;
        r->chunks = c->next;
        free(c);
    }
}

/* All but the first chunk, which answers of the usual size fit into. */
static void empty_chunks(struct redis_reader *r)
{
    struct reply_chunk *first = r->chunks;

    while (first != NULL && first->next != NULL)
        first = first->next;
    if (first != NULL && first->size > CHUNK_BYTES)
        first = NULL;
    drop_chunks(r, first);
    if (first != NULL)
        first->used = 0;
    r->taken = 0;
}

static struct reply_chunk *add_chunk(struct redis_reader *r, size_t size)
{
    struct reply_chunk *c;

    if (size < CHUNK_BYTES)
        size = CHUNK_BYTES;
    c = mem_alloc(sizeof *c + size);
    *c = (struct reply_chunk){.next = r->chunks, .size = size};
    r->chunks = c;
    return c;
}

/* NULL when the reply has had its share. */
static void *take(struct redis_reader *r, size_t size)
{
    struct reply_chunk *c = r->chunks;
    size_t rounded = (size + 7) / 8 * 8;
    void *place;

    if (size > SIZE_MAX / 4 || rounded > 2 * r->max_bytes + OVERHEAD - r->taken) {
        r->over = true;
        return NULL;
    }
    if (c == NULL || rounded > c->size - c->used)
        c = add_chunk(r, rounded);
    place = (char *)c->data + c->used;
    c->used += rounded;
    r->taken += rounded;
    return place;
}

/* ---- what the parser calls ---- */

/* The place of an element is in its array, which was made before it. */
static struct redis_reply *place_of(const redisReadTask *task)
{
    struct redis_reader *r = task->privdata;

    if (task->parent == NULL)
        return &r->root;
    return &((struct redis_reply *)task->parent->obj)->items[task->idx];
}

static void *make_text(const redisReadTask *task, char *data, size_t len)
{
    struct redis_reply *reply = place_of(task);
    char *text = take(task->privdata, len + 1);

    if (text == NULL)
        return NULL;
    memcpy(text, data, len);
    text[len] = '\0';
    reply->kind = task->type == REDIS_REPLY_ERROR    ? REPLY_ERROR
                  : task->type == REDIS_REPLY_STATUS ? REPLY_STATUS
                                                     : REPLY_TEXT;
    reply->count = len;
    reply->text = text;
    return reply;
}

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

static void *refuse(const redisReadTask *task)
{
    ((struct redis_reader *)task->privdata)->odd = true;
    return NULL;
}

static void *make_array(const redisReadTask *task, element_count count)
{
    struct redis_reply *reply = place_of(task), *items;
    size_t n = (size_t)count;
    int depth = 1;

    for (const redisReadTask *outer = task->parent; outer != NULL; outer = outer->parent)
        depth++;
    if (depth > DEPTH)
        return refuse(task);
    if (n > INT_MAX || (items = take(task->privdata, n * sizeof *items)) == NULL)
        return NULL;
    memset(items, 0, n * sizeof *items);
    *reply = (struct redis_reply){.kind = REPLY_ARRAY, .count = n, .items = items};
    return reply;
}

static void *make_integer(const redisReadTask *task, long long number)
{
    struct redis_reply *reply = place_of(task);

    *reply = (struct redis_reply){.kind = REPLY_INTEGER, .number = number};
    return reply;
}

static void *make_nil(const redisReadTask *task)
{
    struct redis_reply *reply = place_of(task);

    *reply = (struct redis_reply){.kind = REPLY_NIL};
    return reply;
}

static void keep_chunks(void *reply)
{
    (void)reply; /* they go with the next reply */
}

#if HIREDIS_MAJOR >= 1
/* Kinds of the protocol's third version, which we do not ask for. */
static void *refuse_double(const redisReadTask *task, double number, char *text, size_t len)
{
    (void)number, (void)text, (void)len;
    return refuse(task);
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)value;
    return refuse(task);
}
#endif

static redisReplyObjectFunctions makers = {
    .createString = make_text,
    .createArray = make_array,
    .createInteger = make_integer,
    .createNil = make_nil,
    .freeObject = keep_chunks,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
};

/* ---- the reader ---- */

void redis_reader_init(struct redis_reader *r, const struct hiredis_api *api)
{
    *r = (struct redis_reader){.api = api};
    r->parser = api->redisReaderCreateWithFunctions(&makers);
    if (r->parser == NULL)
        abort(); /* no memory */
    r->parser->privdata = r;
}

void redis_reader_release(struct redis_reader *r)
{
    if (r->parser != NULL)
        r->api->redisReaderFree(r->parser);
    drop_chunks(r, NULL);
    *r = (struct redis_reader){0};
}

void redis_reader_reset(struct redis_reader *r)
{
    const struct hiredis_api *api = r->api;

    redis_reader_release(r);
    redis_reader_init(r, api);
}

void redis_reader_feed(struct redis_reader *r, const char *data, size_t len)
{
    if (r->api->redisReaderFeed(r->parser, data, len) != REDIS_OK && r->parser->err == 0)
        abort(); /* no memory */
    r->fed += len;
}

static int too_large(const struct redis_reader *r, struct error *e)
{
    return error_set(e, ERROR_STORE, "the server's answer is larger than %zu MiB",
                     r->max_bytes / (1024 * 1024));
}

/* The parser looks through all of what came for the end of a line, again and again. */
static bool endless_line(const struct redis_reader *r)
{
    size_t len = r->parser->len - r->parser->pos;

    return len > LINE_BYTES && memchr(r->parser->buf + r->parser->pos, '\r', LINE_BYTES) == NULL;
}

int redis_reader_next(struct redis_reader *r, size_t max_bytes, const struct redis_reply **reply,
                      struct error *e)
{
    void *got = NULL;

    if (r->parser->reply == NULL && r->parser->ridx < 0) /* none is under way */
        empty_chunks(r);
    r->max_bytes = max_bytes;
    if (r->api->redisReaderGetReply(r->parser, &got) != REDIS_OK) {
        if (r->over)
            return too_large(r, e);
        return error_set(e, ERROR_STORE_CORRUPT, "the server does not speak Redis's protocol: %s",
                         r->odd ? "an answer like none that was asked for" : r->parser->errstr);
    }
    if (got == NULL && endless_line(r))
        return error_set(e, ERROR_STORE_CORRUPT,
                         "the server does not speak Redis's protocol: a line without an end");
    if (got == NULL)
        return r->fed > max_bytes ? too_large(r, e) : 0;
    r->fed = r->parser->len - r->parser->pos;
    *reply = got;
    return 1;
}

/* ---- what a reply says ---- */

bool reply_is_status(const struct redis_reply *reply, const char *status)
{
    return reply->kind == REPLY_STATUS && strcmp(reply->text, status) == 0;
}

bool reply_is_text(const struct redis_reply *reply, const char *text)
{
    return reply->kind == REPLY_TEXT && strcmp(reply->text, text) == 0;
}

int reply_to_i64(const struct redis_reply *reply, int64_t *out)
{
    if (reply->kind == REPLY_INTEGER) {
        *out = reply->number;
        return 0;
    }
    if (reply->kind != REPLY_TEXT || strlen(reply->text) != reply->count)
        return -1;
    return text_to_i64(reply->text, out);
}
