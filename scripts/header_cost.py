#!/usr/bin/env python3
"""Compiles a driver program of ten operations at -O0 and fails when the compiler makes more than LIMIT functions of it.

usage: header_cost.py COMPILER ROOT

A program's compile time grows with the number of functions, which is the same on a busy machine. The script also prints
the program's compile time and that of a reference, a program of the standard library alone.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 5000


def compile_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def functions_of(object_file):
    symbols = subprocess.run(["nm", "--defined-only", object_file], check=True, capture_output=True, text=True).stdout
    return sum(line.split()[1] in "tTwW" for line in symbols.splitlines())


def main():
    compiler, root = sys.argv[1], Path(sys.argv[2])
    common = [compiler, "-std=c++20", "-O0", f"-I{root}", f"-I{root}/driver/include", "-c"]
    folder = root / "tests/header_cost"

    with tempfile.TemporaryDirectory() as temporary:
        made = f"{temporary}/program.o"
        program = compile_seconds([*common, str(folder / "ten_operations.cc"), "-o", made])
        functions = functions_of(made)
    reference = compile_seconds([*common, str(folder / "reference.cc"), "-o", "/dev/null"])
    print(f"header_cost: {functions} functions, limit {LIMIT}; {program:.2f} s, {program / reference:.2f} times the reference")
    return 0 if functions <= LIMIT else 1


sys.exit(main())
