"""Servers that want a password or a token, and the ways to give it."""
import os
from collections import namedtuple
from urllib.parse import quote

import servers

from conftest import started

# Long, and with what URLs, shells and SQL would trip over; each part of it is looked for.
PASSWORD = "Tr0ub4dor'/@:%&+#\"Xkcd936"
VARIABLE = "ORRERY_TEST_SECRET"
OPTIONS = "connect_timeout=5s&timeout=10s"
KINDS = list(servers.KINDS)
Access = namedtuple("Access", "url env")


def secured(kind, **more):
    """A server that runs, wants PASSWORD or a token, and knows it as `.secret`."""
    if kind == "postgres":
        server = started(servers.Postgres(password=PASSWORD, **more))
        server.secret = PASSWORD
    elif kind == "redis":
        server = started(servers.Redis(settings={"requirepass": PASSWORD}, **more))
        server.secret = PASSWORD
    else:
        server = started(servers.Sqld(auth=True, **more))
        server.secret = server.token()
    return server


def bare(server, user=""):
    """The URL without a secret, up to the options: scheme://user@host:port/database."""
    scheme, _, rest = server.url.partition("://")
    rest = rest.rpartition("@")[2]
    user = "orrery" if server.name == "postgres" else user
    return f"{scheme}://{user}{'@' if user else ''}{rest}?{OPTIONS}"


def access(server, way, desk, secret=None):
    """How to get in by one way: "env", "file", "url", or for libSQL instead of that "default" (LIBSQL_AUTH_TOKEN)."""
    secret = server.secret if secret is None else secret
    url, option = bare(server), "auth_token" if server.name == "sqld" else "password"
    if way == "url":
        user = "orrery" if server.name == "postgres" else ""
        return Access(bare(server).replace(f"//{user}@" if user else "//", f"//{user}:{quote(secret, safe='')}@"), {})
    if way == "env":
        return Access(f"{url}&{option}_env={VARIABLE}", {VARIABLE: secret})
    if way == "default":
        return Access(url, {"LIBSQL_AUTH_TOKEN": secret})
    path = desk.write("secrets/pw", secret + "\n")
    os.chmod(path, 0o600)
    return Access(f"{url}&{option}_file=secrets/pw", {})


def lua(text):
    """As a string of Lua."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
