/*
 * executor: turns the checked actions of one decide() into one atomic batch on one vault.
 *
 * The order is fixed: drop noops -> auto-fund -> permission per action -> caps -> price and apply all, or none. One bad action rejects all of them.
 *
 * Contract
 *   - Single-threaded (core's loop); no I/O, no clock: `now_ms` and the markets are given.
 *   - execute() either settles (the vault in memory has changed, and `change` says how: core commits it together with the run
 *     before anything else can see it) or rejects (nothing changed). With dry_run it computes the same answer and changes nothing.
 *   - A rejection is a result, not an error: "CODE: detail=value …" with the index (from 1) of the action it is about, 0 for the batch as a whole.
 *   - Caps are judged here, outside of any script, against the state that includes every earlier settled batch, committed or still in the queue.
 */
#ifndef ORRERY_EXECUTOR_EXECUTOR_H
#define ORRERY_EXECUTOR_EXECUTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/action.h"
#include "model/config.h"
#include "model/ledger.h"
#include "model/market.h"

struct error;
struct executor;

/* Finds the newest snapshot of a feed; NULL when there is no such feed. Borrowed until the next loop turn. */
struct market_source {
    const struct market *(*find)(void *arg, const char *feed);
    void *arg;
};

enum execution_status { EXECUTION_SETTLED, EXECUTION_REJECTED };

struct execution {
    enum execution_status status;
    size_t index;                 /* REJECTED: of the action, from 1; 0: the batch */
    char code[48];                /* REJECTED: "CAP_SINGLE_POSITION" */
    char message[256];            /* REJECTED: "CAP_SINGLE_POSITION: action=2 position_pct=31.2 cap_pct=25" */
    struct ledger_change change;  /* SETTLED */
    json_t *actions;              /* SETTLED: the batch as executed, with auto-fund's deposit in front */
    json_t *events;               /* SETTLED: one object per action: fills, prices, costs */
    char digest[65];              /* SETTLED: hex, the same for the same batch on the same state */
};

void execution_release(struct execution *execution);

struct executor_ops {
    const char *name; /* "paper" */
    /* Applies one batch. 0 with `out` filled, or -1 on a failure of the machinery. */
    int (*execute)(struct executor *x, const struct action_list *actions, uint64_t run, int64_t now_ms, bool dry_run, struct execution *out,
                   struct error *e);
    /* Settles everything that has expired at `now_ms`. 1: `change` and `closures` (JSON array of closed positions) are filled
     * and the vault in memory has changed; 0: nothing was due. */
    int (*settle)(struct executor *x, int64_t now_ms, struct ledger_change *change, json_t **closures, struct error *e);
    int64_t (*next_expiry)(struct executor *x);  /* earliest time settle() may have work; INT64_MAX: none */
    json_t *(*snapshot)(struct executor *x, int64_t now_ms); /* ctx.vault: new reference */
    uint64_t (*version)(struct executor *x);     /* grows whenever the snapshot may differ (also with the markets it is priced from) */
    void (*close)(struct executor *x);
};

struct executor {
    const struct executor_ops *ops;
};

int executor_execute(struct executor *x, const struct action_list *actions, uint64_t run, int64_t now_ms, bool dry_run,
                     struct execution *out, struct error *e);
int executor_settle(struct executor *x, int64_t now_ms, struct ledger_change *change, json_t **closures, struct error *e);
int64_t executor_next_expiry(struct executor *x);
json_t *executor_snapshot(struct executor *x, int64_t now_ms);
uint64_t executor_version(struct executor *x);
void executor_close(struct executor *x); /* NULL is legal */

/* What a vault has on record; account.id empty: never used, begin with the config's balances. Spends are within the config's window. */
struct vault_record {
    struct vault_account account;
    const struct position *positions;
    size_t position_count;
    const struct spend *spends;
    size_t spend_count;
};

/* Paper vault. `opening` receives the change that puts the first balances on record when the vault is new (else entry_count 0). */
int executor_paper_open(struct executor **out, const struct vault_config *config, const struct vault_record *record,
                        const struct market_source *markets, int64_t now_ms, struct ledger_change *opening, struct error *e);

#endif
