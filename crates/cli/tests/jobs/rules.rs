//! The rules of a job, each where it shows. All on one server, side by side.

use ponte_testkit::TestCluster;

use crate::support::Project;

const SCHEMA: &str = "
    CREATE TABLE t (a integer PRIMARY KEY, b text);
    INSERT INTO t VALUES (1, '');
    CREATE TABLE registros (em date NOT NULL) PARTITION BY RANGE (em);
    CREATE INDEX registros_em ON registros (em);";

#[tokio::test]
async fn every_rule_holds_where_it_shows() {
    let cluster = TestCluster::start().await;
    for role in ["dono", "leitor"] {
        cluster.create_role(role, "").await;
    }
    tokio::join!(
        a_tick_may_end_the_run_before_it(&cluster),
        what_passes_is_repeated_until_it_succeeds(&cluster),
        a_job_works_as_its_role(&cluster),
        history_is_pruned_by_itself(&cluster),
        partitions_of_a_job_are_no_drift(&cluster),
        a_pass_of_a_link_is_a_job_too(&cluster),
        a_paused_job_is_not_run_and_nothing_is_caught_up(&cluster),
    );
}

async fn a_tick_may_end_the_run_before_it(cluster: &TestCluster) {
    let jobs = "[jobs.a]\nsql = \"SELECT pg_sleep(60)\"\nschedule = \"@every 2s\"\noverlap = \"cancel\"\nlease = \"3s\"\n";
    let project = Project::with(cluster, "fim", SCHEMA, jobs).await;
    let daemon = project.daemon();
    let ended = "(SELECT count(*) FROM ponte.job_run WHERE state = 'cancelled' AND error_code = 'jobs.cancelled') >= 2";
    project.comes_true(ended).await;
    daemon.signal("-TERM");
    daemon.signal("-TERM");
    drop(daemon);
}

async fn what_passes_is_repeated_until_it_succeeds(cluster: &TestCluster) {
    let jobs = "[jobs.a]\nsql = \"UPDATE t SET b = 'x'\"\nschedule = \"@every 1s\"\nlock_timeout = \"100ms\"\nretries = 50\n";
    let project = Project::with(cluster, "passa", SCHEMA, jobs).await;
    let client = project.client().await;
    client.batch_execute("BEGIN; LOCK TABLE t").await.unwrap();
    let daemon = project.daemon();
    let again =
        "(SELECT attempt >= 2 AND error_code = 'sql.transient' FROM ponte.job_run ORDER BY id LIMIT 1)";
    project.comes_true(again).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    let done = "(SELECT state = 'succeeded' AND attempt >= 2 FROM ponte.job_run ORDER BY id LIMIT 1)";
    project.comes_true(done).await;
    daemon.terminate().await;
}

async fn a_job_works_as_its_role(cluster: &TestCluster) {
    let jobs = "[jobs.a]\nsql = \"UPDATE t SET b = current_user || ' ' || current_setting('TimeZone')\"\nrole = \"leitor\"\ntime_zone = \"Asia/Kathmandu\"\n\
                [jobs.b]\nreindex = \"dele\"\nrole = \"leitor\"\n[jobs.c]\nrole = \"leitor\"\n[jobs.c.delete]\ntable = \"dele\"\nwhere = \"true\"\n";
    let project = Project::with(cluster, "papel", SCHEMA, jobs).await;
    cluster
        .sql(
            "papel",
            "GRANT leitor TO dono; GRANT SELECT, UPDATE ON t TO leitor; CREATE TABLE dele AS SELECT 1 AS a; \
             ALTER TABLE dele ADD PRIMARY KEY (a); ALTER TABLE dele OWNER TO leitor",
        )
        .await;
    project.ends(0, &["jobs", "run", "a"]).await;
    project
        .comes_true("(SELECT b = 'leitor Asia/Kathmandu' FROM t)")
        .await;
    project.ends(0, &["jobs", "run", "b"]).await;
    assert_eq!(project.json(&["jobs", "run", "c"]).await["run"]["rows"], 1);
}

async fn history_is_pruned_by_itself(cluster: &TestCluster) {
    let jobs = "[jobs.a]\nsql = \"SELECT 1\"\nkeep_runs = 2\n";
    let project = Project::with(cluster, "poda", SCHEMA, jobs).await;
    for _ in 0..4 {
        project.ends(0, &["jobs", "run", "a"]).await;
    }
    project.ends(0, &["jobs", "daemon", "--for", "1"]).await;
    assert_eq!(project.number("SELECT count(*) FROM ponte.job_run").await, 2);
    assert_eq!(project.number("SELECT min(id) FROM ponte.job_run").await, 3);
}

async fn partitions_of_a_job_are_no_drift(cluster: &TestCluster) {
    let jobs = "[jobs.a.partitions]\ntable = \"registros\"\nevery = \"month\"\n";
    let project = Project::with(cluster, "deriva", SCHEMA, jobs).await;
    project.ends(0, &["jobs", "run", "a"]).await;
    assert_eq!(
        project.number("SELECT count(*) FROM ponte.job_partition").await,
        4
    );
    std::fs::create_dir(project.directory.path().join("migrations")).unwrap();
    std::fs::write(project.directory.path().join("migrations/001_tudo.sql"), SCHEMA).unwrap();
    project.ends(0, &["migrate", "stamp", "001"]).await;
    project.ends(0, &["verify"]).await;
    // One that somebody made by hand is.
    let sql = "CREATE TABLE mao PARTITION OF registros FOR VALUES FROM ('2001-01-01') TO ('2002-01-01')";
    project.client().await.batch_execute(sql).await.unwrap();
    project.ends(1, &["verify"]).await;
}

async fn a_pass_of_a_link_is_a_job_too(cluster: &TestCluster) {
    let project = Project::with(cluster, "um_lado", SCHEMA, "").await;
    let other = Project::with(cluster, "outro_lado", SCHEMA, "").await;
    project.configure(&format!(
        "[nodes.outra]\nurl = \"{}\"\n[[links]]\nname = \"elo\"\nbetween = [\"base\", \"outra\"]\n[[links.tables]]\ntable = \"t\"\n\
         [jobs.passe]\nsync = \"elo\"\n",
        other.url
    ));
    project.ends(0, &["sync", "init", "-y"]).await;
    let insert = "INSERT INTO t VALUES (2, 'novo')";
    project.client().await.batch_execute(insert).await.unwrap();
    let run = project.json(&["jobs", "run", "passe"]).await;
    assert_eq!(run["run"]["rows"], 1, "{run}");
    assert_eq!(other.number("SELECT count(*) FROM t").await, 2);
}

async fn a_paused_job_is_not_run_and_nothing_is_caught_up(cluster: &TestCluster) {
    let job = |name: &str| {
        format!("[jobs.{name}]\nsql = \"SELECT 1\"\nschedule = \"@every 1s\"\ncatch_up = \"all(100)\"\n")
    };
    let jobs = format!("{}{}", job("a"), job("b"));
    let project = Project::with(cluster, "pausa", SCHEMA, &jobs).await;
    project.ends(0, &["jobs", "pause", "a"]).await;
    let daemon = project.daemon();
    project
        .comes_true("to_regclass('ponte.job_run') IS NOT NULL")
        .await;
    project
        .comes_true("(SELECT count(*) FROM ponte.job_run WHERE job = 'b') >= 3")
        .await;
    assert_eq!(
        project
            .number("SELECT count(*) FROM ponte.job_run WHERE job = 'a'")
            .await,
        0
    );
    project.ends(0, &["jobs", "resume", "a"]).await;
    let resumed = "(SELECT count(*) FROM ponte.job_run WHERE job = 'a') >= 1";
    project.comes_true(resumed).await;
    daemon.terminate().await;
    let before = "SELECT count(*) FROM ponte.job_run a WHERE job = 'a' AND scheduled_at < (SELECT scheduled_at FROM ponte.job_run WHERE job = 'b' ORDER BY id OFFSET 2 LIMIT 1)";
    assert_eq!(project.number(before).await, 0);
}
