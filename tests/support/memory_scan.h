/*
 * memory_scan: looks for secrets in all of another process's memory (/proc/PID/mem), inside and
 * outside of locked pages ("lo" in /proc/PID/smaps): heap, stacks and what returned functions left
 * there, environment, the data of libraries. From outside, so that looking disturbs nothing.
 *
 * The process that is looked at must have been executed, not just forked: else it has what its
 * parent had. It waits while it is looked at.
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
#include <sys/types.h>
#include <unistd.h>

/* What is looked for: pieces of a register's size, so that one that was spilled is found, too. */
#define SCAN_PIECE 8
#define SCAN_MOST  96
#define SCAN_PAGE  4096

struct scan_needles {
    struct {
        char name[32];
        unsigned char bytes[SCAN_PIECE];
    } items[SCAN_MOST];
    size_t count;
    bool begins[65536]; /* whether one begins with these two bytes */
};

struct scan_result {
    size_t outside, locked, bytes; /* pieces found; bytes looked at */
    char where[200];               /* the first place outside */
};

struct scan_region {
    uintptr_t start, end;
    bool locked;
    char name[96];
};

static inline size_t scan_pair(const unsigned char *bytes)
{
    return (size_t)bytes[0] << 8 | bytes[1];
}

/* All whole pieces of a secret. */
static inline void scan_add(struct scan_needles *n, const char *name, const void *secret,
                            size_t len)
{
    for (size_t at = 0; at + SCAN_PIECE <= len; at += SCAN_PIECE) {
        if (n->count == SCAN_MOST)
            abort();
        snprintf(n->items[n->count].name, sizeof n->items[0].name, "%s+%zu", name, at);
        memcpy(n->items[n->count].bytes, (const char *)secret + at, SCAN_PIECE);
        n->begins[scan_pair(n->items[n->count++].bytes)] = true;
    }
}

static inline size_t scan_regions(pid_t pid, struct scan_region *out, size_t max)
{
    char path[64], line[512];
    size_t count = 0;
    FILE *maps;

    snprintf(path, sizeof path, "/proc/%d/smaps", (int)pid);
    maps = fopen(path, "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        int name = 0;
        if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %n", &start, &end, &name) == 2 && count < max) {
            out[count] = (struct scan_region){.start = start, .end = end};
            snprintf(out[count].name, sizeof out[count].name, "%.*s",
                     name > 0 ? (int)strcspn(line + name, "\n") : 0, line + name);
            count++;
        } else if (strncmp(line, "VmFlags:", 8) == 0 && count > 0) {
            out[count - 1].locked = strstr(line, " lo") != NULL;
        }
    }
    if (maps != NULL)
        fclose(maps);
    return count;
}

static inline void scan_at(const struct scan_needles *n, const struct scan_region *r, uintptr_t at,
                           const unsigned char *data, struct scan_result *out)
{
    for (size_t k = 0; k < n->count; k++) {
        if (memcmp(data, n->items[k].bytes, SCAN_PIECE) != 0)
            continue;
        if (!r->locked && out->outside == 0)
            snprintf(out->where, sizeof out->where, "%s at %#lx of %#lx-%#lx %s", n->items[k].name,
                     (unsigned long)at, (unsigned long)r->start, (unsigned long)r->end, r->name);
        *(r->locked ? &out->locked : &out->outside) += 1;
    }
}

static inline void scan_chunk(const struct scan_needles *n, const struct scan_region *r,
                              uintptr_t at, const unsigned char *data, size_t len,
                              struct scan_result *out)
{
    for (size_t i = 0; i + SCAN_PIECE <= len; i++)
        if (n->begins[scan_pair(data + i)])
            scan_at(n, r, at + i, data + i, out);
}

/* A piece may lie across two pages: each is read together with the end of the one before. */
static inline void scan_region(int mem, const struct scan_region *r, const struct scan_needles *n,
                               struct scan_result *out)
{
    unsigned char buffer[SCAN_PAGE + SCAN_PIECE];
    size_t kept = 0;

    for (uintptr_t at = r->start; at < r->end; at += SCAN_PAGE) {
        ssize_t got = pread(mem, buffer + kept, SCAN_PAGE, (off_t)at);
        size_t len = kept + (got > 0 ? (size_t)got : 0);
        if (got <= 0) {
            kept = 0;
            continue;
        }
        scan_chunk(n, r, at - kept, buffer, len, out);
        out->bytes += (size_t)got;
        kept = SCAN_PIECE - 1;
        memmove(buffer, buffer + len - kept, kept);
    }
}

/* Whether this process may look: another user's or one that is closed to debuggers only root may,
 * and in a container not even root. */
static inline bool scan_permitted(pid_t pid)
{
    char path[64];
    int mem;

    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    mem = open(path, O_RDONLY | O_CLOEXEC);
    if (mem >= 0)
        close(mem);
    return mem >= 0;
}

static inline struct scan_result scan_memory(pid_t pid, const struct scan_needles *n)
{
    enum { MOST = 2048 };
    struct scan_region *regions = calloc(MOST, sizeof *regions);
    size_t count = scan_regions(pid, regions, MOST);
    struct scan_result out = {0};
    char path[64];
    int mem;

    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    mem = open(path, O_RDONLY | O_CLOEXEC);
    if (mem < 0 || count == 0) {
        perror(path);
        abort();
    }
    for (size_t i = 0; i < count; i++)
        scan_region(mem, &regions[i], n, &out);
    close(mem);
    free(regions);
    return out;
}

#endif
