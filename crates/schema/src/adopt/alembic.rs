//! Alembic: its migrations are Python, so it is asked to print them as SQL (`alembic upgrade head --sql`), and its comments
//! say where one ends and the next begins. The output of `alembic downgrade head:base --sql` brings the DOWN parts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::layout::Piece;
use super::numbered::in_sequence;
use super::statements::{each, without};
use super::{Conversion, Entry, SourceFile, Tool, missing};
use crate::lexer::{TokenKind, tokens};
use crate::migration::{MigrationError, Problem, Result};

const UPGRADE: &str = "Running upgrade ";
const DOWNGRADE: &str = "Running downgrade ";

/// What a comment of Alembic's announces.
struct Section {
    is_up: bool,
    /// The revision that it makes or unmakes.
    revision: String,
    /// Those that come before that one.
    before: Vec<String>,
    text: Range<usize>,
}

pub(super) fn convert(table: &str, files: &[SourceFile], history: &[Entry]) -> Result<Conversion> {
    let mut order: Vec<String> = Vec::new();
    let mut pieces: BTreeMap<String, Piece> = BTreeMap::new();
    let mut parents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut downs: BTreeMap<String, Statements> = BTreeMap::new();
    for file in files.iter().filter(|file| file.name().ends_with(".sql")) {
        let text = file.text()?;
        for section in sections(text) {
            let own = statements(&file.path, &text[section.text.clone()], table)?;
            let revision = section.revision;
            if !section.is_up {
                downs.insert(revision, own);
                continue;
            }
            let piece = Piece {
                name: revision.clone(),
                up: own.text,
                without_transaction: own.without_transaction,
                from: file.path.clone(),
                ..Piece::default()
            };
            if pieces.insert(revision.clone(), piece).is_none() {
                order.push(revision.clone());
            }
            parents.insert(revision, section.before);
        }
    }
    if order.is_empty() {
        return Err(nothing_printed());
    }
    let applied = with_ancestors(history, &parents)?;
    let mut conversion = Conversion::default();
    for (index, revision) in order.iter().enumerate() {
        let Some(mut piece) = pieces.remove(revision) else {
            continue;
        };
        if let Some(down) = downs.remove(revision) {
            piece.down_without_transaction = down.without_transaction;
            piece.down = Some(something(down.text));
        }
        let number = in_sequence(index);
        if applied.contains(revision) {
            conversion.applied.push(number.clone());
        }
        conversion.files.push(piece.numbered(&number));
    }
    Ok(conversion)
}

/// A revision that only merges two others has nothing to undo; without a statement its DOWN part would count as missing.
fn something(down: String) -> String {
    if down.trim().is_empty() {
        "SELECT 1;\n".to_owned()
    } else {
        down
    }
}

fn nothing_printed() -> MigrationError {
    MigrationError::new(
        Problem::AdoptFiles,
        "cannot take over from alembic: its migrations are Python, and no file holds what it prints of them as SQL",
    )
    .hint("alembic upgrade head --sql > upgrade.sql; alembic downgrade HEAD:base --sql > downgrade.sql; ponte migrate adopt --files upgrade.sql --files downgrade.sql")
}

/// Every revision that the table names, and all that they come from.
fn with_ancestors(history: &[Entry], parents: &BTreeMap<String, Vec<String>>) -> Result<BTreeSet<String>> {
    let mut applied = BTreeSet::new();
    let mut open: Vec<String> = history.iter().map(|entry| entry.version.clone()).collect();
    while let Some(revision) = open.pop() {
        let Some(before) = parents.get(&revision) else {
            return Err(missing(Tool::Alembic, &[revision]));
        };
        if applied.insert(revision) {
            open.extend(before.iter().cloned());
        }
    }
    Ok(applied)
}

/// The stretches of text below Alembic's comments.
fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for token in tokens(text).filter(|token| token.kind == TokenKind::LineComment) {
        let Some((is_up, revision, before)) = announced(token.text(text)) else {
            continue;
        };
        if let Some(last) = sections.last_mut() {
            last.text.end = token.span.start;
        }
        sections.push(Section {
            is_up,
            revision,
            before,
            text: token.span.end..text.len(),
        });
    }
    sections
}

/// `-- Running upgrade a, b -> c`: the way, the revision, and those before it.
fn announced(comment: &str) -> Option<(bool, String, Vec<String>)> {
    let said = comment.trim_start_matches('-').trim_start();
    let (is_up, edge) = match said.strip_prefix(UPGRADE) {
        Some(edge) => (true, edge),
        None => (false, said.strip_prefix(DOWNGRADE)?),
    };
    let (from, to) = edge.split_once("->")?;
    let names = |text: &str| -> Vec<String> {
        text.split(',')
            .filter_map(|name| name.split_whitespace().next())
            .map(str::to_owned)
            .collect()
    };
    let (of, before) = if is_up { (to, from) } else { (from, to) };
    Some((is_up, names(of).into_iter().next()?, names(before)))
}

/// What one revision runs.
struct Statements {
    text: String,
    /// Something of it is committed on its own (`autocommit_block`), and what comes behind may need that.
    without_transaction: bool,
}

/// Without what Alembic writes for itself: its table, and the transactions around everything. The runner has its own.
fn statements(file: &str, text: &str, table: &str) -> Result<Statements> {
    let table = table.to_ascii_lowercase();
    let is_of_the_table = |words: &[String]| words.contains(&table);
    let between = |words: &[String]| matches!(words, [word] if word == "begin" || word == "commit");
    let mut outside = false;
    let mut without_transaction = false;
    for words in each(file, text)?.iter().filter(|words| !is_of_the_table(words)) {
        match between(words) {
            true => outside = words[0] == "commit",
            false => without_transaction |= outside,
        }
    }
    let text = without(file, text, |words| between(words) || is_of_the_table(words))?;
    Ok(Statements {
        text,
        without_transaction,
    })
}
