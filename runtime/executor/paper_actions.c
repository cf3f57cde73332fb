/*
 * What each action does to the working copy. All amounts that reach a delta are at most AMOUNT_MAX:
 * what is taken was held, and what is added is checked by vault_move() or bounded by the quantity
 * held.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "executor/paper.h"
#include "model/value.h"

static json_t *event_new(const char *kind)
{
    json_t *event = json_object();

    json_object_set_new(event, "kind", json_string(kind));
    return event;
}

static void event_amount(json_t *event, const char *name, uint64_t amount)
{
    json_object_set_new(event, name, value_from_u64(amount));
}

static void event_done(struct batch *b, json_t *event)
{
    event_amount(event, "quote_balance", b->vault->account.quote);
    event_amount(event, "pm_balance", b->vault->account.pm);
    json_array_append_new(b->out->events, event);
}

static int move(struct batch *b, const struct item *item, int64_t quote, int64_t pm, int64_t cost)
{
    struct ledger_entry entry = {.quote_delta = quote, .pm_delta = pm, .cost_delta = cost};

    snprintf(entry.kind, sizeof entry.kind, "%s", action_spec(item->action->kind)->name);
    snprintf(entry.market_id, sizeof entry.market_id, "%s", item->key.market_id);
    if (!vault_move(b->vault, &b->out->change, &entry))
        return batch_reject(b, REJECT_AMOUNT_OVERFLOW, item->index, "kind=%s max=%" PRIu64,
                            entry.kind, AMOUNT_MAX);
    return 0;
}

static int insufficient(struct batch *b, const struct item *item, enum execution_rejection code,
                        uint64_t need, uint64_t have)
{
    return batch_reject(b, code, item->index, "need=%" PRIu64 " have=%" PRIu64, need, have);
}

static void trade_event(struct batch *b, const struct item *item, uint64_t price,
                        const char *amount_name, uint64_t amount, const struct position *held)
{
    json_t *event = event_new(action_spec(item->action->kind)->name);

    json_object_set_new(event, "market_id", json_string(item->key.market_id));
    event_amount(event, "quantity", item->action->quantity);
    json_object_set_new(event, "price", json_real((double)price / PRICE_ONE));
    event_amount(event, amount_name, amount);
    event_amount(event, "position_quantity", held->quantity);
    event_amount(event, "position_cost", held->cost);
    event_done(b, event);
}

static int apply_mint(struct batch *b, const struct item *item)
{
    uint64_t quantity = item->action->quantity;
    uint64_t cost = quote_cost(&item->quote, quantity);
    struct position *held = vault_find(b->vault, &item->key);

    if (cost > b->vault->account.pm)
        return insufficient(b, item, REJECT_INSUFFICIENT_PM, cost, b->vault->account.pm);
    if (quantity > AMOUNT_MAX - (held != NULL ? held->quantity : 0))
        return batch_reject(b, REJECT_AMOUNT_OVERFLOW, item->index,
                            "quantity=%" PRIu64 " max=%" PRIu64, quantity, AMOUNT_MAX);
    if (move(b, item, 0, -(int64_t)cost, (int64_t)cost) < 0)
        return -1;
    if (held == NULL)
        held = vault_add(b->vault, &item->key);
    held->quantity += quantity;
    held->cost += cost; /* never above what pm held: all costs and pockets fit together */
    b->out->change.spend += cost;
    trade_event(b, item, item->quote.ask, "cost", cost, held);
    return 0;
}

static int apply_redeem(struct batch *b, const struct item *item)
{
    uint64_t quantity = item->action->quantity;
    uint64_t proceeds = quote_proceeds(&item->quote, quantity);
    struct position *held = vault_find(b->vault, &item->key);
    uint64_t released = 0;

    if (held == NULL)
        return batch_reject(b, REJECT_NO_POSITION, item->index, "market_id=%s kind=%s",
                            item->key.market_id, action_spec(item->action->kind)->name);
    if (quantity > held->quantity)
        return insufficient(b, item, REJECT_INSUFFICIENT_QUANTITY, quantity, held->quantity);
    checked_mul_div(held->cost, quantity, held->quantity, &released); /* quantity <= held: fits */
    if (move(b, item, 0, (int64_t)proceeds, -(int64_t)released) < 0)
        return -1;
    held->quantity -= quantity;
    held->cost -= released;
    trade_event(b, item, item->quote.bid, "proceeds", proceeds, held);
    if (held->quantity == 0)
        vault_remove(b->vault, held);
    return 0;
}

static void amount_event(struct batch *b, const char *kind, uint64_t amount, bool auto_fund)
{
    json_t *event = event_new(kind);

    event_amount(event, "amount", amount);
    if (auto_fund)
        json_object_set_new(event, "auto_fund", json_true());
    event_done(b, event);
}

/* Between quote and pm: `to_pm` says which way. */
static int apply_transfer(struct batch *b, const struct item *item, bool to_pm)
{
    uint64_t amount = item->action->amount;
    uint64_t have = to_pm ? b->vault->account.quote : b->vault->account.pm;
    int64_t delta;

    if (amount > have)
        return insufficient(b, item, to_pm ? REJECT_INSUFFICIENT_QUOTE : REJECT_INSUFFICIENT_PM,
                            amount, have);
    delta = to_pm ? (int64_t)amount : -(int64_t)amount;
    if (move(b, item, -delta, delta, 0) < 0)
        return -1;
    amount_event(b, action_spec(item->action->kind)->name, amount, false);
    return 0;
}

static void pool_event(struct batch *b, const struct item *item, uint64_t amount)
{
    json_t *event = event_new(action_spec(item->action->kind)->name);

    event_amount(event, "amount", amount);
    event_amount(event, "plp_shares", b->vault->account.plp_shares);
    event_done(b, event);
}

static int apply_supply(struct batch *b, const struct item *item)
{
    struct vault_account *account = &b->vault->account;
    uint64_t amount = item->action->amount;

    if (amount > account->quote)
        return insufficient(b, item, REJECT_INSUFFICIENT_QUOTE, amount, account->quote);
    if (move(b, item, -(int64_t)amount, 0, (int64_t)amount) < 0)
        return -1;
    account->plp_shares += amount; /* one share costs one base unit */
    account->plp_cost += amount;
    pool_event(b, item, amount);
    return 0;
}

static int apply_unsupply(struct batch *b, const struct item *item)
{
    struct vault_account *account = &b->vault->account;
    uint64_t shares = item->action->shares_amount;

    if (shares > account->plp_shares)
        return insufficient(b, item, REJECT_INSUFFICIENT_SHARES, shares, account->plp_shares);
    if (move(b, item, (int64_t)shares, 0, -(int64_t)shares) < 0)
        return -1;
    account->plp_shares -= shares;
    account->plp_cost -= shares;
    pool_event(b, item, shares);
    return 0;
}

static int nav_unknown(struct batch *b, const struct item *item, const struct position *unpriced)
{
    return batch_reject(b, REJECT_NAV_UNKNOWN, item->index, "market_id=%s reason=no_price",
                        unpriced->market_id);
}

static int apply_refresh(struct batch *b, const struct item *item)
{
    struct vault_account *account = &b->vault->account;
    struct nav nav = paper_nav(b->x, b->vault, NULL);
    json_t *event;

    if (nav.unpriced != NULL)
        return nav_unknown(b, item, nav.unpriced);
    if (move(b, item, 0, 0, 0) < 0)
        return -1;
    if (nav.total > account->high_water)
        account->high_water = nav.total;
    event = event_new(action_spec(item->action->kind)->name);
    event_amount(event, "nav", nav.total);
    event_amount(event, "high_water", account->high_water);
    event_done(b, event);
    return 0;
}

/* What is missing to the fees on the whole profit; see "fees" in executor.h. */
static uint64_t fee_due(const struct paper *x, const struct vault_account *account, uint64_t nav)
{
    uint64_t gross = nav + account->fees_crystallized; /* both at most AMOUNT_MAX */
    uint64_t profit = gross > account->deposited ? gross - account->deposited : 0;
    uint64_t fees = paper_share(profit, x->fee_ppm);

    return fees > account->fees_crystallized ? fees - account->fees_crystallized : 0;
}

static int apply_fees(struct batch *b, const struct item *item)
{
    struct vault_account *account = &b->vault->account;
    struct nav nav = paper_nav(b->x, b->vault, NULL);
    uint64_t fee;
    json_t *event;

    if (nav.unpriced != NULL)
        return nav_unknown(b, item, nav.unpriced);
    fee = fee_due(b->x, account, nav.total);
    if (fee > account->quote)
        return insufficient(b, item, REJECT_INSUFFICIENT_QUOTE, fee, account->quote);
    if (fee > AMOUNT_MAX - account->fees_crystallized)
        return batch_reject(b, REJECT_AMOUNT_OVERFLOW, item->index, "fee=%" PRIu64 " max=%" PRIu64,
                            fee, AMOUNT_MAX);
    if (move(b, item, -(int64_t)fee, 0, 0) < 0)
        return -1;
    account->fees_crystallized += fee;
    account->high_water -= fee < account->high_water ? fee : account->high_water;
    event = event_new(action_spec(item->action->kind)->name);
    event_amount(event, "nav", nav.total);
    event_amount(event, "fee", fee);
    event_done(b, event);
    return 0;
}

static int apply_item(struct batch *b, const struct item *item)
{
    switch (item->action->kind) {
    case ACTION_MINT_BINARY:
    case ACTION_MINT_RANGE:
        return apply_mint(b, item);
    case ACTION_REDEEM_BINARY:
    case ACTION_REDEEM_RANGE:
        return apply_redeem(b, item);
    case ACTION_PM_DEPOSIT:
        return apply_transfer(b, item, true);
    case ACTION_PM_WITHDRAW:
        return apply_transfer(b, item, false);
    case ACTION_SUPPLY_PLP:
        return apply_supply(b, item);
    case ACTION_WITHDRAW_PLP:
        return apply_unsupply(b, item);
    case ACTION_REFRESH_NAV_SNAPSHOT:
        return apply_refresh(b, item);
    case ACTION_CRYSTALLIZE_FEES:
        return apply_fees(b, item);
    default: /* noop, emit and call do not get past the plan */
        return 0;
    }
}

static int apply_auto_fund(struct batch *b)
{
    struct ledger_entry entry = {.kind = "auto_fund"};
    json_t *action = json_object();

    entry.quote_delta = -(int64_t)b->auto_fund;
    entry.pm_delta = (int64_t)b->auto_fund;
    json_object_set_new(action, "kind", json_string("pm_deposit"));
    json_object_set_new(action, "amount", value_from_u64(b->auto_fund));
    json_array_append_new(b->out->actions, action);
    if (!vault_move(b->vault, &b->out->change, &entry))
        return batch_reject(b, REJECT_AMOUNT_OVERFLOW, 0, "kind=auto_fund max=%" PRIu64,
                            AMOUNT_MAX);
    amount_event(b, "pm_deposit", b->auto_fund, true);
    return 0;
}

int batch_apply(struct batch *b)
{
    if (b->auto_fund > 0 && apply_auto_fund(b) < 0)
        return -1;
    for (size_t i = 0; i < b->count; i++) {
        if (apply_item(b, &b->items[i]) < 0)
            return -1;
        json_array_append(b->out->actions, b->items[i].action->json);
    }
    return 0;
}
