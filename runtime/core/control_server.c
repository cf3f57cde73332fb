#include "core/control_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/control.h"
#include "model/value.h"

#define CONNECTIONS_MAX 64
#define ANSWER_MAX      (64 * 1024 * 1024)

struct connection {
    uv_pipe_t pipe; /* first */
    struct control *control;
    struct connection *next;
    struct buf in;
    struct request *request; /* under way, or NULL */
    struct upload *upload;
    bool writing; /* its answer: the next request waits until the client has taken it */
    bool full;    /* `in` is: not reading */
    bool last;    /* closed behind the answer that is being written */
    bool closing; /* uv_close was called */
    bool closed;  /* and has finished */
};

struct control {
    uv_pipe_t listener; /* first */
    struct engine *engine;
    struct connection *connections;
    size_t count;
    char *path;
    int folder; /* of the socket: see control_start() */
    bool closing;
};

struct request {
    struct connection *connection;
    json_t *json;
};

struct answer {
    uv_write_t write; /* first */
    char *text;
};

struct engine *request_engine(const struct request *request)
{
    return request->connection->control->engine;
}

struct upload **request_upload(struct request *request)
{
    return &request->connection->upload;
}

const json_t *request_json(const struct request *request)
{
    return request->json;
}

static void free_connection(struct connection *c)
{
    struct connection **place = &c->control->connections;

    while (*place != c)
        place = &(*place)->next;
    *place = c->next;
    c->control->count--;
    buf_release(&c->in);
    upload_free(c->upload);
    free(c);
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *c = (struct connection *)handle;

    c->closed = true;
    if (c->request == NULL)
        free_connection(c);
}

static void close_connection(struct connection *c)
{
    if (c->closing)
        return;
    c->closing = true;
    uv_close((uv_handle_t *)&c->pipe, on_closed);
}

static void next_request(struct connection *c);

static void written(uv_write_t *write, int status)
{
    struct answer *answer = (struct answer *)write;
    struct connection *c = (struct connection *)write->handle;

    free(answer->text);
    free(answer);
    c->writing = false;
    if (status < 0 || c->last)
        close_connection(c);
    else
        next_request(c);
}

/* Starts to write; whatever comes next waits for written(), which the loop calls: a client that
 * sends much and reads nothing costs one answer, and many small requests are no recursion. */
static void write_answer(struct connection *c, const json_t *o)
{
    struct answer *answer = mem_zero(1, sizeof *answer);
    struct buf text;
    uv_buf_t out;

    buf_init(&text, ANSWER_MAX);
    if (value_write(&text, o) < 0) {
        buf_clear(&text);
        buf_add_str(&text, "{\"ok\":false,\"code\":\"LIMIT\",\"message\":\"the answer is "
                           "larger than 64 MiB\"}");
    }
    buf_add_char(&text, '\n');
    out = uv_buf_init(NULL, (unsigned)text.len);
    answer->text = out.base = buf_steal(&text);
    c->writing = true;
    if (uv_write(&answer->write, (uv_stream_t *)&c->pipe, &out, 1, written) < 0) {
        free(answer->text);
        free(answer);
        close_connection(c);
    }
}

static void finish(struct request *request, json_t *o)
{
    struct connection *c = request->connection;

    c->request = NULL;
    json_decref(request->json);
    free(request);
    if (!c->closing)
        write_answer(c, o);
    json_decref(o);
    if (c->closed)
        free_connection(c);
}

void request_answer(struct request *request, json_t *data)
{
    finish(request, json_pack("{s:b, s:o}", "ok", 1, "data", data));
}

static json_t *failure(const struct error *e)
{
    json_t *o =
        json_pack("{s:b, s:s, s:s}", "ok", 0, "code", error_name(e->code), "message", e->message);

    if (e->where[0] != '\0')
        json_object_set_new(o, "where", json_string(e->where));
    if (e->line > 0)
        json_object_set_new(o, "line", json_integer(e->line));
    if (e->hint[0] != '\0')
        json_object_set_new(o, "hint", json_string(e->hint));
    return o;
}

void request_fail(struct request *request, const struct error *e)
{
    finish(request, failure(e));
}

/* Of one line: as control.h says. A state's value may be larger than all else, and is text inside
 * of text there: each of its characters may take two. */
static size_t line_max(const struct engine *engine)
{
    size_t value = 2 * engine->blueprint->config.limits.value_bytes + CONTROL_LINE_REST;

    return value > CONTROL_MAX_LINE ? value : CONTROL_MAX_LINE;
}

/* The connection cannot go on: says why, then closes it. */
static void refuse(struct connection *c, const char *why)
{
    struct error e = ERROR_INIT;
    json_t *o;

    error_set(&e, ERROR_LIMIT, "%s", why);
    o = failure(&e);
    c->last = true;
    write_answer(c, o);
    json_decref(o);
}

static void refuse_line(struct connection *c)
{
    char why[80];

    snprintf(why, sizeof why, "a request is one line of at most %zu bytes", c->in.max - 1);
    refuse(c, why);
}

static void start_request(struct connection *c, const char *line, size_t len)
{
    struct request *request = mem_zero(1, sizeof *request);
    struct error e = ERROR_INIT;
    const char *op;

    request->connection = c;
    c->request = request;
    request->json = value_parse(line, len, c->in.max, &e);
    op = json_string_value(json_object_get(request->json, "op"));
    if (op == NULL) {
        error_set(&e, ERROR_INVALID, "expected one JSON object with an \"op\" per line");
        request_fail(request, &e);
        return;
    }
    control_dispatch(request, op);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out);
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer);

static void next_request(struct connection *c)
{
    char *end;
    char *line;
    size_t len;

    if (c->request != NULL || c->writing || c->closing || c->in.len == 0)
        return;
    end = memchr(c->in.data, '\n', c->in.len);
    if (end == NULL) {
        if (c->full)
            refuse_line(c);
        return;
    }
    len = (size_t)(end - c->in.data);
    line = mem_strndup(c->in.data, len);
    buf_drop(&c->in, len + 1);
    if (c->full) {
        c->full = false;
        uv_read_start((uv_stream_t *)&c->pipe, on_room, on_read);
    }
    start_request(c, line, len);
    free(line);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct connection *c = (struct connection *)handle;
    size_t room = c->in.max - c->in.len;

    (void)suggested;
    if (room > 65536)
        room = 65536;
    *out = uv_buf_init(room ? buf_reserve(&c->in, room) : NULL, (unsigned)room);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct connection *c = (struct connection *)stream;

    (void)buffer;
    if (n == UV_ENOBUFS) {
        c->full = true; /* what is in there is answered first */
        uv_read_stop(stream);
    } else if (n < 0) {
        close_connection(c);
        return;
    } else {
        c->in.len += (size_t)n;
    }
    next_request(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct control *control = (struct control *)listener;
    struct connection *c;

    if (status < 0)
        return;
    c = mem_zero(1, sizeof *c);
    c->control = control;
    buf_init(&c->in, line_max(control->engine) + 1);
    c->next = control->connections;
    control->connections = c;
    control->count++;
    uv_pipe_init(listener->loop, &c->pipe, 0);
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) < 0)
        close_connection(c);
    else if (control->count > CONNECTIONS_MAX)
        refuse(c, "64 connections are open already: close one, or try again");
    else if (uv_read_start((uv_stream_t *)&c->pipe, on_room, on_read) < 0)
        close_connection(c);
}

int control_start(struct engine *engine, struct error *e)
{
    struct control *control = mem_zero(1, sizeof *control);
    const char *data = engine->blueprint->config.data;
    size_t size = strlen(engine->options.desk) + strlen(data) + sizeof CONTROL_SOCKET + 2;
    char address[64];
    mode_t mask;
    int result;

    control->engine = engine;
    control->folder = -1;
    control->path = mem_alloc(size);
    snprintf(control->path, size, "%s/%s/%s", engine->options.desk, data, CONTROL_SOCKET);
    unlink(control->path); /* we hold the lock: nobody listens there */
    /* A Unix socket's address has 107 bytes at most; a desk's path may be longer. The folder's
     * descriptor is short. */
    control->path[size - 1 - sizeof CONTROL_SOCKET] = '\0';
    control->folder = open(control->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    control->path[size - 1 - sizeof CONTROL_SOCKET] = '/';
    snprintf(address, sizeof address, "/proc/self/fd/%d/%s", control->folder, CONTROL_SOCKET);
    uv_pipe_init(&engine->loop, &control->listener, 0);
    engine->control = control;
    mask = umask(0177);
    result = control->folder < 0 ? UV_ENOENT : uv_pipe_bind(&control->listener, address);
    umask(mask);
    if (result == 0)
        result = uv_listen((uv_stream_t *)&control->listener, 2 * CONNECTIONS_MAX, on_connection);
    if (result == 0)
        return 0;
    error_set(e, ERROR_IO, "cannot listen on the control socket %s: %s", control->path,
              uv_strerror(result));
    return -1;
}

void control_stop(struct engine *engine)
{
    struct control *control = engine->control;

    if (control == NULL || control->closing)
        return;
    control->closing = true;
    unlink(control->path);
    uv_close((uv_handle_t *)&control->listener, NULL);
    for (struct connection *c = control->connections; c != NULL; c = c->next)
        close_connection(c);
}

/* After the loop has closed everything. */
void control_free(struct engine *engine)
{
    struct control *control = engine->control;

    if (control == NULL)
        return;
    while (control->connections != NULL) {
        struct connection *c = control->connections;
        if (c->request != NULL) {
            json_decref(c->request->json);
            free(c->request);
        }
        free_connection(c);
    }
    if (control->folder >= 0)
        close(control->folder);
    free(control->path);
    free(control);
    engine->control = NULL;
}
