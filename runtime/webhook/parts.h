/*
 * parts (private to this folder): one webhook vault, and the jobs that it is at.
 *
 *   webhook.c    open, close, the tables of operations, what people see
 *   prepare.c    from actions to a signed submission
 *   pursue.c     one attempt to learn what came of a submission
 *   snapshot.c   what the vault holds: asked every so often
 *
 * A job is one prepare() or pursue() in progress. Its callback never comes inside of the call that
 * began it: what is decided at once waits for the loop's next turn (job_later()). Requests end with
 * the vault's own client, so a job that is freed is never called back.
 */
#ifndef ORRERY_WEBHOOK_PARTS_H
#define ORRERY_WEBHOOK_PARTS_H

#include <uv.h>

#include "executor/outside_plan.h"
#include "io/http.h"
#include "webhook/answer.h"
#include "webhook/batch.h"
#include "webhook/webhook.h"

#define SECRET_MIN 16
#define SECRET_MAX 256

struct job {
    struct job *next;
    struct webhook *x;
    bool ready; /* to be finished on the next turn */
    struct preparation *preparation;
    json_t *executed, *details; /* of a preparation */
    uint64_t spend;
    struct pursuit *pursuit; /* of the other kind */
    bool posted;             /* in this pursuit */
    int64_t began_us;        /* the request under way */
};

struct snapshot {
    uv_timer_t timer;
    bool busy, again; /* a request is under way; another one is to follow */
    json_t *values;   /* of the last good answer; NULL: none yet */
    struct outside_vault amounts;
    int64_t at_ms, at_ns; /* the desk's clock, the monotonic one */
    bool told_stale;
    uint64_t failures; /* since the last good one */
    char problem[512]; /* "" when the last one was good */
};

struct webhook {
    struct executor base; /* first */
    struct vault_config vault;
    struct webhook_config config;
    struct market_source markets;
    struct outside_env env;
    struct http_client *http;
    char *secret; /* locked memory */
    size_t secret_len;
    char *ca_file; /* or NULL */
    struct outside_spends spends;
    struct snapshot snapshot;
    uint64_t version;
    struct job *jobs;
    uv_timer_t later;
    int handles; /* open or closing */
    bool closed;
    uint64_t posts, lookups, executed, refused, dead;
    char unknown[512]; /* why the last pursuit ended so; "" when it did not */
};

/* webhook.c */
struct job *job_new(struct webhook *x);
void job_later(struct job *job);
void job_finish(struct job *job); /* frees it, then calls back; touch nothing afterwards */
bool webhook_is_live(const struct webhook *x, bool live);
void webhook_stage(const struct webhook *x, const char *name);
int64_t webhook_wall_us(const struct webhook *x);
/* A request with the signature. `body` NULL: a GET. */
int webhook_send(struct webhook *x, const char *url, const struct webhook_headers *headers,
                 const void *body, size_t len, http_done_fn *done, void *arg, struct error *e);
/* The headers of a request that is made now. */
void webhook_sign_now(struct webhook *x, struct webhook_headers *h, const char *key,
                      const void *content, size_t len, bool has_body);
/* One sentence about an HTTP answer that is no answer; `detail` is what its body lacks. */
void webhook_explain(const struct http_answer *answer, const char *detail, char *out, size_t size);

/* prepare.c, pursue.c */
void webhook_prepare(struct executor *base, struct preparation *p);
void webhook_pursue(struct executor *base, struct pursuit *p);

/* snapshot.c */
void snapshot_open(struct webhook *x);    /* after the client is there */
void snapshot_refresh(struct webhook *x); /* asks now */
void snapshot_close(struct webhook *x);
void snapshot_amounts(struct webhook *x, struct outside_vault *out); /* as known now */
json_t *webhook_snapshot_json(struct webhook *x);                    /* ctx.vault */
const char *snapshot_obstacle(struct webhook *x);
void snapshot_status(struct webhook *x, json_t *out);

#endif
