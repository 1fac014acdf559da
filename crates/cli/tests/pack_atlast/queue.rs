//! Consumers of the queue: side by side, late, and killed.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ponte_testkit::eventually;
use tokio_postgres::Client;

use crate::packs::{Pack, execute, number, text, texts};

async fn filled(pack: &Pack, count: u32) -> Client {
    let owner = pack.owner().await;
    let fill = format!(
        "DELETE FROM notification_queue; SELECT enqueue_notification('did:plc:x', 'n' || n) FROM generate_series(1, {count}) n"
    );
    execute(&owner, &fill).await;
    owner
}

#[tokio::test]
async fn consumers_side_by_side_never_get_the_same_one_and_a_late_one_is_not_listened_to() {
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = filled(&pack, 100).await;
    let twice = "SELECT count(enqueue_notification('did:plc:x', 'n1'))";
    assert_eq!(
        number(&owner, twice).await,
        0,
        "the same notification is not taken in again"
    );
    let mut consumers = Vec::new();
    for _ in 0..8 {
        let client = pack.owner().await;
        consumers.push(tokio::spawn(async move {
            texts(&client, "SELECT dedupe_key FROM lease_notifications(15)").await
        }));
    }
    let mut leased = Vec::new();
    for consumer in consumers {
        leased.extend(consumer.await.unwrap());
    }
    leased.sort();
    assert_eq!(
        leased.len(),
        100,
        "all were handed out, although eight asked for 120"
    );
    leased.dedup();
    assert_eq!(leased.len(), 100, "none was handed out twice");

    // One that is over its time loses its lease to another, and its report is worth nothing.
    filled(&pack, 1).await;
    let lease = "SELECT id || ' ' || lease_token FROM lease_notifications(1, '0 seconds')";
    let first = text(&owner, lease).await;
    let second = text(
        &owner,
        "SELECT id || ' ' || lease_token FROM lease_notifications(1)",
    )
    .await;
    let report = |lease: &str, verb: &str, rest: &str| {
        let (id, token) = lease.split_once(' ').unwrap();
        format!("SELECT coalesce({verb}({id}, '{token}'{rest})::text, 'nobody')")
    };
    assert_eq!(
        text(&owner, &report(&first, "complete_notification", "")).await,
        "false"
    );
    assert_eq!(
        text(&owner, &report(&first, "fail_notification", ", 'late'")).await,
        "nobody"
    );
    assert_eq!(text(&owner, &report(&first, "extend_lease", "")).await, "false");
    assert_eq!(text(&owner, &report(&second, "extend_lease", "")).await, "true");
    assert_eq!(
        text(&owner, &report(&second, "complete_notification", "")).await,
        "true"
    );
    assert_eq!(
        text(&owner, &report(&second, "complete_notification", "")).await,
        "false",
        "sent once"
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_tried_later_and_given_up_in_the_end() {
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = filled(&pack, 1).await;
    let attempt = "SELECT fail_notification(id, lease_token, 'no answer') FROM lease_notifications(1)";
    let wait = "SELECT extract(epoch FROM date_trunc('second', available_at - clock_timestamp() + interval '500 ms'))::bigint FROM notification_queue";
    for seconds in [30, 60, 120, 240] {
        assert_eq!(text(&owner, attempt).await, "pending");
        assert_eq!(number(&owner, wait).await, seconds);
        assert_eq!(
            texts(&owner, attempt).await,
            Vec::<String>::new(),
            "not before its time"
        );
        execute(&owner, "UPDATE notification_queue SET available_at = now()").await;
    }
    assert_eq!(
        text(&owner, attempt).await,
        "failed",
        "the fifth attempt was the last"
    );
    let state = "SELECT status || ' ' || attempts || ' ' || last_error FROM notification_queue";
    assert_eq!(text(&owner, state).await, "failed 5 no answer");
    // A consumer that dies each time is no way round the limit.
    filled(&pack, 1).await;
    for _ in 0..5 {
        assert_eq!(
            texts(
                &owner,
                "SELECT dedupe_key FROM lease_notifications(1, '0 seconds')"
            )
            .await
            .len(),
            1
        );
    }
    assert_eq!(
        texts(&owner, "SELECT dedupe_key FROM lease_notifications(1)").await,
        Vec::<String>::new()
    );
    assert_eq!(
        text(&owner, state).await,
        "failed 5 the consumer of the last attempt did not report"
    );
}

/// A process that takes one after the other, sends it with its key, and reports.
fn consumer(url: &str) -> Child {
    let step = "SELECT id, lease_token, dedupe_key FROM lease_notifications(1, '300 ms') \\gset\n\
                \\if :{?id}\n\
                INSERT INTO received (key) VALUES (:'dedupe_key') ON CONFLICT (key) DO UPDATE SET deliveries = received.deliveries + 1;\n\
                SELECT complete_notification(:id, :'lease_token') \\g /dev/null\n\
                \\unset id\n\
                \\endif\n";
    let mut child = Command::new("psql")
        .args(["-X", "-q", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    std::thread::spawn(move || {
        // Until it is killed, or the test ends it.
        while input.write_all(step.as_bytes()).is_ok() {}
    });
    child
}

#[tokio::test]
async fn nothing_is_lost_or_received_twice_when_consumers_are_killed() {
    const COUNT: i64 = 400;
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = filled(&pack, u32::try_from(COUNT).unwrap()).await;
    // The receiver knows a notification by its key, and shows it once however often it is delivered.
    execute(
        &owner,
        "CREATE TABLE received (key text PRIMARY KEY, deliveries int NOT NULL DEFAULT 1)",
    )
    .await;
    let sent = "SELECT count(*) FROM notification_queue WHERE status = 'sent'";
    let mut kills = 0;
    let mut consumers: Vec<Child> = (0..3).map(|_| consumer(pack.url())).collect();
    let mut goal = 20;
    while goal < COUNT {
        eventually(Duration::from_secs(60), "consumers to come on", async || {
            (number(&owner, sent).await >= goal).then_some(())
        })
        .await;
        let mut victim = consumers.remove(0);
        victim.kill().unwrap();
        victim.wait().unwrap();
        kills += 1;
        consumers.push(consumer(pack.url()));
        goal = number(&owner, sent).await + 40;
    }
    eventually(Duration::from_secs(60), "the last one to be sent", async || {
        (number(&owner, sent).await == COUNT).then_some(())
    })
    .await;
    for mut left in consumers {
        left.kill().unwrap();
        left.wait().unwrap();
    }
    assert!(kills >= 3, "{kills}");
    assert_eq!(number(&owner, "SELECT count(*) FROM received").await, COUNT);
    let again = "SELECT sum(deliveries - 1)::bigint FROM received";
    assert!(
        number(&owner, again).await <= kills,
        "only what a dead consumer left is delivered again"
    );
}
