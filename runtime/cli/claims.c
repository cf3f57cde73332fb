#include "cli/claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

void claims_init(struct claims *c, struct state_store *store, const struct claimant *who)
{
    *c = (struct claims){.store = store, .who = who};
    clock_init_real(&c->clock);
    c->renewed_ns = clock_mono_ns(&c->clock);
}

void claims_release(struct claims *c)
{
    struct error ignored = ERROR_INIT;

    if (c->count > 0)
        (void)state_lease_release(c->store, c->holds, c->count, &ignored);
    for (size_t i = 0; i < c->count; i++)
        free((char *)c->holds[i].plugin);
    free(c->holds);
    c->holds = NULL;
    c->count = 0;
}

static int held_by(const struct state_lease *lease, struct error *e)
{
    error_locate(e, lease->plugin, 0);
    error_set(e, ERROR_STORE_FENCED,
              "'%s' is run by %s, whose lease lasts another %.1f s and is renewed while it runs: "
              "nothing was changed",
              lease->plugin, lease->label, (double)lease->left_ms / 1000);
    error_hint(e, "stop that daemon first, or change the state through it");
    return -1;
}

static void add_hold(struct claims *c, const char *plugin, uint64_t token)
{
    c->holds = mem_resize(c->holds, (c->count + 1) * sizeof *c->holds);
    c->holds[c->count++] =
        (struct state_hold){.plugin = mem_strdup(plugin), .token = token, .held = true};
}

int claims_take(struct claims *c, const char *plugin, struct error *e)
{
    const struct claimant *who = c->who;
    struct state_claim claim = {who->owner.id, who->owner.label, CLAIMS_TTL_MS,
                                who->locked || who->force};
    struct state_lease lease;
    bool granted;

    if (!state_is_shared(c->store))
        return 0;
    if (state_lease_take(c->store, plugin, &claim, &granted, &lease, e) < 0)
        return -1;
    if (!granted && who->force) {
        char holder[STATE_OWNER_BYTES];
        memcpy(holder, lease.owner, sizeof holder);
        claim.owner = holder;
        claim.retake = true;
        if (state_lease_take(c->store, plugin, &claim, &granted, &lease, e) < 0)
            return -1;
    }
    if (!granted)
        return held_by(&lease, e);
    add_hold(c, plugin, lease.token);
    return 0;
}

int claims_look(struct claims *c, const char **lost, struct error *e)
{
    *lost = NULL;
    if (c->count == 0)
        return 0;
    if (state_lease_renew(c->store, c->holds, c->count, CLAIMS_TTL_MS, e) < 0)
        return -1;
    c->renewed_ns = clock_mono_ns(&c->clock);
    for (size_t i = 0; i < c->count && *lost == NULL; i++)
        if (!c->holds[i].held)
            *lost = c->holds[i].plugin;
    return 0;
}

int claims_keep(struct claims *c, struct error *e)
{
    const char *lost;

    if (clock_mono_ns(&c->clock) - c->renewed_ns < CLAIMS_TTL_MS / 3 * 1000000LL)
        return 0;
    if (claims_look(c, &lost, e) < 0)
        return -1;
    if (lost == NULL)
        return 0;
    error_locate(e, lost, 0);
    return error_set(e, ERROR_STORE_FENCED,
                     "another daemon has taken '%s' over while its state was being changed", lost);
}

int claims_fence(const struct claims *c, const char *plugin, struct error *e)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->holds[i].plugin, plugin) == 0)
            return state_fence(c->store, plugin, c->holds[i].token, e);
    if (!state_is_shared(c->store))
        return 0;
    return error_set(e, ERROR_INTERNAL, "a write of '%s' without its lease", plugin);
}

struct search {
    const struct claimant *who;
    struct state_lease found;
};

static int find_rival(void *arg, const struct state_lease *lease)
{
    struct search *search = arg;
    bool own = search->who->locked && strcmp(lease->owner, search->who->owner.id) == 0;

    if (lease->left_ms <= 0 || own)
        return 0;
    search->found = *lease;
    return 1;
}

int claims_rivals(struct state_store *store, const struct claimant *who, struct error *e)
{
    struct search search = {.who = who};
    int result = 0;

    if (state_is_shared(store) && !who->force)
        result = state_lease_list(store, find_rival, &search, e);
    return result <= 0 ? result : held_by(&search.found, e);
}
