//! The functions of `ponte_sync::decide` and the SQL of the sync, given the same changelogs: they have to decide the same. The
//! simulator runs on the functions, the program on the SQL; this is what ties the two together.

use std::collections::BTreeMap;

use ponte_sync::decide::{Change, Note, Outcome, Reader, Version, decide, kind};
use ponte_sync::link::{ConflictRule, Side};
use ponte_sync::snapshot::Snapshot;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{NOTA, World, in_both_modes, number, text};

/// A history of one side: inserts, updates and deletes of a few keys, in transactions of which some roll back, with versions of
/// seven different times, so that they are often equal.
fn history(seed: i64, side: &str) -> String {
    let mut number = seed
        .wrapping_mul(0x5851_F42D_4C95_7F2D)
        .wrapping_add(side.len() as i64);
    let mut below = |bound: i64| {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (number >> 33).rem_euclid(bound)
    };
    let mut sql = String::new();
    for n in 0..14 {
        sql += "BEGIN;";
        for _ in 0..=below(2) {
            let (id, at) = (below(6), below(7));
            sql += &match below(4) {
                0 => format!("DELETE FROM nota WHERE id = {id};"),
                _ => format!(
                    "INSERT INTO nota VALUES ({id}, '{side}{n}', '2024-01-0{} UTC') ON CONFLICT (id) DO UPDATE \
                     SET texto = excluded.texto, updated_at = excluded.updated_at;",
                    at + 1
                ),
            };
        }
        sql += if below(5) == 0 { "ROLLBACK;" } else { "COMMIT;" };
    }
    sql
}

const MICROSECONDS: &str =
    "(extract(epoch FROM version_at) * 1000000)::bigint, (extract(epoch FROM changed_at) * 1000000)::bigint";

/// The changelog of a node, as the functions read it.
async fn notes(client: &Client) -> Vec<Note<i32, String>> {
    let table = text(
        client,
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'via' \
         WHERE c.relkind IN ('r', 'p') ORDER BY c.oid LIMIT 1",
    )
    .await;
    let key = text(
        client,
        &format!(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum = 1"
        ),
    )
    .await;
    let sql = format!(
        "SELECT {key}, xid::text, seq, op::text, {MICROSECONDS}, version_node, via, only_link FROM {table} ORDER BY seq"
    );
    let rows = client.query(&sql, &[]).await.unwrap();
    let note = |row: &tokio_postgres::Row| Note {
        key: row.get(0),
        xid: row.get::<_, String>(1).parse().unwrap(),
        seq: u64::try_from(row.get::<_, i64>(2)).unwrap(),
        insert: row.get::<_, String>(3) == "I",
        delete: row.get::<_, String>(3) == "D",
        at: row.get(4),
        noted: row.get(5),
        version_node: row.get(6),
        via: row.get(7),
        only: row.get(8),
    };
    rows.iter().map(note).collect()
}

/// One side before a pass.
struct Before {
    id: Uuid,
    notes: Vec<Note<i32, String>>,
    consumed: Snapshot,
    rows: BTreeMap<i32, String>,
}

impl Before {
    async fn of(client: &Client) -> Self {
        let id: Uuid = client
            .query_one("SELECT id FROM ponte.node", &[])
            .await
            .unwrap()
            .get(0);
        let consumed = text(client, "SELECT consumed::text FROM ponte.progress").await;
        Self {
            id,
            notes: notes(client).await,
            consumed: consumed.parse().unwrap(),
            rows: rows(client).await,
        }
    }

    /// What is pending, by the functions.
    fn pending(&self, consumed: &Snapshot) -> BTreeMap<i32, Change> {
        let link = "teste".to_owned();
        let reader = Reader {
            link: &link,
            here: self.id,
            consumed,
            own: None,
            echo: false,
        };
        reader.pending(&self.notes)
    }
}

async fn rows(client: &Client) -> BTreeMap<i32, String> {
    let rows = client.query("SELECT id, n::text FROM nota n", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// What the functions say of the first direction: what stands at the target afterwards, what is recorded, what is shipped back.
struct Said {
    rows: BTreeMap<i32, String>,
    recorded: Vec<(i32, String, String)>,
    confirmed: Vec<(i32, Version)>,
}

fn say(source: &Before, target: &Before, rule: ConflictRule) -> Said {
    let local = target.pending(&source.consumed);
    let mut said = Said {
        rows: target.rows.clone(),
        recorded: Vec::new(),
        confirmed: Vec::new(),
    };
    for (key, change) in source.pending(&target.consumed) {
        let version = change.version;
        let (there, here) = (source.rows.get(&key), target.rows.get(&key));
        if there == here {
            continue;
        }
        let outcome = local
            .get(&key)
            .map(|local| decide(rule.seen_from(Side::First), version, local.version, false));
        if outcome.as_ref().is_none_or(|outcome| outcome.incoming_wins) {
            match there {
                Some(row) => said.rows.insert(key, row.clone()),
                None => said.rows.remove(&key),
            };
        }
        let Some(Outcome {
            incoming_wins,
            confirm,
            record,
        }) = outcome
        else {
            continue;
        };
        said.confirmed.extend(confirm.map(|version| (key, version)));
        if record {
            let born_here = local.get(&key).is_some_and(|l| l.inserted && !l.deleted);
            let kind = kind(there.is_some(), change.inserted, here.is_some(), born_here);
            let winner = if incoming_wins { "a" } else { "b" };
            said.recorded.push((key, kind.to_owned(), winner.to_owned()));
        }
    }
    said
}

async fn check(world: &World, seeds: std::ops::Range<i64>, rule: ConflictRule) {
    let mut spec = world.spec(&["nota"]);
    spec.conflict = rule;
    let mut link = world.init(&spec).await;
    let mut conflicts = 0;
    for seed in seeds {
        println!("seed {seed}, {rule:?}");
        world.sides(&history(seed, "a"), &history(seed, "bb")).await;
        world.b("DELETE FROM ponte.conflict").await;
        let (source, target) = (Before::of(&world.a).await, Before::of(&world.b).await);
        let counted = number(
            &world.a,
            "SELECT count(DISTINCT id) FROM nota_changelog WHERE NOT synced",
        )
        .await;
        assert_eq!(
            source.pending(&target.consumed).len(),
            usize::try_from(counted).unwrap()
        );
        let said = say(&source, &target, rule);
        link.pass().await.unwrap();
        let sql = "SELECT key_values[1]::int, kind, winner FROM ponte.conflict ORDER BY 1";
        let recorded = world.b.query(sql, &[]).await.unwrap();
        let recorded: Vec<_> = recorded.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect();
        assert_eq!(recorded, said.recorded, "what was recorded");
        let known = target.notes.len();
        let mut confirmed: Vec<_> = notes(&world.b).await[known..]
            .iter()
            .map(|note| (note.key, note.version(target.id)))
            .collect();
        confirmed.sort();
        assert_eq!(confirmed, said.confirmed, "what is shipped back");
        assert_eq!(rows(&world.b).await, said.rows, "what stands at the target");
        world.assert_equal("nota").await;
        conflicts += said.recorded.len();
    }
    assert!(conflicts > 20, "hardly any conflict: {conflicts}");
}

#[tokio::test]
async fn the_sql_decides_what_the_functions_decide() {
    in_both_modes(NOTA, async |world| {
        check(world, 0..15, ConflictRule::Latest).await;
    })
    .await;
}

#[tokio::test]
async fn a_side_that_wins_does_so_in_sql_and_in_the_functions() {
    for side in Side::BOTH {
        let world = World::with(NOTA).await;
        check(&world, 0..8, ConflictRule::Wins(side)).await;
    }
}

/// Which transactions a snapshot sees: by the server, and by the function.
#[tokio::test]
async fn the_server_and_the_function_see_the_same_in_a_snapshot() {
    let world = World::with(NOTA).await;
    for snapshot in ["10:10:", "10:20:10,14,15", "7:9:7,8", "3:30:3,29"] {
        let sql = format!(
            "SELECT string_agg(x::text, ',' ORDER BY x) FROM generate_series(1, 35) x \
             WHERE pg_visible_in_snapshot(x::text::xid8, '{snapshot}')"
        );
        let parsed: Snapshot = snapshot.parse().unwrap();
        let seen: Vec<String> = (1..36)
            .filter(|x| parsed.sees(*x))
            .map(|x: u64| x.to_string())
            .collect();
        assert_eq!(text(&world.a, &sql).await, seen.join(","), "{snapshot}");
    }
}
