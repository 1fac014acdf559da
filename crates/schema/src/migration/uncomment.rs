//! The DOWN part that is commented out, so that plain `psql -f` runs just the UP part.

use crate::lexer::Position;

use super::{MigrationError, Problem, Result, markers};

/// The SQL of a commented-out part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Uncommented {
    pub(super) text: String,
    /// How many characters were taken off each line.
    pub(super) stripped: Vec<u8>,
    /// `-- ponte: no-transaction` stood in it.
    pub(super) without_transaction: bool,
}

/// Takes exactly one `-- `, or `--` without a space, off every line; what is commented twice stays a comment. A line that
/// is not commented out is refused, because psql would run it. `first_line` is the file's line of the text's first.
pub(super) fn uncomment(file: &str, text: &str, first_line: u32) -> Result<Uncommented> {
    let mut out = Uncommented::default();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if markers::is_no_transaction(line) {
            out.without_transaction = true;
            out.push(line, 0);
            continue;
        }
        if markers::is_irreversible(line) {
            out.push(line, 0);
            continue;
        }
        let content = line.trim_start_matches([' ', '\t']);
        match content.strip_prefix("--") {
            Some(sql) => {
                let sql_alone = sql.strip_prefix(' ').unwrap_or(sql);
                let indent = &line[..line.len() - content.len()];
                out.text.push_str(indent);
                out.push(sql_alone, content.len() - sql_alone.len());
            }
            None if content.trim().is_empty() => out.push(line, 0),
            None => {
                let line = first_line.saturating_add(u32::try_from(index).unwrap_or(u32::MAX));
                return Err(MigrationError::new(
                    Problem::FileText,
                    format!("cannot read {file}: line {line} of its DOWN part is not commented out, so psql would run it"),
                )
                .at(file, Some(Position { line, column: 1 }))
                .hint("put -- in front of every line after the DOWN marker, or move them to a .down.sql file"));
            }
        }
    }
    Ok(out)
}

impl Uncommented {
    fn push(&mut self, text: &str, stripped: usize) {
        self.text.push_str(text);
        self.stripped.push(u8::try_from(stripped).unwrap_or(u8::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comment_mark_is_taken_off_and_no_more() {
        let down = uncomment(
            "1.sql",
            "-- DROP TABLE a;\n--DROP TABLE b;\n-- -- why\n--   indented\n\n",
            1,
        )
        .unwrap();
        assert_eq!(down.text, "DROP TABLE a;\nDROP TABLE b;\n-- why\n  indented\n\n");
        assert_eq!(down.stripped, [3, 2, 3, 3, 0]);
    }

    #[test]
    fn the_directive_is_heard_and_stays_a_comment() {
        let down = uncomment("1.sql", "-- ponte: no-transaction\n-- VACUUM;\n", 1).unwrap();
        assert!(down.without_transaction);
        assert_eq!(down.text, "-- ponte: no-transaction\nVACUUM;\n");
    }

    #[test]
    fn a_line_that_psql_would_run_is_refused_with_its_number() {
        let error = uncomment("1.sql", "-- DROP TABLE a;\nDROP TABLE b;\n", 7).unwrap_err();
        assert_eq!(error.place.unwrap().position.unwrap().line, 8);
    }
}
