//! A statement from the configuration that runs as it stands, but for the name of one relation.
//!
//! A hook reads what a batch wrote under one documented name. The relation behind that name is another one for each table, and making a view of
//! that name for every batch would write to the catalog each time; so the name is replaced in the text, where it stands as an identifier.

use crate::lexer::{self, TokenKind};
use crate::sql::Fragment;
use crate::{Ident, Sql};

/// The words that such a statement may begin with: none of them can end the transaction that it runs in.
const BEGINNINGS: [&str; 7] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES"];

/// One statement that reads or writes rows, with the rights of whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Command(String);

impl Command {
    /// Takes one statement.
    ///
    /// # Errors
    /// What is wrong with the text, for a person: it is not one statement, or not of the kind that reads or writes rows.
    pub fn parse(text: &str) -> Result<Self, String> {
        let statements = lexer::split(text).map_err(|e| e.kind.to_string())?;
        let [statement] = statements.as_slice() else {
            return Err(format!(
                "this has to be one statement, not {}; a function can hold more",
                statements.len()
            ));
        };
        let own = statement.text(text);
        let first = statement.tokens(text).find(|token| token.text(own) != "(");
        let first = first.map(|token| token.text(own)).unwrap_or_default();
        if !BEGINNINGS.iter().any(|word| first.eq_ignore_ascii_case(word)) {
            return Err(format!(
                "this has to begin with one of {}, not {first:?}",
                BEGINNINGS.join(", ")
            ));
        }
        Ok(Self(own.to_owned()))
    }

    /// The statement as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same over another relation.
    #[must_use]
    pub fn renamed(&self, from: &str, to: &Ident) -> Self {
        let quoted = Sql::of(to);
        let text = lexer::tokens(&self.0).fold(String::new(), |mut out, token| {
            let word = token.text(&self.0);
            let meant = match token.kind {
                TokenKind::Word => word.eq_ignore_ascii_case(from),
                TokenKind::QuotedIdent => word.trim_matches('"') == from,
                _ => false,
            };
            out.push_str(if meant { quoted.as_str() } else { word });
            out
        });
        Self(text)
    }
}

impl Fragment for Command {
    fn append_to(&self, out: &mut String) {
        out.push_str(&self.0);
        // Whatever comment it ends with.
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relation_is_renamed_where_it_is_an_identifier_and_nowhere_else() {
        let check = |text: &str, expected: &str| {
            let command =
                Command::parse(text).map(|c| c.renamed("ponte_applied", &Ident::new("ponte_applied_3")));
            assert_eq!(command.as_ref().map(Command::as_str), Ok(expected));
        };
        check(
            "UPDATE t SET a = 'ponte_applied' FROM Ponte_Applied WHERE ponte_applied.id = t.id; -- ponte_applied",
            "UPDATE t SET a = 'ponte_applied' FROM \"ponte_applied_3\" WHERE \"ponte_applied_3\".id = t.id",
        );
        check(
            "SELECT f(array_agg(id)) FROM \"ponte_applied\" /* ponte_applied */ x",
            "SELECT f(array_agg(id)) FROM \"ponte_applied_3\" /* ponte_applied */ x",
        );
        check(
            "SELECT ponte_applied_too FROM t",
            "SELECT ponte_applied_too FROM t",
        );
    }

    #[test]
    fn nothing_that_could_end_the_transaction_is_a_command() {
        for text in [
            "COMMIT",
            "ROLLBACK; SELECT 1",
            "SELECT 1; COMMIT",
            "",
            "-- nothing",
            "SET x = 1",
            "DO $$ BEGIN END $$",
            "SELECT 'open",
        ] {
            assert!(Command::parse(text).is_err(), "{text}");
        }
        for text in [
            "(SELECT 1)",
            "with x as (select 1) select * from x;",
            "  /* ! */ delete from t",
        ] {
            assert!(Command::parse(text).is_ok(), "{text}");
        }
    }
}
