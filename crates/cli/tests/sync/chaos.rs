//! Everything is killed at random while both sides write; afterwards both are equal and no acknowledged write is missing.
//!
//! Each writer has rows of its own, whose every acknowledged state it remembers, and rows that it shares with the writers of the
//! other side. `PONTE_CHAOS_SEED` repeats a run's choices, `PONTE_CHAOS_SECONDS` makes it longer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ponte_testkit::TestCluster;
use tokio_postgres::{Client, NoTls};

use crate::support::{Project, Random, end, option, seed, text};

const SCHEMA: &str = "
    CREATE TABLE contas (
      id uuid PRIMARY KEY,
      dono text NOT NULL,
      passo bigint NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE FUNCTION carimbar() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END';
    CREATE TRIGGER carimbo BEFORE UPDATE ON contas FOR EACH ROW EXECUTE FUNCTION carimbar();
    INSERT INTO contas SELECT md5('comum' || g)::uuid, 'comum', 0, '2026-01-01' FROM generate_series(1, 5) g;";

/// How many rows a writer keeps of its own.
const OWN_ROWS: u64 = 40;

/// What a writer knows about one of its rows: the last acknowledged step, `None` after a delete, and those since then whose
/// answer was lost.
#[derive(Debug, Clone, Default)]
struct Known {
    acknowledged: Option<i64>,
    in_doubt: Vec<Option<i64>>,
}

/// AT-142, AT-180: both servers at once, either, the process; `make soak` goes on for as long as it is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_anything_at_any_time_loses_nothing() {
    let seed = seed("PONTE_CHAOS_SEED");
    let seconds = option("PONTE_CHAOS_SECONDS").unwrap_or(30);
    let project = Project::with(SCHEMA, &["contas"], "every = \"continuous\"\nretention = \"0s\"").await;
    project.json(&["sync", "init", "-y"]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = [
        (&project.pair.url_a, "a1"),
        (&project.pair.url_a, "a2"),
        (&project.pair.url_b, "b1"),
        (&project.pair.url_b, "b2"),
    ]
    .into_iter()
    .zip(1..)
    .map(|((url, name), n)| tokio::spawn(write(url.clone(), name, Random(seed ^ n), stop.clone())))
    .collect();
    let faults = disturb(&project, Random(seed), Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut known = Vec::new();
    for writer in writers {
        known.push(writer.await.unwrap());
    }
    settle(&project).await;
    let written: i64 = known.iter().map(|(_, count, _)| *count).sum();
    println!("{written} acknowledged writes, {faults:?}");
    assert!(written > 200, "too few writes to prove anything");
    assert!(
        faults.values().sum::<u32>() >= u32::try_from(seconds / 4).unwrap(),
        "too few faults"
    );
    for (name, _, rows) in &known {
        for client in [project.a().await, project.b().await] {
            check(&client, name, rows, seed).await;
        }
    }
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

/// Passes until nothing is pending, then compares.
async fn settle(project: &Project) {
    for cluster in [&project.pair.a, &project.pair.b] {
        reachable(cluster).await;
    }
    for _ in 0..6 {
        project.json(&["sync", "once"]).await;
    }
    let status = project.json(&["sync", "status"]).await;
    for node in status["links"][0]["nodes"].as_array().unwrap() {
        assert_eq!(node["pending"], 0, "{status}");
    }
    let diff = project.run(&["sync", "diff"]).await;
    assert!(
        diff.status.success(),
        "{}{}",
        text(&diff.stdout),
        text(&diff.stderr)
    );
}

async fn reachable(cluster: &TestCluster) {
    let client = cluster.superuser("app").await;
    client.batch_execute("SELECT 1").await.unwrap();
}

async fn reconnect(url: &str) -> Option<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.ok()?;
    tokio::spawn(connection);
    Some(client)
}

/// Writes until told to stop; answers what was acknowledged.
async fn write(
    url: String,
    name: &'static str,
    mut random: Random,
    stop: Arc<AtomicBool>,
) -> (&'static str, i64, BTreeMap<u64, Known>) {
    let mut rows: BTreeMap<u64, Known> = BTreeMap::new();
    let mut client = None;
    let mut count = 0_i64;
    let mut step = 0_i64;
    while !stop.load(Ordering::Relaxed) {
        let Some(open) = client.take() else {
            client = reconnect(&url).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        step += 1;
        let row = random.below(OWN_ROWS);
        let entry = rows.entry(row).or_default();
        let remove = entry.in_doubt.is_empty() && entry.acknowledged.is_some() && random.below(5) == 0;
        let next = (!remove).then_some(step);
        entry.in_doubt.push(next);
        if one_write(&open, name, row, next, random.below(5)).await {
            *entry = Known {
                acknowledged: next,
                in_doubt: Vec::new(),
            };
            count += 1;
            client = Some(open);
        }
        tokio::time::sleep(Duration::from_millis(random.below(8))).await;
    }
    (name, count, rows)
}

/// One transaction over a row of the writer's own and a shared one.
async fn one_write(client: &Client, name: &str, row: u64, next: Option<i64>, shared: u64) -> bool {
    let own = format!("md5('{name}{row}')::uuid");
    let mine = match next {
        Some(step) => format!(
            "INSERT INTO contas (id, dono, passo) VALUES ({own}, '{name}', {step}) ON CONFLICT (id) DO UPDATE SET passo = excluded.passo"
        ),
        None => format!("DELETE FROM contas WHERE id = {own}"),
    };
    let common = format!(
        "UPDATE contas SET passo = passo + 1 WHERE id = md5('comum{}')::uuid",
        shared + 1
    );
    client
        .batch_execute(&format!("BEGIN; {mine}; {common}; COMMIT"))
        .await
        .is_ok()
}

async fn check(client: &Client, name: &str, rows: &BTreeMap<u64, Known>, seed: u64) {
    for (row, known) in rows {
        let found: Option<i64> = client
            .query_opt(
                &format!("SELECT passo FROM contas WHERE id = md5('{name}{row}')::uuid"),
                &[],
            )
            .await
            .unwrap()
            .map(|r| r.get(0));
        let explained = found == known.acknowledged || known.in_doubt.contains(&found);
        assert!(
            explained,
            "seed {seed}: row {row} of {name} is {found:?}, but {known:?} was acknowledged"
        );
    }
}
