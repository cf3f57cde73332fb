/*
 * ledger: a paper vault's money as plain data: account, positions, and the change that one batch
 * makes.
 *
 * All amounts are u64 in base units of the quote currency, and no pocket ever holds more than
 * 2^63-1.
 *
 * Pockets
 *   quote     free balance
 *   pm        position manager: pays for mints, receives redeems and settlements
 *   cost      what the open positions cost (sum over the positions) plus plp_cost
 * What the pockets hold together only changes by what the vault gained or lost:
 *
 *     quote + pm + sum(cost of open positions) + plp_cost = deposited + realised_gain -
 * realised_loss
 *
 * Fees are inside realised_loss (fees_crystallized says how much of it they were). Each entry of
 * the append-only ledger table carries the change of the pockets and of the right-hand side, so for
 * every single entry
 *
 *     quote_delta + pm_delta + cost_delta = gain_delta
 *
 * and the sums of all entries' deltas are: quote, pm, all costs, and deposited + realised_gain -
 * realised_loss. (The entry "open" has the first balances as its gain_delta: it is what the vault
 * was given.)
 */
#ifndef ORRERY_MODEL_LEDGER_H
#define ORRERY_MODEL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/limits.h"

#define MARKET_ID_SIZE (LIMIT_NAME_BYTES + 24)

/* One vault's balances. */
struct vault_account {
    char id[LIMIT_NAME_BYTES + 1];
    uint64_t quote;         /* free quote balance */
    uint64_t pm;            /* position manager: pays for mints, receives redeems and settlements */
    uint64_t plp_shares;    /* shares of the liquidity pool */
    uint64_t deposited;     /* first balances, quote and pm together: the base of conservation */
    uint64_t realised_gain; /* when the next gain would pass 2^63-1, gain and loss are both reduced
                               by the lesser */
    uint64_t realised_loss;
    uint64_t high_water; /* greatest NAV seen (before each batch, after each settlement), less fees:
                            for the drawdown cap */
    uint64_t fees_crystallized; /* fees taken so far (already inside realised_loss) */
    uint64_t plp_cost;          /* what the held plp_shares cost */
    uint64_t version;           /* grows with every change */
};

enum position_kind { POSITION_BINARY, POSITION_RANGE };

/* One open position. A position is identified by (vault, market_id, kind, strikes, is_up). */
struct position {
    enum position_kind kind;
    char market_id[MARKET_ID_SIZE];
    uint64_t strike;   /* binary; lower strike of a range */
    uint64_t higher;   /* range only, else 0 */
    bool is_up;        /* binary only */
    uint64_t quantity; /* 0 in a change: the position is closed and its row goes */
    uint64_t cost;     /* paid for the open quantity */
    int64_t opened_ms;
    int64_t expiry_ms;
};

/* One line of the append-only ledger. Deltas are signed by name: an amount goes from one pocket to
 * another. */
struct ledger_entry {
    char kind[24];                  /* an action's kind, or "open", "auto_fund", "settle" */
    char market_id[MARKET_ID_SIZE]; /* or "" */
    int64_t quote_delta;
    int64_t pm_delta;
    int64_t cost_delta; /* of open positions and PLP */
    int64_t gain_delta; /* realised gain (less than 0: loss or fee), or the first balances: the sum
                           of the other three, always */
};

/* What one batch (or one settlement) changes. Owned by the holder: ledger_change_release(). */
struct ledger_change {
    struct vault_account account; /* after the change */
    struct position *positions;   /* after the change; quantity 0 removes */
    size_t position_count;
    struct ledger_entry *entries;
    size_t entry_count;
    uint64_t spend; /* counted against the rolling-window cap, at the run's time */
};

void ledger_change_release(struct ledger_change *change);
struct position *ledger_change_add_position(struct ledger_change *change, const struct position *p);
struct ledger_entry *ledger_change_add_entry(struct ledger_change *change,
                                             const struct ledger_entry *entry);
bool position_same(const struct position *a, const struct position *b);

/* A spend that still counts in the rolling window. */
struct spend {
    int64_t at_ms;
    uint64_t amount;
};

#endif
