/*
 * memory: pieces that live and die together. Whatever belongs to one transaction (or to one parsed
 * type) is taken from one of these and freed by one sui_memory_release(). Pieces never move, are
 * zeroed, and are aligned for any type. There is no limit here: whoever takes has one.
 */
#ifndef ORRERY_SUI_MEMORY_H
#define ORRERY_SUI_MEMORY_H

#include <stddef.h>

struct sui_chunk;

struct sui_memory {
    struct sui_chunk *chunks;
};

void sui_memory_init(struct sui_memory *m);
void sui_memory_release(struct sui_memory *m); /* afterwards as after init */

void *sui_memory_take(struct sui_memory *m, size_t count, size_t size); /* never NULL */
void *sui_memory_copy(struct sui_memory *m, const void *data, size_t count, size_t size);
char *sui_memory_text(struct sui_memory *m, const void *text, size_t len); /* adds the NUL */

/* Room for one more in an array of `count` taken from `m`: the same array, or a copy of twice the
 * size in `m` (the old one stays there until the release). `*capacity` is 0 at first. */
void *sui_memory_grow(struct sui_memory *m, void *array, size_t count, size_t *capacity,
                      size_t size);

#endif
