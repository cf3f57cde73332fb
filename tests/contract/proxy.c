#include "contract/proxy.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "contract/proxy_socket.h"

#define CONNS       64
#define CHUNK       16384
#define HELD_BYTES  ((size_t)64 * 1024 * 1024)
#define QUIET_MS    30   /* a client that sent nothing for so long has sent all */
#define PATIENCE_MS 1500 /* for a server's first answer to what was held */

/* One direction of a connection: read from one side, not yet written to the other. */
struct flow {
    char data[CHUNK];
    size_t at, len;
    bool ended;
};

/* fds and flows by side: fds[PROXY_TO_SERVER] leads to the server. */
struct conn {
    int fds[2]; /* -1: closed */
    struct flow flows[2];
    struct buf held;
    bool holding;
};

enum request { REQUEST_NONE, REQUEST_DROP, REQUEST_REFUSE, REQUEST_ACCEPT, REQUEST_STOP };

struct proxy {
    uint16_t port, server_port;
    int listener, wake;
    pthread_t thread;
    pthread_mutex_t lock; /* over all below; the thread gives it up only while it polls */
    pthread_cond_t done;
    enum request request;
    struct conn *conns[CONNS];
    enum proxy_deed deed;
    enum proxy_side side;
    size_t after, counts[2];
    bool armed, happened, stalled, refusing;
};

static enum proxy_side other(enum proxy_side side)
{
    return side == PROXY_TO_SERVER ? PROXY_TO_CLIENT : PROXY_TO_SERVER;
}

/* ---- connections ---- */

static void conn_end(struct conn **slot, bool reset)
{
    struct conn *c = *slot;

    proxy_close(&c->fds[PROXY_TO_CLIENT], reset);
    proxy_close(&c->fds[PROXY_TO_SERVER], false);
    buf_release(&c->held);
    free(c);
    *slot = NULL;
}

static void accept_one(struct proxy *p)
{
    int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    int server, one = 1;
    size_t i = 0;

    if (client < 0)
        return;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    while (i < CONNS && p->conns[i] != NULL)
        i++;
    server = i < CONNS ? proxy_connect(p->server_port) : -1;
    if (server < 0) {
        proxy_close(&client, true);
        return;
    }
    p->conns[i] = mem_zero(1, sizeof *p->conns[i]);
    p->conns[i]->fds[PROXY_TO_CLIENT] = client;
    p->conns[i]->fds[PROXY_TO_SERVER] = server;
    buf_init(&p->conns[i]->held, HELD_BYTES);
}

static void begin_holding(struct conn *c)
{
    struct flow *flow = &c->flows[PROXY_TO_SERVER];

    c->holding = true;
    buf_add(&c->held, flow->data + flow->at, flow->len - flow->at);
    flow->at = flow->len = 0;
}

/* The armed deed, to this connection. */
static void break_now(struct proxy *p, struct conn **slot)
{
    p->armed = false;
    p->happened = true;
    switch (p->deed) {
    case PROXY_CUT:
        conn_end(slot, false);
        break;
    case PROXY_RESET:
        conn_end(slot, true);
        break;
    case PROXY_HOLD:
        begin_holding(*slot);
        break;
    case PROXY_STALL:
        p->stalled = true;
        break;
    }
}

/* Reads when there is nothing to write. False when the connection is broken. */
static bool flow_in(struct conn *c, enum proxy_side side)
{
    struct flow *flow = &c->flows[side];
    ssize_t n = recv(c->fds[other(side)], flow->data, sizeof flow->data, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->at = 0;
    flow->len = (size_t)n;
    flow->ended = n == 0;
    return true;
}

/* Writes what may be written. False when the connection is broken. */
static bool flow_out(struct proxy *p, struct conn *c, enum proxy_side side)
{
    struct flow *flow = &c->flows[side];
    size_t size = flow->len - flow->at;
    ssize_t n;

    if (p->armed && side == p->side && size > p->after - p->counts[side])
        size = p->after - p->counts[side];
    if (size == 0)
        return true;
    n = send(c->fds[side], flow->data + flow->at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->at += (size_t)n;
    p->counts[side] += (size_t)n;
    return true;
}

static bool is_due(const struct proxy *p, const struct conn *c, enum proxy_side side)
{
    const struct flow *flow = &c->flows[side];

    return p->armed && side == p->side && p->counts[side] >= p->after &&
           (p->after > 0 || flow->at < flow->len);
}

/* What poll() said of one connection, for one direction. */
static void serve(struct proxy *p, struct conn **slot, enum proxy_side side, bool readable)
{
    struct conn *c = *slot;
    struct flow *flow = &c->flows[side];

    if (flow->at == flow->len && readable && !flow_in(c, side)) {
        conn_end(slot, true);
        return;
    }
    if (!flow_out(p, c, side)) {
        conn_end(slot, true);
        return;
    }
    if (is_due(p, c, side))
        break_now(p, slot);
    else if (flow->ended && flow->at == flow->len)
        conn_end(slot, false);
}

/* ---- holding ---- */

/* The client's bytes are kept; the server's go nowhere, nobody is there to hear them. */
static void serve_held(struct conn **slot, bool client, bool server)
{
    struct conn *c = *slot;
    char data[CHUNK];
    ssize_t n;

    if (client && (n = recv(c->fds[PROXY_TO_CLIENT], data, sizeof data, MSG_DONTWAIT)) > 0)
        buf_add(&c->held, data, (size_t)n);
    else if (client && n == 0)
        proxy_close(&c->fds[PROXY_TO_CLIENT], false);
    if (server && recv(c->fds[PROXY_TO_SERVER], data, sizeof data, MSG_DONTWAIT) == 0)
        conn_end(slot, true);
}

static bool wait_readable(int fd, int ms)
{
    struct pollfd pfd = {fd, POLLIN, 0};

    return poll(&pfd, 1, ms) > 0;
}

/* On the caller's thread, which has the lock. */
static void deliver(struct conn *c)
{
    int fd = c->fds[PROXY_TO_SERVER];
    const char *data = buf_text(&c->held);
    int patience = PATIENCE_MS;
    char answer[CHUNK];
    size_t at = 0;

    while (at < c->held.len) {
        ssize_t n = send(fd, data + at, c->held.len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            return;
        at += n > 0 ? (size_t)n : 0;
        while (wait_readable(fd, n < 0 ? 1 : 0))
            if (recv(fd, answer, sizeof answer, MSG_DONTWAIT) <= 0)
                return;
    }
    while (wait_readable(fd, patience)) {
        if (recv(fd, answer, sizeof answer, MSG_DONTWAIT) <= 0)
            return;
        patience = 2 * QUIET_MS;
    }
}

/* ---- the thread ---- */

static void end_all(struct proxy *p, bool held, bool reset)
{
    for (size_t i = 0; i < CONNS; i++)
        if (p->conns[i] != NULL && (held || !p->conns[i]->holding))
            conn_end(&p->conns[i], reset);
}

static void do_request(struct proxy *p)
{
    switch (p->request) {
    case REQUEST_NONE:
        return;
    case REQUEST_DROP:
        end_all(p, false, false);
        break;
    case REQUEST_REFUSE:
        shutdown(p->listener, SHUT_RDWR);
        p->refusing = true;
        end_all(p, false, true);
        break;
    case REQUEST_ACCEPT:
        if (listen(p->listener, 16) != 0)
            proxy_die("listen");
        p->refusing = false;
        break;
    case REQUEST_STOP:
        return;
    }
    p->request = REQUEST_NONE;
    pthread_cond_signal(&p->done);
}

static short wanted(const struct conn *c, enum proxy_side side)
{
    /* The socket that leads to `side`: written by that flow, read by the other one. */
    const struct flow *out = &c->flows[side], *in = &c->flows[other(side)];

    return (short)((out->at < out->len ? POLLOUT : 0) |
                   (in->at == in->len || c->holding ? POLLIN : 0));
}

/* Slots 2+2i and 3+2i are connection i's, by side. */
static void prepare(struct proxy *p, struct pollfd *fds)
{
    fds[0] = (struct pollfd){p->wake, POLLIN, 0};
    fds[1] = (struct pollfd){p->refusing ? -1 : p->listener, POLLIN, 0};
    for (size_t i = 0; i < CONNS; i++)
        for (int side = 0; side < 2; side++) {
            const struct conn *c = p->conns[i];
            struct pollfd *fd = &fds[2 + 2 * i + (size_t)side];
            *fd = (struct pollfd){-1, 0, 0};
            if (c != NULL && !p->stalled)
                *fd = (struct pollfd){c->fds[side], wanted(c, (enum proxy_side)side), 0};
        }
}

static void serve_all(struct proxy *p, const struct pollfd *fds)
{
    for (size_t i = 0; i < CONNS; i++) {
        bool server = fds[2 + 2 * i + PROXY_TO_SERVER].revents != 0;
        bool client = fds[2 + 2 * i + PROXY_TO_CLIENT].revents != 0;
        if (p->conns[i] == NULL || (!server && !client))
            continue;
        if (p->conns[i]->holding) {
            serve_held(&p->conns[i], client, server);
            continue;
        }
        serve(p, &p->conns[i], PROXY_TO_SERVER, client);
        if (p->conns[i] != NULL && !p->conns[i]->holding && !p->stalled)
            serve(p, &p->conns[i], PROXY_TO_CLIENT, server);
    }
}

/* Those whose clients have been quiet are cut off. */
static void cut_held(struct proxy *p)
{
    for (size_t i = 0; i < CONNS; i++)
        if (p->conns[i] != NULL && p->conns[i]->holding)
            proxy_close(&p->conns[i]->fds[PROXY_TO_CLIENT], true);
}

static bool any_held_client(const struct proxy *p)
{
    for (size_t i = 0; i < CONNS; i++)
        if (p->conns[i] != NULL && p->conns[i]->holding && p->conns[i]->fds[PROXY_TO_CLIENT] >= 0)
            return true;
    return false;
}

static void *run(void *arg)
{
    struct proxy *p = arg;
    struct pollfd fds[2 + 2 * CONNS];
    uint64_t wakes;

    pthread_mutex_lock(&p->lock);
    while (p->request != REQUEST_STOP) {
        int ready, timeout;
        do_request(p);
        prepare(p, fds);
        timeout = any_held_client(p) ? QUIET_MS : -1;
        pthread_mutex_unlock(&p->lock);
        ready = poll(fds, 2 + 2 * CONNS, timeout);
        pthread_mutex_lock(&p->lock);
        if (ready == 0)
            cut_held(p);
        if (fds[0].revents != 0 && read(p->wake, &wakes, sizeof wakes) < 0)
            proxy_die("eventfd");
        if (p->request == REQUEST_NONE && fds[1].revents != 0)
            accept_one(p);
        if (p->request == REQUEST_NONE && !p->stalled)
            serve_all(p, fds);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- the caller's side ---- */

static void wake(struct proxy *p)
{
    uint64_t one = 1;

    if (write(p->wake, &one, sizeof one) < 0)
        proxy_die("eventfd");
}

static void ask(struct proxy *p, enum request request)
{
    pthread_mutex_lock(&p->lock);
    p->request = request;
    wake(p);
    while (p->request != REQUEST_NONE)
        pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

struct proxy *proxy_start(uint16_t server_port)
{
    struct proxy *p = mem_zero(1, sizeof *p);

    p->server_port = server_port;
    p->listener = proxy_listen(&p->port);
    p->wake = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->done, NULL);
    if (p->wake < 0 || pthread_create(&p->thread, NULL, run, p) != 0)
        proxy_die("proxy");
    return p;
}

void proxy_stop(struct proxy *p)
{
    pthread_mutex_lock(&p->lock);
    p->request = REQUEST_STOP;
    wake(p);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    end_all(p, true, true);
    close(p->listener);
    close(p->wake);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint16_t proxy_port(const struct proxy *p)
{
    return p->port;
}

void proxy_arm(struct proxy *p, enum proxy_deed deed, enum proxy_side side, size_t after)
{
    pthread_mutex_lock(&p->lock);
    p->deed = deed;
    p->side = side;
    p->after = after;
    p->armed = true;
    p->happened = false;
    p->counts[0] = p->counts[1] = 0;
    pthread_mutex_unlock(&p->lock);
}

bool proxy_disarm(struct proxy *p)
{
    bool happened, stalled;

    pthread_mutex_lock(&p->lock);
    happened = p->happened;
    stalled = p->stalled;
    p->armed = p->happened = p->stalled = false;
    p->counts[0] = p->counts[1] = 0;
    pthread_mutex_unlock(&p->lock);
    if (stalled)
        ask(p, REQUEST_DROP);
    return happened;
}

size_t proxy_count(struct proxy *p, enum proxy_side side)
{
    size_t count;

    pthread_mutex_lock(&p->lock);
    count = p->counts[side];
    pthread_mutex_unlock(&p->lock);
    return count;
}

void proxy_drop(struct proxy *p)
{
    ask(p, REQUEST_DROP);
}

void proxy_refuse(struct proxy *p, bool refuse)
{
    ask(p, refuse ? REQUEST_REFUSE : REQUEST_ACCEPT);
}

size_t proxy_deliver(struct proxy *p)
{
    size_t delivered = 0;

    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < CONNS; i++) {
        if (p->conns[i] == NULL || !p->conns[i]->holding)
            continue;
        delivered += p->conns[i]->held.len;
        deliver(p->conns[i]);
        conn_end(&p->conns[i], true);
    }
    wake(p); /* the thread still polls what was closed */
    pthread_mutex_unlock(&p->lock);
    return delivered;
}
