"""Runs a command beside real servers:

    with_servers.py NAME… -- COMMAND…        NAME: postgres, redis, libsql

ORRERY_POSTGRES_URL, ORRERY_REDIS_URL and ORRERY_LIBSQL_URL say where they are. The exit code is the command's; 77 (for
ctest: skipped) when a server is not installed, or 1 in CI (CI=true).
"""
import contextlib
import os
import subprocess
import sys

import servers


def main():
    split = sys.argv.index("--")
    names, command = sys.argv[1:split], sys.argv[split + 1:]
    environment = dict(os.environ)
    with contextlib.ExitStack() as stack:
        try:
            for name in names:
                server = stack.enter_context(servers.KINDS[name]())
                environment[f"ORRERY_{name.upper()}_URL"] = server.url
        except servers.Missing as e:
            if os.environ.get("CI") == "true":
                print(f"FAILED: {e}")
                return 1
            print(f"SKIPPED: {e}")
            return 77
        return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
