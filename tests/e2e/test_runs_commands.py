"""orrery runs, logs and dead: the same answers from a running daemon and from a stopped desk, and clear words for
whatever is asked wrongly."""
import json
import os
import pty
import re
import select
import signal
import socket
import sqlite3
import subprocess
import time

import pytest
from shared import url
from support import BINARY, ERROR, NOT_FOUND, NOT_RUNNING, OK, PATIENCE, REPO, every, wait_until

TALKER = """
    local p = ctx.trigger.payload or {}
    ctx.log:info("hello", { n = p.n })
    if p.loud then ctx.log:error("it is \\27[31mred\\27[0m\\r\\n", { ["\\27[2J"] = "\\7" }) end
    if p.fail then error("no such luck") end
    if p.emit then return { action.emit{ topic = "poke", payload = { n = p.n } } } end
    ctx.state:set("n", p.n or 0)
    return action.noop(p.reason or "nothing to do")
"""
LISTENER = """
    ctx.log:warn("poked")
    return action.noop("was poked")
"""


def talkative(desk, **settings):
    desk.configure(**settings)
    desk.add("talker", TALKER, '{ kind = "manual" }, { kind = "event", topic = "say" }')
    desk.add("listener", LISTENER, '{ kind = "event", topic = "poke" }')
    return desk.start()


def ended(desk, count):
    desk.wait_until(lambda s: sum(s["counters"][k] for k in ("noop", "completed", "failed")) >= count,
                    what=f"the end of {count} runs")


def escapes(text):
    """Characters that could act on a terminal."""
    return re.findall(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", text)


# ---- the same from both ----


def questions(ids):
    """Command lines that ask for everything there is."""
    first = ids[0]
    yield from (["runs", *more] for more in ([], ["-n", "3"], ["--status", "failed"], ["--plugin", "listener"],
                                             ["list", "--since", "1h"], ["list", "--until", "2026-01-02T00:00:00Z"],
                                             ["list", "-n", "2"], ["list", "-n", "1000"], ["list", "--parent", first]))
    for run in ids:
        yield from (["runs", what, run] for what in ("show", "logs", "trace", "children"))
    yield from (["logs", *more] for more in ([], ["-n", "2"], ["--level", "error"], ["--plugin", "listener"]))
    yield from (["dead", "list"], ["versions", "list"], ["versions", "list", "talker"])


@pytest.mark.parametrize("journal", ["sqlite", "postgres"])
def test_a_daemon_and_a_stopped_desk_answer_alike(desk, journal, request):
    address = url(request.getfixturevalue("postgres")) if journal == "postgres" else "sqlite:data/orrery.db"
    talkative(desk, journal=address, state=f'"{address}"')
    ids = [desk.fire("talker", {"n": 1, "emit": True})["id"], desk.fire("talker", {"n": 3, "loud": True})["id"],
           desk.fire("talker", {"n": 2, "fail": True})["id"]]
    ended(desk, 4)
    asked = [words for question in questions(ids) for words in (question, [*question, "--json"])]
    live = [desk.cli(*words) for words in asked]
    desk.stop()
    for words, answer in zip(asked, live):
        stopped = desk.cli(*words)
        assert stopped == answer, words
        assert answer.code == OK, (words, answer.err)
        assert not escapes(answer.out), (words, answer.out)


def test_pages_by_cursor(desk):
    talkative(desk)
    fired = [desk.fire("talker", {"n": n})["id"] for n in range(23)]
    seen, cursor = [], None
    while True:
        page = desk.cli("runs", "list", "-n", "5", "--json", *(["--after", cursor] if cursor else [])).data
        seen += [r["id"] for r in page["runs"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == fired[::-1]
    text = desk.cli("runs", "list", "-n", "5").out
    cursor = re.search(r"^more with --after (\w+)$", text, re.M).group(1)
    assert fired[-6] in desk.cli("runs", "list", "-n", "1", "--after", cursor).out
    # what is opaque is checked
    for forged in (cursor[:-1], cursor + "0", cursor[:-1] + ("0" if cursor[-1] != "0" else "1"), "0" * 25, fired[0],
                   "'; DROP TABLE runs; --", "\x1b[2J", "../../etc/passwd"):
        refused = desk.cli("runs", "list", "--after", forged)
        assert refused.code == ERROR and "cursor" in refused.err and not escapes(refused.err.replace("\n", "")), forged
    other = desk.cli("runs", "list", "--status", "noop", "--after", cursor)
    assert other.code == ERROR and "is no cursor of this list" in other.err and "same filters" in other.err
    desk.stop()
    assert desk.cli("runs", "list", "-n", "1", "--after", cursor).code == OK
    assert desk.cli("runs", "list", "--after", cursor[::-1]).code == ERROR


def test_a_command_gathers_no_more_than_it_can_hold(desk):
    """It ends early, says so, and its cursor goes on: nothing is cut in the middle, and nothing is missing."""
    desk.configure()
    desk.add("one", 'return action.noop("x")')
    desk.start()
    desk.fire("one", {"text": "x" * 60000})
    desk.stop()
    with sqlite3.connect(desk.path / "data/orrery.db") as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(runs)")][1:]
        names = ", ".join(f'"{name}"' for name in columns)
        db.execute("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 600)"
                   f" INSERT INTO runs(id, {names}) SELECT id - n, {names} FROM runs, c")
        db.execute("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 600) INSERT INTO run_logs"
                   " SELECT (SELECT max(id) FROM runs) - n, 1, 1, 1, 'script', hex(zeroblob(30000)), NULL FROM c")
    for words, name in ((["runs", "list", "-n", "1000"], "runs"), (["logs", "-n", "1000"], "lines")):
        pages, after = [], []
        while not pages or after:
            page = desk.cli(*words, *after, "--json")
            assert page.code == OK and len(page.out) < 30e6, page.err
            pages.append(page.data[name])
            after = ["--after", page.data["next"]] if page.data["next"] else []
            assert ("this is not all" in page.err) == bool(after), page.err
        assert len(pages) > 1
        ids = [line.get("id") or line["run"] for page in pages for line in page]
        assert len(ids) == len(set(ids)) == (601 if name == "runs" else 600)


HOSTILE = "\x1b[2J\u009b1m\u061c\u200f\u202ex\u2028"


def test_no_word_of_a_script_or_a_command_line_acts_on_a_terminal(desk):
    desk.configure()
    desk.add("one", f"""
        local p = ctx.trigger.payload or {{}}
        ctx.log:warn("{HOSTILE}", {{ ["{HOSTILE}"] = {{ "{HOSTILE}" }} }})
        if p.fail then error("{HOSTILE}") end
        return action.noop("{HOSTILE}")
    """, head=f"-- {HOSTILE}")
    desk.start()
    ids = [desk.fire("one", {"fail": fail, HOSTILE: HOSTILE})["id"] for fail in (False, True)]
    desk.write("strategies/one.lua", (desk.path / "strategies/one.lua").read_text() + f"-- {HOSTILE}\n")
    desk.cli("reload")
    answered = [*(["runs", what, run] for run in ids for what in ("show", "logs", "trace")), ["runs"], ["logs"],
                ["versions", "show", "one"], ["versions", "diff", "one", "1", "2"]]
    refused = [["runs", "show", HOSTILE], ["runs", "--after", HOSTILE], ["runs", "--since", HOSTILE], ["logs", "-p", HOSTILE],
               ["versions", "diff", "one", "1", HOSTILE], ["dead", "show", HOSTILE], ["deploy", HOSTILE], ["runs", HOSTILE]]
    for live in (True, False):
        for words in answered + refused:
            for more in ([], ["--json"]):
                answer = desk.cli(*words, *more)
                assert (answer.code == OK) == (words in answered), (words, answer)
                assert not escapes(answer.out + answer.err), (words, answer)
                if more:
                    json.loads(answer.out)
        if live:
            desk.stop()


@pytest.mark.parametrize("live", [True, False])
def test_what_is_asked_wrongly(desk, live):
    talkative(desk)
    known = desk.fire("talker")["id"]
    unknown = known[:-1] + ("0" if known[-1] != "0" else "1")
    if not live:
        desk.stop()
    for words, code, said in [
        (["runs", "show", unknown], NOT_FOUND, f"there is no run '{unknown}'"),
        (["runs", "show", "x"], NOT_FOUND, "there is no run 'x'"),
        (["runs", "show", "\x1b[2J"], NOT_FOUND, "there is no run '?[2J'"),
        (["runs", "show"], ERROR, "expected `orrery runs show ID`"),
        (["runs", "show", known, known], ERROR, "unexpected argument"),
        (["runs", "show", known, "--limit", "3"], ERROR, "--limit does not belong to `orrery runs show`"),
        (["runs", "logs", unknown], NOT_FOUND, "there is no run"),
        (["runs", "logs", "-f", unknown], NOT_FOUND, "there is no run"),
        (["runs", "logs", known, "--level", "luod"], ERROR, "unknown level 'luod'"),
        (["runs", "trace", unknown], NOT_FOUND, "there is no run"),
        (["runs", "children", unknown], NOT_FOUND, "there is no run"),
        (["runs", "cancel", unknown], NOT_FOUND, unknown),
        (["runs", "cancel", "x"], NOT_FOUND, "there is no run 'x'"),
        (["runs", "cancel", known], ERROR, "has ended"),
        (["runs", "cancel", known, "--reason", "x" * 257], ERROR, "at most 256 bytes"),
        (["runs", "lst"], ERROR, "did you mean `orrery runs list`?"),
        (["runs", "list", "--plugin", "tlaker"], NOT_FOUND, "did you mean 'talker'?"),
        (["runs", "list", "--plugin", "No Name"], ERROR, "plugin: expected a strategy's name"),
        (["runs", "list", "--version", "3"], ERROR, "of which strategy?"),
        (["runs", "list", "--plugin", "talker", "--version", "77"], NOT_FOUND, "has no version '77'"),
        (["runs", "list", "--plugin", "talker", "--version", "x"], ERROR, "expected a number such as 3"),
        (["runs", "list", "--parent", unknown], NOT_FOUND, "there is no run"),
        (["runs", "list", "--since", "yesterday"], ERROR, "expected 2026-01-02, 2026-01-02T15:04:05Z, or how long ago"),
        (["runs", "list", "--until", "2026-02-30"], ERROR, "--until: '2026-02-30' is no time"),
        (["runs", "list", "--since", "-2h"], ERROR, "is no time"),
        (["logs", "--level", "wran"], ERROR, "did you mean warn?"),
        (["logs", "--plugin", "tlaker"], NOT_FOUND, "did you mean 'talker'?"),
        (["logs", "--after", "x"], ERROR, "'x' is no cursor"),
        (["logs", "-f", "--after", "x"], ERROR, "--follow"),
        (["dead", "show", unknown], NOT_FOUND, "there is no dead letter"),
        (["dead", "list", "--state", "opne"], ERROR, "did you mean open?"),
        (["dead", "list", "--plugin", "tlaker"], NOT_FOUND, "there is no strategy 'tlaker'"),
        (["dead", "retry"], ERROR, "expected either the ID of a run or --all"),
        (["dead", "retry", known, "--all"], ERROR, "expected either"),
        (["dead", "retry", known, "--plugin", "talker"], ERROR, "--plugin goes with --all"),
        (["dead", "retry", "x"], NOT_FOUND, "there is no dead letter 'x'"),
        (["dead", "discard", unknown], NOT_FOUND, "no dead letter"),
        *((["runs", "list", "--limit", n], ERROR, "--limit: expected a whole number from 1 to 100000")
          for n in ("0", "-1", "100001", "99999999999999999999", "ten", "1e3", "1.5", " 5")),
        *((["logs", "-n", n], ERROR, "--limit: expected a whole number from 1 to 10000") for n in ("0", "10001", "x")),
    ]:
        answer = desk.cli(*words)
        assert answer.code == code and said in answer.err and answer.out == "", (words, answer)
        assert not escapes(answer.err.replace("\n", "")), words
        as_json = desk.cli(*words, "--json")
        assert as_json.code == code and as_json.json["ok"] is False and as_json.json["message"], words


def test_a_journal_in_memory_is_gone_with_its_daemon(desk):
    talkative(desk, journal="memory:", state='"memory:"')
    run = desk.fire("talker", {"n": 1})["id"]
    assert "hello" in desk.cli("runs", "show", run).out
    assert "hello" in desk.cli("logs").out
    desk.stop()
    for words in (["runs", "list"], ["runs", "show", run], ["runs", "logs", run], ["runs", "trace", run],
                  ["runs", "cancel", run], ["logs"], ["dead", "list"], ["dead", "retry", "--all"], ["versions", "list"],
                  ["versions", "deactivate", "talker"]):
        answer = desk.cli(*words)
        assert answer.code == NOT_RUNNING and "kept in memory" in answer.err, (words, answer)


def test_a_desk_without_a_journal(desk):
    desk.configure()
    for words in (["runs"], ["runs", "show", "38fw4z60g0001"], ["logs"], ["dead", "list"], ["versions", "list"]):
        answer = desk.cli(*words)
        assert answer.code == NOT_FOUND and "orrery run" in answer.err, (words, answer)
    assert not (desk.path / "data" / "orrery.db").exists()


def release_3():
    """The journal's schema as the last release with version 3 made it."""
    text = (REPO / "tests" / "unit" / "journal" / "release_3.h").read_text()
    pieces = re.findall(r'"((?:[^"\\]|\\.)*)"', text[text.index("release_3[]"):])
    return "".join(piece.replace('\\"', '"') for piece in pieces)


def test_a_journal_of_an_older_release(desk):
    desk.configure()
    (desk.path / "data").mkdir()
    db = sqlite3.connect(desk.path / "data" / "orrery.db")
    db.executescript(release_3())
    db.execute("INSERT INTO names VALUES (1, 'old'), (2, 'v'), (3, 'abcdef0123456789')")
    db.execute("""INSERT INTO runs VALUES (?, 1, 1, 2, 1, 0, 1, 0, 3, 12, 1641024300000, 1641024300000, 1641024300001, 5,
                  NULL, NULL, 'too soon', NULL, NULL, NULL, NULL, '[{"level":"info","message":"hi"}]')""",
               (1641024300000 << 21,))
    slot = 1641024300000 << 21 >> 34
    db.executescript("INSERT INTO run_counts VALUES (1, 1, 1);"
                     f"INSERT INTO run_slots VALUES (1, 0, {slot}), (1, 1, {slot}), (0, 1, {slot})")
    db.commit()
    db.close()
    before = desk.cli("runs")
    assert before.code == ERROR and "version 3, expected" in before.err and "orrery db upgrade" in before.err
    assert desk.cli("db", "upgrade").code == OK
    run, = desk.cli("runs", "list", "--plugin", "old", "--json").data["runs"]
    shown = desk.cli("runs", "show", run["id"]).out
    for line in ("status      noop", "code        abcdef012345…", "saw         not recorded", "decided     nothing: too soon",
                 "log         info  hi"):
        assert line in shown.splitlines(), shown
    assert "hi  " + run["id"] in desk.cli("logs").out
    assert "no spans are on record" in desk.cli("runs", "trace", run["id"]).out
    assert desk.cli("versions", "list").out == "no strategy was deployed yet\n"
    assert "no version of it is on record" in desk.cli("versions", "list", "old").out
    assert desk.cli("versions", "show", "old").code == NOT_FOUND
    assert desk.cli("dead", "list").out == "no dead letters\n"


# ---- what people read ----


def test_a_run_reads_like_a_story(desk):
    talkative(desk)
    run = desk.fire("talker", {"n": 7, "emit": True, "loud": True})["id"]
    ended(desk, 2)
    shown = desk.cli("runs", "show", run).out
    for line in (f"run         {run}", "status      completed", "strategy    talker", 'payload     {"emit":true,"loud":true,"n":7}',
                 "decided     emit poke", "sent        1 event", "log         info  hello  n=7"):
        assert line in shown.splitlines(), shown
    assert re.search(r"^trigger     manual, due 20\d\d-", shown, re.M)
    assert re.search(r"^caused      \w{13}  listener  noop  was poked$", shown, re.M), shown
    assert "\\x1b[31mred\\x1b[0m\\x0d\\x0a" in shown and not escapes(shown)
    child = re.search(r"^caused      (\w{13})", shown, re.M).group(1)
    assert f"trigger     event poke" in desk.cli("runs", "show", child).out
    assert f"emitted by the run {run} of talker" in desk.cli("runs", "show", child).out
    assert child in desk.cli("runs", "children", run).out
    data = desk.cli("runs", "show", run, "--json").data
    assert data["id"] == run and data["children"][0]["id"] == child and data["logs"][0]["fields"] == {"n": 7}
    failed = desk.fire("talker", {"fail": True})["id"]
    assert re.search(r"^decided     strategies/talker.lua:\d+: .*no such luck", desk.cli("runs", "show", failed).out, re.M)
    assert desk.cli("runs", "logs", run, "--level", "error").out.count("\n") == 2  # the day, and one line
    desk.stop()


def in_terminal(desk, *words, columns, env=None):
    """What the command prints on a terminal of that width."""
    import fcntl
    import struct
    import termios
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen([BINARY, "-C", desk.path, *words], stdout=slave, stderr=slave, stdin=slave,
                               env={**os.environ, "TERM": "xterm", **(env or {})}, start_new_session=True)
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    process.wait(20 * PATIENCE)
    os.close(master)
    return text.decode().replace("\r\n", "\n")


def test_a_terminal_of_80_columns(desk):
    talkative(desk)
    run = desk.fire("talker", {"n": 7, "emit": True, "reason": "a long reason " * 20, "loud": True})["id"]
    ended(desk, 2)
    for words in (["runs", "list"], ["runs", "show", run], ["runs", "logs", run], ["runs", "trace", run], ["logs"],
                  ["dead", "list"], ["versions", "list"]):
        for locale in ("C", "C.UTF-8"):
            text = in_terminal(desk, *words, columns=80, env={"LC_ALL": locale})
            plain = re.sub(r"\x1b\[\d*m", "", text)
            assert not escapes(plain), (words, text)
            assert all(len(line) <= 80 for line in plain.splitlines()), (words, plain)
        assert "\x1b[" not in in_terminal(desk, *words, columns=80, env={"NO_COLOR": "1"}), words
    desk.stop()


# ---- following ----


class Following:
    """A command that goes on."""

    def __init__(self, desk, *words):
        self.process = subprocess.Popen([BINARY, "-C", desk.path, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True)
        self.text = b""

    def read_until(self, needle, timeout=20):
        deadline = time.monotonic() + timeout * PATIENCE
        while needle.encode() not in self.text:
            assert time.monotonic() < deadline, (needle, self.text, self.process.poll())
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                part = os.read(self.process.stdout.fileno(), 65536)
                assert part, (needle, self.text, self.process.stderr.read())
                self.text += part
        return self.text.decode()

    def end(self, timeout=20):
        out, err = self.process.communicate(timeout=timeout * PATIENCE)
        self.text += out
        return self.process.returncode, self.text.decode(), err.decode()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def following(desk):
    made = []

    def start(*words):
        made.append(Following(desk, *words))
        return made[-1]

    yield start
    for one in made:
        one.kill()


def test_lines_as_they_come(desk, following):
    talkative(desk)
    desk.fire("talker", {"n": 1})
    tail, errors, listener = following("logs", "-f"), following("logs", "-f", "--level", "error", "--json"), \
        following("logs", "-f", "-p", "listener")
    tail.read_until("n=1")
    for n in range(2, 6):
        desk.fire("talker", {"n": n})
        tail.read_until(f"n={n}")
    run = desk.fire("talker", {"n": 6, "loud": True, "emit": True})["id"]
    line = json.loads(errors.read_until("\n"))
    assert line["run"] == run and line["level"] == "error" and line["plugin"] == "talker"
    assert "poked" in listener.read_until("poked")
    desk.stop()
    said = [one.end() for one in (tail, errors, listener)]
    assert all(code == OK and "the daemon has stopped" in err for code, out, err in said)
    assert re.findall(r"\bn=(\d)", said[0][1]) == list("123456")  # each once, in order
    assert not escapes(said[0][1])
    assert "hello" not in said[2][1]


def test_a_slow_reader_is_told_what_it_lost(desk, following):
    desk.configure()
    desk.add("flood", 'for i = 1, 50 do ctx.log:info("line", { i = i, text = string.rep("x", 100) }) end\n'
                      'return action.noop("said it")', every(0.02) + ', { kind = "manual" }')
    desk.start()
    tail = following("logs", "-f", "-n", "1")
    tail.read_until("line")
    os.kill(tail.process.pid, signal.SIGSTOP)
    before = desk.status()["counters"]["noop"]
    desk.wait_until(lambda s: s["counters"]["noop"] > before + 200, what="more lines than are kept")
    os.kill(tail.process.pid, signal.SIGCONT)
    tail.read_until("line", 5)
    wait_until(lambda: drain(tail) and b"lines were lost" in tail.errors, what="the count of lost lines")
    lost = int(re.search(rb"(\d+) lines were lost", tail.errors).group(1))
    assert lost > 1000
    # the daemon was not slowed down by it, and says so little to those who read
    assert desk.status()["state"] == "running"
    os.kill(tail.process.pid, signal.SIGTERM)
    tail.kill()
    desk.stop()


def test_followers_that_go_away(desk):
    talkative(desk)

    def connect():
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(str(desk.path / "data" / "orrery.sock"))
        s.settimeout(30)
        return s, s.makefile("rw")

    for wrong in ({"after": -1}, {"after": "x"}, {"wait_ms": 20001}, {"wait_ms": -1}, {"level": "loud"}, {"plugin": "nobody"},
                  {"plugin": "\x1b"}, {"after": 1e30}):
        s, f = connect()
        f.write(json.dumps({"op": "log_tail", **wrong}) + "\n")
        f.flush()
        answer = json.loads(f.readline())
        assert not answer["ok"] and answer["code"] in ("INVALID", "NOT_FOUND"), (wrong, answer)
        s.close()
    waiting = []
    for i in range(30):
        s, f = connect()
        f.write('{"op": "log_tail", "after": 0, "wait_ms": 20000}\n')
        f.flush()
        waiting.append((s, f))
    for s, f in waiting[::2]:  # gone without a word
        f.close()
        s.close()
    desk.fire("talker", {"n": 5})
    for s, f in waiting[1::2]:
        lines = json.loads(f.readline())["data"]["lines"]
        assert [line["fields"]["n"] for line in lines] == [5]
    for s, f in waiting[1::2]:  # and wait again, until the daemon stops
        f.write('{"op": "log_tail", "after": 1, "wait_ms": 20000}\n')
        f.flush()
    began = time.monotonic()
    desk.stop()
    assert time.monotonic() - began < 10 * PATIENCE
    for s, f in waiting[1::2]:
        assert f.readline() == ""
        f.close()
        s.close()


def drain(tail):
    """Reads what is there, of both streams."""
    tail.errors = getattr(tail, "errors", b"")
    for stream in select.select([tail.process.stdout, tail.process.stderr], [], [], 0)[0]:
        part = os.read(stream.fileno(), 1 << 20)
        if stream is tail.process.stderr:
            tail.errors += part
    return True


def test_following_one_run(desk, following):
    desk.configure()
    desk.add("slow", 'local t = 0 for i = 1, 1e6 do t = t + i end ctx.log:info("done") return action.noop("x")')
    desk.add("talker", TALKER)
    desk.start()
    over = desk.fire("talker", {"n": 1})["id"]
    done = desk.cli("runs", "logs", "-f", over)
    assert done.code == OK and "hello  n=1" in done.out
    run = desk.ask("fire", plugin="slow")["run"]
    tail = following("runs", "logs", "-f", run)
    code, out, err = tail.end(60)
    assert code == OK, err
    shown = desk.cli("runs", "show", run, "--json").data
    assert ("done" in out) == bool(shown["logs"]), (out, shown)
    desk.stop()
    assert desk.cli("logs", "-f").code == NOT_RUNNING


def test_the_end_of_the_daemon_ends_what_follows_one_run(desk, following):
    desk.configure(more="limits = { db_ms = 20000 },")
    desk.add("waits", """
        ctx.db:query("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) AS n FROM c")
        return action.noop("x")
    """, more="schema = { t = { columns = { n = 'bigint' } } },")
    desk.start()
    run = desk.ask("fire", plugin="waits")["run"]
    desk.wait_until(lambda s: (s["plugins"][0]["db"] or {}).get("waiting") == 1, what="the wait")
    tails = following("runs", "logs", "-f", run), following("runs", "logs", "-f", run, "--json")
    time.sleep(1)  # they ask four times in a second, and nothing shows it
    desk.kill()
    for tail in tails:
        code, out, err = tail.end()
        assert code == OK and out == "" and err == "the daemon has stopped\n", (code, out, err)


# ---- what waits ----


def test_a_run_that_waits_is_shown_and_cancelled(desk):
    desk.configure()
    desk.add("busy", 'local t = 0 for i = 1, 1e6 do t = t + i end return action.noop("x")',
             more="max_concurrency = 1, queue = 400,")
    desk.start()
    fired = [desk.ask("fire", plugin="busy")["run"] for _ in range(300)]
    last = fired[-1]
    shown = desk.cli("runs", "show", last)
    assert shown.code == OK and "status      queued" in shown.out, shown
    assert desk.cli("runs", "logs", last).out == "it has said nothing so far\n"
    assert "no spans" in desk.cli("runs", "trace", last).out
    cancelled = desk.cli("runs", "cancel", last, "--reason", "a \x1b[31mred\x1b[0m reason")
    assert cancelled.code == OK and cancelled.out == f"{last} is cancelled\n", cancelled
    shown = desk.cli("runs", "show", last).out
    assert "status      cancelled" in shown
    assert "decided     nothing, it was cancelled: a \\x1b[31mred\\x1b[0m reason" in shown
    again = desk.cli("runs", "cancel", last)
    assert again.code == ERROR and "has ended" in again.err
    desk.kill()  # what waited is on record as a trigger
    over = {r["id"] for r in desk.cli("runs", "-n", "1000", "--json").data}
    waiting = [run for run in fired if run not in over]
    assert waiting and last in over
    for run in waiting[-2:]:
        assert "status      queued" in desk.cli("runs", "show", run).out
        assert desk.cli("runs", "cancel", run, "--json").data == {"run": run, "status": "cancelled"}
        assert "status      cancelled" in desk.cli("runs", "show", run).out
        assert desk.cli("runs", "cancel", run).code == ERROR
    desk.start()
    desk.wait_until(lambda s: s["plugins"][0]["running"] + s["plugins"][0]["queued"] == 0, what="the end of the rest")
    runs = {r["id"]: r["status"] for r in desk.cli("runs", "-n", "1000", "--json").data}
    assert sorted(runs) == sorted(fired) and all(runs[run] == "cancelled" for run in waiting[-2:])
    desk.stop()


# ---- dead letters ----


@pytest.mark.parametrize("live", [True, False])
def test_dead_letters_are_shown_and_settled_once(desk, live):
    talkative(desk)
    failed = []
    while len(failed) < 4:  # after a failure some triggers are skipped
        run = desk.fire("talker", {"fail": True, "n": len(failed)})
        failed += [run["id"]] if run["status"] == "failed" else []
    if not live:
        desk.stop()
    listed = desk.cli("dead", "list", "--json").data
    assert [d["run"] for d in listed["letters"]] == failed[::-1] and listed["next"] is None
    text = desk.cli("dead", "list", "-n", "2").out
    assert failed[3] in text and "no such luck" in text and "more with --after" in text
    shown = desk.cli("dead", "show", failed[0]).out
    assert "state       open" in shown and 'payload     {"fail":true,"n":0}' in shown and "no such luck" in shown
    assert "it is a dead letter: open" in desk.cli("runs", "show", failed[0]).out
    retried = desk.cli("dead", "retry", failed[0], "--json").data["settled"]
    assert len(retried) == 1 and retried[0]["run"] == failed[0] and retried[0]["retry"] not in failed
    again = desk.cli("dead", "retry", failed[0])
    assert again.code == ERROR and "retried before" in again.err
    assert desk.cli("dead", "discard", failed[1]).out == f"{failed[1]}  discarded\n"
    assert desk.cli("dead", "discard", failed[1]).code == ERROR
    rest = desk.cli("dead", "discard", "--all", "--plugin", "talker", "--json").data["settled"]
    assert {d["run"] for d in rest} >= {failed[2], failed[3]}
    assert desk.cli("dead", "discard", "--all", "--plugin", "listener").out == "no open dead letters\n"
    assert f"retried as  {retried[0]['retry']}" in desk.cli("dead", "show", failed[0]).out
    if live:
        desk.stop()
