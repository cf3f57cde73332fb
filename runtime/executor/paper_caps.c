#include <inttypes.h>

#include "base/checked.h"
#include "executor/paper.h"

uint64_t paper_share(uint64_t amount, uint32_t ppm)
{
    uint64_t share = amount;

    checked_mul_div(amount, ppm, PPM, &share);
    return share;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 100.0;
}

/* The mint that a judgement about the whole batch names. */
static const struct item *last_mint(const struct batch *b)
{
    const struct item *last = NULL;

    for (size_t i = 0; i < b->count; i++)
        if (action_mints(b->items[i].action))
            last = &b->items[i];
    return last;
}

static int judge_drawdown(struct batch *b, const struct item *mint)
{
    uint64_t high = b->vault->account.high_water;
    uint64_t allowed = paper_share(high, b->x->drawdown_ppm);

    if (high > b->nav && high - b->nav > allowed)
        return batch_reject(b, REJECT_CAP_DRAWDOWN, mint->index,
                            "drawdown_pct=%.2f cap_pct=%g nav=%" PRIu64 " high_water=%" PRIu64,
                            percent(high - b->nav, high), b->x->config.caps.max_drawdown_pct,
                            b->nav, high);
    return 0;
}

static int judge_single(struct batch *b, const struct item *mint)
{
    const struct position *held = vault_find(b->vault, &mint->key);
    uint64_t limit = paper_share(b->nav, b->x->single_ppm);

    if (held != NULL && held->cost > limit)
        return batch_reject(b, REJECT_CAP_SINGLE_POSITION, mint->index,
                            "position_pct=%.2f cap_pct=%g cost=%" PRIu64 " limit=%" PRIu64,
                            percent(held->cost, b->nav), b->x->config.caps.max_single_position_pct,
                            held->cost, limit);
    return 0;
}

static int judge_exposure(struct batch *b, const struct item *mint)
{
    uint64_t exposure = vault_cost(b->vault);
    uint64_t limit = paper_share(b->nav, b->x->exposure_ppm);

    if (exposure > limit)
        return batch_reject(b, REJECT_CAP_EXPOSURE, mint->index,
                            "exposure_pct=%.2f cap_pct=%g cost=%" PRIu64 " limit=%" PRIu64,
                            percent(exposure, b->nav), b->x->config.caps.max_exposure_pct, exposure,
                            limit);
    return 0;
}

/* A vault that is above the cap already (the cap was lowered) may still add to what it holds. */
static int judge_open_positions(struct batch *b, const struct item *mint)
{
    uint64_t cap = b->x->config.caps.max_open_positions;

    if (cap > PAPER_POSITIONS_MAX)
        cap = PAPER_POSITIONS_MAX;
    if (b->vault->count > cap && b->vault->count > b->x->vault.count)
        return batch_reject(b, REJECT_CAP_OPEN_POSITIONS, mint->index,
                            "open_positions=%zu cap=%" PRIu64, b->vault->count, cap);
    return 0;
}

static int judge_spend(struct batch *b, const struct item *mint)
{
    const struct caps_config *caps = &b->x->config.caps;
    uint64_t spent, sum = UINT64_MAX;

    if (caps->max_spend == 0)
        return 0;
    spent = spend_window_total(&b->x->spends, b->now_ms);
    checked_add(spent, b->out->change.spend, &sum);
    if (sum > caps->max_spend)
        return batch_reject(b, REJECT_CAP_SPEND, mint->index,
                            "spend=%" PRIu64 " spent=%" PRIu64 " cap=%" PRIu64
                            " window_ms=%" PRId64,
                            b->out->change.spend, spent, caps->max_spend, caps->spend_window_ms);
    return 0;
}

static int judge_reach(struct batch *b, const struct item *mint)
{
    if (vault_reach(b->vault) > AMOUNT_MAX)
        return batch_reject(b, REJECT_AMOUNT_OVERFLOW, mint->index,
                            "balances and possible payouts exceed max=%" PRIu64, AMOUNT_MAX);
    return 0;
}

int batch_judge(struct batch *b)
{
    const struct item *last = last_mint(b);

    if (last == NULL)
        return 0;
    if (b->unpriced != NULL)
        return batch_reject(b, REJECT_NAV_UNKNOWN, last->index, "market_id=%s reason=no_price",
                            b->unpriced->market_id);
    if (judge_drawdown(b, last) < 0)
        return -1;
    for (size_t i = 0; i < b->count; i++)
        if (action_mints(b->items[i].action) && judge_single(b, &b->items[i]) < 0)
            return -1;
    if (judge_exposure(b, last) < 0 || judge_open_positions(b, last) < 0 ||
        judge_spend(b, last) < 0)
        return -1;
    return judge_reach(b, last);
}
