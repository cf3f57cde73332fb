/* orrery status: how the running daemon is doing. */
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/live.h"
#include "cli/status_text.h"

static int run_status(struct context *c, struct error *e)
{
    json_t *data;

    if (live_ask(c, json_pack("{s:s}", "op", "status"), &data, e) < 0)
        return -1;
    if (c->output.json)
        output_data(&c->output, data);
    else
        status_print(&c->output, data);
    json_decref(data);
    return 0;
}

const struct command command_status = {
    .name = "status",
    .summary = "show how the running daemon is doing",
    .usage = "  orrery status\n",
    .text = "Shows the daemon, its plugins and their health, the vaults' money, the feeds and how\n"
            "fresh they are, the stores and the workers. A stale feed, an unhealthy plugin or a\n"
            "stalled store stands out.\n",
    .examples =
        "  $ orrery status\n"
        "  orrery 0.1.0  running, pid 41234, up 2 h 10 min, my-desk\n"
        "  runs  7,800 received: 41 completed, 7,759 noop, 0 rejected, 0 failed, 0 skipped\n"
        "        0 running, 0 queued\n"
        "\n"
        "  PLUGIN  HEALTH   VAULT  TRIGGERS          NEXT  DONE  NOOP   FAILED  STATE   MEMORY    "
        "LAST ERROR\n"
        "  first   healthy  paper  every 1s, manual  now   41    7,759  0       2 keys  31.2 KiB  "
        "-\n"
        "\n"
        "  VAULT  NAV                QUOTE            POSITION MANAGER  EXPOSURE    OPEN  NOTE\n"
        "  paper  1,000,004,120,000  998,700,000,000  120,000           41,000,000  6     -\n",
    .exits = "  3 when no daemon is running for this desk\n",
    .run = run_status,
};
