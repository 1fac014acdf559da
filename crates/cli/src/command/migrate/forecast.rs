//! `ponte migrate up --dry-run`: the SQL, with what it will lock as comments in it, so that the output can be run too.

use std::io::{self, Write};

use ponte_pg::migrate::{Foreseen, ForeseenLock, ForeseenStatement};
use ponte_schema::migration::Effort;
use serde::Serialize;

use crate::output::Report;

#[derive(Debug, Serialize)]
pub(super) struct Shown {
    dry_run: bool,
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
    /// Nothing where no table that is there now is asked for anything.
    lock: Option<Lock>,
}

#[derive(Debug, Serialize)]
struct Lock {
    mode: &'static str,
    table: String,
    table_bytes: i64,
    table_rows_estimated: i64,
    blocks_reads: bool,
    blocks_writes: bool,
    work: &'static str,
    seconds_estimated: Option<f64>,
}

impl Shown {
    pub(super) fn new(foreseen: Vec<Foreseen>) -> Self {
        Self {
            dry_run: true,
            files: foreseen.into_iter().map(File::from).collect(),
        }
    }
}

impl From<Foreseen> for File {
    fn from(foreseen: Foreseen) -> Self {
        Self {
            file: foreseen.file,
            in_one_transaction: foreseen.in_one_transaction,
            statements: foreseen.statements.into_iter().map(Statement::from).collect(),
        }
    }
}

impl From<ForeseenStatement> for Statement {
    fn from(statement: ForeseenStatement) -> Self {
        Self {
            line: statement.line,
            sql: statement.sql,
            lock: statement.lock.map(Lock::from),
        }
    }
}

impl From<ForeseenLock> for Lock {
    fn from(lock: ForeseenLock) -> Self {
        Self {
            mode: lock.mode.word(),
            table: lock.table.to_string(),
            table_bytes: lock.table_bytes,
            table_rows_estimated: lock.table_rows,
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
    fn sentence(&self) -> String {
        let waits = match (self.blocks_reads, self.blocks_writes) {
            (true, _) => "reads and writes wait",
            (_, true) => "writes wait",
            _ => "reads and writes go on",
        };
        let size = size(self.table_bytes);
        let mut sentence = format!(
            "{} on {} ({size}, about {} rows): {waits}",
            self.mode, self.table, self.table_rows_estimated
        );
        if let Some(seconds) = self.seconds_estimated {
            let guess = if seconds < 1.0 {
                "less than a second".to_owned()
            } else {
                format!("about {seconds:.0} s")
            };
            sentence.push_str(&format!("; {}, {guess}", self.work));
        }
        sentence
    }
}

fn size(bytes: i64) -> String {
    const UNITS: [(&str, i64); 3] = [("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)];
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
                if let Some(lock) = &statement.lock {
                    writeln!(out, "-- line {}: {}", statement.line, lock.sentence())?;
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
