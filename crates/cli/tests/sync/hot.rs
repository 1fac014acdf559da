//! Many writers on few rows, on both sides, in transactions that lock in any order: deadlocks are part of the game, and the
//! sync is one more player. In the end both sides are equal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::support::{PERFIS, Project, Random, end, number, option, seed, text};

/// How many rows everybody fights over.
const ROWS: u64 = 6;

/// Invariants 1 and 4 under contention.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_fight_over_a_few_rows_on_both_sides_end_equal() {
    let seed = seed("PONTE_HOT_SEED");
    let seconds = option("PONTE_HOT_SECONDS").unwrap_or(6);
    let project = Project::with(PERFIS, &["perfis"], "every = \"continuous\"").await;
    let rows = format!("INSERT INTO perfis (id, nome) SELECT g, 'quente' FROM generate_series(1, {ROWS}) g");
    project.a().await.batch_execute(&rows).await.unwrap();
    project.json(&["sync", "init", "-y"]).await;
    let mut child = project.start();
    let stop = Arc::new(AtomicBool::new(false));
    let urls = [&project.pair.url_a, &project.pair.url_b];
    let writers: Vec<_> = (0..6_u64)
        .zip(urls.into_iter().cycle())
        .map(|(n, url)| tokio::spawn(fight(url.clone(), Random(seed ^ n), stop.clone())))
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let (mut written, mut deadlocks) = (0, 0);
    for writer in writers {
        let (done, lost) = writer.await.unwrap();
        written += done;
        deadlocks += lost;
    }
    end(&mut child);
    for _ in 0..4 {
        project.json(&["sync", "once"]).await;
    }
    let conflicts = number(&project.b().await, "SELECT count(*) FROM ponte.conflict").await;
    println!("{written} transactions, {deadlocks} deadlocks among writers, {conflicts} conflicts found on b");
    assert!(
        written > 100 && conflicts > 0,
        "too little happened to prove anything"
    );
    let diff = project.run(&["sync", "diff"]).await;
    assert!(
        diff.status.success(),
        "{}{}",
        text(&diff.stdout),
        text(&diff.stderr)
    );
}

/// Updates, deletes and inserts of several hot rows in each transaction; answers how many were committed and how many were
/// chosen as the victim of a deadlock.
async fn fight(url: String, mut random: Random, stop: Arc<AtomicBool>) -> (u64, u64) {
    let client = ponte_testkit::connect(&url).await;
    let (mut written, mut deadlocks) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let mut script = String::from("BEGIN; ");
        for _ in 0..=random.below(4) {
            let id = 1 + random.below(ROWS);
            match random.below(8) {
                0 => script.push_str(&format!("DELETE FROM perfis WHERE id = {id}; ")),
                1 => script.push_str(&format!(
                    "INSERT INTO perfis (id, nome) VALUES ({id}, 'quente') ON CONFLICT (id) DO NOTHING; "
                )),
                _ => script.push_str(&format!("UPDATE perfis SET saldo = saldo + 1 WHERE id = {id}; ")),
            }
        }
        script.push_str("COMMIT");
        match client.batch_execute(&script).await {
            Ok(()) => written += 1,
            Err(error) => {
                assert_eq!(error.code(), Some(&SqlState::T_R_DEADLOCK_DETECTED), "{error:?}");
                deadlocks += 1;
                client.batch_execute("ROLLBACK").await.unwrap();
            }
        }
    }
    (written, deadlocks)
}
