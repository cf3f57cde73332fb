"""The Sui test node refuses what validators refuse."""
import base64
import json

import pytest

from sui_world import CLOCK, DUSDC, OTHER, SHARED, World, later, reference, until_pending


# ---- rules ----

def test_wrong_signatures(world, sdk):
    tx = world.build()
    foreign = sdk.do("sign", seed=OTHER, bytes=tx["bytes"])
    elsewhere = sdk.do("sign", seed=world.seed, bytes=world.build(budget=40_000_000)["bytes"])
    for signatures in ([foreign], [elsewhere], ["AAAA"], ["?"]):
        world.refused({**tx, "signatures": signatures}, "ignature")
    for signatures in ([], tx["signatures"] * 2):
        world.refused({**tx, "signatures": signatures}, "Expect 1 signer signatures")
    assert world.status(tx) == "SUCCESS"


def test_a_sponsor_signs_too(world, sdk):
    sponsor = World(world.node, sdk)
    tx = world.build(gas=[sponsor.coin], sponsor=sponsor.seed)
    world.refused({**tx, "signatures": tx["signatures"][:1]}, "Expect 2 signer signatures")
    assert world.status(tx) == "SUCCESS"


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
    data = base64.b64encode(bytes.fromhex(golden["hex"])).decode()
    tx = {"bytes": data, "digest": golden["digest"], "signatures": [golden["signature"]]}
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
    as_owned = {"objectId": shared["objectId"], "version": shared["initialSharedVersion"], "digest": theirs["digest"]}
    world.refused(up({"owned": as_owned}), "owned one")
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
        return {"ValidDuring": {"minEpoch": str(first), "maxEpoch": str(last), "minTimestamp": None,
                                "maxTimestamp": None, "chain": chain or ledger["chain"], "nonce": 7}}

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
    noted = next(e for e in world.node.ledger()["equivocations"] if two["digest"] in e["digests"])
    assert noted["object"] == world.coin["objectId"]
    assert noted["digests"] == [one["digest"], two["digest"]] and not noted["final"]
    world.node.do("epoch")
    assert world.status(two) == "SUCCESS"


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
    assert world.contents(counter["shared"]["objectId"])["value"] == "2"
