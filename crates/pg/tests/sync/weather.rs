//! A network that is slow, that loses packets, that stands still.

use std::time::Duration;

use ponte_pg::sync::{LiveLink, Peer};
use ponte_pg::{Conninfo, ErrorKind};
use ponte_sync::link::Side;
use ponte_testkit::{Proxy, eventually};

use crate::crash::Wires;
use crate::support::{NOTA, World, number, settle, text, try_session};

const SOON: Duration = Duration::from_secs(30);

/// AT-143: every answer comes late, and of a large batch some pieces very late. TCP hides lost packets, so this is what losses look like from here.
#[tokio::test]
async fn a_slow_and_lossy_network_delays_and_loses_nothing() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    world.init(&spec).await;
    let wires = Wires::of(&world).await;
    let mut link = wires.open(&world, &spec).await.unwrap();
    for wire in &wires.0 {
        wire.delay(Duration::from_millis(40));
    }
    world
        .sides(
            "INSERT INTO nota VALUES (1, 'a')",
            "INSERT INTO nota VALUES (2, 'b')",
        )
        .await;
    link.pass().await.unwrap();
    world.assert_equal("nota").await;
    for wire in &wires.0 {
        wire.delay(Duration::ZERO);
        wire.lose(20, Duration::from_millis(120));
    }
    world
        .sides(
            "INSERT INTO nota SELECT g, repeat('a', 500) FROM generate_series(10, 3000) g",
            "INSERT INTO nota SELECT -g, repeat('b', 500) FROM generate_series(10, 3000) g; UPDATE nota SET texto = 'b2' WHERE id = 1",
        )
        .await;
    link.pass().await.unwrap();
    assert_eq!(world.assert_equal("nota").await.len(), 5984);
    assert_eq!(world.conflicts().await, 0);
}

/// AT-143: five seconds of silence in the middle of a batch are no reason to give up.
#[tokio::test]
async fn a_pass_survives_a_network_that_stands_still_for_five_seconds() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    world.init(&spec).await;
    let wires = Wires::of(&world).await;
    let mut link = wires.open(&world, &spec).await.unwrap();
    world
        .a("INSERT INTO nota SELECT g, repeat('a', 500) FROM generate_series(1, 2000) g")
        .await;
    // The source has nothing to say before the batch is in, so only the target's silence is one.
    let before = wires.0[1].passed_bytes();
    let (passed, ()) = tokio::join!(link.pass(), async {
        eventually(SOON, "the batch to be on its way", async || {
            (wires.0[1].passed_bytes() > before).then_some(())
        })
        .await;
        wires.0[1].freeze(true);
        tokio::time::sleep(Duration::from_secs(5)).await;
        wires.0[1].freeze(false);
    });
    passed.unwrap();
    assert_eq!(world.assert_equal("nota").await.len(), 2000);
}

/// AT-143: the peer is gone without a word while a batch is sent to it. The connection is given up, and nothing of the batch stays half done.
#[tokio::test]
async fn a_connection_that_nobody_answers_is_given_up_and_the_link_goes_on() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    world.init(&spec).await;
    let wires = Wires::of(&world).await;
    let mut link = wires.open(&world, &spec).await.unwrap();
    world
        .a("INSERT INTO nota SELECT g, repeat('a', 200000) FROM generate_series(1, 300) g")
        .await;
    let before = wires.0[1].passed_bytes();
    let (passed, ()) = tokio::join!(link.pass(), async {
        eventually(SOON, "the batch to be on its way", async || {
            (wires.0[1].passed_bytes() > before + 1_000_000).then_some(())
        })
        .await;
        wires.0[1].freeze(true);
    });
    assert_eq!(passed.unwrap_err().kind(), ErrorKind::ConnLost);
    assert_eq!(number(&world.b, "SELECT count(*) FROM nota").await, 0);
    wires.0[1].cut();
    wires.0[1].freeze(false);
    let mut link = eventually(SOON, "the link to go on", async || {
        let mut link = wires.open(&world, &spec).await.ok()?;
        link.pass().await.is_ok().then_some(link)
    })
    .await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("nota").await.len(), 300);
}

/// AT-143: a node is somewhere else from one moment to the next. Nothing is remembered of where it was: whoever connects anew goes through its addresses, and what
/// was under way arrives once.
#[tokio::test]
async fn a_node_whose_address_changes_is_found_at_its_next_one() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    world.init(&spec).await;
    let port = world.pair.b.port();
    let (old, new) = (Proxy::to(port).await, Proxy::to(port).await);
    let addresses = format!("127.0.0.1:{},127.0.0.1:{}", old.port(), new.port());
    let url = world.pair.url_b.replace(&format!("127.0.0.1:{port}"), &addresses);
    let conninfo = Conninfo::parse(&url).unwrap();
    let open = async || {
        let second = Peer::new("b", try_session(&conninfo).await.unwrap());
        let peers = [world.peer(Side::First).await, second];
        LiveLink::open(spec.clone(), peers).await.unwrap()
    };
    let mut link = open().await;
    world.a("INSERT INTO nota VALUES (1, 'a')").await;
    link.pass().await.unwrap();
    assert_eq!(new.passed_bytes(), 0);
    world
        .sides("UPDATE nota SET texto = 'a2'", "INSERT INTO nota VALUES (2, 'b')")
        .await;
    drop(old);
    assert_eq!(link.pass().await.unwrap_err().kind(), ErrorKind::ConnLost);
    let mut link = open().await;
    settle(&mut link).await;
    assert!(new.passed_bytes() > 0);
    assert_eq!(world.assert_equal("nota").await.len(), 2);
    assert_eq!(text(&world.b, "SELECT texto FROM nota WHERE id = 1").await, "a2");
}
