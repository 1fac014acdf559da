//! Transactions that are under way while batches are read.

use crate::support::{NOTA, in_both_modes, number, settle, text};
use ponte_sync::link::Side;

#[tokio::test]
async fn a_row_committed_late_by_a_transaction_that_began_early_arrives() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        let slow = world.another(Side::First).await;
        slow.batch_execute("BEGIN; INSERT INTO nota VALUES (1, 'cedo')")
            .await
            .unwrap();
        world.a("INSERT INTO nota VALUES (2, 'depois')").await;
        settle(&mut link).await;
        assert_eq!(number(&world.b, "SELECT sum(id) FROM nota").await, 2);
        slow.batch_execute("COMMIT").await.unwrap();
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn rolled_back_transactions_and_savepoints_ship_nothing() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world
            .a("BEGIN; INSERT INTO nota VALUES (1, 'nunca'); ROLLBACK")
            .await;
        assert!(!link.pass().await.unwrap().moved(), "a rolled-back row was shipped");
        world
            .a("BEGIN; INSERT INTO nota VALUES (2, 'fica'); SAVEPOINT s; INSERT INTO nota VALUES (3, 'nunca'); \
                UPDATE nota SET texto = 'nunca'; ROLLBACK TO s; COMMIT")
            .await;
        let reports = settle(&mut link).await;
        assert_eq!(reports[0].directions[0].applied.upserts, 1);
        assert_eq!(text(&world.b, "SELECT string_agg(id || texto, ',') FROM nota").await, "2fica");
    })
    .await;
}

/// AT-002, AT-003: it stays open across many passes, and another one in another database.
#[tokio::test]
async fn a_long_transaction_delays_only_its_own_rows() {
    in_both_modes(NOTA, async |world| {
        world.cluster(Side::First).create_database("outro", "dono").await;
        let elsewhere = world.cluster(Side::First).superuser("outro").await;
        elsewhere
            .batch_execute("BEGIN; CREATE TABLE t (x int); INSERT INTO t VALUES (1)")
            .await
            .unwrap();
        let mut link = world.init(&world.spec(&["nota"])).await;
        let slow = world.another(Side::First).await;
        slow.batch_execute("BEGIN; INSERT INTO nota VALUES (0, 'lenta')")
            .await
            .unwrap();
        for id in 1..=5 {
            world.a(&format!("INSERT INTO nota VALUES ({id}, 'x')")).await;
            let report = link.pass().await.unwrap();
            assert_eq!(report.directions[0].applied.upserts, 1, "row {id}");
            assert_eq!(number(&world.b, "SELECT count(*) FROM nota").await, id);
        }
        assert!(!link.pass().await.unwrap().moved(), "rows were shipped twice");
        slow.batch_execute("COMMIT").await.unwrap();
        elsewhere.batch_execute("ROLLBACK").await.unwrap();
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 6);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_changed_five_hundred_times_is_shipped_once() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota VALUES (1, 'antes')").await;
        settle(&mut link).await;
        world
            .a("DO $$ BEGIN FOR i IN 1..500 LOOP UPDATE nota SET texto = i::text; COMMIT; END LOOP; END $$")
            .await;
        let report = link.pass().await.unwrap();
        assert_eq!(report.directions[0].applied.upserts, 1);
        assert_eq!(text(&world.b, "SELECT texto FROM nota").await, "500");
        assert!(!link.pass().await.unwrap().moved());
    })
    .await;
}

/// Nothing is left of such a row but what the changelog says of it.
#[tokio::test]
async fn a_row_that_came_and_went_while_the_sync_waited_for_its_key_is_a_conflict() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        for (id, distance, stays) in [(1, "-1 minute", 0), (2, "1 minute", 1)] {
            world
                .a(&format!(
                    "INSERT INTO nota VALUES ({id}, 'a', clock_timestamp() + interval '{distance}')"
                ))
                .await;
            // A change of its own keeps the target from writing first and looking afterwards.
            world.b(&format!("INSERT INTO nota VALUES (9{id}, 'b')")).await;
            let visitor = world.another(Side::Second).await;
            visitor
                .batch_execute(&format!("BEGIN; INSERT INTO nota VALUES ({id}, 'b')"))
                .await
                .unwrap();
            let leaves = async {
                world.sync_waits_on(Side::Second).await;
                let leave = format!("DELETE FROM nota WHERE id = {id}; COMMIT");
                visitor.batch_execute(&leave).await.unwrap();
            };
            let (report, ()) = tokio::join!(link.pass(), leaves);
            assert_eq!(report.unwrap().conflicts(), 1, "row {id}");
            settle(&mut link).await;
            world.assert_equal("nota").await;
            let left = format!("SELECT count(*) FROM nota WHERE id = {id}");
            assert_eq!(number(&world.b, &left).await, stays, "row {id}");
        }
        assert_eq!(world.conflicts().await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_came_and_went_between_two_passes_ships_nothing() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world
            .a("INSERT INTO nota VALUES (1, 'a'); DELETE FROM nota")
            .await;
        assert!(!link.pass().await.unwrap().moved());
        assert!(world.assert_equal("nota").await.is_empty());
    })
    .await;
}

/// AT-007: several gaps, and rows on both sides of them.
#[tokio::test]
async fn gaps_in_the_numbering_of_the_changelog_do_not_matter() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        let (early, late) = (world.another(Side::First).await, world.another(Side::First).await);
        early
            .batch_execute("BEGIN; INSERT INTO nota VALUES (1, 'e1')")
            .await
            .unwrap();
        late.batch_execute("BEGIN; INSERT INTO nota VALUES (2, 'l1')")
            .await
            .unwrap();
        world
            .a("BEGIN; INSERT INTO nota VALUES (9, 'x'); ROLLBACK; INSERT INTO nota VALUES (3, 'y')")
            .await;
        early
            .batch_execute("INSERT INTO nota VALUES (4, 'e2')")
            .await
            .unwrap();
        late.batch_execute("COMMIT").await.unwrap();
        link.pass().await.unwrap();
        assert_eq!(
            text(&world.b, "SELECT string_agg(id::text, ',' ORDER BY id) FROM nota").await,
            "2,3"
        );
        early.batch_execute("COMMIT").await.unwrap();
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 4);
    })
    .await;
}
