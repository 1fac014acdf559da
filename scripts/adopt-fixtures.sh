#!/usr/bin/env bash
# Makes the databases anew that other migration tools leave behind, for the tests of `ponte migrate adopt`. Each tool applies a project
# of ours (crates/cli/tests/adopt/TOOL/) to a real server, and what is in the database then is kept beside it as SQL.
#
#   scripts/adopt-fixtures.sh postgresql://ROLE@HOST:PORT [TOOL]...     all tools below, or the named ones
#
# The role has to be allowed to create databases. The tools are installed below a temporary directory from their usual registries, at
# the releases named here; KEEP=DIR keeps them there for the next time. Rails is the system's package (Debian: ruby-activerecord, ruby-railties, ruby-pg).
# Flyway, goose and golang-migrate are not in those registries: their directories are written by hand, after what the tools document.
set -euo pipefail

alembic_release=1.20.1 dbmate_release=2.36.0 sqlx_release=0.9.0 refinery_release=0.10.0
prisma_release=6.19.0 prisma_adapter_release=7.10.1 rails_release=6.1

server=${1:?usage: scripts/adopt-fixtures.sh postgresql://ROLE@HOST:PORT [TOOL]...}
shift
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/crates/cli/tests/adopt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tools=${KEEP:-$work/tools}
mkdir -p "$tools"

# fresh NAME: an empty database of that name.
fresh() {
  psql -q "$server/postgres" -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1"
}

# keep TOOL RELEASE DATABASE [FILE]: the database as SQL that any client can run.
keep() {
  {
    echo "-- What $1 $2 left in a database; made by scripts/adopt-fixtures.sh."
    pg_dump --no-owner --no-privileges --inserts "$server/$3" | sed -e '/^\\/d' -e '/^--/d' \
      -e '/^SET \(default\|check_function_bodies\)/!{/^SET /d}' -e '/set_config/d' -e '/^$/d'
  } >"$out/$1/${4:-database}.sql"
}

# from_cargo NAME RELEASE FEATURES PROGRAM: compiles a program once.
from_cargo() {
  [ -x "$tools/bin/$4" ] || cargo install --quiet --locked --debug --root "$tools" --no-default-features --features "$3" "$1@$2"
}

# alembic_project DIR DATABASE [env.py's further settings]
alembic_project() {
  [ -x "$tools/venv/bin/alembic" ] || {
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install --quiet "alembic==$alembic_release" 'psycopg[binary]'
  }
  mkdir -p "$1" && cd "$1"
  "$tools/venv/bin/alembic" init alembic >/dev/null
  local url
  url=$(printf '%s' "$server" | sed 's/^postgres[a-z]*:/postgresql+psycopg:/')
  sed -i "s#^sqlalchemy.url.*#sqlalchemy.url = $url/$2#" alembic.ini
  sed -i "s#target_metadata=target_metadata#target_metadata=target_metadata${3:-}#" alembic/env.py
  cp "$out/alembic/versions/"*.py alembic/versions/
}

alembic() {
  alembic_project "$work/alembic" adopt_alembic
  fresh adopt_alembic
  "$tools/venv/bin/alembic" upgrade ddd444
  mkdir -p "$out/alembic/project"
  "$tools/venv/bin/alembic" upgrade head --sql >"$out/alembic/project/upgrade.sql"
  "$tools/venv/bin/alembic" downgrade eee555:base --sql >"$out/alembic/project/downgrade.sql"
  keep alembic "$alembic_release" adopt_alembic
}

# Two heads that are not merged, a table of another name in a schema of its own, a transaction per migration.
alembic-schema() {
  alembic_project "$work/alembic-schema" adopt_alembic_schema ', version_table="revision", version_table_schema="meta", transaction_per_migration=True'
  fresh adopt_alembic_schema
  psql -q "$server/adopt_alembic_schema" -c 'CREATE SCHEMA meta'
  "$tools/venv/bin/alembic" upgrade bbb222
  "$tools/venv/bin/alembic" upgrade ccc333
  mkdir -p "$out/alembic-schema/project"
  "$tools/venv/bin/alembic" upgrade head --sql >"$out/alembic-schema/project/upgrade.sql"
  "$tools/venv/bin/alembic" downgrade eee555:base --sql >"$out/alembic-schema/project/downgrade.sql"
  keep alembic-schema "$alembic_release" adopt_alembic_schema
}

dbmate() {
  [ -d "$tools/dbmate" ] || npm install --silent --prefix "$tools/dbmate" "dbmate@$dbmate_release"
  fresh adopt_dbmate
  mkdir -p "$work/dbmate"
  cp "$out/dbmate/project/db/migrations/"2024010[12]*.sql "$work/dbmate/"
  "$tools/dbmate/node_modules/.bin/dbmate" --url "$server/adopt_dbmate?sslmode=disable" -d "$work/dbmate" --no-dump-schema up
  keep dbmate "$dbmate_release" adopt_dbmate
}

# The schema is the first of the connection's search path, as dbmate's documentation has it.
dbmate-schema() {
  [ -d "$tools/dbmate" ] || npm install --silent --prefix "$tools/dbmate" "dbmate@$dbmate_release"
  fresh adopt_dbmate_schema
  mkdir -p "$work/dbmate-schema"
  cp "$out/dbmate-schema/project/db/migrations/"2024010[12]*.sql "$work/dbmate-schema/"
  "$tools/dbmate/node_modules/.bin/dbmate" --url "$server/adopt_dbmate_schema?sslmode=disable&search_path=home,public" \
    -d "$work/dbmate-schema" --no-dump-schema up
  keep dbmate-schema "$dbmate_release" adopt_dbmate_schema
}

sqlx() {
  from_cargo sqlx-cli "$sqlx_release" postgres,rustls sqlx
  fresh adopt_sqlx
  DATABASE_URL=$server/adopt_sqlx "$tools/bin/sqlx" migrate run --source "$out/sqlx/project/migrations" --target-version 20240102130000
  keep sqlx "$sqlx_release" adopt_sqlx
}

refinery() {
  from_cargo refinery_cli "$refinery_release" postgresql refinery
  fresh adopt_refinery
  ADOPT=$server/adopt_refinery "$tools/bin/refinery" migrate -e ADOPT -p "$out/refinery/project/src" -t 3
  keep refinery "$refinery_release" adopt_refinery
}

# Prisma's engines are programs that its registry does not hold; the one for migrations is in the package as WebAssembly too, and is used
# with a driver of its own. The file that stands for the programs is never run.
prisma_project() {
  [ -d "$tools/prisma" ] || {
    mkdir -p "$tools/prisma"
    echo '{"private": true}' >"$tools/prisma/package.json"
    npm install --silent --legacy-peer-deps --prefix "$tools/prisma" "prisma@$prisma_release" "@prisma/adapter-pg@$prisma_adapter_release"
    touch "$tools/prisma/none"
  }
  cd "$tools/prisma"
  rm -rf prisma
  cp -r "$out/prisma/project/prisma" .
  cp "$out/prisma/source/prisma.config.ts" .
}

prisma() {
  prisma_project
  export PRISMA_QUERY_ENGINE_LIBRARY=$tools/prisma/none PRISMA_SCHEMA_ENGINE_BINARY=$tools/prisma/none
  export DATABASE_URL=$server/adopt_prisma
  local later=prisma/migrations/20240103000000_nick
  fresh adopt_prisma
  echo 'ALTER TABLE "Users" ADD COLUMN "nick" TEXT;' >$later/migration.sql
  npx prisma migrate deploy || echo 'failed, as it should'
  keep prisma "$prisma_release" adopt_prisma failed
  npx prisma migrate resolve --rolled-back 20240103000000_nick
  keep prisma "$prisma_release" adopt_prisma
}

# Everything in a schema of its own. Prisma makes it; its own engine also sets the search path to it, here the connection does.
prisma-schema() {
  prisma_project
  export PRISMA_QUERY_ENGINE_LIBRARY=$tools/prisma/none PRISMA_SCHEMA_ENGINE_BINARY=$tools/prisma/none
  export DATABASE_URL=$server/adopt_prisma_schema?options=-csearch_path%3Dhome PRISMA_SCHEMA=home
  rm -r prisma/migrations/20240103000000_nick
  fresh adopt_prisma_schema
  npx prisma migrate deploy
  mkdir -p "$out/prisma-schema"
  keep prisma-schema "$prisma_release" adopt_prisma_schema
}

rails() {
  fresh adopt_rails
  cp -r "$out/rails/source" "$work/rails"
  cd "$work/rails"
  DATABASE_URL=$server/adopt_rails rake db:migrate
  mkdir -p "$out/rails/project/db"
  sed -e '/^\\/d' -e '/^-- Dumped/d' db/structure.sql >"$out/rails/project/db/structure.sql"
  keep rails "$rails_release" adopt_rails
}

[ $# -gt 0 ] || set -- alembic alembic-schema dbmate dbmate-schema sqlx refinery prisma prisma-schema rails
for tool in "$@"; do
  (case $tool in
    alembic | alembic-schema | dbmate | dbmate-schema | sqlx | refinery | prisma | prisma-schema | rails) mkdir -p "$out/$tool" && "$tool" ;;
    *) echo "adopt-fixtures: no such tool: $tool" >&2 && exit 2 ;;
  esac)
done
