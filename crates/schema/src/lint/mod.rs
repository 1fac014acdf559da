//! What is dangerous in a migration, told before it is applied.
//!
//! Two sources of knowledge come together here. The words of a statement ([`statement`]) propose; what a server was seen doing while it ran
//! the statement on a shadow ([`observation`]) decides, wherever it was seen. A rule ([`RULES`]) takes both and says what it finds, with a
//! safe way to the same end. How much that matters follows from the size of the table where it lives ([`Sizes`]).
//!
//! Nothing here talks to a server, and nothing parses SQL beyond the few words that the rules ask about.

mod allowance;
mod file;
mod finding;
pub mod observation;
mod rules;
pub mod statement;

pub use allowance::announces_loss;
pub use file::{Aftermath, Observations, Past};
pub use finding::{Concern, Finding, Severity};
pub use observation::{Sizes, TableSize};
pub use rules::{RULES, Rule};

use crate::lexer::LineIndex;
use crate::migration::Migration;
use crate::migration::plan::Direction;
use allowance::Allowance;
use file::File;
use finding::{Draft, weigh};

/// What is known about a migration.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its files.
    pub migration: &'a Migration,
    /// What its UP was seen doing on a shadow.
    pub observed: Option<&'a Observations>,
    /// How large the tables of the live database are.
    pub sizes: Option<&'a Sizes>,
    /// What the history of the live database says about it.
    pub past: Option<&'a Past>,
}

/// Everything to say about a migration, in the order of its files.
pub fn lint(known: Known<'_>) -> Vec<Finding> {
    let migration = known.migration;
    let mut of_up = allowance::of(&migration.up);
    let up = File::new(&migration.up, Direction::Up, None, known);
    let mut findings = judge(&up, known.sizes);
    findings.retain(|(statement, finding)| !allowance::allow(&mut of_up, finding.rule, Some(*statement)));
    let mut of_down = Vec::new();
    if let Some(script) = &migration.down {
        of_down = allowance::of(script);
        let down = File::new(script, Direction::Down, Some(&migration.up), known);
        let mut more = judge(&down, known.sizes);
        more.retain(|(statement, finding)| {
            let by_file = allowance::allow(&mut of_up, finding.rule, None);
            let by_statement = allowance::allow(&mut of_down, finding.rule, Some(*statement));
            !by_file && !by_statement
        });
        findings.append(&mut more);
    }
    let mut findings: Vec<Finding> = findings.into_iter().map(|(_, finding)| finding).collect();
    // Words alone find less than a server does, and what they do not find may well be allowed.
    let complete = known.observed.is_some();
    findings.extend(about(&of_up, migration.up.file(), complete));
    if let Some(script) = &migration.down {
        findings.extend(about(&of_down, script.file(), complete));
    }
    findings.sort_by(|a, b| (a.position, a.rule).cmp(&(b.position, b.rule)));
    findings.dedup();
    findings
}

/// What all rules say of a script, with the statements that they say it of.
fn judge(file: &File<'_>, sizes: Option<&Sizes>) -> Vec<(usize, Finding)> {
    let mut found: Vec<(&Rule, Draft)> = Vec::new();
    for rule in RULES {
        let drafts = rule.check.map(|check| check(file)).unwrap_or_default();
        found.extend(drafts.into_iter().map(|draft| (rule, draft)));
    }
    let named: Vec<usize> = found
        .iter()
        .filter(|(rule, _)| rule.concern == Concern::Waiting)
        .map(|(_, draft)| draft.statement)
        .collect();
    let unnamed = rules::long_lock::unnamed(file, &named);
    found.extend(unnamed.into_iter().map(|draft| (&rules::long_lock::RULE, draft)));
    let lines = LineIndex::new(file.script().text());
    let finding =
        |(rule, draft): (&Rule, Draft)| (draft.statement, finding(file, &lines, sizes, rule, draft));
    found.into_iter().map(finding).collect()
}

fn finding(file: &File<'_>, lines: &LineIndex, sizes: Option<&Sizes>, rule: &Rule, draft: Draft) -> Finding {
    let script = file.script();
    let start = script
        .statements()
        .get(draft.statement)
        .map_or(0, |statement| statement.span.start);
    let (severity, size) = weigh(rule.concern, rule.severity, &draft, sizes);
    let seen = file
        .seen(draft.statement)
        .filter(|_| rule.concern == Concern::Waiting);
    Finding {
        rule: rule.code,
        severity,
        file: script.file().to_owned(),
        position: script.in_file(lines.position(script.text(), start + draft.offset)),
        message: draft.message,
        suggestion: draft.suggestion,
        observed: seen.map(|seen| seen.in_words()).unwrap_or_default(),
        size,
    }
}

/// What is wrong with the comments that allow something.
fn about(allowances: &[Allowance], file: &str, complete: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for allowance in allowances {
        let known = RULES.iter().any(|rule| rule.code == allowance.rule);
        let name = &allowance.rule;
        let (rule, message, suggestion) = if !known {
            let message = format!("there is no rule called {name:?}");
            (&rules::unused_allowance::RULE, message, "correct the name")
        } else if allowance.reason.is_empty() {
            let message = format!("{name} is allowed without a reason, so it is not");
            (
                &rules::unexplained_allowance::RULE,
                message,
                "say why, behind a colon: -- ponte: allow RULE: reason",
            )
        } else if complete && !allowance.used {
            let message = format!("{name} is allowed here, and nothing breaks it");
            (&rules::unused_allowance::RULE, message, "remove the comment")
        } else {
            continue;
        };
        findings.push(Finding {
            rule: rule.code,
            severity: rule.severity,
            file: file.to_owned(),
            position: allowance.position,
            message,
            suggestion: Some(suggestion.to_owned()),
            observed: Vec::new(),
            size: None,
        });
    }
    findings
}
