/*
 * link: core's end of one live worker process: the socket in batches, and what answers are
 * outstanding.
 *
 * A worker answers in the order it was asked, so the outstanding questions are a queue; the head is
 * the only answer that may come next. The head leaves the queue by its answer, or by its run's
 * first DB_CALL: then it is among the *loose* ones, which may be answered at any time, but not
 * while they wait for a DB_RESULT. Anything else, and anything malformed, is a violation: the
 * worker is killed and `died` is called.
 *
 * Writing is collected in a buffer, which the engine flushes once per loop turn; reading takes
 * whatever is there.
 */
#ifndef ORRERY_CORE_LINK_H
#define ORRERY_CORE_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/buf.h"
#include "io/spawn.h"
#include "ipc/frame.h"
#include "ipc/message.h"

struct error;
struct link;

/* One outstanding question; embedded in what waits for the answer. */
struct question {
    struct question *next;
    enum message_type expected;
    uint64_t id;      /* run or slot: must match the answer */
    uint32_t calls;   /* DB_CALLs so far */
    bool waits;       /* for the DB_RESULT of the last one */
    void *call;       /* that one's, of the owner; NULL: none */
    int64_t since_ns; /* of the first one, the owner's */
};

struct link_hooks {
    /* The answer to the head question, which has been taken from the queue. A negative return is a
     * violation. */
    int (*answered)(void *arg, struct link *link, struct question *question,
                    struct message *message, struct error *e);
    void (*ready)(void *arg, struct link *link); /* HELLO came */
    /* The process is gone and reaped. Questions still outstanding are for the owner to take
     * (link_take_all). */
    void (*died)(void *arg, struct link *link, const char *why);
    void *arg;
    /* A DB_CALL of an outstanding question, which waits from now on: link_resume() it. A negative
     * return is a violation. NULL: there are none. */
    int (*called)(void *arg, struct link *link, struct question *question,
                  const struct message_db_call *call, struct error *e);
};

struct link {
    uv_loop_t *loop;
    struct link_hooks hooks;
    uv_poll_t poll;
    struct child child;
    struct frame_reader reader;
    struct buf out;
    struct message_decoder *decoder;
    struct message *message;
    struct question *first, *last; /* the queue */
    size_t outstanding;            /* in the queue */
    struct question *loose; /* in the order they were asked, all of them before the queue's */
    size_t resumed;         /* of these, how many do not wait */
    uint64_t violator;      /* the run whose call broke the rules; 0: none, or not known */
    bool alive, ready, poll_open, writing, dying;
    int handles;      /* uv handles still open, for closing */
    char why[192];    /* why core killed it, or "" */
    char end[192];    /* how it ended */
    uint64_t answers; /* progress, for the deadlines */
    uint32_t restarts;
};

void link_init(struct link *link, uv_loop_t *loop, const struct link_hooks *hooks);
int link_start(struct link *link, struct error *e);

/* Queues a message; with a question, its answer is awaited. A message over its limits is the
 * caller's error. */
int link_send(struct link *link, const struct message *message, struct question *question,
              struct error *e);
/* A message without an answer. When it cannot be queued, the worker's picture would be wrong from
 * then on: it is killed, and its successor is told everything anew. */
void link_tell(struct link *link, const struct message *message);
void link_tell_frames(struct link *link, const struct buf *frames); /* encoded already */

/* Sends a waiting question's DB_RESULT: it goes on. */
int link_resume(struct link *link, const struct message *message, struct question *question,
                struct error *e);

/* Whether the worker has anything to do. */
bool link_is_busy(const struct link *link);
/* A question that it may be working on, the oldest of them; NULL: none. */
const struct question *link_next_due(const struct link *link);
/* Everything outstanding, in the order it was asked; the link forgets it. */
struct question *link_take_all(struct link *link);

void link_flush(struct link *link);

/* The outstanding question whose code the worker says it is executing, or NULL. The status page is
 * the worker's word: believed only if it names something outstanding. */
const struct question *link_under_way(const struct link *link);

/* SIGKILL; `died` follows from the loop. */
void link_kill(struct link *link, const char *why);

/* For the end: kills and releases at once, without calling `died`. Closing handles need one more
 * loop turn. */
void link_close(struct link *link);

#endif
