#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "executor/paper.h"

static int to_ppm(const struct vault_config *config, const char *field, double percent,
                  uint32_t *ppm, struct error *e)
{
    if (!(percent >= 0 && percent <= 100))
        return error_set(e, ERROR_CONFIG, "vault %s: expected %s from 0 to 100, got %g", config->id,
                         field, percent);
    *ppm = (uint32_t)lround(percent * 10000);
    return 0;
}

static int read_config(struct paper *x, const struct vault_config *config, struct error *e)
{
    const struct caps_config *caps = &config->caps;

    x->config = *config;
    if (config->quote_balance > AMOUNT_MAX ||
        config->pm_balance > AMOUNT_MAX - config->quote_balance)
        return error_set(e, ERROR_CONFIG,
                         "vault %s: expected quote_balance and pm_balance of at most %" PRIu64
                         " together, got %" PRIu64 " and %" PRIu64,
                         config->id, AMOUNT_MAX, config->quote_balance, config->pm_balance);
    if (caps->max_spend > 0 && caps->spend_window_ms < 1)
        return error_set(e, ERROR_CONFIG,
                         "vault %s: expected a spend window of at least 1 ms, got %" PRId64,
                         config->id, caps->spend_window_ms);
    if (to_ppm(config, "spread_pct", config->spread_pct, &x->spread_ppm, e) < 0 ||
        to_ppm(config, "fee_pct", config->fee_pct, &x->fee_ppm, e) < 0 ||
        to_ppm(config, "caps.max_single_position_pct", caps->max_single_position_pct,
               &x->single_ppm, e) < 0 ||
        to_ppm(config, "caps.max_exposure_pct", caps->max_exposure_pct, &x->exposure_ppm, e) < 0)
        return -1;
    return to_ppm(config, "caps.max_drawdown_pct", caps->max_drawdown_pct, &x->drawdown_ppm, e);
}

static int corrupt(const struct vault *vault, const char *what, struct error *e)
{
    return error_set(e, ERROR_STORE_CORRUPT, "vault %s: the record %s", vault->account.id, what);
}

static int check_position(const struct vault *vault, const struct position *p, struct error *e)
{
    char feed[LIMIT_NAME_BYTES + 1];
    int64_t expiry_ms;

    if (p->quantity == 0 || p->quantity > AMOUNT_MAX || p->cost > AMOUNT_MAX)
        return corrupt(vault, "has a position with an impossible quantity or cost", e);
    if (market_id_parse(p->market_id, feed, &expiry_ms) < 0 || expiry_ms != p->expiry_ms)
        return corrupt(vault, "has a position whose market and expiry disagree", e);
    if (vault_find(vault, p) != NULL)
        return corrupt(vault, "has a position twice", e);
    return 0;
}

static int read_record(struct vault *vault, const struct vault_record *record, struct error *e)
{
    vault->account = record->account;
    for (size_t i = 0; i < record->position_count; i++) {
        if (check_position(vault, &record->positions[i], e) < 0)
            return -1;
        vault_add(vault, &record->positions[i]);
    }
    if (!vault_balances(vault))
        return corrupt(
            vault, "does not balance: quote, pm and costs are not what was deposited and realised",
            e);
    if (vault_reach(vault) > AMOUNT_MAX)
        return corrupt(vault, "has balances and possible payouts beyond 2^63-1", e);
    return 0;
}

/* A vault's first day. */
static void first_balances(struct paper *x, struct ledger_change *opening)
{
    struct vault_account *account = &x->vault.account;
    struct ledger_entry entry = {.kind = "open"};

    entry.quote_delta = (int64_t)x->config.quote_balance;
    entry.pm_delta = (int64_t)x->config.pm_balance;
    entry.gain_delta = entry.quote_delta + entry.pm_delta;
    memcpy(account->id, x->config.id, sizeof account->id);
    account->quote = x->config.quote_balance;
    account->pm = x->config.pm_balance;
    account->deposited = account->quote + account->pm;
    account->high_water = account->deposited;
    account->version = 1;
    ledger_change_add_entry(opening, &entry);
}

static int fill(struct paper *x, const struct vault_config *config,
                const struct vault_record *record, struct ledger_change *opening, struct error *e)
{
    if (read_config(x, config, e) < 0)
        return -1;
    if (record->account.id[0] == '\0')
        first_balances(x, opening);
    else if (strcmp(record->account.id, config->id) != 0)
        return error_set(e, ERROR_INTERNAL, "vault %s was given the record of vault %s", config->id,
                         record->account.id);
    else if (read_record(&x->vault, record, e) < 0)
        return -1;
    opening->account = x->vault.account;
    return 0;
}

int executor_paper_open(struct executor **out, const struct vault_config *config,
                        const struct vault_record *record, const struct market_source *markets,
                        int64_t now_ms, struct ledger_change *opening, struct error *e)
{
    struct paper *x = mem_zero(1, sizeof *x);
    struct ledger_change first = {.spend = 0};

    x->base.ops = &paper_ops;
    x->markets = *markets;
    x->settle_tried_ms = INT64_MIN;
    if (fill(x, config, record, &first, e) < 0) {
        executor_close(&x->base);
        return -1;
    }
    if (config->caps.max_spend > 0)
        spend_window_init(&x->spends, config->caps.spend_window_ms);
    for (size_t i = 0; i < record->spend_count && config->caps.max_spend > 0; i++)
        spend_window_add(&x->spends, record->spends[i].at_ms, record->spends[i].amount);
    (void)now_ms; /* the record's spends are within the window already */
    *opening = first;
    *out = &x->base;
    return 0;
}

int64_t executor_paper_spend_since(const struct vault_config *config, int64_t now_ms)
{
    int64_t window = config->caps.spend_window_ms;

    if (config->caps.max_spend == 0 || window < 1)
        return INT64_MAX;
    return now_ms - window - spend_slot_ms(window);
}
