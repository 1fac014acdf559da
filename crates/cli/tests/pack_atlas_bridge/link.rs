//! The bot and the panel, kept in agreement.

use crate::support::{Pack, execute, lines, number};

/// The people of a side, by what both call differently.
async fn people(pack: &Pack) -> [Vec<String>; 2] {
    [
        lines(
            &pack.bridge,
            "SELECT concat_ws(' ', username, total_volume, reputation_level) FROM users ORDER BY username",
        )
        .await,
        lines(
            &pack.painel,
            "SELECT concat_ws(' ', login, volume_total, nivel) FROM usuarios ORDER BY login",
        )
        .await,
    ]
}

async fn assert_people(pack: &Pack, expected: &[&str]) {
    assert_eq!(people(pack).await, [expected, expected]);
    pack.assert_equal().await;
}

/// What was logged on a side since the last time, sorted.
async fn logged(client: &tokio_postgres::Client) -> Vec<String> {
    let log = lines(
        client,
        "SELECT concat_ws(' ', sync_type, entity_type, sync_direction, status, error_message) FROM sync_log ORDER BY 1",
    )
    .await;
    execute(client, "DELETE FROM sync_log").await;
    log
}

#[tokio::test]
async fn the_bot_and_the_panel_share_their_people() {
    let pack = Pack::with_old_bridge().await;
    let (bridge, painel) = (&pack.bridge, &pack.painel);
    execute(bridge, "INSERT INTO users (telegram_id, username, total_volume) VALUES (1, 'ana', 1000), (2, 'bia', 7000.50)").await;
    pack.upgrade().await;
    pack.link().await;
    let drift = pack.json(&["--node", "bridge", "verify"]).await;
    assert_eq!(drift["differences"].as_array().unwrap().len(), 0, "{drift}");
    assert_people(&pack, &["ana 1000.00 1", "bia 7000.50 2"]).await;
    assert_eq!(number(painel, "SELECT count(*) FROM niveis_reputacao").await, 11);
    let inserted = "insert user bridge_to_painel success";
    assert_eq!(
        logged(painel).await,
        [inserted, inserted],
        "the levels were equal"
    );
    assert_eq!(logged(bridge).await.len(), 0);

    check_newcomers(&pack).await;
    check_switch(&pack).await;
    check_failure(&pack).await;
    check_levels(&pack).await;

    // Deletes go either way too.
    execute(bridge, "DELETE FROM users WHERE username = 'caio'").await;
    execute(painel, "DELETE FROM usuarios WHERE login = 'davi'").await;
    pack.once(0).await;
    assert_eq!(people(&pack).await[0].len(), 2);
    pack.assert_equal().await;
}

/// New people on either side get an id there, and appear on the other; levels follow volumes; what arrives is logged.
async fn check_newcomers(pack: &Pack) {
    let (bridge, painel) = (&pack.bridge, &pack.painel);
    execute(
        bridge,
        "INSERT INTO users (telegram_id, username) VALUES (3, 'caio')",
    )
    .await;
    execute(painel, "INSERT INTO usuarios (id, login, email, volume_total) VALUES ('p-1', 'davi', 'davi@atlas.example', 5000000)").await;
    execute(
        bridge,
        "UPDATE users SET total_volume = 999.99 WHERE username = 'ana'",
    )
    .await;
    execute(
        painel,
        "UPDATE usuarios SET volume_total = 25000 WHERE login = 'bia'",
    )
    .await;
    pack.once(0).await;
    assert_people(
        pack,
        &[
            "ana 999.99 0",
            "bia 25000.00 4",
            "caio 0.00 0",
            "davi 5000000.00 10",
        ],
    )
    .await;
    assert_eq!(
        lines(
            bridge,
            "SELECT external_id FROM users WHERE username = 'davi' AND telegram_id IS NULL"
        )
        .await,
        ["p-1"]
    );
    assert_eq!(
        logged(bridge).await,
        [
            "insert user painel_to_bridge success",
            "update user painel_to_bridge success"
        ]
    );
    assert_eq!(
        logged(painel).await,
        [
            "insert user bridge_to_painel success",
            "update user bridge_to_painel success"
        ]
    );
    let stamped = "SELECT string_agg(m.telegram_user_id::text, ' ') FROM bot_sync_metadata m JOIN users u ON u.external_id = m.external_user_id AND u.telegram_id = m.telegram_user_id
        WHERE now() AT TIME ZONE 'UTC' - m.last_sync_at BETWEEN interval '0' AND interval '10 minutes' AND m.sync_enabled";
    assert_eq!(
        lines(bridge, stamped).await,
        ["2"],
        "what arrives from the panel is stamped"
    );
    assert_eq!(pack.once(0).await, [0, 0]);
}

/// Nothing of a user whose sync is off travels, and nothing is lost when it is on again.
async fn check_switch(pack: &Pack) {
    let (bridge, painel) = (&pack.bridge, &pack.painel);
    execute(
        bridge,
        "INSERT INTO bot_sync_metadata (telegram_user_id, sync_enabled) VALUES (1, false);
         UPDATE bot_sync_metadata SET sync_enabled = false WHERE telegram_user_id = 2;
         UPDATE users SET total_volume = 50000 WHERE username = 'ana'",
    )
    .await;
    execute(
        painel,
        "UPDATE usuarios SET volume_total = 100000 WHERE login = 'bia'",
    )
    .await;
    pack.once(1).await;
    let [here, there] = people(pack).await;
    assert_eq!((&*here[0], &*here[1]), ("ana 50000.00 5", "bia 25000.00 4"));
    assert_eq!((&*there[0], &*there[1]), ("ana 999.99 0", "bia 100000.00 6"));
    pack.assert_equal().await;
    let failed = "SELECT entity_type || ' ' || error_message FROM sync_log WHERE status = 'failed'";
    assert_eq!(
        lines(bridge, failed).await,
        ["user the row does not take part here at present"]
    );
    execute(
        bridge,
        "UPDATE bot_sync_metadata SET sync_enabled = true; UPDATE ponte.quarantine SET next_try_at = now()",
    )
    .await;
    pack.once(0).await;
    pack.once(0).await;
    let [here, there] = people(pack).await;
    assert_eq!(here, there);
    assert_eq!((&*here[0], &*here[1]), ("ana 50000.00 5", "bia 100000.00 6"));
    let kept = "SELECT count(*) FROM ponte.conflict WHERE here_image IS NOT NULL AND there_image IS NOT NULL";
    assert_eq!(
        number(bridge, kept).await,
        1,
        "what the panel changed meanwhile won, and both rows are kept"
    );
    logged(bridge).await;
    logged(painel).await;
}

/// A row that one side refuses is logged as failed there, waits, and is tried again.
async fn check_failure(pack: &Pack) {
    let (bridge, painel) = (&pack.bridge, &pack.painel);
    execute(bridge, "UPDATE users SET first_name = repeat('x', 80) WHERE username = 'ana'; UPDATE users SET first_name = 'Bia' WHERE username = 'bia'").await;
    pack.once(1).await;
    let log = logged(painel).await.join("\n");
    assert!(log.contains("update user bridge_to_painel success"), "{log}");
    assert!(log.contains("update user bridge_to_painel failed"), "{log}");
    assert!(!log.contains("xxx"), "a row's values are in the log: {log}");
    execute(
        bridge,
        "UPDATE users SET first_name = 'Ana' WHERE username = 'ana'",
    )
    .await;
    pack.once(0).await;
    assert_eq!(logged(painel).await, ["update user bridge_to_painel success"]);
    assert_eq!(
        lines(painel, "SELECT nome FROM usuarios WHERE login = 'ana'").await,
        ["Ana"]
    );
    pack.assert_equal().await;
}

/// The levels travel too; what the bot says counts, and old columns follow the panel.
async fn check_levels(pack: &Pack) {
    let (bridge, painel) = (&pack.bridge, &pack.painel);
    execute(bridge, "UPDATE reputation_levels_config SET required_volume = 1200 WHERE level = 1; UPDATE reputation_levels_config SET name = 'Bronze' WHERE level = 2").await;
    execute(painel, "UPDATE niveis_reputacao SET nome = 'Cobre' WHERE nivel = 2; UPDATE niveis_reputacao SET nome = 'Lenda' WHERE nivel = 10").await;
    pack.once(0).await;
    pack.once(0).await;
    let here = "SELECT string_agg(concat_ws(' ', level_name, name, required_volume, min_volume), '; ' ORDER BY level) FROM reputation_levels_config WHERE level IN (1, 2, 10)";
    assert_eq!(
        lines(bridge, here).await,
        [
            "Bronze I Bronze I 1200.00 1200.00; Bronze Bronze 5000.00 5000.00; Lenda Lenda 5000000.00 5000000.00"
        ]
    );
    let there = "SELECT string_agg(concat_ws(' ', nome, volume_min), '; ' ORDER BY nivel) FROM niveis_reputacao WHERE nivel IN (1, 2, 10)";
    assert_eq!(
        lines(painel, there).await,
        ["Bronze I 1200.00; Bronze 5000.00; Lenda 5000000.00"]
    );
    execute(
        painel,
        "UPDATE usuarios SET volume_total = 1100 WHERE login = 'ana'",
    )
    .await;
    pack.once(0).await;
    assert_eq!(
        number(
            bridge,
            "SELECT reputation_level::bigint FROM users WHERE username = 'ana'"
        )
        .await,
        0
    );
    pack.assert_equal().await;
}
