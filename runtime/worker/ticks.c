/* Ticks and hooks: from the message to the plugin and back, with the status page told in between,
 * and the ctx.db calls on the way. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/spawn.h"
#include "model/kv.h"
#include "model/value.h"
#include "worker/server_impl.h"

void server_page_begin(struct status_page *page, uint64_t run)
{
    page->run = run;
    page->calls++;
}

void server_page_end(struct status_page *page)
{
    page->run = 0;
}

/* Valid UTF-8 whatever is in `text`: a message cut in the middle of a character would cost us our
 * life. */
static const char *inert(char *out, size_t size, const char *text)
{
    struct buf b;

    buf_init(&b, size - 1);
    text_add_inert(&b, text, strlen(text), size - 1);
    memcpy(out, buf_text(&b), b.len + 1);
    buf_release(&b);
    return out;
}

void server_failure(struct server *server, struct message_failure *out, const struct error *e)
{
    *out = (struct message_failure){.code = NULL};
    if (e->code == ERROR_NONE)
        return;
    out->code = error_name(e->code);
    out->message = inert(server->failure_message, sizeof server->failure_message, e->message);
    if (e->where[0] != '\0')
        out->where = inert(server->failure_where, sizeof server->failure_where, e->where);
    out->line = e->line;
}

static size_t collect_logs(struct server *server, const struct decision *decision)
{
    if (decision->log_count > server->logs_cap) {
        server->logs = mem_resize(server->logs, decision->log_count * sizeof *server->logs);
        server->logs_cap = decision->log_count;
    }
    for (size_t i = 0; i < decision->log_count; i++) {
        const struct decision_log *line = decision_log_at(decision, i);
        server->logs[i] =
            (struct message_log){.level = (uint32_t)line->level, .message = line->message};
        if (line->fields != NULL)
            server->logs[i].fields = (struct text){line->fields, strlen(line->fields)};
    }
    return decision->log_count;
}

static struct text collect_reads(struct server *server, const struct decision *decision)
{
    buf_clear(&server->reads);
    reads_write(&decision->reads, &server->reads);
    if (server->reads.len == 0)
        return (struct text){NULL, 0};
    return (struct text){server->reads.data, server->reads.len};
}

static size_t collect_writes(struct server *server, const struct kv *kv)
{
    size_t count = kv_write_count(kv);

    if (count > server->writes_cap) {
        server->writes = mem_resize(server->writes, count * sizeof *server->writes);
        server->writes_cap = count;
    }
    for (size_t i = 0; i < count; i++)
        server->writes[i] = kv_write_at(kv, i);
    return count;
}

static void fill_decided(struct server *server, const struct job *job, struct message_decided *out,
                         const struct kv *kv)
{
    static const enum decided_outcome outcomes[] = {[DECISION_NOOP] = DECIDED_NOOP,
                                                    [DECISION_ACTIONS] = DECIDED_ACTIONS,
                                                    [DECISION_FAILED] = DECIDED_FAILED};
    const struct decision *decision = &job->decision;

    out->run = job->run;
    out->outcome = outcomes[decision->outcome];
    out->reason = decision->outcome == DECISION_NOOP ? decision->reason : NULL;
    out->actions = (struct text){NULL, 0};
    if (decision->outcome == DECISION_ACTIONS)
        out->actions = (struct text){decision->actions.data, decision->actions.len};
    server_failure(server, &out->failure, &decision->failure);
    out->cpu_us = decision->cpu_us;
    out->write_count = kv ? collect_writes(server, kv) : 0;
    out->writes = server->writes;
    out->log_count = collect_logs(server, decision);
    out->logs = server->logs;
    out->logs_dropped = decision->logs_dropped;
    out->state_keys = kv ? (uint32_t)kv_count(kv) : 0;
    out->reads = collect_reads(server, decision);
}

static void fill_hooked(struct server *server, const struct job *job, struct message_hooked *out,
                        const struct kv *kv)
{
    const struct decision *decision = &job->decision;

    out->run = job->run;
    server_failure(server, &out->failure, &decision->failure);
    out->cpu_us = decision->cpu_us;
    out->write_count = kv ? collect_writes(server, kv) : 0;
    out->writes = server->writes;
    out->log_count = collect_logs(server, decision);
    out->logs = server->logs;
    out->logs_dropped = decision->logs_dropped;
}

static int encode_answer(struct server *server, const struct job *job, const struct kv *kv,
                         struct buf *out, struct error *e)
{
    server->answer.type = job->is_hook ? MESSAGE_HOOKED : MESSAGE_DECIDED;
    if (job->is_hook)
        fill_hooked(server, job, &server->answer.as.hooked, kv);
    else
        fill_decided(server, job, &server->answer.as.decided, kv);
    return message_encode(out, &server->answer, e);
}

/* One too large for a message fails as a whole and leaves nothing behind. */
static int answer(struct server *server, struct slot *slot, struct job *job, struct buf *out,
                  struct error *e)
{
    struct kv *kv = plugin_state(slot->plugin);
    struct error why = ERROR_INIT;

    if (encode_answer(server, job, kv, out, &why) == 0) {
        kv_accept(kv);
        return 0;
    }
    kv_undo(kv);
    decision_clear(&job->decision);
    job->decision.outcome = DECISION_FAILED;
    job->decision.failure = why;
    return encode_answer(server, job, NULL, out, e);
}

/* ---- jobs ---- */

static struct job *job_take(struct server *server, uint64_t run, bool is_hook)
{
    struct job *job = server->spare;

    if (job != NULL) {
        server->spare = job->next;
    } else {
        job = mem_zero(1, sizeof *job);
        decision_init(&job->decision);
    }
    job->run = run;
    job->is_hook = is_hook;
    job->calls = 0;
    job->call = NULL;
    job->cpu_ns = 0;
    return job;
}

static void job_give_back(struct server *server, struct job *job)
{
    job->next = server->spare;
    server->spare = job;
}

void server_drop_waiting(struct server *server, struct slot *slot)
{
    while (slot->waiting != NULL) {
        struct job *job = slot->waiting;
        slot->waiting = job->next;
        job_give_back(server, job);
    }
}

void server_free_spare(struct server *server)
{
    while (server->spare != NULL) {
        struct job *job = server->spare;
        server->spare = job->next;
        decision_release(&job->decision);
        free(job);
    }
}

/* What the store holds for the plugin cannot be used: say so at each tick, run nothing. */
static bool refuse_broken(const struct slot *slot, struct job *job)
{
    if (slot->broken_key == NULL)
        return false;
    decision_clear(&job->decision);
    job->decision.outcome = DECISION_FAILED;
    job->decision.failure = slot->broken;
    return true;
}

/* One system call, permitted in the jail: what a decide() costs is worth knowing exactly. */
static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Around each part of a job: `job->call` is set in between. What hooks cost is known to the grain
 * of the vm's timer. */
static int64_t part_begins(struct server *server, const struct job *job)
{
    server_page_begin(server->page, job->run);
    return job->is_hook ? 0 : cpu_ns();
}

static void part_ends(struct server *server, struct job *job, int64_t start)
{
    server_page_end(server->page);
    if (job->is_hook)
        return;
    job->cpu_ns += cpu_ns() - start;
    job->decision.cpu_us = (uint32_t)(job->cpu_ns / 1000);
}

/* More calls than a run may make: it is told so, for as long as its time lasts. */
static void refuse_calls(struct server *server, struct job *job)
{
    struct error why = ERROR_INIT;
    int64_t start = part_begins(server, job);

    error_set(&why, ERROR_LIMIT, "expected at most %d calls in one run, got more", LIMIT_DB_CALLS);
    while (job->call != NULL)
        job->call = plugin_resume(job->call, NULL, &why);
    part_ends(server, job, start);
}

static int send_call(struct server *server, struct slot *slot, struct job *job, struct buf *out,
                     struct error *e)
{
    struct message_db_call *m = &server->answer.as.db_call;

    server->answer.type = MESSAGE_DB_CALL;
    m->run = job->run;
    m->call = ++job->calls;
    m->json.data = plugin_call_request(job->call, &m->json.len);
    job->next = slot->waiting;
    slot->waiting = job;
    return message_encode(out, &server->answer, e);
}

/* After a part: the answer, or the next question. */
static int go_on(struct server *server, struct slot *slot, struct job *job, struct buf *out,
                 struct error *e)
{
    int result;

    if (job->call != NULL && job->calls >= LIMIT_DB_CALLS)
        refuse_calls(server, job);
    if (job->call != NULL)
        return send_call(server, slot, job, out, e);
    result = answer(server, slot, job, out, e);
    job_give_back(server, job);
    return result;
}

/* ---- the messages ---- */

static void run_decide(struct server *server, struct slot *slot, struct job *job)
{
    const struct message_tick *in = &server->in.as.tick;
    struct plugin_tick tick = {.run = in->run,
                               .now_ms = in->now_ms,
                               .seed = in->seed,
                               .is_dry_run = in->dry_run,
                               .trigger = in->trigger,
                               .topic = in->topic,
                               .payload = in->payload.data,
                               .payload_len = in->payload.len,
                               .scheduled_ms = in->scheduled_ms,
                               .closures = in->closures.data,
                               .closures_len = in->closures.len,
                               .markets = server->markets,
                               .vaults = server->vaults,
                               .wants_reads = in->wants_reads};
    int64_t start = part_begins(server, job);

    job->call = plugin_decide(slot->plugin, &tick, &job->decision);
    part_ends(server, job, start);
}

static int check_bound(const struct slot *slot, const char *what, struct error *e)
{
    if (slot->plugin != NULL && plugin_is_bound(slot->plugin))
        return 0;
    return error_set(e, ERROR_PROTOCOL, "a %s for slot %u, which is not bound", what, slot->id);
}

int server_tick(struct server *server, struct slot *slot, struct buf *out, struct error *e)
{
    struct job *job;

    if (check_bound(slot, "tick", e) < 0)
        return -1;
    job = job_take(server, server->in.as.tick.run, false);
    if (!refuse_broken(slot, job))
        run_decide(server, slot, job);
    return go_on(server, slot, job, out, e);
}

static void run_hook(struct server *server, struct slot *slot, struct job *job)
{
    const struct message_hook *in = &server->in.as.hook;
    struct plugin_tick tick = {.run = in->run,
                               .now_ms = in->now_ms,
                               .seed = in->seed,
                               .markets = server->markets,
                               .vaults = server->vaults};
    int64_t start = part_begins(server, job);

    job->call = plugin_hook(slot->plugin, &tick, in->result.data, in->result.len, in->error.data,
                            in->error.len, &job->decision);
    part_ends(server, job, start);
}

int server_hook(struct server *server, struct slot *slot, struct buf *out, struct error *e)
{
    struct job *job;

    if (check_bound(slot, "hook", e) < 0)
        return -1;
    job = job_take(server, server->in.as.hook.run, true);
    if (!refuse_broken(slot, job))
        run_hook(server, slot, job);
    return go_on(server, slot, job, out, e);
}

/* Takes the job out of the slot's; NULL: none waits for this. */
static struct job *take_waiting(struct slot *slot, uint64_t run, uint32_t call)
{
    struct job **place = &slot->waiting, *job;

    while (*place != NULL && ((*place)->run != run || (*place)->calls != call))
        place = &(*place)->next;
    job = *place;
    if (job != NULL)
        *place = job->next;
    return job;
}

static int read_result(const struct message_db_result *in, json_t **json, struct error *why,
                       struct error *e)
{
    *json = NULL;
    if (in->failure.code != NULL)
        return error_set(why, error_from_name(in->failure.code), "%s", in->failure.message), 0;
    if (in->json.data == NULL || in->ends)
        return error_set(e, ERROR_PROTOCOL, "a 'db_result' without a result");
    *json = value_parse(in->json.data, in->json.len, in->json.len, e);
    return *json ? 0 : -1;
}

int server_db_result(struct server *server, struct slot *slot, struct buf *out, struct error *e)
{
    const struct message_db_result *in = &server->in.as.db_result;
    struct job *job = take_waiting(slot, in->run, in->call);
    struct error why = ERROR_INIT;
    int64_t start;
    json_t *json;

    if (job == NULL)
        return error_set(e, ERROR_PROTOCOL, "a 'db_result' that nobody waits for");
    if (read_result(in, &json, &why, e) < 0) {
        job->next = slot->waiting;
        slot->waiting = job;
        return -1;
    }
    start = part_begins(server, job);
    if (in->ends)
        job->call = plugin_abandon(job->call, &why);
    else
        job->call = plugin_resume(job->call, json, &why);
    part_ends(server, job, start);
    return go_on(server, slot, job, out, e);
}
