//! Who changed what: statements that somebody ran on a database, and which of them an object is to be blamed on.

use super::ObjectId;

/// What the migration runner calls itself on a server.
const RUNNER: &str = "ponte migrate";

/// One statement's effect on one object, as the server told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When, in UTC.
    pub at: String,
    /// Who was logged in.
    pub role: String,
    /// What the client called itself.
    pub application: String,
    /// Where the client came from; nothing for a socket.
    pub client: Option<String>,
    /// What kind of statement it was: `ALTER TABLE`.
    pub command: String,
    /// What it was about, as the server names it: `public.users`, `touched on public.users`.
    pub identity: String,
    /// The statement itself; nothing where it may hold a password.
    pub statement: Option<String>,
}

impl Change {
    /// Whether a migration did it.
    pub fn by_migration(&self) -> bool {
        self.application == RUNNER
    }
}

/// The change that an object's difference comes from most likely: the newest one of the object itself, otherwise of the table that it
/// belongs to. What somebody did by hand goes before what a migration did. `changes` are newest first.
pub fn blame<'c>(changes: &'c [Change], object: &ObjectId) -> Option<&'c Change> {
    let schema = object.schema.as_ref().map_or("", |schema| schema.as_str());
    let name = object.name.as_str();
    let inside = |name: &str| match schema {
        "" => name.to_owned(),
        schema => format!("{schema}.{name}"),
    };
    let mut own = vec![inside(name)];
    let mut owner = None;
    if let Some(of) = &object.of {
        let of = inside(of.as_str());
        own.extend([format!("{of}.{name}"), format!("{name} on {of}")]);
        owner = Some(of);
    }
    let is_own = |identity: &str| {
        let function = identity.strip_prefix(own[0].as_str());
        own.iter().any(|one| one == identity)
            || (object.signature.is_some() && function.is_some_and(|rest| rest.starts_with('(')))
    };
    let newest = |by_migration: bool, wanted: &dyn Fn(&str) -> bool| {
        let mut changes = changes.iter();
        changes
            .find(|change| change.by_migration() == by_migration && wanted(&change.identity.replace('"', "")))
    };
    let is_owner = |identity: &str| owner.as_deref() == Some(identity);
    [false, true]
        .into_iter()
        .find_map(|by_migration| newest(by_migration, &is_own).or_else(|| newest(by_migration, &is_owner)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ident;
    use crate::model::Kind;

    fn change(identity: &str, application: &str) -> Change {
        Change {
            at: "2026-01-01T00:00:00Z".to_owned(),
            role: "app".to_owned(),
            application: application.to_owned(),
            client: None,
            command: "ALTER TABLE".to_owned(),
            identity: identity.to_owned(),
            statement: None,
        }
    }

    fn id(kind: Kind, of: Option<&str>, name: &str, signature: Option<&str>) -> ObjectId {
        ObjectId {
            kind,
            schema: Some(Ident::new("public")),
            of: of.map(Ident::new),
            name: Ident::new(name),
            signature: signature.map(str::to_owned),
        }
    }

    #[test]
    fn an_object_is_blamed_on_its_own_change_before_that_of_its_table_and_on_people_before_migrations() {
        let changes = [
            change("public.users", "psql"),
            change("touched on public.users", "psql"),
            change("public.users_email", "ponte migrate"),
            change("public.\"Odd\"", "psql"),
            change("public.area(integer)", "psql"),
            change("public.notes", "ponte migrate"),
        ];
        let cases = [
            (id(Kind::Table, None, "users", None), Some(0)),
            (id(Kind::Column, Some("users"), "email", None), Some(0)),
            (id(Kind::Trigger, Some("users"), "touched", None), Some(1)),
            (id(Kind::Index, Some("users"), "users_email", None), Some(0)),
            (id(Kind::Table, None, "Odd", None), Some(3)),
            (id(Kind::Function, None, "area", Some("i integer")), Some(4)),
            (id(Kind::Table, None, "notes", None), Some(5)),
            (id(Kind::Table, None, "area", None), None),
        ];
        for (object, index) in cases {
            let expected = index.map(|index: usize| &changes[index]);
            assert_eq!(blame(&changes, &object), expected, "{object}");
        }
    }
}
