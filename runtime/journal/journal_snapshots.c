#include "journal/journal_snapshots.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/digest.h"
#include "base/mem.h"

#define KNOWN_MAX 16384

struct known {
    UT_hash_handle hh;
    char digest[DIGEST_TEXT_SIZE - 1];
    int64_t used_ms;
};

struct journal_snapshots {
    struct known *by_digest;
};

struct journal_snapshots *journal_snapshots_new(void)
{
    return mem_zero(1, sizeof(struct journal_snapshots));
}

void journal_snapshots_forget(struct journal_snapshots *known)
{
    struct known *each, *next;

    HASH_ITER(hh, known->by_digest, each, next)
    {
        HASH_DEL(known->by_digest, each);
        free(each);
    }
}

void journal_snapshots_free(struct journal_snapshots *known)
{
    if (known == NULL)
        return;
    journal_snapshots_forget(known);
    free(known);
}

bool journal_snapshots_fresh(struct journal_snapshots *known, const char *digest, int64_t now_ms)
{
    struct known *found;

    HASH_FIND(hh, known->by_digest, digest, sizeof found->digest, found);
    if (found != NULL && now_ms - found->used_ms < SNAPSHOT_RENEW_MS)
        return true;
    if (found == NULL) {
        if (HASH_COUNT(known->by_digest) >= KNOWN_MAX)
            journal_snapshots_forget(known);
        found = mem_alloc(sizeof *found);
        memcpy(found->digest, digest, sizeof found->digest);
        HASH_ADD(hh, known->by_digest, digest, sizeof found->digest, found);
    }
    found->used_ms = now_ms;
    return false;
}
