#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "executor/paper.h"

static const char *rejection_name(enum execution_rejection code)
{
    static const char *const names[] = {
#define X(name, meaning) #name,
        EXECUTION_REJECTIONS(X)
#undef X
    };
    return names[code];
}

int batch_reject(struct batch *b, enum execution_rejection code, size_t index, const char *format,
                 ...)
{
    struct execution *out = b->out;
    const char *name = rejection_name(code);
    va_list args;
    int used;

    out->status = EXECUTION_REJECTED;
    out->index = index;
    snprintf(out->code, sizeof out->code, "%s", name);
    used = snprintf(out->message, sizeof out->message, "%s: action=%zu ", name, index);
    va_start(args, format);
    vsnprintf(out->message + used, sizeof out->message - (size_t)used, format, args);
    va_end(args);
    /* Market ids come from scripts. */
    for (char *c = out->message; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return -1;
}

bool action_mints(const struct action *action)
{
    return action->kind == ACTION_MINT_BINARY || action->kind == ACTION_MINT_RANGE;
}

bool action_redeems(const struct action *action)
{
    return action->kind == ACTION_REDEEM_BINARY || action->kind == ACTION_REDEEM_RANGE;
}

/* Both fit: an ask is below and a bid at most PRICE_ONE. */
uint64_t quote_cost(const struct quote *quote, uint64_t quantity)
{
    uint64_t cost = UINT64_MAX;

    checked_mul_div_up(quantity, quote->ask, PRICE_ONE, &cost);
    return cost;
}

uint64_t quote_proceeds(const struct quote *quote, uint64_t quantity)
{
    uint64_t proceeds = 0;

    checked_mul_div(quantity, quote->bid, PRICE_ONE, &proceeds);
    return proceeds;
}

static void item_key(struct item *item, int64_t expiry_ms, int64_t now_ms)
{
    const struct action *a = item->action;
    struct position *key = &item->key;
    bool range = a->kind == ACTION_MINT_RANGE || a->kind == ACTION_REDEEM_RANGE;

    memset(key, 0, sizeof *key);
    key->kind = range ? POSITION_RANGE : POSITION_BINARY;
    snprintf(key->market_id, sizeof key->market_id, "%s", a->market_id);
    key->strike = range ? a->lower_strike : a->strike;
    key->higher = range ? a->higher_strike : 0;
    key->is_up = !range && a->is_up;
    key->opened_ms = now_ms;
    key->expiry_ms = expiry_ms;
}

static int check_market(struct batch *b, const struct item *item, const struct market *market,
                        int64_t expiry_ms)
{
    const char *id = item->action->market_id;

    if (market == NULL)
        return batch_reject(b, REJECT_MARKET_UNKNOWN, item->index,
                            "market_id=%.80s reason=no_such_feed", id);
    if (expiry_ms <= b->now_ms || expiry_ms <= market->at_ms)
        return batch_reject(b, REJECT_MARKET_EXPIRED, item->index,
                            "market_id=%.80s expiry=%" PRId64 " now=%" PRId64, id, expiry_ms,
                            b->now_ms);
    if (market->at_ms == 0)
        return batch_reject(b, REJECT_MARKET_STALE, item->index,
                            "market_id=%.80s reason=no_price_yet", id);
    if (market->stale)
        return batch_reject(b, REJECT_MARKET_STALE, item->index,
                            "market_id=%.80s reason=no_recent_price last_price_at=%" PRId64, id,
                            market->at_ms);
    if (action_mints(item->action) && expiry_ms != market->expiry_ms)
        return batch_reject(b, REJECT_MARKET_NOT_OPEN, item->index,
                            "market_id=%.80s open=%s:%" PRId64, id, market->feed,
                            market->expiry_ms);
    return 0;
}

static int price_item(struct batch *b, struct item *item, const struct market *market)
{
    struct pricing pricing;
    const struct quote *q = &item->quote;

    if (pricing_init(&pricing, market, item->key.expiry_ms) < 0)
        return batch_reject(b, REJECT_MARKET_STALE, item->index,
                            "market_id=%.80s reason=unusable_price", item->key.market_id);
    item->quote = pricing_quote(pricing_price(&pricing, &item->key), b->x->spread_ppm);
    if (action_mints(item->action) && (q->ask < PRICE_ASK_MIN || q->ask > PRICE_ASK_MAX))
        return batch_reject(b, REJECT_PRICE_OUT_OF_RANGE, item->index,
                            "ask_pct=%.4f min_pct=1 max_pct=99 market_id=%.80s",
                            (double)q->ask / 1e7, item->key.market_id);
    return 0;
}

static int plan_trade(struct batch *b, struct item *item)
{
    const struct action *a = item->action;
    char feed[LIMIT_NAME_BYTES + 1];
    const struct market *market;
    int64_t expiry_ms;

    if (a->quantity == 0)
        return batch_reject(b, REJECT_INVALID_AMOUNT, item->index, "quantity=0 min=1");
    if (market_id_parse(a->market_id, feed, &expiry_ms) < 0)
        return batch_reject(b, REJECT_MARKET_UNKNOWN, item->index,
                            "market_id=%.80s expected=<feed>:<expiry_ms>", a->market_id);
    item_key(item, expiry_ms, b->now_ms);
    if (item->key.kind == POSITION_RANGE && item->key.strike >= item->key.higher)
        return batch_reject(b, REJECT_INVALID_RANGE, item->index,
                            "lower_strike=%" PRIu64 " higher_strike=%" PRIu64, item->key.strike,
                            item->key.higher);
    market = b->x->markets.find(b->x->markets.arg, feed);
    if (check_market(b, item, market, expiry_ms) < 0)
        return -1;
    return price_item(b, item, market);
}

/* Amounts of the kinds that have one; 1 for the others. */
static uint64_t moved_amount(const struct action *a)
{
    switch (a->kind) {
    case ACTION_PM_DEPOSIT:
    case ACTION_PM_WITHDRAW:
    case ACTION_SUPPLY_PLP:
        return a->amount;
    case ACTION_WITHDRAW_PLP:
        return a->shares_amount;
    default:
        return 1;
    }
}

static int plan_item(struct batch *b, struct item *item)
{
    const struct action *a = item->action;
    const struct action_spec *spec = action_spec(a->kind);
    const struct vault_config *config = &b->x->config;

    if (config->is_frozen)
        return batch_reject(b, REJECT_VAULT_FROZEN, item->index, "kind=%s vault=%s", spec->name,
                            config->id);
    if (a->kind == ACTION_CALL)
        return batch_reject(b, REJECT_UNSUPPORTED_ACTION, item->index, "kind=%s executor=paper",
                            spec->name);
    if ((config->permissions & spec->permission) != spec->permission)
        return batch_reject(b, REJECT_PERMISSION_DENIED, item->index, "kind=%s needs=%u has=%u",
                            spec->name, spec->permission, config->permissions);
    if (moved_amount(a) == 0)
        return batch_reject(b, REJECT_INVALID_AMOUNT, item->index, "%s=0 min=1",
                            a->kind == ACTION_WITHDRAW_PLP ? "shares_amount" : "amount");
    if (!action_mints(a) && !action_redeems(a))
        return 0;
    return plan_trade(b, item);
}

static bool wants_auto_fund(const struct batch *b)
{
    bool wanted = false;

    for (size_t i = 0; i < b->count; i++) {
        const struct action *a = b->items[i].action;
        if (a->kind == ACTION_PM_DEPOSIT)
            return false;
        wanted |= action_mints(a) && !a->skip_auto_fund;
    }
    return wanted && b->x->config.auto_fund;
}

/* What the item adds to pm. */
static __int128 pm_flow(const struct item *item)
{
    const struct action *a = item->action;

    if (action_mints(a))
        return -(__int128)quote_cost(&item->quote, a->quantity);
    if (action_redeems(a))
        return quote_proceeds(&item->quote, a->quantity);
    return a->kind == ACTION_PM_WITHDRAW ? -(__int128)a->amount : 0;
}

/* The greatest shortage of pm on the way through the batch is the gap. */
static int plan_auto_fund(struct batch *b)
{
    const struct vault_account *account = &b->vault->account;
    uint32_t needs = action_spec(ACTION_PM_DEPOSIT)->permission;
    __int128 balance = account->pm;
    __int128 gap = 0;
    __int128 buffered;

    for (size_t i = 0; i < b->count; i++) {
        balance += pm_flow(&b->items[i]);
        if (-balance <= gap)
            continue;
        gap = -balance;
        if (gap > account->quote)
            return batch_reject(b, REJECT_INSUFFICIENT_QUOTE, b->items[i].index,
                                "need=%" PRIu64 " have=%" PRIu64 " for=auto_fund",
                                gap > UINT64_MAX ? UINT64_MAX : (uint64_t)gap, account->quote);
    }
    if (gap == 0)
        return 0;
    if ((b->x->config.permissions & needs) == 0)
        return batch_reject(b, REJECT_PERMISSION_DENIED, 0,
                            "kind=pm_deposit needs=%u has=%u for=auto_fund", needs,
                            b->x->config.permissions);
    buffered = gap + (gap + 49) / 50;
    b->auto_fund = buffered > account->quote ? account->quote : (uint64_t)buffered;
    return 0;
}

int batch_plan(struct batch *b, const struct action_list *actions)
{
    for (size_t i = 0; i < actions->count; i++) {
        const struct action *a = &actions->items[i];
        struct item *item = &b->items[b->count];

        if (a->kind == ACTION_NOOP || a->kind == ACTION_EMIT)
            continue;
        item->action = a;
        item->index = i + 1;
        item->key.market_id[0] = '\0';
        b->count++;
        if (plan_item(b, item) < 0)
            return -1;
    }
    return wants_auto_fund(b) ? plan_auto_fund(b) : 0;
}
