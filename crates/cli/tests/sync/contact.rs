//! A first contact that is killed over and over.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ponte_testkit::eventually;
use tokio_postgres::Client;

use crate::support::{PERFIS, Project, number, text};

const NOTA: &str = "CREATE TABLE nota (chave text PRIMARY KEY, valor int, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());";

/// Random numbers from a seed that a failing test prints.
struct Random(u64);

impl Random {
    fn seeded() -> Self {
        let seed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos();
        Self(u64::from(seed) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The chunks that are done, and when they were.
async fn finished(client: &Client) -> BTreeMap<(String, i32), String> {
    let sql = "SELECT table_name, chunk, copied_at::text FROM ponte.copy_chunk WHERE copied_at IS NOT NULL";
    let rows = client.query(sql, &[]).await.unwrap_or_default();
    rows.iter().map(|r| ((r.get(0), r.get(1)), r.get(2))).collect()
}

const ROWS_OF_A: &str = "INSERT INTO perfis (nome) SELECT repeat('x', 500) FROM generate_series(1, 40000);
    INSERT INTO nota SELECT 'k' || g, g, '2024-01-01 UTC' FROM generate_series(1, 6000) g";
const ROWS_OF_B: &str =
    "INSERT INTO nota SELECT 'k' || g, -g, '2024-01-02 UTC' FROM generate_series(3001, 9000) g";

/// Starts `init` and kills it at a random moment after so many chunks are done.
async fn init_and_kill(project: &Project, b: &Client, chunks: usize, moment: Duration) {
    let arguments = [
        "-y",
        "-q",
        "sync",
        "init",
        "--chunk-rows",
        "500",
        "--connections",
        "2",
    ];
    let mut command = project.command(&arguments);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually(Duration::from_secs(60), "some chunks to be done", async || {
        (finished(b).await.len() >= chunks).then_some(())
    })
    .await;
    tokio::time::sleep(moment).await;
    child.kill().unwrap();
    assert!(
        !child.wait().unwrap().success(),
        "it came to its end; it needs more rows"
    );
    // What the dead process was doing may still be committed or rolled back by its server.
    let alive = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ponte sync%'";
    eventually(
        Duration::from_secs(20),
        "the sessions of the dead to end",
        async || (number(b, alive).await == 0).then_some(()),
    )
    .await;
}

/// AT-125: killed ten times at random moments while both sides are written to, a first contact goes on each time where it was, copies
/// no finished chunk again, and ends with equal sides.
#[tokio::test]
async fn an_init_that_is_killed_again_and_again_goes_on_where_it_was() {
    let project = Project::with(&format!("{PERFIS}{NOTA}"), &["perfis", "nota"], "").await;
    let (a, b) = (project.a().await, project.b().await);
    a.batch_execute(ROWS_OF_A).await.unwrap();
    b.batch_execute(ROWS_OF_B).await.unwrap();
    let mut random = Random::seeded();
    println!("seed {}", random.0);
    let mut known = BTreeMap::new();
    for round in 0..10 {
        let chunks = known.len() + usize::try_from(random.below(7)).unwrap();
        let moment = Duration::from_micros(random.below(30_000));
        init_and_kill(&project, &b, chunks, moment).await;
        a.batch_execute(&format!("UPDATE perfis SET nome = 'r{round}' WHERE id % 1000 = {round}; DELETE FROM perfis WHERE id % 1000 = 500 + {round}"))
            .await
            .unwrap();
        b.batch_execute(&format!(
            "INSERT INTO nota VALUES ('r{round}', 0); DELETE FROM nota WHERE chave = 'k{}'",
            8000 + round
        ))
        .await
        .unwrap();
        let now = finished(&b).await;
        for (chunk, at) in &known {
            assert_eq!(now.get(chunk), Some(at), "{chunk:?} was copied again");
        }
        known = now;
    }
    let status = project.json(&["sync", "status"]).await;
    assert_eq!(status["links"][0]["state"], "first_contact");
    assert_eq!(
        status["links"][0]["nodes"][1]["first_contact"]["chunks_done"],
        known.len()
    );
    let report = project.json(&["-y", "sync", "init", "--connections", "2"]).await;
    let line = &report["links"][0];
    assert_eq!(line["chunks_before"], known.len());
    let all = finished(&b).await;
    assert_eq!(line["chunks"], all.len() - known.len());
    assert!(known.iter().all(|(chunk, at)| all[chunk] == *at));
    project.json(&["sync", "once"]).await;
    let diff = project.run(&["sync", "diff"]).await;
    assert!(diff.status.success(), "{}", text(&diff.stdout));
    assert_eq!(number(&b, "SELECT count(*) FROM perfis").await, 40_000 - 400);
    assert_eq!(number(&a, "SELECT count(*) FROM nota").await, 9_000);
}
