//! Random histories of rows that leave the filter, change wherever they are, and come back: in the end both sides agree, and nothing is lost.

use std::collections::BTreeSet;

use ponte_sync::link::{ApplyAs, ConflictRule, LinkSpec, Side};

use crate::keeping::{PEDIDO, keeping};
use crate::support::{World, number, settle};

const KEYS: usize = 6;
const STEPS: usize = 60;

/// What was written, and what somebody saw when he wrote over it.
#[derive(Default)]
struct Ledger {
    written: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl Ledger {
    /// One write of a client: a change, a new row, a delete of a row that takes part, or the switch of either kind.
    async fn write(&mut self, world: &World, side: Side, random: &mut fastrand::Rng) {
        let (client, key) = (world.client(side), random.usize(1..=KEYS));
        let look = format!("SELECT texto FROM pedido WHERE id = {key}");
        let there = client.query(&look, &[]).await.unwrap();
        let there: Option<String> = there.first().map(|row| row.get(0));
        let text = format!("t{}", self.written.len());
        let sql = match random.u8(0..10) {
            0..=4 => {
                self.seen.extend(there);
                self.written.insert(text.clone());
                format!(
                    "INSERT INTO pedido (id, texto, updated_at) VALUES ({key}, '{text}', clock_timestamp()) \
                     ON CONFLICT (id) DO UPDATE SET texto = excluded.texto, updated_at = excluded.updated_at"
                )
            }
            5..=7 => format!("UPDATE pedido SET ligado = NOT ligado WHERE id = {key}"),
            _ => {
                let delete = format!("DELETE FROM pedido WHERE id = {key} AND ligado RETURNING texto");
                let gone = client.query(&delete, &[]).await.unwrap();
                self.seen.extend(gone.first().map(|row| row.get(0)));
                return;
            }
        };
        client.batch_execute(&sql).await.unwrap();
    }

    /// What is neither there, nor was seen by whoever wrote over it, nor is kept in a conflict.
    async fn lost(&self, world: &World) -> Vec<&String> {
        let mut kept: BTreeSet<String> = BTreeSet::new();
        for side in Side::BOTH {
            let sql =
                "SELECT unnest(here_image || there_image) FROM ponte.conflict UNION SELECT texto FROM pedido";
            let rows = world.client(side).query(sql, &[]).await.unwrap();
            kept.extend(rows.iter().filter_map(|row| row.get::<_, Option<String>>(0)));
        }
        self.written
            .iter()
            .filter(|text| !self.seen.contains(*text) && !kept.contains(*text))
            .collect()
    }
}

async fn history(world: &World, spec: &LinkSpec, seed: u64) {
    println!("seed {seed}, {:?}", spec.conflict);
    let mut random = fastrand::Rng::with_seed(seed);
    world.both("DROP TABLE IF EXISTS pedido CASCADE").await;
    world.both(PEDIDO).await;
    let mut link = world.init(spec).await;
    let mut ledger = Ledger::default();
    for _ in 0..STEPS {
        let side = Side::BOTH[random.usize(0..2)];
        ledger.write(world, side, &mut random).await;
        if random.u8(0..4) == 0 {
            world.retry_now().await;
            link.pass().await.unwrap();
        }
    }
    // Everybody comes back, some time.
    for _ in 0..3 {
        world
            .both("UPDATE pedido SET ligado = true WHERE NOT ligado")
            .await;
        world.retry_now().await;
        settle(&mut link).await;
    }
    assert_eq!(world.quarantined().await, 0, "somebody still waits");
    world.assert_equal("pedido").await;
    assert!(link.compare().await.unwrap()[0].equal());
    assert_eq!(ledger.lost(world).await, Vec::<&String>::new());
    let left = "SELECT count(*) FROM pedido WHERE NOT ligado";
    assert_eq!(number(&world.a, left).await + number(&world.b, left).await, 0);
    drop(link);
    for mut peer in world.peers().await {
        ponte_pg::sync::drop_link(&spec.name, &mut peer).await.unwrap();
    }
}

#[tokio::test]
async fn sides_agree_and_lose_nothing_once_everybody_is_back() {
    let world = World::applying("", ApplyAs::Plain).await;
    let mut spec = keeping(&world);
    for rule in [
        ConflictRule::Latest,
        ConflictRule::Wins(Side::First),
        ConflictRule::Wins(Side::Second),
    ] {
        spec.conflict = rule;
        history(&world, &spec, fastrand::u64(..)).await;
    }
}
