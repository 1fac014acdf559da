//! `-- ponte: allow RULE: reason`: what somebody has looked at and wants.
//!
//! Above a statement it holds for that statement. At the top of a file, with the UP marker or an empty line between it and the first
//! statement, it holds for the whole file.

use crate::lexer::{LineIndex, Position, TokenKind, tokens};
use crate::migration::{Migration, Script};
use crate::plan;

use super::{Concern, RULES};

/// A comment that allows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allowance {
    /// The rule.
    pub(super) rule: String,
    /// Why; empty where nothing is said.
    pub(super) reason: String,
    /// The statement that it stands above; all of the file where it stands at the top.
    pub(super) statement: Option<usize>,
    /// Where in the file.
    pub(super) position: Position,
    /// Something was allowed by it.
    pub(super) used: bool,
}

/// Whether a finding is allowed; every comment that allows it is used by that. Without a statement only those of the whole file count.
pub(super) fn allow(allowances: &mut [Allowance], rule: &str, statement: Option<usize>) -> bool {
    let mut allowed = false;
    for allowance in allowances {
        let reaches = allowance.statement.is_none() || allowance.statement == statement;
        if reaches && allowance.rule == rule && !allowance.reason.is_empty() {
            allowance.used = true;
            allowed = true;
        }
    }
    allowed
}

/// Whether a migration says that something is lost with it: a rule about loss is allowed with a reason, or a comment tells what a statement
/// destroys, as those of planned migrations do.
pub fn announces_loss(migration: &Migration) -> bool {
    let is_about_loss = |allowance: &Allowance| {
        let rule = RULES.iter().find(|rule| rule.code == allowance.rule);
        !allowance.reason.is_empty() && rule.is_some_and(|rule| rule.concern == Concern::Loss)
    };
    let says = |comment: &str| comment.trim_start_matches(['-', ' ']).starts_with(plan::DESTROYS);
    let scripts = [Some(&migration.up), migration.down.as_ref()];
    scripts.into_iter().flatten().any(|script| {
        let mut comments = tokens(script.text()).filter(|token| token.kind == TokenKind::LineComment);
        comments.any(|comment| says(comment.text(script.text()))) || of(script).iter().any(is_about_loss)
    })
}

/// All of a script.
pub(super) fn of(script: &Script) -> Vec<Allowance> {
    let text = script.text();
    if !text.contains("ponte") {
        return Vec::new();
    }
    let lines = LineIndex::new(text);
    let comments = tokens(text).filter(|token| token.kind == TokenKind::LineComment);
    comments
        .filter_map(|comment| {
            let (rule, reason) = parse(comment.text(text))?;
            let at = comment.span.start;
            Some(Allowance {
                rule,
                reason,
                statement: target(script, at),
                position: script.in_file(lines.position(text, at)),
                used: false,
            })
        })
        .collect()
}

/// `-- ponte: allow RULE: reason`.
fn parse(comment: &str) -> Option<(String, String)> {
    let body = comment.trim_start_matches('-').trim_start();
    let rest = body.strip_prefix("ponte:")?.trim_start().strip_prefix("allow")?;
    if !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let (rule, reason) = rest.split_once(':').unwrap_or((rest, ""));
    Some((rule.trim().to_owned(), reason.trim().to_owned()))
}

/// The statement below, or around, a place; none where it is the top of the file.
fn target(script: &Script, at: usize) -> Option<usize> {
    let statements = script.statements();
    let below = statements.iter().position(|statement| statement.span.end > at);
    let below = below.unwrap_or(statements.len().saturating_sub(1));
    let is_top = below == 0
        && statements
            .first()
            .is_none_or(|first| at < first.span.start && is_apart(&script.text()[at..first.span.start]));
    (!is_top).then_some(below)
}

/// Whether an empty line or the UP marker lies in between.
fn is_apart(between: &str) -> bool {
    between.lines().skip(1).any(|line| {
        let line = line.trim().trim_start_matches('-').trim().to_ascii_lowercase();
        line.is_empty()
            || line.starts_with("up operations")
            || line.starts_with("migrate:up")
            || line == "+goose up"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_names_a_rule_and_a_reason() {
        let parsed = |text| parse(text).map(|(rule, reason)| format!("{rule}|{reason}"));
        assert_eq!(
            parsed("-- ponte: allow drop-table: nobody reads it: see 12").as_deref(),
            Some("drop-table|nobody reads it: see 12")
        );
        assert_eq!(
            parsed("--ponte: allow drop-table").as_deref(),
            Some("drop-table|")
        );
        assert_eq!(parsed("-- ponte: allowed"), None);
        assert_eq!(parsed("-- ponte: no-transaction"), None);
    }

    #[test]
    fn the_top_of_a_file_ends_with_an_empty_line_or_the_marker() {
        assert!(is_apart("-- ponte: allow x: y\n\nDROP"));
        assert!(is_apart("-- ponte: allow x: y\n-- UP operations\n"));
        assert!(!is_apart("-- ponte: allow x: y\n-- and why\n"));
    }
}
