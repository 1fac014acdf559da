//! UP and DOWN as one file of our layout.

use super::Converted;
use crate::migration::Revision;

/// A migration of another tool, taken out of its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// What our file is called beside the number.
    pub(super) name: String,
    /// Makes it.
    pub(super) up: String,
    /// Unmakes it.
    pub(super) down: Option<String>,
    /// It must not run in a transaction.
    pub(super) without_transaction: bool,
    /// The file that it comes from.
    pub(super) from: String,
}

impl Piece {
    /// Under this number.
    pub(super) fn numbered(&self, revision: &Revision) -> Converted {
        let mut text = String::from("-- UP operations\n");
        if self.without_transaction {
            text.push_str("-- ponte: no-transaction\n");
        }
        text.push_str(&with_line_feed(&self.up));
        if let Some(down) = &self.down {
            text.push_str("\n-- DOWN operations\n");
            text.push_str(&commented_out(down));
        }
        Converted {
            file: format!("{revision}_{}.sql", file_part(&self.name)),
            bytes: text.into_bytes(),
            from: self.from.clone(),
        }
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
