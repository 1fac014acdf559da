//! Rows that drifted past capture are made equal again, by the way on which all rows go.

use std::collections::BTreeSet;

use ponte_pg::sync::LiveLink;
use ponte_pg::sync::repair::{RepairFrom, RepairKinds, RepairPlan};
use ponte_sync::link::Side;

use crate::support::{NOTA, World, in_both_modes, number, settle, text};

pub(crate) const ALL: RepairKinds = RepairKinds {
    insert: true,
    update: true,
    delete: true,
};

/// Twenty equal rows, of which A lost 1, B lost 2, and 3 and 4 differ: 3 is newer at A, 4 at B.
async fn drifted(world: &World) -> LiveLink {
    world
        .both("INSERT INTO nota SELECT g, 'x', '2024-01-01 UTC' FROM generate_series(1, 20) g")
        .await;
    let link = world.init(&world.spec(&["nota"])).await;
    for (side, sql) in [
        (
            Side::First,
            "DELETE FROM nota WHERE id = 1; UPDATE nota SET texto = 'a', updated_at = '2024-02-01 UTC' WHERE id = 3; UPDATE nota SET texto = 'a' WHERE id = 4",
        ),
        (
            Side::Second,
            "DELETE FROM nota WHERE id = 2; UPDATE nota SET texto = 'b' WHERE id = 3; UPDATE nota SET texto = 'b', updated_at = '2024-02-01 UTC' WHERE id = 4",
        ),
    ] {
        let unseen = world.cluster(side).superuser("app").await;
        let sql = format!("SET session_replication_role = replica; {sql}");
        unseen.batch_execute(&sql).await.unwrap();
    }
    link
}

pub(crate) async fn plan(link: &mut LiveLink, from: RepairFrom, kinds: RepairKinds) -> RepairPlan {
    let found = link.compare_table(0).await.unwrap();
    link.plan_repair(0, &found.keys, from, kinds).await.unwrap()
}

const CONTENT: &str =
    "SELECT string_agg(id || texto, ' ' ORDER BY id) FILTER (WHERE id < 6) || ' of ' || count(*) FROM nota";

async fn check(from: RepairFrom, kinds: RepairKinds, expected: [&str; 2]) {
    in_both_modes(NOTA, async |world| {
        let mut link = drifted(world).await;
        let repair = plan(&mut link, from, kinds).await;
        let noted = link.repair(0, &repair).await.unwrap();
        assert_eq!(noted, repair.total() as u64);
        // What is pending is no divergence any more, and is not noted again.
        assert_eq!(link.repair(0, &repair).await.unwrap(), 0);
        settle(&mut link).await;
        let content = [text(&world.a, CONTENT).await, text(&world.b, CONTENT).await];
        assert_eq!(content, expected, "{from:?} {kinds:?}");
        assert_eq!(world.conflicts().await, 0);
        assert_eq!(plan(&mut link, from, kinds).await.total(), 0, "something is left");
        assert!(!link.pass().await.unwrap().moved(), "something came back");
    })
    .await;
}

/// AT-174, AT-175: one way, with deletes; carried once, not echoed, and nothing is left for a second run.
#[tokio::test]
async fn one_side_is_made_like_the_other() {
    let a = "2x 3a 4a 5x of 19";
    check(RepairFrom::Side(Side::First), ALL, [a, a]).await;
    let b = "1x 3b 4b 5x of 19";
    check(RepairFrom::Side(Side::Second), ALL, [b, b]).await;
}

/// AT-174: both ways, by the version of each row; where only one side has a row and nobody knows of a delete, it stays.
#[tokio::test]
async fn the_newest_of_each_key_stays() {
    let both = "1x 2x 3a 4b 5x of 20";
    check(RepairFrom::Newest, ALL, [both, both]).await;
}

/// AT-174: only what was asked for is done.
#[tokio::test]
async fn a_repair_can_be_limited_to_inserts_or_updates() {
    let from = RepairFrom::Side(Side::First);
    let kinds = |insert, update, delete| RepairKinds {
        insert,
        update,
        delete,
    };
    let a = "2x 3a 4a 5x of 19";
    check(from, kinds(true, false, false), [a, "1x 2x 3b 4b 5x of 20"]).await;
    check(from, kinds(false, true, false), [a, "1x 3a 4a 5x of 19"]).await;
    check(from, kinds(true, true, false), [a, "1x 2x 3a 4a 5x of 20"]).await;
}

/// AT-174, trap 58: a key that somebody changed after the comparison is left alone, and a repair never wins against a newer change.
#[tokio::test]
async fn a_change_made_after_the_comparison_is_not_overwritten() {
    in_both_modes(NOTA, async |world| {
        let mut link = drifted(world).await;
        let repair = plan(&mut link, RepairFrom::Side(Side::First), ALL).await;
        let keys: BTreeSet<String> = ["1", "2", "3", "4"].iter().map(|k| format!("{{{k}}}")).collect();
        assert_eq!(repair.keys[0], keys);
        assert_eq!(
            (repair.inserts, repair.updates, repair.deletes),
            ([0, 1], [0, 2], [0, 1])
        );
        world
            .b("UPDATE nota SET texto = 'novo', updated_at = '2024-03-01 UTC' WHERE id = 3")
            .await;
        assert_eq!(link.repair(0, &repair).await.unwrap(), 3);
        world
            .b("UPDATE nota SET texto = 'depois', updated_at = '2024-03-01 UTC' WHERE id = 4")
            .await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(text(&world.a, CONTENT).await, "2x 3novo 4depois 5x of 19");
        assert_eq!(number(&world.a, "SELECT count(*) FROM nota").await, 19);
    })
    .await;
}
