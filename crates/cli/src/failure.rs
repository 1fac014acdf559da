//! How a command ends.

use std::io;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};

/// What a command that ran to its end has to say to a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Done, nothing found: exit code 0.
    Clean,
    /// It ran and found something: exit code 1.
    Findings,
}

impl Verdict {
    /// Findings where there are any.
    pub(crate) fn found(any: bool) -> Self {
        if any { Self::Findings } else { Self::Clean }
    }
}

/// Why a command did not run to its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something went wrong: exit code 2.
    Trouble(Box<Diagnostic>),
    /// The reader of our output closed the pipe; there is nobody to tell.
    PipeClosed,
}

impl Failure {
    /// What a command that went on after failures ends with: the first of them, after the others were told.
    pub(crate) fn all(context: &Context, failures: Vec<Self>) -> Result<Verdict, Self> {
        let mut failures = failures.into_iter();
        let Some(first) = failures.next() else {
            return Ok(Verdict::Clean);
        };
        for failure in failures {
            match failure {
                Self::Trouble(diagnostic) => context.tell(&diagnostic),
                Self::PipeClosed => return Err(Self::PipeClosed),
            }
        }
        Err(first)
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Trouble(Box::new(diagnostic))
    }
}

impl From<ponte_engine::Error> for Failure {
    fn from(error: ponte_engine::Error) -> Self {
        Diagnostic::from(error).into()
    }
}

impl From<ponte_pg::Error> for Failure {
    fn from(error: ponte_pg::Error) -> Self {
        Diagnostic::from(error).into()
    }
}

/// An error of writing our output; everything else that does I/O says what it was doing.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::PipeClosed
        } else {
            Diagnostic::new(Code::Internal, "cannot write the output")
                .because(&error)
                .into()
        }
    }
}
