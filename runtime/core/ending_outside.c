/* The record of a run whose batch goes outside: what its executor said of preparing it. */
#include <stdlib.h>
#include <string.h>

#include "core/ending.h"
#include "executor/outside.h"
#include "model/value.h"

static json_t *emits_json(const struct action_list *list)
{
    json_t *emits = json_array();

    for (size_t i = 0; i < list->count; i++) {
        const struct action *a = &list->items[i];
        json_t *o;
        if (a->kind != ACTION_EMIT)
            continue;
        o = json_pack("{s:s}", "topic", a->topic);
        if (a->payload != NULL)
            json_object_set(o, "payload", (json_t *)a->payload);
        json_array_append_new(emits, o);
    }
    return emits;
}

static void set_batch(struct ending *ending, const struct preparation *p)
{
    struct run *run = &ending->commit->run;

    free(run->actions);
    free(run->result);
    run->actions = value_text(p->executed);
    run->result = value_text(p->result);
}

static void drop_events(struct commit *c)
{
    for (size_t i = 0; i < c->add_count; i++)
        pending_release(&c->add[i]);
    c->add_count = 0;
}

/* On record before its end: it ends when it is known what came of its submission. */
static void set_open(struct ending *ending, struct preparation *p)
{
    struct commit *c = ending->commit;

    json_object_set_new(p->result, "digest", json_string(p->submission.digest));
    json_object_set_new(p->result, "emits", emits_json(ending->actions));
    c->run.status = RUN_PREPARED;
    c->run.finished_ms = 0;
    c->run.deadline_ms = 0; /* it has started in time, and what was sent has no deadline here */
    drop_events(c);
}

void ending_prepared(struct ending *ending, struct preparation *p)
{
    memcpy(ending->simulate_us, p->simulate_us, sizeof ending->simulate_us);
    memcpy(ending->sign_us, p->sign_us, sizeof ending->sign_us);
    switch (p->status) {
    case PREPARED_REJECTED:
        ending_reject(ending, p->code, p->message, p->index);
        return;
    case PREPARED_FAILED:
        drop_events(ending->commit);
        ending_refuse(ending, error_text(p->code, p->message, NULL, 0));
        return;
    case PREPARED_SIMULATED:
        set_batch(ending, p);
        return;
    case PREPARED_READY:
        set_open(ending, p);
        set_batch(ending, p);
        return;
    }
}
