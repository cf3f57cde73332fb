/*
 * The desk's clock. Live, it is the machine's: an alarm on that clock rings when the next thing is
 * due. In a replay it is the data's: it stands still while any tick's outcome could still be
 * observed, then jumps to the next due time (speed "max") or follows the real clock at a multiple.
 */
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/engine.h"

#define LIVE_NAP_MAX_MS 1000 /* so that a stepped clock is noticed */
#define SET_BACK_MS     2000
#define STEPS_PER_TURN  64 /* of a replay, before the loop looks at its sockets again */

static void fire_due(struct engine *engine, int64_t now)
{
    while (!engine->draining && timeline_fire(&engine->timeline, now))
        ;
}

static void on_wake(uv_timer_t *timer);

static void nap(struct engine *engine, int64_t ms)
{
    uv_timer_start(&engine->wake, on_wake, ms < 0 ? 0 : (uint64_t)ms, 0);
}

/* Sleeps until the machine's clock shows `ms`, or is set. The loop's own timers would be late by up
 * to 1 ms, which is half of a tick's way to the disk. */
static void set_alarm(struct engine *engine, int64_t ms)
{
    struct itimerspec at = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};

    if (engine->alarm_fd < 0 ||
        timerfd_settime(engine->alarm_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL) <
            0) {
        ms -= clock_now_ms(&engine->clock);
        /* At least 1 ms: a timer of 0 would run again before the loop looks at its sockets. */
        nap(engine, ms > 1 ? ms : 1);
    }
}

/* Small corrections are waited out: no time fires twice. */
static void note_clock(struct engine *engine, int64_t now)
{
    int64_t back = engine->shown_ms - now;
    char ms[24];

    engine->shown_ms = now;
    if (back < SET_BACK_MS)
        return;
    snprintf(ms, sizeof ms, "%lld", (long long)back);
    log_write(engine->log, LOG_WARN, "the machine's clock was set back: schedules start from there",
              "ms", ms, NULL);
    for (size_t i = 0; i < engine->plugin_count; i++)
        plugin_clock_set_back(engine->plugins[i], now);
}

static void advance_live(struct engine *engine)
{
    int64_t now = clock_now_ms(&engine->clock), next;

    note_clock(engine, now);
    fire_due(engine, now);
    if (engine->draining)
        return;
    next = timeline_next(&engine->timeline);
    if (next == INT64_MAX || next - now > LIVE_NAP_MAX_MS)
        next = now + LIVE_NAP_MAX_MS;
    set_alarm(engine, next);
}

static void on_alarm(uv_poll_t *poll, int status, int events)
{
    struct engine *engine = poll->data;
    uint64_t rings;

    (void)status;
    (void)events;
    /* Nothing to read is no error: the clock was set, or the alarm was set anew meanwhile. */
    if (read(engine->alarm_fd, &rings, sizeof rings) < 0)
        rings = 0;
    advance_live(engine);
}

static void open_alarm(struct engine *engine)
{
    engine->alarm_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (engine->alarm_fd < 0)
        return;
    uv_poll_init(&engine->loop, &engine->alarm, engine->alarm_fd);
    engine->alarm.data = engine;
    uv_poll_start(&engine->alarm, UV_READABLE, on_alarm);
}

static void on_wake(uv_timer_t *timer)
{
    struct engine *engine = timer->data;

    if (engine->data_clock)
        advance_kick(engine);
    else
        advance_live(engine);
}

static void end_of_data(struct engine *engine)
{
    if (engine->data_ended)
        return;
    engine->data_ended = true;
    uv_idle_stop(&engine->spin);
    if (engine->options.until_feeds_end) {
        engine->unhurried = true;
        engine_stop(engine, "the feeds have ended");
    } else {
        log_write(engine->log, LOG_INFO, "the feeds have ended: the desk's clock stands still",
                  NULL);
    }
}

static void report_progress(struct engine *engine)
{
    uint64_t done = 0, total = 0;

    if (engine->options.view.progress == NULL)
        return;
    for (size_t i = 0; i < engine->feed_count; i++) {
        if (engine->feeds[i].config->kind != FEED_CSV)
            continue;
        done += engine->feeds[i].feed->updates;
        total += feed_csv_rows(engine->feeds[i].feed);
    }
    engine->options.view.progress(engine->options.view.arg, done, total);
}

/* Real time at which a replay at finite speed reaches `ms`, from now. */
static int64_t real_wait(const struct engine *engine, int64_t ms)
{
    double real_ns = (double)(ms - engine->data_start_ms) / engine->speed * 1e6;
    int64_t elapsed = clock_mono_ns(&engine->clock) - engine->real_start_ns;

    return (int64_t)((real_ns - (double)elapsed) / 1e6);
}

/* One jump of the data's clock; false when it has to wait. */
static bool step(struct engine *engine)
{
    int64_t next = timeline_next(&engine->timeline);

    if (engine->busy > 0 || engine->stalled || engine->draining || engine->data_ended ||
        !engine->started)
        return false;
    if (next == INT64_MAX || feeds_ended(engine)) {
        /* Ticks of the last instant may still be due. */
        if (next <= clock_now_ms(&engine->clock)) {
            fire_due(engine, clock_now_ms(&engine->clock));
            return true;
        }
        end_of_data(engine);
        return false;
    }
    if (engine->speed > 0 && real_wait(engine, next) > 0) {
        nap(engine, real_wait(engine, next));
        return false;
    }
    clock_set(&engine->clock, next);
    fire_due(engine, next);
    return true;
}

static void on_spin(uv_idle_t *idle)
{
    struct engine *engine = idle->data;
    int steps = 0;

    while (steps < STEPS_PER_TURN && step(engine))
        steps++;
    if (steps > 0)
        report_progress(engine);
    /* While ticks are under way the loop may sleep: tick_unobserve() kicks when the last is done.
     */
    if (steps == 0)
        uv_idle_stop(&engine->spin);
}

void advance_kick(struct engine *engine)
{
    if (engine->stopping || !engine->started)
        return;
    if (engine->data_clock)
        uv_idle_start(&engine->spin, on_spin);
    else
        nap(engine, 0); /* from the loop, never from inside what is being fired */
}

void advance_start(struct engine *engine)
{
    uv_timer_init(&engine->loop, &engine->wake);
    uv_idle_init(&engine->loop, &engine->spin);
    open_alarm(engine);
    engine->wake.data = engine->spin.data = engine;
    engine->started = true;
    engine->data_start_ms = clock_now_ms(&engine->clock);
    engine->real_start_ns = clock_mono_ns(&engine->clock);
    if (engine->data_clock) {
        feeds_announce(engine);
        fire_due(engine, clock_now_ms(&engine->clock));
    }
    advance_kick(engine);
}

void advance_stop(struct engine *engine)
{
    if (!engine->started)
        return;
    engine->started = false;
    uv_close((uv_handle_t *)&engine->wake, NULL);
    uv_close((uv_handle_t *)&engine->spin, NULL);
    if (engine->alarm_fd < 0)
        return;
    uv_close((uv_handle_t *)&engine->alarm, NULL);
    close(engine->alarm_fd);
}
