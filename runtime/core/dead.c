/* Dead letters: made with the run that failed, settled on the journal, told in the log. */
#include "core/dead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/engine.h"
#include "model/value.h"

#define TELL_NS 5000000000 /* between two lines about new ones */

/* ---- making ---- */

void dead_make(struct commit *c, bool was_pending)
{
    const struct run *run = &c->run;
    struct dead_letter *d = &c->dead;

    if (run->status != RUN_FAILED || !was_pending || run->dry_run)
        return;
    d->run = run->id;
    memcpy(d->plugin, run->plugin, sizeof d->plugin);
    d->state = DEAD_OPEN;
    d->trigger = run->trigger;
    d->topic = mem_strdup(run->topic);
    if (d->payload == NULL)
        d->payload = mem_strdup(run->payload);
    d->error = mem_strdup(run->error);
    d->attempts = run->attempts;
    d->depth = run->depth;
    d->parent = run->parent;
    d->at_ms = run->finished_ms;
}

void dead_bury(struct commit *c, const struct tick *tick)
{
    if (!tick->durable)
        return;
    if (c->run.payload == NULL) /* not recorded, but a retry needs it */
        c->dead.payload = mem_strdup(tick->payload);
    dead_make(c, c->remove_pending != 0);
}

static void tell(struct engine *engine, const struct commit *c)
{
    json_t *error = c != NULL && c->dead.error != NULL ? json_loads(c->dead.error, 0, NULL) : NULL;
    char count[24], id[ID_TEXT_SIZE];

    snprintf(count, sizeof count, "%llu",
             (unsigned long long)(engine->buried - engine->buried_said));
    engine->buried_said = engine->buried;
    engine->buried_ns = clock_mono_ns(&engine->clock);
    log_write(engine->log, LOG_WARN, "triggers have failed for good: see `orrery dead list`",
              "count", count, "plugin", c ? c->dead.plugin : NULL, "run",
              c ? id_format(c->dead.run, id) : NULL, "error",
              json_string_value(json_object_get(error, "message")), NULL);
    json_decref(error);
}

static bool may_tell(const struct engine *engine)
{
    return engine->buried_ns == 0 || clock_mono_ns(&engine->clock) - engine->buried_ns > TELL_NS;
}

void dead_buried(struct engine *engine, const struct commit *c)
{
    if (c->dead.run == 0)
        return;
    engine->buried++;
    if (may_tell(engine))
        tell(engine, c);
}

void dead_watch(struct engine *engine)
{
    if (engine->buried > engine->buried_said && may_tell(engine))
        tell(engine, NULL);
}

/* ---- settling ---- */

static struct dead_item *add_item(struct dead_batch *b, uint64_t run)
{
    b->items = mem_resize(b->items, (b->count + 1) * sizeof *b->items);
    b->items[b->count] = (struct dead_item){.run = run, .outcome = DEAD_UNKNOWN};
    return &b->items[b->count++];
}

static int collect(void *arg, const struct dead_letter *d)
{
    struct dead_batch *b = arg;
    struct dead_item *item;

    if (b->count == DEAD_BATCH) {
        b->more = true;
        return 0;
    }
    item = add_item(b, d->run);
    memcpy(item->plugin, d->plugin, sizeof item->plugin);
    return 0;
}

static void reverse(struct dead_batch *b)
{
    for (size_t i = 0; i < b->count / 2; i++) {
        struct dead_item item = b->items[i];
        b->items[i] = b->items[b->count - 1 - i];
        b->items[b->count - 1 - i] = item;
    }
}

int dead_find(struct journal *j, uint64_t run, const char *plugin, struct dead_batch *b,
              struct error *e)
{
    int result;

    b->items = NULL;
    b->count = 0;
    b->more = false;
    if (run == 0) {
        result = journal_list_dead(j, plugin, DEAD_OPEN, 0, DEAD_BATCH + 1, collect, b, e);
        reverse(b);
    } else {
        result = journal_get_dead(j, run, collect, b, e);
        if (result == 0 && b->count == 0)
            add_item(b, run);
    }
    return result;
}

void dead_number(struct dead_batch *b, struct id_source *ids)
{
    for (size_t i = 0; i < b->count && b->to == DEAD_RETRIED; i++)
        b->items[i].retry = id_next(ids, b->now_ms);
}

struct reading {
    struct dead_item *item;
    int64_t now_ms;
    bool is_there; /* this very retry: applied before, and its acknowledgement lost */
};

static int read_letter(void *arg, const struct dead_letter *d)
{
    struct reading *r = arg;
    struct dead_item *item = r->item;
    struct pending *p = &item->pending;

    r->is_there = d->state == DEAD_RETRIED && item->retry != 0 && d->retry == item->retry;
    item->outcome = d->state == DEAD_OPEN || r->is_there ? DEAD_DONE : DEAD_SETTLED;
    item->was = d->state;
    memcpy(item->plugin, d->plugin, sizeof item->plugin);
    *p = (struct pending){.id = item->retry,
                          .kind = d->trigger,
                          .scheduled_ms = r->now_ms,
                          .parent = d->parent,
                          .depth = d->depth};
    memcpy(p->plugin, d->plugin, sizeof p->plugin);
    p->topic = mem_strdup(d->topic);
    p->payload = mem_strdup(d->payload);
    return 0;
}

static int settle(struct journal *j, const struct dead_batch *b, struct dead_item *item,
                  struct error *e)
{
    struct reading reading = {.item = item, .now_ms = b->now_ms};

    item->outcome = DEAD_UNKNOWN;
    pending_release(&item->pending);
    memset(&item->pending, 0, sizeof item->pending);
    if (journal_get_dead(j, item->run, read_letter, &reading, e) < 0)
        return -1;
    if (item->outcome != DEAD_DONE || reading.is_there)
        return 0;
    if (b->to == DEAD_RETRIED && journal_put_pending(j, &item->pending, e) < 0)
        return -1;
    return journal_settle_dead(j, item->run, b->to, item->retry, b->now_ms, e);
}

int dead_apply(struct journal *j, struct dead_batch *b, struct error *e)
{
    for (size_t i = 0; i < b->count; i++)
        if (settle(j, b, &b->items[i], e) < 0)
            return -1;
    return 0;
}

void dead_batch_release(struct dead_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        pending_release(&b->items[i].pending);
    free(b->items);
    b->items = NULL;
    b->count = 0;
}

int dead_refusal(const struct dead_batch *b, struct error *e)
{
    const struct dead_item *item = b->items;
    char id[ID_TEXT_SIZE];

    if (b->count != 1 || item->outcome == DEAD_DONE)
        return 0;
    id_format(item->run, id);
    if (item->outcome == DEAD_UNKNOWN) {
        error_set(e, ERROR_NOT_FOUND, "no dead letter is named %s", id);
        error_hint(e, "`orrery dead list` shows them; one is named by the run that failed");
        return -1;
    }
    error_set(e, ERROR_CONFLICT, "the dead letter %s was %s before", id,
              dead_state_name(item->was));
    error_hint(e, "each can be retried or discarded once");
    return -1;
}

json_t *dead_batch_json(const struct dead_batch *b)
{
    json_t *list = json_array();

    for (size_t i = 0; i < b->count; i++) {
        const struct dead_item *item = &b->items[i];
        char run[ID_TEXT_SIZE], retry[ID_TEXT_SIZE];
        if (item->outcome != DEAD_DONE)
            continue;
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s?}", "run", id_format(item->run, run),
                                        "plugin", item->plugin, "retry",
                                        item->retry != 0 ? id_format(item->retry, retry) : NULL));
    }
    return json_pack("{s:o, s:b}", "settled", list, "more", b->more);
}

int dead_settle_stopped(struct journal *j, uint64_t run, const char *plugin, struct dead_batch *b,
                        struct error *e)
{
    struct id_source ids;

    if (journal_last_id(j, &ids.last, e) < 0 || dead_find(j, run, plugin, b, e) < 0)
        return -1;
    dead_number(b, &ids);
    if (journal_begin(j, e) < 0)
        return -1;
    if (dead_apply(j, b, e) == 0 && journal_commit(j, e) == 0)
        return run != 0 ? dead_refusal(b, e) : 0;
    journal_rollback(j);
    return -1;
}

/* ---- showing ---- */

static json_t *parsed(const char *text)
{
    struct error ignored = ERROR_INIT;
    json_t *value = text ? value_parse(text, strlen(text), SIZE_MAX, &ignored) : NULL;

    return value ? value : json_null();
}

static json_t *id_json(uint64_t id)
{
    char text[ID_TEXT_SIZE];

    return id != 0 ? json_string(id_format(id, text)) : json_null();
}

json_t *dead_to_json(const struct dead_letter *d)
{
    return json_pack(
        "{s:o, s:s, s:s, s:s, s:s?, s:o, s:o, s:I, s:I, s:o, s:I, s:o, s:o}", "run",
        id_json(d->run), "plugin", d->plugin, "state", dead_state_name(d->state), "trigger",
        trigger_kind_name(d->trigger), "topic", d->topic, "payload", parsed(d->payload), "error",
        parsed(d->error), "attempts", (json_int_t)d->attempts, "depth", (json_int_t)d->depth,
        "parent", id_json(d->parent), "at", (json_int_t)d->at_ms, "settled_at",
        d->settled_ms ? json_integer(d->settled_ms) : json_null(), "retry", id_json(d->retry));
}
