/*
 * store_url: where a store is, parsed and checked without touching anything; the one list of the
 * schemes and options that this build knows.
 *
 *   memory:
 *   sqlite:PATH                                    relative to the desk
 *   postgres://USER[:PASSWORD]@HOST[:5432]/DATABASE?…      also postgresql://
 *   redis://[USER[:PASSWORD]@]HOST[:6379][/DB]?…   plain TCP
 *   rediss://…                                     the same over TLS
 *   redis+unix:///PATH/TO/SOCKET?…                 DB by ?db=N
 *   libsql+http://HOST[:PORT]?…   libsql+https://HOST[:PORT]?…
 *
 * User, password, path and option values are percent-decoded; an '@' in any of them, and '/', '?',
 * '#' in user or password, have to be escaped. IPv6 hosts stand in brackets. For
 * postgres a missing host means the socket folder of ?host=/run/postgresql.
 *
 * Options (default)
 *   all servers  pool (1): connections; plugins are spread over them by name; 1..16
 *                connect_timeout ("5s"), timeout ("30s") of one request: 100 ms … 5 min
 *                password_env=NAME, password_file=PATH: the secret from the environment or from a
 *                file (relative to the desk) instead of the URL; libsql: auth_token_env
 *                (LIBSQL_AUTH_TOKEN), auth_token_file
 *   postgres     host, sslmode (verify-full; local: disable), sslrootcert, schema
 *   redis…       prefix (orrery), db, tls_ca, tls_verify=off
 *   libsql…      tls_ca, tls_verify=off
 *                tls_ca and sslrootcert are files, relative to the desk
 *
 * Secrets: `label` is the URL as it may be shown: without the password, never with more than the
 * user wrote. Nothing else of a URL with a password may reach a log, an error or a status.
 */
#ifndef ORRERY_MODEL_STORE_URL_H
#define ORRERY_MODEL_STORE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#define STORE_URL_BYTES   4096 /* of the whole text */
#define STORE_URL_OPTIONS 16

enum store_kind { STORE_MEMORY, STORE_SQLITE, STORE_POSTGRES, STORE_REDIS, STORE_LIBSQL };

/* How a store is opened. */
enum store_mode {
    STORE_CREATE, /* make and migrate when missing: `orrery run` on a new desk, `db init` */
    STORE_OPEN,   /* must exist; upgraded when older */
    STORE_INSPECT /* must exist; read only, also beside a running daemon */
};

struct store_option {
    const char *name; /* a literal of the table of options */
    char *value;      /* decoded */
};

struct store_url {
    enum store_kind kind;
    const char *scheme;           /* as in the table: "postgres", "rediss", "libsql+https" */
    bool tls, local;              /* local: a Unix socket or a loopback address */
    char *user, *password, *host; /* NULL: not given; host without brackets */
    uint16_t port;                /* 0: not given, the scheme's default */
    char *path;                   /* file, database, db number or socket; NULL: none */
    struct store_option options[STORE_URL_OPTIONS];
    size_t option_count;
    int64_t connect_timeout_ms, timeout_ms;
    unsigned pool;
    char *label; /* never NULL */
};

/* 0, or CONFIG: names the part that is wrong and what was expected. The error never repeats a
 * password. On failure `out` is untouched. */
int store_url_parse(const char *text, struct store_url *out, struct error *e);
void store_url_release(struct store_url *url); /* also wipes the password */

const char *store_url_option(const struct store_url *url, const char *name); /* or NULL */

/* Whether the store is on a server, which others may share and which may be away. */
bool store_url_is_server(const struct store_url *url);

/* The label of `text`, a new string: also of one that cannot be parsed (then everything between
 * "://" and the last '@' is masked). For everything that is shown. */
char *store_url_label(const char *text);

#endif
