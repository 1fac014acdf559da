//! Bad input: exit code 2, one message with object, cause and the next command, nothing half made.

use crate::support::{PERFIS, Project, number};

/// Runs `init`, which must refuse with all of `parts` in its message, and leave no trace on either side.
async fn check(project: &Project, parts: &[&str]) {
    let said = project.trouble(&["sync", "init", "-y"]).await;
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    for client in [project.a().await, project.b().await] {
        let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'ponte'";
        assert_eq!(
            number(&client, made).await,
            0,
            "a refused init left schema ponte behind"
        );
    }
}

#[tokio::test]
async fn a_table_that_does_not_exist_is_named() {
    let project = Project::with(PERFIS, &["perfil"], "").await;
    check(
        &project,
        &[
            "[sync.unfit]",
            "table perfil does not exist on \"a\"",
            "help: ponte --node a migrate up",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_table_without_a_key_comes_with_the_statement_that_adds_one() {
    let project = Project::with("CREATE TABLE notas (texto text)", &["notas"], "").await;
    check(
        &project,
        &[
            "table notas has no primary key",
            "ALTER TABLE notas ADD COLUMN id",
        ],
    )
    .await;
}

#[tokio::test]
async fn tables_that_differ_are_compared_column_by_column() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project
        .b()
        .await
        .batch_execute("ALTER TABLE perfis ADD COLUMN bio text, ALTER COLUMN saldo TYPE int")
        .await
        .unwrap();
    check(
        &project,
        &[
            "[sync.drift]",
            "column bio on b but not on a",
            "column saldo of table perfis is bigint on a and integer on b",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_role_that_may_not_alter_a_sequence_is_told_who_may() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    let superuser = project.pair.a.superuser("app").await;
    superuser
        .batch_execute("ALTER TABLE perfis OWNER TO postgres; GRANT SELECT, INSERT ON perfis TO dono")
        .await
        .unwrap();
    check(
        &project,
        &[
            "the role of node \"a\" may not alter sequence perfis_id_seq",
            "help: ALTER TABLE perfis OWNER TO dono",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_read_only_server_is_refused() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    let superuser = project.pair.b.superuser("postgres").await;
    superuser
        .batch_execute("ALTER DATABASE app SET default_transaction_read_only = on")
        .await
        .unwrap();
    check(&project, &["\"b\"", "read only"]).await;
}

#[tokio::test]
async fn one_database_given_twice_is_refused() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    let file = project.directory.path().join("ponte.toml");
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace(&project.pair.url_b, &project.pair.url_a);
    std::fs::write(&file, text).unwrap();
    check(&project, &["same database"]).await;
}

#[tokio::test]
async fn an_unreachable_node_and_a_wrong_password_are_told_apart() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    let file = project.directory.path().join("ponte.toml");
    let right = std::fs::read_to_string(&file).unwrap();
    let port = |text: &str| text.replace(&format!(":{}/", project.pair.b.port()), ":1/");
    std::fs::write(&file, port(&right)).unwrap();
    check(&project, &["[conn.refused]", "127.0.0.1", "node: b"]).await;
    let url = &project.pair.url_b;
    let password = url.split(':').nth(2).unwrap().split('@').next().unwrap();
    std::fs::write(&file, right.replace(password, "errada")).unwrap();
    check(&project, &["[conn.password]"]).await;
}

#[tokio::test]
async fn a_link_name_that_is_taken_is_refused_and_the_old_link_lives_on() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    let other = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    let file = project.directory.path().join("ponte.toml");
    let mine = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, mine.replace(&project.pair.url_b, &other.pair.url_b)).unwrap();
    let said = project.trouble(&["sync", "init", "-y"]).await;
    assert!(said.contains("[sync.already_linked]"), "{said}");
    assert_eq!(
        number(
            &other.b().await,
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'ponte'"
        )
        .await,
        0
    );
    std::fs::write(&file, mine).unwrap();
    project.json(&["sync", "once"]).await;
}

#[tokio::test]
async fn passes_before_init_say_what_to_run() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    for verb in ["once", "run", "diff", "pause"] {
        let said = project.trouble(&["sync", verb]).await;
        assert!(
            said.contains("[sync.not_ready]") && said.contains("ponte sync init teste"),
            "{verb}: {said}"
        );
    }
}

#[tokio::test]
async fn unknown_links_and_nodes_are_refused_with_what_is_there() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    assert!(project.trouble(&["sync", "once", "test"]).await.contains("teste"));
    assert!(
        project
            .trouble(&["sync", "probe", "teste", "--from", "c"])
            .await
            .contains("choose one of a, b")
    );
    assert!(
        project
            .trouble(&["sync", "conflicts", "show", "a:77"])
            .await
            .contains("no conflict a:77")
    );
}

#[tokio::test]
async fn a_database_that_took_the_place_of_the_partner_is_refused() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    let other = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    other.json(&["sync", "init", "-y"]).await;
    let file = project.directory.path().join("ponte.toml");
    let mine = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, mine.replace(&project.pair.url_b, &other.pair.url_b)).unwrap();
    let said = project.trouble(&["sync", "once"]).await;
    assert!(
        said.contains("was made with another database than \"b\" is now"),
        "{said}"
    );
}
