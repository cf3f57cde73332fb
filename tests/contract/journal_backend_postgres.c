/* The journal on a real PostgreSQL server, whose address comes from ORRERY_POSTGRES_URL (see
 * tests/support/with_servers.py). Each place is a schema of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "contract/journal_suite.h"
#include "db/postgres_joint.h"
#include "journal/journal_postgres.h"
#include "model/store_url.h"

struct place {
    char schema[32];
    struct pg_joint *joint;
};

static void stop_with(const char *what, const struct error *e)
{
    char text[1200];

    fprintf(stderr, "%s: %s\n", what, error_format(e, text, sizeof text));
    abort();
}

static struct store_url url_of(const struct place *place)
{
    const char *base = getenv("ORRERY_POSTGRES_URL");
    struct error e = ERROR_INIT;
    struct store_url url;
    char text[1024];

    if (base == NULL) {
        fprintf(stderr, "ORRERY_POSTGRES_URL is not set: run through with_servers.py\n");
        abort();
    }
    snprintf(text, sizeof text, "%s?schema=%s", base, place->schema);
    if (store_url_parse(text, &url, &e) != 0)
        stop_with(text, &e);
    return url;
}

static void *make_place(void)
{
    static unsigned next;
    struct place *place = mem_zero(1, sizeof *place);

    snprintf(place->schema, sizeof place->schema, "j%d_%u", (int)getpid(), next++);
    return place;
}

static struct journal *open_journal(void *where)
{
    struct place *place = where;
    struct store_url url = url_of(place);
    struct journal *journal = NULL;
    struct error e = ERROR_INIT;

    if (pg_joint_new(&place->joint, &url, NULL, NULL, STORE_CREATE, &e) != 0 ||
        journal_postgres_open(&journal, place->joint, 1, &e) != 0)
        stop_with("the journal on PostgreSQL", &e);
    store_url_release(&url);
    return journal;
}

static void close_journal(struct journal *journal, void *where)
{
    struct place *place = where;

    journal_close(journal);
    pg_joint_free(place->joint);
    place->joint = NULL;
}

static void remove_place(void *where)
{
    struct place *place = where;
    struct store_url url = url_of(place);
    struct error e = ERROR_INIT;
    struct pg_session s;
    char sql[128];

    snprintf(sql, sizeof sql, "SET client_min_messages = error; DROP SCHEMA IF EXISTS %s CASCADE",
             place->schema);
    if (pg_session_init(&s, &url, NULL, &e) != 0 || pg_connect(&s, &e) != 0 ||
        pg_script(&s, sql, NULL, NULL, &e) != 0)
        stop_with(sql, &e);
    pg_session_release(&s);
    store_url_release(&url);
    free(place);
}

const struct journal_backend journal_backend_postgres = {
    "postgres", true, SIZE_MAX, make_place, open_journal, close_journal, remove_place, true,
};
