//! Daemons: one, two, killed ones, and servers that are away.

use ponte_testkit::{TestCluster, eventually};

use crate::support::{PATIENCE, Project};

/// What runs do is noted by them, so that a tick that was run twice shows.
const SCHEMA: &str = "
    CREATE TABLE feitos (job text NOT NULL, em timestamptz NOT NULL DEFAULT clock_timestamp(), por integer DEFAULT pg_backend_pid());
    CREATE FUNCTION fazer(job text, segundos float8 DEFAULT 0) RETURNS void LANGUAGE sql AS
      'INSERT INTO feitos (job) SELECT job; SELECT pg_sleep(segundos)';";

/// Ticks of a job that got no row although a later one did.
const GAPS: &str = "
    SELECT count(*) FROM (
      SELECT extract(epoch FROM scheduled_at - lag(scheduled_at) OVER (PARTITION BY job ORDER BY scheduled_at)) AS step
      FROM ponte.job_run WHERE scheduled_at IS NOT NULL) s WHERE step <> 1";

#[tokio::test]
async fn two_daemons_run_every_tick_once_also_when_one_is_killed() {
    const JOBS: i64 = 10;
    let cluster = TestCluster::start().await;
    let jobs: String = (0..JOBS)
        .map(|n| {
            format!(
                "[jobs.j{n}]\ncall = \"fazer\"\narguments = [\"j{n}\"]\nschedule = \"@every 1s\"\noverlap = \"queue\"\n\
                 catch_up = \"all(100)\"\nlease = \"3s\"\nretries = 5\n"
            )
        })
        .collect();
    let project = Project::with(&cluster, "dois", SCHEMA, &jobs).await;
    let (first, second) = (project.daemon(), project.daemon());
    let runners = "(SELECT count(DISTINCT runner) FROM ponte.job_run WHERE state = 'succeeded') = 2";
    eventually(PATIENCE, "the books", || async {
        let client = project.client().await;
        let sql = "SELECT to_regclass('ponte.job_run') IS NOT NULL";
        client
            .query_one(sql, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
            .then_some(())
    })
    .await;
    project.comes_true(runners).await;
    project
        .comes_true("(SELECT count(*) FROM ponte.job_run WHERE state = 'succeeded') > 60")
        .await;
    first.kill();
    let third = project.daemon();
    project
        .comes_true("(SELECT count(*) FROM ponte.job_run WHERE state = 'succeeded') > 200")
        .await;
    second.terminate().await;
    third.terminate().await;

    let count = async |sql: &str| project.number(sql).await;
    assert_eq!(count(GAPS).await, 0);
    // Each success has exactly one effect, whatever else was begun.
    let states = "SELECT count(*) FROM ponte.job_run WHERE state IN ('failed', 'cancelled', 'lost')";
    assert_eq!(count(states).await, 0);
    assert_eq!(
        count("SELECT count(*) FROM feitos").await,
        count("SELECT count(*) FROM ponte.job_run WHERE state = 'succeeded'").await
    );
    assert_eq!(count("SELECT count(DISTINCT job) FROM ponte.job_run").await, JOBS);
}

#[tokio::test]
async fn a_run_whose_process_is_killed_is_lost_or_repeated_by_its_rule() {
    let cluster = TestCluster::start().await;
    let jobs = r#"
[jobs.uma-vez]
call = "fazer"
arguments = ["uma-vez", 30]
schedule = "@every 1s"
lease = "3s"
[jobs.de-novo]
call = "fazer"
arguments = ["de-novo", 30]
schedule = "@every 1s"
lease = "3s"
retries = 1
"#;
    let project = Project::with(&cluster, "mortos", SCHEMA, jobs).await;
    project.ends(0, &["jobs", "pause", "uma-vez"]).await;
    project.ends(0, &["jobs", "resume", "uma-vez"]).await;
    let daemon = project.daemon();
    project
        .comes_true("(SELECT count(*) FROM ponte.job_run WHERE state = 'running') = 2")
        .await;
    daemon.kill();
    project.configure(&jobs.replace("30]", "0]"));
    let daemon = project.daemon();
    let lost = "(SELECT count(*) FROM ponte.job_run WHERE job = 'uma-vez' AND state = 'lost' AND error_code = 'jobs.lost') = 1";
    project.comes_true(lost).await;
    let repeated = "(SELECT count(*) FROM ponte.job_run WHERE job = 'de-novo' AND state = 'succeeded' AND attempt = 2 AND error_code = 'jobs.lost') = 1";
    project.comes_true(repeated).await;
    daemon.terminate().await;
    // What the killed process had begun left nothing.
    for job in ["uma-vez", "de-novo"] {
        let done = project
            .number(&format!("SELECT count(*) FROM feitos WHERE job = '{job}'"))
            .await;
        let sql = format!("SELECT count(*) FROM ponte.job_run WHERE job = '{job}' AND state = 'succeeded'");
        assert_eq!(done, project.number(&sql).await, "{job}");
    }
}

#[tokio::test]
async fn a_process_that_was_frozen_beyond_its_lease_cannot_write_success() {
    let cluster = TestCluster::start().await;
    let jobs = "[jobs.lento]\ncall = \"fazer\"\narguments = [\"lento\", 2]\nschedule = \"@every 1s\"\nlease = \"3s\"\ntimeout = \"60s\"\n";
    let project = Project::with(&cluster, "zumbi", SCHEMA, jobs).await;
    let frozen = project.daemon();
    eventually(PATIENCE, "a run", || async {
        let client = project.client().await;
        let sql = "SELECT runner FROM ponte.job_run WHERE state = 'running'";
        client.query_opt(sql, &[]).await.ok()?
    })
    .await;
    frozen.signal("-STOP");
    let run = project
        .number("SELECT id FROM ponte.job_run WHERE state = 'running'")
        .await;
    let other = project.daemon();
    project
        .comes_true(&format!(
            "(SELECT state = 'lost' FROM ponte.job_run WHERE id = {run})"
        ))
        .await;
    frozen.signal("-CONT");
    let pid = frozen.pid();
    project
        .comes_true("(SELECT count(*) FROM ponte.job_run WHERE state = 'succeeded') >= 2")
        .await;
    frozen.terminate().await;
    other.terminate().await;
    let state = format!(
        "SELECT count(*) FROM ponte.job_run WHERE id = {run} AND state = 'lost' AND runner LIKE '{pid}@%'"
    );
    assert_eq!(project.number(&state).await, 1);
    assert_eq!(
        project.number("SELECT count(*) FROM feitos").await,
        project
            .number("SELECT count(*) FROM ponte.job_run WHERE state = 'succeeded'")
            .await
    );
}

#[tokio::test]
async fn a_server_that_was_away_is_gone_on_with_and_ticks_are_caught_up_by_their_rule() {
    let cluster = TestCluster::start().await;
    let job = |name: &str, catch_up: &str| {
        format!(
            "[jobs.{name}]\ncall = \"fazer\"\narguments = [\"{name}\"]\nschedule = \"@every 1s\"\noverlap = \"queue\"\ncatch_up = \"{catch_up}\"\nretries = 9\n"
        )
    };
    let jobs = format!("{}{}", job("todas", "all(100)"), job("ultima", "last"));
    let project = Project::with(&cluster, "fora", SCHEMA, &jobs).await;
    let daemon = project.daemon();
    let both = "(SELECT count(DISTINCT job) FROM feitos) = 2";
    project.comes_true(both).await;
    cluster.stop_immediate().await;
    let away = std::time::Instant::now();
    eventually(PATIENCE, "ticks to be missed", || async {
        (away.elapsed() > std::time::Duration::from_secs(4)).then_some(())
    })
    .await;
    cluster.restart().await;
    let runs = project.number("SELECT count(*) FROM feitos").await;
    project
        .comes_true(&format!("(SELECT count(*) FROM feitos) > {}", runs + 6))
        .await;
    daemon.terminate().await;
    let of =
        |job: &str, rest: &str| format!("SELECT count(*) FROM ponte.job_run WHERE job = '{job}' AND {rest}");
    let gaps = GAPS.replace("scheduled_at IS NOT NULL", "job = 'todas'");
    assert_eq!(project.number(&gaps).await, 0);
    assert_eq!(project.number(&of("todas", "state = 'skipped'")).await, 0);
    assert!(
        project
            .number(&of("ultima", "reason = 'missed' AND ticks >= 2"))
            .await
            >= 1
    );
}
