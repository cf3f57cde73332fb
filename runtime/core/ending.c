#include "core/ending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/seen.h"
#include "core/trace.h"
#include "model/value.h"

/* Events one run may cause, over all its emits and their subscribers. */
#define FANOUT_MAX 1024
/* Commits on their way to the disk beyond which no run may cause others: a storm of events is held
 * at its source. Well above what a replay at full speed has under way. */
#define EMIT_BACKLOG 16384
#define FANOUT_BYTES (1024 * 1024) /* of payloads: each run caused keeps its own copy */

struct ending *ending_new(struct tick *tick)
{
    struct engine *engine = tick->plugin->engine;
    struct ending *ending = mem_zero(1, sizeof *ending);
    struct run *run;

    ending->tick = tick;
    ending->commit = commit_new(engine->commits.journal, NULL, tick);
    ending->commit->remove_pending = tick->durable ? tick->id : 0;
    run = &ending->commit->run;
    run->id = tick->id;
    snprintf(run->plugin, sizeof run->plugin, "%s", tick->plugin->name);
    snprintf(run->vault, sizeof run->vault, "%s", tick->plugin->vault->config->id);
    snprintf(run->version, sizeof run->version, "%s", tick->plugin->version);
    run->trigger = tick->kind;
    run->topic = mem_strdup(tick->topic);
    run->payload = mem_strdup(tick->recording != RECORDING_OFF ? tick->payload : NULL);
    run->scheduled_ms = tick->scheduled_ms;
    run->started_ms = tick->now_ms;
    run->finished_ms = clock_now_ms(&engine->clock);
    run->seed = tick->seed;
    run->parent = tick->parent;
    run->depth = tick->depth;
    run->attempts = tick->attempts;
    run->deadline_ms = tick->deadline_ms;
    run->timed_out = tick->timed_out;
    run->dry_run = plugin_is_dry(tick->plugin);
    return ending;
}

static void drop_actions(struct ending *ending)
{
    if (ending->actions != NULL)
        action_list_release(ending->actions);
    free(ending->actions);
    ending->actions = NULL;
}

void ending_free(struct ending *ending)
{
    if (ending == NULL)
        return;
    drop_actions(ending);
    commit_free(ending->commit);
    buf_release(&ending->seen);
    buf_release(&ending->logs);
    free(ending->decided);
    free(ending);
}

void ending_refuse(struct ending *ending, char *error)
{
    struct run *run = &ending->commit->run;

    drop_actions(ending);
    run->status = RUN_FAILED;
    free(run->reason);
    free(run->error);
    run->reason = NULL;
    run->error = error;
}

/* What was cut in the middle of a character is shown with the bytes that are left of it. */
static json_t *readable(const char *message)
{
    json_t *text = json_string(message);
    struct buf shown;

    if (text != NULL)
        return text;
    buf_init(&shown, 8 * strlen(message) + 64);
    text_add_inert(&shown, message, strlen(message), strlen(message));
    text = json_string(buf_text(&shown));
    buf_release(&shown);
    return text;
}

char *error_text(const char *code, const char *message, const char *where, int line)
{
    json_t *o = json_pack("{s:s, s:o}", "code", code, "message", readable(message));
    char *text;

    if (where != NULL && where[0] != '\0')
        json_object_set_new(o, "where", json_string(where));
    if (line > 0)
        json_object_set_new(o, "line", json_integer(line));
    text = value_text(o);
    json_decref(o);
    return text;
}

/* The worker checked these; core checks them again, because a script may have taken the worker
 * over. */
static int record_actions(struct ending *ending, const struct text *text, struct error *e)
{
    struct run *run = &ending->commit->run;
    json_t *array;
    int result;

    if (text->data == NULL)
        return error_set(e, ERROR_PROTOCOL, "actions without actions");
    array = value_parse_around(text->data, text->len, text->len, e);
    if (array == NULL)
        return -1;
    ending->actions = mem_zero(1, sizeof *ending->actions);
    result = action_list_parse(array, ending->actions, e);
    json_decref(array);
    if (result < 0)
        return -1;
    run->actions = mem_strndup(text->data, text->len);
    ending->decided = mem_strdup(run->actions);
    return 0;
}

static int check_writes(const struct message_decided *d, struct error *e)
{
    for (size_t i = 0; i < d->write_count; i++) {
        json_t *value;
        if (d->writes[i].value == NULL)
            continue;
        value = value_parse(d->writes[i].value, d->writes[i].value_len, LIMIT_STATE_BYTES, e);
        if (value == NULL)
            return -1;
        json_decref(value);
    }
    return 0;
}

static int record_outcome(struct ending *ending, const struct message_decided *d, struct error *e)
{
    struct run *run = &ending->commit->run;

    switch (d->outcome) {
    case DECIDED_NOOP:
        if (d->reason == NULL || d->reason[0] == '\0')
            return error_set(e, ERROR_PROTOCOL, "a noop without a reason");
        run->status = RUN_NOOP;
        run->reason = mem_strdup(d->reason);
        return 0;
    case DECIDED_FAILED:
        if (d->failure.code == NULL)
            return error_set(e, ERROR_PROTOCOL, "a failure without an error");
        ending->threw = true;
        run->status = RUN_FAILED;
        run->error =
            error_text(d->failure.code, d->failure.message, d->failure.where, d->failure.line);
        return 0;
    case DECIDED_ACTIONS:
        run->status = RUN_COMPLETED; /* until the plan says otherwise */
        return record_actions(ending, &d->actions, e);
    }
    return error_set(e, ERROR_PROTOCOL, "an unknown outcome");
}

int ending_record(struct ending *ending, const struct message_decided *d, struct error *e)
{
    ending->decided_us = clock_wall_us(&ending->tick->plugin->engine->clock);
    if (check_writes(d, e) < 0 || record_outcome(ending, d, e) < 0 || seen_record(ending, d, e) < 0)
        return -1;
    ending->commit->run.cpu_us = d->cpu_us;
    trace_logs(ending, d);
    return 0;
}

static void drop_events(struct commit *c)
{
    for (size_t i = 0; i < c->add_count; i++)
        pending_release(&c->add[i]);
    c->add_count = 0;
}

void ending_reject(struct ending *ending, const char *code, const char *message, size_t index)
{
    struct run *run = &ending->commit->run;
    json_t *o = json_pack("{s:s, s:s}", "code", code, "message", message);

    drop_events(ending->commit);
    if (index > 0)
        json_object_set_new(o, "action", json_integer((json_int_t)index));
    run->status = RUN_REJECTED;
    run->reason = mem_strdup(message);
    run->error = value_text(o);
    json_decref(o);
}

int ending_add_event(struct commit *c, struct engine *engine, const char *topic,
                     const char *payload, uint64_t parent, uint32_t depth)
{
    for (size_t i = 0; i < engine->plugin_count; i++) {
        struct pending *p;
        if (!plugin_subscribes(engine->plugins[i], topic))
            continue;
        if (c->add_count >= FANOUT_MAX)
            return -1;
        c->add = mem_resize(c->add, (c->add_count + 1) * sizeof *c->add);
        p = &c->add[c->add_count++];
        *p = (struct pending){.kind = TRIGGER_EVENT, .parent = parent, .depth = depth};
        p->scheduled_ms = clock_now_ms(&engine->clock);
        p->id = id_next(&engine->ids, p->scheduled_ms);
        snprintf(p->plugin, sizeof p->plugin, "%s", engine->plugins[i]->name);
        p->topic = mem_strdup(topic);
        p->payload = mem_strdup(payload);
    }
    return 0;
}

static int add_events(struct ending *ending)
{
    const struct action_list *list = ending->actions;
    const struct tick *tick = ending->tick;
    size_t bytes = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct action *a = &list->items[i];
        size_t before = ending->commit->add_count;
        char *payload;
        int result;
        if (a->kind != ACTION_EMIT || ending->commit->run.dry_run)
            continue;
        payload = a->payload ? value_text(a->payload) : NULL;
        result = ending_add_event(ending->commit, tick->plugin->engine, a->topic, payload, tick->id,
                                  tick->depth + 1);
        bytes += (payload ? strlen(payload) : 0) * (ending->commit->add_count - before);
        free(payload);
        if (result < 0 || bytes > FANOUT_BYTES)
            return -1;
    }
    return 0;
}

static size_t count_kind(const struct action_list *list, enum action_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++)
        count += list->items[i].kind == kind;
    return count;
}

static void settle(struct ending *ending, struct execution *x)
{
    struct commit *c = ending->commit;
    struct vault *vault = ending->tick->plugin->vault;
    json_t *result = json_pack("{s:s, s:O}", "digest", x->digest, "events", x->events);

    free(c->run.actions);
    c->run.actions = value_text(x->actions);
    c->run.result = value_text(result);
    json_decref(result);
    if (c->run.dry_run)
        return;
    c->has_change = x->change.entry_count > 0;
    c->change_id = c->run.id;
    c->change = x->change;
    memset(&x->change, 0, sizeof x->change); /* the commit owns it now */
    vault->batches++;
    vault_refresh(vault);
}

static void execute(struct ending *ending)
{
    struct tick *tick = ending->tick;
    struct run *run = &ending->commit->run;
    struct execution x;
    struct error e = ERROR_INIT;

    memset(&x, 0, sizeof x);
    ending->execute_us = clock_wall_us(&tick->plugin->engine->clock);
    /* The time of the execution, not of the decision: another worker's later tick may have been
     * executed already, and caps count by a clock that does not go back. */
    ending->commit->change_ms = clock_now_ms(&tick->plugin->engine->clock);
    if (executor_execute(tick->plugin->vault->executor, ending->actions, tick->id,
                         ending->commit->change_ms, run->dry_run, &x, &e) < 0) {
        run->status = RUN_FAILED;
        run->error = error_text(error_name(e.code), e.message, NULL, 0);
        return;
    }
    if (x.status == EXECUTION_REJECTED)
        ending_reject(ending, x.code, x.message, x.index);
    else
        settle(ending, &x);
    execution_release(&x);
}

/* What may be wrong with the whole before anything is executed. */
static void plan(struct ending *ending)
{
    const struct action_list *list = ending->actions;
    const struct plugin *plugin = ending->tick->plugin;
    size_t emits = count_kind(list, ACTION_EMIT);

    if (emits > 0 && ending->tick->depth + 1 > LIMIT_DEPTH)
        ending_reject(
            ending, "EMIT_DEPTH",
            "EMIT_DEPTH: 10 events led to this run, one after the other: it may not emit another",
            0);
    else if (emits > 0 && store_depth(plugin->engine->commits.journal) > EMIT_BACKLOG)
        ending_reject(
            ending, "EMIT_BACKLOG",
            "EMIT_BACKLOG: more than 16384 commits wait for the store: no new events until it "
            "has caught up",
            0);
    else if (add_events(ending) < 0)
        ending_reject(
            ending, "EMIT_FANOUT",
            "EMIT_FANOUT: the emitted events would cause more than 1024 runs, or runs with more "
            "than 1 MiB of payloads in all",
            0);
    else if (emits + count_kind(list, ACTION_NOOP) == list->count)
        return;
    else if (plugin->vault->is_outside)
        ending->outside = true;
    else
        execute(ending);
}

void ending_plan(struct ending *ending)
{
    const struct clock *clock = &ending->tick->plugin->engine->clock;
    struct commit *c = ending->commit;

    if (ending->actions == NULL)
        return;
    ending->plan_us = clock_wall_us(clock);
    plan(ending);
    ending->planned_us = clock_wall_us(clock);
    if (c->run.status != RUN_COMPLETED)
        drop_events(c);
}

void ending_finish(struct ending *ending)
{
    seen_finish(ending);
    trace_finish(ending);
}

static json_t *parse_or_null(const char *text)
{
    struct error ignored = ERROR_INIT;
    json_t *value = text ? value_parse_around(text, strlen(text), SIZE_MAX, &ignored) : NULL;

    return value ? value : json_null();
}

json_t *ending_result(const struct run *run, json_t **error)
{
    const char *outcome = run->status == RUN_COMPLETED ? "submitted"
                          : run->status == RUN_NOOP    ? "noop"
                                                       : "failed";
    char id[ID_TEXT_SIZE];
    json_t *said = parse_or_null(run->result);
    json_t *o =
        json_pack("{s:s, s:s, s:b, s:I}", "outcome", outcome, "run_id", id_format(run->id, id),
                  "dry_run", run->dry_run, "gas_used", (json_int_t)0);

    *error = NULL;
    if (run->actions != NULL)
        json_object_set_new(o, "actions", parse_or_null(run->actions));
    if (run->status == RUN_NOOP)
        json_object_set_new(o, "reason", json_string(run->reason));
    if (json_is_object(said)) {
        json_object_set_new(o, "effects_status", json_string("success"));
        json_object_update(o, said); /* an outside says more: its own status, the gas used */
    }
    json_decref(said);
    if (run->error != NULL) {
        *error = parse_or_null(run->error);
        if (json_is_object(*error) && json_object_get(*error, "phase") == NULL)
            json_object_set_new(*error, "phase", json_string("client"));
        json_object_set(o, "error", *error);
    }
    return o;
}
