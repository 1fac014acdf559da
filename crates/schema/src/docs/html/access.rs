//! Who may do what.

use std::collections::BTreeSet;

use super::frame::{escaped, grid, inline};
use crate::docs::Schema;
use crate::model::Kind;

pub(super) fn page(schema: &Schema<'_>) -> String {
    let access = &schema.description.access;
    let roles: BTreeSet<&str> = access.iter().map(|a| a.role.as_str()).collect();
    let objects: BTreeSet<_> = access.iter().map(|a| &a.object).collect();
    let mut body = "<p>What each role may do in effect, also as a member of others and by what everybody may: <b>r</b>ead, <b>a</b>dd, change (<b>w</b>), \
                    <b>d</b>elete, truncate (<b>D</b>), point to it (<b>x</b>), make triggers (<b>t</b>). Superusers may do everything and are left out.</p>\n"
        .to_owned();
    let mut heads = vec!["table or view"];
    heads.extend(&roles);
    let rows: Vec<Vec<String>> = objects
        .iter()
        .map(|object| {
            let cell = |role: &&str| {
                let found = access.iter().find(|a| a.role == *role && a.object == **object);
                found.map_or_else(|| "–".to_owned(), |a| inline(&a.privileges))
            };
            std::iter::once(escaped(&object.to_string()))
                .chain(roles.iter().map(cell))
                .collect()
        })
        .collect();
    if rows.is_empty() {
        body.push_str("<p>Nobody but superusers may do anything.</p>\n");
    } else {
        body.push_str(&grid("What each role may do", &heads, &rows));
    }
    let policies: Vec<Vec<String>> = schema
        .all(Kind::Policy)
        .iter()
        .map(|(id, facts)| {
            let fact = |name: &str| facts.get(name).map_or("", String::as_str);
            vec![
                inline(&id.to_string()),
                escaped(fact("command")),
                escaped(fact("roles")),
                inline(fact("using")),
                inline(fact("check")),
            ]
        })
        .collect();
    if !policies.is_empty() {
        body.push_str("<h2>Which rows: policies</h2>\n");
        body.push_str(&grid(
            "Policies",
            &[
                "policy",
                "command",
                "roles",
                "rows that are seen",
                "rows that may be written",
            ],
            &policies,
        ));
    }
    super::frame::page(schema, "Who may do what", "", "access.html", &body)
}
