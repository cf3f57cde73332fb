#include "cli/same_store.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/error.h"
#include "cli/stopped.h"
#include "model/store_url.h"

static bool same_file(const char *desk, const char *a, const char *b)
{
    char *first = desk_path(desk, a), *second = desk_path(desk, b);
    struct stat x, y;
    bool same = strcmp(first, second) == 0;

    if (!same && stat(first, &x) == 0 && stat(second, &y) == 0)
        same = x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    free(first);
    free(second);
    return same;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static uint16_t port_of(const struct store_url *url)
{
    if (url->port != 0)
        return url->port;
    switch (url->kind) {
    case STORE_POSTGRES:
        return 5432;
    case STORE_REDIS:
        return 6379;
    default:
        return url->tls ? 443 : 80;
    }
}

/* "localhost" is the one other name that everybody uses. */
static const char *host_of(const struct store_url *url)
{
    const char *host = url->host != NULL ? url->host : "";

    return strcasecmp(host, "localhost") == 0 ? "127.0.0.1" : host;
}

static bool same_option(const struct store_url *a, const struct store_url *b, const char *name,
                        const char *usual)
{
    const char *first = store_url_option(a, name), *second = store_url_option(b, name);

    return strcmp(first != NULL ? first : usual, second != NULL ? second : usual) == 0;
}

static bool same_server(const struct store_url *a, const struct store_url *b)
{
    return strcasecmp(host_of(a), host_of(b)) == 0 && port_of(a) == port_of(b) &&
           same_text(a->path, b->path) && same_option(a, b, "host", "") &&
           same_option(a, b, "schema", "") && same_option(a, b, "prefix", "orrery") &&
           same_option(a, b, "db", "");
}

bool same_store(const char *desk, const char *a, const char *b)
{
    struct error ignored = ERROR_INIT;
    struct store_url first, second;
    bool same = false;

    if (store_url_parse(a, &first, &ignored) < 0)
        return false;
    if (store_url_parse(b, &second, &ignored) < 0) {
        store_url_release(&first);
        return false;
    }
    if (first.kind == second.kind && first.kind == STORE_SQLITE)
        same = same_file(desk, first.path, second.path);
    else if (first.kind == second.kind && store_url_is_server(&first))
        same = same_server(&first, &second);
    store_url_release(&first);
    store_url_release(&second);
    return same;
}
