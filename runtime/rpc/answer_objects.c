#include <string.h>

#include "rpc/answer.h"
#include "rpc/document.h"
#include "rpc/field.h"

static int read_owner(const json_t *object, struct rpc_object *out, struct fault *f)
{
    json_t *owner, *address;
    const char *kind;

    if (field_object(object, "owner", &owner, f) != 0 ||
        field_text(owner, "__typename", &kind, f) != 0)
        return -1;
    out->owner = RPC_OTHER_OWNER;
    if (strcmp(kind, "Immutable") == 0) {
        out->owner = RPC_IMMUTABLE;
    } else if (strcmp(kind, "Shared") == 0) {
        out->owner = RPC_SHARED;
        return field_u64(owner, "initialSharedVersion", &out->initial_version, f);
    } else if (strcmp(kind, "AddressOwner") == 0) {
        out->owner = RPC_OWNED;
        if (field_object(owner, "address", &address, f) != 0)
            return -1;
        return field_address(address, "address", &out->address, f);
    }
    return 0;
}

/* The transaction that made the version, if it is said. */
static int read_previous(const json_t *object, struct rpc_object *out, struct fault *f)
{
    struct sui_digest digest;
    json_t *previous;

    if (field_object_or(object, "previousTransaction", &previous, f) != 0)
        return -1;
    if (previous == NULL)
        return 0;
    if (field_digest(previous, "digest", &digest, f) != 0)
        return -1;
    sui_digest_text(&digest, out->previous);
    return 0;
}

static int read_contents(const json_t *object, struct rpc_object *out, struct fault *f)
{
    json_t *move, *contents = NULL;

    if (field_object_or(object, "asMoveObject", &move, f) != 0 ||
        (move != NULL && field_object_or(move, "contents", &contents, f) != 0))
        return -1;
    out->contents = json_object_get(contents, "json");
    if (json_is_null(out->contents))
        out->contents = NULL;
    return 0;
}

int answer_object(const json_t *value, const struct sui_address *id, struct rpc_object *out,
                  struct fault *f)
{
    struct rpc_object none = {.found = false};

    *out = none;
    if (json_is_null(value))
        return 0;
    if (!json_is_object(value))
        return fault_garbage(f, "the answer's objects are not objects");
    if (field_reference(value, &out->ref, f) != 0 || read_owner(value, out, f) != 0 ||
        read_previous(value, out, f) != 0 || read_contents(value, out, f) != 0)
        return -1;
    if (!sui_address_equal(&out->ref.id, id))
        return fault_garbage(f, "the answer has another object than was asked for");
    out->found = true;
    return 0;
}

static int read_objects(const json_t *data, const struct sui_address *ids, size_t count,
                        struct rpc_object *out, struct fault *f)
{
    json_t *list;

    if (field_list(data, "multiGetObjects", count, &list, f) != 0)
        return -1;
    if (json_array_size(list) != count)
        return fault_garbage(f, "the answer has %zu objects, and %zu were asked for",
                             json_array_size(list), count);
    for (size_t i = 0; i < count; i++)
        if (answer_object(json_array_get(list, i), &ids[i], &out[i], f) != 0)
            return -1;
    return 0;
}

int answer_objects(const char *text, size_t len, const struct sui_address *ids, size_t count,
                   struct rpc_object *out, json_t **root, struct fault *f)
{
    struct document d;

    if (document_open_whole(&d, text, len, f) != 0)
        return -1;
    if (read_objects(d.data, ids, count, out, f) != 0) {
        document_close(&d);
        return -1;
    }
    *root = d.root;
    return 0;
}
