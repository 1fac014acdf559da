//! What a statement has to do with transactions: which cannot run inside one, which begin and end them.
//!
//! The server is the judge; this is only read so that a file is run the right way at once. A statement that is missing
//! here is refused by the server with SQLSTATE 25001, and `-- ponte: no-transaction` in the file is the way out.

use crate::lexer::{Statement, Token, TokenKind};

/// How a script is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionMode {
    /// All of it in one transaction, together with its history row.
    Together,
    /// Statement by statement, each committed on its own.
    StepByStep,
}

/// What a statement has to do with transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementClass {
    /// Nothing.
    Ordinary,
    /// It cannot run inside one.
    Outside,
    /// `BEGIN` or `START TRANSACTION`; `plain` without any mode.
    Begin {
        /// No isolation level or other mode is asked for.
        plain: bool,
    },
    /// `COMMIT` or `END`.
    Commit,
    /// `ROLLBACK`, `ABORT`, `PREPARE TRANSACTION` and what ends a prepared one.
    Abandon,
    /// `ROLLBACK TO SAVEPOINT`, after which an aborted transaction goes on.
    RollbackTo,
}

/// Words that are looked at; a DETACH … CONCURRENTLY of a long name is within.
const WORDS_MAX: usize = 24;

impl StatementClass {
    /// Reads a statement's words.
    pub fn of(statement: &Statement, source: &str) -> Self {
        let text = statement.text(source);
        let words: Vec<String> = statement
            .tokens(source)
            .take(WORDS_MAX)
            .filter(|token| token.kind == TokenKind::Word)
            .map(|token| token.text(text).to_ascii_lowercase())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Self::of_words(&words)
    }

    fn of_words(words: &[&str]) -> Self {
        match words {
            ["begin"] | ["begin", "work" | "transaction"] | ["start", "transaction"] => {
                Self::Begin { plain: true }
            }
            ["begin", ..] | ["start", "transaction", ..] => Self::Begin { plain: false },
            ["commit" | "rollback", "prepared", ..] | ["prepare", "transaction", ..] => Self::Abandon,
            ["commit" | "end", ..] => Self::Commit,
            ["rollback", rest @ ..] if rest.contains(&"to") => Self::RollbackTo,
            ["rollback" | "abort", ..] => Self::Abandon,
            words if cannot_be_in_transaction(words) => Self::Outside,
            _ => Self::Ordinary,
        }
    }
}

fn cannot_be_in_transaction(words: &[&str]) -> bool {
    let has = |word: &str| words.contains(&word);
    match words {
        ["create", "index", "concurrently", ..]
        | ["create", "unique", "index", "concurrently", ..]
        | ["drop", "index", "concurrently", ..]
        | ["vacuum", ..]
        | ["create" | "drop", "database" | "tablespace", ..]
        | ["alter", "system", ..]
        | ["discard", "all"]
        | ["drop", "subscription", ..]
        | ["cluster"]
        | ["cluster", "verbose"] => true,
        ["reindex", rest @ ..] => {
            let whole = rest
                .iter()
                .find(|word| !matches!(**word, "concurrently" | "verbose" | "tablespace"));
            has("concurrently") || matches!(whole, Some(&("schema" | "database" | "system")))
        }
        ["alter", "database", ..] => has("tablespace") && has("set"),
        ["alter", "table", ..] => has("detach") && has("concurrently"),
        ["create", "subscription", ..] => !has("create_slot") && !has("connect"),
        ["alter", "subscription", ..] => has("refresh"),
        _ => false,
    }
}

/// What `CREATE INDEX CONCURRENTLY` says about the index, for finding one that a failed build has left invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcurrentIndex {
    /// The index's name as it stands in the catalog.
    pub index: String,
    /// The table as the statement spells it, for `to_regclass`.
    pub table: String,
}

impl ConcurrentIndex {
    /// Reads the statement; `None` for any other, and for an index that the server is to name.
    pub fn of(statement: &Statement, source: &str) -> Option<Self> {
        let text = statement.text(source);
        let tokens: Vec<Token> = statement.tokens(source).collect();
        let mut rest = tokens.as_slice();
        let skip = |rest: &mut &[Token], keyword: &str| match rest {
            [first, others @ ..] if first.text(text).eq_ignore_ascii_case(keyword) => {
                *rest = others;
                true
            }
            _ => false,
        };
        if !skip(&mut rest, "create") {
            return None;
        }
        skip(&mut rest, "unique");
        if !(skip(&mut rest, "index") && skip(&mut rest, "concurrently")) {
            return None;
        }
        if skip(&mut rest, "if") && !(skip(&mut rest, "not") && skip(&mut rest, "exists")) {
            return None;
        }
        let (name, after) = rest.split_first()?;
        let index = catalog_spelling(name, text)?;
        rest = after;
        if !skip(&mut rest, "on") {
            return None;
        }
        skip(&mut rest, "only");
        let table = qualified_name(rest, text)?;
        Some(Self { index, table })
    }
}

/// An identifier as the catalog holds it: folded unless quoted.
fn catalog_spelling(token: &Token, text: &str) -> Option<String> {
    let own = token.text(text);
    match token.kind {
        TokenKind::Word => Some(own.to_ascii_lowercase()),
        TokenKind::QuotedIdent => {
            let inner = own.strip_prefix('"')?.strip_suffix('"')?;
            Some(inner.replace("\"\"", "\""))
        }
        _ => None,
    }
}

/// `a` or `a.b` from the tokens on, as they are spelled.
fn qualified_name(tokens: &[Token], text: &str) -> Option<String> {
    let is_name = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent);
    match tokens {
        [schema, dot, name, ..] if is_name(schema) && dot.text(text) == "." && is_name(name) => {
            Some(format!("{}.{}", schema.text(text), name.text(text)))
        }
        [name, ..] if is_name(name) => Some(name.text(text).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::split;

    fn class(sql: &str) -> StatementClass {
        StatementClass::of(&split(sql).unwrap()[0], sql)
    }

    #[test]
    fn statements_that_cannot_run_in_a_transaction_are_known() {
        for sql in [
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "create unique index /* x */ concurrently if not exists i on t (a)",
            "DROP INDEX CONCURRENTLY i",
            "REINDEX TABLE CONCURRENTLY t",
            "REINDEX (VERBOSE, CONCURRENTLY) INDEX i",
            "REINDEX (VERBOSE) DATABASE d",
            "VACUUM (FULL) t",
            "CREATE DATABASE d",
            "ALTER SYSTEM SET work_mem = '4MB'",
            "ALTER TABLE s.t DETACH PARTITION s.p CONCURRENTLY",
            "ALTER DATABASE d SET TABLESPACE x",
            "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
            "CLUSTER",
            "DISCARD ALL",
        ] {
            assert_eq!(class(sql), StatementClass::Outside, "{sql}");
        }
    }

    #[test]
    fn their_neighbours_are_ordinary() {
        for sql in [
            "CREATE INDEX i ON t (a)",
            "CREATE TABLE concurrently (a int)",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "REINDEX TABLE t",
            "ALTER TYPE mood ADD VALUE 'glad'",
            "ALTER TABLE t DETACH PARTITION p",
            "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false)",
            "ALTER DATABASE d SET work_mem = '1MB'",
            "CLUSTER t",
            "SAVEPOINT a",
        ] {
            assert_eq!(class(sql), StatementClass::Ordinary, "{sql}");
        }
    }

    #[test]
    fn what_begins_and_ends_transactions_is_known() {
        assert_eq!(class("BEGIN"), StatementClass::Begin { plain: true });
        assert_eq!(
            class("START TRANSACTION READ ONLY"),
            StatementClass::Begin { plain: false }
        );
        assert_eq!(class("END"), StatementClass::Commit);
        assert_eq!(class("ROLLBACK TO SAVEPOINT a"), StatementClass::RollbackTo);
        assert_eq!(class("ABORT"), StatementClass::Abandon);
        assert_eq!(class("COMMIT PREPARED 'x'"), StatementClass::Abandon);
    }

    #[test]
    fn the_index_of_a_concurrent_build_is_named_as_the_catalog_does() {
        let of = |sql: &str| ConcurrentIndex::of(&split(sql).unwrap()[0], sql);
        let index =
            of("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"A\"\"b\" ON ONLY app.\"T\" (a)").unwrap();
        assert_eq!(
            (index.index.as_str(), index.table.as_str()),
            ("A\"b", "app.\"T\"")
        );
        assert_eq!(of("CREATE INDEX CONCURRENTLY Idx ON t (a)").unwrap().index, "idx");
        assert_eq!(of("CREATE INDEX CONCURRENTLY ON t (a)"), None);
        assert_eq!(of("CREATE INDEX i ON t (a)"), None);
    }
}
