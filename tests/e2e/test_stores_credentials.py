"""Passwords and tokens of state stores: from the URL, the environment or a file; seen by the server and nobody else.

All that the program says is looked through, with its process list, for the secret and for any part of it.
"""
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import quote

import processes
import pytest

from secured import KINDS, OPTIONS, PASSWORD, VARIABLE, access, bare, lua, secured
from support import BINARY, CONFIGURATION, COUNT, ERROR, NOT_FOUND, OK, config, wait_until

WAYS = [(kind, way) for kind in KINDS for way in ("default" if kind == "libsql" else "url", "env", "file")]


def parts(secret):
    """The secret as it may appear: whole, escaped, and its longer words."""
    words = [w for w in re.split(r"[^A-Za-z0-9]", secret) if len(w) > 6]
    return {secret, quote(secret, safe=""), quote(secret), *words}


class Witness:
    """Collects what could be seen of a session, and looks it through."""

    def __init__(self, *secrets):
        self.secrets = set().union(*(parts(s) for s in secrets))
        self.seen = {}

    def hears(self, name, *texts):
        self.seen.setdefault(name, []).extend(texts)

    def cli(self, desk, *words, env=None, code=OK, timeout=60):
        done = subprocess.run([BINARY, "-C", str(desk.path), *words], capture_output=True, text=True, timeout=timeout,
                              env={**environment(), **(env or {})})
        self.hears(" ".join(words[:3]), done.stdout, done.stderr)
        assert code is None or done.returncode == code, (words, done)
        return done

    def looks_at_processes(self, pid):
        """What everybody sees of the daemon and its workers, and what the workers know."""
        for each in processes.descendants(pid):
            self.hears(f"command line of {each}", Path(f"/proc/{each}/cmdline").read_text(errors="replace"))
            if each != pid:
                self.hears(f"environment of {each}", Path(f"/proc/{each}/environ").read_text(errors="replace"))

    def judges(self):
        assert len(self.seen) > 0
        for name, texts in self.seen.items():
            for secret in self.secrets:
                for text in texts:
                    assert secret not in text, f"{name} shows {secret!r}: {text}"


def environment():
    return {k: v for k, v in os.environ.items() if k not in (VARIABLE, "LIBSQL_AUTH_TOKEN")}


@pytest.mark.parametrize("kind, way", WAYS)
def test_it_works_and_shows_nowhere(desk, kind, way):
    server = secured(kind)
    try:
        url, env = access(server, way, desk)
        witness = Witness(server.secret)
        desk.configure(state=lua(url))
        desk.add("counter", COUNT)
        witness.cli(desk, "check", env=env)
        witness.cli(desk, "check", "--json", env=env)
        witness.cli(desk, "db", "init", env=env)
        witness.cli(desk, "db", "status", env=env)
        desk.start("--log-level", "debug", env=env)
        assert [desk.fire("counter")["reason"] for _ in range(3)] == ["n=1", "n=2", "n=3"]
        witness.looks_at_processes(desk.process.pid)
        for words in (["status"], ["status", "--json"], ["state", "keys", "counter"], ["state", "get", "counter", "n"],
                      ["runs"], ["reload"], ["db", "status", "--json"]):
            witness.cli(desk, *words, env=env)
        # Also when it goes away, and in what is kept.
        server.kill()
        desk.ask("fire", plugin="counter")
        desk.wait_until(lambda s: any(t["stalled"] for t in s["stores"]), what="the store away")
        witness.cli(desk, "status", env=env)
        witness.cli(desk, "state", "get", "counter", "n", env=env, code=ERROR)
        server.restart()
        desk.wait_until(lambda s: s["counters"]["noop"] == 4, what="the fourth run")
        desk.stop()
        assert witness.cli(desk, "state", "get", "counter", "n", env=env).stdout.strip() == "4"
        witness.hears("log", desk.log())
        for name in ("orrery.db", "orrery.db-wal"):
            if (desk.path / "data" / name).exists():
                witness.hears(name, (desk.path / "data" / name).read_bytes().decode(errors="replace"))
        witness.judges()
    finally:
        server.stop()


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_password_on_the_command_line_leaves_the_process_list(desk, kind):
    server = secured(kind)
    try:
        url, _ = access(server, "url", desk)
        desk.configure()
        server.pause()  # so that the command is there to be looked at
        process = subprocess.Popen([BINARY, "-C", str(desk.path), "db", "init", url], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        try:
            cmdline = Path(f"/proc/{process.pid}/cmdline")
            seen = wait_until(lambda: cmdline.read_text() if "*" in cmdline.read_text() else None,
                              what="a command line without the password")
            assert "db\0init\0" in seen and ":***@" in seen and f"127.0.0.1:{server.port}" in seen
            assert process.poll() is None
        finally:
            server.resume()
            out = process.communicate(timeout=30)[0]
        witness = Witness(server.secret)
        witness.hears("command line", seen)
        witness.hears("output", out)
        witness.judges()
        assert process.returncode == OK and f":{server.port}" in out, out
    finally:
        server.stop()


@pytest.mark.parametrize("kind, way", WAYS)
def test_a_wrong_one_is_refused(desk, kind, way):
    server = secured(kind)
    try:
        wrong = "Wr0ngAndSecret" if kind != "libsql" else server.secret[:-12] + "AAAAAAAAAAAA"
        url, env = access(server, way, desk, wrong)
        witness = Witness(wrong, server.secret)
        desk.configure(state=lua(url))
        desk.add("counter", COUNT)
        for words in (["run", "--for", "20s"], ["db", "init"], ["db", "init", url], ["state", "get", "counter", "n"]):
            done = witness.cli(desk, *words, "--json", env=env, code=ERROR, timeout=20)
            assert '"STORE_DENIED"' in done.stdout + done.stderr, (words, done)
            assert f":{server.port}" in done.stdout + done.stderr, (words, done)
            witness.cli(desk, *words, env=env, code=ERROR)
        witness.judges()
    finally:
        server.stop()


@pytest.mark.parametrize("url", ["libsql+http://%s@127.0.0.1:9", "libsql+https://u:%s@127.0.0.1:9"])
def test_a_token_does_not_belong_into_a_url(desk, url):
    witness = Witness("Tr0ub4dor", "Xkcd9364")
    desk.configure(state=lua(url % "Tr0ub4dor.Xkcd9364"))
    desk.add("counter", COUNT)
    for words in (["check"], ["run", "--for", "5s"], ["db", "init", url % "Tr0ub4dor.Xkcd9364"]):
        done = witness.cli(desk, *words, code=CONFIGURATION)
        assert "auth_token_env" in done.stdout + done.stderr, done
    witness.judges()


@pytest.mark.parametrize("kind", KINDS)
def test_none_at_all_is_refused(desk, kind):
    server = secured(kind)
    try:
        desk.configure(state=lua(bare(server)))
        desk.add("counter", COUNT)
        answer = desk.cli("run", "--for", "20s", "--json")
        assert answer.code == ERROR and answer.json["code"] == "STORE_DENIED", answer
    finally:
        server.stop()


SCHEMES = {"postgres": "postgres://u@127.0.0.1:9/d?", "redis": "redis://127.0.0.1:9?", "libsql": "libsql+http://127.0.0.1:9?"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option, content, says", [
    ("env", None, "no such variable"), ("env", "", "empty"), ("file", None, "No such file"), ("file", "", "empty"),
    ("file", "\n", "empty"), ("file", "one\ntwo\n", "one line"), ("file", "x" * 20000, "larger than"),
    ("file", "a\0b", "one line")])
def test_a_secret_that_cannot_be_had(desk, kind, option, content, says):
    """Nobody is called: the port is one that nobody listens at."""
    name = ("auth_token_" if kind == "libsql" else "password_") + option
    env = {}
    if option == "env" and content is not None:
        env[VARIABLE] = content
    elif content is not None:
        desk.write("secret", content)
    desk.configure(state=lua(f"{SCHEMES[kind]}{name}={VARIABLE if option == 'env' else 'secret'}"))
    desk.add("counter", COUNT)
    witness = Witness()
    for words in (["run", "--for", "20s"], ["db", "init"]):
        done = witness.cli(desk, *words, "--json", env=env, code=CONFIGURATION, timeout=20)
        said = done.stdout + done.stderr
        assert '"CONFIG"' in said and name in said and says in said, (words, said)
        assert content is None or len(content) < 3 or content not in said


@pytest.mark.parametrize("kind", KINDS)
def test_two_sources_are_one_too_many(desk, kind):
    option = "auth_token" if kind == "libsql" else "password"
    desk.configure(state=lua(f"{SCHEMES[kind]}{option}_env=A&{option}_file=b"))
    desk.add("counter", COUNT)
    answer = desk.cli("run", "--for", "20s", "--json")
    assert answer.code == CONFIGURATION and f"{option}_env" in answer.json["message"], answer
    assert f"{option}_file" in answer.json["message"]


@pytest.mark.parametrize("url", [
    "postgres://u:%s@h/d?sslmode=maybe", "postgres://u:%s@h:99999/d", "redis://:%s@h/x", "redis://:%s@h/0?nosuch=1",
    "libsql+http://u:%s@h:1/x/y", "mysql://u:%s@h/d", "postgres://u:%s@", "redis:/:%s@h", "redis//:%s@h",
    "postgres://u:%s@h/d?password_env=X"])
@pytest.mark.parametrize("secret", ["Tr0ub4dor", "Tr0ub4dor/Xkcd9364", "Tr0ub4dor@Xkcd9364", "Tr0ub4dor?a=Xkcd9364",
                                    "Tr0ub4dor#Xkcd9364", "Tr0ub4dor%zzXkcd9364", "%54r0ub4dor"])
def test_a_url_that_is_wrong_shows_no_part_of_its_password(desk, url, secret):
    text = url % secret
    desk.write("orrery.lua", config(state=lua(text)))
    desk.add("counter", COUNT)
    witness = Witness("Tr0ub4dor", "Xkcd9364")
    witness.secrets.discard("")
    for words in (["check"], ["check", "--json"], ["run", "--for", "5s"], ["db", "init"], ["db", "init", text],
                  ["db", "status", text, "--json"], ["db", "copy", text, "memory:"], ["db", "copy", "memory:", text]):
        witness.cli(desk, *words, code=None)
    witness.judges()


@pytest.mark.parametrize("words", [
    ["check", "%s"], ["run", "%s"], ["new", "%s"], ["%s"], ["db", "%s"], ["db", "init", "%s", "%s"], ["db", "nosuch", "%s"],
    ["db", "copy", "%s"], ["state", "get", "%s", "k"], ["fire", "%s"], ["runs", "%s"], ["--desk=%s", "check"],
    ["--nosuch=%s"], ["run", "--for", "%s"], ["state", "export", "%s"], ["reload", "%s"], ["help", "%s"], ["emit", "%s"]])
def test_a_url_in_the_wrong_place_shows_no_password(desk, words):
    desk.configure()
    desk.add("counter", COUNT)
    witness = Witness(PASSWORD)
    url = f"postgres://orrery:{quote(PASSWORD, safe='')}@127.0.0.1:9/postgres?{OPTIONS}"
    words = [w % url if "%s" in w else w for w in words]
    for more in ([], ["--json"]):
        done = witness.cli(desk, *words, *more, code=None)
        assert done.returncode in (ERROR, NOT_FOUND, CONFIGURATION, 3, 5), done
    witness.judges()
