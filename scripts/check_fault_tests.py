#!/usr/bin/env python3
# Cerium. Licensed under the Apache License 2.0.
"""Checks that each test named in docs/fault-tolerance.md exists in the file named with it. Usage: check_fault_tests.py ROOT"""
import re
import sys
from pathlib import Path


def named_tests(text):
    """Yields (sentence, file): each sentence comes before its file in parentheses."""
    for group in re.finditer(r'((?:"[^"]+"(?:,\s*)?)+)\s*\(([\w/]+_test\.cc)\)', text):
        for sentence in re.findall(r'"([^"]+)"', group.group(1)):
            yield sentence, group.group(2)


def main():
    root = Path(sys.argv[1])
    problems = []
    found = 0
    for sentence, name in named_tests((root / "docs/fault-tolerance.md").read_text()):
        found += 1
        path = root / "tests" / name
        source = re.sub(r'"\s*\n\s*"', "", path.read_text()) if path.exists() else ""
        if f'"{sentence}"' not in source:
            problems.append(f'docs/fault-tolerance.md: tests/{name} has no test "{sentence}"')
    if found == 0:
        problems.append("docs/fault-tolerance.md names no test")
    print("\n".join(problems) or f"{found} tests are named, and exist")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
