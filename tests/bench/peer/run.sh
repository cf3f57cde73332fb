#!/bin/sh
# Installs the peer's packages into a build folder (never into the source tree) and measures it.
#
#   sh tests/bench/peer/run.sh BUILD_FOLDER [SECONDS [DATABASE_FOLDER]]
#
# Prints one JSON line per mode and style on stdout, messages on stderr. Exit 77 when the peer cannot run here
# (no npm, or the packages cannot be installed): the benchmark then shows its own figures only.
#
# better-sqlite3 downloads a prebuilt binary where it can, else compiles with node-gyp, which needs node's
# headers: those beside the node that runs are used when they are there, so that nothing more is downloaded.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1/peer
seconds=${2:-5}
if ! command -v npm >/dev/null 2>&1; then
    echo "peer skipped: npm is not installed" >&2
    exit 77
fi
mkdir -p "$work"
cp "$here/package.json" "$here/peer.mjs" "$work/"
cd "$work"
if ! [ -f installed ] || ! cmp -s package.json installed; then
    prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
    if [ -f "$prefix/include/node/node.h" ]; then
        export npm_config_nodedir="$prefix"
    fi
    echo "peer: installing better-sqlite3 and drizzle-orm (compiling may take minutes)" >&2
    if ! npm install --no-audit --no-fund --loglevel=error >install.log 2>&1; then
        tail -n 5 install.log >&2
        echo "peer skipped: npm install failed, see $work/install.log" >&2
        exit 77
    fi
    cp package.json installed
fi
databases=${3:-$work/db}
mkdir -p "$databases"
for mode in full wal-normal; do
    for statements in plain prepared; do
        rm -f "$databases/peer.db"*
        node peer.mjs --db "$databases/peer.db" --mode "$mode" --statements "$statements" --seconds "$seconds"
    done
done
rm -f "$databases/peer.db"*
