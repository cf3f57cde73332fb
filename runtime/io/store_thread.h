/*
 * store_thread: one ordered queue and one thread per open store.
 *
 * Jobs are pushed by the loop's thread and processed in order on the store's thread; whatever queued up while the last batch ran is handed over together (group
 * commit). Finished jobs come back to the loop's thread, in order, where `done` is called. The job types and what "process" does with a batch are
 * the owner's business.
 */
#ifndef ORRERY_IO_STORE_THREAD_H
#define ORRERY_IO_STORE_THREAD_H

#include <stdbool.h>
#include <stddef.h>

struct error;
typedef struct uv_loop_s uv_loop_t;
struct store_thread;

/* Embed as the first member. */
struct store_job {
    struct store_job *next;
    void (*done)(struct store_job *job, void *arg); /* on the loop's thread; frees the job */
};

struct store_thread_hooks {
    /* On the store's thread: process the list, in order. All of it counts as done on return. */
    void (*process)(void *arg, struct store_job *list);
    void *arg;      /* of process */
    void *done_arg; /* of done */
};

int store_thread_start(struct store_thread **out, uv_loop_t *loop, const struct store_thread_hooks *hooks, struct error *e);
void store_thread_push(struct store_thread *thread, struct store_job *job);
size_t store_thread_depth(const struct store_thread *thread); /* jobs pushed whose done has not been called */

/* On the store's thread, inside process: waits for `ms` or until stop is asked; true when it is asked. For retries. */
bool store_thread_pause(struct store_thread *thread, int ms);
/* From process: runs `fn(arg)` on the loop's thread soon (coalesced: only the newest). For status. */
void store_thread_notify(struct store_thread *thread, void (*fn)(void *arg), void *arg);

/* Processes what is queued, joins the thread, calls the remaining dones. `abandon`: a retry loop in process is told to give up. */
void store_thread_stop(struct store_thread *thread, bool abandon);

#endif
