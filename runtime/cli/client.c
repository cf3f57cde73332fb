#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "core/control.h"
#include "model/value.h"

#define RETRY_MS   20 /* between attempts to get into a full listen queue */
#define READ_BYTES 65536

struct client {
    int fd;
    int64_t timeout_ms;
    int64_t deadline_ns; /* of the call in progress */
    struct clock clock;
    struct buf in;
};

static void start_deadline(struct client *c)
{
    c->deadline_ns = clock_mono_ns(&c->clock) + c->timeout_ms * 1000000;
}

static int timed_out(const struct client *c, const char *doing, struct error *e)
{
    error_set(e, ERROR_TIMEOUT, "%s: no answer from the daemon within %lld ms", doing,
              (long long)c->timeout_ms);
    error_hint(
        e, "it may be busy, and may still do what was asked: look before you repeat it, or wait "
           "longer with --timeout 60s");
    return -1;
}

/* Waits until `events` is possible or the call's deadline has passed. */
static int wait_for(struct client *c, short events, const char *doing, struct error *e)
{
    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = events};
        int64_t left = (c->deadline_ns - clock_mono_ns(&c->clock) + 999999) / 1000000;
        int n;

        if (left <= 0)
            return timed_out(c, doing, e);
        n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return error_set(e, ERROR_IO, "%s: poll: %s", doing, strerror(errno));
    }
}

static int not_running(const char *folder, struct error *e)
{
    error_set(e, ERROR_NOT_RUNNING, "no daemon is running for this desk (nobody answers at %s/%s)",
              folder, CONTROL_SOCKET);
    error_hint(e, "start it with `orrery run`, in another terminal");
    return -1;
}

/* A socket's address holds 107 bytes; a longer path is reached through an open handle of its
 * folder. */
static int socket_address(const char *folder, int *folder_fd, struct sockaddr_un *address,
                          struct error *e)
{
    int n = snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", folder, CONTROL_SOCKET);

    address->sun_family = AF_UNIX;
    if (n >= 0 && (size_t)n < sizeof address->sun_path)
        return 0;
    *folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd < 0)
        return not_running(folder, e);
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *folder_fd,
             CONTROL_SOCKET);
    return 0;
}

static int connect_within(struct client *c, const struct sockaddr_un *address, const char *folder,
                          struct error *e)
{
    while (connect(c->fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        switch (errno) {
        case EINTR:
            break;
        case EISCONN:
            return 0;
        case EAGAIN: /* a Unix socket's queue is full: it cannot be polled for, only asked again */
            if (clock_mono_ns(&c->clock) > c->deadline_ns)
                return timed_out(c, "connecting", e);
            poll(NULL, 0, RETRY_MS);
            break;
        case ENOENT:
        case ENOTDIR:
        case ECONNREFUSED:
            return not_running(folder, e);
        default:
            return error_set(e, ERROR_IO, "cannot connect to %s/%s: %s", folder, CONTROL_SOCKET,
                             strerror(errno));
        }
    }
    return 0;
}

int client_open(const char *folder, int64_t timeout_ms, struct client **out, struct error *e)
{
    struct client *c = mem_zero(1, sizeof *c);
    struct sockaddr_un address = {0};
    int folder_fd = -1, result = -1;

    c->timeout_ms = timeout_ms;
    clock_init_real(&c->clock);
    buf_init(&c->in, CLIENT_ANSWER_MAX + 1);
    start_deadline(c);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        error_set(e, ERROR_IO, "socket: %s", strerror(errno));
    else if (socket_address(folder, &folder_fd, &address, e) == 0)
        result = connect_within(c, &address, folder, e);
    if (folder_fd >= 0)
        close(folder_fd);
    if (result < 0)
        client_close(c);
    else
        *out = c;
    return result;
}

void client_close(struct client *client)
{
    if (client == NULL)
        return;
    if (client->fd >= 0)
        close(client->fd);
    buf_release(&client->in);
    free(client);
}

static int send_line(struct client *c, const json_t *request, struct error *e)
{
    struct buf line;
    size_t sent = 0;
    int result = 0;

    buf_init(&line, CLIENT_REQUEST_MAX);
    if (value_write(&line, request) < 0 || buf_add_char(&line, '\n') < 0)
        result = error_set(e, ERROR_LIMIT, "the request is too long: expected at most %d bytes",
                           CLIENT_REQUEST_MAX);
    while (result == 0 && sent < line.len) {
        ssize_t n = send(c->fd, line.data + sent, line.len - sent, MSG_NOSIGNAL);
        if (n >= 0)
            sent += (size_t)n;
        else if (errno == EAGAIN)
            result = wait_for(c, POLLOUT, "sending the request", e);
        else if (errno != EINTR)
            result = error_set(e, ERROR_PROTOCOL, "the daemon closed the connection (%s)",
                               strerror(errno));
    }
    buf_release(&line);
    return result;
}

/* Appends what has arrived to the buffer. */
static int read_some(struct client *c, struct error *e)
{
    size_t room = c->in.max - c->in.len;
    ssize_t n;

    if (room > READ_BYTES)
        room = READ_BYTES;
    if (room == 0)
        return error_set(e, ERROR_PROTOCOL, "the daemon's answer is longer than %d bytes",
                         CLIENT_ANSWER_MAX);
    if (wait_for(c, POLLIN, "waiting for the answer", e) < 0)
        return -1;
    n = read(c->fd, buf_reserve(&c->in, room), room);
    if (n > 0)
        c->in.len += (size_t)n;
    else if (n == 0)
        return error_set(e, ERROR_PROTOCOL, "the daemon closed the connection before it answered");
    else if (errno != EAGAIN && errno != EINTR)
        return error_set(e, ERROR_PROTOCOL, "reading the answer: %s", strerror(errno));
    return 0;
}

/* Reads until the buffer holds a line; `*len` is its length without the newline. */
static int read_line(struct client *c, size_t *len, struct error *e)
{
    size_t searched = 0;

    for (;;) {
        const char *end = NULL;

        if (c->in.len > searched)
            end = memchr(c->in.data + searched, '\n', c->in.len - searched);
        if (end != NULL) {
            *len = (size_t)(end - c->in.data);
            return 0;
        }
        searched = c->in.len;
        if (read_some(c, e) < 0)
            return -1;
    }
}

static int refusal(const json_t *answer, struct error *e)
{
    const char *code = json_string_value(json_object_get(answer, "code"));
    const char *message = json_string_value(json_object_get(answer, "message"));
    const char *hint = json_string_value(json_object_get(answer, "hint"));
    const char *where = json_string_value(json_object_get(answer, "where"));

    error_set(e, code ? error_from_name(code) : ERROR_INTERNAL, "%s",
              message ? message : "the daemon refused without a reason");
    if (hint != NULL && *hint != '\0')
        error_hint(e, "%s", hint);
    if (where != NULL)
        error_locate(e, where, (int)json_integer_value(json_object_get(answer, "line")));
    return -1;
}

static int read_answer(const char *text, size_t len, json_t **data, struct error *e)
{
    /* Not value_parse(): a state value at the depth limit arrives inside the answer's own levels.
     */
    json_t *answer = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    json_t *ok = json_object_get(answer, "ok"), *found = json_object_get(answer, "data");
    int result = 0;

    if (json_is_false(ok))
        result = refusal(answer, e);
    else if (!json_is_true(ok))
        result = error_set(e, ERROR_PROTOCOL, "what answers at %s does not speak orrery's protocol",
                           CONTROL_SOCKET);
    else
        *data = found ? json_incref(found) : json_null();
    json_decref(answer);
    return result;
}

/* A daemon that hangs up while it is sent to has said why before. */
static int send_request(struct client *c, const json_t *request, struct error *e)
{
    struct error why = ERROR_INIT, ignored = ERROR_INIT;
    size_t len;

    if (send_line(c, request, &why) == 0)
        return 0;
    if (why.code == ERROR_PROTOCOL && read_line(c, &len, &ignored) == 0)
        return 0;
    *e = why;
    return -1;
}

int client_call(struct client *client, const json_t *request, json_t **data, struct error *e)
{
    size_t len;
    int result;

    start_deadline(client);
    if (send_request(client, request, e) < 0 || read_line(client, &len, e) < 0)
        return -1;
    result = read_answer(client->in.data, len, data, e);
    buf_drop(&client->in, len + 1);
    return result;
}
