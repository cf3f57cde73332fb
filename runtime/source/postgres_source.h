/*
 * postgres_source: what the files of the PostgreSQL sources share: one connection that listens, and
 * what is known of the table that is read.
 */
#ifndef ORRERY_SOURCE_POSTGRES_SOURCE_H
#define ORRERY_SOURCE_POSTGRES_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/postgres_session.h"
#include "source/source.h"

/* Values of the cursor's column up to `value` are all decided: whoever could still write a lower
 * one has ended. See postgres_table.c. */
struct pg_ceiling {
    char *value;               /* NULL: none */
    char *sought;              /* a value that becomes one when the writers are gone; NULL: none */
    char *writers;             /* their virtual transactions, as an array's text; NULL: none */
    bool is_empty;             /* nothing was there */
    int writer;                /* process id of one of them, for people */
    int64_t since_ns, wait_ms; /* how long they have been waited for; between two looks */
};

struct pg_source {
    struct source base; /* first */
    struct event_source config;
    struct pg_session session;
    struct buf table, column; /* quoted, as they stand in SQL */
    const char *type;         /* of the cursor's column; NULL: not looked at since the connection */
    struct pg_ceiling ceiling;
    int64_t lag, lag_ns;         /* and when it is counted next */
    int64_t odd_ns;              /* when the newest row is compared with the cursor next */
    char odd[SOURCE_NOTE_BYTES]; /* what came of it; "" */
};

/* Connects and listens, if there is no connection. */
int pg_source_connect(struct pg_source *s, struct error *e);
/* Takes in what has come unasked; STORE_DOWN when the connection is gone. */
int pg_source_take_in(struct pg_source *s, struct error *e);

/* ---- postgres_table.c ---- */
int pg_table_poll(struct source *s, const char *cursor, size_t max, int64_t wait_ms,
                  source_event_fn *each, void *arg, struct source_news *news, struct error *e);
void pg_ceiling_forget(struct pg_ceiling *ceiling);

/* ---- postgres_shape.c ---- */
/* Whether the table can be read by its cursor; sets `type`. STORE_SCHEMA says why not. */
int pg_table_examine(struct pg_source *s, struct error *e);

#endif
