//! What `ponte migrate test` says of one migration.

use std::io::{self, Write};

use ponte_engine::round_trip::{Outcome, Refusal, Tried, Unfilled};
use ponte_pg::shadow::LostRows;
use ponte_schema::migration::plan::Direction;
use ponte_schema::model::Difference;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Line {
    revision: String,
    name: String,
    file: String,
    /// `returned`, `irreversible`, `no_down`, `down_leaves_differences`, `up_again_differs`, `up_fails_on_rows`, `down_fails_on_rows`, `loses_rows`.
    outcome: &'static str,
    /// Why there is no way back, where the file says so.
    reason: Option<String>,
    differences: Vec<Differs>,
    /// What DOWN would have to do beside what it does.
    missing_sql: Option<String>,
    /// The statement that fails on rows.
    failure: Option<Failed>,
    /// What is gone after up, down and up again.
    lost: Vec<Lost>,
    /// Why the tables were empty, where the file asks for that.
    without_rows: Option<String>,
    /// Tables that stay empty because no rows could be made for them.
    unfilled: Vec<Empty>,
}

#[derive(Debug, Serialize)]
struct Differs {
    kind: &'static str,
    object: String,
    fact: Option<String>,
    expected: Option<String>,
    actual: Option<String>,
}

#[derive(Debug, Serialize)]
struct Failed {
    file: String,
    line: Option<u32>,
    column: Option<u32>,
    statement: Option<String>,
    message: String,
    sqlstate: String,
    table: Option<String>,
    /// A made-up row, or what the server quotes of it.
    row: Option<String>,
}

#[derive(Debug, Serialize)]
struct Lost {
    table: String,
    rows: u64,
    of_rows: u64,
    values: Vec<LostValues>,
    /// The primary key of a row that shows it.
    example_key: Option<String>,
}

#[derive(Debug, Serialize)]
struct LostValues {
    column: String,
    values: u64,
}

#[derive(Debug, Serialize)]
struct Empty {
    table: String,
    reason: String,
}

impl From<Difference> for Differs {
    fn from(difference: Difference) -> Self {
        Self {
            kind: difference.object.kind.word(),
            object: difference.object.to_string(),
            fact: difference.fact,
            expected: difference.expected,
            actual: difference.actual,
        }
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self {
            file: refusal.file,
            line: refusal.position.map(|position| position.line),
            column: refusal.position.map(|position| position.column),
            statement: refusal.statement,
            message: refusal.message,
            sqlstate: refusal.sqlstate,
            table: refusal.table.map(|table| table.to_string()),
            row: refusal.row,
        }
    }
}

impl From<LostRows> for Lost {
    fn from(lost: LostRows) -> Self {
        let values = lost.values.into_iter();
        Self {
            table: lost.table.to_string(),
            rows: lost.rows,
            of_rows: lost.of_rows,
            values: values
                .map(|(column, values)| LostValues { column, values })
                .collect(),
            example_key: lost.example,
        }
    }
}

impl From<Unfilled> for Empty {
    fn from(unfilled: Unfilled) -> Self {
        Self {
            table: unfilled.table.to_string(),
            reason: unfilled.reason,
        }
    }
}

impl From<Tried> for Line {
    fn from(tried: Tried) -> Self {
        let mut line = Self {
            revision: tried.revision.to_string(),
            name: tried.name,
            file: tried.file,
            outcome: "returned",
            reason: None,
            differences: Vec::new(),
            missing_sql: None,
            failure: None,
            lost: Vec::new(),
            without_rows: tried.without_rows,
            unfilled: tried.unfilled.into_iter().map(Empty::from).collect(),
        };
        line.take(tried.outcome);
        line
    }
}

impl Line {
    fn take(&mut self, outcome: Outcome) {
        let differs = |all: Vec<Difference>| all.into_iter().map(Differs::from).collect();
        self.outcome = match outcome {
            Outcome::Returned => "returned",
            Outcome::NoDown => "no_down",
            Outcome::Irreversible(why) => {
                self.reason = Some(why);
                "irreversible"
            }
            Outcome::Left { differences, missing } => {
                self.differences = differs(differences);
                self.missing_sql = Some(missing);
                "down_leaves_differences"
            }
            Outcome::Otherwise(other) => {
                self.differences = differs(other);
                "up_again_differs"
            }
            Outcome::Refused(refusal) => {
                let direction = refusal.direction;
                self.failure = Some((*refusal).into());
                match direction {
                    Direction::Up => "up_fails_on_rows",
                    Direction::Down => "down_fails_on_rows",
                }
            }
            Outcome::LosesRows(lost) => {
                self.lost = lost.into_iter().map(Lost::from).collect();
                "loses_rows"
            }
        };
    }

    /// Whether there is nothing to correct.
    pub(super) fn is_ok(&self) -> bool {
        matches!(self.outcome, "returned" | "irreversible")
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let said = match self.outcome {
            "returned" => "up, down, up again",
            "irreversible" => "not undone, as it says: ",
            "no_down" => "has no DOWN part; write one, or say why not: -- ponte: irreversible REASON",
            "down_leaves_differences" => "DOWN does not lead back",
            "up_fails_on_rows" => "UP fails on tables that have rows",
            "down_fails_on_rows" => "DOWN fails on tables that have rows",
            "loses_rows" => "loses rows, and does not say so",
            _ => "UP after DOWN makes something else",
        };
        let reason = self.reason.as_deref().unwrap_or_default();
        writeln!(out, "{}: {said}{reason}", self.file)?;
        if let Some(reason) = &self.without_rows {
            writeln!(out, "  on empty tables, as it says: {reason}")?;
        }
        self.differences
            .iter()
            .try_for_each(|difference| difference.write(out))?;
        if let Some(missing) = &self.missing_sql {
            writeln!(out, "  missing in DOWN:")?;
            for line in missing.lines() {
                writeln!(out, "    {line}")?;
            }
        }
        if let Some(failure) = &self.failure {
            failure.write(out)?;
        }
        self.lost.iter().try_for_each(|lost| lost.write(out))?;
        if !self.lost.is_empty() {
            writeln!(
                out,
                "  keep them, or say that they are lost: -- ponte: irreversible REASON"
            )?;
        }
        self.unfilled
            .iter()
            .try_for_each(|empty| writeln!(out, "  note: {} stays empty: {}", empty.table, empty.reason))
    }
}

impl Differs {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let fact = self.fact.as_deref().map(|fact| format!(": {fact}"));
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        writeln!(out, "  {} {}{}", self.kind, self.object, fact.unwrap_or_default())?;
        writeln!(out, "    before  {}", value(&self.expected))?;
        writeln!(out, "    after   {}", value(&self.actual))
    }
}

impl Failed {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(out, "  {}:{line}:{column}: ", self.file)?,
            _ => write!(out, "  {}, at its commit: ", self.file)?,
        }
        writeln!(out, "{} [{}]", self.message, self.sqlstate)?;
        for line in self.statement.iter().flat_map(|statement| statement.lines()) {
            writeln!(out, "    {line}")?;
        }
        if let Some(table) = &self.table {
            writeln!(out, "  table  {table}")?;
        }
        if let Some(row) = &self.row {
            writeln!(out, "  row    {row}")?;
        }
        writeln!(
            out,
            "  see to such rows first, or say why there are none: -- ponte: without-rows REASON"
        )
    }
}

impl Lost {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let example = self
            .example_key
            .as_deref()
            .map(|key| format!(", such as the one with the key {key}"));
        let example = example.unwrap_or_default();
        let (table, of) = (&self.table, self.of_rows);
        if self.rows > 0 {
            writeln!(out, "  {table}: {} of {of} rows are gone{example}", self.rows)?;
        }
        for lost in &self.values {
            writeln!(
                out,
                "  {table}: {} of {of} rows have lost their {}{example}",
                lost.values, lost.column
            )?;
        }
        Ok(())
    }
}
