//! What two sides can do to one row, times every policy: afterwards both sides are equal or the key is parked, and what did not
//! stay is recorded. All cases of a policy run at once, each on a row of its own.

use std::collections::BTreeMap;

use ponte_pg::sync::LiveLink;
use ponte_pg::sync::conflicts::{self, Conflict, State};
use ponte_sync::link::{ConflictRule, Side};

use crate::support::{World, in_both_modes, number, settle, text};

const FICHA: &str = "CREATE TABLE ficha (id int PRIMARY KEY, titulo text, texto text, saldo numeric(12,2),
    updated_at timestamptz DEFAULT clock_timestamp());";

/// What both sides do to row `{id}`, which exists before as `('t', 'x', 1)` where the case starts with it.
struct Case {
    name: &'static str,
    exists: bool,
    a: &'static str,
    b: &'static str,
    /// Whose change `latest` keeps; neither where both end up equal.
    newer: Option<Side>,
    kind: &'static str,
}

const NEVER: &str = "-";
const A: Option<Side> = Some(Side::First);
const B: Option<Side> = Some(Side::Second);

const CASES: &[Case] = &[
    // AT-030
    Case {
        name: "insert/insert",
        exists: false,
        a: "INSERT INTO ficha VALUES ({id}, 'ta', 'xa', 1, '{earlier}')",
        b: "INSERT INTO ficha VALUES ({id}, 'tb', 'xb', 1, '{later}')",
        newer: B,
        kind: "insert_exists",
    },
    // AT-031
    Case {
        name: "update/update of the same column",
        exists: true,
        a: "UPDATE ficha SET titulo = 'ta', updated_at = '{later}' WHERE id = {id}",
        b: "UPDATE ficha SET titulo = 'tb', updated_at = '{earlier}' WHERE id = {id}",
        newer: A,
        kind: "update_origin_differs",
    },
    // AT-032
    Case {
        name: "update/update of different columns",
        exists: true,
        a: "UPDATE ficha SET titulo = 'ta', updated_at = '{earlier}' WHERE id = {id}",
        b: "UPDATE ficha SET texto = 'xb', updated_at = '{later}' WHERE id = {id}",
        newer: B,
        kind: "update_origin_differs",
    },
    Case {
        name: "several updates of different columns",
        exists: true,
        a: "UPDATE ficha SET titulo = 'tz', updated_at = '{earlier}' WHERE id = {id};
            UPDATE ficha SET saldo = 7 WHERE id = {id}; UPDATE ficha SET titulo = 'ta' WHERE id = {id}",
        b: "UPDATE ficha SET texto = 'xz', updated_at = '{later}' WHERE id = {id}; UPDATE ficha SET texto = NULL WHERE id = {id}",
        newer: B,
        kind: "update_origin_differs",
    },
    Case {
        name: "several updates with one column in common",
        exists: true,
        a: "UPDATE ficha SET titulo = 'ta', updated_at = '{later}' WHERE id = {id}; UPDATE ficha SET saldo = 7 WHERE id = {id}",
        b: "UPDATE ficha SET texto = 'xb', updated_at = '{earlier}' WHERE id = {id}; UPDATE ficha SET saldo = 8 WHERE id = {id}",
        newer: A,
        kind: "update_origin_differs",
    },
    // AT-033
    Case {
        name: "update/delete, delete newer",
        exists: true,
        a: "UPDATE ficha SET titulo = 'ta', updated_at = '{earlier}' WHERE id = {id}",
        b: "DELETE FROM ficha WHERE id = {id}",
        newer: B,
        kind: "update_missing",
    },
    Case {
        name: "delete/update, delete newer",
        exists: true,
        a: "DELETE FROM ficha WHERE id = {id}",
        b: "UPDATE ficha SET titulo = 'tb', updated_at = '{earlier}' WHERE id = {id}",
        newer: A,
        kind: "delete_origin_differs",
    },
    // AT-034
    Case {
        name: "update/delete, update newer",
        exists: true,
        a: "UPDATE ficha SET titulo = 'ta', updated_at = '{ahead}' WHERE id = {id}",
        b: "DELETE FROM ficha WHERE id = {id}",
        newer: A,
        kind: "update_missing",
    },
    Case {
        name: "delete/update, update newer",
        exists: true,
        a: "DELETE FROM ficha WHERE id = {id}",
        b: "UPDATE ficha SET titulo = 'tb', updated_at = '{ahead}' WHERE id = {id}",
        newer: B,
        kind: "delete_origin_differs",
    },
    // AT-035
    Case {
        name: "delete/delete",
        exists: true,
        a: "DELETE FROM ficha WHERE id = {id}",
        b: "DELETE FROM ficha WHERE id = {id}",
        newer: None,
        kind: NEVER,
    },
    Case {
        name: "the same content on both sides",
        exists: true,
        a: "UPDATE ficha SET titulo = 'g', updated_at = '{later}' WHERE id = {id}",
        b: "UPDATE ficha SET titulo = 'g', updated_at = '{later}' WHERE id = {id}",
        newer: None,
        kind: NEVER,
    },
    Case {
        name: "delete and insert again on A, update on B",
        exists: true,
        a: "DELETE FROM ficha WHERE id = {id}; INSERT INTO ficha VALUES ({id}, 'ta', 'xa', 1, '{later}')",
        b: "UPDATE ficha SET texto = 'xb', updated_at = '{earlier}' WHERE id = {id}",
        newer: A,
        kind: "insert_exists",
    },
    Case {
        name: "delete and insert again on A, delete on B",
        exists: true,
        a: "DELETE FROM ficha WHERE id = {id}; INSERT INTO ficha VALUES ({id}, 'ta', 'xa', 1, '{ahead}')",
        b: "DELETE FROM ficha WHERE id = {id}",
        newer: A,
        kind: "delete_missing",
    },
    Case {
        name: "another row of A takes the key that B inserts",
        exists: false,
        a: "INSERT INTO ficha VALUES (-{id}, 'ta', 'xa', 1, '{earlier}'); UPDATE ficha SET id = {id} WHERE id = -{id}",
        b: "INSERT INTO ficha VALUES ({id}, 'tb', 'xb', 1, '{later}')",
        newer: B,
        kind: "update_exists",
    },
    // AT-040
    Case {
        name: "updated twice in one transaction on A, not at all on B",
        exists: true,
        a: "BEGIN; UPDATE ficha SET titulo = 'tz' WHERE id = {id}; UPDATE ficha SET titulo = 'ta' WHERE id = {id}; COMMIT",
        b: "SELECT",
        newer: A,
        kind: NEVER,
    },
    // AT-042: a clock an hour ahead is cut back to what is allowed, one that is behind is believed.
    Case {
        name: "B's clock is an hour ahead",
        exists: true,
        a: "UPDATE ficha SET titulo = 'ta', updated_at = '{later}' WHERE id = {id}",
        b: "UPDATE ficha SET titulo = 'tb', updated_at = now() + interval '1 hour' WHERE id = {id}",
        newer: B,
        kind: "update_origin_differs",
    },
    Case {
        name: "B's clock is an hour behind",
        exists: true,
        a: "UPDATE ficha SET titulo = 'ta', updated_at = now() WHERE id = {id}",
        b: "UPDATE ficha SET titulo = 'tb', updated_at = now() - interval '1 hour' WHERE id = {id}",
        newer: A,
        kind: "update_origin_differs",
    },
    Case {
        name: "B's clock steps back between two changes",
        exists: true,
        a: "UPDATE ficha SET titulo = 'ta', updated_at = now() WHERE id = {id}",
        b: "UPDATE ficha SET titulo = 'tz', updated_at = now() + interval '1 minute' WHERE id = {id};
            UPDATE ficha SET titulo = 'tb', updated_at = now() - interval '1 hour' WHERE id = {id}",
        newer: A,
        kind: "update_origin_differs",
    },
];

/// One side's row of a case, in a form that all sides print alike; its version is left out.
async fn row(world: &World, side: Side, id: usize) -> String {
    let sql = format!(
        "SELECT coalesce((SELECT concat_ws(' ', coalesce(titulo, 'NULL'), coalesce(texto, 'NULL'), coalesce(saldo::text, 'NULL'))
                          FROM ficha WHERE id = {id}), '-')"
    );
    text(world.client(side), &sql).await
}

/// The rows of all cases on one side.
async fn rows(world: &World, side: Side) -> Vec<String> {
    let mut rows = Vec::new();
    for id in 0..CASES.len() {
        rows.push(row(world, side, id).await);
    }
    rows
}

async fn recorded(world: &World) -> BTreeMap<String, Conflict> {
    let mut found = BTreeMap::new();
    for side in Side::BOTH {
        let mut peer = world.peer(side).await;
        for conflict in conflicts::conflicts("teste", &mut peer, 1_000).await.unwrap() {
            let earlier = found.insert(conflict.key[0].clone(), conflict);
            assert!(earlier.is_none(), "recorded twice: {earlier:?}");
        }
    }
    found
}

/// A recorded image in the form of [`row`].
fn image(image: &conflicts::Image) -> String {
    let Some(row) = &image.row else {
        return "-".to_owned();
    };
    let value = |name: &str| {
        let (_, value) = row.iter().find(|(column, _)| column == name).unwrap();
        value.clone().unwrap_or_else(|| "NULL".to_owned())
    };
    [value("titulo"), value("texto"), value("saldo")].join(" ")
}

/// Makes the link and lets both sides do what the cases say; answers what each side had then.
async fn diverge(world: &World, rule: ConflictRule) -> (LiveLink, [Vec<String>; 2]) {
    let mut spec = world.spec(&["ficha"]);
    spec.conflict = rule;
    let mut link = world.init(&spec).await;
    for (id, _) in CASES.iter().enumerate().filter(|(_, c)| c.exists) {
        world
            .a(&format!(
                "INSERT INTO ficha VALUES ({id}, 't', 'x', 1, '2024-01-01 UTC')"
            ))
            .await;
    }
    settle(&mut link).await;
    let ahead = text(&world.a, "SELECT (now() + interval '2 minutes')::text").await;
    for (id, case) in CASES.iter().enumerate() {
        let fill = |sql: &str| {
            sql.replace("{id}", &id.to_string())
                .replace("{earlier}", "2024-02-01 UTC")
                .replace("{later}", "2024-03-01 UTC")
                .replace("{ahead}", &ahead)
        };
        world.sides(&fill(case.a), &fill(case.b)).await;
    }
    let had = [rows(world, Side::First).await, rows(world, Side::Second).await];
    (link, had)
}

/// Both images and the kind of every conflict are there, and nothing else.
async fn check_record(world: &World, had: &[Vec<String>; 2], expected: impl Fn(&Case) -> Option<String>) {
    let found = recorded(world).await;
    for (id, case) in CASES.iter().enumerate() {
        let conflict = found.get(&id.to_string());
        if case.kind == NEVER {
            assert_eq!(conflict, None, "{}", case.name);
            continue;
        }
        let conflict = conflict.unwrap_or_else(|| panic!("{} left no record", case.name));
        assert_eq!(conflict.kind, case.kind, "{}", case.name);
        assert_eq!(conflict.winner, expected(case), "{}", case.name);
        let mut images = [image(&conflict.here), image(&conflict.there)];
        if conflict.here.node == "b" {
            images.reverse();
        }
        assert_eq!(images, [had[0][id].clone(), had[1][id].clone()], "{}", case.name);
    }
}

/// What a merge makes of a case that no side wins whole.
fn merged(case: &Case) -> Option<&'static str> {
    match case.name {
        "update/update of different columns" => Some("ta xb 1.00"),
        "several updates of different columns" => Some("ta NULL 7.00"),
        "several updates with one column in common" => Some("ta xb 7.00"),
        _ => None,
    }
}

fn node(side: Side) -> String {
    ["a", "b"][side.index()].to_owned()
}

/// Runs all cases under a rule that decides by itself.
async fn check_rule(rule: ConflictRule) {
    check_rule_with(FICHA, rule).await;
}

async fn check_rule_with(schema: &str, rule: ConflictRule) {
    let merged = |case: &Case| merged(case).filter(|_| rule == ConflictRule::Merge);
    let winner = move |case: &Case| match rule {
        ConflictRule::Wins(side) if case.kind != NEVER => Some(side),
        _ => case.newer,
    };
    in_both_modes(schema, async move |world| {
        let (mut link, had) = diverge(world, rule).await;
        settle(&mut link).await;
        world.assert_equal("ficha").await;
        let found = rows(world, Side::First).await;
        for (id, case) in CASES.iter().enumerate() {
            let side = winner(case).unwrap_or(Side::First);
            let expected = merged(case).unwrap_or(&had[side.index()][id]);
            assert_eq!(found[id], expected, "{}", case.name);
        }
        let won = |case: &Case| winner(case).map(node);
        check_record(world, &had, |case| {
            merged(case).map(|_| "merged".to_owned()).or(won(case))
        })
        .await;
    })
    .await;
}

/// AT-030 AT-031 AT-033 AT-034 AT-035 AT-037 AT-040 AT-042: the newer version stays, row by row.
#[tokio::test]
async fn latest_decides_every_case() {
    check_rule(ConflictRule::Latest).await;
}

/// AT-030 AT-031 AT-033 AT-034 AT-035 AT-040: the named node's row stays, whatever the versions say.
#[tokio::test]
async fn the_first_node_wins_every_case() {
    check_rule(ConflictRule::Wins(Side::First)).await;
}

/// AT-030 AT-031 AT-033 AT-034 AT-035 AT-040: the same for the other node.
#[tokio::test]
async fn the_second_node_wins_every_case() {
    check_rule(ConflictRule::Wins(Side::Second)).await;
}

/// AT-030 AT-031 AT-032 AT-033 AT-034 AT-035 AT-037 AT-040 AT-042: what both sides only updated is merged column by column, everything else
/// stays with the newer version.
#[tokio::test]
async fn merge_decides_every_case() {
    check_rule(ConflictRule::Merge).await;
}

/// AT-032: the same where rows live in partitions, whose changes only row triggers see.
#[tokio::test]
async fn merge_decides_every_case_of_a_partitioned_table() {
    let schema = FICHA.replace(
        "clock_timestamp());",
        "clock_timestamp()) PARTITION BY RANGE (id);
         CREATE TABLE ficha_antes PARTITION OF ficha FOR VALUES FROM (MINVALUE) TO (14);
         CREATE TABLE ficha_depois PARTITION OF ficha FOR VALUES FROM (14) TO (MAXVALUE);",
    );
    check_rule_with(&schema, ConflictRule::Merge).await;
}

/// AT-030 AT-031 AT-033 AT-034 AT-035 AT-040 AT-045: every conflict is parked with both rows as they are; whichever row a person
/// chooses, whatever it is, is on both sides after the next pass.
#[tokio::test]
async fn manual_parks_every_case_until_a_person_decides() {
    for keep in Side::BOTH {
        in_both_modes(FICHA, async |world| {
            let (mut link, had) = diverge(world, ConflictRule::Manual).await;
            settle(&mut link).await;
            check_parked(world, &had).await;
            drop(link);
            let mut link = world.open(&manual(world)).await;
            let compared = link.compare().await.unwrap().remove(0);
            let open = CASES.iter().filter(|c| c.kind != NEVER).count();
            assert_eq!((compared.parked.len(), compared.only_parked()), (open, true));
            assert!(!compared.equal());

            for conflict in recorded(world).await.values() {
                let side = if conflict.node == "a" {
                    Side::First
                } else {
                    Side::Second
                };
                let spec = link.spec().clone();
                let keep = node(keep);
                conflicts::resolve(&spec, &mut world.peer(side).await, conflict.id, &keep)
                    .await
                    .unwrap();
            }
            settle(&mut link).await;
            world.assert_equal("ficha").await;
            let found = rows(world, Side::First).await;
            for (id, case) in CASES.iter().enumerate().filter(|(_, c)| c.kind != NEVER) {
                assert_eq!(found[id], had[keep.index()][id], "{}", case.name);
            }
            assert_eq!(number(&world.b, "SELECT count(*) FROM ponte.parked").await, 0);
            assert!(recorded(world).await.values().all(|c| c.state == State::Resolved));
        })
        .await;
    }
}

fn manual(world: &World) -> ponte_sync::link::LinkSpec {
    let mut spec = world.spec(&["ficha"]);
    spec.conflict = ConflictRule::Manual;
    spec
}

async fn check_parked(world: &World, had: &[Vec<String>; 2]) {
    check_record(world, had, |_| None).await;
    for side in Side::BOTH {
        let now = rows(world, side).await;
        for (id, case) in CASES.iter().enumerate().filter(|(_, c)| c.kind != NEVER) {
            assert_eq!(now[id], had[side.index()][id], "{} on {side:?}", case.name);
        }
    }
    assert!(recorded(world).await.values().all(|c| c.state == State::Parked));
}
