#!/bin/sh
# Runs the quickstart desk for about twenty seconds, then a summary and what to try next: `make run`.
#
#   sh tools/quickstart.sh PATH_TO_ORRERY [DURATION]
#
# The desk runs in place; its database goes to examples/quickstart/data (ignored by git) and is kept, so that a second
# run goes on where the first one stopped.
set -eu
orrery=$1
cd "$(dirname "$0")/.."
"$orrery" run examples/quickstart --for "${2:-20s}" --summary
printf '\n(orrery is %s here; rm -r examples/quickstart/data begins anew)\n' "$orrery"
