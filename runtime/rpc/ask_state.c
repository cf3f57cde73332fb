/* Questions about the chain's state: its epoch, objects. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rpc/answer.h"
#include "rpc/query.h"
#include "rpc/question.h"

/* ---- epoch ---- */

struct ask_epoch {
    struct question q;
    rpc_epoch_fn *done;
    void *arg;
    struct rpc_epoch epoch;
};

static enum question_take epoch_take(struct question *q, const char *text, size_t len,
                                     struct fault *f)
{
    struct ask_epoch *a = (struct ask_epoch *)q;

    if (answer_epoch(text, len, &a->epoch, f) != 0)
        return QUESTION_FAULT;
    a->epoch.asked_ms = q->began_ms;
    return QUESTION_DONE;
}

static void epoch_tell(struct question *q, const struct rpc_answer *answer)
{
    struct ask_epoch *a = (struct ask_epoch *)q;

    a->done(a->arg, answer, answer->result == RPC_OK ? &a->epoch : NULL);
}

static const struct question_kind epoch_kind = {.take = epoch_take, .tell = epoch_tell};

int rpc_ask_epoch(struct rpc *rpc, rpc_epoch_fn *done, void *arg, struct error *e)
{
    struct ask_epoch *a;
    int pin = question_pin(rpc);

    if (question_room(rpc, e) != 0)
        return -1;
    a = mem_zero(1, sizeof *a);
    a->done = done;
    a->arg = arg;
    a->q.pin = pin;
    question_begin(rpc, &a->q, &epoch_kind, query_epoch());
    return 0;
}

/* ---- objects ---- */

struct ask_objects {
    struct question q;
    rpc_objects_fn *done;
    void *arg;
    struct sui_address ids[RPC_OBJECTS];
    struct rpc_object objects[RPC_OBJECTS];
    size_t count;
    json_t *root; /* owns their contents */
};

static enum question_take objects_take(struct question *q, const char *text, size_t len,
                                       struct fault *f)
{
    struct ask_objects *a = (struct ask_objects *)q;

    return answer_objects(text, len, a->ids, a->count, a->objects, &a->root, f) == 0
               ? QUESTION_DONE
               : QUESTION_FAULT;
}

static void objects_tell(struct question *q, const struct rpc_answer *answer)
{
    struct ask_objects *a = (struct ask_objects *)q;
    bool ok = answer->result == RPC_OK;

    a->done(a->arg, answer, ok ? a->objects : NULL, ok ? a->count : 0);
}

static void objects_release(struct question *q)
{
    json_decref(((struct ask_objects *)q)->root);
}

static const struct question_kind objects_kind = {
    .take = objects_take, .tell = objects_tell, .release = objects_release};

int rpc_ask_objects(struct rpc *rpc, const struct sui_address *ids, size_t count, bool contents,
                    rpc_objects_fn *done, void *arg, struct error *e)
{
    struct ask_objects *a;
    int pin = question_pin(rpc);

    if (count < 1 || count > RPC_OBJECTS)
        return error_set(e, ERROR_LIMIT, "expected 1 to %d objects in a question, got %zu",
                         RPC_OBJECTS, count);
    if (question_room(rpc, e) != 0)
        return -1;
    a = mem_zero(1, sizeof *a);
    a->done = done;
    a->arg = arg;
    a->count = count;
    a->q.pin = pin;
    memcpy(a->ids, ids, count * sizeof *ids);
    question_begin(rpc, &a->q, &objects_kind, query_objects(ids, count, contents));
    return 0;
}
