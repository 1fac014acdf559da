//! Names that resemble each other find each other, quickly.

use crate::packs::{Pack, execute, number, plans, refused, text, texts};

/// How many names there are; the README measures with a million.
#[expect(
    clippy::disallowed_methods,
    reason = "the size of this test comes from the environment"
)]
fn wanted() -> Option<i64> {
    std::env::var("PONTE_ATLAST_NAMES").ok()?.parse().ok()
}

/// Names like people's, all different.
fn many(names: i64) -> String {
    "INSERT INTO source_accounts (source_platform, source_username) \
     SELECT 'twitter', substr(md5(n::text), 1, 4 + n % 5) || (ARRAY['_', '.', '', '-'])[1 + n % 4] || substr(md5((n * 7)::text), 3, 4 + n % 7) \
     FROM generate_series(1, {names}) n ON CONFLICT DO NOTHING"
        .replace("{names}", &names.to_string())
}

/// An index, and a question that it is there to answer.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "idx_source_accounts_username_trgm",
        "SELECT * FROM source_accounts WHERE source_username % 'john_doe'",
    ),
    (
        "idx_source_accounts_normalized_trgm",
        "SELECT * FROM source_accounts WHERE normalized_username % 'johndoe'",
    ),
    (
        "idx_source_accounts_normalized",
        "SELECT * FROM source_accounts WHERE normalized_username = 'johndoe'",
    ),
    (
        "idx_source_accounts_unmatched",
        "SELECT * FROM source_accounts WHERE NOT match_found ORDER BY last_checked_at NULLS FIRST LIMIT 100",
    ),
    (
        "idx_oauth_states_created_at",
        "DELETE FROM oauth_states WHERE created_at < now() - interval '1 hour'",
    ),
    (
        "idx_oauth_sessions_expires_at",
        "DELETE FROM oauth_sessions WHERE expires_at < now()",
    ),
    (
        "idx_user_sessions_did",
        "SELECT * FROM user_sessions WHERE did = 'did:plc:many77'",
    ),
    (
        "idx_user_sessions_expires_at",
        "DELETE FROM user_sessions WHERE expires_at < now()",
    ),
    (
        "idx_user_uploads_did",
        "SELECT * FROM user_uploads WHERE did = 'did:plc:many77' ORDER BY created_at DESC",
    ),
    (
        "idx_user_source_follows_source_account_id",
        "SELECT * FROM user_source_follows WHERE source_account_id = 700",
    ),
    (
        "idx_user_source_follows_did",
        "SELECT * FROM user_source_follows WHERE did = 'did:plc:many77'",
    ),
    (
        "idx_atproto_matches_atproto_did",
        "SELECT * FROM atproto_matches WHERE atproto_did = 'did:plc:found77'",
    ),
    (
        "idx_user_match_status_atproto_match_id",
        "SELECT * FROM user_match_status WHERE atproto_match_id = (SELECT max(id) FROM atproto_matches)",
    ),
    (
        "idx_user_match_status_unnotified",
        "SELECT * FROM user_match_status WHERE NOT notified AND NOT dismissed AND did = 'did:plc:many700'",
    ),
    (
        "idx_notification_queue_pending",
        "SELECT * FROM notification_queue WHERE status = 'pending' AND available_at <= now() ORDER BY available_at, id LIMIT 10",
    ),
    (
        "idx_notification_queue_leased",
        "SELECT * FROM notification_queue WHERE status = 'leased' AND leased_until < now()",
    ),
    (
        "idx_notification_queue_finished",
        "DELETE FROM notification_queue WHERE status IN ('sent', 'failed') AND coalesce(sent_at, failed_at) < now() - interval '30 days'",
    ),
    (
        "idx_notification_queue_atproto_match_id",
        "SELECT * FROM notification_queue WHERE atproto_match_id = (SELECT max(id) FROM atproto_matches)",
    ),
];

#[tokio::test]
async fn the_planner_answers_from_the_indexes_that_are_for_it() {
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = pack.owner().await;
    let names = wanted().unwrap_or(40_000);
    execute(&owner, &many(names)).await;
    plans::script(&pack, include_str!("many.sql")).await;
    assert_eq!(
        plans::unused(&pack.superuser().await, QUESTIONS).await,
        Vec::<String>::new()
    );
    let measured = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT * FROM source_accounts WHERE source_username % 'john_doe'";
    println!("{names} names: {}", texts(&owner, measured).await.join("\n"));
    let similar = texts(
        &owner,
        "SELECT source_username FROM source_accounts WHERE source_username % 'john_doe' ORDER BY similarity(source_username, 'john_doe') DESC LIMIT 1",
    )
    .await;
    assert_eq!(similar, ["john_doe"]);
}

#[tokio::test]
async fn an_account_finds_those_it_resembles_ranked_and_above_the_threshold() {
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = pack.owner().await;
    execute(
        &owner,
        "INSERT INTO source_accounts (source_platform, source_username) VALUES ('twitter', 'Ana.Souza'), ('twitter', 'ana_souza_'), \
         ('twitter', 'anasouza99'), ('twitter', 'ana'), ('twitter', 'souzana')",
    )
    .await;
    let found = |threshold: &str| {
        format!(
            "SELECT rank || ' ' || source_username || ' ' || round(score::numeric, 2) FROM find_source_accounts('@ana-souza.bsky.social', {threshold})"
        )
    };
    assert_eq!(
        texts(&owner, &found("0.5")).await,
        ["1 Ana.Souza 1.00", "2 ana_souza_ 1.00", "3 anasouza99 0.67"]
    );
    assert_eq!(texts(&owner, &found("1")).await.len(), 2);
    assert!(texts(&owner, &found("0.2")).await.len() > 3);
    for threshold in ["0", "1.1", "NULL"] {
        assert_eq!(refused(&owner, &found(threshold)).await.0, "22023", "{threshold}");
    }
    assert_eq!(
        text(&owner, "SELECT show_limit()::text").await,
        "0.3",
        "the session keeps its own"
    );
    let hostile = "SELECT count(*) FROM find_source_accounts('''; DROP TABLE user_uploads; --')";
    assert_eq!(number(&owner, hostile).await, 0);
}

#[tokio::test]
async fn followers_of_a_matched_account_see_it_once_and_are_told_once() {
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = pack.owner().await;
    let seen =
        "SELECT count(*) FROM record_atproto_account('did:plc:jane', 'jane-smith.bsky.social', 'Jane')";
    assert_eq!(
        number(&owner, seen).await,
        2,
        "jane.smith of Instagram and of TikTok"
    );
    assert_eq!(number(&owner, seen).await, 2);
    let jane = "SELECT string_agg(source_platform || ' ' || atproto_handle || ' ' || rank, ', ') FROM matches_of('did:plc:testalice') WHERE source_username = 'jane.smith'";
    assert_eq!(
        text(&owner, jane).await,
        "instagram jane-smith.bsky.social 1, tiktok jane-smith.bsky.social 1"
    );
    // A worse match of the same source account ranks below the better one, a dismissed one is not shown.
    execute(
        &owner,
        "SELECT record_atproto_account('did:plc:jane2', 'janesmith22.bsky.social')",
    )
    .await;
    let ranked = "SELECT string_agg(atproto_did, ', ' ORDER BY rank) FROM matches_of('did:plc:testbob') WHERE source_username = 'jane.smith' AND source_platform = 'tiktok'";
    assert_eq!(text(&owner, ranked).await, "did:plc:jane, did:plc:jane2");
    execute(
        &owner,
        "UPDATE user_match_status SET dismissed = true, dismissed_at = now() WHERE did = 'did:plc:testbob' \
         AND atproto_match_id IN (SELECT id FROM atproto_matches WHERE atproto_did = 'did:plc:jane')",
    )
    .await;
    assert_eq!(text(&owner, ranked).await, "did:plc:jane2");
    let matched =
        "SELECT string_agg(DISTINCT matched_users || '/' || unmatched_users, ', ') FROM user_uploads";
    assert_eq!(
        text(&owner, matched).await,
        "3/5",
        "john_doe, maria_silva, jane.smith"
    );
    let queued = "SELECT enqueue_unnotified_matches()";
    let waiting = number(
        &owner,
        "SELECT count(*) FROM user_match_status WHERE NOT notified AND NOT dismissed",
    )
    .await;
    assert_eq!(number(&owner, queued).await, waiting);
    assert_eq!(number(&owner, queued).await, 0);
    let one = "SELECT complete_notification(id, lease_token)::text FROM lease_notifications(2) WHERE atproto_match_id IS NOT NULL LIMIT 1";
    assert_eq!(text(&owner, one).await, "true");
    assert_eq!(
        number(
            &owner,
            "SELECT count(*) FROM user_match_status WHERE notified AND notified_at IS NOT NULL"
        )
        .await,
        1
    );
}
