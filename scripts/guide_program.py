#!/usr/bin/env python3
"""Makes one C++ program of a guide's examples, which runs each of them.

usage: guide_program.py GUIDE.md OUTPUT.cc

A block of C++ that begins with #include is a program: its includes and the body of its main() are used, without the
Context. Any other block is the body of a function with a Context `sc`.
"""

import re
import sys
from pathlib import Path


def body_of(block):
    """The statements of a block, and the line at which they begin in it."""
    if not block.startswith("#include"):
        return block, 0
    before, body = block.split("int main() {\n", 1)
    body = re.sub(r".*Context sc\(.*\n", "\n", body, count=1)
    return body.rstrip().removesuffix("}"), before.count("\n") + 1


def main():
    guide, output = Path(sys.argv[1]), Path(sys.argv[2])
    text = guide.read_text()
    program = ["#include <cerium/cerium.h>", "#include <iostream>", "using namespace cerium;"]
    calls = []
    for number, match in enumerate(re.finditer(r"^```cpp\n(.*?)^```$", text, re.M | re.S)):
        body, skipped = body_of(match.group(1))
        line = text.count("\n", 0, match.start(1)) + 1 + skipped
        structs = "".join(m.group(0) for m in re.finditer(r"^struct .*?^};\n", body, re.M | re.S))
        body = body.replace(structs, "\n" * structs.count("\n")) if structs else body
        program.append(f'#line {line} "{guide}"\n{structs}')
        program.append(f'static void example{number}([[maybe_unused]] Context& sc) {{\n#line {line} "{guide}"\n{body}}}')
        calls.append(f"  example{number}(sc);")
    program += ["int main() {", '  Context sc(Conf().setAppName("guide"));', *calls, "}"]
    output.write_text("\n".join(program) + "\n")


main()
