//! Tables that are called, keyed, typed and filled differently on the two sides.

use ponte_pg::ErrorKind;
use ponte_pg::sync::repair::RepairFrom;
use ponte_schema::{Expression, QualifiedName};
use ponte_sync::compare::Divergence;
use ponte_sync::link::{ColumnMap, ConflictRule, FirstContact, LinkSpec, Side, TableSpec};

use crate::repair;
use crate::support::{World, in_both_modes_apart, number, settle, text};

/// Bridge's users, whose `external_id` is the other side's `id`.
const BRIDGE: &str = "CREATE TABLE users (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      external_id text NOT NULL UNIQUE DEFAULT gen_random_uuid()::text,
      username text NOT NULL, volume numeric(15,2) NOT NULL DEFAULT 0, codigo text, telegram_id bigint,
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp());";

/// Painel's, in another schema and order, with other names, types and units.
const PAINEL: &str = "CREATE SCHEMA app; CREATE TABLE app.contas (
      alterado_em timestamptz NOT NULL DEFAULT clock_timestamp(),
      volume_centavos bigint NOT NULL DEFAULT 0, slug text, origem text, senha text NOT NULL DEFAULT '?',
      login text NOT NULL, codigo int, id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      inicial text GENERATED ALWAYS AS (left(login, 1)) STORED);";

pub(crate) fn expression(text: &str) -> Option<Expression> {
    Some(Expression::new(text))
}

fn one_way(into_second: &str, sql: &str) -> ColumnMap {
    ColumnMap {
        columns: [None, Some(into_second.into())],
        into: [None, expression(sql)],
    }
}

fn atlas(world: &World) -> LinkSpec {
    let mut spec = world.spec(&["users"]);
    let table = &mut spec.tables[0];
    table.names[1] = QualifiedName::new("app", "contas");
    table.keys = [Some(vec!["external_id".into()]), Some(vec!["id".into()])];
    table.versions = [Some("updated_at".into()), Some("alterado_em".into())];
    table.local = [vec!["id".into(), "telegram_id".into()], vec!["senha".into()]];
    table.maps = vec![
        ColumnMap::renamed("username", "login"),
        ColumnMap::renamed("updated_at", "alterado_em"),
        ColumnMap::renamed("codigo", "codigo"),
        ColumnMap {
            columns: [Some("volume".into()), Some("volume_centavos".into())],
            into: [
                expression("volume_centavos / 100.0 -- reais"),
                expression("round(volume * 100)"),
            ],
        },
        one_way("slug", "lower(username)"),
        one_way("origem", "'bridge'"),
    ];
    spec
}

async fn assert_equal(link: &mut ponte_pg::sync::LiveLink) {
    for table in link.compare().await.unwrap() {
        assert!(table.equal() && table.in_flight == 0, "{table:?}");
    }
}

/// AT-101, AT-102, AT-104, AT-109: other names, order, types, units, constants and generated columns, both ways.
#[tokio::test]
async fn tables_that_share_only_their_meaning_are_kept_in_agreement() {
    in_both_modes_apart([BRIDGE, PAINEL], async |world| {
        world
            .a("INSERT INTO users (external_id, username, volume, codigo) VALUES \
                ('00000000-0000-0000-0000-000000000001', 'Ana', 12.34, '007')")
            .await;
        world
            .b("INSERT INTO app.contas (id, login, volume_centavos, codigo, senha) VALUES \
                ('00000000-0000-0000-0000-000000000002', 'Bia', 5678, 9, 'x')")
            .await;
        let mut link = world.init(&atlas(world)).await;
        settle(&mut link).await;
        let of_a = "SELECT string_agg(concat_ws(' ', username, volume, codigo), ', ' ORDER BY external_id) FROM users";
        let of_b = "SELECT string_agg(concat_ws(' ', login, volume_centavos, codigo, slug, origem, senha, inicial), ', ' ORDER BY id) FROM app.contas";
        assert_eq!(text(&world.a, of_a).await, "Ana 12.34 007, Bia 56.78 9");
        assert_eq!(text(&world.b, of_b).await, "Ana 1234 7 ana bridge ? A, Bia 5678 9 bia bridge x B");
        assert_equal(&mut link).await;
        // A column that stays changes nothing on the other side; ones that travel do.
        world
            .sides(
                "UPDATE users SET telegram_id = 5 WHERE username = 'Ana'; UPDATE users SET username = 'Ana M', updated_at = clock_timestamp() WHERE username = 'Ana'",
                "UPDATE app.contas SET senha = 'y' WHERE login = 'Bia'; UPDATE app.contas SET volume_centavos = 1, alterado_em = clock_timestamp() WHERE login = 'Bia'",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(text(&world.a, of_a).await, "Ana M 12.34 007, Bia 0.01 9");
        assert_eq!(
            text(&world.b, of_b).await,
            "Ana M 1234 7 ana m bridge ? A, Bia 1 9 bia bridge y B"
        );
        assert_equal(&mut link).await;
        world
            .sides(
                "DELETE FROM users WHERE username = 'Bia'",
                "DELETE FROM app.contas WHERE login = 'Ana M'",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(number(&world.a, "SELECT count(*) FROM users").await, 0);
        assert_eq!(number(&world.b, "SELECT count(*) FROM app.contas").await, 0);
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

/// Keys of two types are told in one form and looked up in each side's own: by the quarantine, by the comparison and by repair.
#[tokio::test]
async fn rows_with_keys_of_two_types_are_tried_again_and_repaired() {
    in_both_modes_apart([BRIDGE, PAINEL], async |world| {
        world
            .a("INSERT INTO users (username, volume) SELECT 'u' || i, i FROM generate_series(1, 5) i")
            .await;
        let mut link = world.init(&atlas(world)).await;
        world
            .b("ALTER TABLE app.contas ADD CONSTRAINT pouco CHECK (volume_centavos < 10000)")
            .await;
        world
            .a("UPDATE users SET volume = 500 WHERE username = 'u1'")
            .await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 1);
        world.b("ALTER TABLE app.contas DROP CONSTRAINT pouco").await;
        world.retry_now().await;
        settle(&mut link).await;
        assert_eq!(world.quarantined().await, 0);
        assert_equal(&mut link).await;
        for (side, sql) in [
            (Side::First, "DELETE FROM users WHERE username = 'u2'"),
            (
                Side::Second,
                "DELETE FROM app.contas WHERE login = 'u3'; UPDATE app.contas SET volume_centavos = 7 WHERE login = 'u4'",
            ),
        ] {
            let unseen = world.cluster(side).superuser("app").await;
            let sql = format!("SET session_replication_role = replica; {sql}");
            unseen.batch_execute(&sql).await.unwrap();
        }
        let plan = repair::plan(&mut link, RepairFrom::Side(Side::First), repair::ALL).await;
        assert_eq!((plan.inserts, plan.updates, plan.deletes), ([0, 1], [0, 1], [0, 1]));
        assert_eq!(link.repair(0, &plan).await.unwrap(), 3);
        settle(&mut link).await;
        assert_equal(&mut link).await;
        let of_b = "SELECT string_agg(login || volume_centavos, ' ' ORDER BY login) FROM app.contas";
        assert_eq!(text(&world.b, of_b).await, "u150000 u3300 u4400 u5500");
    })
    .await;
}

/// A row that the other side does not know gets its key from a default and appears there under that key.
#[tokio::test]
async fn keys_that_a_default_assigns_are_shared() {
    in_both_modes_apart([BRIDGE, PAINEL], async |world| {
        let mut link = world.init(&atlas(world)).await;
        world
            .sides(
                "INSERT INTO users (username) VALUES ('novo')",
                "INSERT INTO app.contas (login) VALUES ('nova')",
            )
            .await;
        settle(&mut link).await;
        let keys_a = text(
            &world.a,
            "SELECT string_agg(external_id, ',' ORDER BY external_id) FROM users",
        )
        .await;
        let keys_b = text(
            &world.b,
            "SELECT string_agg(id::text, ',' ORDER BY id::text) FROM app.contas",
        )
        .await;
        assert_eq!(keys_a, keys_b);
        assert_eq!(number(&world.a, "SELECT count(DISTINCT id) FROM users").await, 2);
        let report = link.probe(&probe(Side::First)).await.unwrap();
        assert_eq!(report.table.to_string(), "users");
        link.probe(&probe(Side::Second)).await.unwrap();
        settle(&mut link).await;
        assert_equal(&mut link).await;
    })
    .await;
}

fn probe(from: Side) -> ponte_pg::sync::probe::ProbeOptions {
    ponte_pg::sync::probe::ProbeOptions {
        from,
        table: 0,
        values: vec![],
        timeout: std::time::Duration::from_secs(10),
        run_passes: true,
    }
}

/// A value that would change by going there and back stays as its owner wrote it, and nothing is handed back and forth.
#[tokio::test]
async fn a_value_that_does_not_survive_the_way_back_is_left_as_it_was_written() {
    let a = "CREATE TABLE nota (id int PRIMARY KEY, texto text, peso text, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());";
    let b = "CREATE TABLE nota (id int PRIMARY KEY, texto text, peso int, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());";
    in_both_modes_apart([a, b], async |world| {
        let mut spec = world.spec(&["nota"]);
        spec.tables[0].maps = vec![
            ColumnMap {
                columns: [Some("texto".into()), Some("texto".into())],
                into: [expression("lower(texto)"), expression("upper(texto)")],
            },
            ColumnMap::renamed("peso", "peso"),
        ];
        world.a("INSERT INTO nota (id, texto, peso) VALUES (1, 'MiXed', '007')").await;
        let mut link = world.init(&spec).await;
        world.b("INSERT INTO nota (id, texto, peso) VALUES (2, 'OtHer', 8)").await;
        settle(&mut link).await;
        let row = async |id: i32| {
            let sql = format!("SELECT concat_ws(' ', texto, peso) FROM nota WHERE id = {id}");
            [text(&world.a, &sql).await, text(&world.b, &sql).await]
        };
        assert_eq!(row(1).await, ["MiXed 007", "MIXED 7"]);
        assert_eq!(row(2).await, ["other 8", "OtHer 8"]);
        assert_equal(&mut link).await;
        // The other side changes something else of the row: the value that it never touched stays.
        world
            .sides(
                "UPDATE nota SET peso = '09', updated_at = clock_timestamp() WHERE id = 2",
                "UPDATE nota SET peso = 70, updated_at = clock_timestamp() WHERE id = 1",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(row(1).await, ["MiXed 70", "MIXED 70"]);
        assert_eq!(row(2).await, ["other 09", "OtHer 9"]);
        assert_equal(&mut link).await;
        // Also where the row was in conflict, and the winner is confirmed to the side that wrote it.
        world
            .sides(
                "UPDATE nota SET texto = 'AaA', updated_at = clock_timestamp() WHERE id = 1",
                "UPDATE nota SET texto = 'BbB', updated_at = clock_timestamp() - interval '1 minute' WHERE id = 1",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(row(1).await, ["AaA 70", "AAA 70"]);
        assert_eq!(world.conflicts().await, 1);
        let images = "SELECT array_to_string(columns || here_image || there_image, ' ', '-') FROM ponte.conflict";
        assert!(text(&world.b, images).await.contains("AAA"), "the image is in the form of the node that found it");
        world.b("UPDATE nota SET texto = 'CcC' WHERE id = 1").await;
        settle(&mut link).await;
        assert_eq!(row(1).await, ["ccc 70", "CcC 70"]);
        assert_equal(&mut link).await;
    })
    .await;
}

/// Runs `init` with a changed mapping, which has to be refused, naming all of `parts`, before anything is made.
async fn refused(world: &World, change: impl Fn(&mut TableSpec), kind: ErrorKind, parts: &[&str]) {
    let mut spec = atlas(world);
    change(&mut spec.tables[0]);
    let error = world.try_init(&spec).await.unwrap_err();
    let said = format!("{error} | {:?} | {}", error.context(), error.next_step().unwrap());
    assert_eq!(error.kind(), kind, "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'ponte'";
    assert_eq!(number(&world.a, made).await, 0);
}

/// AT-101, AT-104: traps 52 and 53: what is not said is refused, naming the column.
#[tokio::test]
async fn a_mapping_that_leaves_something_open_is_refused_by_name() {
    let world = World::apart([BRIDGE, PAINEL]).await;
    let (unfit, drift) = (ErrorKind::SyncUnfit, ErrorKind::SyncDrift);
    let left = "table users on a has column id, for which app.contas on b has no counterpart";
    refused(&world, |t| t.local[0].clear(), drift, &[left, "telegram_id"]).await;
    refused(
        &world,
        |t| t.maps[0] = one_way("slug", "1"),
        drift,
        &["has column username"],
    )
    .await;
    let generated = "column inicial of table app.contas on b is generated and cannot be written";
    refused(
        &world,
        |t| t.maps.push(one_way("inicial", "'x'")),
        unfit,
        &[generated],
    )
    .await;
    refused(
        &world,
        |t| t.keys[1] = Some(vec!["login".into()]),
        unfit,
        &[
            "key (login) of table app.contas is backed by no unique index",
            "ALTER TABLE app.contas ADD UNIQUE (login)",
        ],
    )
    .await;
    world.b("ALTER TABLE app.contas ALTER senha DROP DEFAULT").await;
    refused(
        &world,
        |_| (),
        unfit,
        &[
            "column senha of table app.contas on b needs a value and gets none from a",
            "SET DEFAULT",
            "to_b",
        ],
    )
    .await;
}

/// AT-102: expressions are tried on the server that will evaluate them.
#[tokio::test]
async fn an_expression_that_a_server_refuses_is_reported_in_its_words() {
    let world = World::apart([BRIDGE, PAINEL]).await;
    for (sql, said) in [
        ("lower(nome)", "\"nome\" does not exist"),
        ("count(*)", "aggregate functions are not allowed"),
        ("1), (2", "syntax error"),
        ("generate_series(1, 2)", "set-returning functions are not allowed"),
        ("sem_tal_funcao()", "sem_tal_funcao() does not exist"),
    ] {
        let place = format!("\"a\" cannot evaluate `{sql}` to fill column slug of table app.contas on \"b\"");
        let change = |t: &mut TableSpec| t.maps[4] = one_way("slug", sql);
        refused(&world, change, ErrorKind::SyncUnfit, &[&place, said]).await;
    }
    let place = "\"b\" cannot evaluate `nunca` to filter table app.contas";
    let change = |t: &mut TableSpec| t.filters[1] = expression("nunca");
    refused(
        &world,
        change,
        ErrorKind::SyncUnfit,
        &[place, "\"nunca\" does not exist"],
    )
    .await;
    let change = |t: &mut TableSpec| {
        t.maps[1] = ColumnMap::renamed("telegram_id", "alterado_em");
        t.local[0] = vec!["id".into(), "updated_at".into()];
    };
    let cast = "\"a\" cannot evaluate the cast to fill column alterado_em";
    refused(
        &world,
        change,
        ErrorKind::SyncUnfit,
        &[cast, "cannot cast type bigint"],
    )
    .await;
}

const PEDIDO: &str = "CREATE TABLE pedido (id int PRIMARY KEY, texto text, ativo boolean NOT NULL DEFAULT true, \
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp());";

fn filtered(world: &World) -> LinkSpec {
    let mut spec = world.spec(&["pedido"]);
    spec.tables[0].filters = [expression("ativo"), expression("pedido.ativo")];
    spec
}

/// Only rows of the set travel; leaving it is a delete on the other side, entering it an insert.
#[tokio::test]
async fn rows_enter_and_leave_the_set() {
    in_both_modes_apart([PEDIDO, PEDIDO], async |world| {
        world.a("INSERT INTO pedido VALUES (1, 'a', true), (2, 'fora', false)").await;
        world.b("INSERT INTO pedido VALUES (3, 'b', true), (4, 'fora', false)").await;
        let mut link = world.init(&filtered(world)).await;
        let ids = "SELECT string_agg(id::text, ',' ORDER BY id) FROM pedido";
        assert_eq!([text(&world.a, ids).await, text(&world.b, ids).await], ["1,2,3", "1,3,4"]);
        let found = link.compare().await.unwrap().remove(0);
        assert!(found.equal(), "{found:?}");
        assert_eq!(found.rows, [2, 2]);
        world
            .sides(
                "UPDATE pedido SET ativo = true, updated_at = clock_timestamp() WHERE id = 2; UPDATE pedido SET texto = 'x', updated_at = clock_timestamp() WHERE id = 1",
                "UPDATE pedido SET ativo = false, updated_at = clock_timestamp() WHERE id = 3; INSERT INTO pedido VALUES (5, 'novo', true)",
            )
            .await;
        settle(&mut link).await;
        assert_eq!([text(&world.a, ids).await, text(&world.b, ids).await], ["1,2,5", "1,2,3,4,5"]);
        assert!(link.compare().await.unwrap()[0].equal());
        // Deletes of rows outside the set concern nobody; the truncated set goes as a whole.
        world.b("DELETE FROM pedido WHERE id = 4; DELETE FROM pedido WHERE id = 5").await;
        settle(&mut link).await;
        assert_eq!([text(&world.a, ids).await, text(&world.b, ids).await], ["1,2", "1,2,3"]);
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

/// Columns that are made of the other side's rows follow changes of either side, also while both change: what is only sent back
/// never beats a change that was made since, whoever wins conflicts.
#[tokio::test]
async fn derived_columns_follow_both_sides_and_undo_nothing() {
    let a = "CREATE TABLE nota (id int PRIMARY KEY, texto text, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());";
    let b = "CREATE TABLE nota (id int PRIMARY KEY, texto text, slug text, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());";
    in_both_modes_apart([a, b], async |world| {
        let mut spec = world.spec(&["nota"]);
        spec.tables[0].maps = vec![one_way("slug", "lower(texto)")];
        for winner in Side::BOTH {
            spec.conflict = ConflictRule::Wins(winner);
            spec.name = format!("vence{}", winner.index());
            world.both("DELETE FROM nota").await;
            world.b("INSERT INTO nota (id, texto) VALUES (1, 'UM')").await;
            let mut link = world.init(&spec).await;
            // The row is on its way back to fill the slug when its owner changes it again.
            world
                .b("UPDATE nota SET texto = 'DOIS', updated_at = clock_timestamp()")
                .await;
            settle(&mut link).await;
            let row = "SELECT concat_ws(' ', texto, slug) FROM nota";
            assert_eq!(text(&world.b, row).await, "DOIS dois", "{winner:?} wins");
            assert_equal(&mut link).await;
            world
                .a("UPDATE nota SET texto = 'TRES', updated_at = clock_timestamp()")
                .await;
            settle(&mut link).await;
            assert_eq!(text(&world.b, row).await, "TRES tres");
            assert_equal(&mut link).await;
            for mut peer in world.peers().await {
                ponte_pg::sync::drop_link(&spec.name, &mut peer).await.unwrap();
            }
        }
    })
    .await;
}

/// Trap 51: the key of an arriving row belongs to a row outside the target's set. It is a conflict, decided by the policy, and both
/// images are kept.
#[tokio::test]
async fn a_row_outside_the_set_is_not_overwritten_unseen() {
    in_both_modes_apart([PEDIDO, PEDIDO], async |world| {
        let mut link = world.init(&filtered(world)).await;
        let old = "'2020-01-01 UTC'";
        world
            .b(&format!("INSERT INTO pedido VALUES (1, 'velho', false, {old}), (2, 'novo', false, now())"))
            .await;
        settle(&mut link).await;
        world
            .a(&format!("INSERT INTO pedido VALUES (1, 'a', true, now()), (2, 'a velho', true, {old})"))
            .await;
        settle(&mut link).await;
        let rows = "SELECT coalesce(string_agg(concat_ws(' ', id, texto, ativo), ', ' ORDER BY id), '') FROM pedido";
        assert_eq!(text(&world.a, rows).await, "1 a t", "the older row gave way to the one outside");
        assert_eq!(text(&world.b, rows).await, "1 a t, 2 novo f");
        assert_eq!(world.conflicts().await, 2);
        let kept = "SELECT string_agg(array_to_string(here_image || there_image, ' '), ', ' ORDER BY key_values) FROM ponte.conflict";
        let kept = text(&world.b, kept).await;
        assert!(kept.contains("velho") && kept.contains("a velho"), "{kept}");
        // A delete reaches only the row that takes part.
        world.a("DELETE FROM pedido WHERE id = 1").await;
        world.b("UPDATE pedido SET texto = 'meu' WHERE id = 2").await;
        settle(&mut link).await;
        assert_eq!(text(&world.b, rows).await, "2 meu f");
        assert!(link.compare().await.unwrap()[0].equal());
    })
    .await;
}

/// The first contact meets such rows too.
#[tokio::test]
async fn the_first_contact_respects_the_filter() {
    for first_contact in [
        FirstContact::Merge,
        FirstContact::Wins(Side::Second),
        FirstContact::Trust,
    ] {
        let world = World::apart([PEDIDO, PEDIDO]).await;
        world
            .a("INSERT INTO pedido VALUES (1, 'a', true, '2024-01-02 UTC'), (2, 'fora', false, now()), (3, 'a', true, now())")
            .await;
        world
            .b("INSERT INTO pedido VALUES (1, 'b fora', false, '2024-01-01 UTC'), (4, 'fora', false, now()), (5, 'b', true, now())")
            .await;
        let mut spec = filtered(&world);
        spec.first_contact = first_contact;
        let mut link = world.init(&spec).await;
        settle(&mut link).await;
        let ids = "SELECT string_agg(id || texto, ',' ORDER BY id) FROM pedido WHERE ativo";
        let sides = [text(&world.a, ids).await, text(&world.b, ids).await];
        let expected = match first_contact {
            FirstContact::Merge => ["1a,3a,5b", "1a,3a,5b"],
            FirstContact::Wins(_) => ["3a,5b", "3a,5b"],
            FirstContact::Trust => ["1a,3a", "5b"],
        };
        assert_eq!(sides, expected, "{first_contact:?}");
        let found = link.compare().await.unwrap().remove(0);
        assert_eq!(found.equal(), first_contact != FirstContact::Trust, "{found:?}");
        if first_contact == FirstContact::Trust {
            assert!(
                found.keys.contains(&Divergence::MissingInSecond("{1}".into())),
                "{found:?}"
            );
        }
    }
}
