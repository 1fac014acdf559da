//! Keys of text under collations that differ between the sides, or that take different texts for the same.

use ponte_pg::ErrorKind;
use ponte_sync::link::Side;

use crate::support::{World, in_both_modes_apart, number, settle, text};

/// Two collations of ICU's that ignore case, one of them accents too.
const FOLDING: &str = "
    CREATE COLLATION sem_caixa (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE COLLATION sem_acento (provider = icu, locale = 'und-u-ks-level1', deterministic = false);";

/// AT-077: the order of a collation matters to no statement of ours.
#[tokio::test]
async fn keys_that_are_ordered_differently_on_each_side_are_followed() {
    let table = |collation: &str| {
        format!(
            "CREATE TABLE nome (id text COLLATE \"{collation}\" PRIMARY KEY, n int, updated_at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
    };
    in_both_modes_apart([&table("C"), &table("pt-x-icu")], async |world| {
        let names = "INSERT INTO nome SELECT chr(64 + g % 60) || repeat(chr(191 + g % 50), g % 3) || g, g FROM generate_series";
        world
            .sides(&format!("{names}(1, 400) g"), &format!("{names}(300, 700) g"))
            .await;
        let spec = world.spec(&["nome"]);
        world.try_init_in_chunks(&spec, 50).await.unwrap();
        let mut link = world.open(&spec).await;
        settle(&mut link).await;
        world
            .sides(
                "DELETE FROM nome WHERE n % 7 = 0; UPDATE nome SET n = -n, updated_at = clock_timestamp() WHERE n % 5 = 0; \
                 INSERT INTO nome VALUES ('é', 1), ('e', 2), ('E', 3), ('É', 4), (E'e\\u0301', 5)",
                "UPDATE nome SET id = lower(id) || '!', updated_at = clock_timestamp() WHERE n % 11 = 0",
            )
            .await;
        settle(&mut link).await;
        let rows = "SELECT md5(string_agg(t::text, ',' ORDER BY id COLLATE \"C\")) FROM nome t";
        assert_eq!(text(&world.a, rows).await, text(&world.b, rows).await);
        let accents = "SELECT count(*) FROM nome WHERE id COLLATE \"C\" IN ('é', 'e', 'E', 'É', E'e\\u0301')";
        assert_eq!(number(&world.b, accents).await, 5);
        assert_eq!(world.quarantined().await, 0);
    })
    .await;
}

/// AT-077: two rows of one side would be one row of the other.
#[tokio::test]
async fn keys_that_only_one_side_tells_apart_are_refused() {
    let check = async |keys: [&str; 2], named: &str| {
        let table = |key: &str| format!("{FOLDING} CREATE TABLE nome (id {key} PRIMARY KEY, n int)");
        let world = World::apart([&table(keys[0]), &table(keys[1])]).await;
        world
            .sides(
                "INSERT INTO nome VALUES ('Ana', 1)",
                "INSERT INTO nome VALUES ('ana', 2)",
            )
            .await;
        let error = world.try_init(&world.spec(&["nome"])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncUnfit, "{keys:?}: {error:?}");
        let said = format!("{error} {}", error.next_step().unwrap_or_default());
        for part in ["nome", "id", named, "ALTER TABLE nome ALTER id TYPE"] {
            assert!(said.contains(part), "{part:?} is not in: {said}");
        }
        for side in Side::BOTH {
            let kept = number(world.client(side), "SELECT count(*) FROM nome").await;
            assert_eq!(kept, 1, "{keys:?}");
        }
    };
    check(["text COLLATE sem_caixa", "text"], "\"a\"").await;
    check(["text", "text COLLATE sem_caixa"], "\"b\"").await;
    check(["text COLLATE sem_caixa", "text COLLATE sem_acento"], "level2").await;
}

/// AT-077: the same on both sides. A key that is spelled in another way is the same key.
#[tokio::test]
async fn keys_whose_case_neither_side_cares_about_are_followed() {
    let schema = format!(
        "{FOLDING} CREATE TABLE nome (id text COLLATE sem_caixa PRIMARY KEY, n int, updated_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    );
    in_both_modes_apart([&schema, &schema], async |world| {
        world
            .sides("INSERT INTO nome VALUES ('Ana', 1, '2026-01-01 UTC'), ('Bia', 1, '2026-01-01 UTC')", "INSERT INTO nome VALUES ('ana', 2), ('Caio', 1)")
            .await;
        let mut link = world.init(&world.spec(&["nome"])).await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("nome").await.len(), 3);
        world
            .sides(
                "UPDATE nome SET id = 'BIA', updated_at = clock_timestamp() WHERE id = 'bia'",
                "UPDATE nome SET n = 7, updated_at = clock_timestamp() WHERE id = 'ANA'; DELETE FROM nome WHERE id = 'CAIO'",
            )
            .await;
        settle(&mut link).await;
        world.assert_equal("nome").await;
        assert_eq!(number(&world.a, "SELECT count(*) FROM nome WHERE n = 7").await, 1);
        assert_eq!(number(&world.b, "SELECT count(*) FROM nome WHERE id COLLATE \"C\" = 'BIA'").await, 1);
    })
    .await;
}
