/*
 * store_thread: one ordered queue and one thread per open store.
 *
 * Jobs are pushed by the loop's thread and processed in order on the store's thread; whatever
 * queued up while the last batch ran is handed over together (group commit). Finished jobs come
 * back to the loop's thread, in order, where `done` is called. The job types and what "process"
 * does with a batch are the owner's business.
 *
 * Invariants
 *   - done is called exactly once for each job pushed, in the order of the pushes, also by
 * store_thread_stop().
 *   - The loop is woken once per batch, or per part of it that process hands over; the thread once
 * per idle period.
 *   - An idle store does not keep the loop alive; one with jobs under way does.
 *
 * Threads: start, push, depth, give_up, end, leave and stop on the loop's thread; pause, notify and
 * hand_over inside process; done and the function given to notify run on the loop's thread and may
 * call push and stop.
 */
#ifndef ORRERY_IO_STORE_THREAD_H
#define ORRERY_IO_STORE_THREAD_H

#include <stdbool.h>
#include <stddef.h>

struct error;
typedef struct uv_loop_s uv_loop_t;
struct store_thread;

/* Embed as the first member. The thread owns the job from push until done. */
struct store_job {
    struct store_job *next;                         /* process reads it, and leaves it as it is */
    void (*done)(struct store_job *job, void *arg); /* on the loop's thread; frees the job */
};

struct store_thread_hooks {
    /* On the store's thread: process the list, in order. All of it counts as done on return. */
    void (*process)(void *arg, struct store_job *list);
    void *arg;      /* of process */
    void *done_arg; /* of done */
};

int store_thread_start(struct store_thread **out, uv_loop_t *loop,
                       const struct store_thread_hooks *hooks, struct error *e);
void store_thread_push(struct store_thread *thread, struct store_job *job);
size_t store_thread_depth(const struct store_thread *thread); /* jobs whose done was not called */

/* Inside process, for retries: waits for `ms`, or until the thread is told to give up; true when it
 * is told. */
bool store_thread_pause(struct store_thread *thread, int ms);

/* From process: the jobs of its list before `stop` are done, and go back to the loop without
 * waiting for the rest; process must not look at them any more. */
void store_thread_hand_over(struct store_thread *thread, struct store_job *stop);

/* From process: runs `fn(arg)` on the loop's thread soon (coalesced: only the newest). For status.
 * It runs before the dones of the batch under way. */
void store_thread_notify(struct store_thread *thread, void (*fn)(void *arg), void *arg);

/* Processes what is queued, joins the thread, calls the remaining dones. Blocks meanwhile. With
 * `abandon`, pause() returns true from now on, so that a retry loop in process gives up; a store
 * that works still finishes everything. Without, a store that cannot work blocks for ever. Jobs
 * that a done pushes meanwhile are processed too, in the calling thread. The memory is freed by the
 * loop: run it once more. NULL is legal. */
void store_thread_stop(struct store_thread *thread, bool abandon);

/* For threads that may hang in a call that does not return in time, before stop().
 * give_up: pause() returns true from now on; does not wait.
 * end: the same, and no more jobs; waits up to `ms`; whether the thread has ended: then stop() does
 * not block. May be repeated.
 * leave: instead of stop(), of a thread that has not ended: it is left to the end of the process,
 * as are its jobs, whose done is not called any more. Nothing that process() uses may be freed, and
 * the loop not be closed. */
void store_thread_give_up(struct store_thread *thread);
bool store_thread_end(struct store_thread *thread, int ms);
void store_thread_leave(struct store_thread *thread);

#endif
