//! More than two nodes: chains, rings, stars, meshes, and what links that share a table owe each other.

use std::time::Duration;

use ponte_pg::ErrorKind;
use ponte_pg::sync::{LiveLink, drop_link};
use ponte_sync::link::{ApplyAs, FirstContact};

use crate::install::inventory;
use crate::network::{History, Network};
use crate::support::{NOTA, PERFIS, number, text};

/// Versions come from the clock.
const SEM_VERSAO: &str = "CREATE TABLE nota (id int PRIMARY KEY, texto text)";

type Pairs = &'static [(usize, usize)];
const CHAIN: Pairs = &[(0, 1), (1, 2)];
const RING: Pairs = &[(0, 1), (1, 2), (2, 0)];
const MESH: Pairs = &[(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];

/// Random writes and passes, then quiet; everything equal and nothing lost. `values` is 0 where each write is to be told from
/// all others, else how many different contents there are.
async fn random_history(nodes: usize, pairs: Pairs, schema: &str, apply: ApplyAs, values: u32) {
    let seed = fastrand::u64(..);
    println!("seed {seed}, {nodes} nodes, {values} values, {apply:?}, {schema}");
    let network = Network::applying(nodes, schema, apply).await;
    history_in(network, pairs, values, seed).await;
}

/// The same where changelogs keep nothing and go on to another part before every pass.
async fn forgetful_history(nodes: usize, pairs: Pairs, schema: &str) {
    let seed = fastrand::u64(..);
    println!("seed {seed}, {nodes} nodes, {schema}, rotating");
    let mut network = Network::start(nodes, schema).await;
    network.forgets = true;
    let network = history_in(network, pairs, 0, seed).await;
    for client in &network.clients {
        let entries = "SELECT count(*) FROM ponte.changelog_nota";
        assert_eq!(number(client, entries).await, 0, "entries that nobody waits for");
        let turns = "SELECT count(*) FROM ponte.changelog_part WHERE emptied_at IS NOT NULL AND part > 0";
        assert!(
            number(client, turns).await > 1,
            "no part after the first was emptied"
        );
    }
}

async fn history_in(mut network: Network, pairs: Pairs, values: u32, seed: u64) -> Network {
    let (mut random, nodes) = (fastrand::Rng::with_seed(seed), network.clients.len());
    network
        .run(
            0,
            "INSERT INTO nota (id, texto) VALUES (0, 'do comeco'), (1, 'tambem')",
        )
        .await;
    for (one, other) in pairs {
        network.link(*one, *other, &["nota"]).await;
    }
    let mut history = History::default();
    for _ in 0..2 {
        for _ in 0..25 {
            for _ in 0..random.usize(1..4) {
                let node = random.usize(0..nodes);
                history.write(&network, node, &mut random, values).await;
            }
            let link = random.usize(0..pairs.len());
            network.pass(link).await;
        }
        network.settle().await;
        network.assert_equal("nota").await;
        if values == 0 {
            history.assert_nothing_lost(&network).await;
        }
    }
    assert!(network.conflicts().await > 0, "the history holds no conflict");
    network
}

/// AT-015: random writes on both sides of a pair, and along a chain, while nothing is kept longer than it has to be.
#[tokio::test]
async fn a_pair_and_a_chain_agree_while_changelogs_rotate_at_every_pass() {
    for schema in [SEM_VERSAO, NOTA] {
        forgetful_history(2, &CHAIN[..1], schema).await;
        forgetful_history(3, CHAIN, schema).await;
    }
}

/// AT-015: two links share a table; what one of them has not carried stays, however often the other one tidies up.
#[tokio::test]
async fn a_link_that_lags_loses_nothing_beside_one_that_does_not() {
    let mut network = Network::start(3, NOTA).await;
    network.forgets = true;
    for leaf in [1, 2] {
        network.link(0, leaf, &["nota"]).await;
    }
    for n in 0..6 {
        let write = format!("INSERT INTO nota (id) VALUES ({n}); DELETE FROM nota WHERE id = {n} - 2");
        network.run(0, &write).await;
        network
            .run(1, &format!("INSERT INTO nota (id) VALUES (100 + {n})"))
            .await;
        network.pass(0).await;
    }
    let entries = "SELECT count(DISTINCT k1) FROM ponte.entries_nota";
    assert_eq!(
        number(&network.clients[0], entries).await,
        12,
        "the second leaf still waits for them"
    );
    assert_eq!(number(&network.clients[2], "SELECT count(*) FROM nota").await, 0);
    network.settle().await;
    assert_eq!(network.assert_equal("nota").await.len(), 8);
    assert_eq!(number(&network.clients[0], entries).await, 0);
}

/// AT-022: a chain carries changes on.
/// AT-020: counters stay as they are once it is quiet.
#[tokio::test]
async fn a_chain_agrees_whatever_is_written_where() {
    for schema in [SEM_VERSAO, NOTA] {
        random_history(3, CHAIN, schema, ApplyAs::Plain, 0).await;
    }
}

/// AT-022: a ring comes to rest.
/// AT-038: where three write the same row, one of them wins everywhere.
#[tokio::test]
async fn a_ring_agrees_whatever_is_written_where() {
    for apply in [ApplyAs::Plain, ApplyAs::Replica] {
        for schema in [SEM_VERSAO, NOTA] {
            random_history(3, RING, schema, apply, 0).await;
        }
    }
}

/// Two nodes may write the same content without knowing of each other, and give it different versions.
#[tokio::test]
async fn a_ring_agrees_also_where_writes_say_the_same() {
    for schema in [SEM_VERSAO, NOTA] {
        random_history(3, RING, schema, ApplyAs::Plain, 3).await;
    }
}

/// AT-022: a clock that is set back stamps a change older than the one that it was made on top of, which travels round the ring meanwhile.
#[tokio::test]
async fn a_ring_comes_to_rest_after_a_clock_was_set_back() {
    for order in [[0, 1, 2], [1, 2, 0], [2, 1, 0], [2, 0, 1]] {
        let mut network = Network::start(3, SEM_VERSAO).await;
        for (one, other) in RING {
            network.link(*one, *other, &["nota"]).await;
        }
        network
            .run(
                0,
                "UPDATE ponte.clock SET seen = clock_timestamp() + interval '1 hour'; INSERT INTO nota VALUES (1, 'antes'), (2, 'antes')",
            )
            .await;
        network.pass(order[0]).await;
        network
            .run(
                0,
                "UPDATE ponte.clock SET seen = '-infinity'; UPDATE nota SET texto = 'depois' WHERE id = 1; DELETE FROM nota WHERE id = 2",
            )
            .await;
        network.pass(order[1]).await;
        network.pass(order[2]).await;
        network.settle().await;
        network.assert_equal("nota").await;
    }
}

/// AT-022: a delete overtakes its insert on the other way round the ring.
#[tokio::test]
async fn a_delete_that_arrives_before_its_insert_is_not_chased_round_the_ring() {
    let mut network = Network::start(3, SEM_VERSAO).await;
    for (one, other) in RING {
        network.link(*one, *other, &["nota"]).await;
    }
    network.run(0, "INSERT INTO nota VALUES (1, 'a')").await;
    network.pass(0).await;
    network.run(1, "DELETE FROM nota WHERE id = 1").await;
    network.pass(1).await;
    network.pass(2).await;
    network.settle().await;
    assert!(
        network.assert_equal("nota").await.is_empty(),
        "the insert came back"
    );
}

#[tokio::test]
async fn a_full_mesh_agrees_whatever_is_written_where() {
    for (schema, values) in [(SEM_VERSAO, 0), (NOTA, 0), (SEM_VERSAO, 3)] {
        random_history(4, MESH, schema, ApplyAs::Plain, values).await;
    }
}

/// AT-023: one hub, twelve leaves.
/// AT-038: three leaves write the same row at once, another winner for each row.
#[tokio::test]
async fn a_star_of_twelve_leaves_agrees() {
    let mut network = Network::start(13, SEM_VERSAO).await;
    network
        .run(
            0,
            "INSERT INTO nota SELECT g, 'do centro' FROM generate_series(1, 100) g",
        )
        .await;
    for leaf in 1..=12 {
        network.link(0, leaf, &["nota"]).await;
    }
    network.assert_equal("nota").await;
    for leaf in 1..=12 {
        network
            .run(
                leaf,
                &format!("INSERT INTO nota VALUES ({leaf} * 1000, 'folha {leaf}'); DELETE FROM nota WHERE id = {leaf}"),
            )
            .await;
    }
    for (row, last) in [(50, 3), (51, 7), (52, 12)] {
        for leaf in [3, 7, 12].into_iter().filter(|l| *l != last).chain([last]) {
            network
                .run(
                    leaf,
                    &format!("UPDATE nota SET texto = 'folha {leaf}' WHERE id = {row}"),
                )
                .await;
        }
    }
    network.settle().await;
    let rows = network.assert_equal("nota").await;
    assert_eq!(rows.len(), 100, "{rows:?}");
    for expected in ["(50,\"folha 3\")", "(51,\"folha 7\")", "(52,\"folha 12\")"] {
        assert!(
            rows.iter().any(|r| r == expected),
            "{expected} is not among {rows:?}"
        );
    }
}

/// AT-024: two links share a table, each with another partner, and one of them carries more.
#[tokio::test]
async fn a_link_that_goes_leaves_the_others_working() {
    let mut network = Network::start(
        3,
        &format!("{SEM_VERSAO}; CREATE TABLE outra (id int PRIMARY KEY)"),
    )
    .await;
    network.link(0, 1, &["nota", "outra"]).await;
    let with_one = inventory(&network.clients[1]).await;
    network.link(1, 2, &["nota"]).await;
    network.run(0, "INSERT INTO nota VALUES (1, 'a')").await;
    network.settle().await;
    assert_eq!(network.assert_equal("nota").await, ["(1,a)"]);
    network.unlink(0, 1).await;
    network
        .run(
            1,
            "INSERT INTO nota VALUES (2, 'b'); INSERT INTO outra VALUES (1)",
        )
        .await;
    network.run(2, "UPDATE nota SET texto = 'c' WHERE id = 1").await;
    network.settle().await;
    let there = "SELECT string_agg(texto, ' ' ORDER BY id) FROM nota";
    for (node, expected) in [(0, "a"), (1, "c b"), (2, "c b")] {
        assert_eq!(text(&network.clients[node], there).await, expected, "n{node}");
    }
    // What was left out comes to agree again, and the last links take everything with them.
    network.link(0, 1, &["nota", "outra"]).await;
    network.settle().await;
    assert_eq!(network.assert_equal("nota").await, ["(1,c)", "(2,b)"]);
    let outra = "SELECT count(*) FROM outra";
    assert_eq!(number(&network.clients[0], outra).await, 1);
    network.unlink(1, 2).await;
    assert_eq!(inventory(&network.clients[1]).await, with_one);
    network.unlink(0, 1).await;
    for client in &network.clients {
        let left = inventory(client).await;
        assert!(!left.contains("ponte"), "{left}");
    }
}

/// AT-025: the same sync configured twice, under another name and with the nodes the other way round.
#[tokio::test]
async fn the_same_two_databases_do_not_share_a_table_over_two_links() {
    let mut network = Network::start(2, NOTA).await;
    network.link(0, 1, &["nota"]).await;
    let before = inventory(&network.clients[0]).await;
    let mut twice = network.spec(1, 0, &["nota"]);
    twice.nodes = ["outro".into(), "nome".into()];
    let error = network.try_init(1, 0, &twice).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncAlreadyLinked, "{error:?}");
    assert!(
        error.to_string().contains("link \"l0-1\" carries table nota"),
        "{error}"
    );
    assert!(
        error.next_step().unwrap().contains("ponte sync drop l0-1"),
        "{error:?}"
    );
    assert_eq!(inventory(&network.clients[0]).await, before);
}

#[tokio::test]
async fn links_that_share_a_table_agree_on_its_key_and_its_versions() {
    let schema = "CREATE TABLE nota (id int PRIMARY KEY, outro int UNIQUE NOT NULL, texto text, \
                  updated_at timestamptz NOT NULL DEFAULT now(), visto timestamptz NOT NULL DEFAULT now())";
    let mut network = Network::start(3, schema).await;
    network.link(0, 1, &["nota"]).await;
    let before = inventory(&network.clients[1]).await;
    let wanted = network.spec(1, 2, &["nota"]);
    let mut other_key = wanted.clone();
    other_key.tables[0].keys = [Some(vec!["outro".into()]), Some(vec!["outro".into()])];
    let mut other_version = wanted.clone();
    other_version.tables[0].versions = [Some("visto".into()), Some("visto".into())];
    let mut other_future = wanted.clone();
    other_future.max_future_seconds = 60;
    for (spec, what) in [
        (other_key, "key: outro is not id"),
        (other_version, "version: visto is not updated_at"),
        (other_future, "max_future: 60s is not 300s"),
    ] {
        let error = network.try_init(1, 2, &spec).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncAlreadyLinked, "{error:?}");
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(inventory(&network.clients[1]).await, before);
    }
    network.try_init(1, 2, &wanted).await.unwrap();
}

/// The second link is made while the first one has changes on the way; none of them may miss the newcomer.
#[tokio::test]
async fn a_node_that_joins_late_gets_everything_and_gives_what_it_has() {
    let mut network = Network::start(3, SEM_VERSAO).await;
    network
        .run(
            0,
            "INSERT INTO nota SELECT g, 'n0' FROM generate_series(1, 2000) g",
        )
        .await;
    network.link(0, 1, &["nota"]).await;
    network
        .run(0, "UPDATE nota SET texto = 'mudou' WHERE id <= 700")
        .await;
    network
        .run(
            2,
            "INSERT INTO nota SELECT g, 'n2' FROM generate_series(1901, 2500) g",
        )
        .await;
    network.link(1, 2, &["nota"]).await;
    network
        .run(0, "DELETE FROM nota WHERE id BETWEEN 500 AND 1200")
        .await;
    network.settle().await;
    assert_eq!(network.assert_equal("nota").await.len(), 2500 - 701);
}

/// A table that is empty at a node in the middle is filled, and what fills it goes on.
#[tokio::test]
async fn an_empty_node_in_the_middle_carries_on_what_it_is_given() {
    let mut network = Network::start(3, SEM_VERSAO).await;
    network.link(0, 1, &["nota"]).await;
    network
        .run(
            2,
            "INSERT INTO nota SELECT g, 'n2' FROM generate_series(1, 1500) g",
        )
        .await;
    network.link(1, 2, &["nota"]).await;
    network.settle().await;
    assert_eq!(network.assert_equal("nota").await.len(), 1500);
    let conflicts = network.conflicts().await;
    assert_eq!(conflicts, 0);
}

/// What is announced to a newcomer is news for it alone: a partner of old, who has meanwhile written the row anew under an
/// older version, is not overruled by it.
#[tokio::test]
async fn what_a_newcomer_is_told_does_not_go_to_partners_of_old() {
    let mut network = Network::start(3, NOTA).await;
    network
        .run(
            1,
            "INSERT INTO nota SELECT g, 'n1', '2026-05-01' FROM generate_series(1, 3) g",
        )
        .await;
    network.link(0, 1, &["nota"]).await;
    network
        .run(
            0,
            "UPDATE nota SET texto = 'corrigido', updated_at = '2026-04-01' WHERE id = 1",
        )
        .await;
    network
        .run(2, "INSERT INTO nota VALUES (9, 'n2', '2026-01-01')")
        .await;
    network.link(2, 1, &["nota"]).await;
    network.settle().await;
    let rows = network.assert_equal("nota").await;
    assert!(rows[0].starts_with("(1,corrigido,"), "{rows:?}");
    assert_eq!(rows.len(), 4);
    assert_eq!(network.conflicts().await, 0);
}

/// AT-149: of the links of one node, those whose partner is there go on.
/// AT-044: what was deleted while it was away does not come back.
#[tokio::test]
async fn a_partner_that_is_away_for_long_catches_up() {
    let mut network = Network::start(4, SEM_VERSAO).await;
    for leaf in 1..=3 {
        network.link(0, leaf, &["nota"]).await;
    }
    let away = network.links.remove(2);
    let spec = away.spec().clone();
    drop(away);
    network.run(3, "INSERT INTO nota VALUES (3, 'da ausente')").await;
    for day in 1..=24 {
        network
            .run(
                1,
                &format!(
                    "INSERT INTO nota VALUES ({day} * 10, 'n1'); DELETE FROM nota WHERE id = ({day} - 1) * 10"
                ),
            )
            .await;
        network.pass(0).await;
        network.pass(1).await;
    }
    let rows = number(&network.clients[2], "SELECT count(*) FROM nota").await;
    assert_eq!(rows, 1, "those who were there wait for who was not");
    let unsynced = "SELECT count(*) FROM nota_changelog WHERE NOT synced";
    assert!(number(&network.clients[0], unsynced).await >= 47);
    let peers = network.peers(0, 3).await;
    network.links.push(LiveLink::open(spec, peers).await.unwrap());
    network.settle().await;
    assert_eq!(
        network.assert_equal("nota").await,
        ["(240,n1)", "(3,\"da ausente\")"]
    );
    assert_eq!(number(&network.clients[0], unsynced).await, 0);
}

#[tokio::test]
async fn the_changelog_says_synced_once_all_partners_have_it() {
    let mut network = Network::start(3, SEM_VERSAO).await;
    network.link(0, 1, &["nota"]).await;
    network.link(1, 2, &["nota"]).await;
    network.run(1, "INSERT INTO nota VALUES (1, 'a')").await;
    let state = "SELECT string_agg(synced::text, ' ' ORDER BY seq) FROM nota_changelog";
    assert_eq!(text(&network.clients[1], state).await, "false");
    network.pass(0).await;
    assert_eq!(text(&network.clients[1], state).await, "false");
    network.pass(1).await;
    assert_eq!(text(&network.clients[1], state).await, "true");
    // What came over one link is synced once the other one has it.
    network.run(0, "INSERT INTO nota VALUES (2, 'b')").await;
    network.pass(0).await;
    assert_eq!(text(&network.clients[1], state).await, "true false");
    network.pass(1).await;
    assert_eq!(text(&network.clients[1], state).await, "true true");
}

#[tokio::test]
async fn identities_of_many_nodes_do_not_meet() {
    let mut network = Network::start(5, PERFIS).await;
    for (one, other) in [(0, 1), (1, 2), (3, 1), (2, 4)] {
        network.link(one, other, &["perfis"]).await;
    }
    // The ring is closed: both ends have numbers of their own already.
    network.link(4, 0, &["perfis"]).await;
    for _ in 0..2 {
        for node in 0..5 {
            network
                .run(
                    node,
                    "INSERT INTO perfis (nome) SELECT 'x' FROM generate_series(1, 40)",
                )
                .await;
        }
        network.settle().await;
    }
    assert_eq!(network.assert_equal("perfis").await.len(), 400);
    assert_eq!(network.conflicts().await, 0);
}

#[tokio::test]
async fn identities_that_were_divided_apart_are_refused() {
    let mut network = Network::start(4, PERFIS).await;
    network.link(0, 1, &["perfis"]).await;
    network.link(2, 3, &["perfis"]).await;
    let spec = network.spec(1, 2, &["perfis"]);
    let error = network.try_init(1, 2, &spec).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncUnfit, "{error:?}");
    assert!(error.to_string().contains("numbers of perfis.id"), "{error}");
}

/// The peer is gone for good; what its link left is taken away all the same, and the other link goes on.
#[tokio::test]
async fn a_link_is_dropped_without_its_peer() {
    let mut network = Network::start(3, SEM_VERSAO).await;
    network.link(0, 1, &["nota"]).await;
    network.link(1, 2, &["nota"]).await;
    network.links.remove(1);
    network.clients.pop();
    network
        .cluster
        .sql("postgres", "DROP DATABASE n2 WITH (FORCE)")
        .await;
    assert!(drop_link("l1-2", &mut network.peer(1).await).await.unwrap());
    network.run(0, "INSERT INTO nota VALUES (1, 'a')").await;
    network.settle().await;
    assert_eq!(network.assert_equal("nota").await.len(), 1);
}

/// Two clients make links at the same node at the same time.
#[tokio::test]
async fn links_that_are_made_at_the_same_time_share_what_they_have_to() {
    let network = Network::start(3, PERFIS).await;
    let (one, other) = (network.spec(0, 1, &["perfis"]), network.spec(0, 2, &["perfis"]));
    let both = tokio::time::timeout(Duration::from_secs(60), async {
        tokio::join!(network.try_init(0, 1, &one), network.try_init(0, 2, &other))
    });
    let (first, second) = both.await.unwrap();
    first.unwrap();
    second.unwrap();
    let steps = "SELECT seqincrement FROM pg_sequence WHERE seqrelid = 'perfis_id_seq'::regclass";
    let mut found = Vec::new();
    for client in &network.clients {
        found.push(number(client, steps).await);
    }
    found.sort_unstable();
    assert_eq!(found, [2, 4, 4]);
}

/// A node may hold much that one of its links never ships.
#[tokio::test]
async fn a_link_moves_past_what_it_does_not_ship() {
    let mut network = Network::start(3, NOTA).await;
    network
        .run(
            1,
            "INSERT INTO nota SELECT g, 'n1' FROM generate_series(1, 3000) g",
        )
        .await;
    network.link(0, 1, &["nota"]).await;
    let mut spec = network.spec(2, 1, &["nota"]);
    spec.first_contact = FirstContact::Merge;
    network.run(2, "INSERT INTO nota VALUES (9999, 'n2')").await;
    network.link(2, 1, &["nota"]).await;
    network.settle().await;
    let behind = "SELECT count(*) FROM ponte.changelog_nota l, ponte.outgoing o WHERE NOT pg_visible_in_snapshot(l.xid, o.consumed)";
    assert!(number(&network.clients[1], behind).await <= 500);
}
