//! Calling a function or a procedure of the user's.

use ponte_schema::sql::Fragment;
use ponte_schema::{Ident, Literal, QualifiedName, Sql};

use super::Done;
use crate::error::Result;
use crate::sync::Peer;

/// A function or procedure with what it is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its name.
    pub function: QualifiedName,
    /// By position, or by name where one is given.
    pub arguments: Vec<(Option<Ident>, Argument)>,
}

/// A value that a function is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A text, which the server reads as the type that the function wants.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Another number, as it was written.
    Float(String),
    /// Yes or no.
    Boolean(bool),
}

impl Fragment for Argument {
    fn append_to(&self, out: &mut String) {
        match self {
            Self::Text(text) => Literal::new(text).append_to(out),
            Self::Integer(number) => number.append_to(out),
            // As a constant of no type yet, so that no text can be more than a value.
            Self::Float(number) => {
                Sql::render("{n}::pg_catalog.numeric", &[("n", &Literal::new(number))]).append_to(out);
            }
            Self::Boolean(true) => out.push_str("true"),
            Self::Boolean(false) => out.push_str("false"),
        }
    }
}

impl Call {
    fn given(&self) -> Sql {
        let arguments = self.arguments.iter().map(|(name, value)| match name {
            Some(name) => Sql::render("{name} => {value}", &[("name", name), ("value", value)]),
            None => Sql::of(value),
        });
        Sql::render(
            "{function}({arguments})",
            &[
                ("function", &self.function),
                ("arguments", &Sql::join(", ", arguments)),
            ],
        )
    }

    /// The statement for a function.
    pub(in crate::jobs) fn select(&self) -> Sql {
        Sql::render("SELECT * FROM {call}", &[("call", &self.given())])
    }

    /// The statement for what the server has under that name; none where it has nothing.
    pub(in crate::jobs) async fn statement(&self, peer: &Peer) -> Result<Option<Sql>> {
        let sql = Sql::text(
            "SELECT p.prokind = 'p' FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
             WHERE n.nspname = $1 AND p.proname = $2 ORDER BY 1 LIMIT 1",
        );
        let (schema, name) = (self.function.schema.as_str(), self.function.name.as_str());
        let rows = peer
            .fresh_rows(&sql, &[&schema, &name], "look for the function of a job")
            .await?;
        Ok(rows.first().map(|row| {
            if row.get(0) {
                Sql::render("CALL {call}", &[("call", &self.given())])
            } else {
                self.select()
            }
        }))
    }

    /// Calls it. A single number that it answers is the number of rows that it touched; otherwise the rows of its answer are counted.
    pub(super) async fn run(&self, peer: &Peer) -> Result<Done> {
        let sql = self.statement(peer).await?.unwrap_or_else(|| self.select());
        let answer = peer.first_row(&sql, "call the function of a job").await?;
        let rows = answer.and_then(|values| match values.as_slice() {
            [Some(only)] => only.parse().ok(),
            _ => None,
        });
        Ok(Done { rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_keep_their_types_and_their_quotes() {
        let call = Call {
            function: QualifiedName::new("app", "limpar"),
            arguments: vec![
                (None, Argument::Integer(30)),
                (None, Argument::Float("0.5".into())),
                (Some(Ident::new("motivo")), Argument::Text("it's \\ old".into())),
                (Some(Ident::new("tudo")), Argument::Boolean(true)),
            ],
        };
        assert_eq!(
            call.select().as_str(),
            "SELECT * FROM \"app\".\"limpar\"(30, '0.5'::pg_catalog.numeric, \"motivo\" => E'it''s \\\\ old', \"tudo\" => true)"
        );
    }
}
