#include "db/hiredis_api.h"

#include <stddef.h>

#include "base/library.h"

/* Its structs are part of its interface, and that differs between versions: the library must be the
 * one of the headers. */
#define TEXT(x)  TEXT_(x)
#define TEXT_(x) #x
#define VERSION  TEXT(HIREDIS_SONAME)

static const struct library_symbol symbols[] = {
#define X(name) {#name, offsetof(struct hiredis_api, name)},
    HIREDIS_FUNCTIONS(X)
#undef X
};

int hiredis_api_open(struct hiredis_api *out, struct error *e)
{
    struct hiredis_api api;

    if (library_load("libhiredis.so." VERSION, "libhiredis" VERSION, symbols,
                     sizeof symbols / sizeof symbols[0], &api, e) != 0)
        return -1;
    *out = api;
    return 0;
}
