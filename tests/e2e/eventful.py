"""Desks that have events from outside, and what must be true of them."""
import json

# Remembers nothing: the payload is in the run's record.
ACCEPT = 'return action.noop("seen")'


def source(**keys):
    """The table of a trigger's `source` as Lua."""
    def value(v):
        return json.dumps(v) if not isinstance(v, bool) else str(v).lower()
    return "{ " + ", ".join(f"{k} = {value(v)}" for k, v in keys.items()) + " }"


def trigger(name="trades", **keys):
    return f'{{ kind = "event", topic = "{name}", source = {source(**keys)} }}'


def servers(**urls):
    """The setting `sources` for config(more=…)."""
    return "sources = { " + ", ".join(f'{name} = "{url}"' for name, url in urls.items()) + " },"


TRADES = """
CREATE TABLE trades (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload jsonb);
"""


def payloads(desk, plugin="p", status="noop"):
    """What the runs of that status were given, in order of their ids."""
    rows = desk.rows("SELECT payload FROM runs_v WHERE plugin = ? AND status = ? ORDER BY id", plugin, status)
    return [json.loads(r[0]) if r[0] is not None else None for r in rows]


def source_of(status, plugin="p", topic=None):
    return next(s for s in status["sources"] if s["plugin"] == plugin and topic in (None, s["topic"]))


def is_reading(status, plugin="p"):
    return source_of(status, plugin)["state"] == "reading"


def caught_up(status, plugin="p"):
    """Everything at the source has ended as a run."""
    s = source_of(status, plugin)
    return s["state"] == "reading" and s["open"] == 0 and s["lag"] == 0
