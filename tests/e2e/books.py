"""What must be true of a desk's database at any moment, however the daemon ended: read with SQLite alone."""
import json

TERMINAL = {"noop", "completed", "rejected", "failed", "cancelled", "skipped"}


def check_journal(db):
    """Runs, pending triggers, counts: each trigger once, each run ended. Returns the runs by id, in order."""
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    runs = {r["id"]: dict(r) for r in db.execute("SELECT * FROM runs_v ORDER BY id")}
    assert {r["status"] for r in runs.values()} <= TERMINAL
    pending = {r["id"]: dict(r) for r in db.execute("SELECT * FROM pending")}
    both = runs.keys() & pending.keys()
    assert not both, f"ended and still pending: {both}"
    counted = {(r["plugin"], r["status"]): r["count"] for r in db.execute("SELECT * FROM run_counts_v")}
    real = {}
    for r in runs.values():
        real[r["plugin"], r["status"]] = real.get((r["plugin"], r["status"]), 0) + 1
    assert counted == real
    return runs, pending


def amounts(row, *names):
    """Amounts above 2^63-1 are kept as text."""
    return [int(row[name]) for name in names]


def check_ledger(db, vault="v"):
    """Money: every entry balances, and their sums are the account and the positions. Returns the account."""
    entries = db.execute("SELECT * FROM ledger WHERE vault = ? ORDER BY account_version, seq", (vault,)).fetchall()
    if not entries:
        assert db.execute("SELECT count(*) FROM vault_accounts").fetchone()[0] == 0
        return None
    account = db.execute("SELECT * FROM vault_accounts WHERE vault = ?", (vault,)).fetchone()
    positions = db.execute("SELECT * FROM positions WHERE vault = ?", (vault,)).fetchall()
    quote, pm, plp, deposited, gain, loss = amounts(account, "quote", "pm", "plp_cost", "deposited", "realised_gain",
                                                    "realised_loss")
    cost = sum(int(p["cost"]) for p in positions) + plp
    for e in entries:
        assert e["quote_delta"] + e["pm_delta"] + e["cost_delta"] == e["gain_delta"], dict(e)
    assert sum(e["quote_delta"] for e in entries) == quote
    assert sum(e["pm_delta"] for e in entries) == pm
    assert sum(e["cost_delta"] for e in entries) == cost
    assert sum(e["gain_delta"] for e in entries) == deposited + gain - loss
    assert quote + pm + cost == deposited + gain - loss
    assert min(quote, pm, cost) >= 0 and all(int(p["quantity"]) > 0 for p in positions)
    check_versions(entries, account)
    check_entries_have_runs(db, entries)
    return account


def check_versions(entries, account):
    """Each change of the account is there once, whole."""
    keys = [(int(e["account_version"]), e["seq"]) for e in entries]
    assert len(set(keys)) == len(keys)
    by_version = {}
    for version, seq in keys:
        by_version.setdefault(version, []).append(seq)
    assert all(seqs == list(range(len(seqs))) for seqs in by_version.values())
    assert max(by_version) == int(account["version"])


def check_entries_have_runs(db, entries):
    """Every booked batch belongs to a completed run, and every completed batch is booked as executed."""
    booked = {}
    for e in entries:
        if e["run"] is not None:
            booked.setdefault(e["run"], []).append(e["kind"])
    executed = {}
    for r in db.execute("SELECT id, actions FROM runs_v WHERE status = 'completed' AND dry_run = 0"):
        kinds = [a["kind"] for a in json.loads(r["actions"]) if a["kind"] not in ("noop", "emit")]
        if kinds:
            executed[r["id"]] = kinds
    assert booked.keys() == executed.keys()
    for run, kinds in executed.items():
        auto = ["auto_fund" if k == "pm_deposit" else k for k in kinds]
        assert booked[run] in (kinds, auto), (run, booked[run], kinds)


def check_caps(db, caps, vault="v"):
    """The caps as the record shows them: open positions, exposure against the greatest NAV, spend per window."""
    account = db.execute("SELECT * FROM vault_accounts WHERE vault = ?", (vault,)).fetchone()
    if account is None:
        return
    positions = db.execute("SELECT cost FROM positions WHERE vault = ?", (vault,)).fetchall()
    high = int(account["high_water"])
    assert len(positions) <= caps["max_open_positions"]
    assert sum(int(p["cost"]) for p in positions) * 100 <= caps["max_exposure_pct"] * high
    assert max([int(p["cost"]) for p in positions], default=0) * 100 <= caps["max_single_position_pct"] * high
    spends = db.execute("SELECT at, amount FROM cap_ledger WHERE vault = ? ORDER BY at, id", (vault,)).fetchall()
    total, first = 0, 0
    for s in spends:
        total += int(s["amount"])
        while spends[first]["at"] <= s["at"] - caps["window_ms"]:
            total -= int(spends[first]["amount"])
            first += 1
        assert total <= caps["max_spend"], f"{total} spent within {caps['window_ms']} ms before {s['at']}"
    return len(spends)
