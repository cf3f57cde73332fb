"""The source tree as the lint sees it: the layer table of CMakeLists.txt, C files, findings."""
import re
from dataclasses import dataclass, field
from pathlib import Path

LAYER = re.compile(r"^[ \t]*orrery_(?:embedded_)?layer\((.*?)\)", re.S | re.M)
KEYWORDS = {"DIR", "LINKS", "USES", "PREFIX", "GLOB"}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass
class Layer:
    name: str
    folder: str
    links: list = field(default_factory=list)
    uses: list = field(default_factory=list)


def read_layers(root):
    """{name: Layer}, in the order of the table."""
    layers = {}
    for match in LAYER.finditer((Path(root) / "CMakeLists.txt").read_text()):
        words = match.group(1).split()
        values = {keyword: [] for keyword in KEYWORDS}
        keyword = None
        for word in words[1:]:
            if word in KEYWORDS:
                keyword = word
            else:
                values[keyword].append(word)
        layers[words[0]] = Layer(words[0], values["DIR"][0], values["LINKS"], values["USES"])
    return layers


def closure(layers, name):
    """The layer, and recursively those it links."""
    todo, seen = [name], []
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.append(each)
            todo += layers[each].links
    return seen


def layer_of(layers, path):
    """The layer that a path relative to the root belongs to, or None."""
    folder = str(Path(path).parent)
    return next((layer for layer in layers.values() if layer.folder == folder), None)


def c_files(root, folders=("runtime", "bindings", "stdlib", "tests")):
    """Paths of all C sources and headers, relative to the root, sorted."""
    root = Path(root)
    found = []
    for folder in folders:
        for path in (root / folder).rglob("*.[ch]"):
            found.append(path.relative_to(root).as_posix())
    return sorted(found)


def blank(match):
    """A replacement of the same shape: newlines stay, everything else becomes a space."""
    return re.sub(r"[^\n]", " ", match.group(0))


def strip_code(text, keep_strings=False):
    """C text without comments and (unless kept) without the contents of strings; lines keep their numbers."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def replace(match):
        if match.group(0)[0] == "/" or not keep_strings:
            return blank(match)
        return match.group(0)

    return token.sub(replace, text)


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1
