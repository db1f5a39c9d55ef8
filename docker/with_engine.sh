#!/usr/bin/env bash
# Cerium. Licensed under the Apache License 2.0.
# Runs a command with a Docker engine: installs engine and docker-compose if they are missing (Debian), starts the
# engine if none runs, and stops it at the end. This needs root or sudo.
#   docker/with_engine.sh COMMAND [ARGUMENTS...]
set -euo pipefail

say() { echo "docker: $*" >&2; }
answers() { timeout 20 docker version >/dev/null 2>&1; }
has_compose() { command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1; }

if answers && has_compose; then exec "$@"; fi
if ((EUID != 0)); then exec sudo "$0" "$@"; fi

packages=()
answers || command -v dockerd >/dev/null || packages+=(docker.io iptables)
has_compose || packages+=(docker-compose)
if ((${#packages[@]})); then
  say "installing ${packages[*]}"
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
fi
if answers; then exec "$@"; fi

stop_engine() {
  trap '' INT TERM
  local pid
  if pid=$(cat "$folder/pid" 2>/dev/null); then
    say "stopping the engine that was started here"
    kill "$pid" || true
    for _ in {1..60}; do
      [[ -d /proc/$pid ]] || break
      sleep 0.5
    done
  fi
  ip link delete docker0 2>/dev/null || true
  echo "$forwarding" >/proc/sys/net/ipv4/ip_forward
  rm -rf "$folder"
}

say "starting an engine, as none answers"
folder=$(mktemp -d)
forwarding=$(cat /proc/sys/net/ipv4/ip_forward)
trap stop_engine EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# An engine that finds forwarding off switches it on, and forbids it for all but its own containers.
echo 1 >/proc/sys/net/ipv4/ip_forward
# In a session of its own, so that Ctrl-C reaches only the command, which needs the engine to clean up.
setsid dockerd --pidfile "$folder/pid" >"$folder/log" 2>&1 &
starter=$!
for _ in {1..60}; do
  answers && break
  [[ -d /proc/$starter || -e $folder/pid ]] || break
  sleep 0.5
done
if ! answers; then
  say "no engine can run here; the end of its log:"
  tail -n 5 "$folder/log" >&2
  exit 1
fi
"$@"
