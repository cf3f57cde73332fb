/*
 * fake_daemon: a control socket in a folder of its own, served by a thread that answers from a
 * script. One connection after the other; each line that comes in is kept, and answered with the
 * next text of the script.
 *
 *   NULL ends the script: the connection is closed instead of answered
 *   ""   nothing is answered: the daemon is silent until the client hangs up
 */
#ifndef TESTS_UNIT_CLI_FAKE_DAEMON_H
#define TESTS_UNIT_CLI_FAKE_DAEMON_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct fake_daemon {
    char desk[64]; /* the folder of the desk; the socket is in desk/data */
    char data[80];
    char socket[128];
    int listener;
    pthread_t thread;
    const char **script;
    size_t slow_us;   /* pause after each byte of an answer */
    char heard[4096]; /* all requests */
    size_t heard_len;
};

static inline void fake_answer(struct fake_daemon *d, int fd, const char *text)
{
    size_t len = strlen(text);

    if (d->slow_us == 0) {
        for (size_t sent = 0; sent < len;) {
            ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);
            if (n <= 0)
                return;
            sent += (size_t)n;
        }
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (send(fd, text + i, 1, MSG_NOSIGNAL) != 1)
            return;
        usleep((useconds_t)d->slow_us);
    }
}

/* Reads one line; 0 at the end of the connection. */
static inline int fake_hear(struct fake_daemon *d, int fd)
{
    char c;

    while (read(fd, &c, 1) == 1) {
        if (d->heard_len < sizeof d->heard - 1)
            d->heard[d->heard_len++] = c;
        if (c == '\n')
            return 1;
    }
    return 0;
}

static inline void *fake_serve(void *arg)
{
    struct fake_daemon *d = arg;
    int fd;

    while ((fd = accept(d->listener, NULL, NULL)) >= 0) {
        while (fake_hear(d, fd)) {
            const char *text = *d->script;
            if (text == NULL)
                break;
            d->script++;
            fake_answer(d, fd, text);
        }
        close(fd);
    }
    return NULL;
}

static inline int fake_listen(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4) < 0)
        abort();
    return fd;
}

static inline void fake_folder(struct fake_daemon *d)
{
    memset(d, 0, sizeof *d);
    snprintf(d->desk, sizeof d->desk, "/tmp/orrery-cli-XXXXXX");
    if (mkdtemp(d->desk) == NULL)
        abort();
    snprintf(d->data, sizeof d->data, "%s/data", d->desk);
    snprintf(d->socket, sizeof d->socket, "%s/orrery.sock", d->data);
    if (mkdir(d->data, 0700) < 0)
        abort();
    d->listener = -1;
}

static inline void fake_start(struct fake_daemon *d, const char **script)
{
    fake_folder(d);
    d->script = script;
    d->listener = fake_listen(d->socket);
    if (pthread_create(&d->thread, NULL, fake_serve, d) != 0)
        abort();
}

static inline void fake_stop(struct fake_daemon *d)
{
    if (d->listener >= 0) {
        shutdown(d->listener, SHUT_RDWR); /* ends accept() */
        pthread_join(d->thread, NULL);
        close(d->listener);
    }
    unlink(d->socket);
    rmdir(d->data);
    rmdir(d->desk);
}

#endif
