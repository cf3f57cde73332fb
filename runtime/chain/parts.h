/*
 * parts: what the files of this executor share; private to chain/.
 *
 *   chain      one per desk; outlives everything else. One slow pulse drives what has to be done
 *              again and again, one immediate one what must not be done inside of a call.
 *   operator   one per key: pool, book, waiting batches, watch. Lives as long as the chain
 *   vault      one executor. When it is closed, its memory stays until the chain closes, because a
 *              question about it may be under way: `closed` says that nobody is to be told
 *   job        a batch that is prepared, or a submission that is pursued: freed with its end, or
 *              with the chain
 */
#ifndef ORRERY_CHAIN_PARTS_H
#define ORRERY_CHAIN_PARTS_H

#include <jansson.h>
#include <stdarg.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "chain/chain.h"
#include "chain/config.h"
#include "chain/gas_pool.h"
#include "chain/holds.h"
#include "chain/owned_book.h"
#include "executor/outside_plan.h"
#include "rpc/rpc.h"
#include "signer/client.h"

#define PULSE_MS     100
#define RETRY_NS     INT64_C(1000000000) /* before a question that went unanswered is asked again */
#define FRESH_NS     (10 * RETRY_NS)     /* an epoch is believed at least that long */
#define OWN_DIGESTS  8192                /* of the operator, that are known to be ours */
#define SENT_ASKED   50 /* newest transactions of the operator that are looked at */
#define HISTORY_READ 1000
#define SIGHTINGS    64              /* of a vault; more at a time begin anew in turns */
#define FUNDS_NS     (10 * RETRY_NS) /* how often it is looked whether somebody has sent coins */

struct batch;
struct chain_vault;

struct job {
    struct job *next, **back;
    void (*free)(struct job *job);
    void (*later)(struct job *job); /* to be called from the loop; NULL: nothing waits */
};

/* Transactions of the operator's address that this desk did not make. */
struct foreign_watch {
    struct sui_digest *own; /* a ring of OWN_DIGESTS */
    size_t own_count, own_next;
    bool has_history;        /* the journal had submissions of this account before this start */
    bool is_settled;         /* the first look has been taken */
    struct sui_digest *seen; /* of others: told already, or older than this desk */
    size_t seen_count;
    uint64_t count; /* told */
    char last[SUI_DIGEST_TEXT_SIZE];
    int64_t due_ns;
    bool busy;
};

struct chain_operator {
    struct chain *chain;
    const struct operator_config *config;
    struct sui_address address;
    char account[SUI_ADDRESS_TEXT_SIZE];
    int claim; /* socket that keeps others away, or -1 */
    struct gas_pool pool;
    struct owned_book book;
    bool coins_known, objects_known; /* once */
    bool coins_wanted, coins_busy, objects_busy;
    int64_t coins_ns, objects_ns; /* not to be asked before */
    int64_t funds_ns;             /* when to look for new coins, if they are short */
    struct sui_address asked[RPC_OBJECTS];
    size_t asked_count;
    char trouble[256];     /* what the last answer lacked, or "" */
    char halted[512];      /* why nothing more is sent, or "" */
    char obstacle[1024];   /* what was said last */
    struct batch *waiting; /* oldest first */
    struct chain_vault *vaults;
    bool history_read;
    uint64_t upkeep;   /* id of the split under way, 0: none */
    bool upkeep_busy;  /* one is being prepared */
    int64_t upkeep_ns; /* not before */
    struct foreign_watch foreign;
};

/* Where a submission's gas coin was first seen to have moved past its version. */
struct sighting {
    char digest[SUI_DIGEST_TEXT_SIZE];
    int endpoint;
    int64_t at_ns;
};

struct snapshot_values {
    struct outside_amount quote_balance, pm_balance, nav, open_positions;
};

struct chain_vault {
    struct executor base;     /* first */
    struct chain_vault *next; /* of its operator */
    struct chain_operator *op;
    const struct vault_config *config;
    const struct outside_env *env;
    const struct market_source *markets;
    struct chain_vault_config own;
    struct outside_spends spends;
    bool closed;
    struct snapshot_values values;
    bool snapshot_busy, snapshot_read;
    int64_t snapshot_ns;
    uint64_t snapshot_least;  /* version that one of its objects has by then; 0: any */
    int64_t snapshot_most_ns; /* … waited for until then */
    uint64_t version;
    struct sighting sightings[SIGHTINGS]; /* by digest; "": free */
};

struct pulse {
    uv_timer_t slow, soon;
    struct chain *chain; /* NULL: closed */
    int open;
};

struct chain {
    const struct outside_env *env;
    struct chain_config config;
    struct rpc *rpc;
    struct signer *signer;
    struct chain_operator operators[CHAIN_OPERATORS];
    size_t operator_count;
    struct job *jobs;
    struct pulse *pulse;
    bool epoch_known, epoch_busy, was_fresh;
    uint64_t epoch, gas_price;
    int64_t epoch_ns; /* when it was learnt */
    int64_t epoch_due_ns;
    char trouble[512]; /* why the last question about the epoch went unanswered, or "" */
};

/* chain.c */
int64_t chain_now_ns(const struct chain *chain);
void chain_soon(struct chain *chain); /* jobs that wait for it, and waiting batches */
void chain_stage(const struct chain *chain, const char *name);
void chain_say(const struct chain *chain, enum log_level level, const char *vault,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
void chain_sentence(char *out, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
void chain_changed(const struct chain *chain);
void job_add(struct chain *chain, struct job *job);
void job_remove(struct job *job);
void chain_want_epoch(struct chain *chain);
bool chain_epoch_fresh(const struct chain *chain);

/* operator.c */
void operator_init(struct chain_operator *o, struct chain *chain,
                   const struct operator_config *config);
int operator_claim(struct chain_operator *o, struct error *e);
void operator_release(struct chain_operator *o);
void operator_name_objects(struct chain_operator *o, const struct recipe *recipe);
void operator_learn(struct chain_operator *o,
                    const struct submission *s); /* a settled one, on record */
void operator_pulse(struct chain_operator *o);
void operator_wake(struct chain_operator *o);
void operator_halt(struct chain_operator *o, const char *why);
bool operator_ready(const struct chain_operator *o);
const char *operator_obstacle(struct chain_operator *o);
json_t *operator_status(const struct chain_operator *o);

/* settle.c: what a submission held */
void submission_hold(struct chain_operator *o, const struct submission *s);
void submission_let_go(struct chain_operator *o, const struct submission *s);

/* vault.c: why nothing can be prepared, and why it has to wait a little */
const char *vault_trouble(struct chain_vault *v);
const char *vault_awaits(const struct chain_vault *v);

/* prepare.c */
void chain_prepare(struct executor *x, struct preparation *p);
bool batch_advance(struct batch *batch); /* false: it still waits */
struct batch *batch_next(const struct batch *batch);
void batch_end_all(struct chain_operator *o, struct chain_vault *vault);
/* Splits `coin` (free) into `parts` more, each of `amount`. */
void upkeep_prepare(struct chain_operator *o, struct chain_vault *v, const struct gas_coin *coin,
                    size_t parts, uint64_t amount);

/* pursue.c */
void chain_pursue(struct executor *x, struct pursuit *p);
struct sighting *vault_sighting(struct chain_vault *v, const char *digest); /* or NULL */

/* upkeep.c */
void upkeep_consider(struct chain_operator *o);

/* foreign.c */
void foreign_own(struct chain_operator *o, const char *digest);
void foreign_pulse(struct chain_operator *o);
void foreign_know(struct chain_operator *o); /* those that the configuration names */
void foreign_release(struct chain_operator *o);

/* snapshot.c */
void snapshot_pulse(struct chain_vault *v);
/* The first one, or one that shows what was executed: caps are judged by it. */
bool snapshot_is_awaited(const struct chain_vault *v);
void snapshot_await(struct chain_vault *v, const struct rpc_effects *fx);
json_t *chain_snapshot(struct executor *x, int64_t now_ms);
struct outside_vault snapshot_known(const struct chain_vault *v);

#endif
