/* orrery db status: each store of the desk, as it is now; also beside a running daemon. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/db_stores.h"
#include "cli/format.h"
#include "cli/table.h"
#include "db/sqlite_db.h"
#include "journal/journal_postgres.h"

#define PINGS       5
#define PING_PLUGIN "orrery-ping" /* nobody's: the smallest read there is */

/* ---- what there is to know ---- */

static int take_nothing(void *arg, const struct state_row *row)
{
    (void)arg;
    (void)row;
    return 0;
}

static int compare_times(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The median of a few smallest reads, in microseconds. */
static int ping_state(struct state_store *store, int64_t now_ms, int64_t *us, struct error *e)
{
    int64_t took[PINGS];
    struct clock clock;

    clock_init_real(&clock);
    for (int i = 0; i < PINGS; i++) {
        int64_t start = clock_mono_ns(&clock);
        if (state_load(store, PING_PLUGIN, now_ms, take_nothing, NULL, e) < 0)
            return -1;
        took[i] = (clock_mono_ns(&clock) - start) / 1000;
    }
    qsort(took, PINGS, sizeof took[0], compare_times);
    *us = took[PINGS / 2];
    return 0;
}

static int add_lease(void *arg, const struct state_lease *lease)
{
    if (lease->left_ms > 0)
        json_array_append_new(arg, json_pack("{s:s, s:s, s:s, s:I, s:I}", "plugin", lease->plugin,
                                             "holder", lease->label, "owner", lease->owner, "token",
                                             (json_int_t)lease->token, "left_ms",
                                             (json_int_t)lease->left_ms));
    return 0;
}

static json_t *warnings_json(const struct state_store *store)
{
    json_t *list = json_array();
    const char *at = store->warnings;

    while (*at != '\0') {
        size_t len = strcspn(at, "\n");
        if (len > 0)
            json_array_append_new(list, json_stringn(at, len));
        at += len + (at[len] == '\n');
    }
    return list;
}

static json_t *facts_json(const struct state_facts *f)
{
    json_t *one = json_pack("{s:I, s:I, s:I, s:I}", "plugins", (json_int_t)f->plugins, "live",
                            (json_int_t)f->live, "expired", (json_int_t)f->expired,
                            "schema_version", (json_int_t)f->schema_version);

    json_object_set_new(one, "bytes", f->bytes >= 0 ? json_integer(f->bytes) : json_null());
    return one;
}

static void set_server(json_t *one, const char *backend, const char *server)
{
    char text[64];

    snprintf(text, sizeof text, "SQLite %s", sqlite3_libversion());
    json_object_set_new(one, "backend", json_string(backend));
    if (server[0] == '\0' && strcmp(backend, "sqlite") == 0)
        server = text;
    json_object_set_new(one, "server", server[0] != '\0' ? json_string(server) : json_null());
}

static int look_at_state(struct stopped *s, const char *url, json_t *one, struct error *e)
{
    int64_t now_ms = stopped_now_ms(s), us;
    json_t *leases = json_array();
    struct state_store *store;
    struct state_facts facts;

    if (stopped_state_url(s, url, &store, e) < 0 || state_describe(store, now_ms, &facts, e) < 0 ||
        ping_state(store, now_ms, &us, e) < 0 ||
        (state_is_shared(store) && state_lease_list(store, add_lease, leases, e) < 0)) {
        json_decref(leases);
        return -1;
    }
    json_object_update_new(one, facts_json(&facts));
    set_server(one, state_name(store), facts.server);
    json_object_set_new(one, "leases", leases);
    json_object_set_new(one, "warnings", warnings_json(store));
    json_object_set_new(one, "latency_us", json_integer(us));
    return 0;
}

/* The database's files, the write-ahead log included. */
static int64_t bytes_on_disk(const struct stopped *s, const char *url)
{
    char *path = desk_path(s->desk, url + strlen("sqlite:"));
    struct buf log;
    struct stat st;
    int64_t bytes = stat(path, &st) == 0 ? st.st_size : -1;

    buf_init(&log, 8192);
    buf_addf(&log, "%s-wal", path);
    if (bytes >= 0 && stat(buf_text(&log), &st) == 0)
        bytes += st.st_size;
    buf_release(&log);
    free(path);
    return bytes;
}

static int journal_facts(struct stopped *s, const char *url, struct journal *journal,
                         struct journal_facts *facts, struct error *e)
{
    if (strcmp(journal_name(journal), "postgres") == 0)
        return journal_postgres_facts(journal, facts, e);
    facts->server[0] = '\0';
    facts->bytes = bytes_on_disk(s, url);
    return db_version(s, url, "journal", &facts->schema_version, e);
}

static int look_at_journal(struct stopped *s, const char *url, json_t *one, struct error *e)
{
    struct journal_facts facts;
    struct journal *journal;
    struct clock clock;
    int64_t start;
    uint64_t id;

    clock_init_real(&clock);
    if (stopped_journal_url(s, url, &journal, e) < 0 ||
        journal_facts(s, url, journal, &facts, e) < 0)
        return -1;
    start = clock_mono_ns(&clock);
    if (journal_last_id(journal, &id, e) < 0)
        return -1;
    json_object_set_new(one, "latency_us", json_integer((clock_mono_ns(&clock) - start) / 1000));
    set_server(one, journal_name(journal), facts.server);
    json_object_set_new(one, "schema_version", json_integer(facts.schema_version));
    json_object_set_new(one, "bytes", json_integer(facts.bytes));
    return 0;
}

static json_t *error_of(const struct error *e)
{
    json_t *one = json_pack("{s:s, s:s}", "code", error_name(e->code), "message", e->message);

    if (e->where[0] != '\0')
        json_object_set_new(one, "where", json_string(e->where));
    if (e->hint[0] != '\0')
        json_object_set_new(one, "hint", json_string(e->hint));
    return one;
}

typedef int look_fn(struct stopped *s, const char *url, json_t *one, struct error *e);

/* One store's object; the first failure of all stores goes to `first`. */
static void add_store(struct stopped *s, json_t *list, const char *role, const char *url,
                      look_fn *look, struct error *first)
{
    char *label = db_label(url);
    json_t *one = json_pack("{s:s, s:s}", "role", role, "url", label);
    struct error e = ERROR_INIT;

    if (db_is_memory(url)) {
        json_object_set_new(one, "backend", json_string("memory"));
        json_object_set_new(one, "status", json_string("memory"));
    } else if (look(s, url, one, &e) == 0) {
        json_object_set_new(one, "status", json_string("ok"));
    } else {
        json_object_set_new(one, "status", json_string("error"));
        json_object_set_new(one, "error", error_of(&e));
        if (first->code == ERROR_NONE)
            *first = e;
    }
    json_array_append_new(list, one);
    free(label);
}

/* ---- for people ---- */

static const char *text_of(const json_t *one, const char *name)
{
    return json_string_value(json_object_get(one, name));
}

static void add_number(struct table *t, const json_t *one, const char *name)
{
    char text[FORMAT_SIZE];

    table_add(t, format_amount(json_object_get(one, name), text));
}

static void add_span(struct table *t, const json_t *us)
{
    json_int_t took = json_integer_value(us);

    if (us == NULL)
        table_add(t, NULL);
    else if (took < 1000)
        table_addf(t, "%lld us", (long long)took);
    else
        table_addf(t, "%.1f ms", (double)took / 1000);
}

static void add_row(struct table *t, const json_t *one)
{
    const json_t *bytes = json_object_get(one, "bytes"), *us = json_object_get(one, "latency_us");
    const char *server = text_of(one, "server"), *status = text_of(one, "status");
    char text[FORMAT_SIZE];

    table_add(t, text_of(one, "url"));
    table_add(t, text_of(one, "role"));
    table_add(t, server != NULL ? server : text_of(one, "backend"));
    add_number(t, one, "schema_version");
    table_add(t, json_is_integer(bytes) && json_integer_value(bytes) >= 0
                     ? format_bytes((uint64_t)json_integer_value(bytes), text)
                     : NULL);
    add_number(t, one, "plugins");
    add_number(t, one, "live");
    add_number(t, one, "expired");
    add_span(t, us);
    table_add(t, strcmp(status, "memory") == 0 ? "while the daemon runs" : status);
    table_tone(t, strcmp(status, "error") == 0 ? TONE_BAD : TONE_PLAIN);
}

static void print_table(const struct output *o, const json_t *list)
{
    static const struct column columns[] = {
        {"STORE", false, 48},
        {"ROLE", false, 0},
        {"SERVER", false, 24},
        {"SCHEMA", true, 0},
        {"SIZE", true, 0},
        {"PLUGINS", true, 0},
        {"LIVE", true, 0},
        {"EXPIRED", true, 0},
        {"READ", true, 0},
        {"STATE", false, 0},
        {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(list, i, one) add_row(&t, one);
    table_print(&t, o, 0);
    table_release(&t);
}

static void print_leases(const struct output *o, const json_t *list)
{
    static const struct column columns[] = {
        {"LEASE OF", false, 32}, {"HELD BY", false, 0}, {"FOR", true, 0}, {"STORE", false, 0}, {0}};
    const json_t *one, *lease;
    struct table t;
    size_t i, k;

    table_init(&t, columns);
    json_array_foreach(list, i, one)
    {
        json_array_foreach(json_object_get(one, "leases"), k, lease)
        {
            char span[FORMAT_SIZE];
            table_add(&t, text_of(lease, "plugin"));
            table_add(&t, text_of(lease, "holder"));
            table_add(&t, format_span(json_integer_value(json_object_get(lease, "left_ms")), span));
            table_add(&t, text_of(one, "url"));
        }
    }
    if (t.count > 0) {
        fputc('\n', o->out);
        table_print(&t, o, 0);
    }
    table_release(&t);
}

static void print_line(const struct output *o, enum tone tone, const char *word,
                       const json_t *store, const char *text)
{
    fprintf(o->out, "%s%s:%s ", output_tone(o->colour, tone), word, output_plain(o->colour));
    output_inert(o->out, text_of(store, "url"));
    fputs(": ", o->out);
    output_inert(o->out, text);
    fputc('\n', o->out);
}

static void print_trouble(const struct output *o, const json_t *list)
{
    const json_t *one, *warning;
    size_t i, k;

    json_array_foreach(list, i, one)
    {
        const json_t *error = json_object_get(one, "error");
        const char *hint = text_of(error, "hint");
        json_array_foreach(json_object_get(one, "warnings"), k, warning)
            print_line(o, TONE_WARN, "warning", one, json_string_value(warning));
        if (error != NULL)
            print_line(o, TONE_BAD, "error", one, text_of(error, "message"));
        if (hint != NULL) {
            fputs("  hint: ", o->out);
            output_inert(o->out, hint);
            fputc('\n', o->out);
        }
    }
}

static int tell(struct context *c, const json_t *list, const struct error *first)
{
    const json_t *one;
    size_t i, failed = 0;
    struct error e = ERROR_INIT;
    json_t *more;

    json_array_foreach(list, i, one) failed += json_object_get(one, "error") != NULL;
    if (!c->output.json) {
        print_table(&c->output, list);
        print_leases(&c->output, list);
        print_trouble(&c->output, list);
        return failed > 0;
    }
    if (failed == 0) {
        output_data(&c->output, list);
        return 0;
    }
    error_set(&e, first->code, "%zu of %zu stores cannot be looked at", failed,
              json_array_size(list));
    more = json_pack("{s:O}", "data", list);
    (void)output_error(&c->output, &e, more);
    json_decref(more);
    return 1;
}

static bool may_be_journal(const struct context *c, const char *given)
{
    struct error ignored = ERROR_INIT;

    return given == NULL || c->registry->check_journal_url(given, &ignored) == 0;
}

/* A file that is given may hold state only. */
static bool has_journal(struct stopped *s, const char *given, const char *url)
{
    struct error ignored = ERROR_INIT;
    int version = 0;

    if (given == NULL || db_is_memory(url))
        return given == NULL;
    return db_version(s, url, "journal", &version, &ignored) == 0 && version > 0;
}

int db_status(struct context *c, struct error *e)
{
    const char *given = options_argument(&c->options, 1);
    struct error first = ERROR_INIT;
    struct db_urls urls;
    struct stopped s;
    json_t *list;
    int result;

    if (stopped_open(c, STORE_INSPECT, false, &s, e) < 0)
        return -1;
    if (db_urls_find(c, s.config, given, &urls, e) < 0) {
        stopped_close(&s);
        return -1;
    }
    list = json_array();
    if (may_be_journal(c, given) && has_journal(&s, given, urls.journal))
        add_store(&s, list, "journal", urls.journal, look_at_journal, &first);
    for (size_t i = 0; i < urls.count; i++)
        add_store(&s, list, "state", urls.state[i], look_at_state, &first);
    db_urls_release(&urls);
    stopped_close(&s);
    result = tell(c, list, &first);
    json_decref(list);
    return result;
}
