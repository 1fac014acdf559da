//! Tables of the user's in which the sync writes down what became of each row.

use std::time::Duration;

use ponte_pg::ErrorKind;
use ponte_schema::{Command, Expression, Ident, QualifiedName};
use ponte_sync::extras::{LogEach, LogSpec};
use ponte_sync::link::{LinkSpec, Side};
use ponte_testkit::eventually;
use tokio_postgres::Client;

use crate::crash::{Random, Wires};
use crate::support::{NOTA, World, in_both_modes, number, settle, text};

/// Atlas Bridge's `sync_log`, exactly.
const SYNC_LOG: &str = "CREATE TABLE sync_log (
      id SERIAL PRIMARY KEY, sync_type VARCHAR(50), entity_type VARCHAR(50), entity_id TEXT, sync_direction VARCHAR(20),
      status VARCHAR(20), error_message TEXT, metadata JSONB, created_at TIMESTAMP);";

/// Notes what the sync's own statements really do to rows of `nota`.
const EFFECTS: &str = "CREATE TABLE efeito (id text, operacao text);
    CREATE FUNCTION notar() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO public.efeito VALUES (coalesce(NEW.id, OLD.id)::text, TG_OP); RETURN NULL; END';
    CREATE TRIGGER notar AFTER INSERT OR UPDATE OR DELETE ON nota FOR EACH ROW
      WHEN (coalesce(current_setting('ponte.applying', true), '') <> '') EXECUTE FUNCTION notar();
    ALTER TABLE nota ENABLE ALWAYS TRIGGER notar;";

pub(crate) fn log(columns: &[(&str, &str)], each: LogEach) -> LogSpec {
    LogSpec {
        table: QualifiedName::new("public", "sync_log"),
        columns: columns
            .iter()
            .map(|(column, value)| (Ident::new(*column), Expression::new(*value)))
            .collect(),
        each,
    }
}

const ATLAS: &[(&str, &str)] = &[
    ("sync_type", "lower(operation)"),
    ("entity_type", "'user'"),
    ("entity_id", "key"),
    ("sync_direction", "source || '_to_' || target"),
    ("status", "status"),
    ("error_message", "error"),
    (
        "metadata",
        "jsonb_build_object('table', table_name, 'sqlstate', sqlstate, 'version', version, 'rows', rows)",
    ),
    ("created_at", "at AT TIME ZONE 'UTC'"),
];

/// A link of `nota` that is logged on both sides.
fn logged(world: &World, each: LogEach) -> LinkSpec {
    let mut spec = world.unlimited(&["nota"]);
    for side in 0..2 {
        spec.tables[0].extras[side].log = Some(log(ATLAS, each));
    }
    spec
}

async fn entries(client: &Client) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', sync_type, entity_id, sync_direction, status, error_message, metadata ->> 'rows') FROM sync_log \
               ORDER BY sync_type, entity_id, id";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|r| r.get(0)).collect()
}

#[tokio::test]
async fn each_row_that_is_written_has_its_entry_where_it_was_written() {
    in_both_modes(&format!("{NOTA}{SYNC_LOG}"), async |world| {
        let mut link = world.init(&logged(world, LogEach::Row)).await;
        world.a("INSERT INTO nota VALUES (1, 'a'), (2, 'b'), (3, 'c')").await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE nota SET texto = 'x', updated_at = clock_timestamp() WHERE id = 1; DELETE FROM nota WHERE id = 2",
                "INSERT INTO nota VALUES (9, 'z')",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(
            entries(&world.b).await,
            [
                "delete 2 a_to_b success 1",
                "insert 1 a_to_b success 1",
                "insert 2 a_to_b success 1",
                "insert 3 a_to_b success 1",
                "update 1 a_to_b success 1"
            ]
        );
        assert_eq!(entries(&world.a).await, ["insert 9 b_to_a success 1"]);
        let recent = "SELECT count(*) FROM sync_log WHERE entity_type = 'user' AND metadata ->> 'table' = 'nota' \
                      AND metadata ->> 'version' IS NOT NULL AND created_at > now() AT TIME ZONE 'UTC' - interval '1 hour'";
        assert_eq!(number(&world.b, recent).await, 5);
    })
    .await;
}

/// A conflict's loser is not written, so only the winner has an entry; and rows in rounds are noted as those of the short way are.
#[tokio::test]
async fn what_is_decided_is_logged_once_and_on_one_side() {
    in_both_modes(&format!("{NOTA}{SYNC_LOG}"), async |world| {
        let mut link = world.init(&logged(world, LogEach::Row)).await;
        world
            .sides(
                "INSERT INTO nota VALUES (1, 'velha', now() - interval '1 hour'), (2, 'nova', now()), (3, 'igual', '2024-01-01')",
                "INSERT INTO nota VALUES (1, 'nova', now()), (2, 'velha', now() - interval '1 hour'), (3, 'igual', '2024-01-01')",
            )
            .await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(entries(&world.b).await, ["update 2 a_to_b success 1"]);
        assert_eq!(entries(&world.a).await, ["update 1 b_to_a success 1"]);
    })
    .await;
}

/// A failure shows with its reason, each attempt that fails again too, and the one that succeeds ends the story.
#[tokio::test]
async fn a_row_that_goes_into_the_quarantine_is_logged_as_failed_and_later_as_done() {
    in_both_modes(&format!("{NOTA}{SYNC_LOG}"), async |world| {
        world.b("ALTER TABLE nota ADD CONSTRAINT curto CHECK (length(texto) < 5)").await;
        let mut link = world.init(&logged(world, LogEach::Row)).await;
        world.a("INSERT INTO nota VALUES (1, 'a'), (2, 'segredo'), (3, 'outro')").await;
        settle(&mut link).await;
        let failed: Vec<String> = entries(&world.b).await;
        assert_eq!(failed[0], "insert 1 a_to_b success 1");
        assert!(failed[1].starts_with("insert 2 a_to_b failed new row for relation"), "{failed:?}");
        assert!(!failed.iter().any(|e| e.contains("segredo")), "{failed:?}");
        assert_eq!(failed.len(), 3);
        world.retry_now().await;
        link.pass().await.unwrap();
        let count = "SELECT count(*) FROM sync_log WHERE status = 'failed' AND metadata ->> 'sqlstate' = '23514'";
        assert_eq!(number(&world.b, count).await, 4);
        // One is mended at its source, one goes away there.
        world.a("UPDATE nota SET texto = 'b', updated_at = now() WHERE id = 2; DELETE FROM nota WHERE id = 3").await;
        world.retry_now().await;
        settle(&mut link).await;
        let last = "SELECT string_agg(entity_id || ' ' || sync_type || ' ' || status, ', ' ORDER BY entity_id) \
                    FROM (SELECT DISTINCT ON (entity_id) * FROM sync_log ORDER BY entity_id, id DESC) l";
        assert_eq!(text(&world.b, last).await, "1 insert success, 2 insert success, 3 none success");
    })
    .await;
}

#[tokio::test]
async fn a_log_by_batch_counts_rows_by_what_was_done() {
    in_both_modes(&format!("{NOTA}{SYNC_LOG}"), async |world| {
        world.b("ALTER TABLE nota ADD CHECK (id <> 7)").await;
        let mut link = world.init(&logged(world, LogEach::Batch)).await;
        world.a("INSERT INTO nota SELECT g, 'x' FROM generate_series(1, 900) g").await;
        settle(&mut link).await;
        world
            .a("DELETE FROM nota WHERE id > 890; UPDATE nota SET texto = 'y', updated_at = now() WHERE id = 1")
            .await;
        settle(&mut link).await;
        let entries = entries(&world.b).await;
        assert_eq!(entries.len(), 4, "{entries:?}");
        assert_eq!(entries[0], "delete a_to_b success 10");
        assert_eq!(entries[1].rsplit(' ').next(), Some("899"));
        assert!(entries[2].contains("failed") && entries[2].ends_with(" 1"), "{entries:?}");
        assert_eq!(entries[3], "update a_to_b success 1");
    })
    .await;
}

/// The first contact writes rows too; on the side that has a log they go the way on which they can be noted.
#[tokio::test]
async fn rows_of_the_first_contact_are_logged_and_a_log_may_be_on_one_side_only() {
    let world = World::apart([NOTA, &format!("{NOTA}{SYNC_LOG}")]).await;
    world
        .sides(
            "INSERT INTO nota SELECT g, 'a' FROM generate_series(1, 1500) g",
            "INSERT INTO nota SELECT g, 'b' FROM generate_series(1501, 1510) g",
        )
        .await;
    let mut spec = logged(&world, LogEach::Row);
    spec.tables[0].extras[0].log = None;
    let mut link = world.init(&spec).await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("nota").await.len(), 1510);
    let distinct = "SELECT count(DISTINCT entity_id) FROM sync_log WHERE sync_type = 'insert'";
    assert_eq!(number(&world.b, distinct).await, 1500);
    assert_eq!(number(&world.b, "SELECT count(*) FROM sync_log").await, 1500);
}

/// AT-166: connections are cut and servers killed while batches are applied; every effect has its entry and every entry its effect.
#[tokio::test]
async fn the_log_equals_what_was_really_written_whatever_fails() {
    in_both_modes(&format!("{NOTA}{SYNC_LOG}{EFFECTS}"), async |world| {
        let spec = logged(world, LogEach::Row);
        world.init(&spec).await;
        let wires = Wires::of(world).await;
        let mut random = Random::seeded("audit");
        let mut faults = 0;
        for round in 0..16 {
            let (clients, rows) = (
                [world.another(Side::First).await, world.another(Side::Second).await],
                if round % 3 == 0 { 2000 } else { 20 },
            );
            for (side, client) in clients.iter().enumerate() {
                let first = (round * 2 + side) * 10_000;
                let sql = format!(
                    "INSERT INTO nota SELECT g, 'x' FROM generate_series({first}, {first} + {rows}) g; \
                     UPDATE nota SET texto = texto || 'y', updated_at = clock_timestamp() WHERE id % 97 = {round}; DELETE FROM nota WHERE id % 89 = {round} AND id < {first}"
                );
                client.batch_execute(&sql).await.unwrap();
            }
            let Ok(mut link) = wires.open(world, &spec).await else {
                continue;
            };
            let moment = Duration::from_micros(random.below(if round % 3 == 0 { 200_000 } else { 40_000 }));
            let side = usize::try_from(random.below(2)).unwrap();
            let kills = round % 8 == 7;
            let (passed, ()) = tokio::join!(link.pass(), async {
                tokio::time::sleep(moment).await;
                if kills {
                    world.cluster(Side::BOTH[side]).kill().await;
                    world.cluster(Side::BOTH[side]).restart().await;
                } else {
                    wires.0[side].cut();
                }
            });
            faults += usize::from(passed.is_err());
        }
        let mut link = eventually(Duration::from_secs(20), "the link to go on", async || {
            let mut link = world.open(&spec).await;
            link.pass().await.is_ok().then_some(link)
        })
        .await;
        settle(&mut link).await;
        for side in Side::BOTH {
            let there = world.another(side).await;
            let effects = number(&there, "SELECT count(*) FROM efeito").await;
            assert!(effects > 1000, "{side:?}: {effects}");
            let unlike = "SELECT count(*) FROM ((SELECT entity_id, upper(sync_type) FROM sync_log WHERE status = 'success') EXCEPT ALL (SELECT * FROM efeito)) a";
            assert_eq!(number(&there, unlike).await, 0, "{side:?}: entries without effect");
            let unlike = "SELECT count(*) FROM ((SELECT * FROM efeito) EXCEPT ALL (SELECT entity_id, upper(sync_type) FROM sync_log WHERE status = 'success')) a";
            assert_eq!(number(&there, unlike).await, 0, "{side:?}: effects without entry");
        }
        assert!(faults > 3, "only {faults} passes failed");
    })
    .await;
}

/// Everything that a log might lack, in a schema.
async fn with_bad_logs() -> World {
    let schema = format!(
        "{NOTA} CREATE SCHEMA fechado; CREATE TABLE fechado.log (id int);
         CREATE TABLE exigente (entity_id text, quem text NOT NULL); {SYNC_LOG}"
    );
    World::with(&schema).await
}

async fn refused(world: &World, spec: &LinkSpec, message: &str, hint: &str) {
    let error = world.try_init(spec).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncUnfit, "{error:?}");
    assert!(error.to_string().contains(message), "{error}");
    let step = error.next_step().unwrap_or_default();
    assert!(step.contains(hint), "{step}");
}

fn logged_into(world: &World, schema: &str, name: &str, columns: &[(&str, &str)]) -> LinkSpec {
    let mut spec = logged(world, LogEach::Row);
    spec.tables[0].extras[1].log = Some(LogSpec {
        table: QualifiedName::new(schema, name),
        ..log(columns, LogEach::Row)
    });
    spec
}

/// Each refusal names what is wrong and how to mend it.
#[tokio::test]
async fn a_log_that_cannot_be_written_is_refused_before_anything_is_made() {
    let world = with_bad_logs().await;
    let key: &[(&str, &str)] = &[("entity_id", "key")];
    for (name, columns, message, hint) in [
        (
            "nada",
            key,
            "log table nada does not exist on \"b\"",
            "CREATE TABLE nada",
        ),
        ("nota", key, "is carried by link \"teste\"", "name another table"),
        (
            "sync_log",
            &[("entidade", "key")],
            "has no column entidade",
            "correct log",
        ),
        (
            "exigente",
            key,
            "column quem of log table exigente on \"b\" needs a value",
            "add quem",
        ),
        (
            "sync_log",
            &[("entity_id", "chave")],
            "column \"chave\" does not exist",
            "fields of an entry",
        ),
        (
            "sync_log",
            &[("entity_id", "key) FROM nota --")],
            "syntax error",
            "fields of an entry",
        ),
        (
            "sync_log",
            &[("created_at", "key")],
            "is of type timestamp",
            "fields of an entry",
        ),
    ] {
        refused(
            &world,
            &logged_into(&world, "public", name, columns),
            message,
            hint,
        )
        .await;
    }
    let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'ponte'";
    assert_eq!(number(&world.a, made).await, 0);
}

/// What the role lacks is named as the GRANT that helps, and with that it works.
#[tokio::test]
async fn what_a_role_lacks_to_write_a_log_is_named_as_a_grant() {
    let world = with_bad_logs().await;
    let superuser = world.cluster(Side::Second).superuser("app").await;
    for (before, message, grant) in [
        (
            "ALTER TABLE sync_log OWNER TO postgres",
            "may not add rows to log table sync_log",
            "GRANT INSERT ON sync_log TO dono",
        ),
        (
            "GRANT INSERT ON sync_log TO dono",
            "may not use sequence sync_log_id_seq",
            "GRANT USAGE ON SEQUENCE sync_log_id_seq TO dono",
        ),
    ] {
        superuser.batch_execute(before).await.unwrap();
        refused(&world, &logged(&world, LogEach::Row), message, grant).await;
    }
    let grant = "GRANT USAGE ON SEQUENCE sync_log_id_seq TO dono; ALTER SCHEMA fechado OWNER TO postgres";
    superuser.batch_execute(grant).await.unwrap();
    let closed = logged_into(&world, "fechado", "log", &[("id", "1")]);
    refused(
        &world,
        &closed,
        "may not look into schema fechado",
        "GRANT USAGE ON SCHEMA fechado TO dono",
    )
    .await;
    let mut link = world.init(&logged(&world, LogEach::Row)).await;
    world.a("INSERT INTO nota VALUES (1, 'a')").await;
    settle(&mut link).await;
    assert_eq!(number(&superuser, "SELECT count(*) FROM sync_log").await, 1);
}

/// A value that does not fit the log is nobody's row: nothing is written, nothing is set aside, and the link goes on once the log is mended.
#[tokio::test]
async fn a_log_that_breaks_later_stops_the_link_and_loses_nothing() {
    in_both_modes(&format!("{NOTA}{SYNC_LOG}"), async |world| {
        let mut link = world.init(&logged(world, LogEach::Row)).await;
        world
            .b("ALTER TABLE sync_log ADD CONSTRAINT curto CHECK (entity_id <> '700')")
            .await;
        world
            .a("INSERT INTO nota SELECT g, 'x' FROM generate_series(1, 700) g")
            .await;
        for _ in 0..2 {
            let error = link.pass().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SyncHook, "{error:?}");
            assert!(
                error
                    .to_string()
                    .contains("cannot write to log table sync_log on \"b\""),
                "{error}"
            );
            assert_eq!(number(&world.b, "SELECT count(*) FROM nota").await, 0);
        }
        world.b("ALTER TABLE sync_log DROP CONSTRAINT curto").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 700);
        assert_eq!(number(&world.b, "SELECT count(*) FROM sync_log").await, 700);
        assert_eq!(world.quarantined().await, 0);
    })
    .await;
}

/// A statement for the tests of hooks.
pub(crate) fn command(text: &str) -> Option<Command> {
    Some(Command::parse(text).unwrap())
}
