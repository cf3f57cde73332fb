"""Where output goes: closed, full or read by nobody, and on terminals of any width."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

from support import BINARY, ERROR, NOT_RUNNING, OK, run


def ended(args, **streams):
    return subprocess.run([BINARY, *map(str, args)], stderr=subprocess.PIPE, text=True, timeout=60, **streams)


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "mine"
    assert run("new", path).code == OK
    return path


@pytest.mark.parametrize("args", [["version"], ["check", "DESK"], ["run", "DESK", "--for", "300ms"]], ids=lambda a: a[0])
def test_output_that_is_lost_is_told(made, args):
    args = [made if a == "DESK" else a for a in args]
    with open("/dev/full", "w") as full:
        done = ended(args, stdout=full)
    assert done.returncode == ERROR and "cannot write the output" in done.stderr
    done = ended(args, preexec_fn=lambda: os.close(1))
    assert done.returncode == ERROR and "cannot write the output" in done.stderr


def test_a_daemon_without_standard_streams(made):
    done = subprocess.Popen([BINARY, "run", str(made), "--for", "300ms"], preexec_fn=lambda: os.closerange(0, 3))
    assert done.wait(60) == ERROR, "its output is lost, its work is not"
    assert run("runs", "-C", made).code == OK


def test_a_reader_that_has_seen_enough(made):
    read, write = os.pipe()
    os.close(read)
    done = ended(["check", made], stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (OK, "")


def on_terminal(columns, *args, **env):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen([BINARY, *map(str, args)], stdin=slave, stdout=slave, stderr=subprocess.DEVNULL,
                               env={**os.environ, "TERM": "xterm", **env})
    os.close(slave)
    text = b""
    try:
        while chunk := os.read(master, 65536):
            text += chunk
    except OSError:  # the other end is closed
        pass
    assert process.wait(60) == OK
    os.close(master)
    return text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_tables_are_never_wider_than_the_terminal(made, columns):
    assert run("run", made, "--for", "2500ms", "--json").code == OK
    for command in (["runs", "-C", made], ["check", "-C", made]):
        text = on_terminal(columns, *command)
        table = re.sub(r"\033\[\d*m", "", text).split("\nok:")[0]
        assert max(len(line) for line in table.splitlines()) <= columns, table
        assert "first" in table


def test_colour_is_for_terminals_that_want_it(made):
    assert "\033[" in on_terminal(80, "check", made, NO_COLOR="")
    assert "\033[" not in on_terminal(80, "check", made, NO_COLOR="1")
    assert "\033[" not in on_terminal(80, "check", made, TERM="dumb")
    assert "\033[" not in run("check", made).out


def test_hints_can_be_pasted(tmp_path):
    path = tmp_path / "it's a desk"
    made = run("new", path)
    quoted = "'" + str(path).replace("'", "'\\''") + "'"
    assert made.code == OK and f"\n  cd {quoted}\n" in made.out
    asked = run("status", "-C", path)
    assert asked.code == NOT_RUNNING and f"`orrery run {quoted}`" in asked.err
