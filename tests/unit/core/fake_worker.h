/*
 * fake_worker: a test program that is its own worker. spawn_role() starts the running executable,
 * so main() finds itself in the worker's role there; what it is to do wrong is a line in a file,
 * named after the test's process id, in the current folder.
 */
#ifndef ORRERY_TEST_FAKE_WORKER_H
#define ORRERY_TEST_FAKE_WORKER_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/spawn.h"

#define SCENARIO_BYTES 64

static inline bool fake_is_worker(int argc, char **argv)
{
    return argc == 2 && strncmp(argv[1], "--role=", 7) == 0;
}

static inline void fake_path(pid_t test, char out[SCENARIO_BYTES])
{
    snprintf(out, SCENARIO_BYTES, "fake_worker.%d", (int)test);
}

/* In the test: for the workers started from now on. */
static inline bool fake_set_scenario(const char *scenario)
{
    char path[SCENARIO_BYTES];
    FILE *file;
    bool written;

    fake_path(getpid(), path);
    file = fopen(path, "w");
    if (file == NULL)
        return false;
    written = fputs(scenario, file) >= 0;
    return fclose(file) == 0 && written;
}

static inline void fake_forget_scenario(void)
{
    char path[SCENARIO_BYTES];

    fake_path(getpid(), path);
    unlink(path);
}

/* In the worker. */
static inline bool fake_scenario(char out[SCENARIO_BYTES])
{
    char path[SCENARIO_BYTES];
    FILE *file;
    bool got;

    fake_path(getppid(), path);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    got = fgets(out, SCENARIO_BYTES, file) != NULL;
    fclose(file);
    return got;
}

/* Writes all of it to core, or ends the process when core is gone. */
static inline void fake_put(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(SPAWN_SOCKET_FD, data, len);
        if (n <= 0)
            _exit(0);
        data += n;
        len -= (size_t)n;
    }
}

#endif
