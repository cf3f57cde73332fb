/*
 * executor: turns the checked actions of one decide() into one atomic batch on one vault.
 *
 * The order is fixed: drop noops (and emits, which core fires itself) -> per action: frozen,
 * supported, permission, arguments, market and price -> auto-fund -> apply in order -> caps. All of
 * it works on a copy of the vault; the copy takes the vault's place when everything was fine. One
 * bad action rejects all of them.
 *
 * Contract
 *   - Single-threaded (core's loop); no I/O, no clock: `now_ms` and the markets are given.
 *   - execute() settles or rejects. Settled: the vault in memory has changed, and `change` says
 *     how; core commits it together with the run before anything else can see it. Rejected:
 *     nothing has changed. With dry_run the answer is the same and nothing ever changes.
 *   - A rejection is a result, not an error: "CODE: action=2 detail=value …" with the index of the
 *     action it is about among the strategy's actions, from 1 (noops count, auto-fund's deposit
 *     does not); 0 for the batch as a whole.
 *   - Caps are judged here, outside of any script, against the state that includes every earlier
 *     settled batch, committed or still in the queue.
 *   - A batch of which nothing is left settles with an empty change: no entries, the account as it
 *     was.
 */
#ifndef ORRERY_EXECUTOR_EXECUTOR_H
#define ORRERY_EXECUTOR_EXECUTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/action.h"
#include "model/config.h"
#include "model/ledger.h"
#include "model/market.h"

struct error;
struct executor;

/* Finds the newest snapshot of a feed; NULL when there is no such feed. Borrowed until the next
 * loop turn. */
struct market_source {
    const struct market *(*find)(void *arg, const char *feed);
    void *arg;
};

enum execution_status { EXECUTION_SETTLED, EXECUTION_REJECTED };

/*
 * Why a batch is rejected. X(name, meaning)
 * The caps' percentages are of the NAV before the batch (the number that ctx.vault shows for the
 * same market); what is measured against them is the vault after the whole batch. Only batches that
 * mint are held against them.
 */
#define EXECUTION_REJECTIONS(X)                                                                    \
    X(VAULT_FROZEN, "the vault is frozen: nothing but noop is accepted")                           \
    X(UNSUPPORTED_ACTION, "this executor has no such action")                                      \
    X(PERMISSION_DENIED, "the vault's permission bits lack the action's")                          \
    X(INVALID_AMOUNT, "an amount or quantity of 0")                                                \
    X(INVALID_RANGE, "lower_strike is not below higher_strike")                                    \
    X(MARKET_UNKNOWN, "not a market id, or no such feed")                                          \
    X(MARKET_STALE, "the feed has no price, or none that is recent")                               \
    X(MARKET_EXPIRED, "the market's time is over; its positions settle by themselves")             \
    X(MARKET_NOT_OPEN, "mints are accepted in the feed's current market only")                     \
    X(PRICE_OUT_OF_RANGE, "the ask is below 1 % or above 99 %")                                    \
    X(NO_POSITION, "nothing is held that could be redeemed")                                       \
    X(INSUFFICIENT_QUANTITY, "less is held than is to be redeemed")                                \
    X(INSUFFICIENT_QUOTE, "the quote balance is too small")                                        \
    X(INSUFFICIENT_PM, "the position manager's balance is too small")                              \
    X(INSUFFICIENT_SHARES, "fewer pool shares are held")                                           \
    X(AMOUNT_OVERFLOW, "balances and possible payouts would pass 2^63-1")                          \
    X(NAV_UNKNOWN, "an open position has no price, so caps and fees cannot be judged")             \
    X(CAP_SINGLE_POSITION, "one position's cost")                                                  \
    X(CAP_EXPOSURE, "the cost of all open positions")                                              \
    X(CAP_DRAWDOWN, "NAV is too far below its high water: no mints")                               \
    X(CAP_OPEN_POSITIONS, "number of open positions")                                              \
    X(CAP_SPEND, "cost of all mints within the rolling window")

enum execution_rejection {
#define X(name, meaning) REJECT_##name,
    EXECUTION_REJECTIONS(X)
#undef X
        REJECT_COUNT
};

struct execution {
    enum execution_status status;
    size_t index;      /* REJECTED: of the action, from 1; 0: the batch */
    char code[48];     /* REJECTED: "CAP_SINGLE_POSITION" */
    char message[256]; /* REJECTED: the code and its details, free of control characters */
    struct ledger_change change; /* SETTLED */
    json_t *actions; /* SETTLED: the batch as executed, with auto-fund's deposit first */
    json_t *events;  /* SETTLED: one object per executed action: fills, prices, costs */
    char digest[65]; /* SETTLED: see below */
};

/* The digest names a batch: "paper-<run id>-<16 hex digits>", the digits being FNV-1a (64 bit) over
 * the vault's id and the executed actions' text. The same batch of the same run has the same
 * digest, dry run or not. It is an identity, not a security feature: nothing on paper is signed. */

void execution_release(struct execution *execution);

struct executor_ops {
    const char *name; /* "paper" */
    /* Applies one batch. 0 with `out` filled, or -1 on a failure of the machinery. */
    int (*execute)(struct executor *x, const struct action_list *actions, uint64_t run,
                   int64_t now_ms, bool dry_run, struct execution *out, struct error *e);
    /* Settles everything that has expired at `now_ms` and whose feed has a price from the expiry or
     * later. 1: `change` and `closures` (JSON array of closed positions) are filled and the vault
     * in memory has changed; 0: nothing was due. */
    int (*settle)(struct executor *x, int64_t now_ms, struct ledger_change *change,
                  json_t **closures, struct error *e);
    /* Earliest time settle() may have work; INT64_MAX: none. A position that settle() found expired
     * but without a price is due again a second later, or at once when its feed has the price: so
     * ask again after a feed's change. */
    int64_t (*next_expiry)(struct executor *x);
    json_t *(*snapshot)(struct executor *x, int64_t now_ms); /* ctx.vault: new reference */
    /* Grows whenever the snapshot may differ (also with the markets it is priced from). */
    uint64_t (*version)(struct executor *x);
    void (*close)(struct executor *x);
};

struct outside_ops;

struct executor {
    const struct executor_ops *ops;
    const struct outside_ops *outside; /* NULL: its effects are the commit; see outside.h */
};

int executor_execute(struct executor *x, const struct action_list *actions, uint64_t run,
                     int64_t now_ms, bool dry_run, struct execution *out, struct error *e);
int executor_settle(struct executor *x, int64_t now_ms, struct ledger_change *change,
                    json_t **closures, struct error *e);
int64_t executor_next_expiry(struct executor *x);
json_t *executor_snapshot(struct executor *x, int64_t now_ms);
uint64_t executor_version(struct executor *x);
void executor_close(struct executor *x); /* NULL is legal */

/* What a vault has on record; account.id empty: never used, begin with the config's balances.
 * Spends: those after executor_paper_spend_since(), oldest first. All borrowed during the call. */
struct vault_record {
    struct vault_account account;
    const struct position *positions;
    size_t position_count;
    const struct spend *spends;
    size_t spend_count;
};

/*
 * The paper vault.
 *
 *   prices     See pricing.h. A market is "<feed>:<expiry>" (model/market.h). The spread is
 *              `spread_pct` of the fair price, rounded up: ask = price + spread, bid = price -
 *              spread. Cost is rounded up and proceeds down, to the base unit.
 *   positions  Mints of the same market, strikes and side merge into one. A redeem releases the
 *              position's cost pro rata, rounded down; the last contract releases what is left.
 *   settling   The first price that the vault sees from the expiry or later decides. An up binary
 *              wins when that price (rounded to the nearest 1e-9) is above the strike, a down
 *              binary when it is not: at exactly the strike, down wins. A range wins when
 *              lower < price <= higher. A winner pays 1 base unit per contract to pm.
 *   auto-fund  When a batch mints (some mint without skip_auto_fund), has no pm_deposit of its own
 *              and would find pm short by `gap`, then a pm_deposit of gap + 2 % (rounded up, at
 *              most the quote balance) goes first. It needs the permission to deposit.
 *   NAV        quote + pm + plp_cost + the open positions' quantities at their bid, each rounded
 *              down. A position whose feed has no price yet counts 0, and meanwhile mints,
 *              snapshots and fees are refused (NAV_UNKNOWN).
 *   pool       The paper pool has no other traders, so it earns and loses nothing: a share always
 *              costs and returns 1 base unit of quote.
 *   high water The greatest NAV seen before a batch, after a settlement or by refresh_nav_snapshot.
 *              crystallize_fees lowers it by the fee: paying a fee is not a drawdown.
 *   fees       All fees together are fee_pct of the greatest profit at which they were taken,
 * profit being NAV + fees - deposited: crystallize_fees takes what is missing to that out of quote,
 * rounded down, and nothing is charged twice or ever returned. (So it is the NAV above the last
 * mark that pays; another fee_pct applies to the whole profit.) spend      A mint's cost counts for
 * the whole window, and then up to 1/4096 of the window longer (see spend_window.h). payouts quote
 * + pm + plp_cost + the quantities of all positions never pass 2^63-1, so that settling cannot
 * overflow.
 *
 * `opening` receives the change that puts the first balances on record when the vault is new (else
 * entry_count 0). Errors: CONFIG for balances or percentages out of range; STORE_CORRUPT for a
 * record that does not balance.
 */
int executor_paper_open(struct executor **out, const struct vault_config *config,
                        const struct vault_record *record, const struct market_source *markets,
                        int64_t now_ms, struct ledger_change *opening, struct error *e);

/* Spends at or before this time no longer count. INT64_MAX when the vault has no spend cap. */
int64_t executor_paper_spend_since(const struct vault_config *config, int64_t now_ms);

#endif
