/* orrery db init, upgrade, sweep. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/db_stores.h"

#define SWEEP_SLICE                                                                                \
    1000 /* rows per transaction: a daemon beside us waits no longer than that takes */

/* ---- init and upgrade ---- */

/* What it took to bring a store from one schema version to another. */
static void told_versions(struct context *c, json_t *list, const char *role, const char *url,
                          int before, int after)
{
    const char *done = before == after ? "ready" : before == 0 ? "made" : "upgraded";
    char said[80];

    if (before == after)
        snprintf(said, sizeof said, "was ready (schema version %d)", after);
    else if (before == 0)
        snprintf(said, sizeof said, "made (schema version %d)", after);
    else
        snprintf(said, sizeof said, "upgraded from schema version %d to %d", before, after);
    db_told(c, list, role, url, done, said,
            json_pack("{s:i, s:i}", "version_before", before, "version", after));
}

static int make_state(struct context *c, struct stopped *s, const char *url, json_t *list,
                      struct error *e)
{
    struct state_store *store;
    struct state_facts facts;
    int before;

    if (db_is_memory(url)) {
        db_told(c, list, "state", url, "memory", "in memory: nothing to do", NULL);
        return 0;
    }
    if (db_version(s, url, "state", &before, e) < 0 || stopped_state_url(s, url, &store, e) < 0 ||
        state_describe(store, stopped_now_ms(s), &facts, e) < 0)
        return -1;
    told_versions(c, list, "state", url, before, facts.schema_version);
    return 0;
}

static int make_journal(struct context *c, struct stopped *s, const char *url, json_t *list,
                        struct error *e)
{
    struct journal *journal;
    int before, after;

    if (db_is_memory(url)) {
        db_told(c, list, "journal", url, "memory", "in memory: nothing to do", NULL);
        return 0;
    }
    if (db_version(s, url, "journal", &before, e) < 0 ||
        stopped_journal_url(s, url, &journal, e) < 0 ||
        db_version(s, url, "journal", &after, e) < 0)
        return -1;
    told_versions(c, list, "journal", url, before, after);
    return 0;
}

/* A URL that is given may be a journal's too, when it is a file. */
static bool has_journal(const struct context *c, const char *url)
{
    struct error ignored = ERROR_INIT;

    return c->registry->check_journal_url(url, &ignored) == 0;
}

static int make_all(struct context *c, struct stopped *s, json_t *list, struct error *e)
{
    struct db_urls urls;
    int result = 0;

    if (db_urls_find(c, s->config, options_argument(&c->options, 1), &urls, e) < 0)
        return -1;
    if (has_journal(c, urls.journal))
        result = make_journal(c, s, urls.journal, list, e);
    for (size_t i = 0; result == 0 && i < urls.count; i++)
        result = make_state(c, s, urls.state[i], list, e);
    db_urls_release(&urls);
    return result;
}

int db_make(struct context *c, struct error *e)
{
    bool init = strcmp(options_argument(&c->options, 0), "init") == 0;
    struct stopped s;
    json_t *list;
    int result;

    if (stopped_open(c, init ? STORE_CREATE : STORE_OPEN, true, &s, e) < 0)
        return -1;
    list = json_array();
    result = make_all(c, &s, list, e);
    stopped_close(&s);
    if (result == 0 && c->output.json)
        output_data(&c->output, list);
    json_decref(list);
    return result;
}

/* ---- sweep ---- */

static int sweep_store(struct state_store *store, int64_t now_ms, json_int_t *total,
                       struct error *e)
{
    size_t removed;

    *total = 0;
    do {
        if (state_sweep(store, now_ms, SWEEP_SLICE, &removed, e) < 0)
            return -1;
        *total += (json_int_t)removed;
    } while (removed == SWEEP_SLICE);
    return 0;
}

static int sweep_url(struct context *c, struct stopped *s, const char *url, json_t *list,
                     struct error *e)
{
    struct state_store *store;
    json_int_t removed;
    char said[64];

    if (db_is_memory(url)) {
        db_told(c, list, "state", url, "memory", "in memory: nothing to do", NULL);
        return 0;
    }
    if (stopped_state_url(s, url, &store, e) < 0 ||
        sweep_store(store, stopped_now_ms(s), &removed, e) < 0)
        return -1;
    snprintf(said, sizeof said, "%lld expired row%s removed", (long long)removed,
             removed == 1 ? "" : "s");
    db_told(c, list, "state", url, "swept", said, json_pack("{s:I}", "removed", removed));
    return 0;
}

int db_sweep(struct context *c, struct error *e)
{
    struct db_urls urls = {0};
    struct stopped s;
    json_t *list;
    int result;

    /* Safe beside a daemon: expired rows are dead to it too. */
    if (stopped_open(c, STORE_OPEN, false, &s, e) < 0)
        return -1;
    list = json_array();
    result = db_urls_find(c, s.config, options_argument(&c->options, 1), &urls, e);
    for (size_t i = 0; result == 0 && i < urls.count; i++)
        result = sweep_url(c, &s, urls.state[i], list, e);
    db_urls_release(&urls);
    stopped_close(&s);
    if (result == 0 && c->output.json)
        output_data(&c->output, list);
    json_decref(list);
    return result;
}
