#include "core/intake_reader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/random.h"
#include "core/registry.h"

#define POLL_MS     5000
#define BACK_MIN_MS 50
#define BACK_MAX_MS 2000
#define BATCH_FIRST 64
#define BATCH_MIN   16
#define BATCH_MAX   1000
#define BATCH_BYTES ((size_t)2 * 1024 * 1024) /* that one poll should bring */

/* ---- the bell ---- */

struct reader_bell {
    pthread_mutex_t lock;
    int holders; /* the owner while it is open, and readers */
    bool open;
    uv_async_t *async;
    void (*rung)(void *arg);
    void *arg;
};

static void on_async(uv_async_t *async)
{
    struct reader_bell *bell = async->data;

    if (bell->open)
        bell->rung(bell->arg);
}

int reader_bell_new(struct reader_bell **out, uv_loop_t *loop, void (*rung)(void *arg), void *arg,
                    struct error *e)
{
    struct reader_bell *bell = mem_zero(1, sizeof *bell);

    bell->async = mem_zero(1, sizeof *bell->async);
    bell->async->data = bell;
    if (uv_async_init(loop, bell->async, on_async) != 0) {
        free(bell->async);
        free(bell);
        return error_set(e, ERROR_IO, "the event loop cannot be woken by sources");
    }
    uv_unref((uv_handle_t *)bell->async);
    pthread_mutex_init(&bell->lock, NULL);
    bell->holders = 1;
    bell->open = true;
    bell->rung = rung;
    bell->arg = arg;
    *out = bell;
    return 0;
}

static void bell_hold(struct reader_bell *bell)
{
    pthread_mutex_lock(&bell->lock);
    bell->holders++;
    pthread_mutex_unlock(&bell->lock);
}

static void bell_let_go(struct reader_bell *bell)
{
    int left;

    pthread_mutex_lock(&bell->lock);
    left = --bell->holders;
    pthread_mutex_unlock(&bell->lock);
    if (left > 0)
        return;
    pthread_mutex_destroy(&bell->lock);
    free(bell);
}

static void bell_ring(struct reader_bell *bell)
{
    pthread_mutex_lock(&bell->lock);
    if (bell->open)
        uv_async_send(bell->async);
    pthread_mutex_unlock(&bell->lock);
}

static void async_closed(uv_handle_t *handle)
{
    free(handle);
}

void reader_bell_close(struct reader_bell *bell)
{
    if (bell == NULL)
        return;
    pthread_mutex_lock(&bell->lock);
    bell->open = false;
    pthread_mutex_unlock(&bell->lock);
    uv_close((uv_handle_t *)bell->async, async_closed);
    bell_let_go(bell);
}

/* ---- events ---- */

static void event_free(struct reader_event *event)
{
    free(event->id);
    free(event->cursor);
    free(event->payload);
    free(event->message);
    free(event);
}

void reader_events_free(struct reader_event *list)
{
    while (list != NULL) {
        struct reader_event *next = list->next;
        event_free(list);
        list = next;
    }
}

struct list {
    struct reader_event *head, **tail;
    size_t count, bytes;
};

static void list_clear(struct list *list)
{
    *list = (struct list){.tail = &list->head};
}

static struct reader_event *event_copy(const struct source_event *from)
{
    struct reader_event *event = mem_zero(1, sizeof *event);

    event->is_position = from->is_position;
    event->id = mem_strdup(from->id);
    event->cursor = mem_strdup(from->cursor);
    event->payload = mem_strdup(from->payload);
    event->problem = from->problem;
    event->message = mem_strdup(from->message);
    event->bytes = from->payload ? strlen(from->payload) : 0;
    return event;
}

static void collect(void *arg, const struct source_event *from)
{
    struct list *list = arg;
    struct reader_event *event = event_copy(from);

    *list->tail = event;
    list->tail = &event->next;
    list->count += !event->is_position;
    list->bytes += event->bytes;
}

/* ---- the reader ---- */

struct intake_reader {
    const struct registry *registry;
    char *desk, *url;
    struct event_source config;
    struct reader_bell *bell;

    /* the thread's own */
    char *cursor;
    size_t batch;
    bool had_some; /* the last poll */
    struct random jitter;
    int wait_ms;

    pthread_mutex_t lock;
    pthread_cond_t wake; /* room, or a stop; monotonic clock */
    bool stop, ended, left;
    struct source *source; /* the thread's; others interrupt it */
    struct list inbox;
    uint64_t dropped; /* since the last take */
    size_t used, used_bytes, limit;
    struct reader_health health;
};

const char *reader_state_name(enum reader_state state)
{
    static const char *const names[] = {"connecting", "reading", "full", "away"};

    return names[state];
}

static void reader_free(struct intake_reader *r)
{
    reader_events_free(r->inbox.head);
    explicit_bzero(r->url, strlen(r->url));
    free(r->url);
    free(r->desk);
    free(r->cursor);
    event_source_release(&r->config);
    bell_let_go(r->bell);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->wake);
    free(r);
}

static int64_t real_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- room ---- */

static bool is_full(const struct intake_reader *r)
{
    return !r->config.drop_oldest && (r->used >= r->limit || r->used_bytes >= READER_BYTES);
}

/* Once it was full it goes on when a quarter is free: no poll for each single event. */
static bool has_room_again(const struct intake_reader *r)
{
    return r->limit > 0 && r->used <= r->limit - (r->limit + 3) / 4 &&
           r->used_bytes <= READER_BYTES / 2;
}

/* How many events may be read now; waits for one at least. 0: stop. */
static size_t await_room(struct intake_reader *r)
{
    size_t room;

    pthread_mutex_lock(&r->lock);
    if (is_full(r)) {
        r->health.state = READER_FULL;
        while (!r->stop && !has_room_again(r))
            pthread_cond_wait(&r->wake, &r->lock);
        if (r->health.state == READER_FULL)
            r->health.state = READER_READING;
    }
    room = r->config.drop_oldest || r->limit - r->used > r->batch ? r->batch : r->limit - r->used;
    if (r->stop)
        room = 0;
    pthread_mutex_unlock(&r->lock);
    return room;
}

/* ---- what was read ---- */

static void drop_first(struct intake_reader *r)
{
    struct reader_event *event = r->inbox.head;

    r->inbox.head = event->next;
    if (r->inbox.head == NULL)
        r->inbox.tail = &r->inbox.head;
    r->inbox.bytes -= event->bytes;
    r->used_bytes -= event->bytes;
    if (!event->is_position) {
        r->inbox.count--;
        r->used--;
        r->dropped++;
        r->health.dropped++;
    }
    event_free(event);
}

/* The newest stays, whatever its size: with its cursor. */
static void drop_oldest(struct intake_reader *r)
{
    while (r->inbox.head->next != NULL &&
           (r->inbox.count > r->config.queue || r->inbox.bytes > READER_BYTES))
        drop_first(r);
}

static void publish(struct intake_reader *r, struct list *list, const struct source_news *news)
{
    pthread_mutex_lock(&r->lock);
    r->health.state = READER_READING;
    r->health.received += list->count;
    r->health.lost += news->lost;
    r->health.lag = news->lag;
    memcpy(r->health.note, news->note, sizeof r->health.note);
    if (list->head != NULL) {
        *r->inbox.tail = list->head;
        r->inbox.tail = list->tail;
        r->inbox.count += list->count;
        r->inbox.bytes += list->bytes;
        r->used += list->count;
        r->used_bytes += list->bytes;
        if (r->config.drop_oldest)
            drop_oldest(r);
    }
    pthread_mutex_unlock(&r->lock);
    bell_ring(r->bell);
}

static void adapt_batch(struct intake_reader *r, const struct list *list)
{
    size_t each = list->count > 0 ? list->bytes / list->count + 1 : 1;
    size_t fits = BATCH_BYTES / each;

    if (list->count == 0)
        return;
    r->batch = fits < BATCH_MIN ? BATCH_MIN : fits > BATCH_MAX ? BATCH_MAX : fits;
}

static void move_cursor(struct intake_reader *r, const struct list *list)
{
    for (const struct reader_event *event = list->head; event != NULL; event = event->next) {
        if (event->cursor == NULL || event->next != NULL)
            continue;
        free(r->cursor);
        r->cursor = mem_strdup(event->cursor);
    }
}

/* ---- trouble ---- */

static void set_source(struct intake_reader *r, struct source *source)
{
    pthread_mutex_lock(&r->lock);
    r->source = source;
    if (source != NULL && r->stop)
        source_interrupt(source);
    pthread_mutex_unlock(&r->lock);
}

static void close_source(struct intake_reader *r)
{
    struct source *source = r->source;

    set_source(r, NULL);
    source_close(source);
}

static void note_failure(struct intake_reader *r, const struct error *e, bool was_open)
{
    pthread_mutex_lock(&r->lock);
    r->health.state = READER_AWAY;
    r->health.error = *e;
    r->health.error_ms = real_ms();
    r->health.failures++;
    r->health.note[0] = '\0';
    r->health.lag = -1;
    r->health.gaps += was_open && !event_source_is_durable(&r->config);
    pthread_mutex_unlock(&r->lock);
    bell_ring(r->bell);
}

static void add_ms(struct timespec *t, int ms)
{
    t->tv_sec += ms / 1000;
    t->tv_nsec += ms % 1000 * 1000000L;
    if (t->tv_nsec >= 1000000000) {
        t->tv_sec++;
        t->tv_nsec -= 1000000000;
    }
}

/* Half of the wait is random: sources that lost the same server do not come back as one. */
static void back_off(struct intake_reader *r)
{
    struct timespec until;
    int wait = r->wait_ms == 0 ? BACK_MIN_MS : 2 * r->wait_ms;

    r->wait_ms = wait < BACK_MAX_MS ? wait : BACK_MAX_MS;
    clock_gettime(CLOCK_MONOTONIC, &until);
    add_ms(&until, r->wait_ms / 2 + (int)random_below(&r->jitter, (uint64_t)r->wait_ms / 2 + 1));
    pthread_mutex_lock(&r->lock);
    while (!r->stop && pthread_cond_timedwait(&r->wake, &r->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&r->lock);
}

/* ---- the thread ---- */

static int open_source(struct intake_reader *r, struct error *e)
{
    struct source *source;

    if (r->source != NULL)
        return 0;
    if (r->registry->open_source(r->desk, &r->config, r->url, &source, e) < 0)
        return -1;
    set_source(r, source);
    return 0;
}

/* The first poll of a new connection does not wait: that it works is known at once. Nor does the
 * one behind a batch: that there is no more is known as soon. */
static int read_some(struct intake_reader *r, size_t room, bool *was_open, struct error *e)
{
    struct source_news news;
    struct list list;
    int64_t wait_ms = r->source != NULL && !r->had_some ? POLL_MS : 0;

    list_clear(&list);
    *was_open = r->source != NULL;
    if (open_source(r, e) < 0)
        return -1;
    if (source_poll(r->source, r->cursor, room, wait_ms, collect, &list, &news, e) < 0) {
        reader_events_free(list.head);
        return -1;
    }
    r->had_some = list.head != NULL;
    move_cursor(r, &list);
    adapt_batch(r, &list);
    publish(r, &list, &news);
    return 0;
}

static void *run(void *arg)
{
    struct intake_reader *r = arg;
    bool left, was_open;
    size_t room;

    while ((room = await_room(r)) > 0) {
        struct error e = ERROR_INIT;
        if (read_some(r, room, &was_open, &e) == 0) {
            r->wait_ms = 0;
            continue;
        }
        close_source(r);
        note_failure(r, &e, was_open);
        back_off(r);
    }
    close_source(r);
    pthread_mutex_lock(&r->lock);
    r->ended = true;
    left = r->left;
    pthread_mutex_unlock(&r->lock);
    if (left)
        reader_free(r);
    return NULL;
}

/* ---- the loop's side ---- */

static struct intake_reader *reader_new(const struct reader_setup *setup, struct reader_bell *bell)
{
    struct intake_reader *r = mem_zero(1, sizeof *r);
    pthread_condattr_t attr;

    r->registry = setup->registry;
    r->desk = mem_strdup(setup->desk);
    r->url = mem_strdup(setup->url);
    event_source_copy(setup->config, &r->config);
    r->bell = bell;
    bell_hold(bell);
    r->cursor = mem_strdup(setup->cursor);
    r->batch = BATCH_FIRST;
    random_init(&r->jitter, setup->seed);
    list_clear(&r->inbox);
    r->limit = setup->config->queue;
    r->used = setup->used;
    r->health.lag = -1;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wake, &attr);
    pthread_condattr_destroy(&attr);
    return r;
}

int reader_start(struct intake_reader **out, const struct reader_setup *setup,
                 struct reader_bell *bell, struct error *e)
{
    struct intake_reader *r = reader_new(setup, bell);
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    rc = pthread_create(&thread, &attr, run, r);
    pthread_attr_destroy(&attr);
    if (rc != 0) {
        reader_free(r);
        return error_set(e, ERROR_IO, "no thread for an event source: %s", strerror(rc));
    }
    *out = r;
    return 0;
}

void reader_stop(struct intake_reader *r)
{
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    if (r->source != NULL)
        source_interrupt(r->source);
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

bool reader_has_ended(struct intake_reader *r)
{
    bool ended;

    pthread_mutex_lock(&r->lock);
    ended = r->ended;
    pthread_mutex_unlock(&r->lock);
    return ended;
}

void reader_leave(struct intake_reader *r)
{
    bool ended;

    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->left = true;
    ended = r->ended;
    pthread_mutex_unlock(&r->lock);
    if (ended)
        reader_free(r);
}

void reader_take(struct intake_reader *r, struct reader_batch *out)
{
    pthread_mutex_lock(&r->lock);
    *out = (struct reader_batch){
        .events = r->inbox.head,
        .count = r->inbox.count,
        .bytes = r->inbox.bytes,
        .dropped = r->dropped,
    };
    r->dropped = 0;
    list_clear(&r->inbox);
    pthread_mutex_unlock(&r->lock);
}

static void wake_if_room(struct intake_reader *r)
{
    if (has_room_again(r))
        pthread_cond_signal(&r->wake);
}

void reader_release(struct intake_reader *r, size_t events, size_t bytes)
{
    pthread_mutex_lock(&r->lock);
    r->used -= events;
    r->used_bytes -= bytes;
    wake_if_room(r);
    pthread_mutex_unlock(&r->lock);
}

void reader_set_limit(struct intake_reader *r, size_t limit)
{
    pthread_mutex_lock(&r->lock);
    r->limit = limit;
    wake_if_room(r);
    pthread_mutex_unlock(&r->lock);
}

void reader_health_get(struct intake_reader *r, struct reader_health *out)
{
    pthread_mutex_lock(&r->lock);
    *out = r->health;
    out->used = r->used;
    pthread_mutex_unlock(&r->lock);
}
