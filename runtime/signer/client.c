#include "signer/client.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "signer/client_parts.h"

#define OUT_MOST    ((size_t)64 * 1024 * 1024) /* START and all requests that may wait */
#define CREDENTIALS "CREDENTIALS_DIRECTORY"
#define MS_NS       INT64_C(1000000)

/* ---- requests ---- */

static void queue_add(struct client_queue *q, struct client_request *r)
{
    r->next = NULL;
    if (q->last != NULL)
        q->last->next = r;
    else
        q->first = r;
    q->last = r;
    q->count++;
}

static struct client_request *queue_take(struct client_queue *q)
{
    struct client_request *r = q->first;

    if (r == NULL)
        return NULL;
    q->first = r->next;
    if (q->first == NULL)
        q->last = NULL;
    q->count--;
    return r;
}

static void queue_free(struct client_queue *q)
{
    struct client_request *r;

    while ((r = queue_take(q)) != NULL)
        free(r);
}

static void finish(struct client_request *r, const struct signer_answer *answer)
{
    signer_done_fn *done = r->done;
    void *arg = r->arg;

    free(r);
    done(arg, answer);
}

void client_lose_all(struct signer *s)
{
    struct client_request *r;

    while ((r = queue_take(&s->asked)) != NULL)
        queue_add(&s->lost, r);
}

/* Those only that were lost before: what a callback asks anew waits for the next turn. */
void client_tell_lost(struct signer *s)
{
    struct signer_answer answer = {.outcome = SIGNER_LOST, .code = "SIGNER_LOST"};

    snprintf(answer.message, sizeof answer.message, "the signer %s",
             s->why[0] != '\0' ? s->why : "is being started");
    for (size_t n = s->lost.count; n > 0 && !s->closed; n--)
        finish(queue_take(&s->lost), &answer);
}

bool client_is_late(const struct signer *s)
{
    const struct client_request *r = s->asked.first;

    return s->state == CLIENT_UP && r != NULL &&
           clock_mono_ns(&s->clock) - r->since_ns >= s->timeout_ms * MS_NS;
}

/* ---- what it says ---- */

/* Before and after a restart an operator is one address. */
static int handle_ready(struct signer *s, const struct signer_ready *m, struct error *e)
{
    if (s->state != CLIENT_STARTING || m->count != s->operator_count)
        return error_set(e, ERROR_PROTOCOL, "it was ready with %zu operators", m->count);
    for (size_t i = 0; i < m->count; i++) {
        struct client_operator *op = &s->operators[i];
        struct sui_address address = sui_key_address(m->keys[i]);
        if (op->known && !sui_address_equal(&op->address, &address))
            return error_set(e, ERROR_PROTOCOL, "it has another key for operator '%s' than before",
                             op->name);
        op->known = true;
        op->address = address;
    }
    snprintf(s->measures, sizeof s->measures, "%.*s", (int)m->measures.len, m->measures.data);
    s->state = CLIENT_UP;
    s->since_ns = clock_mono_ns(&s->clock);
    if (s->on_loop && s->env.back != NULL)
        s->env.back(s->env.arg);
    return 0;
}

static int handle_failed(struct signer *s, const struct error *failed, struct error *e)
{
    if (s->state != CLIENT_STARTING)
        return error_set(e, ERROR_PROTOCOL, "it failed to start when it had started");
    s->failed = *failed;
    snprintf(s->why, sizeof s->why, "could not start: %.200s", failed->message);
    return -1;
}

/* The answer that is due. */
static struct client_request *take_due(struct signer *s, uint64_t id, struct error *e)
{
    if (s->state == CLIENT_UP && s->asked.first != NULL && s->asked.first->id == id) {
        s->served = true;
        return queue_take(&s->asked);
    }
    error_set(e, ERROR_PROTOCOL, "an answer to what was not asked");
    return NULL;
}

static bool holds(const struct signer *s, const struct client_request *r,
                  const struct sui_signature *signature)
{
    struct sui_address address = sui_key_address(signature->public_key);

    return sui_address_equal(&address, &s->operators[r->operator_index].address) &&
           crypto_sign_verify_detached(signature->bytes, r->digest, sizeof r->digest,
                                       signature->public_key) == 0;
}

static int handle_signed(struct signer *s, const struct signer_signed *m, struct error *e)
{
    struct signer_answer answer = {.outcome = SIGNER_SIGNED};
    struct client_request *r = take_due(s, m->id, e);

    if (r == NULL)
        return -1;
    if (!holds(s, r, &m->signature)) {
        queue_add(&s->lost, r);
        return error_set(e, ERROR_PROTOCOL, "a signature that does not hold");
    }
    sui_signature_text(&m->signature, answer.signature);
    finish(r, &answer);
    return 0;
}

static int handle_refused(struct signer *s, const struct signer_refused *m, struct error *e)
{
    struct signer_answer answer = {.outcome = SIGNER_REFUSED};
    struct client_request *r = take_due(s, m->id, e);

    if (r == NULL)
        return -1;
    snprintf(answer.code, sizeof answer.code, "%s", policy_refusal_name(m->refusal));
    snprintf(answer.message, sizeof answer.message, "%.*s", (int)m->message.len, m->message.data);
    finish(r, &answer);
    return 0;
}

int client_handle(struct signer *s, const struct signer_message *m, struct error *e)
{
    switch (m->tag) {
    case SIGNER_TAG_READY:
        return handle_ready(s, &m->as.ready, e);
    case SIGNER_TAG_FAILED:
        return handle_failed(s, &m->as.failed, e);
    case SIGNER_TAG_SIGNED:
        return handle_signed(s, &m->as.signed_, e);
    case SIGNER_TAG_REFUSED:
        return handle_refused(s, &m->as.refused, e);
    default:
        return error_set(e, ERROR_PROTOCOL, "message %d is not its to say", (int)m->tag);
    }
}

/* ---- opening and closing ---- */

static void pass_variable(struct signer *s, const char *name, bool secret)
{
    for (size_t i = 0; i < s->variable_count; i++)
        if (strcmp(s->variables[i], name) == 0)
            return;
    s->secret[s->variable_count] = secret;
    s->variables[s->variable_count++] = mem_strdup(name);
    s->once = s->once || secret;
}

static void learn_operators(struct signer *s, const struct rules *rules)
{
    s->operator_count = rules->operator_count;
    for (size_t i = 0; i < rules->operator_count; i++) {
        const struct rules_operator *from = &rules->operators[i];
        struct client_operator *op = &s->operators[i];
        memcpy(op->name, from->name, sizeof op->name);
        op->known = from->has_address;
        op->address = from->own;
        if (from->key.kind == KEY_SOURCE_ENV)
            pass_variable(s, from->key.name, true);
        else if (from->key.kind == KEY_SOURCE_CREDENTIAL)
            pass_variable(s, CREDENTIALS, false);
    }
}

static void signer_free(struct signer *s)
{
    queue_free(&s->asked);
    queue_free(&s->lost);
    buf_release(&s->out);
    for (size_t i = 0; i < s->variable_count; i++)
        free(s->variables[i]);
    free(s->rules);
    free(s->desk);
    free(s);
}

int signer_open(struct signer **out, const struct signer_env *env, const json_t *rules,
                struct error *e)
{
    struct signer *s;
    struct rules checked;

    if (rules_read(rules, &checked, e) < 0)
        return -1;
    if (sodium_init() < 0) {
        rules_release(&checked);
        return error_set(e, ERROR_UNSUPPORTED, "libsodium cannot be used");
    }
    s = mem_zero(1, sizeof *s);
    s->env = *env;
    s->desk = mem_strdup(env->desk);
    s->rules = json_dumps(rules, JSON_COMPACT);
    s->backoff_ms = CLIENT_BACKOFF_MS;
    s->timeout_ms = SIGNER_TIMEOUT_MS;
    clock_init_real(&s->clock);
    buf_init(&s->out, OUT_MOST);
    learn_operators(s, &checked);
    rules_release(&checked);
    if (client_start(s, e) < 0 || client_await(s, e) < 0 || client_join_loop(s, e) < 0) {
        signer_free(s);
        return -1;
    }
    *out = s;
    return 0;
}

static void timer_closed(uv_handle_t *handle)
{
    signer_free(handle->data);
}

void signer_close(struct signer *s)
{
    if (s == NULL || s->closed)
        return;
    s->closed = true;
    client_end_process(s);
    uv_close((uv_handle_t *)&s->timer, timer_closed);
}

/* ---- asking ---- */

static const struct client_operator *find(const struct signer *s, const char *name)
{
    for (size_t i = 0; i < s->operator_count; i++)
        if (strcmp(s->operators[i].name, name) == 0)
            return &s->operators[i];
    return NULL;
}

const struct sui_address *signer_address(const struct signer *s, const char *name)
{
    const struct client_operator *op = find(s, name);

    return op != NULL ? &op->address : NULL;
}

bool signer_is_up(const struct signer *s)
{
    return s->state == CLIENT_UP;
}

int signer_pid(const struct signer *s)
{
    return s->state == CLIENT_UP || s->state == CLIENT_STARTING ? s->child.pid : -1;
}

const char *signer_measures(const struct signer *s)
{
    return s->measures;
}

static int send_request(struct signer *s, struct client_request *r, uint64_t epoch,
                        const void *bytes, size_t len, struct error *e)
{
    struct signer_message m = {.tag = SIGNER_TAG_SIGN};

    m.as.sign = (struct signer_sign){.id = r->id,
                                     .operator_index = (uint32_t)r->operator_index,
                                     .epoch = epoch,
                                     .bytes = bytes,
                                     .len = len};
    if (signer_encode(&s->out, &m, e) < 0)
        return -1;
    queue_add(&s->asked, r);
    client_flush(s);
    return 0;
}

int signer_sign(struct signer *s, const char *name, uint64_t epoch, const void *bytes, size_t len,
                signer_done_fn *done, void *arg, struct error *e)
{
    const struct client_operator *op = find(s, name);
    struct client_request *r;

    if (op == NULL)
        return error_set(e, ERROR_NOT_FOUND, "the signer has no operator '%.64s'", name);
    if (len == 0 || len > SUI_TRANSACTION_BYTES)
        return error_set(e, ERROR_LIMIT, "a transaction has 1 to %d bytes, got %zu",
                         SUI_TRANSACTION_BYTES, len);
    if (s->asked.count + s->lost.count >= SIGNER_REQUESTS)
        return error_set(e, ERROR_LIMIT, "%d transactions wait for the signer", SIGNER_REQUESTS);
    r = mem_zero(1, sizeof *r);
    r->id = ++s->last_id;
    r->operator_index = (size_t)(op - s->operators);
    r->since_ns = clock_mono_ns(&s->clock);
    r->done = done;
    r->arg = arg;
    sui_signing_digest(bytes, len, r->digest);
    if (s->state != CLIENT_UP) {
        queue_add(&s->lost, r);
    } else if (send_request(s, r, epoch, bytes, len, e) < 0) {
        free(r);
        return -1;
    }
    client_arm(s);
    return 0;
}
