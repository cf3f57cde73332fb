#include "webhook/webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "keys/locked.h"
#include "webhook/parts.h"

/* ---- jobs ---- */

static void forget(struct job *job)
{
    struct job **link = &job->x->jobs;

    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    json_decref(job->executed);
    json_decref(job->details);
    free(job);
}

struct job *job_new(struct webhook *x)
{
    struct job *job = mem_zero(1, sizeof *job);

    job->x = x;
    job->next = x->jobs;
    x->jobs = job;
    return job;
}

void job_finish(struct job *job)
{
    struct preparation *preparation = job->preparation;
    struct pursuit *pursuit = job->pursuit;

    forget(job);
    if (preparation != NULL)
        preparation->done(preparation);
    else
        pursuit->done(pursuit);
}

static struct job *next_ready(const struct webhook *x)
{
    struct job *job = x->jobs;

    while (job != NULL && !job->ready)
        job = job->next;
    return job;
}

/* One per turn: a callback may close the vault. */
static void finish_one(uv_timer_t *timer)
{
    struct webhook *x = timer->data;
    struct job *job = next_ready(x);

    if (job == NULL)
        return;
    job->ready = false;
    if (next_ready(x) != NULL)
        uv_timer_start(timer, finish_one, 0, 0);
    job_finish(job);
}

void job_later(struct job *job)
{
    job->ready = true;
    uv_timer_start(&job->x->later, finish_one, 0, 0);
}

/* ---- what the parts share ---- */

bool webhook_is_live(const struct webhook *x, bool live)
{
    return live && x->env.live && !x->env.dry_run;
}

void webhook_stage(const struct webhook *x, const char *name)
{
    if (x->env.stage != NULL)
        x->env.stage(x->env.arg, name);
}

int64_t webhook_wall_us(const struct webhook *x)
{
    return clock_wall_us(x->env.clock);
}

int webhook_send(struct webhook *x, const char *url, const struct webhook_headers *headers,
                 const void *body, size_t len, http_done_fn *done, void *arg, struct error *e)
{
    struct http_request request = {.method = body != NULL ? "POST" : "GET",
                                   .url = url,
                                   .headers = headers->list,
                                   .body = body,
                                   .len = len,
                                   .timeout_ms = x->config.timeout_ms,
                                   .max_bytes = WEBHOOK_ANSWER_BYTES,
                                   .ca_file = x->ca_file};

    return http_send(x->http, &request, done, arg, e);
}

void webhook_sign_now(struct webhook *x, struct webhook_headers *h, const char *key,
                      const void *content, size_t len, bool has_body)
{
    char signature[WEBHOOK_SIGNATURE_SIZE];

    webhook_sign(x->secret, x->secret_len, webhook_wall_us(x) / 1000, content, len, signature);
    locked_scrub_stack();
    webhook_headers(h, signature, key, has_body);
}

void webhook_explain(const struct http_answer *answer, const char *detail, char *out, size_t size)
{
    int status = answer->status;

    if (answer->error != NULL)
        snprintf(out, size, "%s", answer->error);
    else if (status >= 300 && status < 400)
        snprintf(out, size,
                 "the executor answered %d: redirects are not followed, configure the address that "
                 "it leads to",
                 status);
    else if (status == 401 || status == 403)
        snprintf(out, size,
                 "the executor answered %d: it does not take the signature; compare the secrets of "
                 "both sides",
                 status);
    else if (status == 429 || status == 503)
        snprintf(out, size, "the executor answered %d: not now", status);
    else if (status >= 400 && status < 500)
        snprintf(out, size,
                 "the executor answered %d, but %s; what is final must say so with \"status\": "
                 "\"refused\" and the key",
                 status, detail);
    else
        snprintf(out, size, "the executor answered %d: %s", status, detail);
}

/* ---- operations ---- */

static int refuse_execute(struct executor *base, const struct action_list *actions, uint64_t run,
                          int64_t now_ms, bool dry_run, struct execution *out, struct error *e)
{
    (void)base;
    (void)actions;
    (void)run;
    (void)now_ms;
    (void)dry_run;
    (void)out;
    return error_set(e, ERROR_INTERNAL, "a webhook's batches are prepared and pursued");
}

static int settle_nothing(struct executor *base, int64_t now_ms, struct ledger_change *change,
                          json_t **closures, struct error *e)
{
    (void)base;
    (void)now_ms;
    (void)change;
    (void)closures;
    (void)e;
    return 0;
}

static int64_t never(struct executor *base)
{
    (void)base;
    return INT64_MAX;
}

static json_t *take_snapshot(struct executor *base, int64_t now_ms)
{
    (void)now_ms;
    return webhook_snapshot_json((struct webhook *)base);
}

static uint64_t get_version(struct executor *base)
{
    return ((struct webhook *)base)->version;
}

static void settled(struct executor *base, const struct submission *s)
{
    struct webhook *x = (struct webhook *)base;

    (void)s;
    outside_spends_keep(&x->spends);
    snapshot_refresh(x);
}

static void abandon(struct executor *base, const struct submission *s)
{
    struct webhook *x = (struct webhook *)base;

    (void)s;
    outside_spends_drop(&x->spends);
}

/* Its spend is on record, and it holds nothing else. */
static void adopt(struct executor *base, const struct submission *s)
{
    (void)base;
    (void)s;
}

static const char *get_account(struct executor *base)
{
    return ((struct webhook *)base)->config.account;
}

static const char *obstacle(struct executor *base)
{
    return snapshot_obstacle((struct webhook *)base);
}

static json_t *status(struct executor *base)
{
    struct webhook *x = (struct webhook *)base;
    json_t *out = json_object();

    json_object_set_new(out, "url", json_string(x->config.account));
    json_object_set_new(out, "live", json_boolean(webhook_is_live(x, true)));
    json_object_set_new(out, "posts", json_integer((json_int_t)x->posts));
    json_object_set_new(out, "lookups", json_integer((json_int_t)x->lookups));
    json_object_set_new(out, "executed", json_integer((json_int_t)x->executed));
    json_object_set_new(out, "refused", json_integer((json_int_t)x->refused));
    json_object_set_new(out, "dead", json_integer((json_int_t)x->dead));
    if (x->unknown[0] != '\0')
        json_object_set_new(out, "unknown", json_string(x->unknown));
    snapshot_status(x, out);
    return out;
}

/* ---- the end ---- */

static void release(struct webhook *x)
{
    webhook_config_release(&x->config);
    json_decref(x->snapshot.values);
    outside_spends_release(&x->spends);
    free(x->ca_file);
    free(x);
}

static void handle_closed(uv_handle_t *handle)
{
    struct webhook *x = handle->data;

    if (--x->handles == 0)
        release(x);
}

static void close_webhook(struct executor *base)
{
    struct webhook *x = (struct webhook *)base;

    http_client_free(x->http);
    x->http = NULL;
    while (x->jobs != NULL)
        forget(x->jobs);
    locked_free(x->secret);
    x->secret = NULL;
    snapshot_close(x);
    uv_close((uv_handle_t *)&x->later, handle_closed);
    uv_close((uv_handle_t *)&x->snapshot.timer, handle_closed);
}

static const struct executor_ops webhook_ops = {
    .name = "webhook",
    .execute = refuse_execute,
    .settle = settle_nothing,
    .next_expiry = never,
    .snapshot = take_snapshot,
    .version = get_version,
    .close = close_webhook,
};

static const struct outside_ops webhook_outside = {
    .prepare = webhook_prepare,
    .pursue = webhook_pursue,
    .settled = settled,
    .abandon = abandon,
    .adopt = adopt,
    .account = get_account,
    .obstacle = obstacle,
    .status = status,
};

/* ---- the beginning ---- */

/* White space around it is the editor's. */
static int check_secret(struct webhook *x, const char *text, size_t len, struct error *e)
{
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= 0x20 || (unsigned char)text[i] >= 0x7f)
            return error_set(e, ERROR_CONFIG,
                             "expected a secret of visible ASCII characters in one line");
    if (len < SECRET_MIN || len > SECRET_MAX)
        return error_set(e, ERROR_CONFIG, "expected a secret of %d to %d characters, got %zu",
                         SECRET_MIN, SECRET_MAX, len);
    x->secret_len = len;
    return 0;
}

static int load_secret(struct webhook *x, struct error *e)
{
    size_t size = SECRET_MAX + 64, len;

    x->secret = locked_new(size, e);
    if (x->secret == NULL)
        return -1;
    if (key_source_read(&x->config.secret, x->env.desk, x->secret, size, &len, e) < 0)
        return -1;
    if (check_secret(x, x->secret, len, e) < 0) {
        error_locate(e, x->config.secret.label, 0);
        return -1;
    }
    return 0;
}

static void place_ca_file(struct webhook *x)
{
    struct buf path;

    if (x->config.ca_file == NULL)
        return;
    buf_init(&path, 8192);
    if (x->config.ca_file[0] != '/')
        buf_addf(&path, "%s/", x->env.desk);
    buf_add_str(&path, x->config.ca_file);
    x->ca_file = buf_steal(&path);
}

static void start_handles(struct webhook *x)
{
    uv_timer_init(x->env.loop, &x->later);
    uv_timer_init(x->env.loop, &x->snapshot.timer);
    x->later.data = x->snapshot.timer.data = x;
    x->handles = 2;
}

int webhook_open(struct executor **out, const struct vault_config *vault,
                 struct webhook_config *config, const struct vault_record *record,
                 const struct market_source *markets, const struct outside_env *env,
                 struct error *e)
{
    struct webhook *x = mem_zero(1, sizeof *x);

    x->base = (struct executor){.ops = &webhook_ops, .outside = &webhook_outside};
    x->vault = *vault;
    x->vault.table = NULL; /* the desk's; it may be gone before this */
    x->config = *config;
    x->markets = *markets;
    x->env = *env;
    x->version = 1;
    if (load_secret(x, e) < 0 || http_client_new(&x->http, env->loop, e) < 0) {
        error_prefix(e, "vault %s: ", vault->id);
        locked_free(x->secret);
        free(x);
        return -1;
    }
    memset(config, 0, sizeof *config);
    outside_spends_init(&x->spends, vault, record);
    place_ca_file(x);
    start_handles(x);
    snapshot_open(x);
    *out = &x->base;
    return 0;
}
