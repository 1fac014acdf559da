#!/usr/bin/env bash
# Installs the other products that `make bench BENCH_ARGS="--peers"` measures beside this one, where they are missing:
#
#   bucardo                      Debian's package, with the Perl that it is written in
#   postgresql-15-pglogical      an extension for the newest server of the system
#   postgresql-plperl-15         PL/Perl for the same server; Bucardo's control database is written in it
#   PostgreSQL 17                for two-way native replication, which needs 16 or newer: scripts/servers.sh fetches it
#
#   scripts/peers.sh           installs, as root or through sudo
#   scripts/peers.sh --have    only says, by its exit code, whether all is there
#
# Neither make setup nor make test runs this. It starts no cluster and no daemon, and leaves the server's release as it is.
set -euo pipefail

say() { printf 'peers: %s\n' "$*"; }
fail() { printf 'peers: %s\n' "$*" >&2; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

servers=$(dirname "${BASH_SOURCE[0]}")/servers.sh

# The newest server of the system, which the bench runs on.
newest_major() {
  local initdb newest=""
  for initdb in $(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V); do
    [ -x "$initdb" ] && newest=$(basename "$(dirname "$(dirname "$initdb")")")
  done
  echo "$newest"
}

have dpkg-query || fail "these are packages of Debian and Ubuntu; install Bucardo and pglogical with this system's package manager"
major=$(newest_major)
[ -n "$major" ] || fail "there is no PostgreSQL server: run scripts/setup.sh"

missing=()
for package in bucardo "postgresql-$major-pglogical" "postgresql-plperl-$major"; do
  installed "$package" || missing+=("$package")
done
if [ "${1:-}" = --have ]; then
  [ ${#missing[@]} -eq 0 ] || exit 1
  exec "$servers" --have 17
fi

# What the packages would start, they do not start: policy-rc.d says no while they are installed. A policy that is there stays.
policy=/usr/sbin/policy-rc.d
made_policy=""
root=()
put_back() { [ -z "$made_policy" ] || "${root[@]}" rm -f "$policy"; }

# PL/Perl has to be of the server's release. Asked for by that version, it does not bring a newer server with it.
pinned() {
  local package version
  for package in "${missing[@]}"; do
    case "$package" in
      postgresql-plperl-*)
        version=$(dpkg-query -W -f '${Version}' "postgresql-$major")
        apt-cache madison "$package" | grep -qF "$version" && package="$package=$version"
        ;;
    esac
    printf '%s\n' "$package"
  done
}

install_with_apt() {
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || fail "sudo is missing: as root, run apt-get install ${missing[*]}"
    root=(sudo)
  fi
  trap put_back EXIT
  if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
  fi
  "${root[@]}" apt-get update -qq
  local packages
  mapfile -t packages < <(pinned)
  say "apt-get install ${packages[*]}"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
}

if [ ${#missing[@]} -eq 0 ]; then
  say "nothing to install"
else
  say "missing here: ${missing[*]}"
  install_with_apt
  say "done"
fi
"$servers" 17
