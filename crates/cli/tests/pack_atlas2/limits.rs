//! The limits that system_settings holds.

use std::time::Duration;

use ponte_testkit::eventually;

use crate::packs::{execute, number, refused, text};
use crate::{Tenant, atlas2};

#[tokio::test]
async fn a_file_of_the_largest_size_comes_in_and_one_byte_more_does_not() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let upload = |name: &str, bytes: u64| {
        format!(
            "INSERT INTO file_data (user_id, file_name, content) VALUES ('{}', '{name}', convert_to(rpad('a', {bytes}, 'x'), 'UTF8'))",
            web.id
        )
    };
    execute(&web.client, &upload("a.csv", 52_428_800)).await;
    let (state, message) = refused(&web.client, &upload("b.csv", 52_428_801)).await;
    assert_eq!(
        (state.as_str(), message.as_str()),
        (
            "23514",
            "the file has 52428801 bytes, at most 52428800 are allowed"
        )
    );
    assert_eq!(
        number(&web.client, "SELECT size_bytes FROM file_data").await,
        52_428_800
    );
    for name in ["a.exe", "a", "a.csv.exe", "csv."] {
        assert_eq!(refused(&web.client, &upload(name, 3)).await.0, "23514", "{name}");
    }
    execute(&web.client, &upload("B.TXT", 4)).await;
    let owner = pack.owner().await;
    execute(
        &owner,
        "UPDATE system_settings SET value = '[\"dat\"]' WHERE key = 'allowed_file_types'",
    )
    .await;
    execute(&web.client, &upload("c.dat", 5)).await;
    assert_eq!(refused(&web.client, &upload("c.csv", 6)).await.0, "23514");
    execute(
        &owner,
        "UPDATE system_settings SET value = '9' WHERE key = 'max_file_size'",
    )
    .await;
    execute(&web.client, &upload("d.dat", 9)).await;
    assert_eq!(refused(&web.client, &upload("e.dat", 10)).await.0, "23514");
}

#[tokio::test]
async fn so_many_jobs_run_at_once_and_no_more_even_when_they_start_together() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let mut starts = Vec::new();
    for n in 0..8 {
        let job = web
            .job(
                &format!("{n}.csv"),
                format!("Nr,Name,E-mail,Amount,Day\n{n},x,,,\n").as_bytes(),
                "',', NULL",
            )
            .await;
        let session = ponte_testkit::connect(&pack.cluster.url("atlas2", "web")).await;
        execute(&session, &format!("SET app.current_user_id = '{}'", web.id)).await;
        starts.push(tokio::spawn(async move {
            session.batch_execute(&format!("SELECT start_job('{job}')")).await
        }));
    }
    let mut started = 0;
    for start in starts {
        match start.await.unwrap() {
            Ok(()) => started += 1,
            Err(e) => assert_eq!(e.code().unwrap().code(), "53400", "{e:?}"),
        }
    }
    assert_eq!(started, 3, "max_concurrent_jobs is 3");
    let running = "SELECT count(*) FROM processing_jobs WHERE status = 'running'";
    assert_eq!(number(&web.client, running).await, 3);

    // A job whose process died is over its time one day, and makes room.
    let owner = pack.owner().await;
    execute(
        &owner,
        "UPDATE system_settings SET value = '1' WHERE key = 'job_timeout'",
    )
    .await;
    let late = text(
        &web.client,
        "SELECT id::text FROM processing_jobs WHERE status = 'running' LIMIT 1",
    )
    .await;
    let status = format!("SELECT process_job_batch('{late}')");
    eventually(Duration::from_secs(30), "the time of the job", async || {
        let over =
            "SELECT count(*) FROM processing_jobs WHERE status = 'running' AND started_at < now() - interval '1 second'";
        (number(&owner, over).await == 3).then_some(())
    })
    .await;
    assert_eq!(text(&web.client, &status).await, "failed");
    let message = format!("SELECT error_message FROM processing_jobs WHERE id = '{late}'");
    assert_eq!(text(&web.client, &message).await, "timed out after 1 seconds");
    execute(&owner, "SELECT expire_timed_out_jobs()").await;
    assert_eq!(number(&web.client, running).await, 0);
    execute(
        &owner,
        "UPDATE system_settings SET value = '3600' WHERE key = 'job_timeout'",
    )
    .await;
    execute(&web.client, &format!("CALL process_job('{late}')")).await;
    let done = format!("SELECT status FROM processing_jobs WHERE id = '{late}'");
    assert_eq!(
        text(&web.client, &done).await,
        "completed",
        "and a failed job may be tried again"
    );
}
