//! A view through which rows are seen that a policy hides.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Name;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "view-around-policies",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    let Some(after) = file.after() else {
        return Vec::new();
    };
    let draft = |(view, table): &(Name, Name)| {
        Draft::new(
            file.maker(&[&view.name]),
            format!("whoever may read {view} sees rows of {table} past its policies: a view reads with the rights of its owner"),
        )
        .suggest(format!(
            "ALTER VIEW {view} SET (security_invoker = true); -- from PostgreSQL 15 on"
        ))
    };
    after.views_around_policies.iter().map(draft).collect()
}
