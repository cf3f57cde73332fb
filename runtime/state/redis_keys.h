/*
 * redis_keys: how the state lies in Redis, for whoever looks at it with redis-cli.
 *
 *   orrery:schema                 string  1
 *   orrery:plugins                set     the plugins that have, or had, entries
 *   orrery:keys:PLUGIN            zset    the keys of a plugin's entries, scored by their deadline;
 *                                         inf: none
 *   orrery:state:PLUGIN:KEY       hash    value (JSON), expires_at (ms since the epoch, 0: never)
 *   orrery:stamp:WRITER           string  the number of the writer's last commit; a week's expiry
 *   orrery:leases                 set     the plugins that have, or had, leases
 *   orrery:lease:PLUGIN           hash    owner, label, token, expires_at (the server's clock;
 *                                         0: released)
 *   orrery:grants                 string  the last grant of a lease: plugin, token, time; watched
 *                                         by every commit
 *
 * "orrery" is the prefix (?prefix=). In the names of keys PLUGIN and WRITER are written with %XX
 * for anything but letters, digits, '_', '-' and '.', so that no ':' of theirs can be taken for
 * one of the layout; KEY is the last part and stands as it is. The members of the sets are the
 * plain names.
 *
 * The hash of an entry is the authority, the sets are indexes to it:
 *   - a member of keys: whose hash is gone (it expired on the server, long after its deadline; or
 *     somebody deleted it) is no entry. Sweeping removes such members when their deadline is over.
 *   - scores are doubles, exact up to 2^53 only. They find candidates; expires_at decides.
 *   - Redis has no empty sets: a plugin without entries has no keys:PLUGIN.
 */
#ifndef ORRERY_STATE_REDIS_KEYS_H
#define ORRERY_STATE_REDIS_KEYS_H

#include <stddef.h>

#include "model/limits.h"

struct error;

#define REDIS_PREFIX_DEFAULT "orrery"
#define REDIS_PREFIX_BYTES   64

struct redis_key {
    char text[REDIS_PREFIX_BYTES + sizeof ":plugins:" + 3 * LIMIT_NAME_BYTES + 1 + LIMIT_KEY_BYTES];
    size_t len; /* entries' keys may hold anything but NUL */
};

/* CONFIG unless `prefix` has 1 to 64 printable ASCII characters without spaces, braces and
 * backslashes, none of its parts between colons being a word of the layout: with it "a" and
 * "a:state" could not live side by side. */
int redis_prefix_check(const char *prefix, struct error *e);

/* "PREFIX:KIND" and "PREFIX:KIND:NAME"; return `key`. */
struct redis_key *redis_key_one(struct redis_key *key, const char *prefix, const char *kind);
struct redis_key *redis_key_of(struct redis_key *key, const char *prefix, const char *kind,
                               const char *name);
/* "PREFIX:state:PLUGIN:KEY" */
struct redis_key *redis_key_entry(struct redis_key *key, const char *prefix, const char *plugin,
                                  const char *entry, size_t entry_len);

#endif
