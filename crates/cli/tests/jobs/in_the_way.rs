//! What stands in a job's way: other people's transactions, hours of the day, clocks that were wrong.

use ponte_testkit::TestCluster;

use crate::support::Project;

const SCHEMA: &str = "
    CREATE TABLE t (a integer PRIMARY KEY);
    CREATE TABLE medidas (em timestamptz NOT NULL, n integer) PARTITION BY RANGE (em);
    CREATE TABLE medidas_2019 PARTITION OF medidas FOR VALUES FROM ('2019-01-01Z') TO ('2020-01-01Z');
    CREATE TABLE medidas_2020 PARTITION OF medidas FOR VALUES FROM ('2020-01-01Z') TO ('2021-01-01Z');
    INSERT INTO medidas VALUES ('2019-05-05Z', 1), ('2020-05-05Z', 2);";

#[tokio::test]
async fn what_is_in_the_way_is_gone_around_or_waited_for() {
    let cluster = TestCluster::start().await;
    cluster.create_role("dono", "").await;
    tokio::join!(
        a_partition_goes_without_a_lock_and_an_interrupted_one_is_finished(&cluster),
        a_default_partition_asks_for_the_lock(&cluster),
        a_rebuild_that_would_wait_for_long_is_not_begun(&cluster),
        a_run_begins_in_its_window_only(&cluster),
        an_hour_away_and_a_clock_put_back_repeat_nothing(&cluster),
    );
}

const PARTITIONS: &str = "[jobs.p]\nlock_timeout = \"300ms\"\n[jobs.p.partitions]\ntable = \"medidas\"\nevery = \"year\"\nahead = 1\nkeep = 2\nexpired = \"drop\"\n";

async fn a_partition_goes_without_a_lock_and_an_interrupted_one_is_finished(cluster: &TestCluster) {
    let project = Project::with(cluster, "solta", SCHEMA, PARTITIONS).await;
    let shown = project.json(&["jobs", "run", "p", "--dry-run"]).await;
    let shown: Vec<&str> = shown["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sql| sql.as_str().unwrap())
        .collect();
    assert_eq!(shown.len(), 2 + 2 * 3, "{shown:?}");
    assert_eq!(
        shown[3],
        r#"ALTER TABLE "public"."medidas" DETACH PARTITION "public"."medidas_2019" CONCURRENTLY"#
    );
    // Somebody reads the table for longer than the job waits: new partitions are there all the same, and nothing is lost.
    let reader = project.client().await;
    reader
        .batch_execute("BEGIN; SELECT count(*) FROM medidas")
        .await
        .unwrap();
    let refused = project.ends(2, &["jobs", "run", "p"]).await;
    assert!(refused.stderr.contains("sql.transient"), "{}", refused.stderr);
    let coming = "SELECT count(*) FROM pg_class WHERE relname LIKE 'medidas_p%'";
    assert_eq!(project.number(coming).await, 2);
    let half = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending";
    assert_eq!(project.number(half).await, 1);
    reader.batch_execute("COMMIT").await.unwrap();
    project.ends(0, &["jobs", "run", "p"]).await;
    let old = "SELECT count(*) FROM pg_class WHERE relname IN ('medidas_2019', 'medidas_2020')";
    assert_eq!(project.number(old).await, 0);
    assert_eq!(project.json(&["jobs", "run", "p"]).await["run"]["rows"], 0);
    // A run that died between detaching and dropping has left a table that says so.
    let client = project.client().await;
    client
        .batch_execute(
            "CREATE TABLE medidas_2018 (); COMMENT ON TABLE medidas_2018 IS 'ponte: was a partition of medidas and is to be dropped'",
        )
        .await
        .unwrap();
    assert_eq!(project.json(&["jobs", "run", "p"]).await["run"]["rows"], 1);
    let left = "SELECT count(*) FROM pg_class WHERE relname = 'medidas_2018'";
    assert_eq!(project.number(left).await, 0);
}

async fn a_default_partition_asks_for_the_lock(cluster: &TestCluster) {
    let schema = format!("{SCHEMA} CREATE TABLE medidas_resto PARTITION OF medidas DEFAULT;");
    let project = Project::with(cluster, "resto", &schema, PARTITIONS).await;
    let shown = project.ends(0, &["jobs", "run", "p", "--dry-run"]).await;
    assert!(!shown.stdout.contains("CONCURRENTLY"), "{}", shown.stdout);
    project.ends(0, &["jobs", "run", "p"]).await;
    let old = "SELECT count(*) FROM pg_class WHERE relname IN ('medidas_2019', 'medidas_2020')";
    assert_eq!(project.number(old).await, 0);
}

async fn a_rebuild_that_would_wait_for_long_is_not_begun(cluster: &TestCluster) {
    let jobs = "[jobs.r]\nreindex = \"t\"\nlock_timeout = \"200ms\"\n";
    let project = Project::with(cluster, "velha", SCHEMA, jobs).await;
    let other = project.client().await;
    other
        .batch_execute(
            "SET application_name = 'relatorio'; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM t",
        )
        .await
        .unwrap();
    project
        .comes_true("EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'relatorio' AND xact_start < now() - interval '300 milliseconds')")
        .await;
    let refused = project.ends(2, &["jobs", "run", "r"]).await;
    assert!(
        refused.stderr.contains("jobs.held") && refused.stderr.contains("(relatorio)"),
        "{}",
        refused.stderr
    );
    let left = "SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)'";
    assert_eq!(project.number(left).await, 0);
    other.batch_execute("COMMIT").await.unwrap();
    project.ends(0, &["jobs", "run", "r"]).await;
}

async fn a_run_begins_in_its_window_only(cluster: &TestCluster) {
    let project = Project::with(cluster, "janela", SCHEMA, "").await;
    let hour = project
        .number("SELECT extract(hour FROM clock_timestamp() AT TIME ZONE 'UTC')::bigint")
        .await;
    let window = |from: i64, to: i64| {
        format!(
            "window = \"{:02}:00-{:02}:00\"",
            (hour + from) % 24,
            (hour + to) % 24
        )
    };
    let job = |name: &str, window: &str| {
        format!("[jobs.{name}]\nsql = \"SELECT 1\"\nschedule = \"@every 1s\"\n{window}\n")
    };
    let jobs = job("dentro", &window(0, 3)) + &job("fora", &window(6, 8));
    project.configure(&jobs);
    let daemon = project.daemon();
    project
        .comes_true("to_regclass('ponte.job_run') IS NOT NULL")
        .await;
    project
        .comes_true("(SELECT count(*) FROM ponte.job_run WHERE job = 'dentro' AND state = 'succeeded') >= 3")
        .await;
    daemon.terminate().await;
    assert_eq!(
        project
            .number("SELECT count(*) FROM ponte.job_run WHERE job = 'fora'")
            .await,
        0
    );
    project.ends(0, &["jobs", "run", "fora"]).await;
    project
        .configure("[jobs.nunca]\nsql = \"SELECT 1\"\nschedule = \"0 12 * * *\"\nwindow = \"02:00-05:00\"\n");
    let refused = project.ends(2, &["jobs", "next"]).await;
    assert!(
        refused
            .stderr
            .contains("never comes true in the window 02:00-05:00"),
        "{}",
        refused.stderr
    );
}

async fn an_hour_away_and_a_clock_put_back_repeat_nothing(cluster: &TestCluster) {
    let job = |name: &str| format!("[jobs.{name}]\nsql = \"SELECT 1\"\nschedule = \"@every 1s\"\n");
    let jobs = job("atras") + &job("adiante") + &job("longe") + &job("agora");
    let project = Project::with(cluster, "relogio", SCHEMA, &jobs).await;
    let done = |job: &str| {
        format!("(SELECT count(*) FROM ponte.job_run WHERE job = '{job}' AND state = 'succeeded') >= 3")
    };
    let daemon = project.daemon();
    project
        .comes_true("to_regclass('ponte.job_run') IS NOT NULL")
        .await;
    project.comes_true(&done("agora")).await;
    daemon.terminate().await;
    // As if nobody had been there for an hour; the server's clock had been an hour ahead, and a day.
    project
        .client()
        .await
        .batch_execute(
            "DELETE FROM ponte.job_run; UPDATE ponte.job SET decided_until = clock_timestamp() + \
               CASE name WHEN 'atras' THEN interval '-1 hour' WHEN 'adiante' THEN interval '1 hour' WHEN 'longe' THEN interval '1 day' ELSE '0' END",
        )
        .await
        .unwrap();
    let daemon = project.daemon();
    for job in ["agora", "atras", "longe"] {
        project.comes_true(&done(job)).await;
    }
    daemon.terminate().await;
    let late = "SELECT count(*) FROM ponte.job_run WHERE job = 'atras' AND state = 'skipped' AND reason = 'missed' AND ticks BETWEEN 3590 AND 3700";
    assert_eq!(
        project.number(late).await,
        1,
        "the last tick was run, and the others are told"
    );
    let ahead = "SELECT count(*) FROM ponte.job_run WHERE job = 'adiante'";
    assert_eq!(
        project.number(ahead).await,
        0,
        "what was decided is not decided again"
    );
}
