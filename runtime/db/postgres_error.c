#include "db/postgres_error.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"

#define TEXT_MAX 300 /* of a server's words in our error */

struct mapping {
    const char *sqlstate; /* or its first characters; the first that fits counts */
    enum error_code code;
    const char *what, *hint;
};

static const struct mapping mappings[] = {
    {"08", ERROR_STORE_DOWN, "lost the connection", NULL},
    {"25006", ERROR_STORE_READONLY, "takes no writes",
     "it is a replica, or default_transaction_read_only is on: use the primary"},
    {"25P0", ERROR_STORE_DOWN, "ended a transaction that waited too long", NULL},
    {"26000", ERROR_STORE, "does not know a statement that was prepared",
     "is there a pooler in transaction mode in between? connect to the server itself"},
    {"28P01", ERROR_STORE_DENIED, "refuses the password",
     "check the user, and password_env or password_file"},
    {"28", ERROR_STORE_DENIED, "refuses the login",
     "check the user, sslmode, and the server's pg_hba.conf"},
    {"3D000", ERROR_STORE_MISSING, "has no such database", "create it: CREATE DATABASE"},
    {"3F000", ERROR_STORE_SCHEMA, "has no such schema", "run: orrery db init"},
    {"40001", ERROR_STORE, "undid a transaction that conflicted with another", NULL},
    {"40P01", ERROR_STORE, "undid a transaction in a deadlock", NULL},
    {"42501", ERROR_STORE_DENIED, "lacks a permission",
     "the user needs SELECT, INSERT, UPDATE and DELETE (and CREATE for: orrery db init)"},
    {"42P01", ERROR_STORE_SCHEMA, "lacks a table", "run: orrery db init"},
    {"42703", ERROR_STORE_SCHEMA, "lacks a column", "run: orrery db status"},
    {"42P07", ERROR_STORE_SCHEMA, "has a table of that name already",
     "it was left untouched: rename it, or use another schema (?schema=NAME) or database"},
    {"42P10", ERROR_STORE_SCHEMA, "has a table without its primary key",
     "restore the primary keys of the tables plugin_state, plugin_state_writer, plugin_lease"},
    {"53100", ERROR_STORE_FULL, "has no room left on its disk", "free some; ticks wait until then"},
    {"53300", ERROR_STORE_DOWN, "has no connection left", "raise max_connections, or lower pool"},
    {"55P03", ERROR_STORE, "waited too long for a lock", "pg_locks shows who holds it"},
    {"57014", ERROR_STORE, "cancelled the request",
     "it took longer than the URL's timeout, or somebody cancelled it"},
    {"57P", ERROR_STORE_DOWN, "is starting up or shutting down", NULL},
    {"58", ERROR_STORE, "has trouble with its disk", NULL},
    {"XX001", ERROR_STORE_CORRUPT, "reports damaged data", NULL},
    {"XX002", ERROR_STORE_CORRUPT, "reports a damaged index", NULL},
};

static int line_length(const char *text)
{
    size_t end = strcspn(text, "\n");

    return (int)(end < TEXT_MAX ? end : TEXT_MAX);
}

int pg_error(const char *where, const char *sqlstate, const char *message, struct error *e)
{
    int len = line_length(message);

    for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++) {
        const struct mapping *m = &mappings[i];
        if (strncmp(sqlstate, m->sqlstate, strlen(m->sqlstate)) != 0)
            continue;
        error_set(e, m->code, "PostgreSQL at %s %s: %.*s", where, m->what, len, message);
        if (m->hint != NULL)
            error_hint(e, "%s", m->hint);
        return -1;
    }
    return error_set(e, ERROR_STORE, "PostgreSQL at %s: %.*s (%s)", where, len, message, sqlstate);
}

/* "…FATAL:  28P01: the words": whether `text` at a colon goes on like that. */
static bool is_state(const char *at)
{
    if (strncmp(at, ":  ", 3) != 0)
        return false;
    for (int i = 3; i < 8; i++)
        if (!isdigit((unsigned char)at[i]) && !(at[i] >= 'A' && at[i] <= 'Z'))
            return false;
    return at[8] == ':' && at[9] == ' ';
}

/* The last one: a host with several addresses is tried at each of them. */
static bool find_state(const char *text, char state[6], const char **words)
{
    bool found = false;

    for (const char *at = strchr(text, ':'); at != NULL; at = strchr(at + 1, ':')) {
        if (!is_state(at))
            continue;
        memcpy(state, at + 3, 5);
        state[5] = '\0';
        *words = at + 10;
        found = true;
    }
    return found;
}

/* Without libpq's "connection to server at … failed: ": the error names the server anyway. */
static const char *reason_of(const char *text)
{
    const char *reason = strstr(text, " failed: ");

    if (strncmp(text, "connection to server", 20) == 0 && reason != NULL &&
        reason < text + strcspn(text, "\n"))
        return reason + 9;
    return text;
}

static int tls_error(const char *where, const char *text, struct error *e)
{
    error_set(e, ERROR_STORE_DENIED, "PostgreSQL at %s: no trusted TLS connection: %.*s", where,
              line_length(text), text);
    error_hint(e, "sslrootcert=FILE names the authority that signed the server's certificate");
    return -1;
}

int pg_connect_error(const char *where, const char *text, struct error *e)
{
    const char *words, *reason = reason_of(text);
    char state[6];

    if (find_state(text, state, &words))
        return pg_error(where, state, words, e);
    if (strstr(text, "no password supplied") != NULL)
        return pg_error(where, "28P01", "it wants one, and none was given", e);
    if (strstr(text, "certificate") != NULL || strstr(text, "SSL") != NULL)
        return tls_error(where, reason, e);
    return error_set(e, ERROR_STORE_DOWN, "PostgreSQL at %s cannot be reached: %.*s", where,
                     line_length(reason), reason);
}

int pg_broken_error(const char *where, const char *text, struct error *e)
{
    const char *words = text;
    char state[6];

    find_state(text, state, &words);
    if (*words == '\0')
        words = "closed by the server";
    return error_set(e, ERROR_STORE_DOWN, "PostgreSQL at %s: the connection broke: %.*s", where,
                     line_length(words), words);
}
