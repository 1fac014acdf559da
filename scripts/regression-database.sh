#!/usr/bin/env bash
# The hardest schema there is: what PostgreSQL's own regression tests leave behind, planned from nothing and compared.
#
#   scripts/regression-database.sh DIRECTORY      fetches the source package, once, and does everything in DIRECTORY
#
# For by hand, not for CI: it downloads some 25 MB through apt, and takes minutes. Statements of the tests that fail (many are meant to) are passed
# over. What the model does not know is dropped first and counted. Exit code 0: the plan leads there, and pg_dump agrees; 1: something differs; 2: the
# planner stumbles, at the statement that is printed.
set -euo pipefail

major=15
[ $# -eq 1 ] || { sed -n '2,9p' "$0" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
work=$PWD
bin=$(dirname "$(readlink -f "$(command -v postgres)")")
ponte=${PONTE:-ponte}
port=${PORT:-15432}
as_postgres() { if [ "$(id -u)" -eq 0 ]; then su postgres -s /bin/bash -c "$1"; else bash -c "$1"; fi; }

fetch() {
  [ -d regress ] && return
  mkdir -p lists/partial
  printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main\n' > sources.list
  local apt=(apt-get -q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists")
  "${apt[@]}" update
  "${apt[@]}" source --download-only "postgresql-$major"
  tar xjf postgresql-"$major"_*.orig.tar.bz2 --strip-components=3 --wildcards '*/src/test/regress/*'
  chmod -R a+rX regress
}

start() {
  [ -d data ] || {
    install -d -m 700 data
    [ "$(id -u)" -ne 0 ] || chown postgres data
    as_postgres "$bin/initdb --no-sync -A trust -U postgres --locale=C.UTF-8 -D '$work/data'" > initdb.log
  }
  as_postgres "$bin/pg_ctl -w -D '$work/data' -l '$work/data/log' -o \"-F -p $port -c unix_socket_directories='' -c max_locks_per_transaction=1000\" start" > start.log
  trap 'as_postgres "$bin/pg_ctl -m immediate -D '"'$work/data'"' stop" > /dev/null' EXIT
}

fill() {
  createdb -T template0 regression
  psql -qX regression -c "ALTER DATABASE regression SET timezone = 'PST8PDT'" -c "ALTER DATABASE regression SET datestyle = 'Postgres, MDY'" \
    -c "ALTER DATABASE regression SET intervalstyle = 'postgres_verbose'" -c "ALTER DATABASE regression SET lc_messages = 'C'"
  export PG_ABS_SRCDIR=$work/regress PG_ABS_BUILDDIR=$work/regress PG_LIBDIR=$work/regress PG_DLSUFFIX=.so
  mkdir -p out
  local test
  for test in $(sed -n 's/^test://p' regress/parallel_schedule); do
    case $test in tablespace | largeobject | database | subscription | prepared_xacts | stats | vacuum* | compression*) continue ;; esac
    timeout 120 psql -Xaq -d regression -f "regress/sql/$test.sql" > "out/$test" 2>&1 < /dev/null || true
  done
  # Settings of the database are no part of its schema.
  psql -qX regression -c "ALTER DATABASE regression RESET ALL"
}

# What the model counts and does not hold; what needs it goes along.
drop_unknown() {
  psql -qX regression 2> dropped.log << 'SQL'
SELECT format('DROP TYPE IF EXISTS %s CASCADE', t.oid::regtype) FROM pg_type t WHERE t.typtype IN ('b', 'p') AND t.typelem = 0 AND t.oid >= 16384
UNION ALL SELECT format('DROP ACCESS METHOD %I CASCADE', amname) FROM pg_am WHERE oid >= 16384
UNION ALL SELECT format('DROP CONVERSION %I.%I', n.nspname, conname) FROM pg_conversion c JOIN pg_namespace n ON n.oid = connamespace WHERE c.oid >= 16384
UNION ALL SELECT format('DROP OPERATOR CLASS IF EXISTS %I.%I USING %I CASCADE', n.nspname, opcname, amname)
  FROM pg_opclass o JOIN pg_namespace n ON n.oid = opcnamespace JOIN pg_am a ON a.oid = opcmethod WHERE o.oid >= 16384
UNION ALL SELECT format('DROP OPERATOR FAMILY IF EXISTS %I.%I USING %I CASCADE', n.nspname, opfname, amname)
  FROM pg_opfamily o JOIN pg_namespace n ON n.oid = opfnamespace JOIN pg_am a ON a.oid = opfmethod WHERE o.oid >= 16384
UNION ALL SELECT format('DROP TEXT SEARCH PARSER %I.%I CASCADE', n.nspname, prsname) FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = prsnamespace WHERE p.oid >= 16384
UNION ALL SELECT format('DROP TEXT SEARCH TEMPLATE %I.%I CASCADE', n.nspname, tmplname) FROM pg_ts_template p JOIN pg_namespace n ON n.oid = tmplnamespace WHERE p.oid >= 16384
UNION ALL SELECT format('DROP TRANSFORM FOR %s LANGUAGE %I', trftype::regtype, lanname) FROM pg_transform t JOIN pg_language l ON l.oid = trflang
\gexec
SQL
  printf 'dropped because the model does not know it or something that it needs: %s objects\n' "$(grep -c 'drop cascades\|^drop' dropped.log || true)"
}

check() {
  local url=postgresql://postgres@127.0.0.1:$port/regression
  rm -rf project
  mkdir -p project/migrations
  : > project/nothing.sql
  cd project
  local code=0
  "$ponte" migrate diff --from nothing.sql --to "$url" > plan.sql || code=$?
  [ "$code" -le 1 ] || exit 2
  { echo '-- UP operations'; cat plan.sql; } > migrations/001_everything.sql
  "$ponte" -y --database-url "$url" migrate stamp 001
  "$ponte" --database-url "$url" verify --access --paranoid
}

export PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres
fetch
start
[ "$(psql -XAtc "SELECT count(*) FROM pg_database WHERE datname = 'regression'" postgres)" = 1 ] || { fill; drop_unknown; }
check
