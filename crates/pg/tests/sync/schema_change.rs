//! Schemas that change under a running link: it stops with a message that names what differs, captures on, and goes on by itself.

use ponte_pg::ErrorKind;
use ponte_pg::sync::LiveLink;
use ponte_sync::link::Side;

use crate::support::{NOTA, in_both_modes_apart, number, settle};

/// The check fails with all of `parts` in what is said.
async fn stops(link: &mut LiveLink, kind: ErrorKind, parts: &[&str]) {
    let error = link.check().await.unwrap_err();
    let said = format!("{error} {:?}", error.context());
    assert_eq!(error.kind(), kind, "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

/// AT-103, AT-105: columns are added, renamed, retyped and dropped on one side, then on the other; what is written in between arrives.
#[tokio::test]
async fn a_change_on_one_side_waits_for_the_other_and_loses_nothing() {
    let changes = [
        (
            "ADD COLUMN extra int",
            "table nota has column extra on a but not on b",
        ),
        (
            "RENAME COLUMN texto TO corpo",
            "table nota has column texto on b but not on a",
        ),
        (
            "ALTER COLUMN extra TYPE bigint",
            "column extra of table nota is bigint on a and integer on b",
        ),
        (
            "ADD COLUMN grau int NOT NULL DEFAULT 7",
            "has column grau on a but not on b",
        ),
        ("DROP COLUMN extra", "has column extra on b but not on a"),
    ];
    in_both_modes_apart([NOTA, NOTA], async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        for (n, (change, said)) in changes.into_iter().enumerate() {
            let ddl = format!("ALTER TABLE nota {change}");
            world.a(&ddl).await;
            stops(&mut link, ErrorKind::SyncDrift, &[said]).await;
            world
                .sides(
                    &format!("INSERT INTO nota (id) VALUES ({n})"),
                    &format!("INSERT INTO nota (id) VALUES (1{n})"),
                )
                .await;
            world.b(&ddl).await;
            link.check().await.unwrap();
            settle(&mut link).await;
            assert_eq!(world.assert_equal("nota").await.len(), 2 * (n + 1));
        }
        // Defaults, and NOT NULL that every row meets, are no difference that keeps rows from travelling.
        world.a("UPDATE nota SET corpo = 'x'; ALTER TABLE nota ALTER corpo SET DEFAULT 'y', ALTER corpo SET NOT NULL").await;
        link.check().await.unwrap();
        settle(&mut link).await;
        world.assert_equal("nota").await;
    })
    .await;
}

/// AT-110: a table under another name, in another schema or made anew is not taken for the one that was linked.
#[tokio::test]
async fn a_table_that_moved_or_was_made_anew_stops_the_link() {
    in_both_modes_apart([NOTA, NOTA], async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("CREATE SCHEMA IF NOT EXISTS outra").await;
        for (away, back) in [
            (
                "ALTER TABLE nota RENAME TO notas; INSERT INTO notas (id) VALUES (1)",
                "ALTER TABLE notas RENAME TO nota",
            ),
            (
                "ALTER TABLE nota SET SCHEMA outra; INSERT INTO outra.nota (id) VALUES (2)",
                "ALTER TABLE outra.nota SET SCHEMA public",
            ),
        ] {
            world.a(away).await;
            stops(
                &mut link,
                ErrorKind::SyncUnfit,
                &["table nota does not exist on \"a\""],
            )
            .await;
            world.a(back).await;
            link.check().await.unwrap();
            settle(&mut link).await;
            world.assert_equal("nota").await;
        }
        assert_eq!(number(&world.b, "SELECT count(*) FROM nota").await, 2);
        world.a("DROP TABLE nota").await;
        world.a(NOTA).await;
        stops(
            &mut link,
            ErrorKind::SyncTriggers,
            &["table nota", "missing or disabled"],
        )
        .await;
        assert_eq!(
            number(&world.b, "SELECT count(*) FROM nota").await,
            2,
            "the rows of the old one stay"
        );
    })
    .await;
}

/// AT-111: rows that a policy may hide stop the link until the role sees them again.
#[tokio::test]
async fn row_level_security_that_is_switched_on_stops_the_link() {
    in_both_modes_apart([NOTA, NOTA], async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.b("ALTER TABLE nota ENABLE ROW LEVEL SECURITY").await;
        link.check().await.unwrap();
        world.b("ALTER TABLE nota FORCE ROW LEVEL SECURITY").await;
        // Before version 15 replica mode takes a superuser, from whom nothing is hidden.
        if number(
            &world.b,
            "SELECT count(*) FROM pg_roles WHERE rolname = current_user AND rolsuper",
        )
        .await
            == 0
        {
            stops(
                &mut link,
                ErrorKind::SyncUnfit,
                &["row-level security hides rows of nota", "\"b\""],
            )
            .await;
        } else {
            link.check().await.unwrap();
        }
        world.b("ALTER TABLE nota NO FORCE ROW LEVEL SECURITY").await;
        world.a("INSERT INTO nota (id) VALUES (1)").await;
        link.check().await.unwrap();
        settle(&mut link).await;
        world.assert_equal("nota").await;
    })
    .await;
}

/// AT-106: partitions on one side only: rows move between them, partitions come into being, empty ones go. Trap 49.
#[tokio::test]
async fn partitions_on_one_side_concern_only_that_side() {
    let parts = "CREATE TABLE medida (id int, regiao text NOT NULL, valor int, PRIMARY KEY (id, regiao)) PARTITION BY LIST (regiao);
        CREATE TABLE medida_n PARTITION OF medida FOR VALUES IN ('n'); CREATE TABLE medida_s PARTITION OF medida FOR VALUES IN ('s');";
    let plain = "CREATE TABLE medida (id int, valor int, regiao text NOT NULL, PRIMARY KEY (id, regiao));";
    in_both_modes_apart([parts, plain], async |world| {
        world.a("INSERT INTO medida VALUES (1, 'n', 1), (2, 's', 2)").await;
        let mut link = world.init(&world.spec(&["medida"])).await;
        world.a("UPDATE medida SET regiao = 's' WHERE id = 1; INSERT INTO medida_n VALUES (3, 'n', 3)").await;
        world.b("UPDATE medida SET regiao = 'n' WHERE id = 2").await;
        settle(&mut link).await;
        let rows = "SELECT string_agg(concat(id, regiao, valor), ' ' ORDER BY id) FROM medida";
        let expected = "1s1 2n2 3n3";
        for side in Side::BOTH {
            assert_eq!(crate::support::text(world.client(side), rows).await, expected, "{side:?}");
        }
        world
            .a("CREATE TABLE medida_l PARTITION OF medida FOR VALUES IN ('l'); INSERT INTO medida_l VALUES (4, 'l', 4); \
                CREATE TABLE medida_o (LIKE medida); ALTER TABLE medida ATTACH PARTITION medida_o FOR VALUES IN ('o'); \
                INSERT INTO medida_o VALUES (5, 'o', 5); UPDATE medida SET regiao = 'o' WHERE id = 4; DROP TABLE medida_l")
            .await;
        link.check().await.unwrap();
        settle(&mut link).await;
        for side in Side::BOTH {
            assert_eq!(
                crate::support::text(world.client(side), rows).await,
                "1s1 2n2 3n3 4o4 5o5",
                "{side:?}"
            );
        }
        // No trigger tells of rows that come or go with a whole partition; a comparison does.
        world.a("ALTER TABLE medida DETACH PARTITION medida_o").await;
        settle(&mut link).await;
        let found = link.compare().await.unwrap().remove(0);
        assert_eq!(found.missing, [2, 0], "{found:?}");
    })
    .await;
}
