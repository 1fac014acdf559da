//! First contacts that are cut into chunks, carried side by side, interrupted and taken up again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ponte_pg::sync::first_contact::{ContactEvent, ContactProgress};
use ponte_pg::sync::{InitOptions, init_with, plan_init};
use ponte_sync::link::{FirstContact, LinkSpec, Side};
use ponte_testkit::eventually;

use crate::support::{NOTA, World, in_both_modes, number, settle, text};

/// Keys of one type: the column's definition, and rows as a query that includes the least and the greatest value of the type,
/// negative ones and gaps.
const KEYS: &[(&str, &str)] = &[
    (
        "bigint",
        "SELECT g * 7 - 300 FROM generate_series(1, 100) g UNION SELECT unnest(ARRAY[-9223372036854775808, 9223372036854775807, 0])",
    ),
    (
        "smallint",
        "SELECT (g * 3 - 150)::smallint FROM generate_series(1, 100) g UNION SELECT unnest(ARRAY[-32768, 32767]::smallint[])",
    ),
    (
        "numeric",
        "SELECT g * 1.5 - 70 FROM generate_series(1, 100) g UNION SELECT unnest(ARRAY['NaN', '-1e100', '1e100', '0.0000001']::numeric[])",
    ),
    (
        "float8",
        "SELECT g * 0.1 - 5 FROM generate_series(1, 100) g UNION SELECT unnest(ARRAY['NaN', 'Infinity', '-Infinity', '5e-324', '1.7976931348623157e308']::float8[])",
    ),
    (
        "uuid",
        "SELECT gen_random_uuid() FROM generate_series(1, 100) UNION \
         SELECT unnest(ARRAY['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']::uuid[])",
    ),
    (
        "timestamptz",
        "SELECT '2000-01-01 UTC'::timestamptz + g * '1 month'::interval - '3 years'::interval FROM generate_series(1, 100) g \
         UNION SELECT unnest(ARRAY['-infinity', 'infinity', '4713-01-01 00:00:00+00 BC', '1999-12-31 23:59:59.999999+00']::timestamptz[])",
    ),
    (
        "date",
        "SELECT '1970-01-01'::date + g * 10 - 500 FROM generate_series(1, 100) g UNION SELECT unnest(ARRAY['-infinity', 'infinity']::date[])",
    ),
    (
        "text",
        "SELECT chr(64 + g % 60) || g FROM generate_series(1, 100) g \
         UNION SELECT unnest(ARRAY['', ' ', 'é', 'É', 'e', 'z', 'Z', '~', '_', 'a\\b\"c,{}''', chr(1114109), '-', 'ß', 'ss'])",
    ),
    (
        "varchar(20)",
        "SELECT 'x' || g FROM generate_series(1, 100) g UNION SELECT ''",
    ),
    (
        "char(5)",
        "SELECT g::text::char(5) FROM generate_series(1, 100) g UNION SELECT ''",
    ),
    (
        "bytea",
        "SELECT decode(lpad(to_hex(g * 2), 4, '0'), 'hex') FROM generate_series(1, 100) g UNION SELECT unnest(ARRAY['', '\\xff', '\\x00']::bytea[])",
    ),
    ("boolean", "SELECT unnest(ARRAY[true, false])"),
    (
        "inet",
        "SELECT '10.0.0.0'::inet + g FROM generate_series(1, 100) g UNION SELECT '::'",
    ),
    (
        "interval",
        "SELECT g * '1 day'::interval - '50 days'::interval FROM generate_series(1, 100) g",
    ),
    ("humor", "SELECT unnest(enum_range(NULL::humor))"),
    (
        "positivo",
        "SELECT (g * 2)::positivo FROM generate_series(1, 100) g",
    ),
    (
        "text[]",
        "SELECT ARRAY['a', g::text] FROM generate_series(1, 100) g",
    ),
    (
        "text COLLATE sem_caixa",
        "SELECT 'x' || g FROM generate_series(1, 100) g UNION SELECT 'É'",
    ),
];

/// AT-120, AT-127: every row of a table belongs to exactly one chunk, whatever the type of its key and wherever it lies.
#[tokio::test]
async fn keys_of_every_type_are_cut_without_a_gap() {
    let mut schema =
        "CREATE TYPE humor AS ENUM ('z', 'a', 'm', 'B'); CREATE DOMAIN positivo AS int CHECK (VALUE > 0);
        CREATE COLLATION sem_caixa (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
            .to_owned();
    let mut tables = Vec::new();
    for (position, (kind, rows)) in KEYS.iter().enumerate() {
        let name = format!("t{position}");
        schema += &format!("CREATE TABLE {name} (id {kind} PRIMARY KEY, v text);");
        tables.push((name, rows));
    }
    let world = World::with(&schema).await;
    for (name, rows) in &tables {
        world
            .a(&format!(
                "INSERT INTO {name} (id) SELECT x FROM ({rows}) q(x); UPDATE {name} SET v = 'v' || id::text"
            ))
            .await;
    }
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
    let report = world.try_init_in_chunks(&world.spec(&names), 10).await.unwrap();
    for (position, name) in names.iter().enumerate() {
        let (kind, _) = KEYS[position];
        let rows = world.assert_equal(name).await.len();
        let chunks = format!(
            "SELECT count(*) FROM ponte.copy_chunk WHERE table_name = '{name}' AND copied_at IS NOT NULL"
        );
        let chunks = number(&world.b, &chunks).await;
        let whole = kind.contains("sem_caixa") || kind.contains("[]") || rows <= 10;
        assert!(
            if whole { chunks == 1 } else { chunks > 5 },
            "{kind}: {chunks} chunks for {rows} rows"
        );
        let carried = format!(
            "SELECT coalesce(sum(rows), 0)::bigint FROM ponte.copy_chunk WHERE table_name = '{name}'"
        );
        assert_eq!(
            number(&world.b, &carried).await,
            i64::try_from(rows).unwrap(),
            "{kind}"
        );
    }
    assert_eq!(
        report.copied,
        u64::try_from(number(&world.b, "SELECT sum(rows)::bigint FROM ponte.copy_chunk").await).unwrap()
    );
    assert!(!report.settled.unwrap().moved());
}

const PAR: &str = "CREATE TABLE par (a int, b text, v int, updated_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (a, b));";

/// AT-121, AT-122, AT-127: united in chunks, rows before the first and after the last key of the other side are not forgotten.
#[tokio::test]
async fn sides_with_a_composite_key_are_united_in_chunks() {
    in_both_modes(PAR, async |world| {
        world
            .both("INSERT INTO par SELECT g / 10, chr(97 + g % 10), g, '2024-01-01 UTC' FROM generate_series(0, 499) g")
            .await;
        world
            .sides(
                "UPDATE par SET v = -1, updated_at = '2024-02-01 UTC' WHERE a % 7 = 0; DELETE FROM par WHERE a = 20",
                "UPDATE par SET v = -2, updated_at = '2024-02-02 UTC' WHERE a % 11 = 0; DELETE FROM par WHERE a = 30; \
                 INSERT INTO par VALUES (-5, 'antes', 1), (1000, 'depois', 2), (25, 'Ç', 3)",
            )
            .await;
        let spec = world.spec(&["par"]);
        let report = world.try_init_in_chunks(&spec, 40).await.unwrap();
        assert!(report.chunks > 10, "{report:?}");
        let mut link = world.open(&spec).await;
        settle(&mut link).await;
        // The deletes of before the link are not known to anybody: the rows come back.
        assert_eq!(world.assert_equal("par").await.len(), 503);
        let newest = "SELECT count(*) FROM par WHERE v <> CASE WHEN a % 11 = 0 THEN -2 WHEN a % 7 = 0 THEN -1 ELSE a * 10 + ascii(b) - 97 END";
        assert_eq!(number(&world.a, newest).await, 3, "only the added rows are of another kind");
    })
    .await;
}

/// AT-122: each side may be declared the winner.
#[tokio::test]
async fn a_winner_wins_in_every_chunk() {
    for winner in Side::BOTH {
        let world = World::with(NOTA).await;
        world
            .sides(
                "INSERT INTO nota SELECT g, 'a' FROM generate_series(1, 300) g",
                "INSERT INTO nota SELECT g, 'b' FROM generate_series(101, 400) g",
            )
            .await;
        let spec = LinkSpec {
            first_contact: FirstContact::Wins(winner),
            ..world.spec(&["nota"])
        };
        world.try_init_in_chunks(&spec, 50).await.unwrap();
        settle(&mut world.open(&spec).await).await;
        world.assert_equal("nota").await;
        let common = "SELECT string_agg(DISTINCT texto, '') FROM nota WHERE id BETWEEN 101 AND 300";
        assert_eq!(text(&world.a, common).await, ["a", "b"][winner.index()]);
        assert_eq!(world.conflicts().await, 200);
    }
}

/// AT-129: parents before children, a ring in one transaction, a table that references itself in one piece.
#[tokio::test]
async fn references_of_every_kind_survive_a_copy_in_chunks() {
    let schema = "CREATE TABLE pai (id int PRIMARY KEY); CREATE TABLE filho (id int PRIMARY KEY, pai int NOT NULL REFERENCES pai);
        CREATE TABLE arvore (id int PRIMARY KEY, acima int REFERENCES arvore);
        CREATE TABLE equipe (id int PRIMARY KEY, chefe int NOT NULL);
        CREATE TABLE pessoa (id int PRIMARY KEY, equipe int NOT NULL REFERENCES equipe);
        ALTER TABLE equipe ADD FOREIGN KEY (chefe) REFERENCES pessoa DEFERRABLE;";
    in_both_modes(schema, async |world| {
        world
            .a("INSERT INTO pai SELECT g FROM generate_series(1, 500) g; INSERT INTO filho SELECT g, 501 - g FROM generate_series(1, 500) g;
                INSERT INTO arvore SELECT g, CASE WHEN g < 300 THEN 300 - g % 7 END FROM generate_series(1, 300) g;
                BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO equipe SELECT g, 101 - g FROM generate_series(1, 100) g;
                INSERT INTO pessoa SELECT g, 101 - g FROM generate_series(1, 100) g; COMMIT")
            .await;
        let spec = world.spec(&["filho", "pessoa", "arvore", "pai", "equipe"]);
        let report = world.try_init_in_chunks(&spec, 50).await.unwrap();
        assert_eq!(report.copied, 1500);
        for table in ["pai", "filho", "arvore", "equipe", "pessoa"] {
            world.assert_equal(table).await;
        }
    })
    .await;
}

/// AT-120: a row that is added on the empty side in the middle of the copy makes its chunk go the way of conflicts.
#[tokio::test]
async fn a_row_added_on_the_empty_side_meanwhile_is_a_conflict_like_any_other() {
    in_both_modes(NOTA, async |world| {
        world
            .a("INSERT INTO nota SELECT g, 'a', '2024-01-01 UTC' FROM generate_series(1, 1000) g")
            .await;
        let spec = world.spec(&["nota"]);
        let mut peers = world.peers().await;
        let plan = plan_init(&spec, &mut peers).await.unwrap();
        let intruder = world.another(Side::Second).await;
        let began = Arc::new(tokio::sync::Notify::new());
        let seen = Arc::clone(&began);
        let options = InitOptions {
            chunk_rows: 100,
            connections: 1,
            observe: Arc::new(move |event| {
                if matches!(event, ContactEvent::Committed { .. }) {
                    seen.notify_one();
                }
            }),
        };
        let (report, ()) = tokio::join!(init_with(spec.clone(), peers, plan, &options), async {
            began.notified().await;
            // One key that the source has, newer, and one that it does not have.
            let sql = "INSERT INTO nota VALUES (999, 'b', '2025-01-01 UTC'), (2000, 'b', '2025-01-01 UTC')";
            intruder.batch_execute(sql).await.unwrap();
        });
        assert_eq!(report.unwrap().chunks, 10);
        settle(&mut world.open(&spec).await).await;
        assert_eq!(world.assert_equal("nota").await.len(), 1001);
        let newer = "SELECT string_agg(texto, '' ORDER BY id) FROM nota WHERE id >= 999";
        assert_eq!(text(&world.a, newer).await, "bab");
    })
    .await;
}

/// AT-126: a COPY whose backend is terminated, on either side, leaves its chunk undone; the next `init` goes on from there.
#[tokio::test]
async fn a_terminated_copy_is_not_taken_for_a_finished_one() {
    for (side, statement) in [(Side::First, "COPY (SELECT"), (Side::Second, "COPY \"public\"")] {
        let world = World::with(NOTA).await;
        world
            .a("INSERT INTO nota SELECT g, repeat('x', 2000) FROM generate_series(1, 60000) g")
            .await;
        let spec = world.spec(&["nota"]);
        let superuser = world.cluster(side).superuser("app").await;
        let (outcome, ()) = tokio::join!(world.try_init_in_chunks(&spec, 10_000), async {
            let find = format!(
                "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '{statement}%' AND state = 'active' \
                 AND application_name = 'ponte test' AND EXISTS (SELECT FROM ponte.link)) t"
            );
            eventually(Duration::from_secs(30), "a COPY to terminate", async || {
                let found = superuser.query_one(&find, &[]).await;
                found.ok().filter(|row| row.get::<_, i64>(0) > 0)
            })
            .await;
        });
        outcome.unwrap_err();
        let done = number(
            &world.b,
            "SELECT coalesce(sum(rows), 0)::bigint FROM ponte.copy_chunk WHERE copied_at IS NOT NULL",
        )
        .await;
        eventually(
            Duration::from_secs(10),
            "the transactions of the dead to end",
            async || (number(&world.b, "SELECT count(*) FROM nota").await == done).then_some(()),
        )
        .await;
        assert!(done < 60_000, "everything was there already");
        let report = world.try_init_in_chunks(&spec, 10_000).await.unwrap();
        assert_eq!(i64::try_from(report.copied).unwrap(), 60_000 - done);
        assert_eq!(world.assert_equal("nota").await.len(), 60_000);
    }
}

/// AT-125: what changes at both sides while a first contact lies interrupted is there in the end, in finished chunks and in others;
/// so are parents that were added since their own chunk was copied.
#[tokio::test]
async fn changes_made_while_a_first_contact_lies_interrupted_are_not_lost() {
    let schema = "CREATE TABLE pai (id int PRIMARY KEY, nome text); CREATE TABLE filho (id int PRIMARY KEY, pai int NOT NULL REFERENCES pai);";
    in_both_modes(schema, async |world| {
        world
            .a("INSERT INTO pai SELECT g, 'p' FROM generate_series(1, 1000) g; INSERT INTO filho SELECT g, g FROM generate_series(1, 1000) g")
            .await;
        let spec = world.spec(&["pai", "filho"]);
        // The last chunks of the children are refused at first.
        world
            .b("CREATE FUNCTION recusar() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id > 500 THEN RAISE object_in_use; END IF; RETURN NEW; END';
                CREATE TRIGGER recusar AFTER INSERT ON filho FOR EACH ROW EXECUTE FUNCTION recusar(); ALTER TABLE filho ENABLE ALWAYS TRIGGER recusar")
            .await;
        world.try_init_in_chunks(&spec, 100).await.unwrap_err();
        let finished = number(&world.b, "SELECT count(*) FROM ponte.copy_chunk WHERE copied_at IS NOT NULL").await;
        assert!(finished > 10, "{finished}");
        world
            .sides(
                "INSERT INTO pai VALUES (2001, 'novo'); INSERT INTO filho VALUES (2001, 2001); UPDATE filho SET pai = 2001 WHERE id IN (1, 900); \
                 DELETE FROM filho WHERE id IN (2, 901); DELETE FROM pai WHERE id IN (2, 901); UPDATE pai SET nome = 'mudado' WHERE id = 3",
                "DROP TRIGGER recusar ON filho; INSERT INTO pai VALUES (3001, 'b'); UPDATE pai SET nome = 'b' WHERE id = 4; DELETE FROM filho WHERE id = 5",
            )
            .await;
        let report = world.try_init_in_chunks(&spec, 100).await.unwrap();
        assert_eq!(i64::try_from(report.chunks_before).unwrap(), finished);
        settle(&mut world.open(&spec).await).await;
        assert_eq!(world.assert_equal("pai").await.len(), 1000);
        let children = world.assert_equal("filho").await;
        assert_eq!(children.len(), 998);
        assert!(children.contains(&"(1,2001)".to_owned()) && children.contains(&"(900,2001)".to_owned()));
        assert_eq!(text(&world.b, "SELECT string_agg(nome, ' ' ORDER BY id) FROM pai WHERE id IN (3, 4)").await, "mudado b");
    })
    .await;
}

/// AT-130: what is told of a copy ends in exactly what was copied.
#[tokio::test]
async fn progress_counts_every_row_once() {
    let world = World::with(NOTA).await;
    world
        .a("INSERT INTO nota SELECT g, repeat('x', 100) FROM generate_series(1, 5000) g")
        .await;
    let spec = world.spec(&["nota"]);
    let mut peers = world.peers().await;
    let plan = plan_init(&spec, &mut peers).await.unwrap();
    let progress = Arc::new(std::sync::Mutex::new(ContactProgress::default()));
    let (seen, settled) = (Arc::clone(&progress), Arc::new(AtomicBool::new(false)));
    let settling = Arc::clone(&settled);
    let options = InitOptions {
        chunk_rows: 1000,
        connections: 2,
        observe: Arc::new(move |event| {
            settling.fetch_or(*event == ContactEvent::Settling, Ordering::Relaxed);
            seen.lock().unwrap().note(event, Duration::ZERO);
        }),
    };
    init_with(spec, peers, plan, &options).await.unwrap();
    let progress = progress.lock().unwrap();
    let table = &progress.tables()[0];
    assert_eq!(
        (table.rows, table.rows_expected, table.chunks_done),
        (5000, 5000, 5)
    );
    assert!(table.complete() && table.bytes > 500_000 && settled.load(Ordering::Relaxed));
}
