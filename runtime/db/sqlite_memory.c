#include "db/sqlite_memory.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

/* SQLite has one allocator per process and hands it no argument: what belongs to it cannot be kept
 * anywhere else. Written once, before anything else of SQLite. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sqlite3_mem_methods original;
static bool installed;

static _Thread_local int64_t used;

static void *allocate(int size)
{
    void *p = original.xMalloc(size);

    if (p != NULL)
        used += original.xSize(p);
    return p;
}

static void release(void *p)
{
    if (p != NULL)
        used -= original.xSize(p);
    original.xFree(p);
}

static void *resize(void *p, int size)
{
    int64_t before = p ? original.xSize(p) : 0;
    void *moved = original.xRealloc(p, size);

    if (moved != NULL)
        used += original.xSize(moved) - before;
    return moved;
}

static void install(void)
{
    sqlite3_mem_methods ours;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &original) != SQLITE_OK)
        return;
    ours = original;
    ours.xMalloc = allocate;
    ours.xFree = release;
    ours.xRealloc = resize;
    installed = sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK;
}

void sqlite_memory_install(void)
{
    pthread_once(&once, install);
}

int64_t sqlite_memory_used(void)
{
    return installed ? used : sqlite3_memory_used();
}
