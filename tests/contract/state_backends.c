/* The state backends that need no server. */
#include <stdlib.h>

#include "base/mem.h"
#include "contract/shared_state.h"
#include "contract/state_suite.h"
#include "db/sqlite_db.h"
#include "support/scratch.h"

/* memory ------------------------------------------------------------------------------------- */

static void *nowhere(void)
{
    return NULL;
}

static struct state_store *open_memory(void *where)
{
    struct state_store *store = NULL;
    struct error e = ERROR_INIT;

    (void)where;
    if (state_memory_open(&store, &e) != 0)
        abort();
    return store;
}

static void close_memory(struct state_store *store, void *where)
{
    (void)where;
    state_close(store);
}

static void leave_nowhere(void *where)
{
    (void)where;
}

/* sqlite ------------------------------------------------------------------------------------- */

struct sqlite_place {
    struct scratch scratch;
    struct sqlite_db *db;
};

static void *make_place(void)
{
    struct sqlite_place *place = mem_zero(1, sizeof *place);

    scratch_make(&place->scratch);
    return place;
}

static struct state_store *open_sqlite(void *where)
{
    struct sqlite_place *place = where;
    struct state_store *store = NULL;
    struct error e = ERROR_INIT;

    if (sqlite_db_open(&place->db, scratch_path(&place->scratch, "state.db"), SQLITE_DB_CREATE,
                       &e) != 0 ||
        state_sqlite_migrate(place->db, 1, &e) != 0 ||
        state_sqlite_open(&store, place->db, &e) != 0) {
        fprintf(stderr, "%s\n", e.message);
        abort();
    }
    return store;
}

static void close_sqlite(struct state_store *store, void *where)
{
    struct sqlite_place *place = where;

    state_close(store);
    sqlite_db_close(place->db);
}

static void remove_place(void *where)
{
    struct sqlite_place *place = where;

    scratch_remove(&place->scratch);
    free(place);
}

/* shared ------------------------------------------------------------------------------------- */

static void *make_server(void)
{
    return shared_place_new();
}

static struct state_store *open_shared(void *where)
{
    return shared_state_new(where);
}

static void remove_server(void *where)
{
    shared_place_free(where);
}

const struct state_backend state_backends[] = {
    {.name = "memory",
     .set_up = nowhere,
     .open = open_memory,
     .close = close_memory,
     .tear_down = leave_nowhere},
    {.name = "sqlite",
     .durable = true,
     .set_up = make_place,
     .open = open_sqlite,
     .close = close_sqlite,
     .tear_down = remove_place},
    {.name = "shared",
     .durable = true,
     .set_up = make_server,
     .open = open_shared,
     .close = close_memory,
     .tear_down = remove_server},
};
const size_t state_backend_count = sizeof state_backends / sizeof state_backends[0];
