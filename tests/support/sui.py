"""A Sui full node's GraphQL service for tests (sui_node/): see control.mjs there for what can be told to it.

    with SuiNode(endpoints=2) as node:
        coin = node.coins(address, 10**9)[0]
        ... node.url ...
        node.fault("silent", when="after", match="execute")
        assert node.ledger()["transactions"][0]["submits"] == 1

kill() and restart() keep the chain; what was switched on to go wrong is off again after a restart. A node that ended by
itself, or that met a defect of its own, is a failure at the end of the `with`.
"""
import fcntl
import http.client
import json
import os
import platform
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import processes
import servers
import tls_front

SOURCES = servers.HERE / "sui_node"
OLDEST_NODE = 20
NEWER_NODE = "22.23.3"
PACKAGES = ("package.json", "package-lock.json")


class Refused(servers.Failed):
    """The control endpoint did not take what it was told."""


def version_of(program):
    text = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip()
    return int(text.lstrip("v").split(".")[0] or 0)


def tools():
    return Path(os.environ.get("ORRERY_TOOLS") or servers.REPO / "build" / "tools")


def node_js():
    """The program; where the system's own is too old (Debian 12 has 18), one that npm has."""
    path = servers.need("node", "nodejs")
    if version_of(path) >= OLDEST_NODE:
        return path
    system = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    if system is None:
        raise servers.Missing(f"{path} is too old: the Sui test node needs Node.js {OLDEST_NODE} or newer")
    folder = tools() / "node"
    program = folder / "node_modules" / f"node-linux-{system}" / "bin" / "node"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            servers.install_by_npm(folder, f"node-linux-{system}@{NEWER_NODE}", program)
    return program


def packages():
    """The folder in which npm has installed what the node needs: build/tools/sui_node, filled by the first."""
    node_js()
    folder = tools() / "sui_node"
    wanted = "".join((SOURCES / name).read_text() for name in PACKAGES)
    stamp = folder / "installed"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            for name in PACKAGES:
                shutil.copy(SOURCES / name, folder / name)
            servers.run_npm(folder, "the Sui SDK", "ci")
            stamp.write_text(wanted)
    return folder / "node_modules"


def install(folder):
    """The node's program with its packages, in `folder`; other scripts there may use the same packages."""
    modules = packages()
    folder.mkdir(exist_ok=True)
    for source in SOURCES.glob("*.mjs"):
        shutil.copy(source, folder / source.name)
    (folder / "node_modules").symlink_to(modules)


class SuiNode(servers.Server):
    """`endpoints`: how many addresses the service has (urls). `chain`: the digest of its genesis, else a random one.
    `tls`: a servers.Certificates; then the urls are https://."""

    name = "sui"

    def __init__(self, endpoints=1, chain=None, epoch=500, gas_price=1000, tls=None):
        super().__init__()
        self.count = endpoints
        self.tls = tls
        self.may_die = False  # it was told to
        self.options = [f"--epoch={epoch}", f"--gas-price={gas_price}", *([f"--chain={chain}"] if chain else [])]
        if tls is not None:
            self.options += [f"--cert={tls.folder / 'server.crt'}", f"--key={tls.folder / 'server.key'}"]
        self.ports = None

    def prepare(self):
        install(self.folder / "app")

    def run(self):
        if self.ports is None or self.ports[0] != self.port:
            self.ports = [self.port, *(servers.free_port() for _ in range(self.count))]
        super().run()
        self.may_die = False

    def check(self):
        """Failed when it ended by itself or met a defect of its own."""
        if self.guard is not None and not self.running() and not self.may_die:
            raise servers.Failed(f"the Sui test node ended by itself: {self.tail()}")
        if self.running() and (defects := self.ledger()["defects"]):
            raise servers.Failed(f"the Sui test node has defects: {defects}")

    def __exit__(self, kind, *more):
        try:
            if kind is None:
                self.check()
        finally:
            super().__exit__(kind, *more)

    def command(self):
        endpoints = [f"--endpoint={port}" for port in self.ports[1:]]
        return [node_js(), self.folder / "app" / "main.mjs", f"--data={self.folder / 'chain'}",
                f"--control={self.port}", *endpoints, *self.options]

    def answers(self):
        try:
            return all(self.get("/health")["endpoints"])
        except (OSError, http.client.HTTPException):
            return False

    # ---- addresses ----

    @property
    def urls(self):
        scheme = "http" if self.tls is None else "https"
        return [f"{scheme}://127.0.0.1:{port}/graphql" for port in self.ports[1:]]

    @property
    def url(self):
        return self.urls[0]

    @property
    def base(self):
        """Of /control and /ledger, and of /graphql where nothing goes wrong and that is never behind."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def truth(self):
        return f"{self.base}/graphql"

    @property
    def extra(self):
        """More for the environment of a command beside it (with_servers.py)."""
        return {"ORRERY_SUI_CONTROL": self.base}

    # ---- what tests ask and tell ----

    def get(self, path):
        with urllib.request.urlopen(self.base + path, timeout=10) as answer:
            return json.load(answer)

    def ledger(self, after=0):
        """What was executed after that checkpoint, and what was refused: see control.mjs."""
        return self.get(f"/ledger?after={after}")

    def control(self, *actions):
        """What each gave."""
        request = urllib.request.Request(self.base + "/control", json.dumps(actions).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["results"]
        except urllib.error.HTTPError as e:
            raise Refused(e.read().decode(errors="replace")) from None

    def do(self, action, **more):
        return self.control({"do": action, **more})[0]

    def fault(self, kind, **more):
        self.may_die = self.may_die or kind in ("die", "tear")
        return self.do("fault", kind=kind, **more)

    def coins(self, owner, balance, count=1, **more):
        """Their references: [{objectId, version, digest, type, owner}]."""
        return self.do("coins", owner=owner, balance=str(balance), count=count, **more)

    def graphql(self, query, variables=None, url=None, timeout=30):
        """The whole answer."""
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        request = urllib.request.Request(url or self.url, body, {"Content-Type": "application/json"})
        trusted = self.tls and ssl.create_default_context(cafile=self.tls.ca)
        with urllib.request.urlopen(request, timeout=timeout, context=trusted) as answer:
            return json.load(answer)


def predict_targets(package, price=(1, 2), funds=7, position=9, withdraw=3):
    """What the calls of DeepBook Predict (testnet 4-16) do: a position costs quantity × price of the manager, an object
    of kind "vault". The abort codes: of a mint without the funds, a redeem without the position, a withdrawal of too
    much."""
    def trade(kind, key):
        model = {"kind": kind, "vault": 1, "key": 3, "quantity": 4, "price": list(price), "funds": funds,
                 "position": position}
        return {"typeArguments": 1, "params": ["&mut", "&mut", "&", f"value:{key}", "u64", "&"], "model": model}

    def manager(params, **model):
        return {"typeArguments": 1, "params": ["&mut", params], "model": {"vault": 0, **model}}

    calls = {
        "market_key::new": {"params": ["id", "u64", "u64", "bool"], "returns": ["value:MarketKey"]},
        "range_key::new": {"params": ["id", "u64", "u64", "u64"], "returns": ["value:RangeKey"]},
        "predict::mint": trade("mint", "MarketKey"), "predict::redeem": trade("redeem", "MarketKey"),
        "predict::mint_range": trade("mint", "RangeKey"), "predict::redeem_range": trade("redeem", "RangeKey"),
        "predict_manager::deposit": manager("coin:T0", kind="deposit", coin=1),
        "predict_manager::withdraw": manager("u64", kind="withdraw", amount=1, funds=withdraw),
    }
    return {f"{package}::{name}": target for name, target in calls.items()}


class Sdk:
    """The official SDK beside a test: sui_node/sdk.mjs says what can be asked of it. `folder`: made for it."""

    def __init__(self, folder):
        install(Path(folder))
        self.process = subprocess.Popen([node_js(), str(Path(folder) / "sdk.mjs")], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, preexec_fn=processes.die_with_parent)

    def do(self, action, **more):
        self.process.stdin.write(json.dumps({"do": action, **more}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise SdkError(answer["error"])
        return answer["result"]

    def client(self, url, method, **options):
        return self.do("client", url=url, method=method, options=options)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class SdkError(Exception):
    """What the SDK threw."""


class SuiNodeBeside(SuiNode):
    """Beside a command (with_servers.py): with three endpoints, ORRERY_SUI_URLS with spaces between, and the first behind
    TLS, too: ORRERY_SUI_TLS_URL, its authority in the file ORRERY_SUI_CA."""

    def __init__(self):
        super().__init__(endpoints=3)

    @property
    def extra(self):
        certificates = servers.Certificates(self.folder / "tls")
        front = tls_front.TlsFront(certificates, self.ports[1])
        return super().extra | {"ORRERY_SUI_URLS": " ".join(self.urls), "ORRERY_SUI_CA": str(certificates.ca),
                                "ORRERY_SUI_TLS_URL": f"https://localhost:{front.port}/graphql"}


servers.KINDS[SuiNode.name] = SuiNodeBeside
