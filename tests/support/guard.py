"""Ends what a test has started when the test is over, however it ended: waits for the end of its own standard input,
which comes when the test closes it or dies.

    guard.py [--remove=FOLDER] [--uid=N --gid=N] [COMMAND…]

Runs COMMAND and prints its process id. At the end of the input all its processes are killed and FOLDER is removed. When
COMMAND ends by itself, so does the guard, and FOLDER stays.
"""
import os
import shutil
import subprocess
import sys
import threading

import processes


def options(words):
    """Takes the options off `words`."""
    found = {}
    while words and words[0].startswith("--"):
        name, _, value = words.pop(0)[2:].partition("=")
        found[name] = value
    return found


def start(command, chosen):
    identity = {}
    if "uid" in chosen:
        identity = {"user": int(chosen["uid"]), "group": int(chosen["gid"]), "extra_groups": []}
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, cwd="/", start_new_session=True,
                            preexec_fn=processes.die_with_parent, **identity)


def follow(server, ending):
    server.wait()
    if not ending.is_set():
        os._exit(0)


def main():
    command = sys.argv[1:]
    chosen = options(command)
    ending = threading.Event()
    processes.adopt_orphans()
    if command:
        server = start(command, chosen)
        print(server.pid, flush=True)
        threading.Thread(target=follow, args=(server, ending), daemon=True).start()
    sys.stdin.buffer.read()
    ending.set()
    processes.kill_tree(lambda: set(processes.descendants(os.getpid())) - {os.getpid()})
    if "remove" in chosen:
        shutil.rmtree(chosen["remove"], ignore_errors=True)


if __name__ == "__main__":
    main()
