/*
 * match: one sequence laid over the commands of a transaction; private to recipe/ and its tests.
 *
 * A transaction matches when its commands are sequences, one behind the other. Which sequences is
 * found forwards, from every command at which one can begin; nothing is tried twice, so the work is
 * at most commands × sequences × slots.
 */
#ifndef ORRERY_RECIPE_MATCH_H
#define ORRERY_RECIPE_MATCH_H

#include "recipe/parts.h"

/* What a sequence said of its action, as far as it was read. */
struct reading {
    uint64_t markets[RECIPE_MARKETS / 64]; /* that all of its slots could mean */
    bool has_expiry;
    bool no_expiry; /* the market's id was given without one */
    uint64_t expiry;
    uint64_t numbers[RECIPE_FIELDS]; /* fields; a bool is 0 or 1 */
    struct sui_pure texts[RECIPE_FIELDS];
    bool known[RECIPE_FIELDS];
    struct sui_pure arguments[RECIPE_ARGUMENTS]; /* bytes NULL: not yet */
};

/* How far the best attempt came, and why it ended there. */
struct mismatch_search {
    uint64_t furthest; /* command and place in it */
    struct recipe_mismatch *out;
};

struct attempt {
    const struct recipe *r;
    const struct sui_transaction *tx;
    const struct sui_address *own;
    const struct sequence *s;
    size_t first; /* the command that would be the sequence's first */
    size_t step;  /* of the sequence, at present */
    struct reading reading;
    struct mismatch_search *search;
    /* the slot at present, for the text of a mismatch */
    const struct slot *slot;
    const char *where;
    size_t place; /* from 1; 0: it stands alone */
};

/* Whether the commands from `first` on are the sequence. */
bool recipe_match_sequence(struct attempt *a);

/* Whether the slot may be filled so. */
bool recipe_match_slot(struct attempt *a, const struct slot *slot, struct sui_argument got);

/* Notes why an attempt ended, if none came further: false. `depth`: the place in the command. */
bool recipe_mismatch(struct attempt *a, size_t depth, enum recipe_mismatch_code code,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same at the present slot: "expected …, got …" */
bool recipe_slot_mismatch(struct attempt *a, enum recipe_mismatch_code code, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));

/* Which market the action could have been about; NONE: any, or it has none. */
size_t recipe_reading_market(const struct recipe *r, const struct reading *reading);

/* The way in which the whole of the transaction is sequences: which one begins at each command, or
 * NULL. `ways` has one place per command. False: there is none. */
bool recipe_match_ways(const struct recipe *r, const struct sui_transaction *tx,
                       const struct sui_address *own, const struct sequence **ways,
                       struct mismatch_search *search);

#endif
