#include "keys/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

/* ---- who else can read it ---- */

/* The hint "COMMAND PATH", so that it can be run as it is. */
static void hint_command(struct error *e, const char *command, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._-+,:@%=";
    bool quote = path[strspn(path, plain)] != '\0' || path[0] == '-';
    size_t room = sizeof e->hint - strlen(command) - sizeof " -- ''";

    if (strlen(path) > room || strchr(path, '\'') != NULL || path[strcspn(path, "\n\t\r\033")])
        error_hint(e, "%s, on that file", command);
    else
        error_hint(e, "%s%s %s%s%s", command, path[0] == '-' ? " --" : "", quote ? "'" : "", path,
                   quote ? "'" : "");
}

static int check_owner(const struct stat *st, const char *path, struct error *e)
{
    char command[48];

    if (st->st_uid == geteuid() || st->st_uid == 0)
        return 0;
    error_set(e, ERROR_CONFIG,
              "it belongs to another user (%u, this process runs as %u), who can read it: it is "
              "not used",
              (unsigned)st->st_uid, (unsigned)geteuid());
    snprintf(command, sizeof command, "chown %u", (unsigned)geteuid());
    hint_command(e, command, path);
    return -1;
}

static int check_mode(const struct stat *st, mode_t foreign, const char *allowed, const char *path,
                      struct error *e)
{
    char command[16];

    if ((st->st_mode & foreign) == 0)
        return 0;
    error_set(e, ERROR_CONFIG,
              "others have access to it (mode %04o): what holds keys is used only when nobody else "
              "has",
              (unsigned)(st->st_mode & 07777));
    snprintf(command, sizeof command, "chmod %s", allowed);
    hint_command(e, command, path);
    return -1;
}

static const char *kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a folder";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFLNK:
        return "a symbolic link";
    default:
        return "a device";
    }
}

static int check_file(int fd, const char *path, bool credential, struct error *e)
{
    mode_t foreign = S_IRWXO | S_IRWXG;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_set(e, ERROR_IO, "cannot look at it: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(e, ERROR_CONFIG, "expected a file with a key, this is %s",
                         kind_of(st.st_mode));
    if (check_owner(&st, path, e) < 0)
        return -1;
    if (credential && st.st_uid == 0 && geteuid() != 0)
        foreign &= ~(mode_t)S_IRGRP;
    return check_mode(&st, foreign, "600", path, e);
}

/* ---- reading ---- */

static int open_failed(const char *path, int why, struct error *e)
{
    if (why == ELOOP) {
        error_set(e, ERROR_CONFIG,
                  "it is a symbolic link: a key is read only from the file itself");
        error_hint(e, "name the file that it leads to: `readlink -f` prints it");
        return -1;
    }
    if (why == ENXIO) /* a socket, or a device without a driver */
        return error_set(e, ERROR_CONFIG, "expected a file with a key, this is none");
    if (why == ENOENT || why == ENOTDIR) {
        error_set(e, ERROR_NOT_FOUND, "there is no such file");
        if (strstr(path, "/~/") != NULL || path[0] == '~')
            error_hint(e, "~ means nothing here: write the path in full");
        return -1;
    }
    return error_set(e, ERROR_IO, "cannot open it: %s", strerror(why));
}

int key_file_read_fd(int fd, char *out, size_t size, size_t *len, struct error *e)
{
    size_t got = 0;
    ssize_t n = 0;
    char more;

    while (got < size && ((n = read(fd, out + got, size - got)) > 0 || (n < 0 && errno == EINTR)))
        got += n > 0 ? (size_t)n : 0;
    if (got == size)
        while ((n = read(fd, &more, 1)) < 0 && errno == EINTR)
            continue;
    sodium_memzero(&more, 1);
    if (n == 0) {
        *len = got;
        return 0;
    }
    sodium_memzero(out, size);
    if (n < 0)
        return error_set(e, ERROR_IO, "cannot read it: %s", strerror(errno));
    return error_set(e, ERROR_LIMIT, "expected at most %zu bytes of keys, got more", size);
}

int key_file_read(const char *path, bool credential, char *out, size_t size, size_t *len,
                  struct error *e)
{
    /* O_NONBLOCK: a pipe without a writer is looked at and refused, not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), result;

    if (fd < 0)
        return open_failed(path, errno, e);
    result = check_file(fd, path, credential, e);
    if (result == 0)
        result = key_file_read_fd(fd, out, size, len, e);
    close(fd);
    return result;
}

/* ---- writing ---- */

static int sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char dir[PATH_MAX];
    int fd, result;

    snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
             slash == NULL ? "." : path);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    result = fsync(fd);
    close(fd);
    return result;
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

int key_file_write(const char *path, const char *text, size_t len, struct error *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), result, why;

    if (fd < 0 && errno == EEXIST)
        return error_set(e, ERROR_CONFLICT, "there is such a file already: it was not touched");
    if (fd < 0)
        return error_set(e, ERROR_IO, "cannot make it: %s", strerror(errno));
    errno = ENOSPC; /* what a write of nothing means */
    result = fchmod(fd, 0600) == 0 && write_all(fd, text, len) == 0 && fsync(fd) == 0 ? 0 : -1;
    why = errno;
    if (close(fd) < 0 && result == 0) {
        result = -1;
        why = errno;
    }
    if (result == 0 && sync_folder_of(path) < 0) {
        result = -1;
        why = errno;
    }
    if (result == 0)
        return 0;
    unlink(path);
    return error_set(e, ERROR_IO, "cannot write it: %s", strerror(why));
}

/* Best effort: a folder without it is as safe, but for careless commits. */
static void ignore_all(const char *dir)
{
    char path[PATH_MAX];
    int fd;

    if (snprintf(path, sizeof path, "%s/.gitignore", dir) >= (int)sizeof path)
        return;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    (void)write_all(fd, "*\n", 2);
    close(fd);
}

int key_file_check_folder(const char *dir, struct error *e)
{
    struct stat st;

    if (lstat(dir, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return error_set(e, ERROR_NOT_FOUND, "there is no such folder");
    if (lstat(dir, &st) < 0)
        return error_set(e, ERROR_IO, "cannot look at it: %s", strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_set(e, ERROR_CONFIG, "expected a folder for keys, this is %s",
                         S_ISREG(st.st_mode) ? "a file" : kind_of(st.st_mode));
    if (check_owner(&st, dir, e) < 0)
        return -1;
    return check_mode(&st, S_IRWXO | S_IRWXG, "700", dir, e);
}

int key_file_folder(const char *dir, struct error *e)
{
    if (mkdir(dir, 0700) == 0)
        ignore_all(dir);
    else if (errno != EEXIST)
        return error_set(e, ERROR_IO, "cannot make the folder: %s", strerror(errno));
    return key_file_check_folder(dir, e);
}
