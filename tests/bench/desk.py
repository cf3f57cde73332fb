"""A throw-away desk on a real disk, with the real program running on it.

A Desk is a folder that is deleted at the end; Daemon is `orrery run` on it, in a process of its own. Everything is
awaited with a deadline: a benchmark that hangs is a failure, a slow one is a figure.
"""
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

STRATEGY = """local action = require "orrery.action"

-- Two reads, one write always, a second one on three ticks of ten: what the peer's tick does.
return {
  name = "%(name)s", vault_id = "%(vault)s",
  triggers = { %(triggers)s },
  decide = function(ctx)
    local count = ctx.state:get_or_default("count", 0)
    local last = ctx.state:get_or_default("last_trade_ms", 0)
    ctx.state:set("count", count + 1)
    if count %% 10 < 3 then ctx.state:set("last_trade_ms", ctx.now) end
    return action.noop(%(reason)s)
  end,
}
"""
COOLING = 'last == 0 and "no trade yet" or "cooling down"'

CONFIG = """return {
  journal = "sqlite:data/orrery.db", state = "sqlite:data/orrery.db", workers = %(workers)d,
  vaults = { %(vaults)s },
  feeds = { btc = { %(feed)s } },
  %(more)s
}
"""
SIM = 'kind = "sim", spot = 100000, volatility = 0.6, seed = 7, every_ms = 1000'


class Failure(Exception):
    """The program did not do what is being measured."""


class Desk:
    """The files. `strategy` arguments: see STRATEGY."""

    def __init__(self, folder):
        self.path = Path(folder)
        shutil.rmtree(self.path, ignore_errors=True)
        (self.path / "strategies").mkdir(parents=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, name, text):
        (self.path / name).write_text(text)

    def configure(self, vaults=1, workers=2, feed=SIM, more=""):
        names = ", ".join(f'v{i} = {{ executor = "paper", quote_balance = 1000000000000 }}' for i in range(vaults))
        self.write("orrery.lua", CONFIG % {"vaults": names, "workers": workers, "feed": feed, "more": more})

    def add_plugins(self, count, triggers, vaults=1, reason=COOLING):
        for i in range(count):
            name = f"plugin-{i}"
            self.write(f"strategies/{name}.lua", STRATEGY % {
                "name": name, "vault": f"v{i % vaults}", "triggers": triggers, "reason": reason})

    def forget(self):
        """As if it had never run."""
        shutil.rmtree(self.path / "data", ignore_errors=True)

    def database(self):
        return self.path / "data" / "orrery.db"


def every(seconds):
    return f'{{ kind = "cron", every_seconds = {seconds} }}'


class Daemon:
    """`orrery run`. With lines=True its decisions can be read as they are committed."""

    def __init__(self, binary, desk, lines=False):
        self.desk = desk
        self.log_path = desk.path / "daemon.log"
        self.requests = None
        self.pending = b""
        self.selector = selectors.DefaultSelector()
        quiet = [] if lines else ["--quiet"]
        with open(self.log_path, "wb") as log:
            self.spawned_ns = time.monotonic_ns()
            self.process = subprocess.Popen([binary, "run", str(desk.path), *quiet], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE if lines else subprocess.DEVNULL, stderr=log,
                                            bufsize=0, start_new_session=True)
        if lines:
            os.set_blocking(self.process.stdout.fileno(), False)
            self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.requests is not None:
            self.requests.close()
        self.selector.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def fail(self, what):
        log = self.log_path.read_text(errors="replace")[-1500:]
        raise Failure(f"{what}\n{log}")

    def connect(self, timeout=30):
        """A new connection to the control socket, as soon as it is there."""
        deadline = time.monotonic() + timeout
        while True:
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                s.connect(str(self.desk.path / "data" / "orrery.sock"))
                return s
            except OSError:
                s.close()
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.fail("the daemon does not answer")
            time.sleep(0.001)

    def ask(self, op, **arguments):
        """One request over a connection that is kept; its data."""
        if self.requests is None:
            with self.connect() as s:
                s.settimeout(60)
                self.requests = s.makefile("rw", encoding="utf-8", newline="\n")
        self.requests.write(json.dumps({"op": op, **arguments}) + "\n")
        self.requests.flush()
        answer = json.loads(self.requests.readline() or '{"ok": false}')
        if not answer["ok"]:
            self.fail(f"{op}: {answer}")
        return answer["data"]

    def decisions(self, seconds):
        """Yields (monotonic ns when it was seen, line) of what is committed, for so long."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not self.selector.select(left):
                return
            data = self.process.stdout.read(1 << 16)
            seen = time.monotonic_ns()
            if not data:
                self.fail("the daemon has ended")
            *complete, self.pending = (self.pending + data).split(b"\n")
            for line in complete:
                yield seen, line.decode()

    def stop(self, timeout=20):
        self.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            if self.process.stdout is not None and self.selector.select(0.05):
                self.process.stdout.read(1 << 16)
            elif self.process.stdout is None:
                time.sleep(0.01)
            if time.monotonic() > deadline:
                self.fail("the daemon does not stop")
        if self.process.returncode != 0:
            self.fail(f"the daemon ended with {self.process.returncode}")


def replay(binary, desk, timeout=300):
    """A desk with a csv feed, to the end of its data; the summary, which has the shape of `orrery status`."""
    done = subprocess.run([binary, "run", str(desk.path), "--until-feeds-end", "--json", "--quiet"],
                          capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Failure(f"orrery run ended with {done.returncode}: {done.stderr[-1500:]}")
    return json.loads(done.stdout)["data"]
