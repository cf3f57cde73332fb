"""Nothing that is sent to the Sui test node brings it down, and what it answered survives its death."""
import base64
import http.client
import json
import socket
import time
from random import Random

import pytest

import servers
import sui
from sui_world import CHANGES, LOOKUP, is_json, later, reference, until_pending


# ---- a server that nothing brings down ----

def test_bytes_that_were_changed_on_the_way(world, sdk):
    """Whatever they say now, signed by the sender: refused or executed, and never a defect."""
    random = Random(5)
    counter = world.share()
    commands = [{"split": "gas", "amounts": [{"u64": "5"}, {"u64": "6"}]},
                {"merge": {"result": [0, 0]}, "from": [{"result": [0, 1]}]},
                {"transfer": [{"result": [0, 0]}], "to": {"address": "0x5"}}, world.call("counter::up", counter)]
    for _ in range(CHANGES):
        tx = world.build(commands, gas=[world.node.coins(world.address, 10**9)[0]])
        changed = bytearray(base64.b64decode(tx["bytes"]))
        for _ in range(random.choice((1, 1, 2, 4))):
            value = random.choice((0, 1, 2, 3, 5, 127, 128, 255, random.randrange(256)))
            changed[random.randrange(len(changed))] = value
        data = base64.b64encode(changed).decode()
        answer = world.submit({"bytes": data, "signatures": [sdk.do("sign", seed=world.seed, bytes=data)]})
        assert all(e["extensions"]["code"] == "BAD_USER_INPUT" for e in answer.get("errors", [])), (data, answer)
        done = answer["data"] and answer["data"]["executeTransaction"]["effects"]["status"]
        assert done in (None, "SUCCESS", "FAILURE")


def test_a_type_that_is_nested_too_deeply(world, sdk):
    tx = world.build([world.call("free::anything", types=["vector<u8>"])])
    whole = base64.b64decode(tx["bytes"])
    at = whole.index(b"anything\x01\x06\x01") + 9
    for depth in (100, 10_000, 120_000):
        data = base64.b64encode(whole[:at] + b"\x06" * depth + whole[at + 1:]).decode()
        answer = world.submit({"bytes": data, "signatures": [sdk.do("sign", seed=world.seed, bytes=data)]})
        assert "errors" not in answer or answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def exchange(port, data):
    """All that the server sends back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        received = b""
        while part := s.recv(65536):
            received += part
        return received


def post(body, path=b"/graphql", kind=b"application/json"):
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (path, kind, len(body)) + body


@pytest.mark.parametrize("data, status", [
    (post(b"{"), 400), (post(b"[]"), 400), (post(b"null"), 400), (post(b'"x"'), 400), (post(b"\xff\xfe"), 400),
    (post(b"{}"), 200), (post(b'{"query":7}'), 200), (post(b'{"query":"{chainIdentifier}","variables":[1]}'), 400),
    (post(b'{"query":"{chainIdentifier}","variables":"x"}'), 400),
    (post(b'{"query":"{chainIdentifier}","operationName":{}}'), 400),
    (post(b"{}", path=b"/nosuch"), 404), (post(b"{}", kind=b"text/plain"), 415), (post(b"x" * 600_000), 413),
    (b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
    (post(b'{"query":"' + b"{a" * 2400 + b'"}'), 200),
    (post(b'{"query":"query{__proto__}"}'), 200), (post(b'{"query":"subscription{ a }"}'), 200),
    (post(b'{"query":"query a{chainIdentifier} query b{chainIdentifier}"}'), 200), (post(b"[" * 400_000), 400),
], ids=lambda value: str(value)[-40:])
def test_requests_that_are_none(world, data, status):
    answer = exchange(world.node.ports[1], data)
    assert answer.startswith(b"HTTP/1.1 %d" % status), answer[:200]
    assert is_json(answer.partition(b"\r\n\r\n")[2])
    if status == 200:
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"]


def test_a_query_that_would_never_end(world):
    for _ in range(3):
        world.execute([world.call("counter::open")])
    fields = "version"
    for _ in range(12):
        fields = f"previousTransaction{{effects{{objectChanges(first:50){{nodes{{outputState{{{fields}}}}}}}}}}}"
    answer = world.node.graphql(f'query{{ object(address:"{world.coin["objectId"]}"){{{fields}}} }}')
    assert "too complex" in answer["errors"][0]["message"]


def test_lines_that_are_no_http(world):
    for data in (b"\x00" * 100, b"GET", b"POST /graphql HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"A" * 100_000):
        exchange_quietly(world.node.ports[1], data)
    assert world.ask("chainIdentifier")


def exchange_quietly(port, data):
    try:
        exchange(port, data)
    except OSError:
        pass  # it may cut the connection


@pytest.mark.parametrize("action, words", [
    ({"do": "nosuch"}, "expected one of"), ({"do": "__proto__"}, "expected one of"),
    ({"do": "fault", "kind": "nosuch"}, "kind"), ({"do": "fault", "kind": "slow", "bytes": 1}, "no parameter"),
    ({"do": "fault", "kind": "slow", "ms": "x"}, "must be a number"), ({"do": "lag", "endpoint": 7}, "no endpoint 7"),
    ({"do": "bump", "object": "0x9999"}, "no object"), ({"do": "bump"}, "Invalid address"),
    ({"do": "coins", "owner": "0x1", "balance": "-1"}, "expected an amount"),
    ({"do": "epoch", "gas_price": 0}, "gas_price"),
    ({"do": "targets", "targets": {"x": {}}}, "package::module::function"),
    ({"do": "targets", "targets": {"0x1::a::b": {"params": ["nosuch"]}}}, "params is wrong"),
    ({"do": "targets", "targets": {"0x1::a::b": {"model": {"kind": "x"}}}}, "model is wrong"),
    ({"do": "prune", "digest": "x"}, "no transaction"), ({"do": "object", "owner": "0x1", "kind": "coin"}, "kind"),
    (7, "expected one of"), ({"do": "coins", "owner": "0x1", "balance": str(2**64)}, "expected an amount"),
    ({"do": "coins", "owner": "0x1", "balance": "1", "type": "?"}, "expected a type"),
    ({"do": "object", "owner": "0x1", "kind": "vault", "balances": {"?": 1}}, "expected a type"),
    ({"do": "abort", "target": 7}, "package::module::function"), ({"do": "chain", "identifier": 7}, "expected a text"),
    ({"do": "targets", "targets": {"0x1::a::b": None}}, "expected an object"),
])
def test_controls_that_are_wrong_are_told(world, action, words):
    with pytest.raises(sui.Refused, match=words):
        world.node.control(action)


def test_amounts_at_the_end_of_their_range(world):
    most = 2**64 - 1
    full, one = (world.node.coins(world.address, balance)[0] for balance in (most, 1))
    world.refused(world.build(gas=[full, one]), "more than a coin can")
    merged = [{"merge": {"owned": reference(full)}, "from": [{"owned": reference(one)}]}]
    assert "CoinBalanceOverflow" in world.execute(merged)["executionError"]["message"]
    vault = world.share(kind="vault", balances={"0x2::sui::SUI": str(most)})
    deposit = [{"split": "gas", "amounts": [{"u64": "1"}]},
               world.call("predict_manager::deposit", vault, {"result": [0, 0]}, types=["0x2::sui::SUI"])]
    assert "MovePrimitiveRuntimeError" in world.execute(deposit)["executionError"]["message"]


# ---- death ----

def state_of(node):
    ledger = node.ledger()
    names = ("chain", "epoch", "checkpoint", "transactions", "equivocations", "rejected", "submits")
    return {name: ledger[name] for name in names}


def test_killed_and_restarted_it_knows_everything(mortal):
    node = mortal.node
    counter = mortal.share()
    stale = mortal.build(budget=40_000_000)
    mortal.execute([mortal.call("counter::up", counter)])
    mortal.refused(stale, "needs to be rebuilt")
    node.do("epoch", gas_price=2000)
    mortal.execute(price=2000)
    before = state_of(node)
    for _ in range(2):
        node.kill()
        node.restart()
        assert state_of(node) == before
    assert mortal.contents(counter["shared"]["objectId"])["value"] == "1"
    assert mortal.execute([mortal.call("counter::up", counter)], price=2000)["status"] == "SUCCESS"


@pytest.mark.parametrize("kind, when, executed", [
    ("die", "before", False), ("tear", "before", False), ("die", "after", True),
])
def test_it_dies_around_an_execution(mortal, kind, when, executed):
    node, tx = mortal.node, mortal.build()
    node.fault(kind, when=when, match="execute")
    assert isinstance(later(mortal.submit, tx)(), (OSError, http.client.HTTPException))
    servers.wait_for(lambda: not node.running(), "the node did not die")
    node.kill()
    node.restart()
    found = node.graphql(LOOKUP, {"d": tx["digest"]})["data"]["transaction"]
    assert (found is not None) == (mortal.entry(tx) is not None) == executed
    assert mortal.status(tx) == "SUCCESS"
    assert [t["digest"] for t in node.ledger()["transactions"]] == [tx["digest"]]


@pytest.mark.parametrize("durable", [True, False])
def test_it_dies_before_a_transaction_is_final(mortal, durable):
    node, tx = mortal.node, mortal.build()
    node.do("finality", ms=1500, durable=durable)
    answer = later(mortal.submit, tx)
    until_pending(node, tx)
    node.kill()
    assert isinstance(answer(), (OSError, http.client.HTTPException))
    node.restart()
    if durable:  # the others of the network go on with it
        assert mortal.status(tx) == "SUCCESS"
    assert node.ledger()["pending"] == [] and (mortal.entry(tx) is not None) == durable
    assert len(node.ledger()["transactions"]) == durable


def test_killed_at_any_moment_it_keeps_what_it_answered(mortal):
    """Many at once, each sent again until it is answered: every one is executed exactly once."""
    node, random, counter = mortal.node, Random(3), mortal.share()
    coins = node.coins(mortal.address, 10**9, count=32)
    txs = [mortal.build([mortal.call("counter::up", counter)], gas=[coin]) for coin in coins]
    answered, left = set(), list(txs)

    def send(mine):
        for tx in mine:
            while tx["digest"] not in answered:
                try:
                    effects = mortal.submit(tx, timeout=5)["data"]["executeTransaction"]["effects"]
                    assert effects["status"] == "SUCCESS"
                    answered.add(tx["digest"])
                except (OSError, http.client.HTTPException):
                    time.sleep(0.01)

    senders = [later(send, left[n::4]) for n in range(4)]
    for _ in range(3):
        time.sleep(random.uniform(0, 0.05))
        node.kill()
        known = set(answered)
        node.restart()
        assert known <= {entry["digest"] for entry in node.ledger()["transactions"]}
    assert [sender() for sender in senders] == [None] * 4
    assert sorted(entry["digest"] for entry in node.ledger()["transactions"]) == sorted(tx["digest"] for tx in txs)
    assert mortal.contents(counter["shared"]["objectId"])["value"] == str(len(txs))


def test_a_damaged_log_is_not_read_over(mortal):
    node = mortal.node
    mortal.execute()
    node.kill()
    path = node.folder / "chain"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{" + lines[1][5:], *lines[2:]]))
    with pytest.raises(servers.Failed, match="is damaged"):
        node.restart()
    node.kill()
