#include "main/outsides.h"

#include <string.h>

#include "base/error.h"
#include "executor/executor.h"
#include "model/config.h"

int outsides_open(const struct config *config, const struct outside_env *env, struct outsides **out,
                  struct error *e)
{
    (void)config, (void)env, (void)e;
    *out = NULL;
    return 0;
}

void outsides_close(struct outsides *outsides)
{
    (void)outsides;
}

int outsides_open_executor(const struct vault_config *config, const struct vault_record *record,
                           const struct market_source *markets, const struct outside_env *env,
                           struct outsides *outsides, int64_t now_ms, struct ledger_change *opening,
                           struct executor **out, struct error *e)
{
    (void)env, (void)outsides;
    if (strcmp(config->executor, "paper") == 0)
        return executor_paper_open(out, config, record, markets, now_ms, opening, e);
    return error_set(e, ERROR_CONFIG, "vault '%s': unknown executor '%s'", config->id,
                     config->executor);
}
