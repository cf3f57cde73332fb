#include "core/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "core/control.h"

#define ID_FILE    "desk.id"
#define ID_LEN     32
#define PATH_BYTES 4200
#define PATH_SHOWN 80 /* bytes */

static int make_id(char id[ID_LEN + 1], const char *path, struct error *e)
{
    uint64_t words[2];

    if (getrandom(words, sizeof words, 0) != (ssize_t)sizeof words)
        return error_set(e, ERROR_IO, "no random numbers for %s: %s", path, strerror(errno));
    snprintf(id, ID_LEN + 1, "%016llx%016llx", (unsigned long long)words[0],
             (unsigned long long)words[1]);
    return 0;
}

/* Made at its first use, then the same for ever. */
static int read_id(const char *folder, char id[ID_LEN + 1], struct error *e)
{
    char path[PATH_BYTES];
    int fd, result = 0;

    snprintf(path, sizeof path, "%s/%s", folder, ID_FILE);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(e, ERROR_IO, "cannot open %s: %s", path, strerror(errno));
    if (read(fd, id, ID_LEN) != ID_LEN) { /* new; or its writing was cut short */
        result = make_id(id, path, e);
        if (result == 0 && pwrite(fd, id, ID_LEN, 0) != ID_LEN)
            result = error_set(e, ERROR_IO, "cannot write %s: %s", path, strerror(errno));
    }
    id[ID_LEN] = '\0';
    close(fd);
    return result;
}

static int look_at_lock(const struct owner_place *place, struct stat *lock, struct error *e)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", place->data, CONTROL_LOCK);
    if ((place->lock_fd >= 0 ? fstat(place->lock_fd, lock) : stat(path, lock)) == 0)
        return 0;
    return error_set(e, ERROR_IO, "cannot examine the desk's lock %s: %s", path, strerror(errno));
}

/* The end of a long path says more than its beginning. */
static void write_label(const struct owner_place *place, const char *host, const char *desk,
                        struct owner *out)
{
    size_t len = strlen(desk), skip = len > PATH_SHOWN ? len - PATH_SHOWN : 0;

    while (((unsigned char)desk[skip] & 0xC0) == 0x80)
        skip++; /* not in the middle of a character */
    snprintf(out->label, sizeof out->label, "%.32s:%s%s (%.20s%spid %d)", host,
             skip > 0 ? "\xE2\x80\xA6" : "", desk + skip, place->role != NULL ? place->role : "",
             place->role != NULL ? ", " : "", (int)getpid());
}

int owner_find(const struct owner_place *place, struct owner *out, struct error *e)
{
    char id[ID_LEN + 1], host[65] = "?", *path;
    struct stat lock;
    uint64_t where;

    if (read_id(place->data, id, e) < 0 || look_at_lock(place, &lock, e) < 0)
        return -1;
    gethostname(host, sizeof host - 1);
    where = random_mix(random_hash(host), random_mix(lock.st_dev, lock.st_ino));
    snprintf(out->id, sizeof out->id, "%s-%016llx", id, (unsigned long long)where);
    path = realpath(place->desk, NULL);
    write_label(place, host, path != NULL ? path : place->desk, out);
    free(path);
    return 0;
}
