/*
 * builder: makes a transaction step by step, byte for byte as the official SDK would from the same
 * steps in the same order:
 *
 *   - inputs are numbered in the order in which they are added;
 *   - an object is one input however often it is added; a shared one that is added once as mutable
 *     is mutable;
 *   - pure values and withdrawals are never merged, equal or not;
 *   - a command's result is Result(i), one of several results NestedResult(i, j). The parts of a
 *     split are nested results, also of a split into one.
 *
 * In one place it is stricter: the SDK keeps the first of two different references to one object
 * (other version, digest or kind) and says nothing; here the second is ERROR_CONFLICT, because one
 * of the two is out of date.
 *
 * Everything given is copied. Limits and arguments are checked when a step is added; a step that
 * fails changes nothing, so the builder can go on. Nothing of an argument is valid in another
 * builder.
 *
 *   sui_builder_init(&b, &sender);
 *   sui_builder_shared(&b, &vault, 5, true, &args[0], e);
 *   sui_builder_pure(&b, amount, 8, &args[1], e);
 *   sui_builder_call(&b, &call, &result, e);
 *   sui_builder_gas(&b, &gas, e);
 *   sui_builder_finish(&b, &bytes, e);      // as often as wanted, also with other gas
 *   sui_builder_release(&b);
 */
#ifndef ORRERY_SUI_BUILDER_H
#define ORRERY_SUI_BUILDER_H

#include "base/buf.h"
#include "base/error.h"
#include "sui/transaction.h"

struct sui_builder {
    struct sui_transaction tx; /* as it stands: to be looked at */
    size_t input_capacity, command_capacity;
};

void sui_builder_init(struct sui_builder *b, const struct sui_address *sender);
void sui_builder_release(struct sui_builder *b);

/* Inputs. `out` is the argument by which commands name it. */
int sui_builder_pure(struct sui_builder *b, const void *bytes, size_t len, struct sui_argument *out,
                     struct error *e);
int sui_builder_owned(struct sui_builder *b, const struct sui_object_ref *ref,
                      struct sui_argument *out, struct error *e);
int sui_builder_receiving(struct sui_builder *b, const struct sui_object_ref *ref,
                          struct sui_argument *out, struct error *e);
int sui_builder_shared(struct sui_builder *b, const struct sui_address *id,
                       uint64_t initial_version, bool is_mutable, struct sui_argument *out,
                       struct error *e);
int sui_builder_clock(struct sui_builder *b, struct sui_argument *out, struct error *e);
int sui_builder_withdrawal(struct sui_builder *b, const struct sui_withdrawal *w,
                           struct sui_argument *out, struct error *e);

/* Arguments that need no input. sui_part() is one of the results of a command. */
struct sui_argument sui_gas_coin(void);
struct sui_argument sui_part(struct sui_argument result, uint16_t part);

/* Commands. `out` is the command's result; it may be NULL. */
int sui_builder_call(struct sui_builder *b, const struct sui_call *call, struct sui_argument *out,
                     struct error *e);
int sui_builder_transfer(struct sui_builder *b, const struct sui_argument *objects, size_t count,
                         struct sui_argument to, struct sui_argument *out, struct error *e);
int sui_builder_split(struct sui_builder *b, struct sui_argument coin,
                      const struct sui_argument *amounts, size_t count, struct sui_argument *out,
                      struct error *e);
int sui_builder_merge(struct sui_builder *b, struct sui_argument into,
                      const struct sui_argument *coins, size_t count, struct sui_argument *out,
                      struct error *e);
/* `type` of the elements, or NULL. */
int sui_builder_vector(struct sui_builder *b, const struct sui_type *type,
                       const struct sui_argument *items, size_t count, struct sui_argument *out,
                       struct error *e);

/* Who pays, in place of what was set before: the owner, too, is as given (b->tx.sender, unless
 * somebody else pays). */
int sui_builder_gas(struct sui_builder *b, const struct sui_gas *gas, struct error *e);
void sui_builder_expire(struct sui_builder *b, const struct sui_expiration *expiration);

/* The bytes: see sui/encode.h. */
int sui_builder_finish(const struct sui_builder *b, struct buf *out, struct error *e);

#endif
