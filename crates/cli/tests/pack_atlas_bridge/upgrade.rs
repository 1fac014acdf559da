//! The upgrade of a database that is in use, whatever its size: `PONTE_ATLAS_USERS=1000000` for the size that the README speaks of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ponte_testkit::TestCluster;

use crate::support::{Pack, execute, lines, number};

/// What a client of the bot saw.
struct Seen {
    inserted: i64,
    statements: u64,
    slowest: Duration,
}

/// Writes to users as the bot does until it is told to stop. A statement that has to wait a second for a lock fails.
async fn use_it(url: String, users: i64, stop: Arc<AtomicBool>) -> Seen {
    let client = ponte_testkit::connect(&url).await;
    execute(&client, "SET lock_timeout = '1s'").await;
    let mut seen = Seen {
        inserted: 0,
        statements: 0,
        slowest: Duration::ZERO,
    };
    let mut id = 1;
    while !stop.load(Ordering::Relaxed) {
        // Jumps about, and meets every lot of the upgrade now and then.
        id = (id * 7919 + 17) % users + 1;
        let sql = if seen.statements.is_multiple_of(4) {
            seen.inserted += 1;
            format!(
                "INSERT INTO users (telegram_id, username) VALUES ({}, 'novo')",
                -seen.inserted
            )
        } else {
            format!("UPDATE users SET first_name = 'visto' WHERE id = {id}")
        };
        let began = Instant::now();
        execute(&client, &sql).await;
        seen.slowest = seen.slowest.max(began.elapsed());
        seen.statements += 1;
    }
    seen
}

#[expect(
    clippy::disallowed_methods,
    reason = "the size of this test comes from the environment"
)]
fn wanted() -> Option<i64> {
    std::env::var("PONTE_ATLAS_USERS").ok()?.parse().ok()
}

#[tokio::test]
async fn an_upgrade_in_use_loses_nothing_and_keeps_nobody_waiting_for_a_second() {
    // A figure is worth something only if the server writes to its disk.
    let (users, builder) = match wanted() {
        Some(users) => (users, TestCluster::builder().fsync()),
        None => (20_000, TestCluster::builder()),
    };
    let pack = Pack::on(builder).await;
    let client = &pack.bridge;
    execute(
        client,
        &format!(
            "INSERT INTO users (telegram_id, username, total_volume) SELECT g, 'u' || g, g FROM generate_series(1, {users}) g; ANALYZE users"
        ),
    )
    .await;
    let content = "SELECT count(*) || ' ' || sum(hashtextextended(concat_ws(' ', id, telegram_id, username, total_volume, created_at), 0)) FROM users WHERE telegram_id > 0";
    let before = lines(client, content).await;
    let stop = Arc::new(AtomicBool::new(false));
    let using = tokio::spawn(use_it(pack.bridge_url.clone(), users, Arc::clone(&stop)));
    let began = Instant::now();
    pack.upgrade().await;
    let upgraded = began.elapsed();
    let levels = "SELECT l::text FROM reputation_levels_config l ORDER BY level";
    let kept = lines(client, levels).await;
    assert_eq!(
        number(client, "SELECT count(*) FROM users WHERE external_id IS NULL").await,
        0
    );
    let behind = "SELECT count(*) FROM users WHERE reputation_level <> reputation_level_of(total_volume)";
    assert_eq!(number(client, behind).await, 0);
    let valid = "SELECT count(*) FROM pg_index WHERE indexrelid = 'idx_users_external_id'::regclass AND indisvalid AND indisunique";
    assert_eq!(number(client, valid).await, 1);
    let began = Instant::now();
    pack.json(&["--node", "bridge", "-y", "migrate", "down", "--to", "001"])
        .await;
    let rolled_back = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    let seen = using.await.unwrap();
    println!(
        "{users} users: upgraded in {upgraded:.1?}, rolled back in {rolled_back:.1?}; beside it {} statements, the slowest {:.0?}",
        seen.statements, seen.slowest
    );
    assert_eq!(lines(client, content).await, before);
    let all = number(client, "SELECT count(*) FROM users").await;
    assert_eq!(all, users + seen.inserted);
    assert_eq!(lines(client, levels).await, kept);
    assert_eq!(kept.len(), 11);
}
