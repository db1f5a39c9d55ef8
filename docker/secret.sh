#!/bin/sh
# Cerium. Licensed under the Apache License 2.0.
# Puts the cluster's secret where the containers of docker-compose.yml read it: the secret on standard input, else the
# existing one, else a new one. No environment variable and no command line contains it.
set -eu
umask 077
file=/run/cerium/secret
secret=$(cat)
if [ -z "$secret" ]; then
  [ ! -s "$file" ] || exit 0
  secret=$(od -An -tx1 -v -N32 /dev/urandom | tr -d ' \n')
fi
printf '%s\n' "$secret" >"$file.new"
mv "$file.new" "$file"
