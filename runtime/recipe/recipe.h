/*
 * recipe: how a vault's actions become commands of a transaction, by configuration; and the same
 * read backwards: whether the commands of a transaction are what such actions could have become.
 *
 * Package ids, modules, functions, type arguments and the order of arguments differ per deployment:
 * nothing of them is in the program. A vault says, per kind of action, which sequence of commands
 * it is, and what stands in each argument:
 *
 *   objects = { predict = { id = "0x…", shared = 5, mutable = true },  -- shared: initial version
 *               manager = { id = "0x…", owned = true } },              -- owned by the operator
 *   markets = { ["btc:1764547200000"] = { oracle = { id = "0x…", shared = 7 }, underlying = "BTC" }
 * }, calls = { mint_binary = { { target = "0xcc…::market_key::new", arguments = { { market =
 * "oracle", type = "id" }, { market = "expiry", type = "u64" }, { param = "strike", type = "u64" },
 * { param = "is_up", type = "bool" } } }, { target = "0xcc…::predict::mint", type_arguments = {
 * "0xee…::dusdc::DUSDC" }, arguments = { { object = "predict" }, { object = "manager" }, { market =
 * "oracle" }, { result = 1 }, { param = "quantity", type = "u64" }, { clock = true } } },
 *     },
 *     pm_deposit = {
 *       { split = "gas", amounts = { { param = "amount", type = "u64" } } },
 *       { target = "…::predict_manager::deposit", type_arguments = { "0x2::sui::SUI" },
 *         arguments = { { object = "manager" }, { result = 1, part = 1 } } },
 *     },
 *   }
 *
 * Commands    target (a call); split (of "gas", or of an object by name) with amounts; merge
 *             {merge = slot, coins = {slots}}; transfer {transfer = {slots}, to = slot}; vector
 *             {vector = {slots}, type = "…"}
 * Slots       {object = NAME}, {market = NAME} (object of the action's market; with `type` a value
 *             of it: "expiry" is always there, of an object its id), {param = FIELD, type = T, max
 * = N?}, {argument = I, type = T} (of a generic `call` action), {literal = V, type = T}, {clock =
 * true}, {gas = true}, {sender = true} (the operator's address), {result = I} (of the I-th command
 * of this sequence, from 1), {result = I, part = J} (from 1) T           bool, u8, u16, u32, u64,
 * u128, u256, address, id, string A recipe's `calls.call` maps a target to its sequence: the
 * generic action may name these only.
 *
 * Layers: pure; no I/O. Everything is checked at the start, with the configuration's line, and what
 * was accepted cannot fail later but for a value that does not fit (ERROR_INVALID, ERROR_LIMIT).
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

/* Whether the whole of `tx`'s commands is one after the other a sequence of one of the recipes (all
 * of the same recipe, or none: RECIPE_MATCHES), every slot filled as its sequence says, every
 * input used, and nothing else. `own` is the sender. `which` gets the recipe's index. `gas_split`
 * gets what is split off the gas coin in all (saturating). */
enum recipe_mismatch_code recipe_match(const struct recipe *const *recipes, size_t count,
                                       const struct sui_transaction *tx,
                                       const struct sui_address *own, size_t *which,
                                       uint64_t *gas_split, struct recipe_mismatch *out);

#endif
