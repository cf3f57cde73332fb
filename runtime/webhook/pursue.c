/*
 * pursue: one attempt to learn what came of a submission; the rules are in webhook.h. At most three
 * requests: a look-up, the POST when it was never received, a look-up after a conflict.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "webhook/parts.h"
#include "webhook/url.h"

static void on_posted(void *arg, const struct http_answer *http);
static void on_looked_up(void *arg, const struct http_answer *http);

/* ---- ends ---- */

static void unknown(struct job *job, const char *message, int64_t retry_after_ms)
{
    struct pursuit *p = job->pursuit;

    p->result = PURSUIT_UNKNOWN;
    p->retry_after_ms = retry_after_ms;
    snprintf(p->message, sizeof p->message, "%s", message);
    snprintf(job->x->unknown, sizeof job->x->unknown, "%s", message);
}

static json_t *outcome_new(void)
{
    json_t *outcome = json_object();

    json_object_set_new(outcome, "gas_used", json_integer(0));
    return outcome;
}

static void known(struct job *job, enum pursuit_result result, json_t *outcome)
{
    struct webhook *x = job->x;

    job->pursuit->result = result;
    job->pursuit->outcome = outcome;
    x->executed += result == PURSUIT_EXECUTED;
    x->refused += result == PURSUIT_REFUSED;
    x->dead += result == PURSUIT_DEAD;
    x->unknown[0] = '\0';
}

static void executed(struct job *job, const struct webhook_answer *answer)
{
    json_t *outcome = outcome_new();

    json_object_set(outcome, "details", answer->outcome);
    known(job, PURSUIT_EXECUTED, outcome);
}

static void not_executed(struct job *job, enum pursuit_result result,
                         const struct webhook_answer *answer)
{
    json_t *outcome = outcome_new();
    json_t *error = json_object();

    json_object_set_new(error, "code", json_string(answer->code));
    json_object_set_new(error, "message", json_string(answer->message));
    json_object_set_new(outcome, "error", error);
    known(job, result, outcome);
}

/* Whether the answer ends it. */
static bool conclude(struct job *job, const struct http_answer *http,
                     const struct webhook_answer *answer)
{
    bool good = http->status >= 200 && http->status < 300 && http->status != 202;
    bool final = good || (http->status >= 400 && http->status < 500);

    if (good && answer->status == WEBHOOK_EXECUTED)
        executed(job, answer);
    else if (final && answer->status == WEBHOOK_REFUSED)
        not_executed(job, PURSUIT_REFUSED, answer);
    else if (final && answer->status == WEBHOOK_NEVER)
        not_executed(job, PURSUIT_DEAD, answer);
    else
        return false;
    return true;
}

static void explain(struct job *job, const struct http_answer *http,
                    const struct webhook_answer *answer)
{
    bool answered = http->status >= 200 && http->status < 500;
    char message[512];

    if (http->status == 202 || (answered && answer->status == WEBHOOK_PENDING))
        snprintf(message, sizeof message, "the executor has it and is not finished");
    else if (answered && answer->status == WEBHOOK_UNKNOWN)
        snprintf(message, sizeof message, "the executor says that it never received this batch");
    else
        webhook_explain(http,
                        answer->message[0] != '\0' ? answer->message
                                                   : "the status in its body does not go with that",
                        message, sizeof message);
    unknown(job, message, http->retry_after_ms);
}

/* ---- requests ---- */

static int post(struct job *job, struct error *e)
{
    const struct submission *s = job->pursuit->submission;
    struct webhook_headers headers;

    job->posted = true;
    job->began_us = webhook_wall_us(job->x);
    job->x->posts++;
    webhook_headers(&headers, s->signature, s->digest, true);
    if (webhook_send(job->x, job->x->config.url, &headers, s->bytes, s->len, on_posted, job, e) < 0)
        return -1;
    webhook_stage(job->x, "webhook.sent");
    return 0;
}

static int look_up(struct job *job, struct error *e)
{
    const struct submission *s = job->pursuit->submission;
    struct webhook_headers headers;
    char *url = webhook_url_fill(job->x->config.lookup_url, s->digest);
    int failure;

    job->began_us = webhook_wall_us(job->x);
    job->x->lookups++;
    webhook_sign_now(job->x, &headers, s->digest, s->digest, strlen(s->digest), false);
    failure = webhook_send(job->x, url, &headers, NULL, 0, on_looked_up, job, e);
    free(url);
    return failure;
}

/* The next request, or the end. */
static void go_on(struct job *job, int (*request)(struct job *, struct error *))
{
    struct error e = ERROR_INIT;

    if (request(job, &e) == 0)
        return;
    unknown(job, e.message, 0);
    job_later(job);
}

static void on_posted(void *arg, const struct http_answer *http)
{
    struct job *job = arg;
    struct webhook_answer answer;
    bool concluded;

    job->pursuit->submit_us[0] = job->began_us;
    job->pursuit->submit_us[1] = webhook_wall_us(job->x);
    webhook_stage(job->x, "webhook.answered");
    if (http->status == 409) {
        go_on(job, look_up);
        return;
    }
    webhook_answer_read(http->body, http->len, job->pursuit->submission->digest, &answer);
    concluded = conclude(job, http, &answer);
    if (!concluded)
        explain(job, http, &answer);
    webhook_answer_release(&answer);
    job_finish(job);
}

static void on_looked_up(void *arg, const struct http_answer *http)
{
    struct job *job = arg;
    struct webhook_answer answer;
    bool concluded, missing;

    job->pursuit->confirm_us[0] = job->began_us;
    job->pursuit->confirm_us[1] = webhook_wall_us(job->x);
    webhook_stage(job->x, "webhook.looked_up");
    webhook_answer_read(http->body, http->len, job->pursuit->submission->digest, &answer);
    concluded = conclude(job, http, &answer);
    missing = answer.status == WEBHOOK_UNKNOWN && (http->status == 404 || http->status == 200);
    if (!concluded)
        explain(job, http, &answer);
    webhook_answer_release(&answer);
    if (!concluded && missing && !job->posted && webhook_is_live(job->x, job->pursuit->live))
        go_on(job, post);
    else
        job_finish(job);
}

/* ---- the beginning ---- */

/* What is on record must be what was meant to be sent, to where it would be sent now. */
static bool is_sound(const struct job *job, char *why, size_t size)
{
    const struct submission *s = job->pursuit->submission;
    char key[WEBHOOK_KEY_SIZE];

    if (strcmp(s->account, job->x->config.account) != 0) {
        snprintf(why, size,
                 "it was made for %s, but the vault's url is %s now: put the old one back until "
                 "what came of it is known",
                 s->account, job->x->config.account);
        return false;
    }
    if (s->bytes == NULL || strcmp(webhook_batch_key(s->bytes, s->len, key), s->digest) != 0 ||
        !webhook_signature_ok(s->signature)) {
        snprintf(why, size, "the record of it is damaged: its bytes are not those of its digest");
        return false;
    }
    return true;
}

void webhook_pursue(struct executor *base, struct pursuit *p)
{
    struct webhook *x = (struct webhook *)base;
    struct job *job = job_new(x);
    char why[512];

    outside_spends_keep(&x->spends);
    job->pursuit = p;
    if (!is_sound(job, why, sizeof why)) {
        unknown(job, why, 0);
        job_later(job);
    } else if (!p->fresh) {
        go_on(job, look_up);
    } else if (webhook_is_live(x, p->live)) {
        go_on(job, post);
    } else {
        unknown(job, "it is not sent: this daemon runs without --live", 0);
        job_later(job);
    }
}
