#include "chain/gas_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void gas_pool_release(struct gas_pool *pool)
{
    free(pool->coins);
    *pool = (struct gas_pool){0};
}

static struct gas_coin *find(const struct gas_pool *pool, const struct sui_address *id)
{
    for (size_t i = 0; i < pool->count; i++)
        if (sui_address_equal(&pool->coins[i].ref.id, id))
            return &pool->coins[i];
    return NULL;
}

const struct gas_coin *gas_pool_find(const struct gas_pool *pool, const struct sui_address *id)
{
    return find(pool, id);
}

/* A pool that is full forgets one that is gone. */
static struct gas_coin *add(struct gas_pool *pool, const struct sui_object_ref *ref,
                            uint64_t balance, enum gas_coin_state state)
{
    struct gas_coin coin = {.ref = *ref, .balance = balance, .state = state};

    if (pool->count == GAS_COINS) {
        for (size_t i = 0; i < pool->count; i++)
            if (pool->coins[i].state == GAS_GONE) {
                pool->coins[i] = coin;
                return &pool->coins[i];
            }
        return NULL;
    }
    if (pool->count == pool->capacity) {
        pool->capacity = pool->capacity ? pool->capacity * 2 : 32;
        pool->coins = mem_resize(pool->coins, pool->capacity * sizeof *pool->coins);
    }
    pool->coins[pool->count] = coin;
    return &pool->coins[pool->count++];
}

bool gas_pool_learn(struct gas_pool *pool, const struct sui_object_ref *ref, uint64_t balance)
{
    struct gas_coin *coin = find(pool, &ref->id);

    if (coin == NULL)
        return add(pool, ref, balance, GAS_FREE) != NULL;
    if (coin->state == GAS_RESERVED || ref->version < coin->ref.version ||
        ((coin->state == GAS_UNCERTAIN || coin->state == GAS_GONE) && ref->version < coin->least) ||
        (coin->state == GAS_SHELVED && ref->version == coin->ref.version))
        return false;
    *coin = (struct gas_coin){.ref = *ref, .balance = balance, .state = GAS_FREE};
    return true;
}

const struct gas_coin *gas_pool_choose(const struct gas_pool *pool, uint64_t need, uint64_t least)
{
    const struct gas_coin *smallest = NULL, *largest = NULL;

    for (size_t i = 0; i < pool->count; i++) {
        const struct gas_coin *coin = &pool->coins[i];
        if (coin->state != GAS_FREE || coin->balance < least)
            continue;
        if (coin->balance >= need && (smallest == NULL || coin->balance < smallest->balance))
            smallest = coin;
        if (largest == NULL || coin->balance > largest->balance)
            largest = coin;
    }
    return smallest != NULL ? smallest : largest;
}

bool gas_pool_reserve(struct gas_pool *pool, const struct sui_address *id)
{
    struct gas_coin *coin = find(pool, id);

    if (coin == NULL || coin->state != GAS_FREE)
        return false;
    coin->state = GAS_RESERVED;
    return true;
}

void gas_pool_adopt(struct gas_pool *pool, const struct sui_object_ref *ref, uint64_t balance)
{
    struct gas_coin *coin = find(pool, &ref->id);

    if (coin == NULL)
        coin = add(pool, ref, balance, GAS_RESERVED);
    if (coin == NULL)
        return;
    if (ref->version >= coin->ref.version) {
        coin->ref = *ref;
        coin->balance = balance;
    }
    coin->state = GAS_RESERVED;
}

void gas_pool_free(struct gas_pool *pool, const struct sui_address *id)
{
    struct gas_coin *coin = find(pool, id);

    if (coin != NULL && coin->state == GAS_RESERVED)
        coin->state = GAS_FREE;
}

void gas_pool_update(struct gas_pool *pool, const struct sui_object_ref *ref, uint64_t balance)
{
    gas_pool_free(pool, &ref->id);
    gas_pool_learn(pool, ref, balance);
}

void gas_pool_shelve(struct gas_pool *pool, const struct sui_address *id, uint64_t last_epoch)
{
    struct gas_coin *coin = find(pool, id);

    if (coin == NULL || coin->state != GAS_RESERVED)
        return;
    coin->state = GAS_SHELVED;
    coin->last_epoch = last_epoch;
}

void gas_pool_unshelve(struct gas_pool *pool, uint64_t epoch)
{
    for (size_t i = 0; i < pool->count; i++)
        if (pool->coins[i].state == GAS_SHELVED && epoch > pool->coins[i].last_epoch)
            pool->coins[i].state = GAS_FREE;
}

void gas_pool_doubt(struct gas_pool *pool, const struct sui_address *id, uint64_t least)
{
    struct gas_coin *coin = find(pool, id);

    if (coin == NULL)
        return;
    coin->state = GAS_UNCERTAIN;
    coin->least = least > coin->ref.version ? least : coin->ref.version;
    coin->missed_ns = 0;
}

static bool is_listed(const struct sui_address *listed, size_t count, const struct sui_address *id)
{
    for (size_t i = 0; i < count; i++)
        if (sui_address_equal(&listed[i], id))
            return true;
    return false;
}

size_t gas_pool_miss(struct gas_pool *pool, const struct sui_address *listed, size_t count,
                     int64_t now_ns, int64_t apart_ns)
{
    size_t gone = 0;

    for (size_t i = 0; i < pool->count; i++) {
        struct gas_coin *coin = &pool->coins[i];
        if (coin->state != GAS_UNCERTAIN)
            continue;
        if (is_listed(listed, count, &coin->ref.id)) {
            coin->missed_ns = 0;
        } else if (coin->missed_ns == 0) {
            coin->missed_ns = now_ns;
        } else if (now_ns - coin->missed_ns >= apart_ns) {
            coin->state = GAS_GONE;
            coin->balance = 0;
            gone++;
        }
    }
    return gone;
}

size_t gas_pool_count(const struct gas_pool *pool, enum gas_coin_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < pool->count; i++)
        count += pool->coins[i].state == state;
    return count;
}

bool gas_pool_may_serve(const struct gas_pool *pool, uint64_t least)
{
    for (size_t i = 0; i < pool->count; i++) {
        const struct gas_coin *coin = &pool->coins[i];
        if (coin->state == GAS_UNCERTAIN || (coin->state == GAS_RESERVED && coin->balance >= least))
            return true;
    }
    return false;
}

size_t gas_pool_split(const struct gas_pool *pool, size_t wanted, uint64_t amount, uint64_t keep,
                      const struct gas_coin **coin)
{
    const struct gas_coin *largest = NULL;
    size_t have = 0, parts;

    if (amount == 0)
        return 0;
    for (size_t i = 0; i < pool->count; i++) {
        const struct gas_coin *c = &pool->coins[i];
        have += c->state != GAS_SHELVED && c->state != GAS_GONE && c->balance >= amount / 2;
        if (c->state == GAS_FREE && (largest == NULL || c->balance > largest->balance))
            largest = c;
    }
    if (have >= wanted || largest == NULL || largest->balance < keep ||
        (largest->balance - keep) / amount < 2)
        return 0;
    parts = (size_t)((largest->balance - keep) / amount - 1 < wanted - have
                         ? (largest->balance - keep) / amount - 1
                         : wanted - have);
    *coin = largest;
    return parts;
}
