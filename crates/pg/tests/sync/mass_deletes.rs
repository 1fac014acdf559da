//! Deletes that are so many that a person is asked first.

use ponte_pg::sync::LiveLink;
use ponte_pg::{Error, ErrorKind};
use ponte_sync::limit::DeleteLimit;
use ponte_sync::link::{LinkSpec, Side};

use crate::support::{NOTA, World, in_both_modes, number, settle};

fn limited(world: &World, tables: &[&str], limit: DeleteLimit) -> LinkSpec {
    let mut spec = world.spec(tables);
    for table in &mut spec.tables {
        table.max_delete = limit;
    }
    spec
}

/// A link over `nota` with so many rows on both sides.
async fn filled(world: &World, rows: u32, limit: DeleteLimit) -> LiveLink {
    let mut link = world.init(&limited(world, &["nota"], limit)).await;
    world
        .a(&format!(
            "INSERT INTO nota (id) SELECT g FROM generate_series(1, {rows}) g"
        ))
        .await;
    settle(&mut link).await;
    link
}

/// A pass that has to ask; it changes nothing on either side.
async fn refused(world: &World, link: &mut LiveLink) -> Error {
    let before = world.rows("nota").await;
    let progress = "SELECT consumed::text FROM ponte.progress";
    let consumed = crate::support::text(&world.b, progress).await;
    let error = link.pass().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncMassDelete, "{error:?}");
    assert_eq!(error.next_step(), Some("ponte sync approve teste"));
    assert_eq!(world.rows("nota").await, before);
    assert_eq!(crate::support::text(&world.b, progress).await, consumed);
    error
}

async fn approve(link: &mut LiveLink) {
    let found = link.mass_deletes().await.unwrap();
    assert!(found.iter().any(|d| !d.approved), "nothing waits");
    link.approve(&found).await.unwrap();
}

#[tokio::test]
async fn deleting_most_of_a_table_waits_until_exactly_that_was_approved() {
    in_both_modes(NOTA, async |world| {
        let mut link = filled(world, 3_000, DeleteLimit::default()).await;
        world
            .a("DELETE FROM nota WHERE id <= 1800; INSERT INTO nota (id) VALUES (9001)")
            .await;
        let error = refused(world, &mut link).await;
        assert!(
            error
                .to_string()
                .contains("would delete 1800 of 3000 rows of nota on \"b\""),
            "{error}"
        );
        assert_eq!(number(&world.b, "SELECT count(*) FROM nota").await, 3_000);
        let found = link.mass_deletes().await.unwrap();
        assert_eq!(
            (found[0].deletes, found[0].rows, found[0].truncated),
            (1_800, Some(3_000), false)
        );
        link.approve(&found).await.unwrap();
        // More than was approved asks again.
        world.a("DELETE FROM nota WHERE id = 1801").await;
        refused(world, &mut link).await;
        // Fewer pass, also in another process.
        world.a("INSERT INTO nota (id) VALUES (1), (1801)").await;
        let mut link = world.open(link.spec()).await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 1_202);
        assert_eq!(
            number(&world.b, "SELECT count(*) FROM ponte.approval").await,
            0,
            "an approval is used up"
        );
    })
    .await;
}

#[tokio::test]
async fn an_approval_does_not_outlive_its_batch() {
    let world = World::with(NOTA).await;
    let mut link = filled(&world, 30, DeleteLimit::Rows(10)).await;
    world.a("DELETE FROM nota WHERE id <= 20").await;
    refused(&world, &mut link).await;
    approve(&mut link).await;
    // What was approved is brought back and carried; the next deletes are others.
    world
        .a("INSERT INTO nota (id) SELECT g FROM generate_series(1, 20) g")
        .await;
    settle(&mut link).await;
    world.a("DELETE FROM nota WHERE id <= 15").await;
    refused(&world, &mut link).await;
}

#[tokio::test]
async fn few_deletes_and_deletes_of_a_small_table_pass() {
    in_both_modes(NOTA, async |world| {
        let mut link = filled(world, 2_500, DeleteLimit::default()).await;
        world.a("DELETE FROM nota WHERE id <= 1200").await;
        settle(&mut link).await;
        world.b("DELETE FROM nota WHERE id <= 2200").await;
        settle(&mut link).await;
        world.a("DELETE FROM nota").await;
        settle(&mut link).await;
        assert!(world.assert_equal("nota").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_limit_in_rows_counts_small_batches_too_and_off_never_asks() {
    let world = World::with(NOTA).await;
    let mut link = filled(&world, 2_000, DeleteLimit::Rows(5)).await;
    world.b("DELETE FROM nota WHERE id <= 6").await;
    let error = refused(&world, &mut link).await;
    assert!(
        error.to_string().contains("would delete 6 rows of nota on \"a\""),
        "{error}"
    );
    let mut link = world.open(&limited(&world, &["nota"], DeleteLimit::Off)).await;
    world.b("TRUNCATE nota").await;
    settle(&mut link).await;
    assert!(world.assert_equal("nota").await.is_empty());
}

/// AT-107: a TRUNCATE on one side, with rows inserted after it.
#[tokio::test]
async fn a_truncate_asks_whatever_the_size_and_whatever_was_inserted_after_it() {
    in_both_modes(NOTA, async |world| {
        let mut link = filled(world, 10, DeleteLimit::default()).await;
        world
            .a("TRUNCATE nota; INSERT INTO nota (id, texto) VALUES (1, 'de novo'), (11, 'nova')")
            .await;
        world.b("INSERT INTO nota (id) VALUES (12)").await;
        let error = refused(world, &mut link).await;
        assert!(
            error
                .to_string()
                .contains("9 of 11 rows of nota on \"b\"; nota was truncated on \"a\""),
            "{error}"
        );
        approve(&mut link).await;
        settle(&mut link).await;
        // What B inserted meanwhile was never part of the TRUNCATE.
        assert_eq!(
            number(&world.b, "SELECT sum(id)::bigint FROM nota").await,
            1 + 11 + 12
        );
        world.assert_equal("nota").await;
        world.a("BEGIN; TRUNCATE nota; ROLLBACK").await;
        assert!(!link.pass().await.unwrap().moved());
        // The notes about it go once everybody has it.
        world.a("INSERT INTO nota (id) VALUES (20); TRUNCATE nota").await;
        assert_eq!(number(&world.a, "SELECT count(*) FROM ponte.truncation").await, 1);
    })
    .await;
}

/// AT-107: a TRUNCATE on both sides deletes nothing that is still there.
#[tokio::test]
async fn a_truncate_on_both_sides_asks_nobody() {
    in_both_modes(NOTA, async |world| {
        let mut link = filled(world, 10, DeleteLimit::default()).await;
        world
            .sides(
                "TRUNCATE nota; INSERT INTO nota (id) VALUES (21)",
                "TRUNCATE nota; INSERT INTO nota (id) VALUES (22)",
            )
            .await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 2);
    })
    .await;
}

/// AT-107: CASCADE and RESTART IDENTITY.
#[tokio::test]
async fn a_truncate_that_cascades_names_every_table_and_identities_still_do_not_meet() {
    let schema = "CREATE TABLE pai (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
                  CREATE TABLE filho (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, pai bigint REFERENCES pai);";
    in_both_modes(schema, async |world| {
        let mut link = world.init(&world.spec(&["pai", "filho"])).await;
        world
            .a("INSERT INTO pai SELECT FROM generate_series(1, 5); INSERT INTO filho (pai) SELECT id FROM pai")
            .await;
        settle(&mut link).await;
        world.a("TRUNCATE pai RESTART IDENTITY CASCADE; INSERT INTO pai DEFAULT VALUES").await;
        world.b("INSERT INTO pai DEFAULT VALUES").await;
        let error = link.pass().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncMassDelete, "{error:?}");
        let said = format!("{error} {:?}", error.context());
        assert!(said.contains("rows of pai on") && said.contains("rows of filho on"), "{said}");
        approve(&mut link).await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("pai").await.len(), 2);
        assert!(world.assert_equal("filho").await.is_empty());
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

#[tokio::test]
async fn looking_for_what_waits_writes_nothing() {
    let world = World::with(NOTA).await;
    let mut link = filled(&world, 30, DeleteLimit::Rows(10)).await;
    world.b("DELETE FROM nota").await;
    let xmin = "SELECT string_agg(xmin::text || consumed::text, ',') FROM ponte.progress";
    let before = crate::support::text(world.client(Side::First), xmin).await;
    assert_eq!(link.mass_deletes().await.unwrap().len(), 1);
    assert_eq!(link.mass_deletes().await.unwrap()[0].deletes, 30);
    assert_eq!(
        crate::support::text(world.client(Side::First), xmin).await,
        before
    );
}
