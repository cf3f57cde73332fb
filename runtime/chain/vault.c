/* One vault's executor: the operations that core calls. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chain/parts.h"

static int no_execute(struct executor *x, const struct action_list *actions, uint64_t run,
                      int64_t now_ms, bool dry_run, struct execution *out, struct error *e)
{
    (void)x;
    (void)actions;
    (void)run;
    (void)now_ms;
    (void)dry_run;
    (void)out;
    return error_set(e, ERROR_INTERNAL, "a batch for the chain is prepared and pursued");
}

static int no_settle(struct executor *x, int64_t now_ms, struct ledger_change *change,
                     json_t **closures, struct error *e)
{
    (void)x;
    (void)now_ms;
    (void)change;
    (void)closures;
    (void)e;
    return 0;
}

static int64_t no_expiry(struct executor *x)
{
    (void)x;
    return INT64_MAX;
}

static uint64_t vault_version(struct executor *x)
{
    return ((struct chain_vault *)x)->version;
}

/* The memory goes with the chain: a question about it may be under way. */
static void vault_close(struct executor *x)
{
    struct chain_vault *v = (struct chain_vault *)x;

    v->closed = true;
    batch_end_all(v->op, v);
}

static void vault_settled(struct executor *x, const struct submission *s)
{
    struct chain_vault *v = (struct chain_vault *)x;
    struct sighting *seen;

    if (s->vault[0] != '\0')
        outside_spends_keep(&v->spends);
    submission_let_go(v->op, s);
    if (s->digest[0] != '\0' && (seen = vault_sighting(v, s->digest)) != NULL)
        seen->digest[0] = '\0'; /* somebody else may have settled it */
    v->snapshot_ns = 0;         /* what it did is to be seen soon */
}

/* It is signed and will not be sent: nothing has happened, but its coin has had its signature. */
static void vault_abandon(struct executor *x, const struct submission *s)
{
    struct chain_vault *v = (struct chain_vault *)x;
    struct holds holds;
    struct error e = ERROR_INIT;

    outside_spends_drop(&v->spends);
    if (holds_parse(s->holds, &holds, &e) < 0)
        return;
    gas_pool_shelve(&v->op->pool, &holds.gas.id, holds.expires);
    for (size_t i = 0; i < holds.owned_count; i++)
        owned_book_free(&v->op->book, &holds.owned[i].id);
    holds_release(&holds);
    chain_soon(v->op->chain);
}

static void vault_adopt(struct executor *x, const struct submission *s)
{
    submission_hold(((struct chain_vault *)x)->op, s);
}

static const char *vault_account(struct executor *x)
{
    return ((struct chain_vault *)x)->op->account;
}

const char *vault_awaits(const struct chain_vault *v)
{
    const struct chain *chain = v->op->chain;

    if (snapshot_is_awaited(v))
        return v->snapshot_read ? "its snapshot does not show its last transaction yet"
                                : "its snapshot has not been read yet: the chain may not have its "
                                  "objects";
    if (v->own.halt_on_foreign && chain->config.foreign_ms != 0 && !v->op->foreign.is_settled)
        return "it has not been looked yet whether somebody else uses its operator's key";
    return NULL;
}

const char *vault_trouble(struct chain_vault *v)
{
    struct chain_operator *o = v->op;

    if (o->foreign.count == 0 || !v->own.halt_on_foreign)
        return operator_obstacle(o);
    snprintf(o->obstacle, sizeof o->obstacle,
             "halted: this desk did not make %llu transaction%s of %s, the last %s: find out who "
             "has the key, put the digests into known_foreign of its operator, and start again",
             (unsigned long long)o->foreign.count, o->foreign.count == 1 ? "" : "s", o->account,
             o->foreign.last);
    return o->obstacle;
}

static const char *vault_obstacle(struct executor *x)
{
    struct chain_vault *v = (struct chain_vault *)x;
    const char *trouble = vault_trouble(v);

    return trouble != NULL ? trouble : vault_awaits(v);
}

static json_t *vault_status(struct executor *x)
{
    struct chain_vault *v = (struct chain_vault *)x;
    json_t *out = operator_status(v->op);
    const char *obstacle = vault_obstacle(x);

    json_object_set_new(out, "executor", json_string("sui"));
    json_object_set_new(out, "chain", json_string(v->op->chain->config.chain));
    json_object_set_new(out, "endpoints", rpc_status(v->op->chain->rpc));
    json_object_set_new(out, "signer", json_boolean(signer_is_up(v->op->chain->signer)));
    if (obstacle != NULL)
        json_object_set_new(out, "obstacle", json_string(obstacle));
    return out;
}

static const struct executor_ops vault_ops = {
    .name = "sui",
    .execute = no_execute,
    .settle = no_settle,
    .next_expiry = no_expiry,
    .snapshot = chain_snapshot,
    .version = vault_version,
    .close = vault_close,
};

static const struct outside_ops vault_outside = {
    .prepare = chain_prepare,
    .pursue = chain_pursue,
    .settled = vault_settled,
    .abandon = vault_abandon,
    .adopt = vault_adopt,
    .account = vault_account,
    .obstacle = vault_obstacle,
    .status = vault_status,
};

static void learn_one(void *to, const struct submission *s)
{
    operator_learn(to, s);
}

static int read_history(struct chain_operator *o, const struct outside_env *env, struct error *e)
{
    if (env->history == NULL)
        return 0;
    if (env->history(env->arg, o->account, HISTORY_READ, learn_one, o, e) < 0)
        return -1;
    o->history_read = true;
    return 0;
}

static struct chain_operator *find_operator(struct chain *chain, const char *name)
{
    for (size_t i = 0; i < chain->operator_count; i++)
        if (strcmp(chain->operators[i].config->name, name) == 0)
            return &chain->operators[i];
    return NULL;
}

int chain_vault_open(struct executor **out, struct chain *chain, const struct vault_config *config,
                     const struct vault_record *record, const struct market_source *markets,
                     const struct outside_env *env, struct error *e)
{
    struct chain_vault *v = mem_zero(1, sizeof *v);

    if (chain_vault_load(config, &chain->config, &v->own, e) < 0) {
        free(v);
        return -1;
    }
    v->base = (struct executor){&vault_ops, &vault_outside};
    v->op = find_operator(chain, v->own.operator_name);
    v->config = config;
    v->env = env;
    v->markets = markets;
    outside_spends_init(&v->spends, config, record);
    operator_name_objects(v->op, v->own.recipe);
    v->next = v->op->vaults;
    v->op->vaults = v;
    if (read_history(v->op, env, e) < 0) {
        v->closed = true;
        return -1;
    }
    *out = &v->base;
    return 0;
}
