/*
 * A small HTTP server on a free loopback port, in a thread of the test, that keeps connections and
 * reads bodies. One connection at a time; what is answered, and whether the connection goes on, is
 * the test's business.
 */
#ifndef ORRERY_TEST_POST_SERVER_H
#define ORRERY_TEST_POST_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct post_request {
    char head[8192]; /* "POST /path HTTP/1.1\r\n…", with its empty line */
    char *body;      /* NUL-terminated, never NULL; freed by the server */
    size_t body_len;
    int connection, number; /* from 0: of the connection, and of the request over all */
};

struct post_server;

/* On the server's thread. False: the connection is closed. */
typedef bool post_answer_fn(struct post_server *server, int fd, const struct post_request *request);

struct post_server {
    int listener, port;
    pthread_t thread;
    post_answer_fn *answer;
    void *arg;
    atomic_int connections, requests, open_fd; /* open_fd: -1 when none */
};

static inline bool post_send(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* A whole answer; `headers` end with \r\n each. */
static inline bool post_reply(int fd, int status, const char *headers, const char *body)
{
    char head[1024];

    snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n", status,
             strlen(body), headers);
    return post_send(fd, head, strlen(head)) && post_send(fd, body, strlen(body));
}

/* Byte by byte up to the empty line, so that nothing of a next request is taken. */
static inline bool post_read_head(int fd, char *out, size_t size)
{
    size_t have = 0;

    out[0] = '\0';
    while (have < 4 || memcmp(out + have - 4, "\r\n\r\n", 4) != 0) {
        if (have + 1 == size || recv(fd, out + have, 1, 0) != 1)
            return false;
        out[++have] = '\0';
    }
    return true;
}

static inline bool post_read_body(int fd, struct post_request *r)
{
    const char *length = strcasestr(r->head, "\r\nContent-Length:");
    size_t have = 0;

    r->body_len = length ? (size_t)strtoull(length + 17, NULL, 10) : 0;
    r->body = calloc(1, r->body_len + 1);
    while (r->body != NULL && have < r->body_len) {
        ssize_t n = recv(fd, r->body + have, r->body_len - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
    }
    return r->body != NULL;
}

static inline void post_serve(struct post_server *s, int fd, int connection)
{
    bool more = true;

    while (more) {
        struct post_request *r = calloc(1, sizeof *r);
        if (r == NULL)
            return;
        more = post_read_head(fd, r->head, sizeof r->head) && post_read_body(fd, r);
        if (more) {
            r->connection = connection;
            r->number = atomic_fetch_add(&s->requests, 1);
            more = s->answer(s, fd, r);
        }
        free(r->body);
        free(r);
    }
}

static inline void *post_run(void *arg)
{
    struct post_server *s = arg;
    int fd;

    while ((fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        atomic_store(&s->open_fd, fd);
        post_serve(s, fd, atomic_fetch_add(&s->connections, 1));
        atomic_store(&s->open_fd, -1);
        close(fd);
    }
    return NULL;
}

static inline int post_server_start(struct post_server *s, post_answer_fn *answer, void *arg)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;

    memset(s, 0, sizeof *s);
    s->answer = answer;
    s->arg = arg;
    atomic_store(&s->open_fd, -1);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(s->listener, 64) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&address, &size) != 0)
        return -1;
    s->port = ntohs(address.sin_port);
    return pthread_create(&s->thread, NULL, post_run, s);
}

static inline void post_server_stop(struct post_server *s)
{
    int fd = atomic_load(&s->open_fd);

    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
    shutdown(s->listener, SHUT_RDWR); /* ends accept() */
    pthread_join(s->thread, NULL);
    close(s->listener);
}

#endif
