#!/usr/bin/env bash
# Formats every C++ file in place; with --check it changes no file, and fails if a line is not formatted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! command -v clang-format-14 >/dev/null; then
  echo "format: SKIPPED: clang-format-14 is not installed, and other versions format differently" >&2
  exit 77
fi
mode=(-i)
[[ ${1:-} == --check ]] && mode=(--dry-run --Werror)
folders=()
for folder in base rdd executor driver cluster-manager web-ui sql cli examples bench docker tests; do
  [[ -d $folder ]] && folders+=("$folder")
done
find "${folders[@]}" -name '*.h' -print0 -o -name '*.cc' -print0 |
  xargs -0 -r -n 16 -P "$(nproc)" clang-format-14 "${mode[@]}"
