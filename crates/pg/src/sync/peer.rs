//! One node of a link while we are connected to it: the session, who it is, and the statements it has already planned.

use std::collections::{HashMap, HashSet};

use ponte_schema::Sql;
use ponte_sync::apply::Stage;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, SimpleQueryMessage, Statement};
use uuid::Uuid;

use crate::error::{During, Result};
use crate::session::Session;

/// A connected node.
pub struct Peer {
    name: String,
    id: Option<Uuid>,
    session: Session,
    prepared: HashMap<Sql, Statement>,
    stages: HashSet<usize>,
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
        Self {
            name: name.into(),
            id: None,
            session,
            prepared: HashMap::new(),
            stages: HashSet::new(),
        }
    }

    /// The same node over a connection of its own.
    pub(crate) async fn another(&self) -> Result<Self> {
        Ok(Self {
            id: self.id,
            ..Self::new(self.name.as_str(), self.session.another().await?)
        })
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

    /// Whether the session already has the stage of the link's n-th table.
    pub(crate) fn has_stage(&self, position: usize) -> bool {
        self.stages.contains(&position)
    }

    pub(crate) fn keep_stage(&mut self, position: usize) {
        self.stages.insert(position);
    }

    /// Drops the session's stages of a link with so many tables, because the tables that they were made for have changed.
    pub(crate) async fn forget_stages(&mut self, tables: usize) -> Result<()> {
        self.prepared.clear();
        self.stages.clear();
        for position in 0..tables {
            self.script(&Stage::new(position).forget(), "drop a stage")
                .await?;
        }
        Ok(())
    }

    /// A script of statements without results.
    pub(crate) async fn script(&self, sql: &Sql, what: &str) -> Result<()> {
        self.session
            .client()
            .batch_execute(sql.as_str())
            .await
            .during(|| self.during(what))
    }

    /// Runs a definition that a server's catalog printed (`pg_get_triggerdef` and its like), perhaps with a clause of ours.
    pub(crate) async fn catalog_text(&self, definition: &str, what: &str) -> Result<()> {
        self.session
            .client()
            .batch_execute(definition)
            .await
            .during(|| self.during(what))
    }

    /// Rows of a statement that is planned once per session.
    pub(crate) async fn rows(
        &mut self,
        sql: &Sql,
        params: &[&(dyn ToSql + Sync)],
        what: &str,
    ) -> Result<Vec<Row>> {
        let statement = self.statement(sql, what).await?;
        self.session
            .client()
            .query(&statement, params)
            .await
            .during(|| self.during(what))
    }

    /// The only row of a statement that is planned once per session.
    pub(crate) async fn row(&mut self, sql: &Sql, params: &[&(dyn ToSql + Sync)], what: &str) -> Result<Row> {
        let statement = self.statement(sql, what).await?;
        self.session
            .client()
            .query_one(&statement, params)
            .await
            .during(|| self.during(what))
    }

    /// How many rows a statement touched.
    pub(crate) async fn changed(
        &mut self,
        sql: &Sql,
        params: &[&(dyn ToSql + Sync)],
        what: &str,
    ) -> Result<u64> {
        let statement = self.statement(sql, what).await?;
        self.session
            .client()
            .execute(&statement, params)
            .await
            .during(|| self.during(what))
    }

    /// How many rows a statement without parameters touched.
    pub(crate) async fn touched(&mut self, sql: &Sql, plan: Plan, what: &str) -> Result<u64> {
        if plan == Plan::Keep {
            let statement = self.statement(sql, what).await?;
            return self
                .session
                .client()
                .execute(&statement, &[])
                .await
                .during(|| self.during(what));
        }
        let messages = self
            .session
            .client()
            .simple_query(sql.as_str())
            .await
            .during(|| self.during(what))?;
        Ok(messages
            .iter()
            .filter_map(|m| {
                if let SimpleQueryMessage::CommandComplete(rows) = m {
                    Some(*rows)
                } else {
                    None
                }
            })
            .sum())
    }

    /// The first value of the only row that a statement without parameters yields, as text.
    pub(crate) async fn value(&self, sql: &Sql, what: &str) -> Result<Option<String>> {
        let messages = self
            .session
            .client()
            .simple_query(sql.as_str())
            .await
            .during(|| self.during(what))?;
        Ok(messages
            .iter()
            .find_map(|m| {
                if let SimpleQueryMessage::Row(row) = m {
                    Some(row.get(0).map(str::to_owned))
                } else {
                    None
                }
            })
            .flatten())
    }

    /// The values of the first row that a statement without parameters yields, as text; a NULL is an empty text.
    pub(crate) async fn first_row(&self, sql: &Sql, what: &str) -> Result<Option<Vec<String>>> {
        let messages = self
            .session
            .client()
            .simple_query(sql.as_str())
            .await
            .during(|| self.during(what))?;
        Ok(messages.iter().find_map(|m| match m {
            SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|i| row.get(i).unwrap_or_default().to_owned())
                    .collect(),
            ),
            _ => None,
        }))
    }

    /// Whether a `SELECT EXISTS (…)` is true.
    pub(crate) async fn holds(&self, sql: &Sql, what: &str) -> Result<bool> {
        Ok(self.value(sql, what).await?.as_deref() == Some("t"))
    }

    async fn statement(&mut self, sql: &Sql, what: &str) -> Result<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self
            .session
            .client()
            .prepare(sql.as_str())
            .await
            .during(|| self.during(what))?;
        self.prepared.insert(sql.clone(), statement.clone());
        Ok(statement)
    }

    /// Ends a transaction whatever state it is in; a connection that is gone has none.
    pub(crate) async fn roll_back(&mut self) {
        // What was prepared may name objects that were created in that transaction.
        self.prepared.clear();
        // The error that led here is the one worth reporting.
        let _ = self.session.client().batch_execute("ROLLBACK").await;
    }

    pub(crate) fn during(&self, what: &str) -> String {
        format!("{what} on \"{}\"", self.name)
    }
}
