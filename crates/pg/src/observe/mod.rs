//! Running a migration on a shadow and watching what the server does with every statement.
//!
//! Three things are looked at after each: the locks that the session holds, the files that tables are kept in, and what the server says about
//! its own work when it is asked to say much (`client_min_messages = debug1`): that it rewrites a table, reads it through, builds an index.
//! None of it depends on rows: the server goes the same ways over an empty table, only faster.
//!
//! The messages are read as text, which is stable because the shadow speaks the C locale. Nothing is decided here: what is seen becomes
//! values of [`ponte_schema::lint::observation`].

mod aftermath;
mod live;
mod relations;
mod spoken;

use std::time::Duration;

use ponte_schema::lexer::Statement;
use ponte_schema::lint::Observations;
use ponte_schema::lint::observation::Observation;
use ponte_schema::lint::statement::Statement as Words;
use ponte_schema::migration::{Problem, Script, StatementClass, TransactionMode};
use ponte_schema::{Literal, Sql};

pub use live::Live;

use crate::conninfo::Conninfo;
use crate::error::{During, Error, ErrorKind, Result};
use crate::migrate::{SqlFailure, copy_in, problem, reset_session};
use crate::session::{ConnectOptions, Notices, Session};
use relations::Relations;

/// A zone west of Greenwich, where nobody has said which it is: in UTC some conversions are free that are not elsewhere.
const SOME_ZONE: &str = "<-03>3";

/// Nobody else is on a shadow: a lock that is waited for is our own mistake.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// A session that runs scripts and tells what they do.
pub struct Witness {
    session: Session,
    notices: Notices,
    time_zone: String,
}

impl Witness {
    /// Connects to a database of a server that speaks the C locale. `time_zone` is that of the live one, where it is known.
    ///
    /// # Errors
    /// One of the kinds of a failed connection.
    pub async fn connect(conninfo: &Conninfo, time_zone: Option<&str>) -> Result<Self> {
        let notices = Notices::default();
        let options = ConnectOptions {
            notices: Some(notices.clone()),
            ..ConnectOptions::new("ponte shadow")
        };
        Ok(Self {
            session: Session::connect(conninfo, &options).await?,
            notices,
            time_zone: time_zone.unwrap_or(SOME_ZONE).to_owned(),
        })
    }

    /// Runs a script as `ponte migrate up` would, and commits it.
    ///
    /// # Errors
    /// `migrate.failed` with the place of the statement that the server rejects.
    pub async fn watch(&self, script: &Script) -> Result<Observations> {
        self.execute(&reset_session(LOCK_TIMEOUT)).await?;
        let zone = Literal::new(self.time_zone.as_str());
        self.execute(&Sql::render("SET TimeZone = {zone}", &[("zone", &zone)]))
            .await?;
        let constraints = aftermath::constraints(&self.session).await?;
        let mut run = Run {
            witness: self,
            script,
            relations: Relations::read(&self.session).await?,
            seen: Vec::new(),
        };
        run.all().await?;
        let Run { relations, seen, .. } = run;
        Ok(Observations {
            statements: seen,
            after: aftermath::read(&self.session, &relations.existing(), &constraints).await?,
        })
    }

    async fn execute(&self, sql: &Sql) -> Result<()> {
        let done = self.session.client().batch_execute(sql.as_str()).await;
        done.during(|| "prepare the shadow for a file".to_owned())
    }
}

/// One script on its way.
struct Run<'w> {
    witness: &'w Witness,
    script: &'w Script,
    relations: Relations,
    seen: Vec<Observation>,
}

impl Run<'_> {
    async fn all(&mut self) -> Result<()> {
        let together = self.script.mode() == TransactionMode::Together;
        if together {
            self.control("BEGIN").await?;
        }
        for step in self.script.steps() {
            let first = &self.script.statements()[step.start];
            let class = StatementClass::of(first, self.script.text());
            // A single step that can be in a transaction is put into one, so that its locks can be seen.
            let alone = !together && step.len() == 1 && class == StatementClass::Ordinary;
            if alone {
                self.control("BEGIN").await?;
            }
            for index in step.clone() {
                self.one(index).await?;
            }
            if alone {
                self.control("COMMIT").await?;
            }
        }
        if together {
            self.control("COMMIT").await?;
        }
        Ok(())
    }

    async fn one(&mut self, index: usize) -> Result<()> {
        let statement = &self.script.statements()[index];
        let sql = statement.text(self.script.text());
        // The file may have asked for less to be said, in this statement's transaction or before it.
        self.control("SET client_min_messages = debug1").await?;
        self.witness.notices.take();
        let outcome = self.run(statement, sql).await;
        if let Err(error) = outcome
            && !self.script.rolls_back_to_savepoint()
        {
            return Err(self.failed(Some(index), error));
        }
        if matches!(Words::read(sql), Words::Set { .. } | Words::SetTransaction) {
            // It does nothing to a table, and the one that says how a transaction reads has to come before all questions.
            self.seen.push(Observation::default());
            return Ok(());
        }
        let spoken = spoken::read(&self.witness.notices.take());
        let session = &self.witness.session;
        let observation = self.relations.after(session, sql, &spoken).await;
        match observation {
            Ok(observation) => self.seen.push(observation),
            // Nothing can be asked in a transaction that has failed and that a later statement repairs.
            Err(_) if self.script.rolls_back_to_savepoint() => self.seen.push(Observation::default()),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn run(&self, statement: &Statement, sql: &str) -> Result<(), tokio_postgres::Error> {
        let client = self.witness.session.client();
        match &statement.copy_rows {
            Some(rows) => copy_in(client, sql, &self.script.text()[rows.clone()]).await,
            None => client.batch_execute(sql).await,
        }
    }

    /// BEGIN, COMMIT, and what is set between: an error of a COMMIT is one of the script as a whole.
    async fn control(&self, sql: &'static str) -> Result<()> {
        match self.witness.session.client().batch_execute(sql).await {
            Err(error) if !self.script.rolls_back_to_savepoint() || sql == "COMMIT" => {
                Err(self.failed(None, error))
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, statement: Option<usize>, error: tokio_postgres::Error) -> Error {
        let file = self.script.file();
        let Some(server) = error.as_db_error() else {
            return Error::new(
                ErrorKind::ConnLost,
                format!("cannot run {file}: the shadow went away"),
            )
            .because(error);
        };
        let failure = SqlFailure::new(self.script, statement, server);
        problem(
            Problem::Failed,
            format!("cannot run {file} on a shadow of the database"),
        )
        .hint("correct the statement; to look at the words alone: ponte migrate lint --static")
        .because(failure)
    }
}
