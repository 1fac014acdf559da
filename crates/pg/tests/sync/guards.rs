//! What a pass must never do: write while idle, apply twice, go on where history or shape has changed.

use std::time::Duration;

use ponte_pg::ErrorKind;
use ponte_sync::link::{ApplyAs, Side};

use crate::support::{NOTA, PERFIS, World, in_both_modes, number, settle, text};

#[tokio::test]
async fn idle_passes_write_nothing_at_all() {
    in_both_modes(&format!("{PERFIS}{NOTA}"), async |world| {
        let mut link = world.init(&world.spec(&["perfis", "nota"])).await;
        world.sides("INSERT INTO perfis (nome) VALUES ('x')", "INSERT INTO nota VALUES (1)").await;
        settle(&mut link).await;
        let counters = async |side: Side| {
            let client = world.cluster(side).superuser("app").await;
            let sql = "SELECT coalesce(string_agg(concat_ws(' ', relname, n_tup_ins, n_tup_upd, n_tup_del), E'\\n' ORDER BY relname), '') \
                       FROM pg_stat_all_tables WHERE schemaname NOT LIKE 'pg_toast%' AND schemaname NOT LIKE 'pg_temp%'";
            (text(&client, sql).await, number(&client, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").await)
        };
        // Counters are reported by each session on its own, at the latest when it ends.
        drop(link);
        let mut link = world.open(&world.spec(&["perfis", "nota"])).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = [counters(Side::First).await, counters(Side::Second).await];
        for _ in 0..10 {
            assert!(!link.pass().await.unwrap().moved());
        }
        drop(link);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let after = [counters(Side::First).await, counters(Side::Second).await];
        assert_eq!(before, after);
    })
    .await;
}

#[tokio::test]
async fn two_processes_on_one_link_never_both_apply() {
    in_both_modes(PERFIS, async |world| {
        let spec = world.spec(&["perfis"]);
        let mut one = world.init(&spec).await;
        let mut other = world.open(&spec).await;
        let (mut overtaken, mut written) = (0, 0);
        for round in 0..30 {
            world
                .sides(
                    "INSERT INTO perfis (nome) SELECT 'a' FROM generate_series(1, 10)",
                    "INSERT INTO perfis (nome) SELECT 'b' FROM generate_series(1, 10)",
                )
                .await;
            let (first, second) = tokio::join!(one.pass(), other.pass());
            for outcome in [first, second] {
                match outcome {
                    Ok(report) => written += report.directions.iter().map(|d| d.applied.upserts).sum::<u64>(),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::SyncOvertaken, "round {round}: {error:?}");
                        overtaken += 1;
                    }
                }
            }
        }
        settle(&mut one).await;
        settle(&mut other).await;
        assert_eq!(world.assert_equal("perfis").await.len(), 600);
        let upserts = "SELECT upserts FROM ponte.progress";
        assert_eq!(
            number(&world.a, upserts).await + number(&world.b, upserts).await,
            600
        );
        assert!(overtaken > 0 && written > 0, "the two never met");
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_slower_of_two_processes_is_told_that_it_was_overtaken() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    let mut one = world.init(&spec).await;
    let mut other = world.open(&spec).await;
    world.a("INSERT INTO nota VALUES (1)").await;
    // Both have read the batch and want to take the fence, which somebody holds.
    let holder = world.another(Side::Second).await;
    holder
        .batch_execute("BEGIN; SELECT FROM ponte.progress FOR UPDATE")
        .await
        .unwrap();
    let (first, second, ()) = tokio::join!(one.pass(), other.pass(), async {
        let superuser = world.cluster(Side::Second).superuser("app").await;
        ponte_testkit::eventually(Duration::from_secs(10), "both to wait", async || {
            let waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ponte test' AND wait_event_type = 'Lock'";
            (number(&superuser, waits).await == 2).then_some(())
        })
        .await;
        holder.batch_execute("COMMIT").await.unwrap();
    });
    let outcomes = [first, second];
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    let error = outcomes.into_iter().find_map(Result::err).unwrap();
    assert_eq!(error.kind(), ErrorKind::SyncOvertaken);
    settle(&mut one).await;
    settle(&mut other).await;
    assert_eq!(number(&world.b, "SELECT upserts FROM ponte.progress").await, 1);
}

#[tokio::test]
async fn a_source_whose_history_went_back_stops_the_link_even_if_nothing_is_pending() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    world.a("INSERT INTO nota VALUES (1)").await;
    settle(&mut link).await;
    // B has consumed what A, restored from a backup, has not done yet.
    world
        .b("UPDATE ponte.progress SET consumed = '900000:900000:'")
        .await;
    for change in ["SELECT 1", "INSERT INTO nota VALUES (2)"] {
        world.a(change).await;
        let error = link.pass().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncWentBack, "{error:?}");
        assert!(error.to_string().contains("\"a\""), "{error}");
    }
}

#[tokio::test]
async fn a_change_of_shape_stops_the_link_until_both_sides_have_it() {
    in_both_modes(&format!("{NOTA} ALTER TABLE nota ADD COLUMN sobra text;"), async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world.a("INSERT INTO nota VALUES (1, '1')").await;
        settle(&mut link).await;
        world.a("ALTER TABLE nota ADD COLUMN extra int; UPDATE nota SET extra = 5").await;
        let error = link.check().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncDrift);
        assert!(error.to_string().contains("extra on a but not on b"), "{error}");
        world.b("ALTER TABLE nota ADD COLUMN extra int").await;
        link.check().await.unwrap();
        settle(&mut link).await;
        assert_eq!(text(&world.b, "SELECT concat_ws(',', id, texto, extra) FROM nota").await, "1,1,5");
        // The same session again, with another type, a column less, and another name.
        world
            .both("ALTER TABLE nota ALTER COLUMN texto TYPE int USING texto::int, DROP COLUMN sobra; ALTER TABLE nota RENAME COLUMN extra TO \"Mais\"")
            .await;
        link.check().await.unwrap();
        world.b("UPDATE nota SET texto = texto + 1; INSERT INTO nota (id, texto, \"Mais\") VALUES (2, 2, 2)").await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(text(&world.a, "SELECT string_agg(concat_ws(',', id, texto, \"Mais\"), ' ' ORDER BY id) FROM nota").await, "1,2,5 2,2,2");
    })
    .await;
}

#[tokio::test]
async fn the_columns_that_capture_reads_cannot_be_dropped_under_it() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    for column in ["id", "updated_at"] {
        let error = world
            .a
            .batch_execute(&format!("ALTER TABLE nota DROP COLUMN {column}"))
            .await
            .unwrap_err();
        let report = error.as_db_error().unwrap();
        assert!(
            report
                .detail()
                .unwrap()
                .contains("trigger ponte_key on table nota"),
            "{report:?}"
        );
    }
    world
        .a("INSERT INTO nota VALUES (1); UPDATE nota SET id = 2")
        .await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("nota").await.len(), 1);
}

#[tokio::test]
async fn a_pass_that_was_given_up_half_way_leaves_the_next_one_unharmed() {
    in_both_modes(NOTA, async |world| {
        let mut link = world.init(&world.spec(&["nota"])).await;
        world
            .a("INSERT INTO nota SELECT g, 'x' FROM generate_series(1, 2000) g")
            .await;
        settle(&mut link).await;
        let holder = world.another(Side::Second).await;
        for round in 0..4 {
            world
                .a(&format!("UPDATE nota SET texto = 'a{round}' WHERE id <= 1000"))
                .await;
            holder
                .batch_execute("BEGIN; SELECT FROM nota WHERE id = 500 FOR UPDATE")
                .await
                .unwrap();
            tokio::select! {
                outcome = link.pass() => panic!("the pass did not wait: {outcome:?}"),
                () = world.sync_waits_on(Side::Second) => {}
            }
            holder.batch_execute("COMMIT").await.unwrap();
            world
                .b(&format!("UPDATE nota SET texto = 'b{round}' WHERE id > 1500"))
                .await;
            settle(&mut link).await;
            world.assert_equal("nota").await;
        }
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_roles_own_defaults_do_not_matter() {
    in_both_modes(PERFIS, async |world| {
        let mut spec = world.spec(&["perfis"]);
        for side in Side::BOTH {
            world
                .cluster(side)
                .sql(
                    "postgres",
                    "ALTER ROLE dono SET default_transaction_isolation = 'serializable'; ALTER ROLE dono SET synchronous_commit = off; \
                     ALTER ROLE dono SET quote_all_identifiers = on; ALTER ROLE dono SET search_path = ''; ALTER ROLE dono SET enable_nestloop = off; \
                     ALTER ROLE dono SET statement_timeout = '1s'; ALTER ROLE dono SET row_security = off",
                )
                .await;
        }
        spec.max_future_seconds = 1;
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO perfis (id, nome) VALUES (1, 'x'), (2, 'y')").await;
        settle(&mut link).await;
        world.a("UPDATE perfis SET nome = 'a' WHERE id = 1").await;
        let holder = world.another(Side::Second).await;
        holder.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED; UPDATE public.perfis SET nome = 'b' WHERE id = 1").await.unwrap();
        let (pass, ()) = tokio::join!(link.pass(), async {
            world.sync_waits_on(Side::Second).await;
            holder.batch_execute("COMMIT").await.unwrap();
        });
        assert_eq!(pass.unwrap().conflicts(), 1);
        settle(&mut link).await;
        world.assert_equal("perfis").await;
        link.check().await.unwrap();
        for side in Side::BOTH {
            world.cluster(side).sql("postgres", "ALTER ROLE dono RESET ALL").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_version_from_the_future_is_clamped() {
    let world = World::with(NOTA).await;
    let mut spec = world.spec(&["nota"]);
    spec.max_future_seconds = 60;
    let mut link = world.init(&spec).await;
    world
        .a("INSERT INTO nota VALUES (1, 'errado', '2999-01-01 UTC'), (2, 'infinito', 'infinity')")
        .await;
    let ahead = "SELECT max(extract(epoch FROM version_at - changed_at))::bigint FROM ponte.changelog_nota";
    assert_eq!(number(&world.a, ahead).await, 60);
    settle(&mut link).await;
    world.assert_equal("nota").await;
}

#[tokio::test]
async fn replica_mode_needs_the_privilege_and_says_so() {
    let world = World::with(NOTA).await;
    let mut spec = world.spec(&["nota"]);
    spec.apply = ApplyAs::Replica;
    let error = world.try_init(&spec).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncUnfit);
    assert!(
        error.to_string().contains("may not set session_replication_role"),
        "{error}"
    );
}
