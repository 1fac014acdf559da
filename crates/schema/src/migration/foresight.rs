//! What a statement will ask of a table, read from its words: the lock, and whether the table is read or written anew.
//!
//! This is a forecast for people. The server decides; what it really does is observed where migrations are tried out on a
//! server of our own.

use std::fmt;

use crate::lexer::{Statement, Token, TokenKind};

/// PostgreSQL's table locks, from the weakest that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are PostgreSQL's own")]
pub enum LockMode {
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl LockMode {
    /// Whether readers have to wait while it is held, and behind it while it is waited for.
    pub fn blocks_reads(self) -> bool {
        self == Self::AccessExclusive
    }

    /// Whether writers have to.
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }

    /// As `LOCK TABLE` spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How much of the table a statement goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// None of it.
    Nothing,
    /// All of it is read.
    Scan,
    /// All of it may be written anew.
    Rewrite,
}

/// What a statement will ask of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foresight {
    /// The lock.
    pub lock: LockMode,
    /// The table as the statement spells it, or the index where it names only that, for `to_regclass`.
    pub relation: String,
    /// What it goes through.
    pub effort: Effort,
}

impl Foresight {
    /// Reads the statement; `None` where it asks nothing of a table that is there already.
    pub fn of(statement: &Statement, source: &str) -> Option<Self> {
        let text = statement.text(source);
        let tokens: Vec<Token> = statement.tokens(source).collect();
        let words: Vec<String> = tokens
            .iter()
            .map(|token| token.text(text).to_ascii_lowercase())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (lock, effort, at) = forecast(&words)?;
        Some(Self {
            lock,
            relation: relation(tokens.get(at..)?, text)?,
            effort,
        })
    }
}

/// Lock, effort, and the word at which the relation's name begins.
fn forecast(words: &[&str]) -> Option<(LockMode, Effort, usize)> {
    use LockMode::{AccessExclusive, RowExclusive, Share, ShareRowExclusive, ShareUpdateExclusive};
    let concurrently = words.contains(&"concurrently");
    let nothing = Effort::Nothing;
    let behind = |word: &str| {
        words
            .iter()
            .position(|w| *w == word)
            .map(|at| skip_noise(words, at + 1))
    };
    Some(match words {
        ["alter", "table", ..] => {
            let (lock, effort) = alter_table(words);
            (lock, effort, skip_noise(words, 2))
        }
        ["create", "index", ..] | ["create", "unique", "index", ..] => {
            let lock = if concurrently { ShareUpdateExclusive } else { Share };
            (lock, Effort::Scan, behind("on")?)
        }
        ["drop", "index", ..] if concurrently => (ShareUpdateExclusive, nothing, skip_noise(words, 2)),
        ["drop", "index" | "table" | "view", ..] => (AccessExclusive, nothing, skip_noise(words, 2)),
        ["drop", "materialized", "view", ..] => (AccessExclusive, nothing, skip_noise(words, 3)),
        ["reindex", "table" | "index", ..] => {
            let lock = if concurrently { ShareUpdateExclusive } else { Share };
            (lock, Effort::Scan, skip_noise(words, 2))
        }
        ["truncate", ..] => (AccessExclusive, nothing, skip_noise(words, 1)),
        ["refresh", "materialized", "view", ..] => {
            let lock = if concurrently {
                LockMode::Exclusive
            } else {
                AccessExclusive
            };
            (lock, Effort::Rewrite, skip_noise(words, 3))
        }
        ["create", "trigger", ..]
        | ["create", "or", "replace", "trigger", ..]
        | ["create", "constraint", "trigger", ..] => (ShareRowExclusive, nothing, behind("on")?),
        ["drop" | "alter", "trigger" | "policy", ..] | ["create", "policy", ..] => {
            (AccessExclusive, nothing, behind("on")?)
        }
        ["create", "rule", ..] | ["create", "or", "replace", "rule", ..] => {
            (AccessExclusive, nothing, behind("to")?)
        }
        ["comment", "on", "table" | "view", ..] => (ShareUpdateExclusive, nothing, 3),
        ["vacuum" | "cluster", ..] if words[0] == "cluster" || words.contains(&"full") => {
            (AccessExclusive, Effort::Rewrite, words.len() - 1)
        }
        ["insert", "into", ..] | ["delete", "from", ..] => (RowExclusive, nothing, skip_noise(words, 2)),
        ["update", ..] => (RowExclusive, nothing, skip_noise(words, 1)),
        ["copy", ..] if words.contains(&"from") => (RowExclusive, nothing, 1),
        _ => return None,
    })
}

/// The strongest of what its actions need.
fn alter_table(words: &[&str]) -> (LockMode, Effort) {
    let has = |part: &[&str]| words.windows(part.len()).any(|window| window == part);
    let rewrites = has(&["type"])
        || has(&["set", "logged"])
        || has(&["set", "unlogged"])
        || has(&["stored"])
        || has(&["identity"])
        || has(&["set", "tablespace"]);
    let scans = has(&["set", "not", "null"])
        || has(&["attach", "partition"])
        || ((has(&["check"]) || has(&["foreign", "key"]) || has(&["references"])) && !has(&["not", "valid"]))
        || has(&["primary", "key"])
        || has(&["unique"])
        || has(&["exclude"]);
    if has(&["validate", "constraint"]) {
        return (LockMode::ShareUpdateExclusive, Effort::Scan);
    }
    let gentle = has(&["set", "statistics"]) || has(&["detach", "partition"]) && has(&["concurrently"]);
    if gentle || (has(&["attach", "partition"]) && !rewrites) {
        let effort = if scans { Effort::Scan } else { Effort::Nothing };
        return (LockMode::ShareUpdateExclusive, effort);
    }
    let adds_foreign_key = has(&["foreign", "key"]) && has(&["add"]) && !has(&["column"]) && !has(&["drop"]);
    let lock = if adds_foreign_key {
        LockMode::ShareRowExclusive
    } else {
        LockMode::AccessExclusive
    };
    let effort = match (rewrites, scans) {
        (true, _) => Effort::Rewrite,
        (_, true) => Effort::Scan,
        _ => Effort::Nothing,
    };
    (lock, effort)
}

/// Past `IF [NOT] EXISTS`, `ONLY`, `CONCURRENTLY` and `TABLE`.
fn skip_noise(words: &[&str], mut at: usize) -> usize {
    while matches!(
        words.get(at),
        Some(&("if" | "not" | "exists" | "only" | "concurrently" | "table"))
    ) {
        at += 1;
    }
    at
}

/// `a` or `a.b`, as it is spelled.
pub(super) fn relation(tokens: &[Token], text: &str) -> Option<String> {
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

    fn check(sql: &str, expected: Option<(LockMode, Effort, &str)>) {
        let found = Foresight::of(&split(sql).unwrap()[0], sql);
        let found = found.as_ref().map(|f| (f.lock, f.effort, f.relation.as_str()));
        assert_eq!(found, expected, "{sql}");
    }

    #[test]
    fn statements_ask_for_the_locks_that_the_manual_names() {
        use Effort::{Nothing, Rewrite, Scan};
        use LockMode::*;
        for (sql, expected) in [
            (
                "ALTER TABLE IF EXISTS ONLY s.t ADD COLUMN b int",
                (AccessExclusive, Nothing, "s.t"),
            ),
            (
                "ALTER TABLE t ALTER b TYPE bigint",
                (AccessExclusive, Rewrite, "t"),
            ),
            ("ALTER TABLE t ALTER b SET NOT NULL", (AccessExclusive, Scan, "t")),
            (
                "ALTER TABLE t VALIDATE CONSTRAINT c",
                (ShareUpdateExclusive, Scan, "t"),
            ),
            (
                "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u",
                (ShareRowExclusive, Scan, "t"),
            ),
            (
                "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
                (AccessExclusive, Nothing, "t"),
            ),
            ("CREATE UNIQUE INDEX i ON t (a)", (Share, Scan, "t")),
            (
                "CREATE INDEX CONCURRENTLY i ON ONLY \"T\" (a)",
                (ShareUpdateExclusive, Scan, "\"T\""),
            ),
            (
                "DROP TABLE IF EXISTS s.t CASCADE",
                (AccessExclusive, Nothing, "s.t"),
            ),
            ("TRUNCATE TABLE t", (AccessExclusive, Nothing, "t")),
            ("UPDATE t SET a = 1", (RowExclusive, Nothing, "t")),
            (
                "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()",
                (ShareRowExclusive, Nothing, "t"),
            ),
        ] {
            check(sql, Some(expected));
        }
    }

    #[test]
    fn what_is_new_or_no_table_asks_nothing() {
        for sql in [
            "CREATE TABLE t (a int)",
            "CREATE FUNCTION f() RETURNS int AS '' LANGUAGE sql",
            "GRANT SELECT ON t TO u",
        ] {
            check(sql, None);
        }
    }
}
