#include "core/versions.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/registry.h"

#define MANY (SIZE_MAX / 4) /* strategies */

char *version_author(char out[VERSION_AUTHOR_BYTES + 1])
{
    struct passwd entry, *found = NULL;
    char room[4096];

    if (getpwuid_r(getuid(), &entry, room, sizeof room, &found) == 0 && found != NULL &&
        strlen(entry.pw_name) <= VERSION_AUTHOR_BYTES &&
        text_is_printable(entry.pw_name, strlen(entry.pw_name)))
        snprintf(out, VERSION_AUTHOR_BYTES + 1, "%s", entry.pw_name);
    else
        snprintf(out, VERSION_AUTHOR_BYTES + 1, "user %u", (unsigned)getuid());
    return out;
}

/* ---- a batch ---- */

struct version_batch *version_batch_new(const char *note, const char *author, bool activates)
{
    struct version_batch *b = mem_zero(1, sizeof *b);

    snprintf(b->note, sizeof b->note, "%s", note);
    snprintf(b->author, sizeof b->author, "%s", author);
    b->activates = activates;
    return b;
}

void version_batch_add(struct version_batch *b, const char *name, const char *hash,
                       const char *content, struct plugin *held)
{
    struct version_item *item;

    b->items = mem_resize(b->items, (b->count + 1) * sizeof *b->items);
    item = &b->items[b->count++];
    memset(item, 0, sizeof *item);
    item->held = held;
    snprintf(item->name, sizeof item->name, "%s", name);
    snprintf(item->hash, sizeof item->hash, "%s", hash);
    item->content = mem_strdup(content);
}

void version_batch_free(struct version_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->items[i].content);
    free(b->items);
    free(b);
}

/* ---- in the journal ---- */

/* Names of inactive strategies, one behind the other. */
struct inactive {
    char (*names)[LIMIT_NAME_BYTES + 1];
    size_t count;
};

static int note_inactive(void *arg, const struct strategy *s)
{
    struct inactive *in = arg;

    if (s->is_active)
        return 0;
    in->names = mem_resize(in->names, (in->count + 1) * sizeof *in->names);
    snprintf(in->names[in->count++], sizeof *in->names, "%s", s->name);
    return 0;
}

static bool is_inactive(const struct inactive *in, const char *name)
{
    for (size_t i = 0; i < in->count; i++)
        if (strcmp(in->names[i], name) == 0)
            return true;
    return false;
}

struct current {
    const char *hash;
    bool is_same;
    uint32_t number;
};

static int compare_current(void *arg, const struct strategy_version *v)
{
    struct current *c = arg;

    c->is_same = strcmp(v->hash, c->hash) == 0;
    c->number = v->number;
    return 0;
}

static int write_item(const struct version_batch *b, struct version_item *item,
                      const struct inactive *in, struct journal *j, struct error *e)
{
    struct current current = {.hash = item->hash};
    struct strategy_version v = {.strategy = item->name,
                                 .content = item->content,
                                 .note = b->note,
                                 .author = b->author,
                                 .created_ms = b->now_ms};

    item->is_new = item->is_inactive = false;
    if (journal_get_version(j, item->name, 0, compare_current, &current, e) < 0)
        return -1;
    if (current.is_same && !(b->activates && is_inactive(in, item->name))) {
        item->is_inactive = is_inactive(in, item->name);
        item->number = current.number;
        return 0;
    }
    memcpy(v.hash, item->hash, sizeof v.hash);
    return journal_put_version(j, &v, &item->number, &item->is_new, e);
}

int version_batch_write(struct version_batch *b, struct journal *j, struct error *e)
{
    struct inactive in = {NULL, 0};
    int result = journal_list_strategies(j, false, MANY, 0, note_inactive, &in, e);

    for (size_t i = 0; i < b->count && result == 0; i++)
        result = write_item(b, &b->items[i], &in, j, e);
    free(in.names);
    return result;
}

/* ---- through a commit ---- */

static int write_batch(struct commit *c, struct journal *journal, struct error *e)
{
    return version_batch_write(c->also_arg, journal, e);
}

/* What waited for this goes on, or is skipped. */
static void let_go(struct plugin *p, const struct version_item *item)
{
    p->unrecorded--;
    if (p->unrecorded > 0 || strcmp(p->version, item->hash) != 0)
        return;
    p->deactivated = item->is_inactive;
    if (p->deactivated)
        plugin_flush_queue(p, DEACTIVATED);
    plugin_pump(p);
}

static void batch_written(struct commit *c, struct engine *engine)
{
    struct version_batch *b = c->also_arg;
    bool failed = c->failed;

    commit_free(c);
    for (size_t i = 0; i < b->count && !failed; i++)
        if (b->items[i].held != NULL)
            let_go(b->items[i].held, &b->items[i]);
    if (b->done != NULL)
        b->done(b, engine, failed);
    version_batch_free(b);
}

void version_batch_push(struct version_batch *b, struct engine *engine)
{
    struct commit *c = commit_new(engine->commits.journal, batch_written, NULL);

    b->now_ms = clock_now_ms(&engine->clock);
    for (size_t i = 0; i < b->count; i++)
        if (b->items[i].held != NULL)
            b->items[i].held->unrecorded++;
    c->also = write_batch;
    c->also_arg = b;
    commits_push(c);
}

void versions_record(struct engine *engine, struct plugin *const *plugins, size_t count,
                     const char *note)
{
    char author[VERSION_AUTHOR_BYTES + 1];
    struct version_batch *b;

    if (count == 0)
        return;
    b = version_batch_new(note, version_author(author), false);
    for (size_t i = 0; i < count; i++)
        version_batch_add(b, plugins[i]->name, plugins[i]->version, plugins[i]->content,
                          plugins[i]);
    version_batch_push(b, engine);
}

json_t *version_batch_json(const struct version_batch *b)
{
    json_t *list = json_array();

    for (size_t i = 0; i < b->count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:I, s:b}", "plugin", b->items[i].name,
                                        "version", b->items[i].hash, "number",
                                        (json_int_t)b->items[i].number, "new", b->items[i].is_new));
    return list;
}

/* ---- of a stopped desk ---- */

static int check_blueprint(const struct blueprint *b, const char *plugin, struct error *e)
{
    if (!b->config_ok || b->problems.errors > 0)
        return problems_to_error(&b->problems, e);
    for (size_t i = 0; i < b->plugin_count; i++)
        if (plugin == NULL || strcmp(b->plugins[i].manifest.name, plugin) == 0)
            return 0;
    return plugin == NULL
               ? 0
               : error_set(e, ERROR_NOT_FOUND, "no strategy named '%.64s' in this desk", plugin);
}

static int write_stopped(struct version_batch *batch, struct journal *journal, struct error *e)
{
    if (journal_begin(journal, e) < 0)
        return -1;
    if (version_batch_write(batch, journal, e) == 0 && journal_commit(journal, e) == 0)
        return 0;
    journal_rollback(journal);
    return -1;
}

int versions_deploy_stopped(const char *desk, const struct registry *registry,
                            struct journal *journal, const char *plugin,
                            const struct deployment *deployment, int64_t now_ms, json_t **data,
                            struct error *e)
{
    struct version_batch *batch;
    struct blueprint *b;
    int result;

    if (blueprint_make(desk, registry, &b, e) < 0)
        return -1;
    batch = version_batch_new(deployment->note, deployment->author, true);
    batch->now_ms = now_ms;
    for (size_t i = 0; i < b->plugin_count; i++)
        if (b->plugins[i].ok &&
            (plugin == NULL || strcmp(b->plugins[i].manifest.name, plugin) == 0))
            version_batch_add(batch, b->plugins[i].manifest.name, b->plugins[i].version,
                              b->plugins[i].content, NULL);
    result = check_blueprint(b, plugin, e);
    if (result == 0)
        result = write_stopped(batch, journal, e);
    if (result == 0)
        *data = json_pack("{s:o}", "deployed", version_batch_json(batch));
    version_batch_free(batch);
    blueprint_free(b);
    return result;
}
