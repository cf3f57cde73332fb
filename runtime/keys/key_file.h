/*
 * key_file: files that hold keys: read into locked memory, written so that nobody else can read
 * them.
 *
 * A file is used only when it is a regular file itself (no symbolic link, no pipe, no device),
 * belongs to this user or to root, and nobody else can read or write it: mode 0600 or less. A
 * refusal names the command that repairs it. A systemd credential that belongs to root may show as
 * readable by its group (0440) to a service that is not root: it gets its access by an access
 * control list, which a mode shows that way.
 *
 * Nothing of a file's contents is ever part of an error.
 */
#ifndef ORRERY_KEYS_KEY_FILE_H
#define ORRERY_KEYS_KEY_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct error;

/* The whole file into `out` (locked memory, `size` bytes). The file is closed again. NOT_FOUND;
 * CONFIG when it is not to be used; LIMIT when it is larger than `size`; IO. What was read before a
 * failure is wiped. */
int key_file_read(const char *path, bool credential, char *out, size_t size, size_t *len,
                  struct error *e);

/* The same from a descriptor that is open already (the standard input), to its end. */
int key_file_read_fd(int fd, char *out, size_t size, size_t *len, struct error *e);

/* Makes the folder for keys, 0700, with a .gitignore that keeps all of it out of a repository; or
 * checks that the one that is there is nobody else's to read or write. */
int key_file_folder(const char *dir, struct error *e);
/* Only checks. NOT_FOUND when there is none. */
int key_file_check_folder(const char *dir, struct error *e);

/* A new file, 0600, on the disk when this returns. CONFLICT when `path` exists, which is then not
 * touched. A file that could not be written as a whole is gone. */
int key_file_write(const char *path, const char *text, size_t len, struct error *e);

#endif
