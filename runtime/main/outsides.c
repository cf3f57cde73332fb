#include "main/outsides.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/mem.h"
#include "chain/chain.h"
#include "io/http.h"
#include "model/config.h"
#include "model/problem.h"
#include "model/settings.h"
#include "webhook/webhook.h"

struct outsides {
    struct http_client *http;
    struct chain *chain;
};

/* What goes outside passes through here: nothing of it is left on a disk by a crash. The children
 * inherit it. */
static void no_core_dumps(void)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
}

int outsides_open(const struct config *config, const struct outside_env *env, struct outsides **out,
                  struct error *e)
{
    struct outsides *o;

    *out = NULL;
    if (env->live)
        no_core_dumps();
    if (!chain_is_wanted(config))
        return 0;
    o = mem_zero(1, sizeof *o);
    if (http_client_new(&o->http, env->loop, e) < 0 ||
        chain_open(&o->chain, config, env, o->http, e) < 0) {
        outsides_close(o);
        return -1;
    }
    *out = o;
    return 0;
}

void outsides_close(struct outsides *o)
{
    if (o == NULL)
        return;
    chain_close(o->chain);
    http_client_free(o->http);
    free(o);
}

static struct scope vault_scope(const char *source, const char *vault, struct problems *problems)
{
    struct scope top, vaults;

    scope_init(&top, "orrery.lua", source, problems);
    vaults = scope_enter(&top, "vaults");
    return scope_enter(&vaults, vault);
}

static int open_webhook(const struct vault_config *vault, const struct vault_record *record,
                        const struct market_source *markets, const struct outside_env *env,
                        struct executor **out, struct error *e)
{
    struct problems problems = {0};
    struct scope scope = vault_scope(NULL, vault->id, &problems);
    struct webhook_config config;
    int result = webhook_config_parse(&scope, vault->table, vault, &config);

    if (result < 0)
        problems_to_error(&problems, e);
    problems_release(&problems);
    if (result < 0)
        return -1;
    if (webhook_open(out, vault, &config, record, markets, env, e) == 0)
        return 0;
    webhook_config_release(&config);
    return -1;
}

void outsides_check(const struct config *config, const char *source, struct problems *problems)
{
    chain_config_check(config, source, problems);
    for (size_t i = 0; i < config->vault_count; i++) {
        const struct vault_config *vault = &config->vaults[i];
        struct scope scope = vault_scope(source, vault->id, problems);
        struct webhook_config parsed;
        if (strcmp(vault->executor, "webhook") == 0 &&
            webhook_config_parse(&scope, vault->table, vault, &parsed) == 0)
            webhook_config_release(&parsed);
    }
}

int outsides_open_executor(const struct vault_config *config, const struct vault_record *record,
                           const struct market_source *markets, const struct outside_env *env,
                           struct outsides *outsides, int64_t now_ms, struct ledger_change *opening,
                           struct executor **out, struct error *e)
{
    if (strcmp(config->executor, "paper") == 0)
        return executor_paper_open(out, config, record, markets, now_ms, opening, e);
    if (strcmp(config->executor, "sui") == 0)
        return chain_vault_open(out, outsides->chain, config, record, markets, env, e);
    if (strcmp(config->executor, "webhook") == 0)
        return open_webhook(config, record, markets, env, out, e);
    return error_set(
        e, ERROR_CONFIG,
        "vault '%s': unknown executor '%s': expected \"paper\", \"sui\" or \"webhook\"", config->id,
        config->executor);
}
