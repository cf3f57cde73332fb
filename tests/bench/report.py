"""From measurements to rows: what was required, what was measured, by how much it is better, and whether it is met."""

AT_LEAST, AT_MOST = "≥", "≤"


def row(figure, measured, unit, sense=None, floor=None, note=""):
    met = better = None
    if measured is not None and floor is not None:
        met = measured >= floor if sense == AT_LEAST else measured <= floor
        better = round(measured / floor if sense == AT_LEAST else floor / max(measured, 1e-9), 2)
    return {"figure": figure, "measured": measured, "unit": unit, "sense": sense, "floor": floor, "ratio": better,
            "met": met, "note": note}


def ratio_row(ticks, peer, mode, statements, floor):
    words = {"full": "FULL", "wal-normal": "WAL+NORMAL"}[mode]
    rate = peer.get(mode, {}).get(statements)
    style = "usual queries" if statements == "plain" else "prepared queries"
    name = f"(a) against the peer with {words}, {style}"
    if not rate:
        return row(name, None, "×", AT_LEAST, floor, "peer skipped")
    return row(name, round(ticks / rate, 1), "×", AT_LEAST, floor, f"peer {rate:,}/s")


def tick_rows(a, peer):
    if a is None:
        return [row("(a) durable ticks, 100 plugins", None, "/s", AT_LEAST, 40000, "not measured")]
    ticks = a["ticks_per_s"]
    return [
        row("(a) durable ticks, 100 plugins", ticks, "/s", AT_LEAST, 40000, f"median of {len(a['runs'])}"),
        row("(a) durable ticks, 1,000 plugins", a["ticks_per_s_1000_plugins"], "/s"),
        ratio_row(ticks, peer, "wal-normal", "plain", 8),
        ratio_row(ticks, peer, "full", "plain", 28),
        ratio_row(ticks, peer, "wal-normal", "prepared", None),
        ratio_row(ticks, peer, "full", "prepared", None),
    ]


# measurement, key of its result, figure, unit, at most
CEILINGS = (
    ("latency", "p50_ms", "(b) trigger to committed at 1,000/s, p50", "ms", 2),
    ("latency", "p99_ms", "(b) trigger to committed at 1,000/s, p99", "ms", 10),
    ("latency", "fire_p50_ms", "(b) fire --wait at 1,000/s (two commits), p50", "ms", None),
    ("latency", "fire_p99_ms", "(b) fire --wait at 1,000/s (two commits), p99", "ms", None),
    ("state_get", "integer_p50_us", "(c) ctx.state:get of an integer, p50", "µs", 2),
    ("state_get", "table_p50_us", "(c) ctx.state:get of a table, p50", "µs", 2),
    ("plugins", "kib_per_idle_plugin", "(d) memory per idle plugin, core and workers", "KiB", 64),
    ("plugins", "loaded_2000_s", "(d) 2,000 plugins loaded", "s", 2),
    ("first_tick", "ms", "(e) start to first committed tick", "ms", 100),
    ("respawn", "ms", "(f) worker of 100 plugins killed until all tick", "ms", 100),
    ("retention", "ratio", "(h) p99 while old runs are removed, against idle", "×", 2),
    ("retention", "removed_per_s", "(h) runs removed beside 1,000 ticks per second", "/s", None),
    ("retention", "pages_p99_ms", "(i) filtered page of a large journal, slowest p99", "ms", 50),
)


def backend_rows(g):
    if g is None:
        return [row("(g) group commit against one commit per tick", None, "×", AT_LEAST, 10, "not measured")]
    return [row(f"(g) group commit against one per tick, {r['store']}", r["group_gain"], "×", AT_LEAST, 10,
                f"{r['ticks_per_s']:,}/s against {r['single_ticks_per_s']:,}/s") for r in g["stores"]]


def recording_rows(j):
    name = "(j) everything recorded against accounts only"
    if j is None:
        return [row(name, None, "%", AT_LEAST, 60, "not measured")]
    return [row(name, round(100 * j["full_to_off"]), "%", AT_LEAST, 60)] + [
        row(f"(j) durable ticks, recording {one['level']}", one["ticks_per_s"], "/s",
            note=f"{one['bytes_per_run']:,} bytes per run") for one in j["levels"]]


def chain_rows(result):
    build = "(k) four actions built, named and signed, against the official SDK"
    pool = "(l) transactions by 16 gas coins against one"
    if result is None:
        return [row(build, None, "×", AT_LEAST, 20, "not measured"), row(pool, None, "×", AT_LEAST, 5, "not measured")]
    k, l = result["build"], result["pool"]
    return [row(build, k["ratio"], "×", AT_LEAST, 20, f"{k['per_s']:,}/s against {k['sdk_per_s']:,}/s"),
            row(pool, l["ratio"], "×", AT_LEAST, 5, f"{l['per_s']:,}/s against {l['one_coin_per_s']:,}/s")]


def rows(results, peer):
    out = tick_rows(results.get("ticks"), peer)
    for name, key, figure, unit, ceiling in CEILINGS:
        result = results.get(name)
        measured = result[key] if result else None
        sense = AT_MOST if ceiling is not None else None
        out.append(row(figure, measured, unit, sense, ceiling, "" if result else "not measured"))
    out += backend_rows(results.get("backends")) + recording_rows(results.get("recording"))
    return out + chain_rows(results.get("chain"))


def number(value):
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:,g}"


def cells(r):
    return (r["figure"], f"{number(r['measured'])} {r['unit']}" if r["measured"] is not None else "–",
            f"{r['sense']} {number(r['floor'])} {r['unit']}" if r["floor"] is not None else "",
            f"{r['ratio']:g}×" if r["ratio"] is not None else "",
            {True: "ok", False: "MISSED", None: ""}[r["met"]], r["note"])


def table(all_rows):
    lines = [("FIGURE", "MEASURED", "REQUIRED", "BETTER BY", "", "")] + [cells(r) for r in all_rows]
    widths = [max(len(line[i]) for line in lines) for i in range(6)]
    text = []
    for line in lines:
        columns = [line[0].ljust(widths[0])] + [line[i].rjust(widths[i]) for i in (1, 2, 3)]
        text.append("  ".join(columns + [line[4].ljust(widths[4]), line[5]]).rstrip())
    return "\n".join(text)
