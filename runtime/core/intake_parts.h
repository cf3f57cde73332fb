/*
 * intake_parts: one source of one plugin, as the files of core/intake*.c share it.
 */
#ifndef ORRERY_CORE_INTAKE_PARTS_H
#define ORRERY_CORE_INTAKE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/engine.h"
#include "core/intake.h"
#include "core/intake_reader.h"

struct intake {
    struct intake *next;
    struct plugin *plugin;
    char topic[LIMIT_TOPIC_BYTES + 1];
    struct event_source config;
    char *key, *text;  /* in the journal; everything that the declaration says, and the URL */
    char *url, *label; /* of the server */
    char *cursor;      /* committed; "" none yet */
    uint64_t events;   /* received through it, of all sessions */
    struct intake_reader *reader; /* NULL: the cursor is being read */
    bool wanted;                  /* seen by the present watch */
    bool stopping;
    bool asking, committing; /* under way at the journal: not freed before */
    int64_t hold_ns;         /* a failing strategy: nothing before; 0: none */
    size_t limit;            /* the reader's */

    uint64_t duplicates, refused, skipped; /* since its start */
    /* as the log has it */
    bool told_away;
    enum error_code told_code;
    uint64_t told_lost, told_dropped;
    int64_t told_ns; /* losses and drops, the last time */
    char told_note[SOURCE_NOTE_BYTES];
};

struct intakes {
    struct intake *first;
    struct reader_bell *bell;
};

/* ---- intake_batch.c ---- */
void intake_take(struct intake *intake);  /* what its reader has, unless a batch is under way */
void intake_adopt(struct intake *intake); /* ticks of earlier that came from this source */
size_t intake_under_way(const struct intake *intake);

/* ---- intake.c ---- */
void intake_settle(struct intake *intake); /* frees one that has stopped, when nothing is left */

/* ---- intake_report.c ---- */
void intake_tell(struct intake *intake); /* what has changed, into the log */

#endif
