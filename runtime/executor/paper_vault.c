#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "executor/paper.h"

static void reserve(struct vault *vault, size_t count)
{
    if (count <= vault->capacity)
        return;
    vault->capacity = count < 16 ? 16 : count * 2;
    vault->positions = mem_resize(vault->positions, vault->capacity * sizeof *vault->positions);
}

void vault_copy(struct vault *to, const struct vault *from)
{
    reserve(to, from->count);
    to->account = from->account;
    to->count = from->count;
    if (from->count > 0)
        memcpy(to->positions, from->positions, from->count * sizeof *from->positions);
}

void vault_release(struct vault *vault)
{
    free(vault->positions);
    memset(vault, 0, sizeof *vault);
}

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int position_order(const struct position *a, const struct position *b)
{
    int by = strcmp(a->market_id, b->market_id);

    if (by == 0)
        by = order(a->kind, b->kind);
    if (by == 0)
        by = order(a->strike, b->strike);
    if (by == 0)
        by = order(a->higher, b->higher);
    return by != 0 ? by : order(a->is_up, b->is_up);
}

/* Index of the first position that does not come before `key`. */
static size_t lower_bound(const struct vault *vault, const struct position *key)
{
    size_t low = 0;
    size_t high = vault->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (position_order(&vault->positions[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct position *vault_find(const struct vault *vault, const struct position *key)
{
    size_t at = lower_bound(vault, key);

    if (at == vault->count || position_order(&vault->positions[at], key) != 0)
        return NULL;
    return &vault->positions[at];
}

struct position *vault_add(struct vault *vault, const struct position *position)
{
    size_t at = lower_bound(vault, position);

    reserve(vault, vault->count + 1);
    memmove(&vault->positions[at + 1], &vault->positions[at],
            (vault->count - at) * sizeof *vault->positions);
    vault->positions[at] = *position;
    vault->count++;
    return &vault->positions[at];
}

void vault_remove(struct vault *vault, struct position *position)
{
    size_t after = vault->count - (size_t)(position - vault->positions) - 1;

    memmove(position, position + 1, after * sizeof *position);
    vault->count--;
}

/* Saturates, so that it may also be asked about a record that is not checked yet. */
uint64_t vault_cost(const struct vault *vault)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < vault->count; i++)
        if (__builtin_add_overflow(sum, vault->positions[i].cost, &sum))
            return UINT64_MAX;
    return sum;
}

unsigned __int128 vault_reach(const struct vault *vault)
{
    const struct vault_account *a = &vault->account;
    unsigned __int128 sum = (unsigned __int128)a->quote + a->pm + a->plp_cost;

    for (size_t i = 0; i < vault->count; i++)
        sum += vault->positions[i].quantity;
    return sum;
}

bool vault_balances(const struct vault *vault)
{
    const struct vault_account *a = &vault->account;
    unsigned __int128 held = (unsigned __int128)a->quote + a->pm + a->plp_cost;

    for (size_t i = 0; i < vault->count; i++)
        held += vault->positions[i].cost;
    return held + a->realised_loss == (unsigned __int128)a->deposited + a->realised_gain;
}

static bool moved(uint64_t balance, int64_t delta, uint64_t *out)
{
    __int128 after = (__int128)balance + delta;

    if (after < 0 || after > (__int128)AMOUNT_MAX)
        return false;
    *out = (uint64_t)after;
    return true;
}

/* Only the difference of gains and losses counts, and it is bounded by what the vault can hold;
 * when one of the sums would pass the limit, both are reduced by the lesser. */
static bool realise(struct vault_account *a, int64_t gain)
{
    uint64_t *to = gain < 0 ? &a->realised_loss : &a->realised_gain;
    uint64_t amount = gain < 0 ? (uint64_t)-gain : (uint64_t)gain;
    uint64_t lesser;

    if (amount > AMOUNT_MAX - *to) {
        lesser = a->realised_gain < a->realised_loss ? a->realised_gain : a->realised_loss;
        a->realised_gain -= lesser;
        a->realised_loss -= lesser;
    }
    if (amount > AMOUNT_MAX - *to)
        return false;
    *to += amount;
    return true;
}

bool vault_move(struct vault *vault, struct ledger_change *change, struct ledger_entry *entry)
{
    struct vault_account after = vault->account;
    __int128 gain = (__int128)entry->quote_delta + entry->pm_delta + entry->cost_delta;

    if (!moved(after.quote, entry->quote_delta, &after.quote) ||
        !moved(after.pm, entry->pm_delta, &after.pm))
        return false;
    if (gain < -(__int128)INT64_MAX || gain > (__int128)INT64_MAX ||
        !realise(&after, (int64_t)gain))
        return false;
    entry->gain_delta = (int64_t)gain;
    vault->account = after;
    ledger_change_add_entry(change, entry);
    return true;
}
