/* A decision in a throw-away worker, given what is on record of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"
#include "core/ending.h"
#include "core/seen.h"
#include "core/session.h"
#include "core/verify_parts.h"
#include "core/versions.h"
#include "model/limits.h"
#include "model/value.h"
#include "stdlib/stdlib.h"

#define SLOT        1
#define PATIENCE    10 /* times the CPU time that the run had: another machine may be slower */
#define SOFT_MAX_MS 60000

struct replayed {
    const struct evidence *ev;
    struct session *session;
    json_t *difference; /* of a call, or NULL */
    size_t calls;
};

static struct text text_of(const char *text)
{
    return (struct text){text, text ? strlen(text) : 0};
}

static const char *string_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static const char *snapshot_of(const struct evidence *ev, const json_t *digest)
{
    const char *name = json_string_value(digest);

    return name ? string_of(ev->snapshots, name) : NULL;
}

/* ---- the code ---- */

static bool add_standard(struct message_modules *m, const char *name)
{
    const struct stdlib_module *modules;
    size_t count;

    modules = stdlib_modules(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(modules[i].name, name) != 0)
            continue;
        m->items[m->count++] = (struct message_module){
            modules[i].name, modules[i].file, {modules[i].source, modules[i].len}};
        return true;
    }
    return false;
}

/* `source` is kept by `owned`. */
static int add_module(struct message_modules *m, const json_t *module, char **owned,
                      struct error *e)
{
    const char *name = string_of(module, "name"), *file = string_of(module, "file");
    size_t len;

    if (name == NULL || m->count >= LIMIT_MODULES)
        return error_set(e, ERROR_STORE_CORRUPT, "the version on record is not what was written");
    *owned = version_source(module, &len);
    if (*owned != NULL)
        m->items[m->count++] = (struct message_module){name, file ? file : name, {*owned, len}};
    else if (!add_standard(m, name))
        return error_set(e, ERROR_NOT_FOUND,
                         "this orrery's standard library has no module '%.60s', which the strategy "
                         "required",
                         name);
    return 0;
}

static int send_modules(const struct replayed *r, struct error *e)
{
    const json_t *modules = json_object_get(r->ev->content, "modules"), *module;
    struct message *m = mem_zero(1, sizeof *m);
    char **owned = mem_zero(json_array_size(modules) + 1, sizeof *owned);
    size_t i;
    int result = 0;

    m->type = MESSAGE_MODULES;
    json_array_foreach(modules, i, module)
    {
        if (result == 0)
            result = add_module(&m->as.modules, module, &owned[i], e);
    }
    if (result == 0)
        result = session_send(r->session, m, e);
    for (i = 0; i < json_array_size(modules); i++)
        free(owned[i]);
    free(owned);
    free(m);
    return result;
}

static uint64_t limit_of(const struct evidence *ev, const char *name, uint64_t usual)
{
    const json_t *limit = json_object_get(json_object_get(ev->seen, "limits"), name);

    return json_is_integer(limit) ? (uint64_t)json_integer_value(limit) : usual;
}

static uint32_t soft_ms(const struct evidence *ev)
{
    uint64_t ms = PATIENCE * limit_of(ev, "soft_ms", LIMIT_SOFT_DEADLINE_MS);

    return ms < SOFT_MAX_MS ? (uint32_t)ms : SOFT_MAX_MS;
}

static int load(const struct replayed *r, struct error *e)
{
    const struct evidence *ev = r->ev;
    struct message q = {.type = MESSAGE_LOAD}, *a;
    size_t len;
    char *source = version_source(ev->content, &len);
    int result;

    q.as.load =
        (struct message_load){.slot = SLOT,
                              .file = string_of(ev->content, "file"),
                              .source = {source, len},
                              .memory = limit_of(ev, "memory", LIMIT_SCRIPT_MEMORY),
                              .soft_ms = soft_ms(ev),
                              .value_bytes = limit_of(ev, "value_bytes", LIMIT_VALUE_BYTES),
                              .state_bytes = limit_of(ev, "state_bytes", LIMIT_STATE_BYTES)};
    if (source == NULL || q.as.load.file == NULL)
        result = error_set(e, ERROR_STORE_CORRUPT, "the version on record is not what was written");
    else
        result = session_ask(r->session, &q, MESSAGE_LOADED, &a, e);
    free(source);
    if (result < 0)
        return -1;
    if (a->as.loaded.failure.code == NULL)
        return 0;
    return error_set(e, ERROR_CONFLICT, "the version that decided cannot be loaded here: %s",
                     a->as.loaded.failure.message);
}

/* ---- what it sees ---- */

static int send_entry(const struct replayed *r, const char *key, size_t key_len, const char *value,
                      struct error *e)
{
    struct message m = {.type = MESSAGE_STATE_ENTRY};

    m.as.state_entry =
        (struct message_state_entry){SLOT, {key, key_len}, {value, strlen(value)}, 0};
    return session_send(r->session, &m, e);
}

/* A key that was there, and that nobody looked into. */
static int send_unread(const struct replayed *r, const json_t *reads, struct error *e)
{
    const json_t *keys = json_object_get(r->ev->seen, "keys"), *key;
    size_t i;

    json_array_foreach(keys, i, key)
    {
        if (json_is_string(key) && json_object_get(reads, json_string_value(key)) == NULL &&
            send_entry(r, json_string_value(key), json_string_length(key), "0", e) < 0)
            return -1;
    }
    return 0;
}

static int send_state(const struct replayed *r, struct error *e)
{
    json_t *reads = json_object_get(r->ev->seen, "reads"), *value;
    const char *key;
    int result = 0;

    json_object_foreach(reads, key, value)
    {
        char *text = value_text(value);
        if (result == 0 && !json_is_null(value))
            result = send_entry(r, key, strlen(key), text, e);
        free(text);
    }
    return result < 0 ? -1 : send_unread(r, reads, e);
}

static int send_market(const struct replayed *r, struct error *e)
{
    json_t *market = json_object_get(r->ev->seen, "market"), *digest;
    const char *feed;
    int result = 0;

    json_object_foreach(market, feed, digest)
    {
        struct message m = {.type = MESSAGE_MARKET};
        m.as.market = (struct message_market){feed, text_of(snapshot_of(r->ev, digest))};
        if (result == 0)
            result = session_send(r->session, &m, e);
    }
    return result;
}

static int send_identity(const struct replayed *r, struct error *e)
{
    const struct evidence *ev = r->ev;
    const char *last = snapshot_of(ev, json_object_get(ev->seen, "last"));
    struct message m = {.type = MESSAGE_VAULT};

    m.as.vault = (struct message_vault){
        string_of(ev->run, "vault"), text_of(snapshot_of(ev, json_object_get(ev->seen, "vault")))};
    if (session_send(r->session, &m, e) < 0)
        return -1;
    m = (struct message){.type = MESSAGE_BIND};
    m.as.bind =
        (struct message_bind){SLOT, string_of(ev->run, "plugin"), string_of(ev->run, "vault"),
                              text_of(snapshot_of(ev, json_object_get(ev->seen, "params")))};
    if (session_send(r->session, &m, e) < 0 || last == NULL)
        return last == NULL ? 0 : -1;
    m = (struct message){.type = MESSAGE_LAST};
    m.as.last = (struct message_last){SLOT, text_of(last)};
    return session_send(r->session, &m, e);
}

static char *text_or_null(const json_t *value)
{
    return value == NULL || json_is_null(value) ? NULL : value_text(value);
}

static int fill_tick(const struct evidence *ev, struct message_tick *t, struct error *e)
{
    const char *trigger = string_of(ev->run, "trigger");

    t->slot = SLOT;
    t->now_ms = json_integer_value(json_object_get(ev->run, "started_ms"));
    t->topic = string_of(ev->run, "topic");
    t->scheduled_ms = json_integer_value(json_object_get(ev->run, "scheduled_ms"));
    t->dry_run = json_is_true(json_object_get(ev->run, "dry_run"));
    if (string_of(ev->run, "id") == NULL || id_parse(string_of(ev->run, "id"), &t->run) < 0 ||
        value_to_u64(json_object_get(ev->run, "seed"), &t->seed) < 0 || trigger == NULL ||
        trigger_kind_parse(trigger, &t->trigger) < 0)
        return error_set(e, ERROR_STORE_CORRUPT, "the run on record is not what was written");
    return 0;
}

static int ask_decision(const struct replayed *r, struct message **answer, struct error *e)
{
    char *payload = text_or_null(json_object_get(r->ev->run, "payload"));
    char *closures = text_or_null(json_object_get(r->ev->seen, "closures"));
    struct message m = {.type = MESSAGE_TICK};
    int result = fill_tick(r->ev, &m.as.tick, e);

    m.as.tick.payload = text_of(payload);
    m.as.tick.closures = text_of(closures);
    if (result == 0)
        result = session_talk(r->session, &m, answer, e);
    free(payload);
    free(closures);
    return result;
}

/* ---- its tables ---- */

static int answer_call(struct replayed *r, const json_t *recorded, uint64_t run,
                       struct message **answer, struct error *e)
{
    const json_t *error = json_object_get(recorded, "error");
    char *result = text_or_null(json_object_get(recorded, "result"));
    struct message m = {.type = MESSAGE_DB_RESULT};
    int rc;

    m.as.db_result = (struct message_db_result){
        .slot = SLOT, .run = run, .call = (uint32_t)r->calls, .json = text_of(result)};
    if (json_is_object(error))
        m.as.db_result.failure = (struct message_failure){.code = string_of(error, "code"),
                                                          .message = string_of(error, "message")};
    rc = session_talk(r->session, &m, answer, e);
    free(result);
    return rc;
}

/* 1: it asks for something else than it did; the difference is set. */
static int next_call(struct replayed *r, struct message **answer, struct error *e)
{
    const struct message_db_call *call = &(*answer)->as.db_call;
    json_t *recorded = json_array_get(json_object_get(r->ev->seen, "db"), r->calls++);
    json_t *asked = value_parse(call->json.data, call->json.len, call->json.len, e);
    json_t *before = json_object_get(recorded, "call");
    char *a, *b;
    int result;

    if (asked == NULL)
        return -1;
    a = value_text(asked);
    b = before ? value_text(before) : NULL;
    if (b == NULL || strcmp(a, b) != 0) {
        r->difference = json_pack("{s:I, s:o, s:O}", "call", (json_int_t)r->calls, "recorded",
                                  before ? json_incref(before) : json_null(), "executed", asked);
        result = 1;
    } else {
        result = answer_call(r, recorded, call->run, answer, e);
    }
    free(a);
    free(b);
    json_decref(asked);
    return result;
}

/* ---- what it decides ---- */

static json_t *writes_json(const struct message_decided *d)
{
    struct error ignored = ERROR_INIT;
    struct buf text;
    json_t *o;

    buf_init(&text, SIZE_MAX / 4);
    buf_add_str(&text, "{\"calls\":0");
    seen_add_writes(&text, d->writes, d->write_count);
    buf_add_char(&text, '}');
    o = value_parse_around(buf_text(&text), text.len, text.len, &ignored);
    buf_release(&text);
    return o != NULL ? o : json_object();
}

static json_t *parsed(const char *text, size_t len)
{
    struct error ignored = ERROR_INIT;
    json_t *value = text ? value_parse_around(text, len, len, &ignored) : NULL;

    return value != NULL ? value : json_null();
}

static json_t *decision(const struct replayed *r, const struct message_decided *d)
{
    json_t *o = writes_json(d);
    char *error;

    json_object_set_new(o, "calls", json_integer((json_int_t)r->calls));
    if (d->outcome == DECIDED_NOOP) {
        json_object_set_new(o, "outcome", json_string("noop"));
        json_object_set_new(o, "reason", json_string(d->reason ? d->reason : ""));
    } else if (d->outcome == DECIDED_ACTIONS) {
        json_object_set_new(o, "outcome", json_string("actions"));
        json_object_set_new(o, "actions", parsed(d->actions.data, d->actions.len));
    } else {
        error = error_text(d->failure.code, d->failure.message, d->failure.where, d->failure.line);
        json_object_set_new(o, "outcome", json_string("failed"));
        json_object_set_new(o, "error", parsed(error, strlen(error)));
        free(error);
    }
    return o;
}

static int execute(struct replayed *r, json_t **out, struct error *e)
{
    struct message *answer;
    int result;

    if (send_modules(r, e) < 0 || load(r, e) < 0 || send_state(r, e) < 0 || send_market(r, e) < 0 ||
        send_identity(r, e) < 0)
        return -1;
    result = ask_decision(r, &answer, e);
    while (result == 0 && answer->type == MESSAGE_DB_CALL)
        result = next_call(r, &answer, e);
    if (result < 0)
        return -1;
    if (r->difference == NULL && answer->type != MESSAGE_DECIDED)
        return error_set(e, ERROR_PROTOCOL, "the worker answered '%s' where a decision was due",
                         message_name(answer->type));
    *out = r->difference != NULL ? r->difference : decision(r, &answer->as.decided);
    return 0;
}

int verify_execute(const struct evidence *ev, json_t **out, struct error *e)
{
    struct replayed r = {.ev = ev};
    int result = session_open(&r.session, (int64_t)soft_ms(ev) + 5000, e);

    if (result == 0)
        result = execute(&r, out, e);
    if (result < 0)
        json_decref(r.difference);
    session_close(r.session);
    return result;
}
