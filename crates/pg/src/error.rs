//! The one error type of this crate: what was being done, to what, why it failed, what to do next.

pub(crate) mod classify;
mod kind;
pub(crate) mod server;
pub(crate) mod treatment;

use std::fmt;

pub use kind::{ErrorKind, Retry};
use server::ServerError;

/// Shorthand for this crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

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

    /// The error underneath. The driver's errors are kept in a form that shows no row values.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let source = match source.into().downcast::<tokio_postgres::Error>() {
            Ok(driver) => Box::new(ServerError(*driver)),
            Err(other) => other,
        };
        self.inner.source = Some(source);
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

    /// What to do next: the hint that was given, else the kind's own.
    pub fn next_step(&self) -> Option<&str> {
        Some(
            self.inner
                .hint
                .as_deref()
                .unwrap_or(self.inner.kind.default_hint()),
        )
    }

    /// The statement of a migration that the server rejected, where it stands in its file.
    pub fn migration(&self) -> Option<&crate::migrate::SqlFailure> {
        self.inner.source.as_ref()?.downcast_ref()
    }

    /// The line of a migration file that cannot be taken apart.
    pub fn marked_line(&self) -> Option<&crate::migrate::MarkedLine> {
        self.inner.source.as_ref()?.downcast_ref()
    }

    /// The server's own report, where it rejected something; through errors of this type that wrap one another.
    pub fn server(&self) -> Option<&tokio_postgres::error::DbError> {
        let source = self.inner.source.as_ref()?;
        match source.downcast_ref::<ServerError>() {
            Some(driver) => driver.0.as_db_error(),
            None => source.downcast_ref::<Self>()?.server(),
        }
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
            let kind = classify::of_statement(&e);
            let sqlstate = e.code().map(|code| code.code().to_owned());
            let error = Error::new(kind, format!("cannot {}", what()));
            let error = match sqlstate {
                Some(code) => error.with("sqlstate", code),
                None => error,
            };
            error.because(e)
        })
    }
}
