#!/usr/bin/env bash
# Cerium. Licensed under the Apache License 2.0.
# Makes Debian packages of a finished build, in its folder.
#   scripts/package.sh BUILD_FOLDER [tool]
#   tool    only the package `cerium` (tool, systemd units), not `libcerium-dev` (headers, libraries)
set -euo pipefail
build=${1:?usage: scripts/package.sh BUILD_FOLDER [tool]}
components='tool;development'
[[ ${2:-} != tool ]] || components=tool
cd "$build"
rm -f cerium_*.deb libcerium-dev_*.deb
cpack -G DEB -D CPACK_COMPONENTS_ALL="$components"
ls cerium_*.deb libcerium-dev_*.deb 2>/dev/null || true
