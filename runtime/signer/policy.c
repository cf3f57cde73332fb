#include "signer/policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/mem.h"
#include "signer/policy_parts.h"

#define SECOND_NS INT64_C(1000000000)
#define HOUR_NS   (3600 * SECOND_NS)

static const char *const names[POLICY_REFUSAL_COUNT] = {[POLICY_ALLOWED] = "ALLOWED",
#define X(symbol, code) [POLICY_##symbol] = code,
                                                        POLICY_REFUSALS(X)
#undef X
};

const char *policy_refusal_name(enum policy_refusal refusal)
{
    return names[refusal];
}

enum policy_refusal policy_refuse(struct policy_verdict *out, enum policy_refusal refusal,
                                  size_t index, const char *format, ...)
{
    va_list arguments;

    out->refusal = refusal;
    out->index = index;
    va_start(arguments, format);
    vsnprintf(out->message, sizeof out->message, format, arguments);
    va_end(arguments);
    return refusal;
}

/* ---- who ---- */

static enum policy_refusal rule_who(struct judgement *j)
{
    char own[SUI_ADDRESS_TEXT_SIZE], other[SUI_ADDRESS_TEXT_SIZE];

    sui_address_text(&j->op->own, own);
    if (!sui_address_equal(&j->tx->sender, &j->op->own))
        return policy_refuse(j->out, POLICY_SENDER, SIZE_MAX,
                             "the sender is operator '%s', %s: got %s", j->op->name, own,
                             sui_address_text(&j->tx->sender, other));
    if (!sui_address_equal(&j->tx->gas.owner, &j->op->own))
        return policy_refuse(j->out, POLICY_SPONSORED, SIZE_MAX,
                             "the gas is the sender's own, %s: got %s", own,
                             sui_address_text(&j->tx->gas.owner, other));
    return POLICY_ALLOWED;
}

/* ---- when ---- */

static enum policy_refusal rule_epoch(struct judgement *j)
{
    const struct epochs *known = &j->policy->epochs;
    uint64_t told = j->request->epoch, least = epochs_least(known);
    uint64_t most = epochs_most(known, j->request->now_ns, j->policy->rules->epoch_least_s);

    if (told < least)
        return policy_refuse(j->out, POLICY_EPOCH_JUMP, SIZE_MAX,
                             "the present epoch is %" PRIu64 " or later, as was told before: "
                             "got %" PRIu64,
                             least, told);
    if (told > most)
        return policy_refuse(j->out, POLICY_EPOCH_JUMP, SIZE_MAX,
                             "the present epoch can be %" PRIu64 " at most, from %" PRIu64
                             " and the time that has passed since: got %" PRIu64,
                             most, known->first, told);
    return POLICY_ALLOWED;
}

uint64_t policy_last_epoch(const struct sui_transaction *tx)
{
    return tx->expiration.kind == SUI_EXPIRES_EPOCH ? tx->expiration.epoch
                                                    : tx->expiration.max_epoch.value;
}

static enum policy_refusal check_last_epoch(struct judgement *j)
{
    uint64_t last = policy_last_epoch(j->tx), most;

    if (last < j->request->epoch)
        return policy_refuse(j->out, POLICY_EXPIRED, SIZE_MAX,
                             "it can execute until epoch %" PRIu64 ", and now is %" PRIu64, last,
                             j->request->epoch);
    if (!checked_add(j->request->epoch, j->op->epochs_ahead, &most))
        most = UINT64_MAX;
    if (last > most)
        return policy_refuse(j->out, POLICY_LATE_EXPIRY, SIZE_MAX,
                             "it expires by epoch %" PRIu64 " at the latest: got %" PRIu64, most,
                             last);
    return POLICY_ALLOWED;
}

static enum policy_refusal rule_expiry(struct judgement *j)
{
    const struct sui_expiration *x = &j->tx->expiration;
    const struct rules_chain *chain = &j->policy->rules->chain;

    if (x->kind == SUI_EXPIRES_NEVER || (x->kind == SUI_EXPIRES_DURING && !x->max_epoch.present))
        return policy_refuse(j->out, POLICY_NO_EXPIRY, SIZE_MAX,
                             "it has a last epoch in which it can execute: got none");
    if (x->kind == SUI_EXPIRES_DURING &&
        memcmp(x->chain.bytes, chain->digest.bytes, chain->known) != 0)
        return policy_refuse(j->out, POLICY_OTHER_CHAIN, SIZE_MAX,
                             "it is valid on the configured chain: got another");
    return check_last_epoch(j);
}

/* ---- size ---- */

static enum policy_refusal rule_size(struct judgement *j)
{
    size_t count = j->tx->command_count;

    if (count >= 1 && count <= j->op->commands_max)
        return POLICY_ALLOWED;
    return policy_refuse(j->out, POLICY_COMMANDS, SIZE_MAX, "expected 1 to %u commands, got %zu",
                         j->op->commands_max, count);
}

/* ---- all of them ---- */

static policy_rule *const rules_in_order[] = {
    rule_who,         rule_epoch,         rule_expiry,       policy_rule_gas,
    rule_size,        policy_rule_inputs, policy_rule_shape, policy_rule_recipients,
    policy_rule_once, policy_rule_day,    policy_rule_rate,
};

enum policy_refusal policy_admit(const struct policy *p, size_t index, struct policy_verdict *out)
{
    *out = (struct policy_verdict){.refusal = POLICY_ALLOWED, .index = SIZE_MAX};
    if (p->halted)
        return policy_refuse(out, POLICY_HALTED, SIZE_MAX,
                             "nothing is signed any more: %u refusals within an hour, the last of "
                             "them %s; look at them, then start orrery again",
                             p->rules->refusals_max, policy_refusal_name(p->last_refusal));
    if (index >= p->rules->operator_count)
        return policy_refuse(out, POLICY_NO_KEY, SIZE_MAX,
                             "there are %zu operators: got number %zu, counted from 0",
                             p->rules->operator_count, index);
    return POLICY_ALLOWED;
}

enum policy_refusal policy_judge(const struct policy *p, size_t index,
                                 const struct policy_request *request, struct policy_verdict *out)
{
    struct judgement j = {.policy = p, .request = request, .tx = request->tx, .out = out};
    enum policy_refusal refusal = policy_admit(p, index, out);

    if (refusal != POLICY_ALLOWED)
        return refusal;
    j.op = &p->rules->operators[index];
    j.state = &p->operators[index];
    for (size_t i = 0; i < sizeof rules_in_order / sizeof *rules_in_order; i++) {
        refusal = rules_in_order[i](&j);
        if (refusal != POLICY_ALLOWED)
            return refusal;
    }
    return POLICY_ALLOWED;
}

/* ---- the state ---- */

struct policy *policy_new(const struct rules *rules)
{
    struct policy *p = mem_zero(1, sizeof *p);

    p->rules = rules;
    p->operators = mem_zero(rules->operator_count, sizeof *p->operators);
    moments_init(&p->refusals, rules->refusals_max);
    for (size_t i = 0; i < rules->operator_count; i++) {
        coins_init(&p->operators[i].coins, POLICY_COINS);
        moments_init(&p->operators[i].signatures, rules->operators[i].signatures_per_minute);
    }
    return p;
}

void policy_free(struct policy *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->rules->operator_count; i++) {
        coins_release(&p->operators[i].coins);
        moments_release(&p->operators[i].signatures);
    }
    moments_release(&p->refusals);
    free(p->operators);
    free(p);
}

static bool counts(enum policy_refusal refusal)
{
    return refusal != POLICY_ALLOWED && refusal != POLICY_HALTED && refusal != POLICY_GAS_PER_DAY &&
           refusal != POLICY_RATE;
}

void policy_refused(struct policy *p, enum policy_refusal refusal, int64_t now_ns)
{
    if (!counts(refusal))
        return;
    moments_note(&p->refusals, now_ns);
    p->last_refusal = refusal;
    p->halted = p->halted || moments_full(&p->refusals, now_ns, HOUR_NS);
}
