/* What pays: ceilings of one transaction, coins, and the accounts of a day and a minute. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "signer/policy_parts.h"

#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)

/* ---- one transaction ---- */

static bool is_input(const struct sui_transaction *tx, const struct sui_address *id, size_t *index)
{
    for (size_t i = 0; i < tx->input_count; i++) {
        const struct sui_address *object = sui_input_object(&tx->inputs[i]);
        if (object == NULL || !sui_address_equal(object, id))
            continue;
        *index = i;
        return true;
    }
    return false;
}

static enum policy_refusal check_coin(struct judgement *j, size_t index)
{
    const struct sui_gas *gas = &j->tx->gas;
    const struct sui_address *id = &gas->coins[index].id;
    char text[SUI_ADDRESS_TEXT_SIZE];
    size_t input;

    for (size_t i = 0; i < index; i++)
        if (sui_address_equal(&gas->coins[i].id, id))
            return policy_refuse(j->out, POLICY_GAS_COIN, index,
                                 "each gas coin is given once: %s is given twice",
                                 sui_address_text(id, text));
    if (is_input(j->tx, id, &input))
        return policy_refuse(j->out, POLICY_GAS_COIN, index,
                             "a gas coin is no input as well: %s is input %zu",
                             sui_address_text(id, text), input);
    return POLICY_ALLOWED;
}

enum policy_refusal policy_rule_gas(struct judgement *j)
{
    const struct sui_gas *gas = &j->tx->gas;
    enum policy_refusal refusal = POLICY_ALLOWED;

    if (gas->price > j->op->gas.price_max)
        return policy_refuse(j->out, POLICY_GAS_PRICE, SIZE_MAX,
                             "the gas price is at most %" PRIu64 " MIST: got %" PRIu64,
                             j->op->gas.price_max, gas->price);
    if (gas->budget > j->op->gas.budget_max)
        return policy_refuse(j->out, POLICY_GAS_BUDGET, SIZE_MAX,
                             "the gas budget is at most %" PRIu64 " MIST: got %" PRIu64,
                             j->op->gas.budget_max, gas->budget);
    if (gas->coin_count == 0)
        return policy_refuse(j->out, POLICY_GAS_COIN, SIZE_MAX,
                             "at least one coin pays for gas: got none");
    for (size_t i = 0; i < gas->coin_count && refusal == POLICY_ALLOWED; i++)
        refusal = check_coin(j, i);
    return refusal;
}

/* ---- once ---- */

static bool is_signed(const struct judgement *j, const struct sui_object_ref *ref)
{
    const struct coin *known = coins_find(&j->state->coins, &ref->id);

    return known != NULL && known->version == ref->version &&
           memcmp(known->digest.bytes, j->request->digest.bytes, SUI_DIGEST_BYTES) == 0;
}

static enum policy_refusal check_once(struct judgement *j, size_t index)
{
    const struct sui_object_ref *ref = &j->tx->gas.coins[index];
    const struct coin *known = coins_find(&j->state->coins, &ref->id);
    char id[SUI_ADDRESS_TEXT_SIZE], digest[SUI_DIGEST_TEXT_SIZE];

    if (known == NULL || ref->version > known->version || is_signed(j, ref))
        return POLICY_ALLOWED;
    if (ref->version < known->version)
        return policy_refuse(j->out, POLICY_STALE_COIN, index,
                             "gas coin %s: version %" PRIu64
                             " was signed for, got the older %" PRIu64,
                             sui_address_text(&ref->id, id), known->version, ref->version);
    if (known->last_epoch < j->request->epoch)
        return POLICY_ALLOWED;
    return policy_refuse(j->out, POLICY_EQUIVOCATION, index,
                         "gas coin %s at version %" PRIu64 " is that of transaction %s, which can "
                         "execute until epoch %" PRIu64,
                         sui_address_text(&ref->id, id), ref->version,
                         sui_digest_text(&known->digest, digest), known->last_epoch);
}

enum policy_refusal policy_rule_once(struct judgement *j)
{
    const struct sui_gas *gas = &j->tx->gas;
    size_t repeated = 0;

    for (size_t i = 0; i < gas->coin_count; i++) {
        enum policy_refusal refusal = check_once(j, i);
        if (refusal != POLICY_ALLOWED)
            return refusal;
        repeated += is_signed(j, &gas->coins[i]);
    }
    j->out->repeat = repeated == gas->coin_count;
    if (coins_have_room(&j->state->coins, gas, j->request->epoch))
        return POLICY_ALLOWED;
    return policy_refuse(j->out, POLICY_TOO_MANY_COINS, SIZE_MAX,
                         "at most %d gas coins are remembered, and %zu are already", POLICY_COINS,
                         j->state->coins.count);
}

/* ---- accounts ---- */

enum policy_refusal policy_rule_day(struct judgement *j)
{
    uint64_t spent = day_sum(&j->state->day, j->request->now_ns), sum;

    if (j->out->repeat)
        return POLICY_ALLOWED;
    if (checked_add(spent, j->tx->gas.budget, &sum) && sum <= j->op->gas.per_day)
        return POLICY_ALLOWED;
    return policy_refuse(j->out, POLICY_GAS_PER_DAY, SIZE_MAX,
                         "budgets of at most %" PRIu64 " MIST are signed in 24 hours: %" PRIu64
                         " were, and this one is %" PRIu64,
                         j->op->gas.per_day, spent, j->tx->gas.budget);
}

enum policy_refusal policy_rule_rate(struct judgement *j)
{
    if (j->out->repeat || !moments_full(&j->state->signatures, j->request->now_ns, MINUTE_NS))
        return POLICY_ALLOWED;
    return policy_refuse(j->out, POLICY_RATE, SIZE_MAX,
                         "at most %u transactions are signed in a minute",
                         j->op->signatures_per_minute);
}

void policy_signed(struct policy *p, size_t index, const struct policy_request *request)
{
    struct operator_state *state = &p->operators[index];
    struct judgement j = {.state = state, .request = request, .tx = request->tx};
    const struct sui_gas *gas = &request->tx->gas;
    size_t repeated = 0;

    epochs_note(&p->epochs, request->epoch, request->now_ns);
    for (size_t i = 0; i < gas->coin_count; i++)
        repeated += is_signed(&j, &gas->coins[i]);
    if (repeated == gas->coin_count)
        return;
    coins_note(&state->coins, gas, &request->digest, policy_last_epoch(request->tx),
               request->epoch);
    day_note(&state->day, gas->budget, request->now_ns);
    moments_note(&state->signatures, request->now_ns);
}
