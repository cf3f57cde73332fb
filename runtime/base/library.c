#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

int library_load(const char *soname, const char *package, const struct library_symbol *symbols,
                 size_t count, void *table, struct error *e)
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        error_set(e, ERROR_UNSUPPORTED, "%s is needed and could not be loaded: %s", soname,
                  dlerror());
        error_hint(e, "on Debian: apt-get install %s", package);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL)
            return error_set(e, ERROR_UNSUPPORTED, "%s has no function %s", soname,
                             symbols[i].name);
        /* A function pointer out of a data pointer, which ISO C would not convert. */
        memcpy((char *)table + symbols[i].offset, &symbol, sizeof symbol);
    }
    return 0;
}
