//! Privileges: from what an object has, or is given when it is made, to what it is to have.
//!
//! The model says nothing about an object whose privileges are the server's defaults. What a new object gets is those and what the
//! default privileges in force add; only what differs from that is written down.

use std::collections::{BTreeMap, BTreeSet};

use super::Access;
use super::between::Between;
use super::name::{address, noun_of, plain, qualified, whole};
use super::step::Step;
use crate::model::{Facts, Kind, ObjectId};
use crate::{Ident, Printed, Sql};

/// Privileges by grantee, as the server spells both; `SELECT*` may be handed on.
type Grants = BTreeMap<String, BTreeSet<String>>;

/// Stands for whatever the server counts as all privileges on a kind.
const ALL: &str = "ALL";
const PUBLIC: &str = "PUBLIC";

/// For an object that was just made.
pub(super) fn created(between: &Between<'_>, id: &ObjectId) -> Vec<Step> {
    if between.request.access == Access::Ignored {
        return Vec::new();
    }
    let owner = between.to.fact(id, "owner").unwrap_or(&between.request.role);
    let role = &between.request.role;
    let given = rename(given(between, id, role), role, owner);
    let wanted = listed(between.to.fact(id, "grants"), id.kind, owner);
    statements(id, between.to.facts(id), &given, &wanted)
}

/// For an object that stays.
pub(super) fn altered(between: &Between<'_>, id: &ObjectId) -> Vec<Step> {
    if between.request.access == Access::Ignored {
        return Vec::new();
    }
    let changed = between.changed(id);
    let (was, is) = (
        changed.was("owner").unwrap_or_default(),
        changed.is("owner").unwrap_or_default(),
    );
    let given = rename(listed(changed.was("grants"), id.kind, was), was, is);
    statements(id, changed.to, &given, &listed(changed.is("grants"), id.kind, is))
}

/// For the default privileges of a role.
pub(super) fn defaults(between: &Between<'_>, id: &ObjectId) -> Vec<Step> {
    let role = id.of.as_ref().map(Ident::as_str).unwrap_or_default();
    let start = || {
        if id.schema.is_some() {
            Grants::new()
        } else {
            built_in(kind_of(id.name.as_str()), role)
        }
    };
    let kind = kind_of(id.name.as_str());
    let read = |side: &super::Side| {
        side.fact(id, "grants")
            .map_or_else(start, |list| listed(Some(list), kind, role))
    };
    let (was, is) = (read(between.from), read(between.to));
    let scope = match &id.schema {
        Some(schema) => Sql::render(" IN SCHEMA {schema}", &[("schema", &plain(schema))]),
        None => Sql::default(),
    };
    let head = Sql::render(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {role}{scope} ",
        &[("role", &plain(&Ident::new(role))), ("scope", &scope)],
    );
    let target = Printed::new(id.name.as_str().to_uppercase());
    let step = |action: Sql| {
        let mut sql = head.clone();
        sql.push(&action);
        Step::new(id, sql)
    };
    differing(&was, &is)
        .into_iter()
        .map(|change| step(change.sql(&Sql::of(&target), &Sql::default())))
        .collect()
}

/// What the server and the default privileges give a new object.
fn given(between: &Between<'_>, id: &ObjectId, role: &str) -> Grants {
    let class = match id.kind {
        Kind::Table | Kind::View | Kind::MaterializedView => "tables",
        Kind::Sequence => "sequences",
        Kind::Function | Kind::Aggregate => "functions",
        Kind::Enum | Kind::Domain | Kind::CompositeType | Kind::RangeType => "types",
        Kind::Schema => "schemas",
        _ => return built_in(id.kind, role),
    };
    let entry = |schema: Option<Ident>| {
        let id = ObjectId {
            kind: Kind::DefaultPrivileges,
            schema,
            of: Some(Ident::new(role)),
            name: Ident::new(class),
            signature: None,
        };
        let list = between.from.fact(&id, "grants")?;
        Some(listed(Some(list), kind_of(class), role))
    };
    let mut given = entry(None).unwrap_or_else(|| built_in(id.kind, role));
    let of_schema = id.schema.clone().and_then(|schema| entry(Some(schema)));
    for (grantee, privileges) in of_schema.unwrap_or_default() {
        given.entry(grantee).or_default().extend(privileges);
    }
    given
}

/// What the server gives by itself.
fn built_in(kind: Kind, owner: &str) -> Grants {
    let mut grants = Grants::new();
    if kind == Kind::Column {
        return grants;
    }
    grants.insert(quoted(owner), BTreeSet::from([ALL.to_owned()]));
    let public = match kind {
        Kind::Function | Kind::Aggregate => "EXECUTE",
        Kind::Enum | Kind::Domain | Kind::CompositeType | Kind::RangeType | Kind::Language => "USAGE",
        _ => return grants,
    };
    grants.insert(PUBLIC.to_owned(), BTreeSet::from([public.to_owned()]));
    grants
}

/// What the model says, or the defaults where it says nothing. An owner who may do everything is written as in the defaults.
fn listed(fact: Option<&str>, kind: Kind, owner: &str) -> Grants {
    let Some(list) = fact else {
        return built_in(kind, owner);
    };
    let mut grants = parsed(list);
    if let Some(own) = grants.get_mut(&quoted(owner)) {
        let beyond = |privilege: &&String| privilege.as_str() != "MAINTAIN";
        if own
            .iter()
            .filter(beyond)
            .map(String::as_str)
            .eq(everything(kind).iter().copied())
        {
            *own = BTreeSet::from([ALL.to_owned()]);
        }
    }
    grants
}

/// All privileges on a kind, but for MAINTAIN, which tables have from PostgreSQL 17 on.
fn everything(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Column => &["INSERT", "REFERENCES", "SELECT", "UPDATE"],
        Kind::Table | Kind::View | Kind::MaterializedView => &[
            "DELETE",
            "INSERT",
            "REFERENCES",
            "SELECT",
            "TRIGGER",
            "TRUNCATE",
            "UPDATE",
        ],
        Kind::Sequence => &["SELECT", "UPDATE", "USAGE"],
        Kind::Schema => &["CREATE", "USAGE"],
        Kind::Function | Kind::Aggregate => &["EXECUTE"],
        _ => &["USAGE"],
    }
}

/// The kind that a class of default privileges is about.
fn kind_of(class: &str) -> Kind {
    match class {
        "sequences" => Kind::Sequence,
        "functions" => Kind::Function,
        "types" => Kind::Enum,
        "schemas" => Kind::Schema,
        _ => Kind::Table,
    }
}

/// `web: INSERT, SELECT*; "Odd; name": SELECT`, taken apart.
fn parsed(list: &str) -> Grants {
    let mut grants = Grants::new();
    let mut rest = list;
    while !rest.is_empty() && rest != "nobody" {
        let end = name_end(rest);
        let (grantee, after) = rest.split_at(end);
        let after = after.strip_prefix(": ").unwrap_or(after);
        let (privileges, more) = after.split_once("; ").unwrap_or((after, ""));
        grants.insert(
            grantee.to_owned(),
            privileges.split(", ").map(str::to_owned).collect(),
        );
        rest = more;
    }
    grants
}

/// Where a name that may be quoted ends.
fn name_end(text: &str) -> usize {
    let Some(quoted) = text.strip_prefix('"') else {
        return text.find(": ").unwrap_or(text.len());
    };
    let mut quotes = quoted.match_indices('"').peekable();
    while let Some((at, _)) = quotes.next() {
        match quotes.peek() {
            Some((next, _)) if *next == at + 1 => {
                quotes.next();
            }
            _ => return at + 2,
        }
    }
    text.len()
}

fn quoted(role: &str) -> String {
    plain(&Ident::new(role)).to_string()
}

/// What is left of the old owner's privileges when an object goes to another one.
fn rename(mut grants: Grants, was: &str, is: &str) -> Grants {
    if was != is
        && let Some(privileges) = grants.remove(&quoted(was))
    {
        grants.entry(quoted(is)).or_default().extend(privileges);
    }
    grants
}

/// A grant, or what takes one away.
struct Change {
    grant: bool,
    privileges: Vec<String>,
    grantee: String,
    may_hand_on: bool,
}

impl Change {
    fn sql(&self, target: &Sql, columns: &Sql) -> Sql {
        let one = |privilege: &String| {
            let mut sql = Sql::of(&Printed::new(privilege.as_str()));
            sql.push(columns);
            sql
        };
        let privileges = Sql::join(", ", self.privileges.iter().map(one));
        let grantee = Printed::new(self.grantee.as_str());
        let option = Sql::text(if self.may_hand_on {
            " WITH GRANT OPTION"
        } else {
            ""
        });
        let template = if self.grant {
            "GRANT {privileges} ON {target} TO {grantee}{option}"
        } else {
            "REVOKE {privileges} ON {target} FROM {grantee}"
        };
        Sql::render(
            template,
            &[
                ("privileges", &privileges),
                ("target", target),
                ("grantee", &grantee),
                ("option", &option),
            ],
        )
    }
}

/// What leads from one to the other, what is taken away first.
fn differing(was: &Grants, is: &Grants) -> Vec<Change> {
    let nothing = BTreeSet::new();
    let grantees: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let mut changes = Vec::new();
    for grantee in grantees {
        let (had, has) = (
            was.get(grantee).unwrap_or(&nothing),
            is.get(grantee).unwrap_or(&nothing),
        );
        if had == has {
            continue;
        }
        let had_all = had.contains(ALL);
        let gone: Vec<String> = if had_all {
            vec![ALL.to_owned()]
        } else {
            had.iter()
                .filter(|p| !has.contains(*p))
                .map(|p| p.trim_end_matches('*').to_owned())
                .collect()
        };
        if !gone.is_empty() && !has.contains(ALL) {
            changes.push(Change {
                grant: false,
                privileges: gone,
                grantee: grantee.clone(),
                may_hand_on: false,
            });
        }
        let kept = |privilege: &&String| !had_all && had.contains(*privilege);
        for may_hand_on in [false, true] {
            let new = has.iter().filter(|p| !kept(p) && p.ends_with('*') == may_hand_on);
            let privileges: Vec<String> = new.map(|p| p.trim_end_matches('*').to_owned()).collect();
            if !privileges.is_empty() {
                changes.push(Change {
                    grant: true,
                    privileges,
                    grantee: grantee.clone(),
                    may_hand_on,
                });
            }
        }
    }
    changes.sort_by_key(|change| change.grant);
    changes
}

/// An aggregate as if it were a function: GRANT knows neither `*` nor ORDER BY.
fn arguments_of(id: &ObjectId) -> Sql {
    let signature = id.signature.as_deref().unwrap_or_default();
    let plain = signature.replace(" ORDER BY ", ", ").replace("ORDER BY ", "");
    Sql::render(
        "{name}({signature})",
        &[("name", &qualified(id)), ("signature", &Printed::new(plain))],
    )
}

fn statements(id: &ObjectId, facts: &Facts, was: &Grants, is: &Grants) -> Vec<Step> {
    let (target, columns) = if id.kind == Kind::Column {
        let columns = Sql::render(" ({name})", &[("name", &plain(&id.name))]);
        (Sql::render("TABLE {table}", &[("table", &whole(id))]), columns)
    } else {
        let noun = match id.kind {
            Kind::View | Kind::MaterializedView => "TABLE",
            Kind::Table => "TABLE",
            Kind::Aggregate => "FUNCTION",
            Kind::Domain => "TYPE",
            Kind::ForeignServer => "FOREIGN SERVER",
            _ => noun_of(id, facts),
        };
        let address = match id.kind {
            Kind::Aggregate => arguments_of(id),
            _ => address(id),
        };
        let target = Sql::render(
            "{noun} {address}",
            &[("noun", &Sql::text(noun)), ("address", &address)],
        );
        (target, Sql::default())
    };
    differing(was, is)
        .into_iter()
        .map(|change| Step::new(id, change.sql(&target, &columns)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_privileges_is_taken_apart_whatever_the_roles_are_called() {
        let grants = parsed("PUBLIC: USAGE; \"a\"\"; b: c\": INSERT, SELECT*; web: SELECT");
        let shown: Vec<(&str, Vec<&str>)> = grants
            .iter()
            .map(|(grantee, privileges)| (grantee.as_str(), privileges.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            shown,
            [
                ("\"a\"\"; b: c\"", vec!["INSERT", "SELECT*"]),
                ("PUBLIC", vec!["USAGE"]),
                ("web", vec!["SELECT"])
            ]
        );
        assert!(parsed("nobody").is_empty());
    }

    #[test]
    fn only_what_differs_is_granted_and_revoked() {
        let (was, is) = (
            parsed("web: INSERT, SELECT; old: SELECT"),
            parsed("web: SELECT*, INSERT; new: SELECT"),
        );
        let target = Sql::text("TABLE t");
        let shown: Vec<String> = differing(&was, &is)
            .iter()
            .map(|change| change.sql(&target, &Sql::default()).to_string())
            .collect();
        assert_eq!(
            shown,
            [
                "REVOKE SELECT ON TABLE t FROM old",
                "REVOKE SELECT ON TABLE t FROM web",
                "GRANT SELECT ON TABLE t TO new",
                "GRANT SELECT ON TABLE t TO web WITH GRANT OPTION"
            ]
        );
    }
}
