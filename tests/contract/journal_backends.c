/* Every journal backend there is. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "contract/journal_suite.h"
#include "db/sqlite_db.h"
#include "support/scratch.h"

/* memory ------------------------------------------------------------------------------------- */

static void *nowhere(void)
{
    return NULL;
}

static struct journal *open_memory(void *where)
{
    struct journal *journal = NULL;
    struct error e = ERROR_INIT;

    (void)where;
    if (journal_memory_open(&journal, &e) != 0)
        abort();
    return journal;
}

static void close_memory(struct journal *journal, void *where)
{
    (void)where;
    journal_close(journal);
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

static struct journal *open_sqlite(void *where)
{
    struct sqlite_place *place = where;
    struct journal *journal = NULL;
    struct error e = ERROR_INIT;

    if (sqlite_db_open(&place->db, scratch_path(&place->scratch, "journal.db"), SQLITE_DB_CREATE,
                       &e) != 0 ||
        journal_sqlite_migrate(place->db, 1, &e) != 0 ||
        journal_sqlite_open(&journal, place->db, &e) != 0) {
        fprintf(stderr, "%s\n", e.message);
        abort();
    }
    return journal;
}

static void close_sqlite(struct journal *journal, void *where)
{
    struct sqlite_place *place = where;

    journal_close(journal);
    sqlite_db_close(place->db);
}

static void remove_place(void *where)
{
    struct sqlite_place *place = where;

    scratch_remove(&place->scratch);
    free(place);
}

const struct journal_backend journal_backends[] = {
    {.name = "memory",
     .keeps = JOURNAL_MEMORY_RUNS,
     .set_up = nowhere,
     .open = open_memory,
     .close = close_memory,
     .tear_down = leave_nowhere},
    {.name = "sqlite",
     .durable = true,
     .keeps = SIZE_MAX,
     .set_up = make_place,
     .open = open_sqlite,
     .close = close_sqlite,
     .tear_down = remove_place},
};
const size_t journal_backend_count = sizeof journal_backends / sizeof journal_backends[0];
