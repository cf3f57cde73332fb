/* orrery db: the databases of a desk, made, upgraded and swept. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/stopped.h"
#include "model/problem.h"

#define SWEEP_SLICE                                                                                \
    1000 /* rows per transaction: a daemon beside us waits no longer than that takes */

enum db_action { DB_INIT, DB_UPGRADE, DB_SWEEP };

static const char *const words[] = {"init", "upgrade", "sweep", NULL};

/* The URLs of a desk's stores, each once. */
struct urls {
    char *journal; /* or NULL */
    char **state;
    size_t count;
};

static void urls_release(struct urls *urls)
{
    for (size_t i = 0; i < urls->count; i++)
        free(urls->state[i]);
    free(urls->state);
    free(urls->journal);
}

static void add_state(struct urls *urls, const char *url)
{
    for (size_t i = 0; i < urls->count; i++)
        if (strcmp(urls->state[i], url) == 0)
            return;
    urls->state = mem_resize(urls->state, (urls->count + 1) * sizeof *urls->state);
    urls->state[urls->count++] = mem_strdup(url);
}

/* A state factory is a function of the plugin's name: only the strategies say which names there
 * are. */
static int ask_factory(const struct context *c, struct urls *urls, struct error *e)
{
    struct check_report report = {0};
    struct problems problems = {0};
    int result = desk_check(c->desk, c->registry, &report, &problems, e);

    if (result < 0 || problems.errors > 0) {
        problems_to_error(&problems, e);
        result = -1;
    }
    for (size_t i = 0; result == 0 && i < report.plugin_count; i++)
        add_state(urls, report.plugins[i].state);
    check_report_release(&report);
    problems_release(&problems);
    return result;
}

static int find_urls(const struct context *c, const struct config *config, const char *given,
                     struct urls *urls, struct error *e)
{
    urls->journal = mem_strdup(given != NULL ? given : config->journal);
    if (given != NULL)
        add_state(urls, given);
    else if (!config->state_is_function)
        add_state(urls, config->state != NULL ? config->state : config->journal);
    else
        return ask_factory(c, urls, e);
    return 0;
}

/* What was done to one store, for people and for programs. */
static void told(struct context *c, json_t *list, const char *role, const char *url,
                 const char *done, json_int_t removed)
{
    json_t *one = json_pack("{s:s, s:s, s:s}", "role", role, "url", url, "done", done);

    if (removed >= 0)
        json_object_set_new(one, "removed", json_integer(removed));
    json_array_append_new(list, one);
    if (c->output.json)
        return;
    fprintf(c->output.out, "%-8s ", role);
    output_inert(c->output.out, url);
    if (removed >= 0)
        fprintf(c->output.out, "  %lld expired row%s removed\n", (long long)removed,
                removed == 1 ? "" : "s");
    else
        fprintf(c->output.out, "  %s\n", done);
}

static bool is_memory(const char *url)
{
    return strncmp(url, "memory:", 7) == 0;
}

static int sweep_store(struct state_store *store, int64_t now_ms, json_int_t *total,
                       struct error *e)
{
    size_t removed;

    *total = 0;
    do {
        if (state_begin(store, now_ms, e) < 0)
            return -1;
        if (state_sweep(store, now_ms, SWEEP_SLICE, &removed, e) < 0 ||
            state_commit(store, e) < 0) {
            state_rollback(store);
            return -1;
        }
        *total += (json_int_t)removed;
    } while (removed == SWEEP_SLICE);
    return 0;
}

static int do_state(struct context *c, struct stopped *s, enum db_action action, const char *url,
                    json_t *list, struct error *e)
{
    struct state_store *store;
    json_int_t removed = -1;

    if (is_memory(url)) {
        told(c, list, "state", url, "in memory: nothing to do", -1);
        return 0;
    }
    if (stopped_state_url(s, url, &store, e) < 0)
        return -1;
    if (action == DB_SWEEP && sweep_store(store, stopped_now_ms(s), &removed, e) < 0)
        return -1;
    told(c, list, "state", url, action == DB_SWEEP ? "swept" : "ready", removed);
    return 0;
}

static int do_journal(struct context *c, struct stopped *s, const char *url, json_t *list,
                      struct error *e)
{
    struct journal *journal;

    if (is_memory(url)) {
        told(c, list, "journal", url, "in memory: nothing to do", -1);
        return 0;
    }
    if (stopped_journal_url(s, url, &journal, e) < 0)
        return -1;
    told(c, list, "journal", url, "ready", -1);
    return 0;
}

static int do_all(struct context *c, struct stopped *s, enum db_action action, json_t *list,
                  struct error *e)
{
    const char *given = options_argument(&c->options, 1);
    struct urls urls = {0};
    int result;

    if (given != NULL && c->registry->check_state_url(given, e) < 0)
        return -1;
    result = find_urls(c, s->config, given, &urls, e);
    if (result == 0 && action != DB_SWEEP)
        result = do_journal(c, s, urls.journal, list, e);
    for (size_t i = 0; result == 0 && i < urls.count; i++)
        result = do_state(c, s, action, urls.state[i], list, e);
    urls_release(&urls);
    return result;
}

static int run_db(struct context *c, struct error *e)
{
    int action = command_choose(c, words, e), result;
    struct stopped s;
    json_t *list;

    if (action < 0)
        return -1;
    /* Sweeping is safe beside a daemon (expired rows are dead to it too); changing a schema is not.
     */
    if (stopped_open(c, action == DB_INIT ? STORE_CREATE : STORE_OPEN, action != DB_SWEEP, &s, e) <
        0)
        return -1;
    list = json_array();
    result = do_all(c, &s, (enum db_action)action, list, e);
    stopped_close(&s);
    if (result == 0 && c->output.json)
        output_data(&c->output, list);
    json_decref(list);
    return result;
}

const struct command command_db = {
    .name = "db",
    .summary = "make, upgrade or sweep the desk's databases",
    .usage = "  orrery db init [URL]\n"
             "  orrery db upgrade [URL]\n"
             "  orrery db sweep [URL]\n",
    .text =
        "init     makes the journal and the state stores that orrery.lua names (`orrery run`\n"
        "         does so by itself)\n"
        "upgrade  brings existing databases to this version's schema; makes none\n"
        "sweep    removes state rows whose time has passed, a thousand at a time; also beside a\n"
        "         running daemon\n"
        "\n"
        "URL is one store instead of those of orrery.lua: sqlite:PATH, relative to the desk.\n",
    .examples = "  $ orrery db init\n"
                "  journal  sqlite:data/orrery.db  ready\n"
                "  state    sqlite:data/orrery.db  ready\n"
                "  $ orrery db sweep\n"
                "  state    sqlite:data/orrery.db  1204 expired rows removed\n",
    .exits = "  1 when a daemon holds the desk (init, upgrade); 2 when there is no such database "
             "(upgrade, sweep)\n",
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run_db,
};
