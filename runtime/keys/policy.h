/*
 * policy: what a signer decides on before a key of its ring signs. A proposal: the rules and the
 * names of the refusals, for those who write the signer, its configuration and its tests.
 *
 * The premise: core may have been taken over. So the signer believes nothing that core says *about*
 * a transaction. It is handed bytes, decodes them itself (sui/decode.h, which accepts one encoding
 * only), decides on what it has decoded, and hashes those same bytes: there is no request to sign a
 * digest, a personal message or any other intent than 00 00 00. What it may sign is fixed before
 * the first worker starts: rules arrive once, with the keys, and a second set is a protocol error.
 *
 * Glossary
 *   rules     of one key: everything below with a number or a list is configuration
 *   target    package::module::function with the type arguments that it may have, and one *slot*
 *             per argument
 *   slot      what may stand there: one of the named objects (readable, or writable); the clock; a
 *             u64 up to a maximum; an address of the list of recipients; other pure bytes up to a
 *             length; the gas coin; the result of a target that is named; a coin split off
 *   own       the address of the key that is to sign
 *
 * The rules, in the order in which they are asked; the first that fails names the refusal. No rule
 * passes what it does not understand: a kind that is not mentioned is refused.
 *
 *   who      the sender is own; so is the owner of the gas, so that a signature as the sender never
 *            pays as the sponsor of somebody else's transaction
 *   when     it expires, at the latest `epochs_ahead` (1) behind the current epoch; valid during a
 *            span: of the configured chain. The current epoch is core's word, so it is bounded: it
 *            never falls, and rises by one in `epoch_least_s` (20 h) of the signer's own monotonic
 *            clock at the most. What stays open: the first one after a start
 *   gas      price and budget have ceilings; each gas coin is given once and is no input as well
 *   once     of one gas coin at one version only one transaction is ever signed, and never of a
 *            version below one that was signed: core cannot equivocate with an owned object. The
 *            same bytes again get the same signature (Ed25519 is deterministic) and count once.
 *            Remembered: the greatest version and its digest for at most 1,024 coins, which bounds
 *            the pool
 *   size     commands have a maximum, as has each list in the rules
 *   objects  every object among the inputs is named; as writable only if it is named so; an owned
 *            one only with the gas pool's or a named id; a receiving one and a withdrawal never
 *   calls    every call is of a target, with type arguments that are its own, and each argument
 *            fits its slot. A pure argument is judged by its bytes *and* by every slot in which the
 *            same input is used: 8 bytes that are an amount here are not an address there
 *   coins    SplitCoins from the gas coin or a named coin with amounts that are pure, in total up
 * to `split_max`; MergeCoins among the gas coin, named coins and what was split off;
 *            TransferObjects only to a recipient of the list (own is one), which must be a pure
 *            input: an address that a call computes cannot be judged. MakeMoveVec of what could
 *            itself stand in the slot
 *   results  a result is used where a slot asks for that target's result, or goes to own. So a coin
 *            that a vault gives out cannot be handed to another call than the one intended
 *   a day    the budgets of what was signed, each counted in full (what was spent is core's word),
 *            stay below `gas_per_day` in any 24 hours of the signer's clock; so do signatures below
 *            `signatures_per_minute`
 *
 * What the ceiling per day is worth: a core that can kill and start the signer anew begins a new
 * count. It holds across restarts only where the signer runs as a user of its own, with a file that
 * only this user can write; else a new count begins with one hour's share, so that a restart alone
 * gains little, and every restart is in the log of the host. The configuration says which of the
 * two it is; the program says so at its start.
 *
 * A refusal is a value, not an error: its code, the index of the command or input (or none), and a
 * sentence with what was expected and what came, made of numbers, addresses and the names in the
 * rules, never of bytes that core has chosen freely. Core journals it, and the batch is *rejected*:
 * nothing of it has left the machine. After `refusals_max` (20) in an hour the signer signs nothing
 * more until an operator starts it again: an attacker gets no unlimited tries.
 *
 * What a policy cannot see: what a target does with what it is given (so the packages are named by
 * id, and an upgraded package is another id), whether a price is fair, and transactions that stay
 * within all of the above. Caps on positions are the executor's; the worst that a core can do with
 * this signer is to trade, badly, within these ceilings.
 */
#ifndef ORRERY_KEYS_POLICY_H
#define ORRERY_KEYS_POLICY_H

/* X(symbol, code as journaled). In the order of the rules above. */
#define POLICY_REFUSALS(X)                                                                         \
    X(UNREADABLE, "UNREADABLE")     /* not one canonical transaction, or of a kind not spoken */   \
    X(NO_KEY, "NO_KEY")             /* the ring has no key for the sender */                       \
    X(SPONSORED, "SPONSORED")       /* the gas is not the sender's own */                          \
    X(NO_EXPIRY, "NO_EXPIRY")       /* it could be executed at any time */                         \
    X(LATE_EXPIRY, "LATE_EXPIRY")   /* it could be executed for too long */                        \
    X(OTHER_CHAIN, "OTHER_CHAIN")   /* valid during a span on another chain */                     \
    X(EPOCH_JUMP, "EPOCH_JUMP")     /* the current epoch fell, or rose faster than time passes */  \
    X(GAS_PRICE, "GAS_PRICE")       /* above the ceiling */                                        \
    X(GAS_BUDGET, "GAS_BUDGET")     /* above the ceiling */                                        \
    X(GAS_COIN, "GAS_COIN")         /* given twice, or an input as well */                         \
    X(EQUIVOCATION, "EQUIVOCATION") /* that version of the coin has another transaction */         \
    X(STALE_COIN, "STALE_COIN")     /* a later version of the coin was signed for */               \
    X(TOO_MANY_COINS, "TOO_MANY_COINS") /* more coins than can be remembered */                    \
    X(COMMANDS, "COMMANDS")             /* more commands than allowed, or none */                  \
    X(COMMAND_KIND, "COMMAND_KIND")     /* a kind of command that no rule allows */                \
    X(OBJECT, "OBJECT")                 /* an object that is not named */                          \
    X(WRITABLE, "WRITABLE")             /* an object that is named as readable only */             \
    X(INPUT_KIND, "INPUT_KIND")         /* a receiving object, or a withdrawal */                  \
    X(TARGET, "TARGET")                 /* a function that is not named */                         \
    X(TYPE_ARGUMENTS, "TYPE_ARGUMENTS") /* not those of the target */                              \
    X(ARGUMENT, "ARGUMENT")             /* does not fit its slot */                                \
    X(AMOUNT, "AMOUNT")                 /* above the slot's maximum */                             \
    X(SPLIT, "SPLIT")                   /* not a coin that may be split, or more than allowed */   \
    X(MERGE, "MERGE")                   /* not coins that may be merged */                         \
    X(RECIPIENT, "RECIPIENT")           /* an address that is not named, or cannot be judged */    \
    X(RESULT, "RESULT")                 /* a result is used where no slot asks for it */           \
    X(GAS_PER_DAY, "GAS_PER_DAY")       /* the day's ceiling would be passed */                    \
    X(RATE, "RATE")                     /* too many signatures in a minute */                      \
    X(HALTED, "HALTED")                 /* too many refusals: an operator must look */

enum policy_refusal {
    POLICY_ALLOWED = 0,
#define X(symbol, code) POLICY_##symbol,
    POLICY_REFUSALS(X)
#undef X
};

#endif
