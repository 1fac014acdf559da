//! Databases that store text in different encodings.

use ponte_pg::ErrorKind;
use ponte_sync::link::ApplyAs;
use ponte_testkit::{Pair, TestCluster};

use crate::support::{NOTA, World, number, settle, text};

/// Two servers whose databases have these encodings.
async fn encoded(encodings: [&str; 2]) -> World {
    let pair = Pair::start_from(TestCluster::builder(), "app", "dono").await;
    for (cluster, encoding) in [&pair.a, &pair.b].into_iter().zip(encodings) {
        cluster.sql("postgres", "DROP DATABASE app WITH (FORCE)").await;
        let create = format!(
            "CREATE DATABASE app OWNER dono TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        );
        cluster.sql("postgres", &create).await;
    }
    World::in_pair(pair, NOTA, ApplyAs::Plain).await
}

/// AT-098: one character that the other side cannot store would stop everything behind it.
#[tokio::test]
async fn databases_of_different_encodings_are_refused() {
    for encodings in [["UTF8", "LATIN1"], ["SQL_ASCII", "UTF8"], ["LATIN1", "WIN1252"]] {
        let world = encoded(encodings).await;
        world.a("INSERT INTO nota VALUES (1, 'a')").await;
        let error = world.try_init(&world.spec(&["nota"])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncUnfit, "{encodings:?}: {error:?}");
        let said = format!("{error} {}", error.next_step().unwrap_or_default());
        for part in [encodings[0], encodings[1], "\"a\"", "\"b\"", "ENCODING"] {
            assert!(said.contains(part), "{part:?} is not in: {said}");
        }
        let traces = "SELECT count(*) FROM pg_namespace WHERE nspname = 'ponte'";
        assert_eq!(number(&world.a, traces).await, 0, "{encodings:?}");
    }
}

/// AT-098: the same encoding on both sides, whatever it is.
#[tokio::test]
async fn databases_of_one_encoding_other_than_utf8_are_kept_in_agreement() {
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let world = encoded([encoding, encoding]).await;
        world
            .a("INSERT INTO nota VALUES (1, 'ação', '2026-01-01 UTC'), (2, 'ñ', '2026-01-01 UTC')")
            .await;
        let mut link = world.init(&world.spec(&["nota"])).await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE nota SET texto = 'é', updated_at = clock_timestamp() WHERE id = 1",
                "UPDATE nota SET texto = 'è', updated_at = clock_timestamp(); INSERT INTO nota VALUES (3, 'ü')",
            )
            .await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        assert_eq!(
            number(&world.a, "SELECT count(*) FROM nota").await,
            3,
            "{encoding}"
        );
        assert_eq!(world.quarantined().await, 0, "{encoding}");
    }
}

/// AT-098: in the only form in which U+0000 can stand in a database, as the escape of a json value that nobody has looked into.
#[tokio::test]
async fn the_character_that_no_text_can_hold_arrives_as_it_was_written() {
    let schema = "CREATE TABLE doc (id int PRIMARY KEY, corpo json, bruto bytea)";
    let world = World::with(schema).await;
    let mut link = world.init(&world.spec(&["doc"])).await;
    let refused = world
        .a
        .batch_execute("INSERT INTO doc VALUES (1, to_json(E'\\u0000'::text))")
        .await;
    assert!(refused.is_err(), "the server took U+0000 in a text");
    world
        .a("INSERT INTO doc VALUES (2, '\"x\\u0000y\"', '\\x780079'), (3, '\"z\"', '')")
        .await;
    settle(&mut link).await;
    world.assert_equal("doc").await;
    assert_eq!(
        text(&world.b, "SELECT corpo::text FROM doc WHERE id = 2").await,
        "\"x\\u0000y\""
    );
}
