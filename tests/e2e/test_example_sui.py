"""examples/sui_testnet beside the Sui test node: the steps of its README, in their order, with the commands of its README.
What a user would fill in for the testnet is filled in for the test node; nothing else is changed but how often it ticks."""
import contextlib
import http.server
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import pytest

import sui
from conftest import started
from support import BINARY, CONFIGURATION, NOT_FOUND, OK, PATIENCE, REPO, Desk

PACKAGE = "0x" + "c4" * 32
QUOTE = "0x" + "e9" * 32 + "::dusdc::DUSDC"
IDS = ("package", "predict", "quote", "manager", "coin")
CREATE = f"{PACKAGE}::predict::create_manager"
MANAGER = f"{PACKAGE}::predict_manager::PredictManager"
TARGETS = sui.predict_targets(PACKAGE) | {
    CREATE: {"params": [], "returns": ["value:ID"], "creates": [{"type": MANAGER, "owner": "shared"}]}}


@pytest.fixture(scope="module")
def node():
    with started(sui.SuiNode(endpoints=2)) as made:
        made.do("targets", targets=TARGETS)
        yield made


@contextlib.contextmanager
def ticker():
    """A price that rises with every answer, in the form of the exchange that the example asks."""
    class Answer(http.server.BaseHTTPRequestHandler):
        price = 100000.0

        def do_GET(self):
            Answer.price += 10
            body = json.dumps({"data": {"amount": f"{Answer.price:.2f}", "base": "BTC", "currency": "USD"}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v2/prices/BTC-USD/spot"
        server.shutdown()


class Example(Desk):
    """The example in a copy, and what there is of it on the chain."""

    def __init__(self, path, node, price_url):
        shutil.copytree(REPO / "examples" / "sui_testnet", path, ignore=shutil.ignore_patterns("data", "keys"))
        super().__init__(path)
        self.node, self.price_url = node, price_url

    def edit(self, name, *changes):
        text = (self.path / name).read_text()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        (self.path / name).write_text(text)

    def make_key(self):
        made = self.cli("keys", "new", "operator")
        assert made.code == OK, made.err
        self.address = re.search(r"^address +(0x[0-9a-f]{64})$", made.out, re.M)[1]
        return made

    def fund(self, gas=10**9, quote=20_000_000):
        """As the faucet, the form for dUSDC and `predict::create_manager` do; the ids to be filled in."""
        self.node.coins(self.address, gas)
        self.coin = self.node.coins(self.address, quote, type=QUOTE)[0]["objectId"]
        self.manager = self.node.do("object", owner="shared", kind="vault")["objectId"]
        predict = self.node.do("object", owner="shared")["objectId"]
        return {"package": PACKAGE, "predict": predict, "quote": QUOTE, "manager": self.manager, "coin": self.coin}

    def fill_in(self, ids):
        self.edit("lib/deployment.lua", *((f'{name} = "FILL IN"', f'{name} = "{ids[name]}"') for name in IDS))
        self.edit("lib/deployment.lua",
                  ('"4c78adac"', f'"{self.chain()}"'),
                  ('"https://graphql.testnet.sui.io/graphql"', ", ".join(f'"{url}"' for url in self.node.urls)),
                  ("https://api.coinbase.com/v2/prices/BTC-USD/spot", self.price_url), ('every = "5s"', 'every = "500ms"'))

    def ask_as_the_readme(self, **words):
        """The GraphQL queries of the README in their order, with `words` in the place of its capital ones; the answers."""
        text = (self.path / "README.md").read_text()
        queries = re.findall(r"curl -s https://graphql\.testnet\.sui\.io/graphql .*\\\n +-d '(.*)'", text)
        assert len(queries) == text.count("curl -s https://graphql")
        for query in queries:
            for word, value in words.items():
                query = query.replace(word, value)
            yield self.node.graphql(json.loads(query)["query"], url=self.node.truth)

    def oracles(self, *seconds):
        """A list in the form of the public server's, of new oracles that end so many seconds from now."""
        now = int(time.time() * 1000)
        return [{"oracle_id": self.node.do("object", owner="shared")["objectId"], "expiry": now + int(s * 1000),
                 "min_strike": 50_000 * 10**9, "tick_size": 10**9, "status": "active"} for s in seconds]

    def find_markets(self, listed):
        words = [sys.executable, self.path / "find_markets.py"]
        return subprocess.run(words, input=json.dumps(listed), text=True, capture_output=True)

    def quicker(self, **params):
        given = ", ".join(f"{name} = {value}" for name, value in params.items())
        self.edit("orrery.lua", ("  feeds = {", f"  plugins = {{ nudge = {{ params = {{ {given} }} }} }},\n  feeds = {{"),
                  ("every_ms = 2000", "every_ms = 50"))
        self.edit("strategies/nudge.lua", ("every_seconds = 2 }", "every_seconds = 0.1 }"))

    def chain(self):
        """The short form of its identifier, as of the public networks: 8 hex digits."""
        alphabet, number = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 0
        for letter in self.node.ledger()["chain"]:
            number = number * 58 + alphabet.index(letter)
        return number.to_bytes(32, "big")[:4].hex()

    def transactions(self):
        return [t for t in self.node.ledger()["transactions"] if t["sender"] == self.address]

    def contents(self, id):
        [found] = self.node.graphql("query($k:[ObjectKey!]!){ multiGetObjects(keys:$k){ asMoveObject{contents{json}} } }",
                                    {"k": [{"address": id}]}, url=self.node.truth)["data"]["multiGetObjects"]
        return found["asMoveObject"]["contents"]["json"]

    def position(self):
        return sum(int(entry["value"]) for entry in self.contents(self.manager)["positions"]["contents"])

    def runs(self, status):
        return self.cli("runs", "list", "--status", status, "-n", "1000", "--json").data["runs"]

    def ready(self, *args):
        self.start(*args)
        self.wait_until(lambda s: not any(v.get("obstacle") for v in s["outside"]), 20, "a vault without an obstacle")


@pytest.fixture
def price_url():
    with ticker() as url:
        yield url


@pytest.fixture
def untouched(tmp_path, node, price_url):
    """As it is shipped."""
    made = Example(tmp_path / "sui_testnet", node, price_url)
    yield made
    made.close()
    node.do("clear")


@pytest.fixture
def desk(untouched):
    """Filled in, with a market that ends in an hour."""
    untouched.make_key()
    untouched.fill_in(untouched.fund())
    untouched.find_markets(untouched.oracles(3600))
    untouched.quicker(length=3, band=0.00001, cooldown_ms=1500)
    return untouched


def test_check_says_what_is_to_be_filled_in(untouched):
    checked = untouched.cli("check")
    assert checked.code == CONFIGURATION
    assert "lib/deployment.lua: fill in coin, manager, package, predict, quote (README.md, step 3)" in checked.err
    untouched.edit("lib/deployment.lua", ('coin = "FILL IN"', 'coin = "0x7"'), ('package = "FILL IN"', f'package = "{PACKAGE}"'))
    assert "fill in manager, predict, quote (" in untouched.cli("check").err


class Reader:
    """Somebody who does what the README says: its commands, those that begin with "$ orrery", from the first to the last."""

    def __init__(self, desk):
        self.desk, self.ids = desk, {}
        self.commands = re.findall(r"^\$ orrery (.*)$", (desk.path / "README.md").read_text(), re.M)

    def step(self, expected, code=OK, **words):
        """The next command, which must be this one; `words`: what stands for what in it."""
        command = self.commands.pop(0)
        assert command == expected, f"{expected!r} was to come, but the README has {command!r}"
        for word, value in words.items():
            command = command.replace(word, value)
        command = re.sub(r"--for (\d+)s", lambda found: f"--for {int(found[1]) * PATIENCE:g}s", command)
        done = subprocess.run([BINARY, *command.split()], cwd=self.desk.path, capture_output=True, text=True, timeout=60 * PATIENCE)
        assert done.returncode == code, (command, done)
        return done.stdout + done.stderr

    def shown_run(self):
        """The run whose transaction the README shows."""
        return re.search(r"tx show (\w+)$", "\n".join(self.commands), re.M)[1]


def test_the_readme_from_its_first_command_to_its_last(untouched, node):
    desk, reader = untouched, Reader(untouched)
    desk.address = re.search(r"^address +(0x[0-9a-f]{64})$", reader.step("keys new operator"), re.M)[1]
    key = desk.path / "keys" / "operator.key"
    assert os.stat(key).st_mode & 0o777 == 0o600 and (desk.path / "keys" / ".gitignore").exists()
    ids = desk.fund()
    desk.edit("setup/orrery.lua", ('package = "FILL IN"', f'package = "{PACKAGE}"'), ('"4c78adac"', f'"{desk.chain()}"'),
              ('"https://graphql.testnet.sui.io/graphql"', f'"{node.url}"'))
    assert "(dry run) call" in reader.step("run setup --for 6s") and desk.transactions() == []
    assert "LIVE" in reader.step("run setup --live --for 6s")
    assert len(desk.transactions()) == 1 and "executed" in reader.step("tx list -C setup")
    chain, gas, coins, made = desk.ask_as_the_readme(ADDRESS=desk.address, QUOTE=QUOTE,
                                                     DIGEST=desk.transactions()[0]["digest"])
    assert chain["data"]["chainIdentifier"] == node.ledger()["chain"]
    assert len(gas["data"]["address"]["objects"]["nodes"]) == 1
    assert [one["address"] for one in coins["data"]["address"]["objects"]["nodes"]] == [ids["coin"]]
    created = [one for one in made["data"]["transaction"]["effects"]["objectChanges"]["nodes"] if one["idCreated"]]
    assert [one["outputState"]["asMoveObject"]["contents"]["type"]["repr"] for one in created] == [MANAGER]
    missing = "lib/deployment.lua: fill in coin, manager, package, predict, quote (README.md, step 3)"
    assert missing in reader.step("check", code=CONFIGURATION)
    desk.fill_in(ids)
    found = desk.find_markets(desk.oracles(3600, 7200, 10800))
    assert found.returncode == 0 and found.stdout == "3 markets in markets.lua, 3 of them new\n", found
    told = reader.step("check")
    assert "vault predict: executor sui; `orrery run` simulates, `orrery run --live` sends" in told and "warning" not in told
    desk.quicker(length=3, band=0.00001)
    assert "(dry run) pm_deposit" in reader.step("run --for 70s", **{"70s": "3s"}) and len(desk.transactions()) == 1
    assert "completed  pm_deposit" in reader.step("run --live", **{"--live": "--live --for 3s"}), "what setup/ did is the past"
    text = reader.step("tx list")
    run_id = re.search(r"^(\w+) .* predict +executed", text, re.M)[1]
    assert "(upkeep)" in text
    assert "signature   holds: it is the sender's" in reader.step(f"tx show {reader.shown_run()}", **{reader.shown_run(): run_id})
    assert json.loads(reader.step("state get nudge held"))[0]["quantity"] == 1_000_000
    desk.ready("--live")
    assert "predict  sui  live" in reader.step("status")
    desk.stop()
    assert reader.commands == []


def test_without_live_it_simulates_and_sends_nothing(desk):
    desk.ready()
    desk.wait_until(lambda s: s["counters"]["completed"] >= 2, what="two decisions")
    desk.stop()
    assert desk.transactions() == []
    for run in desk.runs("completed"):
        assert run["dry_run"] and [a["kind"] for a in run["actions"]] == ["pm_deposit", "mint_binary"]
    assert desk.cli("state", "get", "nudge", "held").code == NOT_FOUND, "hooks were not called"
    assert {"warming up", "cooling down"} <= {run["reason"] for run in desk.runs("noop")}
    assert desk.runs("failed") == desk.runs("rejected") == []


def test_live_each_decision_is_one_transaction(desk):
    desk.ready("--live")
    desk.wait_until(lambda s: s["counters"]["completed"] >= 2, what="two decisions")
    desk.stop()
    listed = desk.cli("tx", "list", "--json").data["transactions"]
    assert {t["digest"] for t in listed} == {t["digest"] for t in desk.transactions()}
    assert all(t["success"] for t in listed) and all(t["status"] == "SUCCESS" for t in desk.transactions())
    traded = [t for t in listed if t.get("vault") == "predict"]
    completed = desk.runs("completed")
    assert {t["id"] for t in traded} == {r["id"] for r in completed} and len(traded) == len(completed) >= 2
    assert desk.position() == 1_000_000 * len(traded)
    deposited = 20_000_000 - int(desk.contents(desk.coin)["balance"])
    assert deposited == 1_000_000 * len(traded), "what the manager holds is not known: each decision pays for itself"
    for tx in traded:
        text = desk.cli("tx", "show", tx["digest"]).out
        assert "predict_manager::" in text and "signature   holds: it is the sender's" in text
    held = desk.cli("state", "get", "nudge", "held", "--json").data["value"]
    assert len(held) == len(traded) and {one["quantity"] for one in held} == {1_000_000}


def test_what_the_manager_holds_is_not_deposited_again(desk):
    """Where ctx.vault can say it: a contract costs one half here, so that the second one needs half a deposit."""
    desk.edit("lib/deployment.lua", ('snapshot = { ', 'snapshot = { pm_balance = { object = "manager", at = "/balances/contents/0/value" }, '))
    desk.ready("--live")
    desk.wait_until(lambda s: s["counters"]["completed"] >= 2, what="two decisions")
    desk.stop()
    deposits = [run["actions"][0]["amount"] for run in reversed(desk.runs("completed"))]
    assert deposits[:2] == [1_000_000, 500_000] and desk.position() == 1_000_000 * len(deposits)


def test_what_was_bought_is_collected_when_its_market_is_over(desk):
    listed = desk.oracles(6 * PATIENCE)
    (desk.path / "lib" / "markets.lua").write_text("return {\n}\n")
    assert desk.find_markets(listed).returncode == 0
    desk.edit("orrery.lua", ("cooldown_ms = 1500", "cooldown_ms = 60000, min_left_ms = 0, settle_ms = 500"))
    desk.ready("--live")
    desk.wait_until(lambda s: desk.position() == 1_000_000, what="a position")
    desk.wait_until(lambda s: desk.position() == 0, what="its end")
    desk.wait_until(lambda s: desk.state("nudge").get("held") == [] or desk.state("nudge").get("held") == {}, what="the hook")
    desk.stop()
    kinds = [[a["kind"] for a in run["actions"]] for run in reversed(desk.runs("completed"))]
    assert kinds == [["pm_deposit", "mint_binary"], ["redeem_binary"]]


def test_no_more_than_the_maximum_becomes_a_transaction(desk):
    desk.edit("orrery.lua", ("params = { length", "params = { quantity = 3000000, length"))
    desk.ready("--live")
    desk.wait_until(lambda s: s["counters"]["rejected"] >= 1, what="a rejection")
    desk.stop()
    assert "2000000" in desk.runs("rejected")[0]["error"]["message"]
    assert desk.position() == 0


def test_markets_are_added_and_kept(desk):
    again = desk.find_markets(desk.oracles(60, 7200) + [{"status": "settled"}])
    assert again.stdout == "3 markets in markets.lua, 2 of them new\n"
    file = desk.path / "lib" / "markets.lua"
    lines = file.read_text().splitlines(keepends=True)
    days = [int(time.time() * 1000) - day * 86400_000 for day in (1, 8)]
    file.write_text("".join(lines[:2] + [re.sub(r"\b1\d{12}\b", str(day), lines[2]) for day in days] + lines[2:]))
    many = desk.find_markets([{**desk.oracles(9000)[0], "expiry": int(time.time() * 1000) + 10**7 + n} for n in range(300)])
    assert many.stdout == "101 markets in markets.lua, 97 of them new\n", "one that is over for a day, none for a week"
    assert str(days[0]) in file.read_text() and str(days[1]) not in file.read_text()
    assert desk.cli("check").code == OK
    for wrong in ([{"status": "active"}], {"error": "not found"}, [3]):
        refused = desk.find_markets(wrong)
        assert refused.returncode == 1 and refused.stderr.startswith("find_markets.py: "), refused


def test_a_foreign_transaction_halts_it(desk):
    desk.edit("orrery.lua", ('endpoints = deployment.endpoints,', 'endpoints = deployment.endpoints, foreign_every = "200ms",'))
    desk.ready("--live")
    desk.wait_until(lambda s: s["counters"]["completed"] >= 1, what="a decision")
    foreign = desk.node.do("foreign", sender=desk.address)
    desk.wait_until(lambda s: "halted" in str(s["outside"][0].get("obstacle")), 20, "the halt")
    assert foreign["digest"] in desk.cli("status").out
    desk.stop()


def test_what_the_manual_shows_is_accepted(tmp_path):
    """The Lua of docs/sui.md, with ids filled in."""
    blocks = re.findall(r"```lua\n(.*?)```", (REPO / "docs" / "sui.md").read_text(), re.S)
    whole, tables, template, snapshot = blocks
    sui_table = re.search(r"^  sui = \{.*?^  \},$", whole, re.M | re.S)[0]
    market = 'markets = { ["btc:1764547200000"] = { oracle = { id = "0x…", shared = true } } },'
    vault = 'return { %s vaults = { v = { executor = "sui", operator = "main", %s } } }'
    made = "objects = mine.objects, calls = mine.calls, " + market + snapshot.replace('"coin"', '"predict"')
    desk = Desk(tmp_path)
    desk.add("t", 'return action.noop("nothing")')
    for text in (whole.replace("    predict = {", "    v = {"), vault % (sui_table, tables),
                 'local predict = require "orrery.sui_predict"\n' + template + vault % (sui_table, made)):
        ids = itertools.count(0xabc)
        desk.write("orrery.lua", re.sub("0x…", lambda _: hex(next(ids)), text))
        checked = desk.cli("check")
        assert checked.code == OK and "warning" not in checked.out + checked.err, checked
