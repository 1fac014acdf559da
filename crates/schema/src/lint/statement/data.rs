//! Statements that change rows, rewrite tables, grant, or set something.

use super::cursor::Cursor;
use super::{Name, Statement};

/// What follows one of the verbs about rows and files.
pub(super) fn read(verb: &str, mut cursor: Cursor<'_>) -> Option<Statement> {
    match verb {
        "truncate" => {
            cursor.eat("table");
            Some(Statement::Truncate {
                tables: cursor.names(),
                cascade: cursor.has("cascade"),
            })
        }
        "update" => {
            cursor.eat("only");
            changed("UPDATE", cursor)
        }
        "delete" => {
            cursor.eat("from");
            cursor.eat("only");
            changed("DELETE", cursor)
        }
        "insert" | "merge" => {
            cursor.eat("into");
            let table = cursor.name()?;
            Some(Statement::Insert {
                table,
                from_query: cursor.has("select") || verb == "merge",
            })
        }
        "copy" => {
            let table = cursor.name()?;
            cursor.has("from").then_some(Statement::Insert {
                table,
                from_query: false,
            })
        }
        "reindex" => reindex(cursor),
        "vacuum" => vacuum(cursor),
        "cluster" => {
            cursor.brackets();
            cursor.eat("verbose");
            Some(Statement::Compact {
                verb: "CLUSTER",
                table: cursor.name(),
            })
        }
        "refresh" => refresh(cursor),
        _ => None,
    }
}

fn changed(verb: &'static str, mut cursor: Cursor<'_>) -> Option<Statement> {
    Some(Statement::Change {
        verb,
        table: cursor.name()?,
        filtered: cursor.has("where"),
    })
}

fn reindex(mut cursor: Cursor<'_>) -> Option<Statement> {
    let options = cursor.brackets().map(|inside| inside.words()).unwrap_or_default();
    let what = ["INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM"]
        .into_iter()
        .find(|what| cursor.eat(&what.to_ascii_lowercase()))?;
    let concurrently = cursor.eat("concurrently") || options.iter().any(|word| word == "concurrently");
    Some(Statement::Reindex {
        what,
        name: cursor.name(),
        concurrently,
    })
}

/// Only VACUUM FULL is of interest: the plain one disturbs nobody.
fn vacuum(mut cursor: Cursor<'_>) -> Option<Statement> {
    let mut full = match cursor.brackets() {
        Some(options) => options
            .parts()
            .iter()
            .any(|option| option.sees("full") && !option.has("false") && !option.has("off")),
        None => false,
    };
    while let Some(word) = cursor.eat_any(&["full", "freeze", "verbose", "analyze"]) {
        full |= word == "full";
    }
    full.then(|| Statement::Compact {
        verb: "VACUUM FULL",
        table: cursor.name(),
    })
}

fn refresh(mut cursor: Cursor<'_>) -> Option<Statement> {
    cursor.eat("materialized view");
    let concurrently = cursor.eat("concurrently");
    Some(Statement::Refresh {
        view: cursor.name()?,
        concurrently,
        empty: cursor.has("with no data"),
    })
}

/// What follows `GRANT`.
pub(super) fn grant(mut cursor: Cursor<'_>) -> Option<Statement> {
    let start = cursor.clone();
    let on_object = cursor.seek("on");
    let privileges = if on_object {
        start.up_to(&cursor).words()
    } else {
        Vec::new()
    };
    if !cursor.seek("to") {
        return None;
    }
    cursor.eat("to");
    let mut to = Vec::new();
    for part in cursor.parts() {
        let mut part = part;
        part.eat("group");
        to.extend(part.name().map(|name: Name| name.name));
    }
    Some(Statement::Grant {
        privileges,
        to,
        with_option: cursor.has("with grant option") || cursor.has("with admin"),
    })
}

/// What follows `SET`.
pub(super) fn set(mut cursor: Cursor<'_>) -> Option<Statement> {
    if cursor.sees("transaction") || cursor.sees("session characteristics") {
        return Some(Statement::SetTransaction);
    }
    cursor.eat_any(&["session", "local"]);
    let setting = cursor.name()?.name;
    if !(cursor.eat("=") || cursor.eat("to")) {
        return None;
    }
    Some(Statement::Set {
        setting,
        value: cursor.rest().to_owned(),
    })
}
