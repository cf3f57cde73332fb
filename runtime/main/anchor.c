#include "main/anchor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/store_url.h"

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

void anchor_files(const char *desk, struct store_url *url)
{
    for (size_t i = 0; i < url->option_count; i++) {
        struct store_option *o = &url->options[i];
        char *path;
        if (strcmp(o->name, "tls_ca") != 0 && strcmp(o->name, "sslrootcert") != 0)
            continue;
        path = in_desk(desk, o->value);
        free(o->value);
        o->value = path;
    }
}
