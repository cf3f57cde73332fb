/*
 * payload: what came from outside, made an event's payload, or the reason why it cannot be one.
 *
 *   PAYLOAD_SIZE   larger than SOURCE_PAYLOAD_BYTES
 *   PAYLOAD_JSON   no JSON, or JSON that a strategy could not be given: nested too deeply, numbers
 *                  out of range, a key twice, not UTF-8
 */
#ifndef ORRERY_SOURCE_PAYLOAD_H
#define ORRERY_SOURCE_PAYLOAD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "source/source.h"

#define PAYLOAD_ID_SIZE (SOURCE_ID_BYTES + 1)

struct payload {
    char *text;               /* JSON, or NULL: nothing was sent, or there is a problem */
    char id[PAYLOAD_ID_SIZE]; /* "" : none */
    const char *problem;
    char message[400];
};

/* Each fills `out` in full; release it. `id_field`: the key of an object that has the event's id,
 * text or an integer; NULL: none. */

/* Text that must be JSON; NULL is no payload. */
void payload_json(struct payload *out, const char *text, size_t len, const char *id_field);
/* JSON, or any text, which becomes a JSON string; what begins with '{' or '[' must be JSON. Empty
 * is no payload. */
void payload_loose(struct payload *out, const char *text, size_t len, const char *id_field);
/* A value that was put together: stolen. */
void payload_value(struct payload *out, json_t *value, const char *id_field);
/* `bytes` of it are known to be too many. */
void payload_too_large(struct payload *out, uint64_t bytes);
void payload_refuse(struct payload *out, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void payload_set_id(struct payload *out, const char *id, size_t len); /* long ones by digest */
void payload_release(struct payload *payload);

/* As an event with this cursor: borrows. */
struct source_event payload_event(const struct payload *payload, const char *cursor);

#endif
