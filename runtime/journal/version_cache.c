#include "journal/version_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"

#define NS_PER_MS 1000000
#define KEY_SIZE  (LIMIT_NAME_BYTES + 1 + 12)

/* In two tables at once; `by_number` is in the order of use, the one used last at its end. */
struct entry {
    UT_hash_handle hh; /* by_number */
    UT_hash_handle by_hash;
    char number_key[KEY_SIZE];
    char hash_key[LIMIT_NAME_BYTES + 1 + DIGEST_TEXT_SIZE];
    struct strategy_version version; /* with texts of its own */
    int64_t read_ns;
};

struct version_cache {
    const struct clock *clock;
    struct entry *by_number, *by_hash;
};

struct version_cache *version_cache_new(const struct clock *clock)
{
    struct version_cache *cache = mem_zero(1, sizeof *cache);

    cache->clock = clock;
    return cache;
}

static void drop(const char *text)
{
    free((void *)(uintptr_t)text);
}

static void forget(struct version_cache *cache, struct entry *entry)
{
    HASH_DELETE(hh, cache->by_number, entry);
    HASH_DELETE(by_hash, cache->by_hash, entry);
    drop(entry->version.strategy);
    drop(entry->version.content);
    drop(entry->version.note);
    drop(entry->version.author);
    free(entry);
}

void version_cache_clear(struct version_cache *cache)
{
    while (cache->by_number != NULL)
        forget(cache, cache->by_number);
}

void version_cache_free(struct version_cache *cache)
{
    if (cache == NULL)
        return;
    version_cache_clear(cache);
    free(cache);
}

static const char *number_key(char out[KEY_SIZE], const char *strategy, uint32_t number)
{
    snprintf(out, KEY_SIZE, "%s#%u", strategy, number);
    return out;
}

static struct entry *find_number(struct version_cache *cache, const char *strategy, uint32_t number)
{
    char key[KEY_SIZE];
    struct entry *entry;

    if (strlen(strategy) > LIMIT_NAME_BYTES)
        return NULL;
    number_key(key, strategy, number);
    HASH_FIND(hh, cache->by_number, key, strlen(key), entry);
    return entry;
}

/* The one that is given: too old, and it is forgotten; else it is the last that was used. */
static const struct strategy_version *use(struct version_cache *cache, struct entry *entry)
{
    if (entry == NULL)
        return NULL;
    if (clock_mono_ns(cache->clock) - entry->read_ns >= VERSION_CACHE_TTL_MS * NS_PER_MS) {
        forget(cache, entry);
        return NULL;
    }
    HASH_DELETE(hh, cache->by_number, entry);
    HASH_ADD_KEYPTR(hh, cache->by_number, entry->number_key, strlen(entry->number_key), entry);
    return &entry->version;
}

void version_cache_put(struct version_cache *cache, const struct strategy_version *version)
{
    struct entry *entry;

    if (strlen(version->strategy) > LIMIT_NAME_BYTES || version->content == NULL ||
        strlen(version->content) > VERSION_CACHE_BYTES)
        return;
    entry = find_number(cache, version->strategy, version->number);
    if (entry != NULL)
        forget(cache, entry);
    if (HASH_COUNT(cache->by_number) >= VERSION_CACHE_MAX)
        forget(cache, cache->by_number); /* not used for longest */
    entry = mem_zero(1, sizeof *entry);
    entry->version = *version;
    entry->version.strategy = mem_strdup(version->strategy);
    entry->version.content = mem_strdup(version->content);
    entry->version.note = mem_strdup(version->note);
    entry->version.author = mem_strdup(version->author);
    entry->read_ns = clock_mono_ns(cache->clock);
    number_key(entry->number_key, version->strategy, version->number);
    snprintf(entry->hash_key, sizeof entry->hash_key, "%s#%s", version->strategy, version->hash);
    HASH_ADD_KEYPTR(hh, cache->by_number, entry->number_key, strlen(entry->number_key), entry);
    HASH_ADD_KEYPTR(by_hash, cache->by_hash, entry->hash_key, strlen(entry->hash_key), entry);
}

const struct strategy_version *version_cache_by_number(struct version_cache *cache,
                                                       const char *strategy, uint32_t number)
{
    return use(cache, find_number(cache, strategy, number));
}

const struct strategy_version *version_cache_by_hash(struct version_cache *cache,
                                                     const char *strategy, const char *hash)
{
    char key[LIMIT_NAME_BYTES + 1 + DIGEST_TEXT_SIZE];
    struct entry *entry;

    if (strlen(strategy) > LIMIT_NAME_BYTES || strlen(hash) >= DIGEST_TEXT_SIZE)
        return NULL;
    snprintf(key, sizeof key, "%s#%s", strategy, hash);
    HASH_FIND(by_hash, cache->by_hash, key, strlen(key), entry);
    return use(cache, entry);
}

size_t version_cache_count(const struct version_cache *cache)
{
    return HASH_COUNT(cache->by_number);
}
