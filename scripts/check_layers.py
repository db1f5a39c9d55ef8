#!/usr/bin/env python3
"""Checks the layers: the table below is the architecture, and every #include must agree with it.

usage: check_layers.py ROOT

Also checked: folders with code but no row, rows that name each other in a circle, quoted includes of files that do not
exist, third-party libraries outside the folder that wraps them, CMake targets that link against the table, and that
each .cc includes its own header first.
"""

import re
import sys
from pathlib import Path

BASE = ["base/util", "base/config", "base/serde", "base/events", "base/rpc", "base/storage", "base/protocol"]
WEB_UI = ["web-ui/http", "web-ui/eventlog", "web-ui/store", "web-ui/diagnosis", "web-ui/api", "web-ui/pages"]
PUBLIC_HEADERS = "driver/include/cerium"

# A folder may include itself and the folders of its row; a name with .h is that header alone; "*" is everything. The
# longest row that contains a file counts, so a subfolder has a row of its own.
ROWS = {
    "base/util": [],
    "base/config": ["base/util"],
    "base/serde": ["base/util"],
    "base/events": ["base/util"],
    "base/rpc": ["base/util", "base/config"],
    "base/storage": ["base/util", "base/config"],
    "base/protocol": ["base/util", "base/config", "base/serde", "base/events"],
    "rdd": ["base/util", "base/config", "base/serde", "base/events", "base/storage"],
    "executor/blocks": ["rdd", *BASE],
    "executor": ["executor/blocks", "rdd", *BASE],
    "executor/process": ["executor", "executor/blocks", "rdd", *BASE],
    "web-ui/http": BASE,
    "web-ui/pages": ["web-ui/http"],
    "web-ui/eventlog": ["web-ui/http", *BASE],  # for the JSON library
    "web-ui/store": ["web-ui/eventlog", *BASE],
    "web-ui/diagnosis": ["web-ui/store", "web-ui/eventlog", *BASE],
    "web-ui/api": ["web-ui/diagnosis", "web-ui/http", "web-ui/store", "web-ui/eventlog", *BASE],
    "web-ui/history": ["web-ui/pages", "web-ui/diagnosis", "web-ui/api", "web-ui/http", "web-ui/store", "web-ui/eventlog", *BASE],
    "driver/scheduler": ["rdd", "base/util", "base/events"],
    "driver/replay": ["driver/scheduler", "rdd", "base/util", "base/serde", "base/events"],
    "driver/events": ["driver/listener.h", "base/util", "base/config", "base/events"],
    "driver/provider": ["driver/scheduler", "executor", "rdd", *BASE],
    "driver/backend": ["driver/job_failed.h", "driver/scheduler", "driver/replay", "driver/events", "driver/provider", "executor", "rdd", *BASE],
    "driver/app": ["driver/backend", "driver/events", *WEB_UI, "rdd", *BASE],
    "driver": ["driver/scheduler", "driver/replay", "driver/events", "driver/provider", "driver/backend", "driver/app", "executor", "rdd", *WEB_UI, *BASE],
    "cluster-manager": ["web-ui/http", "web-ui/pages", *BASE],
    "sql": ["driver/context.h", "rdd", "base/util", "base/config", "base/serde"],
    "cli": ["*"],
    "examples": [PUBLIC_HEADERS],
    "bench": [PUBLIC_HEADERS],
    "docker": [PUBLIC_HEADERS],
    "tests": ["*"],
}

# Libraries that only these folders and files of the engine may name.
WRAPPED = {
    r"boost/asio[/.]": ["base/rpc/tcp", "web-ui/http"],
    r"boost/beast[/.]": ["web-ui/http"],
    r"boost/json[/.]": ["web-ui", "cluster-manager"],
    r"cereal/": ["base/serde"],
    r"boost/(serialization|archive)/": ["base/protocol"],
}
FREE_TO_USE_ANY = ("tests", "examples", "bench")

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
CMAKE_LAYER = re.compile(r"^cerium_add_layer\((\w+) DIR (\S+) LINK ([^)]*)\)", re.MULTILINE)


def is_below(path, folder):
    return path == folder or path.startswith(folder + "/")


def row_of(path):
    """The longest row that contains `path`, or None."""
    return max((row for row in ROWS if is_below(path, row)), key=len, default=None)


def may_include(row, target):
    return row_of(target) == row or any(
        allowed == "*" or is_below(target, allowed) for allowed in ROWS[row]
    )


def check_include(root, path, quote, name):
    """What is wrong with one #include, or None."""
    row = row_of(path)
    for pattern, homes in WRAPPED.items():
        at_home = row in FREE_TO_USE_ANY or any(is_below(path, home) for home in homes)
        if re.match(pattern, name) and not at_home:
            return f"<{name}> may be included in {', '.join(homes)} only"
    if quote == "<":
        if not name.startswith("cerium/"):
            return None
        name = "driver/include/" + name
    if not (root / name).is_file():
        return f'"{name}" is not a file; includes are relative to the root of the repository'
    if not may_include(row, name):
        return f'"{name}": {row} may include only itself and: {", ".join(ROWS[row]) or "nothing"}'
    return None


def check_file(root, path):
    text = (root / path).read_text()
    includes = [(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in INCLUDE.finditer(text)]
    for quote, name, line in includes:
        problem = check_include(root, path, quote, name)
        if problem:
            yield f"{path}:{line}: {problem}"
    own = path.removesuffix(".cc") + ".h"
    if path.endswith(".cc") and (root / own).is_file() and (not includes or includes[0][1] != own):
        yield f'{path}:1: its own header "{own}" has to be its first include'
    if path.endswith(".h") and "#pragma once" not in text:
        yield f"{path}:1: no #pragma once"


def check_table():
    """Rows that reach themselves through other rows."""

    def reach(row, seen):
        for target in (row_of(name) for name in ROWS[row] if name != "*" and not name.endswith(".h")):
            if target not in seen:
                reach(target, seen | {target})
            elif target == start:
                circles.add(start)

    circles = set()
    for start in ROWS:
        reach(start, {start})
    return [f"scripts/check_layers.py: {row} reaches itself through its row" for row in sorted(circles)]


def check_cmake(root):
    """Each layer's target links layers of its row only."""
    layers = {name: (folder, links) for name, folder, links in CMAKE_LAYER.findall((root / "CMakeLists.txt").read_text())}
    if not layers:
        yield "CMakeLists.txt: no cerium_add_layer(NAME DIR folder LINK ...) found"
    layers["pages"] = ("web-ui/pages", "cerium_http")  # made by web-ui/pages/CMakeLists.txt
    for name, (folder, links) in layers.items():
        for link in re.findall(r"\bcerium_(\w+)", links):
            if folder not in ROWS or link not in layers or not may_include(folder, layers[link][0]):
                yield f"CMakeLists.txt: cerium_{name} ({folder}) may not link cerium_{link}"


def main():
    root = Path(sys.argv[1])
    files = [
        str(path.relative_to(root))
        for folder in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith((".", "build")))
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".h", ".cc")
    ]
    problems = check_table() + list(check_cmake(root))
    for path in files:
        if row_of(path) is None:
            problems.append(f"{path}:1: this folder has no row in scripts/check_layers.py")
        else:
            problems += check_file(root, path)
    print("\n".join(problems) or f"layers: {len(files)} files agree with the table")
    return 1 if problems or not files else 0


sys.exit(main())
