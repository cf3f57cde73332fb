#include "signer/protocol.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "ipc/frame.h"
#include "sui/bcs.h"

/* ---- writing ---- */

static void put_text(struct buf *out, const char *data, size_t len)
{
    bcs_put_u32(out, (uint32_t)len);
    buf_add(out, data, len);
}

/* A sentence of our own, made fit to be read as text: on one line, and when it was cut within a
 * character, without the rest of that. */
static void put_sentence(struct buf *out, const char *data, size_t len)
{
    struct buf line;

    buf_init(&line, len + 1);
    for (size_t i = 0; i < len; i++)
        buf_add_char(&line, data[i] == '\n' || data[i] == '\t' ? ' ' : data[i]);
    for (int i = 0; i < 3 && line.len > 0 && !text_is_printable(line.data, line.len); i++)
        line.len--;
    put_text(out, buf_text(&line), line.len);
    buf_release(&line);
}

static void put_error(struct buf *out, const struct error *failed)
{
    const char *name = error_name(failed->code);

    put_text(out, name, strlen(name));
    put_sentence(out, failed->where, strlen(failed->where));
    bcs_put_u32(out, (uint32_t)failed->line);
    put_sentence(out, failed->message, strlen(failed->message));
    put_sentence(out, failed->hint, strlen(failed->hint));
}

static void put_ready(struct buf *out, const struct signer_ready *m)
{
    bcs_put_u32(out, SIGNER_PROTOCOL);
    put_text(out, m->measures.data, m->measures.len);
    bcs_put_u32(out, (uint32_t)m->count);
    buf_add(out, m->keys, m->count * SUI_PUBLIC_KEY_BYTES);
}

static void put_fields(struct buf *out, const struct signer_message *m)
{
    switch (m->tag) {
    case SIGNER_TAG_START:
        bcs_put_u32(out, SIGNER_PROTOCOL);
        put_text(out, m->as.start.desk.data, m->as.start.desk.len);
        put_text(out, m->as.start.rules.data, m->as.start.rules.len);
        break;
    case SIGNER_TAG_SIGN:
        bcs_put_u64(out, m->as.sign.id);
        bcs_put_u32(out, m->as.sign.operator_index);
        bcs_put_u64(out, m->as.sign.epoch);
        put_text(out, (const char *)m->as.sign.bytes, m->as.sign.len);
        break;
    case SIGNER_TAG_READY:
        put_ready(out, &m->as.ready);
        break;
    case SIGNER_TAG_FAILED:
        put_error(out, &m->as.failed);
        break;
    case SIGNER_TAG_SIGNED:
        bcs_put_u64(out, m->as.signed_.id);
        buf_add(out, m->as.signed_.signature.bytes, SUI_SIGNATURE_BYTES);
        buf_add(out, m->as.signed_.signature.public_key, SUI_PUBLIC_KEY_BYTES);
        break;
    case SIGNER_TAG_REFUSED:
        bcs_put_u64(out, m->as.refused.id);
        bcs_put_u8(out, (uint8_t)m->as.refused.refusal);
        bcs_put_u32(out, m->as.refused.index);
        put_sentence(out, m->as.refused.message.data, m->as.refused.message.len);
        break;
    }
}

static size_t frame_max(enum signer_tag tag)
{
    switch (tag) {
    case SIGNER_TAG_START:
        return SIGNER_START_BYTES;
    case SIGNER_TAG_SIGN:
        return SIGNER_SIGN_BYTES;
    default:
        return SIGNER_ANSWER_BYTES;
    }
}

int signer_encode(struct buf *out, const struct signer_message *m, struct error *e)
{
    struct buf fields;
    size_t begin;
    int result = 0;

    buf_init(&fields, frame_max(m->tag));
    bcs_put_u8(&fields, (uint8_t)m->tag);
    put_fields(&fields, m);
    if (fields.overflow) {
        result = error_set(e, ERROR_LIMIT, "a message to or from the signer has at most %zu bytes",
                           frame_max(m->tag));
    } else {
        begin = frame_begin(out);
        buf_add(out, fields.data, fields.len);
        frame_end(out, begin);
        if (out->overflow)
            result = error_set(e, ERROR_LIMIT, "too much waits to be said to the signer");
    }
    buf_release(&fields);
    return result;
}

/* ---- reading ---- */

static struct signer_text take_bytes(struct bcs_reader *r, size_t max, const char *what)
{
    uint32_t len = bcs_take_u32(r, what);
    struct signer_text text = {"", 0};
    const uint8_t *place;

    if (!r->failed && len > max)
        bcs_fail(r, ERROR_PROTOCOL, "%s has at most %zu bytes, got %u", what, max, len);
    place = bcs_take_bytes(r, len, what);
    if (place != NULL)
        text = (struct signer_text){(const char *)place, len};
    return text;
}

static struct signer_text take_text(struct bcs_reader *r, size_t max, const char *what)
{
    struct signer_text text = take_bytes(r, max, what);

    if (!r->failed && !text_is_printable(text.data, text.len))
        bcs_fail(r, ERROR_PROTOCOL, "%s is not printable text", what);
    return text;
}

static void take_version(struct bcs_reader *r)
{
    uint32_t version = bcs_take_u32(r, "version");

    if (!r->failed && version != SIGNER_PROTOCOL)
        bcs_fail(r, ERROR_PROTOCOL, "expected version %d of the protocol, got %u", SIGNER_PROTOCOL,
                 version);
}

static void take_start(struct bcs_reader *r, struct signer_start *m)
{
    take_version(r);
    m->desk = take_text(r, SIGNER_DESK_BYTES, "desk");
    m->rules = take_bytes(r, SIGNER_START_BYTES, "rules");
}

static void take_sign(struct bcs_reader *r, struct signer_sign *m)
{
    struct signer_text bytes;

    m->id = bcs_take_u64(r, "id");
    m->operator_index = bcs_take_u32(r, "operator");
    m->epoch = bcs_take_u64(r, "epoch");
    bytes = take_bytes(r, SUI_TRANSACTION_BYTES, "transaction");
    if (!r->failed && bytes.len == 0)
        bcs_fail(r, ERROR_PROTOCOL, "a transaction has at least one byte");
    m->bytes = (const uint8_t *)bytes.data;
    m->len = bytes.len;
}

static void take_ready(struct bcs_reader *r, struct signer_ready *m)
{
    uint32_t count;

    take_version(r);
    m->measures = take_text(r, SIGNER_MEASURE_BYTES, "measures");
    count = bcs_take_u32(r, "operators");
    if (!r->failed && count > RULES_OPERATORS)
        bcs_fail(r, ERROR_PROTOCOL, "at most %d operators, got %u", RULES_OPERATORS, count);
    m->count = r->failed ? 0 : count;
    bcs_take_copy(r, m->keys, m->count * SUI_PUBLIC_KEY_BYTES, "keys");
}

static void copy_text(struct bcs_reader *r, char *out, size_t size, const char *what)
{
    struct signer_text text = take_text(r, size - 1, what);

    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
}

/* An error's lengths are the struct's own. */
static void take_failed(struct bcs_reader *r, struct error *m)
{
    char name[32];

    copy_text(r, name, sizeof name, "code");
    copy_text(r, m->where, sizeof m->where, "where");
    m->line = (int)(bcs_take_u32(r, "line") & INT32_MAX);
    copy_text(r, m->message, sizeof m->message, "message");
    copy_text(r, m->hint, sizeof m->hint, "hint");
    m->code = error_from_name(name);
}

static void take_signed(struct bcs_reader *r, struct signer_signed *m)
{
    m->id = bcs_take_u64(r, "id");
    bcs_take_copy(r, m->signature.bytes, SUI_SIGNATURE_BYTES, "signature");
    bcs_take_copy(r, m->signature.public_key, SUI_PUBLIC_KEY_BYTES, "public key");
}

static void take_refused(struct bcs_reader *r, struct signer_refused *m)
{
    unsigned code;

    m->id = bcs_take_u64(r, "id");
    code = bcs_take_u8(r, "code");
    if (!r->failed && (code == POLICY_ALLOWED || code >= POLICY_REFUSAL_COUNT))
        bcs_fail(r, ERROR_PROTOCOL, "there is no refusal %u", code);
    m->refusal = (enum policy_refusal)code;
    m->index = bcs_take_u32(r, "index");
    m->message = take_text(r, POLICY_MESSAGE_BYTES, "message");
}

static void take_fields(struct bcs_reader *r, struct signer_message *m)
{
    switch (m->tag) {
    case SIGNER_TAG_START:
        take_start(r, &m->as.start);
        break;
    case SIGNER_TAG_SIGN:
        take_sign(r, &m->as.sign);
        break;
    case SIGNER_TAG_READY:
        take_ready(r, &m->as.ready);
        break;
    case SIGNER_TAG_FAILED:
        take_failed(r, &m->as.failed);
        break;
    case SIGNER_TAG_SIGNED:
        take_signed(r, &m->as.signed_);
        break;
    case SIGNER_TAG_REFUSED:
        take_refused(r, &m->as.refused);
        break;
    }
}

static bool says(enum signer_side from, unsigned tag)
{
    if (from == SIGNER_SIDE_CORE)
        return tag == SIGNER_TAG_START || tag == SIGNER_TAG_SIGN;
    return tag >= SIGNER_TAG_READY && tag <= SIGNER_TAG_REFUSED;
}

int signer_decode(enum signer_side from, const char *frame, size_t len, struct signer_message *out,
                  struct error *e)
{
    struct error inner = ERROR_INIT;
    struct signer_message m;
    struct bcs_reader r;
    unsigned tag;

    memset(&m, 0, sizeof m);
    bcs_reader_init(&r, frame, len, &inner);
    tag = bcs_take_u8(&r, "tag");
    if (!r.failed && !says(from, tag))
        bcs_fail(&r, ERROR_PROTOCOL, "a message %u is none of %s", tag,
                 from == SIGNER_SIDE_CORE ? "core's" : "the signer's");
    if (!r.failed && len > frame_max((enum signer_tag)tag))
        bcs_fail(&r, ERROR_PROTOCOL, "message %u has at most %zu bytes, got %zu", tag,
                 frame_max((enum signer_tag)tag), len);
    m.tag = (enum signer_tag)tag;
    if (!r.failed)
        take_fields(&r, &m);
    if (bcs_end(&r, "message") < 0)
        return error_set(e, ERROR_PROTOCOL, "%s", inner.message);
    *out = m;
    return 0;
}
