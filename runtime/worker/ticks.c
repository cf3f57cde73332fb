/* Ticks and hooks: from the message to the plugin and back, with the status page told in between.
 */
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/spawn.h"
#include "model/kv.h"
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

static size_t collect_logs(const struct decision *decision, struct message_log *logs)
{
    for (size_t i = 0; i < decision->log_count; i++) {
        const struct decision_log *line = &decision->logs[i];
        logs[i] = (struct message_log){.level = (uint32_t)line->level, .message = line->message};
        if (line->fields != NULL)
            logs[i].fields = (struct text){line->fields, strlen(line->fields)};
    }
    return decision->log_count;
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

static void fill_decided(struct server *server, struct message_decided *out, uint64_t run,
                         const struct kv *kv)
{
    static const enum decided_outcome outcomes[] = {[DECISION_NOOP] = DECIDED_NOOP,
                                                    [DECISION_ACTIONS] = DECIDED_ACTIONS,
                                                    [DECISION_FAILED] = DECIDED_FAILED};
    const struct decision *decision = &server->decision;

    out->run = run;
    out->outcome = outcomes[decision->outcome];
    out->reason = decision->outcome == DECISION_NOOP ? decision->reason : NULL;
    out->actions = (struct text){NULL, 0};
    if (decision->outcome == DECISION_ACTIONS)
        out->actions = (struct text){decision->actions.data, decision->actions.len};
    server_failure(server, &out->failure, &decision->failure);
    out->cpu_us = decision->cpu_us;
    out->write_count = kv ? collect_writes(server, kv) : 0;
    out->writes = server->writes;
    out->log_count = collect_logs(decision, out->logs);
    out->logs_dropped = decision->logs_dropped;
    out->state_keys = kv ? (uint32_t)kv_count(kv) : 0;
}

/* Too large for a message: the tick fails as a whole and leaves nothing behind. */
static int send_oversized(struct server *server, uint64_t run, struct kv *kv, struct error *why,
                          struct buf *out, struct error *e)
{
    struct decision *decision = &server->decision;

    kv_undo(kv);
    decision_clear(decision);
    decision->outcome = DECISION_FAILED;
    decision->failure = *why;
    fill_decided(server, &server->answer.as.decided, run, NULL);
    return message_encode(out, &server->answer, e);
}

/* What the store holds for the plugin cannot be used: say so at each tick, run nothing. */
static bool refuse_broken(struct server *server, const struct slot *slot)
{
    if (slot->broken_key == NULL)
        return false;
    decision_clear(&server->decision);
    server->decision.outcome = DECISION_FAILED;
    server->decision.failure = slot->broken;
    return true;
}

/* One system call, permitted in the jail: what a decide() costs is worth knowing exactly. */
static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void run_decide(struct server *server, struct slot *slot, const struct message_tick *in)
{
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
                               .vaults = server->vaults};

    int64_t start = cpu_ns();

    server_page_begin(server->page, in->run);
    plugin_decide(slot->plugin, &tick, &server->decision);
    server_page_end(server->page);
    server->decision.cpu_us = (uint32_t)((cpu_ns() - start) / 1000);
}

int server_tick(struct server *server, struct slot *slot, struct buf *out, struct error *e)
{
    const struct message_tick *in = &server->in.as.tick;
    struct error why = ERROR_INIT;
    struct kv *kv;

    if (slot->plugin == NULL || !plugin_is_bound(slot->plugin))
        return error_set(e, ERROR_PROTOCOL, "a tick for slot %u, which is not bound", slot->id);
    kv = plugin_state(slot->plugin);
    if (!refuse_broken(server, slot))
        run_decide(server, slot, in);
    server->answer.type = MESSAGE_DECIDED;
    fill_decided(server, &server->answer.as.decided, in->run, kv);
    if (message_encode(out, &server->answer, &why) < 0)
        return send_oversized(server, in->run, kv, &why, out, e);
    kv_accept(kv);
    return 0;
}

static void run_hook(struct server *server, struct slot *slot, const struct message_hook *in)
{
    struct plugin_tick tick = {.run = in->run,
                               .now_ms = in->now_ms,
                               .seed = in->seed,
                               .markets = server->markets,
                               .vaults = server->vaults};

    server_page_begin(server->page, in->run);
    plugin_hook(slot->plugin, &tick, in->result.data, in->result.len, in->error.data, in->error.len,
                &server->decision);
    server_page_end(server->page);
}

static void fill_hooked(struct server *server, struct message_hooked *out, uint64_t run,
                        const struct kv *kv)
{
    const struct decision *decision = &server->decision;

    out->run = run;
    server_failure(server, &out->failure, &decision->failure);
    out->cpu_us = decision->cpu_us;
    out->write_count = kv ? collect_writes(server, kv) : 0;
    out->writes = server->writes;
    out->log_count = collect_logs(decision, out->logs);
    out->logs_dropped = decision->logs_dropped;
}

int server_hook(struct server *server, struct slot *slot, struct buf *out, struct error *e)
{
    const struct message_hook *in = &server->in.as.hook;
    struct error why = ERROR_INIT;
    struct kv *kv;

    if (slot->plugin == NULL || !plugin_is_bound(slot->plugin))
        return error_set(e, ERROR_PROTOCOL, "a hook for slot %u, which is not bound", slot->id);
    kv = plugin_state(slot->plugin);
    if (!refuse_broken(server, slot))
        run_hook(server, slot, in);
    server->answer.type = MESSAGE_HOOKED;
    fill_hooked(server, &server->answer.as.hooked, in->run, kv);
    if (message_encode(out, &server->answer, &why) == 0) {
        kv_accept(kv);
        return 0;
    }
    kv_undo(kv);
    decision_clear(&server->decision);
    server->decision.failure = why;
    fill_hooked(server, &server->answer.as.hooked, in->run, NULL);
    return message_encode(out, &server->answer, e);
}
