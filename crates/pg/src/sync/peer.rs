//! One node of a link while we are connected to it: the session, who it is, and what may be kept in it.
//!
//! A session of our own keeps its settings, its plans and its stages from one transaction to the next. One that a pooler in
//! transaction mode lends keeps nothing: every transaction begins with the settings, statements have no names, and stages end
//! with the transaction that needed them. Which of the two it is shows in this file only; everybody else begins and ends
//! transactions through [`Peer::begin`], [`Peer::commit`] and [`Peer::alone`].

mod typed;

use std::collections::{HashMap, HashSet};

use futures_util::future::{join, join_all, join3};
use ponte_schema::Sql;
use ponte_sync::apply::{Stage, StageLife};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, RowStream, SimpleQueryMessage, Statement};
use uuid::Uuid;

use crate::error::{During, Result};
use crate::session::{Session, pin};

/// A connected node.
pub struct Peer {
    name: String,
    id: Option<Uuid>,
    session: Session,
    lease: Lease,
    in_transaction: bool,
    prepared: HashMap<Sql, Statement>,
    keeps_plans: bool,
    stages: HashSet<usize>,
}

/// For how long the server's session is ours.
enum Lease {
    /// As long as the connection.
    Connection,
    /// For one transaction, which begins with these settings.
    Transaction(Sql),
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Each statement sees what was committed before it.
    Write,
    /// All statements see the same.
    Read,
}

/// Whether a statement's plan is worth keeping: small batches run the same few statements hundreds of times a minute, large
/// ones want a plan made for their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    Keep,
    Fresh,
}

impl Peer {
    /// Takes over a session to the node called `name` in the configuration.
    pub fn new(name: impl Into<String>, session: Session) -> Self {
        Self::with(name.into(), session, Lease::Connection)
    }

    /// The same where a pooler may hand every transaction to another session. The session must not have been pinned: its
    /// settings are other people's.
    pub fn pooled(name: impl Into<String>, session: Session) -> Self {
        let pins = pin::for_transaction(session.server_version_num());
        Self::with(name.into(), session, Lease::Transaction(pins))
    }

    fn with(name: String, session: Session, lease: Lease) -> Self {
        Self {
            name,
            id: None,
            session,
            lease,
            in_transaction: false,
            prepared: HashMap::new(),
            keeps_plans: false,
            stages: HashSet::new(),
        }
    }

    /// The same node over a connection of its own.
    pub(crate) async fn another(&self) -> Result<Self> {
        let lease = match &self.lease {
            Lease::Connection => Lease::Connection,
            Lease::Transaction(pins) => Lease::Transaction(pins.clone()),
        };
        Ok(Self {
            id: self.id,
            ..Self::with(self.name.clone(), self.session.another().await?, lease)
        })
    }

    /// Whether the session is lent for one transaction at a time.
    pub(crate) fn is_pooled(&self) -> bool {
        matches!(self.lease, Lease::Transaction(_))
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The session, to wait for notifications.
    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Its `ponte.node` id; nil before it was installed.
    pub(crate) fn id(&self) -> Uuid {
        self.id.unwrap_or_default()
    }

    pub(crate) fn set_id(&mut self, id: Uuid) {
        self.id = Some(id);
    }

    /// How long a stage lives that is made here.
    pub(crate) fn stage_life(&self) -> StageLife {
        match self.lease {
            Lease::Connection => StageLife::Connection,
            Lease::Transaction(_) => StageLife::Transaction,
        }
    }

    /// Whether the session already has the stage of the link's n-th table.
    pub(crate) fn has_stage(&self, position: usize) -> bool {
        self.stages.contains(&position)
    }

    /// Remembers a stage that has survived a commit.
    pub(crate) fn keep_stage(&mut self, position: usize) {
        if self.stage_life() == StageLife::Connection {
            self.stages.insert(position);
        }
    }

    /// Drops the session's stages of a link with so many tables, because the tables that they were made for have changed.
    pub(crate) async fn forget_stages(&mut self, tables: usize) -> Result<()> {
        self.prepared.clear();
        self.stages.clear();
        if self.stage_life() == StageLife::Transaction {
            return Ok(());
        }
        for position in 0..tables {
            self.script(&Stage::new(position).forget(), "drop a stage")
                .await?;
        }
        Ok(())
    }

    /// Begins a transaction with these first statements. One that somebody gave up half-way is ended before.
    pub(crate) async fn begin(&mut self, access: Access, first: &Sql, what: &str) -> Result<()> {
        let sql = self.enter(access, first).await;
        let begun = self.client().batch_execute(sql.as_str()).await;
        begun.during(|| self.during(what))
    }

    /// The same with the rows of one more statement, all in one journey. If the beginning fails, the server refuses the rest.
    pub(crate) async fn begin_with(
        &mut self,
        access: Access,
        first: &Sql,
        (sql, params): (&Sql, &[&(dyn ToSql + Sync)]),
        what: &str,
    ) -> Result<Vec<Row>> {
        if let Lease::Transaction(_) = self.lease {
            self.begin(access, first, what).await?;
            return self.fresh_rows(sql, params, what).await;
        }
        let begin = self.enter(access, first).await;
        let statement = self.prepare(sql, what).await?;
        let (begun, rows) = join(
            self.client().batch_execute(begin.as_str()),
            self.client().query(&statement, params),
        )
        .await;
        let during = || self.during(what);
        begun.during(during)?;
        rows.during(during)
    }

    /// The rows of several statements in one transaction that reads, all in one journey. Few of them: the order is that of their
    /// first sending.
    pub(crate) async fn read_at_once(
        &mut self,
        statements: &[(&Sql, &[&(dyn ToSql + Sync)])],
        what: &str,
    ) -> Result<Vec<Vec<Row>>> {
        let mut prepared = Vec::with_capacity(statements.len());
        for (sql, params) in statements {
            prepared.push((self.prepare(sql, what).await?, *params));
        }
        let begin = self.enter(Access::Read, &Sql::default()).await;
        let client = self.client();
        let sent = prepared
            .iter()
            .map(|(statement, params)| client.query(statement, params));
        let (begun, rows, ended) = join3(
            client.batch_execute(begin.as_str()),
            join_all(sent),
            client.batch_execute("COMMIT"),
        )
        .await;
        // A failed one has been rolled back by its COMMIT.
        self.in_transaction = false;
        let during = || self.during(what);
        begun.during(during)?;
        let rows: std::result::Result<Vec<Vec<Row>>, _> = rows.into_iter().collect();
        let rows = rows.during(during)?;
        ended.during(during)?;
        Ok(rows)
    }

    /// What is sent to begin a transaction, which counts as begun from here on.
    pub(crate) async fn enter(&mut self, access: Access, first: &Sql) -> Sql {
        if self.in_transaction {
            self.roll_back().await;
        }
        self.in_transaction = true;
        let mut sql = self.beginning(access);
        sql.push(first);
        sql
    }

    /// Commits it.
    pub(crate) async fn commit(&mut self, what: &str) -> Result<()> {
        let committed = self.client().batch_execute("COMMIT").await;
        self.in_transaction = false;
        committed.during(|| self.during(what))
    }

    /// Ends a transaction whatever state it is in; a connection that is gone has none.
    pub(crate) async fn roll_back(&mut self) {
        // What was prepared may name objects that were created in that transaction.
        self.prepared.clear();
        // The error that led here is the one worth reporting.
        let _ = self.client().batch_execute("ROLLBACK").await;
        self.in_transaction = false;
    }

    /// Rolls back a transaction that has made nothing that statements were prepared for.
    pub(crate) async fn abandon(&mut self) {
        // A connection that is gone has no transaction.
        let _ = self.client().batch_execute("ROLLBACK").await;
        self.in_transaction = false;
    }

    /// Has the session plan each statement once, whatever its parameters are. Ours are planned alike for all of them, and where the server
    /// expects many rows it would plan the same statement anew each time.
    pub(crate) async fn keep_plans(&mut self) -> Result<()> {
        if !self.keeps_plans {
            let sql = Sql::text("SET plan_cache_mode = force_generic_plan");
            self.script(&sql, "choose plans").await?;
            self.keeps_plans = true;
        }
        Ok(())
    }

    /// Whether the connection is lost.
    pub(crate) fn is_gone(&self) -> bool {
        self.client().is_closed()
    }

    /// Ends a transaction that was begun and not ended, if there is one.
    pub(crate) async fn roll_back_if_open(&mut self) {
        if self.in_transaction {
            self.roll_back().await;
        }
    }

    /// Statements without results as a writing transaction of their own, in one message.
    pub(crate) async fn alone(&self, sql: &Sql, what: &str) -> Result<()> {
        let whole = Sql::render(
            "{begin}{sql};\nCOMMIT",
            &[("begin", &self.beginning(Access::Write)), ("sql", sql)],
        );
        let outcome = self.client().batch_execute(whole.as_str()).await;
        if outcome.is_err() {
            let _ = self.client().batch_execute("ROLLBACK").await;
        }
        outcome.during(|| self.during(what))
    }

    /// A script of statements without results.
    pub(crate) async fn script(&self, sql: &Sql, what: &str) -> Result<()> {
        debug_assert!(
            !sql.as_str().starts_with("BEGIN"),
            "transactions begin with begin()"
        );
        self.send(self.client().batch_execute(sql.as_str()), what).await
    }

    /// Runs a definition that a server's catalog printed (`pg_get_triggerdef` and its like), perhaps with a clause of ours.
    pub(crate) async fn catalog_text(&self, definition: &str, what: &str) -> Result<()> {
        self.send(self.client().batch_execute(definition), what).await
    }

    /// Rows of a statement that is planned once per session, where that is ours.
    pub(crate) async fn rows(
        &mut self,
        sql: &Sql,
        params: &[&(dyn ToSql + Sync)],
        what: &str,
    ) -> Result<Vec<Row>> {
        if let Lease::Transaction(_) = self.lease {
            return self.fresh_rows(sql, params, what).await;
        }
        let statement = self.prepare(sql, what).await?;
        self.send(self.client().query(&statement, params), what).await
    }

    /// The only row of such a statement.
    pub(crate) async fn row(&mut self, sql: &Sql, params: &[&(dyn ToSql + Sync)], what: &str) -> Result<Row> {
        let mut rows = self.rows(sql, params, what).await?;
        match (rows.pop(), rows.is_empty()) {
            (Some(row), true) => Ok(row),
            _ => Err(typed::not_one_row(&self.during(what))),
        }
    }

    /// Rows of a statement that is planned for this once.
    pub(crate) async fn fresh_rows(
        &self,
        sql: &Sql,
        params: &[&(dyn ToSql + Sync)],
        what: &str,
    ) -> Result<Vec<Row>> {
        let params = typed::with_types(params);
        self.send(self.client().query_typed(sql.as_str(), &params), what)
            .await
    }

    /// The same one by one. Inside a transaction, because the rows come for as long as they are asked for.
    pub(crate) async fn stream(
        &self,
        sql: &Sql,
        params: &[&(dyn ToSql + Sync)],
        what: &str,
    ) -> Result<RowStream> {
        let params = typed::with_types(params);
        self.send(self.client().query_typed_raw(sql.as_str(), params), what)
            .await
    }

    /// How many rows a statement touched.
    pub(crate) async fn changed(
        &mut self,
        sql: &Sql,
        params: &[&(dyn ToSql + Sync)],
        what: &str,
    ) -> Result<u64> {
        let params = typed::with_types(params);
        self.send(self.client().execute_typed(sql.as_str(), &params), what)
            .await
    }

    /// How many rows a statement without parameters touched.
    pub(crate) async fn touched(&mut self, sql: &Sql, plan: Plan, what: &str) -> Result<u64> {
        if plan == Plan::Keep && self.stage_life() == StageLife::Connection {
            let statement = self.prepare(sql, what).await?;
            return self.send(self.client().execute(&statement, &[]), what).await;
        }
        let messages = self.simple(sql, what).await?;
        Ok(messages
            .iter()
            .filter_map(|m| match m {
                SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
                _ => None,
            })
            .sum())
    }

    /// How many rows each of several such statements touched. They go out at once and run one after the other; after one that
    /// fails, in a transaction, the server runs none. Few of them: the order is that of their first sending.
    pub(crate) async fn touched_each(
        &mut self,
        statements: &[Sql],
        plan: Plan,
        what: &str,
    ) -> Result<Vec<u64>> {
        if plan == Plan::Fresh || self.stage_life() == StageLife::Transaction {
            let mut touched = Vec::with_capacity(statements.len());
            for sql in statements {
                touched.push(self.touched(sql, plan, what).await?);
            }
            return Ok(touched);
        }
        let mut prepared = Vec::with_capacity(statements.len());
        for sql in statements {
            prepared.push(self.prepare(sql, what).await?);
        }
        let client = self.client();
        let sent = prepared.iter().map(|statement| client.execute(statement, &[]));
        let outcomes = join_all(sent).await;
        let during = || self.during(what);
        outcomes
            .into_iter()
            .map(|touched| touched.during(during))
            .collect()
    }

    /// The first value of the only row that a statement without parameters yields, as text.
    pub(crate) async fn value(&self, sql: &Sql, what: &str) -> Result<Option<String>> {
        let row = self.first_row(sql, what).await?;
        Ok(row.and_then(|values| values.into_iter().next().flatten()))
    }

    /// The values of the first row that a statement without parameters yields, as text.
    pub(crate) async fn first_row(&self, sql: &Sql, what: &str) -> Result<Option<Vec<Option<String>>>> {
        let messages = self.simple(sql, what).await?;
        Ok(messages.iter().find_map(|m| match m {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect())
            }
            _ => None,
        }))
    }

    /// Whether a `SELECT EXISTS (…)` is true.
    pub(crate) async fn holds(&self, sql: &Sql, what: &str) -> Result<bool> {
        Ok(self.value(sql, what).await?.as_deref() == Some("t"))
    }

    pub(crate) fn during(&self, what: &str) -> String {
        format!("{what} on \"{}\"", self.name)
    }

    fn client(&self) -> &Client {
        self.session.client()
    }

    async fn simple(&self, sql: &Sql, what: &str) -> Result<Vec<SimpleQueryMessage>> {
        self.send(self.client().simple_query(sql.as_str()), what).await
    }

    /// Sends a statement; in a transaction of its own where the settings that it needs end with one. All three go out at once.
    async fn send<T>(
        &self,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
        what: &str,
    ) -> Result<T> {
        let during = || self.during(what);
        if self.in_transaction || matches!(self.lease, Lease::Connection) {
            return statement.await.during(during);
        }
        let begin = self.beginning(Access::Write);
        let (begun, outcome, ended) = join3(
            self.client().batch_execute(begin.as_str()),
            statement,
            self.client().batch_execute("COMMIT"),
        )
        .await;
        begun.during(during)?;
        let value = outcome.during(during)?;
        ended.during(during)?;
        Ok(value)
    }

    /// What a transaction starts with. A stranger's `default_transaction_read_only` is no business of ours.
    fn beginning(&self, access: Access) -> Sql {
        let writes = Sql::text("BEGIN ISOLATION LEVEL READ COMMITTED");
        let reads = Sql::text("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        let (begin, pins) = match (access, &self.lease) {
            (Access::Read, Lease::Connection) => (reads, Sql::default()),
            (Access::Write, Lease::Connection) => (writes, Sql::default()),
            (Access::Read, Lease::Transaction(pins)) => (reads, pins.clone()),
            (Access::Write, Lease::Transaction(pins)) => (
                Sql::render("{writes} READ WRITE", &[("writes", &writes)]),
                pins.clone(),
            ),
        };
        Sql::render("{begin};\n{pins}", &[("begin", &begin), ("pins", &pins)])
    }

    /// A statement that is kept for as long as the session is ours.
    pub(crate) async fn prepare(&mut self, sql: &Sql, what: &str) -> Result<Statement> {
        self.prepare_as(sql, &[], what).await
    }

    /// The same with the types of its parameters.
    pub(crate) async fn prepare_as(&mut self, sql: &Sql, types: &[Type], what: &str) -> Result<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let prepared = self.client().prepare_typed(sql.as_str(), types).await;
        let statement = prepared.during(|| self.during(what))?;
        self.prepared.insert(sql.clone(), statement.clone());
        Ok(statement)
    }
}
