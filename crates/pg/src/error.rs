//! The one error type of this crate: what was being done, to what, why it failed, what to do next.

use std::fmt;

/// Shorthand for this crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as a caller or a script may want to tell things apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection string or a connection setting cannot be used.
    ConnInvalid,
    /// Nobody listens there.
    ConnRefused,
    /// The server went away, or a network error ended the connection.
    ConnLost,
    /// The server rejected a statement; its SQLSTATE is in the context.
    SqlRejected,
    /// The server gave up on a statement for a reason that passes (deadlock, lock timeout, serialisation).
    SqlTransient,
    /// A link was asked for that these two databases cannot have as they are.
    SyncUnfit,
    /// The two sides' tables differ in shape.
    SyncDrift,
    /// The link does not exist in this database, or its first contact is not complete.
    SyncNotReady,
    /// The link exists already, with other partners or tables, or the table belongs to another link.
    SyncAlreadyLinked,
    /// Another process moved the link on while this one worked.
    SyncOvertaken,
    /// The source's history lies before what was read from it earlier.
    SyncWentBack,
    /// A row cannot be applied without losing or orphaning another one.
    SyncBlocked,
    /// Capture triggers are missing or disabled, or a trigger would rewrite applied rows.
    SyncTriggers,
    /// A command waited for something that did not happen in time.
    SyncTimeout,
    /// No PostgreSQL server binaries were found on this machine.
    EmbeddedNoBinaries,
    /// A server refuses to run as root, and there is no other account to run it as.
    EmbeddedNoAccount,
    /// The directory of an embedded cluster cannot be made or used.
    EmbeddedDirectory,
    /// The server of an embedded cluster does not start, or does not do what it was told.
    EmbeddedStart,
    /// A bug of ours or an answer that no PostgreSQL server gives.
    Internal,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Try again with backoff.
    Later,
    /// A person has to change something first.
    Never,
}

impl ErrorKind {
    /// The stable code, which is also the name of its page in `docs/errors/`.
    pub fn code(self) -> &'static str {
        match self {
            Self::ConnInvalid => "conn.invalid",
            Self::ConnRefused => "conn.refused",
            Self::ConnLost => "conn.lost",
            Self::SqlRejected => "sql.rejected",
            Self::SqlTransient => "sql.transient",
            Self::SyncUnfit => "sync.unfit",
            Self::SyncDrift => "sync.drift",
            Self::SyncNotReady => "sync.not_ready",
            Self::SyncAlreadyLinked => "sync.already_linked",
            Self::SyncOvertaken => "sync.overtaken",
            Self::SyncWentBack => "sync.went_back",
            Self::SyncBlocked => "sync.blocked",
            Self::SyncTriggers => "sync.triggers",
            Self::SyncTimeout => "sync.timeout",
            Self::EmbeddedNoBinaries => "embedded.no_binaries",
            Self::EmbeddedNoAccount => "embedded.no_account",
            Self::EmbeddedDirectory => "embedded.directory",
            Self::EmbeddedStart => "embedded.start",
            Self::Internal => "internal",
        }
    }

    /// Whether trying again can help.
    pub fn retry(self) -> Retry {
        match self {
            Self::ConnRefused | Self::ConnLost | Self::SqlTransient | Self::SyncOvertaken => Retry::Later,
            Self::ConnInvalid
            | Self::SqlRejected
            | Self::SyncUnfit
            | Self::SyncDrift
            | Self::SyncNotReady
            | Self::SyncAlreadyLinked
            | Self::SyncWentBack
            | Self::SyncBlocked
            | Self::SyncTriggers
            | Self::SyncTimeout
            | Self::Internal => Retry::Never,
            Self::EmbeddedNoBinaries
            | Self::EmbeddedNoAccount
            | Self::EmbeddedDirectory
            | Self::EmbeddedStart => Retry::Never,
        }
    }
}

/// What failed: kind, a lower-case sentence without a period, owned context (`host`, `port`, …), the cause, the next step.
#[derive(Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A new error; `message` reads «cannot apply batch to "neon"»: verb, object.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: message.into(),
                context: Vec::new(),
                hint: None,
                source: None,
            }),
        }
    }

    /// Names one more thing that a person needs to know. Never a password, never a row's values.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.inner.context.push((key, value.to_string()));
        self
    }

    /// The one imperative line that says what to do, where it can be more exact than the kind's own.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.inner.hint = Some(hint.into());
        self
    }

    /// The error underneath.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The facts around it, in the order they were added.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.inner.context
    }

    /// What to do next.
    pub fn next_step(&self) -> Option<&str> {
        self.inner.hint.as_deref()
    }

    /// The server's own report, where a statement was rejected.
    pub fn server(&self) -> Option<&tokio_postgres::error::DbError> {
        self.inner
            .source
            .as_ref()?
            .downcast_ref::<tokio_postgres::Error>()?
            .as_db_error()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner
            .source
            .as_deref()
            .map(|e| e as &(dyn std::error::Error + 'static))
    }
}

/// Turns the driver's error into ours, saying what was being done.
pub trait During<T> {
    /// `what` reads «read the pending changes of perfis».
    fn during(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> During<T> for Result<T, tokio_postgres::Error> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| {
            let kind = match e.code().map(tokio_postgres::error::SqlState::code) {
                Some("40001" | "40P01" | "55P03" | "57014") => ErrorKind::SqlTransient,
                Some("57P01" | "57P02" | "57P03" | "08000" | "08003" | "08006") => ErrorKind::ConnLost,
                Some(_) => ErrorKind::SqlRejected,
                None if e.is_closed() => ErrorKind::ConnLost,
                None => ErrorKind::ConnLost,
            };
            Error::new(kind, format!("cannot {}", what())).because(e)
        })
    }
}
