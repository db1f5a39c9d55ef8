#!/usr/bin/env bash
# Cerium. Licensed under the Apache License 2.0.
# Builds the image, starts clusters of real containers with docker-compose.yml, and breaks them while jobs run.
#   docker/test.sh [--full] [--build FOLDER]
#   --full    the image compiles everything, as for users; else it copies the programs of FOLDER (default: build)
# COMPOSE names the compose command; the default is docker-compose, else docker compose.
# Leaves only the images and their layers, which make the next run faster.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly base_image=debian:bookworm-slim stand_in=cerium-base:bookworm-slim image=cerium-test
readonly most_megabytes=60
full=no
build=build
while (($#)); do
  case $1 in
    --full) full=yes ;;
    --build) build=${2:?--build needs a folder}; shift ;;
    *) echo "docker/test.sh knows no $1; see its head" >&2; exit 2 ;;
  esac
  shift
done

read -ra compose_command <<<"${COMPOSE:-}"
if ((${#compose_command[@]} == 0)); then
  compose_command=(docker-compose)
  command -v docker-compose >/dev/null || compose_command=(docker compose)
fi
scratch=$(mktemp -d)
export CERIUM_IMAGE=$image CERIUM_SHARED=$scratch/shared CERIUM_WEB_PORT=0
export CERIUM_WORKER_CPUS=1 CERIUM_WORKER_MEMORY=768m
compose() { "${compose_command[@]}" -p "cerium-test-$$" -f docker/docker-compose.yml "$@"; }

began=$SECONDS
step() { echo "== $((SECONDS - began)) s: $*"; }
say() { echo "   $*"; }
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

cleanup() {
  local status=$?
  trap '' INT TERM
  if ((status != 0)) && [[ -n $(compose ps -q 2>/dev/null) ]]; then
    echo "-- what the job printed:"
    cat "$scratch"/job.* 2>/dev/null || true
    echo "-- the logs of the containers:"
    compose logs --no-color --tail 40 || true
  fi
  # A paused container cannot be stopped by every engine.
  docker ps -q --filter "name=cerium-test-$$" --filter status=paused | xargs -r docker unpause >/dev/null
  docker ps -aq --filter "label=com.docker.compose.project=cerium-test-$$" | xargs -r docker rm -fv >/dev/null
  compose down -v --remove-orphans --timeout 1 >"$scratch/down" 2>&1 || cat "$scratch/down"
  wait
  rm -rf "$scratch"
  ((status != 0)) || echo "docker: all steps passed in $((SECONDS - began)) s"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_for SECONDS WHAT COMMAND...: until the command succeeds
wait_for() {
  local most=$1 what=$2 until=$((SECONDS + $1)) from=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || fail "not within $most s: $what"
    sleep 0.2
  done
  say "after $((SECONDS - from)) s: $what"
}

# ---- the image

find_base() {
  if docker image inspect "$base_image" >/dev/null 2>&1 || docker pull -q "$base_image" >/dev/null 2>&1; then
    echo "$base_image"
    return
  fi
  if ! docker image inspect "$stand_in" >/dev/null 2>&1; then
    echo "   $base_image cannot be pulled; debootstrap makes one like it" >&2
    ((EUID == 0)) || fail "debootstrap needs root: run this with sudo"
    command -v debootstrap >/dev/null ||
      DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends debootstrap >&2
    local mirror root=$scratch/base
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
    debootstrap --variant=minbase bookworm "$root" "$mirror" >"$scratch/debootstrap" ||
      { tail -n 5 "$scratch/debootstrap" >&2; fail "debootstrap from $mirror"; }
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale,info}/*
    tar -C "$root" -c . | docker import -c 'CMD ["bash"]' - "$stand_in" >&2
    rm -rf "$root"
  fi
  echo "$stand_in"
}

# The context with the programs of a finished build instead of the sources.
make_context() {
  local context=$1 program
  mkdir -p "$context/build/bin"
  cp -r --parents LICENSE docker scripts examples "$context"
  for program in $(basename -s .cc examples/*.cc); do
    strip -o "$context/build/bin/$program" "$build/bin/$program"
  done
  scripts/package.sh "$build" tool >"$scratch/package" 2>&1 || { cat "$scratch/package"; fail "the package"; }
  cp "$build"/cerium_*.deb "$context/build/cerium.deb"
}

image_megabytes() { echo $(($(docker image inspect -f '{{.Size}}' "$1") / 1000000)); }

build_image() {
  local base context=. arguments=() name
  base=$(find_base)
  if [[ $full == no ]]; then
    context=$scratch/context
    make_context "$context"
    arguments+=(--build-arg PREBUILT=yes)
  fi
  for name in http_proxy https_proxy no_proxy; do
    [[ -z ${!name:-} ]] || arguments+=(--build-arg "$name")
  done
  docker build --network host --build-arg "BASE=$base" "${arguments[@]}" --label cerium.prebuilt=yes -t "$image" \
    -f "$context/docker/Dockerfile" "$context" >"$scratch/image" 2>&1 ||
    { tail -n 40 "$scratch/image" >&2; fail "docker build"; }
  docker image prune -f --filter label=cerium.prebuilt=yes >/dev/null  # of the previous test
  local more=$(($(image_megabytes "$image") - $(image_megabytes "$base")))
  say "the image has $(image_megabytes "$image") MB, $more MB more than $base"
  ((more <= most_megabytes)) || fail "that is more than $most_megabytes MB"
}

# ---- the cluster

worker() { compose ps -q worker | sed -n "$1p"; }
address() { docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }

# ask EXPRESSION: about the manager's /json, which is `d`; fails if it is false
ask() {
  local port link
  port=$(compose port manager 8080) && port=${port##*:}
  link=$(compose exec -T manager cerium ui-url cerium://manager:7077 </dev/null)
  python3 - "$port" "${link##*token=}" "$1" <<'PYTHON'
import json, sys, urllib.request
request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/json", headers={"Authorization": f"Bearer {sys.argv[2]}"})
d = json.load(urllib.request.urlopen(request, timeout=5))
alive = [w for w in d["workers"] if w["state"] == "ALIVE"]
running = [e for a in d["activeapps"] for e in a["executors"] if e["state"] == "RUNNING"]
def state(host): return [w["state"] for w in d["workers"] if w["host"] == host][-1:]
answer = eval(sys.argv[3])
print(answer)
sys.exit(not answer)
PYTHON
}
is_idle() { ask 'not d["activeapps"] and d["coresused"] == 0'; }

submit() { compose run --rm -T submit --executor-memory 256m "$@" </dev/null; }

# start_job NAME ARGUMENTS...: the drill in the background, until three executors run
start_job() {
  job=$1
  shift
  submit /shared/drill "$@" >"$scratch/job.$job" 2>&1 &
  job_process=$!
  wait_for 30 "the job runs on three executors" ask 'len(running) == 3'
  sleep 2  # in the middle of tasks
}
end_job() {
  wait "$job_process" || fail "the job did not survive: status $?"
  grep -q 'as it must be' "$scratch/job.$job" || fail "the job's result is missing"
  grep -E 'is lost|broke|again' "$scratch/job.$job" | sed 's/; its log is.*//; s/^/   driver: /' || true
  say "$(grep 'the sum is' "$scratch/job.$job")"
}

check_hardening() {
  local id secret
  secret=$(docker exec "$manager" cat /run/cerium/secret)
  ((${#secret} == 64)) || fail "the secret has ${#secret} characters"
  for id in $(compose ps -q); do
    docker inspect "$id" >"$scratch/inspect"
    python3 - "$scratch/inspect" <<'PYTHON' || fail "$(docker inspect -f '{{.Name}}' "$id") is not closed"
import json, sys
c = json.load(open(sys.argv[1]))[0]
host = c["HostConfig"]
assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"], host
assert any(o.startswith("no-new-privileges") for o in host["SecurityOpt"]), host
assert c["Config"]["User"] == "cerium", c["Config"]
assert host["Memory"] > 0 or "secret" in c["Name"], host
for ports in c["NetworkSettings"]["Ports"].values():
    assert all(p["HostIp"] == "127.0.0.1" for p in ports or []), ports
PYTHON
    ! grep -qF "$secret" "$scratch/inspect" || fail "docker inspect shows the secret"
  done
  compose logs --no-color >"$scratch/logs" 2>&1
  ! grep -qF "$secret" "$scratch/logs" || fail "the logs show the secret"
  docker exec "$(worker 1)" sh -c '! touch /opt/cerium/x 2>/dev/null' || fail "the root is writable"
}

step "the image"
mkdir -p "$scratch/shared"
chmod 755 "$scratch" "$scratch/shared"
build_image
cp "$build/bin/drill" "$scratch/shared/"

step "one manager, two workers"
compose up -d --no-build --scale worker=2 >"$scratch/up" 2>&1 || { cat "$scratch/up"; fail "up"; }
manager=$(compose ps -q manager)
wait_for 20 "both workers are registered" ask 'len(alive) == 2'
ask '[(w["cores"], w["memory"]) for w in alive] == [(1, 672)] * 2' >/dev/null ||
  fail "workers of 1 CPU and 768 MiB do not offer 1 core and 672 MiB: $(ask 'd["workers"]')"
say "each offers what its container may use: 1 core, 672 of 768 MiB"
all_healthy() { [[ $(docker inspect -f '{{.State.Health.Status}}' "$manager" "$(worker 1)" "$(worker 2)" | sort -u) == healthy ]]; }
wait_for 30 "all are healthy" all_healthy
check_hardening
say "read-only, without capabilities, not root, on 127.0.0.1; the secret shows nowhere"

step "the word count example"
submit examples/wordcount >"$scratch/job.words" 2>&1 || fail "word count"
grep -qE '^the [0-9]+$' "$scratch/job.words" && grep -q 'on cerium://manager:7077' "$scratch/job.words" ||
  fail "word count printed something else"
say "$(grep -E '^the ' "$scratch/job.words"); $(grep 'time:' "$scratch/job.words")"

step "a third worker"
compose up -d --no-build --no-recreate --scale worker=3 >"$scratch/up" 2>&1 || { cat "$scratch/up"; fail "up"; }
wait_for 20 "three workers are registered" ask 'len(alive) == 3'

step "docker kill of a worker in mid-job"
start_job kill 18 1
victim=$(worker 2)
docker kill "$victim" >/dev/null
wait_for 5 "the manager misses it" ask 'len(alive) == 2'
end_job
docker start "$victim" >/dev/null
wait_for 20 "it is back" ask 'len(alive) == 3'

step "docker pause for longer than the time-out"
start_job pause 45 1
victim=$(worker 1)
docker pause "$victim" >/dev/null
wait_for 14 "the manager takes it for lost" ask "state('$(address "$victim")') == ['DEAD']"
sleep 2
docker unpause "$victim" >/dev/null
wait_for 10 "it is back" ask 'len(alive) == 3'
end_job
wait_for 15 "nothing is left of the job" is_idle

step "docker network disconnect"
start_job network 24 1
victim=$(worker 3)
victim_address=$(address "$victim")
network=$(docker inspect -f '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}' "$victim")
docker network disconnect "$network" "$victim"
wait_for 14 "the manager takes it for lost" ask "state('$victim_address') == ['DEAD']"
end_job
docker network connect "$network" "$victim"
wait_for 20 "connected again, it is back" ask 'len(alive) == 3'
wait_for 15 "nothing is left of the job" is_idle

step "the manager killed and restarted"
start_job manager 30 1
docker kill "$manager" >/dev/null
sleep 2
docker start "$manager" >/dev/null
wait_for 10 "it has its workers, the application and its executors again" \
  ask 'd["status"] == "ALIVE" and len(alive) == 3 and len(running) == 3'
end_job
! grep -q 'is lost' "$scratch/job.manager" || fail "the job lost executors"
wait_for 15 "nothing is left of the job" is_idle

step "a task that exceeds the memory limit"
if submit /shared/drill 1 0 1500 >"$scratch/job.memory" 2>&1; then fail "it was not killed"; fi
# The executor ends itself before the container's limit does.
grep -Eq 'failed:.*(held about [0-9]+ MiB|killed by the memory limit of 768 MiB)' "$scratch/job.memory" ||
  fail "the report has no such reason"
say "$(grep -o 'failed: .*MiB' "$scratch/job.memory")"
ask 'len(alive) == 3' >/dev/null || fail "a worker died with it"
wait_for 15 "nothing is left of the job" is_idle
