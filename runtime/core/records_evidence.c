/* run_evidence: everything that is needed to execute a decision again. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "core/records_parts.h"

static int take_content(void *arg, const struct strategy_version *v)
{
    json_t *json = record_version(v);

    json_object_set_new(json, "content", record_parsed(v->content));
    *(json_t **)arg = json;
    return 1;
}

/* null when it is not known (any more). */
static int find_version(struct journal *j, const json_t *run, json_t **out, struct error *e)
{
    const char *plugin = json_string_value(json_object_get(run, "plugin"));
    const char *hash = json_string_value(json_object_get(run, "version"));
    json_t *found = NULL;

    if (hash != NULL && strlen(hash) == DIGEST_TEXT_SIZE - 1 &&
        record_stopped(journal_find_version(j, plugin, hash, take_content, &found, e)) < 0)
        return -1;
    *out = found != NULL ? found : json_null();
    return 0;
}

static int add_snapshot(struct journal *j, const json_t *digest, json_t *snapshots, struct error *e)
{
    const char *name = json_string_value(digest);
    char *text = NULL;

    if (name == NULL || strlen(name) != DIGEST_TEXT_SIZE - 1)
        return 0;
    if (journal_get_snapshot(j, name, &text, e) < 0)
        return -1;
    if (text != NULL)
        json_object_set_new(snapshots, name, json_string(text));
    free(text);
    return 0;
}

static int find_snapshots(struct journal *j, const json_t *seen, json_t *snapshots, struct error *e)
{
    static const char *const names[] = {"vault", "params", "last"};
    json_t *digest;
    const char *feed;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (add_snapshot(j, json_object_get(seen, names[i]), snapshots, e) < 0)
            return -1;
    json_object_foreach(json_object_get(seen, "market"), feed, digest)
    {
        if (add_snapshot(j, digest, snapshots, e) < 0)
            return -1;
    }
    return 0;
}

/* The runtime checks the grammar of what a worker says, on the path of every tick, and no more: one
 * that was taken over may have said a key twice. */
static int check_seen(const char *text, const json_t *seen, struct error *e)
{
    if (text == NULL || json_is_object(seen))
        return 0;
    return error_set(e, ERROR_STORE_CORRUPT,
                     "what is on record of what this run saw is not what a worker of orrery says");
}

int record_run_evidence(const struct record_ask *ask, json_t **data, struct error *e)
{
    json_t *seen, *version = NULL, *snapshots = json_object();
    struct record_run run;
    uint64_t id;
    int result;

    if (record_run_id(ask, "run", &id, e) < 0 || record_get_run(ask, id, &run, e) < 0) {
        json_decref(snapshots);
        return -1;
    }
    seen = record_parsed(run.seen);
    result = check_seen(run.seen, seen, e);
    if (result == 0)
        result = find_version(ask->journal, run.json, &version, e);
    if (result == 0)
        result = find_snapshots(ask->journal, seen, snapshots, e);
    if (result == 0)
        *data = json_pack("{s:O, s:O, s:O, s:O}", "run", run.json, "seen", seen, "version", version,
                          "snapshots", snapshots);
    json_decref(seen);
    json_decref(version);
    json_decref(snapshots);
    record_run_release(&run);
    return result;
}
