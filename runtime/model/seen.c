#include "model/seen.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
#define X(symbol, name) [RECORDING_##symbol] = name,
    RECORDINGS(X)
#undef X
};
#define COUNT (sizeof names / sizeof names[0])

const char *recording_name(enum recording level)
{
    return (size_t)level < COUNT ? names[level] : "unknown";
}

int recording_parse(const char *name, enum recording *out)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum recording)i;
            return 0;
        }
    }
    return -1;
}
