"""orrery tx: what is on its way outside and what has ended, from a running daemon and from a stopped desk; and what a
transaction's bytes say."""
import base64
import fcntl
import json
import os
import pty
import re
import sqlite3
import struct
import subprocess
import termios

import pytest

from support import BINARY, ERROR, NOT_FOUND, NOT_RUNNING, OK, PATIENCE, SHARED, run

OPERATOR = "0x160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3ac"
HOOK = "https://hooks.example/orrery"
OPEN, DONE, DEAD = 1, 2, 3

# One of the golden transactions, ../shared/vectors' "epoch": a market key and a mint, until epoch 500; and its signature.
GOLDEN = bytes.fromhex(
    "0000080101" + "aa" * 32 + "05000000000000000101" + "01" + "00" * 31 + "0601000000000000000001" + "00" + "bb" * 32 +
    "090000000000000020" + "04" * 32 + "0020" + "dd" * 32 + "0008006c50c4a0010000" + "000800407a10f35a0000" +
    "000840420f0000000000" + "000101" + "0200" + "cc" * 32 + "0a6d61726b65745f6b6579" + "027570" + "0003010300010400010500" +
    "00" + "cc" * 32 + "087374726174656779" + "0b6d696e745f62696e617279" + "0107" + "ee" * 32 + "056475736463" +
    "054455534443" + "00" + "06010000010200020000010600010700010100" + OPERATOR[2:] + "01" + "22" * 32 +
    "0700000000000000" + "20" + "03" * 32 + OPERATOR[2:] + "e803000000000000" + "80f0fa0200000000" +
    "01f401000000000000")
DIGEST = "DX3rSFDvRPUYa4YoW9ugKCD9SeCoCaaqunpPLRFiwmiK"
SIGNATURE = ("AFR9RvyO6VDU4LTJLTq6JQ3CXttUSDCN/Zl3fnrgiMBlszKI7fB/swJhxDwD3l/fralo4uDKzpR4OMMRYIzIxwIDoQe/884Qvh1w3RjnS8CZ"
             "Z+TWMJulDV8d3IZkElUxuA==")
TEXT = base64.b64encode(GOLDEN).decode()


def vectors(name):
    path = SHARED / "vectors" / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return json.loads(path.read_text())


def escapes(text):
    """Characters that could act on a terminal."""
    return re.findall(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", text)


def refused(result, *words, code=ERROR):
    assert result.code == code, result
    assert result.out == "" and all(word in result.err for word in words), result.err
    assert not escapes(result.err.replace("\n", "")), result.err


# ---- decode: needs no desk ----


def test_decode_takes_every_form(tmp_path):
    raw, text = tmp_path / "raw.bcs", tmp_path / "tx.txt"
    raw.write_bytes(GOLDEN)
    text.write_text("\n".join(TEXT[i:i + 76] for i in range(0, len(TEXT), 76)) + "\n")
    expected = run("tx", "decode", TEXT, "--json").data
    for words, stdin in (([GOLDEN.hex()], None), (["0x" + GOLDEN.hex().upper().replace("0X", "")], None),
                         ([f"@{raw}"], None), ([f"@{text}"], None), (["-"], TEXT), ([], GOLDEN.hex() + "\n"),
                         ([], " \n" + TEXT + "\r\n")):
        assert run("tx", "decode", *words, "--json", stdin=stdin or "").data == expected, words
    bare = subprocess.run([BINARY, "tx", "decode", "--json"], input=GOLDEN, capture_output=True, timeout=30 * PATIENCE)
    assert json.loads(bare.stdout)["data"] == expected


def test_decode_says_everything():
    tx = run("tx", "decode", TEXT, "--json").data
    assert tx["digest"] == DIGEST and tx["sender"] == OPERATOR and tx["bytes"] == len(GOLDEN)
    assert tx["expiration"] == {"kind": "epoch", "epoch": 500}
    assert tx["gas"] == {"owner": OPERATOR, "price": 1000, "budget": 50000000, "coins": [
        {"id": "0x" + "22" * 32, "version": 7, "digest": "CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8"}]}
    kinds = [i["kind"] for i in tx["inputs"]]
    assert kinds == ["shared", "shared", "owned", "pure", "pure", "pure", "pure", "pure"]
    assert tx["inputs"][0] == {"kind": "shared", "id": "0x" + "aa" * 32, "initial_version": 5, "mutable": True}
    # what a function expects is not in a transaction: nothing is guessed
    assert tx["inputs"][6] == {"kind": "pure", "hex": "40420f0000000000"}
    key, mint = tx["commands"]
    assert key == {"kind": "MoveCall", "target": f"0x{'cc' * 32}::market_key::up", "type_arguments": [],
                   "arguments": [{"input": 3}, {"input": 4}, {"input": 5}]}
    assert mint["type_arguments"] == [f"0x{'ee' * 32}::dusdc::DUSDC"]
    assert mint["arguments"] == [{"input": 0}, {"input": 2}, {"result": 0}, {"input": 6}, {"input": 7}, {"input": 1}]
    text = run("tx", "decode", TEXT).out
    for line in (f"digest      {DIGEST}", f"sender      {OPERATOR}", "gas         at most 50,000,000 MIST, at 1,000 per unit",
                 "expires     after epoch 500", "input 1     0x6 shared, read only, since version 1",
                 "input 6     40420f0000000000 pure, 8 bytes",
                 f"command 0   MoveCall 0x{'cc' * 32}::market_key::up (input 3, input 4, input 5)",
                 f"command 1   MoveCall 0x{'cc' * 32}::strategy::mint_binary of 0x{'ee' * 32}::dusdc::DUSDC (input 0, "
                 "input 2, result 0, input 6, input 7, input 1)"):
        assert line in text.splitlines(), line


def pure(data):
    return b"\0" + bytes([len(data)]) + data


def with_kind(inputs, commands):
    """The golden transaction with other inputs and commands."""
    tail = GOLDEN.index(bytes.fromhex(OPERATOR[2:]))
    return b"\0\0" + bytes([len(inputs)]) + b"".join(inputs) + bytes([len(commands)]) + b"".join(commands) + GOLDEN[tail:]


def argument(index):
    return b"\1" + index.to_bytes(2, "little")


def test_types_are_told_where_the_commands_leave_no_other():
    amount, address, number, text = pure((1 << 63).to_bytes(8, "little")), pure(b"\xab" * 32), pure(b"\7"), pure(b"\2hi")
    string = b"\1\7" + bytes(31) + b"\1\6string\6String\0"
    split = b"\2\0\1" + argument(0)
    transfer = b"\1\1\3\0\0\0\0" + argument(1)
    tx = run("tx", "decode", with_kind([amount, address, number, text], [
        split, transfer, b"\5\1\1\1" + argument(2), b"\5" + string + b"\1" + argument(3)]).hex(), "--json").data
    assert [(i.get("type"), i.get("value")) for i in tx["inputs"]] == [
        ("u64", str(1 << 63)), ("address", "0x" + "ab" * 32), ("u8", "7"), (f"0x{'0' * 63}1::string::String", "hi")]
    assert tx["commands"][0] == {"kind": "SplitCoins", "coin": {"gas_coin": True}, "amounts": [{"input": 0}]}
    assert tx["commands"][1]["objects"] == [{"result": 0, "part": 0}] and tx["commands"][1]["to"] == {"input": 1}
    # bytes that are no such value, and a value that is used as two things
    for inputs, commands in (([pure(b"\1")], [split]),
                             ([amount], [split, b"\5\1\1\1" + argument(0)])):
        (one,) = run("tx", "decode", with_kind(inputs, commands).hex(), "--json").data["inputs"]
        assert set(one) == {"kind", "hex"}


def test_texts_in_a_transaction_cannot_act_on_a_terminal():
    string = b"\1\7" + bytes(31) + b"\1\6string\6String\0"
    evil = "\x1b[2Jred\u202e\x00\r\nx".encode()
    raw = with_kind([pure(bytes([len(evil)]) + evil)], [b"\5" + string + b"\1" + argument(0)]).hex()
    shown = run("tx", "decode", raw)
    assert shown.code == OK and "\\x1b[2Jred" in shown.out and not escapes(shown.out)
    answer = run("tx", "decode", raw, "--json")
    assert answer.data["inputs"][0]["value"] == evil.decode() and not escapes(answer.out)


def test_signatures():
    signature = SIGNATURE
    good = run("tx", "decode", TEXT, "--signature", signature, "--json")
    assert good.code == OK and good.data["signature"] == {"address": OPERATOR, "holds": True, "by": "sender"}
    assert "holds: it is the sender's" in run("tx", "decode", TEXT, "--signature", signature).out
    other = bytearray(GOLDEN)
    other[-8] ^= 1  # another epoch
    wrong = run("tx", "decode", other.hex(), "--signature", signature)
    assert wrong.code == ERROR and "does NOT hold" in wrong.out
    stranger = GOLDEN.replace(bytes.fromhex(OPERATOR[2:]), b"\x11" * 32)
    assert run("tx", "decode", stranger.hex(), "--signature", signature, "--json").data["signature"] == {
        "address": OPERATOR, "holds": False, "by": "somebody else"}
    for bad, words in ((signature[:-4], "97 bytes"), ("AQ" + signature[2:], "flag"), ("nonsense!", "Base64")):
        refused(run("tx", "decode", TEXT, "--signature", bad), words)


def test_what_is_no_transaction_is_refused_with_its_byte(tmp_path):
    for data in (GOLDEN[:1], GOLDEN[:100], GOLDEN[:-1], GOLDEN + b"\0", b"\1" + GOLDEN[1:], b"\0\1" + GOLDEN[2:]):
        refused(run("tx", "decode", base64.b64encode(data).decode()), "byte ")
    for text, words in (("", "got nothing"), ("    ", "got nothing"), ("00000", "Base64 comes in groups"),
                        ("0x000", "two digits for each byte"), ("0x0g", "digit 2"), ("Zm9v!!!!", "character 5"),
                        ("\x1b[31m00", "Base64"), ("@" + str(tmp_path / "none"), "No such file")):
        refused(run("tx", "decode", text, stdin=""), words, code=NOT_FOUND if text.startswith("@") else ERROR)
    refused(run("tx", "decode", f"@{tmp_path}"), "cannot be read")
    refused(run("tx", "decode", stdin="A" * 600000), "at most")
    refused(run("tx", "decode", stdin="0" * 400000), "at most 131072 bytes")
    refused(run("tx", "decode", TEXT, "--open"), "--open does not belong to")
    refused(run("tx", "dekode", TEXT), "did you mean `orrery tx decode`?")


def test_golden_transactions():
    golden = vectors("vectors.json")
    for name in ("none", "epoch", "validDuring"):
        tx = run("tx", "decode", golden[name]["hex"], "--signature", golden[name]["signature"], "--json").data
        assert tx["digest"] == golden[name]["digest"] and tx["sender"] == golden["address"]
        assert tx["signature"] == {"address": golden["address"], "holds": True, "by": "sender"}
    assert golden["epoch"]["hex"] == GOLDEN.hex()
    predict = vectors("vector_predict_4_16.json")
    tx = run("tx", "decode", predict["hex"], "--signature", predict["signature"], "--json").data
    assert tx["digest"] == predict["digest"] and tx["signature"]["holds"]
    assert [c["target"].split("::", 1)[1] for c in tx["commands"]] == [
        "market_key::new", "predict::mint", "range_key::new", "predict::mint_range"]


# ---- the outbox of a stopped desk ----


def made(desk):
    """A desk with one run on record, stopped; the run's id."""
    desk.configure()
    desk.add("first", 'return action.noop("nothing")')
    desk.start()
    run_id = desk.fire("first")["id"]
    desk.stop()
    return run_id


CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def number(text):
    value = 0
    for c in text:
        value = value * 32 + CROCKFORD.index(c)
    return value


def name(value):
    return "".join(CROCKFORD[value >> shift & 31] for shift in range(60, -1, -5))


def put(desk, id, state=OPEN, success=0, digest=DIGEST, executor="sui", account=OPERATOR, vault="main", plugin="first",
        outcome=None, signature=SIGNATURE, data=GOLDEN, holds='{"gas":["0x22"],"epoch":500}', settled=None):
    with sqlite3.connect(desk.path / "data/orrery.db") as db:
        db.execute("INSERT INTO submissions(id, state, success, plugin, vault, executor, account, digest, created_at,"
                   " settled_at, outcome, holds, signature, bytes) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                   (number(id), state, success, plugin, vault, executor, account, digest, 1790000000000,
                    settled or (1790000002500 if state != OPEN else None), outcome, holds, signature, data))


ABORT = json.dumps({"error": {"code": "ABORTED", "message": "0xcc::strategy::mint_binary: 7"}, "gas_used": 1234567,
                    "epoch": 499})


def filled(desk):
    """Six submissions: the ids, oldest first."""
    first = made(desk)
    ids = [first] + [name(number(first) + i) for i in range(1, 6)]
    put(desk, ids[0])
    put(desk, ids[1], DONE, 1, digest="7" * 43, outcome='{"gas_used": 1000000, "epoch": 499}')
    put(desk, ids[2], DONE, 0, digest="8" * 44, outcome=ABORT)
    put(desk, ids[3], DEAD, 0, digest="9" * 44, plugin="", vault="",
        outcome='{"error": {"code": "EXPIRED", "message": "epoch 500 is over and nobody knows it"}}')
    put(desk, ids[4], digest="wh-" + ids[4], executor="webhook", account=HOOK, vault="hook", signature=None,
        data=b'{"actions":[{"kind":"mint_binary"}]}', holds=None)
    put(desk, ids[5], DONE, 1, digest="wh-" + ids[5], executor="webhook", account=HOOK, vault="hook", signature=None,
        data=b"plain \x1b[2Jtext", holds=None, outcome='{"status":200}')
    return ids


def test_list(desk):
    ids = filled(desk)
    listed = desk.cli("tx", "list", "--json").data
    assert [t["id"] for t in listed["transactions"]] == ids[::-1] and listed["next"] is None
    for words, expected in ((["--open"], [4, 0]), (["--vault", "main"], [2, 1, 0]), (["--account", HOOK], [5, 4]),
                            (["--account", OPERATOR, "--open"], [0]), (["-n", "2"], [5, 4]),
                            (["--before", ids[2]], [1, 0]), (["--vault", "none"], [])):
        data = desk.cli("tx", "list", *words, "--json").data
        assert [t["id"] for t in data["transactions"]] == [ids[i] for i in expected], words
    text = desk.cli("tx", "list").out.splitlines()
    assert [line.split()[0] for line in text[1:]] == ids[::-1]
    assert [re.split(r"  +", line)[3] for line in text[1:]] == ["executed", "open", "dead", "failed", "executed", "open"]
    assert "ABORTED: 0xcc::strategy::mint_binary: 7" in text[4] and "(upkeep)" in text[3]
    assert desk.cli("tx", "list", "--vault", "none").out == "no transactions\n"
    refused(desk.cli("tx", "list", "--before", "yesterday"), "13 characters")


def test_pages(desk):
    first = made(desk)
    ids = [name(number(first) + i) for i in range(450)]
    for i, id in enumerate(ids):
        put(desk, id, DONE, 1, digest=f"d{i}", data=b"x")
    seen, before = [], []
    while True:
        page = desk.cli("tx", "list", "-n", "201", "--json", *before).data
        seen += [t["id"] for t in page["transactions"]]
        if page["next"] is None:
            break
        before = ["--before", page["next"]]
    assert seen == ids[::-1]
    assert f"more with --before {ids[-5]}" in desk.cli("tx", "list", "-n", "5").out
    assert [t["id"] for t in desk.cli("tx", "list", "-n", "1000", "--json").data["transactions"]] == ids[::-1]


def test_show(desk):
    ids = filled(desk)
    for tx in (ids[0], DIGEST, DIGEST[:6]):
        one = desk.cli("tx", "show", tx, "--json").data
        assert one["id"] == ids[0] and one["digest"] == DIGEST and one["state"] == "open"
        assert one["run"]["plugin"] == "first" and one["holds"] == {"gas": ["0x22"], "epoch": 500}
        assert base64.b64decode(one["base64"]) == GOLDEN and one["transaction"]["digest"] == DIGEST
        assert one["signed"] == {"address": OPERATOR, "holds": True, "by": "sender"}
    text = desk.cli("tx", "show", ids[0]).out
    assert text.splitlines()[:3] == [f"digest      {DIGEST}", "state       open: its outcome is not known yet",
                                     f"run         {ids[0]} of first, noop"]
    assert ("next        no daemon runs: the next `orrery run --live` looks it up, and sends it again, before any new "
            "decision; expires after epoch 500\n") in text
    assert "signature   holds: it is the sender's" in text and "command 1   MoveCall" in text
    text = desk.cli("tx", "show", ids[2]).out
    assert "state       executed, and failed: that is final\n" in text
    assert "error       ABORTED: 0xcc::strategy::mint_binary: 7\n" in text and "gas used    1,234,567\n" in text
    assert "ended       2026-09-21 14:13:22 UTC, after 2.5 s" in text and "next  " not in text
    text = desk.cli("tx", "show", ids[3]).out
    assert "state       dead: it was not and never will be executed\n" in text and "none: upkeep of the account" in text
    hook = desk.cli("tx", "show", ids[4], "--json").data
    assert hook["body"] == {"actions": [{"kind": "mint_binary"}]} and "transaction" not in hook
    assert 'body        {"actions":[{"kind":"mint_binary"}]}' in desk.cli("tx", "show", ids[4]).out
    assert desk.cli("tx", "show", ids[5], "--json").data["body"] == "plain \x1b[2Jtext"
    assert "body        plain \\x1b[2Jtext" in desk.cli("tx", "show", ids[5]).out


def test_names_that_are_not_there_or_not_enough(desk):
    ids = filled(desk)
    refused(desk.cli("tx", "show", "38fw"), "there is no transaction", code=NOT_FOUND)
    refused(desk.cli("tx", "show", "DX3"), "at least 4 characters")
    refused(desk.cli("tx", "show", ids[0][:8]), "begins several transactions")
    refused(desk.cli("tx", "show", "x" * 5000), "there is no transaction", code=NOT_FOUND)
    refused(desk.cli("tx", "show", "\x1b[31mred"), "there is no transaction", code=NOT_FOUND)
    refused(desk.cli("tx", "show", ids[0][:-1] + "z"), "there is no transaction", code=NOT_FOUND)
    refused(desk.cli("tx", "show", ""), "expected a digest or the id of a run")


def test_bytes_on_record_that_are_no_transaction(desk):
    id = made(desk)
    put(desk, id, data=GOLDEN[:50], signature="rubbish")
    shown = desk.cli("tx", "show", id)
    assert shown.code == OK and "command" not in shown.out
    assert "problem     the bytes on record are no transaction: input 1: byte 48: " in shown.out
    assert "problem" in desk.cli("tx", "show", id, "--json").data


def test_bytes_on_record_of_another_transaction(desk):
    id = made(desk)
    put(desk, id, digest="7" * 44)
    assert "problem     the bytes on record have another digest\n" in desk.cli("tx", "show", id).out


def test_what_a_script_or_a_server_said_cannot_act_on_a_terminal(desk):
    id = made(desk)
    evil = "\x1b[2J\u202e\r\x07"
    put(desk, id, DONE, 0, digest="E" + evil, account="a" + evil, vault="v" + evil, plugin="p" + evil, executor="x" + evil,
        outcome=json.dumps({"error": {"code": "C" + evil, "message": "M" + evil}, evil: evil}), signature=evil,
        holds=json.dumps({evil: evil}), data=evil.encode())
    for words in (["list"], ["show", id], ["resume", id]):
        for more in ([], ["--json"]):
            shown = desk.cli("tx", *words, *more)
            assert shown.code == OK and not escapes(shown.out) and not escapes(shown.err), (words, shown)
    assert not escapes(desk.cli("runs", "show", id).out)


def at_terminal(desk, *words, columns=80):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen([BINARY, "-C", desk.path, *words], stdout=slave, stderr=slave, stdin=slave,
                               env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"}, start_new_session=True)
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
    ids = filled(desk)
    for words in (["tx", "list"], ["tx", "resume"], ["tx", "decode", TEXT], ["runs", "show", ids[0]],
                  *(["tx", "show", id] for id in ids)):
        text = at_terminal(desk, *words)
        assert text and max(map(len, text.splitlines())) <= 80, (words, text)
    # what is cut there is enough to ask for more
    cut = re.search(r"DX3r\w+", at_terminal(desk, "tx", "list")).group()
    assert desk.cli("tx", "show", cut, "--json").data["digest"] == DIGEST
    assert OPERATOR in at_terminal(desk, "tx", "decode", TEXT)


def test_runs_show_names_the_transaction(desk):
    ids = filled(desk)
    data = desk.cli("runs", "show", ids[0], "--json").data
    assert data["digest"] == DIGEST and data["transaction"]["state"] == "open"
    text = desk.cli("runs", "show", ids[0]).out
    assert f"transaction {DIGEST}, open: its outcome is not known yet" in text
    assert f"orrery tx show {ids[0]}" in text


def test_resume_of_a_stopped_desk(desk):
    ids = filled(desk)
    told = desk.cli("tx", "resume")
    assert told.code == ERROR and "2 are open: `orrery run --live` resolves them before any new decision" in told.out
    assert ids[0] in told.out and ids[4] in told.out and ids[1] not in told.out
    data = desk.cli("tx", "resume", DIGEST, "--json")
    assert data.code == ERROR and [t["id"] for t in data.data["open"]] == [ids[0]] and not data.data["running"]
    ended = desk.cli("tx", "resume", ids[1])
    assert ended.code == OK and "executed" in ended.out
    refused(desk.cli("tx", "resume", "nothing"), "there is no transaction", code=NOT_FOUND)


def test_a_desk_without_any(desk):
    made(desk)
    assert desk.cli("tx", "list").out == "no transactions\n"
    assert desk.cli("tx", "list", "--open").out == "no open transactions\n"
    assert desk.cli("tx", "resume") == (OK, "no open transactions\n", "")


def test_no_journal(desk):
    desk.configure(journal="memory:", state='"memory:"')
    desk.add("first", 'return action.noop("nothing")')
    for words in (["list"], ["show", DIGEST], ["resume"]):
        refused(desk.cli("tx", *words), "memory", code=NOT_RUNNING)


# ---- a running daemon ----


def test_a_daemon_and_a_stopped_desk_answer_alike(desk):
    ids = filled(desk)
    asked = [[*words, *more] for words in (["tx", "list"], ["tx", "list", "--open"], ["tx", "list", "-n", "2"],
                                           *(["tx", "show", id] for id in ids[1:4]), ["tx", "show", ids[5]],
                                           ["runs", "show", ids[0]]) for more in ([], ["--json"])]
    stopped = [desk.cli(*words) for words in asked]
    desk.start("--live")
    for words, answer in zip(asked, stopped):
        live = desk.cli(*words)
        if "show" in words and "--json" in words and words[0] == "tx":
            assert {**live.data, "running": False} == answer.data
        else:
            assert live == answer, words
    shown = desk.cli("tx", "show", ids[0], "--json").data
    assert shown["running"] and shown["live"] is True


def test_open_ones_that_nobody_can_end(desk):
    """Their vault is not part of the desk any more: they stay open, and everybody who asks is told."""
    ids = filled(desk)
    desk.start("--live")
    status = desk.status()
    assert status["transactions"]["open"] == 2
    text = desk.cli("status").out
    assert "OPEN TRANSACTIONS OF" in text and OPERATOR in text and HOOK in text and "orrery tx resume" in text
    told = desk.cli("tx", "resume", "--wait", "1s")
    assert told.code == ERROR and "2 are still open" in told.out and ids[0] in told.out
    assert "why         no vault of this desk has its account" in desk.cli("tx", "show", ids[0]).out
    desk.stop()
    assert desk.cli("tx", "list", "--open", "--json").data["transactions"]


def test_live_is_said(desk):
    made(desk)
    desk.start("--live")
    assert "--live changes nothing: every vault of this desk is on paper" in desk.log()
    assert desk.status()["live"] is True
    desk.stop()
    refused(desk.cli("run", "--live", "--dry-run"), "--live sends, --dry-run does not: one of them")
    assert desk.cli("check", "--json").data["executors"] == {"v": "paper"}
