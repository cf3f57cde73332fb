/* What a transaction did: simulated, executed, looked up. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rpc/answer.h"
#include "rpc/document.h"
#include "rpc/field.h"

/* ---- why it failed ---- */

/* "0x…::module::function", as far as it is told; "" when nothing is. */
static int read_place(const json_t *error, char *out, size_t size, struct fault *f)
{
    char text[SUI_ADDRESS_TEXT_SIZE] = "";
    json_t *module, *function, *package = NULL;
    const char *module_name, *function_name = NULL;
    struct sui_address address;

    out[0] = '\0';
    if (field_object_or(error, "module", &module, f) != 0 ||
        field_object_or(error, "function", &function, f) != 0)
        return -1;
    if (module == NULL)
        return 0;
    if (field_text(module, "name", &module_name, f) != 0 ||
        field_object_or(module, "package", &package, f) != 0 ||
        (function != NULL && field_text(function, "name", &function_name, f) != 0))
        return -1;
    if (package != NULL) {
        if (field_address(package, "address", &address, f) != 0)
            return -1;
        sui_address_text(&address, text);
    }
    snprintf(out, size, "%s%s%.60s%s%.60s", text, text[0] != '\0' ? "::" : "", module_name,
             function_name != NULL ? "::" : "", function_name != NULL ? function_name : "");
    return 0;
}

static int read_abort(const json_t *effects, struct rpc_effects *fx, struct fault *f)
{
    char place[200], text[sizeof fx->abort];
    const char *message;
    uint64_t code;
    json_t *error;

    if (field_object(effects, "executionError", &error, f) != 0 ||
        field_text(error, "message", &message, f) != 0 ||
        field_u64_or(error, "abortCode", &code, f) != 0 ||
        read_place(error, place, sizeof place, f) != 0)
        return -1;
    if (place[0] != '\0' && !field_absent(error, "abortCode"))
        snprintf(text, sizeof text, "%s code %" PRIu64, place, code);
    else
        snprintf(text, sizeof text, "%.240s", message);
    fault_say(fx->abort, sizeof fx->abort, text, strlen(text));
    return 0;
}

static int read_status(const json_t *effects, struct rpc_effects *fx, struct fault *f)
{
    const char *status;

    if (field_text(effects, "status", &status, f) != 0)
        return -1;
    fx->success = strcmp(status, "SUCCESS") == 0;
    if (fx->success)
        return 0;
    if (strcmp(status, "FAILURE") != 0)
        return fault_garbage(f, "the answer's status: expected SUCCESS or FAILURE, got \"%.40s\"",
                             status);
    return read_abort(effects, fx, f);
}

/* ---- gas, changes, when ---- */

static int read_gas(const json_t *effects, struct rpc_effects *fx, struct fault *f)
{
    json_t *gas, *summary, *object;

    if (field_object(effects, "gasEffects", &gas, f) != 0 ||
        field_object(gas, "gasSummary", &summary, f) != 0 ||
        field_u64(summary, "computationCost", &fx->computation, f) != 0 ||
        field_u64(summary, "storageCost", &fx->storage, f) != 0 ||
        field_u64(summary, "storageRebate", &fx->rebate, f) != 0 ||
        field_u64(summary, "nonRefundableStorageFee", &fx->non_refundable, f) != 0 ||
        field_object_or(gas, "gasObject", &object, f) != 0)
        return -1;
    fx->has_gas = object != NULL;
    return object == NULL ? 0 : field_reference(object, &fx->gas, f);
}

static int read_change(const json_t *node, struct rpc_change *out, struct fault *f)
{
    struct rpc_change change = {.has_ref = false};
    json_t *after;

    if (field_address(node, "address", &change.id, f) != 0 ||
        field_bool_or(node, "idCreated", &change.created, f) != 0 ||
        field_bool_or(node, "idDeleted", &change.deleted, f) != 0 ||
        field_object_or(node, "outputState", &after, f) != 0)
        return -1;
    if (after != NULL) {
        change.has_ref = true;
        if (field_u64(after, "version", &change.version, f) != 0 ||
            field_digest(after, "digest", &change.digest, f) != 0)
            return -1;
    }
    *out = change;
    return 0;
}

static int read_changes(const json_t *effects, struct answer_effects *out, struct fault *f)
{
    json_t *connection, *info, *nodes;

    if (field_object(effects, "objectChanges", &connection, f) != 0 ||
        field_object(connection, "pageInfo", &info, f) != 0 ||
        field_bool(info, "hasNextPage", &out->fx.more_changes, f) != 0 ||
        field_list(connection, "nodes", ANSWER_CHANGES, &nodes, f) != 0)
        return -1;
    out->fx.changes = out->changes;
    out->fx.change_count = json_array_size(nodes);
    for (size_t i = 0; i < out->fx.change_count; i++)
        if (read_change(json_array_get(nodes, i), &out->changes[i], f) != 0)
            return -1;
    return 0;
}

static int read_when(const json_t *effects, struct rpc_effects *fx, struct fault *f)
{
    json_t *epoch, *checkpoint;

    if (field_object_or(effects, "epoch", &epoch, f) != 0 ||
        (epoch != NULL && field_u64(epoch, "epochId", &fx->epoch, f) != 0) ||
        field_object_or(effects, "checkpoint", &checkpoint, f) != 0 ||
        (checkpoint != NULL && field_u64(checkpoint, "sequenceNumber", &fx->checkpoint, f) != 0))
        return -1;
    return 0;
}

static int read_digest(const json_t *o, const char *digest, struct fault *f)
{
    const char *said;

    if (field_text(o, "digest", &said, f) != 0)
        return -1;
    if (strcmp(said, digest) != 0)
        return fault_garbage(f,
                             "the answer is about another transaction: expected %.44s, got "
                             "\"%.80s\"",
                             digest, said);
    return 0;
}

/* `digest` NULL: simulated. */
static int read_effects(const json_t *effects, const char *digest, struct answer_effects *out,
                        struct fault *f)
{
    struct rpc_effects *fx = &out->fx;

    memset(out, 0, sizeof *out);
    if (read_status(effects, fx, f) != 0 || read_gas(effects, fx, f) != 0)
        return -1;
    if (digest == NULL)
        return 0;
    if (read_digest(effects, digest, f) != 0 || read_changes(effects, out, f) != 0 ||
        read_when(effects, fx, f) != 0)
        return -1;
    snprintf(fx->digest, sizeof fx->digest, "%s", digest);
    return 0;
}

/* ---- the three answers ---- */

static int read_simulated(const json_t *data, struct answer_effects *out, struct fault *f)
{
    json_t *result, *effects;

    if (field_object(data, "simulateTransaction", &result, f) != 0 ||
        field_object(result, "effects", &effects, f) != 0)
        return -1;
    return read_effects(effects, NULL, out, f);
}

int answer_simulated(const char *text, size_t len, struct answer_effects *out, struct fault *f)
{
    struct document d;
    int rc;

    if (document_open_whole(&d, text, len, f) != 0)
        return -1;
    rc = read_simulated(d.data, out, f);
    document_close(&d);
    return rc;
}

/* With errors, they are the better explanation of what is missing. With data beside them, something
 * was executed: that is no rejection. */
static void blame(const struct document *d, struct fault *f)
{
    if (d->errors.kind == FAULT_NONE || f == NULL)
        return;
    *f = d->errors;
    f->rejected = f->rejected && d->data == NULL;
}

static int read_executed(const json_t *data, const char *digest, struct answer_effects *out,
                         struct fault *f)
{
    json_t *result, *effects;

    if (data == NULL)
        return fault_garbage(f, "the answer has neither data nor errors");
    if (field_object(data, "executeTransaction", &result, f) != 0 ||
        field_object(result, "effects", &effects, f) != 0)
        return -1;
    return read_effects(effects, digest, out, f);
}

int answer_executed(const char *text, size_t len, const char *digest, struct answer_effects *out,
                    struct fault *f)
{
    struct document d;
    int rc;

    if (document_open(&d, text, len, f) != 0)
        return -1;
    rc = read_executed(d.data, digest, out, f);
    if (rc != 0)
        blame(&d, f);
    document_close(&d);
    return rc;
}

/* Whose answer it is: several nodes behind one address need not be equally far. */
static int read_now(const json_t *data, uint64_t *out, struct fault *f)
{
    json_t *epoch;

    *out = 0;
    if (field_object_or(data, "epoch", &epoch, f) != 0)
        return -1;
    return epoch == NULL ? 0 : field_u64(epoch, "epochId", out, f);
}

static int read_transaction(const struct document *d, const char *digest, bool *found,
                            struct answer_effects *out, struct fault *f)
{
    json_t *transaction, *effects;

    if (d->data == NULL)
        return fault_garbage(f, "the answer has neither data nor errors");
    if (json_object_get(d->data, "transaction") == NULL)
        return fault_garbage(f, "the answer has no field transaction");
    if (field_object_or(d->data, "transaction", &transaction, f) != 0)
        return -1;
    *found = transaction != NULL;
    if (transaction == NULL) /* absence is only told without errors */
        return d->errors.kind == FAULT_NONE ? 0 : -1;
    if (read_digest(transaction, digest, f) != 0 ||
        field_object(transaction, "effects", &effects, f) != 0)
        return -1;
    return read_effects(effects, digest, out, f);
}

static int read_found(const struct document *d, const char *digest, bool *found,
                      struct answer_effects *out, struct fault *f)
{
    uint64_t now;

    if (read_transaction(d, digest, found, out, f) != 0 || read_now(d->data, &now, f) != 0)
        return -1;
    out->now = now;
    return 0;
}

/* Of one and the same answer: what is not said of the three is not known from elsewhere. */
static int read_proof(const struct document *d, const char *digest, const struct sui_address *id,
                      bool *found, struct answer_effects *out, struct rpc_object *coin,
                      struct fault *f)
{
    json_t *object;

    *coin = (struct rpc_object){.found = false};
    if (read_found(d, digest, found, out, f) != 0)
        return -1;
    if (*found)
        return 0;
    if (field_absent(d->data, "epoch"))
        return fault_garbage(f, "the answer has no field epoch");
    if ((object = json_object_get(d->data, "object")) == NULL)
        return fault_garbage(f, "the answer has no field object");
    if (answer_object(object, id, coin, f) != 0)
        return -1;
    coin->contents = NULL; /* the document's */
    return 0;
}

int answer_proof(const char *text, size_t len, const char *digest, const struct sui_address *id,
                 bool *found, struct answer_effects *out, struct rpc_object *coin, struct fault *f)
{
    struct document d;
    int rc;

    if (document_open(&d, text, len, f) != 0)
        return -1;
    rc = read_proof(&d, digest, id, found, out, coin, f);
    if (rc != 0)
        blame(&d, f);
    document_close(&d);
    return rc;
}

int answer_found(const char *text, size_t len, const char *digest, bool *found,
                 struct answer_effects *out, struct fault *f)
{
    struct document d;
    int rc;

    if (document_open(&d, text, len, f) != 0)
        return -1;
    rc = read_found(&d, digest, found, out, f);
    if (rc != 0)
        blame(&d, f);
    document_close(&d);
    return rc;
}
