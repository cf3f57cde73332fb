#include "io/store_thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "base/error.h"
#include "base/mem.h"

struct job_list {
    struct store_job *head, *tail;
};

struct store_thread {
    struct store_thread_hooks hooks;
    pthread_t thread;

    /* the loop's thread only */
    uv_async_t async;
    struct job_list ready; /* processed; done is called from here, one at a time */
    size_t depth;
    bool left;

    struct job_list batch; /* what process has, without what it handed over; of who runs it */

    /* under the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* a push for an idle thread, or a stop; monotonic clock */
    pthread_cond_t over; /* `ended` */
    struct job_list queue, finished;
    bool idle, stopping, abandon, ended;
    void (*notify)(void *arg);
    void *notify_arg;
};

static void list_append(struct job_list *list, const struct job_list *more)
{
    if (more->head == NULL)
        return;
    if (list->head == NULL)
        list->head = more->head;
    else
        list->tail->next = more->head;
    list->tail = more->tail;
}

static struct job_list list_take(struct job_list *list)
{
    struct job_list taken = *list;

    *list = (struct job_list){NULL, NULL};
    return taken;
}

/* Waits for jobs; false: stop. */
static bool next_batch(struct store_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    thread->idle = true;
    while (thread->queue.head == NULL && !thread->stopping)
        pthread_cond_wait(&thread->wake, &thread->mutex);
    thread->idle = false;
    thread->batch = list_take(&thread->queue);
    pthread_mutex_unlock(&thread->mutex);
    return thread->batch.head != NULL;
}

/* The jobs before `stop`, which becomes the head of the list; NULL: all. */
static struct job_list list_cut(struct job_list *list, struct store_job *stop)
{
    struct job_list cut = {list->head, list->head};

    if (stop == NULL)
        return list_take(list);
    if (list->head == stop)
        return (struct job_list){NULL, NULL};
    while (cut.tail->next != stop)
        cut.tail = cut.tail->next;
    cut.tail->next = NULL;
    list->head = stop;
    return cut;
}

void store_thread_hand_over(struct store_thread *thread, struct store_job *stop)
{
    struct job_list done = list_cut(&thread->batch, stop);
    bool ended;

    if (done.head == NULL)
        return;
    pthread_mutex_lock(&thread->mutex);
    list_append(&thread->finished, &done);
    ended = thread->ended;
    pthread_mutex_unlock(&thread->mutex);
    if (!ended)
        uv_async_send(&thread->async);
}

static void process_batch(struct store_thread *thread)
{
    thread->hooks.process(thread->hooks.arg, thread->batch.head);
    store_thread_hand_over(thread, NULL);
}

static void *run_thread(void *arg)
{
    struct store_thread *thread = arg;

    while (next_batch(thread))
        process_batch(thread);
    pthread_mutex_lock(&thread->mutex);
    thread->ended = true;
    pthread_mutex_unlock(&thread->mutex);
    pthread_cond_signal(&thread->over);
    return NULL;
}

/* `ready` lives in the struct, not on the stack: a done may call stop, which then calls the rest,
 * in order. */
static void call_dones(struct store_thread *thread)
{
    struct store_job *job;

    while ((job = thread->ready.head) != NULL) {
        thread->ready.head = job->next;
        job->next = NULL;
        if (--thread->depth == 0 && !uv_is_closing((uv_handle_t *)&thread->async))
            uv_unref((uv_handle_t *)&thread->async);
        job->done(job, thread->hooks.done_arg);
    }
}

static void collect(struct store_thread *thread)
{
    struct job_list finished;
    void (*notify)(void *arg);
    void *notify_arg;

    pthread_mutex_lock(&thread->mutex);
    finished = list_take(&thread->finished);
    notify = thread->notify;
    notify_arg = thread->notify_arg;
    thread->notify = NULL;
    pthread_mutex_unlock(&thread->mutex);

    list_append(&thread->ready, &finished);
    if (notify != NULL)
        notify(notify_arg);
    call_dones(thread);
}

static void on_async(uv_async_t *async)
{
    struct store_thread *thread = async->data;

    if (!thread->left)
        collect(thread);
}

static void init_sync(struct store_thread *thread)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&thread->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&thread->wake, &attributes);
    pthread_cond_init(&thread->over, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void free_thread(uv_handle_t *handle)
{
    struct store_thread *thread = handle->data;

    pthread_cond_destroy(&thread->wake);
    pthread_cond_destroy(&thread->over);
    pthread_mutex_destroy(&thread->mutex);
    free(thread);
}

int store_thread_start(struct store_thread **out, uv_loop_t *loop,
                       const struct store_thread_hooks *hooks, struct error *e)
{
    struct store_thread *thread = mem_zero(1, sizeof *thread);
    int failure;

    thread->hooks = *hooks;
    init_sync(thread);
    failure = uv_async_init(loop, &thread->async, on_async);
    thread->async.data = thread;
    if (failure != 0) {
        free_thread((uv_handle_t *)&thread->async);
        return error_set(e, ERROR_IO, "the store's wake-up handle could not be made: %s",
                         uv_strerror(failure));
    }
    uv_unref((uv_handle_t *)&thread->async);
    failure = pthread_create(&thread->thread, NULL, run_thread, thread);
    if (failure != 0) {
        uv_close((uv_handle_t *)&thread->async, free_thread);
        return error_set(e, ERROR_IO, "the store's thread could not be started: %s",
                         strerror(failure));
    }
    *out = thread;
    return 0;
}

void store_thread_push(struct store_thread *thread, struct store_job *job)
{
    struct job_list one = {job, job};
    bool idle;

    job->next = NULL;
    if (thread->depth++ == 0)
        uv_ref((uv_handle_t *)&thread->async);
    pthread_mutex_lock(&thread->mutex);
    idle = thread->idle;
    thread->idle = false; /* one signal is enough for all that follow */
    list_append(&thread->queue, &one);
    pthread_mutex_unlock(&thread->mutex);
    if (idle)
        pthread_cond_signal(&thread->wake);
}

size_t store_thread_depth(const struct store_thread *thread)
{
    return thread->depth;
}

static struct timespec after_ms(int ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

bool store_thread_pause(struct store_thread *thread, int ms)
{
    struct timespec until = after_ms(ms);
    bool abandon;
    int waited = 0;

    pthread_mutex_lock(&thread->mutex);
    while (!thread->abandon && waited == 0)
        waited = pthread_cond_timedwait(&thread->wake, &thread->mutex, &until);
    abandon = thread->abandon;
    pthread_mutex_unlock(&thread->mutex);
    return abandon;
}

void store_thread_notify(struct store_thread *thread, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&thread->mutex);
    thread->notify = fn;
    thread->notify_arg = arg;
    pthread_mutex_unlock(&thread->mutex);
    uv_async_send(&thread->async);
}

/* Jobs that a done pushed after the thread had ended. */
static void process_here(struct store_thread *thread)
{
    thread->batch = list_take(&thread->queue);
    process_batch(thread);
    collect(thread);
}

void store_thread_stop(struct store_thread *thread, bool abandon)
{
    if (thread == NULL)
        return;
    pthread_mutex_lock(&thread->mutex);
    thread->stopping = true;
    thread->abandon = abandon;
    pthread_mutex_unlock(&thread->mutex);
    pthread_cond_signal(&thread->wake);
    pthread_join(thread->thread, NULL);
    uv_close((uv_handle_t *)&thread->async, free_thread);
    collect(thread);
    while (thread->queue.head != NULL)
        process_here(thread);
}

void store_thread_give_up(struct store_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    thread->abandon = true;
    pthread_mutex_unlock(&thread->mutex);
    pthread_cond_signal(&thread->wake);
}

bool store_thread_end(struct store_thread *thread, int ms)
{
    struct timespec until = after_ms(ms);
    int waited = 0;
    bool ended;

    pthread_mutex_lock(&thread->mutex);
    thread->stopping = thread->abandon = true;
    pthread_cond_signal(&thread->wake);
    while (!thread->ended && waited == 0)
        waited = pthread_cond_timedwait(&thread->over, &thread->mutex, &until);
    ended = thread->ended;
    pthread_mutex_unlock(&thread->mutex);
    return ended;
}

void store_thread_leave(struct store_thread *thread)
{
    thread->left = true;
    uv_unref((uv_handle_t *)&thread->async);
}
