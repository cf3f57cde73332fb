/*
 * The state backends on real servers, whose addresses come from ORRERY_POSTGRES_URL,
 * ORRERY_REDIS_URL and ORRERY_LIBSQL_URL (see tests/support/with_servers.py). Each place is empty
 * and its own: a schema, a prefix, or (libSQL) the whole database, emptied.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "contract/state_suite.h"
#include "model/store_url.h"

struct server_place {
    const char *variable;
    state_server_open_fn *open;
    char option[64]; /* "schema=…" */
};

static void stop_with(const char *what, const struct error *e)
{
    char text[1200];

    fprintf(stderr, "%s: %s\n", what, error_format(e, text, sizeof text));
    abort();
}

/* Parsed, and changed as the route has it. */
static struct store_url place_url(const struct server_place *place, const struct state_route *route)
{
    const char *base = getenv(place->variable);
    struct error e = ERROR_INIT;
    struct store_url url;
    char text[1024];

    if (base == NULL) {
        fprintf(stderr, "%s is not set: run through tests/support/with_servers.py\n",
                place->variable);
        abort();
    }
    snprintf(text, sizeof text, "%s%s%s", base, place->option[0] ? "?" : "", place->option);
    if (store_url_parse(text, &url, &e) != 0)
        stop_with(text, &e);
    if (route->port != 0)
        url.port = route->port;
    url.connect_timeout_ms = route->timeout_ms != 0 ? route->timeout_ms : 5000;
    url.timeout_ms = route->timeout_ms != 0 ? route->timeout_ms : 20000;
    return url;
}

static int open_at(void *where, const struct state_route *route, struct state_store **out,
                   struct error *e)
{
    struct server_place *place = where;
    struct store_url url = place_url(place, route);
    const char *secret = route->secret != NULL ? route->secret : url.password;
    int rc = place->open(out, &url, secret, route->mode, 1, e);

    store_url_release(&url);
    return rc;
}

static struct state_store *open_server(void *where)
{
    struct server_place *place = where;
    struct state_route direct = {.mode = STORE_CREATE};
    struct state_store *store = NULL;
    struct error e = ERROR_INIT;

    if (open_at(where, &direct, &store, &e) != 0)
        stop_with(place->variable, &e);
    return store;
}

static uint16_t server_port(void *where)
{
    struct state_route direct = {.mode = STORE_CREATE};
    struct store_url url = place_url(where, &direct);
    uint16_t port = url.port;

    store_url_release(&url);
    return port;
}

static void close_server(struct state_store *store, void *where)
{
    (void)where;
    state_close(store);
}

/* ---- emptying ---- */

struct rows {
    char plugin[LIMIT_NAME_BYTES + 1];
    char *keys[4096];
    size_t lens[4096], count;
};

struct held {
    struct state_lease leases[1024];
    size_t count;
};

static int take_key(void *arg, const struct state_row *row)
{
    struct rows *rows = arg;

    if (rows->count == sizeof rows->keys / sizeof rows->keys[0])
        return 1;
    rows->keys[rows->count] = mem_strndup(row->key, row->key_len);
    rows->lens[rows->count++] = row->key_len;
    return 0;
}

static int take_first(void *arg, const char *plugin)
{
    struct rows *rows = arg;

    snprintf(rows->plugin, sizeof rows->plugin, "%s", plugin);
    return 1;
}

static void remove_rows(struct state_store *store, struct rows *rows)
{
    struct error e = ERROR_INIT;

    if (state_begin(store, 1, &e) != 0)
        stop_with("emptying", &e);
    for (size_t i = 0; i < rows->count; i++) {
        if (state_remove(store, rows->plugin, rows->keys[i], rows->lens[i], &e) != 0)
            stop_with("emptying", &e);
        free(rows->keys[i]);
    }
    if (state_commit(store, &e) != 0)
        stop_with("emptying", &e);
}

static int take_live(void *arg, const struct state_lease *lease)
{
    struct held *held = arg;

    if (lease->left_ms > 0 && held->count < sizeof held->leases / sizeof held->leases[0])
        held->leases[held->count++] = *lease;
    return 0;
}

/* They outlive a libSQL place. */
static void release_all(struct state_store *store)
{
    struct held *held = mem_zero(1, sizeof *held);
    struct state_hold holds[sizeof held->leases / sizeof held->leases[0]];
    struct error e = ERROR_INIT;

    if (state_lease_list(store, take_live, held, &e) != 0)
        stop_with("releasing leases", &e);
    for (size_t i = 0; i < held->count; i++)
        holds[i] = (struct state_hold){held->leases[i].plugin, held->leases[i].token, false};
    if (state_lease_release(store, holds, held->count, &e) != 0)
        stop_with("releasing leases", &e);
    free(held);
}

static void empty(struct state_store *store)
{
    struct rows *rows = mem_zero(1, sizeof *rows);
    struct error e = ERROR_INIT;

    for (;;) {
        rows->plugin[0] = '\0';
        rows->count = 0;
        state_list(store, take_first, rows, &e);
        if (rows->plugin[0] == '\0')
            break;
        state_load(store, rows->plugin, INT64_MIN, take_key, rows, &e);
        remove_rows(store, rows);
    }
    free(rows);
}

/* ---- places ---- */

static void *make_place(const char *variable, state_server_open_fn *open, const char *option)
{
    static unsigned next;
    struct server_place *place = mem_zero(1, sizeof *place);

    place->variable = variable;
    place->open = open;
    if (option != NULL)
        snprintf(place->option, sizeof place->option, "%s=t%d_%u", option, (int)getpid(), next++);
    return place;
}

static void *postgres_place(void)
{
    return make_place("ORRERY_POSTGRES_URL", state_postgres_open, "schema");
}

static void *redis_place(void)
{
    return make_place("ORRERY_REDIS_URL", state_redis_open, "prefix");
}

static void *libsql_place(void)
{
    struct server_place *place = make_place("ORRERY_LIBSQL_URL", state_libsql_open, NULL);
    struct state_store *store = open_server(place);

    empty(store);
    release_all(store);
    state_close(store);
    return place;
}

static void tear_down(void *where)
{
    struct state_store *store = open_server(where);

    empty(store); /* the next ones share the server's memory */
    release_all(store);
    state_close(store);
    free(where);
}

#define SERVER(name_, place)                                                                       \
    {                                                                                              \
        .name = name_, .durable = true, .set_up = place, .open = open_server,                      \
        .close = close_server, .tear_down = tear_down, .open_at = open_at, .port = server_port     \
    }

const struct state_backend server_backends[] = {
    SERVER("postgres", postgres_place),
    SERVER("redis", redis_place),
    SERVER("libsql", libsql_place),
};
const size_t server_backend_count = sizeof server_backends / sizeof server_backends[0];
