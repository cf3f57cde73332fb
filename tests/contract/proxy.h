/*
 * proxy: a TCP proxy in a thread of this process, on a free port of 127.0.0.1, before a server on
 * another port of it. It delivers byte by byte what it should, and then breaks in one of the ways
 * in which networks and servers do.
 *
 * Bytes are counted as they are delivered, of all connections together, from the last proxy_arm()
 * or proxy_disarm() on. All calls may be made from one other thread; they have taken effect when
 * they return.
 */
#ifndef ORRERY_TESTS_PROXY_H
#define ORRERY_TESTS_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proxy;

enum proxy_side { PROXY_TO_SERVER, PROXY_TO_CLIENT };

enum proxy_deed {
    PROXY_CUT,   /* the connection ends on both sides */
    PROXY_RESET, /* the same, but the client hears of it by a reset, not by an end */
    PROXY_HOLD,  /* the client is cut off as soon as it has sent all it had to send, and what was
                    not delivered yet is kept, with the server's side open, for proxy_deliver() */
    PROXY_STALL  /* nothing is delivered any more, in either direction, and no connection ends */
};

struct proxy *proxy_start(uint16_t server_port); /* aborts when there is no port to be had */
void proxy_stop(struct proxy *proxy);
uint16_t proxy_port(const struct proxy *proxy);

/* The deed happens once, to the connection that carries byte number `after` in this direction, when
 * that has been delivered; for 0, when the first one is about to be. */
void proxy_arm(struct proxy *proxy, enum proxy_deed deed, enum proxy_side side, size_t after);
/* All is well again, as far as it still can be; stalled connections end. True when the deed has
 * happened. */
bool proxy_disarm(struct proxy *proxy);

/* Bytes delivered in a direction. */
size_t proxy_count(struct proxy *proxy, enum proxy_side side);

/* Ends all connections but those that are held. */
void proxy_drop(struct proxy *proxy);
/* Connections are refused, as when no server runs, until told otherwise. Those that are open end.
 */
void proxy_refuse(struct proxy *proxy, bool refuse);

/* Delivers what was held and waits until the server has dealt with it: it answered and fell silent,
 * or closed. How many bytes that were; 0: nothing was held. */
size_t proxy_deliver(struct proxy *proxy);

#endif
