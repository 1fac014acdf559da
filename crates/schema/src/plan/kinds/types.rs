//! Enums, domains, composite types and ranges.
//!
//! A type that columns use is not dropped: where it cannot be changed in place it is renamed, made anew, the columns are converted by way of
//! their text, and the old one goes.

use super::super::between::Between;
use super::super::name::{plain, qualified, whole};
use super::super::step::{Lock, Placement, Step, Steps};
use crate::model::{Facts, Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Literal, Printed, Sql};

/// What an old type is called while the new one takes its place.
const OLD: &str = "__old";

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    Steps::one(Step::new(id, definition(id, between.to.facts(id))))
}

fn definition(id: &ObjectId, facts: &Facts) -> Sql {
    let name = qualified(id);
    let fact = |name: &str| Printed::new(facts.get(name).map(String::as_str).unwrap_or_default());
    match id.kind {
        Kind::Enum => Sql::render(
            "CREATE TYPE {name} AS ENUM ({labels})",
            &[("name", &name), ("labels", &fact("labels"))],
        ),
        Kind::Domain => domain(id, facts),
        Kind::CompositeType => Sql::render(
            "CREATE TYPE {name} AS ({attributes})",
            &[("name", &name), ("attributes", &fact("attributes"))],
        ),
        _ => range(id, facts),
    }
}

fn domain(id: &ObjectId, facts: &Facts) -> Sql {
    let printed = |name: &str| facts.get(name).map(|value| Printed::new(value.as_str()));
    let mut sql = Sql::render(
        "CREATE DOMAIN {name} AS {type}",
        &[
            ("name", &qualified(id)),
            ("type", &printed("type").unwrap_or(Printed::new(""))),
        ],
    );
    if let Some(collation) = printed("collation") {
        sql.push(&Sql::text(" COLLATE ")).push(&collation);
    }
    if let Some(default) = printed("default") {
        sql.push(&Sql::text(" DEFAULT ")).push(&default);
    }
    if facts.contains_key("not null") {
        sql.push(&Sql::text(" NOT NULL"));
    }
    sql
}

fn range(id: &ObjectId, facts: &Facts) -> Sql {
    let parts = [
        ("SUBTYPE", "subtype"),
        ("SUBTYPE_OPCLASS", "subtype operator class"),
        ("COLLATION", "collation"),
        ("CANONICAL", "canonical"),
        ("SUBTYPE_DIFF", "subtype difference"),
    ];
    let given = parts.into_iter().filter_map(|(word, fact)| {
        let value = Printed::new(facts.get(fact)?.as_str());
        Some(Sql::render(
            "{word} = {value}",
            &[("word", &Sql::text(word)), ("value", &value)],
        ))
    });
    Sql::render(
        "CREATE TYPE {name} AS RANGE ({parts})",
        &[("name", &qualified(id)), ("parts", &Sql::join(", ", given))],
    )
}

pub(super) fn drop(id: &ObjectId) -> Steps {
    let template = if id.kind == Kind::Domain {
        "DROP DOMAIN {name}"
    } else {
        "DROP TYPE {name}"
    };
    Steps::one(Step::new(id, Sql::render(template, &[("name", &qualified(id))])))
}

/// Whether the object is of one of the kinds here.
pub(in super::super) fn is_type(id: &ObjectId) -> bool {
    matches!(
        id.kind,
        Kind::Enum | Kind::Domain | Kind::CompositeType | Kind::RangeType
    )
}

/// Whether the type has to be made anew, with everything that is computed from columns of it.
pub(in super::super) fn is_made_anew(between: &Between<'_>, id: &ObjectId) -> bool {
    let changed = between.changed(id);
    match id.kind {
        Kind::Enum => changed.in_fact("labels") && added_labels(between, id).is_none(),
        Kind::Domain => changed.in_fact("type") || changed.in_fact("collation"),
        Kind::CompositeType => false,
        _ => !changed.only_in(&[]),
    }
}

pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    if is_made_anew(between, id) {
        return Some(make_anew(between, id));
    }
    Some(match id.kind {
        Kind::Enum => added_labels(between, id)?,
        Kind::Domain => alter_domain(between, id),
        Kind::CompositeType => alter_composite(between, id),
        _ => Steps::default(),
    })
}

/// Labels in between, where none has gone and none has moved.
fn added_labels(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    let was = labels(changed.was("labels").unwrap_or_default());
    let is = labels(changed.is("labels").unwrap_or_default());
    let mut steps = Steps::default();
    let mut known = was.iter().peekable();
    let mut previous: Option<&String> = None;
    for label in &is {
        if known.peek() == Some(&label) {
            known.next();
        } else {
            let new = Literal::new(label.as_str());
            let first = was.first().map(|first| Literal::new(first.as_str()));
            let after = previous.map(|label| Literal::new(label.as_str()));
            let place = match (&after, &first) {
                (Some(after), _) if known.peek().is_some() => {
                    Sql::render(" AFTER {label}", &[("label", after)])
                }
                (None, Some(first)) => Sql::render(" BEFORE {label}", &[("label", first)]),
                _ => Sql::default(),
            };
            let values: [(&str, &dyn Fragment); 3] =
                [("name", &qualified(id)), ("new", &new), ("place", &place)];
            steps.push(Step::new(
                id,
                Sql::render("ALTER TYPE {name} ADD VALUE {new}{place}", &values),
            ));
        }
        previous = Some(label);
    }
    known.peek().is_none().then_some(steps)
}

/// The labels of an enum that are new, for finding where they are used.
pub(in super::super) fn new_labels(between: &Between<'_>, id: &ObjectId) -> Vec<String> {
    let changed = between.changed(id);
    let was = labels(changed.was("labels").unwrap_or_default());
    let is = labels(changed.is("labels").unwrap_or_default());
    is.into_iter().filter(|label| !was.contains(label)).collect()
}

/// `'a', 'it''s'`, taken apart. A label with a backslash is printed as `E'…'`.
fn labels(list: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut rest = list;
    while let Some(open) = rest.find('\'') {
        let escaped = rest[..open].ends_with('E');
        let body = &rest[open + 1..];
        let mut label = String::new();
        let mut characters = body.char_indices().peekable();
        let mut end = body.len();
        while let Some((at, c)) = characters.next() {
            match c {
                '\'' if characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                    characters.next();
                    label.push('\'');
                }
                '\'' => {
                    end = at + 1;
                    break;
                }
                '\\' if escaped => label.extend(characters.next().map(|(_, c)| c)),
                c => label.push(c),
            }
        }
        labels.push(label);
        rest = &body[end.min(body.len())..];
    }
    labels
}

fn alter_domain(between: &Between<'_>, id: &ObjectId) -> Steps {
    let changed = between.changed(id);
    let mut steps = Steps::default();
    let mut push = |action: Sql| {
        let values: [(&str, &dyn Fragment); 2] = [("name", &qualified(id)), ("action", &action)];
        steps.push(Step::new(id, Sql::render("ALTER DOMAIN {name} {action}", &values)).lock(Lock::Share));
    };
    if changed.in_fact("default") {
        push(match changed.is("default") {
            Some(default) => Sql::render("SET DEFAULT {default}", &[("default", &Printed::new(default))]),
            None => Sql::text("DROP DEFAULT"),
        });
    }
    if changed.in_fact("not null") {
        push(Sql::text(if changed.is("not null").is_some() {
            "SET NOT NULL"
        } else {
            "DROP NOT NULL"
        }));
    }
    steps
}

/// Attributes by name; PostgreSQL puts new ones at the end.
fn alter_composite(between: &Between<'_>, id: &ObjectId) -> Steps {
    let changed = between.changed(id);
    let (was, is) = (
        attributes(changed.was("attributes")),
        attributes(changed.is("attributes")),
    );
    let mut actions = Vec::new();
    let kept = was.iter().zip(&is).take_while(|((a, _), (b, _))| a == b).count();
    for (name, _) in &was[kept..] {
        actions.push(Sql::render(
            "DROP ATTRIBUTE {name}",
            &[("name", &Printed::new(*name))],
        ));
    }
    for ((name, old), (_, new)) in was.iter().zip(&is).take(kept) {
        if old != new {
            let values: [(&str, &dyn Fragment); 2] =
                [("name", &Printed::new(*name)), ("type", &Printed::new(*new))];
            actions.push(Sql::render("ALTER ATTRIBUTE {name} TYPE {type}", &values));
        }
    }
    for (name, new) in &is[kept..] {
        let values: [(&str, &dyn Fragment); 2] =
            [("name", &Printed::new(*name)), ("type", &Printed::new(*new))];
        actions.push(Sql::render("ADD ATTRIBUTE {name} {type}", &values));
    }
    if actions.is_empty() {
        return Steps::default();
    }
    let values: [(&str, &dyn Fragment); 2] =
        [("name", &qualified(id)), ("actions", &Sql::join(", ", actions))];
    let step = Step::new(id, Sql::render("ALTER TYPE {name} {actions}", &values));
    Steps::one(if kept < was.len() {
        step.losing("the values of the attributes that go")
    } else {
        step
    })
}

/// `a integer, "b c" numeric(1,2)`, taken apart.
fn attributes(list: Option<&str>) -> Vec<(&str, &str)> {
    let list = list.unwrap_or_default();
    let (mut depth, mut quoted, mut start) = (0_usize, false, 0_usize);
    let mut parts = Vec::new();
    for (at, c) in list.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    let name_and_type = |part: &'_ str| -> Option<(usize, usize)> {
        let name_end = match part.strip_prefix('"') {
            Some(rest) => rest.find("\" ")? + 2,
            None => part.find(' ')?,
        };
        Some((name_end, name_end + 1))
    };
    let parts = parts.into_iter().map(str::trim);
    parts
        .filter_map(|part| name_and_type(part).map(|(end, next)| (&part[..end], &part[next..])))
        .collect()
}

fn make_anew(between: &Between<'_>, id: &ObjectId) -> Steps {
    let mut steps = Steps::default();
    let old_name = Ident::new([id.name.as_str(), OLD].concat());
    let old = ObjectId {
        name: old_name.clone(),
        ..id.clone()
    };
    let noun = Sql::text(if id.kind == Kind::Domain { "DOMAIN" } else { "TYPE" });
    let values: [(&str, &dyn Fragment); 3] = [
        ("noun", &noun),
        ("name", &qualified(id)),
        ("old", &plain(&old_name)),
    ];
    steps.push(Step::new(
        id,
        Sql::render("ALTER {noun} {name} RENAME TO {old}", &values),
    ));
    steps.push(Step::new(id, definition(id, between.to.facts(id))));
    let of_tables = between.from.dependents(id).filter(|column| {
        column.kind == Kind::Column
            && between.to.needs_of(column).any(|need| need == id)
            && !between.replaced.contains(column)
            && between
                .from
                .whole(column)
                .is_some_and(|table| !between.is_fresh(&table))
    });
    for column in of_tables {
        steps.now.extend(convert(between, id, column));
    }
    let values: [(&str, &dyn Fragment); 2] = [("noun", &noun), ("name", &qualified(&old))];
    steps.push(Step::new(id, Sql::render("DROP {noun} {name}", &values)));
    steps
}

/// A column from the old type to the new one. A default is in the way of both.
fn convert(between: &Between<'_>, id: &ObjectId, column: &ObjectId) -> Vec<Step> {
    let changed = between.changed(column);
    let (table, name) = (whole(column), plain(&column.name));
    let rewrite = |sql| Step::new(id, sql).lock(Lock::AccessExclusive);
    let mut steps = Vec::new();
    if changed.was("default").is_some() {
        let values: [(&str, &dyn Fragment); 2] = [("table", &table), ("column", &name)];
        steps.push(rewrite(Sql::render(
            "ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT",
            &values,
        )));
    }
    let new = Printed::new(changed.is("type").unwrap_or_default());
    let values: [(&str, &dyn Fragment); 3] = [("table", &table), ("column", &name), ("type", &new)];
    let template = "ALTER TABLE {table} ALTER COLUMN {column} TYPE {type} USING {column}::text::{type}";
    steps.push(rewrite(Sql::render(template, &values)).rewriting());
    if let Some(default) = changed.is("default") {
        let default = Printed::new(default);
        let values: [(&str, &dyn Fragment); 3] =
            [("table", &table), ("column", &name), ("default", &default)];
        steps.push(rewrite(Sql::render(
            "ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default}",
            &values,
        )));
    }
    steps
}

/// A label that other statements of the plan use has to be committed before.
pub(in super::super) fn commit_before(step: &mut Step) {
    step.placement = Placement::Alone;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_attributes_are_taken_apart_as_the_server_quotes_them() {
        assert_eq!(labels("'a', 'it''s, ok', E'b\\\\c'"), ["a", "it's, ok", "b\\c"]);
        assert_eq!(
            attributes(Some("a integer, \"b, c\" numeric(1,2), d text COLLATE \"C\"")),
            [
                ("a", "integer"),
                ("\"b, c\"", "numeric(1,2)"),
                ("d", "text COLLATE \"C\"")
            ]
        );
    }
}
