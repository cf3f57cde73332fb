/*
 * journal_memory: what the files of the memory journal share. Used inside journal/ only.
 *
 * Every write of a transaction leaves an undo record; rollback replays them, newest first. Runs and
 * pendings are arrays of pointers sorted by id (they arrive nearly in order). Runs beyond the
 * newest JOURNAL_MEMORY_RUNS go at commit, when nothing can bring them back; that an id was used
 * before is only known for the runs still kept.
 */
#ifndef ORRERY_JOURNAL_MEMORY_H
#define ORRERY_JOURNAL_MEMORY_H

#include <uthash.h>

#include "journal/journal.h"

/* Runs or pendings; each begins with its id. */
struct memory_list {
    uint64_t **items;
    size_t count;
    size_t capacity;
};

/* Where `id` is or would be. */
size_t memory_list_place(const struct memory_list *list, uint64_t id);
void *memory_list_find(const struct memory_list *list, uint64_t id);
uint64_t memory_list_last(const struct memory_list *list);     /* greatest id; 0 when empty */
void memory_list_insert(struct memory_list *list, void *item); /* item's first member is its id */
void *memory_list_take(struct memory_list *list, uint64_t id); /* NULL when it is not there */

struct memory_count {
    UT_hash_handle hh;
    char plugin[LIMIT_NAME_BYTES + 1];
    uint64_t counts[RUN_STATUS_COUNT];
};

struct memory_vault {
    UT_hash_handle hh;
    char id[LIMIT_NAME_BYTES + 1];
    bool found; /* an account was put */
    struct vault_account account;
    struct position *positions;
    size_t position_count;
    struct spend *spends; /* in the order of arrival */
    size_t spend_count;
    struct memory_vault *before; /* as it was when the transaction first touched it */
};

enum memory_undo_kind { UNDO_RUN, UNDO_PENDING_PUT, UNDO_PENDING_REMOVE, UNDO_VAULT };

struct memory_undo {
    struct memory_undo *next;
    enum memory_undo_kind kind;
    uint64_t id;             /* UNDO_RUN, UNDO_PENDING_PUT */
    struct pending *pending; /* UNDO_PENDING_REMOVE: owned */
    struct memory_vault *vault;
};

struct journal_memory {
    struct journal base;
    struct memory_list runs;
    struct memory_list pendings;
    struct memory_count *counts;
    struct memory_vault *vaults;
    struct memory_undo *undo;
};

static inline struct journal_memory *journal_memory_of(struct journal *j)
{
    return (struct journal_memory *)j;
}

struct memory_undo *journal_memory_undo(struct journal_memory *m, enum memory_undo_kind kind);

void memory_vault_restore(struct memory_vault *vault);
void memory_vault_accept(struct memory_vault *vault);
void memory_vault_free(struct memory_vault *vault);

/* The operations on vaults. */
int journal_memory_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                              const struct ledger_change *change, struct error *e);
int journal_memory_load_account(struct journal *j, const char *vault, bool *found,
                                struct vault_account *out, struct error *e);
int journal_memory_load_positions(struct journal *j, const char *vault, position_fn *each,
                                  void *arg, struct error *e);
int journal_memory_load_spend(struct journal *j, const char *vault, int64_t since_ms,
                              spend_fn *each, void *arg, struct error *e);

#endif
