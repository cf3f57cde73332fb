#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/internal.h"

void names_add(struct vm_names *names, const char *text)
{
    names->items = mem_resize(names->items, (names->count + 1) * sizeof *names->items);
    names->items[names->count++] = mem_strdup(text);
}

bool names_has(const struct vm_names *names, const char *text)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], text) == 0)
            return true;
    return false;
}
