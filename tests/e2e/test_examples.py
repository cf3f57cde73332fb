"""The shipped examples, run as their READMEs say, in copies."""
import contextlib
import shutil
import sqlite3
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

import servers
from support import NOT_RUNNING, OK, REPO, run, wait_until

EXAMPLES = ["quickstart", "history", "mixed_state", "moving_average", "indexer_events", "webhook"]
ENDED = ("noop", "completed", "rejected", "failed", "skipped")


@pytest.fixture
def example(tmp_path):
    """Copies examples/NAME, with strategies/ where its orrery.lua expects them."""
    def copy(name, session="0"):
        root = tmp_path / session
        shutil.copytree(REPO / "strategies", root / "strategies", dirs_exist_ok=True)
        return shutil.copytree(REPO / "examples" / name, root / "examples" / name, ignore=shutil.ignore_patterns("data"))

    return copy


def summary(desk, *args, env=None):
    ran = run("run", desk, "--json", *args, env=env)
    assert ran.code == OK, ran.err
    counters = ran.data["counters"]
    assert counters["received"] == sum(counters[status] for status in ENDED)
    assert counters["failed"] == counters["skipped"] == 0, ran.data
    return ran.data


@pytest.fixture
def free_port():
    return servers.free_port()


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_sound(example, name):
    checked = run("check", example(name))
    assert checked.code == OK, checked.out + checked.err
    assert "warning" not in checked.out


def test_quickstart_trades_and_settles(example):
    desk = example("quickstart")
    status = summary(desk, "--for", "15s")
    assert status["counters"]["completed"] >= 2 and status["counters"]["rejected"] == 0
    runs = run("runs", "-C", desk, "-n", "1000", "--json").data
    assert {r["plugin"] for r in runs} == {"ladder", "momentum", "read-only"}
    logs = [line["message"] for r in runs for line in r.get("logs") or []]
    assert "positions settled" in logs, "a market of ten seconds ends within fifteen"


def replay(example, session):
    desk = example("history", session)
    status = summary(desk, "--until-feeds-end", env={"ORRERY_HISTORY": ""})
    averages = run("state", "get", "momentum", "averages", "-C", desk, "--json").data["value"]
    runs = run("runs", "-C", desk, "-n", "10000", "--json").data
    return status["vaults"][0]["nav"], [(r["id"], r["status"], r.get("actions")) for r in runs], averages


def test_history_is_the_same_twice(example):
    first, second = replay(example, "1"), replay(example, "2")
    assert len(first[1]) == (REPO / "examples/history/sample.csv").read_text().count("\n") - 1
    assert any(status == "completed" for _, status, _ in first[1])
    assert first == second


def test_mixed_state_forgets_what_is_in_memory_only(example):
    desk = example("mixed_state")
    summary(desk, "--for", "6s")
    kept = run("state", "keys", "jump-rider", "-C", desk, "--json")
    assert kept.code == OK
    assert run("state", "keys", "scalping-ticks", "-C", desk).code == NOT_RUNNING
    runs = run("runs", "-C", desk, "--plugin", "scalping-ticks", "-n", "1000", "--json").data
    assert len(runs) > 20, "what is volatile is the memory, not the record"


def moving_average(desk, **changes):
    """The example with a window that fills up within a test, and ticks as fast as prices; its summary."""
    text = (desk / "orrery.lua").read_text()
    for old, new in {"  feeds = {": '  plugins = { ["moving-average"] = { params = { window = 5, band = 0, cooldown_ms = 500 } } },\n  feeds = {',
                     **changes}.items():
        assert old in text
        text = text.replace(old, new)
    (desk / "orrery.lua").write_text(text)
    source = (desk / "strategies" / "moving_average.lua")
    source.write_text(source.read_text().replace("every_seconds = 0.5", "every_seconds = 0.1"))
    return summary(desk, "--for", "4s")


def fills_up(desk, status, first):
    """Each run waits for its history, but only once; each price that was seen is a row."""
    reasons = [r["reason"] for r in run("runs", "-C", desk, "-n", "1000", "--json").data if r["status"] == "noop"]
    assert ("history is filling up" in reasons) == first, reasons
    assert status["plugins"][0]["db"]["errors"] == 0
    assert status["counters"]["completed"] >= 1


def test_moving_average_keeps_its_history_in_a_file(example):
    desk = example("moving_average")
    fills_up(desk, moving_average(desk), first=True)
    with sqlite3.connect(f"file:{desk}/data/tables/moving-average.db?mode=ro", uri=True) as db:
        prices, trades = (db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("price_history", "trades"))
    assert prices > 20 and trades >= 1
    (desk / "data" / "orrery.db").rename(desk / "data" / "gone.db")  # the runs and the state, not the tables
    for log in ("orrery.db-wal", "orrery.db-shm"):
        (desk / "data" / log).unlink(missing_ok=True)
    fills_up(desk, summary(desk, "--for", "3s"), first=False)


def test_moving_average_on_postgres_by_one_line(example, postgres):
    desk = example("moving_average")
    fills_up(desk, moving_average(desk, **{'"sqlite:data/tables"': f'"{postgres.url}"'}), first=True)
    assert not (desk / "data" / "tables").exists()


TRADE = "('tx-{0}', '{{\"side\": \"buy\", \"usd\": {0}00000}}')"


def indexed(server, *numbers):
    server.sql("INSERT INTO trades(event_id, payload) VALUES " + ", ".join(TRADE.format(n) for n in numbers))


def test_indexer_events_are_one_run_each(example, postgres):
    """Rows that were written while nothing read, as a user who may read that table and nothing else; what is written
    twice is one run, also in the next session."""
    desk = example("indexer_events")
    postgres.sql((desk / "schema.sql").read_text() + "CREATE ROLE reader LOGIN; GRANT SELECT ON trades TO reader")
    text = (desk / "orrery.lua").read_text()
    url = "postgres://orrery@127.0.0.1:5432/indexer"
    assert url in text
    (desk / "orrery.lua").write_text(text.replace(url, postgres.url.replace("orrery@", "reader@")))
    indexed(postgres, *range(1, 13), 12)
    status = summary(desk, "--for", "3s")
    assert status["counters"]["received"] == 12
    total = ("state", "get", "whales", "total", "-C", desk, "--json")
    assert run(*total).data["value"] == {"trades": 12, "usd": 7800000}
    indexed(postgres, 13, 1)
    status = summary(desk, "--for", "3s")
    assert status["counters"]["received"] == 1
    assert run(*total).data["value"] == {"trades": 13, "usd": 9100000}


@contextlib.contextmanager
def executor(desk, port):
    """The user's program, until it is killed without a chance to say goodbye."""
    words = [sys.executable, desk / "executor.py", f"--data={desk / 'data'}", f"--port={port}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout.readline().startswith(b"listening")
            yield process
        finally:
            process.kill()


def venue(desk, sql):
    with sqlite3.connect(f"file:{desk}/data/venue.db?mode=ro", uri=True) as db:
        return db.execute(sql).fetchall()


def test_webhook_executes_each_batch_once(example, free_port):
    desk = example("webhook")
    text = (desk / "orrery.lua").read_text()
    quicker = "  plugins = { dip = { params = { length = 3, cooldown_ms = 300 } } },\n  feeds = {"
    (desk / "orrery.lua").write_text(text.replace("8470", str(free_port)).replace("  feeds = {", quicker))
    with executor(desk, free_port):
        status = summary(desk, "--for", "3s")
        assert status["counters"]["completed"] >= 1 and venue(desk, "SELECT * FROM orders") == []
    ran = []
    daemon = threading.Thread(target=lambda: ran.append(run("run", desk, "--live", "--for", "8s", "--json")))
    with executor(desk, free_port):
        daemon.start()
        wait_until(lambda: len(venue(desk, "SELECT * FROM orders")) >= 2, what="two orders")
    with executor(desk, free_port):
        before = len(venue(desk, "SELECT * FROM orders"))
        wait_until(lambda: len(venue(desk, "SELECT * FROM orders")) > before, what="an order after the crash")
        daemon.join()
        assert ran[0].code == OK, ran[0].err
        run("run", desk, "--live", "--for", "2s")  # what the stop has left unknown
    sent = run("tx", "list", "-C", desk, "-n", "1000", "--json").data["transactions"]
    assert {s["state"] for s in sent} == {"done"} and all(s["success"] for s in sent)
    assert sorted(s["digest"] for s in sent) == sorted(key for key, in venue(desk, "SELECT key FROM orders"))


def test_webhook_example_refuses_what_is_not_signed(example, free_port):
    desk = example("webhook")
    with executor(desk, free_port):
        for path, data in (("batches", b"{}"), ("simulate", b"{}"), ("vault", None), ("batches/00", None)):
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(f"http://127.0.0.1:{free_port}/{path}", data, timeout=10)
