#include "core/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/verify_parts.h"
#include "model/value.h"

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

void verdict_release(struct verdict *v)
{
    json_decref(v->recorded);
    json_decref(v->executed);
    v->recorded = v->executed = NULL;
}

/* ---- whether it can be ---- */

static int refuse(struct error *e, const char *message, const char *hint)
{
    error_set(e, ERROR_CONFLICT, "%s", message);
    if (hint != NULL)
        error_hint(e, "%s", hint);
    return -1;
}

/* Errors that are not the script's own: the clock, a store or a person decided. */
static bool is_foreign(const char *code)
{
    static const char *const codes[] = {"DEADLINE", "TIMED_OUT",  "STORE_FENCED", "PROTOCOL",
                                        "STORE",    "STORE_DOWN", "NOT_RUNNING"};

    for (size_t i = 0; code != NULL && i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

static int check_run(const struct evidence *ev, struct error *e)
{
    const char *status = text_of(ev->run, "status");
    const char *code = text_of(json_object_get(ev->run, "error"), "code");
    char message[200];

    if (json_integer_value(json_object_get(ev->run, "started_ms")) == 0) {
        snprintf(message, sizeof message, "this run never came to a decide(): it is '%.20s'",
                 status ? status : "?");
        return refuse(e, message, NULL);
    }
    if (json_is_null(json_object_get(ev->run, "actions")) && is_foreign(code)) {
        snprintf(message, sizeof message,
                 "this run was ended by something else than its script (%.40s)", code);
        return refuse(e, message, NULL);
    }
    if (!json_is_object(ev->seen))
        return refuse(e, "what this run saw was not recorded",
                      "recording = \"full\" (in orrery.lua, or of the plugin) records it");
    return 0;
}

static int check_seen(const struct evidence *ev, struct error *e)
{
    const json_t *db = json_object_get(ev->seen, "db");
    const json_t *last = json_array_get(db, json_array_size(db) - 1);

    if (json_object_get(ev->seen, "truncated") != NULL)
        return refuse(e, "this run read more of ctx.state than is recorded", NULL);
    if (json_object_get(ev->seen, "full") != NULL)
        return refuse(e,
                      "a write of this run was refused as ctx.state was full, also of keys that it "
                      "did not read",
                      NULL);
    if (json_object_get(ev->seen, "mixed") != NULL)
        return refuse(e, "another run wrote ctx.state while this one waited for its tables", NULL);
    if (json_array_size(db) > 0 && json_object_get(last, "truncated") != NULL)
        return refuse(e, "this run was told more by its tables than is recorded", NULL);
    return 0;
}

static int check_digest(const struct evidence *ev, const json_t *digest, struct error *e)
{
    const char *name = json_string_value(digest);

    if (digest == NULL || (name != NULL && json_object_get(ev->snapshots, name) != NULL))
        return 0;
    error_set(e, ERROR_NOT_FOUND, "what this run saw is not kept any more (snapshot %.32s)",
              name ? name : "?");
    return -1;
}

static int check_snapshots(const struct evidence *ev, struct error *e)
{
    const char *feed;
    json_t *digest;

    if (check_digest(ev, json_object_get(ev->seen, "vault"), e) < 0 ||
        check_digest(ev, json_object_get(ev->seen, "params"), e) < 0 ||
        check_digest(ev, json_object_get(ev->seen, "last"), e) < 0)
        return -1;
    json_object_foreach(json_object_get(ev->seen, "market"), feed, digest)
    {
        if (check_digest(ev, digest, e) < 0)
            return -1;
    }
    return 0;
}

static int check(const struct evidence *ev, struct error *e)
{
    if (check_run(ev, e) < 0 || check_seen(ev, e) < 0)
        return -1;
    if (!json_is_object(ev->content)) {
        error_set(e, ERROR_NOT_FOUND,
                  "the version of the strategy that decided, %.32s, is not "
                  "known any more",
                  text_of(ev->run, "version") ? text_of(ev->run, "version") : "?");
        return -1;
    }
    return check_snapshots(ev, e);
}

/* ---- what was ---- */

static json_t *recorded_decision(const struct evidence *ev)
{
    static const char *const kept[] = {"writes", "expires"};
    json_t *decided = json_object_get(ev->seen, "decided");
    json_t *actions = decided ? decided : json_object_get(ev->run, "actions");
    json_t *o;

    if (strcmp(text_of(ev->run, "status"), "noop") == 0)
        o = json_pack("{s:s, s:O}", "outcome", "noop", "reason",
                      json_object_get(ev->run, "reason"));
    else if (json_is_array(actions))
        o = json_pack("{s:s, s:O}", "outcome", "actions", "actions", actions);
    else
        o = json_pack("{s:s, s:O}", "outcome", "failed", "error",
                      json_object_get(ev->run, "error"));
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (json_object_get(ev->seen, kept[i]) != NULL)
            json_object_set(o, kept[i], json_object_get(ev->seen, kept[i]));
    json_object_set_new(o, "calls",
                        json_integer((json_int_t)json_array_size(json_object_get(ev->seen, "db"))));
    return o;
}

/* ---- comparing ---- */

static bool is_equal(const json_t *a, const json_t *b)
{
    char *x, *y;
    bool equal;

    if (a == NULL || b == NULL)
        return a == b;
    x = value_text(a);
    y = value_text(b);
    equal = strcmp(x, y) == 0;
    free(x);
    free(y);
    return equal;
}

static json_t *or_null(json_t *value)
{
    return value != NULL ? json_incref(value) : json_null();
}

static void differ(struct verdict *v, const char *what, json_t *recorded, json_t *executed)
{
    v->same = false;
    snprintf(v->what, sizeof v->what, "%s", what);
    v->recorded = or_null(recorded);
    v->executed = or_null(executed);
}

static void compare(struct verdict *v, const json_t *recorded, const json_t *executed)
{
    static const char *const names[] = {"outcome", "reason",  "error", "actions",
                                        "writes",  "expires", "calls"};
    char what[64];

    v->same = true;
    if (json_object_get(executed, "call") != NULL) {
        snprintf(what, sizeof what, "call %lld of its tables",
                 (long long)json_integer_value(json_object_get(executed, "call")));
        differ(v, what, json_object_get(executed, "recorded"),
               json_object_get(executed, "executed"));
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0] && v->same; i++) {
        json_t *a = json_object_get(recorded, names[i]), *b = json_object_get(executed, names[i]);
        if (!is_equal(a, b))
            differ(v, names[i], a, b);
    }
}

static void warn(const struct evidence *ev, const char *orrery, struct verdict *v)
{
    const json_t *module;
    size_t i;

    json_array_foreach(json_object_get(ev->content, "modules"), i, module)
    {
        const char *other = text_of(module, "orrery");
        if (other == NULL || strcmp(other, orrery) == 0)
            continue;
        snprintf(v->warning, sizeof v->warning,
                 "it decided with the standard library of orrery %.40s; this is orrery %.40s",
                 other, orrery);
        return;
    }
}

int verify_run(const json_t *evidence, const char *orrery, struct verdict *out, struct error *e)
{
    struct evidence ev = {.run = json_object_get(evidence, "run"),
                          .seen = json_object_get(evidence, "seen"),
                          .content =
                              json_object_get(json_object_get(evidence, "version"), "content"),
                          .snapshots = json_object_get(evidence, "snapshots")};
    struct verdict v = {.same = false};
    json_t *recorded, *executed;

    if (check(&ev, e) < 0 || verify_execute(&ev, &executed, e) < 0)
        return -1;
    recorded = recorded_decision(&ev);
    compare(&v, recorded, executed);
    warn(&ev, orrery, &v);
    json_decref(recorded);
    json_decref(executed);
    *out = v;
    return 0;
}
