/* The composition root: the one table of concrete implementations, and the choice of the role. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "main/outsides.h"
#include "main/sources.h"
#include "main/stores.h"
#include "main/tables.h"
#include "signer/server.h"
#include "worker/worker.h"

static int open_feed(const struct feed_config *config, const struct feed_env *env, int64_t start_ms,
                     struct feed **out, struct error *e)
{
    switch (config->kind) {
    case FEED_SIM:
        return feed_sim_open(out, config, env, start_ms, e);
    case FEED_CSV:
        return feed_csv_open(out, config, env, e);
    case FEED_HTTP:
        return feed_http_open(out, config, env, e);
    }
    return error_set(e, ERROR_INTERNAL, "feed '%s' has an unknown kind", config->name);
}

static const struct registry registry = {
    .stores_new = stores_new,
    .stores_close = stores_close,
    .stores_own = stores_own,
    .open_journal = stores_open_journal,
    .open_state = stores_open_state,
    .state_joins = stores_state_joins,
    .check_journal_url = stores_check_journal_url,
    .check_state_url = stores_check_state_url,
    .open_tables = tables_open,
    .check_tables_url = tables_check_url,
    .open_source = sources_open,
    .check_source = sources_check,
    .check_executors = outsides_check,
    .open_outsides = outsides_open,
    .close_outsides = outsides_close,
    .open_executor = outsides_open_executor,
    .open_feed = open_feed,
    .version = ORRERY_VERSION,
};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--role=worker") == 0)
        return worker_main();
    if (argc == 2 && strcmp(argv[1], "--role=signer") == 0)
        return signer_main();
    return cli_main(argc, argv, &registry);
}
