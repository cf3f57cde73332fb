/*
 * journal_ranges: between which ids a plugin ran as which version, so that a list of one version's
 * runs looks only there.
 *
 * version_ranges(version, plugin, first, last): the plugin's runs of that version lie between these
 * ids. The range of the version that runs now is open (last 2^63-1), so that a tick writes nothing:
 * what it runs as is compared with what is in memory. A deployment closes one range and opens the
 * next. Ranges of one plugin may overlap (an old worker ends its ticks) and may be longer than what
 * is left in them; they never miss a run.
 */
#ifndef ORRERY_JOURNAL_JOURNAL_RANGES_H
#define ORRERY_JOURNAL_JOURNAL_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct journal_ranges;
struct sqlite_db;

struct journal_ranges *journal_ranges_new(struct sqlite_db *db); /* borrows db */
void journal_ranges_free(struct journal_ranges *ranges);
void journal_ranges_forget(struct journal_ranges *ranges); /* after a rollback */

/* A run is there. Plugin and version are numbers in `names`; version 0: unknown. */
int journal_ranges_saw(struct journal_ranges *ranges, int64_t plugin, int64_t version, uint64_t id,
                       struct error *e);

struct version_range {
    int64_t plugin, first, last;
};

/* All of a version, or (plugin not 0) of one plugin's: by plugin, in each from the newest,
 * disjoint.
 * `*out` is the caller's to free. */
int journal_ranges_load(struct journal_ranges *ranges, int64_t version, int64_t plugin,
                        struct version_range **out, size_t *count, struct error *e);

/* Runs below this id are gone. */
int journal_ranges_trim(struct journal_ranges *ranges, uint64_t oldest, struct error *e);

#endif
