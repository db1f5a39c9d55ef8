#!/usr/bin/env python3
"""Compiles a driver program of ten operations at -O0 and fails when that takes LIMIT times as long as a reference, a
program of the standard library alone.

usage: header_cost.py COMPILER ROOT

Processor time, the best of three of each, or of nine where that is too much: other work on the machine changes it.
"""

import resource
import subprocess
import sys
from pathlib import Path

LIMIT = 1.6


def compile_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    compiler, root = sys.argv[1], Path(sys.argv[2])
    common = [compiler, "-std=c++20", "-O0", f"-I{root}", f"-I{root}/driver/include", "-o", "/dev/null", "-c"]
    folder = root / "tests/header_cost"

    program, reference = [], []
    while len(program) < 3 or (min(program) > LIMIT * min(reference) and len(program) < 9):
        program.append(compile_seconds([*common, str(folder / "ten_operations.cc")]))
        reference.append(compile_seconds([*common, str(folder / "reference.cc")]))
    ratio = min(program) / min(reference)
    print(f"header_cost: {min(program):.2f} s, {ratio:.2f} times the reference's {min(reference):.2f} s; limit {LIMIT}")
    return 0 if ratio <= LIMIT else 1


sys.exit(main())
