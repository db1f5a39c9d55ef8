#!/usr/bin/env bash
# Cerium. Licensed under the Apache License 2.0.
# Prints the packages of debian-packages.txt for this machine's release of Debian, one a line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
release=$(. /etc/os-release && echo "${VERSION_ID:-}")
awk -v release="@$release" '!/^#/ && (NF == 1 || $2 == release) { print $1 }' debian-packages.txt
