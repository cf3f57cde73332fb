/*
 * journal_snapshots: which snapshots are known to be in the journal, so that the same text seen by
 * the next tick costs a look into memory. Holds digests and when their use was last written down:
 * that is renewed once in SNAPSHOT_RENEW_MS, and trim keeps twice that. Bounded: forgets all when
 * it is full.
 */
#ifndef ORRERY_JOURNAL_JOURNAL_SNAPSHOTS_H
#define ORRERY_JOURNAL_JOURNAL_SNAPSHOTS_H

#include <stdbool.h>
#include <stdint.h>

#define SNAPSHOT_RENEW_MS (60 * 60 * 1000LL)
#define SNAPSHOT_KEEP_MS  (2 * SNAPSHOT_RENEW_MS) /* before the oldest run that is kept */

struct journal_snapshots;

struct journal_snapshots *journal_snapshots_new(void);
void journal_snapshots_free(struct journal_snapshots *known);
void journal_snapshots_forget(struct journal_snapshots *known);

/* Whether its use need not be written; when it need be, it is known from now on. `digest` is 32 hex
 * digits. */
bool journal_snapshots_fresh(struct journal_snapshots *known, const char *digest, int64_t now_ms);

#endif
