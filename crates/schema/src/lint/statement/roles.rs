//! The roles that files name and do not make, so that a server of our own can have them.

use std::collections::BTreeSet;

use super::cursor::{Cursor, significant};
use crate::migration::MigrationSet;

/// Roles that stand for others.
const SPECIAL: [&str; 4] = ["public", "current_user", "current_role", "session_user"];

/// All of them, once each.
pub fn roles_named_in(files: &MigrationSet) -> Vec<String> {
    let mut named = BTreeSet::new();
    let mut texts = Vec::new();
    for script in files
        .iter()
        .flat_map(|file| [Some(&file.up), file.down.as_ref()])
        .flatten()
    {
        texts.push(script.text().to_ascii_lowercase());
        for statement in script.statements() {
            let text = statement.text(script.text());
            let tokens = significant(text);
            named.extend(named_by(&Cursor::new(text, &tokens)));
        }
    }
    // Made by a statement or inside a DO block.
    let made = |role: &str| {
        texts.iter().any(|text| {
            ["create role", "create user", "create group"].iter().any(|verb| {
                text.match_indices(verb).any(|(at, _)| {
                    let rest = text[at + verb.len()..].trim_start().trim_start_matches('"');
                    rest.strip_prefix(&role.to_ascii_lowercase())
                        .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
                })
            })
        })
    };
    named
        .into_iter()
        .filter(|role| !SPECIAL.contains(&role.as_str()) && !role.starts_with("pg_") && !made(role))
        .collect()
}

fn named_by(cursor: &Cursor<'_>) -> Vec<String> {
    let mut roles = Vec::new();
    let mut rest = cursor.clone();
    let lists = if cursor.sees("grant") || cursor.sees("revoke") || cursor.sees("alter default privileges") {
        ["to", "from"].as_slice()
    } else if cursor.sees("create policy") || cursor.sees("alter policy") {
        ["to"].as_slice()
    } else {
        [].as_slice()
    };
    while !rest.is_empty() {
        let one = rest
            .eat_any(&["owner to", "set role", "authorization", "for role", "for user"])
            .is_some();
        if one || rest.eat_any(lists).is_some() {
            rest.eat("group");
            roles.extend(rest.names().into_iter().map(|name| name.name));
        } else {
            rest.skip();
        }
    }
    // GRANT of a role: what is granted is one too.
    let mut granted = cursor.clone();
    if (granted.eat("grant") || granted.eat("revoke")) && !granted.has("on") {
        roles.extend(granted.names().into_iter().map(|name| name.name));
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_wherever_a_statement_names_one() {
        let text = "CREATE ROLE made; GRANT SELECT ON t TO web, \"Ops\"; REVOKE ALL ON t FROM old;\n\
                    ALTER TABLE t OWNER TO boss; CREATE POLICY p ON t TO reader USING (true);\n\
                    ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT SELECT ON TABLES TO made, PUBLIC;\n\
                    GRANT team TO member; CREATE SCHEMA AUTHORIZATION lord; SELECT a FROM not_a_role;";
        let files = MigrationSet::from_files([("1.sql".to_owned(), text.as_bytes().to_vec())]).unwrap();
        assert_eq!(
            roles_named_in(&files),
            [
                "Ops", "boss", "lord", "maker", "member", "old", "reader", "team", "web"
            ]
        );
    }
}
