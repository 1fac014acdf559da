//! The one error type of this crate: what was being done, to what, why it failed, what to do next.
//!
//! It reads like the error of `ponte-pg` and carries that one unchanged where a server said no. What is added are
//! excerpts: the places in a file that a person has to look at, several at once where a file has several faults.

use std::fmt;

use ponte_pg::Retry;

/// Shorthand for this crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as a caller or a script may want to tell things apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A configuration file that was asked for or is needed cannot be read.
    ConfigNotFound,
    /// A key is missing, unknown, or has a value that it cannot have.
    ConfigInvalid,
    /// A value refers to a variable or a file that does not exist.
    ConfigUnset,
    /// No node or link of that name is configured.
    ConfigUnknown,
    /// Nothing says which database is meant.
    ConfigNoDatabase,
    /// The project's state directory cannot be used.
    State,
    /// What a database's history records cannot be replayed.
    VerifyHistory,
    /// pg_dump was asked for, and cannot say anything about this database.
    VerifyDump,
    /// The journal of changes cannot be installed or removed.
    VerifyJournal,
    /// A side of a comparison is no file, no directory and no database.
    DiffSource,
    /// A name that is to change, or the one it is to become, is on neither side.
    DiffRename,
    /// A plan was made that does not lead where it should.
    PlanUnproved,
    /// A key file cannot be used, or no key can be made.
    SecretKeys,
    /// A sealed value does not open.
    SecretSealed,
    /// The directory of the documentation cannot be written.
    DocsOutput,
    /// The environment file cannot take a connection string.
    EnvFile,
    /// The part that talks to servers failed.
    Pg(ponte_pg::ErrorKind),
}

impl ErrorKind {
    /// The stable code, which is also the name of its page in `docs/errors/`.
    pub fn code(self) -> &'static str {
        match self {
            Self::ConfigNotFound => "config.not_found",
            Self::ConfigInvalid => "config.invalid",
            Self::ConfigUnset => "config.unset",
            Self::ConfigUnknown => "config.unknown",
            Self::ConfigNoDatabase => "config.no_database",
            Self::State => "state.unwritable",
            Self::VerifyHistory => "verify.history",
            Self::VerifyDump => "verify.dump",
            Self::VerifyJournal => "verify.journal",
            Self::DiffSource => "diff.source",
            Self::DiffRename => "diff.rename",
            Self::PlanUnproved => "plan.unproved",
            Self::SecretKeys => "secret.keys",
            Self::SecretSealed => "secret.sealed",
            Self::DocsOutput => "docs.output",
            Self::EnvFile => "db.env_file",
            Self::Pg(kind) => kind.code(),
        }
    }
}

/// A place in a text file that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The file, as the person would name it.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// How many characters are meant, at least 1.
    pub width: u32,
    /// The line itself, passwords masked.
    pub text: String,
    /// What is wrong there, lower case, no period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What failed: kind, a lower-case sentence without a period, owned context, places in files, the cause, the next step.
#[derive(Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
enum Inner {
    Pg(ponte_pg::Error),
    Own(Own),
}

#[derive(Debug)]
struct Own {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    excerpts: Vec<Excerpt>,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A new error; `message` reads «cannot read the configuration»: verb, object.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner::Own(Own {
                kind,
                message: message.into(),
                context: Vec::new(),
                excerpts: Vec::new(),
                hint: None,
                source: None,
            })),
        }
    }

    fn own(mut self, change: impl FnOnce(&mut Own)) -> Self {
        if let Inner::Own(own) = self.inner.as_mut() {
            change(own);
        }
        self
    }

    /// Names one more thing that a person needs to know. Never a password, never a row's values.
    #[must_use]
    pub fn with(self, key: &'static str, value: impl fmt::Display) -> Self {
        match *self.inner {
            Inner::Pg(error) => error.with(key, value).into(),
            Inner::Own(mut own) => {
                own.context.push((key, value.to_string()));
                Self {
                    inner: Box::new(Inner::Own(own)),
                }
            }
        }
    }

    /// The places to look at.
    #[must_use]
    pub fn at(self, excerpts: impl IntoIterator<Item = Excerpt>) -> Self {
        self.own(|own| own.excerpts.extend(excerpts))
    }

    /// The one imperative line that says what to do.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.own(|own| own.hint = Some(hint.into()))
    }

    /// The error underneath.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.own(|own| own.source = Some(source.into()))
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self.inner.as_ref() {
            Inner::Pg(error) => ErrorKind::Pg(error.kind()),
            Inner::Own(own) => own.kind,
        }
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        match self.kind() {
            ErrorKind::Pg(kind) => kind.retry(),
            _ => Retry::Never,
        }
    }

    /// The message with its causes and code on one line, for logs and notes.
    pub fn in_words(&self) -> String {
        let mut words = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !words.contains(&text) {
                words = format!("{words}: {text}");
            }
            cause = error.source();
        }
        format!("{words} [{}]", self.kind().code())
    }

    /// The facts around it, in the order they were added.
    pub fn context(&self) -> &[(&'static str, String)] {
        match self.inner.as_ref() {
            Inner::Pg(error) => error.context(),
            Inner::Own(own) => &own.context,
        }
    }

    /// The places in files that are meant.
    pub fn excerpts(&self) -> &[Excerpt] {
        match self.inner.as_ref() {
            Inner::Pg(_) => &[],
            Inner::Own(own) => &own.excerpts,
        }
    }

    /// What to do next.
    pub fn next_step(&self) -> Option<&str> {
        match self.inner.as_ref() {
            Inner::Pg(error) => error.next_step(),
            Inner::Own(own) => own.hint.as_deref(),
        }
    }

    /// The error of `ponte-pg`, where that is what this is.
    pub fn pg(&self) -> Option<&ponte_pg::Error> {
        match self.inner.as_ref() {
            Inner::Pg(error) => Some(error),
            Inner::Own(_) => None,
        }
    }
}

impl From<ponte_pg::Error> for Error {
    fn from(error: ponte_pg::Error) -> Self {
        Self {
            inner: Box::new(Inner::Pg(error)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner.as_ref() {
            Inner::Pg(error) => error.fmt(f),
            Inner::Own(own) => f.write_str(&own.message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.inner.as_ref() {
            Inner::Pg(error) => error.source(),
            Inner::Own(own) => own
                .source
                .as_deref()
                .map(|e| e as &(dyn std::error::Error + 'static)),
        }
    }
}
