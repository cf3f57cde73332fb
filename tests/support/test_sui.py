"""The Sui test node keeps the rules of a real one, and does what it is told to do wrong: driven by the official SDK, which
decodes its answers and signs, and by plain HTTP."""
import base64
import http.client
import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from random import Random

import pytest

import servers
import sui

SEED, OTHER = "00" * 31 + "01", "00" * 31 + "02"
SHARED = Path(os.environ.get("ORRERY_SHARED") or servers.REPO.parent / "shared")
CHANGES = int(os.environ.get("ORRERY_SUI_CHANGES", "60"))
PACKAGE = "0x" + "cc" * 32
DUSDC = "0x" + "ee" * 32 + "::dusdc::DUSDC"
ORACLE = "0x" + "a3" * 32
CLOCK = {"shared": {"objectId": "0x6", "initialSharedVersion": 1, "mutable": False}}
TARGETS = {
    **sui.predict_targets(PACKAGE),
    f"{PACKAGE}::counter::up": {"params": ["&mut"], "model": {"kind": "count", "object": 0}},
    f"{PACKAGE}::counter::open": {"creates": [{"type": f"{PACKAGE}::counter::Counter", "owner": "shared"},
                                              {"type": f"{PACKAGE}::counter::Cap", "owner": "sender"}]},
    f"{PACKAGE}::bad::always": {"abort": {"code": 42, "at": f"{PACKAGE}::inner::check"}},
    f"{PACKAGE}::free::anything": {},
    f"{PACKAGE}::free::heavy": {"units": 4000},
}
EXECUTE = """mutation($tx:Base64!,$sigs:[Base64!]!){ executeTransaction(transactionDataBcs:$tx, signatures:$sigs){ effects{ digest status
   lamportVersion checkpoint{sequenceNumber} executionError{message abortCode identifier module{name package{address}} function{name}}
   gasEffects{gasObject{address version digest} gasSummary{computationCost storageCost storageRebate nonRefundableStorageFee}}
   objectChanges(first:50){nodes{address idCreated idDeleted outputState{version digest}}} } } }"""
SIMULATE = """query($t:JSON!){ simulateTransaction(transaction:$t, checksEnabled:true, doGasSelection:false){ effects{status
   executionError{message abortCode module{name} function{name}} gasEffects{gasSummary{computationCost storageCost storageRebate}}} } }"""
OBJECTS = """query($k:[ObjectKey!]!){ multiGetObjects(keys:$k){ address version digest owner{ __typename
   ... on Shared{initialSharedVersion} ... on AddressOwner{address{address}} } asMoveObject{contents{json type{repr}}} } }"""
COINS = """query($o:SuiAddress!,$c:String,$n:Int){ address(address:$o){ objects(first:$n,after:$c,filter:{type:"0x2::coin::Coin<0x2::sui::SUI>"}){
   pageInfo{hasNextPage endCursor} nodes{address version digest contents{json}} } } }"""
LOOKUP = "query($d:String!){ transaction(digest:$d){ digest effects{status epoch{epochId} checkpoint{sequenceNumber}} } }"
SENT = """query($o:SuiAddress!,$c:String,$n:Int){ transactions(first:$n,after:$c,filter:{sentAddress:$o}){
   pageInfo{hasNextPage endCursor} nodes{digest effects{checkpoint{sequenceNumber}}} } }"""


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    try:
        one = sui.Sdk(tmp_path_factory.mktemp("sdk") / "app")
    except servers.Missing as e:
        if os.environ.get("CI") == "true":
            pytest.fail(str(e))
        pytest.skip(str(e))
    with one:
        yield one


@pytest.fixture(scope="module")
def server(sdk):
    with sui.SuiNode(endpoints=2) as one:
        yield one


class World:
    """A fresh sender with coins on the node that the tests share."""

    made = 0

    def __init__(self, node, sdk):
        self.node, self.sdk = node, sdk
        World.made += 1
        self.seed = f"{World.made:064x}"
        self.address = sdk.do("address", seed=self.seed)
        self.coin = node.coins(self.address, 10**10)[0]

    def build(self, commands=None, gas=None, **more):
        commands = commands or [{"vector": "u64", "of": []}]
        return self.sdk.do("build", **{"seed": self.seed, "gas": [reference(c) for c in gas or [self.coin]], "commands": commands, **more})

    def call(self, function, *args, types=()):
        return {"call": f"{PACKAGE}::{function}", "types": list(types), "args": list(args)}

    def submit(self, tx, url=None, **more):
        return self.node.graphql(EXECUTE, {"tx": tx["bytes"], "sigs": tx["signatures"]}, url=url, **more)

    def execute(self, *args, **more):
        """The effects of a transaction that is built and sent; the coin is taken from them."""
        answer = self.submit(self.build(*args, **more))
        assert "errors" not in answer, answer
        effects = answer["data"]["executeTransaction"]["effects"]
        gas = effects["gasEffects"]["gasObject"]
        if gas["address"] == self.coin["objectId"]:
            self.coin = {"objectId": gas["address"], "version": gas["version"], "digest": gas["digest"]}
        return effects

    def refused(self, tx, *words):
        """Top-level errors with these words, and nothing executed."""
        answer = self.submit(tx)
        assert answer["data"] is None, answer
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert all(word in error["message"] for word in words), error["message"]
        assert self.entry(tx) is None
        return error["message"]

    def entry(self, tx):
        return next((t for t in self.node.ledger()["transactions"] if t["digest"] == tx["digest"]), None)

    def objects(self, *ids, url=None):
        return self.node.graphql(OBJECTS, {"k": [{"address": id} for id in ids]}, url=url)["data"]["multiGetObjects"]

    def share(self, **more):
        made = self.node.do("object", owner="shared", **more)
        return {"shared": {"objectId": made["objectId"], "initialSharedVersion": made["version"], "mutable": True}}

    def balance(self, id):
        return int(self.objects(id)[0]["asMoveObject"]["contents"]["json"]["balance"])


def reference(coin):
    return {name: coin[name] for name in ("objectId", "version", "digest")}


@pytest.fixture
def world(server, sdk):
    server.do("clear")
    server.do("targets", targets=TARGETS)
    before = server.ledger()["defects"]
    yield World(server, sdk)
    assert server.ledger()["defects"] == before


# ---- queries ----

def test_what_a_client_asks_first(world):
    answer = world.node.graphql("query{ chainIdentifier epoch{epochId referenceGasPrice} checkpoint(sequenceNumber:0){digest} }")["data"]
    assert answer["chainIdentifier"] == answer["checkpoint"]["digest"] == world.node.ledger()["chain"]
    assert answer["epoch"] == {"epochId": world.node.ledger()["epoch"], "referenceGasPrice": "1000"}
    assert world.sdk.client(world.node.url, "getReferenceGasPrice") == {"referenceGasPrice": "1000"}
    assert world.sdk.client(world.node.url, "getChainIdentifier")["chainIdentifier"] == answer["chainIdentifier"]


def test_objects_by_id(world):
    shared = world.share()["shared"]
    fixed = world.node.do("object", owner="immutable")
    found = world.objects(world.coin["objectId"], shared["objectId"], fixed["objectId"], "0x123456", "0x6")
    assert found[0]["owner"] == {"__typename": "AddressOwner", "address": {"address": world.address}}
    assert {name: found[0][name] for name in ("version", "digest")} == {name: world.coin[name] for name in ("version", "digest")}
    assert found[1]["owner"] == {"__typename": "Shared", "initialSharedVersion": shared["initialSharedVersion"]}
    assert found[2]["owner"]["__typename"] == "Immutable" and found[3] is None
    assert found[4]["owner"] == {"__typename": "Shared", "initialSharedVersion": 1} and found[4]["address"].endswith("6")
    by_sdk = world.sdk.client(world.node.url, "getObjects", objectIds=[world.coin["objectId"], "0x123456"],
                              include={"json": True, "objectBcs": True})["objects"]
    assert by_sdk[0]["json"]["balance"] == str(10**10) and by_sdk[0]["digest"] == world.coin["digest"]
    assert by_sdk[0]["type"] == world.coin["type"] and "not found" in by_sdk[1]["error"]
    assert world.node.graphql('query{ object(address:"0x6", version:1){version} }')["data"]["object"] == {"version": 1}


def test_coins_come_in_pages(world):
    world.node.coins(world.address, 5, count=6)
    world.node.do("coins", owner=world.address, balance="9", type=DUSDC)
    seen, cursor = [], None
    while True:
        page = world.node.graphql(COINS, {"o": world.address, "c": cursor, "n": 3})["data"]["address"]["objects"]
        seen += page["nodes"]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(int(node["contents"]["json"]["balance"]) for node in seen) == [5] * 6 + [10**10]
    assert len({node["address"] for node in seen}) == 7
    by_sdk = world.sdk.client(world.node.url, "listCoins", owner=world.address, limit=50)
    assert [coin["objectId"] for coin in by_sdk["objects"]] == [node["address"] for node in seen]
    assert world.sdk.client(world.node.url, "getBalance", owner=world.address)["balance"]["balance"] == str(10**10 + 30)


@pytest.mark.parametrize("query, variables, words", [
    ("query{ nosuch }", {}, "Cannot query field"),
    ("query{ chainIdentifier", {}, "Syntax Error"),
    ("query($o:SuiAddress!){ object(address:$o){version} }", {"o": "0xzz"}, "Invalid address"),
    (COINS, {"o": "0x1", "n": 51}, "Page size is too large"),
    (COINS, {"o": "0x1", "n": 2, "c": "bm8="}, "Invalid cursor"),
    (OBJECTS, {"k": [{"address": "0x1"}] * 201}, "Request too large"),
    ("query{ " + " ".join(f"a{n}: chainIdentifier" for n in range(300)) + "}", {}, "too large"),
    ("query{ protocolConfigs{protocolVersion} }", {}, "the test node does not answer Query.protocolConfigs"),
    (SIMULATE, {"t": {"sender": "0x1"}}, "Unsupported on the test node"),
])
def test_queries_that_are_refused(world, query, variables, words):
    [error] = world.node.graphql(query, variables)["errors"]
    assert words in error["message"]


# ---- execution ----

def test_a_transaction_by_the_sdk_from_the_coin_to_the_query(world):
    tx = world.build([{"split": "gas", "amounts": [{"u64": "1000"}]}, {"transfer": [{"result": [0, 0]}], "to": {"address": "0x77"}}])
    include = {"effects": True, "bcs": True}
    simulated = world.sdk.client(world.node.url, "simulateTransaction", transaction=tx["bytes"], include=include)["Transaction"]
    assert simulated["status"]["success"] and simulated["digest"] == tx["digest"]
    assert world.node.graphql(LOOKUP, {"d": tx["digest"]})["data"]["transaction"] is None
    done = world.sdk.client(world.node.url, "executeTransaction", transaction=tx["bytes"], signatures=tx["signatures"], include=include)
    done = done["Transaction"]
    assert done["digest"] == done["effects"]["transactionDigest"] == tx["digest"] and done["status"]["success"]
    assert done["checkpoint"] is None  # not indexed yet
    assert done["effects"]["gasUsed"] == simulated["effects"]["gasUsed"]
    found = world.sdk.client(world.node.url, "getTransaction", digest=tx["digest"], include=include)["Transaction"]
    assert found["effects"] == done["effects"] and found["signatures"] == tx["signatures"] and found["checkpoint"]
    used = {name: int(value) for name, value in done["effects"]["gasUsed"].items()}
    # A coin costs 988000 MIST of storage, 99 % of which come back.
    assert used == {"computationCost": 1_000_000, "storageCost": 2 * 988_000, "storageRebate": 978_120, "nonRefundableStorageFee": 9_880}
    assert world.balance(world.coin["objectId"]) == 10**10 - 1000 - 1_000_000 - 2 * 988_000 + 978_120
    changed = {each["objectId"]: each for each in done["effects"]["changedObjects"]}
    created = next(each for each in changed.values() if each["idOperation"] == "Created")
    found = world.objects(created["objectId"])[0]
    assert found["digest"] == created["outputDigest"] and found["owner"]["address"]["address"].endswith("77")
    assert changed[world.coin["objectId"]]["outputVersion"] == str(int(world.coin["version"]) + 1)


def test_the_same_bytes_again_are_the_same_execution(world):
    tx = world.build()
    first, second = world.submit(tx), world.submit(tx, url=world.node.urls[1])
    assert first == second and first["data"]["executeTransaction"]["effects"]["status"] == "SUCCESS"
    entry = world.entry(tx)
    assert entry["submits"] == 2 and entry["sender"] == world.address and abs(entry["time"] / 1000 - time.time()) < 60


def test_transactions_of_a_sender_after_a_cursor(world):
    digests, cursor, seen = [world.execute()["digest"] for _ in range(5)], None, []
    World(world.node, world.sdk).execute()
    for size in (2, 2, 1):
        page = world.node.graphql(SENT, {"o": world.address, "c": cursor, "n": 2})["data"]["transactions"]
        assert len(page["nodes"]) == size and page["pageInfo"]["hasNextPage"] == (size == 2)
        seen += [node["digest"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
    assert seen == digests
    last = world.execute()["digest"]
    page = world.node.graphql(SENT, {"o": world.address, "c": cursor, "n": 2})["data"]["transactions"]
    assert [node["digest"] for node in page["nodes"]] == [last]
    by_sdk = world.sdk.client(world.node.url, "listTransactions", filter={"sender": world.address}, limit=50)
    assert [each["Transaction"]["digest"] for each in by_sdk["transactions"]] == [*digests, last]


def test_an_abort_is_executed_and_says_where(world):
    counter = world.share()
    before = world.coin
    effects = world.execute([world.call("counter::up", counter), world.call("bad::always")])
    error = effects["executionError"]
    assert effects["status"] == "FAILURE" and error["abortCode"] == "42"
    assert error["module"] == {"name": "inner", "package": {"address": PACKAGE}} and error["function"] == {"name": "check"}
    assert "2nd command" in error["message"] and f"'{PACKAGE}::inner::check'" in error["message"]
    assert world.coin["version"] == effects["lamportVersion"] > before["version"]  # gas is spent
    shared = world.objects(counter["shared"]["objectId"])[0]
    assert shared["version"] == effects["lamportVersion"] and shared["asMoveObject"]["contents"]["json"]["value"] == "0"
    tx = world.build([world.call("bad::always")])
    failed = world.sdk.client(world.node.url, "executeTransaction", transaction=tx["bytes"], signatures=tx["signatures"], include={"effects": True})
    failed = failed["FailedTransaction"]
    assert failed["status"]["error"]["MoveAbort"]["abortCode"] == "42" and failed["status"]["error"]["command"] == 0
    assert failed["effects"]["status"]["error"]["MoveAbort"]["location"]["functionName"] == "check"  # from the BCS


def simulate(world, tx):
    answer = world.node.graphql(SIMULATE, {"t": {"bcs": {"value": tx["bytes"]}}})
    assert "errors" not in answer, answer
    return answer["data"]["simulateTransaction"]["effects"]


def test_a_simulation_foretells_and_changes_nothing(world):
    tx = world.build([world.call("bad::always")])
    foretold = simulate(world, tx)
    assert foretold["status"] == "FAILURE" and foretold["executionError"]["abortCode"] == "42"
    assert world.entry(tx) is None and world.objects(world.coin["objectId"])[0]["version"] == world.coin["version"]
    unsigned = world.build([world.call("free::anything")])
    assert simulate(world, {**unsigned, "signatures": []})["status"] == "SUCCESS"
    without_coin = sdk_build_without_gas(world)
    assert simulate(world, without_coin)["gasEffects"]["gasSummary"]["computationCost"] == 1_000_000
    world.refused(without_coin, "At least one gas object")
    stale = world.build()
    world.execute()
    [error] = world.node.graphql(SIMULATE, {"t": {"bcs": {"value": stale["bytes"]}}})["errors"]
    assert "needs to be rebuilt" in error["message"]


def sdk_build_without_gas(world):
    return world.sdk.do("build", seed=world.seed, gas=[], commands=[world.call("free::anything")])


def test_the_budget_of_a_simulation_is_enough_and_less_is_not(world):
    commands = [world.call("counter::open"), world.call("free::heavy")]
    gas = {name: int(value) for name, value in simulate(world, world.build(commands))["gasEffects"]["gasSummary"].items()}
    assert gas["computationCost"] == 5_000_000  # the next bucket
    needed = max(gas["computationCost"] + gas["storageCost"] - gas["storageRebate"], gas["computationCost"])
    effects = world.execute(commands, budget=needed - 1)
    assert effects["status"] == "FAILURE" and "InsufficientGas" in effects["executionError"]["message"]
    assert world.execute(commands, budget=needed)["status"] == "SUCCESS"
    effects = world.execute(commands, budget=1_000_000)  # less than its computation
    assert effects["status"] == "FAILURE" and effects["gasEffects"]["gasSummary"]["computationCost"] == 1_000_000


def test_gas_coins_are_merged_into_the_first(world):
    more = world.node.coins(world.address, 7, count=2)
    effects = world.execute(gas=[world.coin, *more])
    deleted = {change["address"] for change in effects["objectChanges"]["nodes"] if change["idDeleted"]}
    assert deleted == {coin["objectId"] for coin in more} and world.objects(*deleted) == [None, None]
    assert world.balance(world.coin["objectId"]) == 10**10 + 14 - 1_000_000 - 988_000 + 3 * 988_000 * 99 // 100


def test_a_vault_as_deepbook_predict_has_it(world):
    manager = world.share(kind="vault", balances={DUSDC: 100})
    predict, oracle = world.share(), world.share()
    oracle["shared"]["mutable"] = False
    market = world.call("market_key::new", {"id": ORACLE}, {"u64": "1790000000000"}, {"u64": "100"}, {"bool": True})
    range_ = world.call("range_key::new", {"id": ORACLE}, {"u64": "1790000000000"}, {"u64": "99"}, {"u64": "101"})

    def trade(kind, quantity):
        key = range_ if kind.endswith("range") else market
        return world.execute([key, world.call(f"predict::{kind}", predict, manager, oracle, {"result": [0]}, {"u64": str(quantity)},
                                              CLOCK, types=[DUSDC])])

    def held():
        json_ = world.objects(manager["shared"]["objectId"])[0]["asMoveObject"]["contents"]["json"]
        balances = {each["key"]: each["value"] for each in json_["balances"]["contents"]}
        return balances.get(DUSDC), [each["value"] for each in json_["positions"]["contents"]]

    before = world.objects(oracle["shared"]["objectId"])[0]["version"]
    assert trade("mint", 60)["status"] == "SUCCESS" and held() == ("70", ["60"])
    assert world.objects(oracle["shared"]["objectId"])[0]["version"] == before  # only read
    failed = trade("mint", 160)
    assert failed["executionError"]["abortCode"] == "7" and failed["executionError"]["module"]["name"] == "predict"
    assert trade("redeem", 61)["executionError"]["abortCode"] == "9" and held() == ("70", ["60"])
    assert trade("redeem", 60)["status"] == "SUCCESS" and held() == ("100", [])
    assert trade("mint_range", 10)["status"] == "SUCCESS" and held() == ("95", ["10"])
    assert trade("redeem", 10)["executionError"]["abortCode"] == "9"  # another key
    assert trade("redeem_range", 10)["status"] == "SUCCESS" and held() == ("100", [])
    # Withdraw gives a coin, which must go somewhere; deposit takes one of the right type.
    taken = world.call("predict_manager::withdraw", manager, {"u64": "30"}, types=[DUSDC])
    assert "UnusedValueWithoutDrop" in world.execute([taken])["executionError"]["message"]
    assert world.execute([taken, {"transfer": [{"result": [0]}], "to": {"address": world.address}}])["status"] == "SUCCESS"
    assert held() == ("70", [])
    assert world.execute([taken, world.call("predict_manager::deposit", manager, {"result": [0]}, types=[DUSDC])])["status"] == "SUCCESS"
    wrong = [{"split": "gas", "amounts": [{"u64": "5"}]}, world.call("predict_manager::deposit", manager, {"result": [0]}, types=[DUSDC])]
    assert "TypeMismatch" in world.execute(wrong)["executionError"]["message"]
    assert held() == ("70", [])


def test_objects_that_calls_create(world):
    effects = world.execute([world.call("counter::open")])
    created = [change["address"] for change in effects["objectChanges"]["nodes"] if change["idCreated"]]
    owners = {found["owner"]["__typename"]: found for found in world.objects(*created)}
    assert set(owners) == {"Shared", "AddressOwner"}
    assert owners["Shared"]["owner"]["initialSharedVersion"] == owners["Shared"]["version"] == effects["lamportVersion"]


@pytest.mark.parametrize("commands, words", [
    (lambda w: [w.call("counter::nosuch")], "FunctionNotFound"),
    (lambda w: [w.call("counter::up")], "ArityMismatch"),
    (lambda w: [w.call("predict_manager::withdraw", w.share(kind="vault"), {"u64": "1"})], "TypeArityMismatch"),
    (lambda w: [w.call("counter::up", {"u64": "1"})], "TypeMismatch"),
    (lambda w: [w.call("counter::up", frozen(w.share()))], "InvalidObjectByMutRef"),
    (lambda w: [w.call("market_key::new", {"raw": "00"}, {"u64": "1"}, {"u64": "1"}, {"bool": True})], "InvalidBCSBytes"),
    (lambda w: [w.call("market_key::new", {"id": "0x1"}, {"u64": "1"}, {"u64": "1"}, {"raw": "02"})], "InvalidBCSBytes"),
    (lambda w: [{"split": "gas", "amounts": [{"u64": str(10**10)}]}], "InsufficientCoinBalance"),
    (lambda w: [{"split": "gas", "amounts": [{"u64": "1"}]}], "UnusedValueWithoutDrop"),
    (lambda w: [{"transfer": [w.share()], "to": {"address": "0x1"}}], "InvalidObjectByValue"),
    (lambda w: [w.call("counter::up", "gas")], "TypeMismatch"),
])
def test_commands_that_fail(world, commands, words):
    effects = world.execute(commands(world))
    assert effects["status"] == "FAILURE" and words in effects["executionError"]["message"]
    assert "command" in effects["executionError"]["message"] or words == "UnusedValueWithoutDrop"
    assert effects["executionError"]["abortCode"] is None


def frozen(shared):
    shared["shared"]["mutable"] = False
    return shared


# ---- rules ----

def test_wrong_signatures(world, sdk):
    tx = world.build()
    foreign = sdk.do("sign", seed=OTHER, bytes=tx["bytes"])
    elsewhere = sdk.do("sign", seed=world.seed, bytes=world.build(budget=40_000_000)["bytes"])
    for signatures in ([foreign], [elsewhere], ["AAAA"], ["?"]):
        world.refused({**tx, "signatures": signatures}, "ignature")
    for signatures in ([], tx["signatures"] * 2):
        world.refused({**tx, "signatures": signatures}, "Expect 1 signer signatures")
    assert world.submit(tx)["data"]["executeTransaction"]["effects"]["status"] == "SUCCESS"


def test_a_sponsor_signs_too(world, sdk):
    sponsor = World(world.node, sdk)
    tx = world.build(gas=[sponsor.coin], sponsor=sponsor.seed)
    world.refused({**tx, "signatures": tx["signatures"][:1]}, "Expect 2 signer signatures")
    assert world.submit(tx)["data"]["executeTransaction"]["effects"]["status"] == "SUCCESS"


def test_bytes_that_are_no_transaction(world):
    tx = world.build()
    for wrong in ("AAAA", tx["bytes"][:-8], "%%%", "", tx["bytes"][:-4] + "AAAA" + "AAAA"):
        world.refused({**tx, "bytes": wrong})
    world.refused({**tx, "bytes": "A" * 200_000}, "131072")


@pytest.mark.parametrize("name", ["none", "epoch", "validDuring"])
def test_golden_transactions_keep_their_digests(world, name):
    path = SHARED / "vectors" / "vectors.json"
    if not path.exists():
        pytest.skip(f"there is no {path}")
    golden = json.loads(path.read_text())[name]
    tx = {"bytes": base64.b64encode(bytes.fromhex(golden["hex"])).decode(), "digest": golden["digest"], "signatures": [golden["signature"]]}
    assert "signature" not in world.refused(tx)
    assert golden["digest"] in [entry["digest"] for entry in world.node.ledger()["rejected"]]
    world.refused({**tx, "signatures": [golden["signature"][:-8] + "AAAAAA=="]}, "signature")


def test_stale_versions(world):
    stale = world.build(budget=40_000_000)
    world.execute()
    message = world.refused(stale, "needs to be rebuilt because object", world.coin["objectId"], "current version: 0x")
    assert "non-retriable" in message
    owned = world.node.do("object", owner=world.address)
    tx = world.build([world.call("counter::up", {"owned": reference(owned)})])
    world.node.do("bump", object=owned["objectId"])
    world.refused(tx, "needs to be rebuilt because object", owned["objectId"])


def test_references_that_are_wrong(world, sdk):
    other = World(world.node, sdk)
    theirs = world.node.do("object", owner=other.address)
    usdc = world.node.do("coins", owner=world.address, balance=str(10**10), type=DUSDC)[0]
    shared = world.share()["shared"]
    poor = world.node.coins(world.address, 1000)[0]

    def up(argument):
        return world.build([world.call("counter::up", argument)])

    world.refused(world.build(gas=[{**world.coin, "digest": theirs["digest"]}]), "Invalid Object digest")
    world.refused(world.build(gas=[{**world.coin, "objectId": "0x99"}]), "Could not find the referenced object")
    world.refused(world.build(gas=[other.coin]), "owned by account address", other.address)
    world.refused(world.build(gas=[usdc]), "not a coin of SUI")
    world.refused(world.build(gas=[poor]), "is lower than the needed amount: 50000000")
    world.refused(up({"owned": reference(theirs)}), "owned by account address", other.address)
    world.refused(up({"shared": {**shared, "initialSharedVersion": 9999}}), "initial version")
    world.refused(up({"shared": {**shared, "objectId": theirs["objectId"]}}), "not shared")
    world.refused(up({"owned": {"objectId": shared["objectId"], "version": shared["initialSharedVersion"], "digest": theirs["digest"]}}), "owned one")
    world.refused(up({"owned": reference(world.coin)}), "cannot appear more than one")
    world.refused(up({"shared": {**CLOCK["shared"], "mutable": True}}), "clock")
    world.refused(up({"receiving": reference(theirs)}), "Unsupported")
    world.refused(world.build([{"call": "0x77::a::b", "types": [], "args": []}]), "Dependent package not found")
    world.execute()


@pytest.mark.parametrize("more, words", [
    ({"price": 999}, "under reference gas price"), ({"price": 100_000, "budget": 10**9}, "cannot exceed"),
    ({"budget": 999_999}, "lower than min"), ({"budget": 50_000_000_001}, "higher than max"),
])
def test_wrong_gas(world, more, words):
    world.refused(world.build(**more), words)


def test_expiration_and_chain(world):
    ledger = world.node.ledger()
    now = ledger["epoch"]

    def during(first, last, chain=None):
        return {"ValidDuring": {"minEpoch": str(first), "maxEpoch": str(last), "minTimestamp": None, "maxTimestamp": None,
                                "chain": chain or ledger["chain"], "nonce": 7}}

    world.refused(world.build(expiration={"Epoch": now - 1}), "Transaction Expired")
    world.refused(world.build(expiration=during(now - 2, now - 1)), "Transaction Expired")
    world.refused(world.build(expiration=during(now + 1, now + 1)), "Transaction Expired")
    world.refused(world.build(expiration=during(now, now + 2)), "min_epoch + 1")
    world.refused(world.build(expiration=during(now, now, "11111111111111111111111111111112")), "Invalid chain ID")
    for good in ({"Epoch": now}, {"Epoch": now + 1}, during(now, now + 1)):
        assert world.execute(expiration=good)["status"] == "SUCCESS"
    tx = world.build(expiration={"Epoch": now})
    world.node.do("epoch", gas_price=1001)
    answer = world.node.graphql("query{ epoch{epochId referenceGasPrice} }")["data"]["epoch"]
    assert answer == {"epochId": now + 1, "referenceGasPrice": "1001"}
    world.refused(tx, "Transaction Expired")
    world.refused(world.build(), "under reference gas price")
    world.node.do("epoch", gas_price=1000)


def later(action, *args, **more):
    """Runs it beside the test; join() gives its answer."""
    box = {}

    def run():
        try:
            box["answer"] = action(*args, **more)
        except Exception as e:  # the test looks at it
            box["answer"] = e

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def join():
        thread.join(30)
        assert not thread.is_alive()
        return box["answer"]

    return join


def until_pending(node, tx):
    servers.wait_for(lambda: tx["digest"] in node.ledger()["pending"], "the transaction is not pending")


def test_two_transactions_of_one_version_lock_it_to_the_end_of_the_epoch(world):
    world.node.do("finality", ms=60_000)
    one, two = world.build(), world.build(budget=40_000_000)
    first = later(world.submit, one)
    until_pending(world.node, one)
    world.refused(two, "equivocated until the next epoch", one["digest"], two["digest"])
    assert "lost its locks" in first()["errors"][0]["message"]
    world.node.do("clear")
    for tx in (one, two, world.build(budget=30_000_000)):
        world.refused(tx, "equivocated until the next epoch")
    [noted] = [e for e in world.node.ledger()["equivocations"] if e["object"] == world.coin["objectId"] and two["digest"] in e["digests"]][:1]
    assert noted["digests"] == [one["digest"], two["digest"]] and not noted["final"]
    world.node.do("epoch")
    assert world.submit(two)["data"]["executeTransaction"]["effects"]["status"] == "SUCCESS"


def test_a_version_that_was_used_is_noted_when_it_is_used_again(world):
    tx, again = world.build(), world.build(budget=40_000_000)
    world.submit(tx)
    world.refused(again, "needs to be rebuilt")
    noted = [e for e in world.node.ledger()["equivocations"] if e["object"] == world.coin["objectId"]]
    assert [(e["digests"], e["final"]) for e in noted] == [([tx["digest"], again["digest"]], True)]


def test_what_is_refused_for_another_reason_locks_nothing(world):
    world.node.do("finality", ms=60_000)
    one = world.build()
    first = later(world.submit, one)
    until_pending(world.node, one)
    world.refused(world.build(expiration={"Epoch": 1}), "Transaction Expired")
    world.refused({**world.build(budget=40_000_000), "signatures": ["AAAA"]}, "ignature")
    assert one["digest"] in world.node.ledger()["pending"]
    world.node.do("epoch")
    assert "was not final" in first()["errors"][0]["message"]


def test_shared_objects_do_not_lock(world, sdk):
    counter, other = world.share(), World(world.node, sdk)
    world.node.do("finality", ms=200)
    answers = [later(each.submit, each.build([each.call("counter::up", counter)])) for each in (world, other)]
    assert [a()["data"]["executeTransaction"]["effects"]["status"] for a in answers] == ["SUCCESS"] * 2
    assert world.objects(counter["shared"]["objectId"])[0]["asMoveObject"]["contents"]["json"]["value"] == "2"


# ---- switches ----

def raw(node, tx, url=None, timeout=5):
    """(status, headers, body) of the submission."""
    body = json.dumps({"query": EXECUTE, "variables": {"tx": tx["bytes"], "sigs": tx["signatures"]}}).encode()
    request = urllib.request.Request(url or node.url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind, check", [
    ("silent", lambda answer: isinstance(answer, (TimeoutError, urllib.error.URLError))),
    ("reset", lambda answer: isinstance(answer, (ConnectionError, urllib.error.URLError, http.client.HTTPException))),
    ("status", lambda answer: answer[0] == 500),
    ("limit", lambda answer: answer[0] == 429 and answer[1]["Retry-After"] == "1"),
    ("malformed", lambda answer: answer[0] == 200 and not is_json(answer[2])),
    ("empty", lambda answer: answer[0] == 200 and answer[2] == b""),
    ("html", lambda answer: answer[0] == 200 and answer[2].startswith(b"<html>")),
    ("errors", lambda answer: json.loads(answer[2])["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"),
])
def test_wrong_answers_before_and_after_execution(world, kind, check, when):
    tx = world.build()
    world.node.fault(kind, when=when, match="execute", endpoint=0)
    assert world.objects(world.coin["objectId"])[0] is not None  # other requests are answered
    answer = later(raw, world.node, tx, timeout=0.5 if kind == "silent" else 5)()
    assert check(answer), answer
    assert (world.entry(tx) is not None) == (when == "after")
    assert raw(world.node, tx)[0] == 200 and world.entry(tx)["submits"] == 2


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_oversized_slow_and_trickled_answers(world):
    world.node.fault("oversized", match="read", bytes=3_000_000)
    with urllib.request.urlopen(urllib.request.Request(world.node.url, b'{"query":"query{ chainIdentifier }"}',
                                                       {"Content-Type": "application/json"}), timeout=10) as answer:
        assert len(answer.read()) == 3_000_000
    world.node.fault("slow", when="after", match="lookup", ms=300)
    started = time.monotonic()
    assert world.node.graphql(LOOKUP, {"d": "x"}) == {"data": {"transaction": None}}
    assert time.monotonic() - started >= 0.3
    world.node.fault("trickle", when="after", match="read", ms=5)
    assert world.node.graphql("query{ chainIdentifier }")["data"]["chainIdentifier"]


def test_faults_of_one_endpoint_and_for_some_times(world):
    world.node.fault("status", status=503, endpoint=1, times=2)
    other = world.node.urls[1]
    for _ in range(2):
        assert "chainIdentifier" in world.node.graphql("query{ chainIdentifier }")["data"]
        with pytest.raises(urllib.error.HTTPError, match="503"):
            world.node.graphql("query{ chainIdentifier }", url=other)
    assert world.node.graphql("query{ chainIdentifier }", url=other)["data"]
    world.node.fault("status", times=0)
    for _ in range(3):
        with pytest.raises(urllib.error.HTTPError):
            world.node.graphql("query{ chainIdentifier }")
    assert world.node.graphql("query{ chainIdentifier }", url=world.node.truth)["data"]  # nothing goes wrong there
    world.node.do("clear")
    assert world.node.graphql("query{ chainIdentifier }")["data"]


def test_reads_that_are_behind(world):
    world.node.do("lag", transactions=2, endpoint=0)
    old = world.coin
    digests = [world.execute()["digest"] for _ in range(3)]
    near, far = (world.objects(old["objectId"], url=url)[0]["version"] for url in (world.node.urls[1], world.node.urls[0]))
    assert near == world.coin["version"] and far == near - 2
    assert [world.node.graphql(LOOKUP, {"d": d})["data"]["transaction"] is not None for d in digests] == [True, False, False]
    sent = world.node.graphql(SENT, {"o": world.address, "n": 50})["data"]["transactions"]["nodes"]
    assert [node["digest"] for node in sent] == digests[:1]
    world.node.do("clear")
    world.node.do("lag", ms=60_000, endpoint=0)
    assert world.objects(old["objectId"])[0] is None
    world.node.do("lag", ms=0)
    assert world.objects(old["objectId"])[0]["version"] == near


def test_an_abort_of_the_next_call(world):
    world.node.do("abort", target=f"{PACKAGE}::free::anything", code=13)
    tx = [world.call("free::anything")]
    assert simulate(world, world.build(tx))["status"] == "SUCCESS"
    assert world.execute(tx)["executionError"]["abortCode"] == "13"
    assert world.execute(tx)["status"] == "SUCCESS"
    world.node.do("abort", code=14, when="simulate")
    assert simulate(world, world.build(tx))["executionError"]["abortCode"] == "14"
    assert world.execute(tx)["status"] == "SUCCESS"


def test_finality_takes_its_time(world):
    world.node.do("finality", ms=300, times=1)
    tx = world.build()
    answers = [later(world.submit, tx) for _ in range(2)]
    until_pending(world.node, tx)
    assert world.node.graphql(LOOKUP, {"d": tx["digest"]})["data"]["transaction"] is None
    assert answers[0]() == answers[1]() and world.entry(tx)["submits"] == 2
    assert world.node.ledger()["pending"] == []


def test_what_is_not_final_at_the_end_of_the_epoch_is_lost(world):
    world.node.do("finality", ms=60_000, times=1)
    tx = world.build()
    answer = later(world.submit, tx)
    until_pending(world.node, tx)
    world.node.do("epoch")
    assert "was not final" in answer()["errors"][0]["message"] and world.entry(tx) is None
    assert world.submit(tx)["data"]["executeTransaction"]["effects"]["status"] == "SUCCESS"


def test_a_dead_endpoint(world):
    world.node.do("endpoint", endpoint=0, alive=False)
    with pytest.raises(urllib.error.URLError, match="refused"):
        world.node.graphql("query{ chainIdentifier }")
    assert world.node.graphql("query{ chainIdentifier }", url=world.node.urls[1])["data"]
    world.node.do("endpoint", endpoint=0, alive=True)
    assert world.node.graphql("query{ chainIdentifier }")["data"]


def test_an_endpoint_of_another_chain(world):
    world.node.do("chain", endpoint=1, identifier="4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S")
    identifiers = [world.node.graphql("query{ chainIdentifier }", url=url)["data"]["chainIdentifier"] for url in world.node.urls]
    assert identifiers == [world.node.ledger()["chain"], "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S"]


def test_foreign_transactions_from_our_address(world):
    before = world.node.ledger()["equivocations"]
    mine = world.build()
    made = world.node.do("foreign", sender=world.address, coin=world.coin["objectId"])
    sent = world.node.graphql(SENT, {"o": world.address, "n": 50})["data"]["transactions"]["nodes"]
    assert [node["digest"] for node in sent] == [made["digest"]]
    assert world.entry(made)["origin"] == "foreign" and world.entry(made)["submits"] == 0
    world.refused(mine, "needs to be rebuilt")
    found = world.sdk.client(world.node.url, "getTransaction", digest=made["digest"], include={"bcs": True})["Transaction"]
    assert found["digest"] == made["digest"] and found["status"]["success"]
    owned = world.node.do("object", owner=world.address)
    another = world.node.do("foreign", sender=world.address, objects=[owned["objectId"]])
    assert another["coin"]["objectId"] != world.coin["objectId"]
    assert world.objects(owned["objectId"])[0]["version"] > owned["version"]
    assert [t["digest"] for t in world.node.ledger(after=world.entry(made)["checkpoint"])["transactions"]] == [another["digest"]]
    assert world.node.ledger()["equivocations"] == before


def test_a_pruned_transaction_is_as_if_it_was_never(world):
    tx = world.build()
    world.submit(tx)
    world.node.do("prune", digest=tx["digest"])
    assert world.node.graphql(LOOKUP, {"d": tx["digest"]})["data"]["transaction"] is None
    assert world.submit(tx)["data"]["executeTransaction"]["effects"]["status"] == "SUCCESS"
    assert world.entry(tx)["submits"] == 2 and world.objects(world.coin["objectId"])[0]["version"] == world.coin["version"] + 1


def test_tls(sdk, tmp_path):
    try:
        certificates = servers.Certificates(tmp_path)
    except servers.Missing as e:
        pytest.skip(str(e))
    with sui.SuiNode(tls=certificates) as node:
        assert node.url.startswith("https://127.0.0.1:")
        assert node.graphql("query{ chainIdentifier }")["data"]["chainIdentifier"] == node.ledger()["chain"]
        with pytest.raises(urllib.error.URLError, match="certificate"):
            urllib.request.urlopen(node.url, timeout=5)


# ---- a server that nothing brings down ----

def test_bytes_that_were_changed_on_the_way(world, sdk):
    """Whatever they say now, signed by the sender: refused or executed, and never a defect."""
    random = Random(5)
    counter = world.share()
    split = [{"split": "gas", "amounts": [{"u64": "5"}, {"u64": "6"}]}, {"merge": {"result": [0, 0]}, "from": [{"result": [0, 1]}]},
             {"transfer": [{"result": [0, 0]}], "to": {"address": "0x5"}}, world.call("counter::up", counter)]
    for _ in range(CHANGES):
        tx = world.build(split, gas=[world.node.coins(world.address, 10**9)[0]])
        changed = bytearray(base64.b64decode(tx["bytes"]))
        for _ in range(random.choice((1, 1, 2, 4))):
            changed[random.randrange(len(changed))] = random.choice((0, 1, 2, 3, 5, 127, 128, 255, random.randrange(256)))
        data = base64.b64encode(changed).decode()
        answer = world.submit({"bytes": data, "signatures": [sdk.do("sign", seed=world.seed, bytes=data)]})
        assert all(e["extensions"]["code"] == "BAD_USER_INPUT" for e in answer.get("errors", [])), (data, answer)
        assert answer["data"] is None or answer["data"]["executeTransaction"]["effects"]["status"] in ("SUCCESS", "FAILURE")


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
    (post(b'{"query":"{chainIdentifier}","variables":"x"}'), 400), (post(b'{"query":"{chainIdentifier}","operationName":{}}'), 400),
    (post(b"{}", path=b"/nosuch"), 404), (post(b"{}", kind=b"text/plain"), 415), (post(b"x" * 600_000), 413),
    (b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405), (post(b'{"query":"' + b"{a" * 2400 + b'"}'), 200),
    (post(b'{"query":"query{__proto__}"}'), 200), (post(b'{"query":"subscription{ a }"}'), 200),
    (post(b'{"query":"query a{chainIdentifier} query b{chainIdentifier}"}'), 200), (post(b"[" * 400_000), 400),
], ids=lambda value: str(value)[-40:])
def test_requests_that_are_none(world, data, status):
    answer = exchange(world.node.ports[1], data)
    assert answer.startswith(b"HTTP/1.1 %d" % status), answer[:200]
    assert is_json(answer.partition(b"\r\n\r\n")[2])
    if status == 200:
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"]


def test_lines_that_are_no_http(world):
    for data in (b"\x00" * 100, b"GET", b"POST /graphql HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"A" * 100_000):
        exchange_quietly(world.node.ports[1], data)
    assert world.node.graphql("query{ chainIdentifier }")["data"]


def exchange_quietly(port, data):
    try:
        exchange(port, data)
    except OSError:
        pass  # it may cut the connection


@pytest.mark.parametrize("action, words", [
    ({"do": "nosuch"}, "expected one of"), ({"do": "__proto__"}, "expected one of"), ({"do": "fault", "kind": "nosuch"}, "kind"),
    ({"do": "fault", "kind": "slow", "bytes": 1}, "no parameter"), ({"do": "fault", "kind": "slow", "ms": "x"}, "must be a number"),
    ({"do": "lag", "endpoint": 7}, "no endpoint 7"), ({"do": "bump", "object": "0x9999"}, "no object"), ({"do": "bump"}, "Invalid address"),
    ({"do": "coins", "owner": "0x1", "balance": "-1"}, "expected an amount"), ({"do": "epoch", "gas_price": 0}, "gas_price"),
    ({"do": "targets", "targets": {"x": {}}}, "package::module::function"),
    ({"do": "targets", "targets": {"0x1::a::b": {"params": ["nosuch"]}}}, "params is wrong"),
    ({"do": "targets", "targets": {"0x1::a::b": {"model": {"kind": "x"}}}}, "model is wrong"),
    ({"do": "prune", "digest": "x"}, "no transaction"), ({"do": "object", "owner": "0x1", "kind": "coin"}, "kind"), (7, "expected one of"),
])
def test_controls_that_are_wrong_are_told(world, action, words):
    with pytest.raises(sui.Refused, match=words):
        world.node.control(action)


# ---- death ----

@pytest.fixture
def mortal(sdk):
    """A node and a sender of its own, to be killed."""
    with sui.SuiNode() as node:
        node.do("targets", targets=TARGETS)
        yield World(node, sdk)


def state_of(node):
    ledger = node.ledger()
    return {name: ledger[name] for name in ("chain", "epoch", "checkpoint", "transactions", "equivocations", "rejected", "submits")}


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
    assert mortal.objects(counter["shared"]["objectId"])[0]["asMoveObject"]["contents"]["json"]["value"] == "1"
    assert mortal.execute([mortal.call("counter::up", counter)], price=2000)["status"] == "SUCCESS"


@pytest.mark.parametrize("kind, when, executed", [("die", "before", False), ("tear", "before", False), ("die", "after", True)])
def test_it_dies_around_an_execution(mortal, kind, when, executed):
    node, tx = mortal.node, mortal.build()
    node.fault(kind, when=when, match="execute")
    assert isinstance(later(mortal.submit, tx)(), (OSError, http.client.HTTPException))
    servers.wait_for(lambda: not node.running(), "the node did not die")
    node.kill()
    node.restart()
    found = node.graphql(LOOKUP, {"d": tx["digest"]})["data"]["transaction"]
    assert (found is not None) == (mortal.entry(tx) is not None) == executed
    assert mortal.submit(tx)["data"]["executeTransaction"]["effects"]["status"] == "SUCCESS"
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
        assert mortal.submit(tx)["data"]["executeTransaction"]["effects"]["status"] == "SUCCESS"
    assert node.ledger()["pending"] == [] and (mortal.entry(tx) is not None) == durable
    assert len(node.ledger()["transactions"]) == durable


def test_killed_at_any_moment_it_keeps_what_it_answered(mortal):
    """Many at once, each sent again until it is answered: every one is executed exactly once."""
    node, random, counter = mortal.node, Random(3), mortal.share()
    txs = [mortal.build([mortal.call("counter::up", counter)], gas=[coin]) for coin in node.coins(mortal.address, 10**9, count=32)]
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
    assert mortal.objects(counter["shared"]["objectId"])[0]["asMoveObject"]["contents"]["json"]["value"] == str(len(txs))


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
