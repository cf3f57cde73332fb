#include "worker/worker.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "io/confine.h"
#include "io/spawn.h"
#include "ipc/frame.h"
#include "ipc/message.h"
#include "vm/vm.h"
#include "worker/server.h"

#define READ_BYTES   (256 * 1024)
#define FLUSH_BYTES  (64 * 1024)
#define FLUSH_NS     500000 /* an answer waits at most about this long for the ones behind it */
#define ANSWER_BYTES (2 * LIMIT_FRAME_BYTES + FLUSH_BYTES)
#define ADDRESS_SPACE                                                                              \
    ((size_t)8 << 30) /* all plugins of one worker together; each has its own cap */

struct connection {
    int fd;
    struct frame_reader in;
    struct buf out;
    struct clock clock;
    int64_t oldest_ns; /* when the first answer in `out` was added */
    struct server *server;
};

static int flush(struct connection *c, struct error *e)
{
    size_t sent = 0;

    while (sent < c->out.len) {
        ssize_t n = write(c->fd, c->out.data + sent, c->out.len - sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(e, ERROR_IO, "writing to core failed: %s", strerror(errno));
        sent += (size_t)n;
    }
    buf_clear(&c->out);
    return 0;
}

/* Answers travel together, but none waits behind a slow neighbour for long. */
static int flush_when_due(struct connection *c, size_t pending_before, struct error *e)
{
    int64_t now;

    if (c->out.len == 0)
        return 0;
    now = clock_mono_ns(&c->clock);
    if (pending_before == 0)
        c->oldest_ns = now;
    if (c->out.len >= FLUSH_BYTES || now - c->oldest_ns >= FLUSH_NS)
        return flush(c, e);
    return 0;
}

static int handle_frames(struct connection *c, struct error *e)
{
    const char *frame;
    size_t len;
    int more;

    while ((more = frame_next(&c->in, &frame, &len, e)) > 0) {
        size_t pending = c->out.len;
        if (server_handle(c->server, frame, len, &c->out, e) < 0 ||
            flush_when_due(c, pending, e) < 0)
            return -1;
    }
    return more < 0 ? -1 : flush(c, e);
}

/* 1: some bytes came; 0: the peer has closed; -1. */
static int receive(struct connection *c, struct error *e)
{
    char *room = frame_reader_room(&c->in, READ_BYTES);
    ssize_t n;

    if (room == NULL)
        return error_set(e, ERROR_PROTOCOL, "core sends faster than frames end");
    do
        n = read(c->fd, room, READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_set(e, ERROR_IO, "reading from core failed: %s", strerror(errno));
    frame_received(&c->in, (size_t)n);
    return n > 0;
}

static int serve(struct connection *c, const struct message_hello *hello, struct error *e)
{
    struct message message = {.type = MESSAGE_HELLO, .as.hello = *hello};
    int received;

    if (message_encode(&c->out, &message, e) < 0 || flush(c, e) < 0)
        return -1;
    while ((received = receive(c, e)) > 0)
        if (handle_frames(c, e) < 0)
            return -1;
    return received;
}

static void connection_open(struct connection *c, int fd, struct status_page *page)
{
    c->fd = fd;
    c->oldest_ns = 0;
    frame_reader_init(&c->in, LIMIT_FRAME_BYTES);
    buf_init(&c->out, ANSWER_BYTES);
    clock_init_real(&c->clock);
    c->server = server_new(page);
}

static void connection_close(struct connection *c)
{
    server_free(c->server);
    buf_release(&c->out);
    frame_reader_release(&c->in);
}

int worker_serve(int fd, const struct message_hello *hello, struct status_page *page,
                 struct error *e)
{
    struct connection connection;
    int result;

    connection_open(&connection, fd, page);
    result = serve(&connection, hello, e);
    connection_close(&connection);
    return result;
}

static int fail(const struct error *e)
{
    char text[1200];

    fprintf(stderr, "orrery worker: %s\n", error_format(e, text, sizeof text));
    return 1;
}

static int never_swaps(const void *left, const void *right)
{
    (void)left;
    (void)right;
    return 0;
}

/*
 * What libraries ask the system for once, at first use, they must ask before the confinement
 * forbids it: jansson reads /dev/urandom for its hash, and glibc's qsort() asks for the machine's
 * memory when it first sorts more than 1 KiB (100 keys of one table are enough).
 */
static void warm_up(void)
{
    char items[64][64] = {{0}};

    json_object_seed(0);
    qsort(items, sizeof items / sizeof items[0], sizeof items[0], never_swaps);
}

static void describe(const struct confinement *c, char *out, size_t size)
{
    char landlock[32] = "";

    if (c->landlock_abi > 0)
        snprintf(landlock, sizeof landlock, ", Landlock (ABI %u)", c->landlock_abi);
    snprintf(out, size, "%s%s%s%s%s%s", c->seccomp ? "seccomp" : "NO seccomp",
             c->no_new_privs ? ", no_new_privs" : "", c->not_dumpable ? ", not dumpable" : "",
             c->rlimits ? ", rlimits" : "", c->mdwe ? ", no writable code (MDWE)" : "", landlock);
}

int worker_main(void)
{
    struct confine_limits limits = {.address_space = ADDRESS_SPACE};
    struct message_hello hello = {.version = PROTOCOL_VERSION, .lua = vm_lua_release()};
    struct connection connection;
    struct confinement confinement;
    char measures[160];
    struct error e = ERROR_INIT;
    struct status_page *page = spawn_map_page(&e);

    if (page == NULL || vm_timer_start(&e) < 0)
        return fail(&e);
    warm_up();
    connection_open(&connection, SPAWN_SOCKET_FD, page);
    if (confine_worker(&limits, &confinement, &e) < 0)
        return fail(&e);
    hello.landlock_abi = confinement.landlock_abi;
    describe(&confinement, measures, sizeof measures);
    hello.measures = measures;
    /* No clean-up: the process is the container. */
    _exit(serve(&connection, &hello, &e) < 0);
}
