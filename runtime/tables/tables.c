#include "tables/tables.h"

#include "base/error.h"

int tables_call(struct tables *t, const json_t *call, json_t **answer, struct error *e)
{
    if (!json_is_object(call))
        return error_set(e, ERROR_INVALID, "expected a call of ctx.db as an object");
    return t->ops->call(t, call, answer, e);
}

void tables_close(struct tables *t)
{
    if (t != NULL)
        t->ops->close(t);
}
