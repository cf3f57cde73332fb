/*
 * Hard deadlines. The worker publishes which run its Lua code is executing (status page, no system
 * call); core reads the worker's CPU clock. No progress while more than `hard_ms` of CPU time is
 * used: the worker is killed and that run is the culprit. CPU time, so that a busy machine kills
 * nobody; a generous wall-clock limit catches what burns none.
 */
#include <stdio.h>

#include "core/engine.h"

/* The page is the worker's word: believed only if it names something that is outstanding. */
static uint64_t name_culprit(const struct crew_member *member)
{
    uint64_t claimed = member->link.child.page->run;

    for (const struct question *q = member->link.first; q != NULL; q = q->next)
        if (q->id == claimed)
            return claimed;
    return member->link.first->id;
}

static void note_progress(struct crew_member *member, int64_t cpu, int64_t now)
{
    member->seen_calls = member->link.child.page->calls;
    member->seen_cpu_ns = cpu;
    if (member->seen_answers != member->link.answers || member->link.outstanding == 0) {
        member->seen_answers = member->link.answers;
        member->seen_mono_ns = now;
    }
}

static void check_member(struct crew_member *member)
{
    const struct script_limits *limits = &member->engine->blueprint->config.limits;
    int64_t now = clock_mono_ns(&member->engine->clock);
    int64_t cpu;
    char why[160];

    if (!member->link.alive)
        return;
    cpu = child_cpu_ns(&member->link.child);
    if (member->link.outstanding == 0 || member->seen_answers != member->link.answers ||
        member->seen_calls != member->link.child.page->calls) {
        note_progress(member, cpu, now);
        if (member->link.outstanding == 0 || now - member->seen_mono_ns < limits->wall_ms * 1000000)
            return;
    }
    if (cpu - member->seen_cpu_ns > limits->hard_ms * 1000000)
        snprintf(why, sizeof why, "used more than %lld ms of CPU time and could not be interrupted",
                 (long long)limits->hard_ms);
    else if (now - member->seen_mono_ns > limits->wall_ms * 1000000)
        snprintf(why, sizeof why, "gave no answer for %lld ms", (long long)limits->wall_ms);
    else
        return;
    member->culprit = name_culprit(member);
    link_kill(&member->link, why);
}

void crew_watch(struct engine *engine)
{
    for (size_t i = 0; i < engine->crew_count; i++)
        check_member(&engine->crew[i]);
}
