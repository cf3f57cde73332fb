/*
 * Hard deadlines. The worker publishes which run its Lua code is executing (status page, no system
 * call); core reads the worker's CPU clock. No progress while more than `hard_ms` of CPU time is
 * used: the worker is killed and that run is the culprit. CPU time, so that a busy machine kills
 * nobody; a generous wall-clock limit catches what burns none. A run that waits for its tables
 * burns none either, and has a wall-clock limit of its own (db_calls.c).
 */
#include <stdio.h>

#include "core/engine.h"

#define GAP_NS 1000000000 /* between two looks, which should be 50 ms apart */

static void note_progress(struct crew_member *member, int64_t cpu, int64_t now)
{
    member->seen_calls = member->link.child.page->calls;
    member->seen_cpu_ns = cpu;
    if (member->seen_answers != member->link.answers || !link_is_busy(&member->link)) {
        member->seen_answers = member->link.answers;
        member->seen_mono_ns = now;
    }
}

/* Core itself was stopped or starved: answers may lie unread, nobody is late. */
static void forgive_gap(struct crew_member *member, int64_t now)
{
    int64_t gap = now - member->checked_ns;

    member->checked_ns = now;
    if (gap > GAP_NS) {
        member->seen_mono_ns += gap;
        member->started_ns += gap;
    }
}

static void check_progress(struct crew_member *member, const struct script_limits *limits,
                           int64_t now)
{
    const struct question *culprit = link_under_way(&member->link);
    int64_t cpu = child_cpu_ns(&member->link.child);
    int64_t wall_ns = limits->wall_ms * 1000000;
    char why[160];

    if (!link_is_busy(&member->link) || member->seen_answers != member->link.answers ||
        member->seen_calls != member->link.child.page->calls) {
        note_progress(member, cpu, now);
        if (!link_is_busy(&member->link) || now - member->seen_mono_ns < wall_ns)
            return;
    }
    if (cpu - member->seen_cpu_ns > limits->hard_ms * 1000000) {
        snprintf(why, sizeof why, "used more than %lld ms of CPU time and could not be interrupted",
                 (long long)limits->hard_ms);
        member->culprit = culprit ? culprit->id : link_next_due(&member->link)->id;
        link_kill(&member->link, why);
    } else if (now - member->seen_mono_ns > wall_ns) {
        /* Nobody's fault: a script that burns no time cannot wait for anything. The process was
         * stopped, or the machine hangs. */
        snprintf(why, sizeof why, "gave no answer for %lld ms", (long long)limits->wall_ms);
        link_kill(&member->link, why);
    }
}

static void check_member(struct crew_member *member)
{
    const struct script_limits *limits = &member->engine->blueprint->config.limits;
    int64_t now = clock_mono_ns(&member->engine->clock);

    if (!member->link.alive)
        return;
    forgive_gap(member, now);
    if (member->link.ready)
        check_progress(member, limits, now);
    else if (now - member->started_ns > limits->wall_ms * 1000000)
        link_kill(&member->link, "was started and never spoke");
}

void crew_watch(struct engine *engine)
{
    for (size_t i = 0; i < engine->crew_count; i++)
        check_member(&engine->crew[i]);
}
