/* Landlock: everything that the running kernel can deny is denied, with no exception. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "io/confine.h"

/* The kernel's interface as of ABI 7; the headers we build with know less. The kernel accepts a
 * larger struct than it knows as long as the rest is zero. */
struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

#define CREATE_RULESET_VERSION 1u
#define FS_RIGHTS_ABI_1        ((1ull << 13) - 1) /* execute … make_sym */
#define FS_RIGHT_REFER         (1ull << 13)       /* ABI 2 */
#define FS_RIGHT_TRUNCATE      (1ull << 14)       /* ABI 3 */
#define FS_RIGHT_IOCTL_DEV     (1ull << 15)       /* ABI 5 */
#define NET_RIGHTS             3ull               /* ABI 4: bind and connect TCP */
#define SCOPES                 3ull               /* ABI 6: abstract unix sockets, signals */

static struct ruleset everything(long abi)
{
    struct ruleset r = {.handled_access_fs = FS_RIGHTS_ABI_1};

    if (abi >= 2)
        r.handled_access_fs |= FS_RIGHT_REFER;
    if (abi >= 3)
        r.handled_access_fs |= FS_RIGHT_TRUNCATE;
    if (abi >= 4)
        r.handled_access_net = NET_RIGHTS;
    if (abi >= 5)
        r.handled_access_fs |= FS_RIGHT_IOCTL_DEV;
    if (abi >= 6)
        r.scoped = SCOPES;
    return r;
}

int confine_landlock(uint32_t *abi, struct error *e)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    struct ruleset rules;
    int fd, failure;

    if (version <= 0) { /* ENOSYS: not built in; EOPNOTSUPP: switched off at boot */
        *abi = 0;
        return 0;
    }
    rules = everything(version);
    fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (fd < 0)
        return error_set(e, ERROR_UNSUPPORTED, "Landlock (ABI %ld) refused the rules: %s", version,
                         strerror(errno));
    failure = syscall(SYS_landlock_restrict_self, fd, 0) != 0 ? errno : 0;
    close(fd);
    if (failure != 0)
        return error_set(e, ERROR_UNSUPPORTED, "Landlock (ABI %ld) could not be put in force: %s",
                         version, strerror(failure));
    *abi = (uint32_t)version;
    return 0;
}
