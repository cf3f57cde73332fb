/*
 * version_cache: strategy versions that were read lately, because the same one is asked for with
 * every run that is shown.
 *
 * Holds VERSION_CACHE_MAX of them; the one that was not used for longest gives way. An entry is
 * good for VERSION_CACHE_TTL_MS from when it was read from the journal; being used does not make it
 * live longer. What a version is never changes, but whether it is its strategy's current one does:
 * whoever writes versions clears the cache.
 *
 * An entry is found by its strategy and number, or strategy and hash. Versions with more content
 * than VERSION_CACHE_BYTES are not kept.
 */
#ifndef ORRERY_JOURNAL_VERSION_CACHE_H
#define ORRERY_JOURNAL_VERSION_CACHE_H

#include <stddef.h>

#include "base/clock.h"
#include "model/version.h"

#define VERSION_CACHE_MAX    1000
#define VERSION_CACHE_TTL_MS (2 * 60 * 60 * 1000LL)
#define VERSION_CACHE_BYTES  (64 * 1024)

struct version_cache;

/* Borrows the clock, whose monotonic time it lives by. */
struct version_cache *version_cache_new(const struct clock *clock);
void version_cache_free(struct version_cache *cache); /* NULL is legal */
void version_cache_clear(struct version_cache *cache);

/* Copied. One that is there already is replaced, and as old as it was read now. */
void version_cache_put(struct version_cache *cache, const struct strategy_version *version);

/* Borrowed until the next call; NULL: not known. */
const struct strategy_version *version_cache_by_number(struct version_cache *cache,
                                                       const char *strategy, uint32_t number);
const struct strategy_version *version_cache_by_hash(struct version_cache *cache,
                                                     const char *strategy, const char *hash);

size_t version_cache_count(const struct version_cache *cache);

#endif
