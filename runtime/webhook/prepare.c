/*
 * prepare: plan -> text -> simulation (when there is an address for it) -> signature.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "keys/locked.h"
#include "webhook/parts.h"

static bool is_call_allowed(void *arg, const struct action *a, char *why, size_t size)
{
    const struct webhook *x = arg;
    const json_t *target;
    size_t index;

    if (a->kind != ACTION_CALL)
        return true;
    json_array_foreach(x->config.calls, index, target)
    {
        if (strcmp(json_string_value(target), a->target) == 0)
            return true;
    }
    snprintf(why, size, "target=%.100s", a->target);
    return false;
}

static void failed(struct preparation *p, const char *code, const char *message)
{
    p->status = PREPARED_FAILED;
    p->index = 0;
    snprintf(p->code, sizeof p->code, "%s", code);
    snprintf(p->message, sizeof p->message, "%s", message);
}

static void too_long(struct preparation *p)
{
    p->status = PREPARED_REJECTED;
    p->index = 0;
    snprintf(p->code, sizeof p->code, "LIMIT");
    snprintf(p->message, sizeof p->message,
             "LIMIT: action=0 the batch is longer than max=%d bytes as JSON", SUBMISSION_BYTES);
}

static char *text_of(const struct job *job, bool simulate, size_t *len)
{
    const struct preparation *p = job->preparation;
    struct webhook_batch batch = {.actions = job->executed,
                                  .vault = job->x->vault.id,
                                  .plugin = p->plugin,
                                  .run = p->run,
                                  .created_ms = p->now_ms,
                                  .simulate = simulate};

    return webhook_batch_text(&batch, SUBMISSION_BYTES, len);
}

/* ---- after the simulation ---- */

static void sign(struct job *job, struct submission *s)
{
    struct webhook *x = job->x;
    char signature[WEBHOOK_SIGNATURE_SIZE];

    job->preparation->sign_us[0] = webhook_wall_us(x);
    webhook_sign(x->secret, x->secret_len, s->created_ms, s->bytes, s->len, signature);
    locked_scrub_stack();
    s->signature = mem_strdup(signature);
    job->preparation->sign_us[1] = webhook_wall_us(x);
    webhook_stage(x, "webhook.signed");
}

static bool make_submission(struct job *job, struct submission *s)
{
    const struct preparation *p = job->preparation;
    const struct webhook *x = job->x;

    memset(s, 0, sizeof *s);
    s->bytes = (uint8_t *)text_of(job, false, &s->len);
    if (s->bytes == NULL)
        return false;
    s->id = p->run;
    s->created_ms = p->now_ms;
    s->state = SUBMISSION_OPEN;
    snprintf(s->plugin, sizeof s->plugin, "%s", p->plugin);
    snprintf(s->vault, sizeof s->vault, "%s", x->vault.id);
    snprintf(s->executor, sizeof s->executor, "webhook");
    snprintf(s->account, sizeof s->account, "%s", x->config.account);
    webhook_batch_key(s->bytes, s->len, s->digest);
    return true;
}

static void hand_over(struct job *job, enum preparation_status status)
{
    struct preparation *p = job->preparation;

    p->status = status;
    p->executed = json_incref(job->executed);
    p->result = json_object();
    json_object_set_new(p->result, "url", json_string(job->x->config.account));
    if (status == PREPARED_READY)
        json_object_set_new(p->result, "digest", json_string(p->submission.digest));
    if (job->details != NULL)
        json_object_set(p->result, "simulation", job->details);
    p->spend = job->spend;
}

/* Everything but the signature went well. */
static void complete(struct job *job)
{
    struct preparation *p = job->preparation;
    struct submission s;

    if (!make_submission(job, &s)) {
        too_long(p);
    } else if (!webhook_is_live(job->x, p->live) || json_array_size(job->executed) == 0) {
        submission_release(&s);
        hand_over(job, PREPARED_SIMULATED);
    } else {
        sign(job, &s);
        p->submission = s;
        hand_over(job, PREPARED_READY);
        outside_spends_hold(&job->x->spends, job->spend, p->now_ms);
    }
}

/* ---- the simulation ---- */

static void judge_simulation(struct job *job, const struct http_answer *http,
                             const struct webhook_answer *answer)
{
    bool usable = http->status >= 200 && http->status < 500;
    char message[400], why[512];

    if (usable && answer->status == WEBHOOK_ACCEPTED) {
        job->details = json_incref(answer->outcome);
        complete(job);
    } else if (usable && answer->status == WEBHOOK_REFUSED) {
        failed(job->preparation, answer->code, answer->message);
    } else {
        webhook_explain(http,
                        answer->message[0] != '\0' ? answer->message
                                                   : "expected the status accepted or refused",
                        message, sizeof message);
        snprintf(why, sizeof why, "simulate_url: %s", message);
        failed(job->preparation, "SIMULATION_UNAVAILABLE", why);
    }
}

static void on_simulated(void *arg, const struct http_answer *http)
{
    struct job *job = arg;
    char key[WEBHOOK_KEY_SIZE];
    struct webhook_answer answer;
    size_t len;
    char *text = text_of(job, true, &len);

    job->preparation->simulate_us[1] = webhook_wall_us(job->x);
    webhook_answer_read(http->body, http->len, webhook_batch_key(text, len, key), &answer);
    free(text);
    judge_simulation(job, http, &answer);
    webhook_answer_release(&answer);
    webhook_stage(job->x, "webhook.simulated");
    job_finish(job);
}

/* Its text, and so its key, are not the batch's own: see batch.h. */
static int simulate(struct job *job, struct error *e)
{
    struct webhook *x = job->x;
    struct webhook_headers headers;
    char key[WEBHOOK_KEY_SIZE];
    size_t len;
    char *text = text_of(job, true, &len);
    int failure;

    if (text == NULL)
        return error_set(e, ERROR_LIMIT, "the batch is too long to be simulated");
    webhook_sign_now(x, &headers, webhook_batch_key(text, len, key), text, len, true);
    job->preparation->simulate_us[0] = webhook_wall_us(x);
    failure = webhook_send(x, x->config.simulate_url, &headers, text, len, on_simulated, job, e);
    free(text);
    return failure;
}

/* ---- the beginning ---- */

/* Fills the job from the plan, or rejects. */
static int plan(struct job *job)
{
    struct webhook *x = job->x;
    struct preparation *p = job->preparation;
    struct outside_vault known;
    struct outside_plan *plan = mem_alloc(sizeof *plan);
    int result = 0;

    snapshot_amounts(x, &known);
    outside_plan(plan, &(struct outside_request){.config = &x->vault,
                                                 .actions = p->actions,
                                                 .vault = &known,
                                                 .markets = &x->markets,
                                                 .estimates = x->config.estimate_costs,
                                                 .spends = outside_spends_window(&x->spends),
                                                 .now_ms = p->now_ms,
                                                 .supports = is_call_allowed,
                                                 .arg = x});
    if (plan->rejected) {
        outside_plan_refuse(plan, p);
        result = -1;
    } else {
        job->executed = json_incref(plan->executed);
        job->spend = plan->spend;
    }
    outside_plan_release(plan);
    free(plan);
    return result;
}

void webhook_prepare(struct executor *base, struct preparation *p)
{
    struct webhook *x = (struct webhook *)base;
    struct job *job = job_new(x);
    struct error e = ERROR_INIT;

    job->preparation = p;
    if (plan(job) < 0) {
        job_later(job);
    } else if (x->config.simulate_url == NULL || json_array_size(job->executed) == 0) {
        complete(job);
        job_later(job);
    } else if (simulate(job, &e) < 0) {
        if (e.code == ERROR_LIMIT)
            too_long(p);
        else
            failed(p, "SIMULATION_UNAVAILABLE", e.message);
        job_later(job);
    }
}
