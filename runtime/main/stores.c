#include "main/stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/same_store.h"
#include "db/postgres_joint.h"
#include "db/sqlite_db.h"
#include "journal/journal_postgres.h"
#include "main/secret.h"
#include "model/store_url.h"

struct database {
    struct database *next;
    char *path;
    struct sqlite_db *db;
    bool is_journal;
};

/* The connection of a journal on a server. */
struct place {
    struct place *next;
    char *url;
    struct pg_joint *joint;
};

struct stores {
    char *desk, *owner; /* owner: see registry.h; or NULL */
    struct database *databases;
    struct place *places; /* the newest first */
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
    while (stores->places != NULL) {
        struct place *p = stores->places;
        stores->places = p->next;
        pg_joint_free(p->joint);
        secret_free(p->url);
        free(p);
    }
    free(stores->desk);
    free(stores->owner);
    free(stores);
}

void stores_own(struct stores *stores, const char *owner)
{
    free(stores->owner);
    stores->owner = mem_strdup(owner);
}

int stores_check_state_url(const char *text, struct error *e)
{
    struct store_url url;

    if (store_url_parse(text, &url, e) != 0)
        return -1;
    store_url_release(&url);
    return 0;
}

static int need_journal(const struct store_url *url, struct error *e)
{
    if (!store_url_is_server(url) || url->kind == STORE_POSTGRES)
        return 0;
    error_set(e, ERROR_CONFIG, "'%.200s': the journal cannot live there", url->label);
    error_hint(e,
               "journal is \"sqlite:PATH\", \"postgres://…\" or \"memory:\"; state may be there");
    return -1;
}

int stores_check_journal_url(const char *text, struct error *e)
{
    struct store_url url;
    int result;

    if (store_url_parse(text, &url, e) != 0)
        return -1;
    result = need_journal(&url, e);
    store_url_release(&url);
    return result;
}

/* `path` inside the desk, unless it is absolute: a new string. */
static char *full_path(const struct stores *stores, const char *path)
{
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

static int open_database(struct stores *stores, const char *file, enum store_mode mode,
                         struct database **out, struct error *e)
{
    static const enum sqlite_mode modes[] = {[STORE_CREATE] = SQLITE_DB_CREATE,
                                             [STORE_OPEN] = SQLITE_DB_WRITE,
                                             [STORE_INSPECT] = SQLITE_DB_READ};
    char *path = full_path(stores, file);
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
    sqlite_db_fold_aside(d->db);
    free(path);
    path = full_path(stores, file); /* it exists now: its real name */
    d->path = path;
    d->next = stores->databases;
    stores->databases = d;
    *out = d;
    return 0;
}

/* Files that a URL names are the desk's, wherever the daemon was started. */
static void anchor_files(const struct stores *stores, struct store_url *url)
{
    static const char *const files[] = {"tls_ca", "sslrootcert"};

    for (size_t i = 0; i < url->option_count; i++) {
        struct store_option *o = &url->options[i];
        for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
            char *path;
            if (strcmp(o->name, files[f]) != 0)
                continue;
            path = full_path(stores, o->value);
            free(o->value);
            o->value = path;
        }
    }
}

static int open_sqlite_journal(struct stores *stores, const struct store_url *url,
                               enum store_mode mode, int64_t now_ms, struct journal **out,
                               struct error *e)
{
    struct database *d;

    if (open_database(stores, url->path, mode, &d, e) < 0 ||
        (mode != STORE_INSPECT && journal_sqlite_migrate(d->db, now_ms, e) < 0))
        return -1;
    d->is_journal = true;
    return journal_sqlite_open(out, d->db, e);
}

static int make_joint(const struct stores *stores, struct store_url *url, enum store_mode mode,
                      struct pg_joint **out, struct error *e)
{
    char application[JOURNAL_APPLICATION_SIZE], *secret;
    int result;

    if (secret_find(url, stores->desk, &secret, e) != 0)
        return -1;
    anchor_files(stores, url);
    result = pg_joint_new(out, url, secret,
                          journal_postgres_application(stores->owner, application), mode, e);
    secret_free(secret);
    return result;
}

static int open_postgres_journal(struct stores *stores, const char *text, struct store_url *url,
                                 enum store_mode mode, int64_t now_ms, struct journal **out,
                                 struct error *e)
{
    struct place *place;
    struct pg_joint *joint;

    if (make_joint(stores, url, mode, &joint, e) != 0)
        return -1;
    if (journal_postgres_open(out, joint, now_ms, e) != 0) {
        pg_joint_free(joint);
        return -1;
    }
    place = mem_zero(1, sizeof *place);
    place->url = mem_strdup(text);
    place->joint = joint;
    place->next = stores->places;
    stores->places = place;
    return 0;
}

int stores_open_journal(struct stores *stores, const char *text, enum store_mode mode,
                        int64_t now_ms, struct journal **out, struct error *e)
{
    struct store_url url;
    int result;

    if (store_url_parse(text, &url, e) != 0)
        return -1;
    result = need_journal(&url, e);
    if (result == 0 && url.kind == STORE_MEMORY)
        result = journal_memory_open(out, e);
    else if (result == 0 && url.kind == STORE_SQLITE)
        result = open_sqlite_journal(stores, &url, mode, now_ms, out, e);
    else if (result == 0)
        result = open_postgres_journal(stores, text, &url, mode, now_ms, out, e);
    store_url_release(&url);
    return result;
}

static int open_sqlite(struct stores *stores, const struct store_url *url, enum store_mode mode,
                       int64_t now_ms, struct state_store **out, bool *joined, struct error *e)
{
    struct database *d;

    if (open_database(stores, url->path, mode, &d, e) < 0 ||
        (mode != STORE_INSPECT && state_sqlite_migrate(d->db, now_ms, e) < 0) ||
        state_sqlite_open(out, d->db, e) < 0)
        return -1;
    *joined = d->is_journal;
    return 0;
}

static int open_server(const struct stores *stores, struct store_url *url, enum store_mode mode,
                       int64_t now_ms, struct state_store **out, struct error *e)
{
    static state_server_open_fn *const backends[] = {
        [STORE_POSTGRES] = state_postgres_open,
        [STORE_REDIS] = state_redis_open,
        [STORE_LIBSQL] = state_libsql_open,
    };
    char *secret;
    int result;

    if (secret_find(url, stores->desk, &secret, e) != 0)
        return -1;
    anchor_files(stores, url);
    result = backends[url->kind](out, url, secret, mode, now_ms, e);
    secret_free(secret);
    return result;
}

/* The same login: another one may have other rights. */
static bool same_user(const char *a, const char *b)
{
    struct error ignored = ERROR_INIT;
    struct store_url first, second;
    bool same;

    if (store_url_parse(a, &first, &ignored) != 0)
        return false;
    if (store_url_parse(b, &second, &ignored) != 0) {
        store_url_release(&first);
        return false;
    }
    same = first.user != NULL && second.user != NULL && strcmp(first.user, second.user) == 0;
    store_url_release(&first);
    store_url_release(&second);
    return same;
}

static struct pg_joint *find_joint(const struct stores *stores, const char *url)
{
    for (struct place *p = stores->places; p != NULL; p = p->next)
        if (pg_joint_mode(p->joint) == STORE_CREATE && same_store(stores->desk, p->url, url) &&
            same_user(p->url, url))
            return p->joint;
    return NULL;
}

bool stores_state_joins(const struct stores *stores, const char *url)
{
    return find_joint(stores, url) != NULL;
}

int stores_open_state(struct stores *stores, const char *text, enum store_mode mode, int64_t now_ms,
                      struct state_store **out, bool *joined, struct error *e)
{
    struct pg_joint *joint = mode == STORE_CREATE ? find_joint(stores, text) : NULL;
    struct store_url url;
    int result;

    if (store_url_parse(text, &url, e) != 0)
        return -1;
    *joined = joint != NULL;
    if (joint != NULL)
        result = state_postgres_join(out, joint, now_ms, e);
    else if (url.kind == STORE_MEMORY)
        result = state_memory_open(out, e);
    else if (url.kind == STORE_SQLITE)
        result = open_sqlite(stores, &url, mode, now_ms, out, joined, e);
    else
        result = open_server(stores, &url, mode, now_ms, out, e);
    store_url_release(&url);
    return result;
}
