#include "journal/journal_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"

_Static_assert(offsetof(struct run, id) == 0 && offsetof(struct pending, id) == 0,
               "memory_list wants the id first");

/* An empty text is an absent one. */
static char *text_copy(const char *text)
{
    return text != NULL && text[0] != '\0' ? mem_strdup(text) : NULL;
}

static struct run *run_copy(const struct run *run)
{
    struct run *copy = mem_alloc(sizeof *copy);

    *copy = *run;
    copy->topic = text_copy(run->topic);
    copy->payload = text_copy(run->payload);
    copy->reason = text_copy(run->reason);
    copy->error = text_copy(run->error);
    copy->actions = text_copy(run->actions);
    copy->result = text_copy(run->result);
    copy->logs = text_copy(run->logs);
    return copy;
}

static void run_free(struct run *run)
{
    run_release(run);
    free(run);
}

static struct pending *pending_copy(const struct pending *pending)
{
    struct pending *copy = mem_alloc(sizeof *copy);

    *copy = *pending;
    copy->topic = text_copy(pending->topic);
    copy->payload = text_copy(pending->payload);
    return copy;
}

static void pending_free(struct pending *pending)
{
    if (pending == NULL)
        return;
    pending_release(pending);
    free(pending);
}

struct memory_undo *journal_memory_undo(struct journal_memory *m, enum memory_undo_kind kind)
{
    struct memory_undo *undo = mem_zero(1, sizeof *undo);

    undo->kind = kind;
    undo->next = m->undo;
    m->undo = undo;
    return undo;
}

static uint64_t *count_of(struct journal_memory *m, const struct run *run)
{
    struct memory_count *found;

    HASH_FIND_STR(m->counts, run->plugin, found);
    if (found == NULL) {
        found = mem_zero(1, sizeof *found);
        memcpy(found->plugin, run->plugin, sizeof found->plugin);
        HASH_ADD_STR(m->counts, plugin, found);
    }
    return &found->counts[run->status];
}

static int memory_begin(struct journal *j, struct error *e)
{
    (void)j;
    (void)e;
    return 0;
}

static void keep_newest(struct memory_list *runs)
{
    size_t surplus;

    if (runs->count <= JOURNAL_MEMORY_RUNS)
        return;
    surplus = runs->count - JOURNAL_MEMORY_RUNS;
    for (size_t i = 0; i < surplus; i++)
        run_free((struct run *)runs->items[i]);
    runs->count = JOURNAL_MEMORY_RUNS;
    memmove(runs->items, runs->items + surplus, runs->count * sizeof *runs->items);
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
        pending_free(undo->pending);
        free(undo);
    }
    keep_newest(&m->runs);
    return 0;
}

static void take_back(struct journal_memory *m, struct memory_undo *undo)
{
    struct run *run;

    switch (undo->kind) {
    case UNDO_RUN:
        run = memory_list_take(&m->runs, undo->id);
        (*count_of(m, run))--;
        run_free(run);
        break;
    case UNDO_PENDING_PUT:
        pending_free(memory_list_take(&m->pendings, undo->id));
        break;
    case UNDO_PENDING_REMOVE:
        memory_list_insert(&m->pendings, undo->pending);
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
        free(undo);
    }
}

static int memory_put_run(struct journal *j, const struct run *run, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    char id[ID_TEXT_SIZE];

    if (memory_list_find(&m->runs, run->id) != NULL)
        return error_set(e, ERROR_INTERNAL, "run %s is recorded already", id_format(run->id, id));
    memory_list_insert(&m->runs, run_copy(run));
    journal_memory_undo(m, UNDO_RUN)->id = run->id;
    (*count_of(m, run))++;
    return 0;
}

static int memory_put_pending(struct journal *j, const struct pending *pending, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    char id[ID_TEXT_SIZE];

    if (memory_list_find(&m->pendings, pending->id) != NULL)
        return error_set(e, ERROR_INTERNAL, "pending %s is recorded already",
                         id_format(pending->id, id));
    memory_list_insert(&m->pendings, pending_copy(pending));
    journal_memory_undo(m, UNDO_PENDING_PUT)->id = pending->id;
    return 0;
}

static int memory_remove_pending(struct journal *j, uint64_t id, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct pending *pending = memory_list_take(&m->pendings, id);

    (void)e;
    if (pending != NULL)
        journal_memory_undo(m, UNDO_PENDING_REMOVE)->pending = pending;
    return 0;
}

static int memory_last_id(struct journal *j, uint64_t *id, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    uint64_t run = memory_list_last(&m->runs);
    uint64_t pending = memory_list_last(&m->pendings);

    (void)e;
    *id = run > pending ? run : pending;
    return 0;
}

static int memory_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e)
{
    struct run *run = memory_list_find(&journal_memory_of(j)->runs, id);

    (void)e;
    return run ? each(arg, run) : 0;
}

static bool matches(const struct run *run, const struct run_filter *filter)
{
    if (filter->plugin != NULL && strcmp(filter->plugin, run->plugin) != 0)
        return false;
    return filter->status < 0 || (int)run->status == filter->status;
}

static int memory_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each,
                            void *arg, struct error *e)
{
    const struct memory_list *runs = &journal_memory_of(j)->runs;
    size_t at = filter->before == 0 ? runs->count : memory_list_place(runs, filter->before);
    size_t given = 0;
    int rc = 0;

    (void)e;
    while (at-- > 0 && given < filter->limit && rc == 0) {
        const struct run *run = (const struct run *)runs->items[at];
        if (!matches(run, filter))
            continue;
        rc = each(arg, run);
        given++;
    }
    return rc;
}

static int by_plugin(struct memory_count *a, struct memory_count *b)
{
    return strcmp(a->plugin, b->plugin);
}

static int memory_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    int rc = 0;

    (void)e;
    HASH_SORT(m->counts, by_plugin);
    for (struct memory_count *c = m->counts; c != NULL; c = c->hh.next)
        for (int status = 0; status < (int)RUN_STATUS_COUNT && rc == 0; status++)
            if (c->counts[status] != 0)
                rc = each(arg, c->plugin, (enum run_status)status, c->counts[status]);
    return rc;
}

static int memory_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e)
{
    const struct memory_list *pendings = &journal_memory_of(j)->pendings;
    int rc = 0;

    (void)e;
    for (size_t i = 0; i < pendings->count && rc == 0; i++)
        rc = each(arg, (const struct pending *)pendings->items[i]);
    return rc;
}

static void memory_close(struct journal *j)
{
    struct journal_memory *m = journal_memory_of(j);
    struct memory_count *count, *next_count;
    struct memory_vault *vault, *next_vault;

    for (size_t i = 0; i < m->runs.count; i++)
        run_free((struct run *)m->runs.items[i]);
    for (size_t i = 0; i < m->pendings.count; i++)
        pending_free((struct pending *)m->pendings.items[i]);
    free(m->runs.items);
    free(m->pendings.items);
    HASH_ITER(hh, m->counts, count, next_count)
    {
        HASH_DEL(m->counts, count);
        free(count);
    }
    HASH_ITER(hh, m->vaults, vault, next_vault)
    {
        HASH_DEL(m->vaults, vault);
        memory_vault_free(vault);
    }
    free(m);
}

static const struct journal_ops ops = {
    .name = "memory",
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .put_run = memory_put_run,
    .put_change = journal_memory_put_change,
    .put_pending = memory_put_pending,
    .remove_pending = memory_remove_pending,
    .last_id = memory_last_id,
    .get_run = memory_get_run,
    .list_runs = memory_list_runs,
    .count_runs = memory_count_runs,
    .list_pending = memory_list_pending,
    .load_account = journal_memory_load_account,
    .load_positions = journal_memory_load_positions,
    .load_spend = journal_memory_load_spend,
    .close = memory_close,
};

int journal_memory_open(struct journal **out, struct error *e)
{
    struct journal_memory *m = mem_zero(1, sizeof *m);

    (void)e;
    journal_init(&m->base, &ops);
    *out = &m->base;
    return 0;
}
