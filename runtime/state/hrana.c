#include "state/hrana.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/http_call.h"
#include "model/store_url.h"

#define DEPTH_FLAGS JSON_ALLOW_NUL

/* ---- building ---- */

void hrana_batch_begin(struct hrana_batch *batch)
{
    batch->steps = json_array();
}

void hrana_batch_release(struct hrana_batch *batch)
{
    json_decref(batch->steps);
    batch->steps = NULL;
}

static json_t *value_json(const struct hrana_value *v)
{
    char digits[24];

    if (v->integer != NULL) {
        snprintf(digits, sizeof digits, "%" PRId64, *v->integer);
        return json_pack("{s:s, s:s}", "type", "integer", "value", digits);
    }
    if (v->text != NULL)
        return json_pack("{s:s, s:s%}", "type", "text", "value", v->text, v->len);
    return json_pack("{s:s}", "type", "null");
}

static json_t *condition(int after, bool unless)
{
    json_t *ok = json_pack("{s:s, s:i}", "type", "ok", "step", after);

    return unless ? json_pack("{s:s, s:o}", "type", "not", "cond", ok) : ok;
}

int hrana_step(struct hrana_batch *batch, int after, bool unless, const char *sql, size_t params,
               const struct hrana_value *values)
{
    json_t *step = json_object(), *stmt = json_pack("{s:s}", "sql", sql), *args = json_array();

    for (size_t i = 0; i < params; i++)
        json_array_append_new(args, value_json(&values[i]));
    json_object_set_new(stmt, "args", args);
    json_object_set_new(stmt, "want_rows", json_true());
    json_object_set_new(step, "stmt", stmt);
    if (after >= 0)
        json_object_set_new(step, "condition", condition(after, unless));
    json_array_append_new(batch->steps, step);
    return (int)json_array_size(batch->steps) - 1;
}

/* ---- the connection ---- */

static char *base_of(const struct store_url *url)
{
    bool v6 = strchr(url->host, ':') != NULL;
    char text[700];

    snprintf(text, sizeof text, "%s://%s%.500s%s", url->tls ? "https" : "http", v6 ? "[" : "",
             url->host, v6 ? "]" : "");
    if (url->port != 0)
        snprintf(text + strlen(text), sizeof text - strlen(text), ":%u", url->port);
    return mem_strdup(text);
}

int hrana_open(struct hrana *h, const struct store_url *url, const char *secret, struct error *e)
{
    const char *verify = store_url_option(url, "tls_verify");
    struct http_call_options options = {
        .bearer = secret,
        .tls_ca = store_url_option(url, "tls_ca"),
        .tls_unverified = verify != NULL && strcmp(verify, "off") == 0,
        .connect_timeout_ms = url->connect_timeout_ms,
        .timeout_ms = url->timeout_ms,
        .max_bytes = HRANA_ANSWER_BYTES,
    };

    if (secret != NULL && !text_is_printable(secret, strlen(secret)))
        return error_set(e, ERROR_CONFIG, "the auth token holds characters that no token has");
    if (http_call_open(&h->http, &options, e) < 0)
        return -1;
    h->base = base_of(url);
    h->host = mem_strdup(url->host);
    h->tls = url->tls;
    h->version = NULL;
    h->baton = h->stream_base = NULL;
    buf_init(&h->answer, HRANA_ANSWER_BYTES);
    return 0;
}

static void end_stream(struct hrana *h)
{
    free(h->baton);
    free(h->stream_base);
    h->baton = h->stream_base = NULL;
}

void hrana_drop(struct hrana *h)
{
    http_call_drop(h->http);
    h->version = NULL;
    end_stream(h);
}

void hrana_close(struct hrana *h)
{
    end_stream(h);
    http_call_close(h->http);
    free(h->base);
    free(h->host);
    buf_release(&h->answer);
}

/* What the HTTP client or the server's status says, as a store's error. */
static int call_error(struct hrana *h, const struct error *why, struct error *e)
{
    enum error_code code = why->code == ERROR_CONFIG  ? ERROR_STORE_DENIED
                           : why->code == ERROR_LIMIT ? ERROR_STORE
                                                      : ERROR_STORE_DOWN;

    hrana_drop(h);
    if (why->code == ERROR_UNSUPPORTED || why->code == ERROR_INTERNAL)
        code = why->code;
    error_set(e, code, "libSQL at %s: %s", h->base, why->message);
    if (why->hint[0] != '\0')
        error_hint(e, "%s", why->hint);
    return -1;
}

static int status_error(struct hrana *h, int status, struct error *e)
{
    static const struct {
        int status;
        enum error_code code;
        const char *what, *hint;
    } known[] = {
        {400, ERROR_STORE, "does not understand the request", NULL},
        {401, ERROR_STORE_DENIED, "refuses the token", "check auth_token_env or auth_token_file"},
        {403, ERROR_STORE_DENIED, "denies access", "the token lacks a permission"},
        {404, ERROR_STORE_MISSING, "has no such database", "check host and port"},
        {413, ERROR_LIMIT, "takes no request of that size", NULL},
        {429, ERROR_STORE_DOWN, "asks for fewer requests", NULL},
    };
    const char *text = buf_text(&h->answer);

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].status != status)
            continue;
        error_set(e, known[i].code, "libSQL at %s %s (HTTP %d): %.200s", h->base, known[i].what,
                  status, text);
        if (known[i].hint != NULL)
            error_hint(e, "%s", known[i].hint);
        return -1;
    }
    return error_set(e, status >= 500 ? ERROR_STORE_DOWN : ERROR_STORE,
                     "libSQL at %s answers with HTTP %d: %.200s", h->base, status, text);
}

/* ---- versions ---- */

static int find_version(struct hrana *h, struct error *e)
{
    struct error why = ERROR_INIT;
    char url[800];
    int status;

    if (h->version != NULL)
        return 0;
    snprintf(url, sizeof url, "%s/v3", h->base);
    if (http_call(h->http, url, NULL, 0, &status, &h->answer, &why) < 0)
        return call_error(h, &why, e);
    if (status >= 500 || status == 401 || status == 403)
        return status_error(h, status, e);
    h->version = status == 200 ? "v3" : "v2";
    return 0;
}

/* ---- answers ---- */

static int odd(struct error *e, const char *what)
{
    return error_set(e, ERROR_STORE, "the libSQL server's answer is not Hrana: %s", what);
}

/* Every row of every executed step is an array as long as its columns, of {type, value}. */
static bool rows_ok(const json_t *step)
{
    const json_t *rows = json_object_get(step, "rows"), *row, *value;
    size_t width = json_array_size(json_object_get(step, "cols")), i, j;

    if (!json_is_array(rows) || !json_is_array(json_object_get(step, "cols")))
        return false;
    json_array_foreach(rows, i, row)
    {
        if (!json_is_array(row) || json_array_size(row) != width)
            return false;
        json_array_foreach(row, j,
                           value) if (!json_is_string(json_object_get(value, "type"))) return false;
    }
    return true;
}

static int check_steps(const struct hrana_result *r, size_t steps, struct error *e)
{
    const json_t *step, *error;
    size_t i;

    if (!json_is_array(r->steps) || !json_is_array(r->errors) ||
        json_array_size(r->steps) != steps || json_array_size(r->errors) != steps)
        return odd(e, "not one result and one error per step");
    json_array_foreach(r->steps, i, step) if (!json_is_null(step) && !rows_ok(step)) return odd(
        e, "a step's rows are malformed");
    json_array_foreach(r->errors, i,
                       error) if (!json_is_null(error) &&
                                  !json_is_object(error)) return odd(e,
                                                                     "a step's error is malformed");
    return 0;
}

static int stream_error(const json_t *error, struct error *e)
{
    const char *message = json_string_value(json_object_get(error, "message"));
    const char *code = json_string_value(json_object_get(error, "code"));

    return error_set(
        e, code != NULL && strcasecmp(code, "BLOCKED") == 0 ? ERROR_STORE_FULL : ERROR_STORE_DOWN,
        "libSQL: %.300s (%.60s)", message ? message : "no message", code ? code : "no code");
}

static int read_results(struct hrana_result *r, size_t steps, struct error *e)
{
    const json_t *results = json_object_get(r->root, "results");
    const json_t *first = json_array_get(results, 0);
    const char *type = json_string_value(json_object_get(first, "type"));
    const json_t *response = json_object_get(first, "response");

    if (type == NULL)
        return odd(e, "no results");
    if (strcmp(type, "error") == 0)
        return stream_error(json_object_get(first, "error"), e);
    response = json_object_get(response, "result");
    r->steps = json_object_get(response, "step_results");
    r->errors = json_object_get(response, "step_errors");
    return check_steps(r, steps, e);
}

int hrana_parse(const char *text, size_t len, size_t steps, struct hrana_result *result,
                const char **baton, const char **base_url, struct error *e)
{
    struct hrana_result r = {.root = json_loadb(text, len, DEPTH_FLAGS, NULL)};

    if (!json_is_object(r.root)) {
        json_decref(r.root);
        return odd(e, "no JSON object");
    }
    if (read_results(&r, steps, e) < 0) {
        json_decref(r.root);
        return -1;
    }
    *baton = json_string_value(json_object_get(r.root, "baton"));
    *base_url = json_string_value(json_object_get(r.root, "base_url"));
    *result = r;
    return 0;
}

void hrana_result_release(struct hrana_result *result)
{
    json_decref(result->root);
    *result = (struct hrana_result){0};
}

/* ---- streams ---- */

/* Whether the stream may go on there: on the configured host or below it, not less protected. */
static bool base_allowed(const struct hrana *h, const char *base_url)
{
    const char *scheme = h->tls ? "https://" : "http://", *host;
    size_t host_len, own = strlen(h->host);

    if (strncmp(base_url, scheme, strlen(scheme)) != 0)
        return false;
    host = base_url + strlen(scheme);
    host_len = strcspn(host, ":/?#");
    if (memchr(host, '@', strcspn(host, "/?#")) != NULL || host_len < own)
        return false;
    if (strncasecmp(host + host_len - own, h->host, own) != 0)
        return false;
    return host_len == own || host[host_len - own - 1] == '.';
}

static int keep_stream(struct hrana *h, const char *baton, const char *base_url, struct error *e)
{
    size_t len;

    if (baton == NULL) {
        end_stream(h);
        return error_set(e, ERROR_STORE_DOWN, "libSQL at %s closed the stream of a transaction",
                         h->base);
    }
    if (base_url != NULL && !base_allowed(h, base_url)) {
        end_stream(h);
        return error_set(e, ERROR_STORE,
                         "libSQL at %s sends the transaction on to '%.120s', which is neither that "
                         "host nor below it: refused",
                         h->base, base_url);
    }
    free(h->baton);
    h->baton = mem_strdup(baton);
    if (base_url != NULL) {
        free(h->stream_base);
        len = strlen(base_url);
        while (len > 0 && base_url[len - 1] == '/')
            len--;
        h->stream_base = mem_strndup(base_url, len);
    }
    return 0;
}

static char *request_text(const struct hrana *h, const struct hrana_batch *batch, bool last)
{
    json_t *requests = json_array(), *root;
    char *text;

    json_array_append_new(
        requests, json_pack("{s:s, s:{s:O}}", "type", "batch", "batch", "steps", batch->steps));
    if (last)
        json_array_append_new(requests, json_pack("{s:s}", "type", "close"));
    root = json_pack("{s:o}", "requests", requests);
    json_object_set_new(root, "baton", h->baton ? json_string(h->baton) : json_null());
    text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

static int exchange(struct hrana *h, const char *body, struct error *e)
{
    struct error why = ERROR_INIT;
    char url[1024];
    int status;

    snprintf(url, sizeof url, "%.900s/%s/pipeline", h->stream_base ? h->stream_base : h->base,
             h->version);
    if (http_call(h->http, url, body, strlen(body), &status, &h->answer, &why) < 0)
        return call_error(h, &why, e);
    return status == 200 ? 0 : status_error(h, status, e);
}

int hrana_run(struct hrana *h, const struct hrana_batch *batch, bool last,
              struct hrana_result *result, struct error *e)
{
    const char *baton, *base_url;
    char *body;
    int rc;

    if (find_version(h, e) < 0)
        return -1;
    body = request_text(h, batch, last);
    rc = exchange(h, body, e);
    free(body);
    if (rc < 0 || hrana_parse(buf_text(&h->answer), h->answer.len, json_array_size(batch->steps),
                              result, &baton, &base_url, e) < 0) {
        end_stream(h);
        return -1;
    }
    if (last) {
        end_stream(h);
        return 0;
    }
    if (keep_stream(h, baton, base_url, e) < 0) {
        hrana_result_release(result);
        return -1;
    }
    return 0;
}

/* ---- results ---- */

int hrana_failed(const struct hrana_result *r, const char **code, const char **message)
{
    const json_t *error;
    size_t i;

    json_array_foreach(r->errors, i, error)
    {
        if (json_is_null(error))
            continue;
        *code = json_string_value(json_object_get(error, "code"));
        *message = json_string_value(json_object_get(error, "message"));
        *code = *code ? *code : "";
        *message = *message ? *message : "no message";
        return (int)i;
    }
    return -1;
}

int hrana_error(const struct hrana *h, const char *code, const char *message, struct error *e)
{
    static const struct {
        const char *code, *text; /* a text that is part of the message; either may be NULL */
        enum error_code error;
        const char *hint;
    } known[] = {
        {NULL, "disk is full", ERROR_STORE_FULL, "free some space; ticks wait until then"},
        {"SQLITE_FULL", NULL, ERROR_STORE_FULL, "free some space; ticks wait until then"},
        {"BLOCKED", NULL, ERROR_STORE_FULL, "the database's quota is used up"},
        {NULL, "blocked", ERROR_STORE_FULL, "the database's quota is used up"},
        {"SQLITE_READONLY", NULL, ERROR_STORE_READONLY, "use the primary"},
        {NULL, "readonly database", ERROR_STORE_READONLY, "use the primary"},
        {NULL, "write to replica", ERROR_STORE_READONLY, "use the primary"},
        {"SQLITE_BUSY", NULL, ERROR_STORE_LOCKED, NULL},
        {NULL, "database is locked", ERROR_STORE_LOCKED, NULL},
        {"SQLITE_CORRUPT", NULL, ERROR_STORE_CORRUPT, NULL},
        {NULL, "no such table", ERROR_STORE_SCHEMA, "run: orrery db init"},
        {NULL, "no such column", ERROR_STORE_SCHEMA, "run: orrery db status"},
        {"SQLITE_AUTH", NULL, ERROR_STORE_DENIED, "the token lacks a permission"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if ((known[i].code == NULL || strncmp(code, known[i].code, strlen(known[i].code)) != 0) &&
            (known[i].text == NULL || strstr(message, known[i].text) == NULL))
            continue;
        error_set(e, known[i].error, "libSQL at %s: %.300s (%.60s)", h->base, message, code);
        if (known[i].hint != NULL)
            error_hint(e, "%s", known[i].hint);
        return -1;
    }
    return error_set(e, ERROR_STORE, "libSQL at %s: %.300s (%.60s)", h->base, message, code);
}

size_t hrana_rows(const struct hrana_result *r, int step)
{
    return json_array_size(json_object_get(json_array_get(r->steps, (size_t)step), "rows"));
}

static const json_t *cell(const struct hrana_result *r, int step, size_t row, size_t column)
{
    const json_t *rows = json_object_get(json_array_get(r->steps, (size_t)step), "rows");

    return json_array_get(json_array_get(rows, row), column);
}

const char *hrana_text(const struct hrana_result *r, int step, size_t row, size_t column,
                       size_t *len)
{
    const json_t *value = json_object_get(cell(r, step, row, column), "value");

    *len = json_string_length(value);
    return json_string_value(value);
}

int64_t hrana_integer(const struct hrana_result *r, int step, size_t row, size_t column,
                      int64_t if_null)
{
    const char *text = json_string_value(json_object_get(cell(r, step, row, column), "value"));
    int64_t value;

    return text != NULL && text_to_i64(text, &value) == 0 ? value : if_null;
}
