/* proxy_socket: what the proxy needs of the loopback device. Trouble that no test can mend aborts.
 */
#ifndef ORRERY_TESTS_PROXY_SOCKET_H
#define ORRERY_TESTS_PROXY_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Listens on a free port, which stays ours also while the socket does not listen. */
int proxy_listen(uint16_t *port);
int proxy_connect(uint16_t port); /* -1: refused */
/* `reset`: the peer sees a reset, not an end. -1 afterwards; -1 before is legal. */
void proxy_close(int *fd, bool reset);
void proxy_die(const char *what) __attribute__((noreturn));

#endif
