#include "io/curl_api.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

#define LIBRARY "libcurl.so.4" /* the interface's version since 2006 */

/* A function pointer out of dlsym()'s data pointer, which ISO C would not convert. */
static int look_up(void *library, const char *name, void *function, struct error *e)
{
    void *symbol = dlsym(library, name);

    if (symbol == NULL)
        return error_set(e, ERROR_UNSUPPORTED, "%s has no function %s", LIBRARY, name);
    memcpy(function, &symbol, sizeof symbol);
    return 0;
}

int curl_api_open(struct curl_api *out, struct error *e)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    struct curl_api api;

    if (library == NULL) {
        error_set(e, ERROR_UNSUPPORTED, "HTTP needs %s, which could not be loaded: %s", LIBRARY,
                  dlerror());
        error_hint(e, "on Debian: apt-get install libcurl4");
        return -1;
    }
#define X(name)                                                                                    \
    if (look_up(library, "curl_" #name, &api.name, e) != 0)                                        \
        return -1;
    CURL_FUNCTIONS(X)
#undef X
    if (api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(e, ERROR_NETWORK, "libcurl could not be initialised");
    *out = api;
    return 0;
}
