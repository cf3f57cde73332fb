/* A batch of events: into the journal as one transaction, then ticks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/ending.h"
#include "core/intake_parts.h"

/* One event's way. */
struct arrived {
    struct reader_event *event; /* in the batch's list */
    bool is_new;
    struct pending pending; /* a fit event: borrows topic and payload */
    struct run run;         /* one that is not: owned */
};

struct batch {
    struct intake *intake;
    struct reader_batch read;
    struct arrived *items;
    size_t count;
    struct run dropped; /* id 0: none were */
    const char **ids;   /* of those that have one */
    size_t *id_items;
    bool *id_new;
    size_t id_count;
    const char *cursor; /* the last one; NULL: lossy */
    uint64_t events;    /* received through the source so far, with this batch */
    int64_t now_ms;
    /* for the journal's thread, whatever becomes of the intake */
    char *key;
};

static void batch_free(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        run_release(&b->items[i].run);
    run_release(&b->dropped);
    reader_events_free(b->read.events);
    free(b->items);
    free(b->ids);
    free(b->id_items);
    free(b->id_new);
    free(b->key);
    free(b);
}

/* ---- making ---- */

/* The record of an event that reaches no script. */
static void make_run(const struct intake *intake, struct run *run, enum run_status status,
                     int64_t now_ms)
{
    const struct plugin *plugin = intake->plugin;

    run->id = id_next(&plugin->engine->ids, now_ms);
    snprintf(run->plugin, sizeof run->plugin, "%s", plugin->name);
    snprintf(run->vault, sizeof run->vault, "%s", plugin->vault->config->id);
    snprintf(run->version, sizeof run->version, "%s", plugin->version);
    run->status = status;
    run->trigger = TRIGGER_EVENT;
    run->topic = mem_strdup(intake->topic);
    run->scheduled_ms = run->finished_ms = now_ms;
    run->dry_run = plugin_is_dry(plugin);
}

static void make_failure(const struct intake *intake, struct arrived *a, int64_t now_ms)
{
    char *message = mem_alloc(strlen(a->event->message) + 200);

    make_run(intake, &a->run, RUN_FAILED, now_ms);
    snprintf(message, strlen(a->event->message) + 200, "%s%s%.100s%s: %s",
             a->event->cursor ? "the event " : "an event", a->event->cursor ? "at " : "",
             a->event->cursor ? a->event->cursor : "", " did not reach the strategy",
             a->event->message);
    a->run.error = error_text(a->event->problem, message, NULL, 0);
    free(message);
}

static void make_pending(const struct intake *intake, struct arrived *a, int64_t now_ms)
{
    struct pending *p = &a->pending;

    p->id = id_next(&intake->plugin->engine->ids, now_ms);
    snprintf(p->plugin, sizeof p->plugin, "%s", intake->plugin->name);
    p->kind = TRIGGER_EVENT;
    p->topic = (char *)intake->topic;
    p->payload = a->event->payload;
    p->scheduled_ms = now_ms;
}

static void make_dropped(struct batch *b)
{
    char reason[200];

    if (b->read.dropped == 0)
        return;
    make_run(b->intake, &b->dropped, RUN_SKIPPED, b->now_ms);
    snprintf(reason, sizeof reason,
             "%llu events were dropped unread: they came faster than %u could be taken on "
             "(overflow = \"oldest\")",
             (unsigned long long)b->read.dropped, b->intake->config.queue);
    b->dropped.reason = mem_strdup(reason);
}

static void add_id(struct batch *b, size_t item)
{
    b->ids[b->id_count] = b->items[item].event->id;
    b->id_items[b->id_count++] = item;
}

static void add_event(struct batch *b, struct reader_event *event)
{
    struct arrived *a;

    b->cursor = event->cursor;
    if (event->is_position)
        return;
    a = &b->items[b->count];
    a->event = event;
    a->is_new = true;
    if (event->problem != NULL)
        make_failure(b->intake, a, b->now_ms);
    else
        make_pending(b->intake, a, b->now_ms);
    if (event->id != NULL)
        add_id(b, b->count);
    b->count++;
}

static struct batch *batch_new(struct intake *intake, const struct reader_batch *read)
{
    struct batch *b = mem_zero(1, sizeof *b);

    b->intake = intake;
    b->read = *read;
    b->now_ms = clock_now_ms(&intake->plugin->engine->clock);
    b->key = mem_strdup(intake->key);
    b->items = mem_zero(read->count + 1, sizeof *b->items);
    b->ids = mem_zero(read->count + 1, sizeof *b->ids);
    b->id_items = mem_zero(read->count + 1, sizeof *b->id_items);
    b->id_new = mem_zero(read->count + 1, sizeof *b->id_new);
    make_dropped(b);
    for (struct reader_event *event = read->events; event != NULL; event = event->next)
        add_event(b, event);
    b->events = intake->events + b->count + read->dropped;
    return b;
}

/* ---- in the journal's thread ---- */

static int note_ids(struct batch *b, struct journal *j, struct error *e)
{
    if (b->id_count == 0)
        return 0;
    if (journal_note_events(j, b->key, b->ids, b->id_count, b->now_ms, b->id_new, e) < 0)
        return -1;
    for (size_t i = 0; i < b->id_count; i++)
        b->items[b->id_items[i]].is_new = b->id_new[i];
    return 0;
}

static int put_cursor(const struct batch *b, struct journal *j, struct error *e)
{
    struct cursor cursor = {b->key, b->cursor, b->events, b->now_ms};

    return b->cursor != NULL ? journal_put_cursor(j, &cursor, e) : 0;
}

static int write_batch(struct commit *c, struct journal *j, struct error *e)
{
    struct batch *b = c->arg;

    if (note_ids(b, j, e) < 0 || (b->dropped.id != 0 && journal_put_run(j, &b->dropped, e) < 0))
        return -1;
    for (size_t i = 0; i < b->count; i++) {
        const struct arrived *a = &b->items[i];
        if (!a->is_new)
            continue;
        if ((a->run.id != 0 ? journal_put_run(j, &a->run, e)
                            : journal_put_pending(j, &a->pending, e)) < 0)
            return -1;
    }
    return put_cursor(b, j, e);
}

/* ---- ticks ---- */

static void give_back(struct intake *intake, size_t events, size_t bytes)
{
    if (intake->reader != NULL)
        reader_release(intake->reader, events, bytes);
}

static void own(struct intake *intake, struct tick *tick, size_t bytes)
{
    tick->intake = intake;
    tick->intake_bytes = bytes;
    intake->plugin->sourced++;
}

static void arrive(struct intake *intake, const struct arrived *a)
{
    bool durable = event_source_is_durable(&intake->config);
    struct tick *tick = engine_arrive(
        intake->plugin, &(struct arrival){.kind = TRIGGER_EVENT,
                                          .topic = intake->topic,
                                          .payload = a->event->payload,
                                          .scheduled_ms = a->pending.scheduled_ms,
                                          .id = plugin_is_dry(intake->plugin) ? 0 : a->pending.id,
                                          .insists = durable,
                                          .is_counted = true});

    if (tick != NULL)
        own(intake, tick, a->event->bytes);
    else
        give_back(intake, 1, a->event->bytes);
}

/* Of a source that drops: the oldest that wait, until no more do than may. */
static void drop_waiting(struct intake *intake)
{
    struct plugin *plugin = intake->plugin;
    struct tick *tick = plugin->queue, *next;
    size_t waiting = 0;

    for (struct tick *t = plugin->queue; t != NULL; t = t->next)
        waiting += t->intake == intake;
    for (; tick != NULL && waiting > intake->config.queue; tick = next) {
        next = tick->next;
        if (tick->intake != intake)
            continue;
        tick_withdraw(tick);
        intake->skipped++;
        waiting--;
        life_skip(tick, "dropped for newer events: the source's queue is full (overflow = "
                        "\"oldest\")");
    }
}

static void deliver(struct batch *b)
{
    struct intake *intake = b->intake;

    if (b->dropped.id != 0)
        life_recorded(intake->plugin, &b->dropped);
    for (size_t i = 0; i < b->count; i++) {
        struct arrived *a = &b->items[i];
        if (a->is_new && a->run.id == 0) {
            arrive(intake, a);
            continue;
        }
        if (a->is_new) {
            intake->refused++;
            life_recorded(intake->plugin, &a->run);
        } else {
            intake->duplicates++;
        }
        give_back(intake, 1, a->event->bytes);
    }
    if (intake->config.drop_oldest)
        drop_waiting(intake);
}

static void move_cursor(struct intake *intake, const struct batch *b)
{
    intake->events = b->events;
    if (b->cursor == NULL)
        return;
    free(intake->cursor);
    intake->cursor = mem_strdup(b->cursor);
}

static void batch_durable(struct commit *c, struct engine *engine)
{
    struct batch *b = c->arg;
    struct intake *intake = b->intake;
    bool failed = c->failed;

    (void)engine;
    commit_free(c);
    intake->committing = false;
    if (!failed) {
        move_cursor(intake, b);
        deliver(b);
    }
    batch_free(b);
    if (!failed && !intake->stopping)
        intake_take(intake);
    intake_settle(intake);
}

static void hand_in(struct batch *b)
{
    struct engine *engine = b->intake->plugin->engine;
    struct commit *c;

    if (plugin_is_dry(b->intake->plugin)) {
        move_cursor(b->intake, b);
        deliver(b);
        batch_free(b);
        return;
    }
    c = commit_new(engine->commits.journal, batch_durable, b);
    c->also = write_batch;
    b->intake->committing = true;
    commits_push(c);
}

void intake_take(struct intake *intake)
{
    struct reader_batch read;

    if (intake->committing || intake->stopping || intake->reader == NULL ||
        intake->plugin->engine->draining)
        return;
    reader_take(intake->reader, &read);
    if (read.events == NULL)
        return;
    hand_in(batch_new(intake, &read));
}

/* ---- the end of a tick ---- */

void intake_tick_ended(struct tick *tick)
{
    struct intake *intake = tick->intake;

    tick->intake = NULL;
    intake->plugin->sourced--;
    give_back(intake, 1, tick->intake_bytes);
}

/* Pending ones of the last session, and those of a source whose declaration was changed. */
void intake_adopt(struct intake *intake)
{
    struct engine *engine = intake->plugin->engine;

    for (struct tick *tick = engine->live; tick != NULL; tick = tick->next_live)
        if (tick->plugin == intake->plugin && tick->intake == NULL && tick->durable &&
            tick->kind == TRIGGER_EVENT && tick->parent == 0 &&
            strcmp(tick->topic, intake->topic) == 0)
            own(intake, tick, 0);
}

size_t intake_under_way(const struct intake *intake)
{
    size_t count = 0;

    for (const struct tick *tick = intake->plugin->engine->live; tick != NULL;
         tick = tick->next_live)
        count += tick->intake == intake;
    return count;
}
