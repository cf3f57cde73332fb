/*
 * chain_id: what a chain is called: the digest of its genesis checkpoint in Base58, as the GraphQL
 * service says it, or the digest's first four bytes as 8 hex digits, as people and wallets write it
 * ("4c78adac" is testnet, "35834a8a" mainnet). Both are accepted on both sides; they name the same
 * chain when they agree in all the bytes that both tell.
 */
#ifndef ORRERY_RPC_CHAIN_ID_H
#define ORRERY_RPC_CHAIN_ID_H

#include <stdbool.h>
#include <stddef.h>

#define CHAIN_ID_TEXT_SIZE 64 /* of either form, with NUL */

bool chain_id_valid(const char *text);
bool chain_id_equal(const char *a, const char *b); /* false when either is not valid */

#endif
