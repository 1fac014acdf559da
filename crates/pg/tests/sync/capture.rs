//! Every way of writing is recorded, whoever writes.

use ponte_pg::ErrorKind;
use ponte_sync::link::Side;
use tokio_postgres::Client;

use crate::support::{NOTA, PERFIS, World, in_both_modes, number, settle, text};

/// AT-011: COPY, MERGE, upserts, cascades, DELETE with USING.
#[tokio::test]
async fn every_kind_of_statement_is_captured() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        copy_in(&world.a, "COPY nota (id, texto) FROM STDIN", "1\tum\n2\tdois\n3\ttrês\n").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 3);
        for statement in [
            "INSERT INTO nota VALUES (3, 'x'), (4, 'quatro') ON CONFLICT (id) DO UPDATE SET texto = 'de novo'",
            "INSERT INTO nota VALUES (4, 'nada') ON CONFLICT DO NOTHING",
            "MERGE INTO nota n USING (VALUES (1, 'm'), (2, ''), (9, 'nove')) v(id, t) ON n.id = v.id \
             WHEN MATCHED AND v.t = '' THEN DELETE WHEN MATCHED THEN UPDATE SET texto = v.t WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.t)",
            "DELETE FROM nota n USING (VALUES (4)) v(id) WHERE n.id = v.id",
            "UPDATE nota n SET texto = 'vindo' FROM generate_series(3, 3) g WHERE n.id = g",
            "WITH d AS (DELETE FROM nota WHERE id = 9 RETURNING *) INSERT INTO nota SELECT id + 1, texto FROM d",
            "PREPARE p AS INSERT INTO nota VALUES ($1); EXECUTE p (50); DEALLOCATE p",
            "DO $$ BEGIN EXECUTE 'UPDATE nota SET texto = NULL WHERE id = 50'; END $$",
        ] {
            if statement.starts_with("MERGE") && world.older_major().await < 15 {
                world
                    .a("INSERT INTO nota VALUES (9, 'nove'); UPDATE nota SET texto = 'm' WHERE id = 1; DELETE FROM nota WHERE id = 2")
                    .await;
                continue;
            }
            world.a(statement).await;
            link.pass().await.unwrap();
            let [a, b] = world.rows("nota").await;
            assert_eq!(a, b, "after {statement}");
        }
        assert_eq!(text(&world.b, "SELECT string_agg(id::text, ',' ORDER BY id) FROM nota").await, "1,3,10,50");
    })
    .await;
}

async fn copy_in(client: &Client, sql: &str, data: &'static str) {
    use futures_util::SinkExt;
    let sink = client.copy_in::<_, bytes::Bytes>(sql).await.unwrap();
    let mut sink = std::pin::pin!(sink);
    sink.send(bytes::Bytes::from_static(data.as_bytes()))
        .await
        .unwrap();
    sink.finish().await.unwrap();
}

#[tokio::test]
async fn truncate_is_a_delete_of_every_row() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.unlimited(&["nota"])).await;
        world
            .a("INSERT INTO nota SELECT g FROM generate_series(1, 100) g")
            .await;
        settle(&mut link).await;
        world
            .b("TRUNCATE nota; INSERT INTO nota VALUES (100, 'depois')")
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 1);
        world.a("BEGIN; TRUNCATE nota; ROLLBACK").await;
        assert!(!link.pass().await.unwrap().moved());
        world.sides("TRUNCATE nota", "TRUNCATE nota").await;
        settle(&mut link).await;
        assert!(world.assert_equal("nota").await.is_empty());
    })
    .await;
}

/// A role with nothing but grants on the table, in a database where functions are not executable by default.
#[tokio::test]
async fn an_application_that_knows_nothing_of_ponte_keeps_working() {
    in_both_modes(
        &format!("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; {PERFIS} CREATE TABLE par (x int PRIMARY KEY) PARTITION BY RANGE (x); CREATE TABLE par_1 PARTITION OF par DEFAULT;"),
        async |world| {
            for side in Side::BOTH {
                let cluster = world.cluster(side);
                cluster.create_role("aplicativo", "").await;
                cluster
                    .sql("app", "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON perfis, par TO aplicativo; GRANT EXECUTE ON FUNCTION carimbar() TO aplicativo")
                    .await;
            }
            let mut link = world.init(&world.unlimited(&["perfis", "par"])).await;
            let app = ponte_testkit::connect(&world.pair.a.url("app", "aplicativo")).await;
            app.batch_execute(
                "INSERT INTO perfis (nome) VALUES ('x'), ('y'); UPDATE perfis SET nome = 'z' WHERE nome = 'x'; \
                 DELETE FROM perfis WHERE nome = 'y'; INSERT INTO par VALUES (1), (2); UPDATE par SET x = 5 WHERE x = 1",
            )
            .await
            .unwrap();
            settle(&mut link).await;
            assert_eq!(world.assert_equal("perfis").await.len(), 1);
            assert_eq!(world.assert_equal("par").await, ["(2)", "(5)"]);
            app.batch_execute("TRUNCATE par").await.unwrap();
            settle(&mut link).await;
            assert!(world.assert_equal("par").await.is_empty());
            assert!(app.batch_execute("SELECT FROM ponte.progress").await.is_err());
        },
    )
    .await;
}

#[tokio::test]
async fn a_forged_or_leaked_setting_hides_nothing() {
    in_both_modes(PERFIS, async |world| {
        let mut link = world.init(&world.spec(&["perfis"])).await;
        world
            .a("SET ponte.applying = 'teste'; INSERT INTO perfis (nome) VALUES ('forjado'); \
                BEGIN; SELECT set_config('ponte.applying', 'teste', true); INSERT INTO perfis (nome) VALUES ('outro'); COMMIT")
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("perfis").await.len(), 2);
        // The stamping trigger is not fooled either.
        world.a("UPDATE perfis SET updated_at = '2000-01-01'").await;
        assert_eq!(number(&world.a, "SELECT count(*) FROM perfis WHERE updated_at < '2001-01-01'").await, 0);
        settle(&mut link).await;
        world.assert_equal("perfis").await;
    })
    .await;
}

/// AT-014: looked at while it is so.
#[tokio::test]
async fn a_trigger_that_was_dropped_or_disabled_is_noticed() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    for (breaks, mends) in [
        (
            "ALTER TABLE nota DISABLE TRIGGER ponte_update",
            "ALTER TABLE nota ENABLE TRIGGER ponte_update",
        ),
        (
            "ALTER TABLE nota DISABLE TRIGGER USER",
            "ALTER TABLE nota ENABLE TRIGGER USER",
        ),
        (
            "ALTER TABLE nota ENABLE REPLICA TRIGGER ponte_key",
            "ALTER TABLE nota ENABLE ALWAYS TRIGGER ponte_key",
        ),
        (
            "ALTER TABLE nota RENAME TO nota2",
            "ALTER TABLE nota2 RENAME TO nota",
        ),
        ("DROP TRIGGER ponte_truncate ON nota", "SELECT 1"),
    ] {
        link.check().await.unwrap();
        world.b(breaks).await;
        let error = link.check().await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::SyncTriggers | ErrorKind::SyncUnfit),
            "{breaks}: {error:?}"
        );
        world.b(mends).await;
        if let Err(error) = link.check().await
            && error.kind() == ErrorKind::SyncCaptureGap
        {
            link.reconcile().await.unwrap();
        }
    }
    let error = link.check().await.unwrap_err();
    assert!(error.to_string().contains("ponte_truncate"), "{error}");
}

const FATURA: &str = "
    CREATE TABLE fatura (mes date NOT NULL, id int NOT NULL, valor int, PRIMARY KEY (mes, id)) PARTITION BY RANGE (mes);
    CREATE TABLE fatura_1 PARTITION OF fatura FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
    CREATE TABLE fatura_2 PARTITION OF fatura FOR VALUES FROM ('2024-02-01') TO ('2024-03-01') PARTITION BY HASH (id);
    CREATE TABLE fatura_2a PARTITION OF fatura_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);";

#[tokio::test]
async fn rows_of_partitions_are_followed_wherever_they_are_written() {
    in_both_modes(FATURA, async |world| {
        let mut link = world.init(&world.unlimited(&["fatura"])).await;
        world
            .a("INSERT INTO fatura SELECT '2024-01-01'::date + g, g, 0 FROM generate_series(0, 49) g; \
                INSERT INTO fatura_1 VALUES ('2024-01-31', 100, 0); INSERT INTO fatura_2a VALUES ('2024-02-01', 101, 0)")
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("fatura").await.len(), 52);
        world.b("CREATE TABLE fatura_3 PARTITION OF fatura DEFAULT").await;
        world.a("CREATE TABLE fatura_9 PARTITION OF fatura DEFAULT").await;
        link.check().await.unwrap();
        world
            .b("UPDATE fatura SET mes = mes + 31 WHERE id < 5; UPDATE fatura SET mes = '2025-01-01' WHERE id = 100; \
                UPDATE fatura_2 SET valor = 7; DELETE FROM fatura_1 WHERE id = 10; INSERT INTO fatura_3 VALUES ('2030-01-01', 1, 1); \
                UPDATE fatura SET id = id + 1000 WHERE id = 101")
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("fatura").await.len(), 52);
        assert_eq!(number(&world.a, "SELECT count(*) FROM fatura_9").await, 2);
        world.a("UPDATE fatura SET mes = '2024-01-02', valor = 8 WHERE id = 100").await;
        world.b("UPDATE fatura SET valor = valor + 1 WHERE id = 20").await;
        settle(&mut link).await;
        world.assert_equal("fatura").await;
        assert!(link.compare().await.unwrap()[0].equal());
        world.a("TRUNCATE fatura").await;
        settle(&mut link).await;
        assert!(world.assert_equal("fatura").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_partition_whose_capture_is_switched_off_is_noticed() {
    let world = World::with(FATURA).await;
    let mut link = world.init(&world.spec(&["fatura"])).await;
    world
        .a("ALTER TABLE fatura_2a DISABLE TRIGGER ponte_insert")
        .await;
    let error = link.check().await.unwrap_err();
    assert!(error.to_string().contains("ponte_insert"), "{error}");
    let error = world.try_init(&world.spec(&["fatura_1"])).await.unwrap_err();
    assert!(error.to_string().contains("is a partition of fatura"), "{error}");
}

#[tokio::test]
async fn a_child_by_inheritance_is_followed_also_when_it_is_written_through_its_parent() {
    let schema = "CREATE TABLE base (id int PRIMARY KEY, x int); CREATE TABLE filha (y int, PRIMARY KEY (id)) INHERITS (base);";
    let world = World::with(schema).await;
    let mut link = world.init(&world.spec(&["filha"])).await;
    world
        .a("INSERT INTO filha VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)")
        .await;
    settle(&mut link).await;
    world.a("UPDATE base SET x = 9 WHERE id = 1; DELETE FROM base WHERE id = 2; UPDATE base SET id = 30 WHERE id = 3").await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("filha").await, ["(1,9,1)", "(30,3,3)"]);
    let error = world.try_init(&world.spec(&["base"])).await.unwrap_err();
    assert!(error.to_string().contains("inheritance children"), "{error}");
}

#[tokio::test]
async fn the_changelog_answers_which_changes_have_not_arrived_yet() {
    let world = World::with(PERFIS).await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    let waiting = "SELECT * FROM perfis_changelog WHERE synced = FALSE";
    assert!(world.a.query(waiting, &[]).await.unwrap().is_empty());
    world
        .a("INSERT INTO perfis (id, nome) VALUES (1, 'x'), (2, 'y'); UPDATE perfis SET nome = 'z' WHERE id = 1; DELETE FROM perfis WHERE id = 2")
        .await;
    let rows = world.a.query(waiting, &[]).await.unwrap();
    let found: Vec<(i64, String, bool)> = rows
        .iter()
        .map(|r| (r.get("id"), r.get("operation"), r.get("synced")))
        .collect();
    let expected = [(1, "INSERT"), (2, "INSERT"), (1, "UPDATE"), (2, "DELETE")];
    assert_eq!(found, expected.map(|(id, op)| (id, op.to_owned(), false)));
    link.pass().await.unwrap();
    assert!(world.a.query(waiting, &[]).await.unwrap().is_empty());
    assert_eq!(
        number(&world.a, "SELECT count(*) FROM perfis_changelog WHERE synced").await,
        4
    );
}

/// A statement with few rows, some, many, and none: each key is an entry once, in few rows of the changelog.
#[tokio::test]
async fn statements_of_every_size_are_captured_key_by_key() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.unlimited(&["nota"])).await;
        let mut from = 1;
        for rows in [0, 1, 2, 3, 4, 50, 102, 103, 104, 203, 1_000] {
            let before = number(&world.a, "SELECT count(*) FROM ponte.changelog_nota").await;
            let last = from + rows - 1;
            world
                .a(&format!("INSERT INTO nota SELECT generate_series({from}, {last})"))
                .await;
            let noted = format!("SELECT count(DISTINCT k1) FROM ponte.entries_nota WHERE k1 BETWEEN {from} AND {last}");
            assert_eq!(number(&world.a, &noted).await, rows, "{rows} rows");
            let shown = format!("SELECT count(*) FROM nota_changelog WHERE NOT synced AND operation = 'INSERT' AND id BETWEEN {from} AND {last}");
            assert_eq!(number(&world.a, &shown).await, rows, "{rows} rows");
            let taken = number(&world.a, "SELECT count(*) FROM ponte.changelog_nota").await - before;
            assert!(taken <= 3 + (rows + 99) / 100, "{taken} rows for {rows} keys");
            from += rows;
        }
        settle(&mut link).await;
        let all = from - 1;
        assert_eq!(world.assert_equal("nota").await.len(), usize::try_from(all).unwrap());
        world.a("DELETE FROM nota WHERE id > 3").await;
        assert_eq!(number(&world.a, "SELECT count(*) FROM nota_changelog WHERE operation = 'DELETE'").await, all - 3);
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn asking_the_changelog_for_what_is_pending_reads_only_that() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    world
        .a("INSERT INTO nota SELECT g FROM generate_series(1, 200000) g")
        .await;
    settle(&mut link).await;
    world
        .a("INSERT INTO nota VALUES (0); ANALYZE ponte.changelog1_nota")
        .await;
    let sql = "EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF, FORMAT TEXT) SELECT * FROM nota_changelog WHERE synced = FALSE";
    let plan: Vec<String> = world
        .a
        .query(sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|r| r.get(0))
        .collect();
    let plan = plan.join("\n");
    assert!(plan.contains("changelog1_nota_pkey"), "{plan}");
    assert!(!plan.contains("Seq Scan on changelog1_nota"), "{plan}");
    assert!(plan.contains("rows=1 loops=1"), "{plan}");
    let filtered: i64 = plan
        .lines()
        .filter_map(|l| l.trim().strip_prefix("Rows Removed by Filter: "))
        .map(|n| n.parse::<i64>().unwrap())
        .sum();
    assert!(filtered < 10, "{plan}");
}

#[tokio::test]
async fn only_one_notification_per_transaction_and_only_while_somebody_listens() {
    let world = World::with(NOTA).await;
    let _link = world.init(&world.spec(&["nota"])).await;
    let mut peer = world.peer(Side::First).await;
    ponte_pg::sync::wake::listen(&mut peer).await.unwrap();
    // One that waits to be heard is as good as several, so each is heard before the next.
    for transaction in [
        "BEGIN; INSERT INTO nota VALUES (1); INSERT INTO nota VALUES (2); COMMIT",
        "INSERT INTO nota VALUES (3)",
    ] {
        world.a(transaction).await;
        let woken = tokio::time::timeout(
            std::time::Duration::from_secs(5),
            peer.session_mut().notification(),
        )
        .await;
        assert!(woken.is_ok(), "nobody was woken");
    }
}

/// AT-008: numbers that sessions keep in stock would put an older change of a key after a newer one.
#[tokio::test]
async fn the_changelog_hands_out_one_number_at_a_time() {
    in_both_modes(NOTA, async |world| {
        world.init(&world.spec(&["nota"])).await;
        let stock =
            "SELECT max(seqcache) FROM pg_sequence WHERE seqrelid::regclass::text LIKE 'ponte.changelog%'";
        for client in [&world.a, &world.b] {
            assert_eq!(number(client, stock).await, 1);
        }
    })
    .await;
}

/// AT-164: every table that a publication of all tables includes needs an identity, or its updates and deletes fail.
#[tokio::test]
async fn a_publication_of_all_tables_hinders_nothing() {
    in_both_modes(NOTA, async |world| {
        for side in Side::BOTH {
            world.cluster(side).sql("app", "CREATE PUBLICATION tudo FOR ALL TABLES").await;
        }
        let mut link = world.init(&world.spec(&["nota"])).await;
        let unidentified = "SELECT count(*) FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = 'ponte'::regnamespace \
                            AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)";
        for client in [&world.a, &world.b] {
            assert_eq!(number(client, unidentified).await, 0, "a table without a key");
        }
        world
            .sides("INSERT INTO nota VALUES (1, 'a'), (2, 'a')", "INSERT INTO nota VALUES (1, 'b'), (3, 'b')")
            .await;
        settle(&mut link).await;
        world.sides("DELETE FROM nota WHERE id = 2", "UPDATE nota SET texto = 'c' WHERE id = 3").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 2);
        for side in Side::BOTH {
            world.cluster(side).sql("app", "DROP PUBLICATION tudo").await;
        }
    })
    .await;
}
