#include "keys/locked.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

/* More than libsodium's Ed25519 and SHA-512 use together. */
#define SCRUB_BYTES (16 * 1024)

static int refused(int why, struct error *e)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_MEMLOCK, &limit);
    error_set(e, ERROR_UNSUPPORTED,
              "the system refuses to lock memory for keys, so that they are never swapped out: %s "
              "(at most %llu KiB may be locked, RLIMIT_MEMLOCK)",
              strerror(why), (unsigned long long)limit.rlim_cur / 1024);
    error_hint(e,
               "allow %d KiB: `ulimit -l %d` in the shell, LimitMEMLOCK=%dK in a systemd unit, "
               "--ulimit memlock=%d for a container",
               LOCKED_NEED_KIB, LOCKED_NEED_KIB, LOCKED_NEED_KIB, LOCKED_NEED_KIB * 1024);
    return -1;
}

/* The pages of `memory`, which ends where its last page does. */
static int protect(void *memory, size_t size, struct error *e)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)memory & ~(page - 1);
    size_t len = (uintptr_t)memory + size - first;

    /* sodium_malloc() has tried the same and keeps quiet about a refusal. */
    if (sodium_mlock((void *)first, len) != 0)
        return refused(errno, e);
    if (madvise((void *)first, len, MADV_DONTDUMP) != 0 ||
        madvise((void *)first, len, MADV_WIPEONFORK) != 0)
        return error_set(e, ERROR_UNSUPPORTED,
                         "memory for keys cannot be kept out of core dumps and forks: %s",
                         strerror(errno));
    return 0;
}

void *locked_new(size_t size, struct error *e)
{
    void *memory;

    if (sodium_init() < 0) {
        error_set(e, ERROR_UNSUPPORTED, "libsodium cannot be used: no source of random numbers");
        return NULL;
    }
    memory = sodium_malloc(size);
    if (memory == NULL) {
        error_set(e, ERROR_UNSUPPORTED, "no memory for keys: %s", strerror(errno));
        return NULL;
    }
    if (protect(memory, size, e) < 0) {
        sodium_free(memory);
        return NULL;
    }
    sodium_memzero(memory, size);
    return memory;
}

void locked_free(void *memory)
{
    sodium_free(memory);
}

int locked_seal(void *memory, struct error *e)
{
    if (sodium_mprotect_readonly(memory) != 0)
        return error_set(e, ERROR_IO, "memory for keys cannot be made read-only: %s",
                         strerror(errno));
    return 0;
}

void locked_scrub_stack(void)
{
    sodium_stackzero(SCRUB_BYTES);
}

int locked_process(struct error *e)
{
    struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return error_set(e, ERROR_IO, "core dumps cannot be switched off: %s", strerror(errno));
#ifndef ORRERY_SANITIZED /* the leak check at the end attaches to its own process */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return error_set(e, ERROR_IO, "the process cannot be closed to debuggers: %s",
                         strerror(errno));
#endif
    return 0;
}
