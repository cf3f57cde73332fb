#!/bin/sh
# `make bench`: measures the program in a build folder.
#
#   sh tests/bench/run.sh BUILD_FOLDER [--quick] [--no-peer] [--only NAME,…] [--patience SECONDS]
#
# What is measured, each on a throw-away desk inside the build folder (a real disk is needed: it warns on tmpfs), with
# the real program, journal and state in one SQLite file, WAL and synchronous=FULL:
#   ticks       (a) durable ticks per second with 100 plugins, and with 1,000; against the peer
#   latency     (b) trigger to committed at 1,000 ticks per second
#   state_get   (c) ctx.state:get inside the worker's code
#   plugins     (d) memory of an idle plugin; time to load 2,000
#   first_tick  (e) start of the process to the first committed tick
#   backends    (g) every state backend, servers included: ticks per second with group commit and without, latency;
#               the table of docs/state.md: python3 tests/bench/backends.py BUILD_FOLDER
#   retention   (h) latency while old runs are removed against idle, and (i) filtered pages of a journal of 300,000
#               runs; ten million: BUILD_FOLDER/tests/bench/journal_bench --runs 10000000 [--url postgres://… --clone 50]
#   recording   (j) ticks per second and bytes per run at each recording level
#   respawn     (f) a worker of 100 plugins killed until all of them have ticked again
# The peer (peer/: Node, better-sqlite3, drizzle-orm) is installed by npm into the build folder the first time, and
# skipped with a message when npm is absent or cannot install it.
#
# Prints one JSON document, then a table; progress on stderr; the document is also BUILD_FOLDER/bench.json. A missed
# figure does not fail: exit 1 means that something could not be measured. Takes about two minutes with the peer.
# It waits up to 20 s (--patience) before each measurement for the machine to become quiet, and says when it did not.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 1 ]; then
    echo "usage: sh tests/bench/run.sh BUILD_FOLDER [--quick] [--no-peer] [--only NAME,…] [--patience SECONDS]" >&2
    exit 1
fi
exec env PYTHONDONTWRITEBYTECODE=1 python3 "$here/bench.py" "$@"
