#!/bin/sh
# Makes the databases anew that Alembic and dbmate leave behind, for the tests of `ponte migrate adopt`:
#   crates/cli/tests/adopt/{alembic,dbmate}. The tools are installed below a temporary directory, from their usual registries.
#
#   scripts/adopt-fixtures.sh postgresql://ROLE@HOST:PORT    a server on which that role may create databases
#
# The other tools' directories there are written by hand, after the layouts that those tools document.
set -eu

server=${1:?usage: scripts/adopt-fixtures.sh postgresql://ROLE@HOST:PORT}
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/crates/cli/tests/adopt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fresh NAME: an empty database of that name.
fresh() {
  psql -q "$server/postgres" -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1"
}

# keep TOOL DATABASE: the database as SQL that any client can run.
keep() {
  {
    echo "-- What $1 left in a database; made by scripts/adopt-fixtures.sh."
    pg_dump --no-owner --no-privileges --inserts "$server/$2" | sed -e '/^\\/d' -e '/^--/d' -e '/^SET /d' \
      -e '/set_config/d' -e '/^$/d'
  } >"$out/$1/database.sql"
}

alembic() {
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet alembic 'psycopg[binary]'
  project=$work/alembic
  mkdir -p "$project"
  cd "$project"
  "$work/venv/bin/alembic" init alembic >/dev/null
  url=$(printf '%s' "$server" | sed 's/^postgres[a-z]*:/postgresql+psycopg:/')
  sed -i "s#^sqlalchemy.url.*#sqlalchemy.url = $url/adopt_alembic#" alembic.ini
  cp "$out/alembic/versions/"*.py alembic/versions/
  fresh adopt_alembic
  "$work/venv/bin/alembic" upgrade ddd444
  mkdir -p "$out/alembic/project"
  "$work/venv/bin/alembic" upgrade head --sql >"$out/alembic/project/upgrade.sql"
  "$work/venv/bin/alembic" downgrade eee555:base --sql >"$out/alembic/project/downgrade.sql"
  keep alembic adopt_alembic
}

dbmate() {
  npm install --silent --prefix "$work/npm" dbmate
  fresh adopt_dbmate
  mkdir -p "$work/dbmate/db/migrations"
  cd "$work/dbmate"
  cp "$out/dbmate/project/db/migrations/"20240101*.sql "$out/dbmate/project/db/migrations/"20240102*.sql db/migrations/
  "$work/npm/node_modules/.bin/dbmate" --url "$server/adopt_dbmate?sslmode=disable" --no-dump-schema up
  keep dbmate adopt_dbmate
}

alembic
dbmate
