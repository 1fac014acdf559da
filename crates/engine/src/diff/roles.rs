//! The roles that SQL files name, so that a shadow knows them. Roles belong to a server and not to a database: files rarely make them.
//!
//! Read off the words after TO, FROM, ROLE and the like. A word too many makes a role on a throw-away server, and nothing else.

use std::collections::BTreeSet;

use ponte_schema::lexer::{Statement, TokenKind};
use ponte_schema::migration::{MigrationSet, Script};

/// What stands for a role without being one.
const NOT_ROLES: [&str; 9] = [
    "public",
    "current_user",
    "session_user",
    "current_role",
    "none",
    "default",
    "group",
    "user",
    "role",
];
/// Statements in which roles are named.
const VERBS: [&str; 8] = [
    "grant", "revoke", "alter", "create", "set", "reassign", "drop", "comment",
];

/// Roles that files name, and those that they make themselves.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    pub(crate) named: BTreeSet<String>,
    pub(crate) made: BTreeSet<String>,
}

impl Roles {
    /// Of all files, UP and DOWN.
    pub(crate) fn of(files: &MigrationSet) -> Self {
        let mut roles = Self::default();
        for migration in files.iter() {
            for script in [Some(&migration.up), migration.down.as_ref()]
                .into_iter()
                .flatten()
            {
                for statement in script.statements() {
                    roles.look_at(script, statement);
                }
            }
        }
        roles
    }

    fn look_at(&mut self, script: &Script, statement: &Statement) {
        let text = statement.text(script.text());
        let tokens: Vec<_> = statement.tokens(script.text()).collect();
        let words: Vec<String> = tokens
            .iter()
            .map(|token| match token.kind {
                TokenKind::QuotedIdent => token.text(text).trim_matches('"').replace("\"\"", "\""),
                TokenKind::Word => token.text(text).to_ascii_lowercase(),
                _ => token.text(text).to_owned(),
            })
            .collect();
        let word = |at: usize| words.get(at).map_or("", String::as_str);
        if !VERBS.contains(&word(0)) {
            return;
        }
        if word(0) == "create" && ["role", "user", "group"].contains(&word(1)) && word(2) != "mapping" {
            self.made.insert(word(2).to_owned());
        }
        for at in 1..words.len() {
            if ["to", "from", "role", "authorization", "by"].contains(&word(at)) {
                self.list_from(&words[at + 1..], &tokens[at + 1..]);
            }
        }
    }

    /// Names with commas between them.
    fn list_from(&mut self, words: &[String], tokens: &[ponte_schema::lexer::Token]) {
        for (pair, kinds) in words.chunks(2).zip(tokens.chunks(2)) {
            let is_name = matches!(kinds[0].kind, TokenKind::Word | TokenKind::QuotedIdent);
            if is_name && !NOT_ROLES.contains(&pair[0].as_str()) && !pair[0].starts_with("pg_") {
                self.named.insert(pair[0].clone());
            }
            if pair.get(1).is_none_or(|word| word != ",") {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_where_statements_name_them() {
        let sql = "GRANT SELECT ON t TO web, \"Odd \"\"one\" WITH GRANT OPTION; ALTER TABLE t OWNER TO boss;
                   CREATE POLICY p ON t TO PUBLIC, clerk; CREATE ROLE made; SELECT 1 FROM nobody;
                   ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT SELECT ON TABLES TO reader;";
        let files = MigrationSet::from_scripts([("a.sql".to_owned(), sql.as_bytes().to_vec())]).unwrap();
        let roles = Roles::of(&files);
        let named: Vec<&str> = roles.named.iter().map(String::as_str).collect();
        for role in ["Odd \"one", "boss", "clerk", "maker", "reader", "web"] {
            assert!(named.contains(&role), "{role} in {named:?}");
        }
        assert!(!named.contains(&"nobody") && !named.contains(&"public"));
        assert!(roles.made.contains("made"));
    }
}
