#include "base/error.h"
#include "state/state.h"

int state_postgres_open(struct state_store **out, const struct store_url *url, const char *secret,
                        enum store_mode mode, int64_t now_ms, struct error *e)
{
    (void)out;
    (void)url;
    (void)secret;
    (void)mode;
    (void)now_ms;
    return error_set(e, ERROR_UNSUPPORTED, "this build has no postgres backend");
}
