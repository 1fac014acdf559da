//! A server on which schemas are rebuilt.
//!
//! What a server prints of an expression is not always what it prints again when it has read that: an AND within an AND loses its
//! parentheses, a constant in a later branch of a UNION gains a name. A schema that people wrote is therefore rebuilt twice. The second copy must equal
//! the first in every fact; the first may differ from the original in texts of that kind alone, and they are counted.

use std::path::PathBuf;
use std::process::Command;

use ponte_pg::{ConnectOptions, Conninfo, Session, catalog};
use ponte_schema::dump::{self, Dump};
use ponte_schema::migration::{MigrationSet, TransactionMode};
use ponte_schema::model::{Access, Difference, Kind, Model, compare};
use ponte_schema::plan::{Plan, Request, Side, Style, plan};
use ponte_testkit::{TestCluster, binaries, connect};
use tokio_postgres::Client;

/// Roles that schemas may name.
const ROLES: [&str; 3] = ["web", "clerk", "boss"];

/// Facts of these kinds hold expressions that the server prints.
const PRINTED: [Kind; 4] = [Kind::Constraint, Kind::View, Kind::MaterializedView, Kind::Rule];

pub(crate) struct Bench {
    cluster: TestCluster,
    databases: usize,
}

/// A database of the bench.
pub(crate) struct Place {
    pub(crate) client: Client,
    pub(crate) session: Session,
    pub(crate) url: String,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let cluster = TestCluster::start().await;
        for role in ROLES {
            cluster.create_role(role, "").await;
        }
        Self {
            cluster,
            databases: 0,
        }
    }

    /// An empty database.
    pub(crate) async fn place(&mut self) -> Place {
        self.databases += 1;
        let name = format!("place_{}", self.databases);
        self.cluster
            .sql("postgres", &format!("CREATE DATABASE {name}"))
            .await;
        let url = self.cluster.superuser_url(&name);
        let session = Session::connect(&Conninfo::parse(&url).unwrap(), &ConnectOptions::new("test"))
            .await
            .unwrap();
        Place {
            client: connect(&url).await,
            session,
            url,
        }
    }

    /// Rebuilds what is in a place, twice, and takes the second copy away again. Returns what was printed differently.
    pub(crate) async fn rebuild(&mut self, original: &Place) -> Result<Vec<String>, String> {
        let (first, second) = (self.place().await, self.place().await);
        let (wanted, nothing) = (original.side().await, first.side().await);
        first.become_like(&nothing, &wanted).await?;
        let built = first.side().await;
        let (reprinted, wrong): (Vec<_>, Vec<_>) = differences(&wanted.model, &built.model)
            .into_iter()
            .partition(is_printed);
        refuse("the first copy", &wrong)?;
        if reprinted.is_empty() {
            agree(original, &first)?;
        }
        second.become_like(&nothing, &built).await?;
        let again = second.side().await;
        refuse("the second copy", &differences(&built.model, &again.model))?;
        agree(&first, &second)?;
        second.become_like(&again, &nothing).await?;
        let left = second.side().await;
        refuse(
            "what a plan to nothing leaves",
            &differences(&nothing.model, &left.model),
        )?;
        let name = |d: &Difference| format!("{} {}", d.object.kind, d.object);
        Ok(reprinted.iter().map(name).collect())
    }
}

impl Place {
    async fn side(&self) -> Side {
        catalog::read_side(&self.session).await.unwrap()
    }

    async fn become_like(&self, from: &Side, to: &Side) -> Result<(), String> {
        let request = Request {
            role: "postgres".to_owned(),
            access: Access::Compared,
            style: Style::Plain,
        };
        execute(&self.client, &plan(from, to, &request)).await
    }
}

fn is_printed(difference: &Difference) -> bool {
    difference.fact.as_deref() == Some("definition") && PRINTED.contains(&difference.object.kind)
}

fn differences(expected: &Model, actual: &Model) -> Vec<Difference> {
    compare(expected, actual, Access::Compared)
}

fn refuse(what: &str, differences: &[Difference]) -> Result<(), String> {
    let line = |d: &Difference| {
        let Difference {
            object,
            fact,
            expected,
            actual,
        } = d;
        format!(
            "{} {object} {fact:?}: wanted {expected:?}, got {actual:?}",
            object.kind
        )
    };
    let lines: Vec<String> = differences.iter().take(8).map(line).collect();
    match differences {
        [] => Ok(()),
        _ => Err(format!("{what} is not as it should be:\n{}", lines.join("\n"))),
    }
}

/// Runs SQL, and says what the server says against it.
pub(crate) async fn run(client: &Client, sql: &str) -> Result<(), String> {
    let message = |e: tokio_postgres::Error| {
        e.as_db_error()
            .map_or_else(|| e.to_string(), |db| db.message().to_owned())
    };
    client.batch_execute(sql).await.map_err(message)
}

/// As the runner would: one statement per message.
async fn execute(client: &Client, plan: &Plan) -> Result<(), String> {
    let text = plan.to_sql();
    let set = MigrationSet::from_scripts([("plan.sql".to_owned(), text.into_bytes())]);
    let set = set.map_err(|e| e.message)?;
    let Some(migration) = set.last() else {
        return Ok(());
    };
    let script = &migration.up;
    let together = script.mode() == TransactionMode::Together;
    if together {
        run(client, "BEGIN").await?;
    }
    for statement in script.statements() {
        let sql = statement.text(script.text());
        if let Err(why) = run(client, sql).await {
            run(client, "ROLLBACK").await?;
            return Err(format!("{why}\n  in: {sql}"));
        }
    }
    if together {
        run(client, "COMMIT").await?;
    }
    run(client, "RESET check_function_bodies").await
}

/// Whether pg_dump says the same of both.
fn agree(first: &Place, second: &Place) -> Result<(), String> {
    let found = dump::compare(&dumped(&first.url), &dumped(&second.url));
    let lines = found.iter().take(8).map(|d| format!("pg_dump: {d:?}"));
    match found.len() {
        0 => Ok(()),
        _ => Err(lines.collect::<Vec<_>>().join("\n")),
    }
}

/// A program of the installation: beside the server, where links to it lead.
pub(crate) fn program(name: &str) -> PathBuf {
    let server = binaries().directory().join("postgres").canonicalize().unwrap();
    server.with_file_name(name)
}

fn dumped(url: &str) -> Dump {
    let output = Command::new(program("pg_dump"))
        .args(["--schema-only", "--exclude-schema=ponte", "--dbname", url])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    Dump::read(&String::from_utf8(output.stdout).unwrap())
}
