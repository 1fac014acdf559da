//! One direction of one migration, ready to be run.

use std::ops::Range;

use crate::lexer::{Position, SplitError, SplitErrorKind, Statement, split};

use super::transaction::{StatementClass, TransactionMode};
use super::{Checksum, MigrationError, Problem, Result};

/// UP or DOWN of a migration: its text, its statements, and how they lie in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    file: String,
    text: String,
    first_line: u32,
    stripped: Vec<u8>,
    statements: Vec<Statement>,
    steps: Vec<Range<usize>>,
    mode: TransactionMode,
    rolls_back_to_savepoint: bool,
}

/// What a script is made of.
pub(super) struct Raw {
    pub(super) file: String,
    pub(super) text: String,
    /// The file's line of the text's first one, from 1.
    pub(super) first_line: u32,
    /// How many characters were taken off each line; empty where none were.
    pub(super) stripped: Vec<u8>,
    pub(super) without_transaction: bool,
}

impl Script {
    pub(super) fn new(raw: Raw) -> Result<Self> {
        let mut script = Self {
            file: raw.file,
            text: raw.text,
            first_line: raw.first_line,
            stripped: raw.stripped,
            statements: Vec::new(),
            steps: Vec::new(),
            mode: TransactionMode::Together,
            rolls_back_to_savepoint: false,
        };
        script.statements = split(&script.text).map_err(|error| script.unsplittable(&error))?;
        script.refuse_copy_to_stdout()?;
        let classes = script.classes();
        if raw.without_transaction || classes.contains(&StatementClass::Outside) {
            script.mode = TransactionMode::StepByStep;
            script.steps = script.steps_of(&classes)?;
        } else {
            script.unwrap_transaction(&classes);
            script.refuse_transaction_control()?;
            script.steps = (0..script.statements.len()).map(|i| i..i + 1).collect();
        }
        script.rolls_back_to_savepoint = classes.contains(&StatementClass::RollbackTo);
        Ok(script)
    }

    /// A file of SQL that is no migration: it has one part, and is run as a whole.
    ///
    /// # Errors
    /// What is wrong with the file's text.
    pub fn of_file(file: &str, bytes: &[u8]) -> Result<Self> {
        Self::new(Raw {
            file: file.to_owned(),
            text: super::set::normalised(file, bytes)?,
            first_line: 1,
            stripped: Vec::new(),
            without_transaction: false,
        })
    }

    /// The name of the file that it stands in, without the directory.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The SQL, with line feeds only and a DOWN part uncommented.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The statements that have to be committed together where there is no transaction around all: mostly one each, and
    /// what the file itself puts between BEGIN and COMMIT.
    pub fn steps(&self) -> &[Range<usize>] {
        &self.steps
    }

    /// How it is run.
    pub fn mode(&self) -> TransactionMode {
        self.mode
    }

    /// Whether a failed statement may be followed by one that repairs the transaction, so that the outcome of each has
    /// to be known before the next is sent.
    pub fn rolls_back_to_savepoint(&self) -> bool {
        self.rolls_back_to_savepoint
    }

    /// The place in the file of a place in [`text`](Self::text).
    pub fn in_file(&self, position: Position) -> Position {
        let index = usize::try_from(position.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let stripped = self.stripped.get(index).copied().unwrap_or(0);
        Position {
            line: position.line + self.first_line - 1,
            column: position.column + u32::from(stripped),
        }
    }

    /// Of the statements of the first `steps`, so that a file that was left half done is only taken up again if what was
    /// done still stands in it.
    pub fn checksum_of_steps(&self, steps: usize) -> Checksum {
        let last = self.steps[..steps.min(self.steps.len())].last();
        let end = last.map_or(0, |step| {
            let statement = &self.statements[step.end - 1];
            statement
                .copy_rows
                .as_ref()
                .map_or(statement.span.end, |rows| rows.end)
        });
        Checksum::of_tokens(&self.text[..end])
    }

    fn classes(&self) -> Vec<StatementClass> {
        let class = |statement| StatementClass::of(statement, &self.text);
        self.statements.iter().map(class).collect()
    }

    /// A file that is BEGIN … COMMIT as a whole asks for what it gets anyway.
    fn unwrap_transaction(&mut self, classes: &[StatementClass]) {
        if let [StatementClass::Begin { plain: true }, .., StatementClass::Commit] = classes {
            self.statements.pop();
            self.statements.remove(0);
        }
    }

    fn refuse_copy_to_stdout(&self) -> Result<()> {
        let prints = |statement: &&Statement| statement.copies(&self.text, "to", "stdout");
        match self.statements.iter().find(prints) {
            None => Ok(()),
            Some(statement) => Err(self.refused(
                statement,
                "prints rows, and a migration has nowhere to print them",
            )),
        }
    }

    fn refuse_transaction_control(&self) -> Result<()> {
        let control = self.statements.iter().find(|statement| {
            matches!(
                StatementClass::of(statement, &self.text),
                StatementClass::Begin { .. } | StatementClass::Commit | StatementClass::Abandon
            )
        });
        match control {
            None => Ok(()),
            Some(statement) => Err(self
                .refused(
                    statement,
                    "begins or ends a transaction, but the file is run in one with its history row",
                )
                .hint("remove the statement, or put -- ponte: no-transaction into the file")),
        }
    }

    fn steps_of(&self, classes: &[StatementClass]) -> Result<Vec<Range<usize>>> {
        let mut steps = Vec::new();
        let mut begun: Option<usize> = None;
        for (index, class) in classes.iter().enumerate() {
            match (class, begun) {
                (StatementClass::Begin { .. }, None) => begun = Some(index),
                (StatementClass::Commit, Some(first)) => {
                    steps.push(first..index + 1);
                    begun = None;
                }
                (StatementClass::Begin { .. } | StatementClass::Abandon | StatementClass::Commit, _) => {
                    return Err(self.refused(
                        &self.statements[index],
                        "does not fit: transactions inside a file are BEGIN … COMMIT, one after the other",
                    ));
                }
                (_, None) => steps.push(index..index + 1),
                (_, Some(_)) => {}
            }
        }
        match begun {
            Some(first) => Err(self.refused(
                &self.statements[first],
                "begins a transaction that nothing commits",
            )),
            None => Ok(steps),
        }
    }

    fn refused(&self, statement: &Statement, why: &str) -> MigrationError {
        let text = statement.text(&self.text);
        let head = text.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
        MigrationError::new(
            Problem::FileText,
            format!("cannot run {}: {head} {why}", self.file),
        )
        .at(&self.file, Some(self.in_file(statement.start)))
    }

    fn unsplittable(&self, error: &SplitError) -> MigrationError {
        let refused = MigrationError::new(
            Problem::FileText,
            format!("cannot read {}: {}", self.file, error.kind),
        )
        .at(&self.file, Some(self.in_file(error.position)));
        match error.kind {
            SplitErrorKind::MetaCommand(_) => refused.hint("write it as SQL, or run that file with psql"),
            _ => refused,
        }
    }
}
