/*
 * support: a webhook vault beside a user's executor (tests/support/webhook_server.py), on a loop of
 * its own, and what core does with it: one preparation or pursuit at a time, waited for.
 *
 * JSON is written with ' for ".
 */
#ifndef ORRERY_TESTS_WEBHOOK_SUPPORT_H
#define ORRERY_TESTS_WEBHOOK_SUPPORT_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <jansson.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "io/http.h"
#include "model/action.h"
#include "model/problem.h"
#include "model/settings.h"
#include "model/value.h"
#include "support/scratch.h"
#include "webhook/webhook.h"

#define NOW  1641027600000
#define MINT "[{'kind':'mint_binary','market_id':'m','strike':1,'is_up':true,'quantity':5}]"

struct world {
    struct scratch scratch;
    uv_loop_t loop;
    struct http_client *http; /* of the test: to talk to the executor behind the vault's back */
    struct clock clock;
    struct outside_env env;
    struct vault_config vault;
    struct executor *x;
    struct action_list actions;
    struct preparation p;
    struct pursuit pursuit;
    bool done, changed;
    struct buf answer; /* of the last request of the test itself */
    int status;
    char said[512];
};

/* ---- JSON ---- */

static inline char *quoted(const char *text)
{
    char *copy = mem_strdup(text);

    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

static inline json_t *json_of(const char *text)
{
    char *copy = quoted(text);
    json_error_t why;
    json_t *value = json_loads(copy, JSON_DECODE_ANY, &why);

    if (value == NULL)
        fail_msg("test JSON: %s in %s", why.text, copy);
    free(copy);
    return value;
}

static inline void assert_json(const json_t *got, const char *expected)
{
    json_t *want = json_of(expected);
    char *a = value_text(got), *b = value_text(want);

    assert_string_equal(a, b);
    json_decref(want);
    free(a);
    free(b);
}

/* ---- the loop ---- */

/* A callback came; the loop does not wait for more. */
static inline void finished(struct world *w)
{
    w->done = true;
    uv_stop(&w->loop);
}

static inline void ran_late(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Runs the loop until the flag is set. */
static inline void run_until(struct world *w, const bool *flag)
{
    bool late = false;
    uv_timer_t limit;

    uv_timer_init(&w->loop, &limit);
    limit.data = &late;
    uv_timer_start(&limit, ran_late, 30000, 0);
    while (!*flag && !late)
        uv_run(&w->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&limit, NULL);
    uv_run(&w->loop, UV_RUN_NOWAIT);
    if (late)
        fail_msg("nothing came within 30 s");
}

/* ---- the executor on the other side ---- */

static inline void on_test_answer(void *arg, const struct http_answer *answer)
{
    struct world *w = arg;

    buf_clear(&w->answer);
    buf_add(&w->answer, answer->body, answer->len);
    w->status = answer->status;
    finished(w);
}

static inline const char *base_url(void)
{
    static char base[256];

    snprintf(base, sizeof base, "%s", getenv("ORRERY_WEBHOOK_URL"));
    *strstr(base, "/batches") = '\0';
    return base;
}

/* Asks until it answers: it may be on its way back from the dead. */
static inline void ask_server(struct world *w, const char *method, const char *path,
                              const char *body)
{
    char url[512];
    const char *headers[] = {"Content-Type: application/json", NULL};

    snprintf(url, sizeof url, "%s%s", base_url(), path);
    for (int i = 0; i < 200; i++) {
        struct http_request request = {.method = method,
                                       .url = url,
                                       .headers = body != NULL ? headers : NULL,
                                       .body = body,
                                       .len = body != NULL ? strlen(body) : 0,
                                       .timeout_ms = 10000,
                                       .max_bytes = 1 << 20};
        struct error e = ERROR_INIT;

        w->done = false;
        if (http_send(w->http, &request, on_test_answer, w, &e) < 0)
            fail_msg("%s: %s", url, e.message);
        run_until(w, &w->done);
        if (w->status != 0)
            break;
        uv_sleep(50);
    }
    assert_int_equal(w->status, 200);
}

static inline void control(struct world *w, const char *actions)
{
    char *text = quoted(actions);

    ask_server(w, "POST", "/control", text);
    free(text);
}

/* The executor's record of a batch; NULL when it has none. Release it. Defects fail the test. */
static inline json_t *ledger_entry(struct world *w, const char *key)
{
    json_t *ledger, *entry;
    struct error e = ERROR_INIT;

    ask_server(w, "GET", "/ledger", NULL);
    ledger = value_parse(buf_text(&w->answer), w->answer.len, SIZE_MAX, &e);
    assert_non_null(ledger);
    assert_json(json_object_get(ledger, "defects"), "[]");
    entry = json_incref(json_object_get(json_object_get(ledger, "batches"), key));
    json_decref(ledger);
    return entry;
}

static inline void assert_ledger(struct world *w, const char *key, int posts, int executions)
{
    json_t *entry = ledger_entry(w, key);

    assert_int_equal(json_integer_value(json_object_get(entry, "posts")), posts);
    assert_int_equal(json_integer_value(json_object_get(entry, "executions")), executions);
    json_decref(entry);
}

/* ---- the vault ---- */

static inline const struct market *no_market(void *arg, const char *feed)
{
    (void)arg;
    (void)feed;
    return NULL;
}

static inline void note_change(void *arg)
{
    ((struct world *)arg)->changed = true;
    uv_stop(&((struct world *)arg)->loop);
}

static inline void note_said(void *arg, enum log_level level, const char *vault,
                             const char *message)
{
    struct world *w = arg;

    snprintf(w->said, sizeof w->said, "%d %s %s", (int)level, vault, message);
}

static inline void default_vault(struct vault_config *vault)
{
    *vault = (struct vault_config){.executor = "webhook",
                                   .permissions = PERMISSION_ALL,
                                   .auto_fund = true,
                                   .caps = {.max_single_position_pct = 100,
                                            .max_exposure_pct = 100,
                                            .max_drawdown_pct = 100,
                                            .max_open_positions = 64,
                                            .spend_window_ms = 3600000}};
    snprintf(vault->id, sizeof vault->id, "hook");
}

/* A vault's own table, at "vaults.hook"; the problems go to `problems`. */
static inline int parse_table(const char *json, const struct vault_config *vault,
                              struct webhook_config *out, struct problems *problems)
{
    struct scope desk, vaults, scope;
    json_t *table = json_of(json);
    int result;

    scope_init(&desk, "orrery.lua", NULL, problems);
    vaults = scope_enter(&desk, "vaults");
    scope = scope_enter(&vaults, "hook");
    result = webhook_config_parse(&scope, table, vault, out);
    json_decref(table);
    return result;
}

static inline void write_secret(struct world *w, const char *text)
{
    const char *path = scratch_path(&w->scratch, "hook.secret");
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
}

static inline int try_open(struct world *w, const char *more, struct error *e)
{
    struct webhook_config config;
    struct problems problems = {.count = 0};
    struct market_source markets = {.find = no_market};
    struct vault_record record = {.spend_count = 0};
    struct buf json;
    int result;

    buf_init(&json, 8192);
    buf_addf(&json, "{'url':'%s/batches','secret':'file:hook.secret','timeout':1%s}", base_url(),
             more);
    if (parse_table(buf_text(&json), &w->vault, &config, &problems) < 0)
        fail_msg("config: %s", problems.items[0].message);
    buf_release(&json);
    problems_release(&problems);
    w->env.desk = w->scratch.dir;
    result = webhook_open(&w->x, &w->vault, &config, &record, &markets, &w->env, e);
    if (result < 0)
        webhook_config_release(&config);
    return result;
}

/* `more`: further keys, beginning with a comma. */
static inline void open_vault(struct world *w, const char *more)
{
    struct error e = ERROR_INIT;

    if (try_open(w, more, &e) < 0)
        fail_msg("open: %s", e.message);
}

static inline void close_vault(struct world *w)
{
    executor_close(w->x);
    w->x = NULL;
    for (int i = 0; i < 3; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
}

/* As a later process has it: nothing but the record. */
static inline void restart(struct world *w, const char *more)
{
    close_vault(w);
    open_vault(w, more);
    w->x->outside->adopt(w->x, &w->p.submission);
}

static inline int world_begin(void **state)
{
    struct world *w = mem_zero(1, sizeof *w);
    struct error e = ERROR_INIT;

    signal(SIGPIPE, SIG_IGN);
    scratch_make(&w->scratch);
    uv_loop_init(&w->loop);
    clock_init_real(&w->clock);
    buf_init(&w->answer, 1 << 20);
    default_vault(&w->vault);
    w->env = (struct outside_env){.loop = &w->loop,
                                  .clock = &w->clock,
                                  .live = true,
                                  .arg = w,
                                  .changed = note_change,
                                  .say = note_said};
    if (http_client_new(&w->http, &w->loop, &e) < 0)
        fail_msg("http: %s", e.message);
    if (getenv("ORRERY_WEBHOOK_SECRET") != NULL) {
        write_secret(w, getenv("ORRERY_WEBHOOK_SECRET"));
        control(w, "[{'do':'clear'}]");
    }
    *state = w;
    return 0;
}

static inline void forget_preparation(struct world *w)
{
    action_list_release(&w->actions);
    json_decref(w->p.executed);
    json_decref(w->p.result);
    submission_release(&w->p.submission);
    memset(&w->p, 0, sizeof w->p);
}

static inline int world_end(void **state)
{
    struct world *w = *state;

    if (w->x != NULL)
        close_vault(w);
    forget_preparation(w);
    json_decref(w->pursuit.outcome);
    http_client_free(w->http);
    for (int i = 0; i < 3; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    buf_release(&w->answer);
    scratch_remove(&w->scratch);
    free(w);
    return 0;
}

/* ---- what core does ---- */

static inline void prepared(struct preparation *p)
{
    finished(p->arg);
}

/* Begins; the run's id makes each batch another one. */
static inline void begin_preparing(struct world *w, const char *actions)
{
    static uint64_t run = 3442000000000000000;
    json_t *json = json_of(actions);
    struct error e = ERROR_INIT;

    forget_preparation(w);
    if (action_list_parse(json, &w->actions, &e) < 0)
        fail_msg("actions: %s", e.message);
    json_decref(json);
    w->p = (struct preparation){.actions = &w->actions,
                                .plugin = "momentum",
                                .run = run + (uint64_t)getpid() * 1000,
                                .now_ms = NOW,
                                .live = w->env.live,
                                .done = prepared,
                                .arg = w};
    run++;
    w->done = false;
    w->x->outside->prepare(w->x, &w->p);
    assert_false(w->done); /* never inside of the call */
}

static inline void prepare(struct world *w, const char *actions, enum preparation_status expected)
{
    begin_preparing(w, actions);
    run_until(w, &w->done);
    if (w->p.status != expected)
        fail_msg("status %d: %s %s", (int)w->p.status, w->p.code, w->p.message);
}

static inline void pursued(struct pursuit *p)
{
    finished(p->arg);
}

static inline void begin_pursuing(struct world *w, bool fresh)
{
    json_decref(w->pursuit.outcome);
    w->pursuit = (struct pursuit){.submission = &w->p.submission,
                                  .fresh = fresh,
                                  .live = w->env.live,
                                  .done = pursued,
                                  .arg = w};
    w->done = false;
    w->x->outside->pursue(w->x, &w->pursuit);
    assert_false(w->done);
}

static inline void pursue(struct world *w, bool fresh, enum pursuit_result expected)
{
    begin_pursuing(w, fresh);
    run_until(w, &w->done);
    if (w->pursuit.result != expected)
        fail_msg("result %d: %s", (int)w->pursuit.result, w->pursuit.message);
}

#define WEBHOOK_TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

#endif
