/* orrery db truncate: all plugin state of a store removed, and nothing else. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/db_stores.h"
#include "cli/rows.h"

#define SLICE        500 /* rows per transaction */
#define ANSWER_BYTES 4200

/* What is asked of one store. */
struct truncation {
    struct state_store *store;
    struct claims claims;
    int64_t now_ms;
    uint64_t rows, plugins;
};

/* ---- asking ---- */

static bool is_terminal(const struct output *o)
{
    int err = fileno(o->err);

    return isatty(STDIN_FILENO) && err >= 0 && isatty(err);
}

static int needs_force(const char *label, const struct state_facts *facts, struct error *e)
{
    error_set(e, ERROR_INVALID,
              "%.200s: %lld rows of %lld plugins would be removed, and there is no terminal to ask "
              "for consent: nothing was done",
              label, (long long)(facts->live + facts->expired), (long long)facts->plugins);
    error_hint(e, "--force removes them without asking");
    return -1;
}

static int read_consent(const char *label, struct error *e)
{
    char answer[ANSWER_BYTES] = "";

    if (fgets(answer, sizeof answer, stdin) == NULL)
        answer[0] = '\0';
    answer[strcspn(answer, "\r\n")] = '\0';
    if (strcmp(answer, "yes") == 0 || (answer[0] != '\0' && strcmp(answer, label) == 0))
        return 0;
    return error_set(e, ERROR_INVALID, "the answer was not \"yes\": nothing was done");
}

static int ask(const struct context *c, const char *label, const struct state_facts *facts,
               struct error *e)
{
    char rows[32], plugins[32];

    if (!is_terminal(&c->output))
        return needs_force(label, facts, e);
    output_inert(c->output.err, label);
    fprintf(c->output.err,
            ": %s row%s of %s plugin%s will be removed for good.\nType yes to do so: ",
            text_group_u64((uint64_t)(facts->live + facts->expired), rows),
            facts->live + facts->expired == 1 ? "" : "s",
            text_group_u64((uint64_t)facts->plugins, plugins), facts->plugins == 1 ? "" : "s");
    fflush(c->output.err);
    return read_consent(label, e);
}

/* Nothing is removed anywhere before every store has been consented to. */
static int ask_for(const struct context *c, struct stopped *s, const struct claimant *who,
                   const char *url, struct error *e)
{
    struct state_store *store;
    struct state_facts facts;
    char *label;
    int result;

    if (db_is_memory(url))
        return 0;
    if (stopped_state_url(s, url, &store, e) < 0 || claims_rivals(store, who, e) < 0 ||
        state_describe(store, stopped_now_ms(s), &facts, e) < 0)
        return -1;
    if (who->force || facts.live + facts.expired == 0)
        return 0;
    label = db_label(url);
    result = ask(c, label, &facts, e);
    free(label);
    return result;
}

/* ---- removing ---- */

static int remove_slice(struct truncation *t, const char *plugin, const struct rows *rows,
                        size_t from, struct error *e)
{
    size_t end = rows->count - from > SLICE ? from + SLICE : rows->count;

    if (state_begin(t->store, t->now_ms, e) < 0)
        return -1;
    for (size_t i = from; i < end; i++) {
        struct state_row row = rows_at(rows, i);
        if (state_remove(t->store, plugin, row.key, row.key_len, e) < 0) {
            state_rollback(t->store);
            return -1;
        }
    }
    if (claims_fence(&t->claims, plugin, e) < 0 || state_commit(t->store, e) < 0) {
        state_rollback(t->store);
        return -1;
    }
    t->rows += end - from;
    return claims_keep(&t->claims, e);
}

static int remove_plugin(struct truncation *t, const char *plugin, struct error *e)
{
    struct rows rows;
    int result;

    rows_init(&rows);
    result = rows_load(&rows, t->store, plugin, ROWS_ALL, e);
    for (size_t at = 0; result == 0 && at < rows.count; at += SLICE)
        result = remove_slice(t, plugin, &rows, at, e);
    t->plugins += result == 0;
    rows_release(&rows);
    return result;
}

/* Each plugin's lease before its rows: none of them starts to run in between. */
static int remove_all(struct truncation *t, struct error *e)
{
    struct names names = {0};
    int result = names_load(&names, t->store, e);

    for (size_t i = 0; result == 0 && i < names.count; i++)
        result = claims_take(&t->claims, names.items[i], e);
    for (size_t i = 0; result == 0 && i < names.count; i++)
        result = remove_plugin(t, names.items[i], e);
    names_release(&names);
    return result;
}

static int truncate_url(struct context *c, struct stopped *s, const struct claimant *who,
                        const char *url, json_t *list, struct error *e)
{
    struct truncation t = {.now_ms = stopped_now_ms(s)};
    char rows[32], plugins[32], said[128];
    int result;

    if (db_is_memory(url)) {
        db_told(c, list, "state", url, "memory", "in memory: nothing to do", NULL);
        return 0;
    }
    if (stopped_state_url(s, url, &t.store, e) < 0)
        return -1;
    claims_init(&t.claims, t.store, who);
    result = remove_all(&t, e);
    claims_release(&t.claims);
    if (result < 0)
        return -1;
    snprintf(said, sizeof said, "%s row%s of %s plugin%s removed", text_group_u64(t.rows, rows),
             t.rows == 1 ? "" : "s", text_group_u64(t.plugins, plugins), t.plugins == 1 ? "" : "s");
    db_told(c, list, "state", url, "truncated", said,
            json_pack("{s:I, s:I}", "rows", (json_int_t)t.rows, "plugins", (json_int_t)t.plugins));
    return 0;
}

/* With --force beside a daemon of this desk. */
static void warn_of_daemon(const struct context *c, const struct stopped *s)
{
    if (s->lock < 0)
        fprintf(c->output.err,
                "orrery: a daemon runs this desk: what its strategies have in memory stays there, "
                "and comes back as they write it\n");
}

static int truncate_all(struct context *c, struct stopped *s, json_t *list, struct error *e)
{
    bool force = options_given(&c->options, "force");
    struct claimant who;
    struct db_urls urls;
    int result;

    if (db_urls_find(c, s->config, options_argument(&c->options, 1), &urls, e) < 0)
        return -1;
    result = stopped_claimant(s, "orrery db truncate", force, &who, e);
    for (size_t i = 0; result == 0 && i < urls.count; i++)
        result = ask_for(c, s, &who, urls.state[i], e);
    if (result == 0)
        warn_of_daemon(c, s);
    for (size_t i = 0; result == 0 && i < urls.count; i++)
        result = truncate_url(c, s, &who, urls.state[i], list, e);
    db_urls_release(&urls);
    return result;
}

int db_truncate(struct context *c, struct error *e)
{
    struct stopped s;
    json_t *list;
    int result;

    if (stopped_open_forced(c, STORE_OPEN, options_given(&c->options, "force"), &s, e) < 0)
        return -1;
    list = json_array();
    result = truncate_all(c, &s, list, e);
    stopped_close(&s);
    if (result == 0 && c->output.json)
        output_data(&c->output, list);
    json_decref(list);
    return result;
}
