"""A desk whose vaults trade on the Sui test node, and the books: what the journal says against what the node did."""
import base64
import json
import os

import sui
import support

PACKAGE = "0x" + "cc" * 32
QUOTE = "0x" + "ee" * 32 + "::dusdc::DUSDC"
FUNDS = 10**15
OPEN, DONE, DEAD = 1, 2, 3

CONFIG = """
local P = "%(package)s"
local function vault(manager, owned)
  return {
    executor = "sui", operator = "main", on_foreign = "%(on_foreign)s",
    objects = { predict = { id = "%(predict)s", shared = %(predict_version)s, mutable = true },
                manager = owned and { id = manager, owned = true } or { id = manager, shared = true, mutable = true } },
    markets = { btc = { oracle = { id = "%(oracle)s", shared = %(oracle_version)s }, expiry = "1800000000000" } },
    calls = {
      mint_binary = {
        { target = P .. "::market_key::new",
          arguments = { { market = "oracle", type = "id" }, { market = "expiry", type = "u64" },
                        { param = "strike", type = "u64" }, { param = "is_up", type = "bool" } } },
        { target = P .. "::predict::mint", type_arguments = { "%(quote)s" },
          arguments = { { object = "predict" }, { object = "manager" }, { market = "oracle" },
                        { result = 1 }, { param = "quantity", type = "u64" }, { clock = true } } },
      },
    },
    caps = { max_spend = %(max_spend)s, spend_window = %(spend_window)s },
    %(vault_more)s
  }
end
return {
  workers = 2, %(more)s
  sui = {
    chain = "%(chain)s", endpoints = { %(endpoints)s }, timeout = "5s", execute_timeout = "10s",
    epoch_every = "1s", epoch_least = "1s", foreign_every = "%(foreign_every)s", proof_wait = "500ms", %(sui_more)s
    operators = { main = { key = "%(key)s", gas_coins = %(gas_coins)d, %(operator_more)s gas_coin = 1000000000,
                           gas_per_day = 1000000000000000, signatures_per_minute = 100000 } },
  },
  vaults = { %(vaults)s },
}
"""

# A batch whose strike tells which decision it was.
COUNTING = """
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    return action.vault.mint_binary { market_id = "btc:1800000000000", strike = n, is_up = true, quantity = 1 }
"""


class ChainDesk(support.Desk):
    """`vaults`: names; every other one's manager is an object that the operator owns, the others' are shared."""

    def __init__(self, path, node, vaults=("v",), seed="11" * 32, key="file:keys/sui.keystore", **settings):
        super().__init__(path)
        self.node, self.vaults, self.seed, self.settings = node, list(vaults), seed, settings
        self.key = key
        keys = self.path / "keys"
        keys.mkdir(mode=0o700)
        self.write("keys/sui.keystore", json.dumps([base64.b64encode(bytes([0]) + bytes.fromhex(seed)).decode()]))
        os.chmod(keys / "sui.keystore", 0o600)
        self.address = support.run("-C", path, "keys", "address", "file:keys/sui.keystore").out.strip().split()[-1]
        self.make_chain()
        self.configure()

    def make_chain(self):
        self.node.do("targets", targets=sui.predict_targets(PACKAGE))
        self.predict = self.node.do("object", owner="shared")
        self.oracle = self.node.do("object", owner="shared")
        self.managers = {v: self.node.do("object", owner="shared" if i % 2 else self.address, kind="vault",
                                         balances={QUOTE: str(FUNDS)}) for i, v in enumerate(self.vaults)}

    def fund(self, balance=10**12, count=1):
        return self.node.coins(self.address, balance, count)

    def configure(self, **more):
        self.settings.update(more)
        values = dict(gas_coins=8, max_spend=10**15, spend_window=3600, vault_more="", sui_more="", operator_more="", more="",
                      on_foreign="warn", foreign_every="1s", chain=self.node.ledger()["chain"], key=self.key,
                      endpoints=", ".join(f'"{url}"' for url in self.node.urls), package=PACKAGE, quote=QUOTE)
        values.update(predict=self.predict["objectId"], oracle=self.oracle["objectId"],
                      predict_version=self.predict["owner"]["Shared"]["initialSharedVersion"],
                      oracle_version=self.oracle["owner"]["Shared"]["initialSharedVersion"],
                      vaults=", ".join(f'{v} = vault("{self.managers[v]["objectId"]}", {self.owned(v)})'
                                       for v in self.vaults))
        values.update(self.settings)
        return self.write("orrery.lua", CONFIG % values)

    def owned(self, vault):
        return "true" if "AddressOwner" in self.managers[vault]["owner"] else "false"

    def add_trader(self, vault, decide=COUNTING, triggers='{ kind = "manual" }', name=None, **more):
        text = support.strategy(name or f"t-{vault}", decide, triggers, **more)
        return self.write(f"strategies/{name or f't-{vault}'}.lua", text.replace('vault_id = "v"', f'vault_id = "{vault}"'))

    # ---- the books ----

    def submissions(self):
        return [dict(row) for row in self.rows("SELECT * FROM submissions ORDER BY id")]

    def transactions(self):
        return [t for t in self.node.ledger()["transactions"] if t["sender"] == self.address]

    def open(self):
        return self.status()["transactions"]["open"]

    def position(self, vault):
        """How many contracts the manager holds on the chain."""
        [found] = self.node.graphql("""query($k:[ObjectKey!]!){ multiGetObjects(keys:$k){
            asMoveObject{contents{json}} } }""", {"k": [{"address": self.managers[vault]["objectId"]}]},
            url=self.node.truth)["data"]["multiGetObjects"]
        positions = found["asMoveObject"]["contents"]["json"]["positions"]
        return sum(int(entry["value"]) for entry in positions["contents"])

    def check_books(self, distinct=False):
        """Of a stopped desk, all of whose submissions have ended: journal and node say the same. `distinct`: no two
        decisions of a vault had the same strike."""
        ours, theirs = self.submissions(), self.transactions()
        executed = {t["digest"]: t for t in theirs}
        assert len(executed) == len(theirs)
        assert not [s for s in ours if s["state"] == OPEN], "what came of everything is known"
        assert {s["digest"] for s in ours if s["state"] == DONE} == set(executed)
        for s in ours:
            if s["state"] == DONE:
                assert bool(s["success"]) == (executed[s["digest"]]["status"] == "SUCCESS"), s["digest"]
                assert s["bytes"] == base64.b64decode(executed[s["digest"]]["bytes"])
        assert self.node.ledger()["equivocations"] == []
        for vault in self.vaults:
            strikes = self.check_vault(vault, [s for s in ours if s["vault"] == vault])
            assert not distinct or len(set(strikes)) == len(strikes), f"{vault}: a decision went out twice"

    def check_vault(self, vault, ours):
        """One at a time, each decision once; what the chain holds is what was executed."""
        for before, after in zip(ours, ours[1:]):
            assert after["created_at"] >= before["settled_at"], "one was built before the other was known"
        runs = {row["id"]: row for row in self.rows("SELECT * FROM runs_v WHERE vault = ?", vault)}
        minted, strikes = 0, []
        for s in ours:
            assert runs[s["id"]]["status"] == ("completed" if s["success"] else "failed"), s["digest"]
            [action] = json.loads(runs[s["id"]]["actions"])
            strikes.append(int(action["strike"]))
            minted += int(action["quantity"]) if s["success"] else 0
        assert self.position(vault) == minted
        return strikes
