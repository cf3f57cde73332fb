/*
 * seen_desk: one plugin on a vault with two feeds, without loop, stores and workers; the clocks
 * show what the test says. For the tests of what is on record of a run.
 */
#ifndef ORRERY_TEST_SEEN_DESK_H
#define ORRERY_TEST_SEEN_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the above */
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/ending.h"
#include "core/seen.h"
#include "core/trace.h"
#include "model/value.h"

#define NOW_MS INT64_C(1700000000000)

static int64_t shown_us;

static inline int64_t show_us(const struct clock *clock)
{
    (void)clock;
    return shown_us;
}

struct seen_desk {
    struct engine engine;
    struct blueprint blueprint;
    struct store journal;
    struct vault vault;
    struct vault_config vault_config;
    struct feed_slot feeds[2];
    struct feed_config feed_configs[2];
    struct plugin plugin;
    struct tick tick;
    struct message_decided decided;
};

static inline void set_feed(struct seen_desk *f, size_t i, const char *text)
{
    free(f->feeds[i].text);
    f->feeds[i].text = mem_strdup(text);
    f->feeds[i].text_version++;
}

static inline void set_vault(struct seen_desk *f, const char *text)
{
    free(f->vault.snapshot);
    f->vault.snapshot = mem_strdup(text);
    f->vault.snapshot_version++;
}

static inline int seen_desk_open(void **state)
{
    struct seen_desk *f = mem_zero(1, sizeof *f);

    clock_init_manual(&f->engine.clock, NOW_MS);
    f->engine.clock.wall_us = show_us;
    shown_us = 5000000;
    f->blueprint.config.limits = (struct script_limits){.memory = LIMIT_SCRIPT_MEMORY,
                                                        .soft_ms = LIMIT_SOFT_DEADLINE_MS,
                                                        .value_bytes = LIMIT_VALUE_BYTES,
                                                        .state_bytes = LIMIT_STATE_BYTES};
    f->engine.blueprint = f->engine.origin = &f->blueprint;
    f->engine.commits.journal = &f->journal;
    f->engine.feeds = f->feeds;
    f->engine.feed_count = 2;
    for (size_t i = 0; i < 2; i++) {
        snprintf(f->feed_configs[i].name, sizeof f->feed_configs[i].name, i == 0 ? "btc" : "eth");
        f->feeds[i].config = &f->feed_configs[i];
    }
    f->vault.engine = &f->engine;
    f->vault.config = &f->vault_config;
    set_vault(f, "{\"id\":\"v\"}");
    set_feed(f, 0, "{\"spot\":1}");
    f->plugin.engine = &f->engine;
    f->plugin.vault = &f->vault;
    f->plugin.params = json_pack("{s:i}", "step", 5);
    f->plugin.recording = f->tick.recording = RECORDING_FULL;
    f->tick.plugin = &f->plugin;
    f->tick.id = 7;
    f->tick.received_us = 1000000;
    f->decided = (struct message_decided){.run = 7, .outcome = DECIDED_NOOP, .reason = "x"};
    *state = f;
    return 0;
}

static inline int seen_desk_close(void **state)
{
    struct seen_desk *f = *state;

    seen_forget(&f->tick);
    trace_free(f->tick.notes);
    seen_params_changed(&f->plugin);
    seen_last_changed(&f->plugin);
    seen_scene_drop(f->vault.scene);
    for (size_t i = 0; i < 2; i++) {
        seen_text_drop(f->feeds[i].seen);
        free(f->feeds[i].text);
    }
    seen_free(&f->engine);
    json_decref(f->plugin.params);
    json_decref(f->tick.closures);
    free(f->plugin.last);
    free(f->vault.snapshot);
    free(f);
    return 0;
}

/* The tick is dispatched, decided and handed in. */
static inline struct ending *pass(struct seen_desk *f)
{
    struct ending *ending;
    struct error e = ERROR_INIT;

    seen_look(&f->tick);
    ending = ending_new(&f->tick);
    if (ending_record(ending, &f->decided, &e) < 0)
        fail_msg("not recorded: %s", e.message);
    ending_finish(ending);
    return ending;
}

#endif
