#include "cli/db_stores.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "core/desk.h"
#include "db/sqlite_db.h"
#include "journal/journal_postgres.h"
#include "model/problem.h"
#include "model/store_url.h"

void db_urls_release(struct db_urls *urls)
{
    for (size_t i = 0; i < urls->count; i++)
        free(urls->state[i]);
    free(urls->state);
    free(urls->journal);
    *urls = (struct db_urls){0};
}

static void add_state(struct db_urls *urls, const char *url)
{
    for (size_t i = 0; i < urls->count; i++)
        if (strcmp(urls->state[i], url) == 0)
            return;
    urls->state = mem_resize(urls->state, (urls->count + 1) * sizeof *urls->state);
    urls->state[urls->count++] = mem_strdup(url);
}

/* A state factory is a function of the plugin's name: only the strategies say which names there
 * are. */
static int ask_factory(const struct context *c, struct db_urls *urls, struct error *e)
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

int db_urls_find(const struct context *c, const struct config *config, const char *given,
                 struct db_urls *out, struct error *e)
{
    struct db_urls urls = {0};

    if (given != NULL && c->registry->check_state_url(given, e) < 0)
        return -1;
    urls.journal = mem_strdup(given != NULL ? given : config->journal);
    if (given != NULL) {
        add_state(&urls, given);
    } else if (!config->state_is_function) {
        add_state(&urls, config->state != NULL ? config->state : config->journal);
    } else if (ask_factory(c, &urls, e) < 0) {
        db_urls_release(&urls);
        return -1;
    }
    *out = urls;
    return 0;
}

bool db_is_memory(const char *url)
{
    return strncmp(url, "memory:", 7) == 0;
}

char *db_label(const char *url)
{
    return store_url_label(url);
}

void db_told(struct context *c, json_t *list, const char *role, const char *url, const char *done,
             const char *said, json_t *more)
{
    char *label = db_label(url);
    json_t *one = json_pack("{s:s, s:s, s:s}", "role", role, "url", label, "done", done);

    json_object_update(one, more);
    json_decref(more);
    json_array_append_new(list, one);
    if (!c->output.json) {
        fprintf(c->output.out, "%-8s ", role);
        output_inert(c->output.out, label);
        fprintf(c->output.out, "  %s\n", said);
    }
    free(label);
}

static int sqlite_version(const struct stopped *s, const char *file, const char *component,
                          int *version, struct error *e)
{
    char *path = desk_path(s->desk, file);
    struct error why = ERROR_INIT;
    struct sqlite_db *db = NULL;
    int result = sqlite_db_open(&db, path, SQLITE_DB_READ, &why);

    if (result == 0)
        result = sqlite_db_schema_version(db, component, INT_MAX, version, &why);
    sqlite_db_close(db);
    free(path);
    if (result < 0 && why.code == ERROR_NOT_FOUND) {
        *version = 0;
        return 0;
    }
    if (result < 0)
        *e = why;
    return result;
}

static int state_version(struct stopped *s, const char *url, int *version, struct error *e)
{
    struct state_store *store = NULL;
    struct state_facts facts;
    int result = stopped_state_own(s, url, STORE_INSPECT, &store, e);

    if (result == 0)
        result = state_describe(store, stopped_now_ms(s), &facts, e);
    state_close(store);
    if (result == 0)
        *version = facts.schema_version;
    return result;
}

static int journal_version(struct stopped *s, const char *url, int *version, struct error *e)
{
    struct journal *journal = NULL;
    struct journal_facts facts;
    int result = stopped_journal_own(s, url, STORE_INSPECT, &journal, e);

    if (result == 0)
        result = journal_postgres_facts(journal, &facts, e);
    journal_close(journal);
    if (result == 0)
        *version = facts.schema_version;
    return result;
}

static int server_version(struct stopped *s, const char *url, const char *component, int *version,
                          struct error *e)
{
    struct error why = ERROR_INIT;
    int result = strcmp(component, "journal") == 0 ? journal_version(s, url, version, &why)
                                                   : state_version(s, url, version, &why);

    if (result < 0 && (why.code == ERROR_NOT_FOUND || why.code == ERROR_STORE_MISSING ||
                       why.code == ERROR_STORE_SCHEMA))
        *version = result = 0;
    else if (result < 0)
        *e = why;
    return result;
}

int db_version(struct stopped *s, const char *url, const char *component, int *version,
               struct error *e)
{
    struct store_url parsed;
    int result;

    if (store_url_parse(url, &parsed, e) < 0)
        return -1;
    if (store_url_is_server(&parsed))
        result = server_version(s, url, component, version, e);
    else
        result = sqlite_version(s, parsed.path, component, version, e);
    store_url_release(&parsed);
    return result;
}
