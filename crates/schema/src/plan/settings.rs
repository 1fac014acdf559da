//! Lists of settings as the catalog prints them: `fillfactor=90, autovacuum_enabled=off`.

use std::collections::BTreeMap;

use crate::sql::Fragment;
use crate::{Literal, Printed, Sql};

/// The list taken apart.
fn parsed(list: Option<&str>) -> BTreeMap<&str, &str> {
    let list = list.unwrap_or_default();
    let pairs = list.split(", ").filter_map(|pair| pair.split_once('='));
    pairs.collect()
}

fn assignments<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>, prefix: &'static str) -> Sql {
    let one = |(name, value): (&str, &str)| {
        let bare = value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_')
            && !value.is_empty();
        let (name, literal, word) = (Printed::new(name), Literal::new(value), Printed::new(value));
        let value: &dyn Fragment = if bare { &word } else { &literal };
        Sql::render(
            "{prefix}{name}={value}",
            &[("prefix", &Sql::text(prefix)), ("name", &name), ("value", value)],
        )
    };
    Sql::join(", ", settings.into_iter().map(one))
}

/// ` WITH (…)`, or nothing.
pub(super) fn with(list: Option<&str>, toast: Option<&str>) -> Sql {
    let own = assignments(parsed(list), "");
    let toast = assignments(parsed(toast), "toast.");
    let all = Sql::join(", ", [own, toast].iter().filter(|part| !part.is_empty()).cloned());
    if all.is_empty() {
        return Sql::default();
    }
    Sql::render(" WITH ({all})", &[("all", &all)])
}

/// The actions that lead from one list to the other: `SET (…)` and `RESET (…)`.
pub(super) fn actions(was: Option<&str>, is: Option<&str>, prefix: &'static str) -> Vec<Sql> {
    let (was, is) = (parsed(was), parsed(is));
    let set = assignments(
        is.iter()
            .filter(|(name, value)| was.get(*name) != Some(*value))
            .map(|(name, value)| (*name, *value)),
        prefix,
    );
    let gone = was.keys().filter(|name| !is.contains_key(*name));
    let gone = gone.map(|name| {
        Sql::render(
            "{prefix}{name}",
            &[("prefix", &Sql::text(prefix)), ("name", &Printed::new(*name))],
        )
    });
    let gone = Sql::join(", ", gone);
    let mut actions = Vec::new();
    if !set.is_empty() {
        actions.push(Sql::render("SET ({set})", &[("set", &set)]));
    }
    if !gone.is_empty() {
        actions.push(Sql::render("RESET ({gone})", &[("gone", &gone)]));
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_list_is_reset_and_the_rest_is_set() {
        let actions = actions(Some("a=1, b=2"), Some("a=3, c=x y"), "");
        let shown: Vec<&str> = actions.iter().map(Sql::as_str).collect();
        assert_eq!(shown, ["SET (a=3, c='x y')", "RESET (b)"]);
    }
}
