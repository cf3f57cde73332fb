/* The signer's process, from core's side: started, listened to, timed, ended, started again. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/mem.h"
#include "keys/key_env.h"
#include "signer/client_parts.h"

#define READ_BYTES    (64 * 1024)
#define MS_NS         INT64_C(1000000)
#define STEADY_NS     (5000 * MS_NS) /* up for so long: the next fall is a new one */
#define NEVER_NS      INT64_MAX
#define FRAME_MOST    SIGNER_ANSWER_BYTES
#define MESSAGE_CHARS 160

/* ---- its end ---- */

static void forget_poll(uv_handle_t *handle)
{
    free(handle);
}

static void describe_end(const struct signer *s, int status, char *out, size_t size)
{
    if (s->why[0] != '\0')
        snprintf(out, size, "%s", s->why);
    else
        child_describe_end(status, out, size);
}

/* A process that ends closes its socket a moment before it can be reaped: what it ended of is worth
 * that moment. */
static int reap(struct signer *s)
{
    struct timespec moment = {.tv_nsec = 1000000};
    int status = 0, ended = 0;

    for (int i = 0; i < 20 && s->why[0] == '\0' && ended == 0; i++) {
        ended = child_reap(&s->child, &status);
        if (ended == 0)
            nanosleep(&moment, NULL);
    }
    if (ended == 0) {
        child_kill(&s->child);
        if (s->why[0] == '\0')
            snprintf(s->why, sizeof s->why, "hung up and was killed");
    }
    while (ended == 0) {
        ended = child_reap(&s->child, &status);
        if (ended == 0)
            nanosleep(&moment, NULL);
    }
    return status;
}

void client_end_process(struct signer *s)
{
    char why[sizeof s->why - 128]; /* there may be more to say */

    if (s->state != CLIENT_STARTING && s->state != CLIENT_UP)
        return;
    if (s->poll != NULL) {
        uv_poll_stop(s->poll);
        uv_close((uv_handle_t *)s->poll, forget_poll);
        s->poll = NULL;
    }
    if (s->closed)
        child_kill(&s->child);
    describe_end(s, reap(s), why, sizeof why);
    snprintf(s->why, sizeof s->why, "%s", why);
    child_release(&s->child);
    frame_reader_release(&s->in);
    buf_clear(&s->out);
    s->state = CLIENT_DOWN;
    s->writing = false;
}

static void plan_restart(struct signer *s, bool steady)
{
    if (steady)
        s->backoff_ms = CLIENT_BACKOFF_MS;
    s->start_at_ns = clock_mono_ns(&s->clock) + s->backoff_ms * MS_NS;
    s->backoff_ms *= 2;
    if (s->backoff_ms > CLIENT_BACKOFF_MOST)
        s->backoff_ms = CLIENT_BACKOFF_MOST;
}

/* On the loop: it has ended, or has to. */
static void client_gone(struct signer *s)
{
    bool was_up = s->state == CLIENT_UP;
    bool steady = was_up && (s->served || clock_mono_ns(&s->clock) - s->since_ns > STEADY_NS);
    size_t len;

    client_end_process(s);
    if (s->once) {
        s->state = CLIENT_ENDED;
        len = strlen(s->why);
        snprintf(s->why + len, sizeof s->why - len,
                 "; its key came from an environment variable, which is gone: orrery has to be "
                 "started again");
    } else {
        plan_restart(s, steady);
    }
    client_lose_all(s);
    if (was_up && s->env.lost != NULL)
        s->env.lost(s->env.arg, s->why);
    client_tell_lost(s);
    client_arm(s);
}

static void violation(struct signer *s, const struct error *e)
{
    snprintf(s->why, sizeof s->why, "broke the protocol and was killed: %.*s", MESSAGE_CHARS,
             e->message);
    child_kill(&s->child);
}

/* ---- bytes ---- */

/* 0; -1: it is to be ended (`why` says so, unless it went by itself). */
static int handle_frames(struct signer *s)
{
    struct error e = ERROR_INIT;
    struct signer_message m;
    const char *frame;
    size_t len;
    int got = 0;

    while (!s->closed && (got = frame_next(&s->in, &frame, &len, &e)) > 0) {
        if (signer_decode(SIGNER_SIDE_SIGNER, frame, len, &m, &e) < 0 ||
            client_handle(s, &m, &e) < 0)
            got = -1;
        if (got < 0)
            break;
    }
    if (got < 0 && s->failed.code == ERROR_NONE)
        violation(s, &e);
    return got < 0 ? -1 : 0;
}

/* All that is there. -1: it has hung up, or broke a rule. */
static int receive(struct signer *s)
{
    char *room;
    ssize_t n;

    for (;;) {
        room = frame_reader_room(&s->in, READ_BYTES);
        if (room == NULL)
            return -1;
        n = recv(s->child.fd, room, READ_BYTES, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n <= 0)
            return -1;
        frame_received(&s->in, (size_t)n);
        if (handle_frames(s) < 0)
            return -1;
        if (s->closed || n < READ_BYTES)
            return 0;
    }
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct signer *s)
{
    if (s->poll != NULL)
        uv_poll_start(s->poll, UV_READABLE | UV_DISCONNECT | (s->writing ? UV_WRITABLE : 0),
                      on_poll);
}

/* An end of the process is seen by the reading side. */
void client_flush(struct signer *s)
{
    bool wait = false;
    size_t sent = 0;

    while (sent < s->out.len && !wait) {
        ssize_t n =
            send(s->child.fd, s->out.data + sent, s->out.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            sent += (size_t)n;
        else if (n < 0 && errno == EAGAIN)
            wait = true;
        else if (n == 0 || errno != EINTR)
            return;
    }
    buf_drop(&s->out, sent);
    if (s->writing != wait) {
        s->writing = wait;
        watch(s);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct signer *s = poll->data;
    int alive = 0;

    if (events & UV_WRITABLE)
        client_flush(s);
    if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT)))
        alive = receive(s);
    if (s->closed)
        return;
    if (alive < 0)
        client_gone(s);
    else if (status < 0)
        watch(s); /* in error the loop stops watching: the rest is still to be read */
    if (!s->closed)
        client_arm(s);
}

/* ---- its start ---- */

static void wipe_variables(struct signer *s)
{
    for (size_t i = 0; i < s->variable_count; i++)
        if (s->secret[i])
            key_env_wipe(s->variables[i]);
}

static int say_start(struct signer *s, struct error *e)
{
    struct signer_message m = {.tag = SIGNER_TAG_START};

    m.as.start.desk = (struct signer_text){s->desk, strlen(s->desk)};
    m.as.start.rules = (struct signer_text){s->rules, strlen(s->rules)};
    return signer_encode(&s->out, &m, e);
}

int client_start(struct signer *s, struct error *e)
{
    if (say_start(s, e) < 0 ||
        spawn_role_with(&s->child, "signer", (const char *const *)s->variables, s->variable_count,
                        e) < 0) {
        buf_clear(&s->out);
        return -1;
    }
    wipe_variables(s);
    frame_reader_init(&s->in, FRAME_MOST);
    error_clear(&s->failed);
    s->why[0] = '\0';
    s->state = CLIENT_STARTING;
    s->since_ns = clock_mono_ns(&s->clock);
    s->served = s->writing = false;
    client_flush(s);
    return 0;
}

static int fail_start(struct signer *s, struct error *e)
{
    client_end_process(s);
    if (s->failed.code == ERROR_NONE)
        return error_set(e, ERROR_IO, "the signer %s", s->why);
    *e = s->failed;
    return -1;
}

int client_await(struct signer *s, struct error *e)
{
    int64_t until = clock_mono_ns(&s->clock) + CLIENT_START_MS * MS_NS;

    while (s->state == CLIENT_STARTING) {
        struct pollfd fd = {s->child.fd, (short)(POLLIN | (s->writing ? POLLOUT : 0)), 0};
        int64_t left = (until - clock_mono_ns(&s->clock)) / MS_NS;
        if (left <= 0) {
            snprintf(s->why, sizeof s->why, "was not ready after %d s and was killed",
                     CLIENT_START_MS / 1000);
            return fail_start(s, e);
        }
        poll(&fd, 1, (int)left);
        if (fd.revents & POLLOUT)
            client_flush(s);
        if (receive(s) < 0)
            return fail_start(s, e);
    }
    return 0;
}

static int attach(struct signer *s, struct error *e)
{
    int failure;

    s->poll = mem_zero(1, sizeof *s->poll);
    failure = uv_poll_init(s->env.loop, s->poll, s->child.fd);
    if (failure != 0) {
        free(s->poll);
        s->poll = NULL;
        return error_set(e, ERROR_IO, "the signer's socket cannot be watched: %s",
                         uv_strerror(failure));
    }
    s->poll->data = s;
    watch(s);
    return 0;
}

static void restart(struct signer *s)
{
    struct error e = ERROR_INIT;

    if (client_start(s, &e) == 0 && attach(s, &e) == 0)
        return;
    client_end_process(s);
    plan_restart(s, false);
}

/* ---- time ---- */

static int64_t next_due(const struct signer *s)
{
    if (s->lost.first != NULL)
        return 0;
    if (s->state == CLIENT_DOWN)
        return s->start_at_ns;
    if (s->state == CLIENT_STARTING)
        return s->since_ns + CLIENT_START_MS * MS_NS;
    if (s->asked.first != NULL)
        return s->asked.first->since_ns + s->timeout_ms * MS_NS;
    return NEVER_NS;
}

static void check_lateness(struct signer *s)
{
    int alive = receive(s); /* answers may lie unread: were we the slow ones? */

    if (s->closed)
        return;
    if (s->state == CLIENT_STARTING && next_due(s) <= clock_mono_ns(&s->clock))
        snprintf(s->why, sizeof s->why, "was not ready after %d s and was killed",
                 CLIENT_START_MS / 1000);
    else if (alive == 0 && client_is_late(s))
        snprintf(s->why, sizeof s->why, "gave no answer for %lld ms and was killed",
                 (long long)s->timeout_ms);
    else if (alive == 0)
        return;
    child_kill(&s->child);
    client_gone(s);
}

static void on_timer(uv_timer_t *timer)
{
    struct signer *s = timer->data;

    client_tell_lost(s);
    if (!s->closed && next_due(s) <= clock_mono_ns(&s->clock)) {
        if (s->state == CLIENT_DOWN)
            restart(s);
        else if (s->state != CLIENT_ENDED)
            check_lateness(s);
    }
    if (!s->closed)
        client_arm(s);
}

void client_arm(struct signer *s)
{
    int64_t due = next_due(s), left = due - clock_mono_ns(&s->clock);

    if (!s->on_loop || s->closed)
        return;
    if (due == NEVER_NS)
        uv_timer_stop(&s->timer);
    else
        uv_timer_start(&s->timer, on_timer, left <= 0 ? 0 : (uint64_t)(left / MS_NS + 1), 0);
}

int client_join_loop(struct signer *s, struct error *e)
{
    if (attach(s, e) < 0) {
        child_kill(&s->child);
        client_end_process(s);
        return -1;
    }
    uv_timer_init(s->env.loop, &s->timer);
    s->timer.data = s;
    s->on_loop = true;
    return 0;
}
