//! What can go wrong with rows to begin with.

/// What went wrong; each has a page in `docs/errors/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SeedProblem {
    /// A seed file cannot be read or taken apart.
    File,
    /// The server rejected a statement of a seed file.
    Failed,
    /// Made-up rows are asked for in a table that does not exist.
    UnknownTable,
    /// No rows can be made up that a constraint accepts.
    Unsatisfied,
}

impl SeedProblem {
    /// The stable code, which is also the name of its page in `docs/errors/`.
    pub fn code(self) -> &'static str {
        match self {
            Self::File => "seed.file",
            Self::Failed => "seed.failed",
            Self::UnknownTable => "seed.unknown_table",
            Self::Unsatisfied => "seed.unsatisfied",
        }
    }

    /// What to do when nothing more exact is known.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::File => "correct the file that the message names",
            Self::Failed => "correct the statement, then run: ponte seed",
            Self::UnknownTable => "correct --table",
            Self::Unsatisfied => {
                "write rows for that table into a file in seeds/, or ask for other tables with --table"
            }
        }
    }
}
