/*
 * faults: named moments at which a test ends or stops this process, to see what a crash there
 * leaves behind. Without a specification, which only the environment variable ORRERY_FAULTS gives,
 * every moment passes.
 *
 *     ORRERY_FAULTS="outbox.journaled=kill@3,pursue.sent=stop"
 *
 * NAME=ACTION[@N]: at the N-th passing (from 1, the default) of the moment, once. `kill` is
 * SIGKILL; `stop` is SIGSTOP: the process waits there until it gets SIGCONT (or SIGKILL).
 *
 * The moments of a transaction's life, in their order:
 *   outbox.decided     the decision is there, nothing is prepared
 *   prepare.*          of the executor (built, simulated, signed, …)
 *   outbox.prepared    signed, nothing is journaled
 *   outbox.journaled   journaled, nothing is sent
 *   pursue.*           of the executor (sending, sent, …)
 *   outbox.known       what came of it is known, and not on record
 *   outbox.settled     on record; hooks have not run
 */
#ifndef ORRERY_CORE_FAULTS_H
#define ORRERY_CORE_FAULTS_H

struct error;
struct faults;

/* NULL for NULL or an empty text; -1: CONFIG. */
int faults_parse(const char *text, struct faults **out, struct error *e);
void faults_free(struct faults *faults);
void faults_at(struct faults *faults, const char *name); /* NULL is legal */

#endif
