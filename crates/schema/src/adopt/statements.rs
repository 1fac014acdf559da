//! Statements taken out of a script by other tools' generators: what concerns only their own books.

use super::refused;
use crate::lexer::{Statement, TokenKind, split};
use crate::migration::Result;

/// The words of each statement.
pub(super) fn each(file: &str, text: &str) -> Result<Vec<Vec<String>>> {
    let statements = split(text).map_err(|error| refused(file, &error.kind.to_string()))?;
    Ok(statements
        .iter()
        .map(|statement| words(statement, text))
        .collect())
}

/// The text without the statements that `is_dropped` names, each with its semicolon.
pub(super) fn without(file: &str, text: &str, is_dropped: impl Fn(&[String]) -> bool) -> Result<String> {
    let statements = split(text).map_err(|error| refused(file, &error.kind.to_string()))?;
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for statement in &statements {
        if is_dropped(&words(statement, text)) {
            out.push_str(&text[from..statement.span.start]);
            from = end_of(statement, text);
        }
    }
    out.push_str(&text[from..]);
    Ok(one_blank_line(&out))
}

/// Its words and names, lower case, quotes taken off.
fn words(statement: &Statement, text: &str) -> Vec<String> {
    let own = statement.text(text);
    statement
        .tokens(text)
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent))
        .map(|token| token.text(own).trim_matches('"').to_ascii_lowercase())
        .collect()
}

/// Behind its semicolon, or behind its rows.
fn end_of(statement: &Statement, text: &str) -> usize {
    if let Some(rows) = &statement.copy_rows {
        let closing = text[rows.end..]
            .find('\n')
            .map_or(text.len(), |feed| rows.end + feed);
        return closing;
    }
    let rest = &text[statement.span.end..];
    let skipped = rest.len() - rest.trim_start().len();
    match rest.trim_start().starts_with(';') {
        true => statement.span.end + skipped + 1,
        false => statement.span.end,
    }
}

/// Runs of empty lines as one, and none at either end.
fn one_blank_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = false;
    for line in text.trim_matches(['\n', ' ', '\r']).lines() {
        let is_empty = line.trim().is_empty();
        if !(is_empty && empty) {
            out.push_str(line);
            out.push('\n');
        }
        empty = is_empty;
    }
    out
}
