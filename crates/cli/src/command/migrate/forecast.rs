//! `ponte migrate up --dry-run`: the SQL, with what it will lock as comments in it, so that the output can be run too.

use std::io::{self, Write};

use ponte_engine::foresight::{ForeseenFile, Outlook, SeenLock, SeenStatement, SeenWork};
use ponte_pg::migrate::{ForeseenLock, ForeseenStatement};
use ponte_schema::lint::observation::Work;
use ponte_schema::migration::Effort;
use serde::Serialize;

use crate::output::Report;

#[derive(Debug, Serialize)]
pub(super) struct Shown {
    dry_run: bool,
    /// Whether the files were run on a server of our own.
    observed: bool,
    /// Why not, where that was tried.
    not_observed_because: Option<String>,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct File {
    file: String,
    in_one_transaction: bool,
    statements: Vec<Statement>,
}

#[derive(Debug, Serialize)]
struct Statement {
    line: u32,
    sql: String,
    /// What the words say. Nothing where no table that is there now is asked for anything.
    lock: Option<Lock>,
    /// What the statement was seen doing to tables that are there now.
    observed: Option<Observed>,
}

#[derive(Debug, Serialize)]
struct Observed {
    locks: Vec<Lock>,
    works: Vec<Done>,
}

#[derive(Debug, Serialize)]
struct Done {
    /// `rewrite`, `scan`, `index_build`, `reference_check`.
    work: &'static str,
    table: String,
    seconds_estimated: Option<f64>,
    #[serde(skip)]
    words: String,
}

#[derive(Debug, Serialize)]
struct Lock {
    mode: &'static str,
    table: String,
    table_bytes: u64,
    table_rows_estimated: u64,
    blocks_reads: bool,
    blocks_writes: bool,
    work: &'static str,
    seconds_estimated: Option<f64>,
}

impl Shown {
    pub(super) fn new(outlook: Outlook) -> Self {
        Self {
            dry_run: true,
            observed: outlook.files.iter().any(|file| file.seen.is_some()),
            not_observed_because: outlook.unobserved,
            files: outlook.files.into_iter().map(File::from).collect(),
        }
    }
}

impl From<ForeseenFile> for File {
    fn from(file: ForeseenFile) -> Self {
        let mut seen = file.seen.unwrap_or_default().into_iter();
        let statements = file.words.statements.into_iter();
        Self {
            file: file.words.file,
            in_one_transaction: file.words.in_one_transaction,
            statements: statements
                .map(|statement| Statement::new(statement, seen.next()))
                .collect(),
        }
    }
}

impl Statement {
    fn new(statement: ForeseenStatement, seen: Option<SeenStatement>) -> Self {
        Self {
            line: statement.line,
            sql: statement.sql,
            lock: statement.lock.map(Lock::from),
            observed: seen.map(Observed::from),
        }
    }

    /// What is to be known before it runs. The locks of a statement that commits by itself are gone before they can be looked at, so its words count.
    fn comments(&self) -> Vec<String> {
        let by_words = || self.lock.as_ref().map(Lock::sentence).into_iter().collect();
        let Some(observed) = &self.observed else {
            return by_words();
        };
        if observed.locks.is_empty() && observed.works.is_empty() {
            return Vec::new();
        }
        let mut comments: Vec<String> = match observed.locks.as_slice() {
            [] => self.lock.as_ref().map(Lock::hold).into_iter().collect(),
            locks => locks.iter().map(Lock::hold).collect(),
        };
        comments.extend(observed.works.iter().map(Done::sentence));
        comments
    }
}

impl From<SeenStatement> for Observed {
    fn from(seen: SeenStatement) -> Self {
        Self {
            locks: seen.locks.into_iter().map(Lock::from).collect(),
            works: seen.works.into_iter().map(Done::from).collect(),
        }
    }
}

impl From<SeenLock> for Lock {
    fn from(lock: SeenLock) -> Self {
        Self {
            mode: lock.mode.word(),
            table: lock.table.to_string(),
            table_bytes: lock.size.as_ref().map_or(0, |size| size.bytes),
            table_rows_estimated: lock.size.as_ref().map_or(0, |size| size.rows),
            blocks_reads: lock.mode.blocks_reads(),
            blocks_writes: lock.mode.blocks_writes(),
            work: "none",
            seconds_estimated: None,
        }
    }
}

impl From<SeenWork> for Done {
    fn from(seen: SeenWork) -> Self {
        Self {
            work: match seen.work {
                Work::Rewrite(_) => "rewrite",
                Work::Scan(_) => "scan",
                Work::Build { .. } => "index_build",
                Work::CheckReferences { .. } => "reference_check",
            },
            table: seen.work.table().to_string(),
            words: seen.work.to_string(),
            seconds_estimated: seen.seconds,
        }
    }
}

impl Done {
    fn sentence(&self) -> String {
        match self.seconds_estimated {
            Some(seconds) => format!("{}: {}", self.words, guess(seconds)),
            None => self.words.clone(),
        }
    }
}

impl From<ForeseenLock> for Lock {
    fn from(lock: ForeseenLock) -> Self {
        Self {
            mode: lock.mode.word(),
            table: lock.table.to_string(),
            table_bytes: u64::try_from(lock.table_bytes).unwrap_or(0),
            table_rows_estimated: u64::try_from(lock.table_rows).unwrap_or(0),
            blocks_reads: lock.mode.blocks_reads(),
            blocks_writes: lock.mode.blocks_writes(),
            work: match lock.effort {
                Effort::Nothing => "none",
                Effort::Scan => "reads the table",
                Effort::Rewrite => "may write the table anew",
            },
            seconds_estimated: lock.seconds,
        }
    }
}

impl Lock {
    /// «ACCESS EXCLUSIVE on users (12 MB, about 1000 rows): reads and writes wait».
    fn hold(&self) -> String {
        let waits = match (self.blocks_reads, self.blocks_writes) {
            (true, _) => "reads and writes wait",
            (_, true) => "writes wait",
            _ => "reads and writes go on",
        };
        let size = size(self.table_bytes);
        format!(
            "{} on {} ({size}, about {} rows): {waits}",
            self.mode, self.table, self.table_rows_estimated
        )
    }

    /// The same with the work that goes with it.
    fn sentence(&self) -> String {
        match self.seconds_estimated {
            Some(seconds) => format!("{}; {}, {}", self.hold(), self.work, guess(seconds)),
            None => self.hold(),
        }
    }
}

fn guess(seconds: f64) -> String {
    if seconds < 1.0 {
        "less than a second".to_owned()
    } else {
        format!("about {seconds:.0} s")
    }
}

fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)];
    let unit = UNITS.iter().find(|(_, unit)| bytes >= *unit);
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(name, unit)| format!("{} {name}", bytes / unit),
    )
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.files.is_empty() {
            return writeln!(out, "-- nothing to apply");
        }
        if let Some(reason) = &self.not_observed_because {
            writeln!(
                out,
                "-- read off the words, for nothing could be observed: {}\n",
                reason.replace('\n', " ")
            )?;
        }
        for (index, file) in self.files.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            if file.in_one_transaction {
                writeln!(out, "-- {}: one transaction\nBEGIN;", file.file)?;
            } else {
                writeln!(out, "-- {}: statement by statement, each committed", file.file)?;
            }
            for statement in &file.statements {
                for comment in statement.comments() {
                    writeln!(out, "-- line {}: {comment}", statement.line)?;
                }
                writeln!(out, "{};", statement.sql)?;
            }
            if file.in_one_transaction {
                writeln!(out, "COMMIT;")?;
            }
        }
        Ok(())
    }
}
