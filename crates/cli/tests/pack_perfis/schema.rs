//! The table by itself: what it takes, what it refuses, how its version moves.

use tokio_postgres::error::SqlState;

use crate::support::{Pack, execute, number, text};

#[tokio::test]
async fn migrations_go_up_once_and_down_without_a_trace() {
    let pack = Pack::migrated().await;
    let again = pack.json(&["--node", "replit", "migrate", "up"]).await;
    assert_eq!(again["applied"].as_array().unwrap().len(), 0);
    let status = pack.json(&["--node", "neon", "migrate", "status"]).await;
    assert_eq!(status["applied"][0]["checksum_ok"], true);
    assert_eq!(status["pending"].as_array().unwrap().len(), 0);
    pack.json(&["--node", "neon", "-y", "migrate", "down"]).await;
    let (_, neon) = pack.owners().await;
    let left = "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'perfis%') + \
                (SELECT count(*) FROM pg_proc WHERE proname LIKE 'perfis%')";
    assert_eq!(number(&neon, left).await, 0);
}

/// The sync interleaves sequences, guards a trigger and adds triggers and a view; none of that is drift. What somebody else does is.
#[tokio::test]
async fn what_a_sync_installs_is_no_drift() {
    let pack = Pack::linked().await;
    for node in ["replit", "neon"] {
        let verified = pack.json(&["--node", node, "verify"]).await;
        assert_eq!(verified["differences"].as_array().unwrap().len(), 0, "{verified}");
    }
    let (replit, _) = pack.owners().await;
    execute(&replit, "ALTER TABLE perfis DROP CONSTRAINT perfis_email_shape").await;
    let output = pack
        .run(&["--node", "replit", "verify", "--output", "json"])
        .await;
    assert_eq!(output.status.code(), Some(1));
    let verified: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        verified["differences"][0]["object"],
        "public.perfis.perfis_email_shape"
    );
    assert_eq!(verified["differences"].as_array().unwrap().len(), 1, "{verified}");
}

#[tokio::test]
async fn seeds_are_harmless_twice() {
    let pack = Pack::migrated().await;
    let (replit, _) = pack.owners().await;
    let seeds = std::fs::read_to_string(pack.path().join("seeds/001_perfis.sql")).unwrap();
    execute(
        &replit,
        "UPDATE perfis SET bio = 'mudada' WHERE nome = 'Ana Souza'",
    )
    .await;
    execute(&replit, &seeds).await;
    assert_eq!(number(&pack.replit, "SELECT count(*) FROM perfis").await, 12);
    let bio = "SELECT bio FROM perfis WHERE nome = 'Ana Souza'";
    assert_eq!(text(&pack.replit, bio).await, "mudada");
}

#[tokio::test]
async fn profiles_that_make_no_sense_are_refused() {
    let pack = Pack::migrated().await;
    let refused = async |sql: &str, constraint: &str, state: SqlState| {
        let error = pack.replit.batch_execute(sql).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(
            (error.constraint(), error.code()),
            (Some(constraint), &state),
            "{sql}"
        );
    };
    let check = SqlState::CHECK_VIOLATION;
    refused(
        "INSERT INTO perfis (nome) VALUES ('  ')",
        "perfis_nome_length",
        check.clone(),
    )
    .await;
    refused(
        "INSERT INTO perfis (nome, email) VALUES ('a', 'a b@c')",
        "perfis_email_shape",
        check.clone(),
    )
    .await;
    refused(
        "INSERT INTO perfis (nome, telefone) VALUES ('a', 'depois')",
        "perfis_telefone_shape",
        check.clone(),
    )
    .await;
    refused(
        "INSERT INTO perfis (nome, bio) VALUES ('a', repeat('x', 2001))",
        "perfis_bio_length",
        check,
    )
    .await;
    let clash = "INSERT INTO perfis (nome, email) VALUES ('Outra Ana', 'ANA.SOUZA@perfis.example')";
    refused(clash, "perfis_email_key", SqlState::UNIQUE_VIOLATION).await;
    let others = "INSERT INTO perfis (nome) VALUES ('sem e-mail'), ('também sem')";
    execute(&pack.replit, others).await;
}

#[tokio::test]
async fn the_version_moves_with_every_change_and_only_then() {
    let pack = Pack::migrated().await;
    let client = &pack.replit;
    let ahead = "SELECT (updated_at > clock_timestamp() + interval '9 minutes')::int::bigint FROM perfis WHERE id = 1";
    // As a row from a node whose clock is ahead: a change here must be newer than the row that it changes.
    let (owner, _) = pack.owners().await;
    execute(
        &owner,
        "ALTER TABLE perfis DISABLE TRIGGER perfis_stamp_updated_at; \
         UPDATE perfis SET updated_at = clock_timestamp() + interval '10 minutes' WHERE id = 1; \
         ALTER TABLE perfis ENABLE TRIGGER perfis_stamp_updated_at",
    )
    .await;
    let version = async || text(client, "SELECT updated_at::text FROM perfis WHERE id = 1").await;
    let before = version().await;
    execute(client, "UPDATE perfis SET nome = nome WHERE id = 1").await;
    assert_eq!(version().await, before, "nothing was changed");
    execute(
        client,
        "UPDATE perfis SET nome = 'Ana S.', updated_at = 'epoch' WHERE id = 1",
    )
    .await;
    assert!(version().await > before);
    assert_eq!(number(client, ahead).await, 1);
}

#[tokio::test]
async fn recent_changes_are_found_through_the_index() {
    let pack = Pack::migrated().await;
    let (owner, _) = pack.owners().await;
    execute(
        &owner,
        "INSERT INTO perfis (nome, updated_at) SELECT 'p' || g, now() - g * interval '1 minute' FROM generate_series(1, 20000) g; \
         ANALYZE perfis",
    )
    .await;
    let plan = owner
        .query(
            "EXPLAIN SELECT * FROM perfis WHERE updated_at > now() - interval '5 minutes'",
            &[],
        )
        .await
        .unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(plan.join("\n").contains("perfis_updated_at_idx"), "{plan:#?}");
}
