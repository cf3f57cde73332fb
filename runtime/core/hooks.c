/*
 * Hooks: on_executed and on_error, called after the outcome (see hand_in() in life.c for when that
 * may be ahead of the disk), isolated from each other and from the next tick. What a hook writes to
 * ctx.state is committed like a tick's writes. Hooks run at least once: one that was under way when
 * its worker died is sent again, unless it was the cause.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "core/ending.h"
#include "core/engine.h"
#include "core/leases.h"
#include "core/outbox.h"
#include "model/value.h"

struct hook {
    struct question question; /* first */
    struct hook *next;        /* waiting for the plugin to be ready */
    struct tick *tick;
    char *result, *error; /* JSON */
    uint32_t suspect;     /* workers lost while it ran */
};

static void hook_end(struct hook *hook)
{
    struct plugin *plugin = hook->tick->plugin;

    plugin->hooking--;
    free(hook->result);
    free(hook->error);
    tick_release(hook->tick);
    free(hook);
    plugin_quiet(plugin);
    plugin_pump(plugin);
}

static void send_hook(struct hook *hook)
{
    struct plugin *plugin = hook->tick->plugin;
    struct message m = {.type = MESSAGE_HOOK};
    struct error e = ERROR_INIT;

    hook->question.expected = MESSAGE_HOOKED;
    hook->question.id = hook->tick->id;
    m.as.hook =
        (struct message_hook){.slot = plugin->slot,
                              .run = hook->tick->id,
                              .now_ms = clock_now_ms(&plugin->engine->clock),
                              .seed = random_mix(hook->tick->seed, 1),
                              .result = {hook->result, strlen(hook->result)},
                              .error = {hook->error, hook->error ? strlen(hook->error) : 0}};
    if (link_send(&plugin->worker->link, &m, &hook->question, &e) < 0)
        hook_end(hook);
}

struct tick *hooks_tick(struct question *question)
{
    return ((struct hook *)question)->tick;
}

static bool can_send(const struct plugin *plugin)
{
    /* A version that is being swapped out still gets its hooks: the swap waits for them. */
    return (plugin->stage == STAGE_READY || plugin->stage == STAGE_SWAPPING) &&
           plugin->worker->link.ready;
}

/* Nothing of this plugin will run any more. */
static bool hopeless(const struct plugin *plugin)
{
    return plugin->stage == STAGE_BROKEN || plugin->stage == STAGE_STANDBY ||
           plugin->health == QUARANTINED || (plugin->removed && plugin->stage == STAGE_DOWN);
}

static void wait_for_plugin(struct hook *hook)
{
    struct hook **place = &hook->tick->plugin->hooks;

    while (*place != NULL)
        place = &(*place)->next;
    hook->next = NULL;
    *place = hook;
}

void hooks_run(struct tick *tick, struct run *run)
{
    struct hook *hook = mem_zero(1, sizeof *hook);
    json_t *error;
    json_t *result = ending_result(run, &error);

    hook->tick = tick;
    hook->result = value_text(result);
    hook->error = error ? value_text(error) : NULL;
    json_decref(result);
    json_decref(error);
    tick->plugin->hooking++;
    tick->plugin->hooks_begun++;
    if (can_send(tick->plugin))
        send_hook(hook);
    else if (hopeless(tick->plugin))
        hook_end(hook);
    else
        wait_for_plugin(hook);
}

void hooks_waiting(struct plugin *plugin)
{
    bool end = hopeless(plugin);
    struct hook *hook = plugin->hooks;

    if (!end && !can_send(plugin))
        return;
    plugin->hooks = NULL;
    while (hook != NULL) {
        struct hook *next = hook->next;
        if (end)
            hook_end(hook);
        else
            send_hook(hook);
        hook = next;
    }
}

static void committed(struct commit *c, struct engine *engine)
{
    struct hook *hook = c->arg;

    (void)engine;
    if (c->fenced)
        leases_lost(hook->tick->plugin);
    commit_free(c);
    hook_end(hook);
}

static void log_hook(const struct hook *hook, const struct message_hooked *m)
{
    const struct log *log = hook->tick->plugin->engine->log;
    char id[ID_TEXT_SIZE];

    id_format(hook->tick->id, id);
    for (size_t i = 0; i < m->log_count; i++)
        log_write(log, (enum log_level)m->logs[i].level, m->logs[i].message, "plugin",
                  hook->tick->plugin->name, "run", id, NULL);
    if (m->failure.code != NULL)
        log_write(log, LOG_WARN, "a hook failed", "plugin", hook->tick->plugin->name, "run", id,
                  "error", m->failure.message, NULL);
}

int hooks_answered(struct question *question, const struct message_hooked *m, struct error *e)
{
    struct hook *hook = (struct hook *)question;
    struct plugin *plugin = hook->tick->plugin;
    struct commit *c;

    for (size_t i = 0; i < m->write_count; i++) {
        json_t *value;
        if (m->writes[i].value == NULL)
            continue;
        value = value_parse(m->writes[i].value, m->writes[i].value_len, LIMIT_STATE_BYTES, e);
        if (value == NULL) {
            hook_end(hook);
            return -1;
        }
        json_decref(value);
    }
    log_hook(hook, m);
    if (m->write_count == 0) {
        hook_end(hook);
        return 0;
    }
    c = commit_new(plugin->state, committed, hook);
    memcpy(c->plugin, plugin->name, sizeof c->plugin);
    c->fence = plugin->token;
    write_set_copy(&c->writes, m->writes, m->write_count);
    outbox_outdate(plugin, &c->writes);
    commits_push(c);
    return 0;
}

/* Called for the later questions first: each goes before those that wait already. */
void hooks_lost(struct question *question, bool culprit, bool suspect, const char *why)
{
    struct hook *hook = (struct hook *)question;
    struct plugin *plugin = hook->tick->plugin;

    if (culprit || (suspect && ++hook->suspect >= SUSPECT_MAX)) {
        hook_end(hook);
        plugin_quarantine(plugin, why);
    } else if (hopeless(plugin)) {
        hook_end(hook);
    } else {
        hook->next = plugin->hooks;
        plugin->hooks = hook;
    }
}
