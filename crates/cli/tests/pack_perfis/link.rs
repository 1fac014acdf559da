//! The document's own walk: test the connection, write on either side, carry, look, take it all away.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use ponte_testkit::eventually;
use tokio_postgres::Client;

use crate::support::{Pack, execute, number, text};

const COUNT: &str = "SELECT COUNT(*) FROM perfis";
const PENDING: &str = "SELECT count(*) FROM (SELECT * FROM perfis_changelog WHERE synced = FALSE) p";

#[tokio::test]
async fn the_connection_test_says_what_is_wrong() {
    let pack = Pack::unpacked().await;
    let check = pack.json(&["--node", "neon", "db", "check"]).await;
    assert_eq!(check["findings"].as_array().unwrap().len(), 0, "{check}");
    let env = |url: &str| {
        let text = format!("DATABASE_URL={}\nEXTERNAL_DB_URL={url}\n", pack.pair.url_a);
        std::fs::write(pack.path().join(".env"), text).unwrap();
    };
    env(&pack.pair.url_b.replacen("dono:", "dono:errada", 1));
    let refused = pack.trouble(&["--node", "neon", "db", "check"]).await;
    assert_eq!(refused["code"], "conn.password", "{refused}");
    assert!(refused.to_string().contains("\"user\":\"dono\""), "{refused}");
    assert!(!refused.to_string().contains("errada"), "{refused}");
    env("postgresql://user:pass@ep-xxxxx-pooler.region.aws.neon.tech/dbname?sslmode=require");
    let pooled = pack.trouble(&["sync", "init", "-y"]).await;
    assert_eq!(pooled["code"], "conn.pooled_url", "{pooled}");
    assert!(!pooled.to_string().contains("pass@"), "{pooled}");
    let direct = "@ep-xxxxx.region.aws.neon.tech:5432/dbname";
    assert!(pooled["help"].as_str().unwrap().contains(direct), "{pooled}");
    for code in ["conn.password", "conn.pooled_url"] {
        let page = pack.run(&["explain", code]).await;
        assert!(page.status.success());
        assert!(
            String::from_utf8_lossy(&page.stdout).contains("## Remedy"),
            "{code}"
        );
    }
    std::fs::write(
        pack.path().join(".env"),
        format!("DATABASE_URL={}\n", pack.pair.url_a),
    )
    .unwrap();
    let unset = pack.trouble(&["--node", "neon", "db", "check"]).await;
    assert_eq!(unset["code"], "config.unset", "{unset}");
}

#[tokio::test]
async fn what_is_written_on_either_side_is_pending_until_it_is_carried() {
    let pack = Pack::linked().await;
    assert_eq!(number(&pack.neon, COUNT).await, 12);
    execute(
        &pack.replit,
        "INSERT INTO perfis (nome, email) VALUES ('Teste Replit', 't@replit.example')",
    )
    .await;
    execute(
        &pack.replit,
        "UPDATE perfis SET bio = 'nova' WHERE nome = 'Camila Ferreira'",
    )
    .await;
    execute(
        &pack.neon,
        "INSERT INTO perfis (nome, email) VALUES ('Teste Externo', 't@neon.example')",
    )
    .await;
    execute(&pack.neon, "DELETE FROM perfis WHERE nome = 'Marcelo Ribeiro'").await;
    let operations =
        "SELECT string_agg(operation, ' ' ORDER BY seq) FROM perfis_changelog WHERE synced = FALSE";
    assert_eq!(text(&pack.replit, operations).await, "INSERT UPDATE");
    assert_eq!(text(&pack.neon, operations).await, "INSERT DELETE");
    let status = pack.json(&["sync", "status", "perfis"]).await;
    for node in [0, 1] {
        assert_eq!(status["links"][0]["nodes"][node]["pending"], 2, "{status}");
    }
    let [there, back] = pack.once().await;
    assert_eq!(
        (&there["upserts"], &there["deletes"]),
        (&2.into(), &0.into()),
        "{there}"
    );
    assert_eq!(
        (&back["upserts"], &back["deletes"]),
        (&1.into(), &1.into()),
        "{back}"
    );
    assert_eq!(pack.rows().await.len(), 13);
    for client in [&pack.replit, &pack.neon] {
        assert_eq!(number(client, PENDING).await, 0);
        assert!(number(client, "SELECT count(*) FROM perfis_changelog WHERE synced").await >= 2);
    }
    let diff = pack.json(&["sync", "diff"]).await;
    assert_eq!(diff["equal"], true);
    for node in ["replit", "neon"] {
        assert_eq!(diff["links"][0]["tables"][0]["rows"][node], 13, "{diff}");
    }
}

#[tokio::test]
async fn the_newer_change_wins_and_the_older_one_is_kept() {
    let pack = Pack::linked().await;
    execute(
        &pack.replit,
        "UPDATE perfis SET bio = 'antes, em replit' WHERE id = 1",
    )
    .await;
    execute(
        &pack.neon,
        "UPDATE perfis SET bio = 'depois, em neon' WHERE id = 1",
    )
    .await;
    execute(
        &pack.neon,
        "UPDATE perfis SET bio = 'antes, em neon' WHERE id = 2",
    )
    .await;
    execute(
        &pack.replit,
        "UPDATE perfis SET bio = 'depois, em replit' WHERE id = 2",
    )
    .await;
    execute(&pack.replit, "UPDATE perfis SET bio = 'antes' WHERE id = 3").await;
    execute(&pack.neon, "DELETE FROM perfis WHERE id = 3").await;
    pack.once().await;
    assert_eq!(pack.rows().await.len(), 11);
    let bios = "SELECT string_agg(bio, '; ' ORDER BY id) FROM perfis WHERE id <= 3";
    assert_eq!(text(&pack.neon, bios).await, "depois, em neon; depois, em replit");
    let listed = pack.json(&["sync", "conflicts"]).await;
    let conflicts = listed["conflicts"].as_array().unwrap();
    let winners = |node: &str| conflicts.iter().filter(|c| c["winner"] == node).count();
    assert_eq!((winners("neon"), winners("replit")), (2, 1), "{listed}");
    assert!(
        listed.to_string().contains("antes, em replit"),
        "the older row is kept: {listed}"
    );
}

#[tokio::test]
async fn a_probe_goes_either_way_and_leaves_nothing() {
    let pack = Pack::linked().await;
    let before = pack.rows().await;
    for (from, to) in [("replit", "neon"), ("neon", "replit")] {
        let probe = pack.json(&["sync", "probe", "perfis", "--from", from]).await;
        assert_eq!(probe["to"], to);
        assert!(probe["arrived_after_ms"].as_f64().unwrap() > 0.0);
    }
    pack.once().await;
    assert_eq!(pack.rows().await, before);
}

/// Every row that was ever written, in the tables of users and in ours, and the next transaction's id.
const COUNTERS: &str = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables";
const NEXT_ID: &str = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
const AT_WORK: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ponte%'";

#[tokio::test]
async fn a_pass_that_finds_nothing_changes_no_row_counter() {
    let pack = Pack::linked().await;
    execute(&pack.replit, "UPDATE perfis SET ativo = NOT ativo").await;
    pack.once().await;
    let (replit, neon) = (
        pack.pair.a.superuser("perfis").await,
        pack.pair.b.superuser("perfis").await,
    );
    let before = [counters(&replit).await, counters(&neon).await];
    for _ in 0..3 {
        let [there, back] = pack.once().await;
        assert_eq!((&there["upserts"], &back["upserts"]), (&0.into(), &0.into()));
    }
    assert_eq!([counters(&replit).await, counters(&neon).await], before);
}

/// Read when the program's sessions are gone: a backend reports its counts before it goes.
async fn counters(client: &Client) -> (i64, i64) {
    eventually(
        Duration::from_secs(30),
        "the end of the program's sessions",
        async || (number(client, AT_WORK).await == 0).then_some(()),
    )
    .await;
    (number(client, COUNTERS).await, number(client, NEXT_ID).await)
}

#[tokio::test]
async fn the_same_address_on_both_sides_sets_two_rows_aside_and_carries_the_others() {
    let pack = Pack::linked().await;
    execute(
        &pack.replit,
        "INSERT INTO perfis (nome, email) VALUES ('Rita (replit)', 'rita@perfis.example')",
    )
    .await;
    execute(
        &pack.neon,
        "INSERT INTO perfis (nome, email) VALUES ('Rita (neon)', 'Rita@perfis.example'), ('Outra', 'outra@perfis.example')",
    )
    .await;
    let passed = pack.run(&["sync", "once"]).await;
    assert_eq!(passed.status.code(), Some(1), "rows were refused");
    let listed = pack.run(&["sync", "quarantine"]).await;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("perfis_email_key"), "{listed}");
    assert!(!listed.contains("rita@"), "no row value in a list: {listed}");
    assert_eq!(number(&pack.replit, COUNT).await, 14, "the other row has come");
    assert_eq!(number(&pack.neon, COUNT).await, 14);
    execute(
        &pack.neon,
        "UPDATE perfis SET email = 'rita.neon@perfis.example' WHERE nome = 'Rita (neon)'",
    )
    .await;
    let retried = pack.run(&["sync", "quarantine", "retry", "--all"]).await;
    assert!(
        retried.status.success(),
        "{}",
        String::from_utf8_lossy(&retried.stderr)
    );
    pack.once().await;
    pack.once().await;
    assert_eq!(pack.rows().await.len(), 15);
}

#[tokio::test]
async fn the_scheduler_carries_by_itself_and_its_log_can_be_followed() {
    let pack = Pack::linked().await;
    let file = pack.path().join("ponte.toml");
    let often = std::fs::read_to_string(&file)
        .unwrap()
        .replace("\"5m\"", "\"1s\"");
    std::fs::write(&file, often).unwrap();
    let mut run = pack
        .command(&["sync", "run"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    execute(&pack.neon, "INSERT INTO perfis (nome) VALUES ('De longe')").await;
    eventually(Duration::from_secs(30), "the row of the other side", async || {
        (number(&pack.replit, COUNT).await == 13).then_some(())
    })
    .await;
    let pid = run.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    let status = tokio::task::spawn_blocking(move || {
        let mut log = String::new();
        run.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (run.wait().unwrap(), log)
    });
    let (status, log) = status.await.unwrap();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("link perfis neon → replit: 1 written"), "{log}");
}

/// As the pack is delivered: five minutes are longer than the test, so whatever arrives was carried by hand.
#[tokio::test]
async fn a_pass_comes_every_five_minutes_or_at_once_when_it_is_asked_for() {
    let pack = Pack::linked().await;
    let mut command = pack.command(&["sync", "run"]);
    let mut run = command.stderr(Stdio::piped()).spawn().unwrap();
    eventually(Duration::from_secs(30), "the first pass", async || {
        let status = pack.json(&["sync", "status", "perfis"]).await;
        (!status["links"][0]["last_pass_at"].is_null()).then_some(())
    })
    .await;
    execute(&pack.replit, "INSERT INTO perfis (nome) VALUES ('Agora')").await;
    assert_eq!(number(&pack.replit, PENDING).await, 1);
    let [there, _] = pack.once().await;
    assert_eq!(there["upserts"], 1, "{there}");
    assert_eq!(number(&pack.neon, COUNT).await, 13);
    let pid = run.id().to_string();
    Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    let log = tokio::task::spawn_blocking(move || {
        let mut log = String::new();
        run.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        run.wait().unwrap();
        log
    });
    let log = log.await.unwrap();
    assert!(log.contains("link perfis: replit and neon, 5m"), "{log}");
    assert!(!log.contains("1 written"), "{log}");
}

#[tokio::test]
async fn a_changelog_of_the_old_scripts_is_refused_by_name_and_left_alone() {
    let pack = Pack::migrated().await;
    let (replit, _) = pack.owners().await;
    execute(
        &replit,
        "CREATE TABLE perfis_changelog (id serial PRIMARY KEY, synced boolean NOT NULL DEFAULT false); \
         INSERT INTO perfis_changelog DEFAULT VALUES",
    )
    .await;
    let error = pack.trouble(&["sync", "init", "-y"]).await;
    let rename = "ALTER TABLE perfis_changelog RENAME TO perfis_changelog_old";
    assert!(error["help"].as_str().unwrap().contains(rename), "{error}");
    assert_eq!(number(&replit, "SELECT count(*) FROM perfis_changelog").await, 1);
    execute(&replit, rename).await;
    pack.json(&["sync", "init", "-y"]).await;
    pack.rows().await;
    pack.json(&["sync", "drop", "-y"]).await;
    assert_eq!(
        number(&replit, "SELECT count(*) FROM perfis_changelog_old").await,
        1
    );
}

/// Everything in the database by name, with the definitions of the table's own triggers; without the history of migrations.
const OBJECTS: &str = r"
    SELECT string_agg(o, E'\n' ORDER BY o) FROM (
      SELECT relkind::text || ' ' || oid::regclass::text FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_'
      UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
      UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
      UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'
      UNION ALL SELECT 'step ' || seqrelid::regclass::text || seqincrement::text FROM pg_sequence) all_of_it(o)";

#[tokio::test]
async fn dropping_the_link_leaves_the_databases_as_they_were() {
    let pack = Pack::migrated().await;
    let (replit, neon) = pack.owners().await;
    let before = [text(&replit, OBJECTS).await, text(&neon, OBJECTS).await];
    pack.json(&["sync", "init", "-y"]).await;
    execute(&pack.neon, "UPDATE perfis SET ativo = false").await;
    pack.once().await;
    let rows = pack.rows().await;
    assert_ne!(text(&neon, OBJECTS).await, before[1]);
    pack.json(&["sync", "drop", "-y"]).await;
    assert_eq!([text(&replit, OBJECTS).await, text(&neon, OBJECTS).await], before);
    assert_eq!(pack.rows().await, rows, "no row of the table is touched");
}
