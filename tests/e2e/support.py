"""A desk in a folder of its own, with the real program running on it.

Everything is awaited: a condition is polled until it holds or its deadline passes; nothing sleeps and hopes.
Processes are started in groups of their own and ended by their own ids.
"""
import itertools
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import textwrap
import time
from collections import namedtuple
from pathlib import Path

try:
    from pytest import fail
except ModuleNotFoundError:  # a benchmark does without
    def fail(why):
        raise AssertionError(why)

BINARY = os.environ.get("ORRERY_BIN") or str(Path(__file__).parents[2] / "build" / "release" / "orrery")
REPO = Path(__file__).resolve().parents[2]
SHARED = REPO.parent / "shared"
# How much slower than a plain build on an idle machine this one may be: deadlines are stretched by it.
PATIENCE = float(os.environ.get("ORRERY_PATIENCE", "1"))

OK, ERROR, NOT_FOUND, NOT_RUNNING, CONFIGURATION, TIMEOUT = range(6)


class Result(namedtuple("Result", "code out err")):
    """What a command left: exit code and its two streams."""

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def data(self):
        answer = self.json
        assert answer["ok"], answer
        return answer["data"]


def wait_until(condition, timeout=20, what="the condition", every=0.01):
    """Polls until `condition()` is true and returns its value; fails at the deadline."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            fail(f"{what} did not come about within {timeout * PATIENCE:g} s; last seen: {value!r}")
        time.sleep(every)


def run(*args, timeout=60, cwd=None, env=None, stdin=None):
    """The program with these arguments, to its end."""
    done = subprocess.run([BINARY, *map(str, args)], capture_output=True, text=True, cwd=cwd, input=stdin,
                          timeout=timeout * PATIENCE, env={**os.environ, **(env or {})}, errors="replace")
    return Result(done.returncode, done.stdout, done.stderr)


def seeded(name):
    """A random generator whose seed is printed, and taken from ORRERY_SEED when that is set."""
    seed = int(os.environ.get("ORRERY_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"{name}: seed {seed} (repeat with ORRERY_SEED={seed})")
    return random.Random(seed)


CONFIG = """
return {
  journal = "%(journal)s", state = %(state)s, workers = %(workers)d,
  vaults = { v = { executor = "paper", quote_balance = 1000000000000%(vault)s } },
  feeds = { btc = { kind = "sim", spot = 100000, volatility = 0.6, seed = 7, every_ms = %(feed_ms)d%(feed)s } },
  %(more)s
}
"""


def config(journal="sqlite:data/orrery.db", state='"sqlite:data/orrery.db"', workers=2, vault="", feed_ms=100, feed="",
           more=""):
    return CONFIG % locals()


def strategy(name, decide, triggers='{ kind = "manual" }', head="", more=""):
    """The text of a strategy. `decide` is the body of decide(ctx)."""
    body = textwrap.indent(textwrap.dedent(decide).strip(), "    ")
    return (f'local action = require "orrery.action"\n{head}\nreturn {{\n  name = "{name}", vault_id = "v",\n'
            f'  triggers = {{ {triggers} }},\n  {more}\n  decide = function(ctx)\n{body}\n  end,\n}}\n')


def every(seconds, more=""):
    return f'{{ kind = "cron", every_seconds = {seconds}{more} }}'


COUNT = """
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    return action.noop("n=" .. n)
"""


class Desk:
    """A desk's folder and, between start() and its end, the daemon on it."""

    def __init__(self, path):
        self.path = Path(path)
        self.process = None
        self.sessions = itertools.count(1)
        self.log_path = None
        self.requests = None  # the connection to the control socket
        (self.path / "strategies").mkdir(parents=True, exist_ok=True)

    # ---- files ----

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def configure(self, **settings):
        return self.write("orrery.lua", config(**settings))

    def add(self, name, decide, *args, **more):
        return self.write(f"strategies/{name}.lua", strategy(name, decide, *args, **more))

    # ---- the daemon ----

    def start(self, *args, env=None, preexec=None, wait=True):
        assert self.process is None, "the daemon runs already"
        self.log_path = self.path / f"session-{next(self.sessions)}.log"
        level = [] if "--log-level" in args else ["--log-level", "info"]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [BINARY, "run", str(self.path), "--quiet", *level, *map(str, args)], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True, env={**os.environ, **(env or {})}, preexec_fn=preexec)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=30):
        def answers():
            if self.process.poll() is not None:
                fail(f"the daemon ended with {self.process.returncode}:\n{self.log()}")
            try:
                return self.ask("status")["pid"] == self.process.pid
            except (OSError, ConnectionError):
                return False
        wait_until(answers, timeout, "an answer of the daemon", every=0.005)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path else ""

    def signal(self, number):
        os.kill(self.process.pid, number)

    def ended(self, timeout=30):
        """Waits for the daemon's end; its exit code."""
        try:
            code = self.process.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            fail(f"the daemon did not end within {timeout * PATIENCE:g} s:\n{self.log()[-2000:]}")
        self.process = None
        self.hang_up()
        return code

    def stop(self, timeout=30):
        """A clean stop."""
        self.signal(signal.SIGTERM)
        code = self.ended(timeout)
        assert code == OK, self.log()[-2000:]

    def kill(self):
        """As a power cut would: the core is gone, with all that it had in memory."""
        self.signal(signal.SIGKILL)
        self.ended()

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        self.hang_up()

    def children(self, role):
        """Process ids of the daemon's children in that role."""
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
            except (OSError, IndexError):
                continue
            if f"--role={role}".encode() in words and int(parent) == self.process.pid:
                found.append(int(folder.name))
        return found

    def is_stopped(self):
        try:
            state = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        return state in "Tt"

    def go_on(self):
        self.signal(signal.SIGCONT)

    # ---- asking it ----

    def hang_up(self):
        if self.requests is not None:
            self.requests.close()
        self.requests = None

    def ask(self, op, **arguments):
        """One request over the control socket; its data."""
        if self.requests is None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                s.settimeout(30 * PATIENCE)
                s.connect(str(self.path / "data" / "orrery.sock"))
                self.requests = s.makefile("rw", encoding="utf-8", newline="\n")
        try:
            self.requests.write(json.dumps({"op": op, **arguments}) + "\n")
            self.requests.flush()
            line = self.requests.readline()
        except OSError:
            self.hang_up()
            raise
        if not line:
            self.hang_up()
            raise ConnectionError("the daemon hung up")
        answer = json.loads(line)
        assert answer["ok"], answer
        return answer["data"]

    def status(self):
        return self.ask("status")

    def plugin(self, name):
        return next(p for p in self.status()["plugins"] if p["name"] == name)

    def wait_until(self, condition, timeout=20, what="the condition"):
        """Like the function, with the log when it fails; `condition` gets the status."""
        try:
            return wait_until(lambda: condition(self.status()), timeout, what)
        except (OSError, ConnectionError) as e:
            fail(f"the daemon went away ({e}) while waiting for {what}:\n{self.log()[-3000:]}")

    def cli(self, *args, timeout=60, stdin=None):
        return run("-C", self.path, *args, timeout=timeout, stdin=stdin)

    def fire(self, plugin, payload=None):
        """Fires and waits; the run."""
        more = {} if payload is None else {"payload": payload}
        return self.ask("fire", plugin=plugin, wait=True, **more)

    # ---- what is on disk ----

    def db(self, name="data/orrery.db"):
        connection = sqlite3.connect(f"file:{self.path / name}?mode=ro", uri=True, timeout=10)
        connection.row_factory = sqlite3.Row
        return connection

    def rows(self, sql, *args):
        connection = self.db()
        try:
            return connection.execute(sql, args).fetchall()
        finally:
            connection.close()

    def value(self, sql, *args):
        return self.rows(sql, *args)[0][0]

    def state(self, plugin):
        """{key: value} of a plugin as stored, expired entries included."""
        return {r["key"]: json.loads(r["value"])
                for r in self.rows("SELECT key, value FROM plugin_state WHERE plugin_name = ?", plugin)}

    def copy_of_db(self):
        """The database as it lies on disk, log included, opened elsewhere: looking changes nothing."""
        copy = self.path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in ("orrery.db", "orrery.db-wal"):
            if (self.path / "data" / name).exists():
                shutil.copy(self.path / "data" / name, copy / name)
        connection = sqlite3.connect(copy / "orrery.db")
        connection.row_factory = sqlite3.Row
        return connection
