//! Everything is killed at random while both sides write; afterwards both are equal but for what the quarantine lists, and every
//! acknowledged write can be accounted for.
//!
//! Each writer has rows of its own, and shares others with the writers of the other side: rows that everybody updates, people who take each
//! other's unique addresses, children whose parents are deleted where somebody else adds to them. `PONTE_CHAOS_SEED` repeats a run's
//! choices, `PONTE_CHAOS_SECONDS` makes it longer, `PONTE_CHAOS_REPLICA=1` applies rows in replica mode, where no server checks foreign keys.

mod ledger;
mod writers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ponte_testkit::TestCluster;
use tokio_postgres::Client;

use crate::support::{Project, Random, end, number, option, seed, text};
use ledger::{Evidence, Write, check_own_rows};
use writers::{SHARED_ROWS, Writer, account};

const TABLES: &[&str] = &["contas", "pessoas", "pedidos", "itens"];

const SCHEMA: &str = "
    CREATE TABLE contas (id uuid PRIMARY KEY, marca text NOT NULL, dono text NOT NULL, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE pessoas (id int PRIMARY KEY, marca text NOT NULL, email text UNIQUE, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE pedidos (id int PRIMARY KEY, marca text NOT NULL, dono text NOT NULL, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE itens (id int PRIMARY KEY, marca text NOT NULL, pedido int NOT NULL REFERENCES pedidos,
                        updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE INDEX ON itens (pedido);
    CREATE FUNCTION carimbar() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END';
    CREATE TRIGGER carimbo BEFORE UPDATE ON contas FOR EACH ROW EXECUTE FUNCTION carimbar();
    CREATE TRIGGER carimbo BEFORE UPDATE ON pessoas FOR EACH ROW EXECUTE FUNCTION carimbar();
    CREATE TRIGGER carimbo BEFORE UPDATE ON pedidos FOR EACH ROW EXECUTE FUNCTION carimbar();
    CREATE TRIGGER carimbo BEFORE UPDATE ON itens FOR EACH ROW EXECUTE FUNCTION carimbar();";

/// AT-068, AT-142, AT-148, AT-180: both servers at once, either, the process; `make soak` goes on for as long as it is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_anything_at_any_time_loses_nothing() {
    let seed = seed("PONTE_CHAOS_SEED");
    let seconds = option("PONTE_CHAOS_SECONDS").unwrap_or(30);
    let project = prepared().await;
    let stop = Arc::new(AtomicBool::new(false));
    let (a, b) = (&project.pair.url_a, &project.pair.url_b);
    let running: Vec<_> = [(a, "a1"), (a, "a2"), (b, "b1"), (b, "b2")]
        .into_iter()
        .zip(1..)
        .map(|((url, name), owner)| {
            let writer = Writer::new(name, owner, seed);
            tokio::spawn(writer.run(url.clone(), owner, stop.clone()))
        })
        .collect();
    let faults = disturb(&project, Random(seed), Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut writers = Vec::new();
    for writer in running {
        writers.push(writer.await.unwrap());
    }
    settle(&project).await;
    let written: usize = writers.iter().map(|w| acknowledged(&w.writes)).sum();
    println!("{written} acknowledged writes, {faults:?}");
    assert!(written > 200, "too few writes to prove anything");
    assert!(
        faults.values().sum::<u32>() >= u32::try_from(seconds / 4).unwrap(),
        "too few faults"
    );
    let (a, b) = (project.a().await, project.b().await);
    for writer in &writers {
        for client in [&a, &b] {
            check_own_rows(client, &writer.prefix, &writer.writes, seed).await;
        }
    }
    account_for_everything([&a, &b], writers, seed).await;
    mend(&project, [&a, &b], seed).await;
}

/// A link over all tables, and the rows that everybody shares.
async fn prepared() -> Project {
    let project = Project::with(SCHEMA, TABLES, "").await;
    let mut rules = "every = \"continuous\"\nretention = \"0s\"";
    if option("PONTE_CHAOS_REPLICA") == Some(1) {
        rules = "every = \"continuous\"\nretention = \"0s\"\napply = \"replica\"";
        for cluster in [&project.pair.a, &project.pair.b] {
            cluster.sql("app", "ALTER ROLE dono SUPERUSER").await;
        }
    }
    project.configure(TABLES, rules);
    let client = project.a().await;
    for row in 0..SHARED_ROWS {
        let sql = "INSERT INTO contas VALUES ($1::text::uuid, 'inicio', 'comum', '2026-01-01 UTC')";
        client.execute(sql, &[&account(0, row)]).await.unwrap();
    }
    project.json(&["sync", "init", "-y"]).await;
    project
}

fn acknowledged(writes: &[Write]) -> usize {
    writes.iter().filter(|w| w.acknowledged).count()
}

/// Equal but for what is listed, nothing lost, no child without its parent.
async fn account_for_everything(clients: [&Client; 2], writers: Vec<Writer>, seed: u64) {
    let evidence = Evidence::gather(clients, TABLES).await;
    let differences = evidence.unlisted_differences();
    assert!(
        differences.is_empty(),
        "seed {seed}: these differ and no quarantine lists them: {differences:?}"
    );
    let writes: Vec<Write> = writers.into_iter().flat_map(|w| w.writes).collect();
    let lost = evidence.unaccounted(&writes);
    assert!(
        lost.is_empty(),
        "seed {seed}: {} writes left no trace: {lost:#?}",
        lost.len()
    );
    // Had the images not been kept, it would have shown.
    let saved = evidence.without_images().unaccounted(&writes).len();
    println!("{saved} writes are known by their images alone");
    assert!(saved > 0, "too few conflicts to prove anything");
    for client in clients {
        let orphans =
            "SELECT count(*) FROM itens i WHERE NOT EXISTS (SELECT FROM pedidos p WHERE p.id = i.pedido)";
        assert_eq!(number(client, orphans).await, 0, "seed {seed}: orphans");
    }
}

/// Gives every refused person an address of its own, where it comes from; then nothing may be refused any more.
async fn mend(project: &Project, clients: [&Client; 2], seed: u64) {
    let refused = "SELECT key_values[1] FROM ponte.quarantine WHERE table_name = 'pessoas'";
    let mut mended = 0;
    for (refusing, source) in [(clients[0], clients[1]), (clients[1], clients[0])] {
        for row in refusing.query(refused, &[]).await.unwrap() {
            let id: String = row.get(0);
            let own = "UPDATE pessoas SET email = 'emendado' || id WHERE id = $1::text::int";
            mended += source.execute(own, &[&id]).await.unwrap();
        }
    }
    let due = project.json(&["sync", "quarantine", "retry", "--all"]).await;
    for _ in 0..4 {
        once(project).await;
    }
    println!("{mended} people mended, {due}");
    for client in clients {
        let left = "SELECT count(*) FROM ponte.quarantine";
        assert_eq!(
            number(client, left).await,
            0,
            "seed {seed}: still refused after mending"
        );
    }
    let diff = project.run(&["sync", "diff"]).await;
    assert!(
        diff.status.success(),
        "seed {seed}: {}{}",
        text(&diff.stdout),
        text(&diff.stderr)
    );
}

/// Kills and restarts at random; leaves everything running but the process.
async fn disturb(project: &Project, mut random: Random, length: Duration) -> BTreeMap<&'static str, u32> {
    let mut faults = BTreeMap::new();
    let started = Instant::now();
    let mut child = project.start();
    while started.elapsed() < length {
        tokio::time::sleep(Duration::from_millis(200 + random.below(1_500))).await;
        let server = if random.below(2) == 0 {
            &project.pair.a
        } else {
            &project.pair.b
        };
        let fault = match random.below(6) {
            0..=2 => {
                end(&mut child);
                child = project.start();
                "process killed"
            }
            3 => {
                server.kill().await;
                server.restart().await;
                "server killed"
            }
            4 => {
                server.stop_immediate().await;
                tokio::time::sleep(Duration::from_millis(random.below(800))).await;
                server.restart().await;
                "server stopped at once"
            }
            _ => {
                end(&mut child);
                server.kill().await;
                child = project.start();
                server.restart().await;
                "both killed"
            }
        };
        *faults.entry(fault).or_insert(0) += 1;
    }
    end(&mut child);
    faults
}

/// Passes until nothing moves any more.
async fn settle(project: &Project) {
    for cluster in [&project.pair.a, &project.pair.b] {
        reachable(cluster).await;
    }
    for _ in 0..6 {
        once(project).await;
    }
}

/// A pass that may set rows aside.
async fn once(project: &Project) {
    let output = project.run(&["sync", "once"]).await;
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

async fn reachable(cluster: &TestCluster) {
    let client = cluster.superuser("app").await;
    client.batch_execute("SELECT 1").await.unwrap();
}
