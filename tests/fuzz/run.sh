#!/bin/sh
# run.sh PROGRAM: one target for $CERIUM_FUZZ_SECONDS, 60 where that is not set. Its corpus, its log and the inputs
# that it finds are kept in the current folder.
set -eu
name=$(basename "$1")
mkdir -p "corpus/$name"
if ! "$1" "-max_total_time=${CERIUM_FUZZ_SECONDS:-60}" -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=30 \
    -print_final_stats=1 "-artifact_prefix=$name-" "corpus/$name" >"$name.log" 2>&1; then
  tail -n 80 "$name.log"
  exit 1
fi
