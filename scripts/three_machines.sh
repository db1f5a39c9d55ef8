#!/usr/bin/env bash
# Runs docs/cluster.md as written, "By hand on three machines" and "Taking a worker out", with network namespaces as the
# machines: each has an address, a hosts file and a home folder of its own, and no loopback in common.
# three_machines.sh BUILD_FOLDER. Exits with 77 (skipped) where the system does not allow it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=$(realpath "$1")
readonly doc=docs/cluster.md nodes=(node1 node2 node3)
# Names of our own: several of these may run at a time, and a machine may have a real node1.
readonly id=cerium-$$
scratch=$(mktemp -d)
started=()

say() { echo "three_machines: $*" >&2; }
die() {
  say "$*"
  tail -n 30 "$scratch"/*.log >&2 || true
  exit 1
}
clean_up() {
  local pid node
  for pid in "${started[@]}"; do
    kill -KILL -- "-$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  for node in "${nodes[@]}"; do
    ip netns delete "$id-$node" 2>/dev/null || true
    rm -rf "/etc/netns/$id-$node"
  done
  ip link delete "br$$" 2>/dev/null || true
  rm -rf "$scratch"
}

((EUID == 0)) && command -v ip >/dev/null || {
  say "skipped: it takes root and the command ip"
  exit 77
}
trap clean_up EXIT
ip link add "br$$" type bridge 2>/dev/null && ip netns add "$id-node1" 2>/dev/null || {
  say "skipped: this system allows no network namespaces"
  exit 77
}
ip netns delete "$id-node1"
ip link set "br$$" up

ln -s "$build" "$scratch/build"
number=0
for node in "${nodes[@]}"; do
  number=$((number + 1))
  ip netns add "$id-$node"
  ip link add "v$number-$$" type veth peer name eth0 netns "$id-$node"
  ip link set "v$number-$$" master "br$$" up
  ip -n "$id-$node" address add "10.77.0.$number/24" dev eth0
  ip -n "$id-$node" link set eth0 up
  ip -n "$id-$node" link set lo up
  mkdir -p "/etc/netns/$id-$node" "$scratch/$node"
  printf '127.0.0.1 localhost\n10.77.0.1 node1\n10.77.0.2 node2\n10.77.0.3 node3\n' >"/etc/netns/$id-$node/hosts"
done

on() ( # on NODE SCRIPT: as a user of that machine, in the folder of Cerium
  cd "$scratch"
  exec ip netns exec "$id-$1" env -i PATH="$build/bin:/usr/bin:/bin" HOME="$scratch/$1" LANG=C.UTF-8 bash -euo pipefail "$2"
)
await() { # await FILE TEXT
  local i
  for ((i = 0; i < 200; ++i)); do
    if grep -q "$2" "$1" 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  die "$1 does not say: $2"
}

# Each block of the document goes into a file that is named by its number, machine and whether it stays.
awk -v out="$scratch/block" '
  /^```sh (node[0-9]|copy)/ { n += 1; file = sprintf("%s-%02d-%s%s", out, n, $2, $3 == "&" ? "-stays" : ""); next }
  /^```/ { file = "" }
  file != "" { print > file }' "$doc"

for block in "$scratch"/block-*; do
  IFS=- read -r _ _ node stays <<<"$(basename "$block")-"
  log=$block.log
  case $node in
    copy) # as ssh and scp do
      for other in node2 node3; do
        mkdir -p -m 0700 "$scratch/$other/cerium"
        cp -p "$scratch/node1/cerium/secret" "$scratch/$other/cerium/"
      done
      ;;
    *)
      if [[ $stays == stays* ]]; then
        set -m
        on "$node" "$block" >"$log" 2>&1 &
        set +m
        started+=($!)
        if grep -q 'cerium manager' "$block"; then await "$log" 'manager at cerium://node1:7077'; fi
        if grep -q 'cerium worker' "$block"; then await "$log" 'registered with the manager'; fi
      else
        on "$node" "$block" >"$log" 2>&1 || die "this fails on $node: $(cat "$block")"
      fi
      ;;
  esac
  say "$node: $(head -n 1 "$block")"
done

# Both ways to run the program count the same, and as threads of one process do.
expected=$(CERIUM_MASTER='local[2]' "$build/bin/wordcount" /usr/share/common-licenses 2>/dev/null | head -n 1)
counted=$(grep -lx "$expected" "$scratch"/block-*.log | wc -l)
((counted == 2)) || die "$counted of 2 programs counted: $expected"
grep -q '"aliveworkers":2' "$scratch"/block-*.log || die "/json does not show two workers"
for log in "$scratch"/block-*node2-stays.log; do await "$log" 'leaves'; done
wait "${started[1]}" || die "the worker that was told to leave did not end well"
say "docs/cluster.md works as written"
