/* orrery state through the daemon. */
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/state_query.h"
#include "model/value.h"

#define PART_BYTES (128 * 1024) /* of keys and values in one part of an import */

int state_live_ask(struct client *client, const char *op, const struct state_query *q,
                   json_t **data, struct error *e)
{
    json_t *request = json_pack("{s:s, s:s, s:s*}", "op", op, "plugin", q->plugin, "key", q->key);
    int result;

    if (q->value != NULL)
        json_object_set(request, "value", q->value);
    if (q->ttl_ms > 0)
        json_object_set_new(request, "ttl_ms", json_integer(q->ttl_ms));
    result = client_call(client, request, data, e);
    json_decref(request);
    return result;
}

/* One part on its way. */
struct part {
    struct client *client;
    const char *op;
    const struct state_query *q;
    json_t *entries;
    size_t bytes;
    json_int_t number;
};

static int send_part(struct part *part, bool more, json_t **data, struct error *e)
{
    json_t *request =
        json_pack("{s:s, s:s, s:I, s:o, s:b}", "op", part->op, "plugin", part->q->plugin, "part",
                  part->number++, "entries", part->entries, "more", more);
    int result;

    if (!more)
        json_object_set_new(request, "replace", json_boolean(part->q->replace));
    result = client_call(part->client, request, data, e);
    json_decref(request);
    part->entries = json_array();
    part->bytes = 0;
    return result;
}

/* As it goes over the wire: the value as text. What is wrong with an entry is the daemon's to say,
 * so it is sent as it is. */
static json_t *wire_entry(const json_t *entry)
{
    json_t *wire = json_copy((json_t *)entry), *value = json_object_get(wire, "value");
    struct buf text;

    if (value == NULL)
        return wire;
    buf_init(&text, SIZE_MAX / 4);
    value_write(&text, value);
    json_object_set_new(wire, "value", json_stringn(buf_text(&text), text.len));
    buf_release(&text);
    return wire;
}

static int add_entry(struct part *part, const json_t *entry, struct error *e)
{
    json_t *wire = wire_entry(entry), *ignored = NULL;
    size_t bytes = json_string_length(json_object_get(wire, "value")) +
                   json_string_length(json_object_get(wire, "key"));
    int result = 0;

    if (part->bytes > 0 && part->bytes + bytes > PART_BYTES)
        result = send_part(part, true, &ignored, e);
    json_decref(ignored);
    part->bytes += bytes + 64; /* names and punctuation */
    json_array_append_new(part->entries, wire);
    return result;
}

int state_live_import(struct client *client, const char *op, const struct state_query *q,
                      json_t **data, struct error *e)
{
    struct part part = {.client = client, .op = op, .q = q, .entries = json_array()};
    const json_t *entry;
    size_t i;
    int result = 0;

    json_array_foreach(json_object_get(q->value, "entries"), i, entry)
    {
        if (result == 0)
            result = add_entry(&part, entry, e);
    }
    if (result == 0)
        result = send_part(&part, false, data, e);
    json_decref(part.entries);
    return result;
}
