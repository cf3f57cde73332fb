/* The feeds on the desk's timeline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"
#include "core/seen.h"
#include "model/value.h"

void feed_refresh(struct feed_slot *slot)
{
    json_t *json;

    if (slot->text_version == slot->feed->market.version)
        return;
    json = market_to_json(&slot->feed->market);
    free(slot->text);
    slot->text = value_text(json);
    slot->text_version = slot->feed->market.version;
    json_decref(json);
}

static void settle_all(struct engine *engine)
{
    for (size_t i = 0; i < engine->vault_count; i++)
        vault_settle(&engine->vaults[i]);
}

/*
 * A new price is an event "price.<feed>" for whoever subscribes to it. Like a cron time it is not
 * kept on record while it waits: the next price makes up for it.
 */
static void announce(struct feed_slot *slot)
{
    struct engine *engine = slot->engine;
    const struct market *market = &slot->feed->market;
    char topic[LIMIT_NAME_BYTES + 8];
    json_t *payload;
    char *text;

    if (slot->announced == slot->feed->updates || !engine->started)
        return;
    slot->announced = slot->feed->updates;
    snprintf(topic, sizeof topic, "price.%s", market->feed);
    if (!engine_has_subscriber(engine, topic))
        return;
    payload = json_pack("{s:f, s:I}", "spot", market->spot, "at", (json_int_t)market->at_ms);
    text = value_text(payload);
    for (size_t i = 0; i < engine->plugin_count; i++)
        if (!plugin_subscribes(engine->plugins[i], topic))
            continue;
        else if (engine_backlogged(engine))
            plugin_miss(engine->plugins[i], 1);
        else if (!replay_answered(engine, engine->plugins[i], TRIGGER_EVENT, topic, market->at_ms))
            engine_receive(engine->plugins[i], TRIGGER_EVENT, topic, text, market->at_ms, 0, 0, 0,
                           NULL);
    free(text);
    json_decref(payload);
}

static void due(struct timer *timer, int64_t now_ms)
{
    struct feed_slot *slot = timer->arg;
    struct engine *engine = slot->engine;
    struct error e = ERROR_INIT;
    int changed = feed_poll(slot->feed, now_ms, &e);

    if (changed < 0) {
        error_prefix(&e, "feed '%s': ", slot->config->name);
        engine_fatal(engine, &e);
        return;
    }
    timeline_arm(&engine->timeline, timer, feed_next_due(slot->feed));
    if (changed > 0) {
        settle_all(engine);
        announce(slot);
    }
}

/* http: a price arrived between polls. */
static void arrived(void *arg, struct feed *feed)
{
    struct engine *engine = arg;

    for (size_t i = 0; i < engine->feed_count; i++)
        if (engine->feeds[i].feed == feed)
            timeline_arm(&engine->timeline, &engine->feeds[i].timer, feed_next_due(feed));
    settle_all(engine);
    for (size_t i = 0; i < engine->feed_count; i++)
        if (engine->feeds[i].feed == feed)
            announce(&engine->feeds[i]);
    advance_kick(engine);
}

static const struct market *find_market(void *arg, const char *name)
{
    const struct engine *engine = arg;

    for (size_t i = 0; i < engine->feed_count; i++)
        if (strcmp(engine->feeds[i].config->name, name) == 0)
            return &engine->feeds[i].feed->market;
    return NULL;
}

static int open_one(struct engine *engine, struct feed_slot *slot, struct error *e)
{
    struct feed_env env = {.loop = &engine->loop,
                           .clock = &engine->clock,
                           .desk = engine->options.desk,
                           .changed = arrived,
                           .arg = engine};

    if (engine->registry->open_feed(slot->config, &env, clock_now_ms(&engine->clock), &slot->feed,
                                    e) < 0) {
        error_prefix(e, "feed '%s': ", slot->config->name);
        return -1;
    }
    slot->engine = engine;
    slot->timer = (struct timer){.rank = RANK_FEED, .fire = due, .arg = slot};
    return 0;
}

static int open_kind(struct engine *engine, bool csv, struct error *e)
{
    const struct config *config = &engine->origin->config;

    for (size_t i = 0; i < config->feed_count; i++) {
        struct feed_slot *slot = &engine->feeds[i];
        slot->config = &config->feeds[i];
        if ((slot->config->kind == FEED_CSV) == csv && open_one(engine, slot, e) < 0)
            return -1;
    }
    return 0;
}

/* A desk with csv feeds lives in the data's time, from the first row of the earliest on. */
static void set_data_clock(struct engine *engine)
{
    int64_t start = INT64_MAX;

    for (size_t i = 0; i < engine->feed_count; i++) {
        const struct feed_slot *slot = &engine->feeds[i];
        if (slot->config->kind != FEED_CSV)
            continue;
        if (feed_csv_start(slot->feed) < start)
            start = feed_csv_start(slot->feed);
        engine->speed = slot->config->speed;
    }
    if (start == INT64_MAX)
        return;
    engine->data_clock = true;
    clock_init_manual(&engine->clock, start);
}

int feeds_open(struct engine *engine, struct error *e)
{
    const struct config *config = &engine->origin->config;

    engine->feeds = mem_zero(config->feed_count, sizeof *engine->feeds);
    engine->feed_count = config->feed_count;
    engine->markets = (struct market_source){find_market, engine};
    if (open_kind(engine, true, e) < 0)
        return -1;
    set_data_clock(engine);
    return open_kind(engine, false, e);
}

/* Brings every feed up to the clock (after a restart in the middle of a replay: past what was
 * replayed) and arms it. */
int feeds_start(struct engine *engine, struct error *e)
{
    for (size_t i = 0; i < engine->feed_count; i++) {
        struct feed_slot *slot = &engine->feeds[i];
        if (feed_poll(slot->feed, clock_now_ms(&engine->clock), e) < 0) {
            error_prefix(e, "feed '%s': ", slot->config->name);
            return -1;
        }
        timeline_arm(&engine->timeline, &slot->timer, feed_next_due(slot->feed));
    }
    return 0;
}

void feeds_announce(struct engine *engine)
{
    for (size_t i = 0; i < engine->feed_count; i++)
        if (engine->feeds[i].feed->market.at_ms == clock_now_ms(&engine->clock))
            announce(&engine->feeds[i]);
}

bool feeds_ended(const struct engine *engine)
{
    for (size_t i = 0; i < engine->feed_count; i++)
        if (engine->feeds[i].config->kind == FEED_CSV && !feed_ended(engine->feeds[i].feed))
            return false;
    return true;
}

void feeds_close(struct engine *engine)
{
    for (size_t i = 0; i < engine->feed_count; i++) {
        timeline_disarm(&engine->timeline, &engine->feeds[i].timer);
        feed_close(engine->feeds[i].feed);
        free(engine->feeds[i].text);
        seen_text_drop(engine->feeds[i].seen);
    }
    free(engine->feeds);
    engine->feeds = NULL;
    engine->feed_count = 0;
}
