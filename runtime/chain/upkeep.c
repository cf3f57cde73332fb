/* Coins on demand: when there are fewer than wanted, a large one is split, in a transaction of its
 * own that is journaled and pursued like all others. */
#include "chain/parts.h"

static bool may_split(const struct chain_operator *o)
{
    const struct chain *chain = o->chain;

    return chain->env->live && !chain->env->dry_run && chain->env->upkeep != NULL &&
           chain->env->next_id != NULL && o->upkeep == 0 && !o->upkeep_busy &&
           o->halted[0] == '\0' && operator_ready(o) && chain_now_ns(chain) >= o->upkeep_ns;
}

void upkeep_consider(struct chain_operator *o)
{
    const struct operator_config *config = o->config;
    const struct gas_coin *coin = NULL;
    size_t parts, most = (size_t)(config->split_max / config->gas_coin);
    struct chain_vault *v = o->vaults;

    while (v != NULL && (v->closed || (v->own.halt_on_foreign && o->foreign.count > 0)))
        v = v->next;
    if (v == NULL || !may_split(o))
        return;
    parts = gas_pool_split(&o->pool, (size_t)config->gas_coins, config->gas_coin,
                           config->gas_budget_max, &coin);
    parts = parts < most ? parts : most;
    if (parts > 0)
        upkeep_prepare(o, v, coin, parts, config->gas_coin);
}
