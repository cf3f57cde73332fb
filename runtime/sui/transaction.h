/*
 * transaction: a Sui transaction in memory: version 1, a programmable transaction. What the builder
 * makes (sui/builder.h), the encoder writes (sui/encode.h) and the decoder reads (sui/decode.h).
 *
 * Glossary
 *   input      what the commands work on: a pure value (bytes in BCS), an object, or a withdrawal
 *              from an address's balance
 *   command    one step; steps run in order, all or none
 *   argument   what a command is given: the gas coin, an input, the result of an earlier command,
 * or one of the results of an earlier command that has several gas        the coins that pay, who
 * owns them, the price per unit, and the most that may be spent
 *
 * Publishing and upgrading packages is not spoken here: such a transaction is ERROR_UNSUPPORTED, as
 * are expirations and object mutabilities that came later.
 *
 * Ownership: everything that a transaction points to lives in its `memory`;
 * sui_transaction_release() frees it all. Texts end with a NUL and have none inside.
 */
#ifndef ORRERY_SUI_TRANSACTION_H
#define ORRERY_SUI_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sui/address.h"
#include "sui/limits.h"
#include "sui/memory.h"
#include "sui/type_tag.h"

struct sui_object_ref {
    struct sui_address id;
    uint64_t version;
    struct sui_digest digest;
};

enum sui_input_kind {
    SUI_INPUT_PURE,
    SUI_INPUT_OWNED, /* owned by an address, or immutable */
    SUI_INPUT_SHARED,
    SUI_INPUT_RECEIVING, /* owned by another object, to be received from it */
    SUI_INPUT_WITHDRAWAL
};

enum sui_withdraw_from { SUI_FROM_SENDER, SUI_FROM_SPONSOR, SUI_FROM_ALLOWANCE };

struct sui_pure {
    const uint8_t *bytes;
    size_t len;
};

struct sui_shared {
    struct sui_address id;
    uint64_t initial_version;
    bool is_mutable;
};

/* At most `amount` of the balance of a coin type. */
struct sui_withdrawal {
    uint64_t amount;
    struct sui_type type;
    enum sui_withdraw_from from;
    struct sui_address funder, allowance; /* of SUI_FROM_ALLOWANCE, else zero */
};

struct sui_input {
    enum sui_input_kind kind;
    union {
        struct sui_pure pure;
        struct sui_object_ref object; /* owned, receiving */
        struct sui_shared shared;
        struct sui_withdrawal withdrawal;
    } as;
};

/* In the order of their tags in BCS. */
enum sui_argument_kind { SUI_GAS_COIN, SUI_INPUT, SUI_RESULT, SUI_NESTED_RESULT };

struct sui_argument {
    uint16_t kind;  /* enum sui_argument_kind */
    uint16_t index; /* of the input or command; 0 for the gas coin */
    uint16_t part;  /* which of the command's results: SUI_NESTED_RESULT only, else 0 */
};

struct sui_arguments {
    const struct sui_argument *items;
    size_t count;
};

struct sui_call {
    struct sui_address package;
    const char *module;
    const char *function;
    const struct sui_type *types;
    size_t type_count;
    struct sui_arguments arguments;
};

/* Their tags in BCS are 0, 1, 2, 3 and 5. */
enum sui_command_kind { SUI_CALL, SUI_TRANSFER, SUI_SPLIT, SUI_MERGE, SUI_MAKE_VECTOR };

struct sui_command {
    enum sui_command_kind kind;
    union {
        struct sui_call call;
        struct {
            struct sui_arguments objects;
            struct sui_argument to;
        } transfer;
        struct {
            struct sui_argument coin;
            struct sui_arguments amounts;
        } split;
        struct {
            struct sui_argument into;
            struct sui_arguments coins;
        } merge;
        struct {
            const struct sui_type *type; /* NULL: left to the network */
            struct sui_arguments items;
        } vector;
    } as;
};

struct sui_gas {
    const struct sui_object_ref *coins;
    size_t coin_count;
    struct sui_address owner;
    uint64_t price;  /* MIST per unit */
    uint64_t budget; /* MIST */
};

enum sui_expiration_kind { SUI_EXPIRES_NEVER, SUI_EXPIRES_EPOCH, SUI_EXPIRES_DURING };

struct sui_optional {
    bool present;
    uint64_t value; /* 0 when not present */
};

struct sui_expiration {
    enum sui_expiration_kind kind;
    uint64_t epoch; /* SUI_EXPIRES_EPOCH: the last one in which it may execute */
    /* SUI_EXPIRES_DURING */
    struct sui_optional min_epoch, max_epoch, min_timestamp, max_timestamp;
    struct sui_digest chain;
    uint32_t nonce;
};

struct sui_transaction {
    struct sui_input *inputs;
    size_t input_count;
    struct sui_command *commands;
    size_t command_count;
    struct sui_address sender;
    struct sui_gas gas;
    struct sui_expiration expiration;
    struct sui_memory memory;
};

void sui_transaction_init(struct sui_transaction *tx);
void sui_transaction_release(struct sui_transaction *tx); /* afterwards as after init */

/* "MoveCall"; the names of the official SDK. */
const char *sui_command_name(enum sui_command_kind kind);

/* The arguments of a command: the one that stands alone (a recipient, a coin) in `alone`, or NULL
 * there; the list in the result. */
struct sui_arguments sui_command_arguments(const struct sui_command *c,
                                           const struct sui_argument **alone);

/* The object's id, or NULL for an input that is no object. */
const struct sui_address *sui_input_object(const struct sui_input *input);

/* Whether the network could take its shape: within the limits; names and types well formed; every
 * argument an input that exists or the result of an *earlier* command; no command with nothing to
 * work on. The error says which command or input. What passes can be encoded (unless it is larger
 * than SUI_TRANSACTION_BYTES), and every index in it can be used as it is.
 * Not looked at: whether objects are distinct, whether types fit, whether gas suffices. */
int sui_transaction_check(const struct sui_transaction *tx, struct error *e);

/* The same for one command and one input, for whoever adds them; `index` is its own, and
 * `input_count` says how many inputs there are. */
int sui_command_check(const struct sui_command *c, size_t index, size_t input_count,
                      struct error *e);
int sui_input_check(const struct sui_input *input, size_t index, struct error *e);

#endif
