#include "executor/executor.h"

#include <string.h>

#include "base/error.h"

void execution_release(struct execution *execution)
{
    ledger_change_release(&execution->change);
    json_decref(execution->actions);
    json_decref(execution->events);
    memset(execution, 0, sizeof *execution);
}

int executor_execute(struct executor *x, const struct action_list *actions, uint64_t run,
                     int64_t now_ms, bool dry_run, struct execution *out, struct error *e)
{
    if (actions->count > LIMIT_ACTIONS)
        return error_set(e, ERROR_LIMIT, "expected at most %d actions in a batch, got %zu",
                         LIMIT_ACTIONS, actions->count);
    return x->ops->execute(x, actions, run, now_ms, dry_run, out, e);
}

int executor_settle(struct executor *x, int64_t now_ms, struct ledger_change *change,
                    json_t **closures, struct error *e)
{
    return x->ops->settle(x, now_ms, change, closures, e);
}

int64_t executor_next_expiry(struct executor *x)
{
    return x->ops->next_expiry(x);
}

json_t *executor_snapshot(struct executor *x, int64_t now_ms)
{
    return x->ops->snapshot(x, now_ms);
}

uint64_t executor_version(struct executor *x)
{
    return x->ops->version(x);
}

void executor_close(struct executor *x)
{
    if (x != NULL)
        x->ops->close(x);
}
