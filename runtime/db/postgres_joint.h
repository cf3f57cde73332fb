/*
 * postgres_joint: one connection that several stores use, and the one transaction that they share.
 *
 * Members are the stores on it (a journal, the state beside it). Each collects its writes and
 * hands them over when it is asked to: all of them travel between one BEGIN and one COMMIT, in one
 * round trip when nobody needs an answer before. begin and commit nest: the outermost commit is the
 * commit, any rollback makes the outer one fail.
 *
 * Not begun on the server until there is something to write, or somebody asks what a transaction
 * sees (pg_joint_settle). A connection that breaks in the middle makes the transaction fail with
 * STORE_DOWN; the next begin may connect again. Members are told of every new connection, in the
 * order in which they joined, before anything else is done on it.
 *
 * A transaction is "repeated" when the server knows its stamp already (a member says so, in
 * `refused`): then what is still to come of it is dropped, and its commit succeeds.
 *
 * Used by one thread at a time. The statements' numbers are the members' business
 * (postgres_session.h).
 */
#ifndef ORRERY_DB_POSTGRES_JOINT_H
#define ORRERY_DB_POSTGRES_JOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "db/postgres_session.h"
#include "model/store_url.h"

struct error;
struct pg_joint;

enum pg_verdict { PG_NOT_MINE, PG_REPEATED, PG_REFUSED /* the error is set */ };

struct pg_member {
    struct pg_member *next; /* the joint's business, as is `made` */
    bool made;
    bool dirty; /* the member's: it has something to send */
    /* A new connection, not yet in pipeline mode: tables are made or checked, locks taken. */
    int (*connected)(struct pg_member *member, struct pg_session *s, enum store_mode mode,
                     struct error *e);
    /* Sends what was collected (pg_send; no answer is awaited), and is clean then. */
    int (*flush)(struct pg_member *member, struct pg_session *s, struct error *e);
    /* The server refused a statement, and no transaction is open any more. */
    enum pg_verdict (*refused)(struct pg_member *member, struct pg_session *s,
                               const struct pg_failure *failure, struct error *e);
    /* The transaction is over. */
    void (*ended)(struct pg_member *member, bool committed);
};

/* Does not connect. `application`: how the server shows the connection; NULL: "orrery". */
int pg_joint_new(struct pg_joint **out, const struct store_url *url, const char *secret,
                 const char *application, enum store_mode mode, struct error *e);
void pg_joint_free(struct pg_joint *joint); /* its members have left; NULL is legal */

/* Joins: connects, when there is no connection, and has the member look at it. */
int pg_joint_add(struct pg_joint *joint, struct pg_member *member, struct error *e);
void pg_joint_remove(struct pg_joint *joint, struct pg_member *member);

int pg_joint_begin(struct pg_joint *joint, struct error *e);
int pg_joint_commit(struct pg_joint *joint, struct error *e); /* on failure: roll it back */
void pg_joint_rollback(struct pg_joint *joint);

/* Hands over what all members have collected, after a BEGIN; no answer is awaited. `*s` is the
 * session to send more on, NULL when the transaction is repeated: there is nothing to send then. */
int pg_joint_send(struct pg_joint *joint, struct pg_session **s, struct error *e);

/* The same, and waits until the server has done it: what is asked next sees it. */
int pg_joint_settle(struct pg_joint *joint, struct error *e);
/* The same with one statement behind it, whose rows come back in the same round trip; none come when
 * the transaction is repeated. */
int pg_joint_settle_with(struct pg_joint *joint, int id, const char *sql, int params,
                         const char *const *values, pg_row_fn *each, void *arg, struct error *e);
bool pg_joint_is_repeated(const struct pg_joint *joint);

/* A query: sees the transaction's writes, if one is open. */
int pg_joint_ask(struct pg_joint *joint, int id, const char *sql, int params,
                 const char *const *values, pg_row_fn *each, void *arg, struct error *e);

/* The connection, to ask on: inside of a transaction that was begun on the server it sees that one,
 * else it is a transaction of its own. */
int pg_joint_session(struct pg_joint *joint, struct pg_session **s, struct error *e);
/* Writes are refused (STORE_READONLY) on one that was opened with STORE_INSPECT. */
int pg_joint_writable(const struct pg_joint *joint, struct error *e);
/* What the last connection had to say, one sentence per line (see state/state.h). */
const char *pg_joint_warnings(const struct pg_joint *joint);
enum store_mode pg_joint_mode(const struct pg_joint *joint);

#endif
