"""`orrery keys` at a terminal: what is typed is not shown, what is interrupted leaves the terminal as it was, and a key is
shown only when it was asked for and only there."""
import fcntl
import os
import pty
import re
import select
import signal
import stat
import subprocess
import termios
from pathlib import Path

import pytest

from support import BINARY, CONFIGURATION, ERROR, NOT_FOUND, OK, PATIENCE, run, wait_until

KEY = "suiprivkey1qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv2p29shrqv35xcur50p74yefn7"
ADDRESS = "0x160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3ac"
QUESTION = "key (it is not shown): "


def take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A command at a terminal of its own. With `out` its standard output is a pipe all the same."""

    def __init__(self, folder, *args, out=None):
        self.master, self.slave = pty.openpty()
        self.shown = ""
        self.process = subprocess.Popen([BINARY, "-C", str(folder), "keys", *args], stdin=self.slave, stderr=self.slave,
                                        stdout=out or self.slave, start_new_session=True,
                                        env={**os.environ, "NO_COLOR": "1"}, preexec_fn=take_terminal)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def look(self):
        while select.select([self.master], [], [], 0)[0]:
            self.shown += os.read(self.master, 4096).decode()
        return self.shown

    def asked(self):
        wait_until(lambda: self.look().endswith(QUESTION), what="the question")
        wait_until(lambda: not self.echoes(), what="the silence")

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        code = self.process.wait(timeout=20 * PATIENCE)
        self.look()
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(tmp_path):
    opened = []

    def start(*args, **more):
        opened.append(Terminal(tmp_path, *args, **more))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_what_is_typed_is_not_shown(terminal, tmp_path):
    t = terminal("import", "operator")
    t.asked()
    t.type(KEY + "\n")
    assert t.end() == OK
    assert KEY[12:20] not in t.shown
    assert f"address     {ADDRESS}" in t.shown
    assert t.echoes()
    path = tmp_path / "keys" / "operator.key"
    assert path.read_text() == KEY + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_name_that_is_taken_is_refused_before_the_question(terminal, tmp_path):
    assert run("-C", tmp_path, "keys", "new", "operator").code == OK
    t = terminal("import", "operator")
    assert t.end() == ERROR
    assert QUESTION not in t.shown and "there is such a key already" in t.shown


@pytest.mark.parametrize("key, number", [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)])
def test_interrupted_by_a_key(terminal, tmp_path, key, number):
    t = terminal("import", "operator")
    t.asked()
    t.type(KEY[:30] + key)
    assert t.end() == -number
    assert t.echoes() and KEY[12:20] not in t.shown
    assert not (tmp_path / "keys" / "operator.key").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_interrupted_by_a_signal(terminal, number):
    t = terminal("import", "operator")
    t.asked()
    t.process.send_signal(number)
    assert t.end() == -number
    assert t.echoes()


def test_the_end_of_input_and_empty_lines(terminal):
    for typed in ("\x04", "\n"):
        t = terminal("import", "operator")
        t.asked()
        t.type(typed)
        assert t.end() == ERROR
        assert t.echoes() and "it is empty: expected a key" in t.shown


def test_a_typing_mistake_is_said_and_not_repeated(terminal):
    t = terminal("import", "operator")
    t.asked()
    t.type(KEY[:-1] + "8\n")
    assert t.end() == ERROR
    assert "the checksum of the key does not hold" in t.shown
    assert KEY[12:20] not in t.shown


def test_show_key_shows_the_key_that_is_in_the_file(terminal, tmp_path):
    t = terminal("new", "operator", "--show-key")
    assert t.end() == OK
    shown = re.search(r"^key +(suiprivkey1\w{59})\r?$", t.shown, re.M)
    assert shown, t.shown
    assert (tmp_path / "keys" / "operator.key").read_text() == shown[1] + "\n"
    address = run("-C", tmp_path, "keys", "address", "operator")
    assert address.out.strip() in t.shown


def test_show_key_into_a_pipe_makes_nothing(terminal, tmp_path):
    t = terminal("new", "operator", "--show-key", out=subprocess.PIPE)
    assert t.end() == ERROR
    assert t.process.stdout.read() == b""
    assert not (tmp_path / "keys").exists()


def test_a_key_in_the_environment_is_gone_from_it(tmp_path):
    """What /proc/PID/environ shows of a process that has read its key, while it goes on."""
    os.mkfifo(tmp_path / "out")
    keep = os.open(tmp_path / "out", os.O_RDWR)  # full: the command waits with its answer
    os.set_blocking(keep, False)
    try:
        while True:
            os.write(keep, b"x" * 4096)
    except BlockingIOError:
        pass
    out = os.open(tmp_path / "out", os.O_WRONLY)
    process = subprocess.Popen([BINARY, "-C", str(tmp_path), "keys", "address", "env:K"], stdout=out,
                               env={**os.environ, "K": KEY})
    os.close(out)
    try:
        environ = Path(f"/proc/{process.pid}/environ")
        wait_until(lambda: b"K=\0" in environ.read_bytes(), what="the variable's end")
        assert b"suiprivkey1" not in environ.read_bytes()
        assert process.poll() is None
    except PermissionError:
        pytest.skip("a process that has keys may not be looked into here")
    finally:
        process.kill()
        process.wait()
        os.close(keep)


def test_a_key_among_the_words_is_gone_from_them(terminal, tmp_path):
    result = run("-C", tmp_path, "keys", "import", "operator", KEY)
    assert result.code == ERROR
    assert KEY[12:20] not in result.out + result.err
    assert not (tmp_path / "keys").exists()


def test_exit_codes(tmp_path):
    keystore = tmp_path / "sui.keystore"
    keystore.write_text('["AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"]')
    keystore.chmod(0o644)
    source = f"file:{keystore}"
    refused = run("keys", "address", source)
    assert refused.code == CONFIGURATION
    assert f"chmod 600 {keystore}" in refused.err
    hint = run("keys", "address", source, "--json").json["hint"]
    subprocess.run(hint, shell=True, check=True)
    assert run("keys", "address", source).out == ADDRESS + "\n"
    assert run("keys", "address", "file:nowhere").code == NOT_FOUND
    assert run("keys", "list", source, "--json", cwd=tmp_path).data["keys"] == [
        {"address": ADDRESS, "name": None, "source": source}]
