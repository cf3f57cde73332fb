/*
 * spawn: starts this executable again in another role, with a socket on fd 3 and a shared status
 * page.
 *
 * The child is executed from /proc/self/exe as `orrery --role=<role>`, with an empty environment
 * (but sanitizer options, and what spawn_role_with() is told), default signal handling, fd 0-2 on
 * /dev/null, fd 3 the socket (blocking), fd 4 the status page, and nothing else open. Standard
 * error stays the parent's in sanitizer builds, for their reports.
 *
 * Life: spawn_role() -> child_kill() or the child's own end -> child_reap() until it returns
 * non-zero -> child_release(). The pid is not reused by the system before child_reap() has seen the
 * end, so child_kill() and child_cpu_ns() never touch a stranger; after it they do nothing.
 *
 * In the child: spawn_map_page() first, then confine_worker().
 */
#ifndef ORRERY_IO_SPAWN_H
#define ORRERY_IO_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

#define SPAWN_SOCKET_FD 3
#define SPAWN_PAGE_FD   4

/* Written by the worker without system calls, read by core. Untrusted: core uses it only to name a
 * culprit among the runs it has outstanding. */
struct status_page {
    volatile uint64_t run;   /* run (or slot, in a LOAD) whose code is executing now; 0: none */
    volatile uint64_t calls; /* grows with each start of a call */
};

struct child {
    pid_t pid;                      /* -1 once reaped */
    int fd;                         /* our end: non-blocking, close-on-exec */
    const struct status_page *page; /* read-only mapping; its size is sealed */
    int cpu_clock;                  /* clockid_t of the child's CPU time */
};

int spawn_role(struct child *out, const char *role, struct error *e);

/* The same with these variables of our environment as the child's, those that there are: a role
 * that reads secrets from some gets them without a copy being made in this process. At most
 * SPAWN_VARIABLES. */
#define SPAWN_VARIABLES 32
int spawn_role_with(struct child *out, const char *role, const char *const *variables, size_t count,
                    struct error *e);

/* The same as spawn_role() for another executable, for tests. */
int spawn_role_path(struct child *out, const char *path, const char *role, struct error *e);

/* CPU time the child has used, in ns; -1 when it is gone. */
int64_t child_cpu_ns(const struct child *child);
void child_kill(const struct child *child); /* SIGKILL */

/* Never blocks. 1: the child has ended, `status` as of waitpid (may be NULL); 0: it runs; -1:
 * reaped before or by somebody else. */
int child_reap(struct child *child, int *status);
/* How it ended, for people: "killed by signal 9 (Killed)". */
void child_describe_end(int status, char *out, size_t size);
void child_release(struct child *child); /* closes fd and mapping; does not wait */

/* In the child: asks to be killed when the parent dies, maps fd 4 and closes it. NULL on failure,
 * also when the parent is dead already. */
struct status_page *spawn_map_page(struct error *e);

#endif
