//! A column whose values have to be written into every row at once.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Case;
use crate::lint::statement::{Column, Name, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-column-rewrite",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

/// Functions that give another value for each row, as far as their names go. A server knows of all functions.
const VOLATILE: [&str; 12] = [
    "clock_timestamp(",
    "gen_random_bytes(",
    "gen_random_uuid(",
    "nextval(",
    "random(",
    "random_normal(",
    "setseed(",
    "statement_nonce(",
    "timeofday(",
    "uuid_generate_v1(",
    "uuid_generate_v4(",
    "uuidv7(",
];

enum Cause {
    Serial,
    Identity,
    Stored,
    Default,
    Type,
}

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AddColumn { column, .. } = &action.change else {
            return None;
        };
        let cause = cause(&case, column)?;
        let name = &column.name;
        let why = match cause {
            Cause::Serial | Cause::Identity => format!("every row gets a number for {name}"),
            Cause::Stored => format!("{name} is computed for every row"),
            Cause::Default => format!("the default of {name} has another value for each row"),
            Cause::Type => format!("the type of {name} has conditions, and they are checked for every row"),
        };
        Some(
            case.draft(format!(
                "reads and writes of {table} wait while the table and all its indexes are written anew: {why}"
            ))
            .about(table)
            .suggest(staged(table, column, &cause)),
        )
    })
}

fn cause(case: &Case<'_>, column: &Column) -> Option<Cause> {
    let seen = case.seen.map(|seen| seen.rewrites());
    if seen == Some(false) {
        return None;
    }
    if column.is_serial() {
        return Some(Cause::Serial);
    }
    if column.identity {
        return Some(Cause::Identity);
    }
    if column.stored {
        return Some(Cause::Stored);
    }
    let default = column.default.as_deref().map(str::to_ascii_lowercase);
    let volatile = default
        .as_deref()
        .is_some_and(|default| VOLATILE.iter().any(|function| default.contains(function)));
    match (seen, default) {
        (Some(true), Some(_)) => Some(Cause::Default),
        (Some(true), None) if !column.data_type.is_empty() && !column.generated => Some(Cause::Type),
        (None, Some(_)) if volatile => Some(Cause::Default),
        _ => None,
    }
}

/// Add it empty, fill it in portions, then demand what is to be demanded.
fn staged(table: &Name, column: &Column, cause: &Cause) -> String {
    let Column { name, data_type, .. } = column;
    match cause {
        Cause::Serial | Cause::Identity => {
            let integer = if column.is_of(&["serial", "serial4"]) { "integer" } else { "bigint" };
            let integer = if column.identity { data_type.as_str() } else { integer };
            let sequence = crate::Ident::new(format!("{}_{}_seq", table.name, name.name));
            format!(
                "CREATE SEQUENCE {sequence};\n\
                 ALTER TABLE {table} ADD COLUMN {name} {integer};\n\
                 ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT nextval('{sequence}');\n\
                 -- then fill the rows that are there in portions of some thousands, each committed on its own, and set NOT NULL"
            )
        }
        Cause::Stored => format!(
            "ALTER TABLE {table} ADD COLUMN {name} {data_type};\n\
             -- then have a trigger keep it, and fill the rows that are there in portions of some thousands, each committed on its own"
        ),
        Cause::Default => {
            let default = column.default.as_deref().unwrap_or_default();
            format!(
                "ALTER TABLE {table} ADD COLUMN {name} {data_type};\n\
                 ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default};\n\
                 -- then fill the rows that are there in portions of some thousands, each committed on its own{}",
                if column.not_null { ", and set NOT NULL" } else { "" }
            )
        }
        Cause::Type => {
            format!("add {name} with the type below the domain, and the condition as a CHECK of {table} that is NOT VALID at first")
        }
    }
}
