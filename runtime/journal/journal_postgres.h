/*
 * journal_postgres: the journal in a PostgreSQL database.
 *
 * All writes of a transaction are collected and travel in bulk statements between BEGIN and COMMIT;
 * a state store that joins the same connection (db/postgres_joint.h) writes in the same
 * transaction. What needs an answer inside of it (create_run, set_status, put_version, note_events,
 * put_dead, settle_dead, trim …) hands over what was collected and asks.
 *
 * One daemon per journal: each connection that may write holds an advisory lock, and the journal
 * remembers whose transaction was the last. After a broken connection, a daemon ends its own old
 * session on the server, if that still holds the lock. STORE_LOCKED when another daemon has the
 * lock, or has written meanwhile: what this daemon knows in memory is not true any more then.
 *
 * Stamps here must grow by one: a gap means that the server has lost commits that it had
 * acknowledged (STORE_CORRUPT; the daemon has to start anew from what is there).
 */
#ifndef ORRERY_JOURNAL_JOURNAL_POSTGRES_H
#define ORRERY_JOURNAL_JOURNAL_POSTGRES_H

#include <stdint.h>

#include "journal/journal.h"

struct pg_joint;

#define JOURNAL_APPLICATION_SIZE 64

/* How a connection calls itself to the server: "orrery HOST pid N TOKEN". Sessions with the same
 * token are taken to be one daemon's; `owner` is its identity, whose holder knows that no other
 * process has it (a desk's lock), or NULL: unlike any other. Returns `out`. */
char *journal_postgres_application(const char *owner, char out[JOURNAL_APPLICATION_SIZE]);

/* Borrows `joint`; makes, upgrades or checks the tables as its mode allows, and unless that is
 * STORE_INSPECT takes the lock. */
int journal_postgres_open(struct journal **out, struct pg_joint *joint, int64_t now_ms,
                          struct error *e);

/* For `orrery db status`: what is known without looking at the runs. */
struct journal_facts {
    char server[96];    /* "PostgreSQL 15.8" */
    int schema_version; /* 0: none */
    int64_t bytes;      /* on disk */
};
int journal_postgres_facts(struct journal *j, struct journal_facts *out, struct error *e);

#endif
