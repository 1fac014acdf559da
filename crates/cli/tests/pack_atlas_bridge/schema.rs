//! What the upgrade makes of the old database, what it leaves, and the way back.

use std::fmt::Write;

use tokio_postgres::Client;

use crate::support::{Pack, execute, lines, number};

const COLUMNS: &str = "SELECT table_name || '.' || column_name || ' ' || data_type || coalesce('(' || character_maximum_length || ')', '')
      || CASE data_type WHEN 'numeric' THEN format('(%s,%s)', numeric_precision, numeric_scale) ELSE '' END
    FROM information_schema.columns WHERE table_name = 'sync_log' OR table_name = 'bot_sync_metadata'
      OR table_name = 'reputation_levels_config' OR (table_name, column_name) = ('users', 'external_id')
    ORDER BY table_name, ordinal_position";

/// The report's lists, with what was there before.
const LISTED: &str = "bot_sync_metadata.id integer
bot_sync_metadata.telegram_user_id bigint
bot_sync_metadata.external_user_id text
bot_sync_metadata.last_sync_at timestamp without time zone
bot_sync_metadata.sync_enabled boolean
bot_sync_metadata.created_at timestamp without time zone
bot_sync_metadata.updated_at timestamp without time zone
reputation_levels_config.id integer
reputation_levels_config.level integer
reputation_levels_config.level_name character varying(50)
reputation_levels_config.required_volume numeric(15,2)
reputation_levels_config.fee_discount numeric(5,2)
reputation_levels_config.name character varying(50)
reputation_levels_config.min_volume numeric(15,2)
reputation_levels_config.max_volume numeric(15,2)
reputation_levels_config.created_at timestamp without time zone
reputation_levels_config.updated_at timestamp without time zone
sync_log.id integer
sync_log.sync_type character varying(50)
sync_log.entity_type character varying(50)
sync_log.entity_id text
sync_log.sync_direction character varying(20)
sync_log.status character varying(20)
sync_log.error_message text
sync_log.metadata jsonb
sync_log.created_at timestamp without time zone
users.external_id text";

const INDEXES: &str = "SELECT indexname::text FROM pg_indexes
    WHERE tablename IN ('users', 'sync_log', 'reputation_levels_config', 'bot_sync_metadata') ORDER BY tablename, indexname";

const LEVELS: &str = "SELECT concat_ws(' ', level || ':', name, '(' || min_volume, '-', coalesce(max_volume::text, '+') || ')')
    FROM reputation_levels_config ORDER BY level";

const ELEVEN: &str = "0: Iniciante (0.00 - 999.99)
1: Bronze I (1000.00 - 4999.99)
2: Bronze II (5000.00 - 9999.99)
3: Prata I (10000.00 - 24999.99)
4: Prata II (25000.00 - 49999.99)
5: Ouro I (50000.00 - 99999.99)
6: Ouro II (100000.00 - 249999.99)
7: Diamante I (250000.00 - 499999.99)
8: Diamante II (500000.00 - 999999.99)
9: Elite (1000000.00 - 4999999.99)
10: Lendário (5000000.00 - +)";

const USERS: &str = "SELECT concat_ws(' ', id, telegram_id, username, total_volume) FROM users ORDER BY id";

/// Everything in the tables and about them, but the log of migrations.
async fn everything(client: &Client) -> String {
    let mut all = lines(client, COLUMNS).await;
    all.extend(lines(client, INDEXES).await);
    for table in [
        "users",
        "reputation_levels_config",
        "sync_log",
        "bot_sync_metadata",
    ] {
        all.extend(lines(client, &format!("SELECT t::text FROM {table} t ORDER BY id")).await);
    }
    all.extend(
        lines(
            client,
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
        )
        .await,
    );
    all.join("\n")
}

#[tokio::test]
async fn the_upgrade_makes_what_the_report_lists_and_its_rollback_leaves_the_levels() {
    let pack = Pack::with_old_bridge().await;
    let client = &pack.bridge;
    execute(
        client,
        "INSERT INTO users (telegram_id, username, total_volume) SELECT g, 'u' || g, g * 1000 FROM generate_series(1, 12) g;
         INSERT INTO reputation_levels_config (level, level_name, required_volume, fee_discount) VALUES (20, 'Fundador', 90000000, 50)",
    )
    .await;
    let users = lines(client, USERS).await;
    pack.upgrade().await;
    assert_eq!(lines(client, COLUMNS).await.join("\n"), LISTED);
    let indexes = lines(client, INDEXES).await;
    assert_eq!(indexes.len(), 14, "{indexes:?}");
    let named = indexes.iter().filter(|name| name.starts_with("idx_")).count();
    assert_eq!(named, 1 + 4 + 2, "{indexes:?}");
    let triggers = "SELECT count(*) FROM pg_trigger WHERE tgfoid = 'update_sync_timestamp'::regproc";
    assert_eq!(number(client, triggers).await, 1);
    // Nothing is lost: neither a user nor a level of their own, nor what a level gave.
    assert_eq!(
        lines(client, LEVELS).await.join("\n"),
        format!("{ELEVEN}\n20: Fundador (90000000.00 - +)")
    );
    let discounts = "SELECT string_agg(fee_discount::text, ' ' ORDER BY level) FROM reputation_levels_config WHERE fee_discount > 0";
    assert_eq!(lines(client, discounts).await, ["1.00 2.00 5.00 10.00 50.00"]);
    assert_eq!(lines(client, USERS).await, users);
    assert_eq!(
        number(client, "SELECT count(DISTINCT external_id) FROM users").await,
        12
    );
    check_twice(&pack).await;
    check_levels(client).await;
    check_old_readers_and_writers(client).await;
    check_metadata(client).await;
    check_rollback(&pack).await;
}

/// Twice is as good as once, also for somebody who has lost the history.
async fn check_twice(pack: &Pack) {
    let client = &pack.bridge;
    let before = everything(client).await;
    let again = pack.json(&["--node", "bridge", "migrate", "up"]).await;
    assert_eq!(again["applied"].as_array().unwrap().len(), 0);
    execute(client, "DROP SCHEMA ponte CASCADE").await;
    let again = pack.json(&["--node", "bridge", "migrate", "up"]).await;
    assert_eq!(again["applied"].as_array().unwrap().len(), 7);
    assert_eq!(everything(client).await, before);
}

/// Everything goes but the levels, by the tool and by hand.
async fn check_rollback(pack: &Pack) {
    let client = &pack.bridge;
    let levels = "SELECT l::text FROM reputation_levels_config l ORDER BY level";
    let kept = lines(client, levels).await;
    let users = lines(client, USERS).await;
    pack.json(&["--node", "bridge", "-y", "migrate", "down", "--to", "001"])
        .await;
    assert_eq!(lines(client, levels).await, kept);
    let left = "SELECT count(*) FROM pg_class WHERE relname IN ('sync_log', 'bot_sync_metadata', 'idx_users_external_id')";
    assert_eq!(number(client, left).await, 0);
    assert_eq!(lines(client, USERS).await, users);
    pack.json(&["--node", "bridge", "migrate", "up"]).await;
    assert_eq!(lines(client, levels).await, kept);
    // The report's own words, by hand.
    execute(
        client,
        "ALTER TABLE users DROP COLUMN IF EXISTS external_id;
         DROP TABLE IF EXISTS sync_log CASCADE;
         DROP TABLE IF EXISTS bot_sync_metadata CASCADE;
         DROP FUNCTION IF EXISTS update_sync_timestamp() CASCADE;",
    )
    .await;
    assert_eq!(lines(client, levels).await, kept);
    execute(client, "INSERT INTO users (telegram_id) VALUES (99); UPDATE users SET total_volume = 7000 WHERE telegram_id = 99").await;
    assert_eq!(
        number(
            client,
            "SELECT reputation_level::bigint FROM users WHERE telegram_id = 99"
        )
        .await,
        2
    );
}

async fn check_levels(client: &Client) {
    for (volume, level) in [
        ("0", 0),
        ("999.99", 0),
        ("1000", 1),
        ("4999.99", 1),
        ("5000", 2),
        ("9999.99", 2),
        ("10000", 3),
        ("24999.99", 3),
        ("25000", 4),
        ("49999.99", 4),
        ("50000", 5),
        ("99999.99", 5),
        ("100000", 6),
        ("249999.99", 6),
        ("250000", 7),
        ("499999.99", 7),
        ("500000", 8),
        ("999999.99", 8),
        ("1000000", 9),
        ("4999999.99", 9),
        ("5000000", 10),
        ("89999999.99", 10),
        ("-1", 0),
        ("999.995", 1),
        ("NULL", 0),
    ] {
        let found = number(client, &format!("SELECT reputation_level_of({volume})::bigint")).await;
        assert_eq!(found, level, "the level of {volume}");
    }
    let of_old = "SELECT string_agg(reputation_level::text, ' ' ORDER BY id) FROM users";
    execute(client, "UPDATE users SET total_volume = total_volume + 1").await;
    assert_eq!(lines(client, of_old).await, ["1 1 1 1 2 2 2 2 2 3 3 3"]);
}

async fn check_old_readers_and_writers(client: &Client) {
    let agree = "SELECT count(*) FROM reputation_levels_config WHERE (level_name, required_volume) IS DISTINCT FROM (name, min_volume)";
    assert_eq!(number(client, agree).await, 0);
    execute(
        client,
        "UPDATE reputation_levels_config SET level_name = 'Bronze Um', required_volume = 1100 WHERE level = 1;
         UPDATE reputation_levels_config SET name = 'Bronze Dois', min_volume = 5100 WHERE level = 2;
         INSERT INTO reputation_levels_config (level, level_name, required_volume) VALUES (21, 'Antigo', 91000000);
         INSERT INTO reputation_levels_config (level, name, min_volume) VALUES (22, 'Novo', 92000000)",
    )
    .await;
    assert_eq!(number(client, agree).await, 0);
    let read = "SELECT string_agg(concat_ws(' ', level_name, name, required_volume, min_volume), '; ' ORDER BY level) FROM reputation_levels_config WHERE level IN (1, 2, 21, 22)";
    assert_eq!(
        lines(client, read).await,
        [
            "Bronze Um Bronze Um 1100.00 1100.00; Bronze Dois Bronze Dois 5100.00 5100.00; Antigo Antigo 91000000.00 91000000.00; Novo Novo 92000000.00 92000000.00"
        ]
    );
}

async fn check_metadata(client: &Client) {
    execute(
        client,
        "INSERT INTO bot_sync_metadata (telegram_user_id, external_user_id, updated_at) VALUES (1, 'x', '2020-01-01');
         UPDATE bot_sync_metadata SET sync_enabled = false",
    )
    .await;
    let moved = "SELECT count(*) FROM bot_sync_metadata WHERE updated_at > '2020-01-02' AND NOT sync_enabled";
    assert_eq!(number(client, moved).await, 1);
    assert!(
        client
            .batch_execute("INSERT INTO bot_sync_metadata (telegram_user_id) VALUES (1)")
            .await
            .is_err()
    );
    execute(
        client,
        r#"INSERT INTO sync_log (sync_type, entity_type, entity_id, sync_direction, status, metadata) VALUES ('update', 'user', '1', 'bridge_to_painel', 'success', '{"a": {"b": [1, 2]}}')"#,
    )
    .await;
    assert_eq!(
        number(client, "SELECT (metadata #>> '{a,b,1}')::bigint FROM sync_log").await,
        2
    );
}

/// What each index is for, on tables as large as they get.
#[tokio::test]
async fn the_planner_uses_each_index_for_what_it_is_for() {
    let pack = Pack::with_old_bridge().await;
    pack.upgrade().await;
    let client = &pack.bridge;
    execute(
        client,
        "INSERT INTO users (telegram_id, external_id) SELECT g, 'p' || g FROM generate_series(1, 50000) g;
         INSERT INTO bot_sync_metadata (telegram_user_id, external_user_id) SELECT g, 'p' || g FROM generate_series(1, 50000) g;
         INSERT INTO sync_log (sync_type, entity_type, entity_id, sync_direction, status, created_at)
         SELECT 'update', CASE WHEN g % 50 = 0 THEN 'reputation_level' ELSE 'user' END, 'p' || g % 20000, 'bridge_to_painel',
                CASE WHEN g % 1000 = 0 THEN 'failed' ELSE 'success' END, '2025-10-06'::timestamp + g * interval '1 minute'
         FROM generate_series(1, 100000) g;
         ANALYZE",
    )
    .await;
    let mut wrong = String::new();
    for (query, index) in [
        (
            "SELECT * FROM users WHERE external_id = 'p77'",
            "idx_users_external_id",
        ),
        (
            "SELECT * FROM bot_sync_metadata WHERE telegram_user_id = 77",
            "telegram",
        ),
        (
            "SELECT * FROM bot_sync_metadata WHERE external_user_id = 'p77'",
            "idx_bot_sync_metadata_external_id",
        ),
        (
            "SELECT * FROM sync_log WHERE entity_id = 'p77' ORDER BY created_at DESC",
            "idx_sync_log_entity",
        ),
        (
            "SELECT * FROM sync_log WHERE status = 'failed' ORDER BY created_at DESC LIMIT 20",
            "idx_sync_log_status",
        ),
        (
            "SELECT * FROM sync_log WHERE created_at > '2025-12-14'",
            "idx_sync_log_created_at",
        ),
        (
            "SELECT * FROM sync_log WHERE entity_type = 'reputation_level' AND status = 'failed' ORDER BY created_at DESC LIMIT 20",
            "idx_sync_log_entity_status",
        ),
        (
            "SELECT u.* FROM bot_sync_metadata m JOIN users u ON u.external_id = m.external_user_id WHERE m.telegram_user_id = 77",
            "idx_users_external_id",
        ),
    ] {
        let plan = lines(client, &format!("EXPLAIN {query}")).await.join("\n");
        if !plan.contains(index) || plan.contains("Seq Scan") {
            writeln!(wrong, "{query}\n{plan}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
