/*
 * outsides: executors by name, and what those with an outside share: one HTTP client, the chain
 * with its signer. For the registry (core/registry.h).
 */
#ifndef ORRERY_MAIN_OUTSIDES_H
#define ORRERY_MAIN_OUTSIDES_H

#include "core/registry.h"
#include "executor/outside.h"

struct config;
struct problems;

int outsides_open(const struct config *config, const struct outside_env *env, struct outsides **out,
                  struct error *e);
/* What only executors know to be wrong with a configuration. */
void outsides_check(const struct config *config, const char *source, struct problems *problems);
void outsides_close(struct outsides *outsides);
int outsides_open_executor(const struct vault_config *config, const struct vault_record *record,
                           const struct market_source *markets, const struct outside_env *env,
                           struct outsides *outsides, int64_t now_ms, struct ledger_change *opening,
                           struct executor **out, struct error *e);

#endif
