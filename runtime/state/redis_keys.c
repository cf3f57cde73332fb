#include "state/redis_keys.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const char *const words[] = {"schema", "plugins", "keys", "state",
                                    "stamp",  "leases",  "lease"};

static bool is_word(const char *part, size_t len)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == len && memcmp(words[i], part, len) == 0)
            return true;
    return false;
}

int redis_prefix_check(const char *prefix, struct error *e)
{
    size_t len = strlen(prefix), part;

    if (len == 0 || len > REDIS_PREFIX_BYTES)
        return error_set(e, ERROR_CONFIG,
                         "the store's URL: prefix: expected 1 to %d characters, got %zu",
                         REDIS_PREFIX_BYTES, len);
    for (const char *c = prefix; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || strchr("{}\\", *c) != NULL)
            return error_set(e, ERROR_CONFIG,
                             "the store's URL: prefix: expected printable characters without "
                             "spaces, braces and backslashes, got '%s'",
                             prefix);
    for (const char *at = prefix;; at += part + 1) {
        part = strcspn(at, ":");
        if (is_word(at, part))
            return error_set(e, ERROR_CONFIG,
                             "the store's URL: prefix: '%.*s' is a word of the layout and cannot "
                             "be a part of the prefix '%s'",
                             (int)part, at, prefix);
        if (at[part] == '\0')
            return 0;
    }
}

static void add(struct redis_key *key, const char *text, size_t len)
{
    if (len > sizeof key->text - 1 - key->len) /* the wrappers have checked all lengths */
        len = sizeof key->text - 1 - key->len;
    memcpy(key->text + key->len, text, len);
    key->len += len;
    key->text[key->len] = '\0';
}

static void add_name(struct redis_key *key, const char *name)
{
    char escape[4];

    for (; *name != '\0'; name++) {
        unsigned char c = (unsigned char)*name;
        if (c < 0x80 && (isalnum(c) || strchr("_-.", c) != NULL)) {
            add(key, name, 1);
        } else {
            snprintf(escape, sizeof escape, "%%%02X", c);
            add(key, escape, 3);
        }
    }
}

struct redis_key *redis_key_one(struct redis_key *key, const char *prefix, const char *kind)
{
    key->len = 0;
    add(key, prefix, strlen(prefix));
    add(key, ":", 1);
    add(key, kind, strlen(kind));
    return key;
}

struct redis_key *redis_key_of(struct redis_key *key, const char *prefix, const char *kind,
                               const char *name)
{
    redis_key_one(key, prefix, kind);
    add(key, ":", 1);
    add_name(key, name);
    return key;
}

struct redis_key *redis_key_entry(struct redis_key *key, const char *prefix, const char *plugin,
                                  const char *entry, size_t entry_len)
{
    redis_key_of(key, prefix, "state", plugin);
    add(key, ":", 1);
    add(key, entry, entry_len);
    return key;
}
