/* Strategies and their versions in memory. A strategy with all its versions is one value. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "journal/journal_memory.h"

struct kept_version {
    char hash[DIGEST_TEXT_SIZE];
    char *content, *note, *author;
    int64_t created_ms;
};

struct kept_strategy {
    char name[LIMIT_NAME_BYTES + 1];
    bool is_active;
    uint32_t current; /* from 1 */
    int64_t created_ms, changed_ms;
    struct kept_version *versions;
    uint32_t count;
};

void memory_strategy_release(void *value)
{
    struct kept_strategy *strategy = value;

    for (uint32_t i = 0; i < strategy->count; i++) {
        free(strategy->versions[i].content);
        free(strategy->versions[i].note);
        free(strategy->versions[i].author);
    }
    free(strategy->versions);
    free(strategy);
}

/* With room for one version more. */
static struct kept_strategy *copy_of(const struct kept_strategy *old)
{
    struct kept_strategy *copy = mem_alloc(sizeof *copy);

    *copy = *old;
    copy->versions = mem_zero(old->count + 1, sizeof *copy->versions);
    for (uint32_t i = 0; i < old->count; i++) {
        copy->versions[i] = old->versions[i];
        copy->versions[i].content = mem_strdup(old->versions[i].content);
        copy->versions[i].note = mem_strdup(old->versions[i].note);
        copy->versions[i].author = mem_strdup(old->versions[i].author);
    }
    return copy;
}

/* Its number; 0: there is none. */
static uint32_t number_of(const struct kept_strategy *strategy, const char *hash)
{
    for (uint32_t i = 0; i < strategy->count; i++)
        if (strcmp(strategy->versions[i].hash, hash) == 0)
            return i + 1;
    return 0;
}

static void append(struct kept_strategy *strategy, const struct strategy_version *v)
{
    struct kept_version *version = &strategy->versions[strategy->count++];

    memcpy(version->hash, v->hash, sizeof version->hash);
    version->content = mem_strdup(v->content);
    version->note = mem_strdup(v->note);
    version->author = mem_strdup(v->author);
    version->created_ms = v->created_ms;
}

int journal_memory_put_version(struct journal *j, const struct strategy_version *version,
                               uint32_t *number, bool *is_new, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    const struct kept_strategy *old = memory_table_find(&m->strategies, version->strategy);
    struct kept_strategy none = {.created_ms = version->created_ms}, *strategy;
    uint32_t known;

    (void)e;
    strategy = copy_of(old != NULL ? old : &none);
    memcpy(strategy->name, version->strategy, strlen(version->strategy) + 1);
    known = number_of(strategy, version->hash);
    if (known == 0)
        append(strategy, version);
    strategy->is_active = true;
    strategy->current = known != 0 ? known : strategy->count;
    strategy->changed_ms = version->created_ms;
    memory_put(m, &m->strategies, strategy->name, strategy);
    *number = strategy->current;
    *is_new = known == 0;
    return 0;
}

int journal_memory_set_active(struct journal *j, const char *strategy, bool active, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    const struct kept_strategy *old = memory_table_find(&m->strategies, strategy);
    struct kept_strategy *copy;

    if (old == NULL)
        return journal_no_strategy(strategy, e);
    copy = copy_of(old);
    copy->is_active = active;
    memory_put(m, &m->strategies, copy->name, copy);
    return 0;
}

/* ---- reading ---- */

static int give(const struct kept_strategy *strategy, uint32_t number, bool with_content,
                version_fn *each, void *arg)
{
    const struct kept_version *kept = &strategy->versions[number - 1];
    struct strategy_version version = {.strategy = strategy->name,
                                       .number = number,
                                       .content = with_content ? kept->content : NULL,
                                       .note = kept->note,
                                       .author = kept->author,
                                       .created_ms = kept->created_ms,
                                       .is_current = strategy->current == number};

    memcpy(version.hash, kept->hash, sizeof version.hash);
    return each(arg, &version);
}

int journal_memory_get_version(struct journal *j, const char *strategy, uint32_t number,
                               version_fn *each, void *arg, struct error *e)
{
    const struct kept_strategy *found =
        memory_table_find(&journal_memory_of(j)->strategies, strategy);

    (void)e;
    if (found == NULL || number > found->count)
        return 0;
    return give(found, number != 0 ? number : found->current, true, each, arg);
}

int journal_memory_find_version(struct journal *j, const char *strategy, const char *hash,
                                version_fn *each, void *arg, struct error *e)
{
    const struct kept_strategy *found =
        memory_table_find(&journal_memory_of(j)->strategies, strategy);
    uint32_t number = found != NULL ? number_of(found, hash) : 0;

    (void)e;
    return number != 0 ? give(found, number, true, each, arg) : 0;
}

int journal_memory_list_versions(struct journal *j, const char *strategy, uint32_t before,
                                 size_t limit, version_fn *each, void *arg, struct error *e)
{
    const struct kept_strategy *found =
        memory_table_find(&journal_memory_of(j)->strategies, strategy);
    uint32_t number;
    int rc = 0;

    (void)e;
    if (found == NULL)
        return 0;
    number = before == 0 || before > found->count ? found->count : before - 1;
    for (size_t given = 0; rc == 0 && number > 0 && given < limit; number--, given++)
        rc = give(found, number, false, each, arg);
    return rc;
}

static int by_name(struct memory_item *a, struct memory_item *b)
{
    return strcmp(a->key, b->key);
}

int journal_memory_list_strategies(struct journal *j, bool active_only, size_t limit,
                                   uint64_t offset, strategy_fn *each, void *arg, struct error *e)
{
    struct memory_table *table = &journal_memory_of(j)->strategies;
    uint64_t seen = 0;
    size_t given = 0;
    int rc = 0;

    (void)e;
    HASH_SORT(table->items, by_name);
    for (struct memory_item *i = table->items; rc == 0 && i != NULL && given < limit;
         i = i->hh.next) {
        const struct kept_strategy *kept = i->value;
        struct strategy strategy = {kept->name,  kept->is_active,  kept->current,
                                    kept->count, kept->created_ms, kept->changed_ms};
        if ((active_only && !kept->is_active) || seen++ < offset)
            continue;
        rc = each(arg, &strategy);
        given++;
    }
    return rc;
}

int journal_memory_count_strategies(struct journal *j, bool active_only, uint64_t *count,
                                    struct error *e)
{
    uint64_t found = 0;

    (void)e;
    for (struct memory_item *i = journal_memory_of(j)->strategies.items; i != NULL; i = i->hh.next)
        found += !active_only || ((const struct kept_strategy *)i->value)->is_active;
    *count = found;
    return 0;
}

uint64_t memory_versions(const struct journal_memory *m)
{
    uint64_t versions = 0;

    for (struct memory_item *i = m->strategies.items; i != NULL; i = i->hh.next)
        versions += ((const struct kept_strategy *)i->value)->count;
    return versions;
}
