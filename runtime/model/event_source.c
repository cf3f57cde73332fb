#include "model/event_source.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/settings.h"

#define TABLE  (1u << EVENT_SOURCE_POSTGRES_TABLE)
#define NOTIFY (1u << EVENT_SOURCE_POSTGRES_NOTIFY)
#define STREAM (1u << EVENT_SOURCE_REDIS_STREAM)
#define PUBSUB (1u << EVENT_SOURCE_REDIS_PUBSUB)

#define URL_BYTES  4096
#define NAME_BYTES 63  /* of PostgreSQL's identifiers */
#define KEY_BYTES  200 /* of a stream's or channel's name in Redis */
#define HOUR_MS    3600000.0

#define TEXT(key, member, max_, groups)                                                            \
    {                                                                                              \
        .name = key, .type = SETTING_TEXT, .offset = offsetof(struct event_source, member),        \
        .min = 1, .max = max_, .group = groups                                                     \
    }
#define OTHER(key, groups)                                                                         \
    {                                                                                              \
        .name = key, .type = SETTING_OTHER, .group = groups                                        \
    }

static const struct setting source_settings[] = {
    OTHER("kind", 0),
    TEXT("url", url, URL_BYTES, 0),
    TEXT("topic", topic, KEY_BYTES, 0),
    OTHER("table", TABLE),
    TEXT("cursor_column", cursor_column, NAME_BYTES, TABLE),
    TEXT("payload_column", payload_column, NAME_BYTES, TABLE),
    TEXT("id_column", id_column, NAME_BYTES, TABLE),
    TEXT("id_field", id_field, NAME_BYTES, NOTIFY | STREAM | PUBSUB),
    OTHER("mode", STREAM | PUBSUB),
    OTHER("from", TABLE | STREAM),
    TEXT("cursor", cursor, NAME_BYTES, TABLE | STREAM),
    {.name = "poll",
     .type = SETTING_DURATION,
     .offset = offsetof(struct event_source, poll_ms),
     .min = 10,
     .max = HOUR_MS,
     .group = TABLE},
    OTHER("overflow", 0),
    {.name = "queue",
     .type = SETTING_U32,
     .offset = offsetof(struct event_source, queue),
     .min = 1,
     .max = EVENT_QUEUE_MAX},
    END_OF_SETTINGS,
};

static const char *const kind_names[] = {
    [EVENT_SOURCE_POSTGRES_TABLE] = "postgres table",
    [EVENT_SOURCE_POSTGRES_NOTIFY] = "postgres notify",
    [EVENT_SOURCE_REDIS_STREAM] = "redis stream",
    [EVENT_SOURCE_REDIS_PUBSUB] = "redis pubsub",
};

const char *event_source_kind_name(enum event_source_kind kind)
{
    return kind_names[kind];
}

bool event_source_is_durable(const struct event_source *s)
{
    return s->kind == EVENT_SOURCE_POSTGRES_TABLE || s->kind == EVENT_SOURCE_REDIS_STREAM;
}

/* ---- reading ---- */

/* Whether `key` says `word`, one of two; `*ok` is false (and a problem added) for another value. */
static bool read_choice(const struct scope *scope, const json_t *json, const char *key,
                        const char *word, const char *other, bool by_default, bool *ok)
{
    const json_t *value = json_object_get(json, key);
    const char *text = json_string_value(value);
    char expected[64];
    struct buf b;

    if (value == NULL)
        return by_default;
    if (text != NULL && strcmp(text, word) == 0)
        return true;
    if (text != NULL && strcmp(text, other) == 0)
        return false;
    buf_init(&b, sizeof expected - 1);
    buf_addf(&b, "\"%s\" or \"%s\"", word, other);
    scope_expected(scope, key, buf_text(&b), value);
    buf_release(&b);
    *ok = false;
    return by_default;
}

static bool read_kind(const struct scope *scope, const json_t *json, struct event_source *out)
{
    const json_t *kind = json_object_get(json, "kind");
    const char *name = json_string_value(kind);
    bool ok = true;

    if (name != NULL && strcmp(name, "postgres") == 0) {
        out->kind = json_object_get(json, "table") != NULL ? EVENT_SOURCE_POSTGRES_TABLE
                                                           : EVENT_SOURCE_POSTGRES_NOTIFY;
        return true;
    }
    if (name != NULL && strcmp(name, "redis") == 0) {
        out->kind = read_choice(scope, json, "mode", "stream", "pubsub", true, &ok)
                        ? EVENT_SOURCE_REDIS_STREAM
                        : EVENT_SOURCE_REDIS_PUBSUB;
        return ok;
    }
    scope_expected(scope, "kind", "\"postgres\" or \"redis\"", kind);
    return false;
}

/* "postgres table or redis stream" */
static void describe_kinds(unsigned group, struct buf *out)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++)
        if (group & (1u << i))
            buf_addf(out, "%s%s", out->len > 0 ? " or " : "", kind_names[i]);
}

static void refuse_key(const struct scope *scope, const struct setting *s,
                       enum event_source_kind kind)
{
    struct buf owners;

    buf_init(&owners, 200);
    describe_kinds(s->group, &owners);
    scope_problem(scope, s->name, NULL, "a %s source has no such key (it belongs to a %s source)",
                  kind_names[kind], buf_text(&owners));
    buf_release(&owners);
}

static void read_keys(const struct scope *scope, const json_t *json, struct event_source *out)
{
    settings_check_keys(scope, json, source_settings);
    for (const struct setting *s = source_settings; s->name != NULL; s++) {
        if (s->group == 0 || (s->group & (1u << out->kind)))
            setting_read(scope, json, s, out);
        else if (json_object_get(json, s->name) != NULL)
            refuse_key(scope, s, out->kind);
    }
}

static bool is_identifier(const char *text, size_t len)
{
    return len > 0 && len <= NAME_BYTES && memchr(text, '"', len) == NULL &&
           memchr(text, '\0', len) == NULL && text_is_printable(text, len);
}

static void check_identifier(const struct scope *scope, const char *key, const char *name)
{
    if (name != NULL && !is_identifier(name, strlen(name)))
        scope_problem(scope, key, NULL,
                      "expected a name of 1 to %d bytes without quotes and control characters",
                      NAME_BYTES);
}

/* "trades" or "public.trades" */
static void read_table(const struct scope *scope, const json_t *json, struct event_source *out)
{
    const json_t *value = json_object_get(json, "table");
    const char *text = json_string_value(value), *dot = text ? strchr(text, '.') : NULL;
    const char *table = dot ? dot + 1 : text;
    size_t len = json_string_length(value);

    if (text == NULL || strlen(text) != len ||
        (dot != NULL && !is_identifier(text, (size_t)(dot - text))) ||
        !is_identifier(table, strlen(table)) || strchr(table, '.') != NULL) {
        scope_expected(scope, "table", "the name of a table, like \"trades\" or \"public.trades\"",
                       value);
        return;
    }
    out->table = mem_strdup(table);
    if (dot != NULL)
        out->schema = mem_strndup(text, (size_t)(dot - text));
}

static void finish_table(const struct scope *scope, const json_t *json, struct event_source *out)
{
    read_table(scope, json, out);
    if (json_object_get(json, "cursor_column") == NULL)
        scope_expected(scope, "cursor_column", "the table's unique, growing column, like \"id\"",
                       NULL);
    check_identifier(scope, "cursor_column", out->cursor_column);
    check_identifier(scope, "payload_column", out->payload_column);
    check_identifier(scope, "id_column", out->id_column);
    check_identifier(scope, "topic", out->topic);
}

static void require_topic(const struct scope *scope, const json_t *json,
                          const struct event_source *out)
{
    static const char *const expected[] = {
        [EVENT_SOURCE_POSTGRES_NOTIFY] = "the channel of NOTIFY (or a table with a cursor_column)",
        [EVENT_SOURCE_REDIS_STREAM] = "the stream's key",
        [EVENT_SOURCE_REDIS_PUBSUB] = "the channel",
    };

    if (json_object_get(json, "topic") == NULL)
        scope_expected(scope, "topic", expected[out->kind], NULL);
    if (out->kind == EVENT_SOURCE_POSTGRES_NOTIFY)
        check_identifier(scope, "topic", out->topic);
}

static void read_overflow(const struct scope *scope, const json_t *json, struct event_source *out)
{
    bool durable = event_source_is_durable(out), ok = true;

    out->drop_oldest = read_choice(scope, json, "overflow", "oldest", "wait", !durable, &ok);
    if (!durable && !out->drop_oldest)
        scope_problem(scope, "overflow", "use a table or a stream to lose nothing",
                      "expected \"oldest\": a %s source cannot wait, what is not read is gone",
                      kind_names[out->kind]);
}

void event_source_read(const struct scope *outer, const json_t *value, struct event_source *out)
{
    struct scope scope = scope_enter(outer, "source");
    bool ok = true;

    *out = (struct event_source){.poll_ms = 1000, .queue = 256};
    if (!settings_is_table(value)) {
        scope_expected(outer, "source",
                       "a table like { kind = \"postgres\", url = \"indexer\", table = \"trades\", "
                       "cursor_column = \"id\" }",
                       value);
        return;
    }
    if (!read_kind(&scope, value, out)) {
        settings_check_keys(&scope, value, source_settings);
        return;
    }
    read_keys(&scope, value, out);
    if (json_object_get(value, "url") == NULL)
        scope_expected(&scope, "url", "a name of orrery.lua's `sources`", NULL);
    if (event_source_is_durable(out))
        out->from_start = read_choice(&scope, value, "from", "start", "now", false, &ok);
    read_overflow(&scope, value, out);
    if (out->kind == EVENT_SOURCE_POSTGRES_TABLE)
        finish_table(&scope, value, out);
    else
        require_topic(&scope, value, out);
}

void event_source_copy(const struct event_source *from, struct event_source *out)
{
    *out = *from;
    out->url = mem_strdup(from->url);
    out->topic = mem_strdup(from->topic);
    out->schema = mem_strdup(from->schema);
    out->table = mem_strdup(from->table);
    out->cursor_column = mem_strdup(from->cursor_column);
    out->payload_column = mem_strdup(from->payload_column);
    out->id_column = mem_strdup(from->id_column);
    out->id_field = mem_strdup(from->id_field);
    out->cursor = mem_strdup(from->cursor);
}

void event_source_release(struct event_source *s)
{
    if (s->url != NULL)
        explicit_bzero(s->url, strlen(s->url));
    free(s->url);
    free(s->topic);
    free(s->schema);
    free(s->table);
    free(s->cursor_column);
    free(s->payload_column);
    free(s->id_column);
    free(s->id_field);
    free(s->cursor);
    *s = (struct event_source){0};
}

/* ---- names ---- */

/* A URL that stands in a strategy may have a password; a name has none. */
static void add_server(const struct event_source *s, struct buf *out)
{
    buf_add_str(out, strstr(s->url, "://") != NULL ? "a server" : s->url);
}

void event_source_describe(const struct event_source *s, struct buf *out)
{
    if (s->kind == EVENT_SOURCE_POSTGRES_TABLE)
        buf_addf(out, "table %s%s%s of ", s->schema ? s->schema : "", s->schema ? "." : "",
                 s->table);
    else
        buf_addf(out, "%s %s of ", s->kind == EVENT_SOURCE_REDIS_STREAM ? "stream" : "channel",
                 s->topic);
    add_server(s, out);
}

char *event_source_key(const struct event_source *s, const char *plugin, const char *server)
{
    char digest[DIGEST_TEXT_SIZE];
    struct buf b;

    buf_init(&b, 4096);
    buf_addf(&b, "%s %s %s ", plugin, kind_names[s->kind], server);
    if (s->kind == EVENT_SOURCE_POSTGRES_TABLE)
        buf_addf(&b, "%s%s%s %s", s->schema ? s->schema : "", s->schema ? "." : "", s->table,
                 s->cursor_column);
    else
        buf_add_str(&b, s->topic);
    if (s->cursor != NULL)
        buf_addf(&b, " %s", s->cursor);
    if (b.len > EVENT_KEY_BYTES) {
        digest_text(b.data, b.len, digest);
        buf_clear(&b);
        buf_addf(&b, "%s %s %s", plugin, kind_names[s->kind], digest);
    }
    return buf_steal(&b);
}

static void add_part(struct buf *b, const char *text)
{
    buf_addf(b, "%zu:%s,", text ? strlen(text) : 0, text ? text : "");
}

char *event_source_text(const struct event_source *s)
{
    const char *const parts[] = {s->url,       s->topic,         s->schema,
                                 s->table,     s->cursor_column, s->payload_column,
                                 s->id_column, s->id_field,      s->cursor};
    struct buf b;

    buf_init(&b, 16384);
    buf_addf(&b, "%d %d %d %lld %u ", (int)s->kind, s->from_start, s->drop_oldest,
             (long long)s->poll_ms, s->queue);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        add_part(&b, parts[i]);
    return buf_steal(&b);
}
