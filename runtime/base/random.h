/*
 * random: injected pseudo-random numbers (xoshiro256**), for simulation, jitter and per-run seeds.
 * Same seed, same sequence, on every machine. Not for keys.
 */
#ifndef ORRERY_BASE_RANDOM_H
#define ORRERY_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t s[4];
};

void random_init(struct random *r, uint64_t seed); /* any seed is fine, also 0 */
uint64_t random_next(struct random *r);
double random_unit(struct random *r);                    /* [0, 1) with 53 bits */
double random_normal(struct random *r);                  /* mean 0, deviation 1 */
uint64_t random_below(struct random *r, uint64_t bound); /* [0, bound), unbiased; bound > 0 */
uint64_t random_hash(const char *text);                  /* FNV-1a: a number for a name */
uint64_t random_mix(uint64_t a, uint64_t b);             /* one well-mixed word of two */

#endif
