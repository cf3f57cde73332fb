/*
 * runtime: the daemon. Owns the loop, the workers, the stores, the feeds and the vaults of one
 * desk, from start to clean stop. runtime_run() returns when it has drained.
 */
#ifndef ORRERY_CORE_RUNTIME_H
#define ORRERY_CORE_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

struct error;
struct registry;
struct run;

/* What the command line shows while the daemon runs; both may be NULL. Called on the loop's thread
 * after the commit. */
struct runtime_view {
    void (*run_ended)(void *arg, const struct run *run,
                      const char *nav);                         /* nav: decimal text or NULL */
    void (*progress)(void *arg, uint64_t done, uint64_t total); /* csv feeds: rows */
    void *arg;
};

struct runtime_options {
    const char *desk;
    int64_t run_for_ms; /* 0: until told to stop */
    bool until_feeds_end;
    int64_t wait_for_state_ms; /* for stores on servers that are away at the start */
    bool dry_run;              /* nothing is executed; hooks are not called */
    bool live;                 /* executors with an outside send; else they are dry runs */
    const char *faults;        /* see core/faults.h; NULL: none */
    bool watch;
    struct log *log;
    struct runtime_view view;
};

/* What a run of the daemon did, for the closing summary. JSON text: see control.h's "status". */
struct runtime_summary {
    char *json; /* same shape as the answer to "status"; free() */
};

int runtime_run(const struct runtime_options *options, const struct registry *registry,
                struct runtime_summary *summary, struct error *e);

#endif
