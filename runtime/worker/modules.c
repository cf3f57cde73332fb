#include "worker/modules.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ipc/message.h"
#include "vm/vm.h"

struct module {
    char *name, *file, *source;
    size_t len;
};

struct module_set {
    size_t refs;
    struct vm_modules lookup;
    struct module *items; /* sorted by name */
    size_t count;
};

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct module *)left)->name, ((const struct module *)right)->name);
}

static const char *find(void *arg, const char *name, size_t *len, const char **file)
{
    const struct module_set *set = arg;
    struct module wanted = {.name = (char *)name};
    const struct module *found = NULL;

    if (set->count > 0)
        found = bsearch(&wanted, set->items, set->count, sizeof wanted, by_name);
    if (found == NULL)
        return NULL;
    *len = found->len;
    *file = found->file;
    return found->source;
}

static const char *name_at(void *arg, size_t index)
{
    const struct module_set *set = arg;

    return index < set->count ? set->items[index].name : NULL;
}

struct module_set *module_set_new(const struct message_modules *message)
{
    struct module_set *set = mem_zero(1, sizeof *set);

    set->refs = 1;
    set->lookup = (struct vm_modules){.find = find, .arg = set, .name_at = name_at};
    set->count = message ? message->count : 0;
    set->items = mem_zero(set->count, sizeof *set->items);
    for (size_t i = 0; i < set->count; i++) {
        const struct message_module *from = &message->items[i];
        set->items[i] = (struct module){.name = mem_strdup(from->name),
                                        .file = mem_strdup(from->file),
                                        .source = mem_strndup(from->source.data, from->source.len),
                                        .len = from->source.len};
    }
    qsort(set->items, set->count, sizeof *set->items, by_name);
    return set;
}

struct module_set *module_set_ref(struct module_set *set)
{
    set->refs++;
    return set;
}

void module_set_unref(struct module_set *set)
{
    if (set == NULL || --set->refs > 0)
        return;
    for (size_t i = 0; i < set->count; i++) {
        free(set->items[i].name);
        free(set->items[i].file);
        free(set->items[i].source);
    }
    free(set->items);
    free(set);
}

const struct vm_modules *module_set_lookup(const struct module_set *set)
{
    return &set->lookup;
}
