/* orrery db seed: example data, to look at and to try things with. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/db_stores.h"
#include "cli/rows.h"
#include "cli/seeds.h"

static int open_store(struct stopped *s, const char *given, const char *plugin,
                      struct state_store **out, struct error *e)
{
    if (given == NULL)
        return stopped_state(s, plugin, out, e);
    if (!db_is_memory(given))
        return stopped_state_url(s, given, out, e);
    return error_set(e, ERROR_INVALID,
                     "a seed in memory is gone when this command ends: expected "
                     "a store that keeps it");
}

static int expect_empty(struct state_store *store, const char *plugin, struct error *e)
{
    struct rows rows;
    size_t count;

    rows_init(&rows);
    if (rows_load(&rows, store, plugin, ROWS_ALL, e) < 0) {
        rows_release(&rows);
        return -1;
    }
    count = rows.count;
    rows_release(&rows);
    if (count == 0)
        return 0;
    error_set(e, ERROR_INVALID, "the plugin '%s' has %zu row%s there already: nothing was written",
              plugin, count, count == 1 ? "" : "s");
    error_hint(e, "--force writes the seed all the same: rows of the same key are replaced");
    return -1;
}

static int put_rows(struct state_store *store, const struct claims *claims, size_t plugin,
                    int64_t now_ms, struct error *e)
{
    const char *name = seeds[plugin].name;

    if (state_begin(store, now_ms, e) < 0)
        return -1;
    for (size_t i = 0; i < seeds[plugin].count; i++) {
        struct state_row row = seeds_row(plugin, i, now_ms);
        if (state_put(store, name, &row, e) < 0) {
            state_rollback(store);
            return -1;
        }
    }
    if (claims_fence(claims, name, e) == 0 && state_commit(store, e) == 0)
        return 0;
    state_rollback(store);
    return -1;
}

/* What is asked, for all plugins. */
struct seeding {
    struct context *c;
    struct stopped *s;
    const char *given;
    int64_t now_ms;
    struct claimant who;
    json_t *list;
};

static int write_plugin(struct seeding *w, size_t plugin, struct error *e)
{
    const char *name = seeds[plugin].name;
    struct state_store *store;
    struct claims claims;
    char said[96];
    int result;

    if (open_store(w->s, w->given, name, &store, e) < 0)
        return -1;
    claims_init(&claims, store, &w->who);
    result = claims_take(&claims, name, e);
    if (result == 0)
        result = put_rows(store, &claims, plugin, w->now_ms, e);
    claims_release(&claims);
    if (result < 0)
        return -1;
    snprintf(said, sizeof said, "%zu rows written", seeds[plugin].count);
    json_array_append_new(
        w->list, json_pack("{s:s, s:I}", "plugin", name, "rows", (json_int_t)seeds[plugin].count));
    if (!w->c->output.json)
        fprintf(w->c->output.out, "%-16s %s\n", name, said);
    return 0;
}

static int seed_all(struct seeding *w, bool force, struct error *e)
{
    struct state_store *store;

    for (size_t i = 0; !force && i < SEEDS; i++)
        if (open_store(w->s, w->given, seeds[i].name, &store, e) < 0 ||
            expect_empty(store, seeds[i].name, e) < 0)
            return -1;
    for (size_t i = 0; i < SEEDS; i++)
        if (write_plugin(w, i, e) < 0)
            return -1;
    return 0;
}

int db_seed(struct context *c, struct error *e)
{
    struct seeding w = {.c = c, .given = options_argument(&c->options, 1)};
    bool force = options_given(&c->options, "force");
    struct stopped s;
    int result;

    if (w.given != NULL && c->registry->check_state_url(w.given, e) < 0)
        return -1;
    if (stopped_open_forced(c, STORE_OPEN, force, &s, e) < 0)
        return -1;
    w.s = &s;
    w.now_ms = stopped_now_ms(&s);
    w.list = json_array();
    result = stopped_claimant(&s, "orrery db seed", force, &w.who, e);
    if (result == 0)
        result = seed_all(&w, force, e);
    stopped_close(&s);
    if (result == 0 && c->output.json)
        output_data(&c->output, w.list);
    json_decref(w.list);
    return result;
}
