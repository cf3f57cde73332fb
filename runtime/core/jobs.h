/*
 * jobs: what a store's thread does with the commits and queries that are handed to it (commits.h).
 *
 * Commits that wait side by side are one transaction. It is tried until it works; in a shared store
 * under one stamp, so that a try whose outcome was not heard is not done twice. A commit whose
 * plugin has meanwhile been taken over by another daemon is taken out (`fenced`), the others go on.
 * State beside the journal on a server: there the run of such a commit is recorded all the same,
 * as failed, with a dead letter when its trigger was a pending one; only if it had executed
 * something already (in memory) it stays what it is, and nothing but its state is dropped.
 */
#ifndef ORRERY_CORE_JOBS_H
#define ORRERY_CORE_JOBS_H

struct store_job;

void jobs_process(void *store, struct store_job *list);

#endif
