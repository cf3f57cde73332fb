#!/bin/sh
# Runs the quickstart desk for about twenty seconds and says what to try next: `make run`.
#
#   sh tools/quickstart.sh PATH_TO_ORRERY [DURATION]
#
# The desk runs in place; its database goes to examples/quickstart/data (ignored by git) and is kept, so that a second
# run goes on where the first one stopped.
set -eu
orrery=$1
duration=${2:-20s}
cd "$(dirname "$0")/.."
desk=examples/quickstart
"$orrery" run "$desk" --for "$duration" --summary
cat <<TEXT

What to try next
  $orrery runs -C $desk -n 5                        the newest runs, with reasons and actions
  $orrery state get -C $desk momentum averages     what a strategy remembers
  $orrery run $desk                              the same without an end (Ctrl-C drains and stops)
  $orrery new my-desk                                       a desk of your own
  rm -r $desk/data                        begin anew
TEXT
