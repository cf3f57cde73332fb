/* Dead letters: pages and one. */
#include <string.h>

#include "base/id.h"
#include "core/dead.h"
#include "core/records_parts.h"

struct page {
    json_t *letters;
    size_t limit, bytes;
    uint64_t last;
    bool more;
};

static size_t len(const char *text)
{
    return text ? strlen(text) : 0;
}

static int take_letter(void *arg, const struct dead_letter *d)
{
    struct page *page = arg;

    if (json_array_size(page->letters) == page->limit || page->bytes > RECORDS_BYTES) {
        page->more = true;
        return 1;
    }
    page->bytes += 512 + len(d->payload) + len(d->error);
    page->last = d->run;
    json_array_append_new(page->letters, dead_to_json(d));
    return 0;
}

static int read_state(const struct record_ask *ask, int *out, struct error *e)
{
    const char *name = record_text(ask, "state");
    enum dead_state state;

    *out = -1;
    if (name == NULL)
        return 0;
    if (dead_state_parse(name, &state) < 0)
        return error_set(e, ERROR_INVALID,
                         "state: expected open, retried or discarded, got '%.40s'", name);
    *out = (int)state;
    return 0;
}

int record_dead_page(const struct record_ask *ask, json_t **data, struct error *e)
{
    struct page page = {0};
    const char *plugin;
    uint32_t within;
    uint64_t before;
    int state;

    if (record_plugin(ask, &plugin, e) < 0 || read_state(ask, &state, e) < 0 ||
        record_limit(ask, &page.limit, e) < 0 || record_after(ask, &before, &within, e) < 0)
        return -1;
    page.letters = json_array();
    if (record_stopped(journal_list_dead(ask->journal, plugin, state, before, page.limit + 1,
                                         take_letter, &page, e)) < 0 ||
        (page.last == 0 && before == 0 && plugin != NULL &&
         record_check_plugin(ask, plugin, e) < 0)) {
        json_decref(page.letters);
        return -1;
    }
    *data = json_pack("{s:o, s:o}", "letters", page.letters, "next",
                      page.more ? record_next(ask, page.last, 0) : json_null());
    return 0;
}

static int take_one(void *arg, const struct dead_letter *d)
{
    *(json_t **)arg = dead_to_json(d);
    return 1;
}

static int no_letter(const char *run, struct error *e)
{
    error_set(e, ERROR_NOT_FOUND, "there is no dead letter '%.40s'", run);
    error_hint(e, "`orrery dead list` shows them; one is named by the run that failed");
    return -1;
}

int record_dead_show(const struct record_ask *ask, json_t **data, struct error *e)
{
    const char *run = record_text(ask, "run");
    json_t *letter = NULL;
    uint64_t id;

    if (run == NULL)
        return error_set(e, ERROR_INVALID, "run: expected a run's id, which is text");
    if (id_parse(run, &id) < 0)
        return no_letter(run, e);
    if (record_stopped(journal_get_dead(ask->journal, id, take_one, &letter, e)) < 0)
        return -1;
    if (letter == NULL)
        return no_letter(run, e);
    *data = letter;
    return 0;
}
