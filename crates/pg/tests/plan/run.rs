//! A batch of pairs, each in a schema of its own, in two databases; the plan from the one to the other and back, in both styles.

use std::collections::BTreeMap;

use ponte_pg::{ConnectOptions, Conninfo, Session, catalog};
use ponte_schema::migration::{MigrationSet, TransactionMode};
use ponte_schema::model::{Access, Kind, compare};
use ponte_schema::plan::{Plan, Request, Side, Style, plan};
use ponte_testkit::{TestCluster, binaries_of, connect};
use tokio_postgres::Client;

use crate::dump;
use crate::pairs::Pair;

/// Roles that pairs may name.
const ROLES: [&str; 3] = ["web", "clerk", "boss"];

/// A server for batches.
pub(crate) struct Bench {
    cluster: TestCluster,
    databases: usize,
    has_dump: bool,
}

impl Bench {
    /// One of the machine's own version, which pg_dump is at hand for.
    pub(crate) async fn start() -> Self {
        Self::on(TestCluster::start().await, true).await
    }

    /// One of another major version.
    pub(crate) async fn of_major(major: u32) -> Self {
        let builder = TestCluster::builder().binaries(binaries_of(major));
        Self::on(builder.start().await, false).await
    }

    async fn on(cluster: TestCluster, has_dump: bool) -> Self {
        for role in ROLES {
            cluster.create_role(role, "").await;
        }
        Self {
            cluster,
            databases: 0,
            has_dump,
        }
    }

    async fn database(&mut self) -> (Client, Session) {
        self.databases += 1;
        let name = format!("side_{}", self.databases);
        self.cluster
            .sql("postgres", &format!("CREATE DATABASE {name}"))
            .await;
        let url = self.cluster.superuser_url(&name);
        let session = Session::connect(&Conninfo::parse(&url).unwrap(), &ConnectOptions::new("test"))
            .await
            .unwrap();
        (connect(&url).await, session)
    }

    /// Checks all pairs together; where that fails, each alone, so that the guilty are named.
    pub(crate) async fn check(&mut self, pairs: &[Pair]) {
        let Err(all) = self.attempt(pairs).await else {
            return;
        };
        let mut failures = Vec::new();
        for pair in pairs {
            if let Err(why) = self.attempt(std::slice::from_ref(pair)).await {
                failures.push(format!("{}: {why}", pair.name));
            }
        }
        let none = "none fails alone; together:\n".to_owned() + &all;
        panic!(
            "{}",
            if failures.is_empty() {
                none
            } else {
                failures.join("\n\n")
            }
        );
    }

    async fn attempt(&mut self, pairs: &[Pair]) -> Result<(), String> {
        let (first, first_session) = self.database().await;
        let (second, second_session) = self.database().await;
        for (index, pair) in pairs.iter().enumerate() {
            make(&first, index, &[&pair.from, &pair.rows])
                .await
                .map_err(|e| format!("{}: first side: {e}", pair.name))?;
            make(&second, index, &[&pair.to])
                .await
                .map_err(|e| format!("{}: second side: {e}", pair.name))?;
        }
        let from = catalog::read_side(&first_session).await.unwrap();
        let to = catalog::read_side(&second_session).await.unwrap();
        let rows = Rows::common(&from, &to);
        let before = rows.read(&first).await;
        for style in [Style::Safe, Style::Plain] {
            self.step(&first, &first_session, (&from, &to), style).await?;
            if style == Style::Safe {
                let after = rows.read(&first).await;
                for (table, was) in &before {
                    if after.get(table) != Some(was) {
                        return Err(format!("rows of {table}: {was:?}, then {:?}", after.get(table)));
                    }
                }
                self.dumps(self.databases - 1, self.databases)?;
            }
            self.step(&first, &first_session, (&to, &from), style).await?;
        }
        self.build(&to).await
    }

    /// Everything made on an empty database, and taken away again.
    async fn build(&mut self, to: &Side) -> Result<(), String> {
        let (client, session) = self.database().await;
        let empty = catalog::read_side(&session).await.unwrap();
        self.step(&client, &session, (&empty, to), Style::Safe).await?;
        self.dumps(self.databases, self.databases - 1)?;
        self.step(&client, &session, (to, &empty), Style::Plain).await
    }

    fn dumps(&self, first: usize, second: usize) -> Result<(), String> {
        if self.has_dump {
            dump::compare(&self.cluster, first, second)
        } else {
            Ok(())
        }
    }

    async fn step(
        &self,
        client: &Client,
        session: &Session,
        sides: (&Side, &Side),
        style: Style,
    ) -> Result<(), String> {
        let request = Request {
            role: "postgres".to_owned(),
            access: Access::Compared,
            style,
        };
        let plan = plan(sides.0, sides.1, &request);
        execute(client, &plan).await?;
        let is = catalog::read(session).await.unwrap();
        let differences = compare(&sides.1.model, &is, Access::Compared);
        if differences.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = differences
            .iter()
            .take(8)
            .map(|d| {
                format!(
                    "{} {} {:?}: wanted {:?}, got {:?}",
                    d.object.kind, d.object, d.fact, d.expected, d.actual
                )
            })
            .collect();
        Err(format!("{style:?}: {}\n{}", lines.join("\n"), plan.to_sql()))
    }
}

async fn make(client: &Client, index: usize, parts: &[&str]) -> Result<(), String> {
    let schema = format!("CREATE SCHEMA pair_{index}; SET search_path = pair_{index}, public;");
    run(client, &schema).await?;
    for part in parts {
        run(client, &part.replace("{schema}", &format!("pair_{index}"))).await?;
    }
    run(client, "RESET search_path").await
}

async fn run(client: &Client, sql: &str) -> Result<(), String> {
    let message = |e: tokio_postgres::Error| {
        e.as_db_error()
            .map_or_else(|| e.to_string(), |db| db.message().to_owned())
    };
    client.batch_execute(sql).await.map_err(message)
}

/// As the runner would: one statement per message.
async fn execute(client: &Client, plan: &Plan) -> Result<(), String> {
    let text = plan.to_sql();
    let set = MigrationSet::from_scripts([("plan.sql".to_owned(), text.clone().into_bytes())]);
    let set = set.map_err(|e| format!("{}\n{text}", e.message))?;
    let script = &set.last().unwrap().up;
    let together = script.mode() == TransactionMode::Together;
    if together {
        run(client, "BEGIN").await?;
    }
    for statement in script.statements() {
        let sql = statement.text(script.text());
        if let Err(why) = run(client, sql).await {
            run(client, "ROLLBACK").await?;
            return Err(format!("{why}\n  in: {sql}\nof:\n{text}"));
        }
    }
    if together {
        run(client, "COMMIT").await?;
    }
    run(client, "RESET check_function_bodies").await
}

/// Tables of both sides with the columns whose values have to stay.
struct Rows(Vec<(String, String)>);

impl Rows {
    fn common(from: &Side, to: &Side) -> Self {
        let tables = from
            .model
            .objects
            .keys()
            .filter(|id| id.kind == Kind::Table && to.model.objects.contains_key(*id));
        let columns_of = |table: &ponte_schema::model::ObjectId| {
            let columns = from.model.objects.iter().filter(|(id, facts)| {
                id.kind == Kind::Column
                    && id.schema == table.schema
                    && id.of.as_ref() == Some(&table.name)
                    && to.model.objects.get(*id).is_some_and(|other| {
                        other.get("type") == facts.get("type")
                            && !other.contains_key("generated")
                            && !facts.contains_key("generated")
                    })
            });
            columns
                .map(|(id, _)| id.name.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let same_key = |table: &&ponte_schema::model::ObjectId| {
            from.model.objects[*table].get("partition key") == to.model.objects[*table].get("partition key")
        };
        Self(
            tables
                .filter(same_key)
                .map(|table| (table.to_string(), columns_of(table)))
                .collect(),
        )
    }

    async fn read(&self, client: &Client) -> BTreeMap<String, Option<String>> {
        let mut rows = BTreeMap::new();
        for (table, columns) in &self.0 {
            let sql = format!(
                "SELECT string_agg(r::text, E'\\n' ORDER BY r::text) FROM (SELECT {columns} FROM {table}) r"
            );
            let row = client
                .query_one(&sql, &[])
                .await
                .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
            rows.insert(table.clone(), row.get(0));
        }
        rows
    }
}
