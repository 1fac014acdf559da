//! What a DOWN part destroys, read from its words: tables and columns that it drops, rows that it deletes.

use crate::lexer::{Statement, Token, TokenKind};

use super::Script;
use super::foresight::relation;

/// Something with data in it that a script drops or empties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The table as the statement spells it, for `to_regclass`.
    pub table: String,
    /// The column, where only that is dropped, as the catalog spells it.
    pub column: Option<String>,
}

impl Script {
    /// Everything that it drops or empties. What falls with something else (`CASCADE`) and what a function does is not seen.
    pub fn losses(&self) -> Vec<Loss> {
        let of = |statement| losses(statement, self.text());
        self.statements().iter().flat_map(of).collect()
    }
}

fn losses(statement: &Statement, source: &str) -> Vec<Loss> {
    let text = statement.text(source);
    let tokens: Vec<Token> = statement.tokens(source).collect();
    let word = |at: usize| {
        tokens
            .get(at)
            .map(|token| token.text(text).to_ascii_lowercase())
            .unwrap_or_default()
    };
    let whole = |at: usize| -> Vec<Loss> {
        let names = names(&tokens, text, at).into_iter();
        names.map(|table| Loss { table, column: None }).collect()
    };
    match (word(0).as_str(), word(1).as_str()) {
        ("drop", "table") | ("delete", "from") => whole(2),
        ("truncate", _) => whole(1),
        ("alter", "table") => columns(&tokens, text),
        _ => Vec::new(),
    }
}

fn skip(tokens: &[Token], text: &str, mut at: usize) -> usize {
    let noise = |token: &Token| {
        matches!(
            token.text(text).to_ascii_lowercase().as_str(),
            "if" | "exists" | "only" | "table"
        )
    };
    while tokens.get(at).is_some_and(noise) {
        at += 1;
    }
    at
}

/// `a, b.c` from there on.
fn names(tokens: &[Token], text: &str, at: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = skip(tokens, text, at);
    while let Some(name) = relation(tokens.get(at..).unwrap_or_default(), text) {
        at += if name.contains('.') && tokens.get(at + 1).is_some_and(|dot| dot.text(text) == ".") {
            3
        } else {
            1
        };
        found.push(name);
        if tokens.get(at).is_none_or(|token| token.text(text) != ",") {
            break;
        }
        at += 1;
    }
    found
}

/// The columns that an ALTER TABLE drops.
fn columns(tokens: &[Token], text: &str) -> Vec<Loss> {
    let start = skip(tokens, text, 2);
    let Some(table) = relation(tokens.get(start..).unwrap_or_default(), text) else {
        return Vec::new();
    };
    let is = |at: usize, wanted: &str| {
        tokens
            .get(at)
            .is_some_and(|token| token.text(text).eq_ignore_ascii_case(wanted))
    };
    let mut found = Vec::new();
    for at in start..tokens.len() {
        let begins = is(at, "drop") && (at == start + 1 || at == start + 3 || is(at.wrapping_sub(1), ","));
        if !begins
            || ["constraint", "default", "not", "expression", "identity"]
                .iter()
                .any(|other| is(at + 1, other))
        {
            continue;
        }
        let mut name = at + 1;
        while is(name, "column") || is(name, "if") || is(name, "exists") {
            name += 1;
        }
        let Some(token) = tokens.get(name) else { continue };
        let own = token.text(text);
        let column = match token.kind {
            TokenKind::QuotedIdent => own.trim_matches('"').replace("\"\"", "\""),
            _ => own.to_ascii_lowercase(),
        };
        found.push(Loss {
            table: table.clone(),
            column: Some(column),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::split;

    fn check(sql: &str, expected: &[(&str, Option<&str>)]) {
        let found = losses(&split(sql).unwrap()[0], sql);
        let found: Vec<(&str, Option<&str>)> = found
            .iter()
            .map(|l| (l.table.as_str(), l.column.as_deref()))
            .collect();
        assert_eq!(found, expected, "{sql}");
    }

    #[test]
    fn dropped_tables_and_columns_are_found() {
        check(
            "DROP TABLE IF EXISTS a, s.b CASCADE",
            &[("a", None), ("s.b", None)],
        );
        check("TRUNCATE ONLY a", &[("a", None)]);
        check("DELETE FROM s.a WHERE x", &[("s.a", None)]);
        check(
            "ALTER TABLE s.t DROP COLUMN IF EXISTS \"B\", DROP c",
            &[("s.t", Some("B")), ("s.t", Some("c"))],
        );
    }

    #[test]
    fn what_holds_no_rows_is_no_loss() {
        for sql in [
            "ALTER TABLE t DROP CONSTRAINT c",
            "ALTER TABLE t ALTER a DROP NOT NULL",
            "DROP VIEW v",
            "DROP INDEX i",
        ] {
            check(sql, &[]);
        }
    }
}
