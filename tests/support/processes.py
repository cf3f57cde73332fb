"""Who is whose child, and what ends with whom (Linux: /proc and prctl)."""
import contextlib
import ctypes
import os
import signal
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


def alive(pid):
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def signal_each(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_tree(find):
    """SIGKILL of all that `find()` names; they are stopped first, so that none has more children meanwhile. The pids."""
    seen = set()
    while not seen.issuperset(now := set(find())):
        signal_each(now - seen, signal.SIGSTOP)
        seen |= now
    signal_each(seen, signal.SIGKILL)
    return seen


def prctl(option, value):
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def die_with_parent():
    """For a new process before its exec (preexec_fn)."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans():
    """What descendants of this process leave behind become its children."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
