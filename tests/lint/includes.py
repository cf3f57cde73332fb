"""Include direction: a file includes its own layer, the layers its layer LINKS, and what its USES allow."""
import re
from pathlib import Path

import tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)

# Third-party headers: pattern -> (USES word or None, layers that may see them or None for all with that USES).
THIRD_PARTY = [
    (r"^sqlite3.*\.h$", "sqlite", {"db", "state", "journal", "tables"}),
    (r"^(lua|lualib|lauxlib|luaconf).*\.h$", "lua", {"vm", "bindings"}),
    (r"^curl/", "curl", {"io"}),
    (r"^libpq-fe\.h$", "pq", {"db", "state", "journal", "tables", "source"}),
    (r"^hiredis(/|\.h$)", "hiredis", {"db", "state", "source"}),
    (r"^msgpack(/|\.h$)", "msgpack", {"ipc"}),
    (r"^seccomp\.h$", "seccomp", {"io"}),
    (r"^uv(/|\.h$)", "uv", None),
    (r"^sodium(/|\.h$)", "sodium", {"base", "keys", "signer"}),
    (r"^jansson\.h$", "jansson", None),
    (r"^ut(hash|list|array|string|stack)\.h$", None, None),
    (r"^cmocka\.h$", "cmocka", set()),
]

# jansson's json_t is the project's dynamic value: every layer that reaches model may name it.
CARRIED_UP = {"jansson": "model"}


def system_headers():
    """Names without a folder or below sys/, linux/ … are libc's and the kernel's: never judged here."""
    return re.compile(r"^(?:sys|linux|netinet|arpa|net|asm|bits)/|^[a-z0-9_]+\.h$")


def allowed_third_party(layers, layer, use, only):
    if use is None:
        return True
    if only is not None and layer.name not in only:
        return False
    if use in CARRIED_UP:
        return CARRIED_UP[use] in tree.closure(layers, layer.name)
    return use in layer.uses


def check_third_party(layers, layer, name):
    """A message, or None when the header may be included."""
    for pattern, use, only in THIRD_PARTY:
        if re.search(pattern, name):
            if allowed_third_party(layers, layer, use, only):
                return None
            return f"layer {layer.name} may not include <{name}> (needs USES {use}" + (
                f", and only {', '.join(sorted(only)) or 'tests'} may see it)" if only is not None else ")")
    if system_headers().search(name):
        return None
    return f"<{name}> is no known third-party header: name it in tests/lint/includes.py"


def check_own(root, layers, layer, name):
    folder, slash, _ = name.rpartition("/")
    if not slash:
        return f'"{name}" must be included with its folder, as "{layer.name}/{name}"'
    target = tree.layer_of(layers, f"runtime/{name}") or tree.layer_of(layers, name)
    if target is None:
        return f'"{name}" belongs to no layer'
    if target.name != layer.name and target.name not in layer.links:
        return f"layer {layer.name} may not include {target.name} (LINKS: {' '.join(layer.links) or 'none'})"
    if not any((Path(root) / prefix / name).is_file() for prefix in ("runtime", ".")):
        return f'"{name}" does not exist'
    return None


def check(root):
    layers = tree.read_layers(root)
    findings = []
    for path in tree.c_files(root, ("runtime", "bindings", "stdlib")):
        layer = tree.layer_of(layers, path)
        if layer is None:
            findings.append(tree.Finding(path, 1, "layer", "is in no folder of CMakeLists.txt's layer table"))
            continue
        text = tree.strip_code((Path(root) / path).read_text(), keep_strings=True)
        for match in INCLUDE.finditer(text):
            judge = check_third_party if match.group(1) == "<" else None
            message = judge(layers, layer, match.group(2)) if judge else check_own(root, layers, layer, match.group(2))
            if message:
                findings.append(tree.Finding(path, tree.line_at(text, match.start()), "include", message))
    return findings


def check_table(root):
    """The table itself: names are known, and nothing links a layer that is declared after it."""
    findings, seen = [], []
    for layer in tree.read_layers(root).values():
        for link in layer.links:
            if link not in seen:
                findings.append(tree.Finding("CMakeLists.txt", 1, "layer",
                                             f"{layer.name} links {link}, which is not declared above it"))
        seen.append(layer.name)
    return findings
