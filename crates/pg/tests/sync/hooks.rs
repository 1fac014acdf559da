//! Statements of the user's in the transaction that applies a batch.

use ponte_pg::ErrorKind;
use ponte_sync::link::{LinkSpec, Side};

use crate::audit::command;
use crate::support::{NOTA, World, in_both_modes, number, settle, text};

/// Atlas Bridge's metadata of its users, and a place for hooks to write down what they saw.
const META: &str = "CREATE TABLE meta (nota_id int PRIMARY KEY, last_sync_at timestamptz, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE visto (quando text, id int, operacao text, linhas bigint);";

const STAMP: &str = "UPDATE meta SET last_sync_at = clock_timestamp(), updated_at = clock_timestamp() WHERE nota_id IN (SELECT id FROM ponte_applied)";
const SAW: &str =
    "INSERT INTO visto SELECT 'after', id, operation, (SELECT count(*) FROM nota) FROM ponte_applied";
const FORESAW: &str =
    "INSERT INTO visto SELECT 'before', id, operation, (SELECT count(*) FROM nota) FROM ponte_applied";

fn hooked(world: &World, before: &str, after: &str) -> LinkSpec {
    let mut spec = world.unlimited(&["nota"]);
    spec.tables[0].extras[1].before = command(before);
    spec.tables[0].extras[1].after = command(after);
    spec
}

#[tokio::test]
async fn hooks_see_the_keys_of_a_batch_before_and_after_it_is_written() {
    in_both_modes(&format!("{NOTA}{META}"), async |world| {
        let mut link = world.init(&hooked(world, FORESAW, SAW)).await;
        world.a("INSERT INTO nota VALUES (1, 'a'), (2, 'b')").await;
        settle(&mut link).await;
        world.a("UPDATE nota SET texto = 'x', updated_at = now() WHERE id = 1; DELETE FROM nota WHERE id = 2").await;
        settle(&mut link).await;
        let seen = "SELECT string_agg(concat_ws(' ', quando, id, operacao, linhas), ', ' ORDER BY ctid) FROM visto WHERE quando = ";
        assert_eq!(
            text(&world.b, &format!("{seen} 'after'")).await,
            "after 1 INSERT 2, after 2 INSERT 2, after 1 UPDATE 1, after 2 DELETE 1"
        );
        assert_eq!(
            text(&world.b, &format!("{seen} 'before'")).await,
            "before 1 INSERT 0, before 2 INSERT 0, before 1 UPDATE 2, before 2 DELETE 2"
        );
        // What comes from here is nobody's hook, and a pass without rows runs none.
        world.b("INSERT INTO nota VALUES (3, 'c'); TRUNCATE visto").await;
        settle(&mut link).await;
        assert_eq!(number(&world.b, "SELECT count(*) FROM visto").await, 0);
    })
    .await;
}

/// The purpose of it: a stamp beside each row that arrived. The table with the stamps is carried too, and they reach the other side.
#[tokio::test]
async fn what_a_hook_writes_to_a_carried_table_is_a_change_like_any_other() {
    in_both_modes(&format!("{NOTA}{META}"), async |world| {
        world.both("INSERT INTO meta SELECT g, NULL, '2024-01-01' FROM generate_series(1, 700) g").await;
        let mut spec = hooked(world, "SELECT count(*) FROM ponte_applied", STAMP);
        spec.tables.extend(world.unlimited(&["meta"]).tables);
        let mut link = world.init(&spec).await;
        for rows in [3, 700] {
            world.both("UPDATE meta SET last_sync_at = NULL, updated_at = clock_timestamp() WHERE last_sync_at IS NOT NULL").await;
            settle(&mut link).await;
            world.a(&format!("INSERT INTO nota SELECT g, 'x' FROM generate_series(1, {rows}) g ON CONFLICT (id) DO UPDATE SET texto = 'y', updated_at = now()")).await;
            settle(&mut link).await;
            world.assert_equal("meta").await;
            world.assert_equal("nota").await;
            let stamped = "SELECT count(*) FROM meta WHERE last_sync_at IS NOT NULL";
            assert_eq!(number(&world.a, stamped).await, rows);
        }
        assert_eq!(world.quarantined().await, 0);
    })
    .await;
}

/// A hook that changes rows of its own table, of the batch and others, before they are written and after.
#[tokio::test]
async fn a_hook_may_change_the_very_table_that_is_written() {
    in_both_modes(NOTA, async |world| {
        world.both("INSERT INTO nota VALUES (1, 'um', '2024-01-01'), (5, 'cinco', '2024-01-01')").await;
        let spec = hooked(
            world,
            "UPDATE nota SET texto = texto || '<', updated_at = clock_timestamp() WHERE (id = 5 OR id IN (SELECT p.id FROM ponte_applied p)) AND texto NOT LIKE '%<'",
            "UPDATE nota n SET texto = n.texto || '>', updated_at = clock_timestamp() FROM ponte_applied WHERE n.id = ponte_applied.id AND n.texto NOT LIKE '%>'",
        );
        let mut link = world.init(&spec).await;
        world.a("UPDATE nota SET texto = 'dois', updated_at = clock_timestamp() WHERE id = 1").await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(text(&world.a, "SELECT texto FROM nota WHERE id = 1").await, "dois>");
        assert_eq!(text(&world.a, "SELECT texto FROM nota WHERE id = 5").await, "cinco<");
    })
    .await;
}

/// No row is to blame for a hook, so nothing is set aside: the batch waits as a whole.
#[tokio::test]
async fn a_hook_that_fails_stops_the_link_by_name_and_loses_nothing() {
    in_both_modes(&format!("{NOTA}{META}"), async |world| {
        for (hook, other) in [("before", FORESAW), ("after", SAW)] {
            world.both("TRUNCATE nota").await;
            let mut spec = hooked(world, FORESAW, SAW);
            let broken = "INSERT INTO visto SELECT 'x', 1 / (id - 700), '', 0 FROM ponte_applied";
            if hook == "before" {
                spec.tables[0].extras[1].before = command(broken);
                spec.tables[0].extras[1].after = command(other);
            } else {
                spec.tables[0].extras[1].after = command(broken);
            }
            let mut link = if hook == "before" { world.init(&spec).await } else { world.open(&spec).await };
            settle(&mut link).await;
            world.b("TRUNCATE visto").await;
            world.a("INSERT INTO nota SELECT g, 'x' FROM generate_series(1, 700) g").await;
            let error = link.pass().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SyncHook, "{error:?}");
            let message = format!("the hook `{hook}` of table nota failed on \"b\": division by zero");
            assert_eq!(error.to_string(), message);
            let counts = "SELECT (SELECT count(*) FROM nota) + (SELECT count(*) FROM visto) + (SELECT count(*) FROM ponte.quarantine)";
            assert_eq!(number(&world.b, counts).await, 0);
            // A key that the hook can live with, and everything goes on.
            world.a("DELETE FROM nota WHERE id = 700").await;
            spec.tables[0].extras[1].before = command(FORESAW);
            let mut link = world.open(&hooked(world, FORESAW, SAW)).await;
            settle(&mut link).await;
            assert_eq!(world.assert_equal("nota").await.len(), 699);
        }
    })
    .await;
}

/// A hook's own broken reference is its error too, also where the constraint is deferred, and not that of the batch's rows.
#[tokio::test]
async fn a_constraint_that_a_hook_breaks_is_no_matter_of_rows() {
    let schema =
        format!("{NOTA} CREATE TABLE filho (nota_id int REFERENCES nota DEFERRABLE INITIALLY DEFERRED)");
    in_both_modes(&schema, async |world| {
        let mut spec = hooked(
            world,
            "INSERT INTO filho SELECT id + 1000 FROM ponte_applied",
            "SELECT 1",
        );
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO nota VALUES (1, 'a')").await;
        let error = link.pass().await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("the hook `before` of table nota failed"),
            "{error}"
        );
        assert_eq!(world.quarantined().await, 0);
        spec.tables[0].extras[1].before = command("SELECT 1");
        spec.tables[0].extras[1].after = command("INSERT INTO filho SELECT id FROM ponte_applied");
        settle(&mut world.open(&spec).await).await;
        assert_eq!(number(&world.b, "SELECT count(*) FROM filho").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_hook_that_the_server_would_refuse_is_refused_at_init() {
    let world = World::with(&format!("{NOTA}{META}")).await;
    let superuser = world.cluster(Side::Second).superuser("app").await;
    superuser
        .batch_execute("ALTER TABLE visto OWNER TO postgres")
        .await
        .unwrap();
    for (hook, said) in [
        (
            "UPDATE metas SET last_sync_at = now()",
            "relation \"metas\" does not exist",
        ),
        (
            "UPDATE meta SET last_sync_at = now() WHERE nota_id IN (SELECT chave FROM ponte_applied)",
            "column \"chave\" does not exist",
        ),
        (
            "UPDATE meta SET last_sync = 1",
            "column \"last_sync\" of relation \"meta\" does not exist",
        ),
        ("SELEC 1 FROM ponte_applied", ""),
        (SAW, "permission denied for table visto"),
    ] {
        let Ok(hook) = ponte_schema::Command::parse(hook) else {
            continue;
        };
        let mut spec = world.spec(&["nota"]);
        spec.tables[0].extras[1].after = Some(hook);
        let error = world.try_init(&spec).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncUnfit, "{error:?}");
        let message = format!("\"b\" cannot run the hook `after` of table nota: {said}");
        assert!(error.to_string().starts_with(&message), "{error}");
    }
    assert_eq!(
        number(
            &world.a,
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'ponte'"
        )
        .await,
        0
    );
}

/// Kept sessions keep the relation that hooks read; no batch makes it anew.
#[tokio::test]
async fn small_batches_with_hooks_leave_the_catalog_alone() {
    let world = World::with(&format!("{NOTA}{META}")).await;
    let mut link = world.init(&hooked(&world, FORESAW, SAW)).await;
    world.a("INSERT INTO nota VALUES (0, 'a')").await;
    settle(&mut link).await;
    let classes = "SELECT coalesce(max(oid::bigint), 0) FROM pg_class WHERE relname LIKE 'ponte_applied_%'";
    let before = number(&world.b, classes).await;
    for n in 1..20 {
        world.a(&format!("INSERT INTO nota VALUES ({n}, 'a')")).await;
        settle(&mut link).await;
    }
    assert!(before > 0);
    assert_eq!(number(&world.b, classes).await, before);
    assert_eq!(
        number(&world.b, "SELECT count(*) FROM visto WHERE quando = 'after'").await,
        20
    );
}
