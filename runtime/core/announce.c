/* What the start says about money: which vaults are live, and which only look as if. */
#include "core/engine.h"
#include "executor/outside.h"

static const char *standing(const struct runtime_options *options)
{
    if (options->dry_run)
        return "dry run: what is decided is simulated, nothing is sent (--dry-run)";
    return options->live ? "LIVE: what is decided is signed and sent"
                         : "dry run: what is decided is simulated, nothing is sent; --live sends";
}

void announce_vaults(const struct engine *engine)
{
    const struct runtime_options *options = &engine->options;
    bool live = options->live && !options->dry_run, any = false;

    for (size_t i = 0; i < engine->vault_count; i++) {
        const struct vault *v = &engine->vaults[i];
        if (v->executor == NULL || !v->is_outside)
            continue;
        any = true;
        log_write(engine->log, live ? LOG_WARN : LOG_INFO, standing(options), "vault",
                  v->config->id, "executor", v->config->executor, "account",
                  v->executor->outside->account(v->executor), NULL);
    }
    if (options->live && !any)
        log_write(engine->log, LOG_WARN,
                  "--live changes nothing: every vault of this desk is on paper", NULL);
}
