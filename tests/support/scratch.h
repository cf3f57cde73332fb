/*
 * scratch: a folder of its own for each test, removed with everything in it.
 *
 * TMPDIR is respected, so that a run can be pointed at a tmpfs or a slow disk.
 */
#ifndef ORRERY_TESTS_SCRATCH_H
#define ORRERY_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct scratch {
    char dir[256];
};

static inline void scratch_make(struct scratch *scratch)
{
    const char *parent = getenv("TMPDIR");

    snprintf(scratch->dir, sizeof scratch->dir, "%s/orrery-test-XXXXXX",
             parent && parent[0] ? parent : "/tmp");
    if (mkdtemp(scratch->dir) == NULL) {
        perror(scratch->dir);
        abort();
    }
}

/* "<dir>/<name>", in one of a few rotating buffers. */
static inline const char *scratch_path(const struct scratch *scratch, const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", scratch->dir, name);
    return path;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type,
                                     struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void scratch_remove(struct scratch *scratch)
{
    nftw(scratch->dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
