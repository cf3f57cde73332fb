/*
 * policy: what a signer decides on before one of its keys signs.
 *
 * The premise: core may have been taken over. So the signer believes nothing that core says *about*
 * a transaction. It is handed bytes, decodes them itself (sui/decode.h, which accepts one encoding
 * only), decides on what it has decoded, and hashes those same bytes: there is no request to sign a
 * digest, a personal message or any other intent than 00 00 00. What it may sign is fixed before
 * the first worker starts: rules arrive once, and a second set is a protocol error.
 *
 * The decision is pure: (rules, state, decoded transaction, core's epoch, the signer's own clock)
 * gives a verdict and changes nothing; policy_signed() and policy_refused() then move the state.
 *
 * Glossary
 *   own      the address of the operator's key
 *   epoch    the network's present one, as core says
 *   recipe   which sequences of commands a vault's actions may become (recipe/recipe.h)
 *   upkeep   the one shape besides: SplitCoins(GasCoin, amounts), TransferObjects(exactly these
 *            parts, own): more gas coins out of one
 *   repeat   the very transaction that was signed before
 *
 * The rules, in the order in which they are asked; the first that fails names the refusal.
 *
 *   halted   after `refusals_max` refusals within an hour nothing is signed any more, until the
 *            signer is started again: an attacker gets no unlimited tries. Refusals at a ceiling
 *            that time lifts (GAS_PER_DAY, RATE) are no tries and do not count
 *   who      the operator exists; the sender is own; so is the owner of the gas, so that a
 *            signature as the sender never pays as the sponsor of somebody else's transaction
 *   when     it expires, in the current epoch or at most `epochs_ahead` behind it; with a span of
 *            validity: on the configured chain, by its last epoch. The epoch never falls, and is at
 *            most the first one told, and one, and one more for each `epoch_least_s` of the
 *            signer's clock since then: so an honest core is never refused, whenever in an epoch it
 *            began
 *   gas      price and budget have ceilings; at least one coin pays, each given once and no input
 *            as well. (Without a coin the network would take an address's balance: nothing would
 *            guard against a second execution)
 *   size     commands have a maximum
 *   inputs   pure values, owned and shared objects; a receiving object and a withdrawal never
 *   shape    upkeep, with each amount more than 0, at most `coins_max` parts and in all at most
 *            `split_max`; or recipe_match(): all commands one after the other are sequences of one
 *            recipe, every argument fits its slot, every input is used. What is split off the gas
 *            coin by recipes is at most `split_max`, too
 *   whom     each TransferObjects goes to own or to one of `recipients`, and its recipient is a
 *            pure value: an address that a call computes cannot be judged
 *   once     of one gas coin at one version one transaction is signed, and none of a version below
 *            one that was signed; so core cannot make two transactions compete for it. The version
 *            is free again when the epoch has passed in which that transaction could last execute.
 *            Remembered: the greatest version of at most 1,024 coins, which bounds the pool
 *   a day    the budgets of what was signed, each counted in full (what was spent would be core's
 *            word), are at most `per_day` in any 24 hours, rounded to 10 minutes to the safe side
 *   rate     so are signatures at most `signatures_per_minute` in any 60 seconds
 *
 * A repeat passes "once" and is not counted again by "a day" and "rate"; Ed25519 gives the same
 * signature for it. All other rules hold for it, too.
 *
 * A refusal is a value, not an error: its code, the index of the command, input or gas coin (or
 * none), and a sentence with what was expected and what came, made of numbers, addresses and
 * configured names, never of text that core has chosen.
 *
 * What this does not do, plainly
 *   - The first epoch after a start is core's word, and nothing bounds it. Who lies there gets
 *     transactions signed that stay valid for long; they still obey every other rule.
 *   - All state is in memory: a signer that is started again has signed nothing, counted nothing
 *     and refused nothing. The ceilings are those of one life. Whoever can kill it begins a new
 *     one: what bounds the loss then is how much gas the address owns. A first life with a smaller
 *     share would not bound it either, as the number of lives is not bounded.
 *   - What a target does with what it is given is not seen (so packages are named by id, and an
 *     upgraded package is another id), nor whether a price is fair. Caps on positions are the
 *     executor's. The worst that a core can do with a signer is to trade, badly, within the rules.
 *   - Owned inputs that are no gas coins may be used in two transactions (an immutable object looks
 *     the same as an owned one). The worst is an object locked until the epoch ends.
 */
#ifndef ORRERY_SIGNER_POLICY_H
#define ORRERY_SIGNER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signer/rules.h"
#include "sui/address.h"
#include "sui/transaction.h"

/* X(symbol, code as journaled). In the order of the rules above. */
#define POLICY_REFUSALS(X)                                                                         \
    X(HALTED, "HALTED")             /* too many refusals: an operator must look */                 \
    X(NO_KEY, "NO_KEY")             /* there is no such operator */                                \
    X(UNREADABLE, "UNREADABLE")     /* not one canonical transaction, or of a kind not spoken */   \
    X(SENDER, "SENDER")             /* another sender than the operator */                         \
    X(SPONSORED, "SPONSORED")       /* the gas is not the sender's own */                          \
    X(EPOCH_JUMP, "EPOCH_JUMP")     /* the current epoch fell, or rose faster than time passes */  \
    X(NO_EXPIRY, "NO_EXPIRY")       /* it could be executed at any time */                         \
    X(EXPIRED, "EXPIRED")           /* its last epoch has passed */                                \
    X(LATE_EXPIRY, "LATE_EXPIRY")   /* it could be executed for too long */                        \
    X(OTHER_CHAIN, "OTHER_CHAIN")   /* valid during a span on another chain */                     \
    X(GAS_PRICE, "GAS_PRICE")       /* above the ceiling */                                        \
    X(GAS_BUDGET, "GAS_BUDGET")     /* above the ceiling */                                        \
    X(GAS_COIN, "GAS_COIN")         /* none, one given twice, or an input as well */               \
    X(COMMANDS, "COMMANDS")         /* more commands than allowed, or none */                      \
    X(INPUT_KIND, "INPUT_KIND")     /* a receiving object, or a withdrawal */                      \
    X(COMMAND_KIND, "COMMAND_KIND") /* a kind of command that no rule allows here */               \
    X(SEQUENCE, "SEQUENCE")         /* begins like an action, and goes on otherwise */             \
    X(OBJECT, "OBJECT")             /* an object that is not named */                              \
    X(WRITABLE, "WRITABLE")         /* an object that is named as readable only */                 \
    X(TARGET, "TARGET")             /* a function that is not named */                             \
    X(TYPE_ARGUMENTS, "TYPE_ARGUMENTS") /* not those of the target */                              \
    X(ARGUMENT, "ARGUMENT")             /* does not fit its slot */                                \
    X(AMOUNT, "AMOUNT")                 /* above the slot's maximum, or a part of nothing */       \
    X(RESULT, "RESULT")                 /* another result than the one meant */                    \
    X(UNUSED, "UNUSED")                 /* an input that no command uses */                        \
    X(SPLIT, "SPLIT")                   /* more is split off the gas coin than allowed */          \
    X(RECIPIENT, "RECIPIENT")           /* an address that is not named, or cannot be judged */    \
    X(STALE_COIN, "STALE_COIN")         /* a later version of the coin was signed for */           \
    X(EQUIVOCATION, "EQUIVOCATION")     /* that version of the coin has another transaction */     \
    X(TOO_MANY_COINS, "TOO_MANY_COINS") /* more coins than can be remembered */                    \
    X(GAS_PER_DAY, "GAS_PER_DAY")       /* the day's ceiling would be passed */                    \
    X(RATE, "RATE")                     /* too many signatures in a minute */

enum policy_refusal {
    POLICY_ALLOWED = 0,
#define X(symbol, code) POLICY_##symbol,
    POLICY_REFUSALS(X)
#undef X
        POLICY_REFUSAL_COUNT
};

#define POLICY_COINS         1024
#define POLICY_MESSAGE_BYTES 320

struct policy;

struct policy_request {
    const struct sui_transaction *tx;
    struct sui_digest digest; /* of its bytes */
    uint64_t epoch;
    int64_t now_ns; /* of a clock that never falls */
};

struct policy_verdict {
    enum policy_refusal refusal;
    size_t index; /* of the command, input or gas coin; SIZE_MAX: none */
    bool repeat;  /* ALLOWED: signed before */
    char message[POLICY_MESSAGE_BYTES];
};

/* "GAS_PRICE"; "ALLOWED" for 0. */
const char *policy_refusal_name(enum policy_refusal refusal);

/* Borrows the rules, in which every operator's `own` is set. */
struct policy *policy_new(const struct rules *rules);
void policy_free(struct policy *p); /* NULL is legal */

/* What is asked before the bytes are looked at: HALTED and NO_KEY. Returns out->refusal. */
enum policy_refusal policy_admit(const struct policy *p, size_t index, struct policy_verdict *out);

/* Everything, the above included, for operator number `index`. Returns out->refusal. */
enum policy_refusal policy_judge(const struct policy *p, size_t index,
                                 const struct policy_request *request, struct policy_verdict *out);

/* What was judged ALLOWED just now is signed. */
void policy_signed(struct policy *p, size_t index, const struct policy_request *request);
/* Something was refused, by these functions or (UNREADABLE) by the caller. */
void policy_refused(struct policy *p, enum policy_refusal refusal, int64_t now_ns);

#endif
