//! Rows for a database to begin with: files of the user's ([`files`]), and made-up rows that satisfy the tables' constraints.
//!
//! What a made-up row looks like is decided in [`ponte_schema::seed`]; here the tables are [read](survey), the server is [asked](learn) which values its
//! CHECKs accept, and rows are [written](write) by COPY. All of it is one transaction: either every table has its rows, or
//! nothing has changed.

pub mod files;
mod learn;
mod link;
mod one_by_one;
mod problem;
mod stage;
mod survey;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use ponte_schema::seed::{Order, Step, Table, order};
use ponte_schema::{QualifiedName, Sql};

use crate::error::{During, Error, ErrorKind, Result};
use crate::session::Session;
pub use problem::SeedProblem;
use survey::Survey;

/// What rows are asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The same seed gives the same rows in the same database.
    pub seed: u64,
    /// How many rows a table gets that nothing else is said about; a hundred where that is not given.
    pub rows: Option<u64>,
    /// Only these tables and what they cannot do without; all where there is none. With a number that has to be reached.
    pub tables: BTreeMap<QualifiedName, Option<u64>>,
    /// How many rows tables have elsewhere. [`rows`](Self::rows) is the most then.
    pub sizes: BTreeMap<QualifiedName, u64>,
}

/// How many rows a table gets where nobody says.
pub const ROWS_BY_DEFAULT: u64 = 100;

impl Request {
    /// So many rows in every table.
    pub fn rows(rows: u64) -> Self {
        Self {
            rows: Some(rows),
            ..Self::default()
        }
    }

    fn rows_of(&self, table: &QualifiedName) -> u64 {
        let exact = self.tables.get(table).copied().flatten();
        let elsewhere = self
            .sizes
            .get(table)
            .map(|size| (*size).min(self.rows.unwrap_or(u64::MAX)));
        exact
            .or(elsewhere)
            .unwrap_or(self.rows.unwrap_or(ROWS_BY_DEFAULT))
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Every table that got rows, in the order in which it did.
    pub tables: Vec<FilledTable>,
}

/// One table that got rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledTable {
    /// Which.
    pub table: QualifiedName,
    /// How many rows it got.
    pub rows: u64,
    /// How many it should have got.
    pub wanted: u64,
    /// The key or constraint that allows no more, where there are fewer.
    pub limited_by: Option<String>,
}

/// Rows that are about to be written.
pub struct Filling {
    tables: Vec<Table>,
    steps: Vec<Step>,
    request: Request,
    /// Tables that have rows already.
    with_rows: BTreeSet<usize>,
    closed: Vec<(usize, String)>,
}

impl Filling {
    /// Reads the tables and decides their order. Writes nothing.
    ///
    /// # Errors
    /// `seed.unknown_table`, `seed.unsatisfied` where references go round in a circle, and what the server answers.
    pub async fn prepare(session: &Session, request: Request) -> Result<Self> {
        let Survey { tables, obstacles } = survey::read(session).await?;
        let wanted = wanted(&tables, &request)?;
        let with_rows = with_rows(session, &tables).await?;
        let Order { steps, closed } = order(&tables, &wanted, &with_rows);
        for step in &steps {
            if let Some(obstacle) = obstacles.get(&step.table) {
                return Err(unsatisfied(&tables[step.table], obstacle)
                    .hint("write such rows into a file in seeds/, and name the other tables with --table"));
            }
        }
        for (table, constraint) in &closed {
            let reference = tables[*table].references.iter().find(|r| r.name == *constraint);
            if reference.is_some_and(|r| !r.deferrable) {
                return Err(unsatisfied(&tables[*table], constraint)
                    .with(
                        "reason",
                        "it points in a circle, and is neither deferrable nor empty in any row",
                    )
                    .hint("let one column of the circle be NULL, or make the constraint DEFERRABLE"));
            }
        }
        Ok(Self {
            tables,
            steps,
            request,
            with_rows,
            closed,
        })
    }

    /// The tables that get rows, with how many, in order.
    pub fn tables(&self) -> impl Iterator<Item = (&QualifiedName, u64)> {
        let name = |step: &Step| &self.tables[step.table].name;
        self.steps
            .iter()
            .map(move |step| (name(step), self.request.rows_of(name(step))))
    }

    /// Those among them that have rows already.
    pub fn with_rows(&self) -> impl Iterator<Item = &QualifiedName> {
        let full = self
            .steps
            .iter()
            .filter(|step| self.with_rows.contains(&step.table));
        full.map(|step| &self.tables[step.table].name)
    }

    /// Writes the rows in one transaction.
    ///
    /// # Errors
    /// `seed.unsatisfied`, naming table and constraint; nothing has been written then.
    pub async fn run(self, session: &Session) -> Result<Filled> {
        let client = session.client();
        let begin = "BEGIN; SET LOCAL search_path TO DEFAULT";
        client.batch_execute(begin).await.during(beginning)?;
        let ended = match self.run_in_transaction(session).await {
            Ok(filled) => client
                .batch_execute("COMMIT")
                .await
                .during(committing)
                .map(|()| filled),
            Err(error) => Err(error),
        };
        if ended.is_err() {
            // The first error counts; a connection that is gone has rolled back already.
            let _ = client.batch_execute("ROLLBACK").await;
        }
        ended
    }

    async fn run_in_transaction(&self, session: &Session) -> Result<Filled> {
        let client = session.client();
        if !self.closed.is_empty() {
            client
                .batch_execute("SET CONSTRAINTS ALL DEFERRED")
                .await
                .during(beginning)?;
        }
        let mut filled = Filled { tables: Vec::new() };
        for step in &self.steps {
            let table = &self.tables[step.table];
            let wanted = self.request.rows_of(&table.name);
            let done = write::table(session, &self.tables, step, wanted, self.request.seed).await?;
            self.refuse_shortfall(table, &done)?;
            filled.tables.push(done);
        }
        for step in self.steps.iter().filter(|step| !step.later.is_empty()) {
            link::later(session, &self.tables, step).await?;
        }
        client
            .batch_execute("SET CONSTRAINTS ALL IMMEDIATE")
            .await
            .during(|| "check the deferred constraints of made-up rows".to_owned())?;
        Ok(filled)
    }

    /// Fewer rows than a person has named a number for, or none where there should be some.
    fn refuse_shortfall(&self, table: &Table, done: &FilledTable) -> Result<()> {
        let is_exact = matches!(self.request.tables.get(&table.name), Some(Some(_)));
        if done.rows >= done.wanted || (done.rows > 0 && !is_exact) {
            return Ok(());
        }
        // A key that is used up is no fault: the table is as full as it can be.
        if !is_exact
            && self
                .with_rows
                .contains(&self.tables.iter().position(|t| t.name == table.name).unwrap_or(0))
        {
            return Ok(());
        }
        let constraint = done.limited_by.as_deref().unwrap_or("unknown");
        Err(unsatisfied(table, constraint)
            .with("rows_wanted", done.wanted)
            .with("rows_possible", done.rows)
            .hint("ask for fewer rows of this table, or for more of those that it points to"))
    }
}

/// Puts rows into the tables of the session's database, in one transaction.
///
/// # Errors
/// As [`Filling::prepare`] and [`Filling::run`].
pub async fn fill(session: &Session, request: Request) -> Result<Filled> {
    Filling::prepare(session, request).await?.run(session).await
}

/// How many rows the tables of a database have, as its statistics say; of a table without any, counted.
///
/// # Errors
/// Whatever the server answers.
pub async fn sizes(session: &Session) -> Result<BTreeMap<QualifiedName, u64>> {
    let sql = Sql::render(
        include_str!("sql/sizes.sql"),
        &[("ours", &Sql::text(crate::catalog::OURS))],
    );
    let rows = session.client().query_typed(sql.as_str(), &[]).await;
    let rows = rows.during(|| "ask for the sizes of tables".to_owned())?;
    let size = |row: &tokio_postgres::Row| {
        let name = QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1));
        (name, u64::try_from(row.get::<_, i64>(2)).unwrap_or(0))
    };
    Ok(rows.iter().map(size).collect())
}

/// The tables that are asked for.
fn wanted(tables: &[Table], request: &Request) -> Result<BTreeSet<usize>> {
    if request.tables.is_empty() {
        return Ok((0..tables.len()).collect());
    }
    let position = |name: &QualifiedName| {
        let found = tables.iter().position(|table| table.name == *name);
        found.ok_or_else(|| {
            let nearest = tables.iter().max_by(|a, b| {
                let near = |t: &Table| strsim::jaro_winkler(&t.name.to_string(), &name.to_string());
                near(a).total_cmp(&near(b))
            });
            let error = Error::new(
                ErrorKind::Seed(SeedProblem::UnknownTable),
                format!("cannot make rows for {name}: there is no such table"),
            );
            match nearest {
                Some(table) => error.hint(format!("did you mean {}?", table.name)),
                None => error.hint("create the tables first: ponte migrate up"),
            }
        })
    };
    request.tables.keys().map(position).collect()
}

async fn with_rows(session: &Session, tables: &[Table]) -> Result<BTreeSet<usize>> {
    let exists = |table: &Table| Sql::render("EXISTS (SELECT FROM {table})", &[("table", &table.name)]);
    let list = Sql::join(", ", tables.iter().map(exists));
    let sql = Sql::render("SELECT ARRAY[{list}]::pg_catalog.bool[]", &[("list", &list)]);
    let row = session.client().query_typed_one(sql.as_str(), &[]).await;
    let full: Vec<bool> = row.during(|| "look whether tables have rows".to_owned())?.get(0);
    Ok((0..)
        .zip(full)
        .filter_map(|(index, full)| full.then_some(index))
        .collect())
}

/// The error of a table that no made-up row fits.
fn unsatisfied(table: &Table, constraint: &str) -> Error {
    Error::new(
        ErrorKind::Seed(SeedProblem::Unsatisfied),
        format!("cannot make up rows for {} that {constraint} accepts", table.name),
    )
    .with("table", &table.name)
    .with("constraint", constraint)
}

fn beginning() -> String {
    "begin to write made-up rows".to_owned()
}

fn committing() -> String {
    "commit made-up rows".to_owned()
}
