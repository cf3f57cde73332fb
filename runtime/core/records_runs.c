/* runs_list: runs newest first, a page at a time. */
#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "core/records_parts.h"

#define NAMES_MAX 256 /* strategies looked at for the nearest name */

/* ---- strategies by name ---- */

struct names {
    const char *wanted;
    char items[NAMES_MAX][LIMIT_NAME_BYTES + 1];
    size_t count;
    bool found;
};

static int take_name(struct names *n, const char *name)
{
    n->found |= strcmp(name, n->wanted) == 0;
    if (n->count < NAMES_MAX && strlen(name) <= LIMIT_NAME_BYTES)
        memcpy(n->items[n->count++], name, strlen(name) + 1);
    return 0;
}

static int take_strategy(void *arg, const struct strategy *s)
{
    return take_name(arg, s->name);
}

static int take_count(void *arg, const char *plugin, enum run_status status, uint64_t count)
{
    (void)status;
    (void)count;
    return take_name(arg, plugin);
}

static int unknown_plugin(const struct names *n, struct error *e)
{
    const char *list[NAMES_MAX + 1] = {NULL}, *near;

    for (size_t i = 0; i < n->count; i++)
        list[i] = n->items[i];
    near = text_nearest(n->wanted, list);
    error_set(e, ERROR_NOT_FOUND, "there is no strategy '%.64s' on record", n->wanted);
    if (near != NULL)
        error_hint(e, "did you mean '%s'?", near);
    else
        error_hint(e, "`orrery versions list` shows those that were deployed");
    return -1;
}

int record_check_plugin(const struct record_ask *ask, const char *plugin, struct error *e)
{
    struct names names = {.wanted = plugin};

    if (ask->knows_plugin)
        return 0;
    if (journal_list_strategies(ask->journal, false, NAMES_MAX, 0, take_strategy, &names, e) < 0 ||
        journal_count_runs(ask->journal, take_count, &names, e) < 0)
        return -1;
    return names.found ? 0 : unknown_plugin(&names, e);
}

/* ---- the page ---- */

struct page {
    json_t *runs;
    size_t limit, bytes;
    uint64_t last;
    bool more;
};

static int take_run(void *arg, const struct run *run)
{
    struct page *page = arg;

    if (json_array_size(page->runs) == page->limit || page->bytes > RECORDS_BYTES) {
        page->more = true;
        return 1;
    }
    page->bytes += record_weight(run);
    page->last = run->id;
    json_array_append_new(page->runs, run_to_json(run));
    return 0;
}

static int read_status(const struct record_ask *ask, int *out, struct error *e)
{
    const char *name = record_text(ask, "status");
    enum run_status status;

    *out = -1;
    if (name == NULL)
        return 0;
    if (run_status_parse(name, &status) < 0)
        return error_set(e, ERROR_INVALID,
                         "status: expected a run status such as noop or completed, got '%.40s'",
                         name);
    *out = (int)status;
    return 0;
}

/* `name` (a time) or `ago` (a span before now): ms, or `*out` as it was. */
static int read_time(const struct record_ask *ask, const char *name, const char *ago, int64_t *out,
                     struct error *e)
{
    const json_t *at = json_object_get(ask->request, name);
    const json_t *span = json_object_get(ask->request, ago);
    const json_t *given = at != NULL && !json_is_null(at) ? at : span;
    json_int_t ms = json_integer_value(given);

    if (given == NULL || json_is_null(given))
        return 0;
    if (!json_is_integer(given) || ms < 0)
        return error_set(e, ERROR_INVALID, "%s: expected milliseconds, an integer from 0",
                         given == at ? name : ago);
    if (given == span)
        ms = ask->now_ms > ms ? ask->now_ms - ms : 1;
    *out = ms > 0 ? ms : 1;
    return 0;
}

static int read_filter(const struct record_ask *ask, struct run_filter *f,
                       char version[DIGEST_TEXT_SIZE], struct error *e)
{
    const char *wanted = record_text(ask, "version");
    uint32_t within;

    if (record_plugin(ask, &f->plugin, e) < 0 || read_status(ask, &f->status, e) < 0 ||
        record_limit(ask, &f->limit, e) < 0 || record_after(ask, &f->before, &within, e) < 0 ||
        read_time(ask, "since", "since_ago", &f->from_ms, e) < 0 ||
        read_time(ask, "until", "until_ago", &f->to_ms, e) < 0)
        return -1;
    if (record_text(ask, "parent") != NULL && record_run_id(ask, "parent", &f->parent, e) < 0)
        return -1;
    if (wanted == NULL)
        return 0;
    f->version = version;
    return record_find_version(ask, f->plugin, wanted, version, e);
}

/* An empty list may mean a name that was mistyped. */
static int explain_nothing(const struct record_ask *ask, const struct run_filter *f,
                           struct error *e)
{
    struct record_run parent;

    if (f->before != 0)
        return 0;
    if (f->plugin != NULL && record_check_plugin(ask, f->plugin, e) < 0)
        return -1;
    if (f->parent == 0)
        return 0;
    if (record_get_run(ask, f->parent, &parent, e) < 0)
        return -1;
    record_run_release(&parent);
    return 0;
}

int record_runs_list(const struct record_ask *ask, json_t **data, struct error *e)
{
    struct run_filter filter = {.status = -1};
    char version[DIGEST_TEXT_SIZE];
    struct page page = {0};

    if (read_filter(ask, &filter, version, e) < 0)
        return -1;
    page.limit = filter.limit++;
    page.runs = json_array();
    if (record_stopped(journal_list_runs(ask->journal, &filter, take_run, &page, e)) < 0 ||
        (page.last == 0 && explain_nothing(ask, &filter, e) < 0)) {
        json_decref(page.runs);
        return -1;
    }
    *data = json_pack("{s:o, s:o}", "runs", page.runs, "next",
                      page.more ? record_next(ask, page.last, 0) : json_null());
    return 0;
}
