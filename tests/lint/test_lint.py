"""The tree obeys every rule; and every rule catches a tree that does not."""
import textwrap
from pathlib import Path

import includes
import pytest
import text_rules
import tree

ROOT = Path(__file__).resolve().parents[2]
RULES = [
    includes.check, includes.check_table, text_rules.check_banned, text_rules.check_markers,
    text_rules.check_file_length, text_rules.check_function_length, text_rules.check_headers,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_tree_is_clean(rule):
    findings = rule(ROOT)
    assert not findings, "\n" + "\n".join(str(finding) for finding in findings)


def test_table_is_read():
    layers = tree.read_layers(ROOT)
    assert "base" in layers and layers["base"].links == []
    assert layers["model"].uses == ["jansson"]
    assert layers["stdlib"].folder == "stdlib"
    assert "base" in tree.closure(layers, "cli")


# A small tree that breaks one rule at a time ---------------------------------------------------

TABLE = """
orrery_layer(base  DIR runtime/base)
orrery_layer(model DIR runtime/model LINKS base       USES jansson)
orrery_layer(db    DIR runtime/db    LINKS base       USES sqlite)
orrery_layer(io    DIR runtime/io    LINKS base       USES uv curl)
orrery_layer(vm    DIR runtime/vm    LINKS model base USES lua)
orrery_embedded_layer(stdlib DIR stdlib PREFIX orrery. GLOB *.lua)
orrery_layer(core  DIR runtime/core  LINKS stdlib model base USES uv)
if(main_sources)
    orrery_layer(main DIR runtime/main LINKS core base)
endif()
"""
HEADER = "/* {0}: what this small header is for. */\n#ifndef {1}_H\n#define {1}_H\n{2}\n#endif\n"


@pytest.fixture
def desk(tmp_path):
    """A clean tree; write(path, text) adds a file, header(path, body) a proper header."""
    class Desk:
        root = tmp_path

        def write(self, path, text):
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(text))

        def header(self, path, body=""):
            self.write(path, HEADER.format(path, Path(path).stem.upper(), body))

    made = Desk()
    made.write("CMakeLists.txt", TABLE)
    for layer in ("base", "model", "db", "io", "vm", "core", "main"):
        made.header(f"runtime/{layer}/{layer}.h")
        made.write(f"runtime/{layer}/{layer}.c", f'#include "{layer}/{layer}.h"\n#include "base/base.h"\n')
    made.header("stdlib/stdlib.h")
    return made


def messages(rule, desk):
    return [str(finding) for finding in rule(desk.root)]


def test_clean_tree_passes(desk):
    for rule in RULES:
        assert messages(rule, desk) == []


@pytest.mark.parametrize("path, line, expected", [
    ("runtime/base/a.c", '#include "model/model.h"', "layer base may not include model"),
    ("runtime/model/a.c", '#include "db/db.h"', "layer model may not include db"),
    ("runtime/db/a.c", '#include "io/io.h"', "layer db may not include io"),
    ("runtime/base/a.c", '#include "base.h"', "must be included with its folder"),
    ("runtime/base/a.c", '#include "base/none.h"', "does not exist"),
    ("runtime/base/a.c", '#include "nowhere/none.h"', "belongs to no layer"),
    ("runtime/main/a.c", '#include "model/model.h"', "layer main may not include model"),
    ("runtime/vm/a.c", '#include "stdlib/stdlib.h"', "layer vm may not include stdlib"),
    ("runtime/core/a.c", "#include <sqlite3.h>", "layer core may not include <sqlite3.h>"),
    ("runtime/core/a.c", "#include <lua.h>", "layer core may not include <lua.h>"),
    ("runtime/core/a.c", "#include <lauxlib.h>", "layer core may not include <lauxlib.h>"),
    ("runtime/core/a.c", "#include <curl/curl.h>", "layer core may not include <curl/curl.h>"),
    ("runtime/core/a.c", "#include <msgpack.h>", "layer core may not include <msgpack.h>"),
    ("runtime/core/a.c", "#include <seccomp.h>", "layer core may not include <seccomp.h>"),
    ("runtime/db/a.c", "#include <uv.h>", "layer db may not include <uv.h>"),
    ("runtime/db/a.c", "#include <jansson.h>", "layer db may not include <jansson.h>"),
    ("runtime/base/a.c", "#include <cmocka.h>", "layer base may not include <cmocka.h>"),
    ("runtime/base/a.c", "#include <strange/thing.h>", "is no known third-party header"),
    ("runtime/other/a.c", "int a;", "is in no folder"),
])
def test_wrong_include_is_caught(desk, path, line, expected):
    desk.write(path, f"#include <stdio.h>\n{line}\n")
    found = messages(includes.check, desk)
    assert len(found) == 1 and expected in found[0] and found[0].startswith(f"{path}:")


@pytest.mark.parametrize("path, line", [
    ("runtime/vm/a.c", "#include <lua.h>"), ("runtime/vm/a.c", "#include <jansson.h>"),
    ("runtime/db/a.c", "#include <sqlite3.h>"), ("runtime/io/a.c", "#include <curl/curl.h>"),
    ("runtime/core/a.c", "#include <uv.h>"), ("runtime/core/a.c", '#include "stdlib/stdlib.h"'),
    ("runtime/base/a.c", "#include <utlist.h>"), ("runtime/base/a.c", "#include <sys/socket.h>"),
    ("runtime/base/a.c", '/* #include "model/model.h" */'), ("runtime/base/a.c", '// #include <lua.h>'),
])
def test_right_include_is_not(desk, path, line):
    desk.write(path, f"{line}\n")
    assert messages(includes.check, desk) == []


def test_layer_that_links_upwards_is_caught(desk):
    desk.write("CMakeLists.txt", "orrery_layer(base DIR runtime/base LINKS model)\norrery_layer(model DIR runtime/model)\n")
    assert "base links model, which is not declared above it" in messages(includes.check_table, desk)[0]


@pytest.mark.parametrize("name", sorted(text_rules.BANNED))
def test_banned_function_is_caught(desk, name):
    desk.write("runtime/base/a.c", f"void f(void)\n{{\n    {name} (x);\n}}\n")
    found = messages(text_rules.check_banned, desk)
    assert found == [f"runtime/base/a.c:3: banned: {name}(): {text_rules.BANNED[name]}"]


def test_banned_name_in_comment_string_or_longer_name_is_not(desk):
    desk.write("runtime/base/a.c", 'void f(void)\n{\n    /* atoi(x) */\n    my_system(s, "atoi(x)");\n    p->system(1);\n}\n')
    assert messages(text_rules.check_banned, desk) == []


@pytest.mark.parametrize("path", ["runtime/base/a.c", "strategies/a.lua", "tests/unit/base/test_a.c", "examples/x/README.md"])
@pytest.mark.parametrize("marker", ["TO" + "DO", "FIX" + "ME", "X" + "XX", "not " + "implemented"])
def test_marker_is_caught(desk, path, marker):
    desk.write(path, f"one\n  -- {marker}: later\n")
    found = messages(text_rules.check_markers, desk)
    assert len(found) == 1 and found[0].startswith(f"{path}:2: marker: ")


def test_long_file_is_caught(desk):
    desk.write("runtime/base/a.c", "int x;\n" * 700)
    assert messages(text_rules.check_file_length, desk) == []
    desk.write("runtime/base/a.c", "int x;\n" * 701)
    assert "701 lines, at most 700" in messages(text_rules.check_file_length, desk)[0]


def test_long_function_is_caught(desk):
    body = "    call();\n" * 76
    desk.write("runtime/base/a.c", f"int ok(int a,\n       int b)\n{{\n{body}}}\n")
    assert messages(text_rules.check_function_length, desk) == []
    desk.write("runtime/base/a.c", f"static int x;\n\nint long_one(int a,\n             int b)\n{{\n{body}    call();\n}}\n")
    assert messages(text_rules.check_function_length, desk) == [
        "runtime/base/a.c:3: function length: long_one() has 81 lines, at most 80"]


@pytest.mark.parametrize("text, expected", [
    ("#ifndef A_H\n#define A_H\n#endif\n", "must open with a comment"),
    ("/* a */\n#ifndef A_H\n#define A_H\n#endif\n", "must open with a comment"),
    ("/* a: what this header is for */\nint a;\n", "must have an include guard"),
])
def test_bare_header_is_caught(desk, text, expected):
    desk.write("runtime/base/a.h", text)
    found = messages(text_rules.check_headers, desk)
    assert len(found) == 1 and expected in found[0]
