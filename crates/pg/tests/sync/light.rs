//! A handful of rows goes the short way, without a stage, and whatever is not as usual does not.

use ponte_pg::ErrorKind;
use ponte_pg::sync::LiveLink;
use ponte_sync::limit::DeleteLimit;

use crate::support::{PERFIS, World, in_both_modes, number, settle, text};

const STAGES: &str = "SELECT count(*) FROM pg_class WHERE relname LIKE 'ponte_stage%'";
const TOLD: &str = "SELECT consumed::text FROM ponte.outgoing";
const ARRIVED: &str = "SELECT consumed::text FROM ponte.progress";

/// Everything that may look odd on its way: arrays, NULLs, domains, enums, text that is no text.
const ODD: &str = "
    CREATE TYPE humor AS ENUM ('bom', 'mau');
    CREATE DOMAIN positivo AS int CHECK (VALUE > 0);
    CREATE TABLE odd (
      a int, b text, PRIMARY KEY (a, b),
      numbers int[], words text[], mood humor, rank positivo, data jsonb, raw bytea, fixed char(5), short varchar(3),
      price numeric(8,3), day date, span interval, id uuid, twice int GENERATED ALWAYS AS (a * 2) STORED,
      number bigint GENERATED ALWAYS AS IDENTITY, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE TABLE tick (id int PRIMARY KEY, note text);
    CREATE TABLE key_only (id numeric PRIMARY KEY);";

/// How many stages both sides have made: a light batch makes none.
async fn stages(world: &World) -> i64 {
    number(&world.a, STAGES).await + number(&world.b, STAGES).await
}

/// A link whose sessions know how both sides stand.
async fn begun(world: &World, tables: &[&str]) -> LiveLink {
    let mut link = world.init(&world.spec(tables)).await;
    assert!(!link.pass().await.unwrap().moved());
    assert_eq!(stages(world).await, 0);
    link
}

#[tokio::test]
async fn a_handful_of_rows_needs_no_stage() {
    in_both_modes(PERFIS, async |world| {
        world
            .a("INSERT INTO perfis (id, nome) SELECT g, 'n' || g FROM generate_series(1, 9) g")
            .await;
        let mut link = begun(world, &["perfis"]).await;
        world
            .a("UPDATE perfis SET nome = 'um' WHERE id = 1; DELETE FROM perfis WHERE id = 2; INSERT INTO perfis (id, nome) VALUES (101, 'novo')")
            .await;
        let report = link.pass().await.unwrap();
        assert_eq!((report.directions[0].applied.upserts, report.directions[0].applied.deletes), (2, 1));
        // Each side has changes of its own, of other rows.
        world
            .sides("UPDATE perfis SET saldo = 3 WHERE id = 3", "UPDATE perfis SET saldo = 4 WHERE id = 4")
            .await;
        assert!(link.pass().await.unwrap().moved());
        assert_eq!(world.assert_equal("perfis").await.len(), 9);
        assert_eq!((stages(world).await, world.conflicts().await), (0, 0));
        assert_eq!(text(&world.a, TOLD).await, text(&world.b, ARRIVED).await);
        assert!(!link.pass().await.unwrap().moved());

        // More than a handful.
        world.a("UPDATE perfis SET saldo = 8; INSERT INTO perfis (nome) SELECT 'm' FROM generate_series(1, 20)").await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("perfis").await.len(), 29);
        assert!(stages(world).await > 0, "a larger batch went the short way");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_as_usual_goes_the_ordinary_way() {
    in_both_modes(PERFIS, async |world| {
        world
            .a("INSERT INTO perfis (id, nome, email) VALUES (1, 'um', 'um@x'), (2, 'dois', 'dois@x'), (3, 'tres', 'tres@x')")
            .await;
        let mut link = begun(world, &["perfis"]).await;

        // The same key on both sides.
        world.a("UPDATE perfis SET nome = 'de a' WHERE id = 1").await;
        world.b("UPDATE perfis SET nome = 'de b' WHERE id = 1").await;
        settle(&mut link).await;
        world.assert_equal("perfis").await;
        assert_eq!(text(&world.a, "SELECT nome FROM perfis WHERE id = 1").await, "de b");
        assert_eq!(world.conflicts().await, 1);

        // A value that the other side has given to another row meanwhile; the rest of the batch arrives.
        world.b("INSERT INTO perfis (id, nome, email) VALUES (50, 'b', 'novo@x')").await;
        world
            .a("INSERT INTO perfis (id, nome, email) VALUES (51, 'a', 'novo@x'); UPDATE perfis SET saldo = 5 WHERE id = 2")
            .await;
        link.pass().await.unwrap();
        assert_eq!(number(&world.b, "SELECT saldo::bigint FROM perfis WHERE id = 2").await, 5);
        assert!(world.quarantined().await > 0);
        world.a("DELETE FROM perfis WHERE id = 51").await;
        world.retry_now().await;
        settle(&mut link).await;
        assert_eq!((world.assert_equal("perfis").await.len(), world.quarantined().await), (4, 0));

        // Somebody pauses the link on the side that is not looked at.
        world.b("UPDATE ponte.link SET paused = true").await;
        world.a("UPDATE perfis SET saldo = 6 WHERE id = 3").await;
        assert!(link.pass_woken([true, false]).await.unwrap().paused);
        assert_eq!(number(&world.b, "SELECT saldo::bigint FROM perfis WHERE id = 3").await, 0);
        world.b("UPDATE ponte.link SET paused = false").await;
        settle(&mut link).await;
        world.assert_equal("perfis").await;
    })
    .await;
}

#[tokio::test]
async fn what_a_session_remembers_is_not_believed() {
    in_both_modes(PERFIS, async |world| {
        world
            .a("INSERT INTO perfis (id, nome) VALUES (1, 'um'), (2, 'dois')")
            .await;
        let mut link = begun(world, &["perfis"]).await;
        let mut other = world.open(&world.spec(&["perfis"])).await;

        // Another process moves the link on, with a row that this one would carry too.
        world.a("UPDATE perfis SET nome = 'x' WHERE id = 1").await;
        assert!(other.pass().await.unwrap().moved());
        world.b("UPDATE perfis SET nome = 'y' WHERE id = 1").await;
        assert!(other.pass().await.unwrap().moved());
        world.a("UPDATE perfis SET nome = 'z' WHERE id = 2").await;
        link.pass_woken([true, false]).await.unwrap();
        settle(&mut link).await;
        assert_eq!(
            text(&world.a, "SELECT string_agg(nome, ' ' ORDER BY id) FROM perfis").await,
            "y z"
        );
        world.assert_equal("perfis").await;
        assert_eq!(world.conflicts().await, 0);

        // What has arrived is told with the next offer, or when it is asked for, and a process that died before is made up for.
        let told = text(&world.a, TOLD).await;
        world.a("UPDATE perfis SET saldo = 1 WHERE id = 1").await;
        link.pass_woken([true, false]).await.unwrap();
        let first = text(&world.b, ARRIVED).await;
        assert!(link.owes() && first != told && text(&world.a, TOLD).await == told);
        world.a("UPDATE perfis SET saldo = 2 WHERE id = 1").await;
        link.pass_woken([true, false]).await.unwrap();
        assert_eq!(text(&world.a, TOLD).await, first);
        drop(link);
        settle(&mut other).await;
        assert_eq!(text(&world.a, TOLD).await, text(&world.b, ARRIVED).await);
        world.assert_equal("perfis").await;
    })
    .await;
}

#[tokio::test]
async fn every_type_and_several_tables_arrive() {
    in_both_modes(ODD, async |world| {
        world.a("INSERT INTO tick VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')").await;
        let mut spec = world.spec(&["odd", "tick", "key_only"]);
        spec.tables[1].max_delete = DeleteLimit::Rows(1);
        let mut link = world.init(&spec).await;
        link.pass().await.unwrap();
        world
            .a("INSERT INTO odd VALUES (1, 'ä', '{1,NULL,3}', '{{a,b},{c,NULL}}', 'mau', 7, '{\"k\": [1, null]}', '\\x00ff', 'ab', 'xyz', \
                12345.678, 'infinity', '1 mon 2 days', gen_random_uuid()), (2, '', NULL, '{}', NULL, NULL, 'null', '', '', '', 'NaN', NULL, '0', NULL); \
                INSERT INTO key_only VALUES (1.50), (3); UPDATE tick SET note = NULL WHERE id = 1")
            .await;
        link.pass().await.unwrap();
        for table in ["odd", "tick", "key_only"] {
            world.assert_equal(table).await;
        }
        world
            .a("UPDATE odd SET numbers = NULL, words = '{x}', mood = 'bom', price = 0.100 WHERE a = 2; UPDATE key_only SET id = 1.5 WHERE id = 1.5; \
                UPDATE odd SET b = 'anders' WHERE a = 1; DELETE FROM tick WHERE id = 2")
            .await;
        link.pass().await.unwrap();
        for table in ["odd", "tick", "key_only"] {
            world.assert_equal(table).await;
        }
        // Also the clock of a table without versions goes with what arrives.
        let clocks = "SELECT (extract(epoch FROM clock_timestamp() - seen) < 60)::int::bigint FROM ponte.clock WHERE seen > '2000-01-01'";
        world.a("UPDATE ponte.clock SET seen = clock_timestamp() + interval '1 minute'").await;
        world.a("UPDATE tick SET note = 'later' WHERE id = 3").await;
        link.pass().await.unwrap();
        assert_eq!(number(&world.b, clocks).await, 1);

        // More deletes than may go unasked.
        world.a("DELETE FROM tick WHERE id > 3").await;
        let refused = link.pass().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::SyncMassDelete);
    })
    .await;
}
