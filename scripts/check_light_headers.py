#!/usr/bin/env python3
"""Checks the headers of a driver program: no Boost header, and only the cereal headers of allowed_cereal_headers.txt.

usage: check_light_headers.py COMPILER ROOT
"""

import subprocess
import sys
from pathlib import Path


def headers_of(compiler, root, source):
    command = [compiler, "-std=c++20", "-M", f"-I{root}", f"-I{root}/driver/include", str(source)]
    rule = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return rule.replace("\\\n", " ").split()[1:]


def main():
    compiler, root = sys.argv[1], Path(sys.argv[2])
    listed = (root / "scripts/allowed_cereal_headers.txt").read_text().splitlines()
    allowed = {line for line in listed if line and not line.startswith("#")}
    headers = headers_of(compiler, root, root / "examples/wordcount.cc")

    heavy = [header for header in headers if "/boost/" in header]
    cereal = {"cereal/" + header.split("/cereal/", 1)[1] for header in headers if "/cereal/" in header}
    for header in heavy + sorted(cereal - allowed):
        print(f"examples/wordcount.cc includes {header}; keep it behind a .cc file or a forward declaration")
    for header in sorted(allowed - cereal):
        print(f"scripts/allowed_cereal_headers.txt lists {header}, which nothing includes any more")
    print(f"headers_are_light: {len(headers)} headers, {len(cereal)} of cereal, {len(heavy)} of Boost")
    return 1 if heavy or cereal != allowed else 0


sys.exit(main())
