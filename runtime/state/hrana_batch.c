#include "state/hrana_batch.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/text.h"

/* The writes of a transaction are cut into far smaller requests (see libsql_apply.c). */
#define BATCH_BYTES_MAX ((size_t)256 * 1024 * 1024)

void hrana_batch_begin(struct hrana_batch *batch)
{
    buf_init(&batch->text, BATCH_BYTES_MAX);
    batch->count = 0;
    batch->invalid = false;
}

void hrana_batch_release(struct hrana_batch *batch)
{
    buf_release(&batch->text);
}

static size_t escaped_size(const char *data, size_t len)
{
    size_t size = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        size += c < 0x20 ? 6 : c == '"' || c == '\\' ? 2 : 1;
    }
    return size;
}

static char *escape(char *out, const char *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c < 0x20) {
            memcpy(out, "\\u00", 4);
            out[4] = digits[c >> 4];
            out[5] = digits[c & 15];
            out += 6;
            continue;
        }
        if (c == '"' || c == '\\')
            *out++ = '\\';
        *out++ = (char)c;
    }
    return out;
}

int hrana_add_string(struct buf *out, const char *data, size_t len)
{
    size_t size = escaped_size(data, len) + 2;
    char *at;

    if (!text_is_utf8(data, len))
        return -1;
    at = buf_reserve(out, size);
    if (at == NULL)
        return -1;
    *at = '"';
    at = escape(at + 1, data, len);
    *at = '"';
    out->len += size;
    out->data[out->len] = '\0';
    return 0;
}

static void add_value(struct hrana_batch *b, const struct hrana_value *v)
{
    switch (v->kind) {
    case HRANA_KIND_NULL:
        buf_add_str(&b->text, "{\"type\":\"null\"}");
        return;
    case HRANA_KIND_INTEGER:
        buf_addf(&b->text, "{\"type\":\"integer\",\"value\":\"%" PRId64 "\"}", v->integer);
        return;
    case HRANA_KIND_TEXT:
        buf_add_str(&b->text, "{\"type\":\"text\",\"value\":");
        if (hrana_add_string(&b->text, v->text, v->len) < 0)
            b->invalid = true;
        buf_add_char(&b->text, '}');
        return;
    }
}

static void add_statement(struct hrana_batch *b, const char *sql, size_t count,
                          const struct hrana_value *values)
{
    buf_add_str(&b->text, "\"stmt\":{\"sql\":");
    hrana_add_string(&b->text, sql, strlen(sql));
    buf_add_str(&b->text, ",\"args\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(&b->text, ',');
        add_value(b, &values[i]);
    }
    buf_add_str(&b->text, "],\"want_rows\":true}}");
}

int hrana_step(struct hrana_batch *b, int after, const char *sql, size_t count,
               const struct hrana_value *values)
{
    buf_add_str(&b->text, b->count > 0 ? ",{" : "{");
    if (after >= 0)
        buf_addf(&b->text, "\"condition\":{\"type\":\"ok\",\"step\":%d},", after);
    add_statement(b, sql, count, values);
    return b->count++;
}

int hrana_step_unless(struct hrana_batch *b, int other, const char *sql)
{
    buf_add_str(&b->text, b->count > 0 ? ",{" : "{");
    buf_addf(&b->text, "\"condition\":{\"type\":\"not\",\"cond\":{\"type\":\"ok\",\"step\":%d}},",
             other);
    add_statement(b, sql, 0, NULL);
    return b->count++;
}

int hrana_request(const struct hrana_batch *b, const char *baton, bool last, struct buf *out,
                  struct error *e)
{
    bool invalid = b->invalid && !b->text.overflow;

    buf_add_str(out, "{\"baton\":");
    if (baton == NULL)
        buf_add_str(out, "null");
    else if (hrana_add_string(out, baton, strlen(baton)) < 0)
        invalid = true;
    buf_add_str(out, ",\"requests\":[{\"type\":\"batch\",\"batch\":{\"steps\":[");
    buf_add(out, buf_text(&b->text), b->text.len);
    buf_add_str(out, last ? "]}},{\"type\":\"close\"}]}" : "]}}]}");
    if (invalid)
        return error_set(e, ERROR_INVALID, "a name or value of state that is not UTF-8");
    if (b->text.overflow || out->overflow)
        return error_set(e, ERROR_LIMIT, "a request to libSQL of more than %zu MiB",
                         BATCH_BYTES_MAX / 1024 / 1024);
    return 0;
}
