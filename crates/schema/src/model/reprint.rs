//! Statements that have a server read what it has printed, and print it again.
//!
//! A server does not always print twice the same: once it has read its own text, an AND within an AND has lost its parentheses, and a constant in a
//! later branch of a UNION has gained a name. A database that was restored from a dump would differ from its migrations in such texts. Whether two of
//! them mean the same is for the server to say: it reads both, and prints both again.

use super::{Kind, Model, ObjectId};
use crate::{Printed, QualifiedName, Sql};

/// What gives an object a printed text for this fact, on a database that has the object; nothing where the fact holds no expression.
pub fn reprint(model: &Model, id: &ObjectId, fact: &str, text: &str) -> Option<Sql> {
    let schema = id.schema.as_ref()?;
    let itself = QualifiedName {
        schema: schema.clone(),
        name: id.name.clone(),
    };
    let mut owners = id.possible_owners().into_iter();
    let owner = owners.find(|owner| model.objects.contains_key(owner));
    let of = owner.as_ref().map_or_else(
        || itself.clone(),
        |owner| QualifiedName {
            schema: schema.clone(),
            name: owner.name.clone(),
        },
    );
    let template = match (id.kind, fact) {
        (Kind::Constraint, "definition") if text.starts_with("CHECK ") => match owner?.kind {
            Kind::Domain => {
                "ALTER DOMAIN {of} DROP CONSTRAINT {name}; ALTER DOMAIN {of} ADD CONSTRAINT {name} {text}"
            }
            _ => "ALTER TABLE {of} DROP CONSTRAINT {name}; ALTER TABLE {of} ADD CONSTRAINT {name} {text}",
        },
        (Kind::View, "definition") => "CREATE OR REPLACE VIEW {itself} AS {text}",
        (Kind::Index, "definition") => "DROP INDEX {itself}; {text}",
        (Kind::Rule, "definition") => "DROP RULE {name} ON {of}; {text}",
        (Kind::Policy, "using") => "ALTER POLICY {name} ON {of} USING ({text})",
        (Kind::Policy, "check") => "ALTER POLICY {name} ON {of} WITH CHECK ({text})",
        _ => return None,
    };
    Some(Sql::render(
        template,
        &[
            ("of", &of),
            ("name", &id.name),
            ("itself", &itself),
            ("text", &Printed::new(text)),
        ],
    ))
}
