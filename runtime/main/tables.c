/* The backends of the plugins' own tables, by URL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "main/secret.h"
#include "main/tables.h"
#include "model/store_url.h"

/* `path` inside the desk, unless it is absolute: a new string. */
static char *in_desk(const char *desk, const char *path)
{
    char here[4096] = ".";
    size_t size;
    char *joined;

    if (path[0] == '/')
        return mem_strdup(path);
    if (realpath(desk, here) == NULL)
        snprintf(here, sizeof here, "%s", desk);
    size = strlen(here) + strlen(path) + 2;
    joined = mem_alloc(size);
    snprintf(joined, size, "%s/%s", here, path);
    return joined;
}

static int check_kind(const struct store_url *url, struct error *e)
{
    if (url->kind == STORE_SQLITE || url->kind == STORE_POSTGRES)
        return 0;
    error_set(e, ERROR_CONFIG, "'%.200s': strategies' own tables cannot live there", url->label);
    error_hint(e, "tables is \"sqlite:FOLDER\" or \"postgres://...\"");
    return -1;
}

int tables_check_url(const char *text, struct error *e)
{
    struct store_url url;
    int result;

    if (store_url_parse(text, &url, e) != 0)
        return -1;
    result = check_kind(&url, e);
    store_url_release(&url);
    return result;
}

static int open_sqlite(const char *desk, const struct store_url *url, const char *plugin,
                       const struct table_schema *schema, const struct tables_limits *limits,
                       struct tables **out, struct error *e)
{
    char *folder = in_desk(desk, url->path);
    int result = tables_sqlite_open(out, folder, plugin, schema, limits, e);

    free(folder);
    return result;
}

/* Files that the URL names are the desk's, wherever the daemon was started. */
static void anchor_files(const char *desk, struct store_url *url)
{
    for (size_t i = 0; i < url->option_count; i++) {
        struct store_option *o = &url->options[i];
        char *path;
        if (strcmp(o->name, "sslrootcert") != 0)
            continue;
        path = in_desk(desk, o->value);
        free(o->value);
        o->value = path;
    }
}

static int open_postgres(const char *desk, struct store_url *url, const char *plugin,
                         const struct table_schema *schema, const struct tables_limits *limits,
                         struct tables **out, struct error *e)
{
    char *secret;
    int result;

    if (secret_find(url, desk, &secret, e) != 0)
        return -1;
    anchor_files(desk, url);
    result = tables_postgres_open(out, url, secret, plugin, schema, limits, e);
    secret_free(secret);
    return result;
}

int tables_open(const char *desk, const char *text, const char *plugin,
                const struct table_schema *schema, const struct tables_limits *limits,
                struct tables **out, struct error *e)
{
    struct store_url url;
    int result;

    if (store_url_parse(text, &url, e) != 0)
        return -1;
    result = check_kind(&url, e);
    if (result == 0 && url.kind == STORE_SQLITE)
        result = open_sqlite(desk, &url, plugin, schema, limits, out, e);
    else if (result == 0)
        result = open_postgres(desk, &url, plugin, schema, limits, out, e);
    store_url_release(&url);
    return result;
}
