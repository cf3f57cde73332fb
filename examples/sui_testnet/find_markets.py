#!/usr/bin/env python3
"""Markets for lib/markets.lua, from a list of oracles as the public server of DeepBook Predict gives it:

    curl -sf https://predict-server.testnet.mystenlabs.com/predicts/PREDICT/oracles | python3 find_markets.py

adds those that are active and not over yet, and removes those that have been over for a week; at most 100 of either are
kept. Start the daemon again afterwards: the signer is told the markets once, at the start."""
import json
import re
import sys
import time
from pathlib import Path

FILE = Path(__file__).parent / "lib" / "markets.lua"
HEAD = "-- Made by find_markets.py: one line per market.\n"
LINE = ('  ["btc:{expiry}"] = {{ oracle = {{ id = "{oracle_id}", shared = true }}, expiry = {expiry}, '
        'min_strike = {min_strike}, tick = {tick_size} }},\n')
KEPT_MS = 7 * 86400 * 1000
MOST = 100  # of those to come, and of those that are over: orrery knows at most 256 in a vault


def problem(text):
    sys.exit(f"find_markets.py: {text}")


def read_oracle(one):
    """What a line needs, or None: not active, or of something else."""
    if one.get("status") != "active" or one.get("underlying_asset", "BTC") != "BTC":
        return None
    found = {name: one.get(name) for name in ("oracle_id", "expiry", "min_strike", "tick_size")}
    numbers = [found[name] for name in ("expiry", "min_strike", "tick_size")]
    if not re.fullmatch(r"0x[0-9a-f]{1,64}", str(found["oracle_id"])) or not all(type(n) is int and n > 0 for n in numbers):
        problem(f"an oracle without what is needed: {json.dumps(found)}")
    return found


def main():
    try:
        oracles = [read_oracle(one) for one in json.load(sys.stdin)]
    except (ValueError, AttributeError, TypeError) as e:
        problem(f"the standard input is not a list of oracles: {e}")
    now = int(time.time() * 1000)
    known = {int(line.split('"')[1].split(":")[1]): line
             for line in FILE.read_text().splitlines(keepends=True) if line.startswith('  ["btc:')}
    kept = {expiry: line for expiry, line in known.items() if expiry > now - KEPT_MS}
    found = {one["expiry"]: LINE.format(**one) for one in oracles if one and one["expiry"] > now}
    lines = {**found, **kept}
    over = sorted(expiry for expiry in lines if expiry <= now)[-MOST:]
    chosen = over + sorted(expiry for expiry in lines if expiry > now)[:MOST]
    FILE.write_text(HEAD + "return {\n" + "".join(lines[expiry] for expiry in chosen) + "}\n")
    print(f"{len(chosen)} markets in {FILE.name}, {len(set(chosen) - set(known))} of them new")


if __name__ == "__main__":
    main()
