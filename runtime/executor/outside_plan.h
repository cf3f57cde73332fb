/*
 * outside_plan: what every executor with an outside does with a batch before it builds anything.
 * Pure: no I/O, no clock; it changes nothing but its output.
 *
 * The order is fixed: drop noops (and emits, which core fires itself) -> per action, in the
 * script's order: frozen, supported, permission, amount, range -> costs -> auto-fund -> caps. One
 * bad action rejects all of them; codes and messages are those of executor.h, "CODE: action=2
 * detail=value …".
 *
 * What is judged how. The truth about such a vault is elsewhere, and what is known of it here may
 * be old or missing, so a rule is either judged on the safe side or not at all:
 *
 *   costs       A contract never costs more than 1 base unit, so a mint costs at most its quantity:
 *               this is what counts. With `estimates` an action whose market is one of the desk's
 *               ("<feed>:<expiry>", not expired, with a recent price) counts what pricing.h makes
 *               of it instead: ask = price + `spread_pct`, at least 1 % and at most 100 %, rounded
 *               up. An estimate is the desk's opinion: a venue that charges more than it spends
 *               more than was counted.
 *   max_spend   CAP_SPEND: the mints' costs and what was counted within the window before.
 *   max_single_position_pct
 *               Below 100: CAP_SINGLE_POSITION when this batch's mints of the same market, kind,
 *               strikes and side cost more than that part of the NAV (rounded down); NAV_UNKNOWN
 *               while the NAV is not known. What is held of the position from before is not known
 *               here and does not count. 100: not judged.
 *   max_open_positions
 *               CAP_OPEN_POSITIONS: every different position that the batch mints counts as a new
 *               one, on top of what is open as far as it is known; what the batch redeems counts
 *               as open still. NAV_UNKNOWN while the number of open positions is not known and
 *               `counts_positions` says that it should be; otherwise the batch alone is judged.
 *   max_exposure_pct, max_drawdown_pct
 *               Cannot be judged here, so it is an error to set them below 100:
 *               outside_plan_check(). Nor can fees: fee_pct must be 0.
 *   auto-fund   As in executor.h, by the estimates (in any case, also for what redeems add; without
 *               a price a mint counts its quantity and a redeem nothing). Only when pm is known to
 *               be short by `gap`: a pm_deposit of gap + 2 % (rounded up; at most the quote
 *               balance, when that is known) goes first. It needs the permission, and to be
 *               supported. Whether that is enough is for the outside to say; when there is no quote
 *               to deposit, nothing is put in front.
 *   balances    Not judged: the outside knows them better.
 *   markets     Not judged either: an id may be any text that the outside understands.
 *
 * Only batches that mint are held against caps. All sums are checked: a batch whose costs pass
 * 2^63-1 is AMOUNT_OVERFLOW.
 */
#ifndef ORRERY_EXECUTOR_OUTSIDE_PLAN_H
#define ORRERY_EXECUTOR_OUTSIDE_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "executor/executor.h"
#include "executor/spend_window.h"

struct error;
struct preparation;

struct outside_amount {
    bool known;
    uint64_t value;
};

/* What is known of a vault elsewhere: its last snapshot. All zero: nothing. */
struct outside_vault {
    struct outside_amount quote_balance, pm_balance, nav, open_positions;
    bool counts_positions; /* open_positions is asked for, and was or will be known */
};

/* Whether the executor has a way to do this action. If not, `why` may get a detail for the message
 * ("target=0x2::a::b"); it is empty before. */
typedef bool outside_supports_fn(void *arg, const struct action *action, char *why, size_t size);

/* Everything is borrowed during the call. */
struct outside_request {
    const struct vault_config *config;
    const struct action_list *actions;
    const struct outside_vault *vault;
    const struct market_source *markets; /* NULL: no prices */
    bool estimates;                      /* count estimated costs instead of quantities */
    struct spend_window *spends;         /* NULL: nothing was spent; unused without max_spend */
    int64_t now_ms;
    outside_supports_fn *supports; /* NULL: everything but `call` */
    void *arg;
};

struct outside_item {
    const struct action *action; /* the request's, or the plan's own deposit */
    size_t index;                /* in the script's list, from 1; 0: auto-fund's deposit */
    uint64_t cost;               /* mints: as counted */
};

/* Points into itself and into the request's actions: neither is to be moved or freed before it. */
struct outside_plan {
    bool rejected;
    size_t index;      /* rejected: of the action, from 1; 0: the batch */
    char code[48];     /* rejected */
    char message[256]; /* rejected */
    struct outside_item items[LIMIT_ACTIONS + 1]; /* to be executed, in order */
    size_t count;                                 /* 0: nothing of it goes outside */
    json_t *executed; /* array of the items' actions; the plan's, NULL when rejected */
    uint64_t spend;   /* of the mints: to be counted from now on */
    struct action deposit;
};

/* Fills `plan` (in any state); release it afterwards. */
void outside_plan(struct outside_plan *plan, const struct outside_request *request);
void outside_plan_release(struct outside_plan *plan);

/* Hands a rejection on: status, code, message and index. */
void outside_plan_refuse(const struct outside_plan *plan, struct preparation *p);

/* CONFIG when the configuration sets what cannot be judged here; the message begins with the key,
 * "caps.max_exposure_pct: …". */
int outside_plan_check(const struct vault_config *config, struct error *e);

/*
 * The rolling window of an executor with an outside. What a prepared batch will spend is set aside
 * by hold(), counts from then on, and is spent by keep() (the first pursue(), or settled()) or
 * given back by drop() (abandon()). One batch at a time, as core does it: hold() keeps what was
 * held before. After a restart the record has it.
 */
struct outside_spends {
    struct spend_window window;
    bool limited; /* the vault has a max_spend */
    uint64_t held;
    int64_t held_ms;
};

void outside_spends_init(struct outside_spends *s, const struct vault_config *config,
                         const struct vault_record *record);
void outside_spends_release(struct outside_spends *s);
void outside_spends_hold(struct outside_spends *s, uint64_t amount, int64_t now_ms);
void outside_spends_keep(struct outside_spends *s);
void outside_spends_drop(struct outside_spends *s);
/* For a request; what is held is kept first. */
struct spend_window *outside_spends_window(struct outside_spends *s);

#endif
