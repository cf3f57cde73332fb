#include "state/postgres_error.h"

#include <string.h>

#include "base/error.h"

struct mapping {
    const char *sqlstate; /* or its first characters */
    enum error_code code;
    const char *what, *hint;
};

static const struct mapping mappings[] = {
    {"28P01", ERROR_STORE_DENIED, "refuses the password", "check user and password_env/_file"},
    {"28", ERROR_STORE_DENIED, "refuses the login", "check the user, and the server's pg_hba.conf"},
    {"42501", ERROR_STORE_DENIED, "lacks a permission",
     "the user needs SELECT, INSERT, UPDATE and DELETE (and CREATE for `orrery db init`)"},
    {"3D000", ERROR_STORE_MISSING, "has no such database", "create it: CREATE DATABASE"},
    {"3F000", ERROR_STORE_SCHEMA, "has no such schema", "run: orrery db init"},
    {"42P01", ERROR_STORE_SCHEMA, "lacks a table", "run: orrery db init"},
    {"42703", ERROR_STORE_SCHEMA, "lacks a column", "run: orrery db status"},
    {"25006", ERROR_STORE_READONLY, "takes no writes",
     "it is a replica, or default_transaction_read_only is on: use the primary"},
    {"53100", ERROR_STORE_FULL, "has no room left on its disk", "free some; ticks wait until then"},
    {"53200", ERROR_STORE_FULL, "has no memory left", NULL},
    {"53300", ERROR_STORE_DOWN, "has no connection left", "raise max_connections, or lower pool"},
    {"57P01", ERROR_STORE_DOWN, "is shutting down", NULL},
    {"57P02", ERROR_STORE_DOWN, "is recovering from a crash", NULL},
    {"57P03", ERROR_STORE_DOWN, "is starting up or shutting down", NULL},
    {"08", ERROR_STORE_DOWN, "lost the connection", NULL},
    {"58", ERROR_STORE, "has trouble with its disk", NULL},
    {"XX001", ERROR_STORE_CORRUPT, "reports damaged data", NULL},
    {"XX002", ERROR_STORE_CORRUPT, "reports a damaged index", NULL},
};

/* The first line, without "FATAL:  " and its like. */
static int first_line(const char **message)
{
    const char *colon = strstr(*message, ":  ");
    size_t end = strcspn(*message, "\n");

    if (colon != NULL && (size_t)(colon - *message) < 10)
        *message = colon + 3;
    end = strcspn(*message, "\n");
    return (int)(end < 300 ? end : 300);
}

int pg_error(const char *where, const char *sqlstate, const char *message, struct error *e)
{
    int len = first_line(&message);

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

/* Texts of the server and of libpq that are not simply "it is away". Servers may speak other
 * languages: then it is STORE_DOWN, with the text. */
static const struct {
    const char *text, *sqlstate;
} texts[] = {
    {"password authentication failed", "28P01"},
    {"no password supplied", "28P01"},
    {"no pg_hba.conf entry", "28000"},
    {"authentication failed", "28000"},
    {"role \"", "28000"},
    {"permission denied for database", "42501"},
    {"too many connections", "53300"},
    {"starting up", "57P03"},
    {"shutting down", "57P03"},
    {"recovery mode", "57P03"},
};

int pg_connect_error(const char *where, const char *message, struct error *e)
{
    int len;

    if (strstr(message, "database \"") != NULL && strstr(message, "does not exist") != NULL)
        return pg_error(where, "3D000", message, e);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strstr(message, texts[i].text) != NULL)
            return pg_error(where, texts[i].sqlstate, message, e);
    if (strstr(message, "certificate") != NULL || strstr(message, "SSL") != NULL ||
        strstr(message, "sslrootcert") != NULL) {
        len = first_line(&message);
        error_set(e, ERROR_STORE_DENIED, "PostgreSQL at %s: TLS failed: %.*s", where, len, message);
        error_hint(e, "sslrootcert=FILE names the authority; sslmode=disable or require opts out");
        return -1;
    }
    len = first_line(&message);
    return error_set(e, ERROR_STORE_DOWN, "PostgreSQL at %s cannot be reached: %.*s", where, len,
                     message);
}
