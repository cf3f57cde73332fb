/*
 * stream: a connection to a server as a stream of bytes: TCP, a Unix socket, or TLS on TCP with the
 * server's certificate and name checked. It never waits longer than told.
 *
 * libcurl connects it: it looks names up in a thread of its own, so a name server that is silent
 * does not hold us; it tries a host's addresses side by side; it does the TLS. No proxy is used.
 *
 * An object of one thread at a time. The process must ignore SIGPIPE (a TLS peer may close while we
 * write). After an error of send, receive or wait there is nothing left to do but close it.
 *
 * Errors: NETWORK no connection, or it broke; TIMEOUT; CONFIG the file of authorities cannot be
 * read, or the server's certificate is not to be trusted; UNSUPPORTED libcurl is not installed.
 */
#ifndef ORRERY_IO_STREAM_H
#define ORRERY_IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct stream;

struct stream_target {
    const char *host; /* name or address, IPv6 without brackets */
    uint16_t port;
    const char *socket_path; /* instead of host and port */
    bool tls;
    const char *tls_ca;  /* file of the only authorities to be trusted; NULL: the system's */
    bool tls_unverified; /* whoever answers is believed */
};

enum { STREAM_READ = 1, STREAM_WRITE = 2 };

/* Looks up, connects and shakes hands within `timeout_ms`. Borrows nothing. */
int stream_open(struct stream **out, const struct stream_target *target, int64_t timeout_ms,
                struct error *e);
void stream_close(struct stream *stream); /* NULL is legal */

/* What can be done without waiting; `*sent` and `*got` may be 0. */
int stream_send(struct stream *stream, const void *data, size_t len, size_t *sent, struct error *e);
int stream_receive(struct stream *stream, void *data, size_t size, size_t *got, struct error *e);

/* Until one of `what` may work, which send and receive then have to find out, or TIMEOUT at
 * `deadline_ns` by stream_now_ns(). Before waiting to read, receive until it gives nothing: TLS
 * holds back bytes that the kernel has handed over already. */
int stream_wait(struct stream *stream, int what, int64_t deadline_ns, struct error *e);

/* For waiting together with something else, under the same condition. */
int stream_descriptor(const struct stream *stream);

int64_t stream_now_ns(void); /* of the monotonic clock */

#endif
