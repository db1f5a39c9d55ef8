#!/usr/bin/env bash
# Installs a build into a temporary folder, then configures, builds and runs tests/installed_package against it as a user
# would: outside the tree, with find_package(Cerium) alone.
# usage: installed_package.sh BUILD_DIR COMPILER
set -euo pipefail
build=$1 compiler=$2
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
if grep -rl -e "$source" -e "$(cd "$build" && pwd)" "$work/prefix/lib"/*/cmake "$work/prefix/lib/cmake" 2>/dev/null; then
  echo "installed_package: these installed files name the source or build folder" >&2
  exit 1
fi

cp -r "$source/tests/installed_package" "$work/app"
cmake -S "$work/app" -B "$work/app/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_COMPILER="$compiler" >"$work/configure.log" || { cat "$work/configure.log"; exit 1; }
cmake --build "$work/app/build"

printf 'the cat sat on the mat\nthe dog sat on the mat\n' >"$work/text"
for master in 'local[2]' 'local-cluster[2,1,512m]'; do
  output=$(CERIUM_MASTER=$master "$work/app/build/app" "$work/text")
  [[ $output == 'the 4' ]] || { echo "installed_package: on $master: '$output' instead of 'the 4'" >&2; exit 1; }
done
"$work/prefix/bin/cerium" version
