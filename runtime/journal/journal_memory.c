#include "journal/journal_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SWEEP_EVERY 512 /* evicted runs */

char *memory_text(const char *text)
{
    return text != NULL && text[0] != '\0' ? mem_strdup(text) : NULL;
}

/* ---- transactions ---- */

static int memory_begin(struct journal *j, struct error *e)
{
    (void)e;
    journal_memory_of(j)->transaction++;
    return 0;
}

static bool in_excess(const struct journal_memory *m)
{
    return m->runs.count - m->open_runs > JOURNAL_MEMORY_RUNS;
}

/* Ended runs only: an open one stays, however old it is. */
static void keep_newest(struct journal_memory *m)
{
    size_t kept = 0, at = 0;

    if (!in_excess(m))
        return;
    for (; in_excess(m); at++) {
        struct memory_run *run = (struct memory_run *)m->runs.items[at];
        if (memory_run_is_open(run)) {
            m->runs.items[kept++] = m->runs.items[at];
            continue;
        }
        m->evicted++;
        memory_run_release(run);
        /* What is left of the array moves once, below; until then the count is what it will be. */
        m->runs.count--;
    }
    memmove(m->runs.items + kept, m->runs.items + at,
            (m->runs.count - kept) * sizeof *m->runs.items);
    memory_submissions_evict(m, memory_oldest_ended(m));
    if (m->evicted < SWEEP_EVERY)
        return;
    m->evicted = 0;
    memory_sweep(m);
}

static int memory_commit(struct journal *j, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct memory_undo *undo;

    (void)e;
    while ((undo = m->undo) != NULL) {
        m->undo = undo->next;
        if (undo->kind == UNDO_VAULT)
            memory_vault_accept(undo->vault);
        if (undo->kind == UNDO_LIST && undo->kept != NULL)
            undo->list->release(undo->kept);
        if (undo->kind == UNDO_TABLE && undo->kept != NULL)
            undo->table->release(undo->kept);
        free(undo->key);
        free(undo);
    }
    keep_newest(m);
    return 0;
}

static void take_back_item(struct journal_memory *m, struct memory_undo *undo)
{
    void *item = memory_list_swap(undo->list, undo->id, undo->kept);

    if (undo->list == &m->runs) {
        m->open_runs += undo->kept != NULL && memory_run_is_open(undo->kept);
        m->open_runs -= item != NULL && memory_run_is_open(item);
    }
    if (item != NULL)
        undo->list->release(item);
}

static void take_back(struct journal_memory *m, struct memory_undo *undo)
{
    void *value;

    switch (undo->kind) {
    case UNDO_LIST:
        take_back_item(m, undo);
        break;
    case UNDO_TABLE:
        value = memory_table_swap(undo->table, undo->key, undo->kept);
        if (value != NULL)
            undo->table->release(value);
        break;
    case UNDO_COUNT:
        (*undo->count)--;
        break;
    case UNDO_VAULT:
        memory_vault_restore(undo->vault);
        break;
    }
}

static void memory_rollback(struct journal *j)
{
    struct journal_memory *m = journal_memory_of(j);
    struct memory_undo *undo;

    while ((undo = m->undo) != NULL) {
        m->undo = undo->next;
        take_back(m, undo);
        free(undo->key);
        free(undo);
    }
}

/* Nothing is acknowledged that could be lost. */
static int memory_stamp(struct journal *j, const char *writer, uint64_t number, struct error *e)
{
    (void)j;
    (void)writer;
    (void)number;
    (void)e;
    return 0;
}

/* ---- opening ---- */

static void free_counts(struct journal_memory *m)
{
    struct memory_count *count, *next;

    HASH_ITER(hh, m->counts, count, next)
    {
        HASH_DEL(m->counts, count);
        free(count);
    }
}

static void free_vaults(struct journal_memory *m)
{
    struct memory_vault *vault, *next;

    HASH_ITER(hh, m->vaults, vault, next)
    {
        HASH_DEL(m->vaults, vault);
        memory_vault_free(vault);
    }
}

static void memory_close(struct journal *j)
{
    struct journal_memory *m = journal_memory_of(j);

    memory_list_release(&m->runs);
    memory_list_release(&m->pendings);
    memory_list_release(&m->dead);
    memory_list_release(&m->submissions);
    memory_table_release(&m->strategies);
    memory_table_release(&m->snapshots);
    memory_table_release(&m->cursors);
    memory_table_release(&m->events);
    memory_table_release(&m->commit_times);
    free_counts(m);
    free_vaults(m);
    free(m);
}

static const struct journal_ops ops = {
    .name = "memory",
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .put_run = journal_memory_put_run,
    .put_change = journal_memory_put_change,
    .put_pending = journal_memory_put_pending,
    .remove_pending = journal_memory_remove_pending,
    .last_id = journal_memory_last_id,
    .get_run = journal_memory_get_run,
    .list_runs = journal_memory_list_runs,
    .count_runs = journal_memory_count_runs,
    .list_pending = journal_memory_list_pending,
    .load_account = journal_memory_load_account,
    .load_positions = journal_memory_load_positions,
    .load_spend = journal_memory_load_spend,
    .create_run = journal_memory_create_run,
    .set_status = journal_memory_set_status,
    .expire_runs = journal_memory_expire_runs,
    .list_open = journal_memory_list_open,
    .put_result = journal_memory_put_result,
    .get_results = journal_memory_get_results,
    .count_results = journal_memory_count_results,
    .set_metadata = journal_memory_set_metadata,
    .add_log = journal_memory_add_log,
    .list_logs = journal_memory_list_logs,
    .add_span = journal_memory_add_span,
    .update_span = journal_memory_update_span,
    .get_trace = journal_memory_get_trace,
    .put_commit_time = journal_memory_put_commit_time,
    .put_version = journal_memory_put_version,
    .get_version = journal_memory_get_version,
    .find_version = journal_memory_find_version,
    .list_versions = journal_memory_list_versions,
    .list_strategies = journal_memory_list_strategies,
    .count_strategies = journal_memory_count_strategies,
    .set_active = journal_memory_set_active,
    .put_snapshot = journal_memory_put_snapshot,
    .get_snapshot = journal_memory_get_snapshot,
    .put_cursor = journal_memory_put_cursor,
    .list_cursors = journal_memory_list_cursors,
    .note_events = journal_memory_note_events,
    .put_dead = journal_memory_put_dead,
    .get_dead = journal_memory_get_dead,
    .list_dead = journal_memory_list_dead,
    .settle_dead = journal_memory_settle_dead,
    .put_submission = journal_memory_put_submission,
    .settle_submission = journal_memory_settle_submission,
    .get_submission = journal_memory_get_submission,
    .list_submissions = journal_memory_list_submissions,
    .trim = journal_memory_trim,
    .stats = journal_memory_stats,
    .stamp = memory_stamp,
    .close = memory_close,
};

int journal_memory_open(struct journal **out, struct error *e)
{
    struct journal_memory *m = mem_zero(1, sizeof *m);

    (void)e;
    journal_init(&m->base, &ops);
    m->runs.release = memory_run_release;
    m->pendings.release = memory_pending_release;
    m->dead.release = memory_dead_release;
    m->submissions.release = memory_submission_release;
    m->strategies.release = memory_strategy_release;
    m->snapshots.release = memory_snapshot_release;
    m->cursors.release = memory_cursor_release;
    m->events.release = free;
    m->commit_times.release = free;
    *out = &m->base;
    return 0;
}
