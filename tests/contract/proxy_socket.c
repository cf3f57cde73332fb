#include "contract/proxy_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void proxy_die(const char *what)
{
    perror(what);
    abort();
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    if (fd < 0)
        proxy_die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* Bound by number, so that the port stays ours while it does not listen. */
static int bind_port(uint16_t *port)
{
    struct sockaddr_in address = loopback(*port);
    socklen_t size = sizeof address;
    int fd = new_socket(), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

int proxy_listen(uint16_t *port)
{
    for (int attempt = 0; attempt < 20; attempt++) {
        int fd;
        *port = 0;
        fd = bind_port(port);
        if (fd >= 0)
            close(fd);
        fd = bind_port(port);
        if (fd >= 0 && listen(fd, 16) == 0)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    proxy_die("no free port");
}

int proxy_connect(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = new_socket();

    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

void proxy_close(int *fd, bool reset)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (*fd < 0)
        return;
    if (reset)
        setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(*fd);
    *fd = -1;
}
