/*
 * confine: makes this process unable to do anything but compute and talk on fd 3.
 *
 * confine_worker() is called once by a role after its start-up; from then on
 *   - seccomp kills the process at any system call but: read and write on fd 3, memory (brk, munmap, mremap, mmap of private anonymous memory that is not
 *     executable), the clocks, rt_sigreturn, exit;
 *   - Landlock (where the kernel has it) denies the whole file system, no_new_privs is set, the process is not dumpable and dies with its parent;
 *   - rlimits: no files, no core, no file size, bounded address space and CPU time.
 * Each measure that the kernel lacks is reported in `confinement`, never silently skipped; seccomp is required.
 *
 * Under sanitizers (ORRERY_SANITIZED) the address-space limit is left out and the few calls their runtime needs are permitted.
 */
#ifndef ORRERY_IO_CONFINE_H
#define ORRERY_IO_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct confine_limits {
    size_t address_space;  /* bytes, RLIMIT_AS */
    uint64_t cpu_seconds;  /* RLIMIT_CPU; 0: none (the core's deadline is the rule, this the backstop) */
};

struct confinement {
    bool seccomp, no_new_privs, not_dumpable, rlimits, mdwe;
    uint32_t landlock_abi; /* 0: not in force */
};

int confine_worker(const struct confine_limits *limits, struct confinement *out, struct error *e);

/* One thing that a confined process must not be able to do, for `orrery check --confinement`. confine_try() runs in a throw-away confined worker:
 * it returns 0 when the attempt WORKED, else the errno; most attempts never return (SIGSYS). */
struct confine_probe {
    const char *what;        /* "open" */
    const char *description; /* "open a file for reading (/etc/passwd)" */
};
const struct confine_probe *confine_probes(size_t *count);
int confine_try(const char *what);

#endif
