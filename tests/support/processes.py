"""Who is whose child, and what ends with whom (Linux: /proc and prctl)."""
import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def parents():
    """{pid: parent's pid} of all processes."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def descendants(pid):
    """The process and all below it, the deepest last."""
    table, out = parents(), [pid]
    for each in out:
        out += [child for child, parent in table.items() if parent == each]
    return out


def state(pid):
    """As in /proc: "R", "S", "T" stopped, "Z" a zombie …; "X" when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def alive(pid):
    return state(pid) not in "ZX"


def signal_each(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def stop_tree(find):
    """SIGSTOP of all that `find()` names, and of those that they start meanwhile. Returns the pids when all stand still."""
    seen = set()
    while not seen.issuperset(now := set(find())):
        signal_each(now - seen, signal.SIGSTOP)
        while not all(state(pid) in "TZX" for pid in now):
            time.sleep(0.001)
        seen |= now
    return seen


def kill_tree(find):
    """SIGKILL of the same. The pids."""
    pids = stop_tree(find)
    signal_each(pids, signal.SIGKILL)
    return pids


def prctl(option, value):
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def die_with_parent():
    """For a new process before its exec (preexec_fn)."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans():
    """What descendants of this process leave behind become its children."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
