//! Money moves between the rows of two tables on one side; the other side is asked for the total again and again, while the
//! process is killed and the batches are large and small. Every answer has to be right, not only the last one.
//!
//! `PONTE_BANK_SECONDS` makes it longer, `PONTE_BANK_SEED` repeats a run's choices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ponte_testkit::eventually;
use tokio_postgres::Client;

use crate::support::{Project, Random, end, number, option, seed};

const SCHEMA: &str = "
    CREATE TABLE contas (id int PRIMARY KEY, saldo bigint NOT NULL, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE cofres (id int PRIMARY KEY, saldo bigint NOT NULL);";

const MONEY: &str = "
    INSERT INTO contas SELECT g, 1000 FROM generate_series(1, 200) g;
    INSERT INTO cofres SELECT g, 1000 FROM generate_series(1, 200) g;";

const TOTAL: &str = "SELECT ((SELECT coalesce(sum(saldo), 0) FROM contas) + (SELECT coalesce(sum(saldo), 0) FROM cofres))::bigint";

/// So many different states have to be seen, or a run proves nothing.
const STATES_MIN: u64 = 40;

/// How long batches may take to arrive after a start.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the observer and the others tell each other.
#[derive(Debug, Default)]
struct Watch {
    stop: AtomicBool,
    answers: AtomicU64,
    states: AtomicU64,
}

impl Watch {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn states(&self) -> u64 {
        self.states.load(Ordering::Relaxed)
    }
}

/// Invariant 6: a batch leads from one committed state of the source to a later one, all tables together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_total_is_right_at_every_instant_on_the_side_that_only_receives() {
    let seed = seed("PONTE_BANK_SEED");
    let length = Duration::from_secs(option("PONTE_BANK_SECONDS").unwrap_or(10));
    let project = Project::with(SCHEMA, &["contas", "cofres"], "every = \"continuous\"").await;
    let a = project.a().await;
    a.batch_execute(MONEY).await.unwrap();
    let total = number(&a, TOTAL).await;
    project.json(&["sync", "init", "-y"]).await;
    let watch = Arc::new(Watch::default());
    let observer = tokio::spawn(observe(project.b().await, total, watch.clone()));
    let tellers: Vec<_> = (1..=3)
        .map(|n| {
            tokio::spawn(move_money(
                project.pair.url_a.clone(),
                Random(seed ^ n),
                watch.clone(),
            ))
        })
        .collect();
    let kills = kill_again_and_again(&project, Random(seed), length, &watch).await;
    watch.stop.store(true, Ordering::Relaxed);
    let mut moved = 0;
    for teller in tellers {
        moved += teller.await.unwrap();
    }
    observer.await.unwrap();
    project.json(&["sync", "once"]).await;
    assert_eq!(number(&project.b().await, TOTAL).await, total);
    println!("{moved} transfers, {kills} kills, {watch:?}");
    assert!(
        moved > 100 && watch.states() >= STATES_MIN && kills > 2,
        "too little happened to prove anything"
    );
}

/// Lets the process carry a few batches, then kills it at some instant of the next; again and again.
async fn kill_again_and_again(project: &Project, mut random: Random, length: Duration, watch: &Watch) -> u32 {
    let started = Instant::now();
    let mut kills = 0;
    let mut child = project.start();
    while started.elapsed() < length || watch.states() < STATES_MIN {
        let enough = watch.states() + 2 + random.below(12);
        eventually(PATIENCE, "batches to arrive", || async {
            (watch.states() >= enough).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(random.below(40))).await;
        end(&mut child);
        kills += 1;
        child = project.start();
    }
    end(&mut child);
    kills
}

/// Asks for the total until told to stop.
async fn observe(client: Client, total: i64, watch: Arc<Watch>) {
    let mut last = String::new();
    while !watch.stopped() {
        let row = client
            .query_one(
                &format!(
                    "SELECT ({TOTAL}), (SELECT md5(string_agg(saldo::text, ' ' ORDER BY id)) FROM contas), (SELECT count(*) FROM contas)"
                ),
                &[],
            )
            .await
            .unwrap();
        let (sum, state): (i64, Option<String>) = (row.get(0), row.get(1));
        assert!(
            sum == total || row.get::<_, i64>(2) == 0,
            "the total was {sum}, not {total}, after {watch:?}"
        );
        watch.answers.fetch_add(1, Ordering::Relaxed);
        let state = state.unwrap_or_default();
        if state != last {
            watch.states.fetch_add(1, Ordering::Relaxed);
            last = state;
        }
    }
}

/// Moves money between rows of both tables, in transactions of one to fifty transfers; answers how many transactions there were.
async fn move_money(url: String, mut random: Random, watch: Arc<Watch>) -> u64 {
    let client = ponte_testkit::connect(&url).await;
    let mut moved = 0;
    while !watch.stopped() {
        let transfers = if random.below(10) == 0 { 50 } else { 1 };
        let mut script = String::from("BEGIN; ");
        for _ in 0..transfers {
            let amount = random.below(100);
            let (from, to) = (place(&mut random), place(&mut random));
            script.push_str(&format!(
                "UPDATE {} SET saldo = saldo - {amount} WHERE id = {}; UPDATE {} SET saldo = saldo + {amount} WHERE id = {}; ",
                from.0, from.1, to.0, to.1
            ));
        }
        script.push_str("COMMIT");
        match client.batch_execute(&script).await {
            Ok(()) => moved += 1,
            // Tellers may meet in a deadlock; one of them starts over.
            Err(_) => client.batch_execute("ROLLBACK").await.unwrap(),
        }
    }
    moved
}

fn place(random: &mut Random) -> (&'static str, u64) {
    let table = if random.below(2) == 0 { "contas" } else { "cofres" };
    (table, 1 + random.below(200))
}
