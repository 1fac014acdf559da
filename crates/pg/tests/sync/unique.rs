//! Values that only one row may have, while rows travel in both directions.

use ponte_sync::link::Side;

use crate::support::{World, in_both_modes, number, settle, text};

/// One way in which a row that arrives meets the rules of the target.
struct Case {
    name: &'static str,
    /// On both sides before.
    before: &'static str,
    a: &'static str,
    b: &'static str,
    /// `a`'s and `b`'s quarantine after both directions, as `table key kind`.
    refused: [&'static [&'static str]; 2],
    /// What is recorded as a conflict, over both sides.
    conflicts: &'static [&'static str],
}

/// `pai.apelido` and `filho.codigo` are unique; `filho.pai` references `pai`.
const FAMILIA: &str = "
    CREATE TABLE pai (id int PRIMARY KEY, apelido text UNIQUE, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE filho (id int PRIMARY KEY, codigo text UNIQUE, outro text UNIQUE, pai int REFERENCES pai, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());";

const CASES: &[Case] = &[
    Case {
        name: "AT-050 insert, primary key taken by an insert",
        before: "",
        a: "INSERT INTO filho VALUES (1, 'a')",
        b: "INSERT INTO filho VALUES (1, 'b')",
        refused: [&[], &[]],
        conflicts: &["insert_exists"],
    },
    Case {
        name: "AT-051 insert, unique value taken by an insert",
        before: "",
        a: "INSERT INTO filho VALUES (1, 'x')",
        b: "INSERT INTO filho VALUES (2, 'x')",
        refused: [&["filho 2 insert_exists"], &["filho 1 insert_exists"]],
        conflicts: &[],
    },
    Case {
        name: "AT-052 insert, parent deleted",
        before: "INSERT INTO pai VALUES (1, 'p')",
        a: "INSERT INTO filho VALUES (1, 'x', NULL, 1)",
        b: "DELETE FROM pai",
        refused: [&[], &[]],
        conflicts: &["delete_referenced"],
    },
    Case {
        name: "AT-053 insert, unique value taken by an update",
        before: "INSERT INTO filho VALUES (2, 'y')",
        a: "INSERT INTO filho VALUES (1, 'x')",
        b: "UPDATE filho SET codigo = 'x', updated_at = clock_timestamp() WHERE id = 2",
        refused: [&["filho 2 update_exists"], &["filho 1 insert_exists"]],
        conflicts: &[],
    },
    Case {
        name: "AT-054 update, row changed there too",
        before: "INSERT INTO filho VALUES (1, 'x')",
        a: "UPDATE filho SET codigo = 'a', updated_at = clock_timestamp()",
        b: "UPDATE filho SET codigo = 'b', updated_at = clock_timestamp()",
        refused: [&[], &[]],
        conflicts: &["update_origin_differs"],
    },
    Case {
        name: "AT-055 update, unique value taken by an insert",
        before: "INSERT INTO filho VALUES (1, 'y')",
        a: "UPDATE filho SET codigo = 'x', updated_at = clock_timestamp() WHERE id = 1",
        b: "INSERT INTO filho VALUES (2, 'x')",
        refused: [&["filho 2 insert_exists"], &["filho 1 update_exists"]],
        conflicts: &[],
    },
    Case {
        name: "AT-056 update, unique value taken by an update",
        before: "INSERT INTO filho VALUES (1, 'y'), (2, 'z')",
        a: "UPDATE filho SET codigo = 'x', updated_at = clock_timestamp() WHERE id = 1",
        b: "UPDATE filho SET codigo = 'x', updated_at = clock_timestamp() WHERE id = 2",
        refused: [&["filho 2 update_exists"], &["filho 1 update_exists"]],
        conflicts: &[],
    },
    Case {
        name: "AT-057 update to a parent that was deleted",
        before: "INSERT INTO pai VALUES (1, 'p'); INSERT INTO filho VALUES (1, 'x')",
        a: "UPDATE filho SET pai = 1, updated_at = clock_timestamp()",
        b: "DELETE FROM pai",
        refused: [&[], &[]],
        conflicts: &["delete_referenced"],
    },
    Case {
        name: "AT-058 insert, two unique values taken by two rows",
        before: "INSERT INTO filho VALUES (2, 'y', 'y'), (3, 'z', 'z')",
        a: "INSERT INTO filho VALUES (1, 'x1', 'x2')",
        b: "UPDATE filho SET codigo = 'x1', updated_at = clock_timestamp() WHERE id = 2; UPDATE filho SET outro = 'x2', updated_at = clock_timestamp() WHERE id = 3",
        refused: [
            &["filho 2 update_exists", "filho 3 update_exists"],
            &["filho 1 multiple_unique_conflicts"],
        ],
        conflicts: &[],
    },
    Case {
        name: "AT-059 insert of a child whose parent is refused",
        before: "",
        a: "INSERT INTO pai VALUES (1, 'p'); INSERT INTO filho VALUES (1, 'x', NULL, 1)",
        b: "INSERT INTO pai VALUES (2, 'p')",
        refused: [
            &["pai 2 insert_exists"],
            &["filho 1 missing_parent", "pai 1 insert_exists"],
        ],
        conflicts: &[],
    },
    Case {
        name: "AT-060 delete of a parent that an update chose there",
        before: "INSERT INTO pai VALUES (1, 'p'); INSERT INTO filho VALUES (1, 'x')",
        a: "DELETE FROM pai",
        b: "UPDATE filho SET pai = 1, updated_at = clock_timestamp()",
        refused: [&[], &[]],
        conflicts: &["delete_referenced"],
    },
];

async fn lines(world: &World, side: Side, sql: &str) -> Vec<String> {
    let rows = world.client(side).query(sql, &[]).await.unwrap();
    rows.iter().map(|r| r.get(0)).collect()
}

/// AT-050: an insert meets an insert with the same primary key.
/// AT-051: an insert meets an insert with the same unique value.
/// AT-052: an insert meets the delete of its parent.
/// AT-053: an insert meets an update to the same unique value.
/// AT-054: an update meets an update of the same row.
/// AT-055: an update meets an insert with the same unique value.
/// AT-056: an update meets an update to the same unique value.
/// AT-057: an update to a parent meets the delete of that parent.
/// AT-058: an insert meets two updates, one for each of its unique values.
/// AT-059: an insert depends on a parent that is refused.
/// AT-060: the delete of a parent meets an update to that parent.
///
/// What one side refuses waits, nothing else does; once the clash is gone, both sides are equal.
#[tokio::test]
async fn inserts_and_updates_meet_primary_unique_and_foreign_keys() {
    in_both_modes(FAMILIA, async |world| {
        let mut link = world.init(&world.spec(&["filho", "pai"])).await;
        for case in CASES {
            println!("{}", case.name);
            world.a(case.before).await;
            settle(&mut link).await;
            world.sides(case.a, case.b).await;
            world.sides("INSERT INTO pai VALUES (77, 'de a')", "INSERT INTO pai VALUES (78, 'de b')").await;
            settle(&mut link).await;
            for side in Side::BOTH {
                let sql = "SELECT concat_ws(' ', table_name, key_values[1], kind) FROM ponte.quarantine ORDER BY 1";
                let refused = lines(world, side, sql).await;
                assert_eq!(refused, case.refused[side.index()], "{}: {side:?}", case.name);
                let others = number(world.client(side), "SELECT count(*) FROM pai WHERE id > 70").await;
                assert_eq!(others, 2, "{}: the other rows did not arrive", case.name);
            }
            let mut kinds = Vec::new();
            for side in Side::BOTH {
                kinds.extend(lines(world, side, "SELECT kind FROM ponte.conflict").await);
            }
            assert_eq!(kinds, case.conflicts, "{}", case.name);
            // The clash ends: B's rows take other values.
            world
                .b("UPDATE filho SET codigo = codigo || '-b', outro = outro || '-b', updated_at = clock_timestamp(); \
                    UPDATE pai SET apelido = apelido || '-b', updated_at = clock_timestamp()")
                .await;
            for _ in 0..2 {
                world.retry_now().await;
                settle(&mut link).await;
            }
            assert_eq!(world.quarantined().await, 0, "{}", case.name);
            world.assert_equal("filho").await;
            world.assert_equal("pai").await;
            world.a("DELETE FROM filho; DELETE FROM pai").await;
            settle(&mut link).await;
            assert_eq!(number(&world.b, "SELECT count(*) FROM pai").await, 0, "{}", case.name);
            world.both("DELETE FROM ponte.conflict").await;
        }
    })
    .await;
}

/// A table whose code is unique in some way, and a table that points at its rows.
fn unique_as(rule: &str, on_delete: &str) -> String {
    format!(
        "CREATE TABLE peca (id int PRIMARY KEY, codigo text NOT NULL, lugar int, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
         CREATE TABLE uso (id int PRIMARY KEY, peca int NOT NULL REFERENCES peca {on_delete});
         {rule};"
    )
}

const MOVES: &[(&str, &str)] = &[
    (
        "a swap",
        "UPDATE peca SET codigo = CASE id WHEN 1 THEN 'temp' ELSE codigo END; UPDATE peca SET codigo = 'um' WHERE id = 2; UPDATE peca SET codigo = 'dois' WHERE id = 1",
    ),
    (
        "a rotation",
        "UPDATE peca SET codigo = 'temp' WHERE id = 1; UPDATE peca SET codigo = 'um' WHERE id = 2; UPDATE peca SET codigo = 'dois' WHERE id = 3; UPDATE peca SET codigo = 'tres' WHERE id = 1",
    ),
    (
        "a chain",
        "UPDATE peca SET codigo = 'novo' WHERE id = 3; UPDATE peca SET codigo = 'tres' WHERE id = 2; UPDATE peca SET codigo = 'dois' WHERE id = 1",
    ),
    (
        "an insert that takes over from an update",
        "UPDATE peca SET codigo = 'velho' WHERE id = 1; INSERT INTO peca VALUES (9, 'um')",
    ),
    (
        "an insert that takes over from a delete",
        "DELETE FROM uso WHERE peca = 1; DELETE FROM peca WHERE id = 1; INSERT INTO peca VALUES (9, 'um')",
    ),
    (
        "an insert that takes over from a row whose users move to it",
        "UPDATE peca SET codigo = 'temp' WHERE id = 1; INSERT INTO peca VALUES (9, 'um'); UPDATE uso SET peca = 9 WHERE peca = 1; DELETE FROM peca WHERE id = 1",
    ),
];

const RULES: &[&str] = &[
    "ALTER TABLE peca ADD UNIQUE (codigo)",
    "ALTER TABLE peca ADD UNIQUE (codigo) DEFERRABLE",
    "CREATE UNIQUE INDEX peca_codigo ON peca (lower(codigo))",
    "CREATE UNIQUE INDEX peca_codigo ON peca (codigo) WHERE codigo <> 'nada'",
    "ALTER TABLE peca ALTER codigo DROP NOT NULL; ALTER TABLE peca ADD UNIQUE NULLS NOT DISTINCT (codigo)",
    "ALTER TABLE peca ADD UNIQUE (lugar, codigo)",
];

/// AT-065: values change hands within one batch, also among rows that others reference, and with a bad row in between.
#[tokio::test]
async fn unique_values_may_change_hands_within_a_batch() {
    for rule in RULES {
        check_moves(rule, "").await;
    }
    check_moves(RULES[0], "ON DELETE CASCADE").await;
}

async fn check_moves(rule: &str, on_delete: &str) {
    let world = World::with("").await;
    if rule.contains("NULLS NOT DISTINCT") && world.older_major().await < 15 {
        return;
    }
    world.both(&unique_as(rule, on_delete)).await;
    world
        .b("ALTER TABLE peca ADD CONSTRAINT regra CHECK (codigo <> 'mau')")
        .await;
    let mut link = world.init(&world.spec(&["peca", "uso"])).await;
    for bad in [false, true] {
        for (name, change) in MOVES {
            let story = format!("{name}, {rule} {on_delete}, {bad}");
            world
                .a("INSERT INTO peca SELECT g, (ARRAY['um', 'dois', 'tres'])[g], 0 FROM generate_series(1, 3) g; INSERT INTO uso SELECT g, g FROM generate_series(1, 3) g")
                .await;
            settle(&mut link).await;
            world.a(&format!("BEGIN; {change}; COMMIT")).await;
            if bad {
                world.a("INSERT INTO peca SELECT g, CASE g WHEN 105 THEN 'mau' ELSE 'c' || g END FROM generate_series(100, 110) g").await;
            }
            let report = link.pass().await.unwrap();
            assert_eq!(report.quarantined(), u64::from(bad), "{story}");
            assert_eq!(world.quarantined().await, i64::from(bad), "{story}");
            world.a("DELETE FROM peca WHERE id = 105").await;
            settle(&mut link).await;
            assert_eq!(world.quarantined().await, 0, "{story}");
            let [a, b] = world.rows("peca").await;
            assert_eq!(a, b, "{story}");
            let [a, b] = world.rows("uso").await;
            assert_eq!(a, b, "{story}");
            assert_eq!(world.conflicts().await, 0, "{story}");
            world.a("DELETE FROM uso; DELETE FROM peca").await;
            settle(&mut link).await;
        }
    }
}

/// The row that is in the way is never touched, and never part of what is sent for it.
#[tokio::test]
async fn the_row_that_blocks_stays_as_it_is() {
    in_both_modes(FAMILIA, async |world| {
        let mut link = world.init(&world.spec(&["filho", "pai"])).await;
        world.b("INSERT INTO filho VALUES (2, 'x')").await;
        world.b("UPDATE ponte.link SET paused = true").await;
        world.a("INSERT INTO filho VALUES (1, 'x')").await;
        world.b("UPDATE ponte.link SET paused = false").await;
        let before = text(&world.b, "SELECT xmin::text || f::text FROM filho f").await;
        link.pass().await.unwrap();
        assert_eq!(
            text(&world.b, "SELECT xmin::text || f::text FROM filho f").await,
            before
        );
    })
    .await;
}
