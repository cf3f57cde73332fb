"""A user's executor for the webhook executor's tests: it keeps a ledger on disk, checks every signature with Python's own
hmac, and does what it is told to do wrong.

    with WebhookServer() as server:
        ... server.url, server.secret ...
        server.fault("silent", when="after", match="post")
        assert server.ledger()["batches"][key]["executions"] == 1

Of the service:  POST /batches   GET /batches/KEY   POST /simulate   GET /vault
Of the tests:    POST /control [{"do": …}, …]       GET /ledger

What /control does
    clear                                no faults, no rules; the ledger stays
    fault kind … (FAULTS) match=post|lookup|simulate|snapshot, when=before|after executing, times=1
    rule status=…, error=…, outcome=…    what becomes of batches from now on; pending: until `finish`
    finish key                           a pending batch is executed
    forget key                           as if it had never come
    vault document                       what GET /vault says
    secret text                          another one
`defects` of the ledger are wrong requests: a bad signature, a key that is not the body's, a simulation that was sent to be
executed; `silent`: how many requests are being left without an answer. kill() and restart() keep the ledger.
"""
import argparse
import hashlib
import hmac
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import servers

SECRET = "the-secret-of-the-tests-1234"
DEAD = 86  # exit code of a fault: the supervisor starts it again
FAULTS = ("silent", "reset", "status", "garbage", "empty", "wrong_key", "no_key", "huge", "redirect", "die", "slow")


class Ledger:
    """Every batch by its key. A line is on disk before anybody is told."""

    def __init__(self, path):
        self.lock = threading.RLock()
        self.batches, self.defects, self.requests = {}, [], []
        self.file = open(path, "a+")
        self.file.seek(0)
        for line in self.file.read().splitlines():
            self.apply(json.loads(line))

    def apply(self, event):
        batch = self.batches.setdefault(event["key"], {"executions": 0, "posts": 0, "status": "unknown"})
        if event["what"] == "forgotten":
            del self.batches[event["key"]]
            return
        batch["posts"] += event["what"] == "post"
        batch["executions"] += event.get("status") == "executed"
        batch.update({name: event[name] for name in ("status", "body", "outcome", "error") if name in event})

    def write(self, **event):
        with self.lock:
            self.file.write(json.dumps(event) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())
            self.apply(event)


class State:
    """What the tests have told it."""

    def __init__(self, path, secret):
        self.ledger = Ledger(path)
        self.secret = secret
        self.faults, self.rule, self.vault = [], {"status": "executed"}, {}
        self.lock = threading.Lock()
        self.let_go = threading.Event()
        self.silent = 0  # requests that get no answer now

    def take_fault(self, match, when):
        with self.lock:
            for fault in self.faults:
                if fault["match"] == match and fault["when"] == when:
                    fault["times"] -= 1
                    if fault["times"] == 0:
                        self.faults.remove(fault)
                    return fault
        return None

    def do(self, action):
        what = action.pop("do")
        if what == "clear":
            self.let_go.set()
            self.let_go = threading.Event()
            self.faults, self.rule = [], {"status": "executed"}
        elif what == "fault" and action.get("kind") in FAULTS:
            self.faults.append({"match": "post", "when": "before", "times": 1, **action})
        elif what == "rule":
            self.rule = action
        elif what == "finish":
            self.ledger.write(what="finish", status="executed", outcome=action.get("outcome", {}), key=action["key"])
        elif what == "forget":
            self.ledger.write(what="forgotten", key=action["key"])
        elif what == "vault":
            self.vault = action["document"]
        elif what == "secret":
            self.secret = action["text"]
        else:
            raise ValueError(f"unknown: {what} {action}")


class Hang(Exception):
    """The connection ends without an answer."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state = None

    def log_message(self, *_):
        pass

    # ---- answers ----

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def break_connection(self):
        self.close_connection = True
        raise Hang

    def misbehave(self, match, when, key):
        """True: the answer has been given."""
        fault = self.state.take_fault(match, when)
        if fault is None:
            return False
        kind = fault["kind"]
        if kind == "silent":
            self.state.silent += 1
            self.state.let_go.wait(60)
            self.state.silent -= 1
            self.break_connection()
        if kind == "reset":
            self.break_connection()
        if kind == "die":
            time.sleep(fault.get("ms", 0) / 1000)
            os._exit(DEAD)
        if kind == "slow":
            time.sleep(fault["ms"] / 1000)
            return False
        headers = [("Retry-After", str(fault["retry_after"]))] if "retry_after" in fault else []
        executed = {"key": key, "status": "executed"}
        answers = {
            "status": (fault.get("status", 500), fault.get("body", {"oops": True})),
            "garbage": (200, b'{"status":"executed",'),
            "empty": (200, b""),
            "wrong_key": (200, {**executed, "key": "0" * 64}),
            "no_key": (200, {"status": "executed"}),
            "huge": (200, {**executed, "outcome": {"x": "y" * fault.get("bytes", 1 << 20)}}),
            "redirect": (307, b""),
        }
        if kind == "redirect":
            headers = [("Location", "/elsewhere")]
        self.answer(*answers[kind], headers)
        return True

    # ---- requests ----

    def defect(self, text):
        self.state.ledger.defects.append(text)

    def signed(self, content):
        """Whether the request's signature fits."""
        timestamp = self.headers.get("X-Orrery-Timestamp", "")
        mac = hmac.new(self.state.secret.encode(), timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()
        return hmac.compare_digest(self.headers.get("X-Orrery-Signature", ""), f"v1={mac}")

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def entry(self, key):
        batch = self.state.ledger.batches.get(key)
        if batch is None or batch["status"] == "unknown":
            return 404, {"key": key, "status": "unknown"}
        out = {"key": key, **{name: batch[name] for name in ("status", "outcome", "error") if name in batch}}
        return {"refused": 422, "pending": 202}.get(batch["status"], 200), out

    def checked(self, data):
        """The key of a POST; None when it was answered already."""
        key = self.headers.get("Idempotency-Key", "")
        if not self.signed(data):
            self.answer(401, {"oops": "signature"})
            return None
        if hashlib.blake2b(data, digest_size=32).hexdigest() != key:
            self.defect(f"key {key} is not the body's")
        return key

    def post_batch(self):
        data = self.body()
        key = self.checked(data)
        if key is None or self.misbehave("post", "before", key):
            return
        if json.loads(data)["mode"] != "execute":
            self.defect("a simulation was sent to be executed")
        ledger = self.state.ledger
        with ledger.lock:
            seen = ledger.batches.get(key, {"status": "unknown"})["status"] != "unknown"
            fresh = {} if seen else self.state.rule
            if fresh.get("status") == "conflict":
                fresh = {"status": "executed", "outcome": {}}
                seen = True
            ledger.write(what="post", key=key, body=data.decode(), **fresh)
        if self.misbehave("post", "after", key):
            return
        if seen and self.state.rule.get("status") == "conflict":
            self.answer(409, {"oops": "conflict"})
            return
        self.answer(*self.entry(key))

    def post_simulation(self):
        data = self.body()
        key = self.checked(data)
        if key is None or self.misbehave("simulate", "before", key):
            return
        if json.loads(data)["mode"] != "simulate":
            self.defect("a batch was sent to be simulated")
        rule = self.state.rule
        if rule["status"] == "executed":
            self.answer(200, {"key": key, "status": "accepted", "outcome": {"would": True}})
        else:
            self.answer(200, {"key": key, **rule})

    def control(self):
        actions = json.loads(self.body())
        try:
            for action in actions if isinstance(actions, list) else [actions]:
                self.state.do(action)
        except (KeyError, ValueError) as e:
            self.answer(400, {"error": str(e)})
            return
        self.answer(200, {})

    def do_POST(self):
        self.handled({"/batches": self.post_batch, "/simulate": self.post_simulation, "/control": self.control})

    def get_vault(self):
        if not self.signed(b""):
            self.answer(401, {"oops": "signature"})
        elif not self.misbehave("snapshot", "before", ""):
            self.answer(200, self.state.vault)

    def get_ledger(self):
        ledger = self.state.ledger
        with ledger.lock:
            self.answer(200, {"batches": ledger.batches, "defects": ledger.defects, "silent": self.state.silent})

    def get_batch(self):
        key = self.path.rpartition("/")[2]
        if not self.signed(key.encode()):
            self.answer(401, {"oops": "signature"})
        elif not self.misbehave("lookup", "before", key):
            self.answer(*self.entry(key))

    def do_GET(self):
        known = {"/vault": self.get_vault, "/ledger": self.get_ledger, "/health": lambda: self.answer(200, {})}
        self.handled({self.path: self.get_batch, **known} if self.path.startswith("/batches/") else known)

    def handled(self, table):
        handler = table.get(self.path)
        try:
            if handler is None:
                self.body()
                self.answer(404, {"oops": "no such place"})
            else:
                handler()
        except Hang:
            pass
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


def serve(port, data, secret):
    Handler.state = State(data, secret)
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        server.serve_forever()


def supervise(arguments):
    """Starts the service again when a fault has ended it."""
    while (code := subprocess.run([sys.executable, __file__, "--serve", *arguments]).returncode) == DEAD:
        time.sleep(0.2)
    sys.exit(code)


class WebhookServer(servers.Server):
    name = "webhook"

    def __init__(self, secret=SECRET):
        super().__init__()
        self.secret = secret

    def command(self):
        return [sys.executable, Path(__file__).resolve(), f"--port={self.port}",
                f"--data={self.folder / 'ledger.jsonl'}", f"--secret={self.secret}"]

    def answers(self):
        try:
            return self.get("/health") == {}
        except OSError:
            return False

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"{self.base}/batches"

    @property
    def extra(self):
        return {"ORRERY_WEBHOOK_SECRET": self.secret}

    def get(self, path):
        with urllib.request.urlopen(self.base + path, timeout=10) as answer:
            return json.load(answer)

    def ledger(self):
        return self.get("/ledger")

    def control(self, *actions):
        request = urllib.request.Request(self.base + "/control", json.dumps(actions).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def do(self, action, **more):
        return self.control({"do": action, **more})

    def fault(self, kind, **more):
        return self.do("fault", kind=kind, **more)


servers.KINDS[WebhookServer.name] = WebhookServer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--secret", default=SECRET)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.port, chosen.data, chosen.secret)
    else:
        supervise(sys.argv[1:])


if __name__ == "__main__":
    main()
