//! A whole sync over connections that are encrypted and whose servers are proven to be who they say they are.

use ponte_pg::sync::{LiveLink, Peer, init, plan_init};
use ponte_pg::{Conninfo, ErrorKind};
use ponte_sync::link::Side;
use ponte_testkit::{Authority, Valid};
use tempfile::TempDir;

use crate::support::{PERFIS, World, session, settle, try_session};

/// The owner's URL, by a name that the certificate can have.
fn verified(world: &World, side: Side, root: &str) -> String {
    let url = [&world.pair.url_a, &world.pair.url_b][side.index()];
    let by_name = url.replacen("127.0.0.1", "localhost", 1);
    let and = if by_name.contains('?') { '&' } else { '?' };
    format!("{by_name}{and}sslmode=verify-full&sslrootcert={root}")
}

async fn peers(world: &World, root: &str) -> [Peer; 2] {
    [
        Peer::new("a", session(&verified(world, Side::First, root)).await),
        Peer::new("b", session(&verified(world, Side::Second, root)).await),
    ]
}

/// AT-154: a certificate that has run out stops the sync, and a new one lets it go on from where it was.
#[tokio::test]
async fn a_sync_over_verified_tls_stops_with_its_certificate_and_goes_on_with_the_next() {
    let world = World::with(PERFIS).await;
    let authority = Authority::new("ours");
    let files = TempDir::new().unwrap();
    let root = authority.write(files.path(), "root.crt").display().to_string();
    for side in Side::BOTH {
        let certificate = authority.server(&["localhost"], Valid::Now);
        world.cluster(side).encrypt(&certificate, None).await;
    }
    let spec = world.spec(&["perfis"]);
    let mut first = peers(&world, &root).await;
    assert!(first.iter().all(|peer| peer.session().is_encrypted()));
    world
        .a("INSERT INTO perfis (nome) SELECT 'a' || g FROM generate_series(1, 2000) g")
        .await;
    let plan = plan_init(&spec, &mut first).await.unwrap();
    init(spec.clone(), first, plan).await.unwrap();

    let mut link = LiveLink::open(spec.clone(), peers(&world, &root).await)
        .await
        .unwrap();
    world
        .sides(
            "DELETE FROM perfis WHERE id % 2 = 0",
            "UPDATE perfis SET saldo = 5 WHERE id = 1",
        )
        .await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("perfis").await.len(), 1000);
    drop(link);

    let expired = authority.server(&["localhost"], Valid::LongAgo);
    world.cluster(Side::Second).encrypt(&expired, None).await;
    world.a("UPDATE perfis SET saldo = 9 WHERE id = 3").await;
    let conninfo = Conninfo::parse(&verified(&world, Side::Second, &root)).unwrap();
    let error = try_session(&conninfo).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnExpired, "{error:?}");

    let renewed = authority.server(&["localhost"], Valid::Now);
    world.cluster(Side::Second).encrypt(&renewed, None).await;
    let mut link = LiveLink::open(spec, peers(&world, &root).await).await.unwrap();
    settle(&mut link).await;
    world.assert_equal("perfis").await;
    assert!(link.compare().await.unwrap().iter().all(|t| t.equal()));
}
