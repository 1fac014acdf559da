//! Keys that wait for a person, what happens to them meanwhile, and rows that a person brings back.

use ponte_pg::sync::conflicts::{self, Conflict, Resolution, State};
use ponte_pg::{ErrorKind, Result};
use ponte_sync::link::{ConflictRule, LinkSpec, Side};

use crate::support::{NOTA, World, in_both_modes, number, settle, text};

fn by_hand(world: &World, table: &str) -> LinkSpec {
    let mut spec = world.spec(&[table]);
    spec.conflict = ConflictRule::Manual;
    spec
}

async fn conflict(world: &World, side: Side, id: i64) -> Conflict {
    let mut peer = world.peer(side).await;
    conflicts::conflict("teste", &mut peer, id)
        .await
        .unwrap()
        .unwrap()
}

async fn resolve(world: &World, spec: &LinkSpec, side: Side, id: i64, keep: &str) -> Result<Resolution> {
    conflicts::resolve(spec, &mut world.peer(side).await, id, keep).await
}

fn value(image: &conflicts::Image, column: &str) -> Option<String> {
    let row = image.row.as_ref()?;
    row.iter().find(|(name, _)| name == column)?.1.clone()
}

async fn text_on(world: &World, side: Side, id: i32) -> String {
    let sql = format!("SELECT coalesce((SELECT texto FROM nota WHERE id = {id}), '-')");
    text(world.client(side), &sql).await
}

#[tokio::test]
async fn what_changes_later_shows_in_the_conflict_and_travels_nowhere() {
    in_both_modes(NOTA, async |world| {
        let spec = by_hand(world, "nota");
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO nota VALUES (1, 'antes'), (2, 'antes')").await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE nota SET texto = 'a1' WHERE id = 1",
                "UPDATE nota SET texto = 'b1' WHERE id = 1",
            )
            .await;
        settle(&mut link).await;

        // Each side alone, then both, then deletes: nothing of key 1 arrives, everything of key 2 does.
        for (a, b) in [("a2", "b1"), ("a2", "b2"), ("a3", "b3"), ("-", "b3"), ("-", "-"), ("a4", "b4")] {
            for (side, wanted) in [(Side::First, a), (Side::Second, b)] {
                if text_on(world, side, 1).await == wanted {
                    continue;
                }
                let sql = if wanted == "-" {
                    "DELETE FROM nota WHERE id = 1".to_owned()
                } else {
                    format!("INSERT INTO nota VALUES (1, '{wanted}') ON CONFLICT (id) DO UPDATE SET texto = '{wanted}', updated_at = now()")
                };
                world.client(side).batch_execute(&sql).await.unwrap();
            }
            world.a(&format!("UPDATE nota SET texto = 'com {a}{b}', updated_at = clock_timestamp() WHERE id = 2")).await;
            settle(&mut link).await;
            assert_eq!(text_on(world, Side::First, 1).await, a);
            assert_eq!(text_on(world, Side::Second, 1).await, b);
            assert_eq!(text_on(world, Side::Second, 2).await, format!("com {a}{b}"));
            let open = conflict(world, Side::Second, 1).await;
            assert_eq!(open.state, State::Parked);
            let shown = |image| value(image, "texto").unwrap_or_else(|| "-".into());
            assert_eq!((shown(&open.there), shown(&open.here)), (a.to_owned(), b.to_owned()));
            assert_eq!(world.conflicts().await, 1);
        }
        resolve(world, &spec, Side::Second, 1, "a").await.unwrap();
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 2);
        assert_eq!(text_on(world, Side::Second, 1).await, "a4");
    })
    .await;
}

#[tokio::test]
async fn a_change_that_the_person_had_not_seen_is_parked_again() {
    in_both_modes(NOTA, async |world| {
        let spec = by_hand(world, "nota");
        let mut link = world.init(&spec).await;
        world
            .sides(
                "INSERT INTO nota VALUES (1, 'a')",
                "INSERT INTO nota VALUES (1, 'b')",
            )
            .await;
        settle(&mut link).await;
        world.a("UPDATE nota SET texto = 'a, mais tarde'").await;
        resolve(world, &spec, Side::Second, 1, "b").await.unwrap();
        settle(&mut link).await;
        assert_eq!(text_on(world, Side::First, 1).await, "a, mais tarde");
        assert_eq!(text_on(world, Side::Second, 1).await, "b");
        resolve(world, &spec, Side::Second, 2, "b").await.unwrap();
        settle(&mut link).await;
        assert_eq!(text_on(world, Side::First, 1).await, "b");
        world.assert_equal("nota").await;
    })
    .await;
}

#[tokio::test]
async fn a_key_is_found_again_however_it_is_written() {
    let schema = "CREATE TABLE medida (quanto numeric, nome text, texto text, PRIMARY KEY (quanto, nome))";
    in_both_modes(schema, async |world| {
        let spec = by_hand(world, "medida");
        let mut link = world.init(&spec).await;
        let name = r#"{"a", NULL \ 'x' é}"#.replace('\'', "''");
        world
            .sides(
                &format!("INSERT INTO medida VALUES (1.0, '{name}', 'a')"),
                &format!("INSERT INTO medida VALUES (1.00, '{name}', 'b')"),
            )
            .await;
        settle(&mut link).await;
        world.a("UPDATE medida SET texto = 'a2', quanto = 1.000").await;
        world.b("UPDATE medida SET texto = 'b2', quanto = 1").await;
        settle(&mut link).await;
        assert_eq!(text(&world.a, "SELECT texto FROM medida").await, "a2");
        assert_eq!(text(&world.b, "SELECT texto FROM medida").await, "b2");
        let compared = link.compare().await.unwrap().remove(0);
        assert!(!compared.equal(), "{compared:?}");
        resolve(world, &spec, Side::Second, 1, "a").await.unwrap();
        settle(&mut link).await;
        let [a, b] = world.rows("medida").await;
        assert_eq!((a.len(), b.len()), (1, 1));
        assert_eq!(text(&world.b, "SELECT texto FROM medida").await, "a2");
    })
    .await;
}

#[tokio::test]
async fn rows_that_both_sides_had_before_the_link_are_parked_too() {
    in_both_modes(NOTA, async |world| {
        world
            .sides(
                "INSERT INTO nota VALUES (1, 'a'), (2, 'só a')",
                "INSERT INTO nota VALUES (1, 'b'), (3, 'só b')",
            )
            .await;
        let spec = by_hand(world, "nota");
        let mut link = world.init(&spec).await;
        settle(&mut link).await;
        assert_eq!(text_on(world, Side::First, 1).await, "a");
        assert_eq!(text_on(world, Side::Second, 1).await, "b");
        assert_eq!(text_on(world, Side::First, 3).await, "só b");
        resolve(world, &spec, Side::Second, 1, "b").await.unwrap();
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 3);
    })
    .await;
}

const RICH: &str = r#"
    CREATE DOMAIN cep AS text CHECK (VALUE ~ '^[0-9]+$');
    CREATE TYPE cor AS ENUM ('azul', 'verde');
    CREATE TABLE peca (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Nome, \ com" text, preco numeric(10,4), pesos real[],
      onde cep, tinta cor, cores cor[], ficha jsonb, cru json, bytes bytea, letras char(5), dobro numeric GENERATED ALWAYS AS (preco * 2) STORED,
      updated_at timestamp NOT NULL DEFAULT now());"#;

/// AT-045: the loser's row comes back exactly, whatever its types, also where the row was deleted meanwhile.
#[tokio::test]
async fn the_row_that_lost_can_be_restored() {
    in_both_modes(RICH, async |world| {
        let spec = world.spec(&["peca"]);
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO peca (preco) VALUES (1)").await;
        settle(&mut link).await;
        world
            .sides(
                r#"UPDATE peca SET "Nome, \ com" = E'l\\1\n{"x"}', preco = 1.5000, pesos = '[0:1]={1.25,NULL}', onde = '123', tinta = 'azul',
                   cores = '{azul,NULL}', ficha = '{"a": [1, null]}', cru = '{"b" : 1,  "b":2}', bytes = '\x00ff', letras = 'ab', updated_at = '2024-02-01'"#,
                r#"UPDATE peca SET "Nome, \ com" = 'b', updated_at = '2024-03-01'"#,
            )
            .await;
        let shown = r#"SELECT jsonb_build_array("Nome, \ com", preco, pesos::text, onde, tinta, cores::text, ficha, cru::text, bytes, letras, dobro)::text FROM peca"#;
        let lost = text(&world.a, shown).await;
        settle(&mut link).await;
        assert_ne!(text(&world.a, shown).await, lost);

        world.b("DELETE FROM peca").await;
        settle(&mut link).await;
        let done = resolve(world, &spec, Side::Second, 1, "a").await.unwrap();
        assert_eq!(done, Resolution::Inserted);
        settle(&mut link).await;
        assert_eq!(text(&world.a, shown).await, lost);
        world.assert_equal("peca").await;
        assert_eq!(conflict(world, Side::Second, 1).await.state, State::Resolved);
    })
    .await;
}

/// AT-045: where the loser was a delete, restoring it deletes; where it was an update, it overwrites.
#[tokio::test]
async fn a_lost_delete_can_be_carried_out_after_all() {
    in_both_modes(NOTA, async |world| {
        let mut spec = world.spec(&["nota"]);
        spec.conflict = ConflictRule::Wins(Side::First);
        let mut link = world.init(&spec).await;
        world
            .a("INSERT INTO nota VALUES (1, 'antes'), (2, 'antes')")
            .await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE nota SET texto = 'a'",
                "DELETE FROM nota WHERE id = 1; UPDATE nota SET texto = 'b' WHERE id = 2",
            )
            .await;
        settle(&mut link).await;
        let first = conflict(world, Side::Second, 1).await;
        let (deleted, updated) = if first.key == ["1"] { (1, 2) } else { (2, 1) };
        assert_eq!(
            resolve(world, &spec, Side::Second, deleted, "b").await.unwrap(),
            Resolution::Deleted
        );
        assert_eq!(
            resolve(world, &spec, Side::Second, updated, "b").await.unwrap(),
            Resolution::Updated
        );
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 1);
        assert_eq!(text_on(world, Side::First, 2).await, "b");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_resolved_is_refused_and_changes_nothing() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    let mut link = world.init(&spec).await;
    world
        .sides(
            "INSERT INTO nota VALUES (1, 'a', '2024-01-01')",
            "INSERT INTO nota VALUES (1, 'b', '2024-01-02')",
        )
        .await;
    settle(&mut link).await;
    let refused = async |id, keep: &str, words: &str| {
        let error = resolve(&world, &spec, Side::Second, id, keep).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncConflict);
        assert!(error.to_string().contains(words), "{error}");
    };
    refused(7, "a", "has no conflict b:7").await;
    refused(1, "c", "between \"b\" and \"a\", not \"c\"").await;
    refused(1, "b", "decided for \"b\" already").await;
    world.both("ALTER TABLE nota DROP COLUMN texto").await;
    refused(1, "a", "has no column texto any more").await;
    world.both("ALTER TABLE nota ADD COLUMN texto text").await;
    resolve(&world, &spec, Side::Second, 1, "a").await.unwrap();
    refused(1, "a", "resolved already").await;
    assert_eq!(number(&world.b, "SELECT count(*) FROM nota").await, 1);
}

/// AT-039: equal versions decide the same on both sides, whichever direction finds them; so do missing ones and ones without a zone.
#[tokio::test]
async fn ties_are_decided_alike_in_both_directions() {
    for kind in ["timestamptz", "timestamp"] {
        let schema = format!("CREATE TABLE nota (id int PRIMARY KEY, texto text, updated_at {kind})");
        in_both_modes(&schema, async |world| {
            let mut link = world.init(&world.spec(&["nota"])).await;
            world
                .a("INSERT INTO nota SELECT g, 'antes', '2024-01-01' FROM generate_series(1, 40) g")
                .await;
            settle(&mut link).await;
            for version in ["'2024-05-05 12:00'", "NULL", "'-infinity'"] {
                let change = |name: &str| {
                    format!(
                        "UPDATE nota SET texto = '{name} {}', updated_at = {version} WHERE id % 2 = 0;
                    UPDATE nota SET texto = '{name} {}', updated_at = {version} WHERE id % 2 = 1",
                        version.replace('\'', ""),
                        version.replace('\'', "")
                    )
                };
                world.sides(&change("a"), &change("b")).await;
                settle(&mut link).await;
                world.assert_equal("nota").await;
            }
            assert_eq!(world.conflicts().await, 120);
        })
        .await;
    }
}
