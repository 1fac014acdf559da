//! Whole schemas taken apart and put together again: read, planned from nothing, made in an empty database, and compared with the
//! original by our model and by pg_dump; then taken away again by a plan.
//!
//! The schemas are the packs', one of our own with several hundred objects, and what a PostgreSQL installation ships. Of the latter, what holds
//! objects of kinds that the model does not know is left out, with the server's own count of them as the reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use ponte_pg::migrate::{Migrator, Options, UpRequest, read_directory};
use ponte_pg::{Conninfo, Session, catalog};
use ponte_testkit::binaries;
use tokio_postgres::Client;

use crate::large;
use crate::run::{Bench, run};

/// A schema of several hundred objects.
#[tokio::test]
async fn a_large_schema_of_every_kind_is_rebuilt_from_nothing() {
    let mut bench = Bench::start().await;
    let (client, session) = bench.database().await;
    run(&client, &large::schema(12)).await.unwrap();
    let objects = catalog::read(&session).await.unwrap().objects.len();
    assert!(objects > 500, "only {objects} objects");
    bench.rebuild(&session).await.unwrap();
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
        let (_, session) = bench.database().await;
        let conninfo = Conninfo::parse(&bench.url()).unwrap();
        let mut migrator = Migrator::connect(&conninfo, Options::new("test")).await.unwrap();
        let files = read_directory(&migrations).unwrap();
        migrator
            .up(&files, &UpRequest::default(), &mut |_| {})
            .await
            .unwrap();
        let rebuilt = bench.rebuild(&session).await;
        rebuilt.unwrap_or_else(|why| panic!("{}: {why}", migrations.display()));
        seen += 1;
    }
    assert!(seen >= 5, "only {seen} packs were found");
}

#[tokio::test]
async fn what_an_installation_ships_is_rebuilt_from_nothing() {
    let mut bench = Bench::start().await;
    let (client, session) = bench.database().await;
    let row = client
        .query_one("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'", &[])
        .await
        .unwrap();
    let share = PathBuf::from(row.get::<_, String>(0));
    let mut parts = BTreeMap::from([("views".to_owned(), information_schema(&share))]);
    parts.extend(extensions(&share.join("extension")));
    let mut shipped = Shipped::default();
    for (name, script) in parts {
        shipped.bring(&client, &session, &name, &script).await;
    }
    shipped.left_out.extend(pgbench(&bench.url()));
    let (made, left_out) = (&shipped.made, &shipped.left_out);
    // Whoever reads the output of this test is told what it did not try, and why.
    std::io::Write::write_all(
        &mut std::io::stderr(),
        format!(
            "rebuilt: {}\nleft out:\n{}\n",
            made.join(", "),
            left_out.join("\n")
        )
        .as_bytes(),
    )
    .unwrap();
    assert!(made.len() > 10, "only {made:?} of what is shipped could be made: {left_out:?}");
    bench.rebuild(&session).await.unwrap();
}

/// What the server describes itself with, as views of another schema.
fn information_schema(share: &Path) -> String {
    let text = std::fs::read_to_string(share.join("information_schema.sql")).unwrap();
    text.replace("information_schema", "views")
        .replace("CREATE SCHEMA views;", "")
        .replace("COPY ", "-- COPY ")
        .replace("\\.", "")
}

/// The scripts that make extensions, by the name of the extension, as if their objects were a user's.
fn extensions(directory: &Path) -> BTreeMap<String, String> {
    let mut scripts = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((name, _)) = file.split_once("--") else { continue };
        // A second version in the name is an upgrade.
        if !file.ends_with(".sql") || file.matches("--").count() != 1 {
            continue;
        }
        let control = std::fs::read_to_string(directory.join(format!("{name}.control"))).unwrap_or_default();
        let module = control.lines().find_map(|line| line.strip_prefix("module_pathname"));
        let module = module.map_or("", |value| value.trim_matches([' ', '=', '\'']));
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('\\'));
        let schema = format!("ext_{name}");
        let script = lines.collect::<Vec<_>>().join("\n");
        let script = script
            .replace("MODULE_PATHNAME", module)
            .replace("@extschema@", &format!("\"{schema}\""))
            .replace("@extowner@", "postgres");
        scripts.insert(schema, script);
    }
    scripts
}

/// What could be made of what is shipped, and what not, with the reason.
#[derive(Default)]
struct Shipped {
    made: Vec<String>,
    left_out: Vec<String>,
    unmodelled: BTreeMap<String, u64>,
}

impl Shipped {
    async fn bring(&mut self, client: &Client, session: &Session, name: &str, script: &str) {
        let schema = format!("CREATE SCHEMA \"{name}\"; SET search_path = \"{name}\", pg_catalog;");
        run(client, &schema).await.unwrap();
        let made = run(client, script).await;
        run(client, "RESET ALL").await.unwrap();
        let why = match made {
            Err(why) => Some(format!("the server says: {why}")),
            Ok(()) => {
                let now = catalog::read(session).await.unwrap().unmodelled;
                let more = now
                    .iter()
                    .filter(|(kind, count)| self.unmodelled.get(*kind) != Some(*count));
                let more: Vec<String> = more.map(|(kind, count)| format!("{kind} ({count})")).collect();
                (!more.is_empty()).then(|| format!("has objects that the model does not know: {}", more.join(", ")))
            }
        };
        match why {
            None => self.made.push(name.to_owned()),
            Some(why) => {
                run(client, &format!("DROP SCHEMA \"{name}\" CASCADE")).await.unwrap();
                self.left_out.push(format!("  {name}: {why}"));
            }
        }
        self.unmodelled = catalog::read(session).await.unwrap().unmodelled;
    }
}

/// Fills the database with pgbench's tables, one of them in partitions; otherwise says why not.
fn pgbench(url: &str) -> Option<String> {
    let program = binaries().directory().join("pgbench");
    if !program.is_file() {
        return Some(format!("  pgbench: there is no {}", program.display()));
    }
    let options = ["--initialize", "--init-steps=dtpf", "--partitions=4", "--quiet"];
    let output = Command::new(program).args(options).arg(url).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    None
}
