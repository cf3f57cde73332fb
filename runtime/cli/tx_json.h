/*
 * tx_json: a Sui transaction as JSON, from its bytes alone: what programs get from `orrery tx`, and
 * what the text for people is made of (cli/tx_text.h).
 *
 *   {digest, bytes: how many, sender, gas {coins [ref…], owner, price, budget},
 *    expiration {kind: "never" | "epoch" | "during", epoch?, min_epoch?, max_epoch?,
 * min_timestamp?, max_timestamp?, chain?, nonce?}, inputs [{kind: "pure", hex, type?, value?} |
 * {kind: "owned" | "receiving", ref…} | {kind: "shared", id, initial_version, mutable} | {kind:
 * "withdrawal", amount, type, from, funder?, allowance?}…], commands [{kind: "MoveCall", target,
 * type_arguments [text…], arguments [argument…]} | {kind: "TransferObjects", objects, to} | {kind:
 * "SplitCoins", coin, amounts} | {kind: "MergeCoins", into, coins} | {kind: "MakeMoveVec", type?,
 * items}…]}
 *
 *   ref       id, version, digest
 *   argument  {gas_coin: true} | {input: I} | {result: I} | {result: I, part: J}; all from 0
 *
 * Numbers are as everywhere (value_from_u64). A pure value says its type only where the commands
 * that use it leave no other: an amount of SplitCoins, the recipient of TransferObjects, an item of
 * a MakeMoveVec that names its type. What a function expects is not part of a transaction.
 */
#ifndef ORRERY_CLI_TX_JSON_H
#define ORRERY_CLI_TX_JSON_H

#include <jansson.h>
#include <stddef.h>

struct error;

/* `*out` is a new reference. Errors are those of sui/decode.h: they say the byte. */
int tx_json_decode(const void *bytes, size_t len, json_t **out, struct error *e);

#endif
