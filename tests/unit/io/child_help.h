/* Waiting for children in tests: with a deadline, never for a fixed time. */
#ifndef ORRERY_TEST_CHILD_HELP_H
#define ORRERY_TEST_CHILD_HELP_H

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/spawn.h"

#define CHILD_DEADLINE_MS 30000

static inline int64_t test_mono_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Reads what the child writes until it ends or `size` bytes are there; -1 when the deadline passed.
 */
static inline ssize_t child_read(const struct child *child, void *out, size_t size)
{
    size_t have = 0;

    while (have < size) {
        struct pollfd p = {.fd = child->fd, .events = POLLIN};
        ssize_t n;

        if (poll(&p, 1, CHILD_DEADLINE_MS) <= 0)
            return -1;
        n = read(child->fd, (char *)out + have, size - have);
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

/* The status with which the child ended; kills it and returns -1 when the deadline passed. */
static inline int child_wait(struct child *child)
{
    int64_t until = test_mono_ns() + (int64_t)CHILD_DEADLINE_MS * 1000000;
    int status = -1;

    while (child_reap(child, &status) == 0) {
        struct timespec nap = {0, 200000};

        if (test_mono_ns() > until) {
            child_kill(child);
            while (child_reap(child, &status) == 0)
                nanosleep(&nap, NULL);
            return -1;
        }
        nanosleep(&nap, NULL);
    }
    return status;
}

/* The role this process was started in ("probe:open"), or NULL: then it is the test itself. */
static inline const char *test_role(int argc, char **argv)
{
    static const char option[] = "--role=";

    if (argc == 2 && strncmp(argv[1], option, sizeof option - 1) == 0)
        return argv[1] + sizeof option - 1;
    return NULL;
}

#endif
