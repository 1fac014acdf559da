//! What could lose a half of a merge: rows that are refused, changes that commit at the last moment, crashes, the first contact.

use ponte_sync::link::Side;

use crate::merge::{FICHA, merging, row};
use crate::support::{World, in_both_modes, number, settle};

async fn apart(world: &World, a: &str, b: &str) {
    world
        .sides(
            &format!("UPDATE ficha SET {a}, updated_at = '2024-01-03 UTC' WHERE id = 1"),
            &format!("UPDATE ficha SET {b}, updated_at = '2024-01-02 UTC' WHERE id = 1"),
        )
        .await;
}

/// AT-032 AT-069: neither side broke the rule, but both together do.
#[tokio::test]
async fn a_merged_row_that_is_refused_waits_and_loses_no_column() {
    let rule = "ALTER TABLE ficha ADD CONSTRAINT juntos CHECK (NOT (a = 'sim' AND b = 'sim'))";
    in_both_modes(FICHA, async |world| {
        world.both(rule).await;
        let mut link = world.init(&merging(world, &["ficha"])).await;
        world
            .a("INSERT INTO ficha SELECT g, 'a', 'b', 1, '2024-01-01 UTC' FROM generate_series(1, 9) g")
            .await;
        settle(&mut link).await;
        apart(world, "a = 'sim'", "b = 'sim'").await;
        world.a("UPDATE ficha SET a = 'outra' WHERE id > 1").await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 1);
        assert_eq!(
            number(&world.b, "SELECT count(*) FROM ficha WHERE a = 'outra'").await,
            8
        );
        assert_eq!(row(world, Side::First, 1).await, "sim b 1");
        assert_eq!(row(world, Side::Second, 1).await, "a sim 1");
        // Another column meanwhile, on either side.
        world.a("UPDATE ficha SET c = 2 WHERE id = 1").await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 1);
        world.both("ALTER TABLE ficha DROP CONSTRAINT juntos").await;
        world.retry_now().await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 0);
        world.assert_equal("ficha").await;
        assert_eq!(row(world, Side::First, 1).await, "sim sim 2");
    })
    .await;
}

/// AT-032: a change that commits while the sync waits for its row is merged as well.
#[tokio::test]
async fn an_update_that_commits_between_comparing_and_writing_is_merged() {
    in_both_modes(FICHA, async |world| {
        let mut link = world.init(&merging(world, &["ficha"])).await;
        world
            .a("INSERT INTO ficha VALUES (1, 'a', 'b', 1, '2024-01-01 UTC')")
            .await;
        settle(&mut link).await;
        world
            .b("UPDATE ficha SET c = 3, updated_at = '2024-01-02 UTC'")
            .await;
        world
            .a("UPDATE ficha SET a = 'a1', updated_at = '2024-01-03 UTC'")
            .await;
        let holder = world.another(Side::Second).await;
        holder
            .batch_execute("BEGIN; UPDATE ficha SET b = 'b1', updated_at = '2024-01-02 UTC'")
            .await
            .unwrap();
        let (pass, ()) = tokio::join!(link.pass(), async {
            world.sync_waits_on(Side::Second).await;
            holder.batch_execute("COMMIT").await.unwrap();
        });
        assert_eq!(pass.unwrap().conflicts(), 1);
        settle(&mut link).await;
        world.assert_equal("ficha").await;
        assert_eq!(row(world, Side::First, 1).await, "a1 b1 3");
        assert_eq!(world.conflicts().await, 1);
    })
    .await;
}

/// The source goes on changing the row while the merged one is on its way back.
#[tokio::test]
async fn changes_made_while_the_merged_row_goes_back_are_merged_again() {
    in_both_modes(FICHA, async |world| {
        let mut link = world.init(&merging(world, &["ficha"])).await;
        world
            .a("INSERT INTO ficha VALUES (1, 'a', 'b', 1, '2024-01-01 UTC')")
            .await;
        settle(&mut link).await;
        apart(world, "a = 'a1'", "b = 'b1'").await;
        let holder = world.another(Side::Second).await;
        holder
            .batch_execute("BEGIN; UPDATE ficha SET b = 'b2', updated_at = '2024-01-02 UTC'")
            .await
            .unwrap();
        let (pass, ()) = tokio::join!(link.pass(), async {
            world.sync_waits_on(Side::Second).await;
            world
                .a("UPDATE ficha SET c = 9, updated_at = '2024-01-04 UTC'")
                .await;
            holder.batch_execute("COMMIT").await.unwrap();
        });
        pass.unwrap();
        settle(&mut link).await;
        world.assert_equal("ficha").await;
        assert_eq!(row(world, Side::First, 1).await, "a1 b2 9");
    })
    .await;
}

/// At the first contact nobody knows who changed what: the newer row stays, as with `latest`.
#[tokio::test]
async fn rows_that_were_there_before_the_link_are_decided_whole() {
    in_both_modes(FICHA, async |world| {
        world
            .sides(
                "INSERT INTO ficha VALUES (1, 'a', 'x', 1, '2024-01-01 UTC')",
                "INSERT INTO ficha VALUES (1, 'y', 'b', 2, '2024-01-02 UTC')",
            )
            .await;
        let mut link = world.init(&merging(world, &["ficha"])).await;
        settle(&mut link).await;
        world.assert_equal("ficha").await;
        assert_eq!(row(world, Side::First, 1).await, "y b 2");
        apart(world, "a = 'a1'", "b = 'b1'").await;
        settle(&mut link).await;
        world.assert_equal("ficha").await;
        assert_eq!(row(world, Side::First, 1).await, "a1 b1 2");
    })
    .await;
}

/// Both sides end with what the other one had, one column and one row at a time: nothing is left to write, and nothing is recorded twice.
#[tokio::test]
async fn two_sides_that_swap_their_changes_end_equal() {
    in_both_modes(FICHA, async |world| {
        let mut link = world.init(&merging(world, &["ficha"])).await;
        world.a("INSERT INTO ficha VALUES (1, 'a', 'b', 1, '2024-01-01 UTC')").await;
        settle(&mut link).await;
        // The older side's change is all that differs: its row stays, as the newest.
        world
            .sides(
                "UPDATE ficha SET a = 'z', updated_at = '2024-01-02 UTC'; UPDATE ficha SET a = 'a'",
                "UPDATE ficha SET b = 'b1', updated_at = '2024-01-02 UTC'",
            )
            .await;
        world.a("UPDATE ponte.changelog_ficha SET version_at = '2024-01-05 UTC' WHERE seq = (SELECT max(seq) FROM ponte.changelog_ficha)").await;
        settle(&mut link).await;
        world.assert_equal("ficha").await;
        assert_eq!(row(world, Side::First, 1).await, "a b1 1");
        assert!(world.conflicts().await <= 1);
    })
    .await;
}
