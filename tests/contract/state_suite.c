#include "contract/state_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *state_suite_broken(const char *file, int line, const char *condition)
{
    static char text[512];

    snprintf(text, sizeof text, "%s:%d: %s", file, line, condition);
    return text;
}

const char *state_suite_run(const struct state_backend *backend, const struct state_rule *rule)
{
    struct state_fixture fixture = {.backend = backend, .where = backend->set_up()};
    const char *broken;

    fixture.store = backend->open(fixture.where);
    broken = rule->check(&fixture);
    backend->close(fixture.store, fixture.where);
    backend->tear_down(fixture.where);
    return broken;
}

void state_suite_reopen(struct state_fixture *fixture)
{
    fixture->backend->close(fixture->store, fixture->where);
    fixture->store = fixture->backend->open(fixture->where);
}

static bool ok(int rc, const struct error *e)
{
    char text[1200];

    if (rc == 0)
        return true;
    fprintf(stderr, "    %s: %s\n", error_name(e->code), error_format(e, text, sizeof text));
    return false;
}

bool suite_begin(struct state_store *store)
{
    struct error e = ERROR_INIT;

    return ok(state_begin(store, 1, &e), &e);
}

bool suite_commit(struct state_store *store)
{
    struct error e = ERROR_INIT;

    return ok(state_commit(store, &e), &e);
}

bool suite_write(struct state_store *store, const char *plugin, const char *key, size_t key_len,
                 const char *value, int64_t expires_ms)
{
    struct error e = ERROR_INIT;
    struct state_row row = {key, key_len, value, strlen(value), expires_ms};

    return ok(state_put(store, plugin, &row, &e), &e);
}

bool suite_erase(struct state_store *store, const char *plugin, const char *key, size_t key_len)
{
    struct error e = ERROR_INIT;

    return ok(state_remove(store, plugin, key, key_len, &e), &e);
}

bool suite_put(struct state_store *store, const char *plugin, const char *key, const char *value,
               int64_t expires_ms)
{
    return suite_begin(store) && suite_write(store, plugin, key, strlen(key), value, expires_ms) &&
           suite_commit(store);
}

bool suite_remove(struct state_store *store, const char *plugin, const char *key)
{
    return suite_begin(store) && suite_erase(store, plugin, key, strlen(key)) &&
           suite_commit(store);
}

/* Two dumps may be compared with each other, so there are a few. */
static struct buf *fresh_dump(void)
{
    static struct buf dumps[4];
    static unsigned next;
    struct buf *dump = &dumps[next++ % 4];

    buf_release(dump);
    buf_init(dump, 64 * 1024 * 1024);
    return dump;
}

static int add_row(void *arg, const struct state_row *row)
{
    buf_add(arg, row->key, row->key_len);
    buf_add_char(arg, '=');
    buf_add(arg, row->value, row->value_len);
    buf_addf(arg, "@%lld\n", (long long)row->expires_ms);
    return 0;
}

const char *suite_dump(struct state_store *store, const char *plugin, int64_t now_ms)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!ok(state_load(store, plugin, now_ms, add_row, dump, &e), &e))
        return "load failed";
    return buf_text(dump);
}

static int add_name(void *arg, const char *plugin)
{
    buf_addf(arg, "%s\n", plugin);
    return 0;
}

const char *suite_names(struct state_store *store)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!ok(state_list(store, add_name, dump, &e), &e))
        return "list failed";
    return buf_text(dump);
}
