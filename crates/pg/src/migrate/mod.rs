//! Running migrations on a server.
//!
//! What is to be run is decided in [`ponte_schema::migration`]; here it is run so that nothing can be half done without
//! being known. A file and its history row are one transaction, one statement is one message, and the statements of a file
//! travel together without waiting for each other's answers. A file that cannot run in a transaction is run step by step,
//! and the history says which steps are done.
//!
//! Two runners exclude each other by a session advisory lock, taken by trying and sleeping: a session that blocks in
//! `pg_advisory_lock` holds a snapshot, and `CREATE INDEX CONCURRENTLY` in the holder would wait for it for ever.
//!
//! Reading commands write nothing at all, not even the schema.

mod concurrent_index;
mod directory;
mod event;
pub(crate) mod failure;
pub(crate) mod history;
mod lock;
mod run;
mod stamp;
mod steps;
pub(crate) mod together;
mod watch;

use std::time::Duration;

use ponte_schema::migration::plan::{self, DownTo};
use ponte_schema::migration::{Applied, Migration, MigrationError, MigrationSet, Problem, Revision};

pub use concurrent_index::InvalidIndex;
pub use directory::read_directory;
pub use event::{Blocker, Event, Observer};
pub use failure::{InternalQuery, Snippet, SqlFailure};
pub use history::LogEntry;
pub use lock::Holder;
pub use stamp::Stamped;

use crate::conninfo::Conninfo;
use crate::error::{Error, ErrorKind, Result};
use crate::pooler;
use crate::session::{ConnectOptions, Session};
use history::Survey;
use lock::RunnerLock;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The release of the program, for the history.
    pub release: String,
    /// How long one statement may wait for a lock before everything is rolled back and tried again.
    pub lock_timeout: Duration,
    /// How long to go on trying, for the tables' locks and for another runner to finish.
    pub wait_max: Duration,
    /// Whether to go on through a pooler that is known to keep sessions apart.
    pub allow_pooled: bool,
}

impl Options {
    /// Four seconds per lock, five minutes in all.
    pub fn new(release: impl Into<String>) -> Self {
        Self {
            release: release.into(),
            lock_timeout: Duration::from_secs(4),
            wait_max: Duration::from_secs(300),
            allow_pooled: false,
        }
    }
}

/// What to apply.
#[derive(Debug, Clone, Default)]
pub struct UpRequest {
    /// The last revision to apply; all where it is not given.
    pub to: Option<Revision>,
    /// Apply files with a lower number than one that is applied.
    pub allow_late: bool,
}

/// A connection that runs migrations. It has to be a direct one: a pooler would spread it over several sessions.
pub struct Migrator {
    session: Session,
    conninfo: Conninfo,
    options: Options,
}

impl Migrator {
    /// Connects. Nothing is written yet.
    ///
    /// # Errors
    /// `conn.pooled_url`, or the kinds of a failed connection.
    pub async fn connect(conninfo: &Conninfo, options: Options) -> Result<Self> {
        let connect = ConnectOptions {
            allow_pooled: options.allow_pooled,
            ..ConnectOptions::new("ponte migrate")
        };
        if !options.allow_pooled {
            pooler::require_direct(conninfo, &connect).await?;
        }
        let session = Session::connect(conninfo, &connect).await?;
        Ok(Self {
            session,
            conninfo: conninfo.clone(),
            options,
        })
    }

    /// What is applied or under way, in the order of the numbers. Writes nothing.
    pub async fn applied(&self) -> Result<Vec<Applied>> {
        let survey = Survey::take(&self.session).await?;
        self.applied_in(&survey).await
    }

    /// Everything that was done, oldest first. Writes nothing.
    pub async fn log(&self) -> Result<Vec<LogEntry>> {
        let survey = Survey::take(&self.session).await?;
        if survey.history_exists {
            history::read_log(&self.session).await
        } else {
            Ok(Vec::new())
        }
    }

    /// Indexes that a failed concurrent build has left behind. Writes nothing.
    pub async fn invalid_indexes(&self) -> Result<Vec<InvalidIndex>> {
        concurrent_index::invalid_indexes(&self.session).await
    }

    /// Applies what is pending. Returns what this call applied, also where another runner has applied the rest.
    pub async fn up<'a>(
        &mut self,
        set: &'a MigrationSet,
        request: &UpRequest,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<&'a Migration>> {
        let survey = Survey::take(&self.session).await?;
        survey.refuse_read_only()?;
        let history = self.applied_in(&survey).await?;
        if plan::up(set, &history, request.to.as_ref(), request.allow_late)?.is_empty() {
            return Ok(Vec::new());
        }
        let lock = RunnerLock::take(&self.session, self.options.wait_max, observer).await?;
        history::ensure(&self.session, &survey).await?;
        let history = history::read(&self.session).await?;
        let pending = plan::up(set, &history, request.to.as_ref(), request.allow_late)?;
        let outcome = run::up(self, &lock, &pending, &history, observer).await;
        lock.release(&self.session).await;
        outcome.map(|()| pending)
    }

    /// What [`down`](Self::down) would undo, newest first; an error where one of them cannot be undone. Writes nothing.
    pub async fn plan_down<'a>(&self, set: &'a MigrationSet, to: &DownTo) -> Result<Vec<&'a Migration>> {
        let history = self.applied().await?;
        Ok(plan::down(set, &history, to)?)
    }

    /// Undoes migrations, newest first. Nothing is run unless all of them can be undone.
    pub async fn down<'a>(
        &mut self,
        set: &'a MigrationSet,
        to: &DownTo,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<&'a Migration>> {
        let survey = Survey::take(&self.session).await?;
        survey.refuse_read_only()?;
        if self.plan_down(set, to).await?.is_empty() {
            return Ok(Vec::new());
        }
        let lock = RunnerLock::take(&self.session, self.options.wait_max, observer).await?;
        let history = self.applied().await?;
        let undone = plan::down(set, &history, to)?;
        let outcome = run::down(self, &lock, &undone, &history, observer).await;
        lock.release(&self.session).await;
        outcome.map(|()| undone)
    }

    /// Declares the database to be at a revision without running anything: all files up to it are recorded as applied,
    /// with the checksums they have now, and nothing above it is.
    pub async fn stamp(
        &mut self,
        set: &MigrationSet,
        revision: &Revision,
        observer: &mut Observer<'_>,
    ) -> Result<Stamped> {
        let survey = Survey::take(&self.session).await?;
        survey.refuse_read_only()?;
        let lock = RunnerLock::take(&self.session, self.options.wait_max, observer).await?;
        history::ensure(&self.session, &survey).await?;
        let outcome = stamp::stamp(self, set, revision).await;
        lock.release(&self.session).await;
        outcome
    }

    async fn applied_in(&self, survey: &Survey) -> Result<Vec<Applied>> {
        survey.refuse_newer()?;
        if survey.history_exists {
            history::read(&self.session).await
        } else {
            Ok(Vec::new())
        }
    }
}

impl From<MigrationError> for Error {
    fn from(error: MigrationError) -> Self {
        let mut ours = problem(error.problem, error.message);
        if let Some(place) = error.place {
            ours = ours.with("file", place.file);
            if let Some(position) = place.position {
                ours = ours.with("line", position.line).with("column", position.column);
            }
        }
        match error.hint {
            Some(hint) => ours.hint(hint),
            None => ours,
        }
    }
}

/// An error of this module.
fn problem(problem: Problem, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Migrate(problem), message)
}
