"""State stores that answer, but say no: each reason has its own code and words, at the start and while the daemon runs.

At the start the daemon does not come up. While it runs, the plugins of that store wait, all others go on, and everything
goes on when somebody has mended it: no tick is lost and none is repeated.
"""
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import urllib.request

import pytest
import servers

from conftest import started
from secured import KINDS, PASSWORD, access, lua, secured
from shared import add_counters, check_exactly_once, on_server, store_of, ticks
from support import CONFIGURATION, COUNT, ERROR, NOT_FOUND, OK, TIMEOUT


def refused(desk, where, code, *says, commands=(["run", "--wait-for-state", "20s", "--for", "20s"],), exit_code=ERROR):
    desk.configure(state=lua(where))
    desk.add("counter", COUNT)
    for words in commands:
        answer = desk.cli(*words, "--json", timeout=15)
        assert answer.code == exit_code and answer.json["code"] == code, (words, answer)
        said = answer.json["message"] + answer.json.get("where", "") + answer.json.get("hint", "")
        for word in says:
            assert word in said, (words, word, said)
        assert "127.0.0.1" in said, said
    return answer


RUN = ["run", "--wait-for-state", "20s", "--for", "20s"]
INIT, UPGRADE = ["db", "init"], ["db", "upgrade"]


# ---- at the start ----

@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_database_that_the_server_does_not_have(desk, kind):
    with started(servers.KINDS[kind]()) as server:
        where = server.url.replace("/postgres", "/nosuch") if kind == "postgres" else server.url + "/99"
        refused(desk, where, "STORE_MISSING", "no such database", commands=(RUN, INIT), exit_code=NOT_FOUND)


def test_a_server_that_is_something_else(desk, server):
    """The wrong port: each backend calls each of the other servers."""
    others = {"postgres": f"postgres://u@127.0.0.1:{server.port}/d", "redis": f"redis://127.0.0.1:{server.port}",
              "libsql": f"libsql+http://127.0.0.1:{server.port}"}
    for kind, where in others.items():
        if servers.KINDS[kind] is type(server):
            continue
        desk.configure(state=lua(f"{where}?connect_timeout=1s&timeout=1s"))
        desk.add("counter", COUNT)
        answer = desk.cli("run", "--wait-for-state", "1s", "--for", "20s", "--json", timeout=20)
        assert answer.code == ERROR and answer.json["code"].startswith("STORE"), (kind, answer)
        assert f":{server.port}" in answer.json["message"] + answer.json.get("where", ""), (kind, answer)


def make_read_only(server):
    if server.name == "postgres":
        server.sql("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf();")
    else:
        assert server.cli("REPLICAOF", "127.0.0.1", "1") == "OK"


def make_writable(server):
    if server.name == "postgres":
        server.sql("SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only;"
                   "SELECT pg_reload_conf();")
    else:
        assert server.cli("REPLICAOF", "NO", "ONE") == "OK"


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_replica_is_refused_but_can_be_looked_at(desk, kind):
    with started(servers.KINDS[kind]()) as server:
        desk.configure(state=lua(server.url))
        assert desk.cli("db", "init").code == OK
        make_read_only(server)
        refused(desk, server.url, "STORE_READONLY", "no writes")
        answer = desk.cli("db", "status", server.url)
        assert answer.code == OK, answer
        make_writable(server)
        desk.start()
        assert desk.fire("counter")["reason"] == "n=1"


def test_a_token_that_may_only_read(desk):
    with secured("libsql") as server:
        where, _ = access(server, "file", desk)
        desk.configure(state=lua(where))
        assert desk.cli("db", "init").code == OK
        access(server, "file", desk, server.token("ro"))
        refused(desk, where, "STORE_DENIED", "token")
        assert desk.cli("db", "status", where).code == OK


OTHER_TABLE = "CREATE TABLE plugin_state(plugin_name TEXT, key TEXT, note TEXT)"


@pytest.mark.parametrize("kind", ["postgres", "libsql"])
def test_a_table_with_other_columns(desk, kind):
    """Somebody else's table of the same name is refused with the difference, and left alone."""
    with started(servers.KINDS[kind]()) as server:
        server.sql(OTHER_TABLE)
        refused(desk, server.url, "STORE_SCHEMA", "plugin_state", "value", "note", commands=(RUN, INIT))
        server.sql("INSERT INTO plugin_state(plugin_name, key, note) VALUES('a', 'b', 'c')")


@pytest.mark.parametrize("kind", ["postgres", "libsql"])
def test_a_table_that_was_altered(desk, kind):
    with started(servers.KINDS[kind]()) as server:
        desk.configure(state=lua(server.url))
        assert desk.cli("db", "init").code == OK
        server.sql("ALTER TABLE plugin_state RENAME COLUMN expires_at TO until")
        refused(desk, server.url, "STORE_SCHEMA", "expires_at", "until", commands=(RUN, INIT, UPGRADE))
        server.sql("ALTER TABLE plugin_state RENAME COLUMN until TO expires_at")
        desk.start()
        assert desk.fire("counter")["reason"] == "n=1"


def test_redis_keys_that_are_something_else(desk):
    with started(servers.Redis()) as server:
        server.cli("RPUSH", "orrery:schema", "a", "b")
        refused(desk, server.url, "STORE_SCHEMA", "orrery:schema", commands=(RUN, INIT))
        server.cli("DEL", "orrery:schema")
        server.cli("SET", "orrery:schema", "seven")
        answer = desk.cli(*RUN, "--json")
        assert answer.code == ERROR and answer.json["code"] in ("STORE_SCHEMA", "STORE_CORRUPT"), answer
        assert server.cli("GET", "orrery:schema") == "seven"


def test_a_schema_of_a_newer_orrery(desk, server):
    desk.configure(state=lua(server.url))
    assert desk.cli("db", "init").code == OK
    if server.name == "redis":
        server.cli("SET", "orrery:schema", "99")
    else:
        columns = {"postgres": "SELECT column_name FROM information_schema.columns WHERE table_name = 'schema_migrations'"}
        names = set(server.sql(columns["postgres"]).stdout.split()) if server.name == "postgres" else \
            {row[1] for row in server.sql("PRAGMA table_info(schema_migrations)")}
        values = {"component": "'state'", "version": "99", "name": "'future'", "applied_at": "0"}
        assert names == set(values), names
        server.sql(f"INSERT INTO schema_migrations({', '.join(values)}) VALUES({', '.join(values.values())})")
    refused(desk, server.url, "STORE_NEWER", "99", commands=(RUN, INIT, UPGRADE))


def test_upgrade_makes_nothing_that_is_missing(desk, server):
    """Neither does anything that only looks."""
    desk.configure(state=lua(server.url))
    desk.add("counter", COUNT)
    answer = desk.cli("db", "upgrade", server.url, "--json")
    assert answer.code in (ERROR, NOT_FOUND) and "db init" in answer.out, answer
    answer = desk.cli("db", "status", server.url, "--json")
    assert "127.0.0.1" in answer.out
    if server.name == "redis":
        assert server.cli("DBSIZE") == "0"
    elif server.name == "postgres":
        assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").stdout.strip() == "0"
    else:
        assert server.sql("SELECT count(*) FROM sqlite_master") == [["0"]]


# ---- while it runs ----

FAR = ["far0", "far1"]


def under_way(desk, server, state=None):
    desk.configure(state=state or on_server(server), more="lease = '60s'")
    add_counters(desk, ["local0"])
    add_counters(desk, FAR, more="queue = 20,")
    desk.start("--log-level", "warn")
    desk.wait_until(lambda s: all(ticks(s, p) > 5 for p in [*FAR, "local0"]), what="ticks of all")


def is_away_for(desk, server, code, *says):
    """The store is shown with its reason, its plugins wait, the other one goes on."""
    def away(status):
        store = store_of(status, server)
        return status if store["last_error_code"] == code and store["stalled"] and store["stall"] else None

    status = desk.wait_until(away, 30, f"a store that is away for {code}")
    store = store_of(status, server)
    for word in says:
        assert word in store["last_error"] + store["stall"], store
    assert code in desk.cli("status", "--json").out and store["failures"] > 0
    before = desk.status()
    desk.wait_until(lambda s: ticks(s, "local0") > ticks(before, "local0") + 20, what="ticks of the others")
    waiting = desk.status()
    assert all(ticks(waiting, p) == ticks(before, p) for p in FAR), "nothing is decided meanwhile"
    assert all(p["waits_for_store"] for p in waiting["plugins"] if p["name"] in FAR)
    assert waiting["state"] != "stalled" or waiting["stall"]
    return waiting


def goes_on(desk, server, waiting, exact=True):
    desk.wait_until(lambda s: store_of(s, server)["state"] == "working" and all(ticks(s, p) > ticks(waiting, p) + 5 for p in FAR),
                    60, "ticks again")
    desk.wait_until(lambda s: all(p["queued"] < 3 for p in s["plugins"]), what="short queues")
    desk.stop()
    if exact:
        check_exactly_once(desk, plugins=[*FAR, "local0"])


REFUSE_ALL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '%s'; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON plugin_state FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def test_postgres_is_full(desk):
    with started(servers.Postgres()) as server:
        under_way(desk, server)
        server.sql(REFUSE_ALL % "53100")
        waiting = is_away_for(desk, server, "STORE_FULL", "no room")
        server.sql("DROP TRIGGER refuse ON plugin_state")
        goes_on(desk, server, waiting)


def test_redis_is_full(desk):
    with started(servers.Redis()) as server:
        under_way(desk, server)
        assert server.cli("CONFIG", "SET", "maxmemory", "1") == "OK"
        waiting = is_away_for(desk, server, "STORE_FULL", "memory is full")
        assert server.cli("CONFIG", "SET", "maxmemory", "0") == "OK"
        goes_on(desk, server, waiting)


def test_libsql_is_above_its_quota(desk):
    """As a provider does it: an administrator blocks writes."""
    admin = servers.free_port()
    with started(servers.Sqld(arguments=["--admin-listen-addr", f"127.0.0.1:{admin}"])) as server:
        def block(writes):
            body = json.dumps({"block_reads": False, "block_writes": writes, "block_reason": "quota"}).encode()
            request = urllib.request.Request(f"http://127.0.0.1:{admin}/v1/namespaces/default/config", body,
                                             {"Content-Type": "application/json"})
            urllib.request.urlopen(request, timeout=10).close()

        under_way(desk, server)
        block(True)
        waiting = is_away_for(desk, server, "STORE_FULL", "quota")
        block(False)
        goes_on(desk, server, waiting)


@contextlib.contextmanager
def small_disk(tmp_path, size):
    """Servers put their data on a disk of this size."""
    if os.geteuid() != 0:
        pytest.skip("a small tmpfs can be mounted as root only")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]).returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    before = tempfile.tempdir
    try:
        tempfile.tempdir = str(disk)
        yield disk
    finally:
        tempfile.tempdir = before
        subprocess.run(["umount", str(disk)], check=True)


def fill(path):
    with open(path, "wb", buffering=0) as f, contextlib.suppress(OSError):
        while f.write(b"\0" * 4096) > 0:
            pass


@pytest.mark.parametrize("kind", ["redis", "libsql"])
def test_the_servers_disk_is_full(desk, tmp_path, kind):
    with small_disk(tmp_path, "64m") as disk, contextlib.ExitStack() as stack:
        more = {"settings": {"appendfsync": "always"}} if kind == "redis" else {}
        server = stack.enter_context(started(servers.KINDS[kind](**more)))
        stack.callback(desk.close)
        under_way(desk, server)
        fill(disk / "ballast")
        status = desk.wait_until(lambda s: s if store_of(s, server)["stalled"] else None, 60, "a store that is away")
        # Redis ends itself when it cannot write its log with fsync=always: then it is down.
        assert store_of(status, server)["last_error_code"] in ("STORE_FULL", "STORE_DOWN"), store_of(status, server)
        before = ticks(status, "local0")
        desk.wait_until(lambda s: ticks(s, "local0") > before + 20, what="ticks of the others")
        waiting = desk.status()
        (disk / "ballast").unlink()
        if not server.running():
            server.restart()
        goes_on(desk, server, waiting)


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_it_becomes_a_replica(desk, kind):
    with started(servers.KINDS[kind]()) as server:
        under_way(desk, server)
        make_read_only(server)
        waiting = is_away_for(desk, server, "STORE_READONLY", "no writes")
        make_writable(server)
        goes_on(desk, server, waiting)


def change_password(server, password):
    if server.name == "postgres":
        quoted = password.replace("'", "''")
        server.sql(f"ALTER ROLE orrery PASSWORD '{quoted}'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                   "WHERE client_addr IS NOT NULL;")
    else:
        assert server.cli("CONFIG", "SET", "requirepass", password) == "OK"
        server.settings["requirepass"] = password
        server.cli("CLIENT", "KILL", "TYPE", "normal")


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_its_password_changes(desk, kind):
    """The next connection is refused; the file is read again at each, so the new one may be put there."""
    with secured(kind) as server:
        where, _ = access(server, "file", desk)
        under_way(desk, server, state=f'function(name) if name == "local0" then return "sqlite:data/orrery.db" end '
                                      f'return {lua(where)} end')
        change_password(server, "an0ther")
        waiting = is_away_for(desk, server, "STORE_DENIED")
        change_password(server, PASSWORD)
        goes_on(desk, server, waiting)
        assert PASSWORD not in desk.log() and "an0ther" not in desk.log()


@pytest.mark.parametrize("kind", ["postgres", "libsql"])
def test_its_table_goes_away(desk, kind):
    with started(servers.KINDS[kind]()) as server:
        under_way(desk, server)
        server.sql("ALTER TABLE plugin_state RENAME TO elsewhere")
        waiting = is_away_for(desk, server, "STORE_SCHEMA", "plugin_state")
        server.sql("ALTER TABLE elsewhere RENAME TO plugin_state")
        goes_on(desk, server, waiting)


def test_its_data_was_lost(desk, server):
    """A server that comes back empty: nothing is made anew behind the operator's back while the daemon runs, and no plugin
    runs on what is left."""
    under_way(desk, server)
    if server.name == "redis":
        server.cli("FLUSHALL")
    elif server.name == "postgres":
        # The daemon's commits go on meanwhile, and the server may end a deadlock with them at our cost: nothing was done then.
        empty = "BEGIN; DROP SCHEMA public CASCADE; CREATE SCHEMA public; COMMIT;"
        assert any(server.sql(empty, check=False).returncode == 0 for _ in range(10))
    else:
        server.sql(*(f"DROP TABLE {table}" for table in ("plugin_state", "plugin_lease", "plugin_state_writer",
                                                         "schema_migrations")))
    is_away_for(desk, server, "STORE_SCHEMA")
    desk.signal(signal.SIGTERM)
    assert desk.ended() in (OK, TIMEOUT)
    if server.name == "redis":
        assert server.cli("KEYS", "orrery:state:*") == ""


def test_a_wrong_setting_is_shown_by_check(desk):
    for where, says in (("postgres://u@h/d?sslmode=prefer", "sslmode"),
                        ("postgres://u@h/d?pool=0", "pool"), ("redis://h?timeout=1h", "timeout"),
                        ("libsql+http://h?prefix=x", "prefix"), ("redis://h:0", "port"), ("postgres://u@h", "database")):
        desk.configure(state=lua(where))
        desk.add("counter", COUNT)
        answer = desk.cli("check")
        assert answer.code == CONFIGURATION and says in answer.err + answer.out, (where, answer)


def test_a_store_that_is_away_does_not_hinder_check(desk):
    """`check` runs nothing and calls nobody."""
    desk.configure(state='"redis://127.0.0.1:1?connect_timeout=5s"')
    desk.add("counter", COUNT)
    assert desk.cli("check", timeout=3).code == OK
