#include "rpc/rpc.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "rpc/question.h"

/* Every endpoint is asked for its chain at once: so that a wrong one is known before it is needed.
 */
static void probe(struct rpc *rpc)
{
    for (size_t i = 0; i < rpc->endpoints.count; i++) {
        struct question *q = mem_zero(1, sizeof *q);

        q->pin = (int)i;
        question_begin(rpc, q, NULL, NULL);
    }
}

int rpc_open(struct rpc **out, uv_loop_t *loop, struct http_client *http,
             const struct rpc_config *config, struct error *e)
{
    struct rpc *rpc;

    if (config->timeout_ms < 100 || config->timeout_ms > 300000)
        return error_set(e, ERROR_INVALID,
                         "the timeout of the endpoints: expected 100 ms to 5 minutes, got %lld ms",
                         (long long)config->timeout_ms);
    rpc = mem_zero(1, sizeof *rpc);
    if (endpoints_init(&rpc->endpoints, config, e) != 0) {
        free(rpc);
        return -1;
    }
    rpc->http = http;
    rpc->ca_file = mem_strdup(config->ca_file);
    rpc->timeout_ms = config->timeout_ms;
    rpc->pin = -1;
    uv_timer_init(loop, &rpc->timer);
    rpc->timer.data = rpc;
    probe(rpc);
    *out = rpc;
    return 0;
}

static void free_rpc(uv_handle_t *handle)
{
    struct rpc *rpc = handle->data;

    endpoints_release(&rpc->endpoints);
    free(rpc->ca_file);
    free(rpc);
}

void rpc_close(struct rpc *rpc)
{
    if (rpc == NULL || rpc->closed)
        return;
    rpc->closed = true;
    while (rpc->questions != NULL)
        question_free(rpc->questions);
    uv_timer_stop(&rpc->timer);
    uv_close((uv_handle_t *)&rpc->timer, free_rpc);
}

void rpc_pin(struct rpc *rpc, int endpoint)
{
    rpc->pin = endpoint >= 0 && (size_t)endpoint < rpc->endpoints.count ? endpoint : -1;
}

json_t *rpc_status(const struct rpc *rpc)
{
    return endpoints_json(&rpc->endpoints, rpc_now_ms());
}
