#include "core/retention_pace.h"

uint32_t pace_runs(const struct pace *p)
{
    uint64_t target = p->busy ? PACE_BUSY_US : PACE_IDLE_US;
    uint64_t runs = p->runs * target / (uint64_t)(p->trim_us > 0 ? p->trim_us : 1);

    if (runs > 2 * (uint64_t)p->runs)
        runs = 2 * (uint64_t)p->runs;
    return (uint32_t)(runs < PACE_MIN ? PACE_MIN : runs > PACE_MAX ? PACE_MAX : runs);
}

int64_t pace_rest_us(const struct pace *p, uint32_t runs)
{
    int64_t rest = PACE_REST * p->took_us, least = PACE_REST_LEAST * p->took_us;
    int64_t needed; /* so that in a slice's turn PACE_LEAD times what comes goes */

    if (!p->busy)
        return 0;
    if (p->came == 0)
        return rest;
    needed = (int64_t)((double)p->elapsed_us / (double)p->came * runs / PACE_LEAD) - p->took_us;
    return needed > rest ? rest : needed < least ? least : needed;
}
