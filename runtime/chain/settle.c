/* What a submission holds, from its journaling to its end, also across a restart. */
#include <string.h>

#include "chain/parts.h"
#include "model/value.h"

void submission_hold(struct chain_operator *o, const struct submission *s)
{
    struct holds holds;
    struct error e = ERROR_INIT;

    foreign_own(o, s->digest);
    if (holds_parse(s->holds, &holds, &e) < 0) {
        operator_halt(o, "a submission on record cannot be read: what it holds is not known");
        return;
    }
    gas_pool_adopt(&o->pool, &holds.gas, holds.balance);
    for (size_t i = 0; i < holds.owned_count; i++)
        owned_book_adopt(&o->book, &holds.owned[i]);
    if (s->vault[0] == '\0')
        o->upkeep = s->id;
    holds_release(&holds);
}

/* A coin or object that is in a transaction now is left alone: it has been seen since. */
static void learn_gas(struct chain_operator *o, const struct holds *holds, const json_t *outcome)
{
    const struct gas_coin *coin = gas_pool_find(&o->pool, &holds->gas.id);
    struct sui_object_ref ref;
    uint64_t balance = 0;
    bool has_balance = false;

    if (outcome_object(json_object_get(outcome, "gas_object"), &ref, &balance, &has_balance) &&
        has_balance)
        gas_pool_learn(&o->pool, &ref, balance);
    else if (coin != NULL && coin->state != GAS_RESERVED && coin->ref.version <= holds->gas.version)
        gas_pool_doubt(&o->pool, &holds->gas.id, holds->gas.version + 1);
}

static void learn_objects(struct chain_operator *o, const struct holds *holds,
                          const json_t *outcome)
{
    const json_t *item;
    struct sui_object_ref ref;
    size_t index;

    for (size_t i = 0; i < holds->owned_count; i++) {
        const struct owned_object *known = owned_book_find(&o->book, &holds->owned[i].id);
        if (known != NULL && !known->is_reserved && known->ref.version <= holds->owned[i].version)
            owned_book_doubt(&o->book, &holds->owned[i].id, holds->owned[i].version + 1);
    }
    json_array_foreach(json_object_get(outcome, "objects"), index,
                       item) if (outcome_object(item, &ref, NULL, NULL))
        owned_book_learn(&o->book, &ref);
}

static void learn_created(struct chain_operator *o, const json_t *outcome)
{
    const json_t *item;
    struct sui_object_ref ref;
    uint64_t balance;
    bool has_balance;
    size_t index;

    json_array_foreach(json_object_get(outcome, "created"), index,
                       item) if (outcome_object(item, &ref, &balance, &has_balance) && has_balance)
        gas_pool_learn(&o->pool, &ref, balance);
}

static void learn_executed(struct chain_operator *o, const struct submission *s,
                           const struct holds *holds)
{
    struct error e = ERROR_INIT;
    json_t *outcome = s->outcome == NULL
                          ? NULL
                          : value_parse(s->outcome, strlen(s->outcome), SUBMISSION_TEXT_BYTES, &e);

    learn_gas(o, holds, outcome);
    learn_objects(o, holds, outcome);
    learn_created(o, outcome);
    json_decref(outcome);
}

/* Nothing of it was executed, so its objects are as they were, unless others have changed them. */
static void learn_dead(struct chain_operator *o, const struct submission *s,
                       const struct holds *holds)
{
    struct error e = ERROR_INIT;
    json_t *outcome = s->outcome == NULL
                          ? NULL
                          : value_parse(s->outcome, strlen(s->outcome), SUBMISSION_TEXT_BYTES, &e);
    uint64_t version = 0;

    (void)value_to_u64(json_object_get(outcome, "gas_version"), &version);
    if (version > holds->gas.version)
        gas_pool_doubt(&o->pool, &holds->gas.id, version);
    else
        gas_pool_shelve(&o->pool, &holds->gas.id, holds->expires);
    for (size_t i = 0; i < holds->owned_count; i++)
        owned_book_doubt(&o->book, &holds->owned[i].id, holds->owned[i].version);
    json_decref(outcome);
}

void submission_let_go(struct chain_operator *o, const struct submission *s)
{
    struct holds holds;
    struct error e = ERROR_INIT;

    if (o->upkeep == s->id && s->vault[0] == '\0')
        o->upkeep = 0;
    if (holds_parse(s->holds, &holds, &e) < 0)
        return;
    for (size_t i = 0; i < holds.owned_count; i++)
        owned_book_free(&o->book, &holds.owned[i].id);
    if (s->state == SUBMISSION_DEAD) {
        learn_dead(o, s, &holds);
    } else {
        gas_pool_free(&o->pool, &holds.gas.id);
        learn_executed(o, s, &holds);
    }
    holds_release(&holds);
    chain_soon(o->chain);
}

/* Of one that ended before this start: what it left behind is certain, at that version. */
void operator_learn(struct chain_operator *o, const struct submission *s)
{
    struct holds holds;
    struct error e = ERROR_INIT;

    if (!o->history_read)
        foreign_own(o, s->digest);
    o->foreign.has_history = true;
    if (s->state != SUBMISSION_DONE || holds_parse(s->holds, &holds, &e) < 0)
        return;
    learn_executed(o, s, &holds);
    holds_release(&holds);
}
