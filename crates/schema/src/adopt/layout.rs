//! UP and DOWN as one file of our layout.

use super::Converted;
use crate::Ident;
use crate::migration::Revision;

const NO_TRANSACTION: &str = "-- ponte: no-transaction\n";

/// A migration of another tool, taken out of its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// What our file is called beside the number.
    pub(super) name: String,
    /// Makes it.
    pub(super) up: String,
    /// Unmakes it.
    pub(super) down: Option<String>,
    /// UP must not run in a transaction.
    pub(super) without_transaction: bool,
    /// Nor must DOWN.
    pub(super) down_without_transaction: bool,
    /// The file that it comes from.
    pub(super) from: String,
}

impl Piece {
    /// Under this number.
    pub(super) fn numbered(&self, revision: &Revision) -> Converted {
        let mut text = String::from("-- UP operations\n");
        if self.without_transaction {
            text.push_str(NO_TRANSACTION);
        }
        text.push_str(&with_line_feed(&self.up));
        if let Some(down) = &self.down {
            text.push_str("\n-- DOWN operations\n");
            if self.down_without_transaction {
                text.push_str(NO_TRANSACTION);
            }
            text.push_str(&commented_out(down));
        }
        Converted {
            file: format!("{revision}_{}.sql", file_part(&self.name)),
            bytes: text.into_bytes(),
            from: self.from.clone(),
        }
    }
}

/// The schema in which a tool ran files that name none: it made that schema itself, and set the search path to it.
pub(super) struct Home<'s> {
    schema: &'s Ident,
    /// What comes behind it on the search path.
    behind: &'static str,
}

impl<'s> Home<'s> {
    /// Nothing where it is the schema that is searched anyway.
    pub(super) fn new(schema: &'s Ident, behind: &'static str) -> Option<Self> {
        (schema.as_str() != "public").then_some(Self { schema, behind })
    }

    /// Every piece runs where it ran, and the first makes the schema where it is not there.
    pub(super) fn lead<'p>(&self, pieces: impl IntoIterator<Item = &'p mut Piece>) -> Vec<String> {
        for (index, piece) in pieces.into_iter().enumerate() {
            let schema = match index {
                0 => format!("CREATE SCHEMA IF NOT EXISTS {};\n", self.schema),
                _ => String::new(),
            };
            piece.up = format!("{schema}{}{}", self.search_path(), piece.up);
            piece.down = piece
                .down
                .as_ref()
                .map(|down| format!("{}{down}", self.search_path()));
        }
        vec![format!(
            "files that name no schema ran in {}: each of ours begins with that search path",
            self.schema
        )]
    }

    /// The statement that leads there.
    pub(super) fn search_path(&self) -> String {
        format!("SET search_path TO {}{};\n", self.schema, self.behind)
    }
}

fn with_line_feed(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_matches('\n');
    if text.is_empty() {
        String::new()
    } else {
        format!("{text}\n")
    }
}

/// Every line with one comment mark in front, so that the runner can take exactly that off again.
fn commented_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for line in with_line_feed(text).lines() {
        out.push_str(if line.is_empty() { "--" } else { "-- " });
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// What a file name may hold; everything else becomes an underscore.
fn file_part(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '.') {
                c
            } else {
                '_'
            }
        })
        .collect();
    kept.trim_matches('_').to_owned()
}
