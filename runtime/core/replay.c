/*
 * A replay that was interrupted goes on in the middle of an instant: some of the triggers of the
 * newest recorded instant have their runs, the others have not. The instant is gone through again,
 * and the triggers that have been answered are left out, so that an interrupted replay has the
 * same runs as an undisturbed one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"

struct replayed {
    char plugin[LIMIT_NAME_BYTES + 1];
    enum trigger_kind kind;
    char *topic; /* events */
};

static bool same_topic(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

/* Runs come newest first; what other runs or a person caused is not fired again by the clock. */
static int take(void *arg, const struct run *run)
{
    struct replay *r = arg;
    struct replayed *one;

    if (r->count == 0 && r->instant_ms == 0)
        r->instant_ms = run->scheduled_ms;
    if (run->scheduled_ms < r->instant_ms)
        return 1;
    if (run->scheduled_ms > r->instant_ms || run->parent != 0 || run->trigger == TRIGGER_MANUAL)
        return 0;
    r->items = mem_resize(r->items, (r->count + 1) * sizeof *r->items);
    one = &r->items[r->count++];
    memcpy(one->plugin, run->plugin, sizeof one->plugin);
    one->kind = run->trigger;
    one->topic = mem_strdup(run->topic);
    return 0;
}

int replay_open(struct engine *engine, struct error *e)
{
    struct run_filter filter = {.status = -1, .limit = 1 << 20};

    if (!engine->data_clock)
        return 0;
    if (journal_list_runs(engine->commits.journal->journal, &filter, take, &engine->replay, e) < 0)
        return -1;
    clock_set(&engine->clock, engine->replay.instant_ms);
    return 0;
}

bool replay_answered(struct engine *engine, const struct plugin *p, enum trigger_kind kind,
                     const char *topic, int64_t scheduled_ms)
{
    struct replay *r = &engine->replay;

    for (size_t i = 0; scheduled_ms == r->instant_ms && i < r->count; i++) {
        struct replayed *one = &r->items[i];
        if (one->kind != kind || strcmp(one->plugin, p->name) != 0 ||
            !same_topic(one->topic, topic))
            continue;
        free(one->topic);
        *one = r->items[--r->count];
        return true;
    }
    return false;
}

void replay_free(struct engine *engine)
{
    for (size_t i = 0; i < engine->replay.count; i++)
        free(engine->replay.items[i].topic);
    free(engine->replay.items);
    engine->replay = (struct replay){0};
}
