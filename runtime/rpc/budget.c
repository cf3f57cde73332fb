#include "rpc/rpc.h"

#define UNITS 1000 /* of gas: what the network adds, and the least that it takes */

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    return a > 0 && b > UINT64_MAX / a ? UINT64_MAX : a * b;
}

/* percent of `value`, rounded up. */
static uint64_t part(uint64_t value, unsigned percent)
{
    return add(multiply(value / 100, percent), (value % 100 * percent + 99) / 100);
}

uint64_t rpc_budget(const struct rpc_effects *simulated, uint64_t price, unsigned margin_pct)
{
    uint64_t overhead = multiply(UNITS, price);
    uint64_t least = add(simulated->computation, overhead);
    uint64_t storage = add(least, simulated->storage);
    uint64_t budget = least;

    if (storage > simulated->rebate && storage - simulated->rebate > least)
        budget = storage - simulated->rebate;
    return add(budget, part(budget, margin_pct));
}
