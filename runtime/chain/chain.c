#include "chain/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

int64_t chain_now_ns(const struct chain *chain)
{
    return clock_mono_ns(chain->env->clock);
}

void chain_stage(const struct chain *chain, const char *name)
{
    if (chain->env->stage != NULL)
        chain->env->stage(chain->env->arg, name);
}

void chain_changed(const struct chain *chain)
{
    if (chain->env->changed != NULL)
        chain->env->changed(chain->env->arg);
}

void chain_say(const struct chain *chain, enum log_level level, const char *vault,
               const char *format, ...)
{
    char message[1024];
    va_list args;

    if (chain->env->say == NULL)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    chain->env->say(chain->env->arg, level, vault, message);
}

/* Text that is in part a node's, cut to size: always UTF-8. */
void chain_sentence(char *out, size_t size, const char *format, va_list args)
{
    char text[1024];
    struct buf said;

    vsnprintf(text, sizeof text, format, args);
    buf_init(&said, 8 * sizeof text);
    text_add_said(&said, text, strlen(text), size - 8);
    snprintf(out, size, "%s", buf_text(&said));
    buf_release(&said);
}

/* ---- jobs ---- */

void job_add(struct chain *chain, struct job *job)
{
    job->next = chain->jobs;
    job->back = &chain->jobs;
    if (job->next != NULL)
        job->next->back = &job->next;
    chain->jobs = job;
}

void job_remove(struct job *job)
{
    *job->back = job->next;
    if (job->next != NULL)
        job->next->back = job->back;
}

static bool run_one_later(struct chain *chain)
{
    for (struct job *job = chain->jobs; job != NULL; job = job->next) {
        void (*later)(struct job *) = job->later;
        if (later == NULL)
            continue;
        job->later = NULL;
        later(job);
        return true;
    }
    return false;
}

/* ---- the pulse ---- */

static void on_soon(uv_timer_t *timer)
{
    struct pulse *pulse = timer->data;
    struct chain *chain = pulse->chain;

    while (pulse->chain != NULL && run_one_later(chain))
        ;
    for (size_t i = 0; pulse->chain != NULL && i < chain->operator_count; i++)
        operator_wake(&chain->operators[i]);
}

void chain_soon(struct chain *chain)
{
    if (!uv_is_active((uv_handle_t *)&chain->pulse->soon))
        uv_timer_start(&chain->pulse->soon, on_soon, 0, 0);
}

static void on_epoch(void *arg, const struct rpc_answer *a, const struct rpc_epoch *epoch)
{
    struct chain *chain = arg;

    chain->epoch_busy = false;
    if (a->result != RPC_OK) {
        snprintf(chain->trouble, sizeof chain->trouble, "%s", a->message);
        chain->epoch_due_ns = chain_now_ns(chain) + RETRY_NS;
        return;
    }
    chain->trouble[0] = '\0';
    /* A node that lags knows an earlier one: epochs only rise. */
    if (!chain->epoch_known || epoch->epoch >= chain->epoch) {
        chain->epoch = epoch->epoch;
        chain->gas_price = epoch->gas_price;
        chain->epoch_ns = chain_now_ns(chain);
    }
    if (!chain->epoch_known) {
        chain->epoch_known = true;
        chain_changed(chain);
    }
    chain->epoch_due_ns = chain_now_ns(chain) + chain->config.epoch_ms * 1000000;
    chain_soon(chain);
}

void chain_want_epoch(struct chain *chain)
{
    struct error e = ERROR_INIT;

    if (chain->epoch_busy)
        return;
    chain->epoch_busy = rpc_ask_epoch(chain->rpc, on_epoch, chain, &e) == 0;
    if (chain->epoch_busy)
        return;
    snprintf(chain->trouble, sizeof chain->trouble, "%.500s", e.message);
    chain->epoch_due_ns = chain_now_ns(chain) + RETRY_NS;
}

/* An epoch lasts about a day: one that is a little old only makes a transaction expire sooner. */
bool chain_epoch_fresh(const struct chain *chain)
{
    int64_t most = 3 * chain->config.epoch_ms * 1000000;

    return chain->epoch_known &&
           chain_now_ns(chain) - chain->epoch_ns < (most > FRESH_NS ? most : FRESH_NS);
}

static void on_slow(uv_timer_t *timer)
{
    struct pulse *pulse = timer->data;
    struct chain *chain = pulse->chain;

    if (chain_now_ns(chain) >= chain->epoch_due_ns)
        chain_want_epoch(chain);
    if (chain->was_fresh != chain_epoch_fresh(chain)) {
        chain->was_fresh = !chain->was_fresh;
        chain_changed(chain);
    }
    for (size_t i = 0; i < chain->operator_count; i++)
        operator_pulse(&chain->operators[i]);
}

static void on_pulse_closed(uv_handle_t *handle)
{
    struct pulse *pulse = handle->data;

    if (--pulse->open == 0)
        free(pulse);
}

static void start_pulse(struct chain *chain)
{
    struct pulse *pulse = mem_zero(1, sizeof *pulse);

    uv_timer_init(chain->env->loop, &pulse->slow);
    uv_timer_init(chain->env->loop, &pulse->soon);
    pulse->slow.data = pulse->soon.data = pulse;
    pulse->open = 2;
    pulse->chain = chain;
    chain->pulse = pulse;
    uv_timer_start(&pulse->slow, on_slow, 1, PULSE_MS);
    /* What is asked keeps the loop alive, not the waiting for the next time. */
    uv_unref((uv_handle_t *)&pulse->slow);
}

static void stop_pulse(struct chain *chain)
{
    struct pulse *pulse = chain->pulse;

    if (pulse == NULL)
        return;
    pulse->chain = NULL;
    uv_close((uv_handle_t *)&pulse->slow, on_pulse_closed);
    uv_close((uv_handle_t *)&pulse->soon, on_pulse_closed);
}

/* ---- life ---- */

bool chain_is_wanted(const struct config *config)
{
    for (size_t i = 0; i < config->vault_count; i++)
        if (strcmp(config->vaults[i].executor, "sui") == 0)
            return true;
    return false;
}

static void on_signer_lost(void *arg, const char *why)
{
    chain_say(arg, LOG_ERROR, "", "the signer has ended: %s", why);
}

static void on_signer_back(void *arg)
{
    chain_say(arg, LOG_INFO, "", "the signer is there again");
    chain_soon(arg);
}

static int open_signer(struct chain *chain, const struct config *config, struct error *e)
{
    struct signer_env env = {chain->env->loop, chain->env->desk, on_signer_lost, on_signer_back,
                             chain};
    json_t *rules = chain_rules(config, &chain->config, e);
    int result = rules == NULL ? -1 : signer_open(&chain->signer, &env, rules, e);

    json_decref(rules);
    return result;
}

static int open_operators(struct chain *chain, struct error *e)
{
    for (size_t i = 0; i < chain->config.operator_count; i++) {
        struct chain_operator *o = &chain->operators[i];
        operator_init(o, chain, &chain->config.operators[i]);
        chain->operator_count++;
        if (chain->env->live && !chain->env->dry_run && operator_claim(o, e) < 0)
            return -1;
    }
    return 0;
}

static int open_rpc(struct chain *chain, struct http_client *http, struct error *e)
{
    const char *urls[RPC_ENDPOINTS];
    struct rpc_config config = {urls, chain->config.url_count, chain->config.chain,
                                chain->config.timeout_ms, chain->config.ca_file};

    for (size_t i = 0; i < chain->config.url_count; i++)
        urls[i] = chain->config.urls[i];
    return rpc_open(&chain->rpc, chain->env->loop, http, &config, e);
}

int chain_open(struct chain **out, const struct config *config, const struct outside_env *env,
               struct http_client *http, struct error *e)
{
    struct chain *chain = mem_zero(1, sizeof *chain);

    chain->env = env;
    if (chain_config_load(config, &chain->config, e) < 0 || open_signer(chain, config, e) < 0 ||
        open_operators(chain, e) < 0 || open_rpc(chain, http, e) < 0) {
        chain_close(chain);
        return -1;
    }
    start_pulse(chain);
    chain_want_epoch(chain);
    *out = chain;
    return 0;
}

void chain_close(struct chain *chain)
{
    if (chain == NULL)
        return;
    stop_pulse(chain);
    rpc_close(chain->rpc);
    signer_close(chain->signer);
    while (chain->jobs != NULL) {
        struct job *job = chain->jobs;
        job_remove(job);
        job->free(job);
    }
    for (size_t i = 0; i < chain->operator_count; i++)
        operator_release(&chain->operators[i]);
    chain_config_release(&chain->config);
    free(chain);
}

json_t *chain_status(const struct chain *chain)
{
    json_t *operators = json_array(), *out;

    for (size_t i = 0; i < chain->operator_count; i++)
        json_array_append_new(operators, operator_status(&chain->operators[i]));
    out = json_pack("{s:s, s:b, s:o, s:o}", "chain", chain->config.chain, "signer",
                    signer_is_up(chain->signer), "endpoints", rpc_status(chain->rpc), "operators",
                    operators);
    if (chain->epoch_known)
        json_object_update_new(out, json_pack("{s:I, s:I}", "epoch", (json_int_t)chain->epoch,
                                              "gas_price", (json_int_t)chain->gas_price));
    return out;
}
