/* orrery tx: transactions on their way outside and those that have ended, and what any
 * transaction's bytes say. */
#include "cli/tx.h"

#include "base/error.h"
#include "cli/verbs.h"

#define GREATEST 100000

static const struct verb verbs[] = {
    {"list", "list [--open] [--vault V] [--account A] [-n N] [--before ID]",
     " open vault account limit before ", 0, 0, tx_list},
    {"show", "show DIGEST|RUN", "", 1, 1, tx_show},
    {"decode", "decode [BASE64|HEX|@FILE|-] [--signature TEXT]", " signature ", 0, 1, tx_decode},
    {"resume", "resume [DIGEST|RUN] [--wait TIME]", " wait ", 0, 1, tx_resume},
    {0},
};

static int run_tx(struct context *c, struct error *e)
{
    return verbs_run(c, verbs, e);
}

static const struct option options[] = {
    {"open", 'o', OPTION_FLAG, NULL, "list: only those whose outcome is not known yet", 0},
    {"vault", 0, OPTION_TEXT, "VAULT", "list: only this vault's", 0},
    {"account", 0, OPTION_TEXT, "ACCOUNT", "list: only those that this address (or URL) sends", 0},
    {"limit", 'n', OPTION_COUNT, "N", "list: at most this many (default 20)", GREATEST},
    {"before", 0, OPTION_TEXT, "ID", "list: only those that are older than this one", 0},
    {"signature", 0, OPTION_TEXT, "TEXT", "decode: say whose it is and whether it holds", 0},
    {"wait", 0, OPTION_DURATION, "TIME", "resume: how long to wait for outcomes (default 20s)", 0},
    {0},
};

const struct command command_tx = {
    .name = "tx",
    .summary = "transactions: on their way, ended, decoded; ask for outcomes now",
    .usage = "  orrery tx list [--open] [--vault V] [--account A] [-n N] [--before ID]\n"
             "  orrery tx show DIGEST|RUN\n"
             "  orrery tx decode [BASE64|HEX|@FILE|-] [--signature TEXT]\n"
             "  orrery tx resume [DIGEST|RUN] [--wait TIME]\n",
    .text =
        "A batch that goes to a chain or to a server of your own is put on record, with the bytes\n"
        "that are sent, before it is sent. From then on it is open: the same bytes are looked up\n"
        "and sent again until their outcome is proven. list and show work while the daemon runs\n"
        "and, from its journal, when it does not. A digest or an id may be cut to its beginning.\n"
        "\n"
        "list    newest first\n"
        "show    what it was, what it holds, what came of it, and the transaction itself\n"
        "decode  what a Sui transaction's bytes say, of any origin: needs no desk. From a file or\n"
        "        the standard input also bare bytes\n"
        "resume  has the daemon look for the outcomes at once instead of at its next attempt\n",
    .options = options,
    .examples = "  $ orrery tx list --open\n"
                "  $ orrery tx show 6n8Bq\n"
                "  $ sui client ... --serialize-unsigned-transaction | orrery tx decode\n"
                "  $ orrery tx list --json | jq -r '.data.transactions[].digest'\n",
    .exits = "  1 decode: when the bytes are no transaction, or the signature does not hold or is\n"
             "    somebody else's; resume: when something is open in the end\n"
             "  2 when there is no such transaction, or no journal yet\n"
             "  3 when the journal is in memory and no daemon is running\n",
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run_tx,
};
