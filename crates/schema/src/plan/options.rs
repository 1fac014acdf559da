//! Lists of options as the catalog prints them: `host 'here', port '5432', password`. One without a value is a secret that was not read.

use crate::sql::Fragment;
use crate::{Printed, Sql};

/// What stands in a statement for a secret.
const PLACEHOLDER: &str = "'***'";
/// What is said above it.
pub(super) const SECRET: &str = "holds a secret that is not read: write it in place of ***";

/// An option: its name and its value, both as the server quotes them.
type Pair<'a> = (&'a str, Option<&'a str>);

/// The list taken apart.
pub(super) fn parsed(list: Option<&str>) -> Vec<Pair<'_>> {
    let mut rest = list.unwrap_or_default();
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let end = end_of(rest);
        let (pair, more) = rest.split_at(end);
        rest = more.trim_start_matches(", ");
        let (name, value) = pair.split_at(name_end(pair));
        let value = value.trim();
        pairs.push((name, (!value.is_empty()).then_some(value)));
    }
    pairs
}

/// Where the name at the beginning ends: at a blank outside of quotes.
fn name_end(pair: &str) -> usize {
    let mut quoted = false;
    for (at, c) in pair.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => return at,
            _ => {}
        }
    }
    pair.len()
}

/// Where the first option ends: at a comma outside of quotes.
fn end_of(list: &str) -> usize {
    let mut quote: Option<char> = None;
    for (at, c) in list.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == ',' => return at,
            None => {}
        }
    }
    list.len()
}

/// Whether any value was not read.
pub(super) fn hides(list: Option<&str>) -> bool {
    parsed(list).iter().any(|(_, value)| value.is_none())
}

fn shown(head: &'static str, (name, value): Pair<'_>) -> Sql {
    let values: [(&str, &dyn Fragment); 3] = [
        ("head", &Sql::text(head)),
        ("name", &Printed::new(name)),
        ("value", &Printed::new(value.unwrap_or(PLACEHOLDER))),
    ];
    Sql::render("{head}{name} {value}", &values)
}

/// ` OPTIONS (…)` for something new, or nothing.
pub(super) fn clause(list: Option<&str>) -> Sql {
    let pairs = parsed(list);
    if pairs.is_empty() {
        return Sql::default();
    }
    let all = Sql::join(", ", pairs.into_iter().map(|pair| shown("", pair)));
    Sql::render(" OPTIONS ({all})", &[("all", &all)])
}

/// `OPTIONS (ADD …, SET …, DROP …)`, or nothing where the two are alike.
pub(super) fn change(was: Option<&str>, is: Option<&str>) -> Option<Sql> {
    let (was, is) = (parsed(was), parsed(is));
    let gone = was
        .iter()
        .filter(|(name, _)| !is.iter().any(|(other, _)| other == name));
    let mut actions: Vec<Sql> = gone
        .map(|(name, _)| Sql::render("DROP {name}", &[("name", &Printed::new(*name))]))
        .collect();
    for pair in is.into_iter().filter(|pair| !was.contains(pair)) {
        let known = was.iter().any(|(name, _)| *name == pair.0);
        actions.push(shown(if known { "SET " } else { "ADD " }, pair));
    }
    let all = Sql::join(", ", actions);
    (!all.is_empty()).then(|| Sql::render("OPTIONS ({all})", &[("all", &all)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_apart_whatever_is_in_them() {
        let list = "a 'it''s, ok', \"B b\" E'x\\\\', password";
        assert_eq!(
            parsed(Some(list)),
            [
                ("a", Some("'it''s, ok'")),
                ("\"B b\"", Some("E'x\\\\'")),
                ("password", None)
            ]
        );
        assert!(hides(Some(list)) && !hides(Some("a '1'")));
    }

    #[test]
    fn only_what_differs_is_added_set_and_dropped() {
        let change = change(Some("a '1', b '2', password"), Some("b '3', c '4', password"));
        assert_eq!(change.unwrap().as_str(), "OPTIONS (DROP a, SET b '3', ADD c '4')");
        assert!(super::change(Some("a '1'"), Some("a '1'")).is_none());
    }
}
