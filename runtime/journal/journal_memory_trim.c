/* Throwing away what is old, and what there is. In memory there is not much: whole tables are
 * looked through. */
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "journal/journal_memory.h"

/* The oldest run that is kept: its time, and when its transaction began. INT64_MAX: there is none.
 */
struct horizon {
    int64_t ms, us;
};

static struct horizon horizon_of(const struct journal_memory *m)
{
    const struct memory_run *oldest =
        m->runs.count > 0 ? (const struct memory_run *)m->runs.items[0] : NULL;

    if (oldest == NULL)
        return (struct horizon){INT64_MAX, INT64_MAX};
    return (struct horizon){id_time_ms(oldest->run.id) - SNAPSHOT_KEEP_MS,
                            oldest->run.commit_us - SNAPSHOT_KEEP_MS * 1000};
}

static bool snapshot_is_old(const struct memory_item *item, int64_t before)
{
    return memory_snapshot_used(item->value) < before;
}

static bool event_is_old(const struct memory_item *item, int64_t before)
{
    return *(const int64_t *)item->value < before;
}

static bool commit_is_old(const struct memory_item *item, int64_t before)
{
    int64_t began = 0;

    return text_to_i64(item->key, &began) == 0 && began < before;
}

typedef bool old_fn(const struct memory_item *item, int64_t before);

/* Removes at most `max`, so that it can be undone; how many. */
static uint64_t trim_table(struct journal_memory *m, struct memory_table *table, old_fn *is_old,
                           int64_t before, struct trimmed *out, uint32_t max)
{
    struct memory_item *item, *next;
    uint64_t removed = 0;

    HASH_ITER(hh, table->items, item, next)
    {
        if (!is_old(item, before))
            continue;
        if (removed == max) {
            out->more = true;
            break;
        }
        removed++;
        memory_put(m, table, item->key, NULL);
    }
    return removed;
}

static void sweep_table(struct memory_table *table, old_fn *is_old, int64_t before)
{
    struct memory_item *item, *next;

    HASH_ITER(hh, table->items, item, next)
    if (is_old(item, before))
        table->release(memory_table_swap(table, item->key, NULL));
}

void memory_sweep(struct journal_memory *m)
{
    struct horizon horizon = horizon_of(m);

    sweep_table(&m->snapshots, snapshot_is_old, horizon.ms);
    sweep_table(&m->commit_times, commit_is_old, horizon.us);
}

/* With its submission, if that has ended: one that has not waits for its end. */
static void trim_run(struct journal_memory *m, uint64_t id, struct trimmed *out)
{
    const struct submission *sent = memory_list_find(&m->submissions, id);

    out->runs++;
    memory_set(m, &m->runs, id, NULL);
    if (sent == NULL || sent->state == SUBMISSION_OPEN)
        return;
    out->submissions++;
    memory_set(m, &m->submissions, id, NULL);
}

/* Up to which id this slice has gone: what has no run goes as if it had. */
static uint64_t trim_runs(struct journal_memory *m, const struct trim *trim, struct trimmed *out)
{
    uint64_t ended = m->runs.count - m->open_runs, last = 0;
    uint64_t surplus = trim->keep_runs > 0 && ended > trim->keep_runs ? ended - trim->keep_runs : 0;
    size_t at = 0;

    while (at < m->runs.count) {
        const struct memory_run *run = (const struct memory_run *)m->runs.items[at];
        if (memory_run_is_open(run)) {
            at++;
            continue;
        }
        if (run->run.id >= trim->before && out->runs >= surplus)
            break;
        if (out->runs == trim->max) {
            out->more = true;
            return last;
        }
        last = run->run.id;
        trim_run(m, last, out);
    }
    if (trim->keep_runs > 0 && ended - out->runs >= trim->keep_runs)
        last = memory_oldest_ended(m);
    return last > trim->before ? last : trim->before;
}

static void trim_dead(struct journal_memory *m, const struct trim *trim, struct trimmed *out)
{
    size_t at = 0;

    while (trim->dead_before_ms != 0 && at < m->dead.count) {
        const struct dead_letter *dead = (const struct dead_letter *)m->dead.items[at];
        if (dead->state == DEAD_OPEN || dead->settled_ms >= trim->dead_before_ms) {
            at++;
            continue;
        }
        if (out->dead == trim->max) {
            out->more = true;
            return;
        }
        out->dead++;
        memory_set(m, &m->dead, dead->run, NULL);
    }
}

int journal_memory_trim(struct journal *j, const struct trim *trim, struct trimmed *out,
                        struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct horizon horizon;

    (void)e;
    memory_submissions_trim(m, trim_runs(m, trim, out), trim->max, out);
    trim_dead(m, trim, out);
    if (trim->events_before_ms != 0)
        out->events =
            trim_table(m, &m->events, event_is_old, trim->events_before_ms, out, trim->max);
    horizon = horizon_of(m);
    out->snapshots = trim_table(m, &m->snapshots, snapshot_is_old, horizon.ms, out, trim->max);
    trim_table(m, &m->commit_times, commit_is_old, horizon.us, out, trim->max);
    return 0;
}

uint64_t memory_oldest_ended(const struct journal_memory *m)
{
    for (size_t i = 0; i < m->runs.count; i++)
        if (!memory_run_is_open((const struct memory_run *)m->runs.items[i]))
            return *m->runs.items[i];
    return 0;
}

int journal_memory_stats(struct journal *j, struct journal_stats *out, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);

    (void)e;
    out->runs = m->runs.count - m->open_runs;
    out->open_runs = m->open_runs;
    out->oldest = memory_oldest_ended(m);
    out->versions = memory_versions(m);
    out->snapshots = HASH_COUNT(m->snapshots.items);
    for (struct memory_item *i = m->snapshots.items; i != NULL; i = i->hh.next)
        out->snapshot_bytes += memory_snapshot_bytes(i->value);
    out->pending = m->pendings.count;
    for (size_t i = 0; i < m->dead.count; i++)
        out->dead_open += ((const struct dead_letter *)m->dead.items[i])->state == DEAD_OPEN;
    for (size_t i = 0; i < m->submissions.count; i++)
        out->submissions_open +=
            ((const struct submission *)m->submissions.items[i])->state == SUBMISSION_OPEN;
    return 0;
}
