/*
 * recipe: how a vault's actions become commands of a transaction, by configuration; and the same
 * read backwards: whether the commands of a transaction are what such actions could have become.
 *
 * Package ids, modules, functions, type arguments and the order of arguments differ per deployment:
 * nothing of them is in the program. A vault says, per kind of action, which sequence of commands
 * it is, and what stands in each argument:
 *
 *   objects = {
 *     predict = { id = "0x…", shared = 5, mutable = true },  -- shared: initial version, or true
 *     manager = { id = "0x…", owned = true },                -- owned by the operator, or immutable
 *   },
 *   markets = {
 *     ["btc:1764547200000"] = { oracle = { id = "0x…", shared = 7 }, underlying = "BTC" },
 *   },
 *   calls = {
 *     mint_binary = {
 *       { target = "0xcc…::market_key::new",
 *         arguments = { { market = "oracle", type = "id" }, { market = "expiry", type = "u64" },
 *                       { param = "strike", type = "u64" }, { param = "is_up", type = "bool" } } },
 *       { target = "0xcc…::predict::mint", type_arguments = { "0xee…::dusdc::DUSDC" },
 *         arguments = { { object = "predict" }, { object = "manager" }, { market = "oracle" },
 *                       { result = 1 }, { param = "quantity", type = "u64" }, { clock = true } } },
 *     },
 *     pm_deposit = {
 *       { split = "gas", amounts = { { param = "amount", type = "u64" } } },
 *       { target = "…::predict_manager::deposit", type_arguments = { "0x2::sui::SUI" },
 *         arguments = { { object = "manager" }, { result = 1, part = 1 } } },
 *     },
 *   }
 *
 * Commands
 *   target     a call, with type_arguments and arguments
 *   split      off "gas", an object by name or a slot, `amounts` (values of type u64)
 *   merge      into the same, `coins` (slots)
 *   transfer   {transfer = {slots}, to = slot}; to: the sender, or a literal address. A strategy
 *              never chooses who gets something
 *   vector     {vector = {slots}, type = "…"}; type may be absent when all items are objects
 *
 * Slots
 *   {object = NAME}                       with type = "id" or "address": its id as a value
 *   {market = NAME}                       of the action's market: an object; with `type` a value,
 *                                         of an object its id
 *   {market = "expiry", type = T}         in its key's "feed:milliseconds", or in the market's own
 *                                         `expiry` (which a feed's market id must then repeat)
 *   {param = FIELD, type = T, max = N?}   of the action: a number as u8 … u256, a bool as bool,
 *                                         market_id as string
 *   {argument = I, type = T, max = N?}    of a generic `call` action, from 1; all of 1 … the
 *                                         greatest are used, and given
 *   {literal = V, type = T}
 *   {clock = true}, {gas = true}
 *   {sender = true}                       the operator's address
 *   {result = I}, {result = I, part = J}  of the I-th command of this sequence, from 1
 *   T: bool, u8, u16, u32, u64, u128, u256, address, id, string
 *
 * The key of a market is the whole market id, or else the feed's name before the ':'; the whole id
 * is looked for first. A name that a sequence asks of markets must be in every market.
 *
 * `calls.call` maps a target, as the action names it, to its sequence: the generic action may name
 * these only; type_arguments that it gives must be those of the sequence's last call. What an
 * action must say and no slot asks for is a warning; a coin that is split off and not used is an
 * error. One object has one description: under a second name it must be the same.
 *
 * Layers: pure; no I/O. Everything is checked at the start, with the configuration's line, and what
 * was accepted cannot fail later but for a value that does not fit (ERROR_INVALID, ERROR_LIMIT) or
 * an object that is not there.
 */
#ifndef ORRERY_RECIPE_RECIPE_H
#define ORRERY_RECIPE_RECIPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/action.h"
#include "sui/builder.h"
#include "sui/transaction.h"

struct error;
struct recipe;
struct scope;

#define RECIPE_OBJECTS   256 /* named ones, with those of markets */
#define RECIPE_MARKETS   256
#define RECIPE_SEQUENCES 64
#define RECIPE_COMMANDS  16 /* in one sequence */
#define RECIPE_ARGUMENTS 32 /* of one command */

/* Keys that it reads from a vault's table: "objects", "markets", "calls". Problems go to `scope`
 * (entered for the vault). NULL when there was an error. Owned by the caller. */
struct recipe *recipe_parse(const struct scope *scope, const json_t *vault);
/* The same from what recipe_json() gave: for another process. */
struct recipe *recipe_read(const json_t *json, struct error *e);
json_t *recipe_json(const struct recipe *r); /* new reference; reading it gives the same recipe */
void recipe_free(struct recipe *r);          /* NULL is legal */

bool recipe_has(const struct recipe *r, enum action_kind kind);

/* An object as the configuration names it. */
struct recipe_object {
    struct sui_address id;
    bool is_shared;
    uint64_t initial_version; /* shared; 0: to be asked of the chain */
    bool is_mutable;          /* shared */
};
size_t recipe_object_count(const struct recipe *r);
const struct recipe_object *recipe_object_at(const struct recipe *r, size_t index);

/* What is known of the objects now: the caller looks them up on the chain. */
struct recipe_world {
    struct sui_address sender;
    /* An owned object's present reference, a shared one's initial version. False: not known. */
    bool (*find)(void *arg, const struct sui_address *id, struct sui_object_ref *ref,
                 uint64_t *initial_version);
    void *arg;
};

/* Appends the commands of one action. Errors name the action's field and the slot: UNSUPPORTED (no
 * sequence for the kind, or an unknown target of a generic call), NOT_FOUND (a market or object
 * that is not there), INVALID, LIMIT. On failure the builder is good for nothing but release. */
int recipe_build(const struct recipe *r, const struct action *action,
                 const struct recipe_world *world, struct sui_builder *b, struct error *e);

/* ---- backwards, for those who must not take another's word ---- */

/* X(symbol, code) */
#define RECIPE_MISMATCHES(X)                                                                       \
    X(COMMAND_KIND, "COMMAND_KIND")     /* a kind of command that stands nowhere there */          \
    X(TARGET, "TARGET")                 /* a function that is not named */                         \
    X(TYPE_ARGUMENTS, "TYPE_ARGUMENTS") /* not those of the target */                              \
    X(ARGUMENT, "ARGUMENT")             /* does not fit its slot */                                \
    X(AMOUNT, "AMOUNT")                 /* above the slot's maximum */                             \
    X(OBJECT, "OBJECT")                 /* an object that is not named */                          \
    X(WRITABLE, "WRITABLE")             /* named as readable only */                               \
    X(RECIPIENT, "RECIPIENT")           /* an address that is not named */                         \
    X(RESULT, "RESULT")                 /* another result than the one meant */                    \
    X(SEQUENCE, "SEQUENCE")             /* begins like an action, and goes on otherwise */         \
    X(UNUSED, "UNUSED")                 /* an input that no command uses */                        \
    X(INPUT_KIND, "INPUT_KIND")         /* a receiving object, or a withdrawal */

enum recipe_mismatch_code {
    RECIPE_MATCHES = 0,
#define X(symbol, code) RECIPE_##symbol,
    RECIPE_MISMATCHES(X)
#undef X
        RECIPE_MISMATCH_COUNT
};

struct recipe_mismatch {
    enum recipe_mismatch_code code;
    size_t command;    /* index from 0; SIZE_MAX: none */
    char message[256]; /* expected and got: numbers, addresses and configured names only */
};
const char *recipe_mismatch_name(enum recipe_mismatch_code code);

/*
 * Whether the whole of `tx`'s commands is one after the other a sequence of one of the recipes (all
 * of the same recipe, or none: RECIPE_MATCHES), every slot filled as its sequence says, every
 * input used, and nothing else. `own` is the sender. `which` gets the recipe's index. `gas_split`
 * gets what is split off the gas coin in all (saturating); both are untouched unless it matches.
 *
 * What matches is what some actions become, but for the numbering of inputs (one pure input may
 * stand in several slots, and must then satisfy all of them): values have exactly their type's
 * bytes, numbers of actions are from 1 to 2^64 - 1, the same field or argument has one value within
 * a sequence, and all slots that speak of a market speak of the same one. Objects have the id, the
 * kind and the mutability that they are named with, and each is one input; a shared one has its
 * initial version when that is configured. Owned ones have any version.
 *
 * `tx` must have passed sui_transaction_check(), as what sui_decode() gives has. Not looked at:
 * who the sender is, the gas and the expiration. Of several reasons, the one that was found
 * furthest in the transaction. The work is bounded by commands times slots of the recipe.
 */
enum recipe_mismatch_code recipe_match(const struct recipe *const *recipes, size_t count,
                                       const struct sui_transaction *tx,
                                       const struct sui_address *own, size_t *which,
                                       uint64_t *gas_split, struct recipe_mismatch *out);

#endif
