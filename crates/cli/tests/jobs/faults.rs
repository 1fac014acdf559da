//! What is refused, and what the refusal says.

use ponte_testkit::TestCluster;

use crate::support::Project;

#[tokio::test]
async fn a_job_that_would_fail_is_named_before_anything_runs() {
    let cluster = TestCluster::start().await;
    cluster.create_role("estranho", "").await;
    let jobs = r#"
[jobs.bom]
sql = "INSERT INTO t VALUES (1)"
schedule = "@every 1s"
[jobs.sem-funcao]
call = "app.nada"
[jobs.outros-argumentos]
call = "limpar"
arguments = ["x", 2]
[jobs.sem-tabela]
sql = "DELETE FROM nenhuma"
[jobs.sem-papel]
sql = "SELECT 1"
role = "estranho"
[jobs.sem-direito]
sql = "DELETE FROM alheia"
"#;
    let schema =
        "CREATE TABLE t (a integer); CREATE FUNCTION limpar(dias integer) RETURNS void LANGUAGE sql AS ''";
    let project = Project::with(&cluster, "faltas", schema, jobs).await;
    cluster.sql("faltas", "CREATE TABLE alheia (a integer)").await;
    let listed = project
        .ends(1, &["jobs", "list", "--output", "json"])
        .await
        .json();
    let problem = |index: usize| {
        listed["jobs"][index]["problem"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(problem(0), "");
    assert_eq!(problem(1), "there is no function app.nada");
    assert!(
        problem(2).contains("limpar(unknown, integer) does not exist"),
        "{}",
        problem(2)
    );
    assert!(
        problem(3).contains("\"nenhuma\" does not exist"),
        "{}",
        problem(3)
    );
    assert!(problem(4).contains("estranho"), "{}", problem(4));
    assert_eq!(problem(5), "permission denied for table alheia");
    let refused = project.ends(2, &["jobs", "daemon", "--for", "1"]).await.stderr;
    assert!(
        refused.contains("[jobs.unfit]") && refused.contains("5 jobs would fail"),
        "{refused}"
    );
    assert!(refused.contains("sem-tabela: "), "{refused}");
    assert_eq!(project.number("SELECT count(*) FROM t").await, 0);
    let refused = project.ends(2, &["jobs", "run", "sem-funcao"]).await.stderr;
    assert!(refused.contains("there is no function app.nada"), "{refused}");
    let refused = project.ends(2, &["jobs", "run", "bon"]).await.stderr;
    assert!(refused.contains("did you mean \"bom\"?"), "{refused}");
}

/// What stands in the file, and what the refusal says about it.
const FAULTS: &[(&str, &[&str])] = &[
    (
        "schedule = \"@daily\"",
        &["ponte.toml:3", "does not say what it does", "call, sql"],
    ),
    (
        "cal = \"f\"",
        &["ponte.toml:4", "unknown key \"cal\"", "did you mean \"call\"?"],
    ),
    (
        "call = \"f\"\nsql = \"SELECT 1\"",
        &["ponte.toml:5", "\"call\" already"],
    ),
    (
        "call = \"f\"\nschedule = \"0 0 30 2 *\"",
        &["ponte.toml:5", "never comes true"],
    ),
    (
        "call = \"f\"\nschedule = \"61 * * * *\"",
        &["ponte.toml:5", "cannot be read"],
    ),
    (
        "call = \"f\"\ntime_zone = \"Europe/Lisbao\"",
        &["ponte.toml:5", "did you mean \"Europe/Lisbon\"?"],
    ),
    (
        "call = \"f\"\nretries = -1",
        &["\"retries\" is between 0 and 100"],
    ),
    ("call = \"f\"\nlease = \"1s\"", &["\"lease\" is at least 3s"]),
    (
        "call = \"f\"\nlock_timeout = \"0s\"",
        &["\"lock_timeout\" is at least 1ms"],
    ),
    ("sync = \"elo\"", &["there is no link \"elo\""]),
    ("delete = { table = \"t\" }", &["the key \"where\" is missing"]),
    (
        "partitions = { table = \"t\", every = \"fortnight\" }",
        &["\"month\" or \"year\""],
    ),
    ("call = \"f\"\ncatch_up = \"some\"", &["\"all(N)\""]),
    ("call = \"f\"\noverlap = \"allow\"", &["\"cancel\""]),
    ("call = \"f\"\nnode = \"bas\"", &["did you mean \"base\"?"]),
    ("sql = \"COMMIT\"", &["has to begin with one of"]),
    (
        "sql = \"SELECT 1\"\narguments = [1]",
        &["only a call has arguments"],
    ),
    ("call = \"f\"\narguments = [[1]]", &["an argument is a text"]),
];

#[tokio::test]
async fn faults_of_the_file_are_shown_under_their_lines() {
    let project = Project {
        url: String::new(),
        directory: tempfile::tempdir().unwrap(),
    };
    for (job, expected) in FAULTS {
        let text = format!("[jobs.a]\n{job}\n");
        project.configure_at("postgresql://ninguem@127.0.0.1:1/nada", &text);
        let said = project.ends(2, &["jobs", "list"]).await.stderr;
        for text in *expected {
            assert!(said.contains(text), "{job}: {said}");
        }
    }
    std::fs::write(project.directory.path().join("ponte.toml"), "").unwrap();
    let said = project.ends(2, &["jobs", "list"]).await.stderr;
    assert!(said.contains("add [jobs.NAME]"), "{said}");
}
