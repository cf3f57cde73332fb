/*
 * journal_clone: makes a PostgreSQL journal larger inside the server: every run gets copies at even
 * distances before the next one, of the same kind and with the same texts, and the counts follow.
 * Ten million runs that way take minutes where writing them one by one takes an hour.
 *
 * It knows the journal's tables and uses nothing else of them: kinds and runs.
 */
#ifndef ORRERY_BENCH_JOURNAL_CLONE_H
#define ORRERY_BENCH_JOURNAL_CLONE_H

#include <stdint.h>

struct error;
struct store_url;

/* `copies` beside each of the runs, which lie `gap_ms` apart. Nobody else writes. */
int journal_clone_postgres(const struct store_url *url, uint64_t copies, int64_t gap_ms,
                           struct error *e);

#endif
