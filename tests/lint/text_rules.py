"""Rules about the text of C files: banned functions, leftovers, lengths, opening comments."""
import re
from pathlib import Path

import tree

BANNED = {
    "strcpy": "use text_copy() or a buf", "strcat": "use a buf", "sprintf": "use snprintf()",
    "vsprintf": "use vsnprintf()", "gets": "use fgets()", "strtok": "it keeps hidden state",
    "atoi": "use base/text.h", "atol": "use base/text.h", "atoll": "use base/text.h", "atof": "use base/text.h",
    "system": "no shell", "popen": "no shell", "alloca": "use mem_alloc()", "tmpnam": "use mkstemp()",
    "mktemp": "use mkstemp()",
}
BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
# Split, so that this file does not find itself.
MARKER = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) + r")\b|\b[Nn]ot implemented\b")
MARKED_FILES = ("*.c", "*.h", "*.lua", "*.py", "*.cmake", "*.txt", "*.sh", "*.md", "*.mjs")
MARKED_FOLDERS = ("runtime", "bindings", "stdlib", "strategies", "examples", "tests", "tools", "cmake")

MAX_FILE_LINES = 700
MAX_FUNCTION_LINES = 80


def check_banned(root):
    findings = []
    for path in tree.c_files(root):
        text = tree.strip_code((Path(root) / path).read_text())
        for match in BANNED_CALL.finditer(text):
            name = match.group(1)
            findings.append(tree.Finding(path, tree.line_at(text, match.start()), "banned", f"{name}(): {BANNED[name]}"))
    return findings


def marked_files(root):
    root = Path(root)
    for folder in MARKED_FOLDERS:
        for pattern in MARKED_FILES:
            for path in sorted((root / folder).rglob(pattern)):
                if "node_modules" not in path.parts and "/lint/" not in path.as_posix():
                    yield path.relative_to(root).as_posix()


def check_markers(root):
    findings = []
    for path in marked_files(root):
        for number, line in enumerate((Path(root) / path).read_text(errors="replace").splitlines(), 1):
            match = MARKER.search(line)
            if match:
                findings.append(tree.Finding(path, number, "marker", f"unfinished work: '{match.group(0)}'"))
    return findings


def check_file_length(root):
    findings = []
    for path in tree.c_files(root):
        count = len((Path(root) / path).read_text().splitlines())
        if count > MAX_FILE_LINES:
            findings.append(tree.Finding(path, count, "file length", f"{count} lines, at most {MAX_FILE_LINES}"))
    return findings


def functions(text):
    """(first line, last line, name) of every function whose body opens and closes at column 0."""
    lines = tree.strip_code(text).splitlines()
    for number, line in enumerate(lines, 1):
        if line.rstrip() != "{" or line[0] != "{":
            continue
        head = number - 1
        while head > 1 and lines[head - 2].strip() and lines[head - 2][0] not in "}#":
            head -= 1
        declaration = " ".join(lines[head - 1:number - 1])
        name = re.search(r"(\w+)\s*\(", declaration)
        end = next((i for i in range(number, len(lines) + 1) if lines[i - 1].startswith("}")), len(lines))
        if name:
            yield head, end, name.group(1)


def check_function_length(root):
    findings = []
    for path in tree.c_files(root):
        for first, last, name in functions((Path(root) / path).read_text()):
            if last - first + 1 > MAX_FUNCTION_LINES:
                findings.append(tree.Finding(path, first, "function length",
                                             f"{name}() has {last - first + 1} lines, at most {MAX_FUNCTION_LINES}"))
    return findings


def check_headers(root):
    findings = []
    for path in tree.c_files(root):
        if not path.endswith(".h"):
            continue
        text = (Path(root) / path).read_text()
        opening = re.match(r"\s*/\*(.*?)\*/", text, re.S)
        if opening is None or len(re.findall(r"\w+", opening.group(1))) < 5:
            findings.append(tree.Finding(path, 1, "header", "must open with a comment that says what it is for"))
        if not re.search(r"^#ifndef \w+_H\n#define \w+_H$", text, re.M):
            findings.append(tree.Finding(path, 1, "header", "must have an include guard"))
    return findings
