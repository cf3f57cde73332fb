/*
 * A small HTTP server on a free loopback port, in a thread of the test. It answers one request per
 * connection with what its `answer` function wrote, or leaves the client waiting.
 */
#ifndef ORRERY_TEST_HTTP_SERVER_H
#define ORRERY_TEST_HTTP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_PARKED 256

struct http_server;

/* On the server's thread: writes to `fd`. False: the connection stays open, silent, until the
 * server stops. */
typedef bool answer_fn(struct http_server *server, int fd, const char *path, const char *request);

struct http_server {
    int listener;
    int port;
    pthread_t thread;
    answer_fn *answer;
    void *arg;
    atomic_int requests;
    atomic_int unanswered; /* connections left waiting */
    int parked[SERVER_PARKED];
};

static inline void server_send(int fd, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0) {
        ssize_t n = send(fd, from, len, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the client had enough */
        from += n;
        len -= (size_t)n;
    }
}

static inline void server_answer(int fd, int status, const char *headers, const char *body)
{
    char head[512];

    snprintf(head, sizeof head,
             "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n", status,
             strlen(body), headers);
    server_send(fd, head, strlen(head));
    server_send(fd, body, strlen(body));
}

static inline bool server_read(int fd, char *out, size_t size)
{
    size_t have = 0;

    out[0] = '\0';
    while (strstr(out, "\r\n\r\n") == NULL) {
        ssize_t n = have + 1 < size ? recv(fd, out + have, size - have - 1, 0) : 0;

        if (n <= 0)
            return false;
        have += (size_t)n;
        out[have] = '\0';
    }
    return true;
}

static inline void *server_run(void *arg)
{
    struct http_server *server = arg;
    int fd;

    while ((fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        char request[4096], path[256] = "";
        int slot = atomic_load(&server->unanswered);

        if (server_read(fd, request, sizeof request) && sscanf(request, "GET %255s", path) == 1) {
            atomic_fetch_add(&server->requests, 1);
            if (!server->answer(server, fd, path, request) && slot < SERVER_PARKED) {
                server->parked[slot] = fd;
                atomic_fetch_add(&server->unanswered, 1);
                continue;
            }
        }
        close(fd);
    }
    return NULL;
}

static inline int server_start(struct http_server *server, answer_fn *answer, void *arg)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;

    memset(server, 0, sizeof *server);
    server->answer = answer;
    server->arg = arg;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0)
        return -1;
    server->port = ntohs(address.sin_port);
    return pthread_create(&server->thread, NULL, server_run, server);
}

static inline void server_stop(struct http_server *server)
{
    shutdown(server->listener, SHUT_RDWR); /* ends accept() */
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (int i = 0; i < atomic_load(&server->unanswered); i++)
        close(server->parked[i]);
}

static inline char *server_url(const struct http_server *server, const char *path, char out[320])
{
    snprintf(out, 320, "http://127.0.0.1:%d%s", server->port, path);
    return out;
}

#endif
