//! The limit: what two servers do at best when somebody moves the same rows by hand.
//!
//! `psql` on one side piped into `psql` on the other, COPY in its binary form, into an unlogged table without indexes, then one
//! statement. It captures nothing, compares nothing, resolves nothing and is over when it fails. It works on a table of its own
//! with the same rows, indexes and history, so neither way finds its work half done.

use std::process::Stdio;
use std::time::{Duration, Instant};

use ponte_testkit::{Pair, TestCluster};
use tokio::process::Command;
use tokio_postgres::Client;

use crate::Result;
use crate::arena::{LARGE, OWNER};
use crate::workload::{Change, Keys};

/// The table that rows are moved into by hand.
pub(crate) const RAW_TABLE: &str = "
    DROP TABLE IF EXISTS perfis_raw;
    CREATE TABLE perfis_raw (LIKE perfis INCLUDING IDENTITY);
    ALTER TABLE perfis_raw ADD PRIMARY KEY (id);
    CREATE UNIQUE INDEX ON perfis_raw (email);
    CREATE INDEX ON perfis_raw (updated_at)";

const ROW_STAGE: &str = "DROP TABLE IF EXISTS stage; CREATE UNLOGGED TABLE stage (LIKE perfis)";
const KEY_STAGE: &str = "DROP TABLE IF EXISTS stage; CREATE UNLOGGED TABLE stage (id bigint)";

const UPSERT: &str = "
    INSERT INTO perfis_raw SELECT * FROM stage
    ON CONFLICT (id) DO UPDATE SET nome = excluded.nome, email = excluded.email, telefone = excluded.telefone, bio = excluded.bio,
      ativo = excluded.ativo, saldo = excluded.saldo, meta = excluded.meta, created_at = excluded.created_at,
      updated_at = excluded.updated_at";
const DELETE: &str = "DELETE FROM perfis_raw r USING stage s WHERE r.id = s.id";

/// All rows of A into the empty table at B, with its indexes.
pub(crate) async fn copy_all(pair: &Pair) -> Result<Duration> {
    let started = Instant::now();
    pipe(pair, "SELECT * FROM perfis", "perfis_raw").await?;
    Ok(started.elapsed())
}

/// The rows that were changed, moved by hand.
pub(crate) async fn carry(pair: &Pair, b: &Client, change: Change, keys: Keys) -> Result<Duration> {
    let Keys { first, step, .. } = keys;
    let last = keys.last();
    let (stage, rows, write) = match change {
        Change::Insert => (
            ROW_STAGE,
            format!("SELECT * FROM perfis WHERE id BETWEEN {first} AND {last}"),
            UPSERT,
        ),
        Change::Update => (
            ROW_STAGE,
            format!(
                "SELECT p.* FROM perfis p JOIN generate_series({first}::bigint, {last}, {step}) n ON p.id = n"
            ),
            UPSERT,
        ),
        Change::Delete => (
            KEY_STAGE,
            format!("SELECT generate_series({first}::bigint, {last})"),
            DELETE,
        ),
    };
    b.batch_execute(stage).await?;
    let started = Instant::now();
    pipe(pair, &rows, "stage").await?;
    b.batch_execute("ANALYZE stage").await?;
    let written = b.execute(write, &[]).await?;
    let taken = started.elapsed();
    if i64::try_from(written)? != keys.count {
        return Err(format!("by hand, {written} rows were written and not {}", keys.count).into());
    }
    Ok(taken)
}

async fn pipe(pair: &Pair, rows: &str, into: &str) -> Result<()> {
    let mut reader = psql(&pair.a, &format!("COPY ({rows}) TO STDOUT (FORMAT binary)"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot run psql: {e}"))?;
    let rows: Stdio = reader.stdout.take().ok_or("psql has no output")?.try_into()?;
    let mut writer = psql(&pair.b, &format!("COPY {into} FROM STDIN (FORMAT binary)"))
        .stdin(rows)
        .spawn()?;
    let (written, read) = tokio::try_join!(writer.wait(), reader.wait())?;
    if written.success() && read.success() {
        Ok(())
    } else {
        Err("psql | psql failed".into())
    }
}

/// A client program, the one beside the server's if it is there, as the owner of the large database.
pub(crate) fn client_program(cluster: &TestCluster, name: &str) -> Command {
    let beside = ponte_testkit::binaries().directory().join(name);
    let mut command = if beside.exists() {
        Command::new(beside)
    } else {
        Command::new(name)
    };
    command
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", cluster.port().to_string())
        .env("PGUSER", OWNER)
        .env("PGPASSWORD", cluster.cluster().password())
        .env("PGDATABASE", LARGE);
    command
}

fn psql(cluster: &TestCluster, statement: &str) -> Command {
    let mut command = client_program(cluster, "psql");
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]);
    command
}
