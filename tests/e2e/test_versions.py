"""orrery versions and deploy: which text decided, from the first start to the last reload."""
import re

import pytest
from support import CONFIGURATION, ERROR, NOT_FOUND, NOT_RUNNING, OK, wait_until

DECIDE = """
    return action.noop("text %d " .. require("words").word)
"""


def edit(desk, number, word="calm"):
    desk.write("lib/words.lua", f'return {{ word = "{word}" }}\n')
    return desk.add("edited", DECIDE % number, head='local words = require "words"')


def deployed(desk):
    desk.configure()
    edit(desk, 1)
    desk.add("other", 'return action.noop("other")')
    desk.start()
    return desk


def numbers(desk, plugin="edited"):
    return [v["number"] for v in desk.cli("versions", "list", plugin, "--json").data["versions"]]


def test_what_was_deployed_is_on_record(desk):
    deployed(desk)
    first = desk.fire("edited")
    edit(desk, 2)
    answer = desk.cli("deploy", "--note", "two \x1b[31mis\x1b[0m calmer", "--author", "kim\r\n")
    assert answer.code == OK and "\x1b" not in answer.out, answer
    assert re.search(r"^edited\s+2  [0-9a-f]{12}  new$", answer.out, re.M), answer.out
    assert re.search(r"^other\s+1  [0-9a-f]{12}  as before$", answer.out, re.M), answer.out
    second = desk.fire("edited")
    assert (first["reason"], second["reason"]) == ("text 1 calm", "text 2 calm")
    edit(desk, 2, word="wild")  # a module, too, is part of the version
    assert desk.cli("deploy", "edited", "--note", "wild").code == OK
    edit(desk, 1)
    back = desk.cli("deploy", "edited", "--note", "never shown: this text has its note").out
    assert re.search(r"^edited\s+1  [0-9a-f]{12}  as it was once$", back, re.M), back
    assert numbers(desk) == [3, 2, 1] and numbers(desk, "other") == [1]

    def check():
        listed = desk.cli("versions", "list", "edited").out
        assert re.search(r"^\*\s+1  [0-9a-f]{12}  20", listed, re.M), listed
        assert "two \\x1b[31mis\\x1b[0m calmer" in listed and "kim\\x0d\\x0a" in listed and "never shown" not in listed
        shown = desk.cli("versions", "show", "edited", "2").out
        assert "version     2\n" in shown and "author      kim\\x0d\\x0a" in shown and "modules     lib/words.lua, 1 line," in shown
        source = desk.cli("versions", "show", "edited", "2", "--source").out
        assert '   1  return { word = "calm" }' in source and "text 2" in source
        assert desk.cli("versions", "show", "edited").out.splitlines()[1] == "version     1, the current one"
        data = desk.cli("versions", "show", "edited", "3", "--source", "--json").data
        assert data["note"] == "wild" and [f["name"] for f in data["files"]][:1] == [None]
        assert 'word = "wild"' in next(f["source"] for f in data["files"] if f["name"] == "words")
        beginning = desk.cli("versions", "show", "edited", data["hash"][:10], "--json").data
        assert beginning["number"] == 3 and "source" not in beginning["files"][0]
        diff = desk.cli("versions", "diff", "edited", "1", "3").out
        assert '-    return action.noop("text 1 " .. require("words").word)' in diff.replace("        return", "    return")
        assert '-return { word = "calm" }\n+return { word = "wild" }\n' in diff and "+++ lib/words.lua" in diff
        assert desk.cli("versions", "diff", "edited", "2", "2").out == "no difference\n"
        files = desk.cli("versions", "diff", "edited", "2", "3", "--json").data["files"]
        assert {f["file"]: f["change"] for f in files if f["file"]} == {"strategies/edited.lua": "same", "lib/words.lua": "changed"}
        for run, number in ((first, 1), (second, 2)):
            runs = desk.cli("runs", "list", "--plugin", "edited", "--version", str(number), "--json").data["runs"]
            assert [r["id"] for r in runs] == [run["id"]]
            assert f"code        version {number}, deployed " in desk.cli("runs", "show", run["id"]).out
            by_hash = desk.cli("runs", "list", "--version", runs[0]["version"], "--json").data["runs"]
            assert [r["id"] for r in by_hash] == [run["id"]]

    check()
    desk.stop()
    check()


def test_pages_of_versions(desk):
    deployed(desk)
    for n in range(2, 8):
        edit(desk, n)
        assert desk.cli("deploy", "edited").code == OK
    page = desk.cli("versions", "list", "edited", "-n", "3", "--json").data
    assert [v["number"] for v in page["versions"]] == [7, 6, 5]
    page = desk.cli("versions", "list", "edited", "-n", "3", "--after", page["next"], "--json").data
    assert [v["number"] for v in page["versions"]] == [4, 3, 2]
    last = desk.cli("versions", "list", "edited", "--after", page["next"], "--json").data
    assert [v["number"] for v in last["versions"]] == [1] and last["next"] is None
    refused = desk.cli("versions", "list", "other", "--after", page["next"])
    assert refused.code == ERROR and "is no cursor of this list" in refused.err
    names = desk.cli("versions", "list", "-n", "1", "--json").data
    assert [s["name"] for s in names["strategies"]] == ["edited"]
    names = desk.cli("versions", "list", "--after", names["next"], "--json").data
    assert [s["name"] for s in names["strategies"]] == ["other"] and names["next"] is None
    desk.stop()


@pytest.mark.parametrize("live", [True, False])
def test_inactive_until_deployed_again(desk, live):
    deployed(desk)
    if not live:
        desk.stop()
    answer = desk.cli("versions", "deactivate", "edited")
    assert answer.code == OK and answer.out.startswith("edited is inactive"), answer
    assert "inactive" in desk.cli("versions", "list").out
    assert "the strategy is inactive" in desk.cli("versions", "show", "edited").out
    if not live:
        desk.start()
    run = desk.fire("edited")
    if live:
        assert run["status"] == "skipped" and "deactivated" in run["reason"], run
        assert desk.fire("other")["status"] == "noop"
        assert desk.cli("deploy", "edited").code == OK
        assert desk.fire("edited")["status"] == "noop"
        assert {s["active"] for s in desk.cli("versions", "list", "--json").data["strategies"]} == {True}
    desk.stop()


@pytest.mark.parametrize("live", [True, False])
def test_what_is_asked_wrongly(desk, live):
    deployed(desk)
    if not live:
        desk.stop()
    for words, code, said in [
        (["versions"], ERROR, "an argument is missing"),
        (["versions", "lst"], ERROR, "did you mean `orrery versions list`?"),
        (["versions", "list", "edted"], NOT_FOUND, "did you mean 'edited'?"),
        (["versions", "list", "../x"], ERROR, "plugin: expected a strategy's name"),
        (["versions", "list", "edited", "--after", "x"], ERROR, "'x' is no cursor"),
        (["versions", "list", "--limit", "-3"], ERROR, "--limit: expected a whole number"),
        (["versions", "list", "--source"], ERROR, "--source does not belong to `orrery versions list`"),
        (["versions", "show", "edited", "2"], NOT_FOUND, "strategy 'edited' has no version '2'"),
        (["versions", "show", "edited", "0"], NOT_FOUND, "has no version '0'"),
        (["versions", "show", "edited", "-1"], ERROR, "version: expected a number"),
        (["versions", "show", "edited", "ffffffff"], NOT_FOUND, "has no version 'ffffffff'"),
        (["versions", "show", "edited", "\x1b[2J"], ERROR, "got '?[2J'"),
        (["versions", "show", "edited", "18446744073709551616"], NOT_FOUND, "has no version '18446744073709551616'"),
        (["versions", "show", "nobody"], NOT_FOUND, "there is no strategy 'nobody'"),
        (["versions", "diff", "edited", "1"], ERROR, "expected `orrery versions diff PLUGIN VERSION VERSION`"),
        (["versions", "diff", "edited", "1", "9"], NOT_FOUND, "has no version '9'"),
        (["versions", "deactivate", "nobody"], NOT_FOUND, "nobody"),
        (["deploy", "--note", "x" * 1025], ERROR, "--note: expected at most 1024 bytes, got 1025"),
        (["deploy", "--author", "x" * 129], ERROR, "--author: expected at most 128 bytes"),
        (["deploy", "--note", ""], ERROR, "--note: expected TEXT, got nothing"),
        (["deploy", "nobody"], NOT_FOUND if live else NOT_RUNNING, "nobody" if live else "no daemon is running"),
        (["deploy", "a", "b"], ERROR, "unexpected argument 'b'"),
    ]:
        answer = desk.cli(*words)
        assert answer.code == code and said in answer.err and answer.out == "", (words, answer)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", answer.err), words


def test_new_code_that_is_wrong_is_not_deployed(desk):
    deployed(desk)
    (desk.path / "strategies" / "edited.lua").write_text("return {")
    answer = desk.cli("deploy", "--note", "broken")
    assert answer.code == CONFIGURATION and "edited.lua" in answer.err, answer
    assert numbers(desk) == [1]
    assert desk.fire("edited")["reason"] == "text 1 calm"
    desk.stop()


def test_a_reload_is_on_record_too(desk):
    deployed(desk)
    edit(desk, 2)
    assert desk.cli("reload").code == OK
    wait_until(lambda: numbers(desk) == [2, 1], what="the version of the reload")
    assert "note        reload" in desk.cli("versions", "show", "edited", "2").out
    assert "note        start" in desk.cli("versions", "show", "edited", "1").out
    desk.stop()
