/*
 * confine: makes this process unable to do anything but compute and talk on fd 3.
 *
 * confine_worker() is called once by a role after its start-up; from then on
 *   - seccomp kills the process at any system call but: read and write on fd 3, memory (brk,
 * munmap, mremap, mmap of private anonymous memory that is not executable), the clocks,
 * rt_sigreturn, exit;
 *   - Landlock (where the kernel has it) denies the whole file system, TCP, and signals and
 * abstract sockets to other processes; no_new_privs is set, the process is not dumpable and dies
 * with its parent;
 *   - rlimits: no files, no core, no file size, no new processes, bounded address space and CPU
 * time;
 *   - every descriptor above 3 is closed.
 * Each measure that the kernel lacks is reported in `confinement`, never silently skipped; seccomp
 * is required.
 *
 * A timer and its signal handler that were installed before go on working. Memory is refused with
 * ENOMEM at the address-space limit. abort() is SIGSYS: end with _exit().
 *
 * Under sanitizers (ORRERY_SANITIZED) the address-space limit is left out, the few calls their
 * runtime needs are permitted, and files that it wants to look at are refused with EACCES instead
 * of death.
 */
#ifndef ORRERY_IO_CONFINE_H
#define ORRERY_IO_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct confine_limits {
    size_t address_space; /* bytes in all, RLIMIT_AS; 0: none. The executable and its libraries
                             count too */
    uint64_t
        cpu_seconds; /* RLIMIT_CPU; 0: none (the core's deadline is the rule, this the backstop) */
};

struct confinement {
    bool seccomp, no_new_privs, not_dumpable, rlimits, mdwe;
    uint32_t landlock_abi; /* 0: not in force */
};

/* -1 when a measure that every kernel has could not be put in force; the process must then end. */
int confine_worker(const struct confine_limits *limits, struct confinement *out, struct error *e);

/* The same measures one by one, in the order in which confine_worker() takes them. */
int confine_landlock(uint32_t *abi,
                     struct error *e); /* *abi 0: the kernel has none. confine_landlock.c */
int confine_seccomp(struct error *e);  /* confine_seccomp.c */

/* One thing that a confined process must not be able to do, for `orrery check --confinement`.
 * confine_try() runs in a throw-away confined worker: it returns 0 when the attempt WORKED, else
 * the errno (EINVAL also for an unknown name); most attempts never return (SIGSYS). */
struct confine_probe {
    const char *what;        /* "open" */
    const char *description; /* "open a file for reading (/etc/passwd)" */
};
const struct confine_probe *confine_probes(size_t *count);
int confine_try(const char *what);

#endif
