#include "chain/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void free_batch(struct job *job)
{
    struct batch *b = (struct batch *)job;

    if (b->planned)
        outside_plan_release(&b->plan);
    if (b->built)
        sui_builder_release(&b->builder);
    buf_release(&b->bytes);
    json_decref(b->gas_json);
    free(b);
}

struct batch *batch_next(const struct batch *b)
{
    return b->next;
}

static void queue(struct batch *b)
{
    struct batch **at = &b->op->waiting;

    while (*at != NULL)
        at = &(*at)->next;
    b->next = NULL;
    b->waits = true;
    *at = b;
    chain_soon(b->op->chain);
}

/* In front: it has waited longest. */
void batch_queue_again(struct batch *b)
{
    b->next = b->op->waiting;
    b->waits = true;
    b->op->waiting = b;
    chain_soon(b->op->chain);
}

void batch_unqueue(struct batch *b)
{
    struct batch **at = &b->op->waiting;

    while (*at != NULL && *at != b)
        at = &(*at)->next;
    if (*at == b)
        *at = b->next;
    b->waits = false;
}

void batch_let_go(struct batch *b)
{
    if (b->holding) {
        gas_pool_free(&b->op->pool, &b->gas.id);
        for (size_t i = 0; i < b->owned_count; i++)
            owned_book_free(&b->op->book, &b->owned[i]);
        chain_soon(b->op->chain);
    }
    b->holding = b->has_coin = false;
}

/* Nobody waits for it any more: its preparation is not to be touched. */
bool batch_is_gone(const struct batch *b)
{
    return b->p != NULL && b->vault->closed;
}

void batch_end(struct batch *b)
{
    struct preparation *p = batch_is_gone(b) ? NULL : b->p;

    if (b->waits)
        batch_unqueue(b);
    batch_let_go(b);
    if (b->p == NULL)
        b->op->upkeep_busy = false;
    if (p != NULL) {
        memcpy(p->simulate_us, b->simulate_us, sizeof p->simulate_us);
        memcpy(p->sign_us, b->sign_us, sizeof p->sign_us);
    }
    job_remove(&b->job);
    free_batch(&b->job);
    if (p != NULL)
        p->done(p);
}

void batch_end_with(struct batch *b, enum preparation_status status, const char *code,
                    const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    chain_sentence(message, sizeof message, format, args);
    va_end(args);
    if (b->p != NULL) {
        b->p->status = status;
        snprintf(b->p->code, sizeof b->p->code, "%s", code);
        snprintf(b->p->message, sizeof b->p->message, "%s", message);
    } else {
        b->op->upkeep_ns = chain_now_ns(b->op->chain) + 30 * RETRY_NS;
        chain_say(b->op->chain, LOG_WARN, "", "operator '%s': its coins could not be split: %s: %s",
                  b->op->config->name, code, message);
    }
    batch_end(b);
}

void batch_end_all(struct chain_operator *o, struct chain_vault *vault)
{
    struct batch *next;

    for (struct batch *b = o->waiting; b != NULL; b = next) {
        next = b->next;
        if (b->vault == vault && b->p != NULL)
            batch_end(b);
    }
}

struct batch *batch_new(struct chain_operator *o, struct chain_vault *vault, struct preparation *p)
{
    struct batch *b = mem_zero(1, sizeof *b);
    struct chain *chain = o->chain;

    b->job.free = free_batch;
    b->op = o;
    b->vault = vault;
    b->p = p;
    b->deadline_ns = chain_now_ns(chain) + chain->config.wait_ms * 1000000;
    buf_init(&b->bytes, SUI_TRANSACTION_BYTES);
    job_add(chain, &b->job);
    queue(b);
    return b;
}
