"""Runs a command beside real servers:

    with_servers.py NAME… -- COMMAND…        NAME: postgres, redis, libsql, sui, webhook

ORRERY_POSTGRES_URL, ORRERY_REDIS_URL, ORRERY_LIBSQL_URL, ORRERY_SUI_URL and ORRERY_WEBHOOK_URL say where they are,
ORRERY_SUI_CONTROL where the Sui node is told what to do, ORRERY_WEBHOOK_SECRET what the webhook's executor shares. The
exit code is the command's; 77 (for ctest: skipped) when a server is not installed, or 1 in CI (CI=true).
"""
import contextlib
import os
import signal
import subprocess
import sys

import processes
import servers
import sui  # noqa: F401, a kind of its own
import webhook_server  # noqa: F401, as well

SKIPPED = 77


def start_all(names, stack):
    """What the command's environment says about them."""
    found = {}
    for name in names:
        server = stack.enter_context(servers.KINDS[name]())
        found |= {f"ORRERY_{name.upper()}_URL": server.url, **server.extra}
    return found


def main():
    if "--" not in sys.argv or not set(sys.argv[1:sys.argv.index("--")]) <= set(servers.KINDS):
        sys.exit(__doc__)
    split = sys.argv.index("--")
    names, command = sys.argv[1:split], sys.argv[split + 1:]
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with contextlib.ExitStack() as stack:
        try:
            urls = start_all(names, stack)
        except servers.Missing as e:
            in_ci = os.environ.get("CI") == "true"
            print(f"{'FAILED' if in_ci else 'SKIPPED'}: {e}", flush=True)
            return 1 if in_ci else SKIPPED
        return subprocess.run(command, env={**os.environ, **urls}, preexec_fn=processes.die_with_parent).returncode


if __name__ == "__main__":
    sys.exit(main())
