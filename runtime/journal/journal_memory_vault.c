/* Vaults in memory. The first write of a transaction copies the vault aside; rollback puts the copy
 * back. Ledger lines are not kept: nothing reads them from a journal that forgets. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "journal/journal_memory.h"

static void *copy(const void *items, size_t count, size_t size)
{
    void *copied = mem_alloc(count * size);

    if (count > 0)
        memcpy(copied, items, count * size);
    return copied;
}

static struct memory_vault *find_vault(struct journal *j, const char *id)
{
    struct memory_vault *vault;

    HASH_FIND_STR(journal_memory_of(j)->vaults, id, vault);
    return vault;
}

static struct memory_vault *need_vault(struct journal_memory *m, const char *id)
{
    struct memory_vault *vault = find_vault(&m->base, id);

    if (vault == NULL) {
        vault = mem_zero(1, sizeof *vault);
        memcpy(vault->id, id, strlen(id) + 1);
        HASH_ADD_STR(m->vaults, id, vault);
    }
    return vault;
}

static void release_contents(struct memory_vault *vault)
{
    free(vault->positions);
    free(vault->spends);
}

void memory_vault_accept(struct memory_vault *vault)
{
    if (vault->before != NULL)
        release_contents(vault->before);
    free(vault->before);
    vault->before = NULL;
}

void memory_vault_restore(struct memory_vault *vault)
{
    struct memory_vault *before = vault->before;

    release_contents(vault);
    vault->found = before->found;
    vault->account = before->account;
    vault->positions = before->positions;
    vault->position_count = before->position_count;
    vault->spends = before->spends;
    vault->spend_count = before->spend_count;
    free(before);
    vault->before = NULL;
}

void memory_vault_free(struct memory_vault *vault)
{
    memory_vault_accept(vault);
    release_contents(vault);
    free(vault);
}

static void remember(struct journal_memory *m, struct memory_vault *vault)
{
    if (vault->before != NULL)
        return;
    vault->before = copy(vault, 1, sizeof *vault);
    vault->before->positions =
        copy(vault->positions, vault->position_count, sizeof *vault->positions);
    vault->before->spends = copy(vault->spends, vault->spend_count, sizeof *vault->spends);
    journal_memory_undo(m, UNDO_VAULT)->vault = vault;
}

static void put_position(struct memory_vault *vault, const struct position *p)
{
    size_t at = 0;

    while (at < vault->position_count && !position_same(&vault->positions[at], p))
        at++;
    if (p->quantity == 0) {
        if (at == vault->position_count)
            return;
        vault->position_count--;
        memmove(&vault->positions[at], &vault->positions[at + 1],
                (vault->position_count - at) * sizeof *p);
        return;
    }
    if (at == vault->position_count) {
        vault->positions = mem_resize(vault->positions, ++vault->position_count * sizeof *p);
    }
    vault->positions[at] = *p;
}

/* Kept sorted by time, so that load_spend need not sort. */
static void put_spend(struct memory_vault *vault, int64_t at_ms, uint64_t amount)
{
    size_t at = vault->spend_count;

    vault->spends = mem_resize(vault->spends, ++vault->spend_count * sizeof *vault->spends);
    for (; at > 0 && vault->spends[at - 1].at_ms > at_ms; at--)
        vault->spends[at] = vault->spends[at - 1];
    vault->spends[at] = (struct spend){.at_ms = at_ms, .amount = amount};
}

int journal_memory_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                              const struct ledger_change *change, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct memory_vault *vault = need_vault(m, change->account.id);

    (void)run;
    (void)e;
    remember(m, vault);
    vault->found = true;
    vault->account = change->account;
    for (size_t i = 0; i < change->position_count; i++)
        put_position(vault, &change->positions[i]);
    if (change->spend != 0)
        put_spend(vault, at_ms, change->spend);
    return 0;
}

int journal_memory_load_account(struct journal *j, const char *vault, bool *found,
                                struct vault_account *out, struct error *e)
{
    struct memory_vault *v = find_vault(j, vault);

    (void)e;
    *found = v != NULL && v->found;
    if (*found)
        *out = v->account;
    return 0;
}

int journal_memory_load_positions(struct journal *j, const char *vault, position_fn *each,
                                  void *arg, struct error *e)
{
    struct memory_vault *v = find_vault(j, vault);
    int rc = 0;

    (void)e;
    for (size_t i = 0; v != NULL && i < v->position_count && rc == 0; i++)
        rc = each(arg, &v->positions[i]);
    return rc;
}

int journal_memory_load_spend(struct journal *j, const char *vault, int64_t since_ms,
                              spend_fn *each, void *arg, struct error *e)
{
    struct memory_vault *v = find_vault(j, vault);
    int rc = 0;

    (void)e;
    for (size_t i = 0; v != NULL && i < v->spend_count && rc == 0; i++)
        if (v->spends[i].at_ms >= since_ms)
            rc = each(arg, &v->spends[i]);
    return rc;
}
