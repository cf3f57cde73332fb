/* orrery db: the stores of a desk: made, looked at, copied, emptied. The actions are in db_*.c. */
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/db_stores.h"

static const char *const words[] = {"init",     "upgrade", "status", "sweep", "seed",
                                    "truncate", "copy",    "trim",   NULL};

static const struct {
    int (*run)(struct context *c, struct error *e);
    size_t min, max; /* arguments, with the action's own word */
    const char *usage;
    const char *options; /* the names that it takes, each between blanks */
} actions[] = {
    {db_make, 1, 2, "init [URL]", ""},
    {db_make, 1, 2, "upgrade [URL]", ""},
    {db_status, 1, 2, "status [URL]", ""},
    {db_sweep, 1, 2, "sweep [URL]", ""},
    {db_seed, 1, 2, "seed [URL]", " force "},
    {db_truncate, 1, 2, "truncate [URL]", " force "},
    {db_copy, 3, 3, "copy FROM TO", " force dry-run overwrite "},
    {db_trim, 1, 2, "trim [URL]", " age runs "},
};

static const struct option options[] = {
    {"force", 0, OPTION_FLAG, NULL,
     "seed, truncate, copy: although there are rows, without asking, although a daemon runs", 0},
    {"dry-run", 0, OPTION_FLAG, NULL, "copy: say what would be done, and do nothing", 0},
    {"overwrite", 0, OPTION_FLAG, NULL, "copy: what differs at TO becomes as it is at FROM", 0},
    {"age", 0, OPTION_DURATION, "TIME", "trim: runs that are older go", 0},
    {"runs", 0, OPTION_COUNT, "N", "trim: all but the newest N runs go", 0},
    {0},
};

static int check_use(const struct context *c, int action, struct error *e)
{
    size_t count = c->options.argument_count;
    char name[32];

    if (count < actions[action].min || count > actions[action].max)
        return command_misused(c, e, "expected `orrery db %s`", actions[action].usage);
    for (const struct option *o = options; o->name != NULL; o++) {
        snprintf(name, sizeof name, " %s ", o->name);
        if (options_given(&c->options, o->name) && strstr(actions[action].options, name) == NULL)
            return command_misused(c, e, "--%s does not belong to `orrery db %s`", o->name,
                                   words[action]);
    }
    return 0;
}

static int run_db(struct context *c, struct error *e)
{
    int action = command_choose(c, words, e);

    if (action < 0 || check_use(c, action, e) < 0)
        return -1;
    return actions[action].run(c, e);
}

const struct command command_db = {
    .name = "db",
    .summary = "make, look at, copy or empty the desk's databases",
    .usage = "  orrery db init [URL]\n"
             "  orrery db upgrade [URL]\n"
             "  orrery db status [URL]\n"
             "  orrery db sweep [URL]\n"
             "  orrery db seed [URL] [--force]\n"
             "  orrery db truncate [URL] [--force]\n"
             "  orrery db copy FROM TO [--dry-run] [--overwrite] [--force]\n"
             "  orrery db trim [URL] [--age TIME] [--runs N]\n",
    .text =
        "init      makes what is missing of the journal and the state stores that orrery.lua\n"
        "          names, and upgrades what is older (`orrery run` does so by itself)\n"
        "upgrade   brings existing databases to this version's schema; makes none\n"
        "status    shows each store as it is now: server, schema, size, plugins, live and expired\n"
        "          rows, who holds which lease, warnings, and how long the smallest read takes;\n"
        "          also beside a running daemon. A store that cannot be reached is a row with its\n"
        "          error\n"
        "sweep     removes state rows whose time has passed, a thousand at a time; also beside a\n"
        "          running daemon\n"
        "seed      writes the state of four example plugins: numbers, texts, tables, deadlines\n"
        "truncate  removes the state of all plugins (not the journal, leases or schemas). Asks\n"
        "          on a terminal; elsewhere it wants --force\n"
        "copy      copies the state of all plugins from one store to another, deadlines kept, and\n"
        "          reads every row back. What is there already is left alone, so a copy that was\n"
        "          interrupted is simply made again. Rows at TO that differ, or that FROM does "
        "not\n"
        "          have, are conflicts: nothing is written unless --overwrite. Rows whose time "
        "has\n"
        "          passed stay behind. TO must exist: see init\n"
        "trim      removes ended runs from the journal, as `retention` of orrery.lua says or with\n"
        "          these limits instead; also beside a running daemon, which then does it. Runs\n"
        "          that have not ended, counts, ledger and open dead letters stay\n"
        "\n"
        "URL is one store instead of those of orrery.lua: sqlite:PATH (relative to the desk),\n"
        "postgres://USER@HOST/DATABASE, redis://HOST/DB, libsql+http://HOST:PORT. Passwords come\n"
        "from ?password_env=NAME or ?password_file=PATH, and are never shown.\n"
        "\n"
        "What writes holds the desk's lock: stop its daemon first. In stores that other daemons\n"
        "share it also holds the leases of the plugins, and stops at one that another daemon\n"
        "holds. With --force, truncate, seed and copy take no for no answer: they go on beside\n"
        "this desk's daemon, and take the lease from another one, which stands by meanwhile and\n"
        "then reads the state anew.\n",
    .options = options,
    .examples = "  $ orrery db init\n"
                "  journal  sqlite:data/orrery.db  made (schema version 3)\n"
                "  state    sqlite:data/orrery.db  made (schema version 1)\n"
                "  $ orrery db sweep\n"
                "  state    sqlite:data/orrery.db  1204 expired rows removed\n"
                "  $ orrery db init redis://127.0.0.1\n"
                "  state    redis://127.0.0.1  made (schema version 1)\n"
                "  $ orrery db copy sqlite:data/orrery.db redis://127.0.0.1 --dry-run\n"
                "  33 rows of 4 plugins: 33 to copy, 2 left behind (expired)\n"
                "  a dry run: nothing was written\n"
                "  $ orrery db copy sqlite:data/orrery.db redis://127.0.0.1\n"
                "  33 rows of 4 plugins: 33 copied, 2 left behind (expired)\n"
                "  every row was read back and is the same\n",
    .exits =
        "  1 when a daemon holds the desk or a lease, when there are conflicts (copy), when a\n"
        "  store cannot be looked at (status), or consent was not given (truncate);\n"
        "  2 when there is no such database\n",
    .min_arguments = 1,
    .max_arguments = 3,
    .run = run_db,
};
