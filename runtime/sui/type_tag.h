/*
 * type_tag: Move types, as type arguments of a call: in memory, in BCS and as text.
 *
 *   u64   vector<u8>   0x2::coin::Coin<0x2::sui::SUI>
 *
 * A type is a tree of at most SUI_TYPE_DEPTH levels with at most SUI_TYPE_ARGUMENTS arguments per
 * struct; every reader and writer here holds to that, so recursion is bounded. Names are Move
 * identifiers: a letter, or '_' and at least one more; then letters, digits and '_'.
 *
 * Trees live in a struct sui_memory and are never changed once made: they may be shared.
 */
#ifndef ORRERY_SUI_TYPE_TAG_H
#define ORRERY_SUI_TYPE_TAG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "sui/address.h"
#include "sui/bcs.h"
#include "sui/limits.h"
#include "sui/memory.h"

/* In the order of their tags in BCS. */
enum sui_type_kind {
    SUI_TYPE_BOOL,
    SUI_TYPE_U8,
    SUI_TYPE_U64,
    SUI_TYPE_U128,
    SUI_TYPE_ADDRESS,
    SUI_TYPE_SIGNER,
    SUI_TYPE_VECTOR,
    SUI_TYPE_STRUCT,
    SUI_TYPE_U16,
    SUI_TYPE_U32,
    SUI_TYPE_U256,
    SUI_TYPE_KINDS
};

struct sui_struct_name {
    struct sui_address address;
    const char *module;
    const char *name;
};

struct sui_type {
    enum sui_type_kind kind;
    size_t count;                     /* of items: 1 for a vector, a struct's type arguments */
    const struct sui_type *items;     /* NULL when count is 0 */
    const struct sui_struct_name *of; /* of a struct, else NULL */
};

/* A Move identifier of at most SUI_NAME_BYTES. `what` for the error: "module", "function". */
int sui_name_check(const char *text, size_t len, const char *what, struct error *e);

/* Text, with addresses in any length and optional spaces between parts. */
int sui_type_parse(struct sui_memory *m, const char *text, struct sui_type *out, struct error *e);

/* Text with full addresses and ", " between arguments: the official SDK's form. */
void sui_type_text(const struct sui_type *t, struct buf *out);

int sui_type_check(const struct sui_type *t, struct error *e); /* the limits and names above */
bool sui_type_equal(const struct sui_type *a, const struct sui_type *b);
struct sui_type sui_type_copy(struct sui_memory *m, const struct sui_type *t);
const struct sui_type *sui_types_copy(struct sui_memory *m, const struct sui_type *t, size_t count);

/* BCS. The type must have passed sui_type_check(). */
void sui_type_put(struct buf *out, const struct sui_type *t);
void sui_types_put(struct buf *out, const struct sui_type *t, size_t count);
/* On failure the reader says so, and what is returned is not to be used. */
struct sui_type sui_type_take(struct bcs_reader *r, struct sui_memory *m);
const struct sui_type *sui_types_take(struct bcs_reader *r, struct sui_memory *m, size_t *count);
const char *sui_name_take(struct bcs_reader *r, struct sui_memory *m, const char *what);

#endif
