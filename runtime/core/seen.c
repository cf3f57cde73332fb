#include "core/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/db_trace.h"
#include "core/ending.h"
#include "core/engine.h"
#include "model/seen.h"
#include "model/value.h"

#define KNOWN    4096 /* a power of two */
#define KNOWN_MS 3600000
#define RECORD_MAX                                                                                 \
    (32 * 1024 * 1024) /* reads, writes, actions and tables are bounded themselves                 \
                        */

struct seen_text {
    unsigned refs;
    char digest[DIGEST_TEXT_SIZE];
    char *text;
};

struct seen_scene {
    unsigned refs;
    uint64_t vault_version, feeds_version;
    struct seen_text *vault;
    struct seen_text **feeds; /* those that have had a price */
    size_t feed_count;
    struct buf json; /* members of a record */
};

/* What the journal was told, and when. */
struct known {
    char digest[DIGEST_TEXT_SIZE];
    int64_t told_ms;
};

struct seen {
    uint64_t feeds_version; /* grows with every change of a feed */
    struct buf limits;      /* a member of a record, or empty */
    struct known known[KNOWN];
};

/* ---- texts ---- */

static struct seen_text *text_new(const char *text)
{
    struct seen_text *t = mem_alloc(sizeof *t);

    t->refs = 1;
    t->text = mem_strdup(text);
    digest_text(text, strlen(text), t->digest);
    return t;
}

static struct seen_text *text_share(struct seen_text *t)
{
    if (t != NULL)
        t->refs++;
    return t;
}

void seen_text_drop(struct seen_text *t)
{
    if (t == NULL || --t->refs > 0)
        return;
    free(t->text);
    free(t);
}

void seen_params_changed(struct plugin *plugin)
{
    seen_text_drop(plugin->seen_params);
    plugin->seen_params = NULL;
}

void seen_last_changed(struct plugin *plugin)
{
    seen_text_drop(plugin->seen_last);
    plugin->seen_last = NULL;
}

static struct seen_text *params_of(struct plugin *plugin)
{
    char *text;

    if (plugin->seen_params == NULL) {
        text = value_text(plugin->params);
        plugin->seen_params = text_new(text);
        free(text);
    }
    return text_share(plugin->seen_params);
}

static struct seen_text *last_of(struct plugin *plugin)
{
    if (plugin->seen_last == NULL && plugin->last != NULL)
        plugin->seen_last = text_new(plugin->last);
    return text_share(plugin->seen_last);
}

/* ---- scenes ---- */

void seen_scene_drop(struct seen_scene *scene)
{
    if (scene == NULL || --scene->refs > 0)
        return;
    seen_text_drop(scene->vault);
    for (size_t i = 0; i < scene->feed_count; i++)
        seen_text_drop(scene->feeds[i]);
    free(scene->feeds);
    buf_release(&scene->json);
    free(scene);
}

static void add_feed(struct seen_scene *scene, const struct feed_slot *slot)
{
    buf_addf(&scene->json, "%s\"%s\":\"%s\"", scene->feed_count > 0 ? "," : ",\"market\":{",
             slot->config->name, slot->seen->digest);
    scene->feeds[scene->feed_count++] = text_share(slot->seen);
}

static struct seen_scene *scene_new(const struct vault *vault, const struct seen *seen)
{
    const struct engine *engine = vault->engine;
    struct seen_scene *scene = mem_zero(1, sizeof *scene);

    scene->refs = 1;
    scene->vault_version = vault->snapshot_version;
    scene->feeds_version = seen->feeds_version;
    scene->vault = text_new(vault->snapshot);
    scene->feeds = mem_zero(engine->feed_count, sizeof(struct seen_text *));
    buf_init(&scene->json, 64 + LIMIT_FEEDS * 128);
    buf_addf(&scene->json, "\"vault\":\"%s\"", scene->vault->digest);
    for (size_t i = 0; i < engine->feed_count; i++)
        if (engine->feeds[i].seen != NULL)
            add_feed(scene, &engine->feeds[i]);
    if (scene->feed_count > 0)
        buf_add_char(&scene->json, '}');
    return scene;
}

static void look_at_feeds(struct engine *engine, struct seen *seen)
{
    for (size_t i = 0; i < engine->feed_count; i++) {
        struct feed_slot *slot = &engine->feeds[i];
        if (slot->seen_version == slot->text_version || slot->text == NULL)
            continue;
        seen_text_drop(slot->seen);
        slot->seen = text_new(slot->text);
        slot->seen_version = slot->text_version;
        seen->feeds_version++;
    }
}

static struct seen_scene *scene_of(struct vault *vault, struct seen *seen)
{
    const struct seen_scene *now = vault->scene;

    look_at_feeds(vault->engine, seen);
    if (now == NULL || now->vault_version != vault->snapshot_version ||
        now->feeds_version != seen->feeds_version) {
        seen_scene_drop(vault->scene);
        vault->scene = scene_new(vault, seen);
    }
    vault->scene->refs++;
    return vault->scene;
}

/* ---- what differs from orrery's own ---- */

static void add_limit(struct buf *out, const char *name, uint64_t value, uint64_t usual)
{
    if (value != usual)
        buf_addf(out, "%s\"%s\":%llu", out->len > 0 ? "," : "", name, (unsigned long long)value);
}

static struct seen *seen_of(struct engine *engine)
{
    const struct script_limits *l = &engine->blueprint->config.limits;
    struct seen *seen = engine->seen;
    struct buf limits;

    if (seen != NULL)
        return seen;
    seen = engine->seen = mem_zero(1, sizeof *seen);
    buf_init(&limits, 1024);
    add_limit(&limits, "memory", l->memory, LIMIT_SCRIPT_MEMORY);
    add_limit(&limits, "soft_ms", (uint64_t)l->soft_ms, LIMIT_SOFT_DEADLINE_MS);
    add_limit(&limits, "value_bytes", l->value_bytes, LIMIT_VALUE_BYTES);
    add_limit(&limits, "state_bytes", l->state_bytes, LIMIT_STATE_BYTES);
    buf_init(&seen->limits, 1024);
    if (limits.len > 0)
        buf_addf(&seen->limits, ",\"limits\":{%s}", buf_text(&limits));
    buf_release(&limits);
    return seen;
}

void seen_free(struct engine *engine)
{
    if (engine->seen == NULL)
        return;
    buf_release(&engine->seen->limits);
    free(engine->seen);
    engine->seen = NULL;
}

/* ---- a tick ---- */

void seen_forget(struct tick *tick)
{
    seen_scene_drop(tick->scene);
    seen_text_drop(tick->seen_params);
    seen_text_drop(tick->seen_last);
    tick->scene = NULL;
    tick->seen_params = tick->seen_last = NULL;
}

void seen_look(struct tick *tick)
{
    struct plugin *plugin = tick->plugin;

    seen_forget(tick);
    if (tick->recording != RECORDING_FULL)
        return;
    tick->scene = scene_of(plugin->vault, seen_of(plugin->engine));
    tick->seen_params = params_of(plugin);
    tick->seen_last = last_of(plugin);
}

/* ---- its record ---- */

static const char *skip(const char *at, const char *end, const char *text)
{
    size_t len = strlen(text);

    return at != NULL && (size_t)(end - at) >= len && memcmp(at, text, len) == 0 ? at + len : NULL;
}

/* ["a","b",…] */
static const char *skip_names(const char *at, const char *end)
{
    const char *item = skip(at, end, "[");

    if (skip(item, end, "]") != NULL)
        return item + 1;
    while (item != NULL && item < end && *item == '"') {
        at = value_skip(item, end, 0);
        item = skip(at, end, ",");
    }
    return item == NULL ? skip(at, end, "]") : NULL;
}

enum part { PART_OBJECT, PART_NAMES, PART_FLAG };

static const char *skip_part(const char *at, const char *end, enum part part)
{
    if (part == PART_NAMES)
        return skip_names(at, end);
    if (part == PART_FLAG)
        return skip(at, end, "true");
    return skip(at, end, "{") != NULL ? value_skip(at, end, LIMIT_VALUE_DEPTH + 1) : NULL;
}

/* A script may have taken the worker over: its text becomes part of the record only when it is what
 * it should be: at most one of each, in this order. */
static int check_reads(const struct text *text, struct error *e)
{
    static const struct {
        const char *name;
        enum part part;
    } members[] = {{"\"reads\":", PART_OBJECT},
                   {"\"keys\":", PART_NAMES},
                   {"\"truncated\":", PART_FLAG},
                   {"\"full\":", PART_FLAG},
                   {"\"mixed\":", PART_FLAG}};
    const char *end = text->data + text->len, *at = skip(text->data, end, "{");
    bool any = false;

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *value = skip(any ? skip(at, end, ",") : at, end, members[i].name);
        if (value == NULL)
            continue;
        at = skip_part(value, end, members[i].part);
        any = true;
    }
    return any && skip(at, end, "}") == end
               ? 0
               : error_set(e, ERROR_PROTOCOL, "reads of ctx.state that are none");
}

static void add_text(struct buf *out, const char *name, const struct seen_text *text)
{
    if (text == NULL)
        return;
    buf_add_str(out, name);
    buf_add(out, text->digest, DIGEST_TEXT_SIZE - 1);
    buf_add_char(out, '"');
}

static void add_member(struct buf *out, const char *name, char *text)
{
    if (text != NULL) {
        buf_add_str(out, name);
        buf_add_str(out, text);
    }
    free(text);
}

static void add_reads(struct buf *out, const struct text *reads)
{
    if (reads->data == NULL)
        return;
    buf_add_char(out, ',');
    buf_add(out, reads->data + 1, reads->len - 2); /* the object's members */
}

static size_t writes_size(const struct kv_write *writes, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += writes[i].key_len + writes[i].value_len;
    return size;
}

static void digest_writes(struct buf *out, const struct kv_write *writes, size_t count)
{
    struct digest_part *parts = mem_alloc(3 * count * sizeof *parts);
    char digest[DIGEST_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        const struct kv_write *w = &writes[i];
        parts[3 * i] = (struct digest_part){w->key, w->key_len};
        parts[3 * i + 1] = (struct digest_part){w->value ? w->value : "", w->value_len};
        parts[3 * i + 2] = (struct digest_part){&w->expires_ms, sizeof w->expires_ms};
    }
    buf_addf(out, ",\"writes\":\"%s\"", digest_parts(parts, 3 * count, digest));
    free(parts);
}

static void add_expiries(struct buf *out, const struct kv_write *writes, size_t count)
{
    size_t expiring = 0;

    for (size_t i = 0; i < count; i++) {
        if (writes[i].expires_ms == 0)
            continue;
        buf_add_str(out, expiring++ == 0 ? ",\"expires\":{" : ",");
        value_write_string(out, writes[i].key, writes[i].key_len);
        buf_add_char(out, ':');
        value_write_integer(out, writes[i].expires_ms);
    }
    if (expiring > 0)
        buf_add_char(out, '}');
}

void seen_add_writes(struct buf *out, const struct kv_write *writes, size_t count)
{
    if (count == 0)
        return;
    if (writes_size(writes, count) > SEEN_WRITES_BYTES) {
        digest_writes(out, writes, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        buf_add_str(out, i == 0 ? ",\"writes\":{" : ",");
        value_write_string(out, writes[i].key, writes[i].key_len);
        buf_add_char(out, ':');
        if (writes[i].value != NULL)
            buf_add(out, writes[i].value, writes[i].value_len);
        else
            buf_add_str(out, "null");
    }
    buf_add_char(out, '}');
    add_expiries(out, writes, count);
}

int seen_record(struct ending *ending, const struct message_decided *d, struct error *e)
{
    struct tick *tick = ending->tick;
    struct buf *out = &ending->seen;

    if (tick->scene == NULL)
        return 0;
    if (d->reads.data != NULL && check_reads(&d->reads, e) < 0)
        return -1;
    buf_init(out, RECORD_MAX);
    buf_add_char(out, '{');
    buf_add(out, tick->scene->json.data, tick->scene->json.len);
    add_text(out, ",\"params\":\"", tick->seen_params);
    add_text(out, ",\"last\":\"", tick->seen_last);
    if (tick->closures != NULL)
        add_member(out, ",\"closures\":", value_text(tick->closures));
    add_reads(out, &d->reads);
    if (tick->db_trace != NULL)
        add_member(out, ",\"db\":", db_trace_text(tick->db_trace));
    seen_add_writes(out, d->writes, d->write_count);
    buf_add(out, buf_text(&tick->plugin->engine->seen->limits),
            tick->plugin->engine->seen->limits.len);
    return 0;
}

/* ---- its snapshots ---- */

static struct known *place_of(struct seen *seen, const char *digest)
{
    unsigned place = 0;

    for (int i = 0; i < 4; i++)
        place = place << 4 | (unsigned)(digest[i] <= '9' ? digest[i] - '0' : digest[i] - 'a' + 10);
    return &seen->known[place % KNOWN];
}

static bool is_known(struct seen *seen, const char *digest, int64_t now_ms)
{
    struct known *k = place_of(seen, digest);
    int64_t age = now_ms - k->told_ms;

    if (memcmp(k->digest, digest, sizeof k->digest) == 0 && age < KNOWN_MS && age > -KNOWN_MS)
        return true;
    memcpy(k->digest, digest, sizeof k->digest);
    k->told_ms = now_ms;
    return false;
}

static void tell(struct seen *seen, struct commit *c, const struct seen_text *text, int64_t now_ms)
{
    struct commit_snapshot *s;

    if (text == NULL || is_known(seen, text->digest, now_ms))
        return;
    c->snapshots = mem_resize(c->snapshots, (c->snapshot_count + 1) * sizeof *c->snapshots);
    s = &c->snapshots[c->snapshot_count++];
    memcpy(s->digest, text->digest, sizeof s->digest);
    s->text = mem_strdup(text->text);
}

void seen_finish(struct ending *ending)
{
    struct tick *tick = ending->tick;
    struct engine *engine = tick->plugin->engine;
    int64_t now_ms = clock_now_ms(&engine->clock);

    if (ending->seen.len == 0)
        return;
    tell(engine->seen, ending->commit, tick->scene->vault, now_ms);
    for (size_t i = 0; i < tick->scene->feed_count; i++)
        tell(engine->seen, ending->commit, tick->scene->feeds[i], now_ms);
    tell(engine->seen, ending->commit, tick->seen_params, now_ms);
    tell(engine->seen, ending->commit, tick->seen_last, now_ms);
    if (ending->decided != NULL && ending->commit->run.actions != NULL &&
        strcmp(ending->decided, ending->commit->run.actions) != 0) {
        buf_add_str(&ending->seen, ",\"decided\":");
        buf_add_str(&ending->seen, ending->decided);
    }
    buf_add_char(&ending->seen, '}');
    ending->commit->run.seen = buf_steal(&ending->seen);
}
