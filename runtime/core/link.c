#include "core/link.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"

#define READ_BYTES (256 * 1024)
/* What a worker may be behind with. Ticks are held back long before (dispatch.c); this bounds the
 * plugins and their states when all of them are loaded at once. */
#define OUT_MAX ((size_t)1024 * 1024 * 1024)

void link_init(struct link *link, uv_loop_t *loop, const struct link_hooks *hooks)
{
    memset(link, 0, sizeof *link);
    link->loop = loop;
    link->hooks = *hooks;
    link->message = mem_zero(1, sizeof *link->message);
    frame_reader_init(&link->reader, LIMIT_FRAME_BYTES);
    buf_init(&link->out, OUT_MAX);
}

static void describe_end(const struct link *link, int status, char *out, size_t size)
{
    if (link->why[0] != '\0')
        snprintf(out, size, "%s", link->why);
    else
        child_describe_end(status, out, size);
}

static void handle_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;

    if (--link->handles > 0 || !link->dying)
        return;
    /* The handles may be used again now: the owner is free to start the next process. The status
     * page stays mapped until it has looked for a culprit. */
    link->dying = false;
    struct child old = link->child;
    link->hooks.died(link->hooks.arg, link, link->end);
    child_release(&old);
}

static void stop_io(struct link *link)
{
    if (!link->poll_open)
        return;
    link->poll_open = false;
    uv_poll_stop(&link->poll);
    uv_close((uv_handle_t *)&link->poll, handle_closed);
}

/* Kills (if need be), reaps, and forgets the process. Its end in words goes to `why`. */
static void end_process(struct link *link, char *why, size_t size)
{
    int status = 0;

    link->alive = link->ready = false;
    stop_io(link);
    child_kill(&link->child);
    while (waitpid(link->child.pid, &status, 0) < 0 && errno == EINTR)
        ;
    describe_end(link, status, why, size);
    message_decoder_free(link->decoder);
    link->decoder = NULL;
    frame_reader_release(&link->reader);
    buf_clear(&link->out);
}

/* Its end of the socket is closed: by its end, or was that all it did? A process that ends closes
 * its files a moment before it can be reaped. */
static bool has_ended(const struct link *link)
{
    siginfo_t info = {.si_pid = 0};
    struct timespec moment = {.tv_nsec = 1000000};

    for (int i = 0; i < 20; i++) {
        if (waitid(P_PID, (id_t)link->child.pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
            info.si_pid != 0)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

/* `died` is called when the handles are closed. */
static void worker_gone(struct link *link)
{
    if (!link->alive)
        return;
    if (link->why[0] == '\0' && !has_ended(link))
        snprintf(link->why, sizeof link->why, "hung up and was killed");
    link->dying = true;
    end_process(link, link->end, sizeof link->end);
}

static void violation(struct link *link, const struct error *e)
{
    char text[160];

    snprintf(text, sizeof text, "%.150s", e->message);
    child_kill(&link->child);
    snprintf(link->why, sizeof link->why, "broke the protocol and was killed: %.120s", text);
    worker_gone(link);
}

static uint64_t answer_id(const struct message *m)
{
    switch (m->type) {
    case MESSAGE_DECIDED:
        return m->as.decided.run;
    case MESSAGE_HOOKED:
        return m->as.hooked.run;
    case MESSAGE_LOADED:
        return m->as.loaded.slot;
    default:
        return 0;
    }
}

static void unqueue_first(struct link *link)
{
    link->first = link->first->next;
    if (link->first == NULL)
        link->last = NULL;
    link->outstanding--;
}

/* The loose question that may send such a message now; NULL: none. */
static struct question **find_loose(struct link *link, enum message_type expected, uint64_t id)
{
    struct question **place = &link->loose;

    while (*place != NULL &&
           ((*place)->id != id || (*place)->expected != expected || (*place)->waits))
        place = &(*place)->next;
    return *place != NULL ? place : NULL;
}

/* The outstanding question that this message answers, taken out; NULL: none is due. */
static struct question *take_answered(struct link *link, const struct message *m)
{
    struct question *q = link->first, **place;

    if (q != NULL && q->expected == m->type && q->id == answer_id(m)) {
        unqueue_first(link);
        return q;
    }
    place = find_loose(link, m->type, answer_id(m));
    if (place == NULL)
        return NULL;
    q = *place;
    *place = q->next;
    link->resumed--;
    return q;
}

static bool may_call(const struct question *q, uint64_t run)
{
    return q != NULL && q->id == run &&
           (q->expected == MESSAGE_DECIDED || q->expected == MESSAGE_HOOKED);
}

/* The run that calls: the head of the queue, which becomes loose, or a loose one. */
static struct question *find_caller(struct link *link, uint64_t run)
{
    struct question *q = link->first, **place = &link->loose;

    if (may_call(q, run)) {
        unqueue_first(link);
        while (*place != NULL)
            place = &(*place)->next;
        q->next = NULL;
        *place = q;
        link->resumed++;
        return q;
    }
    place = find_loose(link, MESSAGE_DECIDED, run);
    if (place == NULL)
        place = find_loose(link, MESSAGE_HOOKED, run);
    return place != NULL ? *place : NULL;
}

/* Whoever it was that spoke for this run: it is one that calls its tables, and did so out of turn.
 */
static void note_violator(struct link *link, uint64_t run)
{
    const struct question *q = link->loose;

    while (q != NULL && q->id != run)
        q = q->next;
    if (q != NULL)
        link->violator = run;
}

static int handle_call(struct link *link, const struct message_db_call *m, struct error *e)
{
    struct question *q = link->ready && link->hooks.called ? find_caller(link, m->run) : NULL;

    note_violator(link, m->run);
    if (q == NULL)
        return error_set(e, ERROR_PROTOCOL, "'db_call' of a run that is not being executed");
    if (m->call != q->calls + 1 || m->call > LIMIT_DB_CALLS)
        return error_set(e, ERROR_PROTOCOL, "'db_call' number %u where %u of at most %d was due",
                         m->call, q->calls + 1, LIMIT_DB_CALLS);
    q->calls++;
    q->waits = true;
    link->resumed--;
    link->answers++;
    if (link->hooks.called(link->hooks.arg, link, q, m, e) < 0)
        return -1;
    link->violator = 0;
    return 0;
}

static int handle_message(struct link *link, struct error *e)
{
    struct message *m = link->message;
    const struct question *due = link->first;
    struct question *q;

    if (m->type == MESSAGE_HELLO) {
        if (link->ready || m->as.hello.version != PROTOCOL_VERSION)
            return error_set(e, ERROR_PROTOCOL, "an unexpected or foreign greeting");
        link->ready = true;
        link->hooks.ready(link->hooks.arg, link);
        return 0;
    }
    if (m->type == MESSAGE_DB_CALL)
        return handle_call(link, &m->as.db_call, e);
    q = link->ready ? take_answered(link, m) : NULL;
    if (q == NULL)
        note_violator(link, answer_id(m));
    if (q == NULL)
        return error_set(e, ERROR_PROTOCOL, "'%s' where '%s' was due", message_name(m->type),
                         due ? message_name(due->expected) : "nothing");
    link->answers++;
    return link->hooks.answered(link->hooks.arg, link, q, m, e);
}

static void handle_frames(struct link *link)
{
    struct error e = ERROR_INIT;
    const char *frame;
    size_t len;
    int got = 0;

    while (link->alive && (got = frame_next(&link->reader, &frame, &len, &e)) > 0) {
        if (message_decode(link->decoder, frame, len, link->message, &e) < 0 ||
            handle_message(link, &e) < 0) {
            violation(link, &e);
            return;
        }
    }
    if (link->alive && got < 0)
        violation(link, &e);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct link *link = poll->data;
    char *room;
    ssize_t n;

    (void)status;
    (void)events;
    room = frame_reader_room(&link->reader, READ_BYTES);
    n = room ? recv(link->child.fd, room, READ_BYTES, MSG_DONTWAIT) : 0;
    if (n > 0) {
        frame_received(&link->reader, (size_t)n);
        handle_frames(link);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        worker_gone(link);
        return;
    }
    if (link->alive)
        link_flush(link);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct link *link)
{
    uv_poll_start(&link->poll, UV_READABLE | UV_DISCONNECT | (link->writing ? UV_WRITABLE : 0),
                  on_poll);
}

/* Asks for writability only while something could not be written. */
static void want_write(struct link *link, bool want)
{
    if (!link->alive || link->writing == want)
        return;
    link->writing = want;
    watch(link);
}

void link_flush(struct link *link)
{
    while (link->alive && link->out.len > 0) {
        ssize_t n =
            send(link->child.fd, link->out.data, link->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            buf_drop(&link->out, (size_t)n);
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno == EAGAIN) {
            break;
        } else {
            return; /* the end of the process is seen by the read side */
        }
    }
    want_write(link, link->out.len > 0);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct link *link = poll->data;

    if (events & UV_WRITABLE)
        link_flush(link);
    if (link->alive && (status < 0 || (events & (UV_READABLE | UV_DISCONNECT))))
        on_readable(poll, status, events);
    /* A socket whose other end was closed with messages unread is in error, and the loop stops
     * watching it; but there may be answers left to read before the end shows. */
    if (link->alive && status < 0)
        watch(link);
}

int link_start(struct link *link, struct error *e)
{
    if (spawn_role(&link->child, "worker", e) < 0)
        return -1;
    link->decoder = message_decoder_new(SIDE_WORKER);
    frame_reader_init(&link->reader, LIMIT_FRAME_BYTES);
    buf_clear(&link->out);
    link->why[0] = '\0';
    link->violator = 0;
    link->alive = true;
    link->writing = false;
    uv_poll_init(link->loop, &link->poll, link->child.fd);
    link->poll.data = link;
    link->poll_open = true;
    link->handles++;
    uv_poll_start(&link->poll, UV_READABLE | UV_DISCONNECT, on_poll);
    return 0;
}

int link_send(struct link *link, const struct message *message, struct question *question,
              struct error *e)
{
    if (message_encode(&link->out, message, e) < 0)
        return -1;
    if (question != NULL) {
        question->next = NULL;
        question->calls = 0;
        question->waits = false;
        question->call = NULL;
        if (link->last != NULL)
            link->last->next = question;
        else
            link->first = question;
        link->last = question;
        link->outstanding++;
    }
    return 0;
}

int link_resume(struct link *link, const struct message *message, struct question *question,
                struct error *e)
{
    if (message_encode(&link->out, message, e) < 0)
        return -1;
    question->waits = false;
    link->resumed++;
    return 0;
}

bool link_is_busy(const struct link *link)
{
    return link->outstanding > 0 || link->resumed > 0;
}

const struct question *link_next_due(const struct link *link)
{
    const struct question *q = link->loose;

    while (q != NULL && q->waits)
        q = q->next;
    return q != NULL ? q : link->first;
}

struct question *link_take_all(struct link *link)
{
    struct question *all = link->loose, **end = &all;

    while (*end != NULL)
        end = &(*end)->next;
    *end = link->first;
    link->first = link->last = link->loose = NULL;
    link->outstanding = link->resumed = 0;
    return all;
}

void link_tell(struct link *link, const struct message *message)
{
    struct error e = ERROR_INIT;

    if (link_send(link, message, NULL, &e) < 0)
        link_kill(link, "could not be told what it has to know, as it takes in nothing");
}

void link_tell_frames(struct link *link, const struct buf *frames)
{
    if (buf_add(&link->out, frames->data, frames->len) < 0)
        link_kill(link, "could not be told what it has to know, as it takes in nothing");
}

const struct question *link_under_way(const struct link *link)
{
    uint64_t claimed = link->child.page != NULL ? link->child.page->run : 0;
    const struct question *q = link->loose;

    while (q != NULL && (q->id != claimed || q->waits))
        q = q->next;
    if (q != NULL)
        return q;
    for (q = link->first; q != NULL && q->id != claimed; q = q->next)
        continue;
    return q;
}

void link_kill(struct link *link, const char *why)
{
    if (!link->alive)
        return;
    if (link->why[0] == '\0')
        snprintf(link->why, sizeof link->why, "%s", why);
    child_kill(&link->child);
}

void link_close(struct link *link)
{
    char ignored[sizeof link->why];

    if (link->alive) {
        end_process(link, ignored, sizeof ignored);
        child_release(&link->child);
    } else if (link->dying) {
        link->dying = false; /* its handles are closing: nobody is told any more */
        child_release(&link->child);
    }
    frame_reader_release(&link->reader);
    buf_release(&link->out);
    free(link->message);
    link->message = NULL;
}
