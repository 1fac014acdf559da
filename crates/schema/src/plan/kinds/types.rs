//! Enums, domains, composite types and ranges.
//!
//! A type that columns use is not dropped: where it cannot be changed in place it is renamed, made anew, the columns are converted by way of
//! their text, and the old one goes.

use super::super::between::Between;
use super::super::name::{marked, noun, plain, qualified, whole};
use super::super::options;
use super::super::step::{Lock, Placement, Step, Steps};
use super::{constraint, rare};
use crate::model::{Facts, Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Literal, Printed, Sql};

/// What the name of an old type ends in while the new one has its place.
const OLD: &str = "__old";

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    let mut sql = definition(id, between.to.facts(id));
    for constraint in between.to.parts(id, Kind::Constraint) {
        if id.kind == Kind::Domain && holds(between, constraint) {
            sql.push(&Sql::text(" "))
                .push(&constraint::clause(between, constraint));
        }
    }
    let mut steps = Steps::one(Step::new(id, sql));
    let comments = between.to.fact(id, "attribute comments");
    steps.now.extend(attribute_comments(id, None, comments));
    steps
}

/// Comments on the attributes of a composite type.
fn attribute_comments(id: &ObjectId, was: Option<&str>, is: Option<&str>) -> Vec<Step> {
    let (was, is) = (options::parsed(was), options::parsed(is));
    let gone = was
        .iter()
        .filter(|(name, _)| !is.iter().any(|(other, _)| other == name));
    let gone = gone.map(|(name, _)| (*name, None));
    let new = is.iter().filter(|pair| !was.contains(pair)).copied();
    let step = |(name, text): (&str, Option<&str>)| {
        let values: [(&str, &dyn Fragment); 3] = [
            ("type", &qualified(id)),
            ("attribute", &Printed::new(name)),
            ("text", &Printed::new(text.unwrap_or("NULL"))),
        ];
        Step::new(
            id,
            Sql::render("COMMENT ON COLUMN {type}.{attribute} IS {text}", &values),
        )
    };
    gone.chain(new).map(step).collect()
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

/// Whether CREATE DOMAIN holds the constraint: the domain is made by this plan, and the constraint needs nothing more than the domain does.
pub(super) fn holds(between: &Between<'_>, constraint: &ObjectId) -> bool {
    let Some(domain) = between.to.whole(constraint) else {
        return false;
    };
    let definition = between.to.fact(constraint, "definition").unwrap_or_default();
    let is_new = between.is_fresh(&domain) || is_made_anew(between, &domain);
    let is_known = |need: &ObjectId| *need == domain || is_below(between, need, &domain);
    is_new && !definition.ends_with("NOT VALID") && between.to.needs_of(constraint).all(is_known)
}

/// Whether the type is made of the other one, be it by way of more types.
fn is_below(between: &Between<'_>, need: &ObjectId, id: &ObjectId) -> bool {
    let mut needs = between.to.needs_of(id);
    needs.any(|other| other == need || is_type(other) && is_below(between, need, other))
}

fn range(id: &ObjectId, facts: &Facts) -> Sql {
    let parts = [
        ("SUBTYPE", "subtype"),
        ("SUBTYPE_OPCLASS", "subtype operator class"),
        ("COLLATION", "collation"),
        ("CANONICAL", "canonical"),
        ("MULTIRANGE_TYPE_NAME", "multirange"),
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

/// Whether the object is one that columns are made of, so that it is made anew beside the old one and not dropped: a type, a collation.
pub(in super::super) fn is_remade(id: &ObjectId) -> bool {
    is_type(id) || id.kind == Kind::Collation
}

/// Whether the type has to be made anew, with everything that is computed from columns of it.
pub(in super::super) fn is_made_anew(between: &Between<'_>, id: &ObjectId) -> bool {
    let changed = between.changed(id);
    let own = match id.kind {
        Kind::Enum => changed.in_fact("labels") && added_labels(between, id).is_none(),
        Kind::Domain => changed.in_fact("type") || changed.in_fact("collation"),
        Kind::CompositeType => retypes(between, id) && is_used(between, id),
        Kind::RangeType | Kind::Collation => !changed.only_in(&[]),
        _ => return false,
    };
    let stays = between.from.has(id) && between.to.has(id);
    stays && (own || stands_on_new(between, id))
}

/// Whether a type that this one is made of has to be made anew, so that this one has to follow.
fn stands_on_new(between: &Between<'_>, id: &ObjectId) -> bool {
    let stays = |need: &ObjectId| between.to.needs_of(id).any(|other| other == need);
    let mut needs = between
        .from
        .needs_of(id)
        .filter(|need| is_remade(need) && stays(need));
    needs.any(|need| is_made_anew(between, need))
}

/// Whether an attribute that stays gets another type.
fn retypes(between: &Between<'_>, id: &ObjectId) -> bool {
    let changed = between.changed(id);
    let (was, is) = (
        attributes(changed.was("attributes")),
        attributes(changed.is("attributes")),
    );
    let kept = was.iter().zip(&is).take_while(|((a, _), (b, _))| a == b);
    kept.into_iter().any(|((_, old), (_, new))| old != new)
}

/// Whether columns or other types are made of the type. Of a table that is made after it, the type can change.
fn is_used(between: &Between<'_>, id: &ObjectId) -> bool {
    let is_made_of_it = |other: &ObjectId| other.kind == Kind::Column || is_type(other);
    between.from.dependents(id).any(is_made_of_it) && !is_of_tables(between, id)
}

/// Whether tables have the type's attributes for their columns.
fn is_of_tables(between: &Between<'_>, id: &ObjectId) -> bool {
    let typed = |other: &ObjectId| between.from.fact(other, "of type").is_some();
    between.from.dependents(id).any(typed)
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
    let cascade = Sql::text(if is_of_tables(between, id) { " CASCADE" } else { "" });
    let comments = attribute_comments(
        id,
        changed.was("attribute comments"),
        changed.is("attribute comments"),
    );
    let mut actions: Vec<Sql> = Vec::new();
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
        return Steps {
            now: comments,
            late: Vec::new(),
        };
    }
    for action in &mut actions {
        action.push(&cascade);
    }
    let values: [(&str, &dyn Fragment); 2] =
        [("name", &qualified(id)), ("actions", &Sql::join(", ", actions))];
    let step = Step::new(id, Sql::render("ALTER TYPE {name} {actions}", &values));
    let mut steps = Steps::one(if kept < was.len() {
        step.losing("the values of the attributes that go")
    } else {
        step
    });
    steps.now.extend(comments);
    steps
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
    let mut steps = Steps::one(rename_aside(id, &qualified(id), &id.name));
    if let Some(multirange) = between.from.fact(id, "multirange") {
        let name = multirange.rsplit_once('.').map_or(multirange, |(_, name)| name);
        let name = Ident::new(name.trim_matches('"'));
        steps.push(rename_aside(id, &Sql::of(&Printed::new(multirange)), &name));
    }
    if id.kind == Kind::RangeType {
        steps.now.extend(constructors_aside(between, id));
    }
    steps.extend(if id.kind == Kind::Collation {
        rare::create(between, id)
    } else {
        create(between, id)
    });
    let of_tables = between.from.dependents(id).filter(|column| {
        column.kind == Kind::Column
            && between.to.needs_of(column).any(|need| need == id)
            && !between.replaced.contains(column)
            && between.from.inherited(column).is_none()
            && between
                .from
                .whole(column)
                .is_some_and(|table| !between.is_fresh(&table))
    });
    for column in of_tables {
        steps.now.extend(convert(between, id, column));
    }
    steps
}

fn rename_aside(id: &ObjectId, address: &Sql, name: &Ident) -> Step {
    let values: [(&str, &dyn Fragment); 3] = [
        ("noun", &Sql::text(noun(id.kind))),
        ("address", address),
        ("old", &plain(&marked(name, OLD))),
    ];
    Step::new(id, Sql::render("ALTER {noun} {address} RENAME TO {old}", &values))
}

/// The functions that the server made with a range, whose names and arguments the new ones will have.
fn constructors_aside(between: &Between<'_>, id: &ObjectId) -> Vec<Step> {
    let subtype = between.from.fact(id, "subtype").unwrap_or_default();
    let mut needs = between
        .from
        .needs_of(id)
        .filter(|need| is_made_anew(between, need));
    let aside = needs.find(|need| qualified(need).as_str() == subtype);
    let subtype = aside.map_or_else(
        || subtype.to_owned(),
        |need| qualified(&old(need)).as_str().to_owned(),
    );
    let two = [subtype.as_str(), ", ", &subtype].concat();
    let three = [two.as_str(), ", text"].concat();
    let multirange = between.from.fact(id, "multirange");
    let own = qualified(id);
    let mut found = vec![(own.clone(), two, id.name.clone()), (own, three, id.name.clone())];
    if let Some(multirange) = multirange {
        let name = multirange.rsplit_once('.').map_or(multirange, |(_, name)| name);
        found.push((
            Sql::of(&Printed::new(multirange)),
            String::new(),
            Ident::new(name.trim_matches('"')),
        ));
    }
    let step = |(address, arguments, name): (Sql, String, Ident)| {
        let values: [(&str, &dyn Fragment); 3] = [
            ("address", &address),
            ("arguments", &Printed::new(arguments)),
            ("old", &plain(&marked(&name, OLD))),
        ];
        Step::new(
            id,
            Sql::render("ALTER FUNCTION {address}({arguments}) RENAME TO {old}", &values),
        )
    };
    found.into_iter().map(step).collect()
}

/// The type under its old name's mark.
fn old(id: &ObjectId) -> ObjectId {
    ObjectId {
        name: marked(&id.name, OLD),
        ..id.clone()
    }
}

/// The old type goes when nothing is made of it any more.
pub(super) fn leave(between: &Between<'_>, id: &ObjectId) -> Steps {
    if !is_made_anew(between, id) {
        return Steps::default();
    }
    let values: [(&str, &dyn Fragment); 2] = [
        ("noun", &Sql::text(noun(id.kind))),
        ("name", &qualified(&old(id))),
    ];
    Steps::one(Step::new(id, Sql::render("DROP {noun} {name}", &values)))
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
    let collation = Printed::new(changed.is("collation").unwrap_or_default());
    let values: [(&str, &dyn Fragment); 4] = [
        ("table", &table),
        ("column", &name),
        ("type", &new),
        ("collation", &collation),
    ];
    let template = if id.kind == Kind::Collation {
        "ALTER TABLE {table} ALTER COLUMN {column} TYPE {type} COLLATE {collation}"
    } else {
        "ALTER TABLE {table} ALTER COLUMN {column} TYPE {type} USING {column}::text::{type}"
    };
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
