#include "core/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/spawn.h"
#include "ipc/frame.h"

#define POLL_MS      20
#define READ_BYTES   65536
#define WALL_TIMEOUT 60000 /* ms: a worker that neither computes nor answers */

struct session {
    struct child child;
    struct frame_reader reader;
    struct buf out;
    struct message_decoder *decoder;
    struct message_hello hello;
    char lua[64], measures[257];
    int64_t hard_ms;
    bool reaped;
    int status;
    struct message answer;
};

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int send_all(struct session *s, struct error *e)
{
    size_t sent = 0;

    while (sent < s->out.len) {
        ssize_t n = send(s->child.fd, s->out.data + sent, s->out.len - sent, MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            struct pollfd p = {.fd = s->child.fd, .events = POLLOUT};
            poll(&p, 1, POLL_MS);
        } else {
            return error_set(e, ERROR_SCRIPT, "the worker process ended unexpectedly");
        }
    }
    buf_clear(&s->out);
    return 0;
}

/* Waits for more bytes, watching the worker's CPU clock. 0 when bytes came. */
static int receive(struct session *s, int64_t cpu_start, int64_t wall_start, struct error *e)
{
    for (;;) {
        struct pollfd p = {.fd = s->child.fd, .events = POLLIN};
        char *room = frame_reader_room(&s->reader, READ_BYTES);
        ssize_t n;

        if (poll(&p, 1, POLL_MS) > 0) {
            n = room ? recv(s->child.fd, room, READ_BYTES, 0) : -1;
            if (n > 0) {
                frame_received(&s->reader, (size_t)n);
                return 0;
            }
            if (n == 0 || (errno != EAGAIN && errno != EINTR))
                return error_set(e, ERROR_SCRIPT, "the worker process ended unexpectedly");
        }
        if (child_cpu_ns(&s->child) - cpu_start > s->hard_ms * 1000000 ||
            mono_ms() - wall_start > WALL_TIMEOUT) {
            child_kill(&s->child);
            return error_set(e, ERROR_DEADLINE,
                             "no answer within %lld ms of CPU time: the worker was killed",
                             (long long)s->hard_ms);
        }
    }
}

static int next_message(struct session *s, enum message_type expected, struct error *e)
{
    int64_t cpu = child_cpu_ns(&s->child), wall = mono_ms();
    const char *frame;
    size_t len;
    int got;

    while ((got = frame_next(&s->reader, &frame, &len, e)) == 0)
        if (receive(s, cpu, wall, e) < 0)
            return -1;
    if (got < 0 || message_decode(s->decoder, frame, len, &s->answer, e) < 0)
        return -1;
    if (expected != MESSAGE_NONE && s->answer.type != expected)
        return error_set(e, ERROR_PROTOCOL, "the worker answered '%s' where '%s' was due",
                         message_name(s->answer.type), message_name(expected));
    return 0;
}

int session_open(struct session **out, int64_t hard_ms, struct error *e)
{
    struct session *s = mem_zero(1, sizeof *s);

    s->hard_ms = hard_ms;
    if (spawn_role(&s->child, "worker", e) < 0) {
        free(s);
        return -1;
    }
    frame_reader_init(&s->reader, LIMIT_FRAME_BYTES);
    buf_init(&s->out, 2 * LIMIT_FRAME_BYTES);
    s->decoder = message_decoder_new(SIDE_WORKER);
    if (next_message(s, MESSAGE_HELLO, e) < 0) {
        error_prefix(e, "starting a worker: ");
        session_close(s);
        return -1;
    }
    s->hello = s->answer.as.hello;
    strncpy(s->lua, s->hello.lua, sizeof s->lua - 1);
    s->hello.lua = s->lua;
    snprintf(s->measures, sizeof s->measures, "%s", s->hello.measures ? s->hello.measures : "");
    s->hello.measures = s->measures;
    *out = s;
    return 0;
}

int session_death_signal(struct session *s)
{
    if (!s->reaped) {
        while (waitpid(s->child.pid, &s->status, 0) < 0 && errno == EINTR)
            ;
        s->reaped = true;
    }
    return WIFSIGNALED(s->status) ? WTERMSIG(s->status) : 0;
}

void session_close(struct session *s)
{
    if (s == NULL)
        return;
    if (!s->reaped) {
        child_kill(&s->child);
        session_death_signal(s);
    }
    child_release(&s->child);
    frame_reader_release(&s->reader);
    buf_release(&s->out);
    message_decoder_free(s->decoder);
    free(s);
}

const struct message_hello *session_hello(const struct session *s)
{
    return &s->hello;
}

int session_send(struct session *s, const struct message *message, struct error *e)
{
    if (message_encode(&s->out, message, e) < 0)
        return -1;
    return send_all(s, e);
}

int session_talk(struct session *s, const struct message *question, struct message **answer,
                 struct error *e)
{
    return session_ask(s, question, MESSAGE_NONE, answer, e);
}

int session_ask(struct session *s, const struct message *question, enum message_type expected,
                struct message **answer, struct error *e)
{
    if (session_send(s, question, e) < 0 || next_message(s, expected, e) < 0)
        return -1;
    *answer = &s->answer;
    return 0;
}
