#include "keys/key_env.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define NAME_MAX_CHARS 128

bool key_env_is_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t len = strlen(name);

    return len >= 1 && len <= NAME_MAX_CHARS && strchr(letters, name[0]) != NULL &&
           strspn(name, all) == len;
}

void key_env_wipe(const char *name)
{
    size_t len = strlen(name);

    for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            sodium_memzero(*entry + len + 1, strlen(*entry + len + 1));
    unsetenv(name);
}

int key_env_take(const char *name, char *out, size_t size, size_t *len, struct error *e)
{
    const char *value = getenv(name);
    size_t given;

    if (value == NULL) {
        error_set(e, ERROR_NOT_FOUND, "the environment has no such variable");
        error_hint(e, "it is wiped when it was read: a second look finds nothing");
        return -1;
    }
    given = strlen(value);
    if (given <= size) {
        memcpy(out, value, given);
        *len = given;
    }
    key_env_wipe(name);
    if (given > size)
        return error_set(e, ERROR_LIMIT, "expected at most %zu bytes of keys, got %zu", size,
                         given);
    return 0;
}
