/*
 * owned_book: the objects that the recipes of one operator's vaults name, and what is known of them
 * now. Pure.
 *
 * An owned object (a position manager, …) is in one transaction at a time, whichever vault wants
 * it: two transactions with the same reference would lock it until the epoch ends. Its reference
 * comes from the effects of the transaction that changed it last; only when it is not certain is it
 * asked for. The newest version that is known wins. A shared object never changes what a
 * transaction needs of it, its initial version.
 */
#ifndef ORRERY_CHAIN_OWNED_BOOK_H
#define ORRERY_CHAIN_OWNED_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sui/transaction.h"

struct owned_object {
    struct sui_object_ref ref; /* of a shared one: its id only */
    bool is_shared;
    uint64_t initial_version; /* shared */
    bool is_frozen;   /* immutable: any number of transactions may have it, none changes it */
    bool is_known;    /* what a transaction needs of it is certain */
    bool is_reserved; /* owned: in a transaction whose end is not known */
    uint64_t least;   /* not known: the version that it has at least */
};

struct owned_book {
    struct owned_object *items;
    size_t count, capacity;
};

/* A zeroed struct is an empty book. */
void owned_book_release(struct owned_book *book);

/* Named by a recipe; `initial_version` 0: to be asked. Naming it twice is fine. */
void owned_book_name(struct owned_book *book, const struct sui_address *id, bool is_shared,
                     uint64_t initial_version);
struct owned_object *owned_book_find(const struct owned_book *book, const struct sui_address *id);

/* What the chain or a transaction's effects say. Ignored: an older version than is known, and
 * whatever is said of an object that is reserved. */
void owned_book_learn(struct owned_book *book, const struct sui_object_ref *ref);
/* The same of an object that is immutable: known for good. */
void owned_book_freeze(struct owned_book *book, const struct sui_object_ref *ref);
void owned_book_doubt(struct owned_book *book, const struct sui_address *id, uint64_t least);

/* Reserved with that reference, also when it was not named (any more). */
void owned_book_adopt(struct owned_book *book, const struct sui_object_ref *ref);
bool owned_book_reserve(struct owned_book *book, const struct sui_address *id);
void owned_book_free(struct owned_book *book, const struct sui_address *id);

size_t owned_book_unknown(const struct owned_book *book); /* of those not reserved */

#endif
