//! Each kind of job once, on tables as a user has them.

use std::fs;

use ponte_testkit::{Bouncer, TestCluster};
use serde_json::Value;

use crate::support::Project;

const SCHEMA: &str = "
    CREATE TABLE vendas (id bigint GENERATED ALWAYS AS IDENTITY, loja integer, dia date, PRIMARY KEY (loja, id));
    INSERT INTO vendas (loja, dia) SELECT n % 7, current_date - n FROM generate_series(1, 1000) n;
    CREATE INDEX vendas_dia ON vendas (dia);
    CREATE MATERIALIZED VIEW por_loja AS SELECT loja, count(*) AS n FROM vendas GROUP BY loja;
    CREATE MATERIALIZED VIEW por_dia AS SELECT dia, count(*) AS n FROM vendas GROUP BY dia;
    CREATE UNIQUE INDEX por_dia_unico ON por_dia (dia);
    CREATE TABLE registros (id bigint GENERATED ALWAYS AS IDENTITY, em timestamptz NOT NULL, texto text CHECK (texto <> ''), PRIMARY KEY (id, em))
      PARTITION BY RANGE (em);
    CREATE TABLE registros_antigos PARTITION OF registros FOR VALUES FROM (MINVALUE) TO ('2020-01-01Z');
    CREATE TABLE sem_chave (a integer);";

const JOBS: &str = r#"
[jobs.loja]
refresh = "por_loja"
[jobs.dia]
refresh = "por_dia"
[jobs.estatisticas]
analyze = ["vendas", "registros"]
[jobs.indices]
reindex = "vendas"
[jobs.particoes]
time_zone = "America/Sao_Paulo"
[jobs.particoes.partitions]
table = "registros"
every = "day"
ahead = 2
keep = 30
[jobs.retencao]
[jobs.retencao.delete]
table = "vendas"
where = "dia < current_date - 100 -- mais de cem dias"
batch_rows = 150
[jobs.copia]
[jobs.copia.backup]
directory = "copias"
keep = 2
"#;

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

async fn dry(project: &Project, job: &str) -> Value {
    project.json(&["jobs", "run", job, "--dry-run"]).await
}

/// How many rows a run says that it touched.
async fn run(project: &Project, job: &str) -> Value {
    project.json(&["jobs", "run", job]).await["run"]["rows"].clone()
}

#[tokio::test]
async fn every_kind_does_its_work_and_says_beforehand_what_it_would_do() {
    let cluster = TestCluster::start().await;
    let project = Project::with(&cluster, "tipos", SCHEMA, JOBS).await;
    let listed = project.json(&["jobs", "list"]).await;
    let jobs = listed["jobs"].as_array().unwrap().iter();
    let kinds: Vec<&str> = jobs.map(|job| job["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds.join(" "),
        "refresh refresh analyze reindex partitions delete backup"
    );
    old_rows_are_deleted_in_batches(&project).await;
    views_are_refreshed_while_they_are_read_where_they_can_be(&project).await;
    indexes_are_rebuilt_and_leftovers_dropped(&project, &cluster).await;
    partitions_are_made_and_old_ones_taken_away(&project).await;
    a_backup_lets_go_of_the_oldest(&project).await;
}

async fn old_rows_are_deleted_in_batches(project: &Project) {
    let shown = dry(project, "retencao").await;
    assert_eq!(shown["rows"], 900);
    assert_eq!(run(project, "retencao").await, 900);
    assert_eq!(project.number("SELECT count(*) FROM vendas").await, 100);
    assert_eq!(
        project
            .number("SELECT max(current_date - dia)::bigint FROM vendas")
            .await,
        100
    );
}

async fn views_are_refreshed_while_they_are_read_where_they_can_be(project: &Project) {
    let shown = dry(project, "loja").await;
    assert_eq!(
        texts(&shown["statements"]),
        [r#"REFRESH MATERIALIZED VIEW "public"."por_loja""#]
    );
    let shown = dry(project, "dia").await;
    assert_eq!(
        texts(&shown["statements"]),
        [r#"REFRESH MATERIALIZED VIEW CONCURRENTLY "public"."por_dia""#]
    );
    run(project, "loja").await;
    run(project, "dia").await;
    assert_eq!(project.number("SELECT sum(n)::bigint FROM por_loja").await, 100);
    assert_eq!(project.number("SELECT count(*) FROM por_dia").await, 100);

    run(project, "estatisticas").await;
    let analyzed = "SELECT reltuples::bigint FROM pg_class WHERE relname = 'vendas'";
    assert_eq!(project.number(analyzed).await, 100);
}

async fn indexes_are_rebuilt_and_leftovers_dropped(project: &Project, cluster: &TestCluster) {
    let client = project.client().await;
    // What a rebuild leaves behind that was interrupted: an invalid index under its name.
    client
        .batch_execute("CREATE INDEX vendas_dia_ccnew ON vendas (dia)")
        .await
        .unwrap();
    cluster
        .sql(
            "tipos",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'vendas_dia_ccnew'::regclass",
        )
        .await;
    let before = project
        .number("SELECT pg_relation_filenode('vendas_dia')::bigint")
        .await;
    let shown = dry(project, "indices").await;
    assert_eq!(
        texts(&shown["statements"]),
        [
            r#"DROP INDEX CONCURRENTLY IF EXISTS "public"."vendas_dia_ccnew""#,
            r#"REINDEX INDEX CONCURRENTLY "public"."vendas_dia""#,
            r#"REINDEX INDEX CONCURRENTLY "public"."vendas_pkey""#,
        ]
    );
    assert_eq!(run(project, "indices").await, 2);
    assert_ne!(
        project
            .number("SELECT pg_relation_filenode('vendas_dia')::bigint")
            .await,
        before
    );
    assert_eq!(
        project
            .number("SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)'")
            .await,
        0
    );
}

async fn partitions_are_made_and_old_ones_taken_away(project: &Project) {
    let client = project.client().await;
    assert_eq!(texts(&dry(project, "particoes").await["statements"]).len(), 4);
    assert_eq!(run(project, "particoes").await, 4);
    assert_eq!(run(project, "particoes").await, 0);
    let attached = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'registros'::regclass";
    assert_eq!(project.number(attached).await, 3);
    assert_eq!(project.number("SELECT count(*) FROM registros_antigos").await, 0);
    client
        .batch_execute(
            "INSERT INTO registros (em, texto) VALUES (now(), 'a'), (now() + interval '1 day', 'b')",
        )
        .await
        .unwrap();
    client
        .batch_execute("INSERT INTO registros (em, texto) VALUES (now(), '')")
        .await
        .unwrap_err();
}

async fn a_backup_lets_go_of_the_oldest(project: &Project) {
    let directory = project.directory.path().join("copias");
    fs::create_dir(&directory).unwrap();
    let old = [
        "copia-20200101T000000Z.dump",
        "copia-20200102T000000Z.dump",
        "copia-minha.dump",
    ];
    for name in old {
        fs::write(directory.join(name), "").unwrap();
    }
    run(project, "copia").await;
    let entries = fs::read_dir(&directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        (names.len(), names[0].as_str(), names[2].as_str()),
        (3, old[1], old[2]),
        "{names:?}"
    );
    assert!(fs::read(directory.join(&names[1])).unwrap().starts_with(b"PGDMP"));
}

#[tokio::test]
async fn what_cannot_be_maintained_is_named_with_the_reason() {
    let cluster = TestCluster::start().await;
    let jobs = r#"
[jobs.a]
refresh = "vendas"
[jobs.b]
analyze = ["vendas", "nada"]
[jobs.c]
reindex = "alheia"
[jobs.d.partitions]
table = "vendas"
every = "day"
[jobs.e.delete]
table = "sem_chave"
where = "a = 1"
[jobs.f.delete]
table = "vendas"
where = "mes = 1"
"#;
    let project = Project::with(&cluster, "alheios", SCHEMA, jobs).await;
    cluster
        .sql("alheios", "CREATE TABLE alheia (a integer PRIMARY KEY)")
        .await;
    let listed = project
        .ends(1, &["jobs", "list", "--output", "json"])
        .await
        .json();
    let problems: Vec<&str> = listed["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["problem"].as_str().unwrap_or(""))
        .collect();
    assert_eq!(
        problems,
        [
            "there is no materialized view vendas",
            "there is no table nada",
            "table or index alheia belongs to another role",
            "there is no partitioned table vendas",
            "table sem_chave has no primary key",
            "column \"mes\" does not exist",
        ]
    );
}

#[tokio::test]
async fn a_deletion_whose_process_was_killed_goes_on_where_it_was() {
    let cluster = TestCluster::start().await;
    let jobs = "[jobs.r]\nschedule = \"@every 1s\"\nlease = \"3s\"\nretries = 1\n[jobs.r.delete]\ntable = \"vendas\"\nwhere = \"loja = 1 OR id > 0\"\n\
                batch_rows = 100\npause = \"200ms\"\n";
    let project = Project::with(&cluster, "meio", SCHEMA, jobs).await;
    let daemon = project.daemon();
    project
        .comes_true("(SELECT count(*) FROM vendas) BETWEEN 300 AND 800")
        .await;
    daemon.kill();
    let first =
        "(SELECT attempt = 2 AND state = 'succeeded' AND rows = 1000 FROM ponte.job_run ORDER BY id LIMIT 1)";
    let daemon = project.daemon();
    project.comes_true(first).await;
    daemon.terminate().await;
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_may_be_in_between() {
    let cluster = TestCluster::start().await;
    let jobs = "[jobs.p]\nsql = \"DELETE FROM vendas WHERE id IN (SELECT min(id) FROM vendas)\"\nschedule = \"@every 1s\"\n";
    let project = Project::with(&cluster, "poco", SCHEMA, jobs).await;
    let bouncer = Bouncer::start(&cluster, "dono", 2).await;
    project.configure_at(&bouncer.url("poco"), &format!("allow_pooler = true\n{jobs}"));
    let (first, second) = (project.daemon(), project.daemon());
    project.comes_true("(SELECT count(*) FROM vendas) <= 995").await;
    first.terminate().await;
    second.terminate().await;
    assert_eq!(
        project.number("SELECT 1000 - count(*) FROM vendas").await,
        project
            .number("SELECT count(*) FROM ponte.job_run WHERE state = 'succeeded'")
            .await
    );
    project.ends(0, &["jobs", "list"]).await;
}
