//! An index that another one makes superfluous.

use super::{Concern, Draft, File, Rule, Severity};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "redundant-index",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    let Some(after) = file.after() else {
        return Vec::new();
    };
    let draft = |(index, table, other): &(String, crate::lint::statement::Name, String)| {
        Draft::new(
            file.maker(&[index, &table.name]),
            format!("the index {index} of {table} is paid for with every write, and {other} begins with the same columns"),
        )
        .suggest("leave it out")
    };
    after.redundant_indexes.iter().map(draft).collect()
}
