"""What the figures were measured on, and how busy it was with other things."""
import os
import platform
import time


def cpu_times():
    with open("/proc/stat") as f:
        fields = [int(x) for x in f.readline().split()[1:9]]
    return sum(fields), fields[3] + fields[4]


def busy_share(seconds=0.5):
    """The share of all processors that is in use while this program sleeps, 0 to 1."""
    total, idle = cpu_times()
    time.sleep(seconds)
    total_after, idle_after = cpu_times()
    return 1 - (idle_after - idle) / max(1, total_after - total)


class OtherWork:
    """Between its making and share(): how much of all processors was used by what is not ours, 0 to 1. Ours is this
    program and the processes that it has waited for, with theirs; the kernel's own writing counts as other work."""

    def __init__(self):
        self.total, self.idle = cpu_times()
        self.own = self.own_ticks()

    @staticmethod
    def own_ticks():
        return sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK")

    def share(self):
        total, idle = cpu_times()
        total, used = total - self.total, (total - self.total) - (idle - self.idle)
        return round(min(1, max(0, used - (self.own_ticks() - self.own)) / max(1, total)), 2)


def wait_quiet(patience_s, limit=0.1):
    """Waits for the machine to be quiet, but not longer than this; how busy it was at last."""
    deadline = time.monotonic() + patience_s
    while True:
        share = busy_share()
        if share <= limit or time.monotonic() >= deadline:
            return round(share, 2)


def filesystem(path):
    """(type, device) of the mount that holds the path."""
    path = os.path.realpath(path)
    best = ("", "unknown", "unknown")
    with open("/proc/mounts") as f:
        for line in f:
            device, point, kind = line.split()[:3]
            inside = path == point or path.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best[0]):
                best = (point, kind, device)
    return best[1], best[2]


def cpu_model():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def describe(folder):
    kind, device = filesystem(folder)
    return {"cpu": cpu_model(), "cores": os.cpu_count(), "kernel": platform.release(), "filesystem": kind,
            "device": device, "load_average": round(os.getloadavg()[0], 2)}
