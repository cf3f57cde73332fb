#!/bin/sh
# Installs the Debian packages of packages.txt that are missing, as root or through sudo; else prints the command to run.
#
#   sh tools/packages.sh [SECTION…]        build, tests, servers; without any: all
set -eu
cd "$(dirname "$0")/.."

# The lines of the sections that are given.
wanted() {
    awk -v sections=" $* " '/^#/ || NF == 0 { next }
        /^\[.*\]$/ { section = substr($0, 2, length($0) - 2); next }
        sections == "  " || index(sections, " " section " ") { print }' packages.txt
}

installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# Whether a program is there that makes the package unnecessary; it may be the pattern of a path.
has_program() {
    for program in $1; do
        command -v "$program" >/dev/null && return 0
    done
    return 1
}

missing=$(wanted "$@" | while IFS=: read -r package program; do
    installed "$package" || has_program "$program" || printf ' %s' "$package"
done)
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "orrery needs Debian packages that are not installed. Run this once as root:" >&2
    echo "  sh $PWD/tools/install.sh$missing" >&2
    exit 1
fi
echo "installing Debian packages:$missing"
$as_root sh tools/install.sh $missing
