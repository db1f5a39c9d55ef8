#!/usr/bin/env bash
# Runs docs/cluster.md as written: "By hand on three machines" with "Taking a worker out", then "Standby managers", where
# the manager in charge is killed. Before that, names that Debian's /etc/hosts maps to loopback must be refused.
# The machines are network namespaces: each has its own address, loopback, hosts file and home folder; ~/shared is the
# same on all.
# three_machines.sh BUILD_FOLDER. Exits with 77 (skipped) if the system does not allow it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=$(realpath "$1")
readonly doc=docs/cluster.md nodes=(node1 node2 node3)
# Unique names: several of these scripts may run at a time, and a real machine may be called node1.
readonly id=cerium-$$
scratch=$(mktemp -d)
started=()

say() { echo "three_machines: $*" >&2; }
die() {
  say "$*"
  tail -n 30 "$scratch"/*.log >&2 || true
  exit 1
}
end_all() {
  local pid
  for pid in "${started[@]}"; do
    kill -KILL -- "-$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  started=()
}
clean_up() {
  local node
  end_all
  for node in switch "${nodes[@]}"; do
    ip netns delete "$id-$node" 2>/dev/null || true
    rm -rf "/etc/netns/$id-$node"
  done
  rm -rf "$scratch"
}

((EUID == 0)) && command -v ip >/dev/null || {
  say "skipped: it takes root and the command ip"
  exit 77
}
trap clean_up EXIT
# The switch is a namespace too, so that firewall rules of the real machine, as Docker makes them, do not apply.
ip netns add "$id-switch" 2>/dev/null && ip -n "$id-switch" link add bridge up type bridge 2>/dev/null || {
  say "skipped: this system allows no network namespaces"
  exit 77
}

ln -s "$build" "$scratch/build"
mkdir "$scratch/shared"
number=0
for node in "${nodes[@]}"; do
  number=$((number + 1))
  ip netns add "$id-$node"
  ip -n "$id-switch" link add "$node" master bridge up type veth peer name eth0 netns "$id-$node"
  ip -n "$id-$node" address add "10.77.0.$number/24" dev eth0
  ip -n "$id-$node" link set eth0 up
  ip -n "$id-$node" link set lo up
  mkdir -p "/etc/netns/$id-$node" "$scratch/$node"
  ln -s "$scratch/shared" "$scratch/$node/shared"
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
run_block() { # run_block FILE: to its end, or until its daemon is ready
  local node stays other log=$1.log
  IFS=- read -r _ _ node stays <<<"$(basename "$1")-"
  if [[ $node == copy ]]; then # as ssh and scp do
    for other in node2 node3; do
      mkdir -p -m 0700 "$scratch/$other/cerium"
      cp -p "$scratch/node1/cerium/secret" "$scratch/$other/cerium/"
    done
  elif [[ $stays == stays* ]]; then
    set -m
    on "$node" "$1" >"$log" 2>&1 &
    set +m
    started+=($!)
    if grep -q 'cerium manager' "$1"; then await "$log" "manager at cerium://$node:7077"; fi
    if grep -q 'cerium worker' "$1"; then await "$log" 'registered with the manager'; fi
  else
    on "$node" "$1" >"$log" 2>&1 || die "this fails on $node: $(cat "$1")"
  fi
  say "$node: $(grep -v -m 1 ^export "$1")"
}
count_words() { # count_words LOG...: how many programs gave the same counts as local mode
  grep -lx "$expected" "$@" | wc -l
}

# Each block of the document becomes a file, named by its section, number, machine and "stays" for daemons.
awk -v out="$scratch/" '
  /^## / { section = /Standby/ ? "standby" : "cluster" }
  /^```sh (node[0-9]|copy)/ { n += 1; file = sprintf("%s%s-%02d-%s%s", out, section, n, $2, $3 == "&" ? "-stays" : ""); next }
  /^```/ { file = "" }
  file != "" { print > file }' "$doc"
expected=$(CERIUM_MASTER='local[2]' "$build/bin/wordcount" /usr/share/common-licenses 2>/dev/null | head -n 1)

# The line of Debian's installer: with it, only node1 itself can reach a process that listens on the name node1.
hosts=/etc/netns/$id-node1/hosts
cp "$hosts" "$scratch/hosts"
sed -i 's/^10.77.0.1 /127.0.1.1 /' "$hosts"
echo secret >"$scratch/secret"
chmod 600 "$scratch/secret"
refused() { # refused COMMAND TEXT: the command would listen on loopback, or report such an address
  echo "timeout 20 $1 --secret-file secret" >"$scratch/refused"
  if on node1 "$scratch/refused" >"$scratch/refused.log" 2>&1; then die "this was to be refused: $1"; fi
  grep -q "$2" "$scratch/refused.log" || die "this does not say \"$2\": $1"
}
refused 'cerium manager --host node1' 'node1 is 127.0.1.1 on this machine.*"127.0.1.1 node1" of /etc/hosts'
refused 'cerium worker cerium://node1:7077' 'node1 is 127.0.1.1 on this machine'
refused 'cerium worker cerium://node2:7077 --host node1' 'node1 is 127.0.1.1 on this machine'
refused 'cerium worker cerium://node2:7077 --host 127.0.0.1' 'reaches this one at 127.0.0.1.*or none to use 10.77.0.1'
cp "$scratch/hosts" "$hosts"

for block in "$scratch"/cluster-*; do run_block "$block"; done
counted=$(count_words "$scratch"/cluster-*.log)
((counted == 2)) || die "$counted of 2 programs counted: $expected" # here, and with the driver in the cluster
grep -q '"aliveworkers":2' "$scratch"/cluster-*.log || die "/json does not show two workers"
for log in "$scratch"/cluster-*node2-stays.log; do await "$log" 'leaves'; done
wait "${started[1]}" || die "the worker that was told to leave did not end well"
end_all

for block in "$scratch"/standby-*; do run_block "$block"; done
health=$block # the last one
program=$(grep -l 'cerium submit' "$scratch"/standby-*-node3)
(($(count_words "$program.log") == 1)) || die "the program does not count: $expected"
grep -qx standby "$health.log" || die "no manager is on standby: $(cat "$health.log")"
kill -KILL -- "-${started[0]}" && wait "${started[0]}" 2>/dev/null || true
await "$scratch"/standby-*-node2-stays.log 'is in charge now'
await "$scratch"/standby-*-node3-stays.log 'registered with the manager at cerium://node2:7077'
run_block "$program"
(($(count_words "$program.log") == 1)) || die "with the second manager in charge, the program does not count: $expected"
run_block "$health"
grep -qx 'node1 is not there' "$health.log" && grep -qx ok "$health.log" || die "no manager is in charge: $(cat "$health.log")"
say "docs/cluster.md works as written"
