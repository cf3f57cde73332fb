/*
 * memory_scan: looks for a secret in all of this process's own memory (/proc/self/mem) outside of
 * locked pages ("lo" in /proc/self/smaps): heap, stacks, registers that were spilled, environment,
 * the data of libraries.
 *
 * The scanner itself must not be what it finds: needles are kept XORed with a mask, and the buffer
 * that pages are read into is passed over.
 */
#ifndef ORRERY_TESTS_MEMORY_SCAN_H
#define ORRERY_TESTS_MEMORY_SCAN_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SCAN_MASK  0xa5
#define SCAN_BYTES 64
#define SCAN_PAGE  4096

/* XORed with SCAN_MASK. */
struct scan_needle {
    const char *name;
    size_t len;
    unsigned char masked[SCAN_BYTES];
};

struct scan_result {
    size_t outside, locked; /* how often it was found */
    char where[160];        /* the first place outside */
};

struct scan_region {
    uintptr_t start, end;
    bool readable, locked;
    char name[96];
};

/* Whether it stands at `at`. */
static inline bool scan_is_at(const struct scan_needle *n, const unsigned char *at)
{
    for (size_t i = 0; i < n->len; i++)
        if ((at[i] ^ SCAN_MASK) != n->masked[i])
            return false;
    return true;
}

static inline size_t scan_bytes(const struct scan_needle *n, const unsigned char *data, size_t len)
{
    size_t found = 0;

    for (size_t i = 0; i + n->len <= len; i++)
        if ((data[i] ^ SCAN_MASK) == n->masked[0] && scan_is_at(n, data + i))
            found++;
    return found;
}

/* All regions first: reading them while looking would change them. */
static inline size_t scan_regions(struct scan_region *out, size_t max)
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    char line[512];
    size_t count = 0;

    if (maps == NULL)
        return 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        char mode[8];
        int name = 0;
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %n", &start, &end, mode, &name) == 3 &&
            count < max) {
            out[count] = (struct scan_region){.start = start, .end = end};
            out[count].readable = mode[0] == 'r';
            snprintf(out[count].name, sizeof out[count].name, "%.*s",
                     (int)strcspn(line + name, "\n"), line + name);
            count++;
        } else if (strncmp(line, "VmFlags:", 8) == 0 && count > 0) {
            out[count - 1].locked = strstr(line, " lo") != NULL;
        }
    }
    fclose(maps);
    return count;
}

/* A needle may lie across two pages: each is read together with the end of the one before. */
static inline void scan_region(int mem, const struct scan_region *r, const struct scan_needle *n,
                               unsigned char *buffer, struct scan_result *out)
{
    uintptr_t own = (uintptr_t)buffer;
    size_t tail = n->len - 1, kept = 0;

    for (uintptr_t at = r->start; at < r->end; at += SCAN_PAGE) {
        ssize_t got;
        size_t found;
        if ((at < own + 2 * SCAN_PAGE && at + SCAN_PAGE > own) ||
            (got = pread(mem, buffer + kept, SCAN_PAGE, (off_t)at)) <= 0) {
            kept = 0;
            continue;
        }
        found = scan_bytes(n, buffer, kept + (size_t)got);
        if (found > 0 && !r->locked && out->outside == 0)
            snprintf(out->where, sizeof out->where, "%s at %#lx in %#lx-%#lx %s", n->name,
                     (unsigned long)at, (unsigned long)r->start, (unsigned long)r->end, r->name);
        *(r->locked ? &out->locked : &out->outside) += found;
        memmove(buffer, buffer + kept + (size_t)got - tail, tail);
        kept = tail;
    }
    memset(buffer, 0, 2 * SCAN_PAGE);
}

static inline struct scan_result scan_memory(const struct scan_needle *n)
{
    enum { MOST = 1024 };
    struct scan_region *regions = calloc(MOST, sizeof *regions);
    unsigned char *buffer =
        mmap(NULL, 2 * SCAN_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t count = scan_regions(regions, MOST);
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    struct scan_result out = {0};

    if (buffer == MAP_FAILED || mem < 0 || count == 0) {
        perror("scanning /proc/self/mem");
        abort();
    }
    for (size_t i = 0; i < count; i++)
        if (regions[i].readable)
            scan_region(mem, &regions[i], n, buffer, &out);
    close(mem);
    munmap(buffer, 2 * SCAN_PAGE);
    free(regions);
    return out;
}

#endif
