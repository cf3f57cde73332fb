#include "source/payload.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/value.h"

#define QUOTED_BYTES 80 /* of what came, in a message */

void payload_refuse(struct payload *out, const char *code, const char *format, ...)
{
    va_list args;

    free(out->text);
    out->text = NULL;
    out->problem = code;
    va_start(args, format);
    vsnprintf(out->message, sizeof out->message, format, args);
    va_end(args);
}

void payload_too_large(struct payload *out, uint64_t bytes)
{
    *out = (struct payload){0};
    payload_refuse(out, "PAYLOAD_SIZE", "expected a payload of at most %d bytes, got %llu",
                   SOURCE_PAYLOAD_BYTES, (unsigned long long)bytes);
}

void payload_set_id(struct payload *out, const char *id, size_t len)
{
    char digest[DIGEST_TEXT_SIZE];

    if (len <= SOURCE_ID_BYTES && memchr(id, '\0', len) == NULL && text_is_utf8(id, len))
        snprintf(out->id, sizeof out->id, "%.*s", (int)len, id);
    else
        snprintf(out->id, sizeof out->id, "digest:%s", digest_text(id, len, digest));
}

static void find_id(struct payload *out, const json_t *value, const char *field)
{
    const json_t *id = field ? json_object_get(value, field) : NULL;
    char number[24];

    if (json_is_string(id)) {
        payload_set_id(out, json_string_value(id), json_string_length(id));
    } else if (json_is_integer(id)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(id));
        payload_set_id(out, number, strlen(number));
    }
}

/* "…, in: {"price": 1e999" */
static void refuse_text(struct payload *out, const char *text, size_t len, const struct error *e)
{
    struct buf quoted;

    buf_init(&quoted, 1000);
    text_add_inert(&quoted, text, len, QUOTED_BYTES);
    payload_refuse(out, "PAYLOAD_JSON", "%.200s, in: %s", e->message, buf_text(&quoted));
    buf_release(&quoted);
}

void payload_json(struct payload *out, const char *text, size_t len, const char *id_field)
{
    struct error e = ERROR_INIT;
    json_t *value;

    *out = (struct payload){0};
    if (text == NULL)
        return;
    if (len > SOURCE_PAYLOAD_BYTES) {
        payload_too_large(out, len);
        return;
    }
    if (memchr(text, '\0', len) != NULL) { /* a parser of C strings may take that for the end */
        payload_refuse(out, "PAYLOAD_JSON", "expected JSON, got text with a NUL byte");
        return;
    }
    value = value_parse(text, len, SOURCE_PAYLOAD_BYTES, &e);
    if (value == NULL) {
        refuse_text(out, text, len, &e);
        return;
    }
    out->text = mem_strndup(text, len);
    find_id(out, value, id_field);
    json_decref(value);
}

void payload_value(struct payload *out, json_t *value, const char *id_field)
{
    struct buf text;

    *out = (struct payload){0};
    buf_init(&text, SOURCE_PAYLOAD_BYTES);
    if (value_deeper_than(value, LIMIT_VALUE_DEPTH))
        payload_refuse(out, "PAYLOAD_JSON", "expected JSON of at most %d levels, got more",
                       LIMIT_VALUE_DEPTH);
    else if (value_write(&text, value) < 0)
        payload_refuse(out, "PAYLOAD_SIZE",
                       "expected a payload of at most %d bytes as JSON, got more",
                       SOURCE_PAYLOAD_BYTES);
    else
        out->text = buf_steal(&text);
    if (out->problem == NULL)
        find_id(out, value, id_field);
    buf_release(&text);
    json_decref(value);
}

void payload_loose(struct payload *out, const char *text, size_t len, const char *id_field)
{
    json_t *value;

    if (len == 0) {
        *out = (struct payload){0};
        return;
    }
    payload_json(out, text, len, id_field);
    if (out->problem == NULL || len > SOURCE_PAYLOAD_BYTES || text[0] == '{' || text[0] == '[')
        return;
    value = json_stringn(text, len); /* NULL when it is not UTF-8 */
    if (value != NULL)
        payload_value(out, value, NULL);
}

void payload_release(struct payload *payload)
{
    free(payload->text);
    payload->text = NULL;
}

struct source_event payload_event(const struct payload *p, const char *cursor)
{
    return (struct source_event){.id = p->id[0] != '\0' ? p->id : NULL,
                                 .cursor = cursor,
                                 .payload = p->text,
                                 .problem = p->problem,
                                 .message = p->problem ? p->message : NULL};
}
