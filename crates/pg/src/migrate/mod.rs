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
mod foresee;
pub(crate) mod history;
mod lock;
mod loss;
mod run;
mod stamp;
mod steps;
pub(crate) mod together;
mod watch;

use std::time::Duration;

use ponte_schema::migration::plan::{self, DownTo};
use ponte_schema::migration::{
    Applied, Migration, MigrationError, MigrationSet, Problem, Repeatable, RepeatableStanding, Repeated,
    Revision, Standing, changed_lines,
};

pub use concurrent_index::{InvalidIndex, PendingDetach};
pub use directory::{MarkedLine, read_directory, read_files};
pub use event::{Blocker, Event, Observer};
pub use failure::{InternalQuery, Quoted, Snippet, SqlFailure};
pub use foresee::{Foreseen, ForeseenLock, ForeseenStatement, work_seconds};
pub use history::LogEntry;
pub(crate) use history::create_schema;
pub use lock::Holder;
pub use loss::DataLoss;
pub use stamp::Stamped;

pub(crate) use run::reset_session;
pub(crate) use together::copy_in;

use crate::conninfo::Conninfo;
use crate::error::{During, Error, ErrorKind, Result};
use crate::pooler;
use crate::session::{ConnectOptions, Session};
use history::Survey;
use lock::RunnerLock;

/// The schema of the history where nothing else is said.
pub const HISTORY_SCHEMA: &str = "ponte";

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The release of the program, for the history.
    pub release: String,
    /// The schema that the history is in.
    pub history_schema: String,
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
            history_schema: HISTORY_SCHEMA.to_owned(),
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
        if !options.allow_pooled {
            pooler::require_direct(conninfo, &Self::connect_options(&options)).await?;
        }
        Self::connect_to_read(conninfo, options).await
    }

    /// Connects only to read the history: an address that is not known for a pooler is not tried out, which would cost two more
    /// connections.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_to_read(conninfo: &Conninfo, options: Options) -> Result<Self> {
        let connect = Self::connect_options(&options);
        let session = Session::connect(conninfo, &connect).await?;
        Ok(Self {
            session,
            conninfo: conninfo.clone(),
            options,
        })
    }

    fn connect_options(options: &Options) -> ConnectOptions {
        ConnectOptions {
            allow_pooled: options.allow_pooled,
            ..ConnectOptions::new("ponte migrate")
        }
    }

    /// What is applied or under way, in the order of the numbers. Writes nothing.
    pub async fn applied(&self) -> Result<Vec<Applied>> {
        let survey = Survey::take(&self.session, &self.options).await?;
        self.applied_in(&survey).await
    }

    /// Everything that was done, oldest first. Writes nothing.
    pub async fn log(&self) -> Result<Vec<LogEntry>> {
        let survey = Survey::take(&self.session, &self.options).await?;
        if survey.history_exists {
            history::read_log(&self.session, &self.options).await
        } else {
            Ok(Vec::new())
        }
    }

    /// Indexes that a failed concurrent build has left behind. Writes nothing.
    pub async fn invalid_indexes(&self) -> Result<Vec<InvalidIndex>> {
        concurrent_index::invalid_indexes(&self.session).await
    }

    /// Partitions that an interrupted DETACH CONCURRENTLY has left half detached. Writes nothing.
    pub async fn pending_detaches(&self) -> Result<Vec<PendingDetach>> {
        concurrent_index::pending_detaches(&self.session).await
    }

    /// Applies what is pending. Returns what this call applied, also where another runner has applied the rest.
    pub async fn up<'a>(
        &mut self,
        set: &'a MigrationSet,
        request: &UpRequest,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<&'a Migration>> {
        let survey = Survey::take(&self.session, &self.options).await?;
        survey.refuse_read_only()?;
        let history = self.applied_in(&survey).await?;
        let repeated = self.repeated_in(&survey).await?;
        let planned = plan::up(set, &history, request.to.as_ref(), request.allow_late);
        let pending = self.explain(set, &history, planned).await?;
        if pending.is_empty() && to_repeat(set, &repeated, request, &pending).is_empty() {
            return Ok(Vec::new());
        }
        let lock = RunnerLock::take(&self.session, self.options.wait_max, observer).await?;
        history::ensure(&self.session, &survey, &self.options).await?;
        let history = history::read(&self.session, &self.options).await?;
        let pending = plan::up(set, &history, request.to.as_ref(), request.allow_late)?;
        let repeated = self.repeated().await?;
        let repeatables = to_repeat(set, &repeated, request, &pending);
        if !repeatables.is_empty() {
            history::ensure_repeatable(&self.session, &survey, &self.options).await?;
        }
        let work = (pending.as_slice(), repeatables.as_slice());
        let outcome = run::up(self, &lock, work, &history, observer).await;
        lock.release(&self.session).await;
        outcome.map(|()| pending)
    }

    /// The schema that the history is in.
    pub fn history_schema(&self) -> &str {
        &self.options.history_schema
    }

    /// Where it is connected to.
    pub fn conninfo(&self) -> &Conninfo {
        &self.conninfo
    }

    /// The server's major version.
    pub fn server_major(&self) -> u32 {
        self.session.server_version_num() / 10_000
    }

    /// Whether [`up`](Self::up) would run nothing. Writes nothing.
    pub async fn is_up(&self, set: &MigrationSet, request: &UpRequest) -> Result<bool> {
        let history = self.applied().await?;
        let repeated = self.repeated().await?;
        let planned = plan::up(set, &history, request.to.as_ref(), request.allow_late);
        let pending = self.explain(set, &history, planned).await?;
        Ok(pending.is_empty() && to_repeat(set, &repeated, request, &pending).is_empty())
    }

    /// What [`up`](Self::up) would run, statement by statement. Writes nothing.
    pub async fn foresee(&self, set: &MigrationSet, request: &UpRequest) -> Result<Vec<Foreseen>> {
        let history = self.applied().await?;
        let repeated = self.repeated().await?;
        let planned = plan::up(set, &history, request.to.as_ref(), request.allow_late);
        let pending = self.explain(set, &history, planned).await?;
        let repeatables = to_repeat(set, &repeated, request, &pending);
        let scripts = pending
            .iter()
            .map(|file| &file.up)
            .chain(repeatables.iter().map(|file| &file.script));
        let mut foreseen = Vec::new();
        self.look_as_files_do().await?;
        for script in scripts {
            foreseen.push(foresee::foresee(&self.session, script).await?);
        }
        Ok(foreseen)
    }

    /// How much is in what these DOWN parts drop. Writes nothing.
    pub async fn data_loss(&self, undone: &[&Migration]) -> Result<Vec<DataLoss>> {
        let scripts = undone.iter().filter_map(|file| file.down.as_ref());
        let losses: Vec<_> = scripts.flat_map(|script| script.losses()).collect();
        self.look_as_files_do().await?;
        loss::measure(&self.session, &losses).await
    }

    /// Names without a schema mean what they mean in a file: the search path is that of the role and the database again.
    async fn look_as_files_do(&self) -> Result<()> {
        let reset = self.session.client().batch_execute("RESET search_path").await;
        reset.during(|| "reset the search path".to_owned())
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
        let survey = Survey::take(&self.session, &self.options).await?;
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
        let survey = Survey::take(&self.session, &self.options).await?;
        survey.refuse_read_only()?;
        let lock = RunnerLock::take(&self.session, self.options.wait_max, observer).await?;
        history::ensure(&self.session, &survey, &self.options).await?;
        let outcome = stamp::stamp(self, set, revision).await;
        lock.release(&self.session).await;
        outcome
    }

    /// Whether [`take_over`](Self::take_over) has been done. Writes nothing.
    ///
    /// # Errors
    /// `adopt.history` where another history is there.
    pub async fn is_taken_over(&self, set: &MigrationSet, revisions: &[Revision]) -> Result<bool> {
        stamp::says_the_same(&self.applied().await?, set, revisions)
    }

    /// Writes a history that another tool has kept so far: exactly these revisions, and all repeatable files of the set, are
    /// recorded as applied.
    ///
    /// # Errors
    /// `adopt.history` where another history is there.
    pub async fn take_over(
        &mut self,
        set: &MigrationSet,
        revisions: &[Revision],
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let survey = Survey::take(&self.session, &self.options).await?;
        survey.refuse_read_only()?;
        let lock = RunnerLock::take(&self.session, self.options.wait_max, observer).await?;
        history::ensure(&self.session, &survey, &self.options).await?;
        if !set.repeatables().is_empty() {
            history::ensure_repeatable(&self.session, &survey, &self.options).await?;
        }
        let outcome = stamp::take_over(self, set, revisions).await;
        lock.release(&self.session).await;
        outcome
    }

    /// The repeatable files that were run. Writes nothing.
    pub async fn repeated(&self) -> Result<Vec<Repeated>> {
        let survey = Survey::take(&self.session, &self.options).await?;
        self.repeated_in(&survey).await
    }

    /// To the error about a file that was changed, what was changed in it, where the history knows.
    async fn explain<T>(
        &self,
        set: &MigrationSet,
        history: &[Applied],
        planned: Result<T, MigrationError>,
    ) -> Result<T> {
        let error = match planned {
            Err(error) if error.problem == Problem::Changed => error,
            other => return Ok(other?),
        };
        let mut explained = Error::from(error);
        let status = plan::status(set, history);
        let changed = status
            .applied
            .iter()
            .filter(|(_, standing)| *standing == Standing::Changed);
        for (row, _) in changed {
            let before = history::recorded_script(&self.session, &row.revision, &self.options).await?;
            if let (Some(before), Some(file)) = (before, set.get(&row.revision)) {
                let lines = changed_lines(&before, file.up.text());
                let lines: Vec<String> = lines.iter().map(|line| format!("\n    {line}")).collect();
                explained = explained.with("changed", format!("{}{}", file.up.file(), lines.concat()));
            }
        }
        Err(explained)
    }

    async fn repeated_in(&self, survey: &Survey) -> Result<Vec<Repeated>> {
        if survey.repeatable_exists {
            history::read_repeatable(&self.session, &self.options).await
        } else {
            Ok(Vec::new())
        }
    }

    async fn applied_in(&self, survey: &Survey) -> Result<Vec<Applied>> {
        survey.refuse_newer()?;
        if survey.history_exists {
            history::read(&self.session, &self.options).await
        } else {
            Ok(Vec::new())
        }
    }
}

/// The repeatable files whose turn it is: those that changed, and all of them behind a numbered file, which may have dropped what they
/// make. What they name is only sure to be there once every numbered file is applied.
fn to_repeat<'s>(
    set: &'s MigrationSet,
    repeated: &[Repeated],
    request: &UpRequest,
    pending: &[&Migration],
) -> Vec<&'s Repeatable> {
    let is_whole = match (&request.to, set.last()) {
        (Some(to), Some(last)) => *to == last.revision,
        _ => true,
    };
    let is_due = |file: &&Repeatable| {
        is_whole && (!pending.is_empty() || file.standing(repeated) != RepeatableStanding::Same)
    };
    set.repeatables().iter().filter(is_due).collect()
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
pub(crate) fn problem(problem: Problem, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Migrate(problem), message)
}
