/* fixture: one plugin from a script text, ticked by hand, for the tests of bindings/. */
#ifndef TESTS_UNIT_BINDINGS_FIXTURE_H
#define TESTS_UNIT_BINDINGS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the above */
#include <cmocka.h>

#include "bindings/plugin.h"
#include "bindings/snapshot.h"
#include "model/kv.h"
#include "model/value.h"
#include "vm/vm.h"

#define NOW INT64_C(1700000000000)

#ifdef ORRERY_SANITIZED /* slower, not wrong */
#define SOFT_MS (20 * LIMIT_SOFT_DEADLINE_MS)
#elif !defined(__OPTIMIZE__)
#define SOFT_MS (5 * LIMIT_SOFT_DEADLINE_MS)
#else
#define SOFT_MS LIMIT_SOFT_DEADLINE_MS
#endif

struct fixture {
    struct plugin *plugin;
    struct plugin_tick tick;
    struct decision decision;
    struct buf manifest;
    struct error e;
};

static struct fixture fx;

static inline void fixture_release(void)
{
    plugin_free(fx.plugin);
    snapshots_free(fx.tick.markets);
    snapshots_free(fx.tick.vaults);
    decision_release(&fx.decision);
    buf_release(&fx.manifest);
    memset(&fx, 0, sizeof fx);
}

/* Loads a whole file's text. */
static inline int fixture_load(const char *source)
{
    struct plugin_limits limits = {.memory = LIMIT_SCRIPT_MEMORY,
                                   .soft_ms = SOFT_MS,
                                   .value_bytes = LIMIT_VALUE_BYTES,
                                   .state_bytes = LIMIT_STATE_BYTES};

    fixture_release();
    decision_init(&fx.decision);
    buf_init(&fx.manifest, 1 << 20);
    fx.tick = (struct plugin_tick){.run = 1, .now_ms = NOW, .seed = 1, .trigger = TRIGGER_MANUAL};
    fx.tick.markets = snapshots_new();
    fx.tick.vaults = snapshots_new();
    fx.plugin = plugin_new(&limits, NULL, &fx.e);
    assert_non_null(fx.plugin);
    if (plugin_load(fx.plugin, "strategies/s.lua", source, strlen(source), &fx.manifest, &fx.e) < 0)
        return -1;
    plugin_bind(fx.plugin, "s", "v", "{}", 2);
    return 0;
}

/* Loads a strategy whose decide(ctx) has this body. */
static inline void fixture_body(const char *body)
{
    struct buf source;
    char text[1200];

    buf_init(&source, LIMIT_SOURCE_BYTES);
    buf_addf(&source,
             "local action = require 'orrery.action' local orrery = require 'orrery' "
             "local kept = {} return {name = 's', vault_id = 'v', decide = function(ctx) %s\nend}",
             body);
    if (fixture_load(buf_text(&source)) < 0)
        fail_msg("%s", error_format(&fx.e, text, sizeof text));
    buf_release(&source);
}

static inline void decide(void)
{
    plugin_decide(fx.plugin, &fx.tick, &fx.decision);
}

/* Decides and accepts; the tick must have been a noop with this reason. */
static inline void decide_noop(const char *reason)
{
    decide();
    if (fx.decision.outcome == DECISION_FAILED)
        fail_msg("%s", fx.decision.failure.message);
    assert_int_equal(fx.decision.outcome, DECISION_NOOP);
    assert_string_equal(fx.decision.reason, reason);
    kv_accept(plugin_state(fx.plugin));
}

/* One tick of a fresh strategy with this body gives noop(reason). */
static inline void body_noop(const char *body, const char *reason)
{
    fixture_body(body);
    decide_noop(reason);
}

static inline void decide_fails(enum error_code code, const char *message)
{
    decide();
    assert_int_equal(fx.decision.outcome, DECISION_FAILED);
    assert_string_equal(fx.decision.failure.message, message);
    assert_int_equal(fx.decision.failure.code, code);
    kv_accept(plugin_state(fx.plugin));
}

/* One tick of a fresh strategy with this body raises this message. */
static inline void body_throws(const char *body, const char *message)
{
    fixture_body(body);
    decide_fails(ERROR_SCRIPT, message);
}

/* One tick of a fresh strategy with this body returns something wrong. */
static inline void body_refused(const char *body, const char *message)
{
    char text[640];

    fixture_body(body);
    snprintf(text, sizeof text, "decide() returned a wrong result: %s", message);
    decide_fails(ERROR_SCRIPT_RESULT, text);
    assert_string_equal(fx.decision.failure.where, "strategies/s.lua");
}

/* The live value of a key as JSON text; NULL: missing. Free it. */
static inline char *state_text(const char *key)
{
    const json_t *value = kv_get(plugin_state(fx.plugin), key, strlen(key), fx.tick.now_ms);

    return value ? value_text(value) : NULL;
}

static inline void assert_state(const char *key, const char *json)
{
    char *text = state_text(key);

    if (json == NULL)
        assert_null(text);
    else
        assert_string_equal(text ? text : "(missing)", json);
    free(text);
}

static inline int fixture_teardown(void **state)
{
    (void)state;
    fixture_release();
    return 0;
}

#endif
