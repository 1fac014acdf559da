//! Rows that the target refuses: they wait with the reason, and all others go on.

use ponte_pg::ErrorKind;
use ponte_sync::link::{ApplyAs, Side};

use crate::support::{World, in_both_modes, number, settle, text};

/// What is refused, in one line per row.
async fn entries(world: &World, side: Side) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', table_name, array_to_string(key_values, ','), kind, sqlstate, constraint_name) \
               FROM ponte.quarantine ORDER BY table_name, key_values";
    let rows = world.client(side).query(sql, &[]).await.unwrap();
    rows.iter().map(|r| r.get(0)).collect()
}

const PRECO: &str = "CREATE TABLE preco (id int PRIMARY KEY, valor int, codigo text UNIQUE)";

/// AT-069: a rule is stricter on one side.
/// AT-148: one row of many breaks a rule that only the target has; it is set aside, mended and replayed.
#[tokio::test]
async fn a_row_that_a_check_refuses_waits_and_the_others_go_on() {
    in_both_modes(PRECO, async |world| {
        world
            .b("ALTER TABLE preco ADD CONSTRAINT positivo CHECK (valor > 0)")
            .await;
        let mut link = world.init(&world.spec(&["preco"])).await;
        world
            .a("INSERT INTO preco SELECT g, CASE WHEN g IN (7, 400) THEN -5 ELSE g END, 'segredo' || g FROM generate_series(1, 700) g")
            .await;
        let report = link.pass().await.unwrap();
        assert_eq!(report.directions[0].applied.quarantined, 2);
        assert_eq!(report.directions[0].applied.upserts, 698);
        assert_eq!(
            entries(world, Side::Second).await,
            ["preco 400 refused 23514 positivo", "preco 7 refused 23514 positivo"]
        );
        assert_eq!(
            text(&world.b, "SELECT image::text FROM ponte.quarantine WHERE key_values = '{7}'").await,
            "{7,segredo7,-5}"
        );
        assert!(
            !text(&world.b, "SELECT message FROM ponte.quarantine LIMIT 1").await.contains("segredo"),
            "a row's values are in the message"
        );
        // A newer change takes the place of the refused one by itself.
        world.a("UPDATE preco SET valor = 5 WHERE id = 7; INSERT INTO preco VALUES (701, 1)").await;
        settle(&mut link).await;
        assert_eq!(entries(world, Side::Second).await, ["preco 400 refused 23514 positivo"]);
        // So does the end of the rule, when the time has come.
        world.b("ALTER TABLE preco DROP CONSTRAINT positivo").await;
        assert!(!link.pass().await.unwrap().moved(), "it is not time yet");
        world.retry_now().await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 0);
        assert_eq!(world.assert_equal("preco").await.len(), 701);
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

/// AT-069: every kind of refusal that PostgreSQL knows for a single row.
#[tokio::test]
async fn whatever_refuses_a_row_costs_that_row_only() {
    let schema = "CREATE TABLE t (id int PRIMARY KEY, n int, s text, updated_at timestamptz DEFAULT clock_timestamp());
        CREATE FUNCTION nada() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'";
    let rules = [
        ("23514", "ALTER TABLE t ADD CHECK (n <> 13)"),
        (
            "23502",
            "ALTER TABLE t ADD CHECK (true); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.n = 13 THEN RAISE not_null_violation; END IF; RETURN NULL; END'; CREATE TRIGGER f AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER f",
        ),
        (
            "P0001",
            "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.n = 13 THEN RAISE EXCEPTION ''não''; END IF; RETURN NULL; END'; CREATE TRIGGER f AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER f",
        ),
        (
            "ZZ999",
            "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.n = 13 THEN RAISE ''x'' USING ERRCODE = ''ZZ999''; END IF; RETURN NULL; END'; CREATE CONSTRAINT TRIGGER f AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER f",
        ),
        ("22012", "CREATE UNIQUE INDEX por ON t ((1 / (n - 13)), id)"),
        (
            "23P01",
            "ALTER TABLE t ADD EXCLUDE USING btree ((CASE WHEN n IN (13, 14) THEN 1 ELSE -id END) WITH =)",
        ),
    ];
    let world = World::with(schema).await;
    let mut link = world.init(&world.spec(&["t"])).await;
    for (sqlstate, rule) in rules {
        world.b(rule).await;
        world
            .a("INSERT INTO t SELECT g, g FROM generate_series(1, 40) g")
            .await;
        let report = link.pass().await.unwrap();
        let quarantined = report.directions[0].applied.quarantined;
        assert_eq!(
            quarantined,
            1,
            "{sqlstate}: {:?}",
            entries(&world, Side::Second).await
        );
        assert_eq!(
            text(&world.b, "SELECT sqlstate FROM ponte.quarantine").await,
            sqlstate
        );
        assert_eq!(number(&world.b, "SELECT count(*) FROM t").await, 39, "{sqlstate}");
        // The row that was refused goes away at its source, and with it the entry.
        world.a("DELETE FROM t").await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 0, "{sqlstate}");
        world.b("DROP TRIGGER IF EXISTS f ON t; DROP INDEX IF EXISTS por; ALTER TABLE t DROP CONSTRAINT IF EXISTS t_n_check").await;
    }
}

/// AT-070: a clash over an exclusion constraint does not stall what else there is.
#[tokio::test]
async fn rows_that_exclude_one_another_wait_on_both_sides() {
    let schema = "CREATE TABLE reserva (id int PRIMARY KEY, quando tstzrange, updated_at timestamptz DEFAULT clock_timestamp(), EXCLUDE USING gist (quando WITH &&))";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["reserva"])).await;
        world
            .sides(
                "INSERT INTO reserva VALUES (1, '[2030-01-01,2030-01-05)'), (3, '[2031-01-01,2031-01-02)')",
                "INSERT INTO reserva VALUES (2, '[2030-01-04,2030-01-09)'), (4, '[2032-01-01,2032-01-02)')",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(
            entries(world, Side::First).await,
            ["reserva 2 refused 23P01 reserva_quando_excl"]
        );
        assert_eq!(
            entries(world, Side::Second).await,
            ["reserva 1 refused 23P01 reserva_quando_excl"]
        );
        world
            .b("UPDATE reserva SET quando = '[2030-01-05,2030-01-09)', updated_at = DEFAULT WHERE id = 2")
            .await;
        world.retry_now().await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 0);
        assert_eq!(world.assert_equal("reserva").await.len(), 4);
    })
    .await;
}

const NOTA: &str = "CREATE TABLE nota (id int PRIMARY KEY, texto text, codigo text UNIQUE, updated_at timestamptz NOT NULL DEFAULT clock_timestamp())";

/// A's change of row 1 is refused at B, where the row then changes too: the later of the two stays, and the other one is kept.
async fn check_held_back(b_is_newer: bool) {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota VALUES (1, 'antes', 'x')").await;
        settle(&mut link).await;
        world
            .b("ALTER TABLE nota ADD CONSTRAINT regra CHECK (texto <> 'mau')")
            .await;
        world
            .a("UPDATE nota SET texto = 'mau', updated_at = clock_timestamp()")
            .await;
        settle(&mut link).await;
        assert_eq!(entries(world, Side::Second).await, ["nota 1 refused 23514 regra"]);
        let when = if b_is_newer {
            "clock_timestamp()"
        } else {
            "clock_timestamp() - interval '1 day'"
        };
        world
            .b(&format!(
                "UPDATE nota SET texto = 'de b', updated_at = {when}; INSERT INTO nota VALUES (2, 'outra')"
            ))
            .await;
        settle(&mut link).await;
        assert_eq!(
            text(&world.a, "SELECT texto FROM nota WHERE id = 1").await,
            "mau",
            "A's change was overwritten"
        );
        assert_eq!(
            number(&world.a, "SELECT count(*) FROM nota").await,
            2,
            "B's other change was held back"
        );
        world.b("ALTER TABLE nota DROP CONSTRAINT regra").await;
        world.retry_now().await;
        settle(&mut link).await;
        let rows = world.assert_equal("nota").await;
        assert_eq!(rows.len(), 2);
        assert_eq!(
            text(&world.a, "SELECT texto FROM nota WHERE id = 1").await,
            if b_is_newer { "de b" } else { "mau" }
        );
        assert_eq!(
            text(
                &world.b,
                "SELECT here_image[3] || '/' || there_image[3] FROM ponte.conflict"
            )
            .await,
            "de b/mau"
        );
        assert_eq!(world.quarantined().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_later_change_of_a_refused_row_at_the_target_wins_and_both_are_kept() {
    check_held_back(true).await;
}

#[tokio::test]
async fn an_earlier_change_of_a_refused_row_at_the_target_loses_and_both_are_kept() {
    check_held_back(false).await;
}

/// AT-123: both sides are full before the link is made, and two rows claim one value.
#[tokio::test]
async fn a_clash_of_unique_values_at_the_first_contact_costs_two_rows() {
    in_both_modes(NOTA, async |world| {
        world
            .sides(
                "INSERT INTO nota VALUES (1, 'a', 'mesmo'), (2, 'a', 'a2'), (5, 'a', 'cinco')",
                "INSERT INTO nota VALUES (3, 'b', 'mesmo'), (4, 'b', 'b4'), (1, 'b de um', 'um')",
            )
            .await;
        let mut link = world.init(&world.spec(&["nota"])).await;
        settle(&mut link).await;
        assert_eq!(
            number(&world.a, "SELECT count(*) FROM nota WHERE id IN (2, 4, 5)").await,
            3
        );
        assert_eq!(
            number(&world.b, "SELECT count(*) FROM nota WHERE id IN (2, 4, 5)").await,
            3
        );
        world
            .b("UPDATE nota SET codigo = 'outro', updated_at = clock_timestamp() WHERE id = 3")
            .await;
        settle(&mut link).await;
        world.retry_now().await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 0);
        assert_eq!(world.assert_equal("nota").await.len(), 5);
        let lost = "SELECT count(*) FROM ponte.conflict WHERE key_values = '{1}'";
        assert_eq!(number(&world.a, lost).await + number(&world.b, lost).await, 1);
    })
    .await;
}

/// A quarantine whose time has not come costs a pass nothing.
#[tokio::test]
async fn an_idle_pass_beside_a_quarantine_writes_nothing() {
    let world = World::with(PRECO).await;
    world.b("ALTER TABLE preco ADD CHECK (valor > 0)").await;
    let mut link = world.init(&world.spec(&["preco"])).await;
    world.a("INSERT INTO preco VALUES (1, -1, 'x')").await;
    settle(&mut link).await;
    world
        .b("UPDATE ponte.quarantine SET next_try_at = clock_timestamp() + interval '1 hour'")
        .await;
    let xids = async || {
        let sql = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
        (number(&world.a, sql).await, number(&world.b, sql).await)
    };
    let before = xids().await;
    for _ in 0..3 {
        assert!(!link.pass().await.unwrap().moved());
    }
    assert_eq!(xids().await, before);
}

/// Each refusal doubles the wait, up to an hour.
#[tokio::test]
async fn a_row_that_is_refused_again_waits_longer() {
    let world = World::with(PRECO).await;
    world.b("ALTER TABLE preco ADD CHECK (valor > 0)").await;
    let mut link = world.init(&world.spec(&["preco"])).await;
    world.a("INSERT INTO preco VALUES (1, -1, 'x')").await;
    settle(&mut link).await;
    let mut waits = Vec::new();
    for attempts in 2..=4 {
        world.retry_now().await;
        assert_eq!(link.pass().await.unwrap().quarantined(), 1);
        assert_eq!(
            number(&world.b, "SELECT attempts::bigint FROM ponte.quarantine").await,
            attempts
        );
        waits.push(
            number(
                &world.b,
                "SELECT extract(epoch FROM next_try_at - clock_timestamp())::bigint FROM ponte.quarantine",
            )
            .await,
        );
    }
    assert!(waits.is_sorted() && waits[0] >= 7 && waits[2] <= 50, "{waits:?}");
    world
        .b("UPDATE ponte.quarantine SET attempts = 1000, next_try_at = now()")
        .await;
    link.pass().await.unwrap();
    let wait = number(
        &world.b,
        "SELECT extract(epoch FROM next_try_at - clock_timestamp())::bigint FROM ponte.quarantine",
    )
    .await;
    assert!((2_000..5_000).contains(&wait), "{wait}");
}

/// More refusals than anybody would look through are no matter of rows.
#[tokio::test]
async fn a_rule_that_refuses_hundreds_of_rows_stops_the_link() {
    let world = World::with(PRECO).await;
    world
        .b("ALTER TABLE preco ADD CONSTRAINT nunca CHECK (valor < 0)")
        .await;
    let mut link = world.init(&world.spec(&["preco"])).await;
    world
        .a("INSERT INTO preco SELECT g, g FROM generate_series(1, 600) g")
        .await;
    let error = link.pass().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncBlocked, "{error:?}");
    assert!(format!("{:?}", error.context()).contains("nunca"), "{error:?}");
    assert_eq!(number(&world.b, "SELECT count(*) FROM ponte.quarantine").await, 0);
    world.b("ALTER TABLE preco DROP CONSTRAINT nunca").await;
    settle(&mut link).await;
    world.assert_equal("preco").await;
}

/// AT-148: a refused row among tens of thousands costs seconds, not the square of their number.
#[tokio::test]
async fn one_refused_row_in_a_large_batch_does_not_slow_it_down() {
    let schema = "CREATE TABLE muitos (id int PRIMARY KEY, nome text UNIQUE, n int NOT NULL DEFAULT 0);";
    let world = World::applying(schema, ApplyAs::Plain).await;
    world
        .a("INSERT INTO muitos SELECT g, 'nome ' || g FROM generate_series(1, 40000) g")
        .await;
    let mut link = world.init(&world.spec(&["muitos"])).await;
    settle(&mut link).await;
    world
        .sides(
            "UPDATE muitos SET n = n + 1; INSERT INTO muitos VALUES (50001, 'o mesmo')",
            "INSERT INTO muitos VALUES (50002, 'o mesmo')",
        )
        .await;
    let passed = tokio::time::timeout(std::time::Duration::from_secs(60), link.pass()).await;
    let report = passed.expect("the pass took more than a minute").unwrap();
    assert_eq!(report.directions[0].applied.upserts, 40_000);
    assert_eq!(report.quarantined(), 2);
}
