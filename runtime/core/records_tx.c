/* tx_list and tx_show: submissions of the outbox, open and ended. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/records_parts.h"

/* ---- pages ---- */

struct page {
    json_t *list;
    size_t limit, bytes;
    uint64_t last;
    bool more;
};

static size_t len(const char *text)
{
    return text ? strlen(text) : 0;
}

static int take_submission(void *arg, const struct submission *s)
{
    struct page *page = arg;

    if (json_array_size(page->list) == page->limit || page->bytes > RECORDS_BYTES) {
        page->more = true;
        return 1;
    }
    page->bytes += 512 + len(s->signature) + len(s->holds) + len(s->outcome);
    page->last = s->id;
    json_array_append_new(page->list, submission_to_json(s));
    return 0;
}

static int read_state(const struct record_ask *ask, int *out, struct error *e)
{
    const char *name = record_text(ask, "state");
    enum submission_state state;

    *out = -1;
    if (name == NULL)
        return 0;
    if (submission_state_parse(name, &state) < 0)
        return error_set(e, ERROR_INVALID, "state: expected open, done or dead, got '%.40s'", name);
    *out = (int)state;
    return 0;
}

/* `before` and the page's own place: the lower of the two. */
static int read_before(const struct record_ask *ask, uint64_t *out, struct error *e)
{
    const char *before = record_text(ask, "before");
    uint64_t id = 0;
    uint32_t within;

    if (record_after(ask, out, &within, e) < 0)
        return -1;
    if (before != NULL && (id_parse(before, &id) < 0 || id == 0))
        return error_set(e, ERROR_INVALID,
                         "before: expected the id of a run, 13 characters, got '%.40s'", before);
    if (id != 0 && (*out == 0 || id < *out))
        *out = id;
    return 0;
}

int record_tx_list(const struct record_ask *ask, json_t **data, struct error *e)
{
    struct submission_filter filter = {.vault = record_text(ask, "vault"),
                                       .account = record_text(ask, "account")};
    struct page page = {0};

    if (read_state(ask, &filter.state, e) < 0 || record_limit(ask, &page.limit, e) < 0 ||
        read_before(ask, &filter.before, e) < 0)
        return -1;
    filter.limit = page.limit + 1;
    page.list = json_array();
    if (record_stopped(journal_list_submissions(ask->journal, &filter, take_submission, &page, e)) <
        0) {
        json_decref(page.list);
        return -1;
    }
    *data = json_pack("{s:o, s:o}", "transactions", page.list, "next",
                      page.more ? record_next(ask, page.last, 0) : json_null());
    return 0;
}

/* ---- one ---- */

static json_t *whole(const struct submission *s)
{
    json_t *o = submission_to_json(s);
    char *text = mem_alloc(BASE64_TEXT_SIZE(s->len));

    base64_encode(s->bytes, s->len, text);
    json_object_set_new(o, "base64", json_string(text));
    free(text);
    return o;
}

static int take_whole(void *arg, const struct submission *s)
{
    *(json_t **)arg = whole(s);
    return 1;
}

struct search {
    const char *beginning;
    size_t len;
    json_t *found;
    uint64_t looked_at;
    char others[2][SUBMISSION_DIGEST_BYTES + 1]; /* the first two of several */
    size_t count;
};

static int take_candidate(void *arg, const struct submission *s)
{
    struct search *search = arg;
    char id[ID_TEXT_SIZE];

    search->looked_at++;
    if (strncmp(s->digest, search->beginning, search->len) != 0 &&
        strncmp(id_format(s->id, id), search->beginning, search->len) != 0)
        return 0;
    memcpy(search->others[search->count], s->digest, sizeof s->digest);
    if (search->count++ == 0)
        search->found = whole(s);
    return search->count == 2;
}

static int nothing(const char *tx, struct error *e)
{
    error_set(e, ERROR_NOT_FOUND, "there is no transaction '%.64s'", tx);
    error_hint(e, "`orrery tx list` shows the newest; one is named by its digest or its run");
    return -1;
}

static int search_newest(const struct record_ask *ask, const char *tx, json_t **out,
                         struct error *e)
{
    struct submission_filter filter = {.state = -1, .limit = RECORDS_TX_SCAN};
    struct search search = {.beginning = tx, .len = strlen(tx)};

    if (search.len < RECORDS_TX_LEAST)
        return error_set(e, ERROR_INVALID,
                         "expected at least %d characters of a digest or an id, got '%s'",
                         RECORDS_TX_LEAST, tx);
    if (record_stopped(
            journal_list_submissions(ask->journal, &filter, take_candidate, &search, e)) < 0) {
        json_decref(search.found);
        return -1;
    }
    if (search.count == 0)
        return nothing(tx, e);
    if (search.count == 1) {
        *out = search.found;
        return 0;
    }
    json_decref(search.found);
    error_set(e, ERROR_CONFLICT, "'%.64s' begins several transactions: %s and %s", tx,
              search.others[0], search.others[1]);
    error_hint(e, "name more of it");
    return -1;
}

/* By its whole id, its whole digest, or the beginning of one of them. */
static int find(const struct record_ask *ask, const char *tx, json_t **out, struct error *e)
{
    uint64_t id;

    *out = NULL;
    if (tx == NULL || *tx == '\0')
        return error_set(e, ERROR_INVALID, "tx: expected a digest or the id of a run");
    if (strlen(tx) > SUBMISSION_DIGEST_BYTES)
        return nothing(tx, e);
    if (id_parse(tx, &id) == 0 && id != 0 &&
        record_stopped(journal_get_submission(ask->journal, id, NULL, take_whole, out, e)) < 0)
        return -1;
    if (*out == NULL &&
        record_stopped(journal_get_submission(ask->journal, 0, tx, take_whole, out, e)) < 0)
        return -1;
    return *out != NULL ? 0 : search_newest(ask, tx, out, e);
}

static int take_run(void *arg, const struct run *run)
{
    static const char *const names[] = {"id",     "plugin",  "status", "topic",
                                        "reason", "actions", "error"};
    json_t *json = run_to_json(run), *o = json_object();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_object_set(o, names[i], json_object_get(json, names[i]));
    json_decref(json);
    *(json_t **)arg = o;
    return 1;
}

static int add_run(const struct record_ask *ask, json_t *submission, struct error *e)
{
    json_t *run = NULL;
    uint64_t id;

    if (id_parse(json_string_value(json_object_get(submission, "id")), &id) < 0)
        return error_set(e, ERROR_INTERNAL, "a submission without an id");
    if (record_stopped(journal_get_run(ask->journal, id, take_run, &run, e)) < 0)
        return -1;
    json_object_set_new(submission, "run", run ? run : json_null());
    return 0;
}

int record_tx_show(const struct record_ask *ask, json_t **data, struct error *e)
{
    json_t *submission;

    if (find(ask, record_text(ask, "tx"), &submission, e) < 0)
        return -1;
    if (add_run(ask, submission, e) < 0) {
        json_decref(submission);
        return -1;
    }
    *data = submission;
    return 0;
}
