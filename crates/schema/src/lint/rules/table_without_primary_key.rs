//! A table whose rows have no name.

use super::{Concern, Draft, File, Rule, Severity};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "table-without-primary-key",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    let Some(after) = file.after() else {
        return Vec::new();
    };
    let draft = |table: &crate::lint::statement::Name| {
        Draft::new(
            file.maker(&[&table.name]),
            format!("{table} has no primary key: no row of it can be told from another one, by people, replication or a sync"),
        )
        .suggest("declare a primary key, if need be: id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
    };
    after.without_primary_key.iter().map(draft).collect()
}
