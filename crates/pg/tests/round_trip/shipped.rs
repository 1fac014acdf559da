//! What a PostgreSQL installation brings along: the views that it describes itself with, the scripts of its extensions run as if their objects
//! were a user's, and pgbench's tables. It is found on the machine, and nothing of it is kept here.
//!
//! What holds objects of kinds that the model does not know is left out, with the count of them as the reason.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use ponte_pg::catalog;

use crate::bench::{Place, program, run};

/// What the server describes itself with, as views of another schema.
pub(crate) fn information_schema(share: &Path) -> String {
    let text = std::fs::read_to_string(share.join("information_schema.sql")).unwrap();
    text.replace("information_schema", "views")
        .replace("CREATE SCHEMA views;", "")
        .replace("COPY ", "-- COPY ")
        .replace("\\.", "")
}

/// The scripts that make extensions, by the name of the extension, as if their objects were a user's.
pub(crate) fn extensions(directory: &Path) -> BTreeMap<String, String> {
    let mut scripts = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((name, _)) = file.split_once("--") else {
            continue;
        };
        // A second version in the name is an upgrade.
        if !file.ends_with(".sql") || file.matches("--").count() != 1 {
            continue;
        }
        let control = std::fs::read_to_string(directory.join(format!("{name}.control"))).unwrap_or_default();
        let module = control
            .lines()
            .find_map(|line| line.strip_prefix("module_pathname"));
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
pub(crate) struct Shipped {
    pub(crate) made: Vec<String>,
    pub(crate) left_out: Vec<String>,
    unmodelled: BTreeMap<String, u64>,
}

impl Shipped {
    /// Says what was not tried, and why, to whoever reads the output of the test.
    pub(crate) fn tell(&self) {
        let text = format!(
            "rebuilt: {}\nleft out:\n{}\n",
            self.made.join(", "),
            self.left_out.join("\n")
        );
        std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()).unwrap();
    }

    /// Runs a script in a schema of its own; where the model does not know all of what it makes, it is taken away again.
    pub(crate) async fn bring(&mut self, place: &Place, name: &str, script: &str) {
        let (client, session) = (&place.client, &place.session);
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
                (!more.is_empty())
                    .then(|| format!("has objects that the model does not know: {}", more.join(", ")))
            }
        };
        match why {
            None => self.made.push(name.to_owned()),
            Some(why) => {
                run(client, &format!("DROP SCHEMA \"{name}\" CASCADE"))
                    .await
                    .unwrap();
                self.left_out.push(format!("  {name}: {why}"));
            }
        }
        self.unmodelled = catalog::read(session).await.unwrap().unmodelled;
    }
}

/// Fills the database with pgbench's tables, one of them in partitions; otherwise says why not.
pub(crate) fn pgbench(url: &str) -> Option<String> {
    let program = program("pgbench");
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
