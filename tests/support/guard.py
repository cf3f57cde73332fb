"""Runs a server as its only child and ends it when this process's standard input closes: a test that dies, however it
dies, leaves no server behind. Prints the server's process id.

    guard.py [--uid=N --gid=N] COMMAND…
"""
import os
import signal
import subprocess
import sys
import threading


def main():
    words = sys.argv[1:]
    identity = {}
    while words and words[0].startswith("--") and "=" in words[0]:
        name, _, value = words.pop(0)[2:].partition("=")
        identity[{"uid": "user", "gid": "group"}[name]] = int(value)
    if identity:
        identity["extra_groups"] = []
    server = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=sys.stderr, cwd="/", start_new_session=True,
                              **identity)
    print(server.pid, flush=True)
    threading.Thread(target=lambda: (server.wait(), os._exit(0)), daemon=True).start()
    sys.stdin.buffer.read()  # until the test closes it, or dies
    for number in (signal.SIGCONT, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:
            pass
    server.wait()


if __name__ == "__main__":
    main()
