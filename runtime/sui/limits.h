/*
 * limits: what a Sui transaction may hold at most. They bound the builder, the encoder and the
 * decoder alike; exceeding one is ERROR_LIMIT and names it.
 *
 * The numbers are those of the network's protocol configuration. Validators compare some of them
 * with "less than", so they refuse a transaction that exactly reaches the limit of commands,
 * arguments of a call or bytes of a pure value; and they count every node of all type arguments of
 * a call together. Here "at most" is meant as written: these bound memory and work, they do not
 * promise that a validator agrees.
 */
#ifndef ORRERY_SUI_LIMITS_H
#define ORRERY_SUI_LIMITS_H

#define SUI_TRANSACTION_BYTES (128 * 1024) /* one transaction in BCS */
#define SUI_INPUTS            2048
#define SUI_GAS_OBJECTS       256
#define SUI_COMMANDS          1024
#define SUI_ARGUMENTS         512         /* of one command */
#define SUI_PURE_BYTES        (16 * 1024) /* one pure input */
#define SUI_TYPE_ARGUMENTS    16          /* of one call, and of one struct type */
#define SUI_TYPE_DEPTH        16          /* u64 is 1, vector<u64> is 2 */
#define SUI_NAME_BYTES        128         /* a Move identifier: module, function, struct */
#define SUI_TYPE_TEXT_BYTES   8192        /* a type written as text */

#endif
