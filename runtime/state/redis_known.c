#include "state/redis_known.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void redis_known_clear(struct redis_known *known)
{
    struct redis_known_plugin *p, *next;

    HASH_ITER(hh, known->plugins, p, next)
    {
        HASH_DEL(known->plugins, p);
        free(p);
    }
    known->grants[0] = '\0';
}

static struct redis_known_plugin *find(const struct redis_known *known, const char *plugin)
{
    struct redis_known_plugin *p;

    HASH_FIND_STR(known->plugins, plugin, p);
    return p;
}

static struct redis_known_plugin *need(struct redis_known *known, const char *plugin)
{
    struct redis_known_plugin *p = find(known, plugin);

    if (p != NULL)
        return p;
    p = mem_zero(1, sizeof *p);
    memcpy(p->name, plugin, strlen(plugin) + 1); /* at most LIMIT_NAME_BYTES: state.c has checked */
    HASH_ADD_STR(known->plugins, name, p);
    return p;
}

bool redis_known_typed(const struct redis_known *known, const char *plugin)
{
    const struct redis_known_plugin *p = find(known, plugin);

    return p != NULL && p->typed;
}

void redis_known_add_typed(struct redis_known *known, const char *plugin)
{
    need(known, plugin)->typed = true;
}

bool redis_known_token(const struct redis_known *known, const char *plugin, uint64_t token)
{
    const struct redis_known_plugin *p = find(known, plugin);

    return token != 0 && p != NULL && p->token == token;
}

void redis_known_add_token(struct redis_known *known, const char *plugin, uint64_t token)
{
    if (known->grants[0] != '\0')
        need(known, plugin)->token = token;
}

bool redis_known_grants(struct redis_known *known, const char *grants)
{
    if (grants[0] != '\0' && strcmp(known->grants, grants) == 0)
        return true;
    for (struct redis_known_plugin *p = known->plugins; p != NULL; p = p->hh.next)
        p->token = 0;
    memcpy(known->grants, grants, strlen(grants) + 1);
    return false;
}
