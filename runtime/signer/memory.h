/*
 * memory: what a policy remembers of what it has decided (signer/policy.h says why): the gas coins
 * of each operator, budgets of a day, times of signatures and refusals, and the epoch.
 *
 * Nothing here decides; questions are pure, and only the functions called _note change something.
 * Times are nanoseconds of a clock that never falls. Everything is bounded when it is made.
 */
#ifndef ORRERY_SIGNER_MEMORY_H
#define ORRERY_SIGNER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sui/address.h"
#include "sui/transaction.h"

/* ---- the last `max` moments, for "at most max within a span" ---- */

struct moments {
    int64_t *at; /* a ring */
    size_t max, count, next;
};

void moments_init(struct moments *m, size_t max);
void moments_release(struct moments *m);
/* Whether `max` of them lie within `span_ns` before now. */
bool moments_full(const struct moments *m, int64_t now_ns, int64_t span_ns);
void moments_note(struct moments *m, int64_t now_ns);

/* ---- a day's sum ---- */

#define DAY_PIECES 145 /* 24 h in pieces of 10 minutes, and the one that began before */

struct day {
    uint64_t sums[DAY_PIECES];
    int64_t pieces[DAY_PIECES]; /* which piece of time each sum is of; 0 is before the first */
};

/* What was noted in the last 24 h, or up to 10 minutes more; saturating. */
uint64_t day_sum(const struct day *d, int64_t now_ns);
void day_note(struct day *d, uint64_t amount, int64_t now_ns);

/* ---- gas coins ---- */

struct coin {
    struct sui_address id;
    uint64_t version;         /* the greatest that was signed for */
    struct sui_digest digest; /* of that transaction */
    uint64_t last_epoch;      /* in which it may execute */
};

struct coins {
    struct coin *items;
    size_t count, max;
};

void coins_init(struct coins *c, size_t max);
void coins_release(struct coins *c);
const struct coin *coins_find(const struct coins *c, const struct sui_address *id);
/* Whether all of these coins can be remembered, with those forgotten whose transaction can execute
 * no more. */
bool coins_have_room(const struct coins *c, const struct sui_gas *gas, uint64_t epoch);
/* They are these versions' now. There is room. */
void coins_note(struct coins *c, const struct sui_gas *gas, const struct sui_digest *digest,
                uint64_t last_epoch, uint64_t epoch);

/* ---- the epoch ---- */

struct epochs {
    bool known;
    uint64_t first, last;
    int64_t first_ns;
};

/* The least and the greatest that can be true now. */
uint64_t epochs_least(const struct epochs *e);
uint64_t epochs_most(const struct epochs *e, int64_t now_ns, uint32_t epoch_least_s);
void epochs_note(struct epochs *e, uint64_t epoch, int64_t now_ns);

#endif
