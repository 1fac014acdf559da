//! Made-up rows that a table accepts: what value stands in which column of which row.
//!
//! A [`Table`] says what a table looks like, [`order`] says which tables come first, and a [`TablePlan`] gives the value of every column of row number *n* as text
//! that COPY takes. The same seed gives the same rows. What a CHECK means is not guessed here: constants and patterns of its expression become
//! [candidates](TablePlan::candidates), the server says which of them it accepts, and rows are made after the accepted ones
//! ([`TablePlan::learn`]).

mod dice;
mod distinct;
mod group;
mod hints;
mod kind;
mod order;
mod parents;
mod pattern;
mod plain;
mod plan;
mod scalar;
mod shape;
mod strategy;
mod words;

pub use kind::Kind;
pub use order::{Order, Step, order};
pub use parents::Parents;
pub use plan::{Candidate, Situation, TablePlan};
pub use shape::{Check, Column, Reference, Table, Unique, Writer};

/// One row's values, each as the type's input function reads it; nothing for NULL.
pub type Values = Vec<Option<String>>;

/// Appends a row in the text format of COPY.
pub fn copy_row(values: &[Option<String>], out: &mut Vec<u8>) {
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b'\t');
        }
        match value {
            None => out.extend_from_slice(b"\\N"),
            Some(text) => copy_text(text, out),
        }
    }
    out.push(b'\n');
}

fn copy_text(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            byte => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_copy_would_misread_is_escaped() {
        let mut out = Vec::new();
        copy_row(
            &[Some("a\tb\\c\nd".to_owned()), None, Some(String::new())],
            &mut out,
        );
        assert_eq!(out, b"a\\tb\\\\c\\nd\t\\N\t\n");
    }
}
