/*
 * key_env: a secret from an environment variable, which is gone afterwards: every copy of its value
 * in the environment is overwritten where it stands (so that /proc/PID/environ does not show it
 * either) and the variable is removed, whether its value was of use or not.
 *
 * The process that started this one still has it, and so has every other that it started: a
 * process that hands a key down wipes its own with key_env_wipe() as soon as it has. A file or a
 * systemd credential is the better place.
 */
#ifndef ORRERY_KEYS_KEY_ENV_H
#define ORRERY_KEYS_KEY_ENV_H

#include <stdbool.h>
#include <stddef.h>

struct error;

/* [A-Za-z_][A-Za-z0-9_]*, at most 128 characters. */
bool key_env_is_name(const char *name);

/* The value into `out` (locked memory, `size` bytes). NOT_FOUND when there is no such variable,
 * LIMIT when it is longer. Not while other threads use the environment. */
int key_env_take(const char *name, char *out, size_t size, size_t *len, struct error *e);

void key_env_wipe(const char *name);

#endif
