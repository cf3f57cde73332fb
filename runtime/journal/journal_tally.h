/*
 * journal_tally: what makes counting and filtering runs cheap without an index on the hot path.
 *
 * Counts   run_counts(plugin, status, count): added up in memory during a transaction and written
 *          once per plugin and status when it commits.
 * Slots    A slot is the 8 s of ids that share their upper bits (id >> 34). run_slots(plugin,
 *          status, slot) says that runs of this plugin with this status occur in this slot; plugin
 *          0 stands for any plugin, status 0 for any status. A filtered list walks the slots that
 *          hold what it wants, newest first, and scans only those parts of `runs`. A row is written
 *          when it is new: live, 25 per second with 100 busy plugins. In a replay of rows a second
 *          apart every eighth tick brings new ones; slots of 256 ms made every tick pay for two,
 *          which was a third of the store thread's time.
 *          An index (plugin, id) instead touches a page of its own per plugin and commit: with
 *          100 plugins and 64 ticks per commit it doubled the cost of a tick (11 to 22 µs,
 *          tests/bench/store_bench), while slots cost too little to measure.
 *          An open run marks only its plugin's slot of any status: open runs are few, and have a
 *          partial index of their own. Rows of slots whose runs are gone go with them.
 * Totals   what is asked for by stats and would take a scan to count: runs trimmed, snapshots and
 *          their bytes. Written like the counts.
 */
#ifndef ORRERY_JOURNAL_TALLY_H
#define ORRERY_JOURNAL_TALLY_H

#include <stdint.h>

struct error;
struct journal_tally;
struct sqlite_db;

#define JOURNAL_SLOT_SHIFT 34

struct journal_tally *journal_tally_new(struct sqlite_db *db); /* borrows db */
void journal_tally_free(struct journal_tally *tally);

/* One more run. `plugin` is its number in `names`, `code` its status on disk. */
int journal_tally_add(struct journal_tally *tally, int64_t plugin, uint64_t id, int code,
                      struct error *e);

/* An open run is there. */
int journal_tally_mark(struct journal_tally *tally, int64_t plugin, uint64_t id, struct error *e);

enum journal_total { TOTAL_TRIMMED, TOTAL_SNAPSHOTS, TOTAL_SNAPSHOT_BYTES, TOTAL_COUNT };
void journal_tally_total(struct journal_tally *tally, enum journal_total total, int64_t more);

/* Writes the counts that are not written yet. Before a commit, and before counts are read. */
int journal_tally_flush(struct journal_tally *tally, struct error *e);

/* Forgets everything in memory: after a rollback, and (flushed) when rows of slots were deleted. */
void journal_tally_forget(struct journal_tally *tally);

#endif
