#include "executor/outside_plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "executor/outside.h"
#include "executor/pricing.h"
#include "model/value.h"

#define COST_MAX ((uint64_t)INT64_MAX) /* of all mints of a batch */
#define PPM      1000000u

/* One outside_plan() in progress. */
struct planning {
    const struct outside_request *in;
    struct outside_plan *out;
    uint64_t likely[LIMIT_ACTIONS];   /* what item i takes from pm by the estimates … */
    uint64_t proceeds[LIMIT_ACTIONS]; /* … and what it adds */
};

static int reject(struct planning *p, enum execution_rejection code, size_t index,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

static int reject(struct planning *p, enum execution_rejection code, size_t index,
                  const char *format, ...)
{
    static const char *const names[] = {
#define X(name, meaning) #name,
        EXECUTION_REJECTIONS(X)
#undef X
    };
    struct outside_plan *out = p->out;
    va_list args;
    int used;

    out->rejected = true;
    out->index = index;
    snprintf(out->code, sizeof out->code, "%s", names[code]);
    used = snprintf(out->message, sizeof out->message, "%s: action=%zu ", names[code], index);
    va_start(args, format);
    vsnprintf(out->message + used, sizeof out->message - (size_t)used, format, args);
    va_end(args);
    /* Market ids come from scripts. */
    for (char *c = out->message; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return -1;
}

static bool mints(const struct action *a)
{
    return a->kind == ACTION_MINT_BINARY || a->kind == ACTION_MINT_RANGE;
}

static bool redeems(const struct action *a)
{
    return a->kind == ACTION_REDEEM_BINARY || a->kind == ACTION_REDEEM_RANGE;
}

static bool is_range(const struct action *a)
{
    return a->kind == ACTION_MINT_RANGE || a->kind == ACTION_REDEEM_RANGE;
}

static bool same_position(const struct action *a, const struct action *b)
{
    return a->kind == b->kind && strcmp(a->market_id, b->market_id) == 0 &&
           a->strike == b->strike && a->lower_strike == b->lower_strike &&
           a->higher_strike == b->higher_strike && a->is_up == b->is_up;
}

/* ---- single actions ---- */

static int check_support(struct planning *p, const struct action *a, size_t index)
{
    const char *kind = action_spec(a->kind)->name;
    char why[160] = "";
    bool yes = p->in->supports != NULL ? p->in->supports(p->in->arg, a, why, sizeof why)
                                       : a->kind != ACTION_CALL;

    if (yes)
        return 0;
    return reject(p, REJECT_UNSUPPORTED_ACTION, index, "kind=%s executor=%s%s%s", kind,
                  p->in->config->executor, why[0] != '\0' ? " " : "", why);
}

static int check_permission(struct planning *p, enum action_kind kind, size_t index,
                            const char *purpose)
{
    uint32_t needs = action_spec(kind)->permission;
    uint32_t has = p->in->config->permissions;

    if ((has & needs) == needs)
        return 0;
    return reject(p, REJECT_PERMISSION_DENIED, index, "kind=%s needs=%u has=%u%s",
                  action_spec(kind)->name, needs, has, purpose);
}

/* The field that must be above 0, or NULL when the kind has none. */
static const char *amount_field(const struct action *a, uint64_t *value)
{
    switch (a->kind) {
    case ACTION_MINT_BINARY:
    case ACTION_MINT_RANGE:
    case ACTION_REDEEM_BINARY:
    case ACTION_REDEEM_RANGE:
        *value = a->quantity;
        return "quantity";
    case ACTION_PM_DEPOSIT:
    case ACTION_PM_WITHDRAW:
    case ACTION_SUPPLY_PLP:
        *value = a->amount;
        return "amount";
    case ACTION_WITHDRAW_PLP:
        *value = a->shares_amount;
        return "shares_amount";
    default:
        return NULL;
    }
}

static int check_values(struct planning *p, const struct action *a, size_t index)
{
    uint64_t value = 0;
    const char *field = amount_field(a, &value);

    if (field != NULL && value == 0)
        return reject(p, REJECT_INVALID_AMOUNT, index, "%s=0 min=1", field);
    if (is_range(a) && a->lower_strike >= a->higher_strike)
        return reject(p, REJECT_INVALID_RANGE, index,
                      "lower_strike=%" PRIu64 " higher_strike=%" PRIu64, a->lower_strike,
                      a->higher_strike);
    return 0;
}

static int check_action(struct planning *p, const struct action *a, size_t index)
{
    if (p->in->config->is_frozen)
        return reject(p, REJECT_VAULT_FROZEN, index, "kind=%s vault=%s", action_spec(a->kind)->name,
                      p->in->config->id);
    if (check_support(p, a, index) < 0 || check_permission(p, a->kind, index, "") < 0)
        return -1;
    return check_values(p, a, index);
}

static int collect(struct planning *p)
{
    const struct action_list *actions = p->in->actions;

    for (size_t i = 0; i < actions->count; i++) {
        const struct action *a = &actions->items[i];

        if (a->kind == ACTION_NOOP || a->kind == ACTION_EMIT)
            continue;
        if (check_action(p, a, i + 1) < 0)
            return -1;
        p->out->items[p->out->count++] = (struct outside_item){.action = a, .index = i + 1};
    }
    return 0;
}

/* ---- costs ---- */

/* The market of an action, when it is one of the desk's whose price is to be relied on. */
static const struct market *find_market(const struct planning *p, const struct action *a,
                                        int64_t *expiry_ms)
{
    const struct market_source *source = p->in->markets;
    char feed[LIMIT_NAME_BYTES + 1];
    const struct market *market;

    if (source == NULL || market_id_parse(a->market_id, feed, expiry_ms) < 0)
        return NULL;
    market = source->find(source->arg, feed);
    if (market == NULL || market->at_ms == 0 || market->stale || *expiry_ms <= p->in->now_ms ||
        *expiry_ms <= market->at_ms)
        return NULL;
    return market;
}

/* What a contract would be bought and sold for. */
static bool estimate(const struct planning *p, const struct action *a, struct quote *quote)
{
    struct position position = {.kind = is_range(a) ? POSITION_RANGE : POSITION_BINARY,
                                .strike = is_range(a) ? a->lower_strike : a->strike,
                                .higher = a->higher_strike,
                                .is_up = a->is_up};
    uint32_t spread = (uint32_t)lround(p->in->config->spread_pct * (PPM / 100));
    const struct market *market;
    struct pricing pricing;
    int64_t expiry_ms;

    market = find_market(p, a, &expiry_ms);
    if (market == NULL || pricing_init(&pricing, market, expiry_ms) < 0)
        return false;
    *quote = pricing_quote(pricing_price(&pricing, &position), spread);
    if (quote->ask < PRICE_ASK_MIN)
        quote->ask = PRICE_ASK_MIN;
    if (quote->ask > PRICE_ONE)
        quote->ask = PRICE_ONE;
    return true;
}

static void cost_item(struct planning *p, size_t i)
{
    struct outside_item *item = &p->out->items[i];
    const struct action *a = item->action;
    struct quote quote = {.ask = PRICE_ONE, .bid = 0};
    bool priced = (mints(a) || redeems(a)) && estimate(p, a, &quote);

    /* Neither can fail: ask and bid are at most PRICE_ONE. */
    if (redeems(a))
        checked_mul_div(a->quantity, quote.bid, PRICE_ONE, &p->proceeds[i]);
    if (a->kind == ACTION_PM_WITHDRAW)
        p->likely[i] = a->amount;
    if (!mints(a))
        return;
    checked_mul_div_up(a->quantity, quote.ask, PRICE_ONE, &p->likely[i]);
    item->cost = priced && p->in->estimates ? p->likely[i] : a->quantity;
}

static int cost_all(struct planning *p)
{
    struct outside_plan *out = p->out;

    for (size_t i = 0; i < out->count; i++) {
        uint64_t sum = UINT64_MAX;

        cost_item(p, i);
        checked_add(out->spend, out->items[i].cost, &sum);
        if (sum > COST_MAX)
            return reject(p, REJECT_AMOUNT_OVERFLOW, out->items[i].index,
                          "cost=%" PRIu64 " max=%" PRIu64, sum, COST_MAX);
        out->spend = sum;
    }
    return 0;
}

/* ---- auto-fund ---- */

static bool wants_auto_fund(const struct planning *p)
{
    bool wanted = false;

    if (!p->in->config->auto_fund || !p->in->vault->pm_balance.known)
        return false;
    for (size_t i = 0; i < p->out->count; i++) {
        const struct action *a = p->out->items[i].action;

        if (a->kind == ACTION_PM_DEPOSIT)
            return false;
        wanted |= mints(a) && !a->skip_auto_fund;
    }
    return wanted;
}

/* The greatest shortage of pm on the way through the batch. */
static unsigned __int128 shortage(const struct planning *p)
{
    __int128 balance = p->in->vault->pm_balance.value;
    __int128 gap = 0;

    for (size_t i = 0; i < p->out->count; i++) {
        balance += (__int128)p->proceeds[i] - (__int128)p->likely[i];
        if (-balance > gap)
            gap = -balance;
    }
    return (unsigned __int128)gap;
}

static uint64_t deposit_amount(const struct planning *p)
{
    const struct outside_amount *quote = &p->in->vault->quote_balance;
    unsigned __int128 gap = shortage(p);
    unsigned __int128 buffered = gap + (gap + 49) / 50;
    uint64_t most = quote->known && quote->value < COST_MAX ? quote->value : COST_MAX;

    return buffered > most ? most : (uint64_t)buffered;
}

static void make_deposit(struct action *deposit, uint64_t amount)
{
    json_t *json = json_object();

    json_object_set_new(json, "kind", json_string("pm_deposit"));
    json_object_set_new(json, "amount", value_from_u64(amount));
    *deposit = (struct action){.kind = ACTION_PM_DEPOSIT, .amount = amount, .json = json};
}

static int auto_fund(struct planning *p)
{
    struct outside_plan *out = p->out;
    uint64_t amount = wants_auto_fund(p) ? deposit_amount(p) : 0;

    if (amount == 0)
        return 0;
    if (check_permission(p, ACTION_PM_DEPOSIT, 0, " for=auto_fund") < 0)
        return -1;
    make_deposit(&out->deposit, amount);
    if (check_support(p, &out->deposit, 0) < 0)
        return -1;
    memmove(&out->items[1], &out->items[0], out->count * sizeof out->items[0]);
    out->items[0] = (struct outside_item){.action = &out->deposit};
    out->count++;
    return 0;
}

/* ---- caps ---- */

static bool first_of_its_position(const struct outside_plan *out, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (same_position(out->items[j].action, out->items[i].action))
            return false;
    return true;
}

/* Of all mints into the position of item i; at most COST_MAX. */
static uint64_t position_cost(const struct outside_plan *out, size_t i)
{
    uint64_t sum = 0;

    for (size_t j = 0; j < out->count; j++)
        if (same_position(out->items[j].action, out->items[i].action))
            sum += out->items[j].cost;
    return sum;
}

static int judge_single(struct planning *p, size_t i)
{
    double percent = p->in->config->caps.max_single_position_pct;
    const struct outside_amount *nav = &p->in->vault->nav;
    size_t index = p->out->items[i].index;
    uint64_t cost, limit = 0;

    if (percent >= 100)
        return 0;
    if (!nav->known)
        return reject(p, REJECT_NAV_UNKNOWN, index, "reason=no_snapshot for=max_single_position");
    checked_mul_div(nav->value, (uint64_t)lround(percent * (PPM / 100)), PPM, &limit);
    cost = position_cost(p->out, i);
    if (cost > limit)
        return reject(p, REJECT_CAP_SINGLE_POSITION, index,
                      "position_pct=%.2f cap_pct=%g cost=%" PRIu64 " limit=%" PRIu64,
                      nav->value > 0 ? 100.0 * (double)cost / (double)nav->value : 100.0, percent,
                      cost, limit);
    return 0;
}

static int judge_open_positions(struct planning *p, size_t fresh, size_t last)
{
    const struct outside_vault *vault = p->in->vault;
    uint64_t cap = p->in->config->caps.max_open_positions;
    uint64_t open = vault->open_positions.known ? vault->open_positions.value : 0;

    if (!vault->open_positions.known && vault->counts_positions)
        return reject(p, REJECT_NAV_UNKNOWN, last, "reason=no_snapshot for=max_open_positions");
    if (!checked_add(open, fresh, &open))
        open = UINT64_MAX;
    if (open > cap)
        return reject(p, REJECT_CAP_OPEN_POSITIONS, last, "open_positions=%" PRIu64 " cap=%" PRIu64,
                      open, cap);
    return 0;
}

static int judge_spend(struct planning *p, size_t last)
{
    const struct caps_config *caps = &p->in->config->caps;
    uint64_t spent = 0, sum = UINT64_MAX;

    if (caps->max_spend == 0)
        return 0;
    if (p->in->spends != NULL)
        spent = spend_window_total(p->in->spends, p->in->now_ms);
    checked_add(spent, p->out->spend, &sum);
    if (sum > caps->max_spend)
        return reject(p, REJECT_CAP_SPEND, last,
                      "spend=%" PRIu64 " spent=%" PRIu64 " cap=%" PRIu64 " window_ms=%" PRId64,
                      p->out->spend, spent, caps->max_spend, caps->spend_window_ms);
    return 0;
}

static int judge(struct planning *p)
{
    size_t fresh = 0, last = 0;

    for (size_t i = 0; i < p->out->count; i++) {
        if (!mints(p->out->items[i].action))
            continue;
        if (judge_single(p, i) < 0)
            return -1;
        fresh += first_of_its_position(p->out, i);
        last = p->out->items[i].index;
    }
    if (fresh == 0)
        return 0;
    if (judge_open_positions(p, fresh, last) < 0)
        return -1;
    return judge_spend(p, last);
}

/* ---- */

void outside_plan(struct outside_plan *plan, const struct outside_request *request)
{
    struct planning p = {.in = request, .out = plan};

    memset(plan, 0, sizeof *plan);
    if (collect(&p) < 0 || cost_all(&p) < 0 || auto_fund(&p) < 0 || judge(&p) < 0) {
        plan->count = 0;
        plan->spend = 0;
        return;
    }
    plan->executed = json_array();
    for (size_t i = 0; i < plan->count; i++)
        json_array_append(plan->executed, plan->items[i].action->json);
}

void outside_plan_release(struct outside_plan *plan)
{
    json_decref(plan->executed);
    json_decref(plan->deposit.json);
    memset(plan, 0, sizeof *plan);
}

void outside_plan_refuse(const struct outside_plan *plan, struct preparation *p)
{
    p->status = PREPARED_REJECTED;
    p->index = plan->index;
    snprintf(p->code, sizeof p->code, "%s", plan->code);
    snprintf(p->message, sizeof p->message, "%s", plan->message);
}

int outside_plan_check(const struct vault_config *config, struct error *e)
{
    const char *elsewhere = "executor cannot judge it: it does not know the vault's positions";

    if (config->caps.max_exposure_pct < 100)
        return error_set(e, ERROR_CONFIG, "caps.max_exposure_pct: a vault of the %s %s",
                         config->executor, elsewhere);
    if (config->caps.max_drawdown_pct < 100)
        return error_set(e, ERROR_CONFIG, "caps.max_drawdown_pct: a vault of the %s %s",
                         config->executor, elsewhere);
    if (config->fee_pct > 0)
        return error_set(e, ERROR_CONFIG,
                         "fee_pct: fees of a vault of the %s executor are taken "
                         "where the vault is, not here",
                         config->executor);
    return 0;
}
