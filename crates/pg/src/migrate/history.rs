//! `ponte.migration`, `ponte.migration_log` and `ponte.migration_repeatable`, in that schema or another one: the only file that
//! knows their columns.

use std::time::Duration;

use ponte_schema::migration::plan::{Direction, Unfinished};
use ponte_schema::migration::{
    Applied, Checksum, Migration, Problem, Repeatable, Repeated, Revision, Script,
};
use ponte_schema::{Ident, Literal, Sql};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::{Options, problem};
use crate::error::{During, Error, ErrorKind, Result};
use crate::session::Session;

/// The comment of the table, which names its format. Another number is a newer release's.
const FORMAT: &str = "ponte migrate, format 1";

/// Texts longer than this are not kept.
const SCRIPT_BYTES_MAX: usize = 256 * 1024;

/// What has to be known before anything else.
pub(super) struct Survey {
    in_recovery: bool,
    read_only: bool,
    schema_exists: bool,
    pub(super) history_exists: bool,
    pub(super) repeatable_exists: bool,
    script_exists: bool,
    format: Option<String>,
}

impl Survey {
    pub(super) async fn take(session: &Session, options: &Options) -> Result<Self> {
        let sql = Sql::render(
            include_str!("sql/survey.sql"),
            &[("schema_name", &Literal::new(&options.history_schema))],
        );
        let row = session
            .client()
            .query_typed_one(sql.as_str(), &[])
            .await
            .during(|| "look for the migration history".to_owned())?;
        Ok(Self {
            in_recovery: row.get("in_recovery"),
            read_only: row.get("read_only"),
            schema_exists: row.get("schema_exists"),
            history_exists: row.get("history_exists"),
            repeatable_exists: row.get("repeatable_exists"),
            script_exists: row.get("script_exists"),
            format: row.get("history_comment"),
        })
    }

    pub(super) fn refuse_read_only(&self) -> Result<()> {
        if self.in_recovery {
            return Err(problem(
                Problem::ReadOnly,
                "cannot migrate: the server is a replica and takes no writes",
            )
            .hint("connect to the primary"));
        }
        if self.read_only {
            return Err(problem(
                Problem::ReadOnly,
                "cannot migrate: the session is read-only (default_transaction_read_only)",
            )
            .hint("connect as a role, or to a database, without that setting"));
        }
        self.refuse_newer()
    }

    pub(super) fn refuse_newer(&self) -> Result<()> {
        match self.format.as_deref() {
            Some(format) if format != FORMAT && format.starts_with("ponte migrate, format") => Err(problem(
                Problem::HistoryNewer,
                "cannot read the migration history: a newer release of ponte has changed it",
            )
            .with("format", format)
            .hint("install that release or a later one")),
            _ => Ok(()),
        }
    }
}

/// A statement of this module that needs nothing but the schema of the history.
fn on_history(template: &'static str, options: &Options) -> Sql {
    Sql::render(template, &[("schema", &Ident::new(&options.history_schema))])
}

/// Makes the schema and the tables where they are missing. A role that may CREATE in the database is enough.
pub(super) async fn ensure(session: &Session, survey: &Survey, options: &Options) -> Result<()> {
    if survey.history_exists {
        return if survey.script_exists {
            Ok(())
        } else {
            add_script(session, options).await
        };
    }
    if !survey.schema_exists {
        create_schema(session, &options.history_schema, "the migration history").await?;
    }
    session
        .client()
        .batch_execute(on_history(include_str!("sql/create_history.sql"), options).as_str())
        .await
        .during(|| "create the migration history".to_owned())
}

/// For a table that an earlier build made.
async fn add_script(session: &Session, options: &Options) -> Result<()> {
    let sql = on_history(
        "ALTER TABLE {schema}.migration ADD COLUMN IF NOT EXISTS script text",
        options,
    );
    let added = session.client().batch_execute(sql.as_str()).await;
    added.during(|| "bring the migration history up to date".to_owned())
}

/// What a file said when it was applied, where the history knows.
pub(super) async fn recorded_script(
    session: &Session,
    revision: &Revision,
    options: &Options,
) -> Result<Option<String>> {
    let sql = Sql::render(
        include_str!("sql/recorded_script.sql"),
        &[
            ("schema", &Ident::new(&options.history_schema)),
            ("revision", &Literal::new(revision.as_str())),
        ],
    );
    let row = session.client().query_typed_opt(sql.as_str(), &[]).await;
    let row = row.during(|| format!("read what {revision} said"))?;
    Ok(row.and_then(|row| row.get("script")))
}

/// Makes the table of the repeatable files where it is missing.
pub(super) async fn ensure_repeatable(session: &Session, survey: &Survey, options: &Options) -> Result<()> {
    if survey.repeatable_exists {
        return Ok(());
    }
    let created = session
        .client()
        .batch_execute(on_history(include_str!("sql/create_repeatable.sql"), options).as_str())
        .await;
    created.during(|| "create the history of repeatable files".to_owned())
}

/// The repeatable files that were run.
pub(super) async fn read_repeatable(session: &Session, options: &Options) -> Result<Vec<Repeated>> {
    let rows = session
        .client()
        .query_typed(
            on_history(include_str!("sql/read_repeatable.sql"), options).as_str(),
            &[],
        )
        .await;
    let rows = rows.during(|| "read the history of repeatable files".to_owned())?;
    let repeated = |row: &Row| Repeated {
        name: row.get("name"),
        checksum: Checksum::stored(row.get::<_, String>("checksum")),
        applied_at: row.get("applied_at"),
    };
    Ok(rows.iter().map(repeated).collect())
}

/// IF NOT EXISTS still fails for the slower of two that create it at once, and asks for the privilege even where the
/// schema is there; the first is success, the second is why this is only called where it is missing.
pub(crate) async fn create_schema(session: &Session, schema: &str, what: &str) -> Result<()> {
    let sql = Sql::render(
        "CREATE SCHEMA IF NOT EXISTS {schema}",
        &[("schema", &Ident::new(schema))],
    );
    match session.client().batch_execute(sql.as_str()).await {
        Err(e) if e.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(()),
        Err(e) if e.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            Err(Error::new(ErrorKind::SqlRejected, format!("cannot create the schema {schema} for {what}"))
                .hint(format!(
                    "GRANT CREATE ON DATABASE … TO this role, or let its owner run: CREATE SCHEMA {schema} AUTHORIZATION …"
                ))
                .because(e))
        }
        other => other.during(|| format!("create the schema {schema}")),
    }
}

/// What is applied or under way, in the order of the numbers.
pub(super) async fn read(session: &Session, options: &Options) -> Result<Vec<Applied>> {
    let rows = session
        .client()
        .query_typed(
            on_history(include_str!("sql/read_history.sql"), options).as_str(),
            &[],
        )
        .await
        .during(|| "read the migration history".to_owned())?;
    rows.iter().map(applied).collect()
}

fn applied(row: &Row) -> Result<Applied> {
    let text: String = row.get("revision");
    let revision = Revision::parse(&text).ok_or_else(|| {
        Error::new(
            ErrorKind::Internal,
            format!("cannot read revision {text} of the migration history"),
        )
    })?;
    let direction = match row.get::<_, Option<&str>>("direction") {
        Some("up") => Some(Direction::Up),
        Some("down") => Some(Direction::Down),
        _ => None,
    };
    Ok(Applied {
        revision,
        name: row.get("name"),
        checksum_up: Checksum::stored(row.get::<_, String>("checksum_up")),
        checksum_down: row
            .get::<_, Option<String>>("checksum_down")
            .map(Checksum::stored),
        checksum_tokens: Checksum::stored(row.get::<_, String>("checksum_tokens")),
        applied_at: row.get("applied_at"),
        duration_ms: row.get("duration_ms"),
        applied_by: row.get("applied_by"),
        release: row.get("release"),
        unfinished: direction.map(|direction| Unfinished {
            direction,
            steps_done: usize::try_from(row.get::<_, i32>("steps_done")).unwrap_or(0),
            step_begun: row.get("step_begun"),
            checksum_done: Checksum::stored(
                row.get::<_, Option<String>>("checksum_done").unwrap_or_default(),
            ),
        }),
    })
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The migration's number.
    pub revision: String,
    /// Its name.
    pub name: String,
    /// `up`, `down`, `stamp` or `unstamp`.
    pub action: String,
    /// RFC 3339, UTC.
    pub done_at: String,
    /// How long it ran.
    pub duration_ms: i64,
    /// The role that did it.
    pub done_by: String,
    /// The release of the program that did it.
    pub release: String,
}

/// Everything that was done, oldest first.
pub(super) async fn read_log(session: &Session, options: &Options) -> Result<Vec<LogEntry>> {
    let rows = session
        .client()
        .query_typed(
            on_history(include_str!("sql/read_log.sql"), options).as_str(),
            &[],
        )
        .await
        .during(|| "read the migration log".to_owned())?;
    let entry = |row: &Row| LogEntry {
        revision: row.get("revision"),
        name: row.get("name"),
        action: row.get("action"),
        done_at: row.get("done_at"),
        duration_ms: row.get("duration_ms"),
        done_by: row.get("done_by"),
        release: row.get("release"),
    };
    Ok(rows.iter().map(entry).collect())
}

/// How the duration of a script is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Took {
    /// The server counts from the begin of the transaction that this is part of.
    ThisTransaction,
    /// It was measured here.
    Measured(Duration),
}

impl Took {
    fn sql(self) -> Sql {
        match self {
            Self::ThisTransaction => {
                Sql::text("(extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000)::bigint")
            }
            Self::Measured(duration) => Sql::of(&i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

/// Records that a migration is applied.
pub(super) fn record_up(migration: &Migration, action: &'static str, took: Took, options: &Options) -> Sql {
    let mut sql = Sql::text(include_str!("sql/as_ourselves.sql"));
    sql.push(&Sql::render(
        include_str!("sql/record_up.sql"),
        &[
            ("revision", &Literal::new(migration.revision.as_str())),
            ("name", &Literal::new(&migration.name)),
            ("checksum_up", &Literal::new(migration.checksum_up.as_str())),
            ("checksum_down", &optional(migration.checksum_down.as_ref())),
            (
                "checksum_tokens",
                &Literal::new(migration.checksum_tokens.as_str()),
            ),
            ("duration_ms", &took.sql()),
            ("action", &Literal::new(action)),
            ("release", &Literal::new(&options.release)),
            ("schema", &Ident::new(&options.history_schema)),
            ("script", &script(migration)),
        ],
    ));
    sql
}

/// The text of UP, unless it is so long that nobody would read a difference.
fn script(migration: &Migration) -> Sql {
    let text = migration.up.text();
    if text.len() > SCRIPT_BYTES_MAX {
        return Sql::text("NULL");
    }
    Sql::of(&Literal::new(text))
}

/// Records that a repeatable file was run.
pub(super) fn record_repeatable(
    file: &Repeatable,
    action: &'static str,
    took: Took,
    options: &Options,
) -> Sql {
    let mut sql = Sql::text(include_str!("sql/as_ourselves.sql"));
    sql.push(&Sql::render(
        include_str!("sql/record_repeatable.sql"),
        &[
            ("name", &Literal::new(&file.name)),
            ("checksum", &Literal::new(file.checksum.as_str())),
            ("duration_ms", &took.sql()),
            ("action", &Literal::new(action)),
            ("release", &Literal::new(&options.release)),
            ("schema", &Ident::new(&options.history_schema)),
        ],
    ));
    sql
}

/// Records that a migration is no longer applied.
pub(super) fn record_down(revision: &Revision, action: &'static str, took: Took, options: &Options) -> Sql {
    let mut sql = Sql::text(include_str!("sql/as_ourselves.sql"));
    sql.push(&Sql::render(
        include_str!("sql/record_down.sql"),
        &[
            ("revision", &Literal::new(revision.as_str())),
            ("duration_ms", &took.sql()),
            ("action", &Literal::new(action)),
            ("release", &Literal::new(&options.release)),
            ("schema", &Ident::new(&options.history_schema)),
        ],
    ));
    sql
}

/// Records how far a script has come that runs step by step.
pub(super) fn record_step(
    migration: &Migration,
    script: &Script,
    direction: Direction,
    (steps_done, step_begun): (usize, bool),
    options: &Options,
) -> Sql {
    let direction = match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    };
    let mut sql = Sql::text(include_str!("sql/as_ourselves.sql"));
    sql.push(&Sql::render(
        include_str!("sql/record_step.sql"),
        &[
            ("revision", &Literal::new(migration.revision.as_str())),
            ("name", &Literal::new(&migration.name)),
            ("checksum_up", &Literal::new(migration.checksum_up.as_str())),
            ("checksum_down", &optional(migration.checksum_down.as_ref())),
            (
                "checksum_tokens",
                &Literal::new(migration.checksum_tokens.as_str()),
            ),
            ("release", &Literal::new(&options.release)),
            ("schema", &Ident::new(&options.history_schema)),
            ("direction", &Literal::new(direction)),
            ("steps_done", &i64::try_from(steps_done).unwrap_or(i64::MAX)),
            (
                "step_begun",
                &Sql::text(if step_begun { "true" } else { "false" }),
            ),
            (
                "checksum_done",
                &Literal::new(script.checksum_of_steps(steps_done).as_str()),
            ),
        ],
    ));
    sql
}

fn optional(checksum: Option<&Checksum>) -> Sql {
    checksum.map_or_else(
        || Sql::text("NULL"),
        |checksum| Sql::of(&Literal::new(checksum.as_str())),
    )
}
