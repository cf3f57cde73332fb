/*
 * spawn: starts this executable again in another role, with a socket on fd 3 and a shared status page.
 *
 * The child is execve'd from /proc/self/exe as `orrery --role=<role>`, with an empty environment (but sanitizer options), fd 0-2 on /dev/null (fd 2
 * stays open to the parent's standard error only when `debug`), fd 3 the socket, fd 4 the status page, and nothing else open. It gets SIGKILL
 * when its parent dies.
 */
#ifndef ORRERY_IO_SPAWN_H
#define ORRERY_IO_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

/* Written by the worker without system calls, read by core. Untrusted: core uses it only to name a culprit among the runs it has outstanding. */
struct status_page {
    volatile uint64_t run;   /* id of the run whose Lua code is executing now, 0: none */
    volatile uint64_t calls; /* grows with each start of a call */
};

struct child {
    pid_t pid;
    int fd;                          /* our end: non-blocking, close-on-exec */
    const struct status_page *page;  /* read-only mapping */
    int cpu_clock;                   /* clockid_t of the child's CPU time */
};

int spawn_role(struct child *out, const char *role, struct error *e);

/* CPU time the child has used, in ns; -1 when it is gone. */
int64_t child_cpu_ns(const struct child *child);
void child_kill(const struct child *child);   /* SIGKILL */
void child_release(struct child *child);      /* closes fd and mapping; does not wait */

/* In the child: maps fd 4 and closes it. NULL on failure. */
struct status_page *spawn_map_page(struct error *e);

#endif
