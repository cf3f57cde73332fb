#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "ipc/fields.h"
#include "ipc/message.h"
#include "ipc/prescan.h"

struct message_decoder {
    enum message_side from;
    msgpack_zone zone; /* of the msgpack objects of the current message */
    char *arena;       /* NUL-terminated copies of the current message's strings */
    size_t arena_cap, arena_len;
    struct kv_write *writes;
    size_t writes_cap;
    struct message_log *logs;
    size_t logs_cap;
};

/* One message being decoded. */
struct walk {
    struct message_decoder *d;
    const msgpack_object *items;
    size_t next, count;
    const char *message;
    struct error *e;
};

struct message_decoder *message_decoder_new(enum message_side from)
{
    struct message_decoder *d = mem_zero(1, sizeof *d);

    d->from = from;
    msgpack_zone_init(&d->zone, 8192);
    return d;
}

void message_decoder_free(struct message_decoder *d)
{
    if (d == NULL)
        return;
    msgpack_zone_destroy(&d->zone);
    free(d->arena);
    free(d->writes);
    free(d->logs);
    free(d);
}

static int refuse(struct walk *w, const char *expected)
{
    return error_set(w->e, ERROR_PROTOCOL, "message '%s', element %zu: expected %s", w->message,
                     w->next, expected);
}

static const msgpack_object *take(struct walk *w)
{
    static const msgpack_object nil = {.type = MSGPACK_OBJECT_NIL};

    return w->next < w->count ? &w->items[w->next++] : (w->next++, &nil);
}

static int take_u64(struct walk *w, uint64_t max, uint64_t *out)
{
    const msgpack_object *o = take(w);

    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 > max)
        return refuse(w, "an unsigned integer within its bounds");
    *out = o->via.u64;
    return 0;
}

static int take_i64(struct walk *w, int64_t *out)
{
    const msgpack_object *o = take(w);

    if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        *out = o->via.i64;
    else if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER && o->via.u64 <= INT64_MAX)
        *out = (int64_t)o->via.u64;
    else
        return refuse(w, "a signed integer");
    return 0;
}

/* The arena never moves while a message is decoded: it is as large as the frame plus one NUL per
 * string. */
static const char *keep(struct message_decoder *d, const char *data, size_t len)
{
    char *copy = d->arena + d->arena_len;

    if (len > 0) /* of an empty text there may be no address */
        memcpy(copy, data, len);
    copy[len] = '\0';
    d->arena_len += len + 1;
    return copy;
}

static int string_of(struct walk *w, const msgpack_object *o, size_t max, bool optional,
                     const char **out)
{
    if (o->type == MSGPACK_OBJECT_NIL && optional) {
        *out = NULL;
        return 0;
    }
    if (o->type != MSGPACK_OBJECT_STR || o->via.str.size > max ||
        (o->via.str.size > 0 && memchr(o->via.str.ptr, '\0', o->via.str.size) != NULL) ||
        !text_is_utf8(o->via.str.ptr, o->via.str.size))
        return refuse(w, "text in UTF-8 without NUL, within its length");
    *out = keep(w->d, o->via.str.ptr, o->via.str.size);
    return 0;
}

static int bytes_of(struct walk *w, const msgpack_object *o, size_t max, bool optional,
                    struct text *out)
{
    if (o->type == MSGPACK_OBJECT_NIL && optional) {
        *out = (struct text){NULL, 0};
        return 0;
    }
    if (o->type != MSGPACK_OBJECT_BIN || o->via.bin.size > max)
        return refuse(w, "bytes within their length");
    *out = (struct text){o->via.bin.ptr, o->via.bin.size};
    return 0;
}

static int take_failure(struct walk *w, struct message_failure *out)
{
    int64_t line = 0;

    if (string_of(w, take(w), 64, true, &out->code) < 0 ||
        string_of(w, take(w), 1024, true, &out->message) < 0 ||
        string_of(w, take(w), 512, true, &out->where) < 0 || take_i64(w, &line) < 0)
        return -1;
    if (line < 0 || line > INT32_MAX || (out->code != NULL && out->message == NULL))
        return refuse(w, "a failure's line and message");
    out->line = (int32_t)line;
    return 0;
}

/* A list of items with `width` elements each. */
static int take_list(struct walk *w, size_t width, size_t max, const msgpack_object **items,
                     size_t *count)
{
    const msgpack_object *o = take(w);

    if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size % width != 0 ||
        o->via.array.size / width > max)
        return refuse(w, "a list within its length");
    *items = o->via.array.ptr;
    *count = o->via.array.size / width;
    return 0;
}

static int write_of(struct walk *w, const msgpack_object *o, struct kv_write *out)
{
    struct text key = {0}, value = {0};
    struct walk expiry = {.d = w->d, .items = o + 2, .count = 1, .message = w->message, .e = w->e};

    if (bytes_of(w, &o[0], LIMIT_KEY_BYTES, false, &key) < 0 ||
        bytes_of(w, &o[1], LIMIT_STATE_BYTES, true, &value) < 0 ||
        take_i64(&expiry, &out->expires_ms) < 0)
        return -1;
    if (key.len == 0 || memchr(key.data, '\0', key.len) != NULL ||
        !text_is_utf8(key.data, key.len) || out->expires_ms < 0)
        return refuse(w, "a state write's key and expiry");
    out->key = key.data;
    out->key_len = key.len;
    out->value = value.data;
    out->value_len = value.len;
    return 0;
}

static int take_writes(struct walk *w, size_t max, struct kv_write **out, size_t *count)
{
    const msgpack_object *items = NULL;

    if (take_list(w, 3, max, &items, count) < 0)
        return -1;
    if (*count > w->d->writes_cap) {
        w->d->writes = mem_resize(w->d->writes, *count * sizeof *w->d->writes);
        w->d->writes_cap = *count;
    }
    *out = w->d->writes;
    for (size_t i = 0; i < *count; i++)
        if (write_of(w, items + 3 * i, &w->d->writes[i]) < 0)
            return -1;
    return 0;
}

static int log_of(struct walk *w, const msgpack_object *o, struct message_log *out)
{
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 > 3)
        return refuse(w, "a log level");
    out->level = (uint32_t)o->via.u64;
    if (string_of(w, o + 1, LIMIT_LOG_BYTES * 4 + 4, false, &out->message) < 0)
        return -1;
    return bytes_of(w, o + 2, LIMIT_LOG_BYTES * 4, true, &out->fields);
}

static int take_logs(struct walk *w, size_t max, struct message_log **out, size_t *count)
{
    const msgpack_object *items = NULL;

    if (take_list(w, 3, max, &items, count) < 0)
        return -1;
    if (*count > w->d->logs_cap) {
        w->d->logs = mem_resize(w->d->logs, *count * sizeof *w->d->logs);
        w->d->logs_cap = *count;
    }
    *out = w->d->logs;
    for (size_t i = 0; i < *count; i++)
        if (log_of(w, items + 3 * i, &w->d->logs[i]) < 0)
            return -1;
    return 0;
}

static int take_modules(struct walk *w, size_t max, struct message_module *out, size_t *count)
{
    const msgpack_object *items = NULL;

    if (take_list(w, 3, max, &items, count) < 0)
        return -1;
    for (size_t i = 0; i < *count; i++)
        if (string_of(w, items + 3 * i, 256, false, &out[i].name) < 0 ||
            string_of(w, items + 3 * i + 1, 512, false, &out[i].file) < 0 ||
            bytes_of(w, items + 3 * i + 2, LIMIT_SOURCE_BYTES, false, &out[i].source) < 0)
            return -1;
    return 0;
}

static int take_names(struct walk *w, size_t max, const char **out, size_t *count)
{
    const msgpack_object *items = NULL;

    if (take_list(w, 1, max, &items, count) < 0)
        return -1;
    for (size_t i = 0; i < *count; i++)
        if (string_of(w, items + i, 256, false, &out[i]) < 0)
            return -1;
    return 0;
}

static int take_number(struct walk *w, const struct field *field, void *at)
{
    uint64_t u = 0;
    int64_t i = 0;

    switch (field->type) {
    case FIELD_U32:
        if (take_u64(w, field->max, &u) < 0)
            return -1;
        *(uint32_t *)at = (uint32_t)u;
        return 0;
    case FIELD_U64:
        return take_u64(w, UINT64_MAX, at);
    case FIELD_I64:
        return take_i64(w, at);
    default:
        if (take_i64(w, &i) < 0)
            return -1;
        if (i < INT32_MIN || i > INT32_MAX)
            return refuse(w, "a 32-bit integer");
        *(int32_t *)at = (int32_t)i;
        return 0;
    }
}

static int take_bool(struct walk *w, bool *out)
{
    const msgpack_object *o = take(w);

    if (o->type != MSGPACK_OBJECT_BOOLEAN)
        return refuse(w, "true or false");
    *out = o->via.boolean;
    return 0;
}

static int take_field(struct walk *w, const struct field *field, char *base)
{
    void *at = base + field->offset;
    size_t *count = (size_t *)(void *)(base + field->count_offset);

    switch (field->type) {
    case FIELD_BOOL:
        return take_bool(w, at);
    case FIELD_STRING:
        return string_of(w, take(w), field->max, field->optional, at);
    case FIELD_BYTES:
        return bytes_of(w, take(w), field->max, field->optional, at);
    case FIELD_FAILURE:
        return take_failure(w, at);
    case FIELD_WRITES:
        return take_writes(w, field->max, at, count);
    case FIELD_LOGS:
        return take_logs(w, field->max, at, count);
    case FIELD_MODULES:
        return take_modules(w, field->max, at, count);
    case FIELD_NAMES:
        return take_names(w, field->max, at, count);
    default:
        return take_number(w, field, at);
    }
}

static void reset(struct message_decoder *d, size_t len)
{
    msgpack_zone_clear(&d->zone);
    d->arena_len = 0;
    /* A string takes at least its header's byte in the frame, which pays for its NUL here. */
    if (d->arena_cap < len + 1) {
        free(d->arena);
        d->arena = mem_alloc(len + 1);
        d->arena_cap = len + 1;
    }
}

/* Opens the frame: one array whose first element is a type that this side may send. */
static const struct shape *open_frame(struct message_decoder *d, const char *frame, size_t len,
                                      struct walk *w, enum message_type *type)
{
    msgpack_object object;
    size_t offset = 0;
    uint64_t number = 0;
    const struct shape *shape;

    w->message = "?";
    if (!prescan_frame(frame, len) ||
        msgpack_unpack(frame, len, &offset, &d->zone, &object) != MSGPACK_UNPACK_SUCCESS ||
        offset != len || object.type != MSGPACK_OBJECT_ARRAY || object.via.array.size == 0) {
        error_set(w->e, ERROR_PROTOCOL, "a frame of %zu bytes is not one MessagePack array", len);
        return NULL;
    }
    w->items = object.via.array.ptr;
    w->count = object.via.array.size;
    if (take_u64(w, MESSAGE_TYPE_COUNT - 1, &number) < 0)
        return NULL;
    shape = message_shape((enum message_type)number);
    if (shape == NULL || shape->from != d->from) {
        error_set(w->e, ERROR_PROTOCOL, "message type %d is not for this side to send",
                  (int)number);
        return NULL;
    }
    w->message = shape->name;
    *type = (enum message_type)number;
    return shape;
}

int message_decode(struct message_decoder *d, const char *frame, size_t len, struct message *out,
                   struct error *e)
{
    struct walk w = {.d = d, .e = e};
    const struct shape *shape;

    reset(d, len);
    shape = open_frame(d, frame, len, &w, &out->type);
    if (shape == NULL)
        return -1;
    for (size_t i = 0; i < shape->count; i++)
        if (take_field(&w, &shape->fields[i], (char *)&out->as) < 0)
            return -1;
    if (w.next != w.count)
        return refuse(&w, "no further elements");
    return 0;
}
