/*
 * worker: the role that runs strategies. One process, many plugins, no event loop: it blocks on its
 * socket, handles whatever complete messages have come, and answers them in order.
 *
 * Entry ritual: map the status page, open what needs opening (timer, hash seeds, tables), confine,
 * say HELLO, serve. After the confinement the process can only compute and talk on fd 3. Whatever
 * breaks the rules of the conversation ends the process: core starts another and loads the plugins
 * again.
 */
#ifndef ORRERY_WORKER_WORKER_H
#define ORRERY_WORKER_WORKER_H

struct error;
struct message_hello;
struct status_page;

/* The whole role; returns only on failure of the ritual, with an exit code. */
int worker_main(void);

/*
 * The conversation alone: says `hello`, then serves `fd` until the peer closes it (0) or breaks the
 * rules (-1, PROTOCOL or IO). Confinement is the caller's business; `page` is told which run's code
 * is executing.
 */
int worker_serve(int fd, const struct message_hello *hello, struct status_page *page,
                 struct error *e);

#endif
