#include "db/pq_api.h"

#include <stddef.h>

#include "base/library.h"

static const struct library_symbol symbols[] = {
#define X(name) {"PQ" #name, offsetof(struct pq_api, name)},
    PQ_FUNCTIONS(X)
#undef X
};

int pq_api_open(struct pq_api *out, struct error *e)
{
    return library_load("libpq.so.5", "libpq5", symbols, sizeof symbols / sizeof symbols[0], out,
                        e);
}
