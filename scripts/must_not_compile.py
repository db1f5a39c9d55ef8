#!/usr/bin/env python3
"""Checks that misuse is refused with a readable message: every tests/compile/*.cc must fail to compile.

usage: must_not_compile.py COMPILER ROOT

Comment lines in such a file name the text that the compiler must print:
    // expect: TEXT     this text, somewhere (any number of these lines, at least one)
    // errors: N        exactly N lines with "error:"
    // compiler: NAME FLAGS   that this compiler, and not COMPILER, must refuse it; left out where it is not installed
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def directives(text, name):
    return [value.strip() for value in re.findall(rf"^// {name}: (.*)$", text, re.MULTILINE)]


def problems_of(compiler, root, source):
    """The errors in one file's failure, none if it fails as expected, and the compiler's output."""
    text = source.read_text()
    expected, errors = directives(text, "expect"), directives(text, "errors")
    if not expected:
        return ["it has no line `// expect: TEXT`"], ""
    own = directives(text, "compiler")
    command = [*(own[0].split() if own else [compiler]), "-std=c++20", "-fsyntax-only", f"-I{root}", f"-I{root}/driver/include", str(source)]
    env = {**os.environ, "LC_ALL": "C"}
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    if run.returncode == 0:
        return ["it compiles, and must not"], ""
    problems = [f"the compiler does not say: {wanted}" for wanted in expected if wanted not in run.stdout]
    count = len(re.findall(r"\berror: ", run.stdout))
    problems += [f"{count} errors instead of {n}" for n in errors if count != int(n)]
    return problems, run.stdout


def is_checked(source):
    """Whether the compiler that the file names, if any, is installed."""
    own = directives(source.read_text(), "compiler")
    if not own or shutil.which(own[0].split()[0]):
        return True
    print(f"tests/compile/{source.name}: left out, as {own[0].split()[0]} is not installed")
    return False


def main():
    compiler, root = sys.argv[1], Path(sys.argv[2])
    sources = [source for source in sorted((root / "tests/compile").glob("*.cc")) if is_checked(source)]
    if not sources:
        print("must_not_compile: there are no files tests/compile/*.cc")
        return 1
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda source: problems_of(compiler, root, source), sources))
    failed = 0
    for source, (problems, output) in zip(sources, results):
        for problem in problems:
            print(f"tests/compile/{source.name}: {problem}")
        if problems:
            failed += 1
            print(output)
    print(f"must_not_compile: {len(sources) - failed} of {len(sources)} files fail as they should")
    return 1 if failed else 0


sys.exit(main())
