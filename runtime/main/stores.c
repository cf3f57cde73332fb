#include "main/stores.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/sqlite_db.h"

#define SQLITE_SCHEME "sqlite:"
#define MEMORY_URL    "memory:"

struct database {
    struct database *next;
    char *path;
    struct sqlite_db *db;
    bool is_journal;
};

struct stores {
    char *desk;
    struct database *databases;
};

struct stores *stores_new(const char *desk)
{
    struct stores *stores = mem_zero(1, sizeof *stores);

    stores->desk = mem_strdup(desk);
    return stores;
}

void stores_close(struct stores *stores)
{
    if (stores == NULL)
        return;
    while (stores->databases != NULL) {
        struct database *d = stores->databases;
        stores->databases = d->next;
        sqlite_db_close(d->db);
        free(d->path);
        free(d);
    }
    free(stores->desk);
    free(stores);
}

int stores_check_url(const char *url, struct error *e)
{
    static const char *const known[] = {"memory", "sqlite", NULL};
    const char *colon = strchr(url, ':');
    char scheme[32];
    const char *near;

    if (strcmp(url, MEMORY_URL) == 0)
        return 0;
    if (strncmp(url, SQLITE_SCHEME, strlen(SQLITE_SCHEME)) == 0) {
        if (strlen(url) > strlen(SQLITE_SCHEME) && strlen(url) < PATH_MAX / 2)
            return 0;
        return error_set(e, ERROR_CONFIG, "'%s': expected a path after sqlite:", url);
    }
    snprintf(scheme, sizeof scheme, "%.*s", colon ? (int)(colon - url) : 31, url);
    near = text_nearest(scheme, known);
    error_set(e, ERROR_CONFIG, "'%.200s' is not a store that this build knows", url);
    if (near != NULL)
        error_hint(e, "did you mean '%s:'? known are memory: and sqlite:PATH", near);
    else
        error_hint(e, "known are memory: and sqlite:PATH");
    return -1;
}

static char *full_path(const struct stores *stores, const char *url)
{
    const char *path = url + strlen(SQLITE_SCHEME);
    size_t size = strlen(stores->desk) + strlen(path) + 2;
    char *joined = mem_alloc(size);
    char *real;

    if (path[0] == '/')
        snprintf(joined, size, "%s", path);
    else
        snprintf(joined, size, "%s/%s", stores->desk, path);
    /* The same file under two spellings is one database. */
    real = realpath(joined, NULL);
    if (real != NULL) {
        free(joined);
        return real;
    }
    return joined;
}

static int open_database(struct stores *stores, const char *url, enum store_mode mode,
                         struct database **out, struct error *e)
{
    static const enum sqlite_mode modes[] = {[STORE_CREATE] = SQLITE_DB_CREATE,
                                             [STORE_OPEN] = SQLITE_DB_WRITE,
                                             [STORE_INSPECT] = SQLITE_DB_READ};
    char *path = full_path(stores, url);
    struct database *d;

    for (d = stores->databases; d != NULL; d = d->next) {
        if (strcmp(d->path, path) == 0) {
            free(path);
            *out = d;
            return 0;
        }
    }
    d = mem_zero(1, sizeof *d);
    if (sqlite_db_open(&d->db, path, modes[mode], e) < 0) {
        free(path);
        free(d);
        return -1;
    }
    free(path);
    path = full_path(stores, url); /* it exists now: its real name */
    d->path = path;
    d->next = stores->databases;
    stores->databases = d;
    *out = d;
    return 0;
}

int stores_open_journal(struct stores *stores, const char *url, enum store_mode mode,
                        int64_t now_ms, struct journal **out, struct error *e)
{
    struct database *d;

    if (stores_check_url(url, e) < 0)
        return -1;
    if (strcmp(url, MEMORY_URL) == 0)
        return journal_memory_open(out, e);
    if (open_database(stores, url, mode, &d, e) < 0 ||
        (mode != STORE_INSPECT && journal_sqlite_migrate(d->db, now_ms, e) < 0))
        return -1;
    d->is_journal = true;
    return journal_sqlite_open(out, d->db, e);
}

int stores_open_state(struct stores *stores, const char *url, enum store_mode mode, int64_t now_ms,
                      struct state_store **out, bool *joined, struct error *e)
{
    struct database *d;

    *joined = false;
    if (stores_check_url(url, e) < 0)
        return -1;
    if (strcmp(url, MEMORY_URL) == 0)
        return state_memory_open(out, e);
    if (open_database(stores, url, mode, &d, e) < 0 ||
        (mode != STORE_INSPECT && state_sqlite_migrate(d->db, now_ms, e) < 0))
        return -1;
    *joined = d->is_journal;
    return state_sqlite_open(out, d->db, e);
}
