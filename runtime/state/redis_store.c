#include "state/redis_store.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* ---- the end of an operation ---- */

static bool another_may_do_better(enum error_code code)
{
    /* A replica: the address may lead to a new master by now. Denied: the rights may be given. */
    return code == ERROR_STORE_READONLY || code == ERROR_STORE_DENIED || code == ERROR_STORE_DOWN;
}

int redis_finish(struct redis_store *s, int rc, struct error *e)
{
    if (rc == 0)
        return 0;
    if (s->begun || s->link.pending > 0 || another_may_do_better(e->code))
        redis_link_close(&s->link);
    s->begun = false;
    if (e->code != ERROR_NONE && e->code != ERROR_STORE_FENCED)
        error_locate(e, s->address.label, 0);
    return rc;
}

int redis_contended(struct error *e)
{
    return error_set(e, ERROR_STORE, "others changed the same keys %d times in a row", REDIS_TRIES);
}

/* ---- keys as arguments ---- */

void redis_arg_one(struct redis_store *s, const char *kind)
{
    struct redis_key key;

    redis_key_one(&key, s->prefix, kind);
    redis_arg(&s->link, key.text, key.len);
}

void redis_arg_of(struct redis_store *s, const char *kind, const char *name)
{
    struct redis_key key;

    redis_key_of(&key, s->prefix, kind, name);
    redis_arg(&s->link, key.text, key.len);
}

void redis_ask_one(struct redis_store *s, const char *command, const char *kind)
{
    redis_cmd(&s->link, command);
    redis_arg_one(s, kind);
    redis_end(&s->link);
}

void redis_ask_of(struct redis_store *s, const char *command, const char *kind, const char *name)
{
    redis_cmd(&s->link, command);
    redis_arg_of(s, kind, name);
    redis_end(&s->link);
}

/* ---- replies ---- */

static int wrong_type(const struct redis_key *key, const char *expected, const char *found,
                      struct error *e)
{
    error_set(e, ERROR_STORE_SCHEMA, "the key '%s': expected a %s, found a %.40s", key->text,
              expected, found);
    error_hint(e, "another program uses the same prefix, or somebody wrote the key by hand");
    return -1;
}

/* Behind everything that is pending, and behind a transaction that will not be. */
static int ask_type(struct redis_store *s, const struct redis_want *want, struct error *e)
{
    const struct redis_reply *reply;

    if (redis_drain(&s->link, e) != 0 || (s->begun && redis_discard(s, e) != 0))
        return -1;
    redis_cmd(&s->link, "TYPE");
    redis_arg(&s->link, want->key->text, want->key->len);
    redis_end(&s->link);
    if (redis_send(&s->link, e) != 0 || redis_get(&s->link, &reply, e) != 0)
        return -1;
    if (reply->kind != REPLY_STATUS)
        return redis_fail(reply, want->doing, e);
    return wrong_type(want->key, want->type, reply->text, e);
}

int redis_unwanted(struct redis_store *s, const struct redis_want *want,
                   const struct redis_reply *reply, struct error *e)
{
    bool is_type = reply->kind == REPLY_ERROR && strncmp(reply->text, "WRONGTYPE", 9) == 0;

    if (is_type && want->key != NULL)
        return ask_type(s, want, e);
    return redis_fail(reply, want->doing, e);
}

int redis_expect(struct redis_store *s, const struct redis_want *want,
                 const struct redis_reply **reply, struct error *e)
{
    if (redis_get(&s->link, reply, e) != 0)
        return -1;
    if ((*reply)->kind == want->kind || (want->or_nil && (*reply)->kind == REPLY_NIL))
        return 0;
    return redis_unwanted(s, want, *reply, e);
}

int redis_expect_type(struct redis_store *s, const struct redis_key *key, const char *type,
                      struct error *e)
{
    const struct redis_want want = {.kind = REPLY_STATUS, .doing = "asking for a key's type"};
    const struct redis_reply *reply;

    if (redis_expect(s, &want, &reply, e) != 0)
        return -1;
    if (strcmp(reply->text, type) == 0 || strcmp(reply->text, "none") == 0)
        return 0;
    return wrong_type(key, type, reply->text, e);
}

int redis_expect_time(struct redis_store *s, int64_t *now_ms, struct error *e)
{
    const struct redis_want want = {.kind = REPLY_ARRAY, .doing = "asking for the server's time"};
    const struct redis_reply *reply;
    int64_t seconds, us;

    if (redis_expect(s, &want, &reply, e) != 0)
        return -1;
    if (reply->count != 2 || reply_to_i64(&reply->items[0], &seconds) != 0 ||
        reply_to_i64(&reply->items[1], &us) != 0 || seconds < 0 || seconds > INT64_MAX / 4000 ||
        us < 0 || us >= 1000000)
        return redis_fail(reply, want.doing, e);
    *now_ms = seconds * 1000 + us / 1000;
    return 0;
}

int redis_check_schema(const struct redis_store *s, const struct redis_reply *reply,
                       struct error *e)
{
    int64_t version;

    if (reply->kind == REPLY_NIL) {
        error_set(e, ERROR_STORE_SCHEMA, "there is no state under the prefix '%s'%s", s->prefix,
                  s->opened ? " any more: has the server lost its data?" : "");
        error_hint(e, "`orrery db init` prepares the server");
        return -1;
    }
    if (reply_to_i64(reply, &version) != 0 || version < 1)
        return error_set(e, ERROR_STORE_CORRUPT,
                         "the key '%s:schema': expected a number, got '%.40s'", s->prefix,
                         reply->kind == REPLY_TEXT ? reply->text : "another kind of answer");
    if (version > REDIS_SCHEMA_VERSION)
        return error_set(e, ERROR_STORE_NEWER,
                         "the state has schema version %lld, this orrery knows %d",
                         (long long)version, REDIS_SCHEMA_VERSION);
    return 0;
}

int redis_expect_schema(struct redis_store *s, bool *missing, struct error *e)
{
    struct redis_key key;
    const struct redis_want want = {.kind = REPLY_TEXT,
                                    .or_nil = true,
                                    .doing = "reading the schema's version",
                                    .key = redis_key_one(&key, s->prefix, "schema"),
                                    .type = "string"};
    const struct redis_reply *reply;

    if (redis_expect(s, &want, &reply, e) != 0)
        return -1;
    if (missing != NULL && (*missing = reply->kind == REPLY_NIL))
        return 0;
    return redis_check_schema(s, reply, e);
}

int redis_check_name(const struct redis_reply *member, struct error *e)
{
    if (member->kind == REPLY_TEXT && member->count > 0 && member->count <= LIMIT_NAME_BYTES &&
        strlen(member->text) == member->count && text_is_utf8(member->text, member->count))
        return 0;
    return error_set(e, ERROR_STORE_CORRUPT, "a set of plugins holds what cannot be a name");
}

int redis_check_key(const struct redis_reply *member, struct error *e)
{
    if (member->kind == REPLY_TEXT && member->count > 0 && member->count <= LIMIT_KEY_BYTES &&
        strlen(member->text) == member->count && text_is_utf8(member->text, member->count))
        return 0;
    return error_set(e, ERROR_STORE_CORRUPT, "a plugin's set of keys holds what cannot be a key");
}

/* ---- transactions ---- */

static int expect_ok(struct redis_store *s, const char *doing, struct error *e)
{
    const struct redis_want want = {.kind = REPLY_STATUS, .doing = doing};
    const struct redis_reply *reply;

    if (redis_expect(s, &want, &reply, e) != 0)
        return -1;
    return reply_is_status(reply, "OK") ? 0 : redis_fail(reply, doing, e);
}

void redis_watch(struct redis_store *s)
{
    s->begun = true;
    redis_cmd(&s->link, "WATCH");
    redis_arg_one(s, "schema");
}

void redis_begin(struct redis_store *s)
{
    s->begun = true;
    redis_plain(&s->link, "MULTI");
}

int redis_expect_watched(struct redis_store *s, struct error *e)
{
    return expect_ok(s, "watching keys", e);
}

int redis_expect_begun(struct redis_store *s, struct error *e)
{
    return expect_ok(s, "beginning a transaction", e);
}

int redis_discard(struct redis_store *s, struct error *e)
{
    redis_plain(&s->link, "DISCARD");
    if (redis_send(&s->link, e) != 0 || expect_ok(s, "leaving a transaction", e) != 0)
        return -1;
    s->begun = false;
    return 0;
}

/* The answers to the commands inside: QUEUED, or why not. `first` is the first refusal. */
static int expect_queued(struct redis_store *s, size_t count, struct error *first, struct error *e)
{
    const struct redis_reply *reply;

    for (size_t i = 0; i < count; i++) {
        if (redis_get(&s->link, &reply, e) != 0)
            return -1;
        if (!reply_is_status(reply, "QUEUED"))
            redis_fail(reply, "a transaction", first);
    }
    return 0;
}

/* The answers to `count` commands and EXEC: an array with as many elements, or nil. */
static int hear_exec(struct redis_store *s, size_t count, const struct redis_reply **results,
                     struct error *e)
{
    struct error first = ERROR_INIT;
    const struct redis_reply *reply;

    if (expect_queued(s, count, &first, e) != 0 || redis_get_large(&s->link, &reply, e) != 0)
        return -1;
    if (reply->kind == REPLY_ERROR && first.code != ERROR_NONE) { /* EXECABORT: nothing was done */
        s->begun = false;
        *e = first;
        return -1;
    }
    if (reply->kind != REPLY_NIL && (reply->kind != REPLY_ARRAY || reply->count != count))
        return redis_fail(reply, "a transaction", e);
    s->begun = false;
    *results = reply;
    return 0;
}

int redis_exec_reads(struct redis_store *s, const struct redis_reply **results, struct error *e)
{
    size_t count = s->link.pending - 1; /* without MULTI */
    const struct redis_reply *reply;

    redis_plain(&s->link, "EXEC");
    if (redis_send(&s->link, e) != 0 || redis_expect_begun(s, e) != 0 ||
        hear_exec(s, count, &reply, e) != 0)
        return -1;
    if (reply->kind == REPLY_NIL) /* nothing is watched */
        return redis_fail(reply, "a transaction", e);
    *results = reply;
    return 0;
}

int redis_exec(struct redis_store *s, bool *changed, bool *partly, struct error *e)
{
    size_t count = s->link.pending;
    const struct redis_reply *results;

    redis_plain(&s->link, "EXEC");
    if (redis_send(&s->link, e) != 0 || hear_exec(s, count, &results, e) != 0)
        return -1;
    *changed = results->kind == REPLY_NIL;
    for (size_t i = 0; !*changed && i < results->count; i++) {
        if (results->items[i].kind != REPLY_ERROR)
            continue;
        if (partly != NULL)
            *partly = true;
        return redis_fail(&results->items[i], "a transaction was carried out in part", e);
    }
    return 0;
}
