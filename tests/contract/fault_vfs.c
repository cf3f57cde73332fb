#include "contract/fault_vfs.h"

#include <sqlite3.h>
#include <string.h>

static sqlite3_vfs *real;
static sqlite3_vfs shim;

static struct {
    size_t nth;
    size_t seen;
    int code;
    bool lasting;
    bool happened;
} plan;

struct fault_file {
    sqlite3_file base;
    sqlite3_file *inner; /* lies behind this struct in the same memory */
};

static sqlite3_file *inner(sqlite3_file *file)
{
    return ((struct fault_file *)file)->inner;
}

static bool fails(void)
{
    if (plan.nth == 0)
        return false;
    plan.seen++;
    if (plan.seen != plan.nth && !(plan.lasting && plan.seen > plan.nth))
        return false;
    plan.happened = true;
    return true;
}

static int file_close(sqlite3_file *file)
{
    return inner(file)->pMethods->xClose(inner(file));
}

static int file_read(sqlite3_file *file, void *data, int size, sqlite3_int64 at)
{
    return inner(file)->pMethods->xRead(inner(file), data, size, at);
}

/* A failing write leaves half of its data behind, as a full disk does. */
static int file_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    if (fails()) {
        inner(file)->pMethods->xWrite(inner(file), data, size / 2, at);
        return plan.code;
    }
    return inner(file)->pMethods->xWrite(inner(file), data, size, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails() ? plan.code : inner(file)->pMethods->xTruncate(inner(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    return fails() ? plan.code : inner(file)->pMethods->xSync(inner(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return inner(file)->pMethods->xFileSize(inner(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return inner(file)->pMethods->xLock(inner(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return inner(file)->pMethods->xUnlock(inner(file), level);
}

static int file_reserved(sqlite3_file *file, int *out)
{
    return inner(file)->pMethods->xCheckReservedLock(inner(file), out);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    return inner(file)->pMethods->xFileControl(inner(file), op, arg);
}

static int file_sector(sqlite3_file *file)
{
    return inner(file)->pMethods->xSectorSize(inner(file));
}

static int file_traits(sqlite3_file *file)
{
    return inner(file)->pMethods->xDeviceCharacteristics(inner(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return inner(file)->pMethods->xShmMap(inner(file), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return inner(file)->pMethods->xShmLock(inner(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    inner(file)->pMethods->xShmBarrier(inner(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete_flag)
{
    return inner(file)->pMethods->xShmUnmap(inner(file), delete_flag);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int shim_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    struct fault_file *f = (struct fault_file *)file;
    int rc;

    (void)vfs;
    f->inner = (sqlite3_file *)(f + 1);
    f->base.pMethods = NULL;
    rc = real->xOpen(real, name, f->inner, flags, out_flags);
    if (f->inner->pMethods != NULL)
        f->base.pMethods = &methods;
    return rc;
}

void fault_vfs_install(void)
{
    if (real != NULL)
        return;
    sqlite3_initialize();
    real = sqlite3_vfs_find(NULL);
    shim = *real;
    shim.zName = "fault";
    shim.szOsFile = real->szOsFile + (int)sizeof(struct fault_file);
    shim.xOpen = shim_open;
    sqlite3_vfs_register(&shim, 1);
}

void fault_vfs_arm(size_t nth, int code, bool lasting)
{
    memset(&plan, 0, sizeof plan);
    plan.nth = nth;
    plan.code = code;
    plan.lasting = lasting;
}

bool fault_vfs_disarm(void)
{
    plan.nth = 0;
    return plan.happened;
}
