#!/bin/sh
# Installs the Debian packages of packages.txt that are missing: as root, through sudo
# without a password prompt in CI, or by printing the one command to run.
set -eu
cd "$(dirname "$0")/.."
missing=
for package in $(grep -v '^#' packages.txt); do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
command="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "orrery needs Debian packages that are not installed. Run this once as root:" >&2
    echo "  apt-get update && $command" >&2
    exit 1
fi
echo "installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { $as_root apt-get update && $as_root $command; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "could not install:$missing" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
