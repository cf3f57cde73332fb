#include "signer/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/mem.h"

#define SECOND_NS INT64_C(1000000000)
#define PIECE_NS  (600 * SECOND_NS)

/* ---- moments ---- */

void moments_init(struct moments *m, size_t max)
{
    *m = (struct moments){.at = mem_zero(max, sizeof *m->at), .max = max};
}

void moments_release(struct moments *m)
{
    free(m->at);
    *m = (struct moments){NULL, 0, 0, 0};
}

/* When the ring is full, `next` is the oldest. */
bool moments_full(const struct moments *m, int64_t now_ns, int64_t span_ns)
{
    return m->count == m->max && now_ns - m->at[m->next] < span_ns;
}

void moments_note(struct moments *m, int64_t now_ns)
{
    m->at[m->next] = now_ns;
    m->next = (m->next + 1) % m->max;
    if (m->count < m->max)
        m->count++;
}

/* ---- a day ---- */

static int64_t piece_of(int64_t now_ns)
{
    return now_ns / PIECE_NS + 1;
}

uint64_t day_sum(const struct day *d, int64_t now_ns)
{
    int64_t oldest = piece_of(now_ns) - DAY_PIECES + 1;
    uint64_t sum = 0;

    for (size_t i = 0; i < DAY_PIECES; i++)
        if (d->pieces[i] >= oldest && d->pieces[i] > 0 && !checked_add(sum, d->sums[i], &sum))
            return UINT64_MAX;
    return sum;
}

void day_note(struct day *d, uint64_t amount, int64_t now_ns)
{
    int64_t piece = piece_of(now_ns);
    size_t i = (size_t)(piece % DAY_PIECES);

    if (d->pieces[i] != piece) {
        d->pieces[i] = piece;
        d->sums[i] = 0;
    }
    if (!checked_add(d->sums[i], amount, &d->sums[i]))
        d->sums[i] = UINT64_MAX;
}

/* ---- coins ---- */

void coins_init(struct coins *c, size_t max)
{
    *c = (struct coins){.items = mem_zero(max, sizeof *c->items), .max = max};
}

void coins_release(struct coins *c)
{
    free(c->items);
    *c = (struct coins){NULL, 0, 0};
}

const struct coin *coins_find(const struct coins *c, const struct sui_address *id)
{
    for (size_t i = 0; i < c->count; i++)
        if (sui_address_equal(&c->items[i].id, id))
            return &c->items[i];
    return NULL;
}

static bool pays(const struct sui_gas *gas, const struct sui_address *id)
{
    for (size_t i = 0; i < gas->coin_count; i++)
        if (sui_address_equal(&gas->coins[i].id, id))
            return true;
    return false;
}

/* Its transaction can execute no more, and it is not wanted now. */
static bool can_go(const struct coin *coin, const struct sui_gas *gas, uint64_t epoch)
{
    return coin->last_epoch < epoch && !pays(gas, &coin->id);
}

static size_t new_coins(const struct coins *c, const struct sui_gas *gas)
{
    size_t count = 0;

    for (size_t i = 0; i < gas->coin_count; i++)
        count += coins_find(c, &gas->coins[i].id) == NULL;
    return count;
}

bool coins_have_room(const struct coins *c, const struct sui_gas *gas, uint64_t epoch)
{
    size_t wanted = new_coins(c, gas), room = c->max - c->count;

    for (size_t i = 0; i < c->count && room < wanted; i++)
        room += can_go(&c->items[i], gas, epoch);
    return room >= wanted;
}

static struct coin *place_of(struct coins *c, const struct sui_address *id,
                             const struct sui_gas *gas, uint64_t epoch)
{
    for (size_t i = 0; i < c->count; i++)
        if (sui_address_equal(&c->items[i].id, id))
            return &c->items[i];
    if (c->count < c->max)
        return &c->items[c->count++];
    for (size_t i = 0; i < c->count; i++)
        if (can_go(&c->items[i], gas, epoch))
            return &c->items[i];
    abort(); /* there was room */
}

void coins_note(struct coins *c, const struct sui_gas *gas, const struct sui_digest *digest,
                uint64_t last_epoch, uint64_t epoch)
{
    for (size_t i = 0; i < gas->coin_count; i++) {
        const struct sui_object_ref *ref = &gas->coins[i];
        *place_of(c, &ref->id, gas, epoch) =
            (struct coin){ref->id, ref->version, *digest, last_epoch};
    }
}

/* ---- epochs ---- */

uint64_t epochs_least(const struct epochs *e)
{
    return e->known ? e->last : 0;
}

uint64_t epochs_most(const struct epochs *e, int64_t now_ns, uint32_t epoch_least_s)
{
    int64_t passed = (now_ns - e->first_ns) / SECOND_NS / (int64_t)epoch_least_s;
    uint64_t most;

    if (!e->known || !checked_add(e->first, (uint64_t)passed + 1, &most))
        return UINT64_MAX;
    return most;
}

void epochs_note(struct epochs *e, uint64_t epoch, int64_t now_ns)
{
    if (!e->known)
        *e = (struct epochs){.known = true, .first = epoch, .first_ns = now_ns};
    e->last = epoch;
}
