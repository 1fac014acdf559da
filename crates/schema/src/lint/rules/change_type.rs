//! Another type for a column.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Case;
use crate::lint::statement::{ColumnChange, Name, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "change-type",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AlterColumn {
            column,
            change: ColumnChange::Type(data_type),
        } = &action.change
        else {
            return None;
        };
        let recoded = action.text.to_ascii_lowercase().contains("collate");
        let work = work(&case, data_type, recoded)?;
        // Most of these changes are of the kind that costs nothing.
        let often_free = case.seen.is_none() && has_limits(data_type);
        let zone = if data_type.to_ascii_lowercase().contains("timestamp") {
            " (between timestamp and timestamptz, only where TimeZone is not UTC)"
        } else {
            ""
        };
        let draft = case
            .draft(format!("reads and writes of {table} wait while {work}{zone}"))
            .about(table)
            .suggest(beside(table, column, data_type));
        Some(if often_free { draft.weighs(Severity::Note) } else { draft })
    })
}

/// What it makes the server do. Words alone know the new type and not the old one, so only the server can say that it is nothing.
fn work(case: &Case<'_>, data_type: &str, recoded: bool) -> Option<&'static str> {
    match case.seen {
        Some(seen) if seen.rewrites() => Some("the table and all its indexes are written anew"),
        Some(seen) if seen.builds() => Some("the indexes of the column are built anew"),
        Some(seen) if seen.scans() => Some("every row is read"),
        Some(_) => None,
        None if !recoded && grows_at_most(data_type) => None,
        None => Some("the table and all its indexes are written anew, unless the new type holds the old values as they are"),
    }
}

/// Types that are nearly always changed to from a narrower one of the same kind.
fn grows_at_most(data_type: &str) -> bool {
    let word = data_type.trim().to_ascii_lowercase();
    word == "text" || word == "varchar" || word == "character varying" || word == "numeric"
}

/// Types whose limits are mostly made wider.
fn has_limits(data_type: &str) -> bool {
    let word = data_type.trim().to_ascii_lowercase();
    ["varchar", "character varying", "numeric", "decimal"]
        .iter()
        .any(|limited| word.starts_with(limited))
}

fn beside(table: &Name, column: &Name, data_type: &str) -> String {
    let new = crate::Ident::new(format!("{}_new", column.name));
    format!(
        "ALTER TABLE {table} ADD COLUMN {new} {data_type};\n\
         -- then have a trigger write both columns, fill {new} in portions of some thousands, each committed on its own,\n\
         -- and in one short transaction drop {column} and call {new} by its name"
    )
}
