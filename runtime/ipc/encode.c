#include <msgpack.h>
#include <string.h>

#include "base/error.h"
#include "ipc/fields.h"
#include "ipc/frame.h"
#include "ipc/message.h"

static int to_buf(void *out, const char *data, size_t len)
{
    return buf_add(out, data, len);
}

static void pack_bytes(msgpack_packer *p, const char *data, size_t len)
{
    if (data == NULL) {
        msgpack_pack_nil(p);
        return;
    }
    msgpack_pack_bin(p, len);
    msgpack_pack_bin_body(p, data, len);
}

static void pack_string(msgpack_packer *p, const char *text)
{
    if (text == NULL)
        msgpack_pack_nil(p);
    else
        msgpack_pack_str_with_body(p, text, strlen(text));
}

static void pack_failure(msgpack_packer *p, const struct message_failure *f)
{
    pack_string(p, f->code);
    pack_string(p, f->message);
    pack_string(p, f->where);
    msgpack_pack_int32(p, f->line);
}

static void pack_writes(msgpack_packer *p, const struct kv_write *writes, size_t count)
{
    msgpack_pack_array(p, count * 3);
    for (size_t i = 0; i < count; i++) {
        pack_bytes(p, writes[i].key, writes[i].key_len);
        pack_bytes(p, writes[i].value, writes[i].value_len);
        msgpack_pack_int64(p, writes[i].expires_ms);
    }
}

static void pack_logs(msgpack_packer *p, const struct message_log *logs, size_t count)
{
    msgpack_pack_array(p, count * 3);
    for (size_t i = 0; i < count; i++) {
        msgpack_pack_uint32(p, logs[i].level);
        pack_string(p, logs[i].message);
        pack_bytes(p, logs[i].fields.data, logs[i].fields.len);
    }
}

static void pack_modules(msgpack_packer *p, const struct message_module *items, size_t count)
{
    msgpack_pack_array(p, count * 3);
    for (size_t i = 0; i < count; i++) {
        pack_string(p, items[i].name);
        pack_string(p, items[i].file);
        pack_bytes(p, items[i].source.data, items[i].source.len);
    }
}

static void pack_names(msgpack_packer *p, const char *const *names, size_t count)
{
    msgpack_pack_array(p, count);
    for (size_t i = 0; i < count; i++)
        pack_string(p, names[i]);
}

static void pack_field(msgpack_packer *p, const struct field *field, const char *base)
{
    const void *at = base + field->offset;
    size_t count = 0;

    if (field->count_offset != 0)
        memcpy(&count, base + field->count_offset, sizeof count);
    switch (field->type) {
    case FIELD_U32:
        msgpack_pack_uint32(p, *(const uint32_t *)at);
        break;
    case FIELD_I32:
        msgpack_pack_int32(p, *(const int32_t *)at);
        break;
    case FIELD_I64:
        msgpack_pack_int64(p, *(const int64_t *)at);
        break;
    case FIELD_U64:
        msgpack_pack_uint64(p, *(const uint64_t *)at);
        break;
    case FIELD_BOOL:
        if (*(const bool *)at)
            msgpack_pack_true(p);
        else
            msgpack_pack_false(p);
        break;
    case FIELD_STRING:
        pack_string(p, *(const char *const *)at);
        break;
    case FIELD_BYTES:
        pack_bytes(p, ((const struct text *)at)->data, ((const struct text *)at)->len);
        break;
    case FIELD_FAILURE:
        pack_failure(p, at);
        break;
    case FIELD_WRITES:
        pack_writes(p, *(struct kv_write *const *)at, count);
        break;
    case FIELD_LOGS:
        pack_logs(p, *(struct message_log *const *)at, count);
        break;
    case FIELD_MODULES:
        pack_modules(p, at, count);
        break;
    case FIELD_NAMES:
        pack_names(p, at, count);
        break;
    }
}

int message_encode(struct buf *out, const struct message *message, struct error *e)
{
    const struct shape *shape = message_shape(message->type);
    size_t begin = out->len;
    msgpack_packer packer;

    msgpack_packer_init(&packer, out, to_buf);
    frame_begin(out);
    /* One flat array; a failure takes four elements. */
    size_t elements = 1;
    for (size_t i = 0; i < shape->count; i++)
        elements += shape->fields[i].type == FIELD_FAILURE ? 4 : 1;
    msgpack_pack_array(&packer, elements);
    msgpack_pack_uint32(&packer, message->type);
    for (size_t i = 0; i < shape->count; i++)
        pack_field(&packer, &shape->fields[i], (const char *)&message->as);
    if (out->overflow || out->len - begin - 4 > LIMIT_FRAME_BYTES) {
        out->len = begin;
        out->overflow = false;
        return error_set(e, ERROR_LIMIT, "message '%s' is larger than %d bytes", shape->name,
                         LIMIT_FRAME_BYTES);
    }
    frame_end(out, begin);
    return 0;
}
