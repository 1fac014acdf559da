//! A batch of pairs, each in a schema of its own, in two databases; the plan from the one to the other and back, in both styles.

use std::collections::{BTreeMap, BTreeSet};

use ponte_pg::{ConnectOptions, Conninfo, Session, catalog};
use ponte_schema::migration::{MigrationSet, TransactionMode};
use ponte_schema::model::{Access, Kind, ObjectId, compare};
use ponte_schema::plan::{Plan, Request, Side, Style, plan};
use ponte_testkit::{TestCluster, binaries_of, connect};
use tokio_postgres::Client;

use crate::dump;
use crate::pairs::Pair;

/// What went wrong, and in which plan.
#[derive(Debug)]
struct Failure {
    why: String,
    plan: String,
}

impl Failure {
    fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            plan: String::new(),
        }
    }

    fn of(why: impl Into<String>, plan: &Plan) -> Self {
        Self {
            why: why.into(),
            plan: plan.to_sql(),
        }
    }

    /// The lines of the plan that are about these pairs.
    fn lines(&self, guilty: &BTreeSet<usize>) -> String {
        let schemas: Vec<String> = guilty.iter().map(|index| format!("pair_{index}")).collect();
        let is_theirs = |line: &&str| {
            let names = |schema: &String| {
                let mut found = line.match_indices(schema.as_str());
                found.any(|(at, _)| !line[at + schema.len()..].starts_with(|c: char| c.is_ascii_digit()))
            };
            schemas.iter().any(names)
        };
        self.plan.lines().filter(is_theirs).collect::<Vec<_>>().join("\n")
    }

    /// The pairs whose schemas it names.
    fn guilty(&self, pairs: usize) -> BTreeSet<usize> {
        let numbers = self.why.split("pair_").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse::<usize>()
        });
        numbers.flatten().filter(|number| *number < pairs).collect()
    }
}

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

    /// One of another major version; pg_dump reads those that are not newer than itself.
    pub(crate) async fn of_major(major: u32) -> Self {
        let builder = TestCluster::builder().binaries(binaries_of(major));
        Self::on(builder.start().await, major <= ponte_testkit::binaries().major()).await
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

    /// Checks all pairs together. The ones that a failure names are set aside, and the rest is tried again, so that all the guilty are named.
    pub(crate) async fn check(&mut self, pairs: &[Pair]) {
        let mut failures = Vec::new();
        let mut rest = pairs.to_vec();
        while let Err(failure) = self.attempt(&rest).await {
            let guilty = failure.guilty(rest.len());
            let names: Vec<String> = guilty.iter().map(|index| rest[*index].name.clone()).collect();
            let line = format!(
                "{}: {}\n{}",
                names.join(", "),
                failure.why,
                failure.lines(&guilty)
            );
            failures.push(line);
            for index in guilty.iter().rev() {
                rest.remove(*index);
            }
            if guilty.is_empty() || rest.is_empty() {
                break;
            }
        }
        let count = failures.len();
        assert!(failures.is_empty(), "{count} failures\n{}", failures.join("\n\n"));
    }

    async fn attempt(&mut self, pairs: &[Pair]) -> Result<(), Failure> {
        let (first, first_session) = self.database().await;
        let (second, second_session) = self.database().await;
        for (index, pair) in pairs.iter().enumerate() {
            make(&first, index, &[&pair.from, &pair.rows])
                .await
                .map_err(|e| Failure::new(format!("pair_{index}: first side: {}", e.why)))?;
            make(&second, index, &[&pair.to])
                .await
                .map_err(|e| Failure::new(format!("pair_{index}: second side: {}", e.why)))?;
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
                        return Err(Failure::new(format!(
                            "rows of {table}: {was:?}, then {:?}",
                            after.get(table)
                        )));
                    }
                }
                self.dumps(self.databases - 1, self.databases)?;
            }
            self.step(&first, &first_session, (&to, &from), style).await?;
        }
        self.build(&to).await
    }

    /// Everything made on an empty database, and taken away again.
    async fn build(&mut self, to: &Side) -> Result<(), Failure> {
        let (client, session) = self.database().await;
        let empty = catalog::read_side(&session).await.unwrap();
        self.step(&client, &session, (&empty, to), Style::Safe).await?;
        self.dumps(self.databases, self.databases - 1)?;
        self.step(&client, &session, (to, &empty), Style::Plain).await
    }

    fn dumps(&self, first: usize, second: usize) -> Result<(), Failure> {
        if self.has_dump {
            dump::compare(&self.cluster, first, second).map_err(Failure::new)
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
    ) -> Result<(), Failure> {
        let request = Request {
            role: "postgres".to_owned(),
            access: Access::Compared,
            style,
        };
        let plan = plan(sides.0, sides.1, &request);
        absent(&plan)?;
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
        Err(Failure::of(format!("{style:?}: {}", lines.join("\n")), &plan))
    }
}

async fn make(client: &Client, index: usize, parts: &[&str]) -> Result<(), Failure> {
    let schema = format!("CREATE SCHEMA pair_{index}; SET search_path = pair_{index}, public;");
    run(client, &schema).await?;
    for part in parts {
        run(client, &part.replace("{schema}", &format!("pair_{index}"))).await?;
    }
    run(client, "RESET search_path").await
}

async fn run(client: &Client, sql: &str) -> Result<(), Failure> {
    let message = |e: tokio_postgres::Error| {
        e.as_db_error()
            .map_or_else(|| e.to_string(), |db| db.message().to_owned())
    };
    client
        .batch_execute(sql)
        .await
        .map_err(|e| Failure::new(message(e)))
}

/// What others look through or are held back by is never gone between two transactions: dropped and made again in one.
fn absent(plan: &Plan) -> Result<(), Failure> {
    let kinds = [
        Kind::View,
        Kind::Trigger,
        Kind::Policy,
        Kind::Rule,
        Kind::Function,
    ];
    let mut gone = BTreeMap::new();
    for (index, segment) in plan.segments.iter().enumerate() {
        for step in segment
            .steps
            .iter()
            .filter(|step| kinds.contains(&step.object.kind))
        {
            let sql = step.sql.as_str();
            if sql.starts_with("DROP ") {
                gone.insert(&step.object, index);
            } else if sql.starts_with("CREATE ") && gone.get(&step.object).is_some_and(|was| *was != index) {
                return Err(Failure::of(
                    format!("{} is absent for a while", step.object),
                    plan,
                ));
            }
        }
    }
    Ok(())
}

/// As the runner would: one statement per message.
async fn execute(client: &Client, plan: &Plan) -> Result<(), Failure> {
    let text = plan.to_sql();
    let set = MigrationSet::from_scripts([("plan.sql".to_owned(), text.into_bytes())]);
    let set = set.map_err(|e| Failure::of(e.message, plan))?;
    let script = &set.last().unwrap().up;
    let together = script.mode() == TransactionMode::Together;
    if together {
        run(client, "BEGIN").await?;
    }
    for statement in script.statements() {
        let sql = statement.text(script.text());
        if let Err(why) = run(client, sql).await {
            run(client, "ROLLBACK").await?;
            return Err(Failure::of(format!("{}\n  in: {sql}", why.why), plan));
        }
    }
    if together {
        run(client, "COMMIT").await?;
    }
    run(client, "RESET check_function_bodies").await
}

/// Whether the column is made of a composite type whose attributes differ.
fn is_of_other_attributes(from: &Side, to: &Side, column: &ObjectId) -> bool {
    let needs = from.needs.get(column).into_iter().flatten();
    let differs = |id: &ObjectId| from.model.objects.get(id) != to.model.objects.get(id);
    needs
        .into_iter()
        .any(|need| need.kind == Kind::CompositeType && differs(need))
}

/// Whether the rows of the table can be read: behind a foreign one, or below one that has such parts, there is nobody.
fn is_read(side: &Side, table: &ObjectId) -> bool {
    let foreign = |id: &ObjectId| side.model.objects[id].contains_key("foreign server");
    let is_below = |id: &&ObjectId| {
        id.kind == Kind::Table && side.needs.get(*id).is_some_and(|needs| needs.contains(table))
    };
    !foreign(table) && !side.model.objects.keys().filter(is_below).any(foreign)
}

/// Tables of both sides with the columns whose values have to stay.
struct Rows(Vec<(String, String)>);

impl Rows {
    fn common(from: &Side, to: &Side) -> Self {
        let tables = from
            .model
            .objects
            .keys()
            .filter(|id| id.kind == Kind::Table && to.model.objects.contains_key(*id))
            .filter(|id| [from, to].iter().all(|side| is_read(side, id)));
        let columns_of = |table: &ObjectId| {
            let columns = from.model.objects.iter().filter(|(id, facts)| {
                id.kind == Kind::Column
                    && id.schema == table.schema
                    && id.of.as_ref() == Some(&table.name)
                    && to.model.objects.get(*id).is_some_and(|other| {
                        other.get("type") == facts.get("type")
                            && !is_of_other_attributes(from, to, id)
                            && !other.contains_key("generated")
                            && !facts.contains_key("generated")
                    })
            });
            columns
                .map(|(id, _)| id.name.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let same_key = |table: &&ObjectId| {
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
                "SELECT string_agg(r::text, E'\\n' ORDER BY r::text) FROM (SELECT {columns} FROM ONLY {table}) r"
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
