#!/usr/bin/env python3
"""A webhook executor to start from: a toy venue with a cash balance and coins, in one SQLite file.

    executor.py [--data FOLDER] [--port 8470]

What it must do is in docs/webhook.md, and it is little:
  1. check the signature of every request;
  2. execute a batch once per idempotency key, however often it comes, also after a crash of this program;
  3. answer with the key, and only what is certain.

Rule 2 is one transaction here: the key, what the batch does and the answer are committed together. On a real venue it
takes two steps, because the venue is outside of your database:
  - commit the key as "pending";
  - place the orders with client order ids made from the key ("KEY-1", "KEY-2"): the venue itself refuses a second one;
  - commit what became of them.
After a crash, whatever is still "pending" is asked of the venue by those ids, and only what the venue never saw is placed
again. Meanwhile the answer is {"status": "pending"}.
"""
import argparse
import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import sqlite3
import time
from pathlib import Path

TABLES = (
    "batches(key TEXT PRIMARY KEY, body TEXT NOT NULL, answer TEXT NOT NULL)",
    "orders(id INTEGER PRIMARY KEY, key TEXT NOT NULL, side TEXT, lots INTEGER, price INTEGER)",
    "account(cash INTEGER NOT NULL, coins INTEGER NOT NULL)",
)
FIRST_CASH = 10_000_000
OLD_MS = 10 * 60 * 1000  # a batch that comes first when it is older than this is not executed any more
MAX_BYTES = 300_000


class Refused(Exception):
    """A reason not to execute a batch. It is final, and the strategy hears of it."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Venue:
    def __init__(self, path):
        self.path = path
        with self.database() as db:
            for table in TABLES:
                db.execute(f"CREATE TABLE IF NOT EXISTS {table}")
            if db.execute("SELECT count(*) FROM account").fetchone()[0] == 0:
                db.execute("INSERT INTO account VALUES (?, 0)", (FIRST_CASH,))

    @contextlib.contextmanager
    def database(self, keep=True):
        """One transaction; all of it is on disk when it ends, or nothing. One at a time: a second POST with the same
        key waits here, and then finds it."""
        db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        try:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT" if keep else "ROLLBACK")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        finally:
            db.close()

    def order(self, db, key, side, lots, price):
        if side not in ("buy", "sell") or not all(type(n) is int and 0 < n < 10**12 for n in (lots, price)):
            raise Refused("BAD_ORDER", "expected side buy or sell, lots and price above 0")
        sign = 1 if side == "buy" else -1
        cash, coins = db.execute("SELECT cash - ?, coins + ? FROM account", (sign * lots * price, sign * lots)).fetchone()
        if cash < 0:
            raise Refused("NO_FUNDS", f"{lots} lots at {price} cost more cash than there is")
        if coins < 0:
            raise Refused("NO_COINS", f"{lots} lots are more than there are")
        db.execute("UPDATE account SET cash = ?, coins = ?", (cash, coins))
        db.execute("INSERT INTO orders(key, side, lots, price) VALUES (?, ?, ?, ?)", (key, side, lots, price))
        return {"side": side, "lots": lots, "price": price}

    def apply(self, db, key, batch):
        """All actions or none: what is raised rolls back."""
        fills = []
        for action in batch["actions"]:
            if action["kind"] != "call" or action["target"] != "order":
                raise Refused("UNSUPPORTED", f"this venue has no {action['kind']} {action.get('target', '')}".strip())
            fills += [self.order(db, key, *(order.get(n) for n in ("side", "lots", "price"))) for order in action["arguments"]]
        return {"fills": fills}

    def judge(self, key, batch, keep):
        """What would become, or becomes, of a batch."""
        try:
            with self.database(keep) as db:
                outcome = self.apply(db, key, batch)
                answer = {"key": key, "status": "executed" if keep else "accepted", "outcome": outcome}
                if keep:
                    self.remember(db, key, batch, answer)
                return answer
        except Refused as e:
            return {"key": key, "status": "refused", "error": {"code": e.code, "message": str(e)}}

    @staticmethod
    def remember(db, key, batch, answer):
        db.execute("INSERT INTO batches VALUES (?, ?, ?)", (key, json.dumps(batch), json.dumps(answer)))

    def known(self, key):
        with self.database() as db:
            row = db.execute("SELECT answer FROM batches WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def execute(self, key, batch):
        answer = self.known(key)
        if answer is not None:
            return answer
        if time.time() * 1000 - batch["created"] > OLD_MS:
            answer = {"key": key, "status": "never", "error": {"code": "TOO_OLD", "message": "it came too late"}}
        else:
            try:
                answer = self.judge(key, batch, keep=True)
            except sqlite3.IntegrityError:  # the same key at the same time: the other one was first
                return self.known(key)
            if answer["status"] == "executed":
                return answer
        try:  # a refusal is as final as an execution, so it is kept as well
            with self.database() as db:
                self.remember(db, key, batch, answer)
        except sqlite3.IntegrityError:
            return self.known(key)
        return answer

    def vault(self):
        with self.database() as db:
            cash, coins = db.execute("SELECT cash, coins FROM account").fetchone()
            return {"cash": cash, "coins": coins, "orders": db.execute("SELECT count(*) FROM orders").fetchone()[0]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    venue = None
    secret = b""

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def is_signed(self, content):
        timestamp = self.headers.get("X-Orrery-Timestamp", "")
        expected = hmac.new(self.secret, timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()
        return hmac.compare_digest(self.headers.get("X-Orrery-Signature", ""), "v1=" + expected)

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= MAX_BYTES:
            self.close_connection = True
            return self.answer(413, {"error": "too long"})
        body = self.rfile.read(length)
        if not self.is_signed(body):
            return self.answer(401, {"error": "signature"})
        key, batch = hashlib.blake2b(body, digest_size=32).hexdigest(), json.loads(body)
        if self.path == "/batches" and batch["mode"] == "execute":
            answer = self.venue.execute(key, batch)
        elif self.path == "/simulate" and batch["mode"] == "simulate":
            answer = self.venue.judge(key, batch, keep=False)
        else:
            return self.answer(404, {"error": "no such place for this"})
        self.answer(422 if answer["status"] == "refused" else 200, answer)

    def do_GET(self):
        if self.path == "/vault":
            return self.answer(200, self.venue.vault()) if self.is_signed(b"") else self.answer(401, {"error": "signature"})
        key = self.path.removeprefix("/batches/")
        if not self.is_signed(key.encode()):
            return self.answer(401, {"error": "signature"})
        answer = self.venue.known(key)
        if answer is None:
            return self.answer(404, {"key": key, "status": "unknown"})
        self.answer(422 if answer["status"] == "refused" else 200, answer)

    def log_request(self, code="-", size="-"):
        if self.command == "POST":
            super().log_request(code, size)


def shared_secret(path):
    """Made by whoever comes first; nobody else can read it."""
    with contextlib.suppress(FileExistsError):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(os.urandom(32)) + b"\n")
    return path.read_bytes().strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parent / "data")
    parser.add_argument("--port", type=int, default=8470)
    chosen = parser.parse_args()
    chosen.data.mkdir(exist_ok=True)
    Handler.secret = shared_secret(chosen.data / "webhook.secret")
    Handler.venue = Venue(chosen.data / "venue.db")
    with http.server.ThreadingHTTPServer(("127.0.0.1", chosen.port), Handler) as server:
        print(f"listening on http://127.0.0.1:{chosen.port}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
