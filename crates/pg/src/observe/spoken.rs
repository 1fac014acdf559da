//! What the server says about its own work, taken from the words in which it says it.

use tokio_postgres::error::{DbError, SqlState};

/// One thing that was said. Tables and indexes are named without their schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spoken {
    /// A table is written anew.
    Rewriting(String),
    /// All rows of a table are read.
    Verifying(String),
    /// What is known already makes reading it unnecessary.
    Proven(String),
    /// An index is built.
    Building {
        /// The index.
        index: String,
        /// Its table.
        table: String,
    },
    /// Rows are looked up for a foreign key.
    Validating(String),
    /// Something is there already.
    Skipping,
}

/// Everything that matters, in the order in which it was said.
pub(super) fn read(notices: &[DbError]) -> Vec<Spoken> {
    let mut spoken: Vec<Spoken> = Vec::new();
    for notice in notices {
        match one(notice) {
            Some(Spoken::Proven(table)) if spoken.last() == Some(&Spoken::Verifying(table.clone())) => {
                spoken.pop();
            }
            Some(said) => spoken.push(said),
            None => {}
        }
    }
    spoken
}

fn one(notice: &DbError) -> Option<Spoken> {
    const THERE_ALREADY: [&SqlState; 4] = [
        &SqlState::DUPLICATE_TABLE,
        &SqlState::DUPLICATE_COLUMN,
        &SqlState::DUPLICATE_OBJECT,
        &SqlState::DUPLICATE_SCHEMA,
    ];
    if THERE_ALREADY.contains(&notice.code()) {
        return Some(Spoken::Skipping);
    }
    parse(notice.message())
}

fn parse(message: &str) -> Option<Spoken> {
    let mut quoted = quoted(message);
    let first = quoted.next()?.to_owned();
    if message.starts_with("rewriting table ") {
        return Some(Spoken::Rewriting(first));
    }
    if message.starts_with("verifying table ") {
        return Some(Spoken::Verifying(first));
    }
    if message.starts_with("validating foreign key constraint ") {
        return Some(Spoken::Validating(first));
    }
    if message.starts_with("building index ") {
        return Some(Spoken::Building {
            index: first,
            table: quoted.next()?.to_owned(),
        });
    }
    if message.starts_with("existing constraints on column ") {
        let table = first.rsplit_once('.').map_or(first.as_str(), |(table, _)| table);
        return Some(Spoken::Proven(table.to_owned()));
    }
    (message.contains("partition constraint for ") && message.contains("is implied by"))
        .then_some(Spoken::Proven(first))
}

/// What stands in double quotes.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('"').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_server_are_understood() {
        let check =
            |message: &str, expected: Option<Spoken>| assert_eq!(parse(message), expected, "{message}");
        check("rewriting table \"t\"", Some(Spoken::Rewriting("t".into())));
        check("verifying table \"t\"", Some(Spoken::Verifying("t".into())));
        check(
            "building index \"i\" on table \"t\" with request for 1 parallel workers",
            Some(Spoken::Building {
                index: "i".into(),
                table: "t".into(),
            }),
        );
        check(
            "existing constraints on column \"t.c\" are sufficient to prove that it does not contain nulls",
            Some(Spoken::Proven("t".into())),
        );
        check(
            "updated partition constraint for default partition \"d\" is implied by existing constraints",
            Some(Spoken::Proven("d".into())),
        );
        check("StartTransaction(1) name: unnamed; blockState: DEFAULT", None);
        check(
            "ALTER TABLE / ADD UNIQUE will create implicit index \"i\" for table \"t\"",
            None,
        );
    }
}
