"""What the tests rely on: servers answer, keep their data when killed, and never outlive a test."""
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import processes
import servers
import sui  # noqa: F401, a kind of its own

HERE = Path(__file__).parent


@pytest.fixture(params=list(servers.KINDS))
def server(request):
    try:
        one = servers.KINDS[request.param]().start()
    except servers.Missing as e:
        if os.environ.get("CI") == "true":
            pytest.fail(str(e))
        pytest.skip(str(e))
    yield one
    one.stop()


def connects(port):
    with socket.socket() as s:
        s.settimeout(5)
        return s.connect_ex(("127.0.0.1", port)) == 0


def test_killed_it_is_gone_and_restarted_it_is_back(server):
    before = processes.descendants(server.pid)
    port = server.port
    server.kill()
    assert not any(processes.alive(pid) for pid in before) and not connects(port)
    server.restart()
    assert server.port == port and connects(port) and server.answers()


def test_stopped_it_leaves_nothing(server):
    pids, folder = processes.descendants(server.pid), server.folder
    server.stop()
    assert not any(processes.alive(pid) for pid in pids) and not folder.exists()


def test_paused_it_is_silent(server):
    server.pause()
    assert {processes.state(pid) for pid in processes.descendants(server.pid)} <= {"T", "Z"}
    server.resume()
    assert server.answers()


@pytest.mark.parametrize("paused", [False, True])
def test_it_dies_with_its_test(server, paused):
    """A test process that is killed takes its server along, also one that is paused."""
    kind = next(name for name, made in servers.KINDS.items() if isinstance(server, made))
    script = (f"import servers, sui, time\none = servers.KINDS['{kind}']().start()\n"
              f"{'one.pause()' if paused else ''}\nprint(one.pid, one.folder, flush=True)\ntime.sleep(1000)")
    test = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "PYTHONPATH": str(HERE)})
    try:
        pid, folder = test.stdout.readline().split()
        pids = processes.descendants(int(pid))
    finally:
        test.kill()
        test.wait()
        test.stdout.close()
    servers.wait_for(lambda: not any(processes.alive(each) for each in pids), "the server's end")
    servers.wait_for(lambda: not Path(folder).exists(), "the end of its folder")


def test_what_a_command_beside_servers_gets(tmp_path):
    def run(*words, **more):
        return subprocess.run([sys.executable, HERE / "with_servers.py", *words], capture_output=True, text=True,
                              env={**os.environ, **more})

    there = run("redis", "--", "sh", "-c", "echo $ORRERY_REDIS_URL; exit 3")
    if there.returncode == 77:
        pytest.skip(there.stdout)
    assert there.returncode == 3 and there.stdout.startswith("redis://127.0.0.1:")
    # Without the programs: a skip that says what to install, and a failure in CI.
    (tmp_path / "bin").mkdir()
    without = {"PATH": str(tmp_path / "bin")}
    skipped, failed = run("redis", "--", "true", CI="", **without), run("redis", "--", "true", CI="true", **without)
    assert skipped.returncode == 77 and "SKIPPED" in skipped.stdout and "apt-get install redis-server" in skipped.stdout
    assert failed.returncode == 1 and "FAILED" in failed.stdout


def test_postgres_keeps_what_it_committed_and_wants_its_password():
    try:
        one = servers.Postgres(password="p w'd", settings={"max_connections": 20}).start()
    except servers.Missing as e:
        pytest.skip(str(e))
    with one:
        one.sql("CREATE TABLE t AS SELECT 7 AS n")
        one.kill()
        one.restart()
        assert one.sql("SELECT n FROM t; SHOW max_connections").stdout.split() == ["7", "20"]
        assert one.sql("SHOW fsync").stdout.strip() == "on"


def test_sqld_wants_its_token():
    try:
        one = servers.Sqld(auth=True).start()
    except servers.Missing as e:
        pytest.skip(str(e))
    with one:
        def status(token):
            request = urllib.request.Request(f"http://127.0.0.1:{one.port}/v2/pipeline", b'{"requests":[]}',
                                             {"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    return answer.status
            except urllib.error.HTTPError as e:
                return e.code
        assert status(one.token()) == 200 and status("x.y.z") == 401
