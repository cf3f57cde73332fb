/* The calls of a plugin: decide() and the hooks, from the beginning to the end, and in between put
 * aside while ctx.db waits for an answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bindings/convert.h"
#include "bindings/plugin_impl.h"
#include "model/kv.h"
#include "model/value.h"
#include "vm/vm.h"

static struct plugin_call *call_new(struct plugin *plugin, const struct plugin_tick *tick,
                                    struct decision *out)
{
    struct plugin_call *call = plugin->spare;

    if (call != NULL)
        plugin->spare = call->next;
    else
        call = mem_zero(1, sizeof *call);
    call->plugin = plugin;
    call->part = CALL_DECIDE;
    call->tick = *tick;
    call->result = call->error = NULL;
    call->out = out;
    call->kept = false;
    call->request = NULL;
    call->answer = NULL;
    return call;
}

static void forget_request(struct plugin_call *call)
{
    free(call->request);
    json_decref(call->answer);
    call->request = NULL;
    call->answer = NULL;
}

static void call_release(struct plugin_call *call)
{
    forget_request(call);
    if (!call->kept)
        return;
    for (size_t i = 0; i < sizeof call->texts / sizeof call->texts[0]; i++)
        free(call->texts[i]);
    snapshots_free(call->tick.markets);
    snapshots_free(call->tick.vaults);
    snapshot_release(&call->last);
}

static void free_list(struct plugin_call *call, bool release)
{
    while (call != NULL) {
        struct plugin_call *next = call->next;
        if (release)
            call_release(call);
        free(call);
        call = next;
    }
}

void plugin_calls_release(struct plugin *plugin)
{
    free_list(plugin->waiting, true);
    free_list(plugin->spare, false);
}

/* ---- the executing call ---- */

static void enter(struct plugin_call *call)
{
    struct plugin *plugin = call->plugin;

    plugin->call = call;
    plugin->serial = call->serial;
    plugin->is_running = true;
    plugin->is_hook = call->part != CALL_DECIDE;
    plugin->tick = &call->tick;
    plugin->out = call->out;
}

static void leave(struct plugin *plugin)
{
    plugin->call = NULL;
    plugin->is_running = false;
    plugin->tick = NULL;
    plugin->out = NULL;
    host_drop(&plugin->host);
}

struct snapshot *plugin_call_last(struct plugin *plugin)
{
    return plugin->call->kept ? &plugin->call->last : &plugin->last;
}

/* ---- one part: decide() or a hook ---- */

static int push_ctx(lua_State *L)
{
    ctx_push(L, lua_touserdata(L, 1));
    return 1;
}

static int read_decision(lua_State *L)
{
    struct plugin *plugin = lua_touserdata(L, 1);

    decision_read(L, 1, plugin->out);
    return 0;
}

/* The second argument of the hook being called is in the box. */
static int push_hook_arguments(lua_State *L)
{
    struct plugin *plugin = lua_touserdata(L, 1);
    json_t *argument = plugin->host.held;

    ctx_push(L, plugin);
    if (argument != NULL)
        convert_push(L, argument);
    else
        lua_pushnil(L);
    return 2;
}

static int ignore_results(lua_State *L)
{
    (void)L;
    return 0;
}

static const char *part_name(const struct plugin_call *call)
{
    static const char *const names[] = {
        [CALL_DECIDE] = "decide", [CALL_ON_EXECUTED] = "on_executed", [CALL_ON_ERROR] = "on_error"};

    return names[call->part];
}

static void hold_argument(struct plugin_call *call)
{
    const char *json = call->part == CALL_ON_EXECUTED ? call->result : call->error;
    size_t len = call->part == CALL_ON_EXECUTED ? call->result_len : call->error_len;

    host_hold(&call->plugin->host, value_parse(json, len, len, NULL));
}

static int begin_part(struct plugin_call *call, struct error *e)
{
    struct plugin *plugin = call->plugin;
    bool is_hook = call->part != CALL_DECIDE;
    struct vm_call vm = {.field = part_name(call),
                         .push = is_hook ? push_hook_arguments : push_ctx,
                         .read = is_hook ? ignore_results : read_decision,
                         .arg = plugin,
                         .seed = call->tick.seed};

    call->serial = ++plugin->serials;
    enter(call);
    kv_mark(plugin->kv);
    if (is_hook)
        hold_argument(call);
    return vm_begin(plugin->host.vm, &vm, &call->run, e);
}

static void fail_decide(struct plugin_call *call, const struct error *e)
{
    struct decision *out = call->out;

    out->outcome = DECISION_FAILED;
    out->failure = *e;
    buf_clear(&out->actions);
    if (e->code == ERROR_DEADLINE)
        kv_undo(call->plugin->kv);
}

static void fail_hook(struct plugin_call *call, const struct error *e)
{
    struct decision *out = call->out;
    char text[1200], line[1300];
    int len;

    if (out->failure.code == ERROR_NONE) {
        out->failure = *e;
        error_prefix(&out->failure, "%s: ", part_name(call));
        return;
    }
    error_format(e, text, sizeof text);
    len = snprintf(line, sizeof line, "%s failed too: %s", part_name(call), text);
    plugin_log(call->plugin, LOG_ERROR, line, (size_t)len, NULL);
}

static void end_part(struct plugin_call *call, int result, struct error *e)
{
    struct plugin *plugin = call->plugin;

    call->out->cpu_us += vm_last_cpu_us(plugin->host.vm);
    if (result < 0)
        error_locate(e, plugin->file, 0);
    if (call->part == CALL_DECIDE) {
        if (result < 0)
            fail_decide(call, e);
    } else {
        if (result < 0)
            fail_hook(call, e);
        if (e->code == ERROR_DEADLINE)
            kv_undo(plugin->kv);
        else
            kv_merge(plugin->kv);
    }
    leave(plugin);
}

/* ---- waiting ---- */

static void own_text(char **copy, const char **text, size_t len)
{
    if (*text != NULL)
        *text = *copy = mem_strndup(*text, len);
}

/* What the call was given belongs to others, who will not wait. */
static void keep(struct plugin_call *call)
{
    struct plugin_tick *tick = &call->tick;

    if (call->kept)
        return;
    call->kept = true;
    memset(call->texts, 0, sizeof call->texts);
    memset(&call->last, 0, sizeof call->last);
    own_text(&call->texts[0], &tick->topic, tick->topic ? strlen(tick->topic) : 0);
    own_text(&call->texts[1], &tick->payload, tick->payload_len);
    own_text(&call->texts[2], &tick->closures, tick->closures_len);
    own_text(&call->texts[3], &call->result, call->result_len);
    own_text(&call->texts[4], &call->error, call->error_len);
    tick->markets = snapshots_share(tick->markets, NULL);
    tick->vaults = snapshots_share(tick->vaults, call->plugin->vault);
    snapshot_share(&call->plugin->last, &call->last);
}

static struct plugin_call *put_aside(struct plugin_call *call)
{
    struct plugin *plugin = call->plugin;

    keep(call);
    call->writes = kv_put_aside(plugin->kv);
    call->written = plugin->written;
    leave(plugin);
    call->next = plugin->waiting;
    plugin->waiting = call;
    return call;
}

static void take_up(struct plugin_call *call)
{
    struct plugin_call **place = &call->plugin->waiting;

    while (*place != call)
        place = &(*place)->next;
    *place = call->next;
    kv_take_up(call->plugin->kv, call->writes);
    call->out->reads.mixed |= call->written != call->plugin->written;
    forget_request(call);
    enter(call);
}

/* ---- from part to part ---- */

static bool next_part(struct plugin_call *call)
{
    if (call->part != CALL_ON_EXECUTED || !call->plugin->has_on_error || call->error == NULL)
        return false;
    call->part = CALL_ON_ERROR;
    return true;
}

/* `result` is of the present part, as of vm_begin() and vm_resume(). */
static struct plugin_call *advance(struct plugin_call *call, int result, struct error *e)
{
    struct plugin *plugin = call->plugin;

    while (result != VM_WAITS) {
        end_part(call, result, e);
        if (!next_part(call)) {
            call_release(call);
            call->next = plugin->spare;
            plugin->spare = call;
            return NULL;
        }
        error_clear(e);
        result = begin_part(call, e);
    }
    return put_aside(call);
}

static struct plugin_call *begin(struct plugin_call *call)
{
    struct error e = ERROR_INIT;

    kv_sweep(call->plugin->kv, call->tick.now_ms);
    return advance(call, begin_part(call, &e), &e);
}

struct plugin_call *plugin_decide(struct plugin *plugin, const struct plugin_tick *tick,
                                  struct decision *out)
{
    decision_clear(out);
    out->reads.wanted = tick->wants_reads;
    return begin(call_new(plugin, tick, out));
}

struct plugin_call *plugin_hook(struct plugin *plugin, const struct plugin_tick *tick,
                                const char *result, size_t result_len, const char *error,
                                size_t error_len, struct decision *out)
{
    bool on_error = plugin->has_on_error && error != NULL;
    struct plugin_call *call;

    decision_clear(out);
    if (!plugin->has_on_executed && !on_error)
        return NULL;
    call = call_new(plugin, tick, out);
    call->result = result;
    call->result_len = result_len;
    call->error = error;
    call->error_len = error_len;
    call->part = plugin->has_on_executed ? CALL_ON_EXECUTED : CALL_ON_ERROR;
    return begin(call);
}

const char *plugin_call_request(const struct plugin_call *call, size_t *len)
{
    *len = call->request_len;
    return call->request;
}

struct plugin_call *plugin_resume(struct plugin_call *call, json_t *answer,
                                  const struct error *failure)
{
    struct error e = ERROR_INIT;

    take_up(call);
    call->answer = answer;
    if (answer == NULL)
        call->failure = *failure;
    return advance(call, vm_resume(call->run, &e), &e);
}

struct plugin_call *plugin_abandon(struct plugin_call *call, const struct error *why)
{
    struct error e = *why;

    take_up(call);
    vm_abandon(call->run);
    return advance(call, -1, &e);
}

/* ---- for ctx.db ---- */

int plugin_call_ask(lua_State *L, struct plugin *plugin, char *request, size_t len,
                    lua_KContext context, lua_KFunction then)
{
    plugin->call->request = request;
    plugin->call->request_len = len;
    return vm_wait(L, context, then);
}

const json_t *plugin_call_answer(struct plugin *plugin, struct error *e)
{
    struct plugin_call *call = plugin->call;
    json_t *answer = call->answer;

    if (answer == NULL) {
        *e = call->failure;
        return NULL;
    }
    call->answer = NULL;
    return host_hold(&plugin->host, answer);
}
