"""(k) A decision to signed bytes: a batch of four actions built by its recipe, named and signed, against the official
SDK (@mysten/sui) that builds, names and signs the same; both make the same bytes, which is checked.

(l) Transactions through the Sui test node, from decision to the outcome on record, by 16 vaults of one operator: with
a pool of 16 gas coins and with one coin, which they have to share. The node takes 400 ms to finality, as the public network does."""
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from desk import Failure

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "e2e")]
import servers  # noqa: E402
import sui  # noqa: E402

SEED = bytes(range(32)).hex()
PACKAGE, QUOTE = "0x" + "cc" * 32, "0x" + "ee" * 32 + "::dusdc::DUSDC"
PREDICT, MANAGER, ORACLE = ("0x" + byte * 32 for byte in ("a1", "a2", "a3"))
EXPIRY = 1800000000000
VAULTS = 16
FINALITY_MS = 400


# ---- (k) ----

def key_call(kind):
    fields = ["strike"] if kind == "market_key" else ["lower_strike", "higher_strike"]
    side = [{"param": "is_up", "type": "bool"}] if kind == "market_key" else []
    return {"target": f"{PACKAGE}::{kind}::new", "arguments": [
        {"market": "oracle", "type": "id"}, {"market": "expiry", "type": "u64"},
        *({"param": name, "type": "u64"} for name in fields), *side]}


def trade(kind, function):
    return [key_call(kind), {"target": f"{PACKAGE}::predict::{function}", "type_arguments": [QUOTE], "arguments": [
        {"object": "predict"}, {"object": "manager"}, {"market": "oracle"}, {"result": 1},
        {"param": "quantity", "type": "u64"}, {"clock": True}]}]


def recipe():
    shared = {"shared": 5, "mutable": True}
    return {"objects": {"predict": {"id": PREDICT, **shared}, "manager": {"id": MANAGER, **shared}},
            "markets": {"btc": {"oracle": {"id": ORACLE, "shared": 5}, "expiry": str(EXPIRY)}},
            "calls": {"mint_binary": trade("market_key", "mint"), "redeem_binary": trade("market_key", "redeem"),
                      "mint_range": trade("range_key", "mint_range"),
                      "redeem_range": trade("range_key", "redeem_range")}}


ACTIONS = [
    {"kind": "mint_binary", "market_id": f"btc:{EXPIRY}", "strike": 100_000, "is_up": True, "quantity": 5_000_000},
    {"kind": "mint_range", "market_id": f"btc:{EXPIRY}", "lower_strike": 90_000, "higher_strike": 110_000,
     "quantity": 7},
    {"kind": "redeem_binary", "market_id": f"btc:{EXPIRY}", "strike": 99_000, "is_up": False, "quantity": 3},
    {"kind": "redeem_range", "market_id": f"btc:{EXPIRY}", "lower_strike": 80_000, "higher_strike": 90_000,
     "quantity": 9},
]


def commands():
    """The same four actions as the SDK's calls."""
    def shared(id, mutable):
        return {"shared": {"objectId": id, "initialSharedVersion": 5, "mutable": mutable}}

    clock = {"shared": {"objectId": "0x6", "initialSharedVersion": 1, "mutable": False}}
    made = []
    for action in ACTIONS:
        binary = action["kind"].endswith("binary")
        strikes = ["strike"] if binary else ["lower_strike", "higher_strike"]
        made.append({"target": f"{PACKAGE}::{'market' if binary else 'range'}_key::new", "types": [], "args": [
            {"id": ORACLE}, {"u64": str(EXPIRY)}, *({"u64": str(action[name])} for name in strikes),
            *([{"bool": action["is_up"]}] if binary else [])]})
        function = {"mint_binary": "mint", "redeem_binary": "redeem"}.get(action["kind"], action["kind"])
        made.append({"target": f"{PACKAGE}::predict::{function}", "types": [QUOTE], "args": [
            shared(PREDICT, True), shared(MANAGER, True), shared(ORACLE, False), {"result": len(made) - 1},
            {"u64": str(action["quantity"])}, clock]})
    return made


def work():
    keys = json.dumps([base64.b64encode(bytes([0]) + bytes.fromhex(SEED)).decode()])
    return {"keys": keys, "seed": SEED, "recipe": recipe(), "actions": ACTIONS, "commands": commands(),
            "objects": {id: {"initialSharedVersion": 5} for id in (PREDICT, MANAGER, ORACLE)},
            "gas": {"objectId": "0x" + "dd" * 32, "version": "7", "digest": "1" * 31 + "2"},
            "price": 1000, "budget": 50_000_000, "epoch": 501}


def printed(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Failure(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def measure_build(build, folder, seconds):
    given = folder / "work.json"
    given.write_text(json.dumps(work()))
    ours = printed([build / "tests" / "bench" / "sui_build", given, seconds])
    sui.install(folder / "peer")
    peer = folder / "peer" / "sui_peer.mjs"
    peer.write_text((HERE / "sui_peer.mjs").read_text())
    theirs = printed([sui.node_js(), peer, given, seconds])
    for part in ("bytes", "digest", "signature"):
        if ours[part] != theirs[part]:
            raise Failure(f"the {part} is not the SDK's: {ours[part]} and {theirs[part]}")
    return {"per_s": round(ours["per_s"]), "sdk_per_s": round(theirs["per_s"]),
            "ratio": round(ours["per_s"] / theirs["per_s"], 1)}


# ---- (l) ----

def run_desk(folder, node, coins, count):
    """Transactions per second until `count` have ended."""
    import onchain
    import support

    desk = onchain.ChainDesk(folder, node, [f"v{i}" for i in range(VAULTS)], seed=os.urandom(32).hex(), gas_coins=coins)
    try:
        desk.fund(10**11, count=coins)
        for vault in desk.vaults:
            desk.add_trader(vault, triggers=support.every(0.02))
        desk.start("--live", "--log-level", "error")
        desk.wait_until(lambda s: s["transactions"]["settled"] >= VAULTS, 60, "the first transactions")
        first, began = desk.status()["transactions"]["settled"], time.monotonic()
        done = support.wait_until(lambda: beyond(desk, first + count), 600, f"{count} transactions", every=0.05)
        rate = (done - first) / (time.monotonic() - began)
        desk.stop()
        desk.check_books(distinct=True)
        return rate
    finally:
        desk.close()


def beyond(desk, count):
    settled = desk.status()["transactions"]["settled"]
    return settled if settled >= count else None


def measure_pool(binary, folder, count):
    os.environ["ORRERY_BIN"] = str(binary)
    with sui.SuiNode() as node:
        node.do("finality", ms=FINALITY_MS)
        pool = run_desk(folder / "pool", node, VAULTS, count)
        one = run_desk(folder / "one", node, 1, max(count // 10, 20))
    return {"transactions": count, "per_s": round(pool, 1), "one_coin_per_s": round(one, 1),
            "ratio": round(pool / one, 1)}


def measure(binary, folder, quick):
    try:
        with tempfile.TemporaryDirectory(dir=folder) as made:
            return {"build": measure_build(Path(binary).parent, Path(made), 0.5 if quick else 5),
                    "pool": measure_pool(binary, Path(made), 60 if quick else 1000)}
    except servers.Missing as e:
        raise Failure(f"not here: {e}") from None
