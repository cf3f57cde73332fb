/* Strategies, their versions, and what a person calls one. */
#include <string.h>

#include "base/text.h"
#include "core/records_parts.h"

#define LEAST_DIGITS 4   /* of the beginning of a digest */
#define LOOKED_AT    200 /* versions in one step of a search, of at most SEARCH_STEPS */
#define SEARCH_STEPS 25

json_t *record_version(const struct strategy_version *v)
{
    return json_pack("{s:s, s:I, s:s, s:s, s:s, s:I, s:b}", "strategy", v->strategy, "number",
                     (json_int_t)v->number, "hash", v->hash, "note", v->note ? v->note : "",
                     "author", v->author ? v->author : "", "created_ms", (json_int_t)v->created_ms,
                     "is_current", v->is_current);
}

/* ---- by name ---- */

/* `version` NULL: the current one. */
static int no_version(const char *plugin, const char *version, struct error *e)
{
    if (version == NULL) {
        error_set(e, ERROR_NOT_FOUND, "no version of '%.64s' is on record", plugin);
        error_hint(e, "it ran before versions were kept, or has not been deployed yet");
        return -1;
    }
    error_set(e, ERROR_NOT_FOUND, "strategy '%.64s' has no version '%.40s'", plugin, version);
    error_hint(e, "`orrery versions list %.64s` shows them", plugin);
    return -1;
}

static int take_hash(void *arg, const struct strategy_version *v)
{
    memcpy(arg, v->hash, DIGEST_TEXT_SIZE);
    return 1;
}

/* 0 with `out` "" when there is none. */
static int by_number(const struct record_ask *ask, const char *plugin, const char *text,
                     char out[DIGEST_TEXT_SIZE], struct error *e)
{
    uint64_t number;

    out[0] = '\0';
    if (text_to_u64(text, &number) < 0 || number == 0 || number > UINT32_MAX)
        return 0;
    return record_stopped(
        journal_get_version(ask->journal, plugin, (uint32_t)number, take_hash, out, e));
}

struct search {
    const char *beginning;
    char found[DIGEST_TEXT_SIZE];
    size_t matches, seen;
    uint32_t last;
};

static int compare(void *arg, const struct strategy_version *v)
{
    struct search *s = arg;

    s->seen++;
    s->last = v->number;
    if (strncmp(v->hash, s->beginning, strlen(s->beginning)) != 0)
        return 0;
    if (s->matches++ == 0)
        memcpy(s->found, v->hash, sizeof s->found);
    return 0;
}

static int by_beginning(const struct record_ask *ask, const char *plugin, const char *text,
                        char out[DIGEST_TEXT_SIZE], struct error *e)
{
    struct search s = {.beginning = text};

    for (int step = 0; step < SEARCH_STEPS; step++) {
        s.seen = 0;
        if (journal_list_versions(ask->journal, plugin, s.last, LOOKED_AT, compare, &s, e) < 0)
            return -1;
        if (s.seen < LOOKED_AT)
            break;
    }
    if (s.matches > 1) {
        error_set(e, ERROR_INVALID, "version: %zu versions of '%.64s' begin with '%.40s'",
                  s.matches, plugin, text);
        error_hint(e, "give more of the digest, or the version's number");
        return -1;
    }
    memcpy(out, s.found, sizeof s.found);
    return 0;
}

static bool is_digest(const char *text, size_t least)
{
    size_t len = strlen(text);

    return len >= least && len < DIGEST_TEXT_SIZE && strspn(text, "0123456789abcdef") == len;
}

static int needs_plugin(const char *version, struct error *e)
{
    error_set(e, ERROR_INVALID, "version: '%.40s' of which strategy?", version);
    error_hint(e, "numbers and beginnings of digests are a strategy's own: name it with --plugin");
    return -1;
}

/* The beginning of a digest may look like a number: numbers go first. */
int record_find_version(const struct record_ask *ask, const char *plugin, const char *version,
                        char out[DIGEST_TEXT_SIZE], struct error *e)
{
    bool is_number =
        *version != '\0' && strlen(version) <= 10 && version[strspn(version, "0123456789")] == '\0';

    if (!is_number && !is_digest(version, LEAST_DIGITS))
        return error_set(e, ERROR_INVALID,
                         "version: expected a number such as 3, or at least %d hex digits of a "
                         "digest, got '%.40s'",
                         LEAST_DIGITS, version);
    if (plugin == NULL) {
        if (!is_digest(version, DIGEST_TEXT_SIZE - 1))
            return needs_plugin(version, e);
        memcpy(out, version, DIGEST_TEXT_SIZE);
        return 0;
    }
    out[0] = '\0';
    if (is_number && by_number(ask, plugin, version, out, e) < 0)
        return -1;
    if (out[0] == '\0' && is_digest(version, LEAST_DIGITS) &&
        by_beginning(ask, plugin, version, out, e) < 0)
        return -1;
    if (out[0] != '\0')
        return 0;
    return record_check_plugin(ask, plugin, e) < 0 ? -1 : no_version(plugin, version, e);
}

/* ---- versions_list ---- */

struct page {
    json_t *list;
    size_t limit;
    uint64_t last;
    bool more;
};

static int take_version(void *arg, const struct strategy_version *v)
{
    struct page *page = arg;

    if (json_array_size(page->list) == page->limit) {
        page->more = true;
        return 1;
    }
    page->last = v->number;
    json_array_append_new(page->list, record_version(v));
    return 0;
}

static int needed_plugin(const struct record_ask *ask, const char **out, struct error *e)
{
    if (record_plugin(ask, out, e) < 0)
        return -1;
    return *out != NULL ? 0 : error_set(e, ERROR_INVALID, "plugin: expected a strategy's name");
}

int record_versions_list(const struct record_ask *ask, json_t **data, struct error *e)
{
    struct page page = {0};
    const char *plugin;
    uint32_t within;
    uint64_t before;

    if (needed_plugin(ask, &plugin, e) < 0 || record_limit(ask, &page.limit, e) < 0 ||
        record_after(ask, &before, &within, e) < 0)
        return -1;
    page.list = json_array();
    if (record_stopped(journal_list_versions(ask->journal, plugin, (uint32_t)before, page.limit + 1,
                                             take_version, &page, e)) < 0 ||
        (page.last == 0 && before == 0 && record_check_plugin(ask, plugin, e) < 0)) {
        json_decref(page.list);
        return -1;
    }
    *data = json_pack("{s:o, s:o}", "versions", page.list, "next",
                      page.more ? record_next(ask, page.last, 0) : json_null());
    return 0;
}

/* ---- strategies_list ---- */

static int take_strategy(void *arg, const struct strategy *s)
{
    struct page *page = arg;

    if (json_array_size(page->list) == page->limit) {
        page->more = true;
        return 1;
    }
    page->last++;
    json_array_append_new(
        page->list, json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "name", s->name, "active",
                              s->is_active, "current", (json_int_t)s->current, "versions",
                              (json_int_t)s->versions, "created_ms", (json_int_t)s->created_ms,
                              "changed_ms", (json_int_t)s->changed_ms));
    return 0;
}

int record_strategies_list(const struct record_ask *ask, json_t **data, struct error *e)
{
    bool active = json_is_true(json_object_get(ask->request, "active"));
    struct page page = {0};
    uint32_t within;

    if (record_limit(ask, &page.limit, e) < 0 || record_after(ask, &page.last, &within, e) < 0)
        return -1;
    page.list = json_array();
    if (record_stopped(journal_list_strategies(ask->journal, active, page.limit + 1, page.last,
                                               take_strategy, &page, e)) < 0) {
        json_decref(page.list);
        return -1;
    }
    *data = json_pack("{s:o, s:o}", "strategies", page.list, "next",
                      page.more ? record_next(ask, page.last, 0) : json_null());
    return 0;
}

/* ---- version_show ---- */

struct shown {
    json_t *json;
    bool content;
};

static int take_shown(void *arg, const struct strategy_version *v)
{
    struct shown *shown = arg;

    shown->json = record_version(v);
    if (shown->content)
        json_object_set_new(shown->json, "content",
                            v->content ? json_string(v->content) : json_null());
    return 1;
}

struct activity {
    const char *name;
    bool active;
};

static int take_activity(void *arg, const struct strategy *s)
{
    struct activity *a = arg;

    if (strcmp(s->name, a->name) != 0)
        return 0;
    a->active = s->is_active;
    return 1;
}

static int add_activity(const struct record_ask *ask, const char *plugin, json_t *o,
                        struct error *e)
{
    struct activity a = {plugin, false};

    if (record_stopped(
            journal_list_strategies(ask->journal, true, SIZE_MAX / 4, 0, take_activity, &a, e)) < 0)
        return -1;
    json_object_set_new(o, "active", json_boolean(a.active));
    return 0;
}

int record_version_show(const struct record_ask *ask, json_t **data, struct error *e)
{
    struct shown shown = {.content = json_is_true(json_object_get(ask->request, "content"))};
    const char *plugin, *version = record_text(ask, "version");
    char hash[DIGEST_TEXT_SIZE];
    int result;

    if (needed_plugin(ask, &plugin, e) < 0 ||
        (version != NULL && record_find_version(ask, plugin, version, hash, e) < 0))
        return -1;
    if (version == NULL)
        result = journal_get_version(ask->journal, plugin, 0, take_shown, &shown, e);
    else
        result = journal_find_version(ask->journal, plugin, hash, take_shown, &shown, e);
    if (record_stopped(result) < 0)
        return -1;
    if (shown.json == NULL)
        return record_check_plugin(ask, plugin, e) < 0 ? -1 : no_version(plugin, version, e);
    if (add_activity(ask, plugin, shown.json, e) < 0) {
        json_decref(shown.json);
        return -1;
    }
    *data = shown.json;
    return 0;
}
