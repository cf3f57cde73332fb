#include "core/db_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/db_tables.h"
#include "core/db_trace.h"
#include "core/engine.h"
#include "model/value.h"
#include "tables/tables.h"

struct call {
    struct db_task task; /* first */
    struct db_tables *db;
    struct question *question; /* NULL: nobody waits for it any more */
    uint64_t run;
    uint32_t number;
    char *request;
    size_t request_len;
    int64_t begin_us;
    struct buf answer; /* JSON text */
    bool garbled;      /* the request is no JSON: the worker's fault, not the script's */
};

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct tick *tick_of(struct question *q)
{
    return q->expected == MESSAGE_HOOKED ? hooks_tick(q) : (struct tick *)q;
}

/* ---- on a thread ---- */

static void write_answer(struct call *c, const json_t *answer)
{
    if (value_write(&c->answer, answer) == 0 && !value_deeper_than(answer, LIMIT_VALUE_DEPTH))
        return;
    error_set(&c->task.error, ERROR_LIMIT,
              "expected an answer of at most %zu bytes as JSON, nested at most %d levels, got more",
              c->answer.max, LIMIT_VALUE_DEPTH);
}

static void work(struct db_task *task)
{
    struct call *c = (struct call *)task;
    struct error ignored = ERROR_INIT;
    json_t *request = value_parse(c->request, c->request_len, c->request_len, &ignored), *answer;
    struct tables *handle;

    c->garbled = !json_is_object(request);
    handle = c->garbled ? NULL : db_tables_handle(c->db, &task->error);
    if (handle != NULL && tables_call(handle, request, &answer, &task->error) == 0) {
        write_answer(c, answer);
        json_decref(answer);
    }
    json_decref(request);
}

/* ---- the answer ---- */

/* UTF-8 whatever the database has said, and however it was cut. */
static void set_failure(struct message_failure *out, const struct error *why, struct buf *text)
{
    text_add_inert(text, why->message, strlen(why->message), 600);
    *out = (struct message_failure){.code = error_name(why->code), .message = buf_text(text)};
}

static void send_result(struct call *c, const struct error *why, bool ends)
{
    struct question *q = c->question;
    struct plugin *plugin = tick_of(q)->plugin;
    struct message m = {.type = MESSAGE_DB_RESULT};
    struct error e = ERROR_INIT;
    struct buf text;

    buf_init(&text, 1000);
    m.as.db_result = (struct message_db_result){
        .slot = plugin->slot, .run = c->run, .call = c->number, .ends = ends};
    if (why != NULL)
        set_failure(&m.as.db_result.failure, why, &text);
    else
        m.as.db_result.json = (struct text){buf_text(&c->answer), c->answer.len};
    q->call = NULL;
    c->question = NULL;
    if (link_resume(&plugin->worker->link, &m, q, &e) < 0)
        link_kill(&plugin->worker->link, "could not be told an answer, as it takes in nothing");
    buf_release(&text);
}

/* What the run was told, for its record. Hooks have none. */
static void record(const struct call *c, const struct error *why)
{
    struct tick *tick = tick_of(c->question);

    if (c->question->expected != MESSAGE_DECIDED)
        return;
    if (tick->db_trace == NULL)
        tick->db_trace = db_trace_new();
    db_trace_add(tick->db_trace, (struct text){c->request, c->request_len},
                 (struct text){buf_text(&c->answer), c->answer.len}, why);
    db_trace_span(tick->db_trace, c->begin_us, now_us(), why != NULL);
}

static void answer(struct call *c, const struct error *why, bool ends)
{
    if (c->question == NULL)
        return;
    record(c, why);
    send_result(c, why, ends);
}

static void count(struct call *c)
{
    struct db_stats *stats = &c->db->stats;
    const struct error *e = &c->task.error;

    stats->calls++;
    if (e->code != ERROR_NONE) {
        stats->errors++;
        snprintf(stats->last_error, sizeof stats->last_error, "%.300s", e->message);
    }
    if (!c->task.refused) {
        double us = (double)(clock_mono_ns(&c->db->engine->clock) - c->task.began_ns) / 1000;
        stats->latency_us = stats->latency_us > 0 ? (7 * stats->latency_us + us) / 8 : us;
    }
}

static void free_call(struct call *c)
{
    buf_release(&c->answer);
    free(c->request);
    free(c);
}

static void garbled(struct call *c)
{
    struct link *link = &tick_of(c->question)->plugin->worker->link;

    link->violator = c->run;
    c->question->call = NULL; /* it is lost with its worker */
    link_kill(link, "broke the protocol and was killed: a 'db_call' that is no JSON object");
}

static void done(struct db_task *task)
{
    struct call *c = (struct call *)task;

    count(c);
    if (c->question != NULL && c->garbled)
        garbled(c);
    else
        answer(c, task->error.code != ERROR_NONE ? &task->error : NULL, false);
    free_call(c);
}

/* ---- the question ---- */

static struct call *call_new(struct question *q, const struct message_db_call *m,
                             struct db_tables *db)
{
    struct call *c = mem_zero(1, sizeof *c);

    c->db = db;
    c->question = q;
    c->run = m->run;
    c->number = m->call;
    c->request = mem_strndup(m->json.data, m->json.len);
    c->request_len = m->json.len;
    c->begin_us = now_us();
    c->task.work = work;
    c->task.done = done;
    c->task.limit_ms = db->engine->origin->config.limits.db_ms;
    buf_init(&c->answer, db->engine->origin->config.limits.db_bytes);
    q->call = c;
    return c;
}

static bool is_late(const struct engine *engine, const struct question *q)
{
    return clock_mono_ns(&engine->clock) - q->since_ns >
           engine->blueprint->config.limits.wall_ms * 1000000;
}

static void end_late(const struct engine *engine, struct call *c)
{
    struct error why = ERROR_INIT;

    error_set(&why, ERROR_DEADLINE, "waited for its tables for more than %lld ms in all",
              (long long)engine->blueprint->config.limits.wall_ms);
    answer(c, &why, true);
}

int db_called(struct question *q, const struct message_db_call *m, struct error *e)
{
    struct plugin *plugin = tick_of(q)->plugin;
    struct error why = ERROR_INIT;
    struct call *c;

    if (plugin->tables == NULL)
        return error_set(e, ERROR_PROTOCOL, "'db_call' of a plugin that has no tables");
    if (m->call == 1)
        q->since_ns = clock_mono_ns(&plugin->engine->clock);
    c = call_new(q, m, plugin->tables);
    if (is_late(plugin->engine, q)) {
        end_late(plugin->engine, c);
        free_call(c);
    } else if (db_lane_refuses(plugin->tables->lane, &why)) {
        c->task.refused = true;
        c->task.error = why;
        done(&c->task);
    } else {
        db_push(plugin->tables->lane, &c->task);
    }
    return 0;
}

void db_lost(struct question *q)
{
    struct call *c = q->call;

    if (c != NULL)
        c->question = NULL;
    q->call = NULL;
    if (q->expected == MESSAGE_DECIDED) { /* it begins anew */
        struct tick *tick = (struct tick *)q;
        db_trace_free(tick->db_trace);
        tick->db_trace = NULL;
    }
}

/* ---- the watchdog ---- */

static void watch_member(struct crew_member *member)
{
    for (struct question *q = member->link.loose; q != NULL; q = q->next)
        if (q->call != NULL && is_late(member->engine, q))
            end_late(member->engine, q->call);
}

void db_watch(struct engine *engine)
{
    for (size_t i = 0; i < engine->crew_count; i++)
        watch_member(&engine->crew[i]);
    db_pool_watch(engine->db_pool);
}

/* ---- replays ---- */

static bool may_wait(struct question *q)
{
    return (q->expected == MESSAGE_DECIDED || q->expected == MESSAGE_HOOKED) &&
           tick_of(q)->plugin->tables != NULL;
}

bool db_holds(const struct plugin *plugin)
{
    const struct link *link = &plugin->worker->link;

    if (!plugin->engine->data_clock || plugin->engine->db_pool == NULL)
        return false;
    if (link->loose != NULL || (plugin->tables != NULL && link->outstanding > 0))
        return true;
    for (struct question *q = link->first; q != NULL; q = q->next)
        if (may_wait(q))
            return true;
    return false;
}

json_t *db_calls_status(const struct plugin *plugin)
{
    const struct db_tables *db = plugin->tables;
    const struct db_stats *stats = db ? &db->stats : NULL;
    json_t *o;

    if (db == NULL)
        return json_null();
    o = json_pack("{s:s, s:I, s:I, s:I, s:I}", "url", db->label, "calls", (json_int_t)stats->calls,
                  "errors", (json_int_t)stats->errors, "latency_us", (json_int_t)stats->latency_us,
                  "waiting", (json_int_t)db_lane_depth(db->lane));
    json_object_set_new(o, "last_error",
                        stats->last_error[0] ? json_string(stats->last_error) : json_null());
    return o;
}
