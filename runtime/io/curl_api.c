#include "io/curl_api.h"

#include <stddef.h>

#include "base/error.h"
#include "base/library.h"

static const struct library_symbol symbols[] = {
#define X(name) {"curl_" #name, offsetof(struct curl_api, name)},
    CURL_FUNCTIONS(X)
#undef X
};

int curl_api_open(struct curl_api *out, struct error *e)
{
    struct curl_api api;

    /* The interface's version since 2006. */
    if (library_load("libcurl.so.4", "libcurl4", symbols, sizeof symbols / sizeof symbols[0], &api,
                     e) != 0)
        return -1;
    if (api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(e, ERROR_NETWORK, "libcurl could not be initialised");
    *out = api;
    return 0;
}
