"""TLS to state stores: verified against the authority that the URL names, refused otherwise, and never quietly skipped."""
import contextlib
import re
import time

import pytest
import servers
from tls_front import TlsFront

from conftest import started
from secured import KINDS, OPTIONS, lua
from support import COUNT, ERROR, OK, PATIENCE

# What a warning about a certificate that nobody checks says, in the words of each backend.
LOUD = re.compile(r"not (verified|checked)", re.IGNORECASE)


class Encrypted:
    """A server that speaks TLS, with a certificate for `host`; `.url(more)` with the options of its kind."""

    def __init__(self, kind, folder, host="localhost"):
        self.kind = kind
        self.certificates = servers.Certificates(folder / "tls", host)
        self.other = servers.Certificates(folder / "other")
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        if self.kind == "postgres":
            self.server = self.stack.enter_context(started(servers.Postgres(tls=self.certificates)))
            self.base = f"postgres://orrery@127.0.0.1:{self.server.port}/postgres"
        elif self.kind == "redis":
            self.server = self.stack.enter_context(started(servers.Redis(tls=self.certificates)))
            self.base = f"rediss://127.0.0.1:{self.server.port}"
        else:
            self.server = self.stack.enter_context(started(servers.Sqld()))
            self.front = self.stack.enter_context(TlsFront(self.certificates, self.server.port))
            self.base = f"libsql+https://127.0.0.1:{self.front.port}"
        return self

    def __exit__(self, *_):
        self.stack.close()

    def url(self, authority=None, verify=True):
        words = {"postgres": ["sslmode=verify-full" if verify else "sslmode=require"],
                 "redis": [] if verify else ["tls_verify=off"], "libsql": [] if verify else ["tls_verify=off"]}[self.kind]
        if authority is not None:
            words.append(f"{'sslrootcert' if self.kind == 'postgres' else 'tls_ca'}={authority}")
        return "&".join([f"{self.base}?{OPTIONS}", *words])

    def encrypts(self):
        """By the server's own word, for the connections that are there."""
        if self.kind == "postgres":
            rows = self.server.sql("SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                                   "WHERE client_addr IS NOT NULL").stdout.split()
            return rows and set(rows) == {"t"}
        return self.kind == "redis" or self.front.handshakes > 0  # these have no port without TLS


def runs(desk, url, *words):
    desk.configure(state=lua(url))
    desk.add("counter", COUNT)
    return desk.start(*words)


@pytest.mark.parametrize("kind", KINDS)
def test_verified_against_its_authority(desk, tmp_path, kind):
    with Encrypted(kind, tmp_path) as server:
        runs(desk, server.url(server.certificates.ca))
        assert desk.fire("counter")["reason"] == "n=1"
        assert server.encrypts()
        assert not LOUD.search(desk.log()), desk.log()
        assert not LOUD.search(desk.cli("status", "--json").out)
        desk.stop()


def refused(desk, url, *says):
    """At the start, at once, by every command, with the reason."""
    desk.configure(state=lua(url))
    desk.add("counter", COUNT)
    for words in (["run", "--wait-for-state", "1s", "--for", "20s"], ["db", "init"], ["db", "status", url]):
        began = time.monotonic()
        answer = desk.cli(*words, "--json")
        assert answer.code == ERROR and time.monotonic() - began < 10 * PATIENCE, (words, answer)
        said = answer.out + answer.err
        assert '"STORE_DENIED"' in said, (words, said)
        assert "certificate" in said.lower(), (words, said)
        assert any(word in said for word in says), (words, said)


@pytest.mark.parametrize("kind", KINDS)
def test_another_authority_is_refused(desk, tmp_path, kind):
    with Encrypted(kind, tmp_path) as server:
        refused(desk, server.url(server.other.ca), "verify failed", "unable to get local issuer", "self-signed", "SSL")


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_authority_is_refused(desk, tmp_path, kind):
    """None named: the system's list does not have it. (libpq wants a file of its own, and says so.)"""
    with Encrypted(kind, tmp_path) as server:
        refused(desk, server.url(), "verify failed", "unable to get local issuer", "self-signed", "root certificate", "SSL")


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_of_another_host_is_refused(desk, tmp_path, kind):
    with Encrypted(kind, tmp_path, host="db.example.org") as server:
        refused(desk, server.url(server.certificates.ca), "127.0.0.1")


@pytest.mark.parametrize("kind", KINDS)
def test_an_authority_that_is_not_there(desk, tmp_path, kind):
    with Encrypted(kind, tmp_path) as server:
        desk.configure(state=lua(server.url(tmp_path / "nosuch.crt")))
        desk.add("counter", COUNT)
        answer = desk.cli("run", "--wait-for-state", "1s", "--for", "20s", "--json")
        assert answer.code != OK and "nosuch.crt" in answer.json["message"], answer


@pytest.mark.parametrize("kind", KINDS)
def test_not_verifying_is_loud(desk, tmp_path, kind):
    """In the log of every start, in `status` and in `db status`."""
    with Encrypted(kind, tmp_path, host="db.example.org") as server:
        url = server.url(verify=False)
        for _ in range(2):
            runs(desk, url, "--log-level", "warn")
            desk.fire("counter")
            assert server.encrypts()
            said = [line for line in desk.log().splitlines() if LOUD.search(line)]
            assert len(said) == 1 and " warn " in said[0] and "127.0.0.1" in said[0], desk.log()
            store = next(s for s in desk.status()["stores"] if "127.0.0.1" in s["url"])
            assert LOUD.search(str(store["warnings"])), store
            assert LOUD.search(desk.cli("status").out)
            desk.stop()
        answer = desk.cli("db", "status", url)
        assert answer.code == OK and LOUD.search(answer.out + answer.err), answer


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_without_tls_is_not_talked_to(desk, kind):
    """A URL that wants TLS gets TLS, or nothing: never the password in the clear."""
    with started(servers.KINDS[kind]()) as server:
        url = {"postgres": f"postgres://orrery:pw@127.0.0.1:{server.port}/postgres?sslmode=verify-full&sslrootcert=system",
               "redis": f"rediss://:pw@127.0.0.1:{server.port}?", "libsql": f"libsql+https://127.0.0.1:{server.port}?"}[kind]
        desk.configure(state=lua(f"{url}&{OPTIONS}".replace("?&", "?")))
        desk.add("counter", COUNT)
        answer = desk.cli("run", "--wait-for-state", "1s", "--for", "20s", "--json")
        assert answer.code == ERROR, answer
        assert any(w in answer.json["message"] for w in ("SSL", "TLS")), answer.json
