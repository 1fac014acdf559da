//! The schemas: one of our own, those of the packs, and what the installation ships.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ponte_pg::Conninfo;
use ponte_pg::catalog;
use ponte_pg::migrate::{Migrator, Options, UpRequest, read_directory};

use crate::bench::{Bench, run};
use crate::large;
use crate::shipped::{Shipped, extensions, information_schema, pgbench};

#[tokio::test]
async fn a_large_schema_of_every_kind_is_rebuilt_from_nothing() {
    let mut bench = Bench::start().await;
    let place = bench.place().await;
    run(&place.client, &large::schema(8)).await.unwrap();
    let objects = catalog::read(&place.session).await.unwrap().objects.len();
    assert!(objects > 500, "only {objects} objects");
    let reprinted = bench.rebuild(&place).await.unwrap();
    assert_eq!(reprinted, Vec::<String>::new());
}

#[tokio::test]
async fn every_pack_is_rebuilt_from_nothing() {
    let mut bench = Bench::start().await;
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut seen = 0;
    for pack in std::fs::read_dir(packs).unwrap() {
        let migrations = pack.unwrap().path().join("migrations");
        if !migrations.is_dir() {
            continue;
        }
        let place = bench.place().await;
        let conninfo = Conninfo::parse(&place.url).unwrap();
        let mut migrator = Migrator::connect(&conninfo, Options::new("test")).await.unwrap();
        let files = read_directory(&migrations).unwrap();
        migrator
            .up(&files, &UpRequest::default(), &mut |_| {})
            .await
            .unwrap();
        let rebuilt = bench.rebuild(&place).await;
        rebuilt.unwrap_or_else(|why| panic!("{}: {why}", migrations.display()));
        seen += 1;
    }
    assert!(seen >= 5, "only {seen} packs were found");
}

#[tokio::test]
async fn what_an_installation_ships_is_rebuilt_from_nothing() {
    let mut bench = Bench::start().await;
    let place = bench.place().await;
    let row = place
        .client
        .query_one("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'", &[])
        .await
        .unwrap();
    let share = PathBuf::from(row.get::<_, String>(0));
    let mut scripts = BTreeMap::from([("views".to_owned(), information_schema(&share))]);
    scripts.extend(extensions(&share.join("extension")));
    let mut shipped = Shipped::default();
    for (name, script) in scripts {
        shipped.bring(&place, &name, &script).await;
    }
    shipped.left_out.extend(pgbench(&place.url));
    shipped.tell();
    assert!(shipped.made.len() > 10, "only {:?} could be made", shipped.made);
    bench.rebuild(&place).await.unwrap();
}
