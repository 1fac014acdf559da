//! An extension whose new release brings what nobody has looked at.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "update-extension",
    severity: Severity::Note,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| match case.statement {
        Statement::UpdateExtension { name } => Some(
            case.draft(format!("what the new release of {name} does to its objects is written in its own scripts, not here"))
                .suggest("say TO which release, and read its notes"),
        ),
        _ => None,
    })
}
