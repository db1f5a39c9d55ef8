#!/usr/bin/env bash
# Cerium. Licensed under the Apache License 2.0.
# Runs the tests of a commit on Debian 13, in a chroot that debootstrap makes from this machine's mirror. For releases;
# needs root, 4 GB of disk, and an hour on two cores.
#   scripts/debian13.sh [FOLDER]    FOLDER (default: build/debian13) keeps the chroot and its build for the next run
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
((EUID == 0)) || exec sudo "$0" "$@"

folder=$(realpath -m "${1:-build/debian13}")
root=$folder/root
mirror=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' \
  /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
command -v debootstrap >/dev/null || apt-get install -y -q --no-install-recommends debootstrap

if [[ ! -e $root/etc/debian_version ]]; then
  mkdir -p "$root"
  debootstrap --variant=minbase trixie "$root" "$mirror"
fi
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"

mounts=(proc sys dev dev/pts dev/shm)
unmount() {
  local i
  for ((i = ${#mounts[@]} - 1; i >= 0; --i)); do
    ! mountpoint -q "$root/${mounts[i]}" || umount -l "$root/${mounts[i]}"
  done
}
trap unmount EXIT
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
for place in dev dev/pts dev/shm; do mount --bind "/$place" "$root/$place"; done

# A clone, so that only what is committed is tested; the build folder of the last run stays.
if [[ -d $root/cerium/.git ]]; then
  git -C "$root/cerium" pull -q --ff-only "$PWD" HEAD
else
  git clone -q . "$root/cerium"
fi
chroot "$root" env CI="${CI:-}" http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
  /bin/bash -c 'cd /cerium && ./dev test'
