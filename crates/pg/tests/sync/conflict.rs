//! Both sides changed the same row before either knew of the other's change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ponte_sync::link::{ConflictRule, Side};

use crate::support::{NOTA, World, in_both_modes, number, settle, text};

/// What both sides do to row 1, which exists before with text `antes` where the case starts with it.
struct Case {
    name: &'static str,
    exists: bool,
    a: &'static str,
    b: &'static str,
    /// What stays where A's change wins, and where B's does; `-` for no row.
    if_a: &'static str,
    if_b: &'static str,
    /// Whose change is newer.
    newer: Side,
    recorded: i64,
}

const OLDER: &str = "clock_timestamp() - interval '1 minute'";

const CASES: &[Case] = &[
    Case {
        name: "insert/insert, B newer",
        exists: false,
        a: "INSERT INTO nota VALUES (1, 'a', clock_timestamp() - interval '1 minute')",
        b: "INSERT INTO nota VALUES (1, 'b')",
        if_a: "a",
        if_b: "b",
        newer: Side::Second,
        recorded: 1,
    },
    Case {
        name: "insert/insert, A newer",
        exists: false,
        a: "INSERT INTO nota VALUES (1, 'a', clock_timestamp() + interval '1 minute')",
        b: "INSERT INTO nota VALUES (1, 'b')",
        if_a: "a",
        if_b: "b",
        newer: Side::First,
        recorded: 1,
    },
    Case {
        name: "update/update, B newer",
        exists: true,
        a: "UPDATE nota SET texto = 'a', updated_at = clock_timestamp() - interval '1 minute'",
        b: "UPDATE nota SET texto = 'b', updated_at = clock_timestamp()",
        if_a: "a",
        if_b: "b",
        newer: Side::Second,
        recorded: 1,
    },
    Case {
        name: "update/update, A newer",
        exists: true,
        a: "UPDATE nota SET texto = 'a', updated_at = clock_timestamp() + interval '1 minute'",
        b: "UPDATE nota SET texto = 'b', updated_at = clock_timestamp()",
        if_a: "a",
        if_b: "b",
        newer: Side::First,
        recorded: 1,
    },
    Case {
        name: "update/delete, delete newer",
        exists: true,
        a: "UPDATE nota SET texto = 'a', updated_at = clock_timestamp() - interval '1 minute'",
        b: "DELETE FROM nota",
        if_a: "a",
        if_b: "-",
        newer: Side::Second,
        recorded: 1,
    },
    Case {
        name: "update/delete, update newer",
        exists: true,
        a: "UPDATE nota SET texto = 'a', updated_at = clock_timestamp() + interval '1 minute'",
        b: "DELETE FROM nota",
        if_a: "a",
        if_b: "-",
        newer: Side::First,
        recorded: 1,
    },
    Case {
        name: "delete/update, delete newer",
        exists: true,
        a: "DELETE FROM nota",
        b: "UPDATE nota SET texto = 'b', updated_at = clock_timestamp() - interval '1 minute'",
        if_a: "-",
        if_b: "b",
        newer: Side::First,
        recorded: 1,
    },
    Case {
        name: "delete/update, update newer",
        exists: true,
        a: "DELETE FROM nota",
        b: "UPDATE nota SET texto = 'b', updated_at = clock_timestamp() + interval '1 minute'",
        if_a: "-",
        if_b: "b",
        newer: Side::Second,
        recorded: 1,
    },
    Case {
        name: "delete/delete",
        exists: true,
        a: "DELETE FROM nota",
        b: "DELETE FROM nota",
        if_a: "-",
        if_b: "-",
        newer: Side::First,
        recorded: 0,
    },
    Case {
        name: "the same content on both sides",
        exists: true,
        a: "UPDATE nota SET texto = 'x', updated_at = '2024-05-05 UTC'",
        b: "UPDATE nota SET texto = 'x', updated_at = '2024-05-05 UTC'",
        if_a: "x",
        if_b: "x",
        newer: Side::First,
        recorded: 0,
    },
    Case {
        name: "delete and insert again on A, update on B",
        exists: true,
        a: "DELETE FROM nota; INSERT INTO nota VALUES (1, 'a', clock_timestamp() + interval '1 minute')",
        b: "UPDATE nota SET texto = 'b', updated_at = clock_timestamp()",
        if_a: "a",
        if_b: "b",
        newer: Side::First,
        recorded: 1,
    },
];

/// Runs every case under one rule; row 1 of each case has a table of its own in effect, as the table is emptied in between.
async fn check_matrix(rule: ConflictRule) {
    in_both_modes(NOTA, async |world| {
        let mut spec = world.spec(&["nota"]);
        spec.conflict = rule;
        let mut link = world.init(&spec).await;
        for case in CASES {
            if case.exists {
                world
                    .a(&format!("INSERT INTO nota VALUES (1, 'antes', {OLDER})"))
                    .await;
                settle(&mut link).await;
            }
            let before = world.conflicts().await;
            world.sides(case.a, case.b).await;
            settle(&mut link).await;
            let winner = match rule {
                ConflictRule::Manual | ConflictRule::Function => unreachable!("it has tests of its own"),
                ConflictRule::Latest | ConflictRule::Merge => case.newer,
                ConflictRule::Wins(side) => side,
            };
            let expected = [case.if_a, case.if_b][winner.index()];
            for side in Side::BOTH {
                let found = text(
                    world.client(side),
                    "SELECT coalesce((SELECT texto FROM nota WHERE id = 1), '-')",
                )
                .await;
                assert_eq!(found, expected, "{} on {side:?}", case.name);
            }
            world.assert_equal("nota").await;
            assert_eq!(world.conflicts().await - before, case.recorded, "{}", case.name);
            world.a("DELETE FROM nota").await;
            settle(&mut link).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_newer_version_wins_every_kind_of_conflict() {
    check_matrix(ConflictRule::Latest).await;
}

#[tokio::test]
async fn the_first_node_wins_every_kind_of_conflict_where_the_rule_says_so() {
    check_matrix(ConflictRule::Wins(Side::First)).await;
}

#[tokio::test]
async fn the_second_node_wins_every_kind_of_conflict_where_the_rule_says_so() {
    check_matrix(ConflictRule::Wins(Side::Second)).await;
}

#[tokio::test]
async fn both_images_versions_and_the_winner_are_kept() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota VALUES (1, 'antes', '2024-01-01 UTC')").await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE nota SET texto = 'a', updated_at = '2024-01-02 UTC'",
                "UPDATE nota SET texto = NULL, updated_at = '2024-01-03 UTC'",
            )
            .await;
        settle(&mut link).await;
        let kept = "SELECT concat_ws('|', kind, winner, key_values, columns, here, here_image, here_version_at AT TIME ZONE 'UTC', \
                    there, there_image, there_version_at AT TIME ZONE 'UTC') FROM ponte.conflict";
        assert_eq!(
            text(&world.b, kept).await,
            "update_origin_differs|b|{1}|{id,texto,updated_at}|b|{1,NULL,\"2024-01-03 00:00:00+00\"}|2024-01-03 00:00:00|\
             a|{1,a,\"2024-01-02 00:00:00+00\"}|2024-01-02 00:00:00"
        );
        assert_eq!(world.conflicts().await, 1);
    })
    .await;
}

/// What was found missing once, and was not: a delete that an insert follows before anything travels has no record of its own. The insert has, with
/// what it wrote.
#[tokio::test]
async fn a_delete_and_the_insert_that_follows_it_lose_as_one() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota VALUES (1, 'antes', '2024-01-01 UTC')").await;
        settle(&mut link).await;
        world.a("DELETE FROM nota").await;
        world.a("INSERT INTO nota VALUES (1, 'a', '2024-01-02 UTC')").await;
        world.b("UPDATE nota SET texto = 'b', updated_at = '2024-01-03 UTC'").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 1);
        let kept = "SELECT string_agg(concat_ws('|', winner, here_image[2], there_image[2]), ';') FROM ponte.conflict";
        assert_eq!(text(&world.b, kept).await, "b|b|a");
        assert_eq!(world.conflicts().await, 1);
    })
    .await;
}

#[tokio::test]
async fn each_row_has_its_own_winner() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota SELECT g, 'antes' FROM generate_series(1, 40) g").await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE nota SET texto = 'a', updated_at = clock_timestamp() + make_interval(secs => 60 * (id % 2))",
                "UPDATE nota SET texto = 'b', updated_at = clock_timestamp() + make_interval(secs => 60 * ((id + 1) % 2))",
            )
            .await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        let odd = "SELECT string_agg(DISTINCT texto, ',') FROM nota WHERE id % 2 = 1";
        let even = "SELECT string_agg(DISTINCT texto, ',') FROM nota WHERE id % 2 = 0";
        assert_eq!(text(&world.a, odd).await, "a");
        assert_eq!(text(&world.b, even).await, "b");
        assert_eq!(world.conflicts().await, 40);
    })
    .await;
}

#[tokio::test]
async fn equal_versions_choose_the_same_winner_on_both_sides() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world
            .both("INSERT INTO nota SELECT g, current_setting('port'), '2024-01-01 UTC' FROM generate_series(1, 10) g")
            .await;
        // Not even the time of capture tells some of the changes apart; what is left is the node.
        world
            .both("UPDATE ponte.changelog_nota SET changed_at = '2024-01-01 UTC' WHERE k1 <= 3")
            .await;
        settle(&mut link).await;
        let rows = world.assert_equal("nota").await;
        assert_eq!(rows.len(), 10);
        assert_eq!(world.conflicts().await, 10);
        let winners = "SELECT count(DISTINCT texto) FROM nota WHERE id <= 3";
        assert_eq!(number(&world.a, winners).await, 1);
    })
    .await;
}

/// While the sync waits for a row that somebody holds at B, that row changes; the change must be seen as a conflict.
async fn check_change_under_way(seed: &str, incoming: &str, local: &str, newer: Side, expected: &str) {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a(seed).await;
        settle(&mut link).await;
        world.a(incoming).await;
        let holder = world.another(Side::Second).await;
        holder.batch_execute(&format!("BEGIN; {local}")).await.unwrap();
        let (pass, ()) = tokio::join!(link.pass(), async {
            world.sync_waits_on(Side::Second).await;
            holder.batch_execute("COMMIT").await.unwrap();
        });
        let pass = pass.unwrap();
        assert_eq!(pass.conflicts(), 1, "{pass:?}");
        settle(&mut link).await;
        world.assert_equal("nota").await;
        let found = text(
            &world.b,
            "SELECT coalesce((SELECT texto FROM nota WHERE id = 1), '-')",
        )
        .await;
        assert_eq!(found, expected, "{newer:?} is newer");
        assert_eq!(world.conflicts().await, 1);
    })
    .await;
}

#[tokio::test]
async fn an_update_that_commits_between_comparing_and_writing_is_a_conflict() {
    check_change_under_way(
        "INSERT INTO nota VALUES (1, 'antes', '2024-01-01 UTC')",
        "UPDATE nota SET texto = 'a', updated_at = '2024-01-02 UTC'",
        "UPDATE nota SET texto = 'b', updated_at = '2024-01-03 UTC'",
        Side::Second,
        "b",
    )
    .await;
}

#[tokio::test]
async fn an_older_update_that_commits_between_comparing_and_writing_is_kept_as_the_loser() {
    check_change_under_way(
        "INSERT INTO nota VALUES (1, 'antes', '2024-01-01 UTC')",
        "UPDATE nota SET texto = 'a', updated_at = '2024-01-04 UTC'",
        "UPDATE nota SET texto = 'b', updated_at = '2024-01-03 UTC'",
        Side::First,
        "a",
    )
    .await;
}

#[tokio::test]
async fn an_insert_that_commits_between_comparing_and_writing_is_a_conflict() {
    check_change_under_way(
        "SELECT 1",
        "INSERT INTO nota VALUES (1, 'a', '2024-01-02 UTC')",
        "INSERT INTO nota VALUES (1, 'b', '2024-01-03 UTC')",
        Side::Second,
        "b",
    )
    .await;
}

#[tokio::test]
async fn a_delete_that_commits_between_comparing_and_writing_is_a_conflict() {
    check_change_under_way(
        "INSERT INTO nota VALUES (1, 'antes', '2024-01-01 UTC')",
        "UPDATE nota SET texto = 'a', updated_at = '2024-01-02 UTC'",
        "DELETE FROM nota",
        Side::Second,
        "-",
    )
    .await;
}

#[tokio::test]
async fn an_update_that_commits_before_an_incoming_delete_is_written_is_a_conflict() {
    check_change_under_way(
        "INSERT INTO nota VALUES (1, 'antes', '2024-01-01 UTC')",
        "DELETE FROM nota",
        "UPDATE nota SET texto = 'b', updated_at = clock_timestamp() + interval '1 minute'",
        Side::Second,
        "b",
    )
    .await;
}

/// AT-043: both sides write on for a while without hearing of each other.
#[tokio::test]
async fn versions_that_an_application_gives_in_any_order_still_end_equal() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world
            .a("INSERT INTO nota VALUES (1, 'antes', '2024-01-01 UTC')")
            .await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE nota SET texto = 'a1', updated_at = '2024-01-09 UTC'",
                "UPDATE nota SET texto = 'b1', updated_at = '2024-01-05 UTC'",
            )
            .await;
        // While a1 is on its way to B, A writes an older version over it, and B something in between. A session that remembers nothing goes
        // the ordinary way; the short one would begin anew, with what A has by then.
        let mut link = world.open(link.spec()).await;
        let holder = world.another(Side::Second).await;
        holder
            .batch_execute("BEGIN; UPDATE nota SET texto = 'b2', updated_at = '2024-01-07 UTC'")
            .await
            .unwrap();
        let (pass, ()) = tokio::join!(link.pass(), async {
            world.sync_waits_on(Side::Second).await;
            world
                .a("UPDATE nota SET texto = 'a2', updated_at = '2024-01-06 UTC'")
                .await;
            holder.batch_execute("COMMIT").await.unwrap();
        });
        pass.unwrap();
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 1);
        assert_eq!(text(&world.a, "SELECT texto FROM nota").await, "a1");
    })
    .await;
}

/// Writes to hot rows on one side until told to stop; each write remembers which write it saw. Answers child and parent of each
/// acknowledged write.
async fn hammer(world: &World, side: Side, stop: &AtomicBool) -> Vec<(String, String)> {
    let client = world.another(side).await;
    let mut random = 88_172_645_463_325_252_u64 + side.index() as u64;
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (id, token) = (
            i32::try_from(random % 5).unwrap(),
            format!("{}{}", ["a", "b"][side.index()], acknowledged.len()),
        );
        // Versions in no order, as applications give them.
        let seconds = (random / 7 % 120) as f64;
        let row = client
            .query_one(
                "UPDATE quente SET visto = escrito, escrito = $2, updated_at = clock_timestamp() + make_interval(secs => $3) WHERE id = $1 RETURNING visto",
                &[&id, &token, &seconds],
            )
            .await
            .unwrap();
        acknowledged.push((token, row.get(0)));
    }
    acknowledged
}

#[tokio::test]
async fn no_write_to_a_hot_row_is_lost_without_a_trace() {
    let schema = "CREATE TABLE quente (id int PRIMARY KEY, escrito text, visto text, updated_at timestamptz);
                  INSERT INTO quente SELECT g, 'x' || g, '', now() FROM generate_series(0, 4) g;";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["quente"])).await;
        let stop = AtomicBool::new(false);
        let (of_a, of_b, conflicts) = tokio::join!(
            hammer(world, Side::First, &stop),
            hammer(world, Side::Second, &stop),
            async {
                // A busy machine takes longer until enough has happened to prove anything.
                let started = std::time::Instant::now();
                let (mut passes, mut conflicts) = (0, 0);
                while started.elapsed() < Duration::from_secs(3) || passes <= 10 || conflicts <= 20 {
                    assert!(
                        started.elapsed() < Duration::from_secs(120),
                        "{passes} passes, {conflicts} conflicts"
                    );
                    conflicts += link.pass().await.unwrap().conflicts();
                    passes += 1;
                }
                stop.store(true, Ordering::Relaxed);
                conflicts
            }
        );
        settle(&mut link).await;
        world.assert_equal("quente").await;
        let parents: BTreeMap<String, String> = of_a.iter().chain(&of_b).cloned().collect();
        let mut known: Vec<String> = Vec::new();
        for side in Side::BOTH {
            let images = "SELECT escrito FROM quente UNION ALL SELECT i[2] FROM ponte.conflict, \
                          LATERAL (VALUES (here_image), (there_image)) v(i) WHERE i IS NOT NULL";
            // Columns travel in alphabetical order after the key: id, escrito, updated_at, visto.
            known.extend(
                world
                    .client(side)
                    .query(images, &[])
                    .await
                    .unwrap()
                    .iter()
                    .map(|r| r.get(0)),
            );
        }
        let mut traced = BTreeSet::new();
        while let Some(token) = known.pop() {
            if let Some(parent) = parents.get(&token)
                && traced.insert(token)
            {
                known.push(parent.clone());
            }
        }
        let lost: Vec<&String> = parents.keys().filter(|t| !traced.contains(*t)).collect();
        assert!(
            lost.is_empty(),
            "{} of {} writes left no trace: {lost:?}",
            lost.len(),
            parents.len()
        );
        let recorded = world.conflicts().await;
        assert!(
            recorded >= i64::try_from(conflicts).unwrap(),
            "{conflicts} conflicts were reported, {recorded} recorded"
        );
    })
    .await;
}
