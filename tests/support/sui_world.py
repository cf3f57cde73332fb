"""What the tests of the Sui test node have in common: senders with coins, and the queries of a client."""
import json
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path

import servers
import sui

OTHER = "ff" * 32
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
EXECUTE = """mutation($tx:Base64!,$sigs:[Base64!]!){ executeTransaction(transactionDataBcs:$tx, signatures:$sigs){
   effects{ digest status lamportVersion checkpoint{sequenceNumber}
   executionError{message abortCode identifier module{name package{address}} function{name}}
   gasEffects{gasObject{address version digest}
              gasSummary{computationCost storageCost storageRebate nonRefundableStorageFee}}
   objectChanges(first:50){nodes{address idCreated idDeleted outputState{version digest}}} } } }"""
SIMULATE = """query($t:JSON!){ simulateTransaction(transaction:$t, checksEnabled:true, doGasSelection:false){ effects{
   status executionError{message abortCode module{name} function{name}}
   gasEffects{gasSummary{computationCost storageCost storageRebate}} } } }"""
OBJECTS = """query($k:[ObjectKey!]!){ multiGetObjects(keys:$k){ address version digest owner{ __typename
   ... on Shared{initialSharedVersion} ... on AddressOwner{address{address}} }
   asMoveObject{contents{json type{repr}}} } }"""
COINS = """query($o:SuiAddress!,$c:String,$n:Int){ address(address:$o){
   objects(first:$n,after:$c,filter:{type:"0x2::coin::Coin<0x2::sui::SUI>"}){
   pageInfo{hasNextPage endCursor} nodes{address version digest contents{json}} } } }"""
LOOKUP = """query($d:String!){ transaction(digest:$d){ digest
   effects{status epoch{epochId} checkpoint{sequenceNumber}} } }"""
SENT = """query($o:SuiAddress!,$c:String,$n:Int){ transactions(first:$n,after:$c,filter:{sentAddress:$o}){
   pageInfo{hasNextPage endCursor} nodes{digest effects{checkpoint{sequenceNumber}}} } }"""


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
        coins = [reference(coin) for coin in gas or [self.coin]]
        return self.sdk.do("build", seed=self.seed, gas=coins, commands=commands, **more)

    def call(self, function, *args, types=()):
        return {"call": f"{PACKAGE}::{function}", "types": list(types), "args": list(args)}

    def submit(self, tx, url=None, **more):
        return self.node.graphql(EXECUTE, {"tx": tx["bytes"], "sigs": tx["signatures"]}, url=url, **more)

    def status(self, tx):
        """Of the submission."""
        return self.submit(tx)["data"]["executeTransaction"]["effects"]["status"]

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

    def contents(self, id):
        return self.objects(id)[0]["asMoveObject"]["contents"]["json"]

    def found(self, digest):
        return self.node.graphql(LOOKUP, {"d": digest})["data"]["transaction"]

    def ask(self, fields, url=None):
        return self.node.graphql(f"query{{ {fields} }}", url=url)["data"]

    def client(self, method, **options):
        """A method of the SDK's client."""
        return self.sdk.client(self.node.url, method, **options)

    def share(self, **more):
        made = self.node.do("object", owner="shared", **more)
        return {"shared": {"objectId": made["objectId"], "initialSharedVersion": made["version"], "mutable": True}}

    def balance(self, id):
        return int(self.contents(id)["balance"])


def reference(coin):
    return {name: coin[name] for name in ("objectId", "version", "digest")}


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


def raw(node, tx, url=None, timeout=5):
    """(status, headers, body) of the submission."""
    body = json.dumps({"query": EXECUTE, "variables": {"tx": tx["bytes"], "sigs": tx["signatures"]}}).encode()
    request = urllib.request.Request(url or node.url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def simulate(world, tx):
    answer = world.node.graphql(SIMULATE, {"t": {"bcs": {"value": tx["bytes"]}}})
    assert "errors" not in answer, answer
    return answer["data"]["simulateTransaction"]["effects"]
