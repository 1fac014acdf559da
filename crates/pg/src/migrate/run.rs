//! One script after the other, with retries where a lock did not come in time.

use std::time::{Duration, Instant};

use ponte_schema::Sql;
use ponte_schema::migration::plan::{Direction, Unfinished, label};
use ponte_schema::migration::{Applied, Migration, Problem, Repeatable, Script, TransactionMode};

use super::event::{Event, Observer};
use super::failure::SqlFailure;
use super::history::{self, Took};
use super::lock::RunnerLock;
use super::together::{self, Rejected, Stage};
use super::watch::Watch;
use super::{Migrator, Options, problem, steps};
use crate::error::{During, Error, ErrorKind, Result};
use crate::session::Session;

/// Pauses between two tries double from the first to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// Applies migrations in order, and then runs repeatable files.
pub(super) async fn up(
    migrator: &Migrator,
    lock: &RunnerLock,
    (pending, repeatables): (&[&Migration], &[&Repeatable]),
    history: &[Applied],
    observer: &mut Observer<'_>,
) -> Result<()> {
    let jobs = pending.iter().map(|migration| Job {
        migration,
        script: &migration.up,
        direction: Direction::Up,
        unfinished: unfinished(history, migration),
    });
    let mut runner = Runner::new(migrator, lock);
    runner.run(&jobs.collect::<Vec<_>>(), observer).await?;
    for file in repeatables {
        runner.repeat(file, observer).await?;
    }
    Ok(())
}

/// Undoes migrations in order.
pub(super) async fn down(
    migrator: &Migrator,
    lock: &RunnerLock,
    undone: &[&Migration],
    history: &[Applied],
    observer: &mut Observer<'_>,
) -> Result<()> {
    let jobs = undone.iter().filter_map(|migration| {
        Some(Job {
            migration,
            script: migration.down.as_ref()?,
            direction: Direction::Down,
            unfinished: unfinished(history, migration),
        })
    });
    Runner::new(migrator, lock)
        .run(&jobs.collect::<Vec<_>>(), observer)
        .await
}

fn unfinished<'a>(history: &'a [Applied], migration: &Migration) -> Option<&'a Unfinished> {
    let row = history.iter().find(|row| row.revision == migration.revision)?;
    row.unfinished.as_ref()
}

/// Makes a session as new for a file.
pub(crate) fn reset_session(lock_timeout: Duration) -> Sql {
    let lock_timeout_ms = i64::try_from(lock_timeout.as_millis()).unwrap_or(i64::MAX);
    Sql::render(
        include_str!("sql/reset_session.sql"),
        &[("lock_timeout_ms", &lock_timeout_ms)],
    )
}

/// One script to run.
pub(super) struct Job<'a> {
    pub(super) migration: &'a Migration,
    pub(super) script: &'a Script,
    pub(super) direction: Direction,
    pub(super) unfinished: Option<&'a Unfinished>,
}

/// What is said about a script, and what is recorded once it has come to its end.
pub(super) struct Piece<'a> {
    pub(super) script: &'a Script,
    pub(super) label: String,
    record: Sql,
    verb: &'static str,
    command: &'static str,
}

impl Job<'_> {
    pub(super) fn piece(&self, took: Took, options: &Options) -> Piece<'_> {
        let (verb, command) = match self.direction {
            Direction::Up => ("apply", "up"),
            Direction::Down => ("undo", "down"),
        };
        Piece {
            script: self.script,
            label: label(&self.migration.revision, &self.migration.name),
            record: self.record(took, options),
            verb,
            command,
        }
    }

    /// What makes the history say that the script has come to its end.
    pub(super) fn record(&self, took: Took, options: &Options) -> Sql {
        match self.direction {
            Direction::Up => history::record_up(self.migration, "up", took, options),
            Direction::Down => history::record_down(&self.migration.revision, "down", took, options),
        }
    }
}

/// A session with the lock, and what it needs on the way.
pub(super) struct Runner<'m> {
    pub(super) session: &'m Session,
    pub(super) options: &'m Options,
    pub(super) watch: Watch,
    /// A transaction for the next script is open.
    begun: bool,
}

impl<'m> Runner<'m> {
    fn new(migrator: &'m Migrator, lock: &RunnerLock) -> Self {
        Self {
            session: &migrator.session,
            options: &migrator.options,
            watch: Watch::new(&migrator.conninfo, lock.pid, migrator.options.lock_timeout),
            begun: false,
        }
    }

    async fn run(&mut self, jobs: &[Job<'_>], observer: &mut Observer<'_>) -> Result<()> {
        for (index, job) in jobs.iter().enumerate() {
            observer(Event::Started {
                migration: job.migration,
                direction: job.direction,
            });
            let clock = Instant::now();
            match job.script.mode() {
                TransactionMode::Together => {
                    let next = jobs
                        .get(index + 1)
                        .is_some_and(|job| job.script.mode() == TransactionMode::Together);
                    let piece = job.piece(Took::ThisTransaction, self.options);
                    self.together(&piece, next, observer).await?;
                }
                TransactionMode::StepByStep => {
                    self.end_transaction().await?;
                    steps::run(self, job, observer).await?;
                }
            }
            observer(Event::Finished {
                migration: job.migration,
                direction: job.direction,
                duration: clock.elapsed(),
            });
        }
        self.end_transaction().await
    }

    async fn repeat(&mut self, file: &Repeatable, observer: &mut Observer<'_>) -> Result<()> {
        let clock = Instant::now();
        let piece = Piece {
            script: &file.script,
            label: file.script.file().trim_end_matches(".sql").to_owned(),
            record: history::record_repeatable(file, "up", Took::ThisTransaction, self.options),
            verb: "run",
            command: "up",
        };
        self.together(&piece, false, observer).await?;
        observer(Event::Repeated {
            name: &file.name,
            duration: clock.elapsed(),
        });
        Ok(())
    }

    async fn together(
        &mut self,
        piece: &Piece<'_>,
        another: bool,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let next = if another {
            vec![self.reset(), Sql::text("BEGIN")]
        } else {
            Vec::new()
        };
        let mut patience = Patience::new(self.options.wait_max);
        loop {
            self.begin().await?;
            let attempt = together::attempt(self.session.client(), piece.script, &piece.record, &next);
            let outcome = self.watch.over(&piece.label, observer, attempt).await;
            self.begun = another;
            match outcome {
                Ok(()) => return Ok(()),
                Err(rejected) if rejected.stage == Stage::Next => {
                    self.begun = true;
                    return self.end_transaction().await;
                }
                Err(rejected) => {
                    let Some(pause) = patience.pause_after(&rejected) else {
                        return Err(self.report(piece, &rejected, "nothing"));
                    };
                    self.begun = true;
                    self.end_transaction().await?;
                    self.wait(&piece.label, pause, observer).await;
                }
            }
        }
    }

    /// Says who was in the way, and sleeps.
    pub(super) async fn wait(&self, what: &str, pause: Duration, observer: &mut Observer<'_>) {
        observer(Event::LockTimedOut {
            what,
            by: &self.watch.blockers,
            again_in: pause,
        });
        tokio::time::sleep(pause).await;
    }

    /// Makes the session as new, and begins a transaction, unless both have been done.
    async fn begin(&mut self) -> Result<()> {
        if !self.begun {
            self.reset_session().await?;
            let begun = self.session.client().batch_execute("BEGIN").await;
            begun.during(|| "begin a transaction".to_owned())?;
            self.begun = true;
        }
        Ok(())
    }

    async fn end_transaction(&mut self) -> Result<()> {
        if std::mem::take(&mut self.begun) {
            let ended = self.session.client().batch_execute("ROLLBACK").await;
            ended.during(|| "end a transaction".to_owned())?;
        }
        Ok(())
    }

    /// Makes the session as new.
    pub(super) async fn reset_session(&self) -> Result<()> {
        let reset = self.session.client().batch_execute(self.reset().as_str()).await;
        reset.during(|| "reset the session".to_owned())
    }

    fn reset(&self) -> Sql {
        reset_session(self.options.lock_timeout)
    }

    /// The error of a script; `applied` says what of it is in effect.
    pub(super) fn report(&self, piece: &Piece<'_>, rejected: &Rejected, applied: &str) -> Error {
        let file = piece.script.file();
        let message = format!("cannot {} {file}", piece.verb);
        let Some(server) = rejected.error.as_db_error() else {
            return Error::new(
                ErrorKind::ConnLost,
                format!("{message}: the connection to the server ended"),
            )
            .hint("see what is applied: ponte migrate status");
        };
        let statement = match rejected.stage {
            Stage::Statement(index) => Some(index),
            Stage::Commit | Stage::Next => None,
        };
        let failure = SqlFailure::new(piece.script, statement, server);
        let kind = if is_lock_timeout(rejected) {
            Problem::Locked
        } else {
            Problem::Failed
        };
        let mut error = problem(kind, message)
            .with("applied", format!("{applied} of this file"))
            .hint(format!(
                "correct the statement, then run: ponte migrate {}",
                piece.command
            ));
        if let Some(hint) = next_step(&failure.sqlstate) {
            error = error.hint(hint);
        }
        if let Some(blocker) = self.watch.blockers.first().filter(|_| kind == Problem::Locked) {
            error = error
                .with("blocked_by_pid", blocker.pid)
                .with("blocked_by_application", &blocker.application_name)
                .hint(format!(
                    "wait for that transaction to end, or end it: SELECT pg_terminate_backend({})",
                    blocker.pid
                ));
        }
        error.because(failure)
    }
}

/// What we know better than the server about a few of its refusals.
fn next_step(sqlstate: &str) -> Option<&'static str> {
    match sqlstate {
        "25001" => Some("put -- ponte: no-transaction into the file, alone on a line"),
        "55P04" => {
            Some("a new enum value can be used once it is committed: put its use into the next migration")
        }
        "2D000" => Some("a procedure that commits needs -- ponte: no-transaction in the file"),
        _ => None,
    }
}

fn is_lock_timeout(rejected: &Rejected) -> bool {
    matches!(
        rejected.error.code().map(tokio_postgres::error::SqlState::code),
        Some("55P03" | "40P01")
    )
}

/// How long to go on trying.
pub(super) struct Patience {
    deadline: Instant,
    next: Duration,
}

impl Patience {
    pub(super) fn new(wait_max: Duration) -> Self {
        Self {
            deadline: Instant::now() + wait_max,
            next: PAUSE_FIRST,
        }
    }

    /// The pause before another try; none where another try cannot help or the time is up.
    pub(super) fn pause_after(&mut self, rejected: &Rejected) -> Option<Duration> {
        if !is_lock_timeout(rejected) {
            return None;
        }
        let pause = jittered(self.next);
        self.next = (self.next * 2).min(PAUSE_MAX);
        (Instant::now() + pause < self.deadline).then_some(pause)
    }
}

/// Between three and five quarters of it, so that runners on several databases do not try in step.
fn jittered(pause: Duration) -> Duration {
    let random = uuid::Uuid::new_v4().as_bytes()[0];
    pause * 3 / 4 + pause * u32::from(random) / 512
}
