/*
 * snapshot: what the vault holds, asked of the snapshot's url every so often and after each batch,
 * one request at a time. An answer is taken as a whole or not at all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/value.h"
#include "webhook/parts.h"

#define STALE_AFTER 3 /* times `every` */

/* ---- reading ---- */

/* The place of a name in the amounts, or NULL when it is only for ctx.vault. */
static struct outside_amount *amount_of(struct outside_vault *amounts, const char *name)
{
    if (strcmp(name, "quote_balance") == 0)
        return &amounts->quote_balance;
    if (strcmp(name, "pm_balance") == 0)
        return &amounts->pm_balance;
    if (strcmp(name, "nav") == 0)
        return &amounts->nav;
    return strcmp(name, "open_positions") == 0 ? &amounts->open_positions : NULL;
}

static int read_amount(const struct webhook_value *value, const json_t *found,
                       struct outside_amount *out, struct error *e)
{
    char what[96];

    out->known = true;
    if (strcmp(value->name, "open_positions") == 0 && json_is_array(found)) {
        out->value = json_array_size(found);
        return 0;
    }
    if (value_to_u64(found, &out->value) < 0)
        return error_set(e, ERROR_INVALID, "%s: expected an amount at \"%s\", got %s", value->name,
                         value->pointer, value_describe(found, what, sizeof what));
    return 0;
}

static int read_value(const struct webhook_value *value, const json_t *document, json_t *values,
                      struct outside_vault *amounts, struct error *e)
{
    json_t *found = value_at(document, value->pointer);
    struct outside_amount *amount = amount_of(amounts, value->name);

    if (found == NULL)
        return error_set(e, ERROR_INVALID, "%s: the answer has nothing at \"%s\"", value->name,
                         value->pointer);
    if (amount == NULL) {
        json_object_set(values, value->name, found);
        return 0;
    }
    if (read_amount(value, found, amount, e) < 0)
        return -1;
    json_object_set_new(values, value->name, value_from_u64(amount->value));
    return 0;
}

static int check_size(const json_t *values, struct error *e)
{
    struct buf text;
    int failed;

    buf_init(&text, LIMIT_VALUE_BYTES);
    failed = value_write(&text, values);
    buf_release(&text);
    if (failed != 0)
        return error_set(e, ERROR_LIMIT, "the values are longer than %d bytes as JSON",
                         LIMIT_VALUE_BYTES);
    return 0;
}

static int read_document(const struct webhook_config *config, const json_t *document, json_t **out,
                         struct outside_vault *amounts, struct error *e)
{
    json_t *values = json_object();

    for (size_t i = 0; i < config->value_count; i++) {
        if (read_value(&config->values[i], document, values, amounts, e) < 0) {
            json_decref(values);
            return -1;
        }
        amounts->counts_positions |= strcmp(config->values[i].name, "open_positions") == 0;
    }
    if (check_size(values, e) < 0) {
        json_decref(values);
        return -1;
    }
    *out = values;
    return 0;
}

static int read_answer(const struct webhook_config *config, const struct http_answer *http,
                       json_t **out, struct outside_vault *amounts, struct error *e)
{
    char why[400];
    json_t *document;
    int failed;

    if (http->status < 200 || http->status > 299) {
        webhook_explain(http, "it has no snapshot", why, sizeof why);
        return error_set(e, ERROR_NETWORK, "%s", why);
    }
    document = value_parse(http->body, http->len, WEBHOOK_ANSWER_BYTES, e);
    if (document == NULL) {
        error_prefix(e, "the answer is not JSON: ");
        return -1;
    }
    failed = read_document(config, document, out, amounts, e);
    json_decref(document);
    return failed;
}

/* ---- asking ---- */

static void changed(struct webhook *x)
{
    x->version++;
    if (x->env.changed != NULL)
        x->env.changed(x->env.arg);
}

static bool is_stale(const struct webhook *x)
{
    int64_t age_ns = clock_mono_ns(x->env.clock) - x->snapshot.at_ns;

    return x->snapshot.values == NULL || age_ns / 1000000 > STALE_AFTER * x->config.snapshot_ms;
}

static void say(struct webhook *x, enum log_level level, const char *message)
{
    if (x->env.say != NULL)
        x->env.say(x->env.arg, level, x->vault.id, message);
}

static void note_failure(struct webhook *x, const struct error *e)
{
    struct snapshot *s = &x->snapshot;

    snprintf(s->problem, sizeof s->problem, "snapshot: %.480s", e->message);
    if (s->failures++ == 0)
        say(x, LOG_WARN, s->problem);
    if (s->values != NULL && !s->told_stale && is_stale(x)) {
        s->told_stale = true;
        changed(x);
    }
}

static void take(struct webhook *x, json_t *values, const struct outside_vault *amounts)
{
    struct snapshot *s = &x->snapshot;
    bool same = s->values != NULL && !s->told_stale && json_equal(s->values, values);

    json_decref(s->values);
    s->values = values;
    s->amounts = *amounts;
    s->at_ms = clock_now_ms(x->env.clock);
    s->at_ns = clock_mono_ns(x->env.clock);
    if (s->failures > 0)
        say(x, LOG_INFO, "snapshot: answered again");
    s->failures = 0;
    s->told_stale = false;
    s->problem[0] = '\0';
    if (!same)
        changed(x);
}

static void on_answer(void *arg, const struct http_answer *http)
{
    struct webhook *x = arg;
    struct outside_vault amounts = {.counts_positions = false};
    struct error e = ERROR_INIT;
    json_t *values = NULL;

    x->snapshot.busy = false;
    if (x->snapshot.again)
        snapshot_refresh(x);
    if (read_answer(&x->config, http, &values, &amounts, &e) < 0)
        note_failure(x, &e);
    else
        take(x, values, &amounts);
}

static void ask(uv_timer_t *timer)
{
    struct webhook *x = timer->data;
    struct webhook_headers headers;
    struct error e = ERROR_INIT;

    if (x->snapshot.busy)
        return;
    webhook_sign_now(x, &headers, NULL, "", 0, false);
    if (webhook_send(x, x->config.snapshot_url, &headers, NULL, 0, on_answer, x, &e) < 0)
        note_failure(x, &e);
    else
        x->snapshot.busy = true;
}

void snapshot_open(struct webhook *x)
{
    struct snapshot *s = &x->snapshot;

    if (x->config.snapshot_url == NULL)
        return;
    snprintf(s->problem, sizeof s->problem, "snapshot: not answered yet");
    snapshot_refresh(x);
}

void snapshot_refresh(struct webhook *x)
{
    if (x->config.snapshot_url == NULL)
        return;
    x->snapshot.again = x->snapshot.busy;
    if (!x->snapshot.busy)
        uv_timer_start(&x->snapshot.timer, ask, 0, (uint64_t)x->config.snapshot_ms);
}

void snapshot_close(struct webhook *x)
{
    uv_timer_stop(&x->snapshot.timer);
}

/* ---- what is known ---- */

void snapshot_amounts(struct webhook *x, struct outside_vault *out)
{
    bool counts = x->snapshot.amounts.counts_positions;

    *out = x->snapshot.amounts;
    if (is_stale(x))
        *out = (struct outside_vault){.counts_positions = counts};
}

json_t *webhook_snapshot_json(struct webhook *x)
{
    json_t *out = json_object();

    if (x->snapshot.values != NULL) {
        json_object_update(out, x->snapshot.values);
        json_object_set_new(out, "at", json_integer(x->snapshot.at_ms));
        json_object_set_new(out, "stale", json_boolean(is_stale(x)));
    }
    json_object_set_new(out, "id", json_string(x->vault.id));
    json_object_set_new(out, "is_frozen", json_boolean(x->vault.is_frozen));
    json_object_set_new(out, "permissions", json_integer(x->vault.permissions));
    return out;
}

const char *snapshot_obstacle(struct webhook *x)
{
    if (x->config.snapshot_url == NULL || x->snapshot.values != NULL)
        return NULL;
    return x->snapshot.problem;
}

void snapshot_status(struct webhook *x, json_t *out)
{
    json_t *json;

    if (x->config.snapshot_url == NULL)
        return;
    json = json_object();
    if (x->snapshot.values != NULL)
        json_object_set_new(json, "at", json_integer(x->snapshot.at_ms));
    json_object_set_new(json, "stale", json_boolean(is_stale(x)));
    if (x->snapshot.problem[0] != '\0')
        json_object_set_new(json, "problem", json_string(x->snapshot.problem));
    json_object_set_new(out, "snapshot", json);
}
