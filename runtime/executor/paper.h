/*
 * paper (private to this folder): the parts of the paper vault and what they share. The rules are
 * in executor.h.
 *
 *   paper_open.c       configuration and record
 *   paper.c            execute, commit, version
 *   paper_vault.c      the vault's plain data: account, sorted positions, moves of money
 *   paper_plan.c       checks of single actions, prices, auto-fund
 *   paper_actions.c    what each action does to the working copy
 *   paper_caps.c       judging the batch
 *   paper_nav.c        marks and NAV
 *   paper_snapshot.c   ctx.vault
 *   paper_settle.c     expiries
 *
 * Glossary
 *   vault   account and positions; the paper executor has two: the real one, and a working copy
 *           that a batch changes
 *   batch   one execute() in progress
 *   item    one action of the batch that is left after dropping noops and emits
 *
 * Functions that may refuse return 0 or -1 after batch_reject(); the first rejection wins because
 * everybody returns at once.
 */
#ifndef ORRERY_EXECUTOR_PAPER_H
#define ORRERY_EXECUTOR_PAPER_H

#include "executor/executor.h"
#include "executor/pricing.h"
#include "executor/spend_window.h"

#define AMOUNT_MAX          ((uint64_t)INT64_MAX) /* of any balance */
#define PAPER_POSITIONS_MAX 4096                  /* bounds max_open_positions */
#define PPM                 1000000u

/* Account and positions; positions are sorted by position_order() and are distinct. */
struct vault {
    struct vault_account account;
    struct position *positions;
    size_t count, capacity;
};

struct paper {
    struct executor base;
    struct vault_config config;
    struct market_source markets;
    uint32_t spread_ppm, fee_ppm, single_ppm, exposure_ppm, drawdown_ppm;
    struct vault vault;
    struct vault working;       /* scratch of execute(); its memory is kept */
    struct spend_window spends; /* unused when there is no spend cap */
    uint64_t market_print;      /* of the markets' versions when version() last looked */
    uint64_t market_changes;
    int64_t settle_tried_ms; /* time of the last settle() */
};

struct item {
    const struct action *action;
    size_t index;        /* in the strategy's list, from 1 */
    struct position key; /* trades: identity and expiry of the position */
    struct quote quote;  /* trades */
};

struct batch {
    struct paper *x;
    struct vault *vault; /* the working copy */
    int64_t now_ms;
    struct item items[LIMIT_ACTIONS];
    size_t count;
    uint64_t nav;                    /* before the batch */
    const struct position *unpriced; /* one of those without a price, in x->vault, or NULL */
    uint64_t auto_fund;              /* amount of the deposit in front; 0: none */
    struct execution *out;
};

/* paper_vault.c */
void vault_copy(struct vault *to, const struct vault *from);
void vault_release(struct vault *vault);
int position_order(const struct position *a, const struct position *b);
struct position *vault_find(const struct vault *vault, const struct position *key); /* or NULL */
struct position *vault_add(struct vault *vault, const struct position *position);
void vault_remove(struct vault *vault, struct position *position);
uint64_t vault_cost(const struct vault *vault); /* of all open positions */
/* quote + pm + plp_cost + all quantities: what a settlement could at most leave in one pocket. */
unsigned __int128 vault_reach(const struct vault *vault);
bool vault_balances(const struct vault *vault); /* conservation, see model/ledger.h */
/* Moves money between the pockets: completes `entry` (gain_delta), applies it to the balances and
 * realised gains, and appends it. The caller adjusts the positions' or the pool's cost. False, with
 * nothing changed, when a balance would leave 0 … AMOUNT_MAX. */
bool vault_move(struct vault *vault, struct ledger_change *change, struct ledger_entry *entry);

/* paper.c */
extern const struct executor_ops paper_ops;
/* The working copy becomes the vault; `change` gets the new account. */
void paper_commit(struct paper *x, struct ledger_change *change);

/* paper_nav.c */
struct nav {
    uint64_t total;
    const struct position *unpriced; /* one without a price (counted as 0), or NULL */
};
const struct market *paper_market(const struct paper *x, const char *market_id);
/* Each position's value at its bid goes into values[vault->count], unless that is NULL. */
struct nav paper_nav(const struct paper *x, const struct vault *vault, uint64_t *values);

/* paper_plan.c */
int batch_plan(struct batch *b, const struct action_list *actions);
uint64_t quote_cost(const struct quote *quote, uint64_t quantity);
uint64_t quote_proceeds(const struct quote *quote, uint64_t quantity);
bool action_mints(const struct action *action);
bool action_redeems(const struct action *action);
/* Fills the rejection: "CODE: action=<index> <details>". Always -1. */
int batch_reject(struct batch *b, enum execution_rejection code, size_t index, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* paper_actions.c */
int batch_apply(struct batch *b);

/* paper_caps.c */
int batch_judge(struct batch *b);
uint64_t paper_share(uint64_t amount, uint32_t ppm); /* rounded down */

/* paper_snapshot.c, paper_settle.c: the vtable's */
json_t *paper_snapshot(struct executor *base, int64_t now_ms);
int paper_settle(struct executor *base, int64_t now_ms, struct ledger_change *change,
                 json_t **closures, struct error *e);
int64_t paper_next_expiry(struct executor *base);
int64_t paper_next_due(const struct paper *x); /* earliest expiry of a position; INT64_MAX: none */
/* Adds {market_id, kind, strike(s), is_up, quantity, cost, expiry} to `out`. */
void position_describe(const struct position *position, json_t *out);

#endif
