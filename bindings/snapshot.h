/*
 * snapshot: named JSON documents that core sends when they change (feeds, vaults, a plugin's last
 * result), parsed at most once per version, when a script first looks at them.
 *
 * Ownership: the set owns its snapshots; pointers stay valid until the set is released (a snapshot
 * is never removed, only replaced in place).
 */
#ifndef ORRERY_BINDINGS_SNAPSHOT_H
#define ORRERY_BINDINGS_SNAPSHOT_H

#include <jansson.h>
#include <stddef.h>

struct snapshot {
    char *text; /* NULL: absent, or parsed already */
    size_t len;
    json_t *json;
};

void snapshot_set(struct snapshot *snapshot, const char *text,
                  size_t len); /* text == NULL: absent */
void snapshot_release(struct snapshot *snapshot);

/* The document, or NULL when it is absent or not JSON. Borrowed, until the next set. */
const json_t *snapshot_json(struct snapshot *snapshot);

/* `out` (released, or zero) becomes this version of `snapshot`, whatever is set in it later. */
void snapshot_share(struct snapshot *snapshot, struct snapshot *out);

struct snapshots;

struct snapshots *snapshots_new(void);
/* A new set with the present versions: of all, or of `name` alone. `set` may be NULL. */
struct snapshots *snapshots_share(struct snapshots *set, const char *name);
void snapshots_free(struct snapshots *set); /* NULL is legal */
void snapshots_put(struct snapshots *set, const char *name, const char *text, size_t len);
struct snapshot *snapshots_find(struct snapshots *set, const char *name); /* NULL: unknown */

/* One after the other, in order of arrival: NULL after the last. Begin with *cursor = NULL. */
struct snapshot *snapshots_next(struct snapshots *set, void **cursor, const char **name);

#endif
