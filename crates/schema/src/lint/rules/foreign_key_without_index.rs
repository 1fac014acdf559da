//! A foreign key whose columns no index begins with.

use super::{Concern, Draft, File, Rule, Severity};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "foreign-key-without-index",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    let Some(after) = file.after() else {
        return Vec::new();
    };
    let draft = |(key, table, columns): &(String, crate::lint::statement::Name, Vec<String>)| {
        let columns: Vec<String> = columns
            .iter()
            .map(|column| crate::Ident::new(column.as_str()).to_string())
            .collect();
        let columns = columns.join(", ");
        let name = crate::Ident::new(format!("{key}_idx"));
        let concurrently = if file.created(table).is_some() { "" } else { "CONCURRENTLY " };
        Draft::new(
            file.maker(&[key, &table.name]),
            format!(
                "the foreign key {key} of {table} has no index: each DELETE, and each change of a key, over there reads all of {table}"
            ),
        )
        .suggest(format!("CREATE INDEX {concurrently}{name} ON {table} ({columns});"))
    };
    after.foreign_keys_without_index.iter().map(draft).collect()
}
