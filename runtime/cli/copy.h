/*
 * copy: all plugin state of one store made to be in another.
 *
 *     copy_open ── copy_plan ──┬── copy_perform ── copy_release
 *                              └── (a dry run, or conflicts: nothing is written)
 *
 * Glossary
 *   row       live by `now_ms`; rows whose time has passed are counted at FROM and left behind
 *   equal     at TO already, with the same value and deadline to the bit: nothing to do. This is
 *             what makes a copy resumable: one that was interrupted is simply made again.
 *   conflict  a row at TO that differs from FROM's, or that FROM does not have, of a plugin that
 *             FROM has. Other plugins at TO are none of a copy's business.
 *
 * Writing is done in transactions of at most COPY_SLICE_ROWS rows and COPY_SLICE_BYTES bytes (one
 * larger row has one of its own). After a plugin has been written both stores are read again: TO
 * must have each row as it was read from FROM, FROM must not have changed. Memory: twice the
 * rows of the largest plugin.
 */
#ifndef ORRERY_CLI_COPY_H
#define ORRERY_CLI_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/claims.h"
#include "cli/rows.h"

struct error;

#define COPY_SLICE_ROWS  500
#define COPY_SLICE_BYTES (1024 * 1024)
#define COPY_SHOWN       5 /* conflicts that are kept for the message */

struct copy_conflict {
    enum row_state state; /* ROW_DIFFERS or ROW_EXTRA */
    char plugin[LIMIT_NAME_BYTES + 1];
    char *key;
    size_t key_len;
};

struct copy_counts {
    uint64_t plugins, rows, bytes;   /* at FROM */
    uint64_t expired;                /* left behind */
    uint64_t equal, missing;         /* at TO, before */
    uint64_t differing, extra;       /* conflicts */
    uint64_t written, removed, done; /* so far; done: rows that are known to be at TO */
};

/* Told between slices. */
typedef void copy_progress_fn(void *arg, const struct copy_counts *counts);

struct copy {
    struct state_store *from, *to; /* borrowed */
    int64_t now_ms;
    struct claims *from_claims, *to_claims; /* borrowed; NULL for a dry run */
    int64_t (*clock)(void *arg);            /* the time while it goes on; NULL: stands at now_ms */
    copy_progress_fn *progress;             /* or NULL */
    void *arg;                              /* of both */

    struct names plugins; /* of FROM */
    struct copy_counts counts;
    struct copy_conflict conflicts[COPY_SHOWN];
    size_t conflict_count; /* of those kept */
    bool overwrite;
};

/* The fields above `plugins` are the caller's. Finds out which plugins there are. */
int copy_open(struct copy *copy, struct error *e);
void copy_release(struct copy *copy);

/* Takes the leases of all plugins on both sides. INVALID when both are one store. */
int copy_claim(struct copy *copy, struct error *e);

/* Reads both sides and counts; writes nothing. */
int copy_plan(struct copy *copy, struct error *e);

/* Writes what is missing, with `overwrite` also what is in conflict. STORE when a row could not be
 * read back as it was written, or FROM changed meanwhile. */
int copy_perform(struct copy *copy, struct error *e);

#endif
