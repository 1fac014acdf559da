//! Names that resemble each other find each other, quickly.

use crate::packs::{Pack, execute, number, refused, text, texts};

/// Names like people's, all different, a fortieth of what the README measures with.
const MANY: &str = "INSERT INTO source_accounts (source_platform, source_username) \
    SELECT 'twitter', substr(md5(n::text), 1, 4 + n % 5) || (ARRAY['_', '.', '', '-'])[1 + n % 4] || substr(md5((n * 7)::text), 3, 4 + n % 7) \
    FROM generate_series(1, 40000) n ON CONFLICT DO NOTHING";

#[tokio::test]
async fn the_planner_answers_from_the_indexes_that_are_for_it() {
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = pack.owner().await;
    execute(&owner, MANY).await;
    execute(&owner, "VACUUM ANALYZE source_accounts").await;
    execute(
        &owner,
        "INSERT INTO user_match_status (did, atproto_match_id, notified, notified_at) \
         SELECT 'did:plc:many' || n, (SELECT min(id) FROM atproto_matches), n % 100 <> 0, CASE WHEN n % 100 <> 0 THEN now() END \
         FROM generate_series(1, 20000) n; ANALYZE user_match_status; \
         INSERT INTO user_source_follows (upload_id, source_account_id, did) \
         SELECT (SELECT upload_id FROM user_uploads ORDER BY did LIMIT 1), id, 'did:plc:testalice' FROM source_accounts ON CONFLICT DO NOTHING; \
         ANALYZE user_source_follows",
    )
    .await;
    for (index, sql) in [
        (
            "idx_source_accounts_username_trgm",
            "SELECT * FROM source_accounts WHERE source_username % 'john_doe'",
        ),
        (
            "idx_source_accounts_normalized_trgm",
            "SELECT * FROM source_accounts WHERE normalized_username % 'johndoe'",
        ),
        (
            "idx_user_match_status_unnotified",
            "SELECT * FROM user_match_status WHERE NOT notified AND NOT dismissed AND did = 'did:plc:many700'",
        ),
        (
            "idx_user_source_follows_source_account_id",
            "SELECT * FROM user_source_follows WHERE source_account_id = 700",
        ),
    ] {
        let plan = texts(&owner, &format!("EXPLAIN {sql}")).await.join("\n");
        assert!(plan.contains(index), "{sql}:\n{plan}");
    }
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
