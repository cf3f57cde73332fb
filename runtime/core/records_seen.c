/* What a decide() saw, with the snapshots in the place of their digests. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "core/records_parts.h"

/* The text that `digest` names, parsed: a new reference. A snapshot that is gone (trimmed by a
 * newer rule, or a damaged journal) is said so, and is no failure. */
static int resolve(struct journal *j, const json_t *digest, json_t **out, struct error *e)
{
    const char *name = json_string_value(digest);
    char *text = NULL;

    if (name == NULL || strlen(name) != DIGEST_TEXT_SIZE - 1) {
        *out = json_deep_copy(digest);
        return 0;
    }
    if (journal_get_snapshot(j, name, &text, e) < 0)
        return -1;
    *out = text != NULL ? record_parsed(text) : json_pack("{s:s}", "missing_snapshot", name);
    free(text);
    return 0;
}

static int resolve_member(struct journal *j, json_t *o, const char *name, struct error *e)
{
    json_t *found;

    if (json_object_get(o, name) == NULL)
        return 0;
    if (resolve(j, json_object_get(o, name), &found, e) < 0)
        return -1;
    json_object_set_new(o, name, found);
    return 0;
}

static int resolve_market(struct journal *j, json_t *seen, struct error *e)
{
    json_t *market = json_object_get(seen, "market"), *digest, *found;
    const char *feed;
    void *next;

    json_object_foreach_safe(market, next, feed, digest)
    {
        if (resolve(j, digest, &found, e) < 0)
            return -1;
        json_object_set_new(market, feed, found);
    }
    return 0;
}

int record_seen(struct journal *j, const char *text, json_t **out, struct error *e)
{
    json_t *seen = record_parsed(text);

    if (json_is_object(seen) &&
        (resolve_member(j, seen, "vault", e) < 0 || resolve_member(j, seen, "params", e) < 0 ||
         resolve_member(j, seen, "last", e) < 0 || resolve_market(j, seen, e) < 0)) {
        json_decref(seen);
        return -1;
    }
    *out = seen;
    return 0;
}
