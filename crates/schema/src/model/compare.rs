//! Where two models differ.

use std::collections::BTreeMap;

use super::{Facts, Kind, Model, ObjectId};

/// The fact that names an object's owner.
const OWNER: &str = "owner";

/// The fact that lists who may do what, where that is not what the server gives by default.
pub(super) const GRANTS: &str = "grants";

/// What stands for a value that the role may not see. It equals every other.
const HIDDEN: &str = "not shown to this role";

/// Whether the value is one that was not shown.
pub(crate) fn is_hidden(value: Option<&String>) -> bool {
    value.is_some_and(|value| value == HIDDEN)
}

/// Whether owners and privileges count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// They do.
    Compared,
    /// Somebody else manages them.
    Ignored,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which object.
    pub object: ObjectId,
    /// Which fact about it; nothing where the whole object is missing, or is there and should not be.
    pub fact: Option<String>,
    /// What it should be.
    pub expected: Option<String>,
    /// What it is.
    pub actual: Option<String>,
}

/// Every difference, in the order of the objects. What belongs to an object that is missing as a whole, or is too many as a whole, is not
/// named again.
pub fn compare(expected: &Model, actual: &Model, access: Access) -> Vec<Difference> {
    let mut found = Vec::new();
    for (id, facts) in &expected.objects {
        match actual.objects.get(id) {
            Some(actual) => compare_facts(id, facts, actual, access, &mut found),
            None if belongs_to_whole(id, expected, actual) || is_ignored(id, access) => {}
            None => found.push(whole(id, Some(summary(facts)), None)),
        }
    }
    for (id, facts) in &actual.objects {
        let known = expected.objects.contains_key(id);
        if !known && !belongs_to_whole(id, actual, expected) && !is_ignored(id, access) {
            found.push(whole(id, None, Some(summary(facts))));
        }
    }
    found.sort_by(|a, b| a.object.cmp(&b.object));
    found
}

fn whole(id: &ObjectId, expected: Option<String>, actual: Option<String>) -> Difference {
    Difference {
        object: id.clone(),
        fact: None,
        expected,
        actual,
    }
}

fn is_ignored(id: &ObjectId, access: Access) -> bool {
    access == Access::Ignored && id.kind == Kind::DefaultPrivileges
}

/// Whether the object belongs to one that only `there` has.
fn belongs_to_whole(id: &ObjectId, there: &Model, elsewhere: &Model) -> bool {
    id.possible_owners().iter().any(|whole| {
        id.is_part_of(whole) && there.objects.contains_key(whole) && !elsewhere.objects.contains_key(whole)
    })
}

fn compare_facts(
    id: &ObjectId,
    expected: &Facts,
    actual: &Facts,
    access: Access,
    found: &mut Vec<Difference>,
) {
    let names: BTreeMap<&String, ()> = expected
        .keys()
        .chain(actual.keys())
        .map(|name| (name, ()))
        .collect();
    for name in names.into_keys() {
        let (wanted, is) = (expected.get(name), actual.get(name));
        let counts = access == Access::Compared || ![OWNER, GRANTS].contains(&name.as_str());
        if counts && wanted != is && !is_hidden(wanted) && !is_hidden(is) {
            found.push(Difference {
                object: id.clone(),
                fact: Some(name.clone()),
                expected: wanted.cloned(),
                actual: is.cloned(),
            });
        }
    }
}

/// An object in one line: its definition where the server prints one, otherwise what it is, otherwise that it is there.
fn summary(facts: &Facts) -> String {
    ["definition", "type", "labels"]
        .iter()
        .find_map(|name| facts.get(*name))
        .cloned()
        .unwrap_or_else(|| "present".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ident;

    fn id(kind: Kind, of: Option<&str>, name: &str) -> ObjectId {
        ObjectId {
            kind,
            schema: Some(Ident::new("public")),
            of: of.map(Ident::new),
            name: Ident::new(name),
            signature: None,
        }
    }

    fn model<const N: usize>(objects: [(ObjectId, &[(&str, &str)]); N]) -> Model {
        let facts = |facts: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            facts.iter().map(owned).collect()
        };
        Model {
            objects: objects.into_iter().map(|(id, f)| (id, facts(f))).collect(),
            unmodelled: BTreeMap::new(),
        }
    }

    fn said(expected: &Model, actual: &Model, access: Access) -> Vec<String> {
        let line = |d: &Difference| {
            let fact = d.fact.as_deref().unwrap_or("-");
            let (expected, actual) = (d.expected.as_deref(), d.actual.as_deref());
            format!(
                "{} {} {fact}: {} / {}",
                d.object.kind,
                d.object,
                expected.unwrap_or("-"),
                actual.unwrap_or("-")
            )
        };
        compare(expected, actual, access).iter().map(line).collect()
    }

    #[test]
    fn equal_models_do_not_differ() {
        let one = model([(id(Kind::Table, None, "users"), &[("owner", "app")])]);
        assert_eq!(said(&one, &one, Access::Compared), Vec::<String>::new());
    }

    #[test]
    fn a_fact_that_differs_is_named_with_both_values() {
        let expected = model([(
            id(Kind::Column, Some("users"), "email"),
            &[("type", "text"), ("not null", "yes")],
        )]);
        let actual = model([(
            id(Kind::Column, Some("users"), "email"),
            &[("type", "character varying(9)"), ("default", "''::text")],
        )]);
        assert_eq!(
            said(&expected, &actual, Access::Compared),
            [
                "column public.users.email default: - / ''::text",
                "column public.users.email not null: yes / -",
                "column public.users.email type: text / character varying(9)",
            ]
        );
    }

    #[test]
    fn what_belongs_to_a_missing_table_is_not_named_again() {
        let expected = model([
            (id(Kind::Table, None, "users"), &[]),
            (id(Kind::Column, Some("users"), "email"), &[("type", "text")]),
            (id(Kind::Column, Some("orders"), "total"), &[("type", "numeric")]),
        ]);
        let nothing = Model::default();
        assert_eq!(
            said(&expected, &nothing, Access::Compared),
            [
                "table public.users -: present / -",
                "column public.orders.total -: numeric / -"
            ]
        );
        assert_eq!(
            said(&nothing, &expected, Access::Compared),
            [
                "table public.users -: - / present",
                "column public.orders.total -: - / numeric"
            ]
        );
    }

    #[test]
    fn owners_and_privileges_count_only_where_they_are_managed() {
        let expected = model([(id(Kind::Table, None, "users"), &[("owner", "app")])]);
        let actual = model([
            (
                id(Kind::Table, None, "users"),
                &[("owner", "ops"), ("grants", "web: SELECT")],
            ),
            (
                id(Kind::DefaultPrivileges, None, "app"),
                &[("grants", "web: SELECT")],
            ),
        ]);
        assert_eq!(said(&expected, &actual, Access::Ignored), Vec::<String>::new());
        assert_eq!(said(&expected, &actual, Access::Compared).len(), 3);
    }
}
