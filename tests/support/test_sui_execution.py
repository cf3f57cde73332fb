"""The Sui test node answers what a client asks and executes what it sends, as the SDK and plain HTTP see it."""
import time

import pytest

from sui_world import CLOCK, COINS, DUSDC, OBJECTS, ORACLE, PACKAGE, SENT, SIMULATE, World, simulate


# ---- queries ----

def test_what_a_client_asks_first(world):
    answer = world.ask("chainIdentifier epoch{epochId referenceGasPrice} checkpoint(sequenceNumber:0){digest}")
    assert answer["chainIdentifier"] == answer["checkpoint"]["digest"] == world.node.ledger()["chain"]
    assert answer["epoch"] == {"epochId": world.node.ledger()["epoch"], "referenceGasPrice": "1000"}
    assert world.client("getReferenceGasPrice") == {"referenceGasPrice": "1000"}
    assert world.client("getChainIdentifier")["chainIdentifier"] == answer["chainIdentifier"]


def test_objects_by_id(world):
    shared = world.share()["shared"]
    fixed = world.node.do("object", owner="immutable")
    found = world.objects(world.coin["objectId"], shared["objectId"], fixed["objectId"], "0x123456", "0x6")
    assert found[0]["owner"] == {"__typename": "AddressOwner", "address": {"address": world.address}}
    assert all(found[0][name] == world.coin[name] for name in ("version", "digest"))
    assert found[1]["owner"] == {"__typename": "Shared", "initialSharedVersion": shared["initialSharedVersion"]}
    assert found[2]["owner"]["__typename"] == "Immutable" and found[3] is None
    assert found[4]["owner"]["initialSharedVersion"] == 1 and found[4]["address"].endswith("06")  # the clock
    by_sdk = world.client("getObjects", objectIds=[world.coin["objectId"], "0x123456"],
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
    by_sdk = world.client("listCoins", owner=world.address, limit=50)
    assert [coin["objectId"] for coin in by_sdk["objects"]] == [node["address"] for node in seen]
    assert world.client("getBalance", owner=world.address)["balance"]["balance"] == str(10**10 + 30)


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

ONE = {"u64": "1"}


def split(amount):
    """A coin off the gas coin."""
    return {"split": "gas", "amounts": [{"u64": str(amount)}]}


def test_a_transaction_by_the_sdk_from_the_coin_to_the_query(world):
    tx = world.build([split(1000), {"transfer": [{"result": [0, 0]}], "to": {"address": "0x77"}}])
    include = {"effects": True, "bcs": True}
    simulated = world.client("simulateTransaction", transaction=tx["bytes"], include=include)["Transaction"]
    assert simulated["status"]["success"] and simulated["digest"] == tx["digest"]
    assert world.found(tx["digest"]) is None
    done = world.client("executeTransaction", transaction=tx["bytes"], signatures=tx["signatures"], include=include)
    assert done["$kind"] == "Transaction"
    done = done["Transaction"]
    assert done["digest"] == done["effects"]["transactionDigest"] == tx["digest"] and done["status"]["success"]
    assert done["checkpoint"] is None  # not indexed yet
    assert done["effects"]["gasUsed"] == simulated["effects"]["gasUsed"]
    found = world.client("getTransaction", digest=tx["digest"], include=include)["Transaction"]
    assert found["effects"] == done["effects"] and found["signatures"] == tx["signatures"] and found["checkpoint"]
    used = {name: int(value) for name, value in done["effects"]["gasUsed"].items()}
    # A coin costs 988000 MIST of storage, 99 % of which come back.
    assert used == {"computationCost": 1_000_000, "storageCost": 2 * 988_000, "storageRebate": 978_120,
                    "nonRefundableStorageFee": 9_880}
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
    by_sdk = world.client("listTransactions", filter={"sender": world.address}, limit=50)
    assert [each["Transaction"]["digest"] for each in by_sdk["transactions"]] == [*digests, last]


def test_an_abort_is_executed_and_says_where(world):
    counter = world.share()
    before = world.coin
    effects = world.execute([world.call("counter::up", counter), world.call("bad::always")])
    error = effects["executionError"]
    assert effects["status"] == "FAILURE" and error["abortCode"] == "42"
    assert error["module"] == {"name": "inner", "package": {"address": PACKAGE}}
    assert error["function"] == {"name": "check"}
    assert "2nd command" in error["message"] and f"'{PACKAGE}::inner::check'" in error["message"]
    assert world.coin["version"] == effects["lamportVersion"] > before["version"]  # gas is spent
    shared = world.objects(counter["shared"]["objectId"])[0]
    assert shared["version"] == effects["lamportVersion"] and shared["asMoveObject"]["contents"]["json"]["value"] == "0"
    tx = world.build([world.call("bad::always")])
    failed = world.client("executeTransaction", transaction=tx["bytes"], signatures=tx["signatures"],
                          include={"effects": True})["FailedTransaction"]
    assert failed["status"]["error"]["MoveAbort"]["abortCode"] == "42" and failed["status"]["error"]["command"] == 0
    assert failed["effects"]["status"]["error"]["MoveAbort"]["location"]["functionName"] == "check"  # from the BCS


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
    gas = simulate(world, world.build(commands))["gasEffects"]["gasSummary"]
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
        arguments = (predict, manager, oracle, {"result": [0]}, {"u64": str(quantity)}, CLOCK)
        return world.execute([key, world.call(f"predict::{kind}", *arguments, types=[DUSDC])])

    def held():
        json_ = world.contents(manager["shared"]["objectId"])
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
    kept = {"transfer": [{"result": [0]}], "to": {"address": world.address}}
    assert world.execute([taken, kept])["status"] == "SUCCESS"
    assert held() == ("70", [])
    given = world.call("predict_manager::deposit", manager, {"result": [0]}, types=[DUSDC])
    assert world.execute([taken, given])["status"] == "SUCCESS"
    assert "TypeMismatch" in world.execute([split(5), given])["executionError"]["message"]  # a coin of SUI
    assert held() == ("70", [])


def test_objects_that_calls_create(world):
    effects = world.execute([world.call("counter::open")])
    created = [change["address"] for change in effects["objectChanges"]["nodes"] if change["idCreated"]]
    owners = {found["owner"]["__typename"]: found for found in world.objects(*created)}
    assert set(owners) == {"Shared", "AddressOwner"}
    assert owners["Shared"]["owner"]["initialSharedVersion"] == owners["Shared"]["version"] == effects["lamportVersion"]


def frozen(shared):
    shared["shared"]["mutable"] = False
    return shared


@pytest.mark.parametrize("commands, words", [
    (lambda w: [w.call("counter::nosuch")], "FunctionNotFound"),
    (lambda w: [w.call("counter::up")], "ArityMismatch"),
    (lambda w: [w.call("predict_manager::withdraw", w.share(kind="vault"), {"u64": "1"})], "TypeArityMismatch"),
    (lambda w: [w.call("counter::up", {"u64": "1"})], "TypeMismatch"),
    (lambda w: [w.call("counter::up", frozen(w.share()))], "InvalidObjectByMutRef"),
    (lambda w: [w.call("market_key::new", {"raw": "00"}, ONE, ONE, {"bool": True})], "InvalidBCSBytes"),
    (lambda w: [w.call("market_key::new", {"id": "0x1"}, ONE, ONE, {"raw": "02"})], "InvalidBCSBytes"),
    (lambda w: [split(10**10)], "InsufficientCoinBalance"),
    (lambda w: [split(1)], "UnusedValueWithoutDrop"),
    (lambda w: [{"transfer": [w.share()], "to": {"address": "0x1"}}], "InvalidObjectByValue"),
    (lambda w: [w.call("counter::up", "gas")], "TypeMismatch"),
])
def test_commands_that_fail(world, commands, words):
    effects = world.execute(commands(world))
    assert effects["status"] == "FAILURE" and words in effects["executionError"]["message"]
    assert "command" in effects["executionError"]["message"] or words == "UnusedValueWithoutDrop"
    assert effects["executionError"]["abortCode"] is None


